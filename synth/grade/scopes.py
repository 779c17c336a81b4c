"""Scopes: what a picture's brightness and colours are, as a colourist reads them.

Levels are those of ITU-R BT.709-6: luma is 0.2126 R + 0.7152 G + 0.0722 B of the encoded values,
and a colour's place in the vectorscope is (Cb, Cr) = ((B - Y) / 1.8556, (R - Y) / 1.5748). The
skin-tone line is the +I axis of NTSC, 123 degrees from Cb: faces of every complexion lie along it.
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.errors import InvalidInstruction

ScopeKind: TypeAlias = Literal["waveform", "parade", "vectorscope", "histogram"]

SCOPES: Final[tuple[ScopeKind, ...]] = ("waveform", "parade", "vectorscope", "histogram")

LEVELS: Final = 256
"""Rows of a waveform, places of a histogram, and sides of a vectorscope."""
COLUMNS: Final = 240
"""Columns of a waveform where nothing else is asked for."""
SKIN_TONE: Final = 123.0
"""Direction of the skin-tone line in the vectorscope, degrees from +Cb towards +Cr."""

_BARS: Final = {
    "R": (0.75, 0.0, 0.0), "Yl": (0.75, 0.75, 0.0), "G": (0.0, 0.75, 0.0),
    "Cy": (0.0, 0.75, 0.75), "B": (0.0, 0.0, 0.75), "Mg": (0.75, 0.0, 0.75),
}  # fmt: skip
"""The colours of 75 % colour bars, encoded RGB, which a vectorscope marks with boxes."""
_FAINT: Final = 1.0 / 24
"""Share of an even spread at which a spot of a scope begins to be seen well."""
_TOWER: Final = 4.0
"""How far above nearly all other levels a histogram still reaches, times."""
_STEPS: Final = 24
"""Degrees of light of a scope."""
_INKS: Final = ((255, 96, 88), (96, 224, 128), (104, 150, 255), (226, 228, 224))
"""Of red, green, blue and luma, sRGB."""


@dataclass(frozen=True, eq=False)
class Scopes:
    """Everything that is counted of one picture."""

    waveform: NDArray[np.uint32]
    """Pixels of each luma level in each column, (256, columns); row 0 is black."""
    parade: NDArray[np.uint32]
    """The same of red, green and blue, (3, 256, columns)."""
    vectorscope: NDArray[np.uint32]
    """Pixels of each colour, (256, 256): row is Cr and column Cb, each plus 128."""
    histogram: NDArray[np.uint32]
    """Pixels of each level of red, green, blue and luma, (4, 256)."""

    @property
    def pixels(self) -> int:
        """How many pixels were counted."""
        return int(self.histogram[3].sum())

    @property
    def crushed(self) -> float:
        """Share of the pixels with a channel at 0, of the channel that has most; 0 to 1."""
        return float(self.histogram[:3, 0].max()) / max(1, self.pixels)

    @property
    def clipped(self) -> float:
        """Share of the pixels with a channel at 255, of the channel that has most; 0 to 1."""
        return float(self.histogram[:3, -1].max()) / max(1, self.pixels)


def measure(rgb: NDArray[np.uint8], columns: int = COLUMNS) -> Scopes:
    """Count a picture for all scopes at once.

    Args:
        rgb: uint8 RGB (H, W, 3).
        columns: of the waveform and the parade, 1 and more; a narrower picture has its width.

    Raises ``InvalidInstruction`` for another shape, another type or fewer columns.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or 0 in rgb.shape:
        raise InvalidInstruction(
            f"Scopes are for RGB pictures of 8 bits, shape (H, W, 3), not {rgb.dtype} of shape "
            f"{rgb.shape}. Convert the picture first."
        )
    if columns < 1:
        raise InvalidInstruction(f"columns is {columns}; a waveform has 1 column or more.")
    wide = min(columns, rgb.shape[1])
    waves = np.zeros((wide, 4, LEVELS), np.uint32)
    colours = np.zeros((LEVELS, LEVELS), np.uint32)
    _count(np.ascontiguousarray(rgb), waves, colours)
    levels = waves.transpose(1, 2, 0)
    return Scopes(levels[3], levels[:3], colours, waves.sum(axis=0, dtype=np.uint32))


