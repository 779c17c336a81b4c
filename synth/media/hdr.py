"""High dynamic range and wide colours, brought into the range of ordinary screens.

What a file stores becomes light as its tags say (PQ: SMPTE ST 2084; HLG: ITU-R BT.2100-2, for a
screen of 1000 nits), the light of each channel is rolled off by the curve of ITU-R BT.2390-10,
section 5.4, and BT.2020's or P3's colours become those of BT.709. Colours that BT.709 lacks lose
saturation at the same brightness, not their hue. White on paper, 203 nits (ITU-R BT.2408), ends at
0.91 of white, and what shines brighter keeps its shape above it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import av
import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.errors import InvalidMedia

Kind: TypeAlias = Literal["PQ", "HLG", "wide"]
"""wide: an ordinary range, more than 8 bits, with colours beyond BT.709."""

PAPER: Final = 203.0
"""Light of white paper in HDR, and of white on the screen that is made for; nits."""

USUAL_PEAK: Final = 1000.0
"""Brightest light of a file that does not say, nits."""

_TRANSFERS: Final[dict[int, Kind]] = {16: "PQ", 18: "HLG"}  # ITU-T H.273, table 3
_ORDINARY: Final = (1, 2, 6, 14, 15)
_WHITE: Final = (0.3127, 0.3290)
_BT709: Final = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_PRIMARIES: Final = {
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
"""ITU-T H.273, table 2: BT.2020 and P3 with the white of BT.709."""
_MOST: Final = 10_000.0
_CODES: Final = 65536
_STEPS: Final = 4096
_GAMMA: Final = 2.4  # ITU-R BT.1886


@dataclass(frozen=True)
class Wide:
    """What a frame's numbers mean, where they are not those of an ordinary screen."""

    kind: Kind
    primaries: int = 9
    """Number of ITU-T H.273, table 2."""
    peak: float = USUAL_PEAK
    """Brightest light that was mastered, nits; for PQ alone."""

    @property
    def note(self) -> str:
        """What the user should know."""
        if self.kind == "wide":
            return "The video has wide colours; they were brought into those of BT.709."
        upto = f", up to {self.peak:.0f} nits" if self.kind == "PQ" else ""
        return (
            f"The video is HDR ({self.kind}{upto}); its light was brought into the range of "
            "ordinary screens (SDR, BT.709)."
        )


def wide_of(frame: av.VideoFrame, peak: float = USUAL_PEAK) -> Wide | None:
    """What a frame's tags say; None for an ordinary one.

    ``peak`` is what ``peak_of`` found in the file's first frame.
    """
    kind = _TRANSFERS.get(int(frame.color_trc))
    primaries = int(frame.color_primaries)
    if kind is None:
        # Pictures of 8 bits pass with their tags, and nothing is lost.
        deep = not frame.format.is_rgb and frame.format.components[0].bits > 8
        known = primaries in _PRIMARIES and int(frame.color_trc) in _ORDINARY
        return Wide("wide", primaries) if deep and known else None
    return Wide(kind, primaries if primaries in (1, 12) else 9, peak)


def refuse_unknown(frame: av.VideoFrame, attached: Mapping[str, bytes] | None = None) -> None:
    """Raise ``InvalidMedia`` for HDR whose numbers are no RGB or YCbCr.

    ``attached`` is what hangs on the frame, by FFmpeg's names; asked of the first frame alone.
    """
    name = ""
    hdr = int(frame.color_trc) in _TRANSFERS
    if hdr and int(frame.colorspace) in (14, 15):
        name = "ICtCp"
    elif attached and attached.get("DOVI_METADATA") is not None and not hdr:
        # With PQ or HLG tags, what lies below the Dolby layer is ordinary HDR.
        name = "Dolby Vision"
    if name:
        raise InvalidMedia(
            f"The video is HDR ({name}); its colours would come out wrong. "
            "Export it as SDR (BT.709), HDR10 or HLG and try again."
        )


def peak_of(attached: Mapping[str, bytes]) -> float:
    """The brightest light that a file's first frame tells of, nits.

    ``attached`` holds FFmpeg's structures by name: the mastering screen (SMPTE ST 2086) and the
    content's light level (CTA-861.3).
    """
    peak = 0.0
    screen = attached.get("MASTERING_DISPLAY_METADATA")
    if screen is not None and len(screen) >= 88:
        values = struct.unpack_from("=20i2i", screen)
        above, below, known = values[18], values[19], values[21]
        if known and below > 0:
            peak = above / below
    level = attached.get("CONTENT_LIGHT_LEVEL")
    if level is not None and len(level) >= 4:
        brightest = float(struct.unpack_from("=I", level)[0])
        if brightest > 0:
            peak = min(peak, brightest) if peak > 0 else brightest
    return min(max(peak, PAPER), _MOST) if peak > 0 else USUAL_PEAK


