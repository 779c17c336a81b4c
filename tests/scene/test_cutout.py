"""Subjects come off the photo cleanly, and the place behind them is filled."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synth.errors import InvalidMedia
from synth.scene.cutout import Cutout, cut_out
from synth.scene.subject import SubjectMask

HEIGHT, WIDTH = 216, 320
HORIZON = 90
FOOT = 160


def ground() -> NDArray[np.float32]:
    """A wall at the horizon and a floor that comes nearer downward, 1 / scene units."""
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None]
    slope = 0.02 + 0.1 * np.clip((rows - HORIZON) / (FOOT - HORIZON), 0.0, None)
    return np.repeat(slope, WIDTH, axis=1).astype(np.float32)


def scene() -> tuple[NDArray[np.uint8], NDArray[np.float32], SubjectMask, NDArray[np.uint8]]:
    """A blue figure on a sandy floor; the photo, its disparity, its mask, the empty photo."""
    random = np.random.default_rng(5)
    empty = np.empty((HEIGHT, WIDTH, 3), np.float32)
    empty[:HORIZON] = (170, 190, 215)
    empty[HORIZON:] = (196, 168, 120)
    empty += random.normal(0, 4, empty.shape)
    solid = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.rectangle(solid, (140, 50), (180, FOOT - 1), 1, -1)
    alpha = np.asarray(cv2.GaussianBlur(solid.astype(np.float32), (0, 0), 0.9), np.float32)
    alpha[alpha < 0.02] = 0.0
    figure = np.array([40, 60, 160]) + random.normal(0, 4, empty.shape)
    photo = empty * (1 - alpha[..., None]) + figure * alpha[..., None]
    inverse = np.where(solid > 0, np.float32(0.12), ground()).astype(np.float32)
    whole = np.clip(photo, 0, 255).astype(np.uint8)
    return whole, inverse, SubjectMask(alpha), np.clip(empty, 0, 255).astype(np.uint8)


def over(plate: NDArray[np.uint8], cutouts: tuple[Cutout, ...]) -> NDArray[np.float32]:
    """The cut-outs laid over a picture, in order."""
    wide = np.pad(plate.astype(np.float32), ((4, 4), (4, 4), (0, 0)))
    for one in cutouts:
        height, width = one.texture.shape[:2]
        part = wide[one.top + 4 : one.top + 4 + height, one.left + 4 : one.left + 4 + width]
        texture = one.texture.astype(np.float32)
        part[:] = texture[..., :3] + (1.0 - texture[..., 3:] / 255.0) * part
    return wide[4:-4, 4:-4]


def cut_all(
    photo: NDArray[np.uint8],
    disparity: NDArray[np.float32],
    masks: list[SubjectMask],
    **values: Any,
) -> tuple[NDArray[np.uint8], NDArray[np.float32], tuple[Cutout, ...]]:
    """`cut_out` where every mask gives a subject."""
    plate, behind, cutouts = cut_out(photo, disparity, masks, **values)
    found = tuple(cutout for cutout in cutouts if cutout is not None)
    assert len(found) == len(masks)
    return plate, behind, found


def test_put_back_it_gives_the_photo_again() -> None:
    photo, inverse, mask, _ = scene()
    plate, _, cutouts = cut_all(photo, inverse, [mask])
    assert np.abs(over(plate, cutouts) - photo).max() <= 3.0
    clear = mask.alpha == 0.0
    assert (plate[clear] == photo[clear]).all()


def test_the_texture_is_premultiplied_and_framed() -> None:
    photo, inverse, mask, _ = scene()
    (one,) = cut_all(photo, inverse, [mask])[2]
    assert one.texture.dtype == np.uint8
    assert (one.texture[..., :3] <= one.texture[..., 3:]).all()
    frame = one.texture.copy()
    frame[2:-2, 2:-2] = 0
    assert not frame.any()
    left, top, right, bottom = mask.box
    assert (one.left, one.top) == (left - 2, top - 2)
    assert one.texture.shape[:2] == (bottom - top + 4, right - left + 4)


def test_soft_edges_carry_no_background() -> None:
    photo, inverse, mask, _ = scene()
    (one,) = cut_all(photo, inverse, [mask])[2]
    texture = one.texture.astype(np.float32)
    half = (texture[..., 3] > 80) & (texture[..., 3] < 200)
    pure = texture[half][:, :3] / texture[half][:, 3:] * 255.0
    assert np.abs(pure.mean(axis=0) - (40, 60, 160)).max() < 16.0


def test_the_plate_is_the_empty_scene_in_colour_and_depth() -> None:
    photo, inverse, mask, empty = scene()
    plate, behind, _ = cut_all(photo, inverse, [mask])
    hole = mask.alpha > 0.0
    assert np.abs(plate[hole].astype(float) - empty[hole]).mean() < 8.0
    assert np.abs(behind - ground())[hole].max() < 0.012
    assert (behind >= 0.0).all()


def test_depth_that_spills_past_the_outline_goes_too() -> None:
    photo, inverse, mask, _ = scene()
    wide = cv2.dilate((mask.alpha > 0.5).astype(np.uint8), np.ones((5, 5))) > 0
    inverse = np.where(wide, np.float32(0.12), inverse)
    inverse[FOOT:] = ground()[FOOT:]
    _, behind, _ = cut_all(photo, inverse, [mask])
    assert np.abs(behind - ground())[:FOOT].max() < 0.015


def test_it_stands_on_the_ground() -> None:
    photo, inverse, mask, _ = scene()
    (one,) = cut_all(photo, inverse, [mask])[2]
    assert abs(one.foot[0] - 160.5) <= 1.0
    assert abs(one.foot[1] - FOOT) <= 1.0
    assert one.disparity == pytest.approx(0.12, rel=0.05)
    # A depth that puts it behind the floor at its feet is mended.
    sunk = np.where(mask.alpha > 0.5, np.float32(0.1), inverse)
    (mended,) = cut_all(photo, sunk, [mask])[2]
    assert mended.disparity >= ground()[FOOT, 160]


def test_its_shadow_stays() -> None:
    photo, inverse, mask, _ = scene()
    photo[FOOT + 2 : FOOT + 8, 150:230] //= 2
    plate, _, _ = cut_all(photo, inverse, [mask])
    assert (plate[FOOT + 3 : FOOT + 8, 150:230] == photo[FOOT + 3 : FOOT + 8, 150:230]).all()


def test_of_two_the_nearer_one_wins_and_the_order_of_the_masks_is_kept() -> None:
    photo, inverse, mask, _ = scene()
    other = np.zeros((HEIGHT, WIDTH), np.float32)
    other[80:190, 170:210] = 1.0
    photo[80:190, 170:210] = (200, 40, 40)
    inverse[80:190, 170:210] = 0.16
    plate, _, cutouts = cut_all(photo, inverse, [SubjectMask(other), mask])
    near, far = cutouts
    assert far.disparity < near.disparity
    assert near.texture[..., 3].max() == 255
    # At (175, 120) both masks are full: the red one, which stands nearer, has it.
    assert near.texture[120 - near.top, 175 - near.left, 3] == 255
    assert far.texture[120 - far.top, 175 - far.left, 3] == 0
    assert np.abs(over(plate, (far, near)) - photo).max() <= 3.0


def test_one_that_another_covers_is_no_subject() -> None:
    photo, inverse, mask, _ = scene()
    _, _, cutouts = cut_out(photo, inverse, [mask, mask])
    assert sorted(cutout is None for cutout in cutouts) == [False, True]


def test_nothing_marked_changes_nothing() -> None:
    photo, inverse, _, _ = scene()
    plate, behind, cutouts = cut_all(photo, inverse, [])
    assert plate is photo
    assert behind is inverse
    assert cutouts == ()


def test_the_same_seed_gives_the_same_plate() -> None:
    photo, inverse, mask, _ = scene()
    one = cut_all(photo, inverse, [mask], seed=4)
    other = cut_all(photo, inverse, [mask], seed=4)
    assert one[0].tobytes() == other[0].tobytes()
    assert one[2][0].texture.tobytes() == other[2][0].texture.tobytes()


def test_arrays_that_do_not_fit_are_refused() -> None:
    photo, inverse, mask, _ = scene()
    with pytest.raises(InvalidMedia, match="mask 1"):
        cut_all(photo, inverse, [SubjectMask(mask.alpha[:-1])])
