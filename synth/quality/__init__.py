"""Judging a finished clip: five metrics, what they saw and where, and a gate that one can trust."""
