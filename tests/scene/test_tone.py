"""Smooth surroundings give a smooth fill, rough ones a rough fill, near things neither."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from synth.errors import SynthError
from synth.scene.disparity_fill import false_shore
from synth.scene.fill import fill

QUALITIES = ("quick", "best")


def sky(height: int, width: int, noise: float = 0.0) -> np.ndarray:
    """A sky that brightens towards the horizon, float."""
    down = np.linspace(0, 1, height)[:, None, None]
    across = np.linspace(0, 1, width)[None, :, None]
    tone = np.array([90, 120, 180]) + down * np.array([110, 70, 20]) + across * np.array([8, 6, 4])
    return tone + np.random.default_rng(7).normal(0, noise, (height, width, 1))


def tower(height: int, width: int, share: float) -> np.ndarray:
    """A thing that stands in the frame and is wider below."""
    yy, xx = np.mgrid[:height, :width]
    half = share * max(height, width) * (0.35 + 0.3 * yy / height)
    return (np.abs(xx - width / 2) < half) & (yy > 0.2 * height)


def grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    box = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cv2.dilate(mask.astype(np.uint8), box) > 0


def seen(truth: np.ndarray, front: np.ndarray, paint: tuple[int, int, int]) -> np.ndarray:
    """A photo of a thing before a picture, its edge mixed over three pixels."""
    share = cv2.GaussianBlur(front.astype(np.float64), (0, 0), 1.3)[..., None]
    return np.clip(np.rint(truth + share * (np.array(paint) - truth)), 0, 255).astype(np.uint8)


def deep(front: np.ndarray) -> np.ndarray:
    return np.where(front, 0.8, 0.05).astype(np.float32)


def rms(gap: np.ndarray) -> float:
    return float(np.sqrt((gap.astype(np.float64) ** 2).mean()))


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("share", [0.06, 0.2])
def test_a_sky_behind_a_mixed_edge_is_the_sky(quality, share):
    truth, front = sky(240, 340, noise=1.0), tower(240, 340, share)
    colour = seen(truth, front, (160, 40, 30))
    hole = grown(front, 1)
    filled, _ = fill(colour, deep(front), hole, ~hole, quality=quality)
    gap = filled[hole] - sky(240, 340)[hole]
    assert rms(gap) < 2.1, "the noise alone makes 1"
    assert np.percentile(np.abs(gap), 99) < 4.2


@pytest.mark.parametrize("quality", QUALITIES)
def test_tones_do_not_jump_at_the_seam(quality):
    truth, front = sky(240, 340, noise=1.0), tower(240, 340, 0.1)
    colour = seen(truth, front, (160, 40, 30))
    hole = grown(front, 1)
    filled, _ = fill(colour, deep(front), hole, ~hole, quality=quality)
    inner = hole & ~(cv2.erode(hole.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0)
    outer = grown(hole, 5) & ~grown(hole, 3)
    step = (filled - truth)[inner].mean(axis=0) - (filled - truth)[outer].mean(axis=0)
    assert np.abs(step).max() < 1.6


def test_the_grain_of_the_sky_goes_on():
    truth, front = sky(240, 340, noise=2.5), tower(240, 340, 0.1)
    colour = seen(truth, front, (160, 40, 30))
    hole = grown(front, 2)
    filled, _ = fill(colour, deep(front), hole, ~hole)
    grain = (filled - sky(240, 340))[cv2.erode(hole.astype(np.uint8), np.ones((9, 9))) > 0]
    assert 1.5 < grain.mean(axis=1).std() < 4


@pytest.mark.parametrize("quality", QUALITIES)
def test_rough_surroundings_keep_their_contrast(quality):
    rng = np.random.default_rng(3)
    fine = cv2.GaussianBlur(rng.normal(0, 60, (240, 340, 1)), (0, 0), 1.2)[..., None]
    truth, front = sky(240, 340) * 0.6 + fine, tower(240, 340, 0.08)
    colour = seen(truth, front, (200, 40, 30))
    hole = grown(front, 3)
    filled, _ = fill(colour, deep(front), hole, ~hole, quality=quality)
    grey, true = filled.mean(axis=2), truth.mean(axis=2)
    high = [plane - cv2.GaussianBlur(plane, (0, 0), 4) for plane in (grey, true)]
    assert 0.7 < high[0][hole].std() / high[1][hole].std() < 1.3


def test_the_edge_between_two_smooth_things_stays_an_edge():
    truth = sky(200, 300)
    truth[110:] = np.array([60, 50, 40])
    hole = np.zeros((200, 300), bool)
    hole[20:180, 135:165] = True
    colour = np.rint(truth).astype(np.uint8)
    colour[hole] = 255
    filled, _ = fill(colour, np.full((200, 300), 0.2, np.float32), hole)
    steps = np.abs(np.diff(filled[20:180, 135:165].astype(int).sum(axis=2), axis=0)).max(axis=0)
    true = np.abs(truth[110, 150] - truth[109, 150]).sum()
    assert np.median(steps) > 0.8 * true


def test_two_tones_meet_at_an_edge_rather_than_in_a_ramp():
    truth = np.full((160, 220, 3), 60.0)
    truth[:, 110:] = (170, 160, 150)
    hole = np.zeros((160, 220), bool)
    hole[20:140, 95:125] = True
    colour = truth.astype(np.uint8)
    colour[hole] = 255
    filled, _ = fill(colour, np.full((160, 220), 0.2, np.float32), hole)
    steps = np.abs(np.diff(filled[20:140, 90:130].astype(int).mean(axis=2), axis=1)).max(axis=1)
    assert np.median(steps) > 50


def test_the_middle_of_a_near_thing_is_not_what_it_hides():
    truth, front = sky(240, 340, noise=1.0), tower(240, 340, 0.16)
    middle = cv2.erode(front.astype(np.uint8), np.ones((41, 41), np.uint8)) > 0
    assert middle.any()
    colour = seen(truth, front, (255, 250, 220))
    hole = grown(front, 2) & ~middle
    filled, surface = fill(colour, deep(front), hole, ~hole)
    assert np.abs(surface[hole] - 0.05).max() < 0.01
    assert rms(filled[hole] - sky(240, 340)[hole]) < 4


def test_a_floor_that_a_thing_stands_on_stays_source():
    yy, xx = np.mgrid[:240, :340]
    floor = (0.1 + 0.6 * yy / 240).astype(np.float32)
    foot = 180
    front = (np.abs(xx - 170) < 30) & (yy > 60) & (yy < foot)
    depth = np.where(front, floor[foot, 0], floor).astype(np.float32)
    hole = front.copy()
    false = false_shore(depth, hole, ~hole)
    assert not false[:foot].any()
    assert false.sum() < 0.05 * hole.sum()


def test_a_hole_with_no_step_at_all_keeps_its_shore():
    depth = (0.1 + np.mgrid[:120, :160][1] / 400).astype(np.float32)
    hole = np.zeros((120, 160), bool)
    hole[50:80, 60:100] = True
    assert not false_shore(depth, hole, ~hole).any()


def test_only_what_may_be_mended_changes_beside_the_hole():
    truth, front = sky(240, 340), tower(240, 340, 0.08)
    ringing = np.cos(cv2.distanceTransform((~front).astype(np.uint8), cv2.DIST_L2, 5))
    near = grown(front, 6)
    colour = np.clip(truth + 7 * (near * ringing)[..., None], 0, 255).astype(np.uint8)
    hole = grown(front, 1)
    mend = near & ~hole
    filled, _ = fill(colour, deep(front), hole, ~hole, mend=mend)
    np.testing.assert_array_equal(filled[~(hole | mend)], colour[~(hole | mend)])
    assert rms((filled - truth)[mend]) < 0.6 * rms((colour - truth)[mend])
    kept, _ = fill(colour, deep(front), hole, ~hole)
    np.testing.assert_array_equal(kept[~hole], colour[~hole])


def test_a_mask_of_another_size_is_refused():
    colour, hole = sky(40, 60).astype(np.uint8), np.zeros((40, 60), bool)
    with pytest.raises(SynthError, match=r"mending mask is \(5, 60\)"):
        fill(colour, np.zeros((40, 60), np.float32), hole, mend=hole[:5])
