"""Frames between frames by a learned network, for whom time matters less than looks.

The network sees the two neighbours only; what lies before and after them is not used. On two
processor cores it takes seconds for a frame of 720p, many times longer than our own flow.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.errors import LimitExceeded, Unavailable
from synth.flow.learned_colour import planes_from_rgb, rgb_from_planes
from synth.flow.learned_model import PATH_VARIABLE, RIFE, LearnedModel
from synth.flow.model import Between, Window
from synth.media.planes import ColourTags, Planes

__all__ = ["PATH_VARIABLE", "RIFE", "LearnedInterpolator", "LearnedModel"]

_LARGEST = 1920 * 1088
"""Pixels of a frame: the network's memory grows with them, to a gigabyte and more here."""
_MULTIPLES = (32, 64, 128)
"""What width and height are padded to multiples of: RIFE halves five times, newer ones more."""
_GLANCE = 320
"""Width at which the motion is looked at to say how doubtful it is, pixels."""


class LearnedInterpolator:
    """An ``Interpolator`` whose new frames come from a RIFE network."""

    def __init__(
        self,
        size: tuple[int, int],
        *,
        tags: ColourTags | None = None,
        model: LearnedModel | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        """``size`` is the width and height of the clip; ``tags`` say what its planes mean.

        ``model`` is the loaded network to share between clips. Setting ``cancel`` stops a frame
        that is being made. Raises ``Unavailable``, with what to do, where the weights or
        onnxruntime are missing or the network does not suit, and ``LimitExceeded`` for a clip that
        is too large.
        """
        width, height = size
        if width * height > _LARGEST:
            raise LimitExceeded(
                f"The frames are {width}x{height} ({width * height / 1e6:.1f} MP); the mode "
                f"learned takes up to {_LARGEST / 1e6:.1f} MP. Use the mode quality, or make the "
                "clip smaller first."
            )
        self._model = model or LearnedModel()
        self._tags = tags or ColourTags()
        self._cancel = cancel
        self._padded = _padded_sizes(size, self._model.load().fixed_size)
        self._seen: list[tuple[Planes, NDArray[np.float32]]] = []

    def between(self, window: Window, times: Sequence[float]) -> list[Between]:
        """The pictures at ``times``, each strictly between 0 (first) and 1 (second).

        ``doubt`` is the share of the picture whose motion differs between looking forward and
        backward, the same for every moment of one window. Raises ``Cancelled`` once the token is
        set, ``Unavailable`` where the network fails.
        """
        if not times:
            return []
        first, second = window.first.planes, window.second.planes
        # The second picture of one window is the first of the next.
        self._seen = [entry for entry in self._seen if entry[0] is first or entry[0] is second]
        ends = self._rgb(first), self._rgb(second)
        doubt = doubt_of(first.y, second.y)
        return [Between(self._at(ends, float(t), first), doubt) for t in times]

    def close(self) -> None:
        """Forget the pictures; a shared model stays loaded. Safe to call more than once."""
        self._seen = []

    def _rgb(self, planes: Planes) -> NDArray[np.float32]:
        for known, rgb in self._seen:
            if known is planes:
                return rgb
        rgb = rgb_from_planes(planes, self._tags)
        self._seen.append((planes, rgb))
        return rgb

    def _at(
        self, ends: tuple[NDArray[np.float32], NDArray[np.float32]], time: float, like: Planes
    ) -> Planes:
        width, height = like.size
        while True:
            first, second = (_padded(rgb, self._padded[0]) for rgb in ends)
            if self._cancel is not None:
                self._cancel.check()
            try:
                rgb = self._model.between(first, second, time, self._cancel)
                break
            except Unavailable:
                # A newer network may halve the picture more often than the usual five times.
                if len(self._padded) == 1:
                    raise
                self._padded = self._padded[1:]
        return planes_from_rgb(
            np.ascontiguousarray(rgb[:, :height, :width]), self._tags, subsampled=like.subsampled
        )


def doubt_of(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Share of the first picture, 0 to 1, whose motion to the second cannot be relied on.

    Both are brightness, (H, W). Motion counts as unreliable where it leaves the picture or where
    going there and back does not lead home: Sundaram, Brox and Keutzer, "Dense Point Trajectories
    by GPU-accelerated Large Displacement Optical Flow", ECCV 2010, section 3.
    """
    scale = min(1.0, _GLANCE / first.shape[1])
    size = max(16, round(first.shape[1] * scale)), max(16, round(first.shape[0] * scale))
    one, two = (cv2.resize(luma, size, interpolation=cv2.INTER_AREA) for luma in (first, second))
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    blank = np.zeros((size[1], size[0], 2), np.float32)
    forward = finder.calc(one, two, blank.copy())
    backward = finder.calc(two, one, blank.copy())
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    to_x, to_y = x + forward[..., 0], y + forward[..., 1]
    back = cv2.remap(backward, to_x, to_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gap = np.square(forward + back).sum(-1)
    motion = np.square(forward).sum(-1) + np.square(back).sum(-1)
    gone = (to_x < -0.5) | (to_y < -0.5) | (to_x > size[0] - 0.5) | (to_y > size[1] - 0.5)
    return float((gone | (gap > 0.01 * motion + 0.5)).mean())


def _padded_sizes(
    size: tuple[int, int], fixed: tuple[int, int] | None
) -> tuple[tuple[int, int], ...]:
    """Widths and heights to try, smallest first. Raises ``Unavailable`` for a misfit."""
    if fixed is None:
        sizes = [tuple(-(-length // m) * m for length in size) for m in _MULTIPLES]
        return tuple(dict.fromkeys((width, height) for width, height in sizes))
    if fixed[0] < size[0] or fixed[1] < size[1]:
        raise Unavailable(
            f"This network was made for pictures of {fixed[0]}x{fixed[1]}; the clip has "
            f"{size[0]}x{size[1]}. Use an export for any size, or the mode quality."
        )
    return (fixed,)


def _padded(rgb: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """The picture (3, H, W) with its last row and column repeated up to a size."""
    wider, taller = size[0] - rgb.shape[2], size[1] - rgb.shape[1]
    if not wider and not taller:
        return rgb
    return np.pad(rgb, ((0, 0), (0, taller), (0, wider)), mode="edge")
