"""Actors on the set: where they are drawn, what hides them, and that nothing tears."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pytest

from synth.camera.pose import HOME, CameraPose
from synth.errors import InvalidInstruction
from synth.motion.actions import ACTIONS, HEADINGS
from synth.motion.instructions import SubjectAction
from synth.render.actors import NEAREST, Actor
from synth.scene.cutout import Cutout

SIZE = (640, 360)
FOCAL = 50.0 / 36.0 * 640
FAR, SUBJECT, NEAR = 0.05, 0.1, 0.2


def figure(*, legs: bool = True, arms: bool = True) -> Cutout:
    """A patterned person 160 pixels tall who stands at (320, 280)."""
    mask = np.zeros((164, 124), np.uint8)
    cv2.circle(mask, (62, 20), 16, 255, -1, cv2.LINE_AA)
    cv2.rectangle(mask, (40, 38), (84, 100), 255, -1)
    cv2.rectangle(mask, (56, 30), (68, 40), 255, -1)
    if legs:
        cv2.rectangle(mask, (42, 98), (58, 161), 255, -1)
        cv2.rectangle(mask, (66, 98), (82, 161), 255, -1)
    else:
        cv2.rectangle(mask, (36, 98), (88, 161), 255, -1)
    if arms:
        cv2.line(mask, (40, 46), (14, 92), 255, 9, cv2.LINE_AA)
        cv2.line(mask, (84, 46), (110, 8), 255, 9, cv2.LINE_AA)
    rng = np.random.default_rng(3)
    noise = cv2.GaussianBlur(rng.normal(0, 1, (*mask.shape, 3)).astype(np.float32), (0, 0), 3)
    colour = np.clip(150 + 250 * noise, 60, 250)
    texture = np.dstack([colour * (mask[..., None] / 255.0), mask])
    return Cutout(np.rint(texture).astype(np.uint8), 258, 118, SUBJECT, (320.0, 280.0))


def actor(cutout: Cutout | None = None, /, **instruction: Any) -> Actor:
    """An actor on a set of `SIZE`."""
    return Actor(
        figure() if cutout is None else cutout,
        SubjectAction(**instruction),
        width=SIZE[0], height=SIZE[1], focal=FOCAL, seconds=5.0, seed=1,
    )  # fmt: skip


def stage(near: float = FAR) -> tuple[np.ndarray, np.ndarray]:
    """A grey frame, and how near everything in it is."""
    frame = np.full((SIZE[1], SIZE[0], 4), 128, np.uint8)
    return frame, np.full((SIZE[1], SIZE[0]), near, np.float32)


def drawn(who: Actor, time: float, pose: CameraPose = HOME) -> np.ndarray:
    """Which pixels show the subject, by the nearness it leaves."""
    frame, nearness = stage()
    who.draw(frame, nearness, pose, time)
    return nearness > FAR * 1.001


@pytest.mark.parametrize("legs", [True, False])
@pytest.mark.parametrize("action", ACTIONS)
def test_at_the_start_the_actor_is_the_cutout_in_its_place(action: str, legs: bool) -> None:
    cutout = figure(legs=legs)
    frame, nearness = stage()
    actor(cutout, action=action).draw(frame, nearness, HOME, 0.0)
    rows = slice(cutout.top, cutout.top + cutout.texture.shape[0])
    columns = slice(cutout.left, cutout.left + cutout.texture.shape[1])
    alpha = cutout.texture[..., 3:] / 255.0
    expected = cutout.texture[..., :3] + (1.0 - alpha) * 128.0
    inside = cutout.texture[..., 3] == 255
    off = np.abs(frame[rows, columns, :3] - expected)
    assert off[inside].max() <= 8
    assert off[inside].mean() < 0.3
    # The shadow darkens what lies around the feet and nothing else.
    high = np.arange(inside.shape[0]) < 140
    assert off[high].max() <= 40
    assert off[high].mean() < 0.5


def test_nearer_things_hide_the_actor_and_farther_ones_do_not() -> None:
    who = actor(action="walk", direction="left_to_right")
    frame, nearness = stage()
    nearness[:, :330] = NEAR
    before = frame.copy()
    who.draw(frame, nearness, HOME, 0.8)
    assert np.array_equal(frame[:, :330], before[:, :330])
    changed = (frame[:, 330:, :3] != 128).any(axis=2)
    assert changed.sum() > 3000
    assert (nearness[:, :330] == np.float32(NEAR)).all()


def test_the_actor_stands_at_its_own_depth_and_moves_with_the_camera() -> None:
    who = actor(action="idle")
    here = np.argwhere(drawn(who, 0.0)).mean(axis=0)
    there = np.argwhere(drawn(who, 0.0, CameraPose((0.5, 0.0, 10.0)))).mean(axis=0)
    assert here[1] - there[1] == pytest.approx(0.5 * SUBJECT * FOCAL, abs=0.5)
    assert here[0] == pytest.approx(there[0], abs=0.5)


def test_coming_nearer_the_actor_grows_and_going_away_it_shrinks() -> None:
    def height(direction: str, time: float) -> float:
        rows = np.flatnonzero(drawn(actor(action="walk", direction=direction), time).any(axis=1))
        return float(np.ptp(rows))

    toward = [height("toward_camera", time) for time in (0.0, 1.5, 3.0)]
    away = [height("away_from_camera", time) for time in (0.0, 1.5, 3.0)]
    assert toward[0] * 1.05 < toward[1] < toward[2] / 1.05
    assert away[0] / 1.05 > away[1] > away[2] * 1.05


def test_who_comes_to_the_camera_stops_before_it() -> None:
    who = actor(action="run", direction="toward_camera", speed=1.0)
    track = who.track(np.arange(0.0, 30.0, 0.1))
    distance = 10.0 - track[:, 2]
    assert distance.min() == pytest.approx(NEAREST / SUBJECT, rel=1e-6)
    assert (np.diff(distance) <= 1e-12).all()
    assert np.abs(np.diff(distance, n=2)).max() < 0.11
    last = who.posture(29.0)
    assert all(abs(foot.along) + foot.lift < 1e-6 for foot in last.feet)


@pytest.mark.parametrize("legs", [True, False])
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("direction", ["left_to_right", "toward_camera"])
def test_no_quad_folds(action: str, direction: str, legs: bool) -> None:
    who = actor(figure(legs=legs), action=action, direction=direction, speed=1.0)
    worst = math.inf
    for time in np.arange(0.05, 3.0, 0.13):
        for piece, world in who.vertices(float(time)):
            depth = 10.0 - world[:, 2]
            x, y = world[:, 0] / depth, -world[:, 1] / depth
            rest = piece.x[piece.quads], -piece.y[piece.quads]
            size = _area(*rest).mean() * who.height**2 * SUBJECT**2
            worst = min(worst, float((_area(x[piece.quads], y[piece.quads]) / size).min()))
    assert worst > 0.0


def _area(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The smaller of the areas of a quad's two triangles, shape (Q,)."""

    def half(b: int, c: int) -> np.ndarray:
        return (x[:, b] - x[:, 0]) * (y[:, c] - y[:, 0]) - (x[:, c] - x[:, 0]) * (y[:, b] - y[:, 0])

    return np.minimum(half(1, 2), half(2, 3))


