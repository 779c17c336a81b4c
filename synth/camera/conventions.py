"""The one place where axes, units and pixel centres are written down.

World: right-handed, +X right, +Y up, the camera looks along -Z. The photo's subject plane passes
through the origin; the home camera, which took the photo, stands at ``(0, 0, 10)``.

Rotation: ``(pitch, yaw, roll)`` in degrees at public doors. Positive pitch tilts up, positive yaw
turns left, positive roll turns the camera counter-clockwise seen from behind it.
``R = R_y(yaw) @ R_x(pitch) @ R_z(roll)``, camera-to-world. Inside: quaternions ``(w, x, y, z)``.

Pixels: centres at +0.5, x to the right, y down. Depth is distance along the camera's axis.
"""

from __future__ import annotations

from typing import Final

HOME_DISTANCE: Final = 10.0
"""Distance from the home camera to the subject plane, scene units."""

SENSOR_WIDTH_MM: Final = 36.0
"""Sensor size across the longer side of the frame, millimetres (Blender's automatic fit)."""

DEFAULT_FOCAL_LENGTH: Final = 50.0
"""Focal length that a photo is taken to have, millimetres."""


def focal_pixels(focal_length: float, width: int, height: int) -> float:
    """Focal length in pixels for a frame of ``width`` x ``height`` pixels.

    Args:
        focal_length: millimetres on a 36 mm sensor across the longer side.
        width: frame width, pixels.
        height: frame height, pixels.
    """
    return focal_length / SENSOR_WIDTH_MM * max(width, height)
