"""What the Interpolate tab shows: what will come out, what came out, and a closer look at it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from gradio.data_classes import FileData
from numpy.typing import NDArray
from PIL import Image

from synth.control import CancelToken, Progress, ProgressCallback
from synth.errors import InvalidInstruction
from synth.flow.frames import interpolate_frames, motion_between
from synth.flow.model import Join
from synth.flow.plan import RetimePlan
from synth.flow.rates import exact, frame_rate, rate_name
from synth.flow.result import RetimedVideo
from synth.flow.retime import retime_video
from synth.flow.settings import RetimeSettings
from synth.flow.show import (
    Layout,
    arrows_picture,
    compare_slowed,
    doubt_curve,
    flow_picture,
    hidden_picture,
)
from synth.flow.timing import time_map
from synth.jobs import JobContext
from synth.media import VideoWriter, load_image
from synth.media.plane_reader import PlaneReader
from synth.media.planes import to_rgb
from synth.ui.assets import picture_url
from synth.ui.footage import Clip, Footage, Pair, frames_around, smaller
from synth.ui.monitor import VIDEOS, file_facts, playable

LOOKING: Final = "Looking for cuts, fades and repeated frames…"
"""What the summary says while the clip is read."""
_LOOK_SIDE: Final = 960
_SHOT_SIDE: Final = 160
_MOST_SHOTS: Final = 24
_PREVIEW_SOURCE: Final = 1.0
"""Most of the source that a preview shows, seconds; where it plays faster, of the result."""
_PREVIEW_MOST: Final = 3.0
"""Most of the source that a preview shows, however fast it plays, seconds."""
_PREVIEW_RESULT: Final = 2.0
"""Most of the result that a preview lasts, seconds."""
_COMPARED: Final = 0.6
"""How much of the source a comparison shows, seconds."""
_COMPARE_SLOWER: Final = 4
_COMPARE_MOST: Final = 240
_MAP_POINTS: Final = 200
_STILL: Final = 0.5
"""Motion below which a picture counts as standing still, pixels."""
_LOOK_WORDS: Final = {
    "wheel": "Colour says which way each spot goes to the next frame, strength how far.",
    "arrows": "Where each spot goes to the next frame.",
    "hidden": "Orange: what the next frame does not show; there, this frame alone is used.",
}


# --- what will come out ---


def planned(plan: RetimePlan) -> dict[str, Any]:
    """The monitor's summary of a plan; before the scan it says that the clip is being read."""
    more = [] if plan.scanned else [LOOKING]
    return {"sentence": " ".join(plan.sentences()), "warnings": [], "notes": more}


def plan_numbers(plan: RetimePlan) -> dict[str, Any]:
    """A plan as plain values."""
    return {
        "width": plan.width,
        "height": plan.height,
        "fps": rate_name(plan.rate),
        "frames": plan.frames,
        "seconds": None if plan.seconds is None else round(float(plan.seconds), 3),
        "source_fps": rate_name(plan.source_rate),
        "source_seconds": (
            None if plan.source_seconds is None else round(float(plan.source_seconds), 3)
        ),
        "sound": plan.has_sound,
        **asdict(plan.tally),
        "seams": [{"join": seam.join, "seconds": round(seam.shown, 3)} for seam in plan.seams],
        "notes": list(plan.notes),
    }


