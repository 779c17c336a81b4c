"""Whether a model kept to the guide: its picture's motion held against what geometry knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.guided.guide import GuideFrame
from synth.backends.guided.warp import pixel_places
from synth.backends.protocol import Frame
from synth.flow.dense import DenseFlow, FlowGrade

_CAREFUL: Final = FlowGrade(finest=0, descents=16, stride=3, refinements=5)
_LEAST_SHARE: Final = 0.02
"""Least share of a frame with known motion that is measured."""
_TEXTURE: Final = 2.5
"""Gradient, codes a pixel, averaged over a window, from which motion can be seen at all."""
_WINDOW: Final = (9, 9)
_PATCH: Final = (9, 9)
"""The size of the patches by which motion is found."""


@dataclass(frozen=True)
class WarpError:
    """How far a model's motion is from the known one."""

    epe: float
    """Mean end-point error over frames and pixels, pixels of the guide's size; NaN unmeasured."""
    motion: float
    """Mean length of the known motion there, pixels a frame."""
    frames: int
    """Pairs of frames that were measured."""
    share: float
    """Mean share of a frame that was measured, 0 to 1."""

    @property
    def sentence(self) -> str:
        """For the user."""
        if not self.frames:
            return (
                "How exactly the model kept to the camera could not be measured: hardly anything "
                "that the photo shows has detail to follow and stays in view."
            )
        return (
            f"Where the photo is kept ({self.share:.0%} of the frame measured), the model's own "
            f"picture moves within {self.epe:.2f} pixels a frame of what the geometry says, of "
            f"{self.motion:.2f} pixels of motion (mean of {self.frames} pairs of frames)."
        )


class WarpMeter:
    """Takes a model's frames, one after the other, with the guide's; memory stays flat."""

    def __init__(self) -> None:
        self._flow = DenseFlow(_CAREFUL)
        self._patch = np.ones(_PATCH, np.uint8)
        self._last: tuple[NDArray[np.uint8], GuideFrame, NDArray[np.bool_]] | None = None
        self._error = self._motion = self._share = 0.0
        self._pixels = self._frames = 0

    def add(
        self, drawn: Frame, guide: GuideFrame, painted: NDArray[np.bool_] | None = None
    ) -> None:
        """The next frame as the model drew it, before anything is laid over it.

        Args:
            drawn: by the model, (H, W, 3).
            guide: the guide's frame.
            painted: what the model was told to paint, (H, W), where that is more than the holes.

        Raises ``ValueError`` where they are not of one size.
        """
        if drawn.shape != guide.shown.shape:
            raise ValueError(f"frame of {drawn.shape} for a guide of {guide.shown.shape}")
        grey = np.asarray(cv2.cvtColor(drawn, cv2.COLOR_RGB2GRAY), np.uint8)
        free = guide.hole if painted is None else painted
        if self._last is not None:
            self._measure(*self._last, grey, free)
        self._last = (grey, guide, free)

    def _measure(
        self,
        before: NDArray[np.uint8],
        guide: GuideFrame,
        free: NDArray[np.bool_],
        after: NDArray[np.uint8],
        free_after: NDArray[np.bool_],
    ) -> None:
        places = pixel_places(*before.shape[::-1]) + guide.flow - np.float32(0.5)
        later = cv2.remap(
            free_after.view(np.uint8), places[..., 0], places[..., 1], cv2.INTER_NEAREST
        )
        known = guide.known & ~free & (later == 0)
        # Motion is found by patches: close to what was painted they hold some of that.
        known = cv2.erode(known.view(np.uint8), self._patch, borderValue=1) > 0
        # Judged where the *guide* has detail: a model that draws none there must not escape.
        known &= _followable(guide.shown)
        pixels = int(known.sum())
        if pixels < _LEAST_SHARE * known.size:
            return
        found = self._flow(before, after)
        self._error += float(np.linalg.norm((found - guide.flow)[known], axis=1).sum())
        self._motion += float(np.linalg.norm(guide.flow[known], axis=1).sum())
        self._pixels += pixels
        self._share += pixels / known.size
        self._frames += 1

    @property
    def result(self) -> WarpError:
        """All frames so far."""
        if not self._frames:
            return WarpError(float("nan"), float("nan"), 0, 0.0)
        return WarpError(
            self._error / self._pixels,
            self._motion / self._pixels,
            self._frames,
            self._share / self._frames,
        )


def _followable(picture: Frame) -> NDArray[np.bool_]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    across = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.125))
    down = np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.125))
    return np.asarray(cv2.blur(across + down, _WINDOW)) > _TEXTURE
