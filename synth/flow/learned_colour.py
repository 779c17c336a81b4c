"""Planes to the RGB of a network and back: what the network leaves alone comes back as it was.

Nothing is rounded or clipped on the way in, and the finer colour planes are made such that
bringing them down again gives the very values they came from. New frames then differ from their
neighbours by motion, never by a tint or a softer colour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from synth.media.colour import WEIGHTS
from synth.media.planes import ColourTags, Planes


def rgb_from_planes(planes: Planes, tags: ColourTags) -> NDArray[np.float32]:
    """RGB of shape (3, H, W), 0 to 1 where the picture stays within its range."""
    kr, kb = WEIGHTS[tags.matrix]
    kg = 1 - kr - kb
    black, luma, chroma = _levels(tags)
    y = (planes.y.astype(np.float32) - black) / luma
    cb, cr = (
        _finer(values) if planes.subsampled else values
        for values in ((c.astype(np.float32) - 128) / chroma for c in (planes.u, planes.v))
    )
    red = y + np.float32(2 * (1 - kr)) * cr
    blue = y + np.float32(2 * (1 - kb)) * cb
    green = (y - np.float32(kr) * red - np.float32(kb) * blue) / np.float32(kg)
    return np.stack([red, green, blue]).astype(np.float32, copy=False)


def planes_from_rgb(rgb: NDArray[np.float32], tags: ColourTags, *, subsampled: bool) -> Planes:
    """The inverse, rounded to 8 bits: ``rgb`` is (3, H, W), even-sized where ``subsampled``."""
    kr, kb = WEIGHTS[tags.matrix]
    black, luma, chroma = _levels(tags)
    y = np.float32(kr) * rgb[0] + np.float32(1 - kr - kb) * rgb[1] + np.float32(kb) * rgb[2]
    cb = (rgb[2] - y) / np.float32(2 * (1 - kb))
    cr = (rgb[0] - y) / np.float32(2 * (1 - kr))
    if subsampled:
        cb, cr = _coarser(cb), _coarser(cr)
    return Planes(_code(y * luma + black), _code(cb * chroma + 128), _code(cr * chroma + 128))


def _levels(tags: ColourTags) -> tuple[np.float32, np.float32, np.float32]:
    """Black's code and the span of brightness and of colour, ITU-R BT.709-6 section 4."""
    if tags.full_range:
        return np.float32(0), np.float32(255), np.float32(255)
    return np.float32(16), np.float32(219), np.float32(224)


def _code(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.rint(np.clip(values, 0, 255)).astype(np.uint8))


def _coarser(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Halved both ways: left-sited, (1 2 1)/4 across and (1 1)/2 down, as the writer does."""
    rows = (plane[0::2] + plane[1::2]) / 2
    odd = rows[:, 1::2]
    before = np.concatenate([rows[:, :1], odd[:, :-1]], 1)
    return np.asarray((before + 2 * rows[:, 0::2] + odd) / 4, np.float32)


def _finer(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Doubled both ways, such that ``_coarser`` gives ``plane`` again.

    Linear interpolation followed by ``_coarser`` is (1 6 1)/8 along each axis, so the values are
    first sharpened by its inverse.
    """
    sharp = _sharpened(_sharpened(plane).T).T
    above = np.concatenate([sharp[:1], sharp[:-1]])
    below = np.concatenate([sharp[1:], sharp[-1:]])
    tall = np.empty((2 * sharp.shape[0], sharp.shape[1]), np.float32)
    tall[0::2] = 0.75 * sharp + 0.25 * above
    tall[1::2] = 0.75 * sharp + 0.25 * below
    full = np.empty((tall.shape[0], 2 * tall.shape[1]), np.float32)
    full[:, 0::2] = tall
    full[:, 1::2] = (tall + np.concatenate([tall[:, 1:], tall[:, -1:]], 1)) / 2
    return full


def _sharpened(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inverse of (1 6 1)/8 down the columns, edges repeated."""
    size = plane.shape[0]
    if size == 1:
        return plane
    bands = np.empty((2, size), np.float32)
    bands[0], bands[1] = 0.125, 0.75
    bands[1, [0, -1]] = 0.875
    return np.asarray(solveh_banded(bands, plane, check_finite=False), np.float32)
