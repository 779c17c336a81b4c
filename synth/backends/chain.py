"""A clip longer than one call of a model: several calls, each begun on the last picture before it.

What a model paints from a picture seldom has the picture's own colours: each call adds a tint, and
every seam would show it. So the colours of a call are laid on those of the picture that it began
on: a gain and an offset for each channel, fitted where both show the same thing, and held for the
whole call (Reinhard et al., "Color Transfer between Images", IEEE CG&A 21(5), 2001, take the mean
and the deviation for that, as is done here where the two have nothing in common).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.protocol import Frame, FrameRule
from synth.errors import InvalidInstruction, InvalidMedia

_ACROSS: Final = 96
"""Pixels of the longer side on which colours are compared: noise and fine motion average out."""
_GAIN: Final = 2.0
"""Most that a channel is stretched, or shrunk, by a seam."""
_OFFSET: Final = 64.0
"""Most that a channel is lifted or lowered by a seam, codes."""
_LEAP: Final = 24.0
"""Most that is taken for a tint between a call's first frame and its second, codes; more is light
that changes in the picture."""
_ROUNDS: Final = 4
_ALIKE: Final = 0.5
"""Correlation from which two pictures are taken to show the same thing."""
_CLIPPED: Final = (3.0, 252.0)
"""Codes beyond which a channel may have been cut off and tells nothing of a gain."""
_FEWEST: Final = 64


@dataclass(frozen=True)
class Call:
    """One call of a model within a longer clip."""

    number: int
    """Which one, from 0."""
    frames: int
    """Frames that the model is to make, lawful for it. The first one is the picture that the call
    begins on; it is shown in the first call alone."""
    begins: float
    """When its first frame is shown, seconds of the clip."""
    ends: float
    """When its last frame is shown, seconds of the clip."""


def calls(
    seconds: float, rule: FrameRule, rate: Fraction, *, fps: Fraction | None = None
) -> tuple[Call, ...]:
    """The calls that cover a clip, as few as there can be and of about one length.

    Args:
        seconds: length of the clip.
        rule: which counts the model makes.
        rate: frames per second that the model makes.
        fps: frames per second of the clip, so that there is a picture of the model's at or after
            its very last frame; without it the model's last picture may stand for less than one
            of its frames.

    Raises:
        InvalidInstruction: a length or rate that makes no sense, or a model that makes single
            pictures only.
    """
    if not (math.isfinite(seconds) and seconds > 0.0) or rate <= 0 or (fps or 1) <= 0:
        raise InvalidInstruction(
            f"A clip of {seconds:g} s at {float(rate):g} frames per second cannot be made; both "
            "must be above 0."
        )
    length = Fraction(seconds).limit_denominator(1_000_000)
    if fps is None:
        needed = math.ceil(length * rate)
    else:
        shown = max(1, round(length * fps))
        needed = math.ceil((shown - 1) / fps * rate) + 1
    needed = max(1, needed)
    most = rule.fit(rule.most)
    if most < 2 and needed > 1:
        raise InvalidInstruction(
            f"This model makes {most} frame a call, too few to go on from; {needed} are needed. "
            "Choose another model."
        )
    # A last call of a handful of frames would look worse than all of them a little shorter.
    count = max(1, math.ceil((needed - 1) / max(most - 1, 1)))
    share = math.ceil((needed - 1) / count) + 1
    planned: list[Call] = []
    done = 0
    for number in range(count):
        frames = rule.fit(min(share, needed - done))
        planned.append(Call(number, frames, float(done / rate), float((done + frames - 1) / rate)))
        done += frames - 1
        if done + 1 >= needed:
            break
    return tuple(planned)


def frames_of(planned: Sequence[Call]) -> int:
    """How many frames a chain shows: those of its calls, each seam counted once."""
    return sum(call.frames for call in planned) - max(0, len(planned) - 1)


def chained(
    draw: Callable[[Call, Frame], Iterator[Frame]],
    first: Frame,
    planned: Sequence[Call],
    *,
    finish: Callable[[Call, int, Frame], Frame] | None = None,
) -> Iterator[Frame]:
    """The frames of a chain, one after the other, its colours held across the seams.

    Args:
        draw: makes the frames of a call that begins on a picture, at least one; the first frame
            is that picture again, as well as the model can. What it makes beyond ``Call.frames``
            is left alone.
        first: the picture that the first call begins on.
        planned: from ``calls``.
        finish: changes each frame, given its call and its number in it, once its colours are held.
            What it gives is what is shown, what the next call begins on, and what that one's
            colours are laid on.

    Yields:
        The frames of every call; that which a later call begins on is not shown twice.

    Raises:
        InvalidMedia: a call that makes nothing, or frames of another size than those before.
    """
    start, before = first, None
    for call in planned:
        drawn = draw(call, start)
        with closing(_closable(drawn)) as frames:
            last, previous = None, before
            if call.number == 0:
                shown: Iterator[Frame] = islice(frames, call.frames)
            else:
                shown = _held(islice(frames, call.frames), start, before, call)
            for index, raw in enumerate(shown, start=min(call.number, 1)):
                frame = raw if finish is None else finish(call, index, raw)
                yield frame
                previous, last = last if last is not None else start, frame
            if last is None and call.number == 0:
                raise _nothing(call)
            if last is not None:
                start, before = last, previous


def _held(
    frames: Iterator[Frame], start: Frame, before: Frame | None, call: Call
) -> Iterator[Frame]:
    """A later call's frames but its first, in the colours of the picture that it began on."""
    opening = next(frames, None)
    if opening is None:
        raise _nothing(call)
    if opening.shape != start.shape:
        sizes = [f"{one.shape[1]}x{one.shape[0]}" for one in (opening, start)]
        raise InvalidMedia(
            f"Call {call.number + 1} of the model gave frames of {sizes[0]}; those before are "
            f"{sizes[1]}. Ask for one size."
        )
    following = next(frames, None)
    if following is None:
        return
    table = seam_table(opening, following, start, before)
    yield _through(table, following)
    for frame in frames:
        yield _through(table, frame)


