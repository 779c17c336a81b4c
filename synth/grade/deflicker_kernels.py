"""Gains of red, green and blue between two small pictures, and laid onto the planes of a large one.

Gains are of the encoded values: a gain of light is one of those too, as far as the transfer curve
is a power. In 4:2:0 planes that is a 3x3 matrix for each picture, and no picture is made RGB.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.media.colour import WEIGHTS
from synth.media.planes import ColourTags, Planes

GREY: Final = 128.0
"""Code of no colour."""


def yuv_from_rgb(tags: ColourTags) -> NDArray[np.float64]:
    """The (3, 3) matrix from RGB in 0 to 255 to codes above black and above grey.

    ITU-R BT.709-6, section 3, with the weights of the tags' matrix.
    """
    kr, kb = WEIGHTS[tags.matrix]
    kg = 1.0 - kr - kb
    luma, chroma = (1.0, 1.0) if tags.full_range else (219 / 255, 224 / 255)
    cb, cr = chroma / (2 * (1 - kb)), chroma / (2 * (1 - kr))
    return np.array(
        [
            [luma * kr, luma * kg, luma * kb],
            [-cb * kr, -cb * kg, cb * (1 - kb)],
            [cr * (1 - kr), -cr * kg, -cr * kb],
        ]
    )


def black_of(tags: ColourTags) -> float:
    """The code of black."""
    return 0.0 if tags.full_range else 16.0


def apply_gains(planes: Planes, gains: NDArray[np.floating], tags: ColourTags) -> Planes:
    """The 4:2:0 picture with encoded red, green and blue multiplied by ``gains`` (3,).

    Whites that have no room above them keep their level, so that a clipped sky does not grey.
    """
    forward = yuv_from_rgb(tags)
    matrix = forward @ np.diag(np.asarray(gains, np.float64)) @ np.linalg.inv(forward)
    y, u, v = np.empty_like(planes.y), np.empty_like(planes.u), np.empty_like(planes.v)
    _lay(
        planes.y, planes.u, planes.v, matrix.astype(np.float32), np.float32(black_of(tags)), y, u, v
    )  # fmt: skip
    return Planes(y, u, v)


@njit(cache=True, nogil=True, fastmath=True)
def _lay(y, u, v, m, black, out_y, out_u, out_v):
    """Y' = m [Y - black, U - 128, V - 128] + [black, 128, 128], rounded and clipped."""
    rows, columns = u.shape
    zero, white, half = np.float32(0.0), np.float32(255.0), np.float32(0.5)
    grey, quarter = np.float32(128.0), np.float32(0.25)
    for i in range(rows):
        upper, lower = y[2 * i], y[2 * i + 1]
        for j in range(columns):
            a, b = np.float32(u[i, j]) - grey, np.float32(v[i, j]) - grey
            shift = m[0, 1] * a + m[0, 2] * b + black + half
            p, q = np.float32(upper[2 * j]) - black, np.float32(upper[2 * j + 1]) - black
            r, s = np.float32(lower[2 * j]) - black, np.float32(lower[2 * j + 1]) - black
            out_y[2 * i, 2 * j] = np.uint8(min(max(m[0, 0] * p + shift, zero), white))
            out_y[2 * i, 2 * j + 1] = np.uint8(min(max(m[0, 0] * q + shift, zero), white))
            out_y[2 * i + 1, 2 * j] = np.uint8(min(max(m[0, 0] * r + shift, zero), white))
            out_y[2 * i + 1, 2 * j + 1] = np.uint8(min(max(m[0, 0] * s + shift, zero), white))
            mean = (p + q + r + s) * quarter
            blue = m[1, 0] * mean + m[1, 1] * a + m[1, 2] * b + grey + half
            red = m[2, 0] * mean + m[2, 1] * a + m[2, 2] * b + grey + half
            out_u[i, j] = np.uint8(min(max(blue, zero), white))
            out_v[i, j] = np.uint8(min(max(red, zero), white))


_DARK: Final = 14.0
_BRIGHT: Final = 240.0


def log_gains(
    before: NDArray[np.float32], after: NDArray[np.float32]
) -> tuple[NDArray[np.float64], float]:
    """By what the colours of ``after`` are brighter, pixel by pixel aligned with ``before``.

    Args:
        before: RGB in 0 to 255, (H, W, 3).
        after: likewise.

    Returns:
        The log gain of each channel (3,), and the share of the pixels that agree with it, 0 to 1
        (0 where hardly a pixel is between black and white). A median, then twice a mean of what
        lies near it (Tukey's biweight), so that it is finer than a code.
    """
    ratios = np.empty((3, before.shape[0] * before.shape[1]), np.float32)
    count = _ratios(before.reshape(-1, 3), after.reshape(-1, 3), ratios)
    total = ratios.shape[1]
    if count < max(64, total // 50):
        return np.zeros(3), 0.0
    out = np.zeros(3)
    share = 1.0
    for c in range(3):
        found = ratios[c, :count]
        centre = float(np.median(found))
        spread = float(np.median(np.abs(found - centre))) * 1.4826
        width = np.float32(np.clip(4.0 * spread, 0.03, 0.25))
        for _ in range(2):
            centre = float(_biweight(found, np.float32(centre), width))
        out[c] = centre
        agreeing = float((np.abs(found - centre) < 0.06).mean())
        share = min(share, agreeing)
    return out, share * min(1.0, 4.0 * count / total)


@njit(cache=True, nogil=True)
def _ratios(before, after, ratios):
    """Fill the log ratios of pixels that are neither dark nor clipped in either picture."""
    count = 0
    for i in range(before.shape[0]):
        low = min(
            min(before[i, 0], before[i, 1], before[i, 2]),
            min(after[i, 0], after[i, 1], after[i, 2]),
        )
        high = max(
            max(before[i, 0], before[i, 1], before[i, 2]),
            max(after[i, 0], after[i, 1], after[i, 2]),
        )
        if low < _DARK or high > _BRIGHT:
            continue
        for c in range(3):
            ratios[c, count] = np.log(after[i, c] / before[i, c])
        count += 1
    return count


@njit(cache=True, nogil=True)
def _biweight(values, centre, width):
    total, weights = 0.0, 0.0
    for value in values:
        z = (value - centre) / width
        if abs(z) < 1.0:
            w = (1.0 - z * z) ** 2
            total += w * value
            weights += w
    return total / weights if weights > 0.0 else centre
