"""The guide: the exact camera path through the photo's geometry, with holes where it knows nothing.

A model that repaints it keeps the camera, because the camera is in the pixels: poses handed over as
numbers are followed several times less exactly (Uni3C, https://arxiv.org/abs/2504.14899, table 1).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.geometric import Stage
from synth.backends.geometric_backend import stage_of
from synth.backends.guided.holes import MID_GREY, Bare, HoleFinder
from synth.backends.guided.warp import pixel_places, reprojected
from synth.backends.protocol import Assignment, Frame
from synth.camera.pose import CameraPath
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.limits import LIMITS
from synth.render.film import shoot

STAGE = "Drawing the guide"
"""What progress calls it."""

_SAME_DEPTH = 0.02
"""Relative difference of inverse depth up to which two frames show the same surface."""


@dataclass(frozen=True)
class GuideFrame:
    """One frame of the guide; all arrays have its height and width, (H, W)."""

    shown: Frame
    """The frame as geometry draws it, its own guesses in the holes, (H, W, 3)."""
    hole: NDArray[np.bool_]
    """What a model is to paint; True in holes."""
    acting: NDArray[np.bool_]
    """Where a subject that acts stands."""
    nearness: NDArray[np.float32]
    """Inverse depth, 1 / scene units; 0 where endless."""
    flow: NDArray[np.float32]
    """Where what the scene shows goes until the next frame, (H, W, 2) pixels, x before y; 0 in the
    last. Weather has a motion of its own."""
    known: NDArray[np.bool_]
    """Where that motion is certain: kept now and then, and neither hidden nor acting."""

    @property
    def rgb(self) -> Frame:
        """The frame with mid-grey holes, (H, W, 3)."""
        return np.where(self.hole[..., None], np.uint8(MID_GREY), self.shown)

    @property
    def mask(self) -> NDArray[np.uint8]:
        """White (255) where a model is to paint, black (0) where it is to keep, (H, W)."""
        return np.where(self.hole, np.uint8(255), np.uint8(0))

    @property
    def depth(self) -> NDArray[np.float32]:
        """Z-depth, scene units, inf where endless, (H, W)."""
        with np.errstate(divide="ignore"):
            return np.float32(1.0) / self.nearness


@dataclass(frozen=True)
class Guide:
    """A clip for a model to repaint. Its frames are drawn when they are asked for."""

    stage: Stage
    """The photo set up for filming at the guide's size."""
    path: CameraPath
    """The camera of each of its frames, with the edge policy's zoom; its rate is the guide's."""
    prompt: str = ""
    """What a model is to read."""
    negative: str = ""
    """What it is to avoid."""

    @property
    def width(self) -> int:
        """Of its frames, pixels."""
        return self.stage.film.width

    @property
    def height(self) -> int:
        """Of its frames, pixels."""
        return self.stage.film.height

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know, in sentences."""
        return self.stage.notes

    def __len__(self) -> int:
        return len(self.path)

    def frames(
        self,
        first: int = 0,
        count: int | None = None,
        *,
        cancel: CancelToken | None = None,
        progress: ProgressCallback = ignore_progress,
    ) -> Generator[GuideFrame]:
        """Frames ``first`` to ``first + count``; all that follow unless told.

        Raises ``InvalidInstruction`` for frames that are not there, ``Cancelled`` on request.
        """
        end = len(self) if count is None else first + count
        if not 0 <= first < end <= len(self):
            raise InvalidInstruction(
                f"Frames {first} to {end - 1} of the guide were asked for; it has {len(self)}."
            )
        return self._drawn(range(first, end), cancel or CancelToken(), progress)

    def bare(self, *, cancel: CancelToken | None = None) -> Iterator[Bare]:
        """All frames without colours and motion, in a tenth of the time; raises ``Cancelled``."""
        token = cancel or CancelToken()
        finder = HoleFinder(self.stage)
        for index, pose in enumerate(self.path):
            token.check()
            yield finder.find(pose, index / float(self.path.fps))

    def _drawn(
        self, wanted: range, cancel: CancelToken, progress: ProgressCallback
    ) -> Generator[GuideFrame]:
        finder = HoleFinder(self.stage)
        fps = float(self.path.fps)

        def bare(index: int) -> Bare:
            cancel.check()
            return finder.find(self.path[index], index / fps)

        pictures = self._pictures(wanted, cancel)
        try:
            now = bare(wanted[0])
            for done, (index, shown) in enumerate(zip(wanted, pictures, strict=True), start=1):
                following = bare(index + 1) if index + 1 < len(self) else None
                flow, known = self._motion(index, now, following)
                yield GuideFrame(shown, now.hole, ~now.still, now.nearness, flow, known)
                progress(Progress(STAGE, done, len(wanted)))
                now = following or now
        finally:
            pictures.close()

    def _pictures(self, wanted: range, cancel: CancelToken) -> Generator[Frame]:
        film, scene = self.stage.film, self.stage.scene
        if wanted[0] == 0:
            # The first frame is the photo itself, which no open shutter may blur.
            sharp = replace(film, lens=film.lens.model_copy(update={"shutter_angle": 0.0}))
            yield from shoot(scene, self.path, sharp, frames=range(1), cancel=cancel)
            wanted = wanted[1:]
        yield from shoot(scene, self.path, film, frames=wanted, cancel=cancel)

    def _motion(
        self, index: int, now: Bare, following: Bare | None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Flow from a frame to the next and where it is certain."""
        height, width = now.hole.shape
        if following is None:
            return np.zeros((height, width, 2), np.float32), np.zeros(now.hole.shape, np.bool_)
        places, expected = reprojected(now.nearness, self.path[index], self.path[index + 1])
        x, y = places[..., 0] - np.float32(0.5), places[..., 1] - np.float32(0.5)
        inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
        there = cv2.remap(following.nearness, x, y, cv2.INTER_LINEAR, borderValue=-1.0)
        same = np.abs(there - expected) <= _SAME_DEPTH * np.maximum(expected, 1e-3)
        lost = (following.hole | ~following.still).view(np.uint8)
        lost = cv2.remap(lost, x, y, cv2.INTER_NEAREST, borderValue=1) > 0
        known = inside & same & ~lost & ~now.hole & now.still
        flow = np.nan_to_num(places - pixel_places(width, height), copy=False)
        return flow, known