def pair_summary(pair: Pair, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The monitor's summary for two pictures: what will be made of them."""
    between, rate = asked["between"], frame_rate(asked["fps"])
    count = "1 new picture" if between == 1 else f"{between} new pictures"
    missing = [name for name, path in zip(("first", "last"), pair.paths, strict=True) if not path]
    if missing:
        which = "two pictures" if len(missing) == 2 else f"{missing[0]} picture"
        sentence = f"Give the {which}, and {count} will stand between."
        return {"sentence": sentence, "preview": False}
    if pair.mismatch:
        sentence = f"Two pictures of the same size are needed; then {count} will stand between."
        return {"sentence": sentence, "preview": False}
    frames = between + 2
    seconds = float(frames / rate)
    return {
        "sentence": f"2 pictures become {frames}: {count} between them, the two untouched. "
        f"As a clip at {rate_name(rate)} fps they last {seconds:.2g} s.",
        "preview": False,
    }


def preview_settings(asked: RetimeSettings, clip: Clip, moment: float) -> RetimeSettings:
    """The request for about a second from a moment on, so short that it is soon made."""
    least = float(3 / clip.rate)
    end = clip.seconds if asked.seconds is None else min(clip.seconds, asked.start + asked.seconds)
    begin = max(0.0, min(max(moment, asked.start), end - least))
    here = RetimeSettings.from_values({**asked.to_dict(), "start": round(begin, 4)})
    times = time_map(here, clip.rate)

    def passed(seconds: float) -> float:
        """How much of the source the first seconds of the result show."""
        return float(times.positions(int(seconds * times.rate), 1)[0]) - begin

    most = min(max(_PREVIEW_SOURCE, passed(_PREVIEW_SOURCE)), _PREVIEW_MOST)
    span = max(least, min(most, passed(_PREVIEW_RESULT), end - asked.start))
    begin = max(0.0, min(begin, end - span))
    changes = {"start": round(begin, 4), "seconds": round(span, 4), "format": "mp4"}
    return RetimeSettings.from_values({**asked.to_dict(), **changes})


# --- what came out ---


def finished_retime(result: RetimedVideo, *, seconds: float, final: bool) -> dict[str, Any]:
    """The monitor's value for a retimed clip whose file lies where it may be served from."""
    path = Path(result.path)
    facts = [
        ("Picture", f"{result.width} × {result.height}"),
        ("Frames", f"{result.frames} at {rate_name(result.rate)} fps"),
        ("Made at", f"{result.frames / max(seconds, 0.01):.0f} frames a second"),
        file_facts(path),
    ]
    return {
        **_done(path, seconds, "Made" if final else "Preview", final),
        "facts": facts,
        "notes": list(result.notes),
    }


@dataclass(frozen=True)
class InBetween:
    """Pictures between two others, as files."""

    clip: Path
    """All of them as a clip."""
    pictures: Path
    """A zip of all of them, as PNG."""
    shots: tuple[tuple[str, float], ...]
    """Some of them, small, as ``data:`` addresses, and when the clip shows them, seconds."""
    count: int
    """How many there are, the two ends included."""
    size: tuple[int, int]
    """Width and height, pixels."""
    rate: Fraction
    """Frames per second of the clip."""


def in_between(
    first: str,
    last: str,
    asked: Mapping[str, Any],
    target: Path,
    cancel: CancelToken,
    progress: ProgressCallback,
) -> InBetween:
    """Make the pictures between two files, a zip of them and a clip.

    Args:
        first, last: the picture files.
        asked: between (how many), mode and fps; checked by the core.
        target: path of the files to write, without suffix.
        cancel: stops the work.
        progress: told what is being done.
    """
    rate = frame_rate(asked["fps"])
    frames = interpolate_frames(
        first, last, asked["between"], mode=asked["mode"], cancel=cancel, progress=progress
    )
    clip, parcel = target.with_suffix(".mp4"), target.with_suffix(".zip")
    write_pictures(frames, parcel, cancel, progress)
    width, height = frames[0].size
    with VideoWriter(clip, width=width, height=height, fps=rate, cancel=cancel) as writer:
        for frame in frames:
            writer.write(np.asarray(frame.convert("RGB")))
    chosen = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), _MOST_SHOTS)).astype(int))
    shots = tuple(
        (picture_url(np.asarray(frames[index].convert("RGB")), _SHOT_SIDE), float(index / rate))
        for index in chosen.tolist()
    )
    return InBetween(clip, parcel, shots, len(frames), (width, height), rate)


def write_pictures(
    frames: list[Image.Image], target: Path, cancel: CancelToken, progress: ProgressCallback
) -> None:
    """Write pictures as a zip of numbered PNG files."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as parcel:
        for number, frame in enumerate(frames):
            cancel.check()
            progress(Progress("Writing the pictures", number, len(frames)))
            with parcel.open(f"frame_{number:04d}.png", "w") as file:
                frame.save(file, "PNG", compress_level=1)


def finished_pictures(made: InBetween, *, seconds: float) -> dict[str, Any]:
    """The monitor's value for new pictures between two."""
    parcel = _file(made.pictures)
    return {
        **_done(made.clip, seconds, "Made", True),
        "files": [{"label": "Pictures (zip)", "name": made.pictures.name, "file": parcel}],
        "shots": [{"url": url, "time": round(time, 4)} for url, time in made.shots],
        "facts": [
            ("Picture", f"{made.size[0]} × {made.size[1]}"),
            ("Pictures", f"{made.count}, {made.count - 2} of them new"),
            ("Clip", f"at {rate_name(made.rate)} fps"),
        ],
        "notes": [],
    }


def _done(path: Path, seconds: float, word: str, final: bool) -> dict[str, Any]:
    return {
        "phase": "done",
        "file": _file(path),
        "name": path.name,
        "playable": playable(path),
        "final": final,
        "film": final and path.suffix in VIDEOS,
        "badge": f"{word} in {seconds:.1f} s",
        "verdict": None,
        "framing": [],
    }


def _file(path: Path) -> dict[str, Any]:
    return FileData(path=str(path), orig_name=path.name, size=path.stat().st_size).model_dump()


def doubt_shown(result: RetimedVideo, settings: RetimeSettings, rate: Fraction) -> dict[str, Any]:
    """The curve of doubt over the time of the result, for the look panel.

    Args:
        result: what came out.
        settings: what was asked for.
        rate: frames per second of the source.
    """
    count = len(result.doubts)
    times = np.arange(count) / float(result.rate)
    seconds = float(count / result.rate)
    joins: list[tuple[float, Join]] = [(seam.shown, seam.join) for seam in result.seams]
    curve = doubt_curve(times, result.doubts, joins, seconds=seconds)
    places = np.unique(np.linspace(0, max(0, count - 1), min(count, _MAP_POINTS)).astype(int))
    positions = time_map(settings, rate).positions(0, count)
    if result.tally.untouched + result.tally.held >= count:
        words = "No frame is in doubt: each is a frame of the source."
    elif not curve.worst:
        words = "No moment is in doubt worth a look."
    else:
        words = "The weakest moments, to go there:"
    return {
        "figure": curve.figure(),
        "words": words,
        "worst": [
            {"time": time, "words": f"{share:.0%} of the picture in doubt"}
            for time, share in curve.worst
        ],
        "times": {
            "shown": [round(float(times[place]), 4) for place in places],
            "source": [round(float(positions[place]), 4) for place in places],
        },
    }


