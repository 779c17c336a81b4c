"""How the colours of each shot are made: matched to a reference, then its style, then its grade.

All of it comes after drawing, so that a change of colour draws nothing anew.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from synth.grade.lut import Lut, identity_cube
from synth.grade.match import match_planes
from synth.grade.running import RunningGrade, recipe_of, table_of
from synth.grade.settings import Adjustments, Grade
from synth.media.planes import ColourTags, Planes
from synth.sequence.project import Project, SequenceShot
from synth.sequence.shelf import Shelf

VERSION: Final = 1
"""To be raised when the same settings give other colours."""

SEEN: Final = 6
"""Pictures of a shot by which its colours are judged."""

_BAKED: Final = 65
"""Entries along the edge of the cube into which several layers go."""

Sampler = Callable[[str], Sequence[Planes]]
"""Gives ``SEEN`` pictures of a shot as it was drawn, evenly taken, by the shot's id."""


@dataclass(frozen=True)
class _Layer:
    grade: Grade
    lut: Lut | None


class ShotLook:
    """What happens to the colours of one shot. Safe to share between threads."""

    def __init__(self, key: str, layers: Callable[[], tuple[_Layer, ...]]) -> None:
        self.key = key
        """Stands for all that decides these colours."""
        self._find = layers
        self._layers: tuple[_Layer, ...] | None = None
        self._lock = threading.Lock()

    def start(self, height: int) -> RunningLook:
        """Begin to colour a run of pictures of this height; for one thread."""
        with self._lock:
            if self._layers is None:
                self._layers = _baked(self._find())
        return RunningLook(self._layers, height)


class RunningLook:
    """Colours the pictures of one shot, one after the other."""

    def __init__(self, layers: Sequence[_Layer], height: int) -> None:
        tags = ColourTags()
        self._grades = [RunningGrade(layer.grade, layer.lut, tags, height) for layer in layers]

    def apply(self, planes: Planes, time: Fraction) -> Planes:
        """A picture (BT.709, limited range) that is shown ``time`` seconds into its shot."""
        for grade in self._grades:
            planes = grade.apply(planes, time)
        return planes


def looks_of(
    project: Project, shelf: Shelf, keys: Mapping[str, str], sample: Sampler
) -> dict[str, ShotLook | None]:
    """The look of every shot, by id; None where nothing is asked for.

    Args:
        project: the project.
        shelf: where its LUTs lie.
        keys: what stands for each shot's drawn pictures, by id.
        sample: gives pictures of a shot; asked only once they are needed.

    Raises ``InvalidMedia`` or ``InvalidInstruction`` for a LUT that cannot be used.
    """
    return {shot.id: _look(project, shot, shelf, keys, sample) for shot in project.shots}


def _look(
    project: Project, shot: SequenceShot, shelf: Shelf, keys: Mapping[str, str], sample: Sampler
) -> ShotLook | None:
    match = project.match
    follows = (
        match is not None and match.strength > 0 and shot.matched and shot.id != match.reference
    )
    later: list[_Layer] = []
    if shot.style is not None and shot.style.strength > 0:
        style = Grade(look=shot.style.look, lut_strength=shot.style.strength)
        later.append(_Layer(style, table_of(style, None)))
    if shot.grade is not None or shot.lut is not None:
        grade = shot.grade or Grade()
        file = None if shot.lut is None else shelf.path(shot.lut)
        later.append(_Layer(grade, table_of(grade, file)))
    if not follows and not later:
        return None

    def layers() -> tuple[_Layer, ...]:
        if not follows:
            return tuple(later)
        assert match is not None
        lut = match_planes(sample(shot.id), sample(match.reference), strength=match.strength)
        return (_Layer(Grade(), lut), *later)

    said = {
        "version": VERSION,
        "style": None if shot.style is None else shot.style.model_dump(),
        "grade": None if shot.grade is None else shot.grade.to_dict(),
        "lut": None if shot.lut is None else shot.lut.sha256,
        "tables": [_stands_for(layer.lut) for layer in later],
        "match": [keys[shot.id], keys[match.reference], match.strength]
        if follows and match is not None
        else None,
    }
    text = json.dumps(said, sort_keys=True)
    return ShotLook(hashlib.sha256(text.encode()).hexdigest(), layers)


def _stands_for(lut: Lut | None) -> str | None:
    """A hash of what a table does: a bundled look keeps its name when its colours change."""
    if lut is None:
        return None
    digest = hashlib.sha256(
        repr((lut.curves_from, lut.curves_to, lut.cube_from, lut.cube_to)).encode()
    )
    for values in (lut.curves, lut.cube):
        digest.update(repr(values.shape).encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _baked(layers: tuple[_Layer, ...]) -> tuple[_Layer, ...]:
    """Fewer layers with the same colours: those that stand still become one cube."""
    kept: list[_Layer] = []
    still: list[_Layer] = []
    for layer in layers:
        made = layer.grade.adjustments
        if not layer.grade.keys and not made.sharpen and not made.grain:
            still.append(layer)
            continue
        kept += [*_merged(still), layer]
        still = []
    return (*kept, *_merged(still))


def _merged(layers: list[_Layer]) -> list[_Layer]:
    if len(layers) < 2:
        return layers
    cube = identity_cube(_BAKED)
    for layer in layers:
        made = recipe_of(layer.grade, layer.grade.adjustments, layer.lut)
        cube = np.clip(made.floats(cube), 0, 1).astype(np.float32)
    return [_Layer(Grade(adjustments=Adjustments()), Lut(cube=cube))]
