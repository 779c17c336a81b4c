"""The guide: geometry to the bit, with holes where the photo tells nothing and motion as it is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from synth.backends.geometric_backend import GeometricBackend
from synth.backends.guided import Guide, GuideFrame, make_guide
from synth.backends.guided.holes import MID_GREY, erosion
from synth.backends.guided.warp import reprojected
from synth.camera.pose import CameraPath, CameraPose
from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction
from synth.motion import MotionControl
from synth.render.film import FilmSettings
from synth.render.settings import LensSettings
from tests.backends.guided.shots import SHARP, shot, truck

if TYPE_CHECKING:
    from synth.backends.protocol import Assignment
    from tests.conftest import Layered, Studio

SIZE = (320, 200)
FRAMES = 9
REACH = 0.8


@pytest.fixture(scope="module")
def guide(layered: Layered) -> Guide:
    return _guide(shot(layered, truck(REACH, FRAMES)))


@pytest.fixture(scope="module")
def frames(guide: Guide) -> list[GuideFrame]:
    return list(guide.frames())


def _guide(assignment: Assignment, count: int = FRAMES, rate: int = 16, size=SIZE) -> Guide:
    return make_guide(assignment, size=size, count=count, rate=Fraction(rate))


def _unzoomed(layered: Layered) -> Assignment:
    """A move that shows the wall behind the box and nothing past the photo."""
    return shot(layered, truck(REACH, FRAMES), extend=True)


def test_its_frames_are_those_of_the_geometric_backend_to_the_bit(
    layered: Layered, frames: list[GuideFrame]
) -> None:
    plain = GeometricBackend().render(shot(layered, truck(REACH, FRAMES)), cancel=CancelToken())
    for drawn, frame in zip(plain.frames, frames, strict=True):
        assert np.array_equal(drawn, frame.shown)


def test_holes_hold_all_that_the_box_hid_and_little_else(
    layered: Layered, studio: Studio, guide: Guide, frames: list[GuideFrame]
) -> None:
    for index in (4, 8):
        pose = guide.path[index]
        bared = _bared(layered, studio, pose)
        assert bared.sum() > 150
        hole = frames[index].hole
        assert hole[bared].all()
        # Nothing of the kept area lies closer than the erosion to what was bared.
        away = cv2.distanceTransform((~bared).view(np.uint8), cv2.DIST_L2, 5)
        assert away[~hole].min() > 3.0
        # And away from the box's outline nothing of the photo is given up, nor within it.
        far = cv2.distanceTransform((~_outline(layered, studio, pose)).view(np.uint8), 2, 5)
        assert not hole[(far > 8.0) & (away > 8.0)].any()
        assert hole.mean() < 0.15


def _bared(layered: Layered, studio: Studio, pose: CameraPose) -> np.ndarray:
    """Pixels that show the wall where the box stood before it, by textbook geometry."""
    height, width = layered.photo.shape[:2]
    y, x = np.mgrid[0:height, 0:width] + 0.5
    box_x, _, _ = studio.place(
        pose, SIZE, np.array([layered.left, layered.right], float), height / 2, layered.near
    )
    wall_x, wall_y, _ = studio.place(pose, SIZE, x, y, layered.far)
    hidden = (x > layered.left) & (x < layered.right) & (y > layered.top) & (y < layered.bottom)
    shown = (wall_x < box_x[0] - 0.5) | (wall_x > box_x[1] + 0.5)
    mask = np.zeros((height, width), bool)
    rows, columns = np.floor(wall_y).astype(int), np.floor(wall_x).astype(int)
    seen = hidden & shown & (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    mask[rows[seen], columns[seen]] = True
    return mask


def _outline(layered: Layered, studio: Studio, pose: CameraPose) -> np.ndarray:
    """The pixels of the box's outline, by textbook geometry."""
    x, y, _ = studio.place(
        pose, SIZE, np.array([layered.left, layered.right], float),
        np.array([layered.top, layered.bottom], float), layered.near,
    )  # fmt: skip
    mask = np.zeros(layered.photo.shape[:2], np.uint8)
    ends = np.rint([x[0], y[0], x[1], y[1]]).astype(int).tolist()
    cv2.rectangle(mask, ends[:2], ends[2:], 1)
    return mask > 0


def test_the_photo_itself_has_no_holes(frames: list[GuideFrame], layered: Layered) -> None:
    still = list(_guide(shot(layered, truck(0.0, 3)), 3).frames())
    for frame in still:
        assert not frame.hole.any()
        assert np.array_equal(frame.shown, layered.photo)


