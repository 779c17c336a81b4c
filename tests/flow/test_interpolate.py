"""The whole way from two pictures to the ones between: what must hold for any of them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Literal

import cv2
import numpy as np
import pytest

from synth.errors import InvalidInstruction
from synth.flow.interpolate import GRADES, FlowInterpolator
from synth.flow.makers import MODES, make_interpolator
from synth.flow.model import Anchor, Between, Window
from synth.media.planes import Planes
from tests.flow.worlds import moved, world

Mode = Literal["fast", "quality"]
both_modes = pytest.mark.parametrize("mode", ["fast", "quality"])


def coloured(luma: np.ndarray) -> Planes:
    """A 4:2:0 picture whose colour has things of its own."""
    y = luma.clip(0, 255).round().astype(np.uint8)
    small = cv2.resize(y, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return Planes(y, np.asarray(small, np.uint8), np.asarray(255 - small // 2, np.uint8))


def each(planes: Planes, change: Callable[[np.ndarray], np.ndarray]) -> Planes:
    """Every plane changed."""
    parts = (planes.y, planes.u, planes.v)
    return Planes(*(np.ascontiguousarray(change(plane)) for plane in parts))


def blend(one: Planes, two: Planes, share: float) -> list[np.ndarray]:
    pairs = ((one.y, two.y), (one.u, two.u), (one.v, two.v))
    return [a + share * (b.astype(float) - a) for a, b in pairs]


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    wide = np.square(one.astype(float) - two).mean()
    return 10 * math.log10(255**2 / max(wide, 1e-6))


def window(pictures: Sequence[Planes], first: int, most: int = 2, start: int = 0) -> Window:
    """The pair from ``first`` on, with up to ``most`` pictures on either side."""
    anchors = [Anchor(i, Fraction(i, 25), one, "motion") for i, one in enumerate(pictures, start)]
    return Window(
        tuple(anchors[max(0, first - most) : first][::-1]),
        anchors[first],
        anchors[first + 1],
        tuple(anchors[first + 2 : first + 2 + most]),
    )


def made(mode: Mode, shown: Window, times: Sequence[float] = (0.5,)) -> list[Between]:
    maker = FlowInterpolator(mode, shown.first.planes.size)
    try:
        return maker.between(shown, times)
    finally:
        maker.close()


def tiny(size: tuple[int, int], full_colour: bool, seed: int) -> Planes:
    rng = np.random.default_rng(seed)
    shape = size[::-1]
    colour = shape if full_colour else (shape[0] // 2, shape[1] // 2)
    return Planes(*(rng.integers(0, 256, part, np.uint8) for part in (shape, colour, colour)))


SIZES = [
    *(pytest.param((w, h), False, id=f"420-{w}x{h}") for w, h in ((2, 2), (18, 6), (62, 50))),
    *(
        pytest.param((w, h), True, id=f"444-{w}x{h}")
        for w, h in ((1, 1), (2, 2), (17, 5), (40, 1), (1, 40), (101, 75))
    ),
]


@both_modes
@pytest.mark.parametrize(("size", "full_colour"), SIZES)
def test_every_size_works_and_what_rests_stays_bit_for_bit(
    size: tuple[int, int], full_colour: bool, mode: Mode
) -> None:
    one, other = tiny(size, full_colour, 1), tiny(size, full_colour, 2)
    copies = [each(picture, np.copy) for picture in (one, other)]
    for between in made(mode, window([one] * 6, 2), (0.2, 0.5, 0.8)):
        assert between.planes.same(one)
        assert between.doubt == 0
    for between in made(mode, window([one, other] * 3, 2), (0.2, 0.8)):
        assert between.planes.size == size
        assert between.planes.u.shape == one.u.shape
        assert between.planes.y.dtype == between.planes.v.dtype == np.uint8
        assert 0 <= between.doubt <= 1
    assert one.same(copies[0])
    assert other.same(copies[1])


@both_modes
@pytest.mark.parametrize("size", [(321, 181), (127, 300)])
def test_full_colour_of_odd_size_moves_with_a_title_too(size: tuple[int, int], mode: Mode) -> None:
    picture, drawn = world(4, (800, 500)), np.zeros(size[::-1], np.uint8)
    cv2.putText(drawn, "TITLE", (8, size[1] - 2), cv2.FONT_HERSHEY_DUPLEX, 1.2, 255, 3)
    mark = drawn / 255
    frames = []
    for i in range(6):
        y = picture[40 : 40 + size[1], 20 + 9 * i : 20 + 9 * i + size[0]] * (1 - mark) + 235 * mark
        y = y.round().astype(np.uint8)
        frames.append(Planes(y, y.copy(), y.copy()))
    (between,) = made(mode, window(frames, 2))
    truth = (
        picture[40 : 40 + size[1], 42 : 42 + size[0]]
        + picture[40 : 40 + size[1], 43 : 43 + size[0]]
    ) / 2 * (1 - mark) + 235 * mark
    for plane in (between.planes.y, between.planes.u, between.planes.v):
        assert psnr(plane, truth) > psnr(blend(frames[2], frames[3], 0.5)[0], truth) + 4


MOVES = {
    "pan": {"pan": (4.5, 2.0)},
    "fast pan": {"pan": (-11.0, 3.0)},
    "turn": {"turn": 1.5},
    "zoom": {"zoom": 1.025},
}
"""Per half step."""


@both_modes
@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_known_motion_is_followed_in_brightness_and_colour(
    move: str, quarter: int, mode: Mode
) -> None:
    finer = {
        name: value**0.5 if name == "zoom" else np.multiply(value, 0.5)
        for name, value in MOVES[move].items()
    }
    pictures = [coloured(luma) for luma in moved(world(5), 13, **finer)]
    (between,) = made(mode, window(pictures[::4], 1), [quarter / 4])
    truth, ours = pictures[4 + quarter], between.planes
    mixed = blend(pictures[4], pictures[8], quarter / 4)
    assert psnr(ours.y, truth.y) > max(37, psnr(mixed[0], truth.y) + 10)
    assert psnr(ours.u, truth.u) > psnr(mixed[1], truth.u) + 6
    assert psnr(ours.v, truth.v) > psnr(mixed[2], truth.v) + 6
    assert between.doubt < 0.08


@pytest.fixture(scope="module")
def scene() -> list[Planes]:
    """A turning pan that bends a little."""
    return [coloured(luma) for luma in moved(world(6), 8, pan=(7, -3), turn=1.0, zoom=1.004)]


@both_modes
def test_backwards_in_time_it_is_the_same(scene: list[Planes], mode: Mode) -> None:
    (onward,) = made(mode, window(scene[:4], 1), [0.3])
    (back,) = made(mode, window(scene[:4][::-1], 1), [0.7])
    for one, two in zip(
        (onward.planes.y, onward.planes.u), (back.planes.y, back.planes.u), strict=True
    ):
        assert psnr(one, two) > 55
    assert onward.doubt == pytest.approx(back.doubt, abs=0.003)


@both_modes
@pytest.mark.parametrize("flip", [np.fliplr, np.flipud])
def test_in_a_mirror_it_is_the_same(
    scene: list[Planes], flip: Callable[[np.ndarray], np.ndarray], mode: Mode
) -> None:
    (straight,) = made(mode, window(scene[:4], 1), [0.3])
    (mirrored,) = made(mode, window([each(one, flip) for one in scene[:4]], 1), [0.3])
    assert psnr(straight.planes.y, flip(mirrored.planes.y)) > 50
    assert psnr(straight.planes.u, flip(mirrored.planes.u)) > 50


@both_modes
def test_a_bending_path_is_followed_with_neighbours_only(mode: Mode) -> None:
    picture, frames = world(8, (900, 700)), []
    for t in (-1, 0, 0.5, 1, 2):
        shift = np.array([[1, 0, 7 * t * t - 150], [0, 1, 3 * t - 150]], np.float32)
        frames.append(coloured(cv2.warpAffine(picture, shift, (320, 180))))
    truth = frames.pop(2)
    shown = window(frames, 1)
    with_all = psnr(made(mode, shown)[0].planes.y, truth.y)
    alone = psnr(made(mode, Window((), shown.first, shown.second, ()))[0].planes.y, truth.y)
    behind = psnr(
        made(mode, Window(shown.before, shown.first, shown.second, ()))[0].planes.y, truth.y
    )
    assert with_all > 45
    assert with_all > behind > alone
    assert with_all > alone + 10


@both_modes
@pytest.mark.parametrize("places", [(0, 4, 6, 8), (0, 2, 4, 8), (0, 1, 5, 9)])
def test_uneven_moments_do_not_bend_a_steady_pan(
    places: tuple[int, int, int, int], mode: Mode
) -> None:
    pan = [coloured(luma) for luma in moved(world(7, (700, 400)), 10, pan=(4.5, -1.5))]
    around = [Anchor(i, Fraction(at, 25), pan[at], "motion") for i, at in enumerate(places)]
    middle = (places[1] + places[2]) // 2
    time = (middle - places[1]) / (places[2] - places[1])
    (between,) = made(mode, Window((around[0],), around[1], around[2], (around[3],)), [time])
    assert psnr(between.planes.y, pan[middle].y) > 43


@both_modes
def test_without_surroundings_a_steady_pan_needs_none(mode: Mode) -> None:
    pictures = [coloured(luma) for luma in moved(world(9), 3, pan=(5, -2))]
    (between,) = made(mode, window(pictures[::2], 0))
    assert psnr(between.planes.y, pictures[1].y) > 44


@both_modes
@pytest.mark.parametrize("step", [-0.03, 0.04])
def test_light_that_changes_over_a_pan_changes_evenly(step: float, mode: Mode) -> None:
    pan = moved(world(5), 7, pan=(4, 2))
    lit = [coloured(luma * (0.7 + step * i)) for i, luma in enumerate(pan)]
    (between,) = made(mode, window(lit[::2], 1))
    truth = lit[3].y
    assert psnr(between.planes.y, truth) > psnr(blend(lit[2], lit[4], 0.5)[0], truth) + 8
    assert between.planes.y.mean() == pytest.approx(truth.mean(), abs=0.5)


@both_modes
def test_things_that_fly_out_and_in_leave_no_hole(mode: Mode) -> None:
    """A tenth of the picture is seen but once, on either side; it is still shown."""
    pictures = [coloured(luma) for luma in moved(world(5, (1600, 320)), 5, pan=(-16, 0))]
    (between,) = made(mode, window(pictures[::2], 0))
    truth = pictures[1].y
    assert psnr(between.planes.y, truth) > psnr(blend(pictures[0], pictures[2], 0.5)[0], truth) + 6


@both_modes
def test_doubt_is_high_where_the_pictures_disagree(mode: Mode) -> None:
    one, other = (coloured(world(seed)[:180, :320]) for seed in (1, 2))
    (apart,) = made(mode, window([one, other], 0))
    assert apart.doubt > 0.3
    half = each(one, np.copy)
    half.y[:, 160:] = other.y[:, 160:]
    (partly,) = made(mode, window([one, half], 0))
    assert 0.1 < partly.doubt < apart.doubt
    assert np.array_equal(partly.planes.y[:, :120], one.y[:, :120])


@both_modes
def test_between_does_the_same_again_and_one_by_one(scene: list[Planes], mode: Mode) -> None:
    times = [0.2, 0.4, 0.6, 0.8, 0.9]
    shown = window(scene, 2)
    maker = FlowInterpolator(mode, scene[0].size)
    together = maker.between(shown, times)
    again = maker.between(shown, times)
    single = [maker.between(shown, [time])[0] for time in reversed(times)][::-1]
    maker.close()
    for one in (again, single, made(mode, shown, times)):
        for first, second in zip(together, one, strict=True):
            assert first.planes.same(second.planes)
            assert first.doubt == second.doubt


@both_modes
def test_a_clip_gone_through_twice_is_the_same_bit_for_bit(mode: Mode) -> None:
    """Whichever thread is quicker; and a cut in the clip leaves nothing behind."""
    shots = [
        [coloured(luma) for luma in moved(world(seed), 6, pan=pan, turn=0.7)]
        for seed, pan in ((6, (9, -3)), (8, (-6, 2)))
    ]

    def through() -> list[Between]:
        maker, found = FlowInterpolator(mode, shots[0][0].size), []
        for number, shot in enumerate(shots):
            for first in range(5):
                shown = window(shot, first, start=10 * number)
                found += maker.between(shown, (0.25, 0.5, 0.75)[: 1 + first % 3])
        maker.close()
        return found

    one, two = through(), through()
    assert all(
        a.planes.same(b.planes) and a.doubt == b.doubt for a, b in zip(one, two, strict=True)
    )
    after_the_cut = one[len(one) // 2]
    assert after_the_cut.planes.same(made(mode, window(shots[1], 0), [0.25])[0].planes)


@both_modes
def test_what_was_asked_before_hardly_matters(scene: list[Planes], mode: Mode) -> None:
    """Earlier motion is a first guess for later motion, and must be no more than that."""
    maker = FlowInterpolator(mode, scene[0].size)
    for first in range(5):
        (streamed,) = maker.between(window(scene, first), [0.5])
    (after_a_jump,) = maker.between(window(scene, 1), [0.5])
    maker.close()
    assert psnr(streamed.planes.y, made(mode, window(scene, 4))[0].planes.y) > 50
    assert psnr(after_a_jump.planes.y, made(mode, window(scene, 1))[0].planes.y) > 50


@both_modes
def test_another_clip_with_the_same_numbers_is_another_clip(
    scene: list[Planes], mode: Mode
) -> None:
    other = [coloured(luma) for luma in moved(world(10), 8, pan=(-5, 4))]
    maker = FlowInterpolator(mode, scene[0].size)
    maker.between(window(scene, 2), [0.5])
    (after_it,) = maker.between(window(other, 2), [0.5])
    maker.close()
    (fresh,) = made(mode, window(other, 2))
    assert after_it.planes.same(fresh.planes)


def test_nothing_is_asked_and_nothing_made(scene: list[Planes]) -> None:
    assert made("fast", window(scene, 2), []) == []


def _threads() -> int:
    return sum(thread.name.startswith("interpolate") for thread in threading.enumerate())


def test_close_frees_the_threads_and_may_be_called_twice(scene: list[Planes]) -> None:
    before = _threads()
    maker = FlowInterpolator("fast", scene[0].size)
    maker.between(window(scene, 2), [0.25, 0.75])
    assert _threads() > before
    maker.close()
    maker.close()
    assert _threads() == before


def test_the_makers_know_every_mode_and_no_other() -> None:
    assert set(GRADES) < set(MODES)
    for mode in GRADES:
        maker = make_interpolator(mode, (64, 36))
        assert isinstance(maker, FlowInterpolator)
        maker.close()
    with pytest.raises(InvalidInstruction, match=r"no mode .best.\. .*fast, quality, learned"):
        make_interpolator("best", (64, 36))
