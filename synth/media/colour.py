"""RGB frames to the planes a video codec takes, by default BT.709, limited range.

The matrix and the limited range are those of ITU-R BT.709-6, section 3. Chroma samples stand on
the even columns and, in 4:2:0, midway between two rows: that is where H.264 and VP9 decoders put
them when a file does not say otherwise (H.264 Annex E, chroma_sample_loc_type 0). So colour is
filtered with (1 2 1)/4 across and (1 1)/2 down, which has no half-pixel shift, where the usual
average of a 2x2 box has one.

Everything is 16-bit fixed point in 32-bit integers; the result is within one level of the
exact value. Written straight into the encoder's frame, it costs an eighth of FFmpeg's scaler.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import av
import numpy as np
from numba import njit
from numpy.typing import NDArray

WEIGHTS: Final = MappingProxyType(
    {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}
)
"""Kr and Kb of each matrix: ITU-R BT.601-7, BT.709-6 and BT.2020-2."""
_SHIFT: Final = 16


def _fixed(value: float) -> int:
    return round(value * (1 << _SHIFT))


def _coefficients(
    luma: float, chroma: float, matrix: str = "bt709", black: int = 16
) -> tuple[int, ...]:
    """Rows Y, Cb, Cr for outputs that span ``luma`` and ``chroma`` levels, and black's level."""
    kr, kb = WEIGHTS[matrix]
    kg = 1 - kr - kb
    cb = chroma / 255 / (2 * (1 - kb))
    cr = chroma / 255 / (2 * (1 - kr))
    green, blue = _fixed(-kg * cb), _fixed((1 - kb) * cb)
    red, green_r = _fixed((1 - kr) * cr), _fixed(-kg * cr)
    # The chroma rows must sum to zero, so that grey stays exactly neutral.
    return (
        _fixed(luma / 255 * kr),
        _fixed(luma / 255 * kg),
        _fixed(luma / 255 * kb),
        -green - blue,
        green,
        blue,
        red,
        green_r,
        -red - green_r,
        black,
    )


_Y10: Final = _coefficients(876, 896, black=64)


