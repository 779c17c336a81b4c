"""Hidden layers below the first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from synth.camera.pose import CameraPose
from synth.render.renderer import Renderer
from synth.scene.build import build_scene
from synth.scene.deeper import enlarged, lowest_within_reach

WIDTH, HEIGHT = 320, 240
SKY, LAMP, BAR = (90, 140, 210), (250, 240, 200), (60, 30, 20)
NEAR, MIDDLE = 0.2, 0.1


def bars_before_a_lamp() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Two dark bars at distance 5 over the edges of a lamp at distance 10, before the sky."""
    photo = np.full((HEIGHT, WIDTH, 3), SKY, np.uint8)
    disparity = np.zeros((HEIGHT, WIDTH), np.float32)
    photo[80:160, 140:180], disparity[80:160, 140:180] = LAMP, MIDDLE
    for left in (132, 172):
        photo[40:200, left : left + 16], disparity[40:200, left : left + 16] = BAR, NEAR
    return photo, disparity


def share_of(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> float:
    """Share of pixels of about a colour."""
    apart = np.abs(picture.astype(int) - colour).max(axis=2)
    return float((apart < 24).mean())


def test_the_sky_goes_on_behind_a_lamp_behind_bars() -> None:
    photo, disparity = bars_before_a_lamp()
    scene = build_scene(photo, disparity, travel=1.0)
    renderer = Renderer(scene, WIDTH, HEIGHT)
    seen = renderer.frame(CameraPose(position=(0.6, 0.0, 10.0)))
    # Every pixel is one of the three: no mixture of sky and lamp where both are hidden.
    part = seen[30:210, 60:260]
    assert share_of(part, SKY) + share_of(part, LAMP) + share_of(part, BAR) > 0.97


def test_what_lies_deeper_is_drawn_from_sheets_of_its_own() -> None:
    photo, disparity = bars_before_a_lamp()
    scene = build_scene(photo, disparity, travel=1.0)
    assert len(scene.sheets) == len(scene.pages) > 3
    view = Renderer(scene, WIDTH, HEIGHT).view(CameraPose(position=(0.6, 0.0, 10.0)))
    on = np.searchsorted([page.first_row for page in scene.pages], view.texture_y + 0.5) - 1
    inside = on[30:210, 60:260]
    assert (inside >= 2).any()
    assert (inside == len(scene.pages) - 1).mean() < 0.002, "the coarse backdrop shows"


def test_without_steps_there_is_nothing_deeper() -> None:
    photo, _ = bars_before_a_lamp()
    scene = build_scene(photo, np.full((HEIGHT, WIDTH), 0.1, np.float32))
    assert len(scene.sheets) == 3


@settings(max_examples=30, deadline=None)
@given(
    hnp.arrays(np.float32, (9, 11), elements=st.floats(0, 1, width=32)),
    st.floats(0.001, 1.0),
)
def test_the_cone_is_the_least_over_all_pixels(values: NDArray[np.float32], slope: float) -> None:
    found = lowest_within_reach(values, slope)
    y, x = np.mgrid[0:9, 0:11]
    for row, column in ((0, 0), (4, 5), (8, 10), (2, 9)):
        away = slope * np.hypot(y - row, x - column)
        exact = float((values + away).min())
        assert found[row, column] <= values[row, column]
        assert found[row, column] == pytest.approx(exact, abs=0.09 * slope * 14 + 1e-6)


def test_enlarged_covers_sizes_that_do_not_divide() -> None:
    small = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert enlarged(small, 4, (7, 10)).shape == (7, 10)
    assert np.array_equal(enlarged(small, 4, (7, 10))[::4, ::4], small)
