"""A path that went through another program's file makes the same film; words keep every sign."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from synth.camera.formats import (
    FORMATS,
    FoundPath,
    ReadOptions,
    WriteOptions,
    read_path,
    write_path,
)
from synth.camera.formats.editable import editable_keys
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath, CameraPose
from synth.camera.sampling import keyed_path
from synth.camera.thin import keys_from_path
from synth.camera.transform import mirrored
from synth.control import CancelToken, ignore_progress
from synth.media import load_image
from synth.scene.cache import SceneCache
from synth.scene.depth_map import DepthMap
from synth.shot import Shot
from synth.shot.produce import prepare_shot

if TYPE_CHECKING:
    from tests.conftest import Studio

Frames = NDArray[np.int16]

SERVICES: Final = ("kling", "minimax", "runway")
"""They are told words and amounts, and hold no path."""
LEVEL: Final = ("supersplat",)
"""Their cameras cannot roll."""
LENSLESS: Final = ("motionctrl", "recammaster")
"""Their files have no room for a lens."""
UNMARKED: Final = ("chan", "motionctrl")
"""Their files have no room for a frame rate and our world's origin either."""

EXACT = [entry.id for entry in FORMATS if entry.read and entry.write and entry.id not in SERVICES]
LENSED = [entry for entry in EXACT if entry not in LENSLESS]
FOREIGN = [entry for entry in EXACT if entry != "ours"]
"""Formats of other programs, whose files usually are not ours."""

OUR_MARK: Final = "motion-synth.camera/1"
THEIR_MARK: Final = "another.program/path1"
RATE: Final = Fraction(24000, 1001)
LONG: Final = 320
SAME: Final = 60.0
"""PSNR from which on two frames are the same, dB: what the tolerance of few keys leaves."""
FEW_LEVELS: Final = 4
"""Most that a colour of a same frame may differ."""
OTHER: Final = 28.0
"""PSNR below which two frames clearly differ, dB."""
SCALE: Final = 2.5
"""File units per scene unit in files of other programs."""


def moves(*, start: float = 0.0, roll: float = 4.0, zoom: float = 1.0) -> CameraKeys:
    """Eight frames that truck right, pedestal up, dolly in, pan left, tilt up and roll at once.

    A lens longer than the photo's leaves room at the frame's edges: no zoom of the edge policy can
    hide a wrong lens or a wrong way.
    """
    return CameraKeys.from_dict(
        {
            "frames": 8,
            "fps": RATE,
            "curve": "catmull_rom",
            "turn_curve": "catmull_rom",
            "keys": [
                {"frame": 0, "position": [-start, start / 2, 10 + start], "focal_length": 70,
                 "rotation": [start, -2 * start, 0]},
                {"frame": 3, "position": [0.2, 0.04, 9.5], "focal_length": 70 * zoom**0.3,
                 "rotation": [0.5, 1.8, 0.6 * roll]},
                {"frame": 8, "position": [0.35, 0.15, 9.2], "focal_length": 70 * zoom,
                 "rotation": [1.5, 3, roll]},
            ],
        }
    )  # fmt: skip


class Cinema:
    """Shows what a camera sees of one scene, landscape or portrait, without motion blur."""

    def __init__(self, photos: dict[bool, Path], depths: dict[bool, DepthMap]) -> None:
        self._photos = photos
        self._depths = depths
        self._scenes = SceneCache()
        self._remembered: dict[tuple[str, bool], Frames] = {}

    def size(self, portrait: bool) -> tuple[int, int]:
        return (200, LONG) if portrait else (LONG, 200)

    def remembered(self, keys: CameraKeys, portrait: bool = False) -> Frames:
        """The film of a path that several tests compare with."""
        name = (keys.to_json(), portrait)
        if name not in self._remembered:
            self._remembered[name] = self.film(keys, portrait)
        return self._remembered[name]

    def film(self, keys: CameraKeys, portrait: bool = False) -> Frames:
        """All frames as the user who edits these keys gets them, (N, H, W, 3)."""
        shot = Shot.from_dict(
            {"output": {"long_side": LONG, "fps": RATE}, "lens": {"shutter_angle": 0.0}}
        ).with_trajectory(keys)
        stage = prepare_shot(
            shot,
            load_image(self._photos[portrait]),
            self._depths[portrait],
            self._scenes,
            CancelToken(),
            ignore_progress,
        )
        assert (stage.film.width, stage.film.height) == self.size(portrait)
        return np.stack(list(stage.frames())).astype(np.int16)


