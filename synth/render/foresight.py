"""Before rendering: how much of every frame the photo never showed, and a move small enough.

A camera that leaves its place sees two things that nobody photographed: what lies past the photo's
edge, and what stood hidden behind nearer things. Both follow from the scene's shapes alone, so
they are counted on small frames, without colours: every pixel of a probe tells which texel it
shows, and every texel is known to be photographed or not. A probe's pixels are samples at pixel
centres, so that their share is an unbiased estimate of the share in the full frame.

What is measured is the path that is given. Given the path as instructed, the figures tell how far
the move looks past the photo; given the path that will be filmed, after the edge policy "fit" has
lengthened its lens (`synth.render.coverage.fit_path`), they tell what the viewer will see. The
scene must have been built for the path or a longer one (`synth.scene.travel.Travel`): background
beyond that travel was never prepared, is then drawn by the coarse backdrop, and counts as
uncovered like any other. Subjects that act and weather are left aside: the camera alone is judged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks
from scipy.spatial.transform import Rotation

from synth.camera.conventions import SENSOR_WIDTH_MM
from synth.camera.pose import CameraPath, CameraPose
from synth.camera.turning import angles_of, followed
from synth.control import CancelToken
from synth.errors import InvalidInstruction
from synth.render.unseen import Unseen
from synth.scene.sheets import Scene

NOTICED = 0.0005
"""Shares below this are called none: one pixel in two thousand."""

WORST_FRAMES = 3
"""Most frames that are named as the worst ones."""

DISTINCT = 0.1
"""By how much the shares must fall between two peaks, as a share of the worst one."""

STRIDE = 8
"""Most frames between two that are counted."""

STRAIGHT = 0.001
"""Deviation from a straight course up to which the frames between are taken from the line: of the
shares themselves, and of the camera, as a share of the frame by which things move."""

FINEST = 1.0 / 128.0
"""The smallest share of a move that is tried, and how finely the share is settled."""


@dataclass(frozen=True)
class Coverage:
    """What share of each frame shows something that was never photographed."""

    frames: tuple[int, ...]
    """Frame numbers, ascending."""
    outside: tuple[float, ...]
    """Share of each of these frames that lies past the photo's edge, 0 to 1."""
    uncovered: tuple[float, ...]
    """Share of each of these frames that was hidden behind something, 0 to 1."""
    worst: tuple[int, ...]
    """Frames at which the sum of both peaks, the worst first; none where all is photographed."""
    sentence: str
    """The same in a sentence."""

    @property
    def total(self) -> NDArray[np.float64]:
        """Share of each frame that was never photographed, (N,), 0 to 1."""
        return np.add(self.outside, self.uncovered)

    @property
    def peak(self) -> float:
        """The largest of these shares."""
        return float(self.total.max())


def foresee(
    scene: Scene,
    path: CameraPath,
    width: int,
    height: int,
    *,
    every: int = 1,
    cancel: CancelToken | None = None,
) -> Coverage:
    """Predict what share of each frame was never photographed.

    Args:
        scene: what will be rendered, built for this path or a longer one.
        path: the camera of each frame; the module tells which path answers which question.
        width, height: size of the frames, pixels.
        every: list every so many frames only, and the last.
        cancel: looked at between frames.
    """
    if every < 1:
        raise InvalidInstruction(f"Every {every} frames cannot be looked at; ask for 1 or more.")
    return _foreseen(Unseen.small(scene, width, height), path, every, cancel)


def rendered_coverage(
    scene: Scene, pose: CameraPose, width: int, height: int
) -> tuple[float, float]:
    """The shares outside and uncovered of one frame at its full size, each 0 to 1."""
    return Unseen(scene, (width, height), (width, height)).shares(pose)