def seam_table(
    opening: Frame, following: Frame, start: Frame, before: Frame | None = None
) -> NDArray[np.uint8] | None:
    """What lays a call's colours on those of the picture that it began on.

    Args:
        opening: the call's first frame, its own version of ``start``, (H, W, 3).
        following: its second, the first that is shown.
        start: the picture before the seam.
        before: the picture before that, which tells how the light was changing anyway.

    Returns:
        A table of new values, (256, 1, 3), or None where nothing needs to change.
    """
    ours, theirs, second = (_small(one) for one in (opening, start, following))
    trend = np.zeros(3)
    if before is not None and before.shape == start.shape:
        trend = _leap(_small(before), theirs)
    fits = [_fit(ours[..., k].ravel(), theirs[..., k].ravel()) for k in range(3)]
    gains, offsets = np.array(fits).T
    # Some models give the picture back faithfully and take on their tint right after it.
    offsets = offsets - (_leap(theirs, second * gains + offsets) - trend)
    codes = np.arange(256, dtype=np.float64)[:, None]
    table = np.clip(np.rint(codes * gains + offsets), 0, 255).astype(np.uint8)
    return None if np.all(table == codes) else table[:, None, :]


def _fit(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[float, float]:
    """Gain and offset that take one channel to another, (N,) each; outliers count for little."""
    low, high = _CLIPPED
    clear = (ours > low) & (ours < high) & (theirs > low) & (theirs < high)
    if int(clear.sum()) < _FEWEST:
        return 1.0, _bounded(float(theirs.mean() - ours.mean()))
    x, y = ours[clear], theirs[clear]
    spread, aim = float(x.std()), float(y.std())
    if min(spread, aim) < 1.0:
        return 1.0, _bounded(float(np.median(y - x)))
    if float(np.corrcoef(x, y)[0, 1]) < _ALIKE:
        gain = float(np.clip(aim / spread, 1 / _GAIN, _GAIN))
        return gain, float(y.mean() - gain * x.mean())
    weights = np.ones_like(x)
    gain, offset = 1.0, 0.0
    for _ in range(_ROUNDS):
        total = weights.sum()
        mean_x, mean_y = (weights * x).sum() / total, (weights * y).sum() / total
        variance = (weights * (x - mean_x) ** 2).sum()
        if variance < 1e-6 * total:
            break
        gain = float((weights * (x - mean_x) * (y - mean_y)).sum() / variance)
        gain = float(np.clip(gain, 1 / _GAIN, _GAIN))
        offset = float(mean_y - gain * mean_x)
        left = np.abs(y - gain * x - offset)
        weights = 1.0 / (1.0 + (left / max(1.4826 * float(np.median(left)), 0.5)) ** 2)
    return gain, offset


def _bounded(offset: float) -> float:
    return float(np.clip(offset, -_OFFSET, _OFFSET))


def _leap(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much each channel changed all over the picture at once, codes, (3,).

    The camera's own motion is told apart from it by the gradients of the picture: a shift, a zoom
    and a roll are fitted along with the change (Lucas & Kanade, "An Iterative Image Registration
    Technique", IJCAI 1981), and what moves by itself counts for little.
    """
    height, width = one.shape[:2]
    middle = 0.5 * (one + other)
    down, across = (
        np.gradient(middle, axis=(0, 1)) if min(height, width) > 1 else (0 * one, 0 * one)
    )
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)[..., None]
    x, y = (x - width / 2) / width, (y - height / 2) / width
    motion = (across, down, x * across + y * down, x * down - y * across)
    same = [np.broadcast_to(np.eye(3)[k], one.shape) for k in range(3)]
    parts = np.stack([*same, *motion], axis=-1).reshape(-1, 7)
    change = (other - one).ravel()
    weights = np.ones_like(change)
    found = np.zeros(7)
    # A flat picture has no gradients: a hair of damping keeps its motion from running away.
    damping = np.diag([1e-9] * 3 + [1e-3] * 4) * len(change)
    for _ in range(_ROUNDS):
        weighted = parts * weights[:, None]
        found = np.linalg.solve(weighted.T @ parts + damping, weighted.T @ change)
        left = np.abs(change - parts @ found)
        weights = 1.0 / (1.0 + (left / max(1.4826 * float(np.median(left)), 0.5)) ** 2)
    return np.asarray(np.clip(found[:3], -_LEAP, _LEAP), np.float64)


def _small(frame: Frame) -> NDArray[np.float64]:
    """A picture averaged over small squares, about ``_ACROSS`` pixels wide."""
    scale = min(1.0, _ACROSS / max(frame.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in frame.shape[1::-1])
    small = frame if scale == 1.0 else cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    # Gradients reach as far as the picture is smooth.
    return np.asarray(cv2.GaussianBlur(small.astype(np.float64), (0, 0), 1.5), np.float64)


def _through(table: NDArray[np.uint8] | None, frame: Frame) -> Frame:
    return frame if table is None else np.asarray(cv2.LUT(frame, table), np.uint8)


def _closable(frames: Iterator[Frame]) -> Generator[Frame, None, None]:
    """The same frames as something that can be closed, and closes them."""
    try:
        yield from frames
    finally:
        close = getattr(frames, "close", None)
        if close is not None:
            close()


def _nothing(call: Call) -> InvalidMedia:
    return InvalidMedia(
        f"Call {call.number + 1} of the model gave no frames. Try again, or choose another model."
    )
