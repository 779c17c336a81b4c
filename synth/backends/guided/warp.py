"""Where the pixels of one camera's picture lie in another's: the motion that geometry knows."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import focal_pixels
from synth.camera.pose import CameraPose

Floats = NDArray[np.float32]


def reprojected(nearness: Floats, before: CameraPose, after: CameraPose) -> tuple[Floats, Floats]:
    """What each pixel of one camera's picture becomes in another's.

    A pixel at (x, y) with inverse depth n stands at d / n along its ray d. Multiplied by n that is
    finite even where the scene is endless, so the sky needs no case of its own.

    Args:
        nearness: inverse depth in the first camera, 1 / scene units, 0 or above, (H, W).
        before, after: the two cameras.

    Returns:
        Places in the second picture, (H, W, 2) pixels, x before y, centres at +0.5, NaN behind the
        camera; and the inverse depth there, (H, W).
    """
    height, width = nearness.shape
    one, other = (focal_pixels(pose.focal_length, width, height) for pose in (before, after))
    x = (np.arange(width, dtype=np.float32) + np.float32(0.5 - width / 2.0)) / np.float32(one)
    y = (np.arange(height, dtype=np.float32) + np.float32(0.5 - height / 2.0)) / np.float32(one)
    back = after.world_from_camera.T
    turn = (back @ before.world_from_camera).astype(np.float32)
    shift = (back @ (np.array(before.position) - np.array(after.position))).astype(np.float32)
    across, down, depth = (
        turn[axis, 0] * x[None, :]
        - turn[axis, 1] * y[:, None]
        - turn[axis, 2]
        + shift[axis] * nearness
        for axis in range(3)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(depth < -1e-6, -1.0 / depth, np.nan).astype(np.float32)
    places = np.empty((height, width, 2), np.float32)
    places[..., 0] = width / 2.0 + other * across * scale
    places[..., 1] = height / 2.0 - other * down * scale
    return places, (nearness * scale).astype(np.float32)


def carried(
    picture: NDArray[np.uint8], nearness: Floats, before: CameraPose, now: CameraPose
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """One camera's picture as another sees it, read along the geometry of the second.

    Args:
        picture: of the first camera, (H, W, 3) or (H, W).
        nearness: inverse depth in the second camera, (H, W).
        before, now: the two cameras.

    Returns:
        The picture, its border drawn out, and where it could be read at all.
    """
    places, _ = reprojected(nearness, now, before)
    x, y = places[..., 0] - np.float32(0.5), places[..., 1] - np.float32(0.5)
    ahead = np.isfinite(x)
    read = cv2.remap(
        picture, np.where(ahead, x, -1.0).astype(np.float32),
        np.where(ahead, y, -1.0).astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(read, np.uint8), ahead


def pixel_places(width: int, height: int) -> Floats:
    """The pixels' own places, (H, W, 2), x before y, centres at +0.5."""
    places = np.empty((height, width, 2), np.float32)
    places[..., 0] = np.arange(width, dtype=np.float32) + 0.5
    places[..., 1] = (np.arange(height, dtype=np.float32) + 0.5)[:, None]
    return places
