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
_ITERATIONS = 15
_STOP = 0.003
"""A step below this many pixels ends the search."""
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
    full = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), _BLUR_SIGMA)
    half = cv2.pyrDown(full)
    return full, half, cv2.pyrDown(half)


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
def _read_patch(image, x, y, m00, m01, m10, m11, out):
    """Fill ``out`` with samples of a warped square centred at (x, y); False if it sticks out."""
    side = out.shape[0]
    half = side // 2
    width_across = (abs(m00) + abs(m01)) * half
    width_down = (abs(m10) + abs(m11)) * half
    if x - width_across < 0.0 or x + width_across >= image.shape[1] - 1:
        return False
    if y - width_down < 0.0 or y + width_down >= image.shape[0] - 1:
        return False
    for row in range(side):
        b = row - half
        for column in range(side):
            a = column - half
            out[row, column] = _sample(image, x + m00 * a + m01 * b, y + m10 * a + m11 * b)
    return True


@njit(cache=True, nogil=True, fastmath=True)
def _align_all(
    reference0, reference1, reference2, current0, current1, current2,
    anchors, guesses, affines, window, pixels, covariances, correlations,
):  # fmt: skip
    """Align every patch; results go into the last three arrays."""
    side = window.shape[0]
    template_wide = np.empty((side + 2, side + 2))
    template = np.empty((side, side))
    patch = np.empty((side, side))
    across = np.empty((side, side))
    down = np.empty((side, side))
    total = 0.0
    effective = 0.0
    for row in range(side):
        for column in range(side):
            total += window[row, column]
            effective += window[row, column] ** 2
    effective = total * total / effective

    for index in range(anchors.shape[0]):
        correlations[index] = -1.0
        a00, a01 = affines[index, 0, 0], affines[index, 0, 1]
        a10, a11 = affines[index, 1, 0], affines[index, 1, 1]
        determinant = a00 * a11 - a01 * a10
        energy = a00 * a00 + a01 * a01 + a10 * a10 + a11 * a11
        if not determinant > 1e-6 or not energy < 2.0 * _LARGEST_STRETCH**2:
            continue
        # The sum of the squared singular values over twice their product: 1 for a similarity.
        if energy > _LARGEST_STRETCH * 2.0 * determinant:
            continue
        magnification = math.sqrt(determinant)
        if magnification < 1.0 / _LARGEST_STRETCH:
            continue
        # The square grid lies in the coarser picture; the finer one is read through the warp and
        # from a smaller level, so that neither is sampled more sparsely than its detail.
        grow = magnification >= 1.0
        level = min(2, int(abs(math.log2(magnification)) + 0.5))
        if grow:
            c00, c01, c10, c11 = a00, a01, a10, a11
            r00, r01, r10, r11 = 1.0, 0.0, 0.0, 1.0
        else:
            c00, c01, c10, c11 = 1.0, 0.0, 0.0, 1.0
            r00, r01 = a11 / determinant, -a01 / determinant
            r10, r11 = -a10 / determinant, a00 / determinant
        reference = reference0
        current = current0
        reference_scale = 1.0
        current_scale = 1.0
        if level == 1:
            if grow:
                current = current1
                current_scale = 0.5
            else:
                reference = reference1
                reference_scale = 0.5
        elif level == 2:
            if grow:
                current = current2
                current_scale = 0.25
            else:
                reference = reference2
                reference_scale = 0.25

        if not _read_patch(
            reference,
            (anchors[index, 0] - 0.5) * reference_scale,
            (anchors[index, 1] - 0.5) * reference_scale,
            r00 * reference_scale, r01 * reference_scale,
            r10 * reference_scale, r11 * reference_scale,
            template_wide,
        ):  # fmt: skip
            continue
        mean = 0.0
        for row in range(side):
            for column in range(side):
                template[row, column] = template_wide[row + 1, column + 1]
                mean += window[row, column] * template[row, column]
        mean /= total
        norm = 0.0
        for row in range(side):
            for column in range(side):
                template[row, column] -= mean
                norm += window[row, column] * template[row, column] ** 2
        if norm < total * _WEAKEST_CONTRAST**2:
            continue
        # Gradients with the part taken out that a change of brightness or contrast explains.
        mean_across = mean_down = gain_across = gain_down = 0.0
        for row in range(side):
            for column in range(side):
                gx = 0.5 * (template_wide[row + 1, column + 2] - template_wide[row + 1, column])
                gy = 0.5 * (template_wide[row + 2, column + 1] - template_wide[row, column + 1])
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
        area = h00 * h11 - h01 * h01
        if not area > 1e-4 * (h00 + h11) ** 2:
            continue

        shift_x = shift_y = 0.0
        correlation = -1.0
        variance = 0.0
        found = False
        for _ in range(_ITERATIONS):
            x = guesses[index, 0] - 0.5 + c00 * shift_x + c01 * shift_y
            y = guesses[index, 1] - 0.5 + c10 * shift_x + c11 * shift_y
            if not _read_patch(
                current, x * current_scale, y * current_scale,
                c00 * current_scale, c01 * current_scale,
                c10 * current_scale, c11 * current_scale,
                patch,
            ):  # fmt: skip
                found = False
                break
            mean = 0.0
            for row in range(side):
                for column in range(side):
                    mean += window[row, column] * patch[row, column]
            mean /= total
            own = 0.0
            cross = 0.0
            for row in range(side):
                for column in range(side):
                    value = patch[row, column] - mean
                    patch[row, column] = value
                    own += window[row, column] * value * value
                    cross += window[row, column] * value * template[row, column]
            if own < total * (0.25 * _WEAKEST_CONTRAST) ** 2:
                found = False
                break
            correlation = cross / math.sqrt(own * norm)
            gain = math.sqrt(norm / own)
            b0 = b1 = squares = 0.0
            for row in range(side):
                for column in range(side):
                    error = patch[row, column] * gain - template[row, column]
                    weight = window[row, column]
                    b0 += weight * across[row, column] * error
                    b1 += weight * down[row, column] * error
                    squares += weight * error * error
            variance = squares / total * effective / max(effective - 4.0, 1.0)
            step_x = -(h11 * b0 - h01 * b1) / area
            step_y = -(h00 * b1 - h01 * b0) / area
            shift_x += step_x
            shift_y += step_y
            length = math.sqrt(step_x * step_x + step_y * step_y)
            found = length < 0.05
            if shift_x * shift_x + shift_y * shift_y > _LARGEST_SHIFT**2:
                found = False
                break
            if length < _STOP:
                break
        if not found:
            continue
        pixels[index, 0] = guesses[index, 0] + c00 * shift_x + c01 * shift_y
        pixels[index, 1] = guesses[index, 1] + c10 * shift_x + c11 * shift_y
        correlations[index] = correlation
        # Covariance of the shift, carried from the grid into the picture: C S C^T.
        s00 = variance * h11 / area
        s01 = -variance * h01 / area
        s11 = variance * h00 / area
        t00 = c00 * s00 + c01 * s01
        t01 = c00 * s01 + c01 * s11
        t10 = c10 * s00 + c11 * s01
        t11 = c10 * s01 + c11 * s11
        covariances[index, 0, 0] = t00 * c00 + t01 * c01
        covariances[index, 0, 1] = t00 * c10 + t01 * c11
        covariances[index, 1, 0] = t10 * c00 + t11 * c01
        covariances[index, 1, 1] = t10 * c10 + t11 * c11


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
        *reference,
        *current,
        np.ascontiguousarray(anchors, dtype=np.float64),
        np.ascontiguousarray(guesses, dtype=np.float64),
        np.ascontiguousarray(affines, dtype=np.float64),
        np.outer(bell, bell),
        pixels,
        covariances,
        correlations,
    )
    return Alignment(pixels, covariances, correlations)
