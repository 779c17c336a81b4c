"""Finding a patch of one picture in another to a small fraction of a pixel.

Each patch of the first picture is compared directly with the picture at hand, stretched and turned
as the camera's motion predicts, so errors do not add up from frame to frame. Brightness and
contrast may differ. Inverse compositional Gauss-Newton: Baker, Matthews, "Lucas-Kanade 20 years
on", 2004, https://doi.org/10.1023/B:VISI.0000011205.11775.fd; gain and bias as in Evangelidis,
Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization", 2008,
https://doi.org/10.1109/TPAMI.2008.113.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Pyramid = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""A grey picture at full, half and quarter size."""

REACH = 7
"""Half the side of a patch, pixels: patches are 15 x 15."""

_BLUR_SIGMA = 0.9
"""Blur of the compared pictures, pixels: calms coding noise and makes linear sampling exact."""
_SHARED_NOISE = 5.0
"""How many pixels that blur makes share one piece of noise, so far as shifts are concerned."""
_ITERATIONS = 15
_STOP = 0.003
"""A step below this many pixels ends the search."""
_SETTLED = 0.05
"""A search whose last step is longer than this has not found its patch."""
_LARGEST_SHIFT = 6.0
"""Farthest a patch is looked for from its guess, pixels of the coarser picture."""
_LARGEST_STRETCH = 6.0
"""Patches that are magnified, shrunk or foreshortened more than this are not compared."""
_WEAKEST_CONTRAST = 0.7
"""Least standard deviation of a patch that is worth comparing, grey levels."""


@dataclass(frozen=True)
class Alignment:
    """Where N patches were found."""

    pixels: Floats
    """Shape (N, 2), pixels, centres at +0.5."""
    covariances: Floats
    """Shape (N, 2, 2), expected squared error from the patches' texture and noise, pixels^2."""
    correlations: Floats
    """Shape (N,), normalised cross-correlation of the patches, -1 to 1; -1 where not found."""


def build_pyramid(grey: NDArray[np.uint8]) -> Pyramid:
    """Blur a grey picture, shape (H, W), slightly and halve it twice."""
    full = np.asarray(cv2.GaussianBlur(grey.astype(np.float32), (0, 0), _BLUR_SIGMA), np.float32)
    half = np.asarray(cv2.pyrDown(full), np.float32)
    return full, half, np.asarray(cv2.pyrDown(half), np.float32)


@njit(cache=True, nogil=True, fastmath=True)
def _sample(image, x, y):
    """Linear sample at array indices (x, y); the caller keeps them inside."""
    x0 = int(x)
    y0 = int(y)
    fx = x - x0
    fy = y - y0
    top = image[y0, x0] + (image[y0, x0 + 1] - image[y0, x0]) * fx
    low = image[y0 + 1, x0] + (image[y0 + 1, x0 + 1] - image[y0 + 1, x0]) * fx
    return top + (low - top) * fy


@njit(cache=True, nogil=True, fastmath=True)
def _read_patch(image, x, y, warp, out):
    """Fill ``out`` with samples of a warped square centred at (x, y); False if it sticks out."""
    side = out.shape[0]
    half = side // 2
    reach_x = (abs(warp[0, 0]) + abs(warp[0, 1])) * half
    reach_y = (abs(warp[1, 0]) + abs(warp[1, 1])) * half
    if not (x - reach_x >= 0.0 and x + reach_x < image.shape[1] - 1):
        return False
    if not (y - reach_y >= 0.0 and y + reach_y < image.shape[0] - 1):
        return False
    for row in range(side):
        b = row - half
        for column in range(side):
            a = column - half
            out[row, column] = _sample(
                image,
                x + warp[0, 0] * a + warp[0, 1] * b,
                y + warp[1, 0] * a + warp[1, 1] * b,
            )
    return True


@njit(cache=True, nogil=True, fastmath=True)
def _subtract_mean(patch, window, total):
    """Take the weighted mean out of a patch; return its weighted sum of squares."""
    side = patch.shape[0]
    mean = 0.0
    for row in range(side):
        for column in range(side):
            mean += window[row, column] * patch[row, column]
    mean /= total
    squares = 0.0
    for row in range(side):
        for column in range(side):
            patch[row, column] -= mean
            squares += window[row, column] * patch[row, column] ** 2
    return squares


