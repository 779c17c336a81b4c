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

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.camera.pose import CameraPath, CameraPose
from synth.camera.turning import angles_of, followed
from synth.control import CancelToken
from synth.errors import InvalidInstruction
from synth.render.coverage import OUTSIDE, UNCOVERED, texel_kinds
from synth.render.raster import blend, project
from synth.render.renderer import RIM_SLACK, Renderer
from synth.render.viewpoint import camera_numbers
from synth.scene.sheets import Scene

PROBE_SIDE = 320
"""Longer side of the frames that are counted, pixels."""

NOTICED = 0.0005
"""Shares below this are called none: one pixel in two thousand."""

WORST_FRAMES = 3
"""Most frames that are named as the worst ones."""

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
    return _foreseen(_Counter.small(scene, width, height), path, every, cancel)


def rendered_coverage(
    scene: Scene, pose: CameraPose, width: int, height: int
) -> tuple[float, float]:
    """The shares outside and uncovered of one frame at its full size, each 0 to 1."""
    return _Counter(scene, (width, height), (width, height)).shares(pose)


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
        percent: how much of a frame may be unphotographed, 0 to 100.
        cancel: looked at between frames.

    Returns:
        the share, 1 where the move needs no change or where scaling cannot help, which the sentence
        then says; and the coverage of the path at that share.
    """
    if not (math.isfinite(percent) and 0.0 <= percent <= 100.0):
        raise InvalidInstruction(
            f"At most {percent} % of a frame cannot be asked for; choose 0 to 100."
        )
    counter = _Counter.small(scene, width, height)
    full = _Counter(scene, (width, height), (width, height))
    limit = percent / 100.0

    def tried(share: float) -> tuple[bool, Coverage]:
        path = path_of(share)
        coverage = _foreseen(counter, path, 1, cancel)
        holds = coverage.peak <= limit
        if holds and coverage.worst:
            holds = sum(full.shares(path[coverage.worst[0]])) <= limit
        return holds, coverage

    holds, whole = tried(1.0)
    if holds:
        return 1.0, whole
    low, best = FINEST, tried(FINEST)
    if not best[0]:
        return 1.0, replace(
            whole,
            sentence=f"Scaling the move cannot bring it to {percent:g}%: with next to none of it "
            f"{_shown(best[1])}. Change where it starts, its turns or its lens. "
            f"{whole.sentence}",
        )
    coverage, high = best[1], 1.0
    while high - low > FINEST:
        middle = (low + high) / 2.0
        holds, found = tried(middle)
        if holds:
            low, coverage = middle, found
        else:
            high = middle
    return low, coverage


def _shown(coverage: Coverage) -> str:
    worst = coverage.worst[0] if coverage.worst else coverage.frames[0]
    return f"frame {worst} shows {coverage.peak:.1%} that was never photographed"


class _Counter:
    """Counts on frames of one size what was never photographed. Not shared between threads."""

    def __init__(self, scene: Scene, frame: tuple[int, int], probe: tuple[int, int]) -> None:
        """For frames of ``frame`` pixels, width and height, counted on those of ``probe``."""
        self._scene, self._frame, self._size = scene, frame, probe
        self._renderer = Renderer(scene, *probe)
        kinds = texel_kinds(scene)
        self._seen = np.zeros((*kinds.shape, 4), np.uint8)
        self._seen[kinds == OUTSIDE, 0] = 255
        self._seen[kinds == UNCOVERED, 1] = 255
        # The rim is photographed, but for what it shows beyond the photo.
        rows, columns = scene.rim_texture.shape[:2]
        beyond = kinds[:rows, :columns] == OUTSIDE
        self._rim_texture = np.zeros_like(scene.rim_texture)
        alpha = scene.rim_texture[..., 3]
        self._rim_texture[..., 3] = alpha
        self._rim_texture[..., 0] = np.where(beyond, alpha, 0)
        self._rim_screen = np.empty((len(scene.rim.x), 4), np.float64)

    @classmethod
    def small(cls, scene: Scene, width: int, height: int) -> _Counter:
        """For frames of ``width`` x ``height`` pixels, counted on small ones."""
        return cls(scene, (width, height), probe_size(width, height))

    def shares(self, pose: CameraPose) -> tuple[float, float]:
        """Shares outside and uncovered of what a camera sees."""
        scene = self._scene
        if (
            pose.is_home
            and pose.focal_length == scene.focal_length
            and self._frame == (scene.width, scene.height)
        ):
            return 0.0, 0.0  # The frame is the photo itself.
        map_x, map_y = self._renderer.texture_places(pose)
        counted = np.asarray(
            cv2.remap(self._seen, map_x, map_y, cv2.INTER_NEAREST, borderValue=(255, 0, 0, 0)),
            np.uint8,
        )
        rim = scene.rim
        if len(rim.quads):
            camera = camera_numbers(pose, *self._size)
            project(rim.x, rim.y, rim.disparity, camera, self._rim_screen)
            blend(
                self._rim_screen, rim.u, rim.v, rim.quads, self._rim_texture, RIM_SLACK,
                self._renderer.last_nearness, counted,
            )  # fmt: skip
        outside, uncovered = np.asarray(cv2.mean(counted)[:2]) / 255.0
        return float(outside), float(uncovered)


def probe_size(width: int, height: int) -> tuple[int, int]:
    """A small frame, about `PROBE_SIDE` pixels long, of very nearly the same shape."""
    longer, shorter = max(width, height), min(width, height)
    if longer <= PROBE_SIDE:
        return width, height
    sides = range(PROBE_SIDE, PROBE_SIDE - 32, -1)
    side = min(sides, key=lambda s: abs(max(round(s * shorter / longer), 1) / s - shorter / longer))
    other = max(round(side * shorter / longer), 1)
    return (side, other) if width >= height else (other, side)


def _foreseen(
    counter: _Counter, path: CameraPath, every: int, cancel: CancelToken | None
) -> Coverage:
    frames = sorted({*range(0, len(path), every), len(path) - 1})
    known: dict[CameraPose, tuple[float, float]] = {}
    for frame in frames:
        pose = path[frame]
        if pose not in known:
            if cancel is not None:
                cancel.check()
            known[pose] = counter.shares(pose)
    outside, uncovered = zip(*(known[path[frame]] for frame in frames), strict=True)
    worst = _peaks(frames, np.add(outside, uncovered))
    sentence = _sentence(frames, outside, uncovered, worst, float(path.fps))
    return Coverage(tuple(frames), outside, uncovered, worst, sentence)


def _peaks(frames: Sequence[int], total: NDArray[np.float64]) -> tuple[int, ...]:
    """The frames at which the shares peak, the worst first."""
    before = np.concatenate([[-1.0], total[:-1]])
    after = np.concatenate([total[1:], [-1.0]])
    peaks = np.flatnonzero((total >= NOTICED) & (total > before) & (total >= after)).tolist()
    strong = [peak for peak in peaks if total[peak] >= total.max() / 2.0]
    strong.sort(key=lambda peak: -total[peak])
    return tuple(frames[peak] for peak in strong[:WORST_FRAMES])


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
