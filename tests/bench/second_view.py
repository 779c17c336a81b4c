"""A real second view: from the left photo of a stereo pair to the place of the right camera.

The Middlebury motorcycle (Scharstein et al. 2014, https://doi.org/10.1007/978-3-319-11752-2_3),
as scikit-image carries it: both photos and the true disparity of the left one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from synth.camera.conventions import focal_pixels
from synth.camera.pose import CameraPose
from synth.render.renderer import Renderer
from synth.scene.build import build_scene
from synth.scene.depth_embedded import estimate_depth_embedded
from synth.scene.depth_refine import refine_disparity
from synth.scene.unknown import close_gaps

BASELINE = 1.0
"""Distance between the two cameras in scene units; depth is expressed to match."""

MARGIN = 64
"""Pixels invented around the photo, since the right camera sees past its border."""


@dataclass(frozen=True)
class ViewScore:
    """How close a picture comes to the real right photo."""

    name: str
    """What made the picture."""
    psnr: float
    """Decibel, over the whole frame."""
    ssim: float
    """Structural similarity on colours, over the whole frame."""


def stereo_pair() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
    """Left photo, right photo, and the disparity of the left one in pixels, NaN where unknown."""
    left, right, disparity = data.stereo_motorcycle()
    known = np.isfinite(disparity) & (disparity > 0)
    return left, right, np.where(known, disparity, np.nan).astype(np.float32)


def score(name: str, picture: NDArray[np.uint8], right: NDArray[np.uint8]) -> ViewScore:
    """Compare a picture with the right photo."""
    return ViewScore(
        name,
        float(peak_signal_noise_ratio(right, picture, data_range=255)),
        float(structural_similarity(right, picture, channel_axis=2, data_range=255)),
    )


def right_view(
    left: NDArray[np.uint8], pixels: NDArray[np.float32], quality: str = "quick"
) -> NDArray[np.uint8]:
    """What our renderer shows from the right camera.

    Args:
        left: the photo, (H, W, 3).
        pixels: its disparity in pixels, (H, W), finite.
        quality: of the fill.
    """
    height, width = pixels.shape
    inverse = pixels / (focal_pixels(50.0, width, height) * BASELINE)
    scene = build_scene(left, inverse.astype(np.float32), margin=MARGIN, quality=quality)
    return Renderer(scene, width, height).frame(CameraPose(position=(BASELINE, 0.0, 10.0)))


def mesh_with_telea(left: NDArray[np.uint8], pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The usual recipe: warp every pixel of the left photo, inpaint what stays empty (Telea)."""
    height, width = pixels.shape
    right_x = np.arange(width)[None, :] - pixels
    nearest = np.full((height, width), -1.0, np.float32)
    places = np.zeros((height, width), np.float32)
    for offset in np.arange(0.0, 1.0, 0.25):
        # Four samples a pixel along the row stand for the mesh between neighbouring pixels.
        following = np.minimum(np.arange(width) + 1, width - 1)
        shown = pixels + (pixels[:, following] - pixels) * offset
        joined = np.abs(pixels[:, following] - pixels) < 1.0
        target = np.rint(right_x + offset - (shown - pixels)).astype(int)
        for row in range(height):
            for column in np.flatnonzero(joined[row] & (target[row] >= 0) & (target[row] < width)):
                place = target[row, column]
                if shown[row, column] > nearest[row, place]:
                    nearest[row, place] = shown[row, column]
                    places[row, place] = place + shown[row, column]
    rows = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    warped = cv2.remap(left, places, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    empty = (nearest < 0).astype(np.uint8)
    return np.asarray(cv2.inpaint(warped, empty, 5, cv2.INPAINT_TELEA), np.uint8)


def aligned(estimate: NDArray[np.float32], true: NDArray[np.float32]) -> NDArray[np.float32]:
    """An estimate of unknown scale and offset brought onto the true disparity, least squares."""
    known = np.isfinite(true)
    basis = np.column_stack([estimate[known], np.ones(int(known.sum()))])
    scale, offset = np.linalg.lstsq(basis, true[known], rcond=None)[0]
    return np.maximum(estimate * scale + offset, 0.0).astype(np.float32)


def measure() -> list[ViewScore]:
    """All rows of the benchmark."""
    left, right, true = stereo_pair()
    closed = close_gaps(true)
    embedded = refine_disparity(estimate_depth_embedded(left).disparity, left)
    flat = np.full_like(closed, float(np.nanmedian(true)))
    return [
        score("unmoved photo", left, right),
        score("pixel warp + Telea inpainting, true depth", mesh_with_telea(left, closed), right),
        score("ours, true depth, quick fill", right_view(left, closed), right),
        score("ours, true depth, best fill", right_view(left, closed, "best"), right),
        score("ours, embedded estimator", right_view(left, aligned(embedded, true)), right),
        score("ours, flat at the median depth", right_view(left, flat), right),
    ]
