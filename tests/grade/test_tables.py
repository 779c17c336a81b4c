"""The fast ways against the floating-point chain, on pictures and on planes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from synth.grade.chain import Chain
from synth.grade.lut import Lut, identity_cube
from synth.grade.settings import Adjustments
from synth.grade.tables import PlaneTables, Recipe, recipe
from synth.media.planes import ColourTags, Planes, planes_from_rgb, to_rgb

GRADES: dict[str, dict[str, Any]] = {
    "brief": {"saturation": 1.1, "contrast": 1.05, "temperature": 200},
    "balance": {"temperature": -2500, "tint": 30},
    "exposure": {"exposure": 1.5, "highlights": -0.6},
    "cdl": {"slope": [1.1, 0.9, 1.3], "offset": [0.02, -0.03, 0], "power": [0.7, 1.2, 1.5]},
    "lift, gamma, gain": {"lift": [0.05, 0, -0.1], "gamma": [1.4, 1, 0.6], "gain": [1.2, 1, 0.9]},
    "colour": {"saturation": 0.8, "vibrance": 0.7, "hues": [0.3, 1, 1.8, 1, 0.5, 1]},
    "curves": {"curve": [[0, 0.05], [0.4, 0.3], [1, 0.9]], "blue_curve": [[0, 0.2], [1, 0.8]]},
    "much": {
        "temperature": 900, "tint": -10, "exposure": 0.4, "contrast": 1.3, "shadows": 0.5,
        "highlights": -0.4, "saturation": 1.3, "vibrance": -0.4, "hues": [1, 1, 0.5, 1.4, 1, 1],
    },
}  # fmt: skip

WEIGHTS = {"bt709": (0.2126, 0.0722), "bt601": (0.299, 0.114), "bt2020": (0.2627, 0.0593)}
"""Kr and Kb."""

PUSHED = (("exposure", 6.0), ("exposure", -6.0), ("saturation", 4.0), ("contrast", 4.0))

LUT = Lut(cube=np.clip(identity_cube(17) ** np.array([0.8, 1.0, 1.3]), 0, 1).astype(np.float32))


def _recipe(name: str, **more: Any) -> Recipe:
    return recipe(Chain(Adjustments.from_values(GRADES[name])), **more)


@pytest.mark.parametrize("name", GRADES)
def test_the_kernel_follows_the_reference(name: str) -> None:
    values = np.random.default_rng(0).uniform(-0.3, 1.3, (20_000, 3)).astype(np.float32)
    expected = Chain(Adjustments.from_values(GRADES[name])).apply(values)
    got = _recipe(name).floats(values)
    assert np.abs(np.clip(got, 0, 1) - np.clip(expected, 0, 1)).max() * 255 < 0.3


@pytest.mark.parametrize("name", GRADES)
def test_eight_bits_are_right_to_a_level(name: str) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (50, 77, 3), dtype=np.uint8)
    exact = Chain(Adjustments.from_values(GRADES[name])).apply(picture / 255)
    got = _recipe(name).picture(picture)
    assert np.abs(got - np.clip(exact, 0, 1) * 255).max() <= 0.8


def test_a_lut_may_come_first_or_last_and_weakly() -> None:
    values = np.random.default_rng(2).random((5_000, 3), dtype=np.float32)
    chain = Chain(Adjustments.from_values(GRADES["brief"]))
    last = recipe(chain, LUT).floats(values)
    assert last == pytest.approx(LUT.apply(chain.apply(values)), abs=2e-4)
    first = recipe(chain, LUT, first=True).floats(values)
    assert first == pytest.approx(chain.apply(LUT.apply(values)), abs=2e-4)
    half = recipe(Chain(Adjustments()), LUT, strength=0.5).floats(values)
    assert half == pytest.approx((values + LUT.apply(values)) / 2, abs=1e-5)
    assert recipe(Chain(Adjustments()), LUT, strength=0.0).at_rest


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", ["bt709", "bt601", "bt2020"])
def test_flat_colours_in_planes_are_right_to_a_level(matrix: str, full: bool) -> None:
    """Every patch of one colour: what comes out is what the formulas of its tags give."""
    tags = ColourTags(matrix, full)
    kr, kb = {"bt709": (0.2126, 0.0722), "bt601": (0.299, 0.114), "bt2020": (0.2627, 0.0593)}[
        matrix
    ]
    luma, chroma, black = (255, 255, 0) if full else (219, 224, 16)
    rng = np.random.default_rng(3)
    rgb = rng.uniform(0, 1, (300, 3))

    def codes(colours: np.ndarray) -> np.ndarray:
        r, g, b = colours.T
        y = kr * r + (1 - kr - kb) * g + kb * b
        u, v = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
        return np.stack([y * luma + black, u * chroma + 128, v * chroma + 128])

    y, u, v = np.rint(codes(rgb)).clip(0, 255).astype(np.uint8)
    level = (y.astype(float) - black) / luma
    red = level + 2 * (1 - kr) * (v.astype(float) - 128) / chroma
    blue = level + 2 * (1 - kb) * (u.astype(float) - 128) / chroma
    green = (level - kr * red - kb * blue) / (1 - kr - kb)
    for name in ("brief", "much"):
        chain = Chain(Adjustments.from_values(GRADES[name]))
        expected = codes(np.clip(chain.apply(np.stack([red, green, blue], axis=1)), 0, 1))
        planes = Planes(np.repeat(y[None], 2, 0).repeat(2, 1), u[None].copy(), v[None].copy())
        # Each patch is one colour sample wide, so its second column sees its neighbour's colour.
        wide = Planes(*(np.repeat(plane, 3, axis=1) for plane in (planes.y, planes.u, planes.v)))
        got = PlaneTables(recipe(chain), tags).grade(wide)
        middle = got.y[0, 2::6], got.u[0, 1::3], got.v[0, 1::3]
        assert np.abs(np.stack(middle) - expected).max() <= 0.8


def test_a_picture_in_planes_is_graded_as_it_is_in_rgb() -> None:
    y, x = np.mgrid[0:90, 0:160] / 90
    picture = np.stack([x / 2 + 0.1, y * 0.8, 0.6 - x / 4], axis=-1)
    picture = np.rint(picture * 255).astype(np.uint8)
    for name in GRADES:
        made = _recipe(name, lut=LUT)
        planes = PlaneTables(made, ColourTags()).grade(planes_from_rgb(picture))
        error = np.abs(to_rgb(planes).astype(int) - made.picture(picture))
        assert error.mean() < 1.2, name
        # Where a grade opens the blacks, a level of rounding before it is many after it.
        assert np.percentile(error, 99) <= 5, name


def test_two_threads_and_many_pictures_give_the_same() -> None:
    rng = np.random.default_rng(4)
    pictures = [
        Planes(
            *(rng.integers(0, 256, size, dtype=np.uint8) for size in ((34, 50), (17, 25), (17, 25)))
        )
        for _ in range(4)
    ]
    one, two = (PlaneTables(_recipe("much", lut=LUT), ColourTags()) for _ in range(2))
    for picture in pictures:
        assert one.grade(picture).same(two.grade(picture, threads=2))
    one.change(_recipe("brief"))
    fresh = PlaneTables(_recipe("brief"), ColourTags())
    assert one.grade(pictures[0]).same(fresh.grade(pictures[0]))


def test_rest_and_identities_pass_bit_for_bit() -> None:
    rng = np.random.default_rng(5)
    planes = Planes(
        *(rng.integers(0, 256, size, dtype=np.uint8) for size in ((4, 6), (2, 3), (2, 3)))
    )
    still = Lut(cube=identity_cube(33))
    for made in (recipe(Chain(Adjustments())), recipe(Chain(Adjustments()), still)):
        assert PlaneTables(made, ColourTags()).grade(planes) is planes
        picture = rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)
        assert np.array_equal(made.picture(picture), picture)


def test_no_code_of_a_plane_wraps_around() -> None:
    """Every brightness with the loudest colours, pushed hard in all directions."""
    y = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 2, axis=1).repeat(2, axis=0)
    extremes = np.array([0, 255], np.uint8)
    for u in extremes:
        for v in extremes:
            flat = np.full((256, 1), 1, np.uint8)
            planes = Planes(y, flat * u, flat * v)
            for name, value in PUSHED:
                made = recipe(Chain(Adjustments.from_values({name: value})))
                got = PlaneTables(made, ColourTags()).grade(planes)
                if name == "exposure":
                    assert (np.diff(got.y[::2, 0].astype(int)) >= 0).all()
                assert got.y.min() >= 16
                assert got.y.max() <= 235
                assert got.u.min() >= 16
                assert got.v.max() <= 240
