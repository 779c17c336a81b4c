"""Two files held against each other: what one lost beside the other, frame by frame."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, InvalidMedia
from synth.media.plane_reader import PlaneFrame, PlaneReader
from synth.media.planes import ColourTags, Planes, planes_from_rgb, to_rgb
from synth.quality.likeness import HIGHEST, Likeness, likeness
from synth.quality.model import Curve
from synth.quality.vmaf import VmafMeter, find_vmaf, large_enough

_WATCHED: Final = 48
"""Frames from the start of each file in which a shift is looked for."""
_FARTHEST: Final = 24
"""Largest shift that is looked for, frames."""
_OVERLAP: Final = 8
_BETTER: Final = 0.5
"""A shift is believed where it leaves less than this share of the difference."""
_SEEN: Final = 0.4
"""Difference below which two pictures count as alike, codes."""
_SIGNATURE: Final = (32, 18)
_RATES: Final = 0.005
"""Difference of two rates that is put down to how they were written."""
_SHAPES: Final = 0.02
"""Difference of two shapes that is put down to even sizes."""
_MOMENTS: Final = 5
_APART: Final = 0.5
"""Least distance of two worst moments, seconds."""
_LIMITS: Final[Mapping[str, float]] = {
    "psnr_y": 35.0, "psnr_yuv": 35.0, "ssim_y": 0.95, "vmaf": 80.0,
}  # fmt: skip
"""Where a loss begins to be seen by most people; guides for the eye, nothing is judged by them."""


@dataclass(frozen=True)
class Moment:
    """A moment at which the two differ much."""

    time: float
    """Seconds, in the reference."""
    words: str
    """The figures in a sentence."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """A file held against a reference."""

    means: Mapping[str, float]
    """Means over the frames: ``psnr_y`` and ``psnr_yuv`` (dB, 100 where nothing differs),
    ``ssim_y`` (to 1), and ``vmaf`` (0 to 100) where it was measured."""
    curves: Mapping[str, Curve]
    """The same by frame."""
    worst: tuple[Moment, ...]
    """Worst first; empty where nothing differs."""
    frames: int
    """Pairs of frames that were compared."""
    seconds: float
    """Time between the first and the end of the last of them."""
    width: int
    """Pixels, those of the reference."""
    height: int
    offset: int = 0
    """Frames that the file runs behind the reference; these were made to meet."""
    identical: bool = False
    """Whether every pair was equal, bit for bit."""
    notes: tuple[str, ...] = field(default=())
    """What the reader should know, in sentences."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return {
            **{name: round(value, 4) for name, value in self.means.items()},
            "identical": self.identical,
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
            "width": self.width,
            "height": self.height,
            "offset": self.offset,
            "worst": [{"time": round(one.time, 3), "words": one.words} for one in self.worst],
            "curves": {
                name: {
                    "seconds": [round(float(time), 4) for time in curve.times],
                    "values": [round(float(one), 4) for one in curve.values],
                    "unit": curve.unit,
                    "limit": curve.limit,
                    "words": curve.words,
                }
                for name, curve in self.curves.items()
            },
            "notes": list(self.notes),
        }


