"""Subjects that leave the photo and act."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from synth.backends.casting import Crop, cut_subjects, mark_in_frame
from synth.backends.geometric import Stage, set_stage
from synth.errors import InvalidInstruction, SynthError
from synth.motion import Environment, MotionControl, SubjectAction, SubjectMark, camera_path
from synth.render.film import FilmSettings
from synth.scene.depth_map import DepthMap
from synth.scene.subject import encode_mask

WIDTH, HEIGHT = 320, 240
RED, BLUE = (210, 30, 30), (30, 40, 210)
WHOLE = Crop(0, 0, WIDTH, HEIGHT, WIDTH, HEIGHT)


def street() -> tuple[NDArray[np.uint8], DepthMap]:
    """A red and a blue figure on a grey floor before a pale wall, with true depth."""
    rng = np.random.default_rng(5)
    photo = np.full((HEIGHT, WIDTH, 3), (200, 205, 210), np.uint8)
    disparity = np.full((HEIGHT, WIDTH), 0.05, np.float32)
    floor = np.arange(HEIGHT, dtype=np.float32)[120:, None]
    photo[120:] = 120
    disparity[120:] = 0.05 + (floor - 120) * 0.001
    for left, colour in ((80, RED), (200, BLUE)):
        photo[70:190, left : left + 36] = colour
        disparity[70:190, left : left + 36] = 0.05 + 70 * 0.001
    noise = rng.integers(-6, 7, photo.shape)
    photo = np.clip(photo + noise, 0, 255).astype(np.uint8)
    near = float(1.0 / disparity.max())
    far = float(1.0 / disparity.min())
    low, high = disparity.min(), disparity.max()
    return photo, DepthMap((disparity - low) / (high - low), "true", near, far)


def box(left: float, right: float) -> dict[str, Any]:
    return {"box": [left / WIDTH, 60 / HEIGHT, right / WIDTH, 200 / HEIGHT]}


def staged(*objects: dict[str, Any], environment: Environment | None = None) -> Stage:
    photo, depth = street()
    motion = MotionControl.from_dict(
        {"camera": {"type": "static", "duration": 2.0}, "objects": list(objects)}
    )
    return set_stage(
        photo, depth, camera_path(motion, fps=Fraction(12), focal_length=50.0),
        FilmSettings(WIDTH, HEIGHT), actions=motion.objects, environment=environment,
    )  # fmt: skip


def middle(frame: NDArray[np.uint8], colour: tuple[int, int, int]) -> float:
    """Mean column of the pixels of about a colour."""
    apart = np.abs(frame.astype(int) - colour).max(axis=2)
    columns = np.nonzero(apart < 60)[1]
    assert len(columns) > 200
    return float(columns.mean())


def test_a_walking_subject_crosses_the_picture_and_the_others_stay() -> None:
    stage = staged(
        {"id": "red", "action": "walk", "direction": "left_to_right", "speed": 0.6,
         "mark": box(70, 126)},
    )  # fmt: skip
    frames = list(stage.frames())
    assert middle(frames[-1], RED) > middle(frames[0], RED) + 15
    assert middle(frames[-1], BLUE) == pytest.approx(middle(frames[0], BLUE), abs=1.0)
    # Where it stood there is wall and floor now.
    left_behind = frames[-1][80:180, 82:90].astype(int)
    assert (np.abs(left_behind - RED).max(axis=2) > 60).mean() > 0.9


def test_two_subjects_go_their_own_ways() -> None:
    stage = staged(
        {"id": "red", "action": "walk", "direction": "left_to_right", "mark": box(70, 126)},
        {"id": "blue", "action": "walk", "direction": "right_to_left", "mark": box(190, 246)},
    )
    assert len(stage.film.cast) == 2
    frames = list(stage.frames())
    assert middle(frames[12], RED) > middle(frames[0], RED) + 4
    assert middle(frames[12], BLUE) < middle(frames[0], BLUE) - 4


def test_the_first_frame_is_close_to_the_photo() -> None:
    photo, _ = street()
    stage = staged({"id": "red", "action": "idle", "mark": box(70, 126)})
    first = next(iter(stage.frames()))
    apart = np.abs(first.astype(int) - photo).max(axis=2)
    assert (apart > 40).mean() < 0.01


def test_an_action_does_not_ask_for_another_cut() -> None:
    walk = staged({"id": "red", "action": "walk", "mark": box(70, 126)})
    jump = staged({"id": "red", "action": "jump", "mark": box(70, 126)})
    assert np.array_equal(walk.scene.photo, jump.scene.photo)


def test_two_unmarked_subjects_are_one_too_many() -> None:
    with pytest.raises(InvalidInstruction, match="not marked"):
        staged({"id": "one", "action": "walk"}, {"id": "two", "action": "wave"})


def test_a_mark_outside_the_frame_says_so() -> None:
    action = SubjectAction(id="red", action="walk", mark=SubjectMark(points=((0.02, 0.5),)))
    crop = Crop(80, 0, 160, HEIGHT, WIDTH, HEIGHT)
    with pytest.raises(InvalidInstruction, match="outside the frame"):
        mark_in_frame(action, crop)


@given(st.floats(0, 1), st.floats(0, 1))
def test_places_keep_their_pixel_when_the_photo_is_cropped(x: float, y: float) -> None:
    crop = Crop(80, 20, 160, 200, WIDTH, HEIGHT)
    across, down = crop.place(x, y)
    assert across * 160 + 80 == pytest.approx(x * WIDTH, abs=1e-6)
    assert down * 200 + 20 == pytest.approx(y * HEIGHT, abs=1e-6)


def test_a_painted_mask_is_cropped_with_the_photo() -> None:
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[:, : WIDTH // 2] = 1.0
    action = SubjectAction(action="walk", mark=SubjectMark(mask=encode_mask(alpha)))
    mark = mark_in_frame(action, Crop(WIDTH // 2, 0, WIDTH // 2, HEIGHT, WIDTH, HEIGHT))
    assert mark is not None
    assert mark.painted is not None
    assert mark.painted.max() < 128


def test_an_empty_painted_mask_is_refused() -> None:
    photo, depth = street()
    nothing = SubjectMark(mask=encode_mask(np.zeros((HEIGHT, WIDTH), np.float32)))
    with pytest.raises(SynthError):
        cut_subjects(photo, depth.disparity, [SubjectAction(action="walk", mark=nothing)], WHOLE)


def test_weather_falls_over_the_whole_clip_and_is_the_same_each_time() -> None:
    rain = Environment(particle_effects="rain", weather_intensity=1.0)
    first = list(staged(environment=rain).frames())
    again = list(staged(environment=rain).frames())
    dry = list(staged().frames())
    for one, other, without in zip(first, again, dry, strict=True):
        assert np.array_equal(one, other)
        assert np.abs(one.astype(int) - without).max() > 10
