"""Keys to go on editing with, from a path that was read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from synth.camera.formats import read_path
from synth.camera.formats.model import MAX_FILE_BYTES, FoundPath, ReadOptions
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.camera.sampling import keyed_path
from synth.camera.thin import keys_from_path
from synth.errors import InvalidInstruction, LimitExceeded

NEAR_UNITS: Final = 2e-3
"""Distance below which two cameras stand on the same place, scene units."""

NEAR_DEGREES: Final = 0.02
"""Angle below which two cameras look the same way."""

NEAR_LENS: Final = 1e-3
"""Relative difference below which two focal lengths are the same."""


def read_camera_file(path: Path, name: str, options: ReadOptions) -> FoundPath:
    """The camera path in a file, whose size is looked at before it is read.

    Raises ``LimitExceeded`` for a file that is too large, and as ``read_path`` does.
    """
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise LimitExceeded(
            f"The file is {size / 1e6:.1f} MB; the limit for a camera path is "
            f"{MAX_FILE_BYTES / 1e6:.0f} MB."
        )
    return read_path(path.read_bytes(), name, options)


def editable_keys(found: FoundPath) -> tuple[CameraKeys, tuple[str, ...]]:
    """Keys that make the frames of a path that was read, and what to say about them.

    Those of the file, where they do; a program may run between its keys in ways of its own, and
    then the frames that it wrote count, and keys are found for them.
    """
    if found.keys is None:
        return keys_from_path(found.path), ()
    if _same(found.keys, found.path):
        return found.keys, ()
    return keys_from_path(found.path), (
        "The file's own keyframes run differently from its frames; the keys here follow the "
        "frames.",
    )


def _same(keys: CameraKeys, path: CameraPath) -> bool:
    try:
        made = keyed_path(keys, fps=path.fps)
    except InvalidInstruction:
        return False
    if len(made) != len(path):
        return False
    apart = np.linalg.norm(made.positions - path.positions, axis=1).max()
    turned = np.degrees((made.rotations.inv() * path.rotations).magnitude()).max()
    lens = np.abs(made.focal_lengths / path.focal_lengths - 1.0).max()
    return bool(apart < NEAR_UNITS and turned < NEAR_DEGREES and lens < NEAR_LENS)