@njit(cache=True, nogil=True, fastmath=True)
def _slopes(wide, template, norm, window, total, across, down):
    """Gradients of a template, less the part that a change of brightness or contrast explains.

    Returns the three entries of the weighted Gauss-Newton matrix.
    """
    side = template.shape[0]
    mean_across = mean_down = gain_across = gain_down = 0.0
    for row in range(side):
        for column in range(side):
            gx = 0.5 * (wide[row + 1, column + 2] - wide[row + 1, column])
            gy = 0.5 * (wide[row + 2, column + 1] - wide[row, column + 1])
            across[row, column] = gx
            down[row, column] = gy
            weight = window[row, column]
            mean_across += weight * gx
            mean_down += weight * gy
            gain_across += weight * gx * template[row, column]
            gain_down += weight * gy * template[row, column]
    mean_across /= total
    mean_down /= total
    gain_across /= norm
    gain_down /= norm
    h00 = h01 = h11 = 0.0
    for row in range(side):
        for column in range(side):
            gx = across[row, column] - mean_across - gain_across * template[row, column]
            gy = down[row, column] - mean_down - gain_down * template[row, column]
            across[row, column] = gx
            down[row, column] = gy
            weight = window[row, column]
            h00 += weight * gx * gx
            h01 += weight * gx * gy
            h11 += weight * gy * gy
    return h00, h01, h11


@njit(cache=True, nogil=True, fastmath=True)
def _compare(patch, gain, template, across, down, window):
    """Gradient of the squared difference of two patches, and the difference itself."""
    side = template.shape[0]
    b0 = b1 = squares = 0.0
    for row in range(side):
        for column in range(side):
            error = patch[row, column] * gain - template[row, column]
            weight = window[row, column]
            b0 += weight * across[row, column] * error
            b1 += weight * down[row, column] * error
            squares += weight * error * error
    return b0, b1, squares


@njit(cache=True, nogil=True, fastmath=True)
def _overlap(patch, template, window):
    """Weighted inner product of two patches."""
    side = template.shape[0]
    cross = 0.0
    for row in range(side):
        for column in range(side):
            cross += window[row, column] * patch[row, column] * template[row, column]
    return cross


