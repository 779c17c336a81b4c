"""A look laid on the frames of a clip, one after the other."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.protocol import Frame
from synth.errors import InvalidInstruction
from synth.grade.chain import Chain
from synth.grade.settings import Adjustments
from synth.grade.tables import recipe
from synth.style import look_kernels
from synth.style.look_file import Look
from synth.style.tags import MOST_STRENGTH

_TILE: Final = 1021
"""Side of the piece of grain that is laid about, pixels: it repeats nowhere near."""
_SPREAD: Final = 32.0
"""Noise values of one standard deviation, in the tile."""
_BRIGHT: Final = 0.8
"""Encoded value from which a part spreads light."""
_COARSE: Final = 4
"""Light that spreads is worked out on a frame so many times smaller."""
_BAKED_AFTER: Final = 6_000_000
"""Pixels after which a table of all 8-bit colours pays: it takes as long as they did."""

_LOOK_UP: Any = look_kernels.look_up
_LAY_ON: Any = look_kernels.lay_on


class RunningLook:
    """Lays a look on the frames of one clip; the same frame and index give the same result.

    Order: colours, halation, vignette, grain. Colours go through the look's cube in tetrahedra, as
    in ``synth.grade``; once enough frames were seen, through a table of all 8-bit colours (50 MB)
    that gives the very same. Frames may be given from several threads, in any order.
    """

    def __init__(self, look: Look, strength: float, width: int, height: int, seed: int = 0) -> None:
        """For frames of ``width`` x ``height`` pixels.

        Args:
            look: what to lay on.
            strength: 0 changes nothing, bit for bit; 1 is as learned; up to 2.
            width: pixels across.
            height: pixels down.
            seed: another one gives other grain.

        Raises ``InvalidInstruction`` for a strength outside of 0 to 2.
        """
        if not (math.isfinite(strength) and 0 <= strength <= MOST_STRENGTH):
            raise InvalidInstruction(
                f"The strength of a look is {strength:g}; it must be from 0 to {MOST_STRENGTH:g}."
            )
        self._strength, self._seed = strength, seed
        self._size = width, height
        self._recipe = recipe(Chain(Adjustments()), look.lut(strength))
        self._texture = look.texture
        self._seen = 0
        self._table: NDArray[np.uint8] | None = None
        self._lock = threading.Lock()
        weight = strength * (0 if look.texture.nothing else 1)
        self._shade = _shade(width, height, weight * look.texture.vignette)
        self._glow = np.array(look.texture.halation, np.float32) * np.float32(weight)
        self._amount = _amount(weight * look.texture.grain)
        self._noise = (
            _noise(look.texture.grain_size * height / 1080, seed)
            if self._amount.any()
            else np.zeros((1, 1), np.int8)
        )

    def apply(self, frame: Frame, index: int) -> Frame:
        """The frame (H, W, 3) uint8 with the look; ``index`` is its number in the clip.

        At strength 0 it is the frame itself.
        """
        if self._strength == 0:
            return frame
        out = self._coloured(frame)
        use_glow = bool(self._glow.any())
        use_shade = bool(self._shade.any())
        use_grain = bool(self._amount.any())
        if not (use_glow or use_shade or use_grain):
            return out
        glow = self._spread(out) if use_glow else np.zeros((1, 1, 3), np.uint8)
        rng = np.random.default_rng((self._seed, index))
        top, left = (int(place) for place in rng.integers(0, len(self._noise), 2))

        def work(rows: slice) -> None:
            _LAY_ON(
                out[rows], rows.start, glow, use_glow, self._shade, use_shade, self._noise,
                top, left, self._amount, use_grain,
            )  # fmt: skip

        _halved(work, len(out))
        return out

    def _coloured(self, frame: Frame) -> Frame:
        if self._recipe.at_rest:
            return frame.copy()
        pixels = np.require(frame, requirements=["C", "W"])
        with self._lock:
            self._seen += pixels.size // 3
            if self._table is None and self._seen > _BAKED_AFTER:
                self._table = self._baked()
            table = self._table
        if table is None:
            return self._recipe.picture(pixels)
        out = np.empty_like(pixels)
        _halved(lambda rows: _LOOK_UP(pixels[rows], table, out[rows]), len(out))
        return out

    def _baked(self) -> NDArray[np.uint8]:
        levels = np.arange(256, dtype=np.uint8)
        table = np.empty((256, 256, 256, 3), np.uint8)
        plane = np.empty((256, 256, 3), np.uint8)
        plane[..., 1], plane[..., 2] = levels[:, None], levels[None, :]
        for red in range(256):
            plane[..., 0] = red
            table[red] = self._recipe.picture(plane)
        return table

    def _spread(self, pixels: Frame) -> NDArray[np.uint8]:
        """Light that bright parts spread, (H, W, 3)."""
        width, height = self._size
        small = (max(1, width // _COARSE), max(1, height // _COARSE))
        coarse = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
        bright = highlights(np.asarray(coarse, np.float32) / np.float32(255))
        sigma = max(self._texture.halation_size * small[1], 0.3)
        soft = cv2.GaussianBlur(bright, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        tinted = np.rint(np.clip(soft[..., None] * self._glow, 0, 1) * 255).astype(np.uint8)
        return np.asarray(cv2.resize(tinted, self._size, interpolation=cv2.INTER_LINEAR), np.uint8)


def highlights(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each pixel of encoded RGB (H, W, 3), 1 at white, is one that spreads light, (H, W).

    0 up to four fifths of white, 1 at white; the darkest channel counts, so that strong colours
    do not glow.
    """
    return np.clip((rgb.min(axis=2) - np.float32(_BRIGHT)) / np.float32(1 - _BRIGHT), 0, 1)


def _halved(work: Any, rows: int) -> None:
    """Work on the upper and lower half of a picture at once."""
    if rows < 2:
        work(slice(0, rows))
        return
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (slice(0, rows // 2), slice(rows // 2, rows))))


def _shade(width: int, height: int, amount: float) -> NDArray[np.float32]:
    """What rows, then columns, take from the light: together ``amount`` in the corners."""
    down = (np.arange(height) + 0.5) / height * 2 - 1
    across = (np.arange(width) + 0.5) / width * 2 - 1
    total = width**2 + height**2
    parts = [down**2 * height**2, across**2 * width**2]
    shade = np.concatenate(parts) * min(amount, 1.0) / total
    return np.asarray(shade, np.float32)


def _amount(grain: float) -> NDArray[np.float32]:
    """How much of the noise each brightness gets: film shows its grain in the middle tones."""
    level = np.arange(256) / 255
    weight = np.sqrt(np.clip(4 * level * (1 - level), 0, 1))
    return np.asarray(weight * grain / _SPREAD, np.float32)


def _noise(sigma: float, seed: int) -> NDArray[np.int8]:
    """A tile of grain that fits to itself."""
    rng = np.random.default_rng((seed, 20))
    noise = rng.standard_normal((_TILE, _TILE)).astype(np.float32)
    reach = 16
    wide = np.pad(noise, reach, mode="wrap")
    soft = cv2.GaussianBlur(wide, (0, 0), min(max(sigma, 0.2), 4.0))[reach:-reach, reach:-reach]
    soft = (soft - soft.mean()) / soft.std()
    return np.clip(np.rint(soft * _SPREAD), -127, 127).astype(np.int8)
