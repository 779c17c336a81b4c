"""The floating-point chain: each control does what its name says, in the documented order."""

from __future__ import annotations

from typing import Any

import numpy as np
import PyOpenColorIO as ocio
import pytest

from synth.grade.chain import Chain, adjustments_at
from synth.grade.light import GREY, LUMA
from synth.grade.settings import Adjustments, Grade

RAMP = np.repeat(np.linspace(0, 1, 101)[:, None], 3, axis=1)
COLOURS = np.random.default_rng(0).uniform(0, 1, (500, 3))


def _graded(rgb: np.ndarray, **values: Any) -> np.ndarray:
    return Chain(Adjustments.from_values(values)).apply(rgb)


def _saturation(rgb: np.ndarray) -> np.ndarray:
    return np.ptp(rgb, axis=-1)


def test_at_rest_nothing_changes() -> None:
    chain = Chain(Adjustments(sharpen=1.0, grain=1.0))
    assert chain.at_rest
    assert np.array_equal(chain.apply(COLOURS), COLOURS.astype(np.float32))


def test_cdl_is_that_of_the_asc() -> None:
    """Against OpenColorIO's, which follows version 1.2, with limits and saturation."""
    slope, offset, power, saturation = (1.2, 0.9, 1.05), (0.05, -0.04, 0.0), (1.1, 0.8, 1.4), 0.7
    transform = ocio.CDLTransform(
        slope=list(slope), offset=list(offset), power=list(power), sat=saturation
    )
    transform.setStyle(ocio.CDL_ASC)
    processor = ocio.Config.CreateRaw().getProcessor(transform)
    expected = np.ascontiguousarray(COLOURS, np.float32)
    exact = processor.getOptimizedCPUProcessor(ocio.OPTIMIZATION_NONE)
    exact.applyRGB(expected)
    got = _graded(COLOURS, slope=slope, offset=offset, power=power, saturation=saturation)
    assert np.abs(np.clip(got, 0, 1) - expected).max() < 2e-5


def test_exposure_counts_in_stops_of_light() -> None:
    light = np.full((1, 3), 0.1)
    got = _graded(light ** (1 / 2.4), exposure=2.0)
    assert got**2.4 == pytest.approx(light * 4, rel=1e-5)


def test_contrast_turns_around_middle_grey() -> None:
    assert _graded(np.full((1, 3), GREY), contrast=1.7) == pytest.approx(np.full((1, 3), GREY))
    got = _graded(RAMP, contrast=1.5)[:, 0]
    assert np.diff(got) == pytest.approx(np.full(100, 0.015), abs=1e-6)


def test_brightness_adds() -> None:
    assert _graded(RAMP, brightness=0.1) == pytest.approx(RAMP + 0.1, abs=1e-6)


def test_saturation_keeps_brightness_and_hue() -> None:
    for saturation in (0.0, 0.5, 1.6):
        got = _graded(COLOURS, saturation=saturation)
        assert got @ np.array(LUMA) == pytest.approx(COLOURS @ np.array(LUMA), abs=1e-5)
        assert _saturation(got) == pytest.approx(_saturation(COLOURS) * saturation, abs=1e-5)


def test_lift_gamma_and_gain_have_their_own_ends() -> None:
    lift = _graded(RAMP, lift=[0.1] * 3)[:, 0]
    assert (lift[0], lift[-1]) == pytest.approx((0.1, 1.0))
    gain = _graded(RAMP, gain=[0.8] * 3)[:, 0]
    assert (gain[0], gain[-1]) == pytest.approx((0.0, 0.8))
    gamma = _graded(RAMP, gamma=[1.5] * 3)[:, 0]
    assert (gamma[0], gamma[-1]) == pytest.approx((0.0, 1.0))
    assert (gamma[1:-1] > RAMP[1:-1, 0]).all()


@pytest.mark.parametrize("shadows", [-1.0, -0.4, 0.0, 1.0])
@pytest.mark.parametrize("highlights", [-1.0, 0.0, 0.4, 1.0])
def test_shadows_and_highlights_never_turn_tones_over(shadows: float, highlights: float) -> None:
    got = _graded(RAMP, shadows=shadows, highlights=highlights)[:, 0]
    assert (np.diff(got) > 0).all()
    assert (got[0], got[-1]) == pytest.approx((0, 1), abs=1e-6)
    quarter, three = got[25] - 0.25, got[75] - 0.75
    if not highlights:
        assert np.sign(quarter) == np.sign(shadows)
        assert abs(three) <= abs(quarter) / 2
    if not shadows:
        assert np.sign(three) == np.sign(highlights)
        assert abs(quarter) <= abs(three) / 2


