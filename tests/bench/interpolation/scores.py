"""How close a rebuilt picture comes, and the measured results of one clip."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.media.planes import Planes
from tests.bench.interpolation.clips import CACHE, Clip, Run, rgb_of
from tests.bench.interpolation.rivals import RIVALS, Rebuild

Grade: TypeAlias = Literal["fast", "quality"]
"""Our modes."""

BEST = 60.0
"""Decibel; what is even closer counts as this close."""


@dataclass(frozen=True)
class Score:
    """Means over the targets of one clip."""

    psnr: float
    """Of RGB, decibel."""
    ssim: float
    """Of brightness, 11x11 Gaussian window (Wang et al. 2004), 0 to 1."""
    box: float | None = None
    """PSNR within the still text, where there is some."""
    worst: int = 0
    """The target that came out worst, counted through all runs."""
    milliseconds: float = 0.0
    """Time per target on this machine while others work on it too; 0 where not taken."""
    doubt: float = 0.0
    """Mean doubt that the interpolator told of."""


def psnr(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> float:
    """Peak signal to noise, decibel."""
    wide = cv2.norm(one, two, cv2.NORM_L2) ** 2 / one.size
    return min(BEST, 10.0 * math.log10(255.0**2 / max(wide, 1e-9)))


def ssim(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> float:
    """Structural similarity of two RGB pictures' brightness."""
    a = cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(np.float32)
    b = cv2.cvtColor(two, cv2.COLOR_RGB2GRAY).astype(np.float32)

    def mean(values: NDArray) -> NDArray:
        return cv2.GaussianBlur(values, (11, 11), 1.5)

    mean_a, mean_b = mean(a), mean(b)
    wide_a = mean(a * a) - mean_a * mean_a
    wide_b = mean(b * b) - mean_b * mean_b
    both = mean(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    quality = ((2 * mean_a * mean_b + c1) * (2 * both + c2)) / (
        (mean_a**2 + mean_b**2 + c1) * (wide_a + wide_b + c2)
    )
    return float(quality[5:-5, 5:-5].mean())


def compare(clip: Clip, rebuilt: list[dict[int, Planes]], seconds: float, doubt: float) -> Score:
    """Means over all targets of a clip."""
    levels, likeness, boxes = [], [], []
    for run, pictures in zip(clip.runs, rebuilt, strict=True):
        for target in run.targets:
            truth, ours = rgb_of(run.frames[target]), rgb_of(pictures[target])
            levels.append(psnr(truth, ours))
            likeness.append(ssim(truth, ours))
            if clip.box:
                left, top, right, bottom = clip.box
                part = (slice(top, bottom), slice(left, right))
                boxes.append(psnr(truth[part].copy(), ours[part].copy()))
    return Score(
        float(np.mean(levels)),
        float(np.mean(likeness)),
        float(np.mean(boxes)) if boxes else None,
        int(np.argmin(levels)),
        1000.0 * seconds / len(levels),
        doubt,
    )


def score_of_rival(clip: Clip, name: str) -> Score:
    """What a rival reaches; kept on disk, since it does not change."""
    path = CACHE / "scores" / f"{clip.key}-{name}.json"
    if not path.exists():
        started = time.perf_counter()
        rebuilt = [RIVALS[name](run) for run in clip.runs]
        score = compare(clip, rebuilt, time.perf_counter() - started, 0.0)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(score.__dict__))
    return Score(**json.loads(path.read_text()))


class Ours:
    """Our interpolator as the benchmark sees it; one per clip and mode."""

    def __init__(self, mode: Grade, size: tuple[int, int]) -> None:
        """``mode`` is "fast" or "quality"; ``size`` is width and height."""
        from synth.flow.interpolate import FlowInterpolator

        self._inner = FlowInterpolator(mode, size)
        self.seconds = 0.0
        self.doubts: list[float] = []

    def rebuild(self, run: Run) -> dict[int, Planes]:
        """The pictures at a run's targets."""
        found = {}
        for target in run.targets:
            window = run.window(target)
            started = time.perf_counter()
            (made,) = self._inner.between(window, [0.5])
            self.seconds += time.perf_counter() - started
            self.doubts.append(made.doubt)
            found[target] = made.planes
        return found

    def close(self) -> None:
        """Let go of its threads."""
        self._inner.close()


def rebuilt_by(clip: Clip, name: str) -> list[dict[int, Planes]]:
    """The pictures of a rival, or of our mode "fast" or "quality"."""
    if name in RIVALS:
        rebuild: Rebuild = RIVALS[name]
        return [rebuild(run) for run in clip.runs]
    ours = Ours("fast" if name == "fast" else "quality", clip.size)
    try:
        return [ours.rebuild(run) for run in clip.runs]
    finally:
        ours.close()


def score_of_ours(clip: Clip, mode: Grade) -> Score:
    """What our mode "fast" or "quality" reaches now."""
    ours = Ours(mode, clip.size)
    try:
        rebuilt = [ours.rebuild(run) for run in clip.runs]
    finally:
        ours.close()
    return compare(clip, rebuilt, ours.seconds, float(np.mean(ours.doubts)))