@njit(cache=True, nogil=True, fastmath=True)
def _align_all(reference, current, anchors, guesses, affines, window, pixels, spread, alike):
    """Align every patch; positions, covariances and correlations go into the last three arrays."""
    side = window.shape[0]
    wide = np.empty((side + 2, side + 2))
    template = np.empty((side, side))
    patch = np.empty((side, side))
    across = np.empty((side, side))
    down = np.empty((side, side))
    total = window.sum()
    effective = total * total / (window * window).sum()

    for index in range(anchors.shape[0]):
        a = affines[index]
        determinant = a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
        energy = (a * a).sum()
        # energy / (2 determinant) is 1 for a similarity and grows with foreshortening.
        if not (determinant > 1.0 / _LARGEST_STRETCH**2 and energy < 2.0 * _LARGEST_STRETCH**2):
            continue
        if energy > 2.0 * _LARGEST_STRETCH * determinant:
            continue
        # The square grid lies in the coarser picture; the finer one is read through the warp and
        # from a smaller level, so that neither is sampled more sparsely than its detail.
        magnification = math.sqrt(determinant)
        level = min(2, int(abs(math.log2(magnification)) + 0.5))
        c = np.eye(2)
        r = np.eye(2)
        current_level = reference_level = 0
        if magnification >= 1.0:
            c[:] = a
            current_level = level
        else:
            r[0, 0], r[0, 1] = a[1, 1] / determinant, -a[0, 1] / determinant
            r[1, 0], r[1, 1] = -a[1, 0] / determinant, a[0, 0] / determinant
            reference_level = level
        from_picture = reference[reference_level]
        in_picture = current[current_level]
        from_scale = 0.5**reference_level
        in_scale = 0.5**current_level

        x = (anchors[index, 0] - 0.5) * from_scale
        y = (anchors[index, 1] - 0.5) * from_scale
        if not _read_patch(from_picture, x, y, r * from_scale, wide):
            continue
        template[:] = wide[1:-1, 1:-1]
        norm = _subtract_mean(template, window, total)
        if norm < total * _WEAKEST_CONTRAST**2:
            continue
        h00, h01, h11 = _slopes(wide, template, norm, window, total, across, down)
        area = h00 * h11 - h01 * h01
        if not area > 1e-4 * (h00 + h11) ** 2:
            continue

        shift_x = shift_y = variance = 0.0
        correlation = -1.0
        found = False
        for _ in range(_ITERATIONS):
            x = guesses[index, 0] - 0.5 + c[0, 0] * shift_x + c[0, 1] * shift_y
            y = guesses[index, 1] - 0.5 + c[1, 0] * shift_x + c[1, 1] * shift_y
            found = False
            if not _read_patch(in_picture, x * in_scale, y * in_scale, c * in_scale, patch):
                break
            own = _subtract_mean(patch, window, total)
            if own < total * (0.25 * _WEAKEST_CONTRAST) ** 2:
                break
            correlation = _overlap(patch, template, window) / math.sqrt(own * norm)
            b0, b1, squares = _compare(patch, math.sqrt(norm / own), template, across, down, window)
            variance = _SHARED_NOISE * squares / total * effective / (effective - 4.0)
            step_x = -(h11 * b0 - h01 * b1) / area
            step_y = -(h00 * b1 - h01 * b0) / area
            shift_x += step_x
            shift_y += step_y
            if shift_x * shift_x + shift_y * shift_y > _LARGEST_SHIFT**2:
                break
            length = math.sqrt(step_x * step_x + step_y * step_y)
            found = length < _SETTLED
            if length < _STOP:
                break
        if not found:
            continue
        pixels[index, 0] = guesses[index, 0] + c[0, 0] * shift_x + c[0, 1] * shift_y
        pixels[index, 1] = guesses[index, 1] + c[1, 0] * shift_x + c[1, 1] * shift_y
        alike[index] = correlation
        # Covariance of the shift, carried from the grid into the picture.
        s00, s01, s11 = variance * h11 / area, -variance * h01 / area, variance * h00 / area
        t00, t01 = c[0, 0] * s00 + c[0, 1] * s01, c[0, 0] * s01 + c[0, 1] * s11
        t10, t11 = c[1, 0] * s00 + c[1, 1] * s01, c[1, 0] * s01 + c[1, 1] * s11
        spread[index, 0, 0] = t00 * c[0, 0] + t01 * c[0, 1]
        spread[index, 0, 1] = t00 * c[1, 0] + t01 * c[1, 1]
        spread[index, 1, 0] = t10 * c[0, 0] + t11 * c[0, 1]
        spread[index, 1, 1] = t10 * c[1, 0] + t11 * c[1, 1]


def align_patches(
    reference: Pyramid,
    current: Pyramid,
    anchors: Floats,
    guesses: Floats,
    affines: Floats,
) -> Alignment:
    """Find patches of one picture in another.

    Args:
        reference: the picture the patches are from.
        current: the picture to find them in.
        anchors: shape (N, 2), centres of the patches, pixels, centres of pixels at +0.5.
        guesses: shape (N, 2), where to start looking, within about 4 px of the truth.
        affines: shape (N, 2, 2), how a step in the reference appears in the current picture.
    """
    count = len(anchors)
    offsets = np.arange(-REACH, REACH + 1)
    bell = np.exp(-0.5 * (offsets / (0.6 * REACH)) ** 2)
    pixels = np.array(guesses, dtype=np.float64)
    covariances = np.tile(np.eye(2) * 1e6, (count, 1, 1))
    correlations = np.full(count, -1.0)
    _align_all(
        reference,
        current,
        np.ascontiguousarray(anchors, dtype=np.float64),
        np.ascontiguousarray(guesses, dtype=np.float64),
        np.ascontiguousarray(affines, dtype=np.float64),
        np.outer(bell, bell),
        pixels,
        covariances,
        correlations,
    )
    return Alignment(pixels, covariances, correlations)


def warm_up() -> None:
    """Compile the search, so that the first measurement does not wait for it."""
    ramp = (np.add.outer(np.arange(64), np.arange(64)) ** 2 % 251).astype(np.uint8)
    pyramid = build_pyramid(ramp)
    middle = np.array([[32.0, 32.0]])
    align_patches(pyramid, pyramid, middle, middle, np.eye(2)[None])