def test_holes_are_mid_grey_and_white_in_the_mask(frames: list[GuideFrame]) -> None:
    frame = frames[-1]
    assert MID_GREY == 128
    assert (frame.rgb[frame.hole] == 128).all()
    assert np.array_equal(frame.rgb[~frame.hole], frame.shown[~frame.hole])
    assert set(np.unique(frame.mask)) == {0, 255}
    assert np.array_equal(frame.mask == 255, frame.hole)


@pytest.mark.parametrize(("side", "pixels"), [(64, 4), (416, 4), (624, 6), (832, 8), (1280, 8)])
def test_the_kept_area_withdraws_by_four_to_eight_pixels(side: int, pixels: int) -> None:
    assert erosion(side, side * 9 // 16) == pixels


def test_a_depth_edge_that_moved_is_painted_on_both_sides(
    layered: Layered, studio: Studio, guide: Guide, frames: list[GuideFrame]
) -> None:
    """The box covers the wall on its leading side: nothing is bared there, but nothing is kept."""
    pose = guide.path[-1]
    leading, _, _ = studio.place(pose, SIZE, float(layered.left), 100.0, layered.near)
    column = round(float(leading))
    assert frames[-1].hole[90:110, column - 3 : column + 3].all()


def test_past_the_photo_is_left_to_the_model_where_it_is_extended(layered: Layered) -> None:
    fitted = _guide(shot(layered, truck(REACH, FRAMES)))
    extended = _guide(_unzoomed(layered))
    assert fitted.stage.zoom > 1.0
    assert extended.stage.zoom == 1.0
    last = next(iter(extended.frames(FRAMES - 1, 1)))
    # The camera moved right by REACH: the wall's edge has come in from the right by so much.
    shift = REACH * layered.far * 50 / 36 * 320
    assert last.hole[:, round(320 - shift) + 1 :].all()
    assert not next(iter(fitted.frames(FRAMES - 1, 1))).hole[:40, 300:].any()


def test_motion_is_that_of_textbook_geometry(
    studio: Studio, layered: Layered, guide: Guide, frames: list[GuideFrame]
) -> None:
    focal = guide.path[0].focal_length / 36 * 320
    step = REACH / (FRAMES - 1)
    for frame in frames[:-1]:
        moved = frame.flow[frame.known]
        assert np.abs(moved[:, 1]).max() < 0.02
        # Pixels move by focal * step * inverse depth: the wall's or the box's.
        nearest = np.minimum(
            np.abs(moved[:, 0] + focal * step * layered.far),
            np.abs(moved[:, 0] + focal * step * layered.near),
        )
        assert nearest.max() < 0.02
        assert frame.known.mean() > 0.6
    assert not frames[-1].known.any()
    assert not frames[-1].flow.any()


def test_the_next_frame_read_along_the_motion_is_this_one(frames: list[GuideFrame]) -> None:
    y, x = np.mgrid[0:200, 0:320].astype(np.float32)
    for now, following in pairwise(frames):
        read = cv2.remap(
            following.shown, x + now.flow[..., 0], y + now.flow[..., 1], cv2.INTER_LINEAR
        )
        off = np.abs(read.astype(int) - now.shown)[now.known]
        assert off.mean() < 1.0


def test_a_turning_camera_moves_the_endless_sky(studio: Studio) -> None:
    """The motion of what has no depth at all is that of the rotation."""
    sky = np.zeros((48, 64), np.float32)
    before, after = CameraPose(), CameraPose((3.0, -2.0, 9.0), (4.0, -6.0, 10.0))
    places, nearness = reprojected(sky, before, after)
    assert not nearness.any()
    x, y, _ = studio.place(
        CameraPose(rotation=after.rotation), (64, 48), np.array(10.5), np.array(20.5), 1e-7
    )
    assert places[20, 10] == pytest.approx((float(x), float(y)), abs=1e-3)


def test_depth_is_that_of_the_scene(layered: Layered) -> None:
    frame = next(iter(_guide(shot(layered, truck(0.0, 2)), 1).frames()))
    assert frame.depth[100, 160] == pytest.approx(1 / layered.near, rel=1e-3)
    assert frame.depth[10, 10] == pytest.approx(1 / layered.far, rel=1e-3)


def test_it_has_the_models_own_size_count_and_rate(layered: Layered) -> None:
    path = truck(0.4, 25, fps=24)
    guide = _guide(shot(layered, path, extend=True), count=9, rate=8, size=(176, 112))
    drawn = list(guide.frames())
    assert len(guide) == len(drawn) == 9
    assert drawn[0].shown.shape == (112, 176, 3)
    # Frame i of 8 a second is the clip's frame 3 i of 24 a second; past its end it stands.
    assert guide.path[4].position == pytest.approx(path[12].position)
    assert guide.path[8].position == path[24].position
    assert guide.path.fps == 8


def test_a_part_of_it_is_the_same_as_in_the_whole(guide: Guide, frames: list[GuideFrame]) -> None:
    part = list(guide.frames(3, 2))
    for one, other in zip(part, frames[3:5], strict=True):
        for name in ("shown", "hole", "acting", "nearness", "flow", "known"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_grain_and_vignette_are_left_for_the_finished_frames(layered: Layered) -> None:
    lens = LensSettings(shutter_angle=180.0, grain=1.0, vignette=1.0)
    assignment = shot(layered, truck(0.0, 2))
    guide = _guide(replace(assignment, film=FilmSettings(*SIZE, lens)), 1)
    assert np.array_equal(next(iter(guide.frames())).shown, layered.photo)


def test_an_open_shutter_never_blurs_the_picture_it_begins_on(layered: Layered) -> None:
    lens = LensSettings(shutter_angle=360.0)
    assignment = shot(layered, truck(0.8, 3), extend=True)
    drawn = list(_guide(replace(assignment, film=FilmSettings(*SIZE, lens)), 3).frames())
    assert np.array_equal(drawn[0].shown, layered.photo)
    sharp = list(_guide(assignment, 3).frames())
    assert not np.array_equal(drawn[1].shown, sharp[1].shown)


def test_a_subject_is_kept_and_the_place_it_leaves_is_painted(layered: Layered) -> None:
    motion = MotionControl.from_dict(
        {"objects": [{"id": "box", "action": "float", "direction": "left_to_right", "speed": 1.0}]}
    )
    height, width = layered.photo.shape[:2]
    box = (
        layered.left / width,
        layered.top / height,
        layered.right / width,
        layered.bottom / height,
    )
    acting = motion.objects[0].model_copy(update={"mark": _mark(box)})
    motion = motion.model_copy(update={"objects": (acting,)})
    guide = _guide(shot(layered, truck(0.0, 33), motion=motion), 33)
    first, last = (next(iter(guide.frames(index, 1))) for index in (0, 32))
    red = (last.shown[..., 0].astype(int) - last.shown[..., 1:].max(axis=2)) > 60
    shift = np.flatnonzero(red.any(axis=0)).min() - layered.left
    assert shift > 15
    inner = cv2.erode(red.view(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert not last.hole[inner].any()
    assert last.acting[inner].all()
    assert not last.acting[: layered.top - 40].any()
    # Where it stood, the wall was never photographed.
    assert last.hole[layered.top + 8 : layered.bottom - 8, layered.left + 2].all()
    assert not last.known[inner].any()
    assert first.hole.mean() < last.hole.mean()


def _mark(box: tuple[float, float, float, float]):
    from synth.motion import SubjectMark

    return SubjectMark(box=box)


def test_it_stops_when_asked_to(guide: Guide) -> None:
    token = CancelToken()
    drawn = guide.frames(cancel=token)
    next(drawn)
    token.cancel()
    with pytest.raises(Cancelled):
        list(drawn)


def test_progress_counts_the_frames(guide: Guide) -> None:
    told: list[int] = []
    list(guide.frames(2, 3, progress=lambda report: told.append(report.done)))
    assert told == [1, 2, 3]


def test_frames_that_are_not_there_are_refused(guide: Guide) -> None:
    for first, count in ((-1, 2), (8, 2), (0, 0), (9, 1)):
        with pytest.raises(InvalidInstruction, match="guide"):
            guide.frames(first, count)
    with pytest.raises(InvalidInstruction, match="0 frames"):
        make_guide(guide_shot(), size=SIZE, count=0, rate=Fraction(16))


def guide_shot() -> Assignment:
    from synth.backends.protocol import Assignment
    from synth.scene.depth_map import DepthMap

    flat = DepthMap(np.zeros((8, 8), np.float32), "true", 5.0, 20.0)
    path = CameraPath((CameraPose(),), Fraction(16))
    photo = np.zeros((8, 8, 3), np.uint8)
    return Assignment(photo, MotionControl(), path, FilmSettings(64, 64, SHARP), lambda: flat)
