"""Colour and repair: adjustments, LUTs, shot matching, deflicker, denoise, stabilise, scopes."""
