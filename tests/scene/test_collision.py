"""A camera may pass beside and behind things, but not through them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from synth.camera.pose import CameraPath, CameraPose
from synth.scene.collision import first_collision

WIDTH, HEIGHT = 320, 180


def scene() -> np.ndarray:
    """A wall 14 units from the home camera and, in the middle, a box 8 units from it."""
    disparity = np.full((HEIGHT, WIDTH), 1.0 / 14.0, np.float32)
    disparity[60:120, 120:200] = 1.0 / 8.0
    return disparity


def path(*places: tuple[float, float, float], frames: int = 30) -> CameraPath:
    ends = np.linspace(0.0, len(places) - 1.0, frames)
    columns = [np.interp(ends, range(len(places)), axis) for axis in np.array(places).T]
    poses = tuple(
        CameraPose((float(x), float(y), float(z))) for x, y, z in zip(*columns, strict=True)
    )
    return CameraPath(poses, Fraction(24))


def test_a_path_into_the_box_is_told_where() -> None:
    found = first_collision(scene(), 50.0, path((0, 0, 10), (0, 0, 0)))
    assert found is not None
    assert found.depth == pytest.approx(8.0)
    assert found.place[2] == pytest.approx(2.0, abs=0.05)
    assert found.frame == 23


@pytest.mark.parametrize("frames", [2, 5, 200])
def test_it_is_found_however_fast_the_camera_goes(frames: int) -> None:
    found = first_collision(scene(), 50.0, path((0, 0, 10), (0.2, 0.1, 1.0), frames=frames))
    assert found is not None
    assert found.place[2] == pytest.approx(2.0, abs=0.2)


def test_through_the_wall_beside_the_box_is_a_collision_too() -> None:
    found = first_collision(scene(), 50.0, path((0, 0, 10), (3.4, 0, 5), (3.6, 0, -6)))
    assert found is not None
    assert found.depth == pytest.approx(14.0)


def test_passing_behind_the_box_is_none() -> None:
    assert first_collision(scene(), 50.0, path((3.4, 0, 5), (3.4, 0, 0), (-3.4, 0, 0))) is None


def test_in_front_of_everything_and_out_of_the_photo_nothing_is_in_the_way() -> None:
    assert first_collision(scene(), 50.0, path((0, 0, 10), (0, 0, 2.2), (1, 0.5, 4))) is None
    assert first_collision(scene(), 50.0, path((0, 0, 10), (0, 0, 40), (60, 0, 0))) is None
    assert (
        first_collision(np.zeros((9, 9), np.float32), 50.0, path((0, 0, 10), (0, 0, -50))) is None
    )


def test_a_camera_that_stands_still_hits_nothing() -> None:
    assert first_collision(scene(), 50.0, path((0, 0, 10), frames=1)) is None