def make_guide(
    assignment: Assignment,
    *,
    size: tuple[int, int],
    count: int,
    rate: Fraction,
    prompt: str | None = None,
    negative: str = "",
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Guide:
    """Set up the guide of a shot at a model's own size, frame count and rate.

    Frame ``i`` is filmed by the shot's camera at ``i / rate`` seconds; beyond the shot's end it
    stands. The edge policy is the shot's: "fit" zooms in until nothing past the photo shows,
    "extend" leaves what is past it to the model. Vignette and grain are left for the finished
    frames.

    Args:
        assignment: the shot.
        size: width and height of the guide, pixels.
        count: its frames.
        rate: its frames per second.
        prompt: what a model is to read; the user's own words unless told.
        negative: what it is to avoid.
        cancel: looked at between the steps.
        progress: told what is being done.

    Raises:
        InvalidInstruction: a count or rate below 1.
        SynthError: what ``stage_of`` raises.
        Cancelled: on request.
    """
    if count < 1 or not 0 < rate <= LIMITS.video_fps:
        raise InvalidInstruction(
            f"A guide of {count} frames at {float(rate):g} per second cannot be drawn; ask for at "
            f"least 1 frame and at most {LIMITS.video_fps} per second."
        )
    token = cancel or CancelToken()
    token.check()
    asked = assignment.film
    lens = asked.lens.model_copy(
        update={
            "vignette": 0.0,
            "grain": 0.0,
            # The exposure stays as long as in the finished clip.
            "shutter_angle": min(
                asked.lens.shutter_angle * float(rate / assignment.path.fps), 360.0
            ),
        }
    )
    film = replace(asked, width=size[0], height=size[1], lens=lens)
    stage = stage_of(replace(assignment, film=film), cancel=token, progress=progress)
    step = assignment.path.fps / rate
    poses = tuple(stage.path.at(float(step * index)) for index in range(count))
    return Guide(
        stage,
        CameraPath(poses, rate),
        assignment.prompt if prompt is None else prompt,
        negative,
    )
