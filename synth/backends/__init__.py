"""Who draws a shot."""