def test_curves_go_through_their_points_and_rise_between() -> None:
    points = [[0, 0.05], [0.25, 0.2], [0.5, 0.6], [0.75, 0.6], [1, 0.95]]
    got = _graded(RAMP, curve=points)[:, 0]
    for x, y in points:
        assert got[round(x * 100)] == pytest.approx(y, abs=1e-6)
    assert (np.diff(got) > -1e-7).all()
    red = _graded(RAMP, red_curve=[[0.2, 0], [0.8, 1]])
    assert np.array_equal(red[:, 1], RAMP[:, 1].astype(np.float32))
    # Level beyond its ends.
    assert red[10, 0] == pytest.approx(0)
    assert red[90, 0] == pytest.approx(1)


def test_vibrance_reaches_what_has_little_colour() -> None:
    pale, strong = np.array([[0.5, 0.45, 0.45]]), np.array([[0.95, 0.05, 0.05]])
    gains = [
        (_saturation(_graded(colour, vibrance=0.8)) / _saturation(colour)).item()
        for colour in (pale, strong)
    ]
    assert gains[0] > 1.6
    assert gains[1] < 1.05
    assert _graded(RAMP, vibrance=1.0) == pytest.approx(RAMP, abs=1e-6)


def test_a_hue_is_changed_alone() -> None:
    wheel = np.eye(6)[:, :3] * 0
    wheel[:] = [[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1]]
    wheel = wheel * 0.6 + 0.2
    for index in range(6):
        shares = [1.0] * 6
        shares[index] = 0.25
        got = _saturation(_graded(wheel, hues=shares)) / 0.6
        expected = np.ones(6)
        expected[index] = 0.25
        assert got == pytest.approx(expected, abs=1e-5)


def test_hues_blend_smoothly_into_each_other() -> None:
    angle = np.linspace(0, 2 * np.pi, 721)
    offsets = np.array([0, -2 * np.pi / 3, 2 * np.pi / 3])
    circle = 0.5 + 0.3 * np.cos(angle[:, None] + offsets)
    got = _graded(circle, hues=[0.2, 1.8, 0.5, 1.5, 1.0, 2.0])
    assert np.abs(np.diff(got, axis=0)).max() < 0.02


def test_balance_comes_before_exposure_before_curves() -> None:
    """The documented order: a curve sees the exposed picture."""
    curve = [[0, 0], [0.5, 0.8], [1, 1]]
    whole = _graded(COLOURS, temperature=700.0, exposure=0.5, contrast=1.2, curve=curve)
    steps = _graded(COLOURS, temperature=700.0, exposure=0.5)
    steps = _graded(_graded(steps, contrast=1.2), curve=curve)
    assert whole == pytest.approx(steps, abs=1e-5)
    swapped = _graded(_graded(COLOURS, curve=curve), temperature=700.0, exposure=0.5, contrast=1.2)
    assert np.abs(swapped - whole).max() > 0.05


def test_keys_are_met_and_evenly_bridged() -> None:
    grade = Grade.from_values({
        "keys": [
            {"time": 4, "adjustments": {"exposure": 1, "lift": [0.2, 0, 0], "temperature": 2000}},
            {"time": 2, "adjustments": {"exposure": 0, "curve": [[0, 0], [1, 1]]}},
        ]
    })  # fmt: skip
    assert adjustments_at(grade, 0).exposure == 0
    assert adjustments_at(grade, 9).exposure == 1
    half = adjustments_at(grade, 3)
    assert half.exposure == pytest.approx(0.5)
    assert half.lift == pytest.approx((0.1, 0, 0))
    # Even in mired, so nearer to the cooler end's Kelvin than the mean.
    assert half.temperature == pytest.approx(2e6 / (1e6 / 6504 + 1e6 / 8504) / 1 - 6504, abs=1)
    assert 850 < half.temperature < 1000
    exposures = [adjustments_at(grade, time).exposure for time in np.linspace(0, 6, 61)]
    assert max(np.abs(np.diff(exposures))) == pytest.approx(0.05, abs=1e-9)
    still = Grade.from_values({"adjustments": {"exposure": 0.3}})
    assert adjustments_at(still, 5.0) is still.adjustments
