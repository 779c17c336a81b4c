"""What no photo showed, pixel by pixel: past its edge, and where something stood before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synth.camera.pose import CameraPose
from synth.render.renderer import Renderer
from synth.render.unseen import Unseen

if TYPE_CHECKING:
    from tests.conftest import Layered

SIZE = (320, 200)


def test_the_photos_own_camera_sees_nothing_new(layered: Layered) -> None:
    unseen = Unseen(layered.scene, SIZE, SIZE)
    assert not unseen.shown(CameraPose())[..., :2].any()
    assert unseen.shares(CameraPose()) == (0.0, 0.0)


def test_pixels_are_told_apart(layered: Layered) -> None:
    unseen = Unseen(layered.scene, SIZE, SIZE)
    pose = CameraPose((0.8, 0.0, 10.0))
    shown = unseen.shown(pose)
    focal = 50 / 36 * 320
    edge = 320 - 0.8 * layered.far * focal
    outside, bared = shown[..., 0], shown[..., 1]
    assert (outside[:, : int(edge) - 1] == 0).all()
    assert (outside[:, int(edge) + 2 :] == 255).all()
    # Beside the box, where it stood before the wall, by the difference of their motions.
    right = layered.right - 0.8 * layered.near * focal
    wide = 0.8 * (layered.near - layered.far) * focal
    inside = slice(layered.top + 4, layered.bottom - 4)
    assert (bared[inside, int(right) + 3 : int(right + wide) - 2] > 200).all()
    assert (bared[: layered.top - 4] == 0).all()
    share = np.array(unseen.shares(pose))
    assert np.allclose(share, shown[..., :2].mean(axis=(0, 1)) / 255, atol=1e-6)


def test_its_depth_is_that_of_the_picture(layered: Layered) -> None:
    unseen = Unseen(layered.scene, SIZE, SIZE)
    pose = CameraPose((0.5, 0.2, 9.0))
    unseen.shown(pose)
    plain = Renderer(layered.scene, *SIZE).nearness(pose)
    # The box's soft rim comes before what it covers; all else is the same to the bit.
    assert (unseen.nearness >= plain).all()
    assert (unseen.nearness == plain).mean() > 0.97
