"""Weather on the screen: what the desk may offer, and a small picture of it on the photo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from synth.camera.conventions import HOME_DISTANCE, focal_pixels
from synth.camera.pose import CameraPose
from synth.errors import InvalidInstruction
from synth.explain import explain_errors
from synth.motion.instructions import Environment, Particles, Wind
from synth.render.weather import Weather
from synth.scene.depth_map import DepthMap
from synth.scene.metric import metric_disparity
from synth.ui.field_bounds import bounds

_LABELS: Final[Mapping[Particles, str]] = {
    "none": "None",
    "rain": "Rain",
    "snow": "Snow",
    "dust": "Dust",
    "fog": "Fog",
    "embers": "Embers",
    "leaves": "Leaves",
    "bokeh": "Bokeh",
    "fireflies": "Fireflies",
    "light_rays": "Light rays",
}
_WINDS: Final[Mapping[Wind, tuple[str, str]]] = {
    "backward": ("Away from the camera", "top"),
    "left": ("To the left", "left"),
    "still": ("No wind", "middle"),
    "right": ("To the right", "right"),
    "forward": ("Toward the camera", "bottom"),
}


def weather_spec() -> dict[str, Any]:
    """What the desk needs to know about the weather; nothing in it comes from a user."""
    return {
        "effects": [{"id": one, "label": _LABELS[one]} for one in get_args(Particles)],
        "winds": [
            {"id": wind, "label": words, "place": place} for wind, (words, place) in _WINDS.items()
        ],
        "intensity": bounds(Environment, "weather_intensity"),
        "strengths": ["a hint", "light", "steady", "heavy", "extreme"],
    }


def read_environment(value: object) -> Environment:
    """Weather from plain values, checked.

    Raises ``InvalidInstruction`` with one sentence for each thing that is wrong.
    """
    if not isinstance(value, Mapping):
        raise InvalidInstruction(
            "The weather is an object with particle_effects, wind_direction and "
            f"weather_intensity, not {type(value).__name__}."
        )
    try:
        return Environment.model_validate(dict(value))
    except ValidationError as error:
        raise InvalidInstruction(explain_errors(error, Environment)) from None


LOOK_SIDE: Final = 480
"""Longest side of the picture of the weather, pixels."""

_MOMENT: Final = 1.3
"""Time of the clip that the picture shows, seconds: the first gust has come."""

_SHUTTER: Final = 1.0 / 48.0
"""Exposure of the picture, seconds: 180 degrees at 24 frames a second."""


def weather_picture(
    pixels: NDArray[np.uint8],
    depth: DepthMap,
    environment: Environment,
    *,
    focal_length: float,
    strength: float,
    seed: int,
) -> NDArray[np.uint8]:
    """The photo with that weather in it, as the home camera sees it.

    Args:
        pixels: the photo, (H, W, 3) sRGB.
        depth: of the whole photo, any resolution.
        environment: what is in the air.
        focal_length: lens of the photo, millimetres.
        strength: how deep the scene is, 0 to 2.
        seed: of the clip.

    Returns:
        Shape (h, w, 3), the longest side ``LOOK_SIDE``.
    """
    height, width = pixels.shape[:2]
    scale = LOOK_SIDE / max(height, width)
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    frame = np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    nearness = cv2.resize(metric_disparity(depth, strength), size, interpolation=cv2.INTER_LINEAR)
    focal = focal_pixels(focal_length, *size)
    air = Weather(
        environment,
        width=size[0],
        height=size[1],
        focal=focal,
        seconds=4.0,
        seed=seed,
        loop=False,
        photo=frame.copy(),
    )
    home = CameraPose((0.0, 0.0, HOME_DISTANCE), (0.0, 0.0, 0.0), focal_length)
    air.draw(frame, np.ascontiguousarray(nearness, np.float32), home, _MOMENT, _SHUTTER)
    return frame