def fit_to(
    scene: Scene,
    path_of: Callable[[float], CameraPath],
    width: int,
    height: int,
    percent: float,
    *,
    cancel: CancelToken | None = None,
) -> tuple[float, Coverage]:
    """The largest share of a move at which no frame shows more than ``percent`` unphotographed.

    The share is bisected, which finds the largest one where more of a move always shows more; where
    it does not, what is found still holds. Whatever is given back was measured on all frames, and
    its worst frame at full size.

    Args:
        scene: what will be rendered, built for the whole move.
        path_of: the move's path at a share of its size, above 0 to 1.
        width, height: size of the frames, pixels.
        percent: how much of a frame may be unphotographed, 0 to 100; `NOTICED` always may.
        cancel: looked at between frames.

    Returns:
        the share, 1 where the move needs no change or where scaling cannot help, which the sentence
        then says; and the coverage of the path at that share.
    """
    if not (math.isfinite(percent) and 0.0 <= percent <= 100.0):
        raise InvalidInstruction(
            f"At most {percent} % of a frame cannot be asked for; choose 0 to 100."
        )
    counter = Unseen.small(scene, width, height)
    full = Unseen(scene, (width, height), (width, height))
    limit = max(percent / 100.0, NOTICED)
    whole = _foreseen(counter, path_of(1.0), 1, cancel)
    suspects = list(whole.worst)

    def holds(path: CameraPath, coverage: Coverage) -> bool:
        """Whether all frames keep the limit, the worst also at full size."""
        if coverage.peak > limit:
            return False
        return not coverage.worst or sum(full.shares(path[coverage.worst[0]])) <= limit

    if holds(path_of(1.0), whole):
        return 1.0, whole
    path = path_of(FINEST)
    best = _foreseen(counter, path, 1, cancel)
    if not holds(path, best):
        return 1.0, replace(
            whole,
            sentence=f"Scaling the move cannot bring it to {percent:g}%: with next to none of it "
            f"frame {best.worst[0]} shows {best.peak:.1%}. Change where it starts, its turns or "
            f"its lens. {whole.sentence}",
        )
    low, high = FINEST, 1.0
    while high - low > FINEST:
        middle = (low + high) / 2.0
        path = path_of(middle)
        # Whoever was worst is the likeliest to be too bad again: most of what fails, fails here.
        poses = [path[frame] for frame in suspects if frame < len(path)]
        if any(sum(counter.shares(pose)) > limit for pose in poses):
            high = middle
            continue
        found = _foreseen(counter, path, 1, cancel)
        if holds(path, found):
            low, best = middle, found
        else:
            high = middle
            suspects += [frame for frame in found.worst if frame not in suspects]
    return low, best


def _foreseen(
    counter: Unseen, path: CameraPath, every: int, cancel: CancelToken | None
) -> Coverage:
    frames = sorted({*range(0, len(path), every), len(path) - 1})
    known: dict[CameraPose, tuple[float, float]] = {}

    def shares(place: int) -> NDArray[np.float64]:
        pose = path[frames[place]]
        if pose not in known:
            if cancel is not None:
                cancel.check()
            known[pose] = counter.shares(pose)
        return np.array(known[pose])

    bent = _bends(path, frames, counter.deepest)
    found = np.empty((len(frames), 2))
    last = len(frames) - 1
    ends = sorted({*range(0, last + 1, STRIDE), last})
    spans = list(pairwise(ends))
    found[0] = shares(0)
    while spans:
        low, high = spans.pop()
        found[low], found[high] = shares(low), shares(high)
        if high - low < 2:
            continue
        middle = (low + high) // 2
        share = (np.arange(low, high + 1) - low)[:, None] / (high - low)
        between = found[low] + (found[high] - found[low]) * share
        found[middle] = shares(middle)
        off = np.abs(found[middle] - between[middle - low]).max()
        if off > STRAIGHT or bent(low, high) > STRAIGHT:
            spans += [(low, middle), (middle, high)]
            continue
        for one, other in ((low, middle), (middle, high)):
            part = np.linspace(0.0, 1.0, other - one + 1)[:, None]
            found[one : other + 1] = found[one] + (found[other] - found[one]) * part
    worst = _peaks(frames, found.sum(axis=1))
    outside, uncovered = found[:, 0].tolist(), found[:, 1].tolist()
    sentence = _sentence(frames, outside, uncovered, worst, float(path.fps))
    return Coverage(tuple(frames), tuple(outside), tuple(uncovered), worst, sentence)


