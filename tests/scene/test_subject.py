"""Marked subjects are found: by box, click, paint or unasked; bad marks are refused."""

from __future__ import annotations

import base64
import struct
import zlib
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia, LimitExceeded, SynthError
from synth.media.image import load_image
from synth.scene.metric import metric_disparity
from synth.scene.subject import Mark, decode_mask, encode_mask, find_subject
from tests.bench.examples import example

BODY = (0.5, 0.6)
AROUND = (0.385, 0.16, 0.66, 0.9)


@cache
def robot() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The robot example at 1280x720 with its true disparity."""
    path, depth = example("robot")
    size = (1280, 720)
    photo = cv2.resize(load_image(path).pixels, size, interpolation=cv2.INTER_AREA)
    inverse = cv2.resize(metric_disparity(depth), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(photo, np.uint8), np.asarray(inverse, np.float32)


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    return float((one & other).sum() / max((one | other).sum(), 1))


def robot_overlap(alpha: NDArray[np.float32]) -> float:
    """IoU with the true depth's robot, above the ankles: below them floor has the same depth."""
    _, inverse = robot()
    body = inverse[int(BODY[1] * 720), int(BODY[0] * 1280)]
    true = np.abs(np.log(inverse / body)) < 0.2
    true[:, : int(AROUND[0] * 1280)] = true[:, int(AROUND[2] * 1280) :] = False
    ankles = int(0.8 * 720)
    return overlap(alpha[:ankles] > 0.5, true[:ankles])


def made(
    height: int = 240, width: int = 360, seed: int = 3
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_]]:
    """A red figure with a head and legs before a grey-blue wall, no depth to help."""
    random = np.random.default_rng(seed)
    true = np.zeros((height, width), np.uint8)
    cv2.ellipse(true, (180, 130), (34, 52), 0, 0, 360, 1, -1)
    cv2.circle(true, (180, 66), 20, 1, -1)
    cv2.rectangle(true, (156, 160), (170, 214), 1, -1)
    cv2.rectangle(true, (190, 160), (204, 214), 1, -1)
    wall = np.array([96, 112, 140]) + random.normal(0, 6, (height, width, 3))
    figure = np.array([188, 52, 44]) + random.normal(0, 6, (height, width, 3))
    soft = cv2.GaussianBlur(true.astype(np.float32), (0, 0), 0.8)[..., None]
    photo = np.clip(wall * (1 - soft) + figure * soft, 0, 255).astype(np.uint8)
    return photo, np.full((height, width), 0.1, np.float32), true > 0


def test_robot_from_a_box_a_click_and_unasked() -> None:
    photo, inverse = robot()
    from_box = find_subject(photo, inverse, Mark(box=AROUND))
    from_click = find_subject(photo, inverse, Mark(points=(BODY,)))
    unasked = find_subject(photo, inverse, None)
    assert robot_overlap(from_box.alpha) > 0.95
    assert robot_overlap(from_click.alpha) > 0.95
    assert robot_overlap(unasked.alpha) > 0.95
    # Its feet are found where it and the floor have the same depth, and no carpet of floor.
    for found in (from_box, from_click, unasked):
        left, top, right, bottom = found.box
        assert 0.84 * 720 < bottom < 0.89 * 720
        assert top < 0.25 * 720
        assert left > 0.38 * 1280
        assert right < 0.66 * 1280


def test_another_click_finds_another_subject() -> None:
    photo, inverse = robot()
    cactus = find_subject(photo, inverse, Mark(points=((0.2, 0.5),)))
    left, _, right, bottom = cactus.box
    assert left > 0.12 * 1280
    assert right < 0.29 * 1280
    assert bottom > 0.78 * 720
    assert cactus.alpha[int(0.5 * 720), int(0.2 * 1280)] == 1.0
    assert 0.02 < cactus.share < 0.05


@pytest.mark.parametrize(
    "mark",
    [
        Mark(box=(0.33, 0.12, 0.67, 0.95)),
        Mark(points=((0.5, 0.55),)),
        Mark(points=((0.5, 0.3), (0.5, 0.6)), away=((0.1, 0.1),)),
        None,
    ],
    ids=["box", "click", "clicks", "unasked"],
)
def test_colour_alone_is_enough_where_depth_is_flat(mark: Mark | None) -> None:
    photo, inverse, true = made()
    found = find_subject(photo, inverse, mark)
    assert overlap(found.alpha > 0.5, true) > 0.95
    soft = (found.alpha > 0.02) & (found.alpha < 0.98)
    near_edge = cv2.dilate(true.astype(np.uint8), np.ones((9, 9))) - cv2.erode(
        true.astype(np.uint8), np.ones((9, 9))
    )
    assert not (soft & (near_edge == 0)).any()


def test_depth_tells_apart_what_colour_cannot() -> None:
    random = np.random.default_rng(0)
    photo = random.integers(90, 150, (240, 360, 3)).astype(np.uint8)
    inverse = np.full((240, 360), 0.05, np.float32)
    inverse[60:200, 150:220] = 0.1
    for mark in (Mark(points=((0.5, 0.5),)), Mark(box=(0.35, 0.2, 0.68, 0.9)), None):
        found = find_subject(photo, inverse, mark)
        assert overlap(found.alpha > 0.5, inverse > 0.07) > 0.9


def test_clicks_away_take_parts_off() -> None:
    photo, inverse, _ = made()
    whole = find_subject(photo, inverse, Mark(box=(0.33, 0.12, 0.67, 0.95))).alpha
    less = find_subject(
        photo, inverse, Mark(box=(0.33, 0.12, 0.67, 0.95), away=((0.5, 0.55),))
    ).alpha
    assert whole[132, 180] == 1.0
    assert less[132, 180] < 0.2


