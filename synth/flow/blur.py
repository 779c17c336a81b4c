"""Motion blur: several pictures on one frame, added up as light.

A camera's shutter gathers light, so the mean is taken of linear RGB: decoded with the display
curve of ITU-R BT.1886 (exponent 2.4), which runs on below black and above white so that nothing is
clipped on the way. Where only one picture falls on a frame, that picture itself comes out.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.media.colour import WEIGHTS
from synth.media.planes import ColourTags, Planes

_GAMMA: Final = 2.4
_LOWEST: Final = -1.0
_STEPS: Final = 2048
"""Table entries per unit of encoded value; the table spans 3 units from ``_LOWEST``."""
_FRACTION: Final = 4
"""Bits behind the point in the sums that find a table entry."""
_ROOT_STEPS: Final = 4096


class Exposure:
    """One frame whose shutter is open: takes in pictures, gives out their mean."""

    def __init__(self, tags: ColourTags) -> None:
        """``tags`` say what the numbers of the pictures mean."""
        self._tags = tags
        self._tables: _Tables | None = None
        self._light: NDArray[np.float32] | None = None
        self._pending: Planes | None = None
        self._pending_weight = 0.0
        self._weight = 0.0
        self._doubt = 0.0

    def clear(self) -> None:
        """Forget everything taken in so far."""
        self._pending = None
        self._pending_weight = self._weight = self._doubt = 0.0

    def add(self, planes: Planes, weight: float, doubt: float = 0.0) -> None:
        """Take in a picture for ``weight`` (above 0) of the time the shutter is open."""
        if weight <= 0.0:
            return
        self._doubt += weight * doubt
        # Pictures come in order, and a source picture from both its sides: one pass does for both.
        if self._pending is not None and self._pending is not planes:
            self._expose()
        self._pending = planes
        self._pending_weight += weight

    @property
    def empty(self) -> bool:
        """Whether nothing was taken in."""
        return self._pending is None

    @property
    def single(self) -> bool:
        """Whether all that was taken in is one picture."""
        return self._pending is not None and self._weight == 0.0

    def picture(self) -> tuple[Planes, float]:
        """The mean and its doubt, 0 to 1; one picture alone comes back bit for bit.

        The exposure is empty afterwards. Raises ``ValueError`` when it already is.
        """
        if self._pending is None:
            raise ValueError("Nothing was exposed.")
        doubt = self._doubt / (self._weight + self._pending_weight)
        planes = self._pending
        if not self.single:
            self._expose()
            assert self._tables is not None
            assert self._light is not None
            y, u, v = np.empty_like(planes.y), np.empty_like(planes.u), np.empty_like(planes.v)
            scale = np.float32(1.0 / self._weight)
            _develop(
                self._light,
                scale,
                self._tables.roots,
                self._tables.back,
                y,
                u,
                v,
                planes.subsampled,
            )
            planes = Planes(y, u, v)
        self.clear()
        return planes, doubt

    def _expose(self) -> None:
        planes = self._pending
        assert planes is not None
        if self._tables is None:
            self._tables = _Tables(self._tags)
        if self._light is None or self._light.shape[:2] != planes.y.shape:
            self._light = np.empty((*planes.y.shape, 3), np.float32)
        _gather(
            planes.y, planes.u, planes.v, planes.subsampled, self._tables.entries,
            self._tables.light, np.float32(self._pending_weight), self._weight == 0.0, self._light,
        )  # fmt: skip
        self._weight += self._pending_weight
        self._pending, self._pending_weight = None, 0.0


class _Tables:
    """The ways from stored numbers to light and back, for one kind of planes."""

    def __init__(self, tags: ColourTags) -> None:
        kr, kb = WEIGHTS[tags.matrix]
        kg = 1.0 - kr - kb
        black, luma, chroma = (0.0, 255.0, 255.0) if tags.full_range else (16.0, 219.0, 224.0)
        code = np.arange(256.0)
        bright, colour = (code - black) / luma, (code - 128.0) / chroma
        rows = (
            bright - _LOWEST,
            2.0 * (1.0 - kr) * colour,
            -2.0 * (1.0 - kb) * kb / kg * colour,
            -2.0 * (1.0 - kr) * kr / kg * colour,
            2.0 * (1.0 - kb) * colour,
        )
        self.entries = np.rint(np.array(rows) * (_STEPS << _FRACTION)).astype(np.int32)
        """What y, red from v, green from u, green from v, blue from u add to a table place."""
        encoded = _LOWEST + np.arange(3 * _STEPS) / _STEPS
        self.light = (np.sign(encoded) * np.abs(encoded) ** _GAMMA).astype(np.float32)
        """Light of an encoded value."""
        root = np.arange(round(2.5 * _ROOT_STEPS)) / _ROOT_STEPS
        self.roots = (root ** (2.0 / _GAMMA)).astype(np.float32)
        """Encoded value of a square root of light."""
        self.back = np.array(
            [kr, kg, kb, luma, black, chroma / (2 * (1 - kb)), chroma / (2 * (1 - kr))], np.float32
        )


@njit(cache=True, nogil=True, fastmath=True)
def _gather(y, u, v, subsampled, entries, table, weight, fresh, light):
    """Add the light of a picture; the first one of a frame overwrites what stood there."""
    shift = 1 if subsampled else 0
    top = np.int32(len(table) - 1)
    low = np.int32(0)
    half = np.int32(1 << (_FRACTION - 1))
    for i in range(y.shape[0]):
        us, vs, row = u[i >> shift], v[i >> shift], light[i]
        for j in range(y.shape[1]):
            base = entries[0, y[i, j]] + half
            cb, cr = us[j >> shift], vs[j >> shift]
            red = min(max((base + entries[1, cr]) >> _FRACTION, low), top)
            green = min(max((base + entries[2, cb] + entries[3, cr]) >> _FRACTION, low), top)
            blue = min(max((base + entries[4, cb]) >> _FRACTION, low), top)
            if fresh:
                row[j, 0] = weight * table[red]
                row[j, 1] = weight * table[green]
                row[j, 2] = weight * table[blue]
            else:
                row[j, 0] += weight * table[red]
                row[j, 1] += weight * table[green]
                row[j, 2] += weight * table[blue]


@njit(cache=True, nogil=True, fastmath=True)
def _encoded(light, roots):
    size = np.sqrt(abs(light)) * np.float32(_ROOT_STEPS) + np.float32(0.5)
    value = roots[min(np.int32(size), np.int32(len(roots) - 1))]
    return -value if light < 0 else value


@njit(cache=True, nogil=True, fastmath=True)
def _code(value):
    return np.uint8(min(max(value + np.float32(0.5), np.float32(0.0)), np.float32(255.0)))


@njit(cache=True, nogil=True, fastmath=True)
def _develop(light, scale, roots, back, y, u, v, subsampled):
    """Light, times ``scale``, to planes; colour is the mean of the pixels that share it."""
    size = 2 if subsampled else 1
    share = np.float32(1.0 / (size * size))
    kr, kg, kb, luma, black, to_u, to_v = back
    middle = np.float32(128.0)
    for i in range(u.shape[0]):
        for j in range(u.shape[1]):
            cb = cr = np.float32(0.0)
            for di in range(size):
                for dj in range(size):
                    pixel = light[size * i + di, size * j + dj]
                    red = _encoded(pixel[0] * scale, roots)
                    green = _encoded(pixel[1] * scale, roots)
                    blue = _encoded(pixel[2] * scale, roots)
                    bright = kr * red + kg * green + kb * blue
                    y[size * i + di, size * j + dj] = _code(bright * luma + black)
                    cb += blue - bright
                    cr += red - bright
            u[i, j] = _code(cb * share * to_u + middle)
            v[i, j] = _code(cr * share * to_v + middle)
