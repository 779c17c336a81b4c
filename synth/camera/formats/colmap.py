"""COLMAP text models: ``cameras.txt`` and ``images.txt``, in one zip or one after the other.

``cameras.txt``: ``CAMERA_ID MODEL WIDTH HEIGHT PARAMS...`` in pixels. ``images.txt``: two lines per
image, ``IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME`` with the world-to-camera rotation (Hamilton
quaternion) and shift in OpenCV's axes, then a line of image points, which may be empty. The layout
is https://colmap.github.io/format.html. Units are arbitrary.

Ids there are in no order, so images are read in the order of their names, numbers as numbers.
Written: a zip of the two and an empty ``points3D.txt``; frames with the same lens share a camera.
Remark lines carry our mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from scipy.spatial.transform import Rotation

from synth.camera.formats.archive import is_zip, members, packed
from synth.camera.formats.convert import (
    Mark,
    check_frames,
    checked_matrices,
    focal_from_pixels,
    inverted,
    matrices_to_write,
    other_axes,
    path_from_matrices,
    pixels_from_focal,
    placed,
)
from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.reading import head_of, lines_of, numbers, text_of
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia
from synth.explain import short
from synth.limits import LIMITS

_FOCALS: Final = {
    "SIMPLE_PINHOLE": (1, 3), "PINHOLE": (2, 4), "SIMPLE_RADIAL": (1, 4), "RADIAL": (1, 5),
    "OPENCV": (2, 8), "OPENCV_FISHEYE": (2, 8), "FULL_OPENCV": (2, 12), "FOV": (2, 5),
    "SIMPLE_RADIAL_FISHEYE": (1, 4), "RADIAL_FISHEYE": (1, 5), "THIN_PRISM_FISHEYE": (2, 12),
    "RAD_TAN_THIN_PRISM_FISHEYE": (2, 16),
}  # fmt: skip
"""Camera models: how many focal lengths come first, and how many parameters there are."""

_CAMERAS: Final = "cameras.txt"
_IMAGES: Final = "images.txt"
_POINTS: Final = "points3D.txt"
_LONGEST_LINE: Final = 2_000_000
_SQUARE: Final = 0.01
_CENTRE: Final = 0.005


class _Camera(NamedTuple):
    """A lens: millimetres as ours, and what it loses."""

    focal: float
    notes: tuple[str, ...]


class _Image(NamedTuple):
    """A line of ``images.txt``."""

    name: str
    quaternion: list[float]
    shift: list[float]
    camera: str


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from a COLMAP text model; see the module."""
    if is_zip(data):
        files = members(data, (_CAMERAS, _IMAGES))
        for name in (_CAMERAS, _IMAGES):
            if name not in files:
                raise InvalidMedia(
                    f"The zip holds no {name}. Export the model as text (COLMAP: "
                    "model_converter --output_type TXT) and zip its folder."
                )
        texts = [text_of(files[_CAMERAS]), text_of(files[_IMAGES])]
    else:
        texts = [text_of(data)]
    lines = [line for text in texts for line in lines_of(text, longest=_LONGEST_LINE)]
    cameras, images = _sections(lines)
    if not images:
        raise InvalidMedia(
            "The file holds no images, so there is no path in it. Both cameras.txt and images.txt "
            "are needed: in one zip, or one pasted after the other."
        )
    check_frames(len(images))
    images.sort(key=lambda image: _natural(image.name))
    matrices, notes = _matrices(images)
    focal = []
    for image in images:
        if image.camera not in cameras:
            raise InvalidMedia(
                f"Image {short(image.name)} uses camera {image.camera}, which the file does not "
                "hold. Add cameras.txt."
            )
        focal.append(cameras[image.camera].focal)
    used = {image.camera for image in images}
    notes += sorted({note for key in used for note in cameras[key].notes})
    mark = next((found for line in lines[:20] if (found := Mark.find(line))), None)
    place = placed(other_axes(inverted(matrices)), options, mark)
    path = path_from_matrices(place.matrices, np.array(focal), place.fps)
    return FoundPath(path, None, FORMAT.id, place.units, place.scale_known, (*notes, *place.notes))


def _sections(lines: list[str]) -> tuple[dict[str, _Camera], list[_Image]]:
    """Cameras by their id, and images, told apart by their second word."""
    cameras: dict[str, _Camera] = {}
    images: list[_Image] = []
    points_may_follow = False
    for line_number, line in enumerate(lines, start=1):
        if line.startswith("#"):
            continue
        if points_may_follow and _is_points(line):
            points_may_follow = False
            continue
        if not line:
            continue
        where = f"Line {line_number}"
        words = line.split()
        if len(words) > 1 and words[1] in _FOCALS:
            if words[0] in cameras:
                raise InvalidMedia(f"{where}: camera {short(words[0])} stands twice.")
            cameras[words[0]] = _camera(words, where)
        elif len(words) >= 10:
            images.append(
                _Image(
                    " ".join(words[9:]),
                    numbers(words[1:5], where),
                    numbers(words[5:8], where),
                    words[8],
                )
            )
            points_may_follow = True
        else:
            raise InvalidMedia(
                f"{where} is neither a camera (with a model such as PINHOLE) nor an image (10 "
                f"words): {short(line)}."
            )
    return cameras, images


def _is_points(line: str) -> bool:
    """Whether a line after an image can be its points: nothing, or triples that end whole."""
    words = line.split()
    return len(words) % 3 == 0 and all(re.fullmatch(r"-?\d+", word) for word in words[2::3])