@njit(cache=True, nogil=True)
def _count(rgb, waves, colours):
    """Add a picture to ``waves`` (columns, 4, 256) and ``colours`` (256, 256)."""
    height, width = rgb.shape[:2]
    columns = waves.shape[0]
    for row in range(height):
        for place in range(width):
            red, green, blue = (
                np.int32(rgb[row, place, 0]),
                np.int32(rgb[row, place, 1]),
                np.int32(rgb[row, place, 2]),
            )
            # BT.709's weights in 65536ths, rounded; they add up to one exactly.
            luma = (13933 * red + 46871 * green + 4732 * blue + 32768) >> 16
            column = place * columns // width
            waves[column, 0, red] += 1
            waves[column, 1, green] += 1
            waves[column, 2, blue] += 1
            waves[column, 3, luma] += 1
            cb = 128 + ((35318 * (blue - luma) + 32768) >> 16)
            cr = 128 + ((41615 * (red - luma) + 32768) >> 16)
            colours[min(max(cr, 0), 255), min(max(cb, 0), 255)] += 1


def colour_place(red: float, green: float, blue: float) -> tuple[float, float]:
    """Where a colour lies in the vectorscope.

    Args:
        red, green, blue: encoded values, 0 to 1.

    Returns:
        Cb and Cr in codes, about -128 to 127.
    """
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return 255 * (blue - luma) / 1.8556, 255 * (red - luma) / 1.5748


def scope_picture(scopes: Scopes, kind: ScopeKind) -> NDArray[np.uint8]:
    """A scope as light on a dark screen, uint8 RGB with brightness upwards.

    The waveform is (256, columns, 3), the parade (256, 3 columns, 3), the vectorscope
    (256, 256, 3) with Cr upwards. Raises ``InvalidInstruction`` for other kinds.
    """
    if kind == "waveform":
        lit = _glow(scopes.waveform)[..., None] * np.array(_INKS[3], np.float32)
    elif kind == "parade":
        parts = [
            _glow(channel)[..., None] * np.array(ink, np.float32)
            for channel, ink in zip(scopes.parade, _INKS, strict=False)
        ]
        lit = np.concatenate(parts, axis=1)
    elif kind == "vectorscope":
        lit = _glow(scopes.vectorscope)[..., None] * _hues()
    else:
        raise InvalidInstruction(
            f"There is no picture of {kind!r}. Ask for waveform, parade or vectorscope."
        )
    return np.ascontiguousarray(np.clip(lit, 0, 255).astype(np.uint8)[::-1])


def plotly_scope(scopes: Scopes, kind: ScopeKind) -> dict[str, Any]:
    """A scope as Plotly takes it: plain values, ``data`` and ``layout``.

    Counts travel as a small PNG below the axes, so that a scope is 5 to 40 kB; hover and axes
    are Plotly's. Raises ``InvalidInstruction`` for a kind that there is not.
    """
    if kind == "histogram":
        return {"data": _histogram_lines(scopes), "layout": _levels_layout("x", _tallest(scopes))}
    if kind not in SCOPES:
        raise InvalidInstruction(f"There is no scope {kind!r}. Choose one of {', '.join(SCOPES)}.")
    source = _png(scope_picture(scopes, kind))
    if kind == "vectorscope":
        return {"data": _graticule(), "layout": _vector_layout(source)}
    return {"data": [], "layout": _wave_layout(source, kind)}