# --- a closer look ---


def look_at(footage: Footage, view: str, at: float, cancel: CancelToken) -> dict[str, Any]:
    """The motion from one frame to the next as a picture.

    Args:
        footage: the clip, or the two pictures.
        view: "wheel", "arrows" or "hidden".
        at: moment of the clip, seconds.
        cancel: stops the work.

    Raises ``InvalidInstruction`` for another view, ``InvalidMedia`` where there are no two frames.
    """
    if view not in _LOOK_WORDS:
        raise InvalidInstruction("There is no such view. Choose wheel, arrows, hidden or compare.")
    if footage.kind == "pictures":
        first, last = (load_image(path).pixels for path in footage.pair.both)
    elif footage.clip is not None:
        first, last = frames_around(footage.clip, at, cancel)
    else:
        raise InvalidInstruction("There is no video yet. Choose one, or try the example.")
    first, last = smaller(first), smaller(last)
    motion = motion_between(first, last)
    if view == "wheel":
        picture = flow_picture(motion.forward)
    elif view == "arrows":
        picture = arrows_picture(first, motion.forward)
    else:
        picture = hidden_picture(first, motion)
    reach = np.hypot(motion.forward[..., 0], motion.forward[..., 1])
    still = float(np.percentile(reach, 95)) < _STILL
    words = "Next to nothing moves here. Choose another moment." if still else _LOOK_WORDS[view]
    return {"picture": picture_url(picture, _LOOK_SIDE, 90), "caption": words}


@dataclass(frozen=True)
class Compared:
    """Before and after, as a clip."""

    path: Path
    """The clip."""
    words: str
    """What it shows."""

    def shown(self) -> dict[str, Any]:
        """As the look panel shows it; the file must lie where it may be served from."""
        return {"file": _file(self.path), "caption": self.words}


def compare(
    clip: Clip, asked: RetimeSettings, at: float, layout: Layout, job: JobContext
) -> Compared:
    """Make a short part again, and set it beside the source with its frames repeated, slowed.

    Args:
        clip: the source.
        asked: how it is retimed.
        at: where the part begins, seconds of the source.
        layout: two pictures beside each other, or one that is split.
        job: where to work; also where the clip stays.
    """
    span = exact(min(_COMPARED, max(clip.seconds, 0.1)))
    begin = exact(round(min(at, max(0.0, clip.seconds - float(span))), 3))
    part = {
        "start": float(begin),
        "seconds": float(span),
        "sound": "drop",
        "format": "mp4",
        "crf": 12,
    }
    settings = RetimeSettings.from_values({**asked.to_dict(), **part})
    ours = retime_video(
        clip.path, settings=settings, output_path=job.folder / "after.mp4",
        cancel=job.cancel, progress=job.progress,
    )  # fmt: skip
    positions = time_map(settings, ours.source_rate).positions(0, ours.frames)
    passed = float(positions[-1] - positions[0]) if ours.frames > 1 else 0.0
    pace = passed / max(float((ours.frames - 1) / ours.rate), 1e-6)  # source seconds a second
    slower = max(1, min(round(_COMPARE_SLOWER * pace), _COMPARE_MOST // max(1, ours.frames)))
    target = job.folder / "before-after.mp4"
    frames = iter(
        compare_slowed(
            _timed(clip.path, begin, span, job.cancel),
            zip(positions, _pictures(ours.path, job.cancel), strict=False),
            slower=slower,
            layout=layout,
        )
    )
    first = next(frames)
    height, width = first.shape[:2]
    with VideoWriter(
        target, width=width, height=height, fps=ours.rate, cancel=job.cancel
    ) as writer:
        for frame in chain([first], islice(frames, _COMPARE_MOST - 1)):
            writer.write(frame)
    times = slower / pace if pace else 1.0
    words = f"{float(span):g} s of the source, about {times:.2g}× slower than life."
    return Compared(target, words)


def _timed(
    path: str, begin: Fraction, span: Fraction, cancel: CancelToken
) -> Iterator[tuple[Fraction, NDArray[np.uint8]]]:
    with PlaneReader(path, start=begin, seconds=span, cancel=cancel) as reader:
        for frame in reader:
            yield frame.time, to_rgb(frame.planes, reader.tags)


def _pictures(path: str | Path, cancel: CancelToken) -> Iterator[NDArray[np.uint8]]:
    with PlaneReader(path, cancel=cancel) as reader:
        for frame in reader:
            yield to_rgb(frame.planes, reader.tags)
