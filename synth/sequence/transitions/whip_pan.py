"""The whip pan: the outgoing camera whips away, and the incoming one comes out of the same whip.

Each side's frames are turned about the lens, as a pure rotation (the homography K R K^-1; Hartley
and Zisserman, *Multiple View Geometry*, 8.4), and continue as if mirrors stood upright at both
sides of the frame. Both sides always turn at the same speed, own pan included, so it does not
matter where in the blur one becomes the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.geometric import Stage
from synth.camera.conventions import DEFAULT_FOCAL_LENGTH, focal_pixels
from synth.camera.easing import ease
from synth.control import CancelToken
from synth.media.planes import Planes, planes_from_rgb, to_rgb
from synth.render.lens import encoded_table, linear_table
from synth.sequence.storyboard import Way
from synth.sequence.transitions.side import Side, pairs, times

LEAST_TURN: Final = 100.0
"""Degrees that the whip turns at least; a 50 mm lens sees 40 across."""

MEAN_SPEED: Final = 130.0
"""Degrees per second that it turns on average at least: slower, the change would be seen."""

SHUTTER: Final = 0.5
"""How long the shutter is open, frames: 180 degrees, as film has it."""

HAND_OVER: Final = 0.14
"""Share of the transition in which one blur melts into the other."""

PANS: Final = 0.02
"""Degrees per frame from which a camera counts as panning."""

_SPACING: Final = 1.5
"""Pixels between the samples of a short blur."""

_LONG: Final = 9.0
"""Blurs longer than this many pixels are made along the horizon, in one go."""


def yaw_curve(
    own_a: NDArray[np.float64], own_b: NDArray[np.float64], turn: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each side is turned away from its own camera.

    The speed of the whole is the outgoing camera's own at the beginning and the incoming one's at
    the end, with a hump between; whatever a side does by itself is taken off what is added to it.

    Args:
        own_a: yaw of the outgoing camera by itself, degrees, from the frame before the transition
            to the one after it, shape (N + 2,).
        own_b: the same of the incoming one.
        turn: what the hump adds in all, degrees, positive to the left.

    Returns:
        Degrees that are added to the yaw of each side, shape (N + 2,): the first begins at 0, the
        second ends at 0.
    """
    steps_a, steps_b = np.diff(own_a), np.diff(own_b)
    moments = (np.arange(len(steps_a)) + 0.5) / len(steps_a)
    hump = np.sin(np.pi * moments) ** 2
    towards = ease("smootherstep", moments)
    speed = (1.0 - towards) * steps_a + towards * steps_b + turn * hump / hump.sum()
    left = np.concatenate([[0.0], np.cumsum(speed - steps_a)])
    right = np.concatenate([[0.0], np.cumsum(speed - steps_b)])
    return left, right - right[-1]


def own_yaws(side: Side) -> NDArray[np.float64]:
    """Yaw of a side's own camera, degrees, from the frame before its take to the one after it.

    Shape (N + 2,). A clip's camera is not known and counts as still. Beyond a shot's own ends its
    camera is taken to go on as it was.
    """
    stage, take = side.stage(), side.take
    if stage is None:
        return np.zeros(take.frames + 2)
    yaws = np.unwrap([pose.rotation[1] for pose in stage.path.poses], period=360.0)
    wanted = np.arange(take.first - 1, take.first + take.frames + 1)
    found = np.interp(wanted, np.arange(len(yaws)), yaws)
    if len(yaws) > 1:
        found += np.where(wanted < 0, wanted, 0) * (yaws[1] - yaws[0])
        found += np.where(wanted >= len(yaws), wanted - len(yaws) + 1, 0) * (yaws[-1] - yaws[-2])
    return found


def whip_turn(way: Way, a: Side, b: Side, rate: Fraction) -> float:
    """Degrees that a whip adds, positive to the left.

    It goes the way that the outgoing camera is already going, or else the incoming one, or else to
    the right; ``way.reverse`` turns that round.
    """
    size = max(LEAST_TURN, MEAN_SPEED * (way.frames + 1) / float(rate))
    direction = _heading(a) or _heading(b) or -1.0
    return size * direction * (-1.0 if way.reverse else 1.0)


def whipped(way: Way, a: Side, b: Side, rate: Fraction, cancel: CancelToken) -> Iterator[Planes]:
    """The frames of a whip pan; see ``draw_transition``."""
    added = yaw_curve(own_yaws(a), own_yaws(b), whip_turn(way, a, b, rate))
    share = np.clip((times(way.frames) - 0.5) / HAND_OVER + 0.5, 0.0, 1.0)
    stages = a.stage(), b.stage()
    pan: Pan | None = None
    for index, pictures in enumerate(pairs(a, b, cancel)):
        pan = pan or Pan(*pictures[0].size)
        light: NDArray[np.uint16] | None = None
        for number, weight in enumerate((1.0 - share[index], share[index])):
            if weight == 0.0:
                continue
            side = (a, b)[number]
            turn = added[number]
            seen = pan.turned(
                to_rgb(pictures[number]),
                _focal(stages[number], side.take.first + index, pictures[number].size),
                float(turn[index + 1]),
                float(turn[index + 2] - turn[index]) / 2.0 * SHUTTER,
            )
            light = (
                seen
                if light is None
                else np.asarray(cv2.addWeighted(light, 1.0 - weight, seen, weight, 0.0), np.uint16)
            )
        assert light is not None
        yield planes_from_rgb(pan.encode[light])


