"""Clips from a folder of videos: some targets of each, spread over its length."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from synth.media.planes import Planes
from tests.bench.interpolation.clips import Clip, Run, planes_of

ENDINGS = (".mp4", ".webm", ".mov", ".mkv", ".avi")

TARGETS = 10
"""Of each video."""

STILL = 0.3
"""Codes of mean difference, in a small picture, below which nothing moves: all come out alike."""

REACH = 7
"""Frames on either side of a target that are read: four anchors before it, four after."""

LONGEST = 2400
"""Frames of a video that are looked at."""


def usual_folder() -> Path | None:
    """Where the project's footage lies, if it does."""
    folder = Path(__file__).resolve().parents[4] / "shared" / "footage"
    return folder if folder.is_dir() else None


def clips_in(folder: Path, wanted: Callable[[str], bool]) -> Iterator[Clip]:
    """The videos of a folder, by name."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in ENDINGS and wanted(path.stem):
            clip = read_clip(path)
            if clip is not None:
                yield clip


def read_clip(path: Path) -> Clip | None:
    """A video's targets with their surroundings; None where none is fit."""
    thumbs = [
        cv2.resize(frame.y, (160, 90), interpolation=cv2.INTER_AREA).astype(np.float32)
        for frame in _frames(path)
    ]
    cuts = _cuts(thumbs)
    chosen = choose(thumbs, cuts)
    if not chosen:
        return None
    needed = {place for target in chosen for place in _around(target)}
    pictures = {number: frame for number, frame in enumerate(_frames(path)) if number in needed}
    runs = []
    for target in chosen:
        places = _around(target)
        near = tuple(cut - places[0] for cut in cuts if places[0] < cut <= places[-1])
        frames = tuple(pictures[place] for place in places)
        runs.append(Run(frames, (target - places[0],), places[0], near))
    return Clip(path.stem, tuple(runs))


def _around(target: int) -> range:
    return range(target - REACH, target + REACH + 1)


def _frames(path: Path) -> Iterator[Planes]:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for number, frame in enumerate(container.decode(video=0)):
            if number >= LONGEST:
                return
            plain = frame if frame.format.name == "yuv420p" else frame.reformat(format="yuv420p")
            width, height = plain.width // 2 * 2, plain.height // 2 * 2
            planes = planes_of(plain)
            yield Planes(
                np.ascontiguousarray(planes.y[:height, :width]),
                np.ascontiguousarray(planes.u[: height // 2, : width // 2]),
                np.ascontiguousarray(planes.v[: height // 2, : width // 2]),
            )


def _cuts(thumbs: list[NDArray[np.float32]]) -> list[int]:
    """Frames that begin another scene: little in common with the one before, and suddenly.

    Told by the correlation of small pictures after the larger shifts are taken out; kept apart
    from the product's own finder, which must not mark its own work.
    """
    found = []
    differences = [0.0]
    for one, two in itertools.pairwise(thumbs):
        shift, _ = cv2.phaseCorrelate(one, two)
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
        moved = cv2.warpAffine(one, matrix, one.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        least = min(float(np.abs(moved - two).mean()), float(np.abs(one - two).mean()))
        differences.append(least)
    for place in range(1, len(thumbs)):
        around = differences[max(1, place - 6) : place] + differences[place + 1 : place + 7]
        usual = float(np.median(around)) if around else 0.0
        if differences[place] > 12.0 and differences[place] > 4.0 * usual:
            found.append(place)
    return found


def choose(thumbs: list[NDArray[np.float32]], cuts: list[int]) -> list[int]:
    """Odd frames spread over a clip: none beside a cut, in a still, or repeating a neighbour.

    A repeated frame has no motion of its own to be rebuilt: half-way between its neighbours there
    is another picture than the one that was left out.
    """

    def fit(target: int) -> bool:
        if any(target - 1 < cut <= target + 1 for cut in cuts):
            return False
        before, truth, after = thumbs[target - 1 : target + 2]
        whole = float(np.abs(before - after).mean())
        nearest = min(float(np.abs(truth - side).mean()) for side in (before, after))
        return whole >= STILL and nearest >= 0.15 * whole

    candidates = [
        target
        for target in range(REACH + (REACH + 1) % 2, len(thumbs) - REACH, 2)
        if target % 2 == 1 and fit(target)
    ]
    if len(candidates) <= TARGETS:
        return candidates
    return [candidates[round(at)] for at in np.linspace(0, len(candidates) - 1, TARGETS)]
