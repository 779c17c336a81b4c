"""What is made smooth on the Interpolate tab: a clip or two pictures, and its panel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import gradio as gr
import numpy as np
from gradio.data_classes import FileData
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.errors import InvalidMedia
from synth.flow.rates import rate_name
from synth.media import load_image
from synth.media.plane_reader import PlaneFrame, PlaneReader
from synth.media.planes import ColourTags, to_rgb
from synth.ui.assets import picture_url, script

Kind: TypeAlias = Literal["video", "pictures"]

_POSTER_SIDE: Final = 960
_PICTURE_SIDE: Final = 640
_BROWSER_CODECS: Final = frozenset({"h264", "vp8", "vp9", "av1"})
_BROWSER_CONTAINERS: Final = ("mp4", "webm")
_LOOK_SIDE: Final = 960
"""Longest side of the pictures whose motion is looked at, pixels."""
_HAIR: Final = Fraction(1, 1000)
"""Seconds: a frame that begins so soon after a moment is the one meant, as moments are rounded."""


@dataclass(frozen=True)
class Clip:
    """A video as the session remembers it."""

    path: str
    """The file."""
    name: str
    """What the user calls it; never used as a path."""
    width: int
    """Pixels across, upright."""
    height: int
    """Pixels down, upright."""
    rate: Fraction
    """Frames per second."""
    seconds: float
    """How long it is, as its header says."""
    sound: bool
    """Whether there is a sound track."""
    playable: bool
    """Whether a browser is likely to play it."""
    notes: tuple[str, ...] = ()
    """What the user should know about it."""


@dataclass(frozen=True)
class Pair:
    """Two pictures as the session remembers them; either may be missing yet."""

    paths: tuple[str | None, str | None] = (None, None)
    """The files."""
    names: tuple[str, str] = ("", "")
    """What the user calls them; never used as paths."""
    sizes: tuple[tuple[int, int], ...] = ()
    """Width and height of those that are there, pixels, once they were looked into."""

    @property
    def mismatch(self) -> str:
        """What is wrong with their sizes, to tell the user; empty where nothing is."""
        if len(set(self.sizes)) < 2:
            return ""
        first, last = (f"{width} × {height}" for width, height in self.sizes)
        return f"The first is {first}, the last {last}. Crop or resize one: both must be the same."

    @property
    def both(self) -> tuple[str, str]:
        """The two files. Raises ``InvalidMedia`` while one is missing."""
        first, last = self.paths
        if first is None or last is None:
            which = "first" if first is None else "last"
            raise InvalidMedia(f"The {which} picture is missing. Choose it first.")
        return first, last


@dataclass(frozen=True)
class Footage:
    """What the session has to make smooth."""

    kind: Kind = "video"
    """Which of the two is on show."""
    clip: Clip | None = None
    """The video, if one was given."""
    pair: Pair = Pair()
    """The pictures, as far as they were given."""

    def with_clip(self, clip: Clip) -> Footage:
        """The same with another video, on show."""
        return replace(self, kind="video", clip=clip)

    def with_pair(self, pair: Pair) -> Footage:
        """The same with other pictures, on show."""
        return replace(self, kind="pictures", pair=pair)


def open_clip(path: str, name: str) -> tuple[Clip, str]:
    """Look into a video: what there is to know, and its first frame as a ``data:`` address.

    Raises ``InvalidMedia`` or ``LimitExceeded`` for a file that cannot be read.
    """
    with PlaneReader(path) as reader:
        info = reader.info
        first = next(iter(reader), None)
        if first is None:
            raise InvalidMedia(f"{name} holds no picture that can be read. Send another video.")
        poster = to_rgb(first.planes, reader.tags)
        notes = tuple(reader.notes)
    seconds = info.duration or Fraction(info.frames or 1) / info.fps
    simple = info.codec in _BROWSER_CODECS and "10" not in info.pixel_format
    playable = simple and any(one in info.container for one in _BROWSER_CONTAINERS)
    clip = Clip(
        path, name, info.width, info.height, info.fps, float(seconds), info.has_audio, playable,
        notes,
    )  # fmt: skip
    return clip, picture_url(poster, _POSTER_SIDE)


def shown_clip(clip: Clip, poster: str) -> dict[str, Any]:
    """What the panel shows of a video; ``poster`` is its first frame."""
    path = Path(clip.path)
    file = FileData(path=clip.path, orig_name=path.name, size=path.stat().st_size)
    sound = "with sound" if clip.sound else "no sound"
    size = f"{clip.width} × {clip.height}"
    return {
        "kind": "video",
        "file": file.model_dump(),
        "poster": poster,
        "name": clip.name,
        "seconds": clip.seconds,
        "fps": float(clip.rate),
        "rate": rate_name(clip.rate),
        "playable": clip.playable,
        "sound": clip.sound,
        "facts": f"{size}, {rate_name(clip.rate)} fps, {sound}",
        "notes": list(clip.notes),
    }


def shown_pair(pair: Pair) -> tuple[Pair, dict[str, Any]]:
    """The pair with its sizes, and what the panel shows of it.

    Raises ``InvalidMedia`` or ``LimitExceeded`` for a file that is no picture.
    """
    pictures: list[dict[str, Any] | None] = []
    sizes: list[tuple[int, int]] = []
    for path, name in zip(pair.paths, pair.names, strict=True):
        if path is None:
            pictures.append(None)
            continue
        loaded = load_image(path)
        file = FileData(path=path, orig_name=name, size=Path(path).stat().st_size)
        url = picture_url(loaded.pixels, _PICTURE_SIDE)
        pictures.append({"url": url, "name": name, "file": file.model_dump()})
        sizes.append((loaded.width, loaded.height))
    measured = replace(pair, sizes=tuple(sizes))
    wrong = measured.mismatch
    facts = "" if wrong or not sizes else f"{sizes[0][0]} × {sizes[0][1]}"
    shown = {"kind": "pictures", "pictures": pictures, "facts": facts, "wrong": wrong}
    return measured, shown


def frame_at(clip: Clip, at: float, cancel: CancelToken | None = None) -> NDArray[np.uint8]:
    """The frame that is on screen at a moment in seconds, uint8 RGB (H, W, 3).

    Raises ``InvalidMedia`` where the video has no frame there.
    """
    frames, tags = _around(clip, _moment(at) + _HAIR, cancel)
    return to_rgb(frames[0].planes, tags)


def frames_around(
    clip: Clip, at: float, cancel: CancelToken | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The frame that is on screen at a moment, and the next one; at the end, the last two.

    Both are uint8 RGB (H, W, 3); the same twice where the video has only one frame. Raises
    ``InvalidMedia`` where it has none there.
    """
    frames, tags = _around(clip, _moment(at) + _HAIR, cancel)
    if len(frames) < 2:
        frames, tags = _around(clip, frames[0].time, cancel)
    first, second = (to_rgb(frame.planes, tags) for frame in (frames[0], frames[-1]))
    return first, second


