"""Styles learned from reference videos: looks for the geometric backend, LoRAs for models."""
