"""Depth of field, shutter blur, vignette and grain on rendered frames.

Light adds up in linear light, so the two blurs work on decoded sRGB; vignette is optical and does
the same; grain belongs to the print and works on the encoded frame.
"""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

APERTURE_DIAMETER = 0.25
"""Diameter of the lens opening at aperture 1, scene units."""

GRAIN_STRENGTH = 14.0
"""Standard deviation of the grain in mid grey at grain 1, code values."""

LINEAR_STEPS = 4095
"""Resolution of linear light between black and white."""

BLUR_STEPS = (0.0, 1.5, 3.0, 6.0, 12.0, 24.0)
"""Disc radii between which depth of field interpolates, pixels at 1280 wide."""


def linear_table() -> NDArray[np.uint16]:
    """sRGB code value (256) to linear light, 0 to `LINEAR_STEPS`. IEC 61966-2-1."""
    code = np.arange(256) / 255.0
    linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return np.rint(linear * LINEAR_STEPS).astype(np.uint16)


def encoded_table() -> NDArray[np.uint8]:
    """Linear light (0 to `LINEAR_STEPS`) to sRGB code value."""
    linear = np.arange(LINEAR_STEPS + 1) / LINEAR_STEPS
    code = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(code * 255.0).astype(np.uint8)


LARGEST_KERNEL = 3.0
"""Blurs with a larger radius than this are made at half the size, or half of that, and so on:
the blur itself hides it."""

_Plane = NDArray[np.float32]


@njit(cache=True, nogil=True)
def accumulate(frame, table, total):  # pragma: no cover - compiled
    """Add a frame's linear light to `total`, uint32, shape (H, W, 3)."""
    source = frame.reshape(-1)
    sums = total.reshape(-1)
    for index in range(source.shape[0]):
        sums[index] += table[source[index]]


