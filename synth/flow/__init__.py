"""Optical flow, and what it is for here: the frames between the frames."""
