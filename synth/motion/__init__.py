"""Structured motion control: the models, the phrase parser, the moves."""