def _moment(at: float) -> Fraction:
    return max(Fraction(0), Fraction(at).limit_denominator(10_000))


def _around(
    clip: Clip, moment: Fraction, cancel: CancelToken | None
) -> tuple[list[PlaneFrame], ColourTags]:
    """The last frame before ``moment`` and the first one from it on, however far they are."""
    nothing = Fraction(0)
    with PlaneReader(
        clip.path, start=moment, seconds=nothing, around=True, cancel=cancel
    ) as reader:
        frames = list(reader)
        if not frames:
            raise InvalidMedia("There is no frame at that moment. Choose an earlier one.")
        return frames, reader.tags


def smaller(pixels: NDArray[np.uint8], longest: int = _LOOK_SIDE) -> NDArray[np.uint8]:
    """A picture whose longest side is at most ``longest`` pixels and whose sides are even."""
    import cv2

    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    size = (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
    if size == (width, height):
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def given_name(value: object, fallback: str) -> str:
    """What a visitor calls a file, short enough to show."""
    name = value.get("orig_name") if isinstance(value, Mapping) else None
    return str(name or fallback)[:80]


def file_stem(name: str, ending: str) -> str:
    """A name for a saved file, without its suffix: what it was made from, and how."""
    bare = re.sub(r"\.\w{1,5}$", "", name.lower())
    stem = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:40] or "clip"
    return f"{stem}-{ending}"


def source_component(examples: Sequence[Mapping[str, Any]]) -> gr.HTML:
    """The panel. Its value holds what was sent and the moment; ``shown`` is what it displays."""
    return gr.HTML(
        value={},
        html_template='<section class="ms-panel ms-source"></section>',
        js_on_load=script("interp_bus", "interp_source"),
        apply_default_css=False,
        elem_id="ip-source-panel",
        examples=[dict(example) for example in examples],
        shown={},
    )