def _camera(words: list[str], where: str) -> _Camera:
    focals, count = _FOCALS[words[1]]
    width, height, *parameters = numbers(words[2:], where)
    if len(parameters) != count:
        raise InvalidMedia(
            f"{where}: {words[1]} has {count} parameters, but {len(parameters)} stand there."
        )
    for name, side in (("width", width), ("height", height)):
        if not (1 <= side <= LIMITS.image_side and side == int(side)):
            raise InvalidMedia(f"{where}: the {name} is {side:g}; it must be whole pixels.")
    if min(parameters[:focals]) <= 0.0:
        raise InvalidMedia(f"{where}: the focal length is {min(parameters[:focals]):g} pixels.")
    notes = []
    fx, fy = parameters[0], parameters[focals - 1]
    if abs(fx / fy - 1.0) > _SQUARE:
        notes.append("Pixels are not square; the angle across the longer side was kept.")
    cx, cy = parameters[focals : focals + 2]
    if max(abs(cx / width - 0.5), abs(cy / height - 0.5)) > _CENTRE:
        notes.append("The lens is off the picture's centre; it was centred.")
    if any(parameters[focals + 2 :]) or words[1].endswith("FISHEYE"):
        notes.append(f"The lens bends lines ({words[1]}); it was taken as straight.")
    pixels = fx if width >= height else fy
    return _Camera(float(focal_from_pixels(pixels, int(width), int(height))), tuple(notes))


def _matrices(images: list[_Image]) -> tuple[np.ndarray, list[str]]:
    quaternions = np.array([image.quaternion for image in images])
    lengths = np.linalg.norm(quaternions, axis=1)
    bad = np.abs(lengths - 1.0) > 1e-3
    if bad.any():
        first = int(bad.argmax())
        raise InvalidMedia(
            f"The quaternion of image {short(images[first].name)} is {lengths[first]:.4g} long; it "
            "must be 1. Export the model again."
        )
    matrices = np.tile(np.eye(4), (len(images), 1, 1))
    matrices[:, :3, :3] = Rotation.from_quat(quaternions, scalar_first=True).as_matrix()
    matrices[:, :3, 3] = [image.shift for image in images]
    return checked_matrices(matrices, "matrix")[0], []


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sorts names with numbers in them by the numbers: frame2 before frame10."""
    return [
        (0, int(part[:15]), part) if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d+)", name)
    ]


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """A zip with ``cameras.txt``, ``images.txt`` and an empty ``points3D.txt``; see the module."""
    world_to_camera = inverted(other_axes(matrices_to_write(path, options)))
    turns = Rotation.from_matrix(world_to_camera[:, :3, :3]).as_quat(
        canonical=True, scalar_first=True
    )
    pixels = pixels_from_focal(path.focal_lengths, options.width, options.height)
    lenses = sorted(set(pixels.tolist()))
    number_of = {lens: place for place, lens in enumerate(lenses, start=1)}
    mark = f"# {Mark.of(path, options).text}"
    centre = f"{_plain(options.width / 2)} {_plain(options.height / 2)}"
    files = {
        _CAMERAS: [
            mark,
            "# Camera list with one line of data per camera:",
            "#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]",
            f"# Number of cameras: {len(lenses)}",
            *(
                f"{place} PINHOLE {options.width} {options.height} {_plain(lens)} {_plain(lens)} "
                f"{centre}"
                for place, lens in enumerate(lenses, start=1)
            ),
        ],
        _IMAGES: [mark, *_image_lines(world_to_camera, turns, [number_of[p] for p in pixels])],
        _POINTS: [
            "# 3D point list with one line of data per point:",
            "#   POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[] as (IMAGE_ID, POINT2D_IDX)",
            "# Number of points: 0, mean track length: 0",
        ],
    }
    data = packed({name: ("\n".join(rows) + "\n").encode() for name, rows in files.items()})
    notes = [
        "The model has no points, keys, easings or frame rate; images are named frame_00000.png "
        "and so on."
    ]
    return WrittenPath(data, FORMAT.suffix, "application/zip", tuple(notes))


def _image_lines(
    world_to_camera: np.ndarray, turns: np.ndarray, cameras: list[int]
) -> Iterator[str]:
    yield "# Image list with two lines of data per image:"
    yield "#   IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME"
    yield "#   POINTS2D[] as (X, Y, POINT3D_ID)"
    yield f"# Number of images: {len(cameras)}, mean observations per image: 0"
    for frame, camera in enumerate(cameras):
        row = (*turns[frame].tolist(), *world_to_camera[frame, :3, 3].tolist())
        place = " ".join(_plain(value) for value in row)
        yield f"{frame + 1} {place} {camera} frame_{frame:05d}.png"
        yield ""


def _plain(value: float) -> str:
    return repr(round(value, 12) + 0.0).removesuffix(".0")


def recognise(data: bytes, name: str) -> float:
    """How surely this is a COLMAP text model."""
    if is_zip(data):
        return 0.95 if data.find(_IMAGES.encode()) >= 0 else 0.0
    head = head_of(data)
    if "CAMERA_ID, MODEL" in head or "QW, QX, QY, QZ" in head:
        return 0.95
    words = next((line.split() for line in head.splitlines() if line[:1] not in ("", "#")), [])
    return 0.8 if len(words) > 1 and words[1] in _FOCALS else 0.0


FORMAT: Final = Format(
    id="colmap",
    label="COLMAP text model",
    suffix=".zip",
    about="cameras.txt and images.txt; read by COLMAP, Gaussian-splatting trainers, Blender "
    "add-ons.",
    read=read,
    write=write,
    recognise=recognise,
)
"""COLMAP text."""
