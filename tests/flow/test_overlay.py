from __future__ import annotations

import time
from fractions import Fraction

import cv2
import numpy as np
import pytest

from synth.flow.model import Anchor
from synth.flow.overlay import OverlayFinder, overlay_mask
from tests.flow.worlds import finished, shown, world

WIDE = (960, 540)


def _clip(
    count: int, pan: tuple[float, float], seed: int = 1, zoom: float = 1.0
) -> list[np.ndarray]:
    picture = world(seed, (1300, 760))
    out = []
    for i in range(count):
        matrix = cv2.getRotationMatrix2D((650, 380), 0, zoom**i)
        matrix[:, 2] += (pan[0] * i - 170, pan[1] * i - 110)
        out.append(cv2.warpAffine(picture, matrix, WIDE, borderMode=cv2.BORDER_REFLECT))
    return out


def _title() -> np.ndarray:
    """Opacity of a title, a small logo and a frame, 0 to 1."""
    drawn = np.zeros((WIDE[1], WIDE[0]), np.uint8)
    font = cv2.FONT_HERSHEY_DUPLEX
    cv2.putText(drawn, "Static title 1937", (120, 470), font, 1.3, 255, 3, cv2.LINE_AA)
    cv2.putText(drawn, "LIVE", (830, 60), font, 0.9, 255, 2, cv2.LINE_AA)
    cv2.rectangle(drawn, (40, 40), (140, 90), 255, 3)
    return drawn.astype(np.float32) / 255


def _with_title(lumas: list[np.ndarray], opacity: float = 1.0) -> list[np.ndarray]:
    alpha = _title() * opacity
    return [luma * (1 - alpha) + 235 * alpha for luma in lumas]


def _halved(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, (WIDE[0] // 2, WIDE[1] // 2), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("pan", "share", "stray"),
    # Of a slow picture the title drags the flow along on all sides, and some of it is missed.
    [
        ((6, 2), 0.9, 0.004),
        ((-12, 0), 0.9, 0.004),
        ((25, 5), 0.9, 0.004),
        ((3, 4), 0.6, 0.015),
    ],
)
def test_a_title_over_a_moving_picture_is_found_and_little_else(
    pan: tuple[float, float], share: float, stray: float, seed: int
) -> None:
    lumas = finished(_with_title(_clip(6, pan, seed)), grain=1.0)
    mask = overlay_mask(lumas)
    assert mask.shape == (270, 480)
    assert mask.dtype == np.uint8
    letters = _halved(_title()) > 0.6
    near = cv2.dilate(letters.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert (mask[letters] > 128).mean() > share
    assert (mask[~near] > 128).mean() < stray


def test_a_title_over_a_zoom_is_found() -> None:
    lumas = finished(_with_title(_clip(6, (4, 0), zoom=1.02)), grain=1.0)
    letters = _halved(_title()) > 0.6
    assert (overlay_mask(lumas)[letters] > 128).mean() > 0.55


def test_a_half_transparent_logo_over_a_gentle_picture_is_found_in_part() -> None:
    gentle = [120 + (luma - 120) * 0.25 for luma in _clip(6, (6, 2))]
    mask = overlay_mask(finished(_with_title(gentle, 0.6), grain=0.5))
    letters = _halved(_title()) > 0.6
    assert (mask[letters] > 128).mean() > 0.5


@pytest.mark.parametrize(
    "lumas",
    [
        pytest.param(_clip(6, (6, 2)), id="pan without a title"),
        pytest.param(_clip(6, (0.4, 0.1)), id="creeping pan"),
        pytest.param(_with_title(_clip(6, (0, 0))), id="title over a resting picture"),
    ],
)
def test_what_needs_no_holding_is_not_held(lumas: list[np.ndarray]) -> None:
    assert (overlay_mask(finished(lumas, grain=1.0)) > 128).mean() < 0.003


def test_of_a_zoom_only_edges_along_its_rays_are_held() -> None:
    assert (overlay_mask(finished(_clip(6, (0, 0), zoom=1.02), grain=1.0)) > 128).mean() < 0.03


def test_a_wall_behind_a_passer_by_is_not_an_overlay() -> None:
    lumas = _clip(6, (0, 0))
    passer = world(7, (300, 540))
    for i, luma in enumerate(lumas):
        luma[:, 200 + 12 * i : 500 + 12 * i] = passer
    assert (overlay_mask(finished(lumas, grain=1.0)) > 128).mean() < 0.003


def test_the_finder_agrees_with_the_function_and_remembers() -> None:
    frames = shown(finished(_with_title(_clip(12, (6, 2))), grain=1.0))
    anchors = [Anchor(i, Fraction(i, 25), frame.planes, "motion") for i, frame in enumerate(frames)]
    finder = OverlayFinder()
    began = time.process_time()
    for i in range(7):
        mask = finder.mask(anchors[i : i + 6])
        assert mask is not None
        wanted = overlay_mask([frame.planes.y for frame in frames[i : i + 6]])
        assert np.array_equal(mask, wanted)
    assert time.process_time() - began < 2.0
    assert finder.mask(anchors[:3]) is None
    assert finder.mask([]) is None


def test_nothing_is_found_in_tiny_pictures_or_too_few() -> None:
    tiny = [np.full((20, 30), i * 30, np.uint8) for i in range(6)]
    assert not overlay_mask(tiny).any()
    lumas = finished(_with_title(_clip(3, (6, 2))))
    assert not overlay_mask(lumas).any()