def test_soft_edges_hold_the_true_share_of_a_mixed_pixel() -> None:
    photo, inverse, true = made()
    exact = cv2.GaussianBlur(true.astype(np.float32), (0, 0), 0.8)
    found = find_subject(photo, inverse, Mark(box=(0.33, 0.12, 0.67, 0.95)))
    assert float(np.abs(found.alpha - exact).mean()) < 0.006
    assert ((found.alpha > 0.2) & (found.alpha < 0.8)).any()


def test_the_same_input_gives_the_same_mask() -> None:
    photo, inverse, _ = made()
    cv2.setRNGSeed(1)
    one = find_subject(photo, inverse, Mark(points=((0.5, 0.55),)))
    cv2.setRNGSeed(99)
    other = find_subject(photo, inverse, Mark(points=((0.5, 0.55),)))
    assert one.alpha.tobytes() == other.alpha.tobytes()


def test_a_mask_survives_being_written_and_painted_back() -> None:
    photo, inverse = robot()
    found = find_subject(photo, inverse, Mark(box=AROUND))
    text = encode_mask(found.alpha)
    grey = decode_mask(text)
    assert grey.shape == (180, 320)
    assert len(text) < 8_000
    # A painted mask wins over marks that say otherwise.
    again = find_subject(photo, inverse, Mark(points=((0.2, 0.5),), painted=grey))
    assert overlap(again.alpha > 0.5, found.alpha > 0.5) > 0.97
    assert encode_mask(found.alpha, side=64) != text
    assert decode_mask("data:image/png;base64," + text).tobytes() == grey.tobytes()


def test_a_painted_mask_is_only_softened() -> None:
    photo, inverse, _ = made()
    painted = np.zeros((240, 360), np.uint8)
    painted[20:120, 10:90] = 255
    found = find_subject(photo, inverse, Mark(painted=painted))
    changed = np.abs(found.alpha - painted / 255.0) > 0.01
    rim = cv2.dilate(painted, np.ones((9, 9))) != cv2.erode(painted, np.ones((9, 9)))
    assert changed.any()
    assert not (changed & ~rim).any()
    assert found.box[0] >= 6
    assert found.box[2] <= 94


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (Mark(box=(0.4, 0.2, 0.4, 0.8)), "0 wide"),
        (Mark(box=(0.4, 0.2, 1.4, 0.8)), "1.4, 0.8"),
        (Mark(points=((0.5, -0.1),)), "0.5, -0.1"),
        (Mark(points=((float("nan"), 0.5),)), "nan"),
        (Mark(away=((0.5, 2.0),), points=((0.5, 0.5),)), "0.5, 2"),
        (Mark(points=((0.5, 0.5),), away=((0.5, 0.501),)), "both"),
        (Mark(box=(0.1, 0.1, 0.4, 0.9), points=((0.5, 0.5),)), "outside the box"),
        (Mark(painted=np.zeros((20, 30), np.uint8)), "empty: 0 %"),
        (Mark(painted=np.full((20, 30), 255, np.uint8)), "100 % of the frame; at most 60 %"),
        (Mark(painted=np.eye(240, 360, 5, np.uint8)[:1] * 255), "at least 0.1 %"),
    ],
)
def test_marks_that_make_no_sense_are_refused(mark: Mark, words: str) -> None:
    photo, inverse, _ = made()
    if mark.painted is not None and mark.painted.shape == (1, 360):
        speck = np.zeros((240, 360), np.uint8)
        speck[100:106, 100:106] = 255
        mark = Mark(painted=speck)
    with pytest.raises(InvalidInstruction, match=words) as raised:
        find_subject(photo, inverse, mark)
    assert str(raised.value).count(".") >= 2


def test_a_plain_picture_has_no_subject() -> None:
    photo = np.full((90, 160, 3), 128, np.uint8)
    with pytest.raises(InvalidInstruction, match="No subject stands out"):
        find_subject(photo, np.full((90, 160), 0.1, np.float32), None)


def test_arrays_that_do_not_fit_are_refused() -> None:
    photo, inverse, _ = made()
    with pytest.raises(InvalidMedia, match="same size"):
        find_subject(photo, inverse[:-1], None)
    with pytest.raises(InvalidMedia, match="grey bytes"):
        find_subject(photo, inverse, Mark(painted=np.zeros((4, 4, 3), np.uint8)))


def test_it_stops_when_asked() -> None:
    photo, inverse, _ = made()
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        find_subject(photo, inverse, None, cancel=token)


def png_head(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("A" * 200_001, LimitExceeded, "200001 characters"),
        ("not base64!", InvalidMedia, "not base64"),
        (base64.b64encode(b"GIF89a" * 9).decode(), InvalidMedia, "no PNG"),
        (base64.b64encode(png_head(60_000, 60_000)).decode(), LimitExceeded, "60000×60000"),
        (base64.b64encode(png_head(320, 180)).decode(), InvalidMedia, "damaged"),
        ("", InvalidMedia, "0 bytes"),
    ],
)
def test_masks_that_cannot_be_read_are_refused(
    text: str, kind: type[SynthError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        decode_mask(text)


def test_a_cut_png_is_damaged() -> None:
    data = base64.b64decode(encode_mask(made()[2].astype(np.float32)))
    with pytest.raises(InvalidMedia, match="damaged"):
        decode_mask(base64.b64encode(data[: len(data) // 2]).decode())


def test_a_mask_is_not_written_in_odd_sizes() -> None:
    with pytest.raises(SynthError, match="side of 0 pixels"):
        encode_mask(np.ones((4, 4), np.float32), side=0)
