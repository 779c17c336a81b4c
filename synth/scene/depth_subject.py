"""The compact thing that a photo is about: where it stands out, and a mask of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.scene.depth_grid import Array, blurred, components, lab_of, scaled, scaled_bytes, squared

_CUT_SIDE = 160
"""Longest side of the grid on which the mask is cut, pixels."""


@dataclass(frozen=True)
class Subject:
    """A foreground subject: mask of shape (H, W) in [0, 1] and how much to believe it."""

    mask: Array
    confidence: float


def barrier_distance(channels: Array, seeds: NDArray[np.bool_], passes: int = 3) -> Array:
    """Minimum barrier distance of each pixel to the seeds, summed over channels.

    The barrier of a path is the range of values met on it, so that slow shading costs little and
    a boundary costs its whole height. ``channels`` has shape (H, W, C), ``seeds`` (H, W).
    Returns (H, W) float32. Raster scans in the manner of Zhang et al., "Minimum Barrier Salient
    Object Detection at 80 FPS", ICCV 2015.
    """
    total = np.zeros(seeds.shape, np.float32)
    for index in range(channels.shape[2]):
        distance = np.where(seeds, np.float32(0), np.float32(1e6)).astype(np.float32)
        _scan_barriers(np.ascontiguousarray(channels[..., index]), distance, passes)
        total += distance
    return total


@njit(cache=True, nogil=True, fastmath=True)
def _scan_barriers(image, distance, passes):  # pragma: no cover - compiled
    height, width = image.shape
    high = image.copy()
    low = image.copy()
    for index in range(passes):
        forward = index % 2 == 0
        for j in range(height):
            y = j if forward else height - 1 - j
            from_y = y - 1 if forward else y + 1
            for i in range(width):
                x = i if forward else width - 1 - i
                from_x = x - 1 if forward else x + 1
                value = image[y, x]
                if 0 <= from_y < height:
                    top = max(high[from_y, x], value)
                    bottom = min(low[from_y, x], value)
                    cost = top - bottom
                    if distance[from_y, x] < 1e5 and cost < distance[y, x]:
                        distance[y, x] = cost
                        high[y, x] = top
                        low[y, x] = bottom
                if 0 <= from_x < width:
                    top = max(high[y, from_x], value)
                    bottom = min(low[y, from_x], value)
                    cost = top - bottom
                    if distance[y, from_x] < 1e5 and cost < distance[y, x]:
                        distance[y, x] = cost
                        high[y, x] = top
                        low[y, x] = bottom


def find_subject(rgb: NDArray[np.uint8], lab: Array, attention: Array | None = None) -> Subject:
    """Find the subject of a small picture.

    ``rgb`` has shape (H, W, 3) uint8, ``lab`` the same in CIE Lab divided by 100, ``attention``
    optionally (H, W) in [0, 1], 0 where not to look (blurred parts, sky). Deterministic.
    """
    height, width = lab.shape[:2]
    if min(height, width) < 12:
        return Subject(np.zeros((height, width), np.float32), 0.0)
    salience = _salience(lab)
    if attention is not None:
        salience = salience * (0.35 + 0.65 * attention)
    salience = salience / max(float(salience.max()), 1e-6)
    return _cut(rgb, salience, (width, height))


def _salience(lab: Array) -> Array:
    height, width = lab.shape[:2]
    seeds = np.zeros((height, width), bool)
    seeds[:2] = True
    seeds[:, :2] = True
    seeds[:, -2:] = True
    away = barrier_distance(blurred(lab, 1.0), seeds)
    contrast = _border_contrast(lab)
    joint = (_stretch(away) + _stretch(contrast)) * _centred((height, width))
    return _stretch(blurred(joint, width / 160.0 + 0.5))


def _centred(shape: tuple[int, ...]) -> Array:
    """Where people put what they photograph: 1 a little below the middle, less to the rim."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = ((x / width - 0.5) / 0.36) ** 2 + ((y / height - 0.55) / 0.42) ** 2
    return np.exp(-away).astype(np.float32)