@njit(cache=True, nogil=True, fastmath=True)
def _to_420(rgb, y, u, v, k):
    """Fill 8-bit planes from ``rgb`` (H, 3W); planes are even-sized, edges replicated."""
    height = rgb.shape[0]
    width = rgb.shape[1] // 3
    half = (width + 1) // 2
    one = np.int32(1 << (_SHIFT - 1))
    luma_offset = np.int32((k[9] << _SHIFT) + one)
    chroma_offset = np.int32((128 << (_SHIFT + 3)) + (one << 3))
    top = np.int32(255)  # the strongest full-range blue and red round to 256
    yr, yg, yb = np.int32(k[0]), np.int32(k[1]), np.int32(k[2])
    ur, ug, ub = np.int32(k[3]), np.int32(k[4]), np.int32(k[5])
    vr, vg, vb = np.int32(k[6]), np.int32(k[7]), np.int32(k[8])
    shift, chroma_shift = np.int32(_SHIFT), np.int32(_SHIFT + 3)
    # Sums of two rows, one entry wider on each side for the three-tap filter.
    red = np.empty(2 * half + 1, np.uint16)
    green = np.empty(2 * half + 1, np.uint16)
    blue = np.empty(2 * half + 1, np.uint16)
    for j in range((height + 1) // 2):
        upper = rgb[2 * j]
        lower = rgb[min(2 * j + 1, height - 1)]
        y_upper = y[2 * j]
        y_lower = y[2 * j + 1]
        for x in range(width):
            r, g, b = np.int32(upper[3 * x]), np.int32(upper[3 * x + 1]), np.int32(upper[3 * x + 2])
            y_upper[x] = np.uint8((yr * r + yg * g + yb * b + luma_offset) >> shift)
            red[x + 1] = np.uint16(r)
            green[x + 1] = np.uint16(g)
            blue[x + 1] = np.uint16(b)
        for x in range(width):
            r, g, b = np.int32(lower[3 * x]), np.int32(lower[3 * x + 1]), np.int32(lower[3 * x + 2])
            y_lower[x] = np.uint8((yr * r + yg * g + yb * b + luma_offset) >> shift)
            red[x + 1] += np.uint16(r)
            green[x + 1] += np.uint16(g)
            blue[x + 1] += np.uint16(b)
        red[0], green[0], blue[0] = red[1], green[1], blue[1]
        if width % 2:
            red[width + 1] = red[width]
            green[width + 1] = green[width]
            blue[width + 1] = blue[width]
            y_upper[width] = y_upper[width - 1]
            y_lower[width] = y_lower[width - 1]
        u_row = u[j]
        v_row = v[j]
        for c in range(half):
            r = np.int32(red[2 * c]) + 2 * np.int32(red[2 * c + 1]) + np.int32(red[2 * c + 2])
            g = np.int32(green[2 * c]) + 2 * np.int32(green[2 * c + 1]) + np.int32(green[2 * c + 2])
            b = np.int32(blue[2 * c]) + 2 * np.int32(blue[2 * c + 1]) + np.int32(blue[2 * c + 2])
            cb = (ur * r + ug * g + ub * b + chroma_offset) >> chroma_shift
            cr = (vr * r + vg * g + vb * b + chroma_offset) >> chroma_shift
            u_row[c] = np.uint8(min(cb, top))
            v_row[c] = np.uint8(min(cr, top))


@njit(cache=True, nogil=True, fastmath=True)
def _to_422_10(rgb, y, u, v, k):
    """Fill 10-bit planes from ``rgb`` (H, 3W); planes have even sizes, edges replicated."""
    height = rgb.shape[0]
    width = rgb.shape[1] // 3
    half = (width + 1) // 2
    one = np.int32(1 << (_SHIFT - 1))
    luma_offset = np.int32((k[9] << _SHIFT) + one)
    chroma_offset = np.int32((512 << (_SHIFT + 2)) + (one << 2))
    yr, yg, yb = np.int32(k[0]), np.int32(k[1]), np.int32(k[2])
    ur, ug, ub = np.int32(k[3]), np.int32(k[4]), np.int32(k[5])
    vr, vg, vb = np.int32(k[6]), np.int32(k[7]), np.int32(k[8])
    shift, chroma_shift = np.int32(_SHIFT), np.int32(_SHIFT + 2)
    red = np.empty(2 * half + 1, np.uint16)
    green = np.empty(2 * half + 1, np.uint16)
    blue = np.empty(2 * half + 1, np.uint16)
    for j in range(height + height % 2):
        row = rgb[min(j, height - 1)]
        y_row = y[j]
        for x in range(width):
            r, g, b = np.int32(row[3 * x]), np.int32(row[3 * x + 1]), np.int32(row[3 * x + 2])
            y_row[x] = np.uint16((yr * r + yg * g + yb * b + luma_offset) >> shift)
            red[x + 1] = np.uint16(r)
            green[x + 1] = np.uint16(g)
            blue[x + 1] = np.uint16(b)
        red[0], green[0], blue[0] = red[1], green[1], blue[1]
        if width % 2:
            red[width + 1] = red[width]
            green[width + 1] = green[width]
            blue[width + 1] = blue[width]
            y_row[width] = y_row[width - 1]
        u_row = u[j]
        v_row = v[j]
        for c in range(half):
            r = np.int32(red[2 * c]) + 2 * np.int32(red[2 * c + 1]) + np.int32(red[2 * c + 2])
            g = np.int32(green[2 * c]) + 2 * np.int32(green[2 * c + 1]) + np.int32(green[2 * c + 2])
            b = np.int32(blue[2 * c]) + 2 * np.int32(blue[2 * c + 1]) + np.int32(blue[2 * c + 2])
            u_row[c] = np.uint16((ur * r + ug * g + ub * b + chroma_offset) >> chroma_shift)
            v_row[c] = np.uint16((vr * r + vg * g + vb * b + chroma_offset) >> chroma_shift)


def even(length: int) -> int:
    """The next even number, at least ``length``."""
    return length + length % 2


def fill_420(
    pixels: NDArray[np.uint8],
    planes: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]],
    *,
    matrix: str = "bt709",
    full_range: bool = False,
) -> None:
    """Write uint8 RGB (H, W, 3), full range, into 8-bit planes y, u, v in 4:2:0.

    The planes have at least the even sizes above H and W, and half of those; the last row and
    column are repeated into the padding. ``matrix`` is a name from ``WEIGHTS``. Releases the GIL.
    """
    luma, chroma, black = (255, 255, 0) if full_range else (219, 224, 16)
    _to_420(_flat(pixels), *planes, _coefficients(luma, chroma, matrix, black))


def to_video_frame(
    pixels: NDArray[np.uint8],
    pixel_format: str,
    *,
    matrix: str = "bt709",
    full_range: bool = False,
) -> av.VideoFrame:
    """A new encoder frame with the pixels of ``pixels``, which may be changed afterwards.

    ``pixels`` is uint8 RGB (H, W, 3), full range. ``pixel_format`` is "yuv420p" (written with
    ``matrix`` and in ``full_range`` or not), "yuv422p10le" (BT.709, limited range), both padded
    to even sizes by repeating the last row or column, or "gbrp" (a plain copy in three planes,
    size unchanged). Releases the GIL while it works.
    """
    height, width = pixels.shape[:2]
    if pixel_format == "gbrp":
        frame = av.VideoFrame(width, height, "gbrp")
        for index, channel in enumerate((1, 2, 0)):
            frame_plane(frame, index)[:, :width] = pixels[:, :, channel]
        return frame
    frame = av.VideoFrame(even(width), even(height), pixel_format)
    if pixel_format == "yuv420p":
        y, u, v = (frame_plane(frame, index) for index in range(3))
        fill_420(pixels, (y, u, v), matrix=matrix, full_range=full_range)
    elif pixel_format == "yuv422p10le":
        y, u, v = (frame_plane(frame, index, np.uint16) for index in range(3))
        _to_422_10(_flat(pixels), y, u, v, _Y10)
    else:
        raise ValueError(f"No conversion to {pixel_format!r}.")
    return frame


def _flat(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    flat = np.ascontiguousarray(pixels).reshape(height, width * 3)
    # numba would compile everything again for read-only input
    return flat if flat.flags.writeable else flat.copy()


def frame_plane(frame: av.VideoFrame, index: int, dtype: type[np.generic] = np.uint8) -> NDArray:
    """A writable view (rows, line size) of one plane of a frame, padding columns included."""
    plane = frame.planes[index]
    values = np.frombuffer(plane, dtype)  # type: ignore[arg-type]
    return values.reshape(plane.height, plane.line_size // np.dtype(dtype).itemsize)
