"""What is kept of videos while a look is learned: a few small pictures of each clip, and its grain.

Every file is read once more; memory stays flat however many there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.media import load_image
from synth.media.image import open_regular
from synth.media.plane_reader import PlaneReader
from synth.media.planes import ColourTags, Planes, to_rgb
from synth.style.references import ReferenceClip

Picture = NDArray[np.uint8]

SIDE: Final = 480
"""Longer side of what is kept, pixels."""

MOST_PICTURES: Final = 240
"""Pictures kept of all clips together."""

_EACH: Final = (4, 12)
"""Fewest and most pictures of one clip."""
_TILE: Final = 32
_CALM: Final = 0.2
"""Share of the tiles that are looked at for grain: those with the least in them."""
_CODEC: Final = 1.2
"""Levels by which encoders make flat parts waver."""
_COARSEST: Final = 2.2
"""Size from which what wavers is no grain but something soft that moves."""
_BAR: Final = 20
"""Brightest code of the bars above and below a picture, or beside it."""
_PICTURES: Final = (b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"BM", b"RIFF")


@dataclass(frozen=True)
class Grain:
    """How pixels waver from picture to picture where nothing moves."""

    levels: float
    """Of middle tones, of 255, root of the mean square."""
    size: float
    """Standard deviation of its blur, pixels of a frame 1080 high."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is kept of a clip."""

    pictures: tuple[Picture, ...]
    """Evenly taken, uint8 (H, W, 3)."""
    grain: tuple[Grain, ...]
    """Found between these pictures and the next ones; empty where nothing could be seen."""

    def area(self) -> tuple[slice, slice]:
        """Rows and columns without the black bars above and below, or beside the picture."""
        return bars(self.pictures)


