"""Look-up tables: colours in, colours out."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from synth.grade import kernels

Triple: TypeAlias = tuple[float, float, float]

ZERO: Final[Triple] = (0.0, 0.0, 0.0)
ONE: Final[Triple] = (1.0, 1.0, 1.0)

_STILL: Final = 1e-6
"""Differences that are rounding in a text file."""


def _no_curves() -> NDArray[np.float32]:
    return np.zeros((0, 3), np.float32)


def _no_cube() -> NDArray[np.float32]:
    return np.zeros((0, 0, 0, 3), np.float32)


@dataclass(frozen=True, eq=False)
class Lut:
    """A table for each channel, a cube of colours, or the first before the second.

    Inputs outside of the domains count as their ends. Between entries the channels' tables go in
    straight lines and the cube in tetrahedra (J. M. Kasson et al., "Tetrahedral interpolation
    algorithm accuracy", SPIE 2170, 1994), which keeps greys as grey as the table has them.
    """

    curves: NDArray[np.float32] = field(default_factory=_no_curves)
    """(n, 3), or (0, 3) for none; for input from ``curves_from`` to ``curves_to``."""
    cube: NDArray[np.float32] = field(default_factory=_no_cube)
    """(n, n, n, 3), indexed by blue, green, red; (0, 0, 0, 3) for none."""
    curves_from: Triple = ZERO
    curves_to: Triple = ONE
    cube_from: Triple = ZERO
    cube_to: Triple = ONE
    title: str = ""
    """A stranger's words if it came from a file."""

    @property
    def size(self) -> int:
        """Entries along the cube's edge, or of the channels' tables where there is no cube."""
        return len(self.cube) or len(self.curves)

    @property
    def identity(self) -> bool:
        """Whether every colour from 0 to 1 comes out as it went in."""
        if len(self.curves) and not (
            _spans(self.curves_from, self.curves_to)
            and np.abs(
                self.curves - _ramp(self.curves_from, self.curves_to, len(self.curves))
            ).max()
            < _STILL
        ):
            return False
        if not len(self.cube):
            return True
        still = identity_cube(len(self.cube), self.cube_from, self.cube_to)
        return _spans(self.cube_from, self.cube_to) and bool(
            np.abs(self.cube - still).max() < _STILL
        )

    def scales(self) -> NDArray[np.float32]:
        """For the kernels, (4, 3): start and steps per unit of the tables, then of the cube."""
        rows = []
        for start, end, count in (
            (self.curves_from, self.curves_to, len(self.curves)),
            (self.cube_from, self.cube_to, len(self.cube)),
        ):
            rows += [start, (max(count, 1) - 1) / (np.array(end) - start)]
        return np.array(rows, np.float32)

    def apply(self, rgb: NDArray[np.floating]) -> NDArray[np.float32]:
        """Colours (..., 3), encoded as the table expects, to those that it gives."""
        values = np.ascontiguousarray(rgb, np.float32)
        out = np.empty_like(values)
        kernels.through_lut(
            values.reshape(-1, 3), self.curves, self.cube, self.scales(), out.reshape(-1, 3)
        )
        return out


LutLike: TypeAlias = Lut | str | os.PathLike[str]
"""A table, or the path of a ``.cube`` file."""


def identity_cube(size: int, start: Triple = ZERO, end: Triple = ONE) -> NDArray[np.float32]:
    """The cube (n, n, n, 3) that gives what it gets."""
    ramps = _ramp(start, end, size)
    blue, green, red = np.meshgrid(ramps[:, 2], ramps[:, 1], ramps[:, 0], indexing="ij")
    return np.stack([red, green, blue], axis=-1).astype(np.float32)


def _ramp(start: Triple, end: Triple, count: int) -> NDArray[np.float64]:
    return np.linspace(start, end, count)


def _spans(start: Triple, end: Triple) -> bool:
    return max(start) <= 0 and min(end) >= 1
