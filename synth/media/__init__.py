"""The border: pictures and videos in and out; the only place that decodes uploads."""
