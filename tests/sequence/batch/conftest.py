"""Tiny photos and a tiny recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from synth.shot.model import Shot


@pytest.fixture
def recipe() -> Shot:
    """Six frames of 160x120."""
    return Shot.from_dict(
        {
            "motion": {
                "camera": {
                    "type": "truck", "direction": "left", "intensity": 0.3, "duration": 0.5,
                }
            },
            "output": {"long_side": 160, "fps": "12"},
            "depth": {"method": "embedded"},
        }
    )  # fmt: skip


@pytest.fixture
def photos(tmp_path: Path) -> Callable[[int], Path]:
    """Makes a folder with so many different pictures."""

    def make(count: int) -> Path:
        folder = tmp_path / "photos"
        folder.mkdir()
        rng = np.random.default_rng(0)
        for number in range(count):
            rough = rng.integers(0, 255, (6, 8, 3), np.uint8)
            smooth = cv2.resize(rough, (160, 120), interpolation=cv2.INTER_CUBIC)
            Image.fromarray(smooth).save(folder / f"photo{number:02d}.png")
        return folder

    return make
