"""Grain, halation and vignette of a style, each believed only where clips agree on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.style.look_file import Texture
from synth.style.look_running import highlights
from synth.style.look_seen import Grain, Picture

Values = NDArray[np.floating]

_LEAST_GRAIN: Final = 1.0
"""Levels below which grain is nobody's style."""
_LEAST_VIGNETTE: Final = 0.04
_LEAST_HALATION: Final = 0.04
_SIZES: Final = (0.006, 0.012, 0.024)
"""Reaches of halation that are tried, frame heights."""
_SURE: Final = 2.5
"""Standard errors that something must be away from nothing."""
_LIT: Final = 0.004
"""Spread light above which a pixel tells of halation."""


def grain_of(found: Sequence[Grain], neutral: Sequence[Grain] = ()) -> tuple[float, float]:
    """Levels and size of grain; 0 levels where there is none.

    Args:
        found: as it was seen in the clips.
        neutral: in the same clips before the grade, whose own grain is no part of the style.
    """
    if not found:
        return 0.0, Texture().grain_size
    levels = float(np.median([one.levels for one in found]))
    if neutral:
        before = float(np.median([one.levels for one in neutral]))
        levels = float(np.sqrt(max(levels**2 - before**2, 0.0)))
    if levels < _LEAST_GRAIN:
        return 0.0, Texture().grain_size
    strong = [one.size for one in found if one.levels >= levels / 2] or [one.size for one in found]
    return min(levels, 40.0), float(np.clip(np.median(strong), 0.2, 4.0))


def vignette_of(clips: Sequence[Sequence[Picture]]) -> float:
    """How much darker corners are than the centre, from clips alone; 0 where they do not agree.

    In each clip, the logarithm of the brightness is taken apart into a slope, a bend up and down
    (skies are bright, floors are dark), and what depends on the distance from the centre alone.
    """
    found = []
    for pictures in clips:
        level = np.mean([_brightness(picture) for picture in pictures], axis=0)
        rows, columns, radius = _places(*level.shape)
        shape = np.stack([np.ones_like(rows), rows, columns, rows**2, radius], axis=-1)
        known = level > 0.02
        if known.mean() < 0.5:
            continue
        answer = np.linalg.lstsq(shape[known], np.log(level[known]), rcond=None)[0]
        found.append(-answer[4])
    return _agreed(np.array(found), _LEAST_VIGNETTE)


def vignette_between(pairs: Sequence[tuple[Picture, Picture]]) -> float:
    """How much darker corners became between pictures and what a style made of them."""
    found = []
    for before, after in pairs:
        was, became = _brightness(before), _brightness(after)
        _, _, radius = _places(*was.shape)
        use = (was > 0.1) & (was < 0.95)
        if use.mean() < 0.2:
            continue
        # became = was (a - v r^2)
        one, two = was[use], was[use] * radius[use]
        answer = np.linalg.lstsq(np.stack([one, -two], axis=1), became[use], rcond=None)[0]
        found.append(answer[1] / max(answer[0], 0.1))
    return _agreed(np.array(found), _LEAST_VIGNETTE)


def halation_of(
    pairs: Sequence[tuple[Picture, Picture | None]],
) -> tuple[tuple[float, float, float], float]:
    """Light that bright parts spread, red, green and blue, and how far, in frame heights.

    Args:
        pairs: pictures in the style; with them what they would be without halation, where that is
            known. Where it is not, only the red that comes on top of blue counts, because any
            bright part has other light about it.
    """
    best: tuple[float, tuple[float, float, float], float] = (0.0, (0.0, 0.0, 0.0), 0.012)
    known = any(before is not None for _, before in pairs)
    for size in _SIZES:
        found = np.array([row for one in pairs if (row := _spread(*one, size)) is not None])
        if len(found) < 3:
            continue
        rows = found[:, :3] if known else found[:, :3] - found[:, 2:3]
        amounts = [_agreed(rows[:, k], 0.01) for k in range(3)]
        gain = float(np.median(found[:, 3]))
        if amounts[0] >= _LEAST_HALATION and gain > best[0]:
            red, green, blue = (float(np.clip(amount, 0, 1)) for amount in amounts)
            best = (gain, (red, green, blue), size)
    return best[1], best[2]


def _spread(picture: Picture, before: Picture | None, size: float) -> list[float] | None:
    """Light beside bright parts by what they spread, and how well that explains it."""
    after = picture.astype(np.float32) / np.float32(255)
    source = highlights(after if before is None else before.astype(np.float32) / np.float32(255))
    if not 0.0005 < source.mean() < 0.2:
        return None
    sigma = size * len(after)
    light = cv2.GaussianBlur(source, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    close = cv2.dilate((source > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    use = (light > _LIT) & ~close & (after.max(axis=2) < 0.8)
    if use.sum() < 60:
        return None
    if before is None:
        # What is a little further off tells what would be there without the bright part.
        dark = (~close & (light < _LIT)).astype(np.float32)
        weight = cv2.GaussianBlur(dark, (0, 0), 3 * sigma) + 1e-4
        around = cv2.GaussianBlur(after * dark[..., None], (0, 0), 3 * sigma)
        without = around / weight[..., None]
        use &= weight > 0.05
        if use.sum() < 60:
            return None
    else:
        without = before.astype(np.float32) / np.float32(255)
    rise = (after[use] - without[use]) / np.maximum(1 - without[use], 0.1)
    part = light[use]
    power = float((part**2).sum())
    amounts = (part[:, None] * rise).sum(axis=0) / power
    gain = float(amounts[0] ** 2 * power / max(float((rise[:, 0] ** 2).sum()), 1e-9))
    return [*(float(amount) for amount in amounts), gain]


def _agreed(found: Values, least: float) -> float:
    """The mean, shrunk by how far clips differ; 0 where that could be chance or too little."""
    if len(found) < 2:
        return 0.0
    mean = float(np.mean(found))
    error = float(np.std(found, ddof=1)) / np.sqrt(len(found))
    if abs(mean) < least or abs(mean) < _SURE * error:
        return 0.0
    return float(mean * (1 - (error / mean) ** 2))


def _brightness(picture: Picture) -> Values:
    small = cv2.resize(picture, (96, 54), interpolation=cv2.INTER_AREA)
    return (small.astype(np.float64) @ (0.2126, 0.7152, 0.0722)) / 255


def _places(height: int, width: int) -> tuple[Values, Values, Values]:
    """Rows and columns from -1 to 1, and the square of the distance, 1 in the corners.

    Frames are taken for 16:9, as wide as most are.
    """
    rows, columns = np.meshgrid(
        (np.arange(height) + 0.5) / height * 2 - 1, (np.arange(width) + 0.5) / width * 2 - 1,
        indexing="ij",
    )  # fmt: skip
    return rows, columns, (rows**2 * 81 + columns**2 * 256) / 337
