"""White balance: pictures of a colour chart under other lights come back to daylight."""

from __future__ import annotations

import numpy as np
import pytest

from synth.grade.chain import Chain
from synth.grade.light import rgb_to_xyz, to_code, to_light
from synth.grade.settings import Adjustments
from synth.grade.white import DAYLIGHT, white_balance, white_of
from tests.colours import colour

LIGHTS = {"A": 2856, "3500 K": 3500, "D45": 4500, "D55": 5500, "D80": 8000, "D120": 12000}
SHAPE = colour.SpectralShape(380, 730, 10)


def _light(name: str) -> colour.SpectralDistribution:
    if name == "A":
        return colour.SDS_ILLUMINANTS["A"]
    if name == "3500 K":
        return colour.sd_blackbody(3500)
    # Names of D lights go by the radiation constant of before 1968.
    kelvin = int(name[1:]) * 100 * 1.4388 / 1.4380
    return colour.sd_CIE_illuminant_D_series(colour.temperature.CCT_to_xy_CIE_D(kelvin))


def _lit(name: str) -> np.ndarray:
    """XYZ (24, 3) of the chart's patches in a light, white at Y = 1."""
    light = _light(name).copy().align(SHAPE).values
    observer = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"].copy().align(SHAPE).values
    patches = colour.SDS_COLOURCHECKERS["BabelColor Average"].values()
    reflected = np.array([patch.copy().align(SHAPE).values for patch in patches]) * light
    return reflected @ observer / (light @ observer[:, 1])


def _lab(xyz: np.ndarray) -> np.ndarray:
    return colour.XYZ_to_Lab(xyz, np.array([0.3127, 0.3290]))


def test_patches_in_six_lights_come_back() -> None:
    """Mean colour difference of at most 1 (CIEDE2000), where untouched ones are off by ten."""
    matrix = rgb_to_xyz()
    truth = _lab(_lit("D65"))
    left, before = [], []
    for name, kelvin in LIGHTS.items():
        xyz = _lit(name)
        balanced = white_balance(kelvin - DAYLIGHT, 0.0)
        after = matrix @ balanced @ np.linalg.solve(matrix, xyz.T)
        left.append(colour.delta_E(_lab(after.T), truth, method="CIE 2000").mean())
        before.append(colour.delta_E(_lab(xyz), truth, method="CIE 2000").mean())
    assert np.mean(before) > 9
    assert np.mean(left) <= 1.0
    assert max(left) < 2.2


def test_the_controls_do_it_in_the_whole_chain() -> None:
    """Daylight of 5500 K, encoded as a camera set to D65 would; nothing but the slider."""
    matrix = rgb_to_xyz()
    rgb = np.linalg.solve(matrix, _lit("D55").T).T
    inside = (rgb >= 0).all(axis=1) & (rgb <= 1).all(axis=1)
    chain = Chain(Adjustments(temperature=5500 - DAYLIGHT))
    after = to_light(chain.apply(to_code(rgb[inside]))) @ matrix.T
    truth = _lab(_lit("D65"))[inside]
    assert inside.sum() >= 20
    assert colour.delta_E(_lab(after), truth, method="CIE 2000").mean() < 0.5


def test_a_green_light_is_made_up_for_by_tint() -> None:
    x, y = white_of(4000.0, 40.0)
    cast = np.linalg.solve(rgb_to_xyz(), np.array([x / y, 1, (1 - x - y) / y]))
    assert cast[1] > cast[2]
    neutral = white_balance(4000.0 - DAYLIGHT, 40.0) @ cast
    assert neutral == pytest.approx([1, 1, 1], abs=2e-3)
    # Not without it.
    assert np.ptp(white_balance(4000.0 - DAYLIGHT, 0.0) @ cast) > 0.05


def test_whites_are_the_published_ones() -> None:
    """D65, D50, D75 and A: CIE 15:2004, tables 1.2 and T.3."""
    expected = {6504: (0.3127, 0.3290), 5003: (0.3457, 0.3585), 7504: (0.2990, 0.3149)}
    for kelvin, xy in expected.items():
        assert white_of(kelvin) == pytest.approx(xy, abs=3e-4)
    assert white_of(2856) == pytest.approx((0.4476, 0.4074), abs=6e-4)


def test_the_line_of_whites_has_no_step() -> None:
    """A slider that is dragged moves colours evenly."""
    mired = np.arange(55.0, 399.0, 1.0)
    whites = np.array([white_of(1e6 / m) for m in mired])
    steps = np.hypot(*np.diff(whites, axis=0).T)
    assert steps.min() > 0
    assert (np.abs(np.diff(steps)) < 0.0004).all()


def test_up_is_warmer_and_magenta() -> None:
    warm = white_balance(200.0, 0.0) @ np.ones(3)
    assert warm[0] > 1 > warm[2]
    magenta = white_balance(0.0, 20.0) @ np.ones(3)
    assert magenta[1] < 1 < min(magenta[0], magenta[2])
    assert np.array_equal(white_balance(0.0, 0.0), np.eye(3))


@pytest.mark.parametrize("temperature", [-4000.0, -2000.0, 0.0, 12000.0])
@pytest.mark.parametrize("tint", [-100.0, 0.0, 100.0])
def test_no_corner_of_the_sliders_turns_colours_over(temperature: float, tint: float) -> None:
    white = white_balance(temperature, tint) @ np.ones(3)
    # A little below nothing is a colour that no screen has.
    assert white.min() > -0.25
    assert white.max() < 8
