"""Every defect that the report knows, put into clean frames at a strength that is known.

A defect is made in a part of the clip or in all of it, so that a test can check not only that it
is found but that it is found in the right seconds. All strengths that are lengths are told for a
picture of 720 lines and are scaled to the height at hand.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from synth.quality.model import Defect

Picture = NDArray[np.uint8]
"""RGB (H, W, 3)."""

LINES = 720
"""Height of the picture for which lengths are told."""


@dataclass(frozen=True)
class Part:
    """A run of frames: numbers of the first and of the one past the last."""

    first: int
    end: int


@dataclass(frozen=True, eq=False)
class Spoilt:
    """Frames with a defect."""

    frames: list[Picture]
    """All of them, also those before and after the defect."""
    part: Part
    """Where among them the defect is. Defects that take or add frames move its end."""


Maker = Callable[[Sequence[Picture], Part, float, np.random.Generator], Spoilt]


@dataclass(frozen=True)
class Kind:
    """One way of spoiling a clip."""

    defect: Defect
    """What the report should call it."""
    levels: tuple[float, float, float]
    """Low, middle and high."""
    unit: str
    """What the levels are."""
    make: Maker


def spoil(
    frames: Sequence[Picture],
    kind: str,
    level: float,
    *,
    part: Part | None = None,
    seed: int = 5,
) -> Spoilt:
    """Clean frames with a defect of ``KINDS`` at a strength, in a part or in all of them.

    The frames are RGB, uint8 (H, W, 3), all of one even size, at least eight. What the defect
    does not touch stays as it is, bit for bit, except that "jitter" enlarges every frame by as
    much as it shakes, so that no edge comes into view, and that "judder" leaves out every other
    frame, to have moments in between. The same ``seed`` gives the same frames.
    """
    whole = part or Part(0, len(frames))
    return KINDS[kind].make(frames, whole, level, np.random.default_rng(seed))


def _each(change: Callable[[Picture, float, np.random.Generator], Picture]) -> Maker:
    """A defect of single pictures."""

    def make(
        frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
    ) -> Spoilt:
        made = [
            change(frame, level, rng) if part.first <= number < part.end else frame
            for number, frame in enumerate(frames)
        ]
        return Spoilt(made, part)

    return make


def _codes(values: NDArray[np.floating]) -> Picture:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _blur(frame: Picture, sigma: float, rng: np.random.Generator) -> Picture:
    scaled = sigma * frame.shape[0] / LINES
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), scaled), np.uint8)


def _noise(frame: Picture, sigma: float, rng: np.random.Generator) -> Picture:
    """White noise; every frame sees another part of one field, which is drawn once."""
    height, width = frame.shape[:2]
    field = _noise_field(height, width)
    top, left = rng.integers(_ROOM, size=2)
    part = field[top : top + height, left : left + width]
    return _codes(frame + np.float32(sigma if rng.integers(2) else -sigma) * part)


_ROOM = 64


@cache
def _noise_field(height: int, width: int) -> NDArray[np.float32]:
    size = (height + _ROOM, width + _ROOM, 3)
    return np.random.default_rng(1).standard_normal(size, np.float32)


def _blur_in_noise(frame: Picture, sigma: float, rng: np.random.Generator) -> Picture:
    """Noise comes after the lens, so a blurred picture can be full of fine detail."""
    return _noise(_blur(frame, sigma, rng), 5.0, rng)


def _jpeg(frame: Picture, quality: float, rng: np.random.Generator) -> Picture:
    options = [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    _, packed = cv2.imencode(".jpg", frame[..., ::-1], options)
    return np.ascontiguousarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1], np.uint8)


def _banding(frame: Picture, step: float, rng: np.random.Generator) -> Picture:
    """Too few levels for soft gradients, after the grain that would have hidden it is gone."""
    smooth = np.asarray(cv2.bilateralFilter(frame, 5, 12.0, 2.0), np.float32)
    return _codes((np.floor(smooth / step) + 0.5) * step)


def _compressed(
    frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
) -> Spoilt:
    """Squeezed by H.264 at that crf, and read back."""
    inside = through_h264(frames[part.first : part.end], int(level))
    return Spoilt([*frames[: part.first], *inside, *frames[part.end :]], part)


def through_h264(frames: Sequence[Picture], crf: int, preset: str = "veryfast") -> list[Picture]:
    """Pictures through x264 and back."""
    height, width = frames[0].shape[:2]
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": str(crf), "preset": preset, "threads": "1"}
        for number, rgb in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def _flicker(
    frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
) -> Spoilt:
    """The exposure of every frame is off at random; ``level`` is the deviation, per cent."""
    gains = 1 + level / 100 * rng.standard_normal(len(frames))
    made = [
        _codes(frame * np.float32(gain)) if part.first <= number < part.end else frame
        for number, (frame, gain) in enumerate(zip(frames, gains, strict=True))
    ]
    return Spoilt(made, part)


def _local_flicker(
    frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
) -> Spoilt:
    """The same in a soft-edged patch about a sixth of the picture large."""
    height, width = frames[0].shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    at = rng.uniform(0.3, 0.7, 2)
    away = ((x - at[0] * width) / (0.22 * width)) ** 2 + (
        (y - at[1] * height) / (0.22 * height)
    ) ** 2
    patch = np.exp(-(away**2))[..., None]
    gains = level / 100 * rng.standard_normal(len(frames)).astype(np.float32)
    made = [
        _codes(frame * (1 + gain * patch)) if part.first <= number < part.end else frame
        for number, (frame, gain) in enumerate(zip(frames, gains, strict=True))
    ]
    return Spoilt(made, part)


def _drift(frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator) -> Spoilt:
    """Red gains and blue loses ``level`` per cent, little by little, over the whole part."""
    made = list(frames)
    for number in range(part.first, part.end):
        share = level / 100 * (number - part.first) / max(1, part.end - part.first - 1)
        gains = np.array([1 + share, 1, 1 - share], np.float32)
        made[number] = _codes(frames[number] * gains)
    return Spoilt(made, part)


def _jitter(
    frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
) -> Spoilt:
    """Every frame is shifted at random; ``level`` is the deviation along either side, pixels."""
    height, width = frames[0].shape[:2]
    sigma = level * height / LINES
    largest = 2.5 * sigma
    scale = 1 + 2 * largest / height
    shifts = np.clip(sigma * rng.standard_normal((len(frames), 2)), -largest, largest)
    made = []
    for number, frame in enumerate(frames):
        shift = shifts[number] if part.first <= number < part.end else (0.0, 0.0)
        matrix = np.array(
            [
                [scale, 0, (1 - scale) * (width - 1) / 2 + shift[0]],
                [0, scale, (1 - scale) * (height - 1) / 2 + shift[1]],
            ]
        )
        moved = cv2.warpAffine(
            frame, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        made.append(np.asarray(moved, np.uint8))
    return Spoilt(made, part)


def _judder(
    frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
) -> Spoilt:
    """Frames are not taken at even moments: that ``level`` per cent of them come early or late.

    Of every two frames one is shown; the others are the moments half a step early or late.
    """
    chosen = []
    debt = 0.0
    late = bool(rng.integers(2))
    for number in range(0, len(frames) - 1, 2):
        debt += level / 100 if part.first <= number < part.end else 0.0
        off = 0
        if debt >= 1:
            debt -= 1
            off = 1 if late or number == 0 else -1
            late = not late
        chosen.append(frames[number + off])
    return Spoilt(chosen, Part(part.first // 2, (part.end + 1) // 2))


def _duplicates(
    frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
) -> Spoilt:
    """One frame of every ``level`` is shown twice; nothing is lost."""
    twice = _one_of_each(part, int(level), rng)
    made = []
    for number, frame in enumerate(frames):
        made.append(frame)
        if number in twice:
            made.append(frame)
    return Spoilt(made, Part(part.first, part.end + len(twice)))


def _drops(frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator) -> Spoilt:
    """One frame of every ``level`` is missing; the others are shown without a gap."""
    gone = _one_of_each(part, int(level), rng)
    made = [frame for number, frame in enumerate(frames) if number not in gone]
    return Spoilt(made, Part(part.first, part.end - len(gone)))


def _one_of_each(part: Part, group: int, rng: np.random.Generator) -> set[int]:
    """A frame of every ``group`` in a row, not beside the one before it and not at the ends."""
    found: set[int] = set()
    for first in range(part.first + 1, part.end - group + 1, group):
        choice = first + int(rng.integers(group))
        if choice - 1 in found:
            choice += 1
        if choice < part.end - 1:
            found.add(choice)
    return found


def _some(part: Part, share: float, rng: np.random.Generator) -> list[int]:
    """Frames of a part, the first and the last left out, ``share`` of them, spread evenly."""
    inside = np.arange(part.first + 1, part.end - 1)
    count = max(1, round(share * inside.size))
    edges = np.linspace(0, inside.size, count + 1)
    return [
        int(inside[min(int(rng.uniform(one, two)), inside.size - 1)])
        for one, two in itertools.pairwise(edges)
    ]


def _ghosts(
    frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
) -> Spoilt:
    """``level`` per cent of the frames are the mean of their neighbours."""
    made = list(frames)
    for number in _some(part, level / 100, rng):
        made[number] = np.asarray(
            cv2.addWeighted(frames[number - 1], 0.5, frames[number + 1], 0.5, 0), np.uint8
        )
    return Spoilt(made, part)


def _trails(
    frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
) -> Spoilt:
    """Every frame keeps the share ``level`` of what was shown before it."""
    made = list(frames)
    shown = frames[part.first].astype(np.float32)
    for number in range(part.first, part.end):
        shown = level * shown + (1 - level) * frames[number]
        made[number] = _codes(shown)
    return Spoilt(made, part)


def _tearing(
    frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
) -> Spoilt:
    """``level`` per cent of the frames still show the frame before below some line."""
    made = list(frames)
    for number in _some(part, level / 100, rng):
        line = int(rng.uniform(0.3, 0.7) * frames[0].shape[0])
        torn = frames[number].copy()
        torn[line:] = frames[number - 1][line:]
        made[number] = torn
    return Spoilt(made, part)


def _middle(part: Part, count: int) -> Part:
    """``count`` frames in the middle of a part, or all of it but its ends."""
    count = min(count, part.end - part.first - 2)
    first = (part.first + part.end - count) // 2
    return Part(first, first + count)


def _frozen(
    frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
) -> Spoilt:
    """The picture stands for ``level`` frames in the middle of the part, then is where it were."""
    still = _middle(part, int(level))
    made = list(frames)
    for number in range(still.first, still.end):
        made[number] = frames[still.first - 1]
    return Spoilt(made, still)


def _black(frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator) -> Spoilt:
    """``level`` frames in the middle of the part are black."""
    dark = _middle(part, int(level))
    made = list(frames)
    for number in range(dark.first, dark.end):
        made[number] = np.zeros_like(frames[number])
    return Spoilt(made, dark)


def _letterbox(
    frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
) -> Spoilt:
    """Bars, each ``level`` per cent of the height, come in the middle third of the part and go."""
    inside = _middle(part, (part.end - part.first) // 3)
    bar = round(level / 100 * frames[0].shape[0])
    made = list(frames)
    for number in range(inside.first, inside.end):
        barred = frames[number].copy()
        barred[:bar], barred[-bar:] = 0, 0
        made[number] = barred
    return Spoilt(made, inside)


def _clipping(
    frames: Sequence[Picture], part: Part, level: float, rng: np.random.Generator
) -> Spoilt:
    """Exposed so long that ``level`` per cent of the picture is white where there was detail."""
    seen = np.concatenate(
        [frame[::4, ::4].min(axis=2).ravel() for frame in frames[part.first : part.end : 8]]
    )
    knee = max(16.0, float(np.percentile(seen, 100 - level)))
    table = _codes(np.arange(256) * (255.0 / knee))
    made = [
        table[frame] if part.first <= number < part.end else frame
        for number, frame in enumerate(frames)
    ]
    return Spoilt(made, part)


KINDS: dict[str, Kind] = {
    "blur": Kind("blur", (1.2, 2.2, 4.0), "px", _each(_blur)),
    "blur in noise": Kind("blur", (1.2, 2.2, 4.0), "px", _each(_blur_in_noise)),
    "noise": Kind("noise", (5, 10, 20), "codes", _each(_noise)),
    "JPEG blocks": Kind("blocking", (25, 12, 6), "quality", _each(_jpeg)),
    "H.264 compression": Kind("blocking", (34, 41, 47), "crf", _compressed),
    "banding": Kind("banding", (8, 14, 24), "codes", _each(_banding)),
    "clipping": Kind("clipping", (6, 14, 30), "%", _clipping),
    "flicker": Kind("flicker", (1.5, 3, 6), "%", _flicker),
    "local flicker": Kind("local_flicker", (3, 6, 12), "%", _local_flicker),
    "colour drift": Kind("colour_drift", (6, 12, 24), "%", _drift),
    "jitter": Kind("jitter", (1, 2, 4), "px", _jitter),
    "judder": Kind("judder", (25, 50, 100), "% of frames", _judder),
    "duplicates": Kind("duplicates", (10, 6, 3), "frames to one", _duplicates),
    "drops": Kind("drops", (10, 6, 3), "frames to one", _drops),
    "ghosts": Kind("ghosts", (12, 25, 50), "% of frames", _ghosts),
    "trails": Kind("trails", (0.3, 0.5, 0.7), "share", _trails),
    "tearing": Kind("tearing", (10, 25, 50), "% of frames", _tearing),
    "frozen": Kind("frozen", (8, 16, 32), "frames", _frozen),
    "black": Kind("black", (1, 3, 9), "frames", _black),
    "letterbox": Kind("letterbox", (4, 8, 12.5), "% of height", _letterbox),
}
"""All of them by name."""
