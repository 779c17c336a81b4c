"""A small studio for moving pictures with motion that is known exactly.

A scene is a function of time that draws a picture at twice the size. The camera here opens its
shutter for part of each frame, adds up the light of several moments (linear), makes the picture
smaller, and adds grain: what comes out has the antialiasing, blur and noise of film.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from synth.media import load_image
from synth.media.planes import Planes
from synth.render.lens import linear_table
from tests.bench.examples import example
from tests.bench.interpolation.clips import frame_of, planes_from, planes_of

Picture = NDArray[np.uint8]
Draw = Callable[[float], Picture]
"""Time in frames to an sRGB picture (2H, 2W, 3)."""

EXAMPLES = ("cloister", "lighthouse", "robot")
"""Bundled pictures; all other names are scikit-image's."""


@dataclass(frozen=True)
class Stock:
    """Film and file: what happens to a scene's light."""

    shutter: float = 0.5
    """How long it is open, share of a frame."""
    grain: float = 0.0
    """Standard deviation of the noise at middle grey, codes of 8 bits."""
    crf: int | None = None
    """H.264 quality it is squeezed through; none leaves it clean."""
    grey: bool = False
    """Black and white."""


def photo(name: str, width: int, height: int) -> Picture:
    """A known picture, cropped about its centre to a size."""
    if name in EXAMPLES:
        pixels = load_image(example(name)[0]).pixels
    elif name == "motorcycle":
        pixels = data.stereo_motorcycle()[0]
    else:
        pixels = getattr(data, name)()
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    rows, columns = pixels.shape[:2]
    scale = max(width / columns, height / rows)
    size = (max(width, round(columns * scale)), max(height, round(rows * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    pixels = cv2.resize(pixels, size, interpolation=way)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(pixels[top : top + height, left : left + width], np.uint8)


def tiled(name: str, tile: int, width: int, height: int) -> Picture:
    """A picture repeated, mirrored, to fill a size."""
    part = photo(name, tile, tile)
    down, right = -(-height // tile), -(-width // tile)
    rows = [part if row % 2 == 0 else part[::-1] for row in range(down)]
    column = np.concatenate(rows)
    parts = [column if at % 2 == 0 else column[:, ::-1] for at in range(right)]
    return np.ascontiguousarray(np.concatenate(parts, axis=1)[:height, :width])


def moved(
    picture: Picture,
    size: tuple[int, int],
    *,
    about: tuple[float, float],
    to: tuple[float, float],
    degrees: float = 0.0,
    scale: float = 1.0,
    border: int = cv2.BORDER_REFLECT_101,
) -> Picture:
    """A picture turned and enlarged about a point of its own, which comes to lie at ``to``.

    Three or four channels; with ``border`` constant, what lies outside is 0.
    """
    matrix = cv2.getRotationMatrix2D(about, degrees, scale)
    matrix[:, 2] += np.array(to) - np.array(about)
    return np.asarray(
        cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border), np.uint8
    )


def over(picture: Picture, layer: Picture, strength: float = 1.0) -> Picture:
    """Lay a picture with coverage (H, W, 4), colours not multiplied by it, over another."""
    x, y, w, h = cv2.boundingRect(layer[..., 3])
    if w == 0:
        return picture
    out = picture.copy()
    part = layer[y : y + h, x : x + w]
    share = part[..., 3:].astype(np.float32) * (strength / 255.0)
    below = out[y : y + h, x : x + w].astype(np.float32)
    out[y : y + h, x : x + w] = np.rint(below + share * (part[..., :3] - below)).astype(np.uint8)
    return out


def cut_out(picture: Picture, coverage: NDArray[np.uint8]) -> Picture:
    """A picture with a coverage channel."""
    return np.dstack([picture, coverage])


def disc(diameter: int, feather: float = 1.0) -> NDArray[np.uint8]:
    """Coverage of a round thing."""
    y, x = np.mgrid[:diameter, :diameter] - (diameter - 1) / 2.0
    return np.asarray(
        np.clip((diameter / 2.0 - 2.0 - np.hypot(x, y)) / feather, 0, 1) * 255, np.uint8
    )


def expose(draw: Draw, size: tuple[int, int], frames: int, stock: Stock, seed: int) -> list[Planes]:
    """The finished frames of a scene, width and height ``size``."""
    table = linear_table().astype(np.float32)
    table /= table[255]
    rng = np.random.default_rng(seed)
    pictures = []
    for number in range(frames):
        moments = [number + stock.shutter * (part - 1.5) / 4.0 for part in range(4)]
        if stock.shutter == 0.0:
            moments = moments[:1]
        light = np.zeros((size[1], size[0], 3), np.float32)
        for moment in moments:
            light += cv2.resize(table[draw(moment)], size, interpolation=cv2.INTER_AREA)
        light /= len(moments)
        coded = np.where(
            light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-6) ** (1 / 2.4) - 0.055
        )
        pictures.append(develop(coded * 255.0, stock, rng))
    return squeezed(pictures, stock)


def develop(coded: NDArray[np.floating], stock: Stock, rng: np.random.Generator) -> Picture:
    """Grain on a picture in codes 0..255, and the colour taken out where the film has none."""
    if stock.grey:
        coded = np.repeat((coded @ np.array([0.3, 0.59, 0.11]))[..., None], 3, axis=2)
    if stock.grain > 0:
        height, width = coded.shape[:2]
        noise = rng.standard_normal((height, width, 1 if stock.grey else 3)).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), 0.7).reshape(height, width, -1)
        noise *= stock.grain / noise.std()
        # Grain is strongest in the middle tones.
        coded = coded + noise * (0.35 + 2.6 * (coded / 255.0) * (1.0 - coded / 255.0))
    return np.clip(np.rint(coded), 0, 255).astype(np.uint8)


def squeezed(pictures: Sequence[Picture], stock: Stock) -> list[Planes]:
    """Pictures as planes, through H.264 and back where the stock says so."""
    planes = [planes_from(picture) for picture in pictures]
    if stock.crf is None:
        return planes
    file = io.BytesIO()
    width, height = planes[0].size
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(stock.crf), "preset": "medium", "threads": "1"}
        for number, picture in enumerate(planes):
            frame = frame_of(picture)
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as container:
        return [planes_of(frame) for frame in container.decode(video=0)]
