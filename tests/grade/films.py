"""Small coloured clips whose defects are known, for the tests of repairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from synth.flow.model import Anchor, Join
from synth.media.plane_reader import PlaneReader
from synth.media.planes import Planes, planes_from_rgb, to_rgb
from synth.media.settings import EncoderSettings
from synth.media.writer import VideoWriter
from tests.flow.worlds import world

SIZE = (240, 136)
RATE = Fraction(25)


def scene(seed: int, size: tuple[int, int] = (480, 320)) -> np.ndarray:
    """A coloured picture with soft and hard things, RGB float32 in about 20 to 225."""
    grey, red, blue = (world(seed + k, size) for k in (0, 100, 200))
    return np.dstack([0.7 * grey + 0.3 * red, grey, 0.6 * grey + 0.4 * blue]).clip(20, 225)


def views(
    picture: np.ndarray,
    places: Iterable[tuple[float, float, float]],
    size: tuple[int, int] = SIZE,
) -> list[np.ndarray]:
    """What a camera sees of a picture: shifts in pixels and turns in degrees, RGB float32."""
    height, width = picture.shape[:2]
    out = []
    for across, down, turn in places:
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
        matrix[:, 2] += across - (width - size[0]) / 2, down - (height - size[1]) / 2
        out.append(cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC))
    return out


def panned(seed: int, count: int, step: float = 1.3) -> list[np.ndarray]:
    """A camera that moves evenly."""
    return views(scene(seed), [(step * k - step * count / 2, 0.2 * k, 0.0) for k in range(count)])


def finished(pictures: Sequence[np.ndarray]) -> list[Planes]:
    """8-bit planes, BT.709."""
    return [planes_from_rgb(np.clip(np.rint(p), 0, 255).astype(np.uint8)) for p in pictures]


def anchored(frames: Sequence[Planes], cuts: Sequence[int] = ()) -> list[Anchor]:
    """The pictures with their joins known."""
    joins: list[Join] = ["cut" if k == 0 or k in cuts else "motion" for k in range(len(frames))]
    return [
        Anchor(k, k / RATE, frame, join)
        for k, (frame, join) in enumerate(zip(frames, joins, strict=True))
    ]


def saved(frames: Sequence[Planes], path: Path, crf: int = 4) -> Path:
    """An H.264 file of the pictures."""
    width, height = frames[0].size
    settings = EncoderSettings(crf=crf, preset="ultrafast")
    with VideoWriter(path, width=width, height=height, fps=RATE, settings=settings) as writer:
        for frame in frames:
            writer.write_planes(frame)
    return path


def loaded(path: Path) -> list[Planes]:
    """The pictures of a file."""
    with PlaneReader(path) as reader:
        return [frame.planes for frame in reader]


def psnr(one: Planes, other: Planes) -> float:
    """Of two pictures as RGB, dB; at most 99."""
    error = float(np.mean((to_rgb(one).astype(np.float64) - to_rgb(other)) ** 2))
    return 99.0 if error == 0.0 else min(99.0, float(10 * np.log10(255**2 / error)))
