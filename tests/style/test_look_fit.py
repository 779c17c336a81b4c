"""The statistics behind looks: content is not style, and skin and greys are looked after."""

from __future__ import annotations

import numpy as np
import pytest

from synth.grade.lut import Lut
from synth.style.look_colour import Colours, colours_of, to_oklab, to_rgb
from synth.style.look_fit import Fit, fit_clips
from synth.style.look_neutral import neutral_colours
from synth.style.look_pairs import fit_pairs, likeness

LEVELS = np.linspace(0, 1, 65)


def scene(seed: int, cast: tuple[float, float] = (0.0, 0.0), lift: float = 0.0) -> np.ndarray:
    """OKLab colours of a scene with a brightness, colour and contrast of its own."""
    rng = np.random.default_rng(seed)
    level = np.clip(rng.normal(rng.uniform(0.4, 0.7), 0.18, 3000), 0.02, 0.98)
    colour = rng.normal(rng.normal(0, 0.01, 2), rng.uniform(0.02, 0.06), (3000, 2))
    lab = np.column_stack([level, colour])
    return lab + np.array([lift, *cast])


def test_oklab_there_and_back() -> None:
    rgb = np.random.default_rng(0).random((500, 3))
    assert np.abs(to_rgb(to_oklab(rgb)) - rgb).max() < 1e-6
    grey = to_oklab(np.full((1, 3), 0.5))
    assert np.abs(grey[0, 1:]).max() < 1e-4
    assert to_oklab(np.ones((1, 3)))[0, 0] == pytest.approx(1, abs=1e-4)


def test_what_all_clips_share_is_believed_and_what_they_do_not_is_not() -> None:
    neutral = colours_of([scene(seed) for seed in range(8)])
    cast = (-0.02, -0.04)
    one = fit_clips([scene(20, cast)], neutral, neutral)
    many = fit_clips([scene(seed, cast) for seed in range(20, 40)], neutral, neutral)
    none = fit_clips([scene(seed) for seed in range(40, 60)], neutral, neutral)

    assert many.casts[32] == pytest.approx(cast, abs=0.012)
    assert np.abs(none.casts).max() < 0.012
    assert abs(one.casts[32, 1]) < abs(many.casts[32, 1])
    assert np.abs(none.tone - LEVELS).max() < 0.05


def test_tones_rise_whatever_the_clips_are() -> None:
    neutral = neutral_colours()
    for clips in (
        [scene(1) * (0.1, 1, 1)] * 3,
        [np.column_stack([np.full(900, 0.97), np.zeros((900, 2))])] * 4,
        [scene(2, lift=-0.4)] * 6,
    ):
        fit = fit_clips(clips, neutral, neutral)
        assert (np.diff(fit.tone) >= 0).all()
        assert np.isfinite(fit.cube(5)).all()
        assert 0 <= fit.cube(5).min() <= fit.cube(5).max() <= 1


def test_black_and_white_is_a_style() -> None:
    neutral = neutral_colours()
    fit = fit_clips([scene(seed) * (1, 0.0, 0.0) for seed in range(6)], neutral, neutral)
    assert fit.saturation < 0.25


def test_skin_is_kept_from_the_cast_and_greys_are_not() -> None:
    fit = Fit(LEVELS, np.tile([-0.03, -0.08], (65, 1)), 1.0)
    skin = np.array([[0.85, 0.65, 0.55], [0.55, 0.37, 0.28]])
    grey = np.array([[0.5, 0.5, 0.5]])

    moved = [np.abs(to_oklab(fit.apply(skin, p)) - to_oklab(skin)).max() for p in (0.0, 1.0)]
    greys = [fit.apply(grey, p) for p in (0.0, 1.0)]

    assert moved[1] < 0.6 * moved[0]
    assert np.abs(greys[0] - greys[1]).max() < 1e-9


def test_the_bundled_scenes_are_whole_and_neutral() -> None:
    known = neutral_colours()
    assert len(known) == 8
    assert np.array_equal(Colours.from_rows(known.rows()).rows(), known.rows())
    assert (np.diff(known.quantiles, axis=1) >= 0).all()
    fit = fit_clips(
        [np.column_stack([np.linspace(0, 1, 900)] + [np.zeros(900)] * 2)] * 2, known, known
    )
    assert np.abs(fit.tone - LEVELS).max() < 0.2


def test_pairs_tell_what_became_of_every_colour() -> None:
    rng = np.random.default_rng(1)
    before = rng.random((20_000, 3))
    after = np.clip(
        before[:, [0, 1, 2]] ** 1.3 * (1.0, 0.9, 0.8) + 0.1 * before[:, [2, 0, 1]], 0, 1
    )

    made = Lut(cube=fit_pairs(before, after, 33)).apply(before)

    assert np.abs(made - after).mean() < 0.006


def test_stray_pairs_do_not_move_the_cube() -> None:
    rng = np.random.default_rng(1)
    before = rng.random((20_000, 3))
    after = 0.8 * before
    after[::20] = 1.0

    cube = fit_pairs(before, after, 5)

    assert cube[2, 2, 2] == pytest.approx([0.4] * 3, abs=0.04)


def test_pictures_are_alike_whatever_their_grade() -> None:
    rng = np.random.default_rng(0)
    one = np.repeat(np.repeat(rng.integers(0, 255, (12, 20, 3), np.uint8), 12, 0), 12, 1)
    other = np.roll(one, 70, axis=1)
    dark = (255 * (one / 255.0) ** 2.2 * (0.5, 0.6, 0.8)).astype(np.uint8)

    assert likeness(one, one) > 0.99
    assert likeness(one, dark) > 0.7
    assert likeness(one, other) < 0.4
    assert likeness(one, np.zeros_like(one)) == 0


def test_nothing_is_left_of_colour_that_no_clip_has_but_its_own_tint() -> None:
    neutral = neutral_colours()
    grey = [scene(seed) * (1, 0.01, 0.01) for seed in range(4)]
    fit = fit_clips(grey, neutral, neutral)
    red = fit.apply(np.array([[0.8, 0.2, 0.1]]))
    assert np.ptp(red) < 0.01

    sepia = [one + np.array([0, 0.012, 0.035]) for one in grey]
    tinted = to_oklab(fit_clips(sepia, neutral, neutral).apply(np.array([[0.2, 0.3, 0.8]])))
    assert tinted[0, 1:] == pytest.approx((0.012, 0.035), abs=0.008)
