"""How close rebuilt frames come to the ones that were left out, ours beside FFmpeg's."""
