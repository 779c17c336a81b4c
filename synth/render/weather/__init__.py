"""Weather: particles, fog and light in the scene's own space, drawn over finished frames."""

from synth.render.weather.effects import wind_lean
from synth.render.weather.weather import Weather

__all__ = ["Weather", "wind_lean"]