def pictures_each(clips: int) -> int:
    """How many pictures of each clip are kept."""
    low, high = _EACH
    return min(max(MOST_PICTURES // max(clips, 1), low), high)


def see_clip(clip: ReferenceClip, count: int, cancel: CancelToken) -> Seen:
    """Keep ``count`` pictures of a clip; raises as ``PlaneReader`` does."""
    wanted = {math.floor((k + 0.5) * clip.frames / count) for k in range(count)}
    pictures: list[Picture] = []
    grain: list[Grain] = []
    before: Planes | None = None
    with PlaneReader(clip.path, start=clip.start, seconds=clip.seconds, cancel=cancel) as reader:
        for number, frame in enumerate(reader):
            if before is not None:
                found = _grain(before, frame.planes, reader.tags)
                grain += [] if found is None else [found]
                before = None
            if number in wanted:
                pictures.append(_small(frame.planes, reader.tags))
                before = frame.planes
            if number > max(wanted):
                break
    return Seen(tuple(pictures), tuple(grain))


def see_neutral(path: Path, count: int, cancel: CancelToken) -> Seen:
    """Keep pictures of an ungraded video, or the picture that the file is."""
    if _is_picture(path):
        pixels = load_image(path).pixels
        return Seen((_shrunk(pixels),), ())
    with PlaneReader(path, cancel=cancel) as reader:
        frames = sum(1 for _ in reader)
        fps = reader.info.fps
    whole = ReferenceClip(path, Fraction(0), Fraction(36_000), max(frames, 1), 0, 0, fps, "")
    return see_clip(whole, count, cancel)


def bars(pictures: Sequence[Picture]) -> tuple[slice, slice]:
    """Rows and columns that are not black in all pictures, so without letterbox bars."""
    bright = np.max([picture.max(axis=2) for picture in pictures], axis=0)
    found = []
    for axis in (1, 0):
        lit = np.flatnonzero(np.quantile(bright, 0.98, axis=axis) > _BAR)
        size = bright.shape[1 - axis]
        if not len(lit) or lit[-1] - lit[0] < size // 3:
            found.append(slice(0, size))
            continue
        # The row beside a bar is mixed with it.
        first = lit[0] + 2 if lit[0] else 0
        last = lit[-1] - 1 if lit[-1] < size - 1 else size
        found.append(slice(int(first), int(last)))
    return found[0], found[1]


def _small(planes: Planes, tags: ColourTags) -> Picture:
    shrink = max(planes.size) / SIDE
    if shrink > 2:
        # Planes first: cheaper, and colours are exact enough once more is averaged.
        half = [max(1, round(side / shrink)) for side in planes.size]
        whole = [2 * side for side in half]
        planes = Planes(
            *(
                np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)
                for plane, size in ((planes.y, whole), (planes.u, half), (planes.v, half))
            )
        )
    return _shrunk(to_rgb(planes, tags))


def _shrunk(rgb: Picture) -> Picture:
    scale = SIDE / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = [max(2, round(side * scale)) for side in rgb.shape[1::-1]]
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _grain(one: Planes, other: Planes, tags: ColourTags) -> Grain | None:
    """How two following pictures differ where little is in them; None where nothing can be told."""
    black, white = (0, 255) if tags.full_range else (16, 235)
    height, width = (side // _TILE * _TILE for side in one.y.shape)
    if height < 4 * _TILE or width < 4 * _TILE:
        return None
    first, second = (p.y[:height, :width].astype(np.float32) for p in (one, other))
    mean = np.asarray(cv2.blur((first + second) / 2, (9, 9)), np.float32)
    wavers = (second - first) * np.float32(255 / (white - black) / math.sqrt(2))

    def tiles(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        parts = plane.reshape(height // _TILE, _TILE, width // _TILE, _TILE)
        return parts.transpose(0, 2, 1, 3).reshape(-1, _TILE, _TILE)

    level = (tiles(mean).mean(axis=(1, 2)) - black) / (white - black)
    busy = tiles(mean).std(axis=(1, 2))
    fit = (level > 0.15) & (level < 0.85)
    if fit.sum() < 12:
        return None
    calm = np.flatnonzero(fit & (busy <= np.quantile(busy[fit], _CALM)))
    soft = np.asarray(cv2.blur((first + second) / 2, (5, 5)), np.float32)
    slopes = [np.asarray(cv2.Sobel(soft, -1, *way), np.float32) for way in ((1, 0), (0, 1))]
    found = _unmoved(tiles(wavers)[calm], [tiles(slope)[calm] for slope in slopes])
    power = (found**2).mean(axis=(1, 2))
    if not power.any():
        return None
    weight = 4 * level[calm] * (1 - level[calm])
    # Grain is everywhere alike; what is more in some tiles is something that moves.
    levels = math.sqrt(float(np.quantile(power / weight, 0.25)))
    usual = power <= np.median(power)
    beside = float((found[usual, :, 1:] * found[usual, :, :-1]).mean())
    near = min(max(beside / max(float((found[usual] ** 2).mean()), 1e-6), 0.02), 0.95)
    sigma = 0.5 / math.sqrt(-math.log(near))
    size = sigma * 1080 / one.y.shape[0]
    clean = math.sqrt(max(levels**2 - _CODEC**2, 0.0)) if size < _COARSEST else 0.0
    return Grain(clean, size)


def _unmoved(wavers: NDArray[np.float32], slopes: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Tiles (n, h, w) of differences without their mean and what a small shift explains."""
    count = len(wavers)
    shape = np.stack([np.ones_like(slopes[0]), *slopes], axis=-1).reshape(count, -1, 3)
    flat = wavers.reshape(count, -1, 1)
    square = shape.transpose(0, 2, 1) @ shape + 1e-3 * np.eye(3, dtype=np.float32)
    told = np.linalg.solve(square, shape.transpose(0, 2, 1) @ flat)
    return np.asarray(flat - shape @ told, np.float32).reshape(wavers.shape)


def _is_picture(path: Path) -> bool:
    with open_regular(path, 1 << 40, "reference") as file:
        return file.read(12).startswith(_PICTURES)
