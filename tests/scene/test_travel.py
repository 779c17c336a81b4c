"""Where a camera goes, and what it therefore uncovers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from synth.scene.edges import find_steps
from synth.scene.travel import STEP, STILL, Travel, uncovered

FOCAL, SIZE = 300.0, 200
CENTRE = (SIZE / 2 - 0.5, SIZE / 2 - 0.5)


def bared_by(travel: Travel, depth: NDArray[np.float32]) -> NDArray[np.bool_]:
    return uncovered(depth, find_steps(depth, 0.01), travel, FOCAL, CENTRE, 100.0)


def square(left: int = 80, right: int = 120) -> NDArray[np.float32]:
    depth = np.full((SIZE, SIZE), 0.05, np.float32)
    depth[80:120, left:right] = 0.15
    return depth


def test_a_camera_going_right_looks_behind_right_edges_alone() -> None:
    # Going 0.5 units right pushes the square 300 * 0.5 * 0.1 = 15 pixels to the left.
    bared = bared_by(Travel(((0.5, 0.0, 0.0),)), square())
    rows, columns = np.nonzero(bared)
    assert columns.min() == pytest.approx(105, abs=2)
    assert columns.max() == 119
    assert rows.min() == 80
    assert rows.max() == 119


def test_a_camera_going_up_looks_behind_upper_edges_alone() -> None:
    rows, _ = np.nonzero(bared_by(Travel(((0.0, 0.5, 0.0),)), square()))
    assert rows.min() == 80
    assert rows.max() == pytest.approx(94, abs=2)


def test_going_in_uncovers_what_lies_towards_the_centre() -> None:
    columns = np.nonzero(bared_by(Travel(((0.0, 0.0, 1.0),)), square(140, 180)))[1]
    assert len(columns)
    assert columns.max() < 150
    assert not bared_by(Travel(((0.0, 0.0, 1.0),)), square()).any()


def test_a_thin_thing_is_uncovered_whole() -> None:
    thin = square(98, 104)
    bared = bared_by(Travel(((0.5, 0.0, 0.0),)), thin)
    assert bared[82:118, 98:104].all()


def test_a_still_camera_uncovers_nothing() -> None:
    assert not bared_by(Travel.between([]), square()).any()
    assert not bared_by(Travel.between([(STILL / 2, 0.0, -STILL / 2)]), square()).any()


@given(st.lists(st.tuples(*(st.floats(-3, 3),) * 3), min_size=1, max_size=6))
def test_the_box_holds_every_place(places: list[tuple[float, float, float]]) -> None:
    corners = np.array(Travel.between(places).offsets)
    for place in places:
        assert (corners.min(axis=0) <= np.array(place) + STILL).all()
        assert (corners.max(axis=0) >= np.array(place) - STILL).all()
    assert np.allclose(corners / STEP, np.round(corners / STEP))


def test_similar_moves_share_their_travel() -> None:
    assert Travel.between([(0.5, 0.0, 0.0)]) == Travel.between([(0.7, 0.01, 0.0), (0.2, 0.0, 0.0)])
    assert Travel.between([(0.5, 0.0, 0.0)]) != Travel.between([(-0.5, 0.0, 0.0)])


def test_anywhere_uncovers_all_around() -> None:
    bared = bared_by(Travel.anywhere(0.2), square())
    assert bared[80:120, 80].all()
    assert bared[80:120, 119].all()
    assert bared[80, 80:120].all()
    assert bared[119, 80:120].all()