class ToSdr:
    """Brings pictures of one kind to BT.709."""

    def __init__(self, wide: Wide) -> None:
        codes = np.arange(_CODES) / (_CODES - 1)
        # The second table's input is the fourth root of light in shares of the peak.
        self._peak = wide.peak
        if wide.kind == "wide":
            light, tone = codes**_GAMMA, np.zeros(0)
        elif wide.kind == "PQ":
            light, tone = rolled_off(pq_light(codes), wide.peak), np.zeros(0)
        else:
            light = hlg_scene(codes)
            roots = np.linspace(0, 1, _STEPS)
            tone = rolled_off(roots**4 * USUAL_PEAK, USUAL_PEAK)
        self._light = light.astype(np.float32)
        self._tone = tone.astype(np.float32)
        self._matrix = _to_709(wide.primaries).astype(np.float32)
        self._codes = (
            (np.linspace(0, 1, _STEPS) ** 2) ** (1 / _GAMMA) * 255
        ).astype(np.float32)  # fmt: skip

    def convert(self, rgb: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Full-range RGB of 16 bits (H, W, 3) to BT.709 RGB of 8 bits. Releases the GIL."""
        out = np.empty(rgb.shape, np.uint8)
        pixels: Any = np.require(rgb, np.uint16, ["C", "W"])
        _convert(
            pixels.reshape(-1, 3), self._light, self._tone, self._matrix, self._codes,
            out.reshape(-1, 3),
        )  # fmt: skip
        return out


def pq_light(codes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Light in nits of PQ values from 0 to 1; SMPTE ST 2084, equation 4.1."""
    m1, m2, c1, c2, c3 = _PQ
    root = np.asarray(codes, np.float64) ** (1 / m2)
    return _MOST * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)


def pq_code(light: NDArray[np.floating]) -> NDArray[np.float64]:
    """PQ values of light in nits, 0 to 10000; SMPTE ST 2084, equation 5.2."""
    m1, m2, c1, c2, c3 = _PQ
    root = (np.asarray(light, np.float64) / _MOST) ** m1
    return ((c1 + c2 * root) / (1 + c3 * root)) ** m2


_PQ: Final = (2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32)


def hlg_scene(codes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Light of the scene, 0 to 1, of HLG values from 0 to 1; ITU-R BT.2100-2, table 5."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    values = np.asarray(codes, np.float64)
    return np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)


def rolled_off(light: NDArray[np.floating], peak: float) -> NDArray[np.float64]:
    """Light in nits to shares of an ordinary screen's white, 0 to 1.

    Below a knee nothing changes; above it a Hermite curve ends level at the ``peak``.
    """
    top = float(pq_code(np.array(peak)))
    values = np.clip(pq_code(light) / top, 0, 1)
    most = float(pq_code(np.array(PAPER))) / top
    if most >= 1:
        return np.clip(np.asarray(light, np.float64) / PAPER, 0, 1)
    knee = 1.5 * most - 0.5
    t = np.clip((values - knee) / (1 - knee), 0, 1)
    bent = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (-2 * t**3 + 3 * t**2) * most
    )
    values = np.where(values < knee, values, bent)
    return np.clip(pq_light(values * top) / PAPER, 0, 1)


def _to_709(primaries: int) -> NDArray[np.float64]:
    if primaries not in _PRIMARIES:
        return np.eye(3)
    return np.asarray(np.linalg.solve(_xyz(_BT709), _xyz(_PRIMARIES[primaries])), np.float64)


def _xyz(primaries: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Linear RGB to XYZ by SMPTE RP 177."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in (*primaries, _WHITE)]).T
    return columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3])


@njit(cache=True, nogil=True, error_model="numpy")
def _convert(pixels, light, tone, matrix, codes, out):
    zero, one, half = np.float32(0), np.float32(1), np.float32(0.5)
    steps, last = np.float32(codes.shape[0] - 1), codes.shape[0] - 2
    linear = np.empty(3, np.float32)
    for n in range(pixels.shape[0]):
        r, g, b = light[pixels[n, 0]], light[pixels[n, 1]], light[pixels[n, 2]]
        linear[0], linear[1], linear[2] = r, g, b
        if tone.shape[0]:
            # HLG's brightness on the screen goes by that of all three (ITU-R BT.2100-2, OOTF).
            gain = (np.float32(0.2627) * r + np.float32(0.6780) * g + np.float32(0.0593) * b) ** (
                np.float32(0.2)
            )
            for c in range(3):
                place = np.sqrt(np.sqrt(linear[c] * gain)) * steps
                index = min(int(place), last)
                low = tone[index]
                linear[c] = low + min(place - np.float32(index), one) * (tone[index + 1] - low)
            r, g, b = linear[0], linear[1], linear[2]
        for c in range(3):
            linear[c] = matrix[c, 0] * r + matrix[c, 1] * g + matrix[c, 2] * b
        bright = (
            np.float32(0.2126) * linear[0]
            + np.float32(0.7152) * linear[1]
            + np.float32(0.0722) * linear[2]
        )
        low, high = (
            min(linear[0], min(linear[1], linear[2])),
            max(linear[0], max(linear[1], linear[2])),
        )
        # As much colour as fits, at the same brightness.
        keep = one
        if low < zero:
            keep = bright / (bright - low)
        if high > one:
            keep = min(keep, (one - bright) / (high - bright))
        for c in range(3):
            value = min(max(bright + keep * (linear[c] - bright), zero), one)
            place = np.sqrt(value) * steps
            index = min(int(place), last)
            share = place - np.float32(index)
            code = codes[index] + share * (codes[index + 1] - codes[index])
            out[n, c] = np.uint8(code + half)
