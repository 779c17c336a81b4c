"""Camera fidelity of every move, from the decoded MP4, on scenes with true depth."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synth.camera.keys import CameraKeys
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


KEYED = "10 keys, smooth, lens change"
"""Name of the keyed path among the camera types."""


def ten_keys(frames: int = 60) -> CameraKeys:
    """A winding path that uses every channel at once, within what a photo allows.

    Half a unit to either side, one in, a few degrees of every turn, and a lens a quarter longer;
    the keys are not evenly spaced.
    """
    half = math.pi / 2.0
    shares = [step / 9.0 + 0.02 * math.sin(14.0 * half * step / 9.0) for step in range(10)]
    keys = [
        {
            "frame": at * (frames - 1),
            "position": [
                0.5 * math.sin(4.0 * half * at),
                0.2 * math.sin(6.0 * half * at),
                10.0 - at + 0.1 * math.sin(8.0 * half * at),
            ],
            "rotation": [
                1.5 * math.sin(5.0 * half * at),
                2.5 * math.sin(3.4 * half * at),
                2.0 * math.sin(4.4 * half * at),
            ],
            "focal_length": 50.0 * (1.0 + 0.25 * math.sin(half * at) ** 2),
        }
        for at in shares
    ]
    return CameraKeys.from_dict(
        {
            "frames": frames,
            "keys": keys,
            "curve": "catmull_rom",
            "turn_curve": "catmull_rom",
            "lens_curve": "smooth",
        }
    )


@dataclass(frozen=True)
class Obedience:
    """One move on one scene."""

    scene: str
    """Bundled example."""
    kind: str
    """Camera type, or ``KEYED``."""
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
    """Every camera type and a keyed path on every scene: 60 frames of 24 a second each."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="motion-synth-bench-") as folder:
        for name in SCENES:
            photo, depth = example(name)
            scenes = SceneCache()
            shots = {
                kind: Shot.from_dict(
                    {
                        "motion": {"camera": {"type": kind, "intensity": 0.5, "duration": seconds}},
                        "output": {"long_side": long_side},
                    }
                )
                for kind in MOVE_TYPES
            }
            output = {"output": {"long_side": long_side}}
            shots[KEYED] = Shot.from_dict(output).with_trajectory(ten_keys(round(24 * seconds)))
            for kind, shot in shots.items():
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
