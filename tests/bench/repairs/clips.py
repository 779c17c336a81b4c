"""Clips for the repairs: photos under a moving camera with things crossing, and real footage."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe
from numpy.typing import NDArray
from skimage import data

from synth.media import load_image
from synth.media.plane_reader import PlaneReader
from synth.media.planes import ColourTags, Planes, planes_from_rgb
from tests.bench.examples import example

Picture = NDArray[np.uint8]
SIZE = (480, 270)
FRAMES = 72


@dataclass(frozen=True)
class Film:
    """Pictures in a row."""

    name: str
    """Shown in the tables."""
    frames: tuple[Planes, ...]
    """All of one size."""
    tags: ColourTags = ColourTags()  # noqa: RUF009
    """What the numbers mean."""
    rate: Fraction = Fraction(25)
    """Pictures a second."""
    joins: tuple[str, ...] = ()
    """How each follows the one before; empty where it is one shot."""

    def with_frames(self, frames: Sequence[Planes]) -> Film:
        """Other pictures, the rest the same."""
        return Film(self.name, tuple(frames), self.tags, self.rate, self.joins)


def photo(name: str) -> Picture:
    """A bundled example or a photo of scikit-image, RGB."""
    if name in ("cloister", "lighthouse", "robot"):
        return load_image(example(name)[0]).pixels
    return np.asarray(getattr(data, name)())[..., :3]


MOVES: dict[str, tuple[str, tuple[float, float], float, float, float]] = {
    # photo, pan (pixels a picture), turn (degrees), zoom, shake (pixels)
    "astronaut": ("astronaut", (1.2, 0.4), 0.0, 1.0, 0.0),
    "chelsea": ("chelsea", (0.0, 0.0), 0.0, 1.004, 0.0),
    "coffee": ("coffee", (-0.8, 0.3), 0.12, 1.0, 0.6),
    "rocket": ("rocket", (0.3, -1.0), 0.0, 1.0, 0.0),
    "cloister": ("cloister", (2.2, 0.0), 0.0, 1.0, 1.0),
    "lighthouse": ("lighthouse", (0.0, 0.0), 0.0, 1.0, 0.0),
    "robot": ("robot", (-0.5, 0.2), 0.0, 0.998, 0.4),
    "immunohistochemistry": ("immunohistochemistry", (3.0, 1.0), 0.2, 1.0, 0.0),
}
"""The synthetic clips."""


def synthetic(name: str, frames: int = FRAMES, size: tuple[int, int] = SIZE) -> Film:
    """A photo under a moving camera while a second, smaller piece of it crosses the picture."""
    source, pan, turn, zoom, shake = MOVES[name]
    whole = photo(source)
    width, height = size
    scale = 1.5 * max(width / whole.shape[1], height / whole.shape[0])
    whole = cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    whole = np.asarray(whole, np.float32)
    rng = np.random.default_rng(len(name))
    side = height // 4
    piece = whole[side : 2 * side, side : 2 * side]
    mask = np.zeros((side, side), np.float32)
    cv2.circle(mask, (side // 2, side // 2), side // 2 - 3, 1.0, -1, cv2.LINE_AA)
    made = []
    for k in range(frames):
        centre = (whole.shape[1] / 2, whole.shape[0] / 2)
        matrix = cv2.getRotationMatrix2D(centre, turn * k, zoom ** (k - frames / 2))
        drift = np.array(pan) * (k - frames / 2) + rng.normal(0, shake, 2) * (shake > 0)
        matrix[:, 2] += drift + (np.array(size) - np.array(centre) * 2) / 2
        view = cv2.warpAffine(
            whole, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        left = -side + (width + 2 * side) * k / frames
        place = np.array([[1, 0, left], [0, 1, height * 0.55 + 12 * np.sin(k / 6)]], np.float32)
        over = cv2.warpAffine(piece, place, size)
        cover = cv2.warpAffine(mask, place, size)[..., None]
        picture = view * (1 - cover) + over * cover
        made.append(planes_from_rgb(np.clip(np.rint(picture), 0, 255).astype(np.uint8)))
    return Film(name, tuple(made))


def drawn(names: Sequence[str] = tuple(MOVES), frames: int = FRAMES) -> Iterator[Film]:
    """The synthetic clips, one after the other."""
    for name in names:
        yield synthetic(name, frames)


def footage(folder: Path, frames: int = FRAMES, widest: int = 640) -> Iterator[Film]:
    """The first shot of each video of a folder that is long enough, made smaller."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".mp4", ".mov", ".mkv", ".webm"):
            film = read(path, frames, widest)
            if len(film.frames) >= 24:
                yield film


def read(path: Path, frames: int, widest: int, start: float = 0.0) -> Film:
    """So many pictures of a file, whatever they show."""
    made: list[Planes] = []
    with PlaneReader(path, start=Fraction(start).limit_denominator(1000)) as reader:
        width, height = reader.size
        step = min(1.0, widest / width)
        size = (round(width * step / 2) * 2, round(height * step / 2) * 2)
        half = (size[0] // 2, size[1] // 2)
        for frame in reader:
            y, u, v = frame.planes.y, frame.planes.u, frame.planes.v
            if step < 1.0:
                y = cv2.resize(y, size, interpolation=cv2.INTER_AREA)
                u, v = (cv2.resize(p, half, interpolation=cv2.INTER_AREA) for p in (u, v))
            made.append(Planes(np.asarray(y), np.asarray(u), np.asarray(v)))
            if len(made) == frames:
                break
        return Film(path.stem, tuple(made), reader.tags, reader.info.fps)


def filtered(film: Film, filters: str) -> list[Planes]:
    """The pictures after FFmpeg's filters ("deflicker=size=5"), as many as went in."""
    width, height = film.frames[0].size
    form = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", "25"]
    command = [get_ffmpeg_exe(), "-v", "error", "-nostdin", *form, "-i", "pipe:0"]
    raw = b"".join(plane.tobytes() for p in film.frames for plane in (p.y, p.u, p.v))
    done = subprocess.run(
        [*command, "-vf", filters, "-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"],
        input=raw, capture_output=True, check=True,
    )  # fmt: skip
    return planes_in(done.stdout, (width, height), len(film.frames))


def planes_in(raw: bytes, size: tuple[int, int], count: int) -> list[Planes]:
    """The pictures in a row of raw 4:2:0 planes."""
    width, height = size
    step = width * height * 3 // 2
    if len(raw) != count * step:
        raise ValueError(f"{len(raw) / step} pictures were made of {count}.")
    out = []
    for k in range(count):
        values = np.frombuffer(raw, np.uint8, step, k * step)
        y, u, v = np.split(values, [width * height, width * height * 5 // 4])
        half = (height // 2, width // 2)
        parts = y.reshape(height, width), u.reshape(half), v.reshape(half)
        out.append(Planes(*(part.copy() for part in parts)))
    return out


def psnr(one: Planes, other: Planes) -> float:
    """Of all three planes as they stand, dB; at most 99."""
    error = count = 0.0
    for a, b in ((one.y, other.y), (one.u, other.u), (one.v, other.v)):
        error += float(((a.astype(np.float32) - b) ** 2).sum())
        count += a.size
    return 99.0 if error == 0 else min(99.0, float(10 * np.log10(255**2 * count / error)))


@dataclass(frozen=True)
class Shown:
    """A picture and its time."""

    planes: Planes
    time: Fraction
