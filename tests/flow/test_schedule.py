"""Which source pictures pass, which are made, and what a shutter gathers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from synth.flow.blur import Exposure
from synth.flow.model import Anchor, Join
from synth.flow.schedule import Picture, Schedule
from synth.flow.settings import RetimeSettings
from synth.flow.timing import TimeMap, time_map
from synth.media.planes import ColourTags, Planes
from tests.flow.retimed import Blend, flat, row

GAMMA = 2.4


def clock_of(rate: Fraction = Fraction(24), **values: object) -> TimeMap:
    return time_map(RetimeSettings.from_values(values), rate)


def run(
    anchors: list[Anchor],
    clock: TimeMap,
    *,
    rate: Fraction = Fraction(24),
    range_end: Fraction | None = None,
    shutter: Fraction = Fraction(0),
) -> tuple[list[Picture], Blend]:
    blend = Blend()
    schedule = Schedule(
        clock,
        blend,
        until=lambda last: last + 1 / rate,
        range_end=range_end,
        source_step=1 / rate,
        shutter=shutter,
    )
    return list(schedule.pictures(anchors)), blend


def level(picture: Picture) -> float:
    return float(picture.planes.y.mean())


def test_24_to_60_passes_every_second_source_picture_and_makes_the_others() -> None:
    anchors = row([10 * k for k in range(24)])
    pictures, blend = run(anchors, clock_of(target_fps=60))
    assert [picture.number for picture in pictures] == list(range(60))
    assert [picture.position for picture in pictures] == [Fraction(k, 60) for k in range(60)]
    for picture in pictures[:58]:
        if picture.number % 5 == 0:
            assert picture.kind == "source"
            assert picture.planes is anchors[2 * picture.number // 5].planes
            assert picture.doubt == 0
        else:
            assert picture.kind == "new"
            assert level(picture) == pytest.approx(picture.number * 4, abs=1)
    assert [picture.kind for picture in pictures[58:]] == ["held", "held"]
    assert pictures[-1].planes is anchors[-1].planes
    assert {number for number, _ in blend.asked} == set(range(23))


@pytest.mark.parametrize("join", ["cut", "fade", "flash", "still"])
def test_nothing_is_mixed_across_what_is_no_motion(join: Join) -> None:
    anchors = row([0, 0, 0, 200, 200, 200], {3: join})
    pictures, blend = run(anchors, clock_of(target_fps=60, speed=0.25))
    assert 2 not in {number for number, _ in blend.asked}
    for picture in pictures:
        assert level(picture) in (0, 200)
        if Fraction(2, 24) < picture.position < Fraction(3, 24):
            near = 2 if picture.position * 24 < Fraction(5, 2) else 3
            assert picture.planes is anchors[near].planes
            assert picture.kind == "held"


def test_a_window_reaches_as_far_as_motion_does() -> None:
    anchors = row([0] * 10, {5: "cut", 8: "still"})
    _, blend = run(anchors, clock_of(target_fps=48))
    seen = {
        w.first.number: (
            [a.number for a in w.before], w.second.number, [a.number for a in w.after]
        )
        for w in blend.windows
    }  # fmt: skip
    assert seen == {
        0: ([], 1, [2, 3]),
        1: ([0], 2, [3, 4]),
        2: ([1, 0], 3, [4]),
        3: ([2, 1], 4, []),
        5: ([], 6, [7]),
        6: ([5], 7, []),
        8: ([], 9, []),
    }


def test_repeats_that_were_left_out_are_bridged_by_motion() -> None:
    anchors = row([0, 40, 80, 120], numbers=[0, 2, 4, 6])
    pictures, _ = run(anchors, clock_of())
    assert [round(level(picture)) for picture in pictures] == [0, 20, 40, 60, 80, 100, 120]
    assert [picture.kind for picture in pictures] == ["source", "new"] * 3 + ["source"]


def test_a_part_of_a_clip_is_that_part_of_the_whole() -> None:
    anchors = row([5 * k for k in range(48)])
    whole, _ = run(anchors, clock_of(target_fps=60))
    part, _ = run(
        anchors, clock_of(target_fps=60, start=0.5, seconds=1.0), range_end=Fraction(3, 2)
    )
    assert len(part) == 60
    for picture, other in zip(part, whole[30:90], strict=True):
        assert picture.position == other.position
        assert picture.kind == other.kind
        assert picture.planes.same(other.planes)


@pytest.mark.parametrize("count", range(1, 12))
@pytest.mark.parametrize("target", [1, 5, 10, 24, 25, 60])
def test_the_number_of_frames_is_the_rounded_length(count: int, target: int) -> None:
    rate = Fraction(60)
    pictures, _ = run(row([k for k in range(count)], rate=rate), clock_of(rate, target_fps=target),
                      rate=rate)  # fmt: skip
    assert len(pictures) == max(1, int(Fraction(count, 60) * target + Fraction(1, 2)))
    assert pictures[0].kind == "source"


def test_the_number_of_frames_of_a_part_is_the_rounded_length() -> None:
    rate = Fraction(60)
    anchors = row([0] * 200, rate=rate)
    for tenths in (1, 7, 11, 16, 20):
        pictures, _ = run(
            anchors, clock_of(rate, target_fps=1, seconds=tenths / 10), rate=rate,
            range_end=Fraction(tenths, 10),
        )  # fmt: skip
        assert len(pictures) == max(1, int(Fraction(tenths, 10) + Fraction(1, 2)))


def test_a_start_after_the_end_gives_nothing() -> None:
    assert run(row([0] * 24), clock_of(start=2.0))[0] == []
    assert run([], clock_of())[0] == []


def test_uneven_times_are_kept() -> None:
    anchors = [
        Anchor(k, time, flat(level), "motion" if k else "cut")
        for k, (time, level) in enumerate(
            [(Fraction(0), 0), (Fraction(1, 10), 100), (Fraction(1, 2), 200)]
        )
    ]
    pictures, _ = run(anchors, clock_of(target_fps=20), rate=Fraction(10))
    assert [round(level(p)) for p in pictures[:11]] == [0, 50, 100, 112, 125, 138, 150, 162, 175,
                                                        188, 200]  # fmt: skip
    assert len(pictures) == 12


def test_a_ramp_that_comes_upon_a_source_picture_passes_it() -> None:
    curve = [(0, 1), (1, 0.25), (1.5, 0.25)]
    clock = clock_of(speed_curve=curve, target_fps=24)
    anchors = [
        Anchor(k, moment, flat(k), "motion" if k else "cut")
        for k, moment in enumerate(clock.positions(0, 20))
    ]
    moved = [
        Anchor(a.number, a.time + Fraction(k % 3 - 1, 2 * 10**9), a.planes, a.join)
        for k, a in enumerate(anchors)
    ]
    pictures, _ = run(moved, clock)
    assert all(p.kind == "source" for p in pictures[:20])
    assert all(p.planes is a.planes for p, a in zip(pictures, moved, strict=False))


def linear_mean(levels: list[float], weights: list[float]) -> float:
    light = np.average([((one - 16) / 219) ** GAMMA for one in levels], weights=weights)
    return 16 + 219 * light ** (1 / GAMMA)


def test_a_shutter_gathers_what_falls_on_the_frame_as_light() -> None:
    anchors = row([16 + 4 * k for k in range(50)])
    pictures, blend = run(anchors, clock_of(speed=16.0), shutter=Fraction(1))
    assert not blend.asked
    # Half a frame to either side: source pictures 8 to 24, those at the ends for half their time.
    wanted = linear_mean([16 + 4 * k for k in range(8, 25)], [0.5] + [1] * 15 + [0.5])
    assert level(pictures[1]) == pytest.approx(wanted, abs=1)
    assert pictures[1].kind == "new"


def test_where_source_pictures_are_few_more_are_made_for_the_shutter() -> None:
    anchors = row([16 + 4 * k for k in range(50)])
    pictures, blend = run(anchors, clock_of(speed=2.0), shutter=Fraction(1, 2))
    assert {number for number, _ in blend.asked} >= set(range(3, 40))
    assert level(pictures[10]) == pytest.approx(16 + 80, abs=1)
    assert 0 < pictures[10].doubt < 1


def test_no_shutter_where_the_source_has_no_more_pictures_than_the_clip() -> None:
    anchors = row([16 + 4 * k for k in range(24)])
    plain, _ = run(anchors, clock_of(target_fps=60))
    with_shutter, _ = run(anchors, clock_of(target_fps=60), shutter=Fraction(1))
    assert [p.kind for p in plain] == [p.kind for p in with_shutter]
    assert all(a.planes.same(b.planes) for a, b in zip(plain, with_shutter, strict=True))


@pytest.mark.parametrize("speed", [1.5, 2.0, 3.7, 8.0, 16.0])
@pytest.mark.parametrize("join", ["cut", "fade", "flash"])
def test_a_shutter_never_sees_two_worlds(join: Join, speed: float) -> None:
    anchors = row([50] * 37 + [200] * 40, {37: join})
    pictures, _ = run(anchors, clock_of(speed=speed), shutter=Fraction(1))
    for picture in pictures:
        wanted = 50 if picture.position < Fraction(73, 48) else 200
        assert level(picture) == pytest.approx(wanted, abs=0.5)


def test_one_picture_alone_comes_through_a_shutter_bit_for_bit() -> None:
    exposure = Exposure(ColourTags())
    planes = flat(77)
    exposure.add(planes, 0.25)
    exposure.add(planes, 0.5)
    assert exposure.single
    assert exposure.picture()[0] is planes
    assert exposure.empty
    with pytest.raises(ValueError, match="exposed"):
        exposure.picture()


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", ["bt709", "bt601", "bt2020"])
@pytest.mark.parametrize("subsampled", [True, False])
def test_the_mean_of_a_picture_and_its_copy_is_that_picture(
    matrix: str, full_range: bool, subsampled: bool
) -> None:
    rng = np.random.default_rng(1)
    half = 2 if subsampled else 1
    arrays = [
        rng.integers(40, 200, (48, 64), np.uint8),
        *(rng.integers(88, 168, (48 // half, 64 // half), np.uint8) for _ in range(2)),
    ]
    exposure = Exposure(ColourTags(matrix, full_range))
    exposure.add(Planes(*arrays), 1.0, 0.2)
    exposure.add(Planes(*(array.copy() for array in arrays)), 3.0, 0.6)
    planes, doubt = exposure.picture()
    for before, after in zip(arrays, (planes.y, planes.u, planes.v), strict=True):
        assert np.abs(before.astype(int) - after).max() <= 1
    assert doubt == pytest.approx(0.5)
