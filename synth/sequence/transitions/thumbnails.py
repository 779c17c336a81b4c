"""Moving thumbnails: what a transition does to two given pictures, as a small looping file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synth.backends.geometric import Stage, frame_photo, set_stage
from synth.camera.pose import CameraPath, CameraPose
from synth.control import CancelToken, ignore_progress
from synth.errors import InvalidInstruction
from synth.media.planes import Planes, planes_from_rgb, to_rgb
from synth.render.film import FilmSettings, shoot
from synth.scene.depth import estimate_depth
from synth.sequence.plan import Take
from synth.sequence.storyboard import Way
from synth.sequence.transitions.catalogue import TRANSITIONS
from synth.sequence.transitions.draw import draw_transition
from synth.sequence.transitions.side import Side

SIZE: Final = (160, 90)
"""Width and height of a thumbnail, pixels; both even."""

FRAMES: Final = 12
"""Frames of the transition itself; the two pictures stand before and after it."""

RATE: Final = Fraction(12)
"""Frames per second: a second of transition."""

HOLD: Final = 500
"""How long each picture stands still, milliseconds."""

LARGEST: Final = 60_000
"""Bytes that a thumbnail should not exceed."""

QUALITIES: Final = (62, 40, 20, 5)
"""Of the WebP: the next one is tried where the file comes out too large, as noise does."""

_TRUCK: Final = 0.7
"""How far the first camera trucks in a match move, scene units: with nothing to match, nothing
would be seen of it."""


def thumbnail(
    name: str,
    a: NDArray[np.uint8],
    b: NDArray[np.uint8],
    *,
    colour: str = "#000000",
    reverse: bool = False,
    size: tuple[int, int] = SIZE,
) -> bytes:
    """A looping WebP of a transition.

    It is drawn as in the film. Those that need depth take it from the pictures, by the quickest
    estimator.

    Args:
        name: of the transition, as in ``TRANSITIONS``.
        a: what goes, sRGB uint8 (H, W, 3), any size; cropped about its centre.
        b: what comes.
        colour: of a dip.
        reverse: the other way round, where a transition has one.
        size: width and height, pixels.

    Raises ``InvalidInstruction`` for a transition that does not exist.
    """
    if name not in TRANSITIONS:
        raise InvalidInstruction(
            f"There is no transition {name[:40]!r}; choose one of {', '.join(TRANSITIONS)}."
        )
    width, height = (max(2, 2 * round(length / 2)) for length in size)
    framed = [frame_photo(picture, width, height)[0] for picture in (a, b)]
    deep = TRANSITIONS[name].photos != "none"
    sides = [
        _side(picture, number, _staged(picture, number, name) if deep else None)
        for number, picture in enumerate(framed)
    ]
    way = Way(name, FRAMES, colour=colour, reverse=reverse)
    drawn = draw_transition(way, sides[0], sides[1], rate=RATE, cancel=CancelToken())
    pictures = [next(sides[0].planes()), *drawn, list(sides[1].planes())[-1]]
    frames = [Image.fromarray(to_rgb(planes)) for planes in pictures]
    for quality in QUALITIES:
        data = _webp(frames, quality)
        if len(data) <= LARGEST:
            break
    return data


def _webp(frames: list[Image.Image], quality: int) -> bytes:
    step = round(1000 / RATE)
    target = io.BytesIO()
    frames[0].save(
        target, "WEBP", save_all=True, append_images=frames[1:], loop=0,
        duration=[HOLD, *[step] * FRAMES, HOLD], quality=quality, method=1,
    )  # fmt: skip
    return target.getvalue()


def _side(picture: NDArray[np.uint8], number: int, stage: Stage | None) -> Side:
    still = planes_from_rgb(picture)

    def planes() -> Iterator[Planes]:
        if stage is None:
            return iter([still] * FRAMES)
        return (planes_from_rgb(frame) for frame in shoot(stage.scene, stage.path, stage.film))

    name = ("The first picture", "The second picture")[number]
    return Side(Take(name, 0, FRAMES), planes, lambda: stage, lambda rgb: rgb, name)


def _staged(picture: NDArray[np.uint8], number: int, name: str) -> Stage:
    height, width = picture.shape[:2]
    moves = name == "match_move" and number == 0
    reach = _TRUCK if moves else 0.0
    poses = tuple(
        CameraPose((reach * index / (FRAMES - 1), 0.0, CameraPose().position[2]))
        for index in range(FRAMES)
    )
    depth = estimate_depth(
        picture, method="embedded", cancel=CancelToken(), progress=ignore_progress
    )
    return set_stage(picture, depth, CameraPath(poses, RATE), FilmSettings(width, height))
