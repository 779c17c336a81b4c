"""Paths to write and read back, and how near two paths are; for the tests of every format."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from synth.camera.pose import CameraPath, CameraPose

GOLDEN = Path(__file__).parent / "golden"
"""Small files in every format, written by us."""

RATES = (Fraction(24), Fraction(25), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60))


def _numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False).map(lambda value: round(value, 6) + 0.0)


poses = st.builds(
    CameraPose,
    position=st.tuples(_numbers(-50, 50), _numbers(-50, 50), _numbers(-50, 50)),
    rotation=st.tuples(_numbers(-89, 89), _numbers(-180, 180), _numbers(-180, 180)),
    focal_length=_numbers(8, 300),
)

paths = st.builds(
    CameraPath,
    poses=st.lists(poses, min_size=1, max_size=9).map(tuple),
    fps=st.sampled_from(RATES),
)
"""Paths of one to nine unrelated poses, anywhere and looking anywhere."""


def one_lens(path: CameraPath) -> CameraPath:
    """The path with the first frame's lens throughout, for formats that have one or none."""
    lens = path[0].focal_length
    return CameraPath(tuple(CameraPose(p.position, p.rotation, lens) for p in path), path.fps)


def _move(**change: float) -> CameraPath:
    values = {"x": 0.0, "y": 0.0, "z": 10.0, "pitch": 0.0, "yaw": 0.0, "roll": 0.0} | change
    end = CameraPose(
        (values["x"], values["y"], values["z"]), (values["pitch"], values["yaw"], values["roll"])
    )
    return CameraPath((CameraPose(), end), Fraction(24))


MOVES = {
    "truck right": _move(x=2.0),
    "pedestal up": _move(y=2.0),
    "dolly in": _move(z=8.0),
    "pan left": _move(yaw=30.0),
    "tilt up": _move(pitch=30.0),
    "roll counter-clockwise": _move(roll=30.0),
}
"""Two frames each: the home camera (50 mm), then 2 units or 30 degrees further."""

S30, C30 = 0.5, math.sqrt(0.75)
"""Sine and cosine of those 30 degrees."""


def sample_path() -> CameraPath:
    """Five frames at 24 per second that use every channel; the path of the golden files."""
    return CameraPath(
        tuple(
            CameraPose(
                (0.5 * i, 0.25 * i, 10.0 - 0.75 * i), (2.0 * i, -5.0 * i, 1.5 * i), 50.0 + 2.5 * i
            )
            for i in range(5)
        ),
        Fraction(24),
    )


def assert_near(
    found: CameraPath,
    wanted: CameraPath,
    *,
    units: float = 1e-6,
    degrees: float = 1e-5,
    focal: float = 1e-6,
) -> None:
    """Same length and rate; places, directions (as rotations) and lenses within tolerances.

    Args:
        found: the path under test.
        wanted: what it should be.
        units: largest distance, scene units.
        degrees: largest angle between two directions.
        focal: largest relative difference of lenses.
    """
    assert len(found) == len(wanted)
    assert found.fps == wanted.fps
    assert np.abs(found.positions - wanted.positions).max() <= units
    turned = (found.rotations * wanted.rotations.inv()).magnitude()
    assert np.degrees(turned).max() <= degrees
    assert np.abs(found.focal_lengths / wanted.focal_lengths - 1.0).max() <= focal
