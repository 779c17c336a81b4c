"""Curves through numbers: against textbook formulas, and what each kind promises."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from synth.camera.splines import Shapes, Spline
from tests.camera.keyed import SMOOTH


def _shapes(rows: int, width: int = 3, tcb=(0.0, 0.0, 0.0)) -> Shapes:
    none = np.full((rows, width), np.nan)
    return Shapes(np.tile(np.array(tcb), (rows, 1)), none, none.copy())


def _spline(points, times, kinds, closed=False, shapes=None) -> Spline:
    points = np.atleast_2d(np.asarray(points, dtype=float))
    lengths = np.diff(np.asarray(times, dtype=float))
    kinds = [kinds] * len(lengths) if isinstance(kinds, str) else kinds
    return Spline.through(points, lengths, kinds, closed, shapes or _shapes(*points.shape))


def _at(spline: Spline, times, when) -> np.ndarray:
    times, when = np.asarray(times, dtype=float), np.atleast_1d(np.asarray(when, dtype=float))
    piece = np.clip(np.searchsorted(times, when, side="right") - 1, 0, len(times) - 2)
    share = np.clip((when - times[piece]) / np.diff(times)[piece], 0.0, 1.0)
    return spline.at(piece, share, share)


numbers = st.integers(-300, 300).map(lambda n: n / 50)


@st.composite
def tracks(draw, least: int = 2, most: int = 7):
    count = draw(st.integers(least, most))
    points = draw(st.lists(st.tuples(numbers, numbers), min_size=count, max_size=count))
    gaps = draw(st.lists(st.integers(1, 60), min_size=count - 1, max_size=count - 1))
    return np.array(points), np.concatenate([[0.0], np.cumsum(gaps)])


@given(tracks(least=3))
def test_smooth_is_scipys_pchip(track) -> None:
    points, times = track
    when = np.linspace(0.0, times[-1], 57)
    wanted = PchipInterpolator(times, points)(when)
    np.testing.assert_allclose(
        _at(_spline(points, times, "smooth"), times, when), wanted, atol=1e-9
    )


@given(tracks())
def test_smooth_never_leaves_the_span_of_its_two_keys(track) -> None:
    points, times = track
    spline = _spline(points, times, "smooth")
    for index in range(len(times) - 1):
        way = _at(spline, times, np.linspace(times[index], times[index + 1], 40))
        low, high = np.sort(points[index : index + 2], axis=0)
        assert np.all(way >= low - 1e-9)
        assert np.all(way <= high + 1e-9)


def _pyramid(four: np.ndarray, share: float) -> np.ndarray:
    """The recursion of the paper over four points, at a share of the middle piece's knots."""
    p0, p1, p2, p3 = four
    t0 = 0.0
    t1 = t0 + np.linalg.norm(p1 - p0) ** 0.5
    t2 = t1 + np.linalg.norm(p2 - p1) ** 0.5
    t3 = t2 + np.linalg.norm(p3 - p2) ** 0.5
    t = t1 + share * (t2 - t1)
    a1 = (t1 - t) / (t1 - t0) * p0 + (t - t0) / (t1 - t0) * p1
    a2 = (t2 - t) / (t2 - t1) * p1 + (t - t1) / (t2 - t1) * p2
    a3 = (t3 - t) / (t3 - t2) * p2 + (t - t2) / (t3 - t2) * p3
    b1 = (t2 - t) / (t2 - t0) * a1 + (t - t0) / (t2 - t0) * a2
    b2 = (t3 - t) / (t3 - t1) * a2 + (t - t1) / (t3 - t1) * a3
    return (t2 - t) / (t2 - t1) * b1 + (t - t1) / (t2 - t1) * b2


def test_catmull_rom_is_the_pyramid_of_barry_and_goldman_over_centripetal_knots() -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.2], [1.5, 3.0], [-2.0, 3.5], [-2.5, 0.0]])
    times = np.array([0.0, 30.0, 40.0, 100.0, 120.0])
    spline = _spline(points, times, "catmull_rom")
    knots = np.concatenate(
        [[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1) ** 0.5)]
    )
    pace = PchipInterpolator(times, knots)
    for index in (1, 2):
        for when in np.linspace(times[index], times[index + 1], 13):
            share = (pace(when) - knots[index]) / (knots[index + 1] - knots[index])
            wanted = _pyramid(points[index - 1 : index + 3], float(share))
            np.testing.assert_allclose(_at(spline, times, when)[0], wanted, atol=1e-9)


def test_kochanek_bartels_by_hand() -> None:
    # One number, evenly timed: 0, 1, 4. With all at 0 the middle tangent is (1 + 3) / 2 = 2.
    points, times = [[0.0], [1.0], [4.0]], [0.0, 10.0, 20.0]

    def ends(t: float, c: float, b: float) -> tuple[float, float]:
        tangents = _spline(points, times, "tcb", shapes=_shapes(3, 1, (t, c, b))).tangents
        return float(tangents.arriving[0, 0]), float(tangents.leaving[1, 0])

    assert ends(0, 0, 0) == pytest.approx((2.0, 2.0))
    assert ends(1, 0, 0) == pytest.approx((0.0, 0.0))
    assert ends(-1, 0, 0) == pytest.approx((4.0, 4.0))
    assert ends(0, 0, 1) == pytest.approx((1.0, 1.0))
    assert ends(0, 0, -1) == pytest.approx((3.0, 3.0))
    # Continuity -1 makes a corner of straight pieces: each side leaves along its own step.
    assert ends(0, -1, 0) == pytest.approx((1.0, 3.0))


