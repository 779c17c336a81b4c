"""Where the new frames are in doubt, over time: numbers for Plotly, and the figure itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from synth.flow.model import Join

_POINTS = 1200
"""Points drawn at most: more than a screen is wide."""
_APART = 0.5
"""Seconds between two worst moments at least."""
_WORTH_A_LOOK = 0.02
"""Share of the picture below which no moment is called bad."""
_STANDS_OUT = 0.15
"""Share of the highest peak by which a bad moment rises over what lies around it."""
_TOGETHER = 0.25
"""Seconds between two joins of one kind that are drawn as one."""
_MANY = 24
"""Joins from which their lines are drawn faintly."""
_LOWEST_TOP = 10.0
"""Percent that the vertical axis reaches at least: a good clip looks good."""
_STEPS: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_TICKS = 8
_TINTS: Final = {"cut": "#63b3f5", "fade": "#d9a6ff", "flash": "#f2e07a"}
_WORDS: Final = {"cut": "Cut, kept sharp", "fade": "Fade, not mixed", "flash": "Flash, not mixed"}


@dataclass(frozen=True)
class Mark:
    """A stretch of the clip that was not interpolated on purpose."""

    join: Join
    """"cut", "fade" or "flash"."""
    start: float
    """Seconds."""
    end: float
    """Seconds; equal to ``start`` for a single moment."""


@dataclass(frozen=True)
class DoubtCurve:
    """How sure the interpolation was, over the time of the new clip."""

    times: NDArray[np.float64]
    """Seconds, rising."""
    doubts: NDArray[np.float64]
    """Share of the picture in doubt, 0 to 1, as ``times``."""
    marks: tuple[Mark, ...]
    """Cuts, fades and flashes."""
    worst: tuple[tuple[float, float], ...]
    """Time and doubt of the worst moments, the worst first; empty for a clip without any."""
    seconds: float
    """Length of the clip."""

    def figure(self, *, height: int = 200) -> dict[str, Any]:
        """The Plotly figure: plain values that JSON can carry, ``data``, ``layout`` and ``config``.

        Every trace's ``customdata`` starts with the time in seconds to jump to on a click.
        ``height`` is in pixels.
        """
        top = max(_LOWEST_TOP, 118 * float(self.doubts.max(initial=0.0)))
        return {
            "data": [self._area(), self._joins(top), self._moments()],
            "layout": self._layout(top, height),
            "config": {"displayModeBar": False, "responsive": True, "scrollZoom": False},
        }

    def _area(self) -> dict[str, Any]:
        return {
            "type": "scatter",
            "mode": "lines",
            "name": "In doubt",
            "x": _plain(self.times, 4),
            "y": _plain(self.doubts * 100, 2),
            "customdata": [[round(float(t), 4), clock(float(t))] for t in self.times],
            "line": {"color": "#ffb454", "width": 1.6, "shape": "linear"},
            "fill": "tozeroy",
            "fillcolor": "rgba(255, 180, 84, 0.22)",
            "hovertemplate": "%{customdata[1]} · %{y:.1f} % of the picture in doubt<extra></extra>",
        }

    def _joins(self, top: float) -> dict[str, Any]:
        return {
            "type": "scatter",
            "mode": "markers",
            "name": "Kept sharp",
            "x": [round((mark.start + mark.end) / 2, 4) for mark in self.marks],
            "y": [round(top * 0.965, 3)] * len(self.marks),
            "customdata": [
                [round(mark.start, 4), clock(mark.start), _WORDS[mark.join]] for mark in self.marks
            ],
            "marker": {
                "symbol": "triangle-down",
                "size": 9,
                "color": [_TINTS[mark.join] for mark in self.marks],
            },
            "cliponaxis": False,
            "hovertemplate": "%{customdata[1]} · %{customdata[2]}<extra></extra>",
        }

    def _moments(self) -> dict[str, Any]:
        return {
            "type": "scatter",
            "mode": "markers+text",
            "name": "Worst moments",
            "x": [round(time, 4) for time, _ in self.worst],
            "y": [round(doubt * 100, 2) for _, doubt in self.worst],
            "text": [str(place + 1) for place in range(len(self.worst))],
            "textposition": "middle center",
            "textfont": {"size": 10, "color": "#1c1203"},
            "customdata": [
                [round(time, 4), clock(time), place + 1]
                for place, (time, _) in enumerate(self.worst)
            ],
            "marker": {
                "size": 17,
                "color": "#ff8e7f",
                "line": {"color": "#14161b", "width": 1.5},
            },
            "cliponaxis": False,
            "hovertemplate": (
                "%{customdata[1]} · %{y:.1f} % in doubt · click to look<extra></extra>"
            ),
        }

    def _layout(self, top: float, height: int) -> dict[str, Any]:
        ticks = _ticks(self.seconds)
        axis = {"fixedrange": True, "zeroline": False, "showline": False, "color": "#a6abb7"}
        return {
            "height": height,
            "margin": {"l": 44, "r": 14, "t": 12, "b": 28},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"color": "#a6abb7", "size": 11, "family": "system-ui, sans-serif"},
            "showlegend": False,
            "hovermode": "closest",
            "hoverdistance": 40,
            "hoverlabel": {
                "bgcolor": "#1c1f27",
                "bordercolor": "#363c49",
                "font": {"color": "#ecebe7", "size": 12},
            },
            "xaxis": {
                **axis,
                "range": [0, max(self.seconds, 1e-3)],
                "tickvals": ticks,
                "ticktext": [clock(tick) for tick in ticks],
                "showgrid": False,
            },
            "yaxis": {
                **axis,
                "range": [0, round(top, 3)],
                "ticksuffix": " %",
                "nticks": 5,
                "gridcolor": "#262a33",
            },
            "shapes": [_shape(mark, faint=len(self.marks) > _MANY) for mark in self.marks],
            "uirevision": "keep",
        }


def doubt_curve(
    times: Sequence[float] | NDArray[np.floating],
    doubts: Sequence[float] | NDArray[np.floating],
    joins: Sequence[tuple[float, Join]] = (),
    *,
    seconds: float | None = None,
    worst: int = 5,
) -> DoubtCurve:
    """Make the curve from one doubt (0 to 1) per output frame and its time in seconds, rising.

    Source frames, whose doubt is 0 by right, take the mean of their neighbours, so that the curve
    is no comb; a long clip keeps the highest doubt of each short stretch. ``joins`` are times with
    what happened there; "motion" and "still" are left out. ``seconds`` is the length of the clip.
    Raises ``ValueError`` where the two lists differ in length.
    """
    moments = np.asarray(times, np.float64)
    values = np.clip(np.nan_to_num(np.asarray(doubts, np.float64), nan=1.0), 0, 1)
    if moments.shape != values.shape or moments.ndim != 1:
        raise ValueError(f"{moments.shape} times and {values.shape} doubts")
    length = seconds if seconds is not None else float(moments[-1]) if moments.size else 0.0
    combed = _combed(values)
    found = _worst(moments, combed, worst)
    moments, values = _thinned(moments, combed)
    if moments.size and moments[-1] < length:  # the last frame stays until the end
        moments, values = np.append(moments, length), np.append(values, values[-1])
    return DoubtCurve(moments, values, _marks(joins), found, length)


def clock(seconds: float) -> str:
    """A time as people write it: "0:04", "1:02.5"."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    whole, part = divmod(rest, 100)
    text = f"{minutes}:{whole:02d}"
    return text if not part else f"{text}.{part:02d}".rstrip("0")


