"""Clips and tables for the tests of the Grade & Quality tab, small and made in code."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synth.media import VideoWriter
from tests.ui.interpolating import SIZE, view


def make_flickering(path: Path, frames: int = 48, fps: int = 24) -> Path:
    """A clip that pans, whose light pulses by some percent in its second half."""
    with VideoWriter(path, width=SIZE[0], height=SIZE[1], fps=fps) as film:
        for number in range(frames):
            gain = 1.0 + (0.09 if number % 2 else -0.09) * (number >= frames // 2)
            film.write(np.clip(view(1.0 * number) * 0.7 * gain, 0, 255).astype(np.uint8))
    return path


def write_swap(path: Path) -> Path:
    """A .cube file that exchanges red and blue."""
    lines = ['TITLE "Swap"', "LUT_3D_SIZE 2"]
    lines += [f"{b} {g} {r}" for b in (0, 1) for g in (0, 1) for r in (0, 1)]
    path.write_text("\n".join(lines) + "\n")
    return path