class Pan:
    """Turns pictures of one size about the lens. Changes nothing after it is made."""

    def __init__(self, width: int, height: int) -> None:
        """Prepare for pictures of ``width`` x ``height`` pixels."""
        self._x = (np.arange(width) + 0.5 - width / 2.0)[None, :]
        self._y = (np.arange(height) + 0.5 - height / 2.0)[:, None]
        self._decode = linear_table()
        self.encode = encoded_table()

    def turned(
        self, rgb: NDArray[np.uint8], focal: float, turn: float, blur: float
    ) -> NDArray[np.uint16]:
        """Linear light of a picture from a camera that is turned by ``turn`` degrees to the left
        and turns on by ``blur`` degrees while the shutter is open; ``focal`` in pixels."""
        light = self._decode[rgb]
        turn, blur = math.radians(turn), math.radians(abs(blur))
        pixels = blur * focal
        if pixels > _LONG:
            return self._streaked(light, focal, turn, pixels)
        count = max(math.ceil(pixels / _SPACING), 1)
        total = np.zeros(light.shape, np.float32)
        for sample in range(count):
            moment = turn + blur * ((sample + 0.5) / count - 0.5)
            total += self._seen(light, focal, moment)
        return np.clip(total / count + 0.5, 0, len(self.encode) - 1).astype(np.uint16)

    def _seen(self, light: NDArray[np.uint16], focal: float, turn: float) -> NDArray[np.float32]:
        width, height = self._x.shape[1], self._y.shape[0]
        here = np.arctan(self._x / focal)
        there = _folded(here - turn, math.atan(width / 2.0 / focal))
        x = np.broadcast_to(focal * np.tan(there), (height, width)) + (width / 2.0 - 0.5)
        y = self._y * (np.cos(here) / np.cos(there)) + (height / 2.0 - 0.5)
        return _sampled(light.astype(np.float32), x, y)

    def _streaked(
        self, light: NDArray[np.uint16], focal: float, turn: float, pixels: float
    ) -> NDArray[np.uint16]:
        """The same with a long blur: round the camera, turning is a plain shift."""
        width, height = self._x.shape[1], self._y.shape[0]
        half = math.atan(width / 2.0 / focal)
        columns = max(round(2.0 * half * focal), 8)
        step = 2.0 * half / columns
        around = ((np.arange(columns) + 0.5) * step - half)[None, :]
        x = np.broadcast_to(focal * np.tan(around), (height, columns)) + (width / 2.0 - 0.5)
        y = self._y / np.cos(around) + (height / 2.0 - 0.5)
        strip = _sampled(light.astype(np.float32), x, y)
        strip = _box(strip, pixels / focal / step)
        here = np.arctan(self._x / focal)
        column = (_folded(here - turn, half) + half) / step - 0.5
        row = self._y * np.cos(here) + (height / 2.0 - 0.5)
        seen = _sampled(strip, np.broadcast_to(column, (height, width)), row)
        return np.clip(seen + 0.5, 0, len(self.encode) - 1).astype(np.uint16)


def _sampled(
    picture: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float32]:
    sampled = cv2.remap(
        picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    return np.asarray(np.maximum(sampled, 0.0), np.float32)


def _folded(angle: NDArray[np.float64], half: float) -> NDArray[np.float64]:
    """An angle as it is seen between two mirrors at plus and minus ``half``."""
    return half - np.abs((angle + half) % (4.0 * half) - 2.0 * half)


def _box(strip: NDArray[np.float32], length: float) -> NDArray[np.float32]:
    """The mean over ``length`` columns, which need not be a whole number."""
    low = max(2 * math.floor((length - 1.0) / 2.0) + 1, 1)
    narrow, wide = (
        np.asarray(cv2.blur(strip, (size, 1), borderType=cv2.BORDER_REFLECT), np.float32)
        for size in (low, low + 2)
    )
    share = min(max((length - low) / 2.0, 0.0), 1.0)
    return np.asarray(narrow + (wide - narrow) * share, np.float32)


def _focal(stage: Stage | None, index: int, size: tuple[int, int]) -> float:
    length = DEFAULT_FOCAL_LENGTH
    if stage is not None:
        length = stage.path.at(float(index)).focal_length
    return focal_pixels(length, *size)


def _heading(side: Side) -> float:
    """1 for a camera that turns or moves left, -1 for right, 0 for neither."""
    stage, take = side.stage(), side.take
    if stage is None:
        return 0.0
    turned = float(np.mean(np.diff(own_yaws(side))))
    if abs(turned) > PANS:
        return math.copysign(1.0, turned)
    ends = (stage.path.at(float(frame)) for frame in (take.first, take.first + take.frames - 1))
    first, last = ends
    right = first.world_from_camera[:, 0]
    moved = float(right @ np.subtract(last.position, first.position)) / take.frames
    # Ten units to the subject: so far to the side is so many degrees there.
    moved = math.degrees(moved / 10.0)
    return -math.copysign(1.0, moved) if abs(moved) > PANS else 0.0
