"""The CPU renderer: geometry, lens effects."""
