"""Moving pictures made in code, with what joins them known: for everything that watches clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from synth.media.planes import Planes

Lumas = list[np.ndarray]
SIZE = (320, 180)


@dataclass(frozen=True)
class Shown:
    """A picture and its time."""

    planes: Planes
    time: Fraction


def world(seed: int, size: tuple[int, int] = (480, 320)) -> np.ndarray:
    """A picture with soft and hard things of many sizes, (H, W) in 16 to 235."""
    rng = np.random.default_rng(seed)
    width, height = size
    picture = np.zeros((height, width), np.float32)
    for scale, weight in ((90, 1.0), (30, 0.7), (9, 0.35), (3, 0.15)):
        noise = rng.normal(0, weight, (height // scale + 3, width // scale + 3))
        picture += cv2.resize(noise.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    for _ in range(24):
        spot = (int(rng.integers(width)), int(rng.integers(height)))
        far = (int(spot[0] + rng.integers(-80, 80)), int(spot[1] + rng.integers(-80, 80)))
        shade = float(rng.normal(0, 1.6))
        if rng.random() < 0.5:
            cv2.line(picture, spot, far, shade, int(rng.integers(2, 9)), cv2.LINE_AA)
        else:
            cv2.circle(picture, spot, int(rng.integers(5, 40)), shade, -1, cv2.LINE_AA)
    picture = (picture - picture.mean()) / picture.std()
    return (120 + rng.uniform(25, 45) * picture).clip(16, 235).astype(np.float32)


def moved(
    picture: np.ndarray,
    count: int,
    *,
    pan: tuple[float, float] = (0.0, 0.0),
    turn: float = 0.0,
    zoom: float = 1.0,
) -> Lumas:
    """A camera over a world: pixels and degrees per picture, and the zoom of each step."""
    height, width = picture.shape
    out = []
    for i in range(count):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn * i, zoom**i)
        matrix[0, 2] += pan[0] * i - (width - SIZE[0]) / 2
        matrix[1, 2] += pan[1] * i - (height - SIZE[1]) / 2
        frame = cv2.warpAffine(picture, matrix, SIZE, borderMode=cv2.BORDER_REFLECT)
        out.append(np.asarray(frame, np.float32))
    return out


def some_shot(rng: np.random.Generator, count: int) -> Lumas:
    """A shot of any kind: panned, turned, zoomed, shaken, dark, grainy or flickering."""
    picture = world(int(rng.integers(1 << 30)))
    shot = moved(
        picture,
        count,
        pan=(float(rng.uniform(-9, 9)), float(rng.uniform(-4, 4))),
        turn=float(rng.choice([0.0, 0.0, 0.8, -1.5])),
        zoom=float(rng.choice([1.0, 1.0, 1.015, 0.985])),
    )
    if rng.random() < 0.3:
        for frame in shot:
            shift = rng.integers(-6, 7, 2)
            frame[:] = np.roll(frame, tuple(shift), (0, 1))
    if rng.random() < 0.3:
        dim = float(rng.choice([0.3, 0.5]))
        shot = [16 + (frame - 16) * dim for frame in shot]
    if rng.random() < 0.3:
        shot = [frame * (1 + 0.08 * np.sin(2.3 * i)) for i, frame in enumerate(shot)]
    if rng.random() < 0.3:
        shot = [frame * (1 + 0.35 * i / count) for i, frame in enumerate(shot)]
    return shot


def finished(lumas: Sequence[np.ndarray], *, grain: float = 0.0, seed: int = 0) -> Lumas:
    """8-bit pictures, with grain of so many codes."""
    rng = np.random.default_rng(seed)
    out = []
    for luma in lumas:
        noise = rng.normal(0, grain, luma.shape) if grain else 0.0
        out.append((luma + noise).clip(0, 255).round().astype(np.uint8))
    return out


def shown(lumas: Sequence[np.ndarray], fps: Fraction | int = 25) -> list[Shown]:
    """The pictures in grey, one after the other."""
    height, width = lumas[0].shape
    grey = np.full((height // 2, width // 2), 128, np.uint8)
    return [
        Shown(Planes(np.ascontiguousarray(luma), grey, grey), i / Fraction(fps))
        for i, luma in enumerate(lumas)
    ]


@dataclass
class Reel:
    """Shots strung together, and how each picture follows the one before."""

    lumas: Lumas
    joins: list[str]

    def __init__(self, shot: Lumas) -> None:
        self.lumas = list(shot)
        self.joins = ["cut"] + ["motion"] * (len(shot) - 1)

    def cut(self, shot: Lumas) -> None:
        """Another shot at once."""
        self.lumas += shot
        self.joins += ["cut"] + ["motion"] * (len(shot) - 1)

    def dip(self, shot: Lumas, level: float, steps: int, rest: int) -> None:
        """Down to an even surface in so many steps, ``rest`` pictures of it, and up again."""
        end = len(self.lumas)
        for k in range(steps):
            at = end - steps + k
            self.lumas[at] = level + (self.lumas[at] - level) * (1 - (k + 1) / steps)
            self.joins[at] = "fade"
        self.lumas += [np.full_like(shot[0], level)] * rest
        self.joins += ["rest"] * rest
        for k, frame in enumerate(shot):
            share = min(1.0, (k + 1) / (steps + 1))
            self.lumas.append(level + (frame - level) * share)
            self.joins.append("fade" if k <= steps else "motion")

    def dissolve(self, shot: Lumas, steps: int) -> None:
        """Grow into another shot over so many pictures."""
        end = len(self.lumas)
        for k in range(steps):
            at, share = end - steps + k, (k + 1) / (steps + 1)
            self.lumas[at] = self.lumas[at] * (1 - share) + shot[k] * share
            self.joins[at] = "dissolve"
        self.lumas += shot[steps:]
        self.joins += ["dissolve"] + ["motion"] * (len(shot) - steps - 1)

    def flash(self, at: int, strengths: Sequence[float]) -> None:
        """Light up some pictures by so many codes."""
        for k, strength in enumerate(strengths):
            self.lumas[at + k] = self.lumas[at + k] + strength
            self.joins[at + k] = "flash"
        self.joins[at + len(strengths)] = "flash"


def pictures_of(
    lumas: Sequence[np.ndarray], pattern: Sequence[int]
) -> Iterator[tuple[np.ndarray, bool]]:
    """Each picture as often as the pattern says, round and round, and whether it repeats."""
    for i, luma in enumerate(lumas):
        for k in range(pattern[i % len(pattern)]):
            yield luma, k > 0
