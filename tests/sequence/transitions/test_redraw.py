"""Frames drawn anew: the poses around them, the scenes they come from, and where photos end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from synth.camera.pose import CameraPose
from synth.control import CancelToken
from synth.sequence.transitions.redraw import (
    MOST_ZOOM,
    Surroundings,
    enlargement,
    pose_at,
    redrawn,
    widened,
    with_poses,
)
from tests.sequence.transitions.conftest import LENGTH, Sides

if TYPE_CHECKING:
    from synth.backends.geometric import Stage


def test_beyond_its_ends_a_camera_goes_on_as_it_was(trucking: Stage, panning: Stage) -> None:
    assert pose_at(trucking.path, 7) is trucking.path[7]
    assert pose_at(trucking.path, -2).position[0] == pytest.approx(-0.06)
    assert pose_at(trucking.path, LENGTH + 1).position[0] == pytest.approx(0.03 * (LENGTH + 1))
    last = panning.path[LENGTH - 1].rotation[1]
    step = last - panning.path[LENGTH - 2].rotation[1]
    assert pose_at(panning.path, LENGTH).rotation[1] == pytest.approx(last + step)


def test_poses_past_the_ends_of_a_path_are_left_out(trucking: Stage) -> None:
    other = CameraPose((1.0, 2.0, 3.0))
    path = with_poses(trucking.path, -1, [other] * 3)
    assert path.poses[:2] == (other, other)
    assert path.poses[2:] == trucking.path.poses[2:]
    assert len(with_poses(trucking.path, LENGTH - 1, [other] * 4)) == LENGTH


def test_a_scene_is_prepared_for_more_only_where_it_must_be(sides: Sides, trucking: Stage) -> None:
    frames = range(4, 12)
    token = CancelToken()
    assert widened(trucking, trucking.path, frames, token) is trucking
    away = [CameraPose((-1.2, 0.0, 10.0))] * len(frames)
    elsewhere = replace(trucking, path=with_poses(trucking.path, 4, away))
    wide = widened(elsewhere, trucking.path, frames, token)
    assert wide.scene is not trucking.scene
    assert wide.path is elsewhere.path
    # It begins with the one and ends with the other, to the bit.
    side = sides.photo("a", trucking, 4, len(frames))
    mixed = list(redrawn(side, elsewhere, token, wide))
    more = list(redrawn(side, wide, token))
    own = list(redrawn(side, elsewhere, token))
    assert mixed[0].same(more[0])
    assert mixed[-1].same(own[-1])
    assert not more[0].same(own[0])


def test_where_a_photo_ends_is_found_and_can_be_hidden(sides: Sides) -> None:
    still = sides.stage(1, lambda _: CameraPose())
    assert not Surroundings(still).beyond(3.0).any()
    assert enlargement(still, range(5), np.ones(5)) == 1.0
    behind = [CameraPose((0.0, 0.0, 12.0))] * LENGTH
    back = replace(still, path=with_poses(still.path, 0, behind))
    beyond = Surroundings(back).beyond(3.0)
    assert beyond[0].all()
    assert not beyond[30:60, 50:110].any()
    # The wall stands 16 away, 18 from there: an eighth larger hides its edges.
    zoom = enlargement(back, range(5), np.ones(5))
    assert 1.1 < zoom < 1.25
    assert enlargement(back, range(2), np.array([1.0, 0.1])) == MOST_ZOOM
