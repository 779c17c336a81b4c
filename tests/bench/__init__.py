"""Measurements. ``make bench`` prints the table that the README quotes."""
