"""Where a camera is, how it moves, and how well a file obeyed it."""
