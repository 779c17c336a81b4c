"""Camera paths in the file formats of other programs, read and written."""