def compare_videos(
    reference_path: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    vmaf: bool = True,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Comparison:
    """Say how far a video is from the one that it was made of.

    Frames meet by their number. Where one file begins up to 24 frames later than the other, that
    is found and made good; a file of another size is scaled to the reference. Both files are read
    once (their first frames twice); memory stays flat however long they are.

    Args:
        reference_path: what it should look like.
        path: what is compared.
        vmaf: whether to measure VMAF too, where an FFmpeg with libvmaf is found; it takes the most
            time of all.
        cancel: stops the work within a second.
        progress: told how many frames were compared.

    Raises:
        InvalidMedia: one of the videos cannot be read.
        InvalidInstruction: their rates or their shapes differ, so that frames cannot be paired.
        LimitExceeded: one of them is larger than allowed.
        Cancelled: ``cancel`` was set.
    """
    cancel = cancel or CancelToken()
    progress(Progress("Looking for where the two meet"))
    offset = _offset(reference_path, path, cancel)
    with ExitStack() as stack:
        first = stack.enter_context(_opened("reference", reference_path, cancel))
        second = stack.enter_context(_opened("compared video", path, cancel))
        notes = _check(first, second)
        if offset:
            where = "behind" if offset > 0 else "ahead of"
            many = "frame" if abs(offset) == 1 else "frames"
            notes.append(
                f"The compared video runs {abs(offset)} {many} {where} the reference; this was "
                "made good."
            )
        program = None
        if vmaf and not large_enough(first.size):
            notes.append("VMAF is not measured on pictures as small as these.")
        elif vmaf:
            program = find_vmaf()
            if program is None:
                notes.append(
                    "VMAF was not measured: no FFmpeg with libvmaf was found here. "
                    "Installing imageio-ffmpeg brings one."
                )
        meter: VmafMeter | None = None
        if program is not None:
            meter = stack.enter_context(VmafMeter(program, first.size, cancel))
        times: list[float] = []
        found: list[Likeness] = []
        same = True
        pool = stack.enter_context(ThreadPoolExecutor(2, thread_name_prefix="compare"))
        waiting: deque[Future[Likeness]] = deque()
        total = max(0, (first.info.frames or 0) - max(0, -offset))
        pairs = _Pairs(first, second, offset)
        for time, one, other in pairs:
            cancel.check()
            times.append(time)
            same = same and one.same(other)
            waiting.append(pool.submit(likeness, one, other))
            if len(waiting) > 3:
                found.append(waiting.popleft().result())
            if meter:
                meter.add(one, other)
            progress(Progress("Comparing", len(times), max(total, len(times))))
        found += [one.result() for one in waiting]
        if not found:
            raise InvalidMedia("The two videos have no frames in common. Choose others.")
        values: dict[str, NDArray[np.float32]] = {
            name: np.array([getattr(one, name) for one in found], np.float32)
            for name in ("psnr_y", "psnr_yuv", "ssim_y")
        }
        if meter:
            progress(Progress("Measuring VMAF"))
            measured = meter.finish()
            if measured is None or len(measured) != len(found):
                notes.append("VMAF could not be measured: FFmpeg stopped before its end.")
            else:
                values["vmaf"] = measured
        notes += pairs.left_over()
        said = [f"Reference: {note}" for note in first.notes]
        said += [f"Compared video: {note}" for note in second.notes]
        width, height = first.size
        step = 1 / float(first.info.fps)
    at = np.array(times, np.float32)
    return Comparison(
        means={name: float(one.mean(dtype=np.float64)) for name, one in values.items()},
        curves={name: _curve(name, at, one) for name, one in values.items()},
        worst=_worst(at, values),
        frames=len(found),
        seconds=times[-1] - times[0] + step,
        width=width,
        height=height,
        offset=offset,
        identical=same,
        notes=tuple(dict.fromkeys([*notes, *said])),
    )


def _opened(what: str, path: str | os.PathLike[str], cancel: CancelToken) -> PlaneReader:
    try:
        return PlaneReader(path, cancel=cancel)
    except InvalidMedia as error:
        raise InvalidMedia(f"The {what} ({Path(path).name!r:.80}): {error}") from None


def _check(first: PlaneReader, second: PlaneReader) -> list[str]:
    """Raise where frames cannot be paired; else what is to be said about how they are."""
    notes = []
    one, other = first.info.fps, second.info.fps
    if abs(float(one / other) - 1) > _RATES:
        raise InvalidInstruction(
            f"The reference has {float(one):.4g} frames a second and the compared video "
            f"{float(other):.4g}, so their frames do not belong together. Bring one to the rate "
            "of the other first."
        )
    if first.size != second.size:
        (width, height), (w, h) = first.size, second.size
        if abs(width * h / (height * w) - 1) > _SHAPES:
            raise InvalidInstruction(
                f"The reference is {width}x{height} and the compared video {w}x{h}, another shape. "
                "Crop one to the shape of the other first."
            )
        notes.append(
            f"The compared video is {w}x{h} and was scaled to the {width}x{height} of the "
            "reference, which counts into the figures."
        )
    if not _same_numbers(first.tags, second.tags):
        notes.append(
            "The two keep their colours in different ways; both were brought to BT.709 first."
        )
    if first.info.variable_rate or second.info.variable_rate:
        notes.append("Pictures come at uneven times; they were paired by their number.")
    return notes


def _same_numbers(one: ColourTags, other: ColourTags) -> bool:
    return (one.matrix, one.full_range) == (other.matrix, other.full_range)


class _Pairs:
    """The pictures of two files that belong together, in the same colours and of one size."""

    def __init__(self, first: PlaneReader, second: PlaneReader, offset: int) -> None:
        self._first, self._second, self._offset = first, second, offset
        self._alike = _same_numbers(first.tags, second.tags)
        self._more = ""

    def __iter__(self) -> Iterator[tuple[float, Planes, Planes]]:
        """The time in the reference and the two pictures."""
        one: Iterator[PlaneFrame] = itertools.islice(self._first, max(0, -self._offset), None)
        other: Iterator[PlaneFrame] = itertools.islice(self._second, max(0, self._offset), None)
        while True:
            here, there = next(one, None), next(other, None)
            if here is None or there is None:
                if here is not None or there is not None:
                    self._more = "reference" if here is not None else "compared video"
                return
            pictures = (
                planes if self._alike else _plain(planes, tags)
                for planes, tags in (
                    (here.planes, self._first.tags), (there.planes, self._second.tags),
                )
            )  # fmt: skip
            reference, seen = pictures
            yield float(here.time), reference, _scaled(seen, reference.size)

    def left_over(self) -> list[str]:
        """What is to be said of frames without a partner."""
        if not self._more:
            return []
        return [f"The {self._more} is longer; its last frames have no partner and were left out."]


def _plain(planes: Planes, tags: ColourTags) -> Planes:
    return planes if _same_numbers(tags, ColourTags()) else planes_from_rgb(to_rgb(planes, tags))


def _scaled(planes: Planes, size: tuple[int, int]) -> Planes:
    if planes.size == size:
        return planes
    how = cv2.INTER_AREA if planes.size[0] > size[0] else cv2.INTER_CUBIC
    half = size[0] // 2, size[1] // 2
    y, u, v = (
        np.asarray(cv2.resize(plane, wanted, interpolation=how), np.uint8)
        for plane, wanted in ((planes.y, size), (planes.u, half), (planes.v, half))
    )
    return Planes(y, u, v)


def _offset(
    reference: str | os.PathLike[str], path: str | os.PathLike[str], cancel: CancelToken
) -> int:
    """Frames that a file runs behind the reference; 0 unless another number fits far better."""
    one, other = (
        _signatures(what, file, cancel)
        for what, file in (("reference", reference), ("compared video", path))
    )
    least = max(_OVERLAP, min(len(one), len(other)) // 2)

    def apart(shift: int) -> float:
        a, b = one[max(0, -shift) :], other[max(0, shift) :]
        count = min(len(a), len(b))
        return float(np.abs(a[:count] - b[:count]).mean()) if count >= least else np.inf

    now = apart(0)
    shifts = [shift for shift in range(-_FARTHEST, _FARTHEST + 1) if shift]
    best = min(shifts, key=lambda shift: (apart(shift), abs(shift)))
    return best if apart(best) < _BETTER * now and now > _SEEN else 0


def _signatures(
    what: str, path: str | os.PathLike[str], cancel: CancelToken
) -> NDArray[np.float32]:
    """The first pictures of a file, tiny and without their brightness and contrast, (n, pixels)."""
    found = []
    with _opened(what, path, cancel) as reader:
        for frame in itertools.islice(reader, _WATCHED):
            cancel.check()
            tiny = cv2.resize(frame.planes.y, _SIGNATURE, interpolation=cv2.INTER_AREA)
            values = np.asarray(tiny, np.float32).ravel()
            found.append((values - values.mean()) * (32 / (values.std() + 4)))
    return np.array(found, np.float32).reshape(-1, _SIGNATURE[0] * _SIGNATURE[1])


_UNITS: Final[Mapping[str, tuple[str, str]]] = {
    "psnr_y": ("dB", "PSNR of the brightness"),
    "psnr_yuv": ("dB", "PSNR of brightness and colours"),
    "ssim_y": ("", "SSIM of the brightness"),
    "vmaf": ("", "VMAF"),
}


def _curve(name: str, times: NDArray[np.float32], values: NDArray[np.float32]) -> Curve:
    unit, words = _UNITS[name]
    return Curve(times, values, unit, _LIMITS[name], words)


def _worst(
    times: NDArray[np.float32], values: Mapping[str, NDArray[np.float32]]
) -> tuple[Moment, ...]:
    found: list[Moment] = []
    for place in np.argsort(values["ssim_y"], kind="stable"):
        time = float(times[place])
        if values["psnr_yuv"][place] >= HIGHEST or len(found) == _MOMENTS:
            break
        if all(abs(time - one.time) >= _APART for one in found):
            said = f"PSNR {values['psnr_y'][place]:.1f} dB, SSIM {values['ssim_y'][place]:.3f}"
            if "vmaf" in values:
                said += f", VMAF {values['vmaf'][place]:.0f}"
            found.append(Moment(time, f"At {time:.2f} s: {said}."))
    return tuple(found)
