"""Sky and other smooth backdrops: what begins at the top of a photo and has no texture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.scene.depth_grid import Array, Bytes, blurred, components, grown, squared
from synth.scene.depth_subject import barrier_distance


@dataclass(frozen=True)
class Sky:
    """A backdrop above everything else."""

    mask: Array
    """Shape (H, W), 0 to 1."""
    confidence: float
    """How surely it is far away, 0 to 1."""
    bottom: float
    """Height of its lowest open edge, share of the picture from the top; 0 without a sky."""


def find_sky(lab: Array, room: float = 0.0) -> Sky:
    """Find the sky of a small picture in CIE Lab divided by 100, shape (H, W, 3).

    Grown from the top by barrier distance: clouds and the slow shading of a blue sky are crossed
    cheaply, a skyline is not. What reaches the bottom of the picture is a floor or a wall and does
    not count. The confidence asks for the colours that skies have: blue, bright, or glowing.
    ``room`` in [0, 1] says how surely the picture shows a corridor, whose ceiling is only taken
    for a sky if it is the brightest part.
    """
    height, width = lab.shape[:2]
    nothing = Sky(np.zeros((height, width), np.float32), 0.0, 0.0)
    if min(height, width) < 12:
        return nothing
    # At night a skyline is a smaller step than by day, and so is all else.
    gain = 1.0 / float(np.clip(np.percentile(lab[..., 0], 90) / 0.75, 0.4, 1.0))
    smooth = blurred(lab * np.float32(gain), 0.8)
    detail = _detail(lab)
    suits = _sky_colour(lab)
    likely = suits * np.exp(-np.square(detail / 0.05))
    seeds = np.zeros((height, width), bool)
    rows = max(1, height // 50)
    seeds[:rows] = likely[:rows] > 0.35
    if seeds[:rows].mean() < 0.08:
        return nothing
    distance = barrier_distance(smooth, seeds, 3)
    reach = _reach(distance)
    mask = (distance < reach).astype(np.uint8)
    mask = _opened((mask > 0) & (suits > 0.04), 3)
    # Twice: the second time the colours near the horizon are known, and clouds before it join.
    mask = _connected_to_top(_glow_down(mask, smooth, likely))
    mask = _connected_to_top(_glow_down(mask, smooth, likely))
    mask = _to_the_edge(_with_islands(mask, suits), lab)
    area = float(mask.mean())
    if area < 0.015:
        return nothing
    inside = mask > 0
    calm = float(np.exp(-((float(detail[inside].mean()) / 0.035) ** 2)))
    colour = float(suits[inside].mean())
    columns = inside.any(0)
    lowest = height - 1 - np.argmax(inside[::-1], axis=0)
    bottom = float(np.percentile(lowest[columns], 85)) / height
    confidence = float(np.clip(1.6 * colour * calm - 0.15, 0, 1) * np.clip(area / 0.06, 0.2, 1))
    touching = float(mask[-max(2, height // 40) :].mean())
    if touching > 0.12:
        # Looking up at a tower, blue goes all the way down; a pale wall or a road does so too.
        blue = float(np.clip(-lab[..., 2][inside].mean() * 9.0, 0, 1))
        confidence *= blue * (1.0 - touching)
    lead = float(lab[..., 0][inside].mean()) - float(np.percentile(lab[..., 0], 75))
    confidence *= 1.0 - room * float(np.clip(0.8 - 6.0 * lead, 0, 1))
    return Sky(blurred(mask.astype(np.float32), 0.7), confidence, bottom)


def _detail(lab: Array) -> Array:
    """Local amount of fine structure of the lightness, about 0 in a clear sky."""
    light = np.ascontiguousarray(lab[..., 0])
    fine = np.abs(light - blurred(light, 2.0))
    return blurred(fine, 1.5)


def _sky_colour(lab: Array) -> Array:
    """How well each colour suits a sky, 0 to 1: blue at any lightness, bright grey, or glow."""
    light, green_red, blue_yellow = lab[..., 0], lab[..., 1], lab[..., 2]
    chroma = np.hypot(green_red, blue_yellow)
    blue = np.clip(-blue_yellow * 9.0 - 0.3, 0, 1) * np.clip(1.2 - green_red * 4, 0, 1)
    blue = blue * np.clip(light * 6.0, 0, 1)
    grey = np.clip((light - 0.44) * 3.2, 0, 1) * np.clip(1.3 - chroma * 7.0, 0, 1)
    glow = np.clip((light - 0.55) * 3.5, 0, 1) * np.clip(1.4 - chroma * 2.0, 0, 1) * 0.6
    return np.maximum(np.maximum(blue, 0.85 * grey), glow).astype(np.float32)


def _reach(distance: Array) -> float:
    """The barrier at which the region grows least: the widest gap between sky and not sky."""
    levels = np.linspace(0.06, 0.34, 15)
    area = np.array([(distance < level).mean() for level in levels])
    growth = (area[2:] - area[:-2]) / np.maximum(area[1:-1], 1e-3) + 0.15 * np.abs(
        levels[1:-1] - 0.17
    )
    return float(levels[1:-1][int(np.argmin(growth))])


def _glow_down(mask: Bytes, smooth: Array, likely: Array) -> Bytes:
    """Follow a sky that changes colour towards the horizon, and through clouds of its own colours.

    A slow change may lead anywhere that a sky's colours go; the softer edges of clouds are crossed
    where the colour is one that the certain part holds already. No hard edge is crossed.
    """
    steps = np.zeros(mask.shape, np.float32)
    steps[:, 1:] = np.sqrt(squared(np.diff(smooth, axis=1)))
    steps[1:] = np.maximum(steps[1:], np.sqrt(squared(np.diff(smooth, axis=0))))
    calm = ~grown(steps >= 0.022, 1)
    clouds = (_alike(mask, smooth) | (likely > 0.4)) & (steps < 0.06) & (likely > 0.06)
    open_sky = ((mask > 0) | (calm & (likely > 0.3)) | clouds).astype(np.uint8)
    open_sky = _opened(open_sky, 5) | mask
    foot = max(2, mask.shape[0] // 40)
    # A sky ends at a skyline. What runs on to the bottom is a wall or a road of its colour.
    ends = float(open_sky[-foot:].mean()) < float(mask[-foot:].mean()) + 0.08
    return open_sky if ends else mask


def _with_islands(mask: Bytes, suits: Array) -> Bytes:
    """Take in what lies within the sky and has a sky's colours: clouds with edges of their own."""
    count, parts = components(mask == 0)
    if count < 2:
        return mask
    size = np.maximum(np.bincount(parts.ravel(), minlength=count), 1)
    island = np.bincount(parts.ravel(), suits.ravel(), count) / size > 0.2
    island[np.unique(parts[-1])] = False
    # The ground may be hidden from the bottom row; it is never small and bright both.
    island[int(np.argmax(np.where(np.arange(count) > 0, size, 0)))] = False
    island[0] = False
    return (mask | island[parts]).astype(np.uint8)


