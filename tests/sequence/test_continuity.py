"""Looks of shots: what is asked for is done, in its order, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from synth.errors import InvalidMedia
from synth.grade.grade import grade_picture
from synth.grade.settings import Grade
from synth.media.planes import Planes, planes_from_rgb, to_rgb
from synth.sequence.continuity import ShotLook, looks_of
from synth.sequence.project import ColourMatch, MediaRef, Project, SequenceShot, Style
from synth.sequence.shelf import Shelf


def _picture(seed: int, gain: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    small = rng.uniform(30, 200, (9, 16, 3))
    rgb = np.kron(small, np.ones((10, 10, 1)))
    return np.clip(rgb * gain, 0, 255).astype(np.uint8)


def _shot(id: str, **fields: object) -> SequenceShot:
    return SequenceShot.model_validate({"id": id, "media": MediaRef(sha256="0" * 64), **fields})


def _no_sample(_: str) -> Sequence[Planes]:
    raise AssertionError("nobody needs to look at the shot")


def _looks(project: Project, tmp_path: Path, **keys: str) -> dict[str, ShotLook | None]:
    keys = {shot.id: keys.get(shot.id, shot.id) for shot in project.shots}
    return looks_of(project, Shelf(tmp_path / "shelf"), keys, _no_sample)


def test_nothing_asked_for_is_no_look(tmp_path: Path) -> None:
    project = Project(shots=(_shot("a"), _shot("b")))
    assert _looks(project, tmp_path) == {"a": None, "b": None}


def test_a_grade_is_that_of_the_grade_tab(tmp_path: Path) -> None:
    grade = Grade.from_values({"adjustments": {"exposure": 0.5, "saturation": 1.4}})
    look = _looks(Project(shots=(_shot("a", grade=grade),)), tmp_path)["a"]
    assert look is not None
    rgb = _picture(1)
    done = to_rgb(look.start(90).apply(planes_from_rgb(rgb), Fraction(0)))
    wanted = grade_picture(to_rgb(planes_from_rgb(rgb)), grade)
    # 4:2:0 halves the colours' resolution at the blocks' borders; brightness is all there.
    assert np.abs(done.astype(float) - wanted).mean() < 1.5
    assert np.abs(done.astype(float) - rgb).mean() > 10


def test_style_comes_before_the_grade_and_both_become_one_table(tmp_path: Path) -> None:
    grade = Grade.from_values({"adjustments": {"exposure": 1.0}})
    shot = _shot("a", style=Style(look="day_for_night", strength=0.9), grade=grade)
    look = _looks(Project(shots=(shot,)), tmp_path)["a"]
    assert look is not None
    rgb = to_rgb(planes_from_rgb(_picture(2)))
    one = grade_picture(rgb, Grade(look="day_for_night", lut_strength=0.9))
    wanted = grade_picture(one, grade)
    swapped = grade_picture(
        grade_picture(rgb, grade), Grade(look="day_for_night", lut_strength=0.9)
    )
    done = to_rgb(look.start(90).apply(planes_from_rgb(rgb), Fraction(0)))
    off = np.abs(done.astype(float) - wanted).mean()
    assert off < 2.5
    assert np.abs(done.astype(float) - swapped).mean() > 2 * off


def test_shots_follow_the_reference_and_only_those_that_shall(tmp_path: Path) -> None:
    shots = (_shot("a"), _shot("b"), _shot("c", matched=False))
    project = Project(shots=shots, match=ColourMatch(reference="a", strength=1.0))
    pictures = {
        "a": [planes_from_rgb(_picture(3))],
        "b": [planes_from_rgb(_picture(3, (0.7, 0.9, 1.15)))],
    }
    found = looks_of(project, Shelf(tmp_path), {"a": "1", "b": "2", "c": "3"}, pictures.__getitem__)
    assert found["a"] is None
    assert found["c"] is None
    look = found["b"]
    assert look is not None
    done = to_rgb(look.start(90).apply(pictures["b"][0], Fraction(0))).astype(float)
    reference, before = (to_rgb(pictures[name][0]).astype(float) for name in "ab")
    assert np.abs(done - reference).mean() < 0.35 * np.abs(before - reference).mean()


def test_keys_tell_apart_what_looks_different(tmp_path: Path) -> None:
    bright = Grade.from_values({"adjustments": {"exposure": 0.5}})
    plain = Project(shots=(_shot("a"), _shot("b", grade=bright)))
    matched = plain.changed(match=ColourMatch(reference="a", strength=0.5))

    def key(project: Project, **keys: str) -> str:
        look = _looks(project, tmp_path, **keys)["b"]
        assert look is not None
        return look.key

    assert key(plain) == key(plain, a="another", b="shot")
    assert key(matched) != key(plain)
    assert key(matched) != key(matched, a="drawn anew")
    stronger = matched.changed(match=ColourMatch(reference="a", strength=0.6))
    assert key(stronger) != key(matched)


def test_a_missing_lut_says_so(tmp_path: Path) -> None:
    lut = MediaRef(sha256="1" * 64, name="warm.cube", kind="lut")
    with pytest.raises(InvalidMedia, match=r"warm\.cube.*missing"):
        _looks(Project(shots=(_shot("a", lut=lut),)), tmp_path)
