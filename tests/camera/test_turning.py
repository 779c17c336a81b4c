"""Rotation between keys: exact at them, continuous, without flips, and honest about its angles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from synth.camera.splines import Shapes
from synth.camera.turning import TurnSpline, angles_of, followed, nearest, over_the_top, rotations
from tests.camera.keyed import SMOOTH, shapes

CURVED = ("linear", *SMOOTH)
triples = st.tuples(st.integers(-89, 89), st.integers(-500, 500), st.integers(-300, 300))


def _turns(angles, kinds, *, gaps=None, long_way=None, closed=False, tcb=None) -> TurnSpline:
    angles = np.asarray(angles, dtype=float)
    count = len(angles) - 1
    none = np.full((count + 1, 3), np.nan)
    return TurnSpline.through(
        angles,
        np.asarray(gaps if gaps is not None else np.ones(count), dtype=float),
        [kinds] * count if isinstance(kinds, str) else kinds,
        np.asarray(long_way if long_way is not None else np.zeros(count), dtype=bool),
        closed,
        Shapes(np.zeros((count + 1, 3)) if tcb is None else np.asarray(tcb), none, none),
    )


def _along(turns: TurnSpline, fine: int) -> np.ndarray:
    """Angles at ``fine`` shares of every piece and at the last key."""
    count = len(turns.steps)
    piece = np.append(np.repeat(np.arange(count), fine), count - 1)
    share = np.append(np.tile(np.arange(fine) / fine, count), 1.0)
    return turns.at(piece, share, share)


def _between(angles: np.ndarray) -> np.ndarray:
    """Degrees from each sample to the next."""
    turned = rotations(angles)
    return np.degrees((turned[:-1].inv() * turned[1:]).magnitude())


@st.composite
def chains(draw, least: int = 2, most: int = 6):
    count = draw(st.integers(least, most))
    angles = draw(st.lists(triples, min_size=count, max_size=count))
    gaps = draw(st.lists(st.integers(1, 60), min_size=count - 1, max_size=count - 1))
    return np.array(angles, dtype=float), np.array(gaps, dtype=float)


def test_angles_turn_as_often_as_their_numbers_say() -> None:
    turns = _turns([[0, 0, 0], [10, 720, -90]], "angles")
    t = np.linspace(0.0, 1.0, 9)
    way = turns.at(np.zeros(9, dtype=np.intp), t, t)
    np.testing.assert_array_equal(way, np.outer(t, [10.0, 720.0, -90.0]))


@given(chains(most=2), st.floats(0.0, 1.0))
def test_linear_is_slerp(chain, share) -> None:
    angles, _ = chain
    keys = rotations(angles)
    wanted = Slerp([0.0, 1.0], keys)([share])
    if (keys[0].inv() * keys[1]).magnitude() > np.pi - 1e-5:
        return
    here = _turns(angles, "linear").at(np.array([0]), np.array([share]), np.array([share]))
    assert (rotations(here).inv() * wanted).magnitude()[0] < 1e-6


@pytest.mark.parametrize("kind", ["angles", "hold", *CURVED])
@given(chain=chains(), tcb=st.tuples(shapes, shapes, shapes))
@settings(max_examples=25)
def test_keys_are_met_with_their_own_angles(kind, chain, tcb) -> None:
    angles, gaps = chain
    turns = _turns(angles, kind, gaps=gaps, tcb=np.tile(tcb, (len(angles), 1)))
    met = _along(turns, 1)
    np.testing.assert_array_equal(met[0], angles[0])
    # Whole turns may have been added, or the other writing of the same rotation taken.
    offset = met - angles
    other = met - over_the_top(angles)
    same = np.all(offset % 360.0 == 0.0, axis=1) | np.all(other % 360.0 == 0.0, axis=1)
    assert np.all(same)
    if kind in ("angles", "hold"):
        np.testing.assert_array_equal(met, angles)


@pytest.mark.parametrize("kind", CURVED)
@given(chain=chains(least=3))
@settings(max_examples=25)
def test_nothing_flips(kind, chain) -> None:
    """The camera never turns faster than the turns of its keys warrant."""
    angles, gaps = chain
    fine = 64
    turns = _turns(angles, kind, gaps=gaps)
    total = np.degrees(np.linalg.norm(turns.steps, axis=1).sum())
    assert _between(_along(turns, fine)).max() <= 9.0 * total / fine + 1e-6


@given(chains(least=3), st.lists(st.tuples(shapes, shapes, shapes), min_size=6, max_size=6))
@settings(max_examples=25)
def test_not_even_the_wildest_shapes_and_longest_ways_flip(chain, tcb) -> None:
    angles, gaps = chain
    count = len(angles)
    turns = _turns(angles, "tcb", gaps=gaps, tcb=np.array(tcb[:count]), long_way=np.ones(count - 1))
    coarse, fine = (_between(_along(turns, n)).max() for n in (100, 400))
    # A continuous turn: four times as many samples, a quarter of the step (a flip stays as large).
    assert fine <= 0.3 * coarse + 1e-6 or coarse > 60.0
    assert fine < 60.0


@pytest.mark.parametrize("kind", CURVED)
@given(chain=chains(least=2))
@settings(max_examples=25)
def test_angles_run_on_without_jumps(kind, chain) -> None:
    angles, gaps = chain
    angles[:, 0] *= 0.3
    angles[:, 2] *= 0.05
    way = _along(_turns(angles, kind, gaps=gaps), 300)
    clear = np.abs(np.cos(np.radians(way[:, 0]))) > 0.3
    clear = clear[1:] & clear[:-1]
    # Away from the poles an angle moves no more than about three times as fast as the camera.
    assert np.all(np.abs(np.diff(way, axis=0)).max(axis=1)[clear] <= 5.0 * _between(way)[clear] + 1)


def test_angles_continue_when_the_way_leads_over_the_pole() -> None:
    turns = _turns([[60, 20, 0], [120, 20, 0]], "linear")
    t = np.linspace(0.0, 1.0, 61)
    way = turns.at(np.zeros(61, dtype=np.intp), t, t)
    np.testing.assert_allclose(way[:, 0], np.linspace(60.0, 120.0, 61), atol=1e-6)
    np.testing.assert_allclose(way[:, 1], 20.0, atol=1e-5)
    np.testing.assert_allclose(way[:, 2], 0.0, atol=1e-5)


def test_the_short_way_and_the_long_way() -> None:
    middle = np.array([0]), np.array([0.5]), np.array([0.5])
    for end, short, long in ((90.0, 45.0, -135.0), (270.0, -45.0, 135.0), (-90.0, -45.0, 135.0)):
        angles = [[0, 0, 0], [0, end, 0]]
        np.testing.assert_allclose(_turns(angles, "linear").at(*middle), [[0, short, 0]], atol=1e-9)
        np.testing.assert_allclose(
            _turns(angles, "linear", long_way=[True]).at(*middle), [[0, long, 0]], atol=1e-9
        )


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_half_a_turn_goes_the_way_of_its_angles(axis, side) -> None:
    angles = np.zeros((2, 3))
    angles[1, axis] = 180.0 * side
    turns = _turns(angles, "linear")
    quarter = turns.at(np.array([0]), np.array([0.25]), np.array([0.25]))
    wanted = np.zeros((1, 3))
    wanted[0, axis] = 45.0 * side
    np.testing.assert_allclose(quarter, wanted, atol=1e-6)


@pytest.mark.parametrize("kind", SMOOTH)
@given(chain=chains(least=3))
@settings(max_examples=20)
def test_smooth_turns_keep_their_angular_velocity_at_keys(kind, chain) -> None:
    angles, gaps = chain
    turns = _turns(angles, kind, gaps=gaps)
    step = 1e-5
    for key in range(1, len(angles) - 1):
        piece = np.array([key - 1, key, key])
        share = np.array([1.0 - step / gaps[key - 1], 0.0, step / gaps[key]])
        before, at, after = rotations(turns.at(piece, share, share))
        into = (before.inv() * at).as_rotvec() / step
        onto = (at.inv() * after).as_rotvec() / step
        np.testing.assert_allclose(into, onto, atol=5e-3)


@pytest.mark.parametrize("kind", CURVED)
@given(chain=chains(least=3))
@settings(max_examples=20)
def test_read_backwards_it_is_the_same_turn(kind, chain) -> None:
    angles, gaps = chain
    there = rotations(_along(_turns(angles, kind, gaps=gaps), 7))
    back = rotations(_along(_turns(angles[::-1], kind, gaps=gaps[::-1]), 7))[::-1]
    assert (there.inv() * back).magnitude().max() < 1e-5


@given(chains(least=3), triples)
@settings(max_examples=20)
def test_turning_the_world_turns_the_path(chain, turn) -> None:
    angles, gaps = chain
    world = rotations(np.array([turn], dtype=float))[0]
    turned = angles_of(world * rotations(angles))
    steps = _turns(angles, "linear").steps
    if np.linalg.norm(steps, axis=1).max() > np.pi - 1e-3:
        return
    plain = rotations(_along(_turns(angles, "smooth", gaps=gaps), 9))
    whole = rotations(_along(_turns(turned, "smooth", gaps=gaps), 9))
    assert (whole.inv() * (world * plain)).magnitude().max() < 1e-5


def test_a_lap_of_a_closed_path_counts_its_turns() -> None:
    angles = [[0, 0, 0], [0, 120, 0], [0, 240, 0], [0, 0, 0]]
    turns = _turns(angles, "smooth", closed=True)
    np.testing.assert_allclose(turns.lap, (0.0, 360.0, 0.0))
    way = _along(turns, 10)[:, 1]
    np.testing.assert_allclose(way, np.linspace(0.0, 360.0, 31), atol=1e-6)


def test_nearest_and_followed_keep_the_rotation() -> None:
    random = np.random.default_rng(5)
    angles = random.uniform((-90, -700, -700), (90, 700, 700), (200, 3))
    reference = random.uniform(-800, 800, (200, 3))
    for written in (nearest(angles, reference), followed(angles)):
        gap = rotations(angles).inv() * rotations(written)
        assert gap.magnitude().max() < 1e-9
    assert np.all(np.abs(np.diff(followed(angles), axis=0)) <= 180.0 + 1e-9)
    assert isinstance(rotations(angles), Rotation)