def _alike(mask: Bytes, lab: Array) -> NDArray[np.bool_]:
    """Which pixels have a colour that is usual inside the mask (three standard deviations)."""
    samples = lab[mask > 0].astype(np.float64)
    if len(samples) < 8:
        return np.zeros(mask.shape, bool)
    spread = np.cov(samples.T) + np.eye(3) * 0.025**2
    root = np.linalg.cholesky(np.linalg.inv(spread)).T
    away = np.asarray(cv2.transform(lab - samples.mean(0).astype(np.float32), root))
    return squared(away) < 9.0


def _to_the_edge(mask: Bytes, lab: Array) -> Bytes:
    """Take in the last pixels before a skyline, which smoothing kept out, by their colour."""
    weight = mask.astype(np.float32)
    total = np.maximum(blurred(weight, 4.0), 1e-3)
    local = blurred(lab * weight[..., None], 4.0) / total[..., None]
    alike = squared(lab - local) < 0.07**2
    return (mask | (grown(mask, 3) & alike & (total > 0.02))).astype(np.uint8)


def _opened(mask: NDArray[Any], side: int) -> Bytes:
    """Without what is thinner than a square of ``side`` pixels."""
    kernel = np.ones((side, side), np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel), np.uint8)


def _connected_to_top(mask: Bytes) -> Bytes:
    count, parts = components(mask)
    keep = np.zeros(count, bool)
    keep[np.unique(parts[: max(1, mask.shape[0] // 50)])] = True
    keep[0] = False
    return keep[parts].astype(np.uint8)
