"""Scopes count every pixel, and each where it belongs."""

from __future__ import annotations

import base64
import json
import math

import cv2
import numpy as np
import pytest

from synth.errors import InvalidInstruction
from synth.grade.scopes import (
    SCOPES,
    SKIN_TONE,
    Scopes,
    colour_place,
    measure,
    plotly_scope,
    scope_picture,
)

BARS = [(191, 191, 191), (191, 191, 0), (0, 191, 191), (0, 191, 0), (191, 0, 191), (191, 0, 0),
        (0, 0, 191), (0, 0, 0)]  # fmt: skip


def _bars(width: int = 320, height: int = 40) -> np.ndarray:
    return np.repeat(
        np.repeat(np.array([BARS], np.uint8), width // len(BARS), axis=1), height, axis=0
    )


@pytest.fixture
def scopes() -> Scopes:
    return measure(_bars())


def test_every_pixel_is_counted_once_in_each_scope() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (51, 333, 3), np.uint8)
    found = measure(rgb)
    assert found.pixels == found.vectorscope.sum() == found.waveform.sum() == 51 * 333
    assert found.waveform.shape == (256, 240)
    assert found.parade.shape == (3, 256, 240)
    for channel in range(3):
        expected = np.bincount(rgb[..., channel].ravel(), minlength=256)
        assert np.array_equal(found.histogram[channel], expected)
        assert np.array_equal(found.parade[channel].sum(axis=1), expected)
    luma = np.rint(rgb @ np.array([0.2126, 0.7152, 0.0722]))
    expected = np.bincount(luma.ravel().astype(int), minlength=256)
    assert np.abs(np.cumsum(found.histogram[3].astype(int) - expected)).max() <= 0.001 * luma.size


def test_a_ramp_is_a_diagonal_in_the_waveform() -> None:
    ramp = np.repeat(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 9, 0), 3, 2)
    found = measure(ramp, columns=256)
    assert np.array_equal(found.waveform, np.eye(256, dtype=int) * 9)
    assert np.array_equal(found.parade[1], np.eye(256, dtype=int) * 9)
    assert found.vectorscope[128, 128] == ramp.shape[0] * 256, "grey has no colour"


def test_colour_bars_fall_into_their_boxes(scopes: Scopes) -> None:
    for red, green, blue in BARS:
        cb, cr = colour_place(red / 255, green / 255, blue / 255)
        near = scopes.vectorscope[
            round(cr) + 127 : round(cr) + 130, round(cb) + 127 : round(cb) + 130
        ]
        assert near.sum() >= 40 * 40, (red, green, blue)
    red = math.degrees(math.atan2(*reversed(colour_place(0.75, 0, 0))))
    assert red == pytest.approx(102.3, abs=1.5), "red stands a little left of the top"


@pytest.mark.parametrize(
    "skin", [(241, 200, 178), (224, 172, 140), (198, 134, 96), (141, 85, 56), (84, 52, 38)]
)
def test_faces_lie_along_the_skin_tone_line(skin: tuple[int, int, int]) -> None:
    cb, cr = colour_place(*(value / 255 for value in skin))
    assert math.degrees(math.atan2(cr, cb)) == pytest.approx(SKIN_TONE, abs=9)


def test_clipping_is_told_from_the_channel_that_has_most() -> None:
    rgb = np.full((10, 10, 3), 100, np.uint8)
    rgb[:2, :, 0] = 255
    rgb[:3, :, 2] = 0
    found = measure(rgb)
    assert found.clipped == pytest.approx(0.2)
    assert found.crushed == pytest.approx(0.3)


def test_a_narrow_picture_has_no_empty_columns() -> None:
    found = measure(np.full((4, 3, 3), 50, np.uint8))
    assert found.waveform.shape == (256, 3)
    assert (found.waveform.sum(axis=0) == 4).all()


def test_pictures_show_white_at_the_top_and_colours_where_they_are(scopes: Scopes) -> None:
    wave = scope_picture(measure(np.full((8, 8, 3), 255, np.uint8)), "waveform")
    assert wave[0].max() > 200
    assert wave[1:].max() == 0
    parade = scope_picture(scopes, "parade")
    assert parade.shape == (256, 720, 3)
    assert parade[:, :240, 0].max() > 200
    vector = scope_picture(scopes, "vectorscope")
    cb, cr = colour_place(0.75, 0, 0)
    spot = vector[126 - round(cr) : 129 - round(cr), 127 + round(cb) : 130 + round(cb)]
    assert spot[..., 0].max() > spot[..., 1].max() + 60
    with pytest.raises(InvalidInstruction, match="no picture of 'histogram'"):
        scope_picture(scopes, "histogram")


def test_a_level_that_towers_does_not_flatten_the_histogram() -> None:
    rgb = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2).repeat(8, 0)
    rgb[:6, 128:] = 255
    figure = plotly_scope(measure(rgb), "histogram")
    top = figure["layout"]["yaxis"]["range"][1]
    assert 8 < top < 100
    assert max(figure["data"][0]["y"]) > 700


@pytest.mark.parametrize("kind", SCOPES)
def test_a_figure_is_plain_and_small(scopes: Scopes, kind: str) -> None:
    figure = plotly_scope(scopes, kind)  # type: ignore[arg-type]
    text = json.dumps(figure)
    assert len(text) < 60_000
    if kind != "histogram":
        source = figure["layout"]["images"][0]["source"].partition(",")[2]
        picture = cv2.imdecode(np.frombuffer(base64.b64decode(source), np.uint8), 1)
        assert picture is not None
        assert picture.shape[0] == 256
    else:
        assert [sum(line["y"]) for line in figure["data"]] == [scopes.pixels] * 4


def test_noise_makes_a_small_figure_too() -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (540, 960, 3), np.uint8)
    found = measure(rgb)
    assert max(len(json.dumps(plotly_scope(found, kind))) for kind in SCOPES) < 400_000


def test_what_is_no_picture_is_refused() -> None:
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32),
                  np.zeros((0, 4, 3), np.uint8)):  # fmt: skip
        with pytest.raises(InvalidInstruction, match="8 bits"):
            measure(wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInstruction, match="1 column"):
        measure(np.zeros((4, 4, 3), np.uint8), columns=0)
    with pytest.raises(InvalidInstruction, match="no scope"):
        plotly_scope(measure(np.zeros((4, 4, 3), np.uint8)), "sonar")  # type: ignore[arg-type]
