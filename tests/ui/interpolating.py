"""Clips and pictures for the tests of the Interpolate tab, small and made in code."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from synth.media import VideoWriter

SIZE = (160, 90)
"""Width and height, pixels."""


def view(shift: float, seed: int = 3) -> np.ndarray:
    """A texture seen ``shift`` pixels further to the right, uint8 RGB."""
    width, height = SIZE
    noise = np.random.default_rng(seed).integers(0, 255, (height // 6, width // 3, 3), np.uint8)
    wide = cv2.resize(noise, (width * 2, height), interpolation=cv2.INTER_CUBIC)
    move = np.array([[1.0, 0.0, -shift], [0.0, 1.0, 0.0]])
    return np.asarray(cv2.warpAffine(wide, move, SIZE, flags=cv2.INTER_LINEAR), np.uint8)


def make_clip(path: Path, frames: int = 24, fps: int = 12, cut: int | None = None) -> Path:
    """A clip that pans two pixels a frame; from frame ``cut`` on it shows something else."""
    with VideoWriter(path, width=SIZE[0], height=SIZE[1], fps=fps) as film:
        for number in range(frames):
            film.write(view(2.0 * number, 3 if cut is None or number < cut else 8))
    return path


def make_pair(folder: Path) -> tuple[Path, Path]:
    """Two pictures of the same texture, six pixels apart."""
    paths = folder / "first.png", folder / "last.png"
    for path, shift in zip(paths, (0.0, 6.0), strict=True):
        Image.fromarray(view(shift)).save(path)
    return paths