@pytest.fixture(scope="module")
def cinema(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Cinema:
    folder = tmp_path_factory.mktemp("cinema")
    photos, depths = {}, {}
    for portrait in (False, True):
        scene = studio.layered(*((200, LONG) if portrait else (LONG, 200)))
        photos[portrait] = folder / f"{portrait}.png"
        Image.fromarray(scene.photo).save(photos[portrait])
        share = (scene.disparity - scene.far) / (scene.near - scene.far)
        depths[portrait] = DepthMap(
            share.astype(np.float32), "true", near=1 / scene.near, far=1 / scene.far
        )
    return Cinema(photos, depths)


def psnr(found: Frames, wanted: Frames) -> NDArray[np.float64]:
    """Likeness of each frame, dB."""
    assert found.shape == wanted.shape
    errors = ((found - wanted).astype(np.float64) ** 2).mean(axis=(1, 2, 3))
    return 10.0 * np.log10(255.0**2 / np.maximum(errors, 1e-6))


def assert_same(found: Frames, wanted: Frames) -> None:
    assert psnr(found, wanted).min() > SAME
    assert np.abs(found - wanted).max() <= FEW_LEVELS


def through(
    keys: CameraKeys,
    format_id: str,
    writing: WriteOptions,
    reading: ReadOptions,
    change: Callable[[bytes], bytes] = bytes,
    *,
    with_keys: bool = False,
) -> FoundPath:
    """What a file of a path, perhaps changed on its way, is read as; recognised by itself."""
    file = write_path(keyed_path(keys), format_id, keys if with_keys else None, writing)
    data = change(file.data)
    assert change is bytes or format_id in UNMARKED or data != file.data
    found = read_path(data, f"camera{file.suffix}", reading)
    assert found.format_id == format_id
    assert found.path.fps == RATE
    return found


def unmarked(data: bytes) -> bytes:
    """The file as another program would have written it: without our mark."""
    if not data.startswith(b"PK"):
        return data.replace(OUR_MARK.encode(), THEIR_MARK.encode())
    changed, marks = io.BytesIO(), 0
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(changed, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            for code in ("ascii", "utf-32-le"):
                marks += content.count(OUR_MARK.encode(code))
                content = content.replace(OUR_MARK.encode(code), THEIR_MARK.encode(code))
            after.writestr(name, content)
    assert marks
    return changed.getvalue()


def roll_of(format_id: str) -> float:
    return 0.0 if format_id in LEVEL else 4.0


@pytest.mark.parametrize("format_id", EXACT)
def test_the_film_is_the_same_wherever_the_path_begins(format_id: str, cinema: Cinema) -> None:
    keys = moves(start=0.1, roll=roll_of(format_id))
    reading = ReadOptions(focal_length=70.0, aspect=cinema.size(False))
    if format_id in UNMARKED:
        reading = replace(reading, fps=RATE, anchor="world")
    width, height = cinema.size(False)
    writing = WriteOptions(width=width, height=height)
    # Keys alone are all that SuperSplat would hold; between them it draws a curve of its own.
    with_keys = format_id not in LEVEL
    found = through(keys, format_id, writing, reading, with_keys=with_keys)
    assert_same(cinema.film(editable_keys(found)[0]), cinema.remembered(keys))


@pytest.mark.parametrize("format_id", FOREIGN)
def test_the_film_is_the_same_when_a_person_says_what_a_strange_file_does_not(
    format_id: str, cinema: Cinema
) -> None:
    keys = moves(roll=roll_of(format_id))
    width, height = cinema.size(False)
    reading = ReadOptions(scale=1 / SCALE, fps=RATE, aspect=(width, height), focal_length=70.0)
    for anchor in ("first", "world"):
        writing = WriteOptions(width=width, height=height, scale=SCALE, anchor=anchor)
        found = through(keys, format_id, writing, reading, unmarked)
        assert found.scale_known
        film = cinema.film(editable_keys(found)[0])
        assert_same(film, cinema.remembered(keys))


@pytest.mark.parametrize("format_id", LENSED)
def test_a_lens_that_changes_is_kept_in_an_upright_frame(format_id: str, cinema: Cinema) -> None:
    keys = moves(roll=roll_of(format_id), zoom=1.25)
    width, height = cinema.size(True)
    found = through(
        keys,
        format_id,
        WriteOptions(width=width, height=height),
        ReadOptions(aspect=(width, height), fps=RATE if format_id in UNMARKED else None),
    )
    wanted = cinema.remembered(keys, True)
    assert_same(cinema.film(editable_keys(found)[0], True), wanted)
    still = cinema.remembered(moves(roll=roll_of(format_id)), True)
    assert psnr(still, wanted)[-1] < OTHER


@pytest.mark.parametrize("format_id", LENSLESS)
def test_formats_without_a_lens_keep_the_rest_and_say_so(format_id: str, cinema: Cinema) -> None:
    path = keyed_path(moves(zoom=1.25))
    file = write_path(path, format_id)
    assert any("focal length changes" in note and "lost" in note for note in file.notes)
    found = read_path(file.data, options=ReadOptions(fps=RATE, focal_length=70.0))
    assert_same(cinema.film(keys_from_path(found.path)), cinema.remembered(moves()))


@pytest.mark.parametrize("format_id", LEVEL)
def test_formats_that_cannot_roll_keep_the_rest_and_say_so(format_id: str, cinema: Cinema) -> None:
    path = keyed_path(moves())
    level = CameraPath(tuple(WRONG["no roll"](pose) for pose in path), path.fps)
    file = write_path(path, format_id)
    assert any("roll" in note and "lost" in note for note in file.notes)
    found = read_path(file.data)
    film = cinema.film(editable_keys(found)[0])
    assert_same(film, cinema.film(keys_from_path(level)))
    assert psnr(film, cinema.remembered(moves()))[-1] < OTHER


def _opposite(channel: int) -> Callable[[CameraPose], CameraPose]:
    def change(pose: CameraPose) -> CameraPose:
        x, y, z = pose.position
        numbers = [x, y, z - 10.0, *pose.rotation]
        numbers[channel] *= -1.0
        x, y, z, *turns = numbers
        return CameraPose((x, y, z + 10.0), (turns[0], turns[1], turns[2]), pose.focal_length)

    return change


WRONG: dict[str, Callable[[CameraPose], CameraPose]] = {
    "truck": _opposite(0),
    "pedestal": _opposite(1),
    "dolly": _opposite(2),
    "tilt": _opposite(3),
    "pan": _opposite(4),
    "roll": _opposite(5),
    "lens": lambda pose: replace(pose, focal_length=pose.focal_length * 0.97),
    "no roll": lambda pose: replace(pose, rotation=(*pose.rotation[:2], 0.0)),
    "swapped turns": lambda pose: replace(
        pose, rotation=(pose.rotation[1], pose.rotation[0], pose.rotation[2])
    ),
    "scale": lambda pose: replace(
        pose, position=(*(0.5 * p for p in pose.position[:2]), 5.0 + 0.5 * pose.position[2])
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_one_wrong_channel_makes_another_film(wrong: str, cinema: Cinema) -> None:
    path = keyed_path(moves())
    other = CameraPath(tuple(WRONG[wrong](pose) for pose in path), path.fps)
    film = cinema.film(keys_from_path(other))
    assert psnr(film, cinema.remembered(moves()))[-1] < OTHER


def test_a_mirrored_path_makes_another_film(cinema: Cinema) -> None:
    film = cinema.film(mirrored(moves()))
    assert psnr(film, cinema.remembered(moves()))[-1] < OTHER


@pytest.mark.parametrize(
    ("format_id", "forgotten"),
    [("re10k", "scale"), ("chan", "aspect"), ("motionctrl", "focal_length")],
)
def test_what_a_person_says_counts(format_id: str, forgotten: str, cinema: Cinema) -> None:
    width, height = cinema.size(True)
    said: dict[str, Any] = {"scale": 1 / SCALE, "aspect": (width, height), "focal_length": 70.0}
    del said[forgotten]
    found = through(
        moves(),
        format_id,
        WriteOptions(width=width, height=height, scale=SCALE),
        ReadOptions(fps=RATE, **said),
        unmarked,
    )
    film = cinema.film(keys_from_path(found.path), True)
    assert psnr(film, cinema.remembered(moves(), True))[-1] < OTHER


# The closed services ------------------------------------------------------------------------------

ONE_MOVE: Final[dict[str, tuple[int, float]]] = {
    "truck right": (0, 0.3),
    "truck left": (0, -0.3),
    "pedestal up": (1, 0.2),
    "pedestal down": (1, -0.2),
    "dolly in": (2, -0.9),
    "dolly out": (2, 0.9),
    "tilt up": (3, 1.5),
    "tilt down": (3, -1.5),
    "pan left": (4, 2.5),
    "pan right": (4, -2.5),
    "roll counter-clockwise": (5, 4.0),
    "roll clockwise": (5, -4.0),
    "zoom in": (6, 8.0),
    "zoom out": (6, -8.0),
}
"""The channel (x, y, z, pitch, yaw, roll, lens) that a move changes, and by how much."""

SEEN: Final = ((0, -1.0), (1, 1.0), (2, -1.0), (1, 1.0), (0, 1.0), (3, 1.0), (2, 1.0))
"""What more of each channel does to the picture: it shifts right (0), shifts down (1), grows (2) or
turns clockwise (3), by the sign."""


def one_move(name: str) -> CameraKeys:
    channel, amount = ONE_MOVE[name]
    numbers = [0.0, 0.0, 10.0, 0.0, 0.0, 0.0, 50.0]
    numbers[channel] += amount
    keys = [
        {"frame": 0},
        {"frame": 24, "position": numbers[:3], "rotation": numbers[3:6],
         "focal_length": numbers[6]},
    ]  # fmt: skip
    return CameraKeys.from_dict({"frames": 24, "keys": keys})


def picture_motion(cinema: Cinema, path: CameraPath) -> NDArray[np.float64]:
    """Shift right and down in pixels, growth and clockwise turn in pixels at the frame's end.

    From the first frame to one a little later, by the similarity that fits places followed from
    one to the other.
    """
    pair = CameraPath((path[0], path.at(0.25 * len(path))), RATE)
    before, after = cinema.film(keys_from_path(pair)).astype(np.uint8)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, after)]
    centre = np.array([before.shape[1], before.shape[0]]) / 2.0
    places = cv2.goodFeaturesToTrack(grey[0], 300, 0.01, 5)
    there, found, _ = cv2.calcOpticalFlowPyrLK(grey[0], grey[1], places, places.copy())
    kept = found.ravel() == 1
    fit, _ = cv2.estimateAffinePartial2D(places[kept, 0] - centre, there[kept, 0] - centre)
    growth, turn = np.hypot(fit[0, 0], fit[1, 0]) - 1.0, np.arctan2(fit[1, 0], fit[0, 0])
    return np.array([fit[0, 2], fit[1, 2], growth * LONG / 2, turn * LONG / 2])


@pytest.mark.parametrize("name", ONE_MOVE)
def test_services_keep_the_direction_of_every_move(name: str, cinema: Cinema) -> None:
    keys = one_move(name)
    path = keyed_path(keys)
    channel, amount = ONE_MOVE[name]
    what, sign = SEEN[channel]
    sign *= np.sign(amount)
    wanted = picture_motion(cinema, path)
    assert np.argmax(np.abs(wanted)) == what
    assert np.sign(wanted[what]) == sign
    for service in SERVICES:
        if service == "minimax" and name.startswith("roll"):
            file = write_path(path, service, keys)
            assert any("no word for a roll" in note for note in file.notes)
            continue
        file = write_path(path, service, keys)
        found = read_path(file.data, f"camera{file.suffix}")
        assert found.format_id == service
        seen = picture_motion(cinema, found.path)
        assert np.argmax(np.abs(seen)) == what
        assert np.sign(seen[what]) == sign
        assert abs(seen[what]) > 0.5


KEPT: Final[dict[str, tuple[int, ...]]] = {
    "runway": (0, 1, 2, 3, 4, 5),
    "minimax": (0, 3, 4),
    "kling": (0,),
}
"""Channels of the path of all moves that each service keeps: all, three words, the greatest."""


@pytest.mark.parametrize("service", SERVICES)
def test_services_keep_the_signs_of_the_moves_they_can_tell(service: str) -> None:
    keys = moves()
    for given, sides in ((keys, 1.0), (mirrored(keys), -1.0)):
        file = write_path(keyed_path(given), service, given)
        found = read_path(file.data).path
        start, end = found[0], found[-1]
        done = np.subtract((*end.position, *end.rotation), (*start.position, *start.rotation))
        signs = np.array([sides, 1, -1, 1, sides, sides])
        kept = np.flatnonzero(np.abs(done) > 1e-6)
        assert tuple(kept) == KEPT[service]
        assert (np.sign(done) == signs)[kept].all()