def _combed(doubts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Single zeros between two doubts are source frames between new ones."""
    result = doubts.copy()
    if doubts.size > 2:
        before, after = doubts[:-2], doubts[2:]
        lone = (doubts[1:-1] == 0) & (before > 0) & (after > 0)
        result[1:-1][lone] = ((before + after) / 2)[lone]
    return result


def _thinned(
    times: NDArray[np.float64], doubts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The highest point of each of at most ``_POINTS`` stretches, at its own time."""
    if times.size <= _POINTS:
        return times, doubts
    bounds = np.linspace(0, times.size, _POINTS + 1).astype(int)
    peaks = np.array([a + int(np.argmax(doubts[a:b])) for a, b in pairwise(bounds)])
    return times[peaks], doubts[peaks]


def _worst(
    times: NDArray[np.float64], doubts: NDArray[np.float64], count: int
) -> tuple[tuple[float, float], ...]:
    """The highest peaks that stand out of their surroundings, each far enough from the others."""
    stands_out = max(_WORTH_A_LOOK, _STANDS_OUT * float(doubts.max(initial=0.0)))
    peaks, _ = find_peaks(np.pad(doubts, 1), prominence=stands_out)
    found: list[tuple[float, float]] = []
    for index in sorted(peaks - 1, key=lambda peak: -doubts[peak]):
        time = float(times[index])
        if len(found) < count and all(abs(time - other) >= _APART for other, _ in found):
            found.append((time, float(doubts[index])))
    return tuple(found)


def _marks(joins: Sequence[tuple[float, Join]]) -> tuple[Mark, ...]:
    marks: list[Mark] = []
    for time, join in sorted(joins, key=lambda found: found[0]):
        if join not in _TINTS:
            continue
        last = marks[-1] if marks else None
        # A cut is one moment; a fade or a flash goes on over many frames.
        if last and join == last.join != "cut" and time - last.end <= _TOGETHER:
            marks[-1] = Mark(join, last.start, float(time))
        else:
            marks.append(Mark(join, float(time), float(time)))
    return tuple(marks)


def _shape(mark: Mark, *, faint: bool) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "xref": "x",
        "yref": "paper",
        "x0": round(mark.start, 4),
        "x1": round(mark.end, 4),
        "y0": 0,
        "y1": 1,
        "layer": "below",
    }
    tint = _TINTS[mark.join]
    if mark.end > mark.start:
        return {**shape, "type": "rect", "fillcolor": tint, "opacity": 0.16, "line": {"width": 0}}
    return {
        **shape,
        "type": "line",
        "opacity": 0.25 if faint else 0.6,
        "line": {"color": tint, "width": 1, "dash": "dot"},
    }


def _ticks(seconds: float) -> list[float]:
    step = next((step for step in _STEPS if seconds / step <= _TICKS), _STEPS[-1])
    return [round(step * index, 3) for index in range(int(seconds / step + 1e-9) + 1)]


def _plain(values: NDArray[np.float64], digits: int) -> list[float]:
    return np.round(values, digits).tolist()
