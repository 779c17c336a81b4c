"""Pictures of motion: colours by convention, arrows that point right, letters that can be read."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from synth.flow.model import Motion
from synth.flow.show import (
    arrows_picture,
    beside,
    compare_slowed,
    doubt_curve,
    flow_picture,
    hidden_picture,
    rgb_of,
    split,
    wheel_picture,
)
from synth.flow.show_curve import clock
from synth.flow.show_wheel import fastest_of
from synth.media.planes import ColourTags, planes_from_rgb


def uniform(x: float, y: float, size: tuple[int, int] = (90, 160)) -> np.ndarray:
    return np.full((*size, 2), (x, y), np.float32)


def photo(height: int = 90, width: int = 160) -> np.ndarray:
    ramp = np.linspace(40, 220, width)[None, :, None] * np.linspace(0.6, 1, height)[:, None, None]
    return np.repeat(ramp, 3, 2).astype(np.uint8)


@pytest.mark.parametrize(
    ("x", "y", "colour"),
    [
        (5, 0, (255, 0, 0)),  # right: red
        (0, 5, (255, 230, 0)),  # down: yellow
        (-5, 0, (0, 209, 255)),  # left: cyan with some blue
        (0, -5, (88, 0, 255)),  # up: violet
    ],
)
def test_directions_have_the_colours_of_middlebury(x: float, y: float, colour: tuple) -> None:
    picture = flow_picture(uniform(x, y), fastest=5, legend=False)
    assert picture.shape == (90, 160, 3)
    # Theirs has a seam at red of one step in 55; ours spreads it over the turn.
    assert np.abs(picture[40, 80].astype(int) - colour).max() <= 16


def test_still_is_white_slow_is_pale_and_faster_than_the_scale_is_darker() -> None:
    assert (flow_picture(uniform(0, 0), legend=False) == 255).all()
    half = flow_picture(uniform(2, 0), fastest=4, legend=False)[0, 0]
    assert tuple(half) == (255, 128, 128)
    beyond = flow_picture(uniform(9, 0), fastest=4, legend=False)[0, 0]
    assert tuple(beyond) == (191, 0, 0)


def test_colours_turn_without_a_seam() -> None:
    angles = np.linspace(0, 2 * np.pi, 721)
    flow = np.stack([np.cos(angles), np.sin(angles)], -1)[None].astype(np.float32)
    colours = flow_picture(flow, fastest=1.001, legend=False)[0].astype(int)
    assert np.abs(np.diff(colours, axis=0)).max() <= 10


def test_the_scale_is_a_round_number_and_noise_is_not_blown_up() -> None:
    assert fastest_of(uniform(7.3, 0)) == 8
    assert fastest_of(uniform(0, 130)) == 200
    assert fastest_of(uniform(0.05, 0.02)) == 1
    noise = flow_picture(uniform(0.05, 0.02), legend=False)
    assert noise.min() > 235


def test_motion_that_is_not_a_number_is_grey() -> None:
    flow = uniform(3, 0)
    flow[10, 10] = np.nan
    picture = flow_picture(flow, legend=False)
    assert tuple(picture[10, 10]) == (128, 128, 128)
    assert arrows_picture(photo(), flow).shape[2] == 3


def test_the_legend_stands_in_the_corner_and_makes_room() -> None:
    picture = flow_picture(uniform(3, 0), fastest=6)
    assert picture.shape == (270, 480, 3)
    assert (picture[:120, :240] == picture[0, 0]).all()
    corner = picture[170:265, 390:475]
    assert corner.min() < 40
    assert len(np.unique(corner.reshape(-1, 3), axis=0)) > 500


def test_the_wheel_shows_right_in_red_on_its_right() -> None:
    wheel = wheel_picture(101)
    assert wheel.shape == (101, 101, 3)
    assert tuple(wheel[50, 50]) == pytest.approx((255, 255, 255), abs=8)
    assert wheel[50, 97, 0] > 240
    assert wheel[50, 97, 1] < 40
    assert tuple(wheel[2, 2]) == (14, 16, 20)


@pytest.mark.parametrize("size", [(90, 160), (720, 1280), (160, 90), (2, 3)])
def test_pictures_of_every_size_can_be_drawn(size: tuple[int, int]) -> None:
    flow = uniform(4, -2, size)
    hidden = np.zeros(size, np.bool_)
    hidden[: size[0] // 2] = True
    motion = Motion(flow, -flow, hidden)
    for picture in (
        flow_picture(flow),
        arrows_picture(photo(*size), flow),
        hidden_picture(photo(*size), motion),
    ):
        assert picture.dtype == np.uint8
        assert max(picture.shape[:2]) >= 480


def test_arrows_point_where_things_go() -> None:
    """The colour of an arrow lies more on the side of its tip than of its tail: heads are wide."""
    drawn = arrows_picture(np.zeros((270, 480, 3), np.uint8), uniform(6, 0, (270, 480)))
    cell = drawn[:22, :22].astype(int)
    lit = cell.sum(2) > 200
    columns = np.flatnonzero(lit.any(0))
    spread = lit[:, columns].sum(0)
    assert spread.argmax() > len(columns) / 2
    assert cell[lit][:, 0].mean() > cell[lit][:, 2].mean()


def test_where_nothing_moves_there_are_dots_only() -> None:
    drawn = arrows_picture(np.zeros((270, 480, 3), np.uint8), uniform(0.1, 0, (270, 480)))
    lit = drawn.max(2) > 60
    assert 0.001 < lit[:220].mean() < 0.03


def test_what_is_hidden_is_tinted_and_counted() -> None:
    hidden = np.zeros((90, 160), np.bool_)
    hidden[20:40, 100:120] = True
    flow = uniform(0, 0)
    shown = hidden_picture(photo(), Motion(flow, flow, hidden), legend=False).astype(int)
    inside, outside = shown[90, 330], shown[90, 60]
    assert inside[0] - inside[2] > 100
    assert abs(outside[0] - outside[2]) < 20
    with_legend = hidden_picture(photo(), Motion(flow, flow, hidden))
    assert (with_legend[230:, :250] != shown[230:, :250]).any()


def test_planes_are_shown_with_their_own_colours() -> None:
    red = np.zeros((32, 48, 3), np.uint8)
    red[...] = (220, 30, 40)
    for tags in (ColourTags(), ColourTags("bt601", full_range=True)):
        seen = rgb_of(planes_from_rgb(red, tags), tags)
        assert np.abs(seen.astype(int) - red).max() <= 3
    assert rgb_of(red) is red
    with pytest.raises(ValueError, match="uint8 RGB"):
        rgb_of(red.astype(np.float32))


def test_side_by_side_is_an_even_sized_frame_with_a_gap() -> None:
    white, grey = np.full((90, 161, 3), 255, np.uint8), np.full((90, 161, 3), 90, np.uint8)
    pair = beside(white, grey, width=480)
    assert pair.shape[1] == 480
    assert pair.shape[0] % 2 == 0
    assert (pair[100, 20:230] == 255).all()
    assert (pair[100, 250:470] == 90).all()
    assert pair[100, 239:241].max() < 60


def test_the_split_picture_has_both_halves_and_a_line_of_light() -> None:
    white, grey = np.full((90, 160, 3), 255, np.uint8), np.full((90, 160, 3), 90, np.uint8)
    both = split(white, grey, width=480, labels=("Left", "Right"))
    assert both.shape == (270, 480, 3)
    assert (both[150, :230] == 255).all()
    assert (both[150, 250:] == 90).all()
    assert tuple(both[150, 240]) == (255, 180, 84)
    assert both[20, 12:40].min() < 120


def test_comparison_holds_the_source_picture_that_was_on_screen() -> None:
    def tone(value: int) -> np.ndarray:
        return np.full((36, 64, 3), value, np.uint8)

    source = ((Fraction(i, 2), tone(40 * i + 10)) for i in range(3))
    ours = ((Fraction(i, 5), tone(200)) for i in range(8))
    frames = list(compare_slowed(source, ours, slower=3, width=320))
    assert len(frames) == 24
    left = [int(frame[70, 40, 0]) for frame in frames[::3]]
    assert left == [10, 10, 10, 50, 50, 90, 90, 90]
    assert frames[0] is frames[2]
    assert list(compare_slowed(iter(()), iter(()))) == []
    with pytest.raises(ValueError, match="1 or more"):
        next(compare_slowed(source, ours, slower=0))


def test_comparison_reads_its_streams_only_as_far_as_needed() -> None:
    read = []

    def endless():
        number = 0
        while True:
            read.append(number)
            yield Fraction(number, 24), np.zeros((18, 32, 3), np.uint8)
            number += 1

    frames = compare_slowed(endless(), endless(), slower=1, layout="split", width=160)
    for _ in range(3):
        next(frames)
    assert len(read) <= 8


def test_the_curve_finds_the_worst_moments_and_is_no_comb() -> None:
    times = np.arange(600) / 60
    doubts = 0.01 + 0.2 * np.exp(-(((times - 3) / 0.2) ** 2)) + 0.1 * np.exp(-((times - 7) ** 2))
    doubts[::5] = 0
    doubts[2::5] = 0
    curve = doubt_curve(times, doubts, seconds=10)
    assert [round(time) for time, _ in curve.worst] == [3, 7]
    assert curve.worst[0][1] == pytest.approx(0.21, abs=0.01)
    inner = (curve.times > 0.1) & (curve.times < 9.9)
    assert curve.doubts[inner].min() > 0.005
    assert curve.times[-1] == 10


def test_a_long_clip_keeps_its_peaks() -> None:
    doubts = np.zeros(36_000)
    doubts[12_345] = 0.6
    curve = doubt_curve(np.arange(36_000) / 60, doubts)
    assert curve.times.size <= 1201
    assert curve.doubts.max() == 0.6
    assert curve.worst == ((12_345 / 60, 0.6),)


def test_joins_become_lines_and_bands() -> None:
    joins = [(1.0, "cut"), (1.04, "cut"), (4.0, "fade"), (4.1, "fade"), (4.2, "fade")]
    joins += [(0.5, "motion"), (0.6, "still"), (8.0, "flash")]
    curve = doubt_curve([0, 10], [0, 0], joins)  # type: ignore[arg-type]
    assert [(mark.join, mark.start, mark.end) for mark in curve.marks] == [
        ("cut", 1.0, 1.0),
        ("cut", 1.04, 1.04),
        ("fade", 4.0, 4.2),
        ("flash", 8.0, 8.0),
    ]
    shapes = curve.figure()["layout"]["shapes"]
    assert [shape["type"] for shape in shapes] == ["line", "line", "rect", "line"]


def test_the_figure_is_plain_and_known_to_plotly() -> None:
    plotly = pytest.importorskip("plotly.graph_objects")
    times = np.arange(240) / 24
    doubts = np.abs(np.sin(times)) * 0.3
    figure = doubt_curve(times, doubts, [(2.0, "cut")]).figure()
    text = json.dumps(figure, allow_nan=False)
    assert len(text) < 40_000
    plotly.Figure(data=figure["data"], layout=figure["layout"])  # raises on unknown names
    for trace in figure["data"]:
        assert len(trace["x"]) == len(trace["y"]) == len(trace["customdata"])
        assert all(isinstance(entry[0], float) for entry in trace["customdata"])


@pytest.mark.parametrize("doubts", [[], [0.0], [0, 0, 0], [float("nan"), 0.2, 0.1]])
def test_short_and_spotless_clips_have_a_figure(doubts: list[float]) -> None:
    figure = doubt_curve(np.arange(len(doubts)) / 24, doubts).figure()
    json.dumps(figure, allow_nan=False)


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="doubts"):
        doubt_curve([0, 1], [0.5])


def test_times_read_as_people_write_them() -> None:
    assert [clock(s) for s in (0, 4, 62.5, 600, 59.999)] == [
        "0:00",
        "0:04",
        "1:02.5",
        "10:00",
        "1:00",
    ]
