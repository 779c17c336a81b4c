"""Reference videos of a style: looked through, cut where scenes change, and told what they lack.

Every file is read once, picture by picture; only a few numbers of each picture stay. Scenes come
apart at cuts and fades (the joins of ``synth.flow.watch``), long ones are divided into even parts,
and parts that show what another one shows are left out. Likeness is told by a perceptual hash:
the signs of the lowest frequencies of the brightness (Zauner, "Implementation and Benchmarking of
Perceptual Image Hash Functions", 2010), which scaling, re-encoding and a change of brightness
leave nearly as they are.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from synth.backends.protocol import Frame
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidMedia, LimitExceeded
from synth.explain import short
from synth.flow.glance import Glance, glance
from synth.flow.watch import Watcher
from synth.limits import LIMITS
from synth.media.image import open_regular
from synth.media.plane_reader import PlaneFrame, PlaneReader
from synth.media.planes import to_rgb

ADVISED_CLIPS: Final = (5, 10)
"""How many clips make a good start."""

ADVISED_SECONDS: Final = (2.0, 5.0)
"""How long a clip should be."""

MOST_FILES: Final = 100
"""Files looked through at once."""

MOST_CLIPS: Final = 200
"""Clips that are kept; beyond this, learning takes long and gains little."""

_LEAST_FRAMES: Final = 5
_LEAST_SIDE: Final = 32
_SMALL_SIDE: Final = 480
_FLAT: Final = 3.0
"""Contrast below which a picture shows nothing, codes."""
_LOOKS: Final = 0.5
"""Seconds between two pictures whose hash is kept."""
_SAME_BITS: Final = 7
"""Of 63; different pictures differ in about 31, with a spread of 4."""
_SAME_SHARE: Final = 0.75
"""So much of the shorter clip must be seen in another one to make it the same."""


@dataclass(frozen=True)
class ReferenceClip:
    """A stretch of one reference video, without a cut in it."""

    path: Path
    """The file."""
    start: Fraction
    """Its first picture, seconds after the file's own first picture."""
    seconds: Fraction
    """How long it is."""
    frames: int
    """Pictures in it."""
    width: int
    """Pixels across."""
    height: int
    """Pixels down."""
    fps: Fraction
    """Frames per second of the file, the average where that varies."""
    digest: str
    """SHA-256 of the file's content, hexadecimal: what is cached is cached by it."""
    hashes: tuple[int, ...] = ()
    """Perceptual hashes, 63 bits, of its pictures about twice a second."""

    @property
    def title(self) -> str:
        """For a list: the file's name, and the seconds where it is only a part."""
        if not self.start:
            return self.path.name
        end = float(self.start + self.seconds)
        return f"{self.path.name} ({float(self.start):.1f}-{end:.1f} s)"


@dataclass(frozen=True)
class References:
    """What the reference videos give."""

    clips: tuple[ReferenceClip, ...]
    """The stretches to learn from, in the order of the files."""
    notes: tuple[str, ...] = ()
    """What was done with them, and what would make them better, in sentences."""
    problems: tuple[str, ...] = ()
    """Files that cannot be used, and why, in sentences."""

    @property
    def seconds(self) -> float:
        """Of all clips together."""
        return float(sum((clip.seconds for clip in self.clips), Fraction(0)))

    def usable(self) -> References:
        """Themselves.

        Raises ``InvalidMedia`` where there is no clip at all, with everything that was found.
        """
        if not self.clips:
            why = " ".join((*self.problems, *self.notes))
            raise InvalidMedia(
                f"None of the reference videos can be learned from. {why} Give 5 to 10 clips of "
                "2 to 5 seconds, MP4, MOV or WebM, in which one style is seen."
            )
        return self


