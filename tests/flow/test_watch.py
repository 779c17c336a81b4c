from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from synth.flow.watch import Watcher
from synth.media.planes import Planes


@dataclass(frozen=True)
class _Frame:
    planes: Planes
    time: Fraction


def _world(seed: int, width: int = 320, height: int = 180) -> np.ndarray:
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width), np.float32)
    for scale in (8, 16, 40):
        noise = rng.uniform(0, 255, (height // scale + 2, width // scale + 2)).astype(np.float32)
        picture += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) / 3
    return picture.clip(0, 255).astype(np.uint8)


def _frames(lumas: list[np.ndarray], fps: int = 25) -> list[_Frame]:
    grey = np.full((90, 160), 128, np.uint8)
    return [_Frame(Planes(luma, grey, grey), Fraction(i, fps)) for i, luma in enumerate(lumas)]


def _panned(seed: int, count: int, step: int = 3) -> list[np.ndarray]:
    return [np.roll(_world(seed), step * i, axis=1) for i in range(count)]


def test_a_cut_between_two_moving_worlds_is_found_where_it_is() -> None:
    watcher = Watcher()
    frames = _frames(_panned(1, 20) + _panned(2, 20))
    anchors = list(watcher.anchors(frames))
    assert [a.number for a in anchors if a.join == "cut"] == [0, 20]
    assert watcher.counts.cuts == 1
    assert all(a.planes is f.planes for a, f in zip(anchors, frames, strict=True))
