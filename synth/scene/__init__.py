"""A photo becomes something that a camera can move in: depth, layers, fill."""