@pytest.mark.parametrize("direction", HEADINGS)
def test_two_threads_draw_what_one_draws(direction: str) -> None:
    who = actor(action="walk", direction=direction)
    times = [0.3, 0.9, 1.4, 2.0] * 3

    def picture(time: float) -> np.ndarray:
        frame, nearness = stage()
        who.draw(frame, nearness, HOME, time)
        return frame

    alone = [picture(time) for time in times]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(picture, times))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one, other)


def test_leaving_the_frame_is_foreseen() -> None:
    who = actor(action="run", direction="right_to_left", id="the hero")
    assert who.leaves_frame is not None
    assert who.leaves_frame.startswith("the hero leaves the frame after ")
    seconds = float(who.leaves_frame.split()[-2])
    assert drawn(who, seconds - 0.3).any()
    assert not drawn(who, seconds + 0.3).any()
    assert actor(action="walk", direction="in_place").leaves_frame is None


def test_the_shadow_lies_at_the_feet_and_fades_in_the_air() -> None:
    def darkness(who: Actor, time: float) -> tuple[float, float]:
        frame, nearness = stage()
        who.draw(frame, nearness, HOME, time)
        dark = np.where(nearness > FAR, 0.0, 128.0 - frame[..., 0]).clip(0.0)
        # Higher up only the silhouette's soft edge is darker than the set.
        dark = dark[262:]
        return float(dark.sum()), float(dark.sum(axis=0) @ np.arange(SIZE[0]) / dark.sum())

    walk = actor(action="walk", direction="left_to_right")
    total, middle = darkness(walk, 1.5)
    assert total > 1000
    assert abs(middle - (SIZE[0] / 2 + walk.track([1.5])[0, 0] * SUBJECT * FOCAL)) < 12
    flying = actor(action="float", speed=1.0)
    assert darkness(flying, 3.0)[0] < 0.8 * darkness(walk, 1.5)[0]


def test_room_for_vertices_may_be_given() -> None:
    who = actor(action="dance")
    (one, near_one), (other, near_other) = stage(), stage()
    who.draw(one, near_one, HOME, 1.0)
    who.draw(other, near_other, HOME, 1.0, np.full((who.most_vertices, 4), np.nan))
    assert np.array_equal(one, other)


def test_feet_that_a_stone_joins_are_still_two_and_a_low_hand_is_no_leg() -> None:
    joined = figure().texture.copy()
    joined[140:162, 42:83] = 255
    cv2.line(joined, (20, 80), (20, 122), (200, 200, 200, 255), 9)
    puppet = actor(Cutout(joined, 258, 118, SUBJECT, (320.0, 280.0)), action="walk").puppet
    assert len(puppet.legs) == 2
    assert puppet.legs[0].joint[0] < -0.03
    assert puppet.legs[1].joint[0] > 0.03
    assert puppet.hip == pytest.approx(0.4, abs=0.05)


def test_legs_under_a_skirt_are_not_cut_out_of_it() -> None:
    puppet = actor(figure(legs=False), action="walk").puppet
    assert puppet.legs == ()
    assert len(puppet.arms) == 2


@pytest.mark.parametrize("disparity", [0.0, -0.1, math.nan])
def test_a_subject_without_a_distance_is_refused(disparity: float) -> None:
    flat = figure()
    with pytest.raises(InvalidInstruction, match="above 0"):
        actor(Cutout(flat.texture, 258, 118, disparity, flat.foot), action="walk")


def test_an_empty_cutout_is_refused() -> None:
    empty = Cutout(np.zeros((20, 20, 4), np.uint8), 0, 0, SUBJECT, (10.0, 20.0))
    with pytest.raises(InvalidInstruction, match="opaque pixels"):
        actor(empty, action="walk")