def _glow(counts: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Counts as light, 0 to 1, on a scale that shows the few beside the many."""
    even = float(counts.sum()) / max(1, counts.shape[1])
    if even == 0:
        return np.zeros(counts.shape, np.float32)
    share = counts.astype(np.float32) / np.float32(even * _FAINT)
    light = np.minimum(1.0, np.log1p(share * 6) / np.float32(math.log(7)))
    # Few steps: nobody sees more of them, and noise makes a picture of half the size.
    return (np.ceil(light * _STEPS) / _STEPS).astype(np.float32)


def _hues() -> NDArray[np.float32]:
    """The colour of each place of the vectorscope at middle brightness, (256, 256, 3)."""
    axis = np.arange(LEVELS, dtype=np.float32) - 128
    cb, cr = np.meshgrid(axis, axis)
    red = 150 + 1.5748 * cr
    blue = 150 + 1.8556 * cb
    green = 150 - 0.1873 * cb - 0.4681 * cr
    return np.clip(np.dstack([red, green, blue]), 60, 255)


def _png(picture: NDArray[np.uint8]) -> str:
    done, data = cv2.imencode(
        ".png",
        cv2.cvtColor(picture, cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_PNG_COMPRESSION, 1],
    )
    if not done:
        raise RuntimeError("The scope could not be written as a picture.")
    return "data:image/png;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def _tallest(scopes: Scopes) -> float:
    """Height of the histogram: its highest step, or less where single levels tower over the
    rest, as clipped ones do; those may stand out of it."""
    held = scopes.histogram[scopes.histogram > 0]
    if not held.size:
        return 1.0
    usual = float(np.percentile(held, 95)) * _TOWER
    return max(1.0, min(float(held.max()) * 1.06, usual))


def _histogram_lines(scopes: Scopes) -> list[dict[str, Any]]:
    names = ("Red", "Green", "Blue", "Luma")
    lines = []
    for name, ink, counts in zip(names, _INKS, scopes.histogram, strict=True):
        colour = ", ".join(map(str, ink))
        line: dict[str, Any] = {
            "type": "scatter", "mode": "lines", "name": name, "y": counts.tolist(), "x0": 0,
            "dx": 1, "line": {"color": f"rgb({colour})", "width": 1.2, "shape": "hvh"},
            "hovertemplate": f"{name} %{{x}}: %{{y}} pixels<extra></extra>",
        }  # fmt: skip
        if name != "Luma":
            line |= {"fill": "tozeroy", "fillcolor": f"rgba({colour}, 0.16)"}
        lines.append(line)
    return lines


def _levels_layout(letter: str, tallest: float) -> dict[str, Any]:
    return {
        f"{letter}axis": {"range": [-3, 258], "tickvals": [0, 64, 128, 192, 255]},
        "yaxis": {"range": [0, tallest], "showticklabels": False, "showgrid": False},
    }


def _wave_layout(source: str, kind: ScopeKind) -> dict[str, Any]:
    parts = 3 if kind == "parade" else 1
    return {
        "xaxis": {"range": [0, parts], "visible": False},
        "yaxis": {"range": [-3, 258], "tickvals": [0, 64, 128, 192, 255]},
        "images": [
            {
                "source": source, "xref": "x", "yref": "y", "x": 0, "y": 255.5, "sizex": parts,
                "sizey": 256, "sizing": "stretch", "layer": "below",
            }
        ],
        "shapes": [
            {"type": "line", "xref": "x", "yref": "paper", "x0": part, "x1": part, "y0": 0,
             "y1": 1, "line": {"color": "#363c49", "width": 1}}
            for part in range(1, parts)
        ],
    }  # fmt: skip


def _graticule() -> list[dict[str, Any]]:
    places = {name: colour_place(*rgb) for name, rgb in _BARS.items()}
    angle = math.radians(SKIN_TONE)
    turn = np.linspace(0, 2 * np.pi, 73)
    return [
        {"type": "scatter", "mode": "lines", "hoverinfo": "skip",
         "x": (112 * np.cos(turn)).round(2).tolist(), "y": (112 * np.sin(turn)).round(2).tolist(),
         "line": {"color": "#363c49", "width": 1}},
        {"type": "scatter", "mode": "lines", "name": "Skin tones",
         "x": [0, round(112 * math.cos(angle), 2)], "y": [0, round(112 * math.sin(angle), 2)],
         "line": {"color": "#e0b48f", "width": 1.4}, "hovertemplate": "Skin tones<extra></extra>"},
        {"type": "scatter", "mode": "markers+text", "hoverinfo": "skip",
         "x": [round(place[0], 2) for place in places.values()],
         "y": [round(place[1], 2) for place in places.values()],
         "text": list(places), "textposition": "top center", "textfont": {"size": 10},
         "marker": {"symbol": "square-open", "size": 9, "color": "#8d94a3"}},
    ]  # fmt: skip


def _vector_layout(source: str) -> dict[str, Any]:
    reach = [-128, 128]
    return {
        "xaxis": {"range": reach, "visible": False, "scaleanchor": "y", "constrain": "domain"},
        "yaxis": {"range": reach, "visible": False, "constrain": "domain"},
        "images": [
            {
                "source": source, "xref": "x", "yref": "y", "x": -128.5, "y": 127.5, "sizex": 256,
                "sizey": 256, "sizing": "stretch", "layer": "below",
            }
        ],
    }  # fmt: skip