def _bends(path: CameraPath, frames: Sequence[int], deepest: float) -> Callable[[int, int], float]:
    """How far, in shares of the frame, things stand off between two frames from an even motion.

    What a nearest thing moves by a camera's movement, a turn about any axis and a zoom is bounded
    by their sizes; a path that stays this close to the straight one shows as much as that, give
    or take the same share of the frame.

    Args:
        path: the cameras.
        frames: the frame numbers that are looked at.
        deepest: the largest inverse depth of the scene, 1 / scene units.
    """
    picked = np.array(frames)
    lens = path.focal_lengths[picked]
    turns = followed(angles_of(path.rotations)[picked])
    numbers = np.column_stack(
        [
            path.positions[picked] * (deepest * lens / SENSOR_WIDTH_MM)[:, None],
            np.radians(turns) * (lens / SENSOR_WIDTH_MM)[:, None],
            np.log(lens) / 2.0,
        ]
    )

    def bend(low: int, high: int) -> float:
        share = np.linspace(0.0, 1.0, high - low + 1)[:, None]
        even = numbers[low] + (numbers[high] - numbers[low]) * share
        return float(np.linalg.norm(numbers[low : high + 1] - even, axis=1).max())

    return bend


def _peaks(frames: Sequence[int], total: NDArray[np.float64]) -> tuple[int, ...]:
    """The frames at which the shares peak, the worst first."""
    top = float(total.max())
    if top < NOTICED:
        return ()
    # Nothing is shown before and after: the first and last frame may be peaks.
    padded = np.concatenate([[0.0], total, [0.0]])
    _, found = find_peaks(padded, prominence=DISTINCT * top, height=top / 2.0, plateau_size=1)
    peaks = sorted((found["left_edges"] - 1).tolist(), key=lambda peak: -total[peak])
    return tuple(frames[peak] for peak in peaks[:WORST_FRAMES])


def _sentence(
    frames: Sequence[int],
    outside: Sequence[float],
    uncovered: Sequence[float],
    worst: Sequence[int],
    fps: float,
) -> str:
    if not worst:
        return "Every frame shows only what was photographed."
    at = frames.index(worst[0])
    parts = []
    if outside[at] >= NOTICED:
        parts.append(f"{outside[at]:.1%} past the photo's edge")
    if uncovered[at] >= NOTICED:
        parts.append(f"{uncovered[at]:.1%} uncovered behind things")
    whole = outside[at] + uncovered[at]
    return (
        f"At worst, frame {worst[0]} ({worst[0] / fps:.1f} s) shows {whole:.1%} that was never "
        f"photographed: {' and '.join(parts)}."
    )


def scaled_towards_first(path: CameraPath, share: float) -> CameraPath:
    """A path's move made smaller about its first pose.

    Places move straight towards the first one, rotations along the shortest arc (slerp), focal
    lengths evenly in stops; each to ``share`` of the way out.

    Args:
        path: the whole move.
        share: 0 (stand still) to 1 (the path itself).
    """
    if not 0.0 <= share <= 1.0:
        raise InvalidInstruction(f"A move cannot be scaled to {share}; choose 0 to 1.")
    if share == 1.0:
        return path
    first = path[0]
    start = path.rotations[0]
    places = first.position + (path.positions - first.position) * share
    turns = start * Rotation.from_rotvec((start.inv() * path.rotations).as_rotvec() * share)
    lenses = first.focal_length * (path.focal_lengths / first.focal_length) ** share
    angles = angles_of(turns)
    angles[0] = first.rotation
    rows = zip(places.tolist(), followed(angles).tolist(), lenses.tolist(), strict=True)
    poses = [CameraPose((x, y, z), (p, w, r), lens) for (x, y, z), (p, w, r), lens in rows]
    return CameraPath((first, *poses[1:]), path.fps)