def test_bezier_handles_are_those_of_de_casteljau() -> None:
    start, end = np.array([0.0, 0.0, 0.0]), np.array([3.0, 1.0, 0.0])
    out, into = np.array([1.0, 2.0, 0.5]), np.array([-0.5, 1.5, 0.0])
    shapes = _shapes(2)
    shapes.handles_out[0], shapes.handles_in[1] = out, into
    spline = _spline([start, end], [0.0, 8.0], "bezier", shapes=shapes)
    for u in np.linspace(0.0, 1.0, 9):
        level = [start, start + out, end + into, end]
        while len(level) > 1:
            level = [a + (b - a) * u for a, b in pairwise(level)]
        np.testing.assert_allclose(_at(spline, [0.0, 8.0], 8.0 * u)[0], level[0], atol=1e-12)


def test_a_handle_alone_is_mirrored_at_even_velocity() -> None:
    shapes = _shapes(3)
    shapes.handles_out[1] = (1.0, 1.0, 0.0)
    times = [0.0, 20.0, 30.0]
    spline = _spline([[0, 0, 0], [2, 0, 0], [3, 3, 0]], times, "bezier", shapes=shapes)
    # A third of 10 frames by (1, 1, 0): 0.3 units a frame, on both sides.
    np.testing.assert_allclose(spline.tangents.leaving[1] / 10.0, (0.3, 0.3, 0.0))
    np.testing.assert_allclose(spline.tangents.arriving[0] / 20.0, (0.3, 0.3, 0.0))


@pytest.mark.parametrize("kind", SMOOTH)
@given(track=tracks(least=3))
@settings(max_examples=25)
def test_smooth_curves_keep_their_velocity_at_keys(kind, track) -> None:
    points, times = track
    spline = _spline(points, times, kind)
    step = 1e-5
    for when, here in zip(times[1:-1], points[1:-1], strict=True):
        before = (here - _at(spline, times, when - step)[0]) / step
        after = (_at(spline, times, when + step)[0] - here) / step
        np.testing.assert_allclose(before, after, atol=2e-3)


@pytest.mark.parametrize("kind", SMOOTH)
@given(track=tracks(least=3))
@settings(max_examples=25)
def test_closed_curves_keep_their_velocity_across_the_seam(kind, track) -> None:
    points, times = track
    points[-1] = points[0]
    spline = _spline(points, times, kind, closed=True)
    step = 1e-5
    before = (points[-1] - _at(spline, times, times[-1] - step)[0]) / step
    after = (_at(spline, times, step)[0] - points[0]) / step
    np.testing.assert_allclose(before, after, atol=2e-3)


@pytest.mark.parametrize("kind", ["linear", *SMOOTH])
def test_two_keys_alone_are_a_straight_way_at_even_speed(kind) -> None:
    spline = _spline([[0.0, 0.0], [3.0, -1.0]], [0.0, 50.0], kind)
    shares = np.linspace(0.0, 1.0, 11)
    way = _at(spline, [0.0, 50.0], 50.0 * shares)
    np.testing.assert_allclose(way, shares[:, None] * (3.0, -1.0), atol=1e-12)


@pytest.mark.parametrize("kind", SMOOTH)
def test_a_hold_cuts_the_curve_in_two(kind) -> None:
    times = [0.0, 10.0, 20.0, 30.0, 40.0]
    kinds = [kind, kind, "hold", kind]
    one = _spline([[0.0], [1.0], [3.0], [50.0], [60.0]], times, kinds)
    two = _spline([[0.0], [1.0], [3.0], [-9.0], [7.0]], times, kinds)
    alone = _spline([[0.0], [1.0], [3.0]], times[:3], kind)
    when = np.linspace(0.0, 19.9, 30)
    np.testing.assert_array_equal(_at(one, times, when), _at(two, times, when))
    np.testing.assert_allclose(_at(one, times, when), _at(alone, times[:3], when), atol=1e-12)
    assert _at(one, times, [20.0, 25.0, 29.999, 30.0])[:, 0] == pytest.approx([3, 3, 3, 50])


@pytest.mark.parametrize("kind", ["linear", *SMOOTH])
@given(track=tracks())
@settings(max_examples=20)
def test_speed_is_the_derivative(kind, track) -> None:
    points, times = track
    spline = _spline(points, times, kind)
    share = np.tile(np.linspace(0.1, 0.9, 5), len(times) - 1)
    piece = np.repeat(np.arange(len(times) - 1), 5)
    step = 1e-6
    ahead = spline.at(piece, share + step, share + step)
    behind = spline.at(piece, share - step, share - step)
    wanted = np.linalg.norm(ahead - behind, axis=1) / (2.0 * step)
    np.testing.assert_allclose(spline.speed(piece, share), wanted, atol=1e-5)


@pytest.mark.parametrize("kind", SMOOTH)
def test_keys_that_nearly_coincide_do_no_harm(kind) -> None:
    times = np.array([0.0, 5e-324, 10.0, 10.0 + 2e-15, 20.0])
    points = np.array([[0.0, 0.0], [1e4, 0.0], [-1e4, 0.0], [-1e4, 1e-300], [1.0, 1.0]])
    spline = _spline(points, times, kind)
    way = _at(spline, times, np.linspace(0.0, 20.0, 300))
    assert np.all(np.isfinite(way))
    assert np.abs(way).max() < 1e5
    np.testing.assert_array_equal(_at(spline, times, times), points)