def _border_contrast(lab: Array) -> Array:
    """Distance in colour from the picture's sides; the side that fits worst is left out."""
    height, width = lab.shape[:2]
    band = max(2, round(0.06 * min(height, width)))
    sides = (lab[:band], lab[:, :band], lab[:, -band:], lab[-band:])
    distances = []
    for side in sides:
        samples = side.reshape(-1, 3).astype(np.float64)
        spread = np.cov(samples.T) + np.eye(3) * 2e-3
        centred = lab - samples.mean(0).astype(np.float32)
        # Not a matrix product of numpy's: its threads cost more than this small sum.
        root = np.linalg.cholesky(np.linalg.inv(spread)).T
        whitened = cv2.transform(centred, root)
        distances.append(np.sqrt(squared(np.asarray(whitened))))
    stack = np.minimum(np.stack(distances), 6.0)
    return (stack.sum(0) - stack.max(0)).astype(np.float32)


def _stretch(values: Array) -> Array:
    low, high = np.percentile(values, (2, 98))
    return np.clip((values - low) / max(float(high - low), 1e-6), 0, 1).astype(np.float32)


def _cut(rgb: NDArray[np.uint8], salience: Array, size: tuple[int, int]) -> Subject:
    width, height = size
    scale = min(1.0, _CUT_SIDE / max(size))
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = scaled_bytes(rgb, small)
    field = scaled(salience, small, cv2.INTER_AREA)
    level, binary = cv2.threshold(
        (field * 255).astype(np.uint8), 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU
    )
    level = level / 255.0
    nothing = Subject(np.zeros((height, width), np.float32), 0.0)
    area = float(binary.mean())
    if min(small) < 12 or not 0.004 < area < 0.8:
        return nothing
    labels = np.where(binary > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[field > min(0.95, level + 0.4)] = cv2.GC_FGD
    labels[field < 0.25 * level] = cv2.GC_BGD
    labels[:1] = cv2.GC_BGD
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(7)
    cv2.grabCut(picture, labels, (0, 0, 1, 1), background, foreground, 2, cv2.GC_INIT_WITH_MASK)
    mask = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.float32)
    mask = _keep_main(mask, field)
    if not 0.004 < float(mask.mean()) < 0.85:
        return nothing
    inside = float((field * mask).sum() / max(float(mask.sum()), 1.0))
    outside = float((field * (1 - mask)).sum() / max(float((1 - mask).sum()), 1.0))
    confidence = np.clip((inside - outside) * 1.8 - 0.2, 0.0, 1.0) * _outline(picture, mask)
    full = scaled(mask, (width, height))
    # A faint suspicion is worth less than none: it would dent a plain landscape.
    return Subject(full, float(np.clip((confidence - 0.2) / 0.5, 0.0, 1.0)))


def _outline(picture: NDArray[np.uint8], mask: Array) -> float:
    """How far the outline of a mask runs along edges of the picture, 0 to 1."""
    lab = blurred(lab_of(picture), 0.7)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    solid = mask.astype(np.uint8)
    edge = (cv2.dilate(solid, cross) - cv2.erode(solid, cross)) > 0
    edge[[0, -1]] = False
    edge[:, [0, -1]] = False
    if not edge.any():
        return 0.0
    step = cv2.dilate(lab, np.ones((5, 5), np.uint8)) - cv2.erode(lab, np.ones((5, 5), np.uint8))
    contrast = np.sqrt(squared(step))
    usual = float(np.median(contrast))
    met = float(np.median(contrast[edge]))
    marked = np.clip((met - 0.08) / 0.12, 0, 1) * np.clip((met / max(usual, 0.02) - 0.8), 0, 1)
    # Texture has edges everywhere; a thing also has another colour than what is beside it.
    within, beyond = _nearby(lab, mask), _nearby(lab, 1.0 - mask)
    differs = squared(within - beyond)[edge] > 0.08**2
    return float(marked * np.clip((differs.mean() - 0.3) / 0.35, 0, 1))


def _nearby(lab: Array, weight: Array) -> Array:
    """Mean colour of the weighted pixels around each pixel."""
    total = np.maximum(blurred(weight, 3.0), 1e-3)
    return np.divide(blurred(lab * weight[..., None], 3.0), total[..., None], dtype=np.float32)


def _keep_main(mask: Array, field: Array) -> Array:
    """Keep the parts that hold most of the salience; drop specks."""
    count, parts = components(mask)
    if count <= 2:
        return mask
    weight = np.bincount(parts.ravel(), weights=(field * mask).ravel(), minlength=count)
    keep = weight > 0.25 * weight[1:].max()
    keep[0] = False
    return keep[parts].astype(np.float32)
