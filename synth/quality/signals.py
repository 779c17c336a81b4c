"""Everything that was measured of a clip, frame by frame: what all judgements are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.quality.view import Levels

Floats = NDArray[np.float32]

NEUTRAL: Final = ("motion", "still")
"""Joins across which pictures are compared; a cut, fade, dissolve or flash is no defect."""


@dataclass(frozen=True)
class Film:
    """What is known of a clip before its pictures come."""

    width: int
    """Pixels, upright."""
    height: int
    fps: float
    """Frames per second, the average where the rate varies."""
    levels: Levels
    """How its codes stand for brightness."""
    variable_rate: bool = False
    frames: int | None = None
    """About how many there will be, if that is known."""


@dataclass(frozen=True, eq=False)
class Signals:
    """A clip as numbers. Arrays over frames have n entries; entry i of what compares two pictures
    tells of frames i - 1 and i, so that entry 0 is NaN. NaN stands wherever nothing can be said.
    """

    width: int
    """Pixels, upright."""
    height: int
    fps: float
    """Frames per second, the average where the rate varies."""
    variable_rate: bool
    times: NDArray[np.float64]
    """Seconds, (n,)."""
    joins: tuple[str, ...]
    """How each frame follows the one before: motion, still, cut, fade or flash."""
    level: Floats
    """Mean brightness, share of white, (n,)."""
    contrast: Floats
    """Standard deviation of the brightness, share of white, (n,)."""
    brightest: Floats
    """Brightness that all but a few pixels stay below, share of white, (n,)."""
    borders: Floats
    """Share of the picture that is black at the top, bottom, left and right, (n, 4)."""
    gain: Floats
    """Log ratio of the light to that of the frame before, along the motion, (n,)."""
    tile_gain: Floats
    """The same in 4 x 4 tiles, row by row, (n, 16)."""
    colour: Floats
    """Shift of the two colour planes since the frame before, along the motion, codes, (n, 2)."""
    change: Floats
    """Mean absolute difference to the frame before, codes, (n,)."""
    stir: Floats
    """Largest such difference of any small block, codes, (n,)."""
    residue: Floats
    """What motion and light do not explain of it, codes, (n,)."""
    texture: Floats
    """Mean absolute difference to the frame before but for each small block's shift of light,
    codes, (n,)."""
    twice: Floats
    """The same to the frame before that one, codes, (n,)."""
    path: Floats
    """Motion of the whole picture since the frame before, (n, 2), pixels at 720 lines."""
    speed: Floats
    """Speed that nine tenths of the picture stay below, pixels at 720 lines per frame, (n,)."""
    quickening: Floats
    """Logarithm of the speed over that a frame earlier, where it goes on the same way, (n,)."""
    echo: Floats
    """Correlation of fine detail that moves with the frame before as it stands, (n,); known for
    those of ``samples`` alone."""
    echoing: Floats
    """Share of the picture that this rests on, (n,)."""
    own: Floats
    """How far the detail is from the mean of the neighbours', over theirs from each other, (n,):
    near 0 for a blend of the two."""
    torn: Floats
    """Share of the height, from the top or bottom, that stands still in a moving picture, (n,)."""
    samples: NDArray[np.int64]
    """Numbers of the frames that were looked at closely, (k,)."""
    detail: Floats
    """Finer over coarser octave, (k,)."""
    noise: Floats
    """Codes, (k,)."""
    blocking: Floats
    """Steps between blocks over steps inside, (k,)."""
    banding: Floats
    """Share of the picture that rises in steps, (k,)."""
    white: Floats
    """Share clipped at the bright end, (k,)."""
    dark: Floats
    """Share clipped at the dark end, (k,)."""
    notes: tuple[str, ...] = ()
    """What the reader of the file had to say."""
    extra: Mapping[str, Floats] = field(default_factory=dict)
    """Further curves by name."""

    @property
    def frames(self) -> int:
        """How many frames were measured."""
        return len(self.times)

    @property
    def seconds(self) -> float:
        """Length of what was measured, the last frame's own time included."""
        if not self.frames:
            return 0.0
        return float(self.times[-1] - self.times[0]) + (1.0 / self.fps if self.fps else 0.0)

    @cached_property
    def joined(self) -> NDArray[np.bool_]:
        """Whether a frame may be compared with the one before it, (n,)."""
        found = np.array([join in NEUTRAL for join in self.joins], bool)
        found[:1] = False
        return found

    @cached_property
    def shots(self) -> tuple[slice, ...]:
        """Stretches of frames without a cut, fade or flash between them, in order."""
        starts = [i for i in range(self.frames) if not self.joined[i]]
        ends = [*starts[1:], self.frames]
        return tuple(slice(a, b) for a, b in zip(starts, ends, strict=True))

    @property
    def cuts(self) -> tuple[float, ...]:
        """Times of the first frames after hard cuts, seconds."""
        return tuple(
            float(time)
            for time, join in zip(self.times[1:], self.joins[1:], strict=True)
            if join == "cut"
        )
