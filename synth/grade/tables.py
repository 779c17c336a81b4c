"""A grade made ready for the kernels, and pictures taken through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.grade import kernels
from synth.grade.chain import Chain
from synth.grade.light import to_code, to_light
from synth.grade.lut import Lut
from synth.media.colour import WEIGHTS
from synth.media.planes import ColourTags, Planes

_POWER: Final = 6144
_TONE: Final = 24576
"""Entries of the tables: a straight line between two is within a hundredth of a level."""

_FLOATS: Callable[..., None] = kernels.grade_floats
_BYTES: Callable[..., None] = kernels.grade_bytes
_PLANES: Callable[..., None] = kernels.grade_planes


@dataclass(frozen=True, eq=False)
class Recipe:
    """What a pixel goes through, in the form of ``synth.grade.kernels``."""

    power: NDArray[np.float32]
    matrix: NDArray[np.float32]
    tone: NDArray[np.float32]
    tone_end: np.float32
    colour: NDArray[np.float32]
    curves: NDArray[np.float32]
    cube: NDArray[np.float32]
    scales: NDArray[np.float32]
    strength: np.float32
    first: bool

    @property
    def at_rest(self) -> bool:
        """Whether every pixel stays as it is."""
        return not (
            len(self.matrix)
            or len(self.tone)
            or len(self.colour)
            or (self.strength > 0 and (len(self.curves) or len(self.cube)))
        )

    @property
    def arguments(self) -> tuple[Any, ...]:
        """For the kernels, in their order."""
        return (
            self.power, self.matrix, self.tone, self.tone_end, self.colour, self.curves,
            self.cube, self.scales, self.strength, self.first,
        )  # fmt: skip

    def floats(self, rgb: NDArray[np.floating]) -> NDArray[np.float32]:
        """Grade encoded RGB (..., 3), 1 at white; the result may leave 0 to 1."""
        values = np.ascontiguousarray(rgb, np.float32)
        out = np.empty_like(values)
        _FLOATS(values.reshape(-1, 3), *self.arguments, out.reshape(-1, 3))
        return out

    def picture(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Grade a picture, uint8 (H, W, 3)."""
        if self.at_rest:
            return rgb.copy()
        pixels = np.require(rgb, requirements=["C", "W"])
        out = np.empty_like(pixels)
        halves = _halves(len(pixels))

        def work(part: tuple[int, int]) -> None:
            rows = slice(*part)
            _BYTES(pixels[rows].reshape(-1, 3), *self.arguments, out[rows].reshape(-1, 3))

        _both(work, halves)
        return out


def recipe(
    chain: Chain, lut: Lut | None = None, strength: float = 1.0, first: bool = False
) -> Recipe:
    """Make a grade ready: a few milliseconds.

    Args:
        chain: the controls.
        lut: a look, or None.
        strength: how much of it, 0 to 1.
        first: whether it comes before the controls.
    """
    matrix = chain.matrix()
    tone = np.zeros((0, 3))
    end = 1.0
    if matrix is not None:
        brightest = float(to_light(np.array(kernels.HIGH)))
        end = float(np.sqrt(max(np.abs(matrix).sum(axis=1).max() * brightest, 1.0)))
        # Much brighter than white is white for every control that could follow.
        end = min(end, 8.0)
        values = to_code(np.linspace(0, end, _TONE) ** 2)
        tone = chain.tone(np.repeat(values[:, None], 3, axis=1))
    elif chain.has_tone:
        values = np.linspace(kernels.LOW, kernels.HIGH, _TONE)
        tone = chain.tone(np.repeat(values[:, None], 3, axis=1))
    power = np.zeros((2, 1))
    if matrix is not None:
        power = to_light(np.linspace(kernels.LOW, kernels.HIGH, _POWER))[:, None]
    a = chain.adjustments
    colour = (a.saturation, a.vibrance, *a.hues, a.hues[0]) if chain.has_colour else ()
    use = lut if lut is not None and strength > 0 and not lut.identity else Lut()
    return Recipe(
        power=np.ascontiguousarray(power, np.float32),
        matrix=np.ascontiguousarray(np.zeros((0, 0)) if matrix is None else matrix, np.float32),
        tone=np.ascontiguousarray(tone, np.float32),
        tone_end=np.float32(end),
        colour=np.array(colour, np.float32),
        curves=_writable(use.curves),
        cube=_writable(use.cube),
        scales=use.scales(),
        strength=np.float32(strength),
        first=first,
    )


class PlaneTables:
    """Takes 4:2:0 planes through a grade, by tables that grow as new colours are met.

    One of them serves one clip. 50 MB of address space, of which a clip touches a small part.
    """

    def __init__(self, recipe: Recipe, tags: ColourTags) -> None:
        """``tags`` are those of the planes, in and out."""
        self._recipe = recipe
        self._codes = _codes(tags)
        self._luma = np.empty((65536, 256), np.uint8)
        self._chroma = np.empty((65536, 2, 256), np.uint8)
        self._known = np.zeros((2, 65536), np.uint8)
        self._helper = ThreadPoolExecutor(1, thread_name_prefix="grade")

    def change(self, recipe: Recipe) -> None:
        """Take another grade from here on."""
        self._recipe = recipe
        self._known[:] = 0

    def grade(self, planes: Planes, *, threads: int = 1) -> Planes:
        """One picture, graded; on one thread or two."""
        if self._recipe.at_rest:
            return planes
        y, u, v = (
            np.require(plane, requirements=["C", "W"]) for plane in (planes.y, planes.u, planes.v)
        )
        out = np.empty_like(y), np.empty_like(u), np.empty_like(v)
        rows = len(u)
        parts = [(0, rows)] if threads == 1 else _halves(rows)

        def work(index: int) -> None:
            _PLANES(
                y, u, v, *parts[index], self._codes, *self._recipe.arguments, self._known[index],
                self._luma, self._chroma, *out,
            )  # fmt: skip

        if len(parts) == 1:
            work(0)
            return Planes(*out)
        other = self._helper.submit(work, 1)
        try:
            work(0)
        finally:
            wait([other])
        other.result()
        # What one half has met, the other need not work out again.
        np.maximum(self._known[0], self._known[1], out=self._known[0])
        self._known[1] = self._known[0]
        return Planes(*out)


def _codes(tags: ColourTags) -> NDArray[np.float32]:
    """How planes mean colours and back, for the kernel."""
    kr, kb = WEIGHTS[tags.matrix]
    kg = 1 - kr - kb
    luma, chroma, black = (255, 255, 0) if tags.full_range else (219, 224, 16)
    red, blue = 2 * (1 - kr), 2 * (1 - kb)
    return np.array(
        [
            black, 1 / luma, 1 / chroma, red, -blue * kb / kg, -red * kr / kg, blue,
            kr, kg, kb, chroma / blue, chroma / red, luma,
        ],
        np.float32,
    )  # fmt: skip


def _writable(values: NDArray[np.float32]) -> NDArray[np.float32]:
    # numba would compile everything again for read-only input
    return np.require(values, np.float32, ["C", "W"])


def _halves(rows: int) -> list[tuple[int, int]]:
    return [(0, rows // 2), (rows // 2, rows)] if rows > 1 else [(0, rows)]


def _both(work: Callable[[Any], None], parts: Iterable[Any]) -> None:
    parts = list(parts)
    if len(parts) == 1:
        work(parts[0])
        return
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(work, parts))
