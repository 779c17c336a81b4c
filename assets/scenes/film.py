"""From the raw record of light to the picture and depth files that are kept."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray
from PIL import Image

from scenes.common import Negative, Scene

JPEG_LIMIT = 900_000
"""Largest picture file, bytes."""

SUBJECT_DISTANCE = 10.0
"""Distance from the camera to the subject plane, scene units."""


@njit(nogil=True, fastmath=True)
def _smooth_once(light, normal, near, out, stride: int, tolerance: float, firm: float) -> None:
    """One pass of the edge-stopping wavelet: a 5x5 spline kernel with holes of ``stride``."""
    height, width = near.shape
    slack = (0.01 + 0.004 * stride) / (firm * firm)
    kernel = (0.0625, 0.25, 0.375, 0.25, 0.0625)
    for y in range(height):
        for x in range(width):
            total = 0.0
            r = g = b = 0.0
            bright = light[y, x, 0] + light[y, x, 1] + light[y, x, 2]
            for j in range(5):
                v = min(max(y + (j - 2) * stride, 0), height - 1)
                for i in range(5):
                    u = min(max(x + (i - 2) * stride, 0), width - 1)
                    alike = (
                        normal[y, x, 0] * normal[v, u, 0]
                        + normal[y, x, 1] * normal[v, u, 1]
                        + normal[y, x, 2] * normal[v, u, 2]
                    )
                    if alike <= 0.0:
                        alike = 1e-6
                    step = abs(near[v, u] - near[y, x]) / near[y, x] / slack
                    other = light[v, u, 0] + light[v, u, 1] + light[v, u, 2]
                    change = abs(other - bright) / (0.5 * (other + bright) + 1e-4) / tolerance
                    weight = (
                        kernel[i]
                        * kernel[j]
                        * alike ** (24.0 * firm)
                        * math.exp(-step - change * change)
                    )
                    total += weight
                    r += weight * light[v, u, 0]
                    g += weight * light[v, u, 1]
                    b += weight * light[v, u, 2]
            total = max(total, 1e-9)
            out[y, x, 0] = r / total
            out[y, x, 1] = g / total
            out[y, x, 2] = b / total


def smooth_light(
    light: NDArray[np.float32],
    normal: NDArray[np.float32],
    depth: NDArray[np.float32],
    passes: int,
    tolerance: float = 1.2,
) -> NDArray[np.float32]:
    """Take the noise out of ``light`` without crossing edges of depth or shape.

    Edge-avoiding a-trous wavelets: Dammertz et al., High Performance Graphics 2010.

    Args:
        light: shape (H, W, 3), linear.
        normal: shape (H, W, 3), about unit length.
        depth: shape (H, W), scene units.
        passes: each doubles the reach, from 2 pixels.
        tolerance: relative difference of light that counts as noise; shrinks from pass to pass.
    """
    near = (1.0 / np.minimum(depth, 1e4)).astype(np.float32)
    size = np.linalg.norm(normal, axis=2, keepdims=True)
    normal = (normal / np.maximum(size, 1e-3)).astype(np.float32)
    for level in range(passes):
        out = np.empty_like(light)
        # The first two passes go by shape alone: single rays say nothing of the light's edges.
        stop = 100.0 if level < 2 else tolerance * 0.7 ** (level - 2)
        # The smallest one is lenient, lest pixels on an edge stay alone with their noise.
        _smooth_once(light, normal, near, out, 2**level, stop, 0.4 if level == 0 else 1.0)
        light = out
    return light


def develop(scene: Scene, negative: Negative) -> NDArray[np.uint8]:
    """Smooth the bounced light, add the lens's bloom, and print through a film-like curve.

    Returns sRGB, uint8, shape (H, W, 3).
    """
    known = np.maximum(negative.colour, np.float32(1e-5))
    light = np.asarray(negative.light / known, np.float32)
    light = smooth_light(light, negative.normal, negative.depth, passes=5)
    gloss = smooth_light(negative.gloss, negative.normal, negative.depth, passes=3)
    image = negative.sharp + gloss + negative.colour * light
    if scene.shafts > 0.0:
        flat = np.zeros_like(negative.normal)
        flat[..., 2] = 1.0
        image = image + smooth_light(negative.beams, flat, negative.depth, passes=5, tolerance=40.0)

    image *= scene.exposure
    width = scene.size[0]
    glow = sum(
        share * cv2.GaussianBlur(np.minimum(image, 12.0), (0, 0), width * reach)
        for share, reach in ((0.5, 0.003), (0.3, 0.012), (0.2, 0.04))
    )
    image = image + scene.bloom * (glow - image)
    image = 0.18 * (np.maximum(image, 0.0) / 0.18) ** scene.contrast
    return print_film(np.asarray(image, np.float32))


def print_film(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Scene light, linear, to sRGB through Narkowicz's fit of the ACES film curve.

    Very bright colours first lose some saturation, as dyes do.
    """
    luminance = (image @ np.array([0.2126, 0.7152, 0.0722], np.float32))[..., None]
    pale = 0.35 * luminance / (luminance + 2.5)
    light = np.maximum(image + pale * (luminance - image), 0.0) * 0.62
    curve = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
    curve = np.clip(curve, 0.0, 1.0)
    encoded = np.where(curve <= 0.0031308, 12.92 * curve, 1.055 * curve ** (1 / 2.4) - 0.055)
    # A seeded half-level of dither keeps skies free of bands.
    dither = np.random.default_rng(7).uniform(-0.5, 0.5, encoded.shape[:2])[..., None]
    return np.clip(np.rint(encoded * 255.0 + dither), 0, 255).astype(np.uint8)


def disparity_of(scene: Scene, depth: NDArray[np.float32] | float) -> NDArray[np.float64]:
    """Stored disparity, 0..1, of depths in scene units: linear in 1/z between far and near."""
    inverse = 1.0 / np.asarray(depth, np.float64)
    low, high = 1.0 / scene.far, 1.0 / scene.near
    return np.clip((inverse - low) / (high - low), 0.0, 1.0)


def describe(scene: Scene) -> dict[str, Any]:
    """The facts that go beside the picture; depth is read with ``near`` and ``far``."""
    return {
        "name": scene.name,
        "title": scene.title,
        "credit": "Rendered for Motion Synth by assets/make_examples.py",
        "near": scene.near,
        "far": scene.far,
        "focal_length": scene.focal_length,
        "subject_disparity": round(float(disparity_of(scene, SUBJECT_DISTANCE)), 6),
        "licence": "CC0-1.0",
        "suggested_motion": dict(scene.motion),
    }


def keep(scene: Scene, negative: Negative, folder: Path) -> None:
    """Write ``<name>.jpg``, ``<name>_depth.png`` (16 bits) and ``<name>.json`` into ``folder``."""
    picture = Image.fromarray(develop(scene, negative))
    for quality in range(95, 60, -1):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality, subsampling=0, optimize=True)
        if buffer.tell() <= JPEG_LIMIT:
            break
    (folder / f"{scene.name}.jpg").write_bytes(buffer.getvalue())

    levels = np.rint(disparity_of(scene, negative.depth) * 65535.0).astype(np.uint16)
    if not cv2.imwrite(str(folder / f"{scene.name}_depth.png"), levels):
        raise OSError(f"The depth picture of {scene.name} could not be written to {folder}.")

    text = json.dumps(describe(scene), indent=2, ensure_ascii=False) + "\n"
    (folder / f"{scene.name}.json").write_text(text, encoding="utf-8")