@njit(cache=True, nogil=True)
def average(total, count, table):  # pragma: no cover - compiled
    """The mean of `count` accumulated frames, encoded, uint8, shape (H, W, 3)."""
    frame = np.empty(total.shape, np.uint8)
    result = frame.reshape(-1)
    sums = total.reshape(-1)
    half = count // 2
    for index in range(sums.shape[0]):
        result[index] = table[(sums[index] + half) // count]
    return frame


class DepthOfField:
    """Blurs a frame by its depth the way a thin lens does.

    What lies behind the focus is gathered from unfocused pixels only, so that a sharp subject does
    not bleed into the background; what lies in front spreads over its own outline. The blur is a
    disc, cross-faded between a few radii. Circle of confusion: thin-lens equation, as in Potmesil
    and Chakravarty 1981 (https://doi.org/10.1145/965161.806818).
    """

    def __init__(self, width: int, height: int) -> None:
        """Prepare for frames of ``width`` x ``height`` pixels."""
        self._size = (width, height)
        self._steps = tuple(step * max(width, height) / 1280.0 for step in BLUR_STEPS)
        self._decode = linear_table().astype(np.float32)
        self._encode = encoded_table()

    def apply(
        self,
        frame: NDArray[np.uint8],
        nearness: NDArray[np.float32],
        aperture: float,
        focus_distance: float,
        focal: float,
    ) -> NDArray[np.uint8]:
        """Blur `frame` (H, W, 3).

        Args:
            frame: sRGB.
            nearness: inverse depth of each pixel, 1 / scene units, (H, W).
            aperture: 0 to 1.
            focus_distance: scene units from this camera.
            focal: focal length, pixels.
        """
        diameter = aperture * APERTURE_DIAMETER * focal
        radius = (nearness - np.float32(1.0 / focus_distance)) * np.float32(diameter / 2.0)
        light = self._decode[frame]
        sizes: list[tuple[_Plane, ...]] = [(light, radius)]
        while self._steps[-1] / 2 ** (len(sizes) - 1) > LARGEST_KERNEL:
            half = tuple(-(-length // 2) for length in sizes[-1][1].shape[::-1])
            sizes.append(tuple(_resized(plane, half) for plane in sizes[-1]))
        result = self._near(self._far(light, radius, sizes), radius, sizes)
        return self._encode[np.clip(np.rint(result), 0, LINEAR_STEPS).astype(np.uint16)]

    def _far(self, light: _Plane, radius: _Plane, sizes: list[tuple[_Plane, ...]]) -> _Plane:
        """Cross-fade what lies behind the focus to its blurred versions."""
        result = light
        blurriest = float(-radius.min())
        for low, high in itertools.pairwise(self._steps):
            if blurriest <= low:
                break
            pixels, depth, kernel = self._at_size(sizes, high)
            weight = np.clip(-depth / np.float32(high), 0.02, 1.0)
            both = _disc(np.dstack([pixels * weight[..., None], weight]), kernel)
            mean = np.asarray(both[..., :3] / np.maximum(both[..., 3:], 1e-4), np.float32)
            blurred = _resized(mean, self._size)
            share = np.clip((-radius - low) / (high - low), 0.0, 1.0)[..., None]
            result = result + (blurred - result) * share
        return np.asarray(result, np.float32)

    def _near(self, behind: _Plane, radius: _Plane, sizes: list[tuple[_Plane, ...]]) -> _Plane:
        """Spread what stands in front of the focus over its outline."""
        result = behind
        blurriest = float(radius.max())
        following = (*self._steps[2:], math.inf)
        for low, high, beyond in zip(self._steps[:-1], self._steps[1:], following, strict=True):
            if blurriest <= low:
                break
            pixels, depth, kernel = self._at_size(sizes, high)
            # A tent around each radius; the tents of neighbouring radii add up to one.
            cover = np.clip((depth - low) / (high - low), 0.0, 1.0)
            if math.isfinite(beyond):
                cover = np.minimum(cover, np.clip((beyond - depth) / (beyond - high), 0.0, 1.0))
            spread = _disc(np.dstack([pixels * cover[..., None], cover]), kernel)
            spread = _resized(spread, self._size)
            result = result * (1.0 - np.clip(spread[..., 3:], 0.0, 1.0)) + spread[..., :3]
        return np.asarray(result, np.float32)

    def _at_size(
        self, sizes: list[tuple[_Plane, ...]], radius: float
    ) -> tuple[_Plane, _Plane, float]:
        """Light, signed radius and kernel radius at the size where a blur is cheap to make."""
        index = 0
        while radius / 2**index > LARGEST_KERNEL and index < len(sizes) - 1:
            index += 1
        return sizes[index][0], sizes[index][1], radius / 2**index


def _resized(plane: _Plane, size: tuple[int, ...]) -> _Plane:
    """A plane at another size (width, height): averaged when smaller, smooth when larger."""
    if plane.shape[1::-1] == size:
        return plane
    smaller = size[0] < plane.shape[1]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (size[0], size[1]), interpolation=way), np.float32)


def _disc(planes: _Plane, radius: float) -> _Plane:
    """Convolve with a disc of this radius in pixels."""
    size = math.ceil(radius)
    offsets = np.arange(-size, size + 1)
    distance = np.hypot(offsets[:, None], offsets[None, :])
    kernel = np.clip(radius + 0.5 - distance, 0.0, 1.0).astype(np.float32)
    blurred = cv2.filter2D(
        np.asarray(planes, np.float32), -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(blurred, np.float32)


class Print:
    """Vignette and grain, the last things that happen to a frame."""

    def __init__(self, width: int, height: int, vignette: float, grain: float, seed: int) -> None:
        """Prepare for frames of ``width`` x ``height``; vignette and grain from 0 to 1."""
        x = (np.arange(width) + 0.5) / width * 2.0 - 1.0
        y = (np.arange(height) + 0.5) / height * 2.0 - 1.0
        reach = (x[None, :] ** 2 + y[:, None] ** 2) / 2.0
        # Natural falloff is cos^4 of the field angle; corners at 45 degrees lose three quarters.
        falloff = (1.0 / (1.0 + reach)) ** 2
        self._gain = np.power(1.0 + vignette * (falloff - 1.0), 1 / 2.2).astype(np.float32)
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((height + 64, width + 64)).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), 0.6 * max(1.0, max(width, height) / 1280.0))
        noise *= GRAIN_STRENGTH * grain / max(float(noise.std()), 1e-6)
        self._noise = np.clip(np.rint(noise * 2.0), -127, 127).astype(np.int8)
        self._seed = seed
        self.active = vignette > 0.0 or grain > 0.0

    def apply(self, frame: NDArray[np.uint8], index: int) -> NDArray[np.uint8]:
        """Darken corners and add the grain of frame number `index`; changes `frame` in place."""
        rng = np.random.default_rng((self._seed, index))
        top, left = (int(value) for value in rng.integers(0, 64, 2))
        _develop(frame, self._gain, self._noise, top, left, bool(rng.integers(0, 2)))
        return frame


@njit(cache=True, nogil=True)
def _develop(frame, gain, noise, top, left, negate):  # pragma: no cover - compiled
    height, width, _ = frame.shape
    sign = np.float32(-0.5 if negate else 0.5)
    for row in range(height):
        for column in range(width):
            grain = sign * noise[row + top, column + left]
            brightness = frame[row, column, 1] * np.float32(1.0 / 255.0)
            # Strongest in the middle tones, gone in clear white and deep black.
            grain *= np.float32(0.35) + np.float32(2.6) * brightness * (
                np.float32(1.0) - brightness
            )
            for channel in range(3):
                value = frame[row, column, channel] * gain[row, column] + grain
                frame[row, column, channel] = min(max(int(value + np.float32(0.5)), 0), 255)
