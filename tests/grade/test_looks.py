"""The bundled looks: complete, smooth, and what their names promise."""

from __future__ import annotations

import numpy as np
import pytest

from assets.make_looks import DESIGNS, FOLDER
from synth.errors import InvalidInstruction
from synth.grade.looks import look_lut, looks
from synth.grade.lut import identity_cube

NAMES = [look.name for look in looks()]
RAMP = np.repeat(np.linspace(0, 1, 65)[:, None], 3, axis=1)
SKIN = np.array([[0.78, 0.6, 0.5]])
"""A lit face, encoded."""


def test_every_look_has_its_file_and_its_design() -> None:
    assert 8 <= len(NAMES) == len(set(NAMES))
    assert sorted(path.stem for path in FOLDER.glob("*.cube")) == sorted(NAMES)
    assert sorted(DESIGNS) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_the_design(name: str) -> None:
    cube = look_lut(name).cube
    assert cube.shape == (33, 33, 33, 3)
    designed = np.clip(DESIGNS[name](identity_cube(33)), 0, 1)
    assert np.abs(cube - designed).max() < 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_greys_rise_and_nothing_tears(name: str) -> None:
    grey = look_lut(name).apply(RAMP)
    luma = grey @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luma) > -1e-4).all()
    assert luma[-1] - luma[0] > 0.5
    # Neighbours in the cube stay neighbours: no band can show.
    cube = look_lut(name).cube
    steps = max(np.abs(np.diff(cube, axis=axis)).max() for axis in range(3))
    assert steps < 0.25


def test_they_do_what_they_say() -> None:
    def seen(name: str, colour: np.ndarray = SKIN) -> np.ndarray:
        return look_lut(name).apply(colour)[0]

    grey = np.full((1, 3), 0.6)
    assert (
        np.ptp(look_lut("noir").apply(np.random.default_rng(0).random((50, 3))), axis=1).max()
        < 1e-3
    )
    for warm in ("warm_film", "golden_hour"):
        assert seen(warm, grey)[0] > seen(warm, grey)[2] + 0.02
    for cold in ("cold_steel", "day_for_night"):
        assert seen(cold, grey)[2] > seen(cold, grey)[0] + 0.02
    assert seen("day_for_night").mean() < 0.6 * SKIN.mean()
    assert seen("faded_print", np.zeros((1, 3))).min() > 0.06
    dark = np.full((1, 3), 0.2)
    assert seen("teal_orange", dark)[2] > seen("teal_orange", dark)[0] + 0.02
    assert np.ptp(seen("bleach_bypass")) < 0.7 * np.ptp(SKIN)
    assert abs(np.ptp(seen("clean_contrast", grey))) < 2e-3


def test_a_name_that_is_not_there_is_told() -> None:
    with pytest.raises(InvalidInstruction, match=r"no look 'sepia'.*noir"):
        look_lut("sepia")
