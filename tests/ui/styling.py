"""Styles and reference clips for the tests of the Style tab, small and made in code."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from safetensors.numpy import save_file

from synth.grade.looks import look_lut
from synth.media import VideoWriter
from synth.style.files import style_metadata
from synth.style.look import Look, save_look


def make_look(path: Path, name: str = "noir") -> Path:
    """A look whose colours are those of a built-in one."""
    save_look(Look(look_lut(name).cube, name=path.stem), path)
    return path


def make_lora(path: Path, base: str = "wan2.2-5b") -> Path:
    """A LoRA of rank 2 that nobody trained."""
    pair = {
        "m.lora_A.weight": np.ones((2, 3), np.float32),
        "m.lora_B.weight": np.ones((3, 2), np.float32),
    }
    save_file(pair, path, style_metadata(base=base, triggers=("in noir",), licence="MIT"))
    return path


def make_reference(path: Path, seed: int, frames: int = 24, *, colours: bool = False) -> Path:
    """Two seconds of a texture that pans, grey or coloured; each seed shows something else."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(20, 200, (14, 30, 3 if colours else 1), np.uint8)
    noise = noise if colours else noise.repeat(3, axis=2)
    wide = cv2.resize(noise, (300, 96), interpolation=cv2.INTER_CUBIC)
    with VideoWriter(path, width=160, height=96, fps=12) as film:
        for number in range(frames):
            film.write(np.ascontiguousarray(wide[:, 3 * number : 3 * number + 160], np.uint8))
    return path