def check_references(
    paths: Sequence[str | os.PathLike[str]],
    *,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> References:
    """Look through reference videos, cut them into clips and say what is wrong with them.

    A file that cannot be read is a line in ``problems`` and hinders no other; so may all be
    unusable: ask ``usable()`` before learning. Memory stays flat.

    Raises ``InvalidMedia`` where no file is given or one is not there at all, ``LimitExceeded``
    for more than ``MOST_FILES``, and ``Cancelled``.
    """
    token = cancel or CancelToken()
    files = _there(paths)
    found: list[ReferenceClip] = []
    notes: list[str] = []
    problems: list[str] = []
    seen: dict[str, Path] = {}
    began = time.monotonic()
    for number, path in enumerate(files):
        token.check()
        left = (time.monotonic() - began) / number * (len(files) - number) if number else None
        progress(Progress("Checking references", number, len(files), left))
        try:
            digest = digest_of(path, token)
            if digest in seen:
                notes.append(
                    f"{path.name} is the same file as {seen[digest].name}; it counts once."
                )
                continue
            seen[digest] = path
            clips, said = _clips_of(path, digest, token)
        except (InvalidMedia, LimitExceeded) as error:
            problems.append(f"{path.name}: {error}")
            continue
        found += clips
        notes += said
    kept = _without_repeats(found, notes)
    if len(kept) > MOST_CLIPS:
        notes.append(f"There are {len(kept)} clips; {MOST_CLIPS} of them are used, evenly chosen.")
        step = len(kept) / MOST_CLIPS
        kept = [kept[int(k * step)] for k in range(MOST_CLIPS)]
    progress(Progress("Checking references", len(files), len(files), 0.0))
    return References(tuple(kept), (*notes, *_advice(kept)), tuple(problems))


def frames_of(
    clip: ReferenceClip, *, cancel: CancelToken | None = None
) -> Iterator[tuple[Frame, Fraction]]:
    """The pictures of a clip and their times, seconds after its first one; memory stays flat.

    Raises as ``PlaneReader`` does.
    """
    with PlaneReader(
        clip.path, start=clip.start, seconds=clip.seconds, cancel=cancel or CancelToken()
    ) as reader:
        for number, frame in enumerate(reader):
            if number == clip.frames:
                return
            yield to_rgb(frame.planes, reader.tags), frame.time - clip.start


def digest_of(path: Path, cancel: CancelToken | None = None) -> str:
    """SHA-256 of a file's content, hexadecimal.

    Raises ``InvalidMedia`` where it is not a plain file and ``LimitExceeded`` where it is too big.
    """
    token = cancel or CancelToken()
    total = hashlib.sha256()
    with open_regular(path, LIMITS.video_bytes, "video") as file:
        while block := file.read(1 << 20):
            token.check()
            total.update(block)
    return total.hexdigest()


def _there(paths: Sequence[str | os.PathLike[str]]) -> list[Path]:
    if isinstance(paths, str | os.PathLike):
        raise InvalidMedia(
            "The reference videos are to be a list of files, even where there is only one."
        )
    files = [Path(path) for path in paths]
    if not files:
        raise InvalidMedia("There is no reference video. Give 5 to 10 clips of 2 to 5 seconds.")
    if len(files) > MOST_FILES:
        raise LimitExceeded(
            f"There are {len(files)} reference videos; the limit is {MOST_FILES}. "
            "Leave out those that are most alike."
        )
    lost = [path for path in files if not path.is_file()]
    if lost:
        names = ", ".join(short(str(path)) for path in lost[:5])
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        raise InvalidMedia(
            f"{len(lost)} of {len(files)} reference videos are not there: {names}{more}. "
            "Check the names and the folder they are read from."
        )
    return files


@dataclass
class _Stretch:
    """Pictures between two cuts, as numbers."""

    start: Fraction
    last: Fraction
    frames: int = 0
    flat: int = 0
    looks: tuple[tuple[Fraction, int], ...] = ()

    def add(self, at: Fraction, seen: Glance) -> None:
        self.last = at
        self.frames += 1
        self.flat += seen.contrast < _FLAT
        if not self.looks or at - self.looks[-1][0] >= _LOOKS:
            self.looks = (*self.looks, (at, perceptual_hash(seen.small)))


def _clips_of(
    path: Path, digest: str, cancel: CancelToken
) -> tuple[list[ReferenceClip], list[str]]:
    """The clips of one file, and what there is to say of it."""
    with PlaneReader(path, cancel=cancel) as reader:
        width, height = reader.info.width, reader.info.height
        if min(width, height) < _LEAST_SIDE:
            raise InvalidMedia(
                f"It is {width}x{height}; the shorter side must have at least {_LEAST_SIDE} "
                "pixels. Use a larger copy."
            )
        scenes = list(_scenes(reader, cancel))
        fps = reader.info.fps
        notes = [f"{path.name}: {note}" for note in reader.notes]
    whole = ReferenceClip(path, Fraction(0), Fraction(0), 0, width, height, fps, digest)
    clips: list[ReferenceClip] = []
    brief = empty = 0
    for scene in scenes:
        if scene.frames < _LEAST_FRAMES:
            brief += 1
        elif 2 * scene.flat > scene.frames:
            empty += 1
        else:
            clips += _parts(scene, whole)
    if len(scenes) > 1:
        notes.append(f"{path.name} holds {len(scenes)} scenes; it is cut where they change.")
    if brief:
        notes.append(
            f"{path.name}: {brief} scene{'s' * (brief > 1)} of fewer than {_LEAST_FRAMES} "
            "pictures left out."
        )
    if empty:
        notes.append(f"{path.name}: {empty} scene{'s' * (empty > 1)} in which nothing is seen.")
    if not clips:
        raise InvalidMedia("It holds no scene that can be learned from. " + " ".join(notes))
    return clips, notes


def _scenes(frames: PlaneReader, cancel: CancelToken) -> Iterator[_Stretch]:
    """The scenes of a video; the pictures of a fade belong to none."""
    scene: _Stretch | None = None
    for anchor in Watcher().anchors(_shown(frames), cancel=cancel):
        if scene is not None and anchor.join in ("cut", "fade"):
            yield scene
            scene = None
        if anchor.join == "fade":
            continue
        scene = scene or _Stretch(anchor.time, anchor.time)
        scene.add(anchor.time, glance(anchor.planes))
    if scene is not None:
        yield scene


def _shown(reader: PlaneReader) -> Iterator[PlaneFrame]:
    yield from reader


def _parts(scene: _Stretch, whole: ReferenceClip) -> list[ReferenceClip]:
    """A scene as clips of at most the advised length, all of about the same."""
    step = 1 / whole.fps
    length = scene.last - scene.start + step
    count = max(1, math.ceil(float(length) / ADVISED_SECONDS[1] - 0.02))
    edges = [scene.start + length * k / count for k in range(count + 1)]
    clips = []
    for start, end in pairwise(edges):
        looks = tuple(mark for at, mark in scene.looks if start <= at < end)
        frames = max(1, round(scene.frames / count))
        clips.append(replace(whole, start=start, seconds=end - start, frames=frames, hashes=looks))
    return clips


def perceptual_hash(luma: np.ndarray) -> int:
    """63 bits that stay nearly the same for what looks the same; ``luma`` is uint8 (H, W)."""
    small = cv2.resize(luma, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    lowest = cv2.dct(small)[:8, :8].ravel()[1:]
    bits = lowest > np.median(lowest)
    return int("".join("1" if bit else "0" for bit in bits), 2)


def _alike(one: ReferenceClip, other: ReferenceClip) -> bool:
    if not one.hashes or not other.hashes:
        return False
    few, many = sorted((one.hashes, other.hashes), key=len)
    hits = sum(any((a ^ b).bit_count() <= _SAME_BITS for b in many) for a in few)
    return hits >= _SAME_SHARE * len(few)


def _without_repeats(clips: list[ReferenceClip], notes: list[str]) -> list[ReferenceClip]:
    """The clips without those that show what another one shows; the sharpest of them stays.

    Parts of one scene may look alike: nothing moves in it, and that is no mistake of anybody.
    """
    kept: list[ReferenceClip] = []
    for clip in clips:
        twin = next((k for k in kept if k.digest != clip.digest and _alike(k, clip)), None)
        if twin is None:
            kept.append(clip)
            continue
        better, worse = (clip, twin) if clip.height > twin.height else (twin, clip)
        kept[kept.index(twin)] = better
        notes.append(f"{worse.title} shows the same as {better.title}; it counts once.")
    return kept


def _advice(clips: Sequence[ReferenceClip]) -> list[str]:
    advice: list[str] = []
    if not clips:
        return advice
    few, many = ADVISED_CLIPS
    if len(clips) < few:
        advice.append(
            f"There {'is' if len(clips) == 1 else 'are'} {len(clips)} "
            f"clip{'s' * (len(clips) > 1)}; {few} to {many} of different things make a style "
            "that holds for more than these."
        )
    shortest = ADVISED_SECONDS[0]
    brief = [clip for clip in clips if float(clip.seconds) < shortest - 0.05]
    if brief:
        names = ", ".join(clip.title for clip in brief[:3])
        more = f" and {len(brief) - 3} more" if len(brief) > 3 else ""
        advice.append(
            f"Shorter than the advised {shortest:g} seconds: {names}{more}. They are used."
        )
    small = [clip for clip in clips if min(clip.width, clip.height) < _SMALL_SIDE]
    if small:
        size = min((clip.width, clip.height) for clip in small)
        advice.append(
            f"{len(small)} clip{'s' * (len(small) > 1)} with fewer than {_SMALL_SIDE} lines "
            f"(the smallest is {size[0]}x{size[1]}): fine texture cannot be learned from them."
        )
    return advice
