"""Motion Synth: a photo and exact camera instructions become a finished clip."""
