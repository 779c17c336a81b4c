"""Clean clips for tests, drawn in code, and what the first pass sees of any frames."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import cv2
import numpy as np

from synth.media.plane_reader import PlaneFrame
from synth.media.planes import planes_from_rgb
from synth.quality.scan import scan
from synth.quality.signals import Film, Signals
from synth.quality.view import Levels
from tests.quality.defects import Picture

RATE = 24


@cache
def scenery(width: int, height: int, seed: int = 3) -> Picture:
    """A picture with detail of every size, hard edges and soft slopes."""
    rng = np.random.default_rng(seed)
    made = np.zeros((height, width, 3), np.float32)
    for size in (2, 4, 8, 16, 64):
        shape = (height // size + 2, width // size + 2, 3)
        grown = cv2.resize(
            rng.standard_normal(shape).astype(np.float32), (width, height),
            interpolation=cv2.INTER_CUBIC,
        )  # fmt: skip
        made += grown * (6.0 + 2.0 * np.sqrt(size))
    made += 118.0
    for _ in range(width // 40):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        colour = tuple(float(c) for c in rng.integers(50, 200, 3))
        corner = (x + int(rng.integers(10, 70)), y + int(rng.integers(10, 70)))
        cv2.rectangle(made, (x, y), corner, colour, -1)
    return np.clip(made, 12, 236).astype(np.uint8)


def pan(
    count: int = 48,
    *,
    size: tuple[int, int] = (480, 270),
    speed: float = 3.0,
    slant: float = 0.6,
    grain: float = 1.0,
    seed: int = 3,
) -> list[Picture]:
    """A steady pan over a scenery, ``speed`` pixels a frame, with fresh grain in every frame."""
    width, height = size
    picture = scenery(width + int(speed * count) + 16, height + int(slant * count) + 16, seed)
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        matrix = np.array([[1.0, 0.0, -4.0 - speed * number], [0.0, 1.0, -4.0 - slant * number]])
        moved = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC)
        noisy = moved + grain * rng.standard_normal((height, width, 1)).astype(np.float32)
        made.append(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
    return made


def seen(frames: Sequence[Picture], rate: int = RATE) -> Signals:
    """What the first pass sees of RGB frames of even size."""
    height, width = frames[0].shape[:2]
    film = Film(width, height, float(rate), Levels(16.0, 219.0), frames=len(frames))
    return scan(
        (
            PlaneFrame(planes_from_rgb(frame), Fraction(number, rate))
            for number, frame in enumerate(frames)
        ),
        film,
    )
