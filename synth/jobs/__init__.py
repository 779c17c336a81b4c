"""Running work: progress, cancel, private work folders."""
