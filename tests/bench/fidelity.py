"""Camera fidelity of every move, from the decoded MP4, on scenes with true depth."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synth.motion.catalogue import MOVE_TYPES
from synth.scene.cache import SceneCache
from synth.shot import Shot, render_shot
from tests.bench.examples import example

SCENES = ("lighthouse", "robot")
MOST_ROTATION = 0.1
"""Mean rotation error that counts as obeyed, degrees."""
MOST_SHARE = 0.01
"""Mean translation error that counts as obeyed, share of the path's length."""
MOST_UNITS = 0.02
"""The same in scene units, for paths shorter than two units."""


@dataclass(frozen=True)
class Obedience:
    """One move on one scene."""

    scene: str
    """Bundled example."""
    kind: str
    """Camera type."""
    rotation: float
    """Mean rotation error, degrees."""
    translation: float
    """Mean translation error, scene units."""
    length: float
    """Length of the asked path, scene units."""
    points: float
    """Landmarks followed, typically."""

    @property
    def passes(self) -> bool:
        """Whether both errors are within the limits."""
        near = self.translation <= MOST_UNITS
        if self.length >= 2.0:
            near = self.translation <= MOST_SHARE * self.length
        return self.rotation <= MOST_ROTATION and near


def measure(long_side: int = 1280, seconds: float = 2.5) -> list[Obedience]:
    """Render and measure every camera type on every scene: 60 frames of 24 a second each."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="motion-synth-bench-") as folder:
        for name in SCENES:
            photo, depth = example(name)
            scenes = SceneCache()
            for kind in MOVE_TYPES:
                shot = Shot.from_dict(
                    {
                        "motion": {"camera": {"type": kind, "intensity": 0.5, "duration": seconds}},
                        "output": {"long_side": long_side},
                    }
                )
                clip = Path(folder) / "clip.mp4"
                result = render_shot(shot, photo, clip, depth=depth, scenes=scenes)
                report = result.fidelity
                assert report is not None
                rows.append(
                    Obedience(
                        name,
                        kind,
                        report.mean_rotation_error,
                        report.mean_translation_error,
                        report.asked.length,
                        float(np.median(report.points)),
                    )
                )
    return rows
