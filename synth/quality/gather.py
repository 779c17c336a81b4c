"""Collects the measurements of frames, pairs and triples into the arrays of a clip."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.quality.echo import Echo
from synth.quality.pairs import TILES, PairFacts
from synth.quality.signals import Film, Signals
from synth.quality.surface import Surface
from synth.quality.view import Levels, View

Floats = NDArray[np.float32]

_NAN: Final = math.nan
_MOVES: Final = 0.9
"""Speed from which a cell counts as moving, pixels at 720 lines per frame."""
_LEAST: Final = 0.06
"""Share of the picture that has to move for its pace to be told."""
_CREEPS: Final = 0.15
"""Speed below which a direction means nothing, pixels at 720 lines per frame."""
_SAME_WAY: Final = 0.85
"""Cosine of the angle by which a cell's motion may turn and go on the same way."""
_ALIKE: Final = 0.35
"""How far the logarithm of a cell's quickening may be from that of the others."""
_DARK_BORDER: Final = 12.0
"""Codes above black that a black border may reach."""
_STANDS: Final = 0.4
"""A row stands still when it changes by less than this share of what it did before and after."""
_ROW_MOVES: Final = 0.25
"""A row moves when it changes by so many codes."""


class Gatherer:
    """Takes frames in the order of time; keeps numbers alone."""

    def __init__(self, levels: Levels) -> None:
        """``levels`` tells how codes stand for brightness."""
        self._levels = levels
        self._rows: list[list[float]] = []
        self._tiles: list[Floats] = []
        self._borders: list[list[float]] = []
        self._close: list[tuple[int, Surface]] = []
        self._times: list[float] = []
        self._pairs: list[PairFacts | None] = []
        self._quickening: list[float] = []
        self._triples: list[float] = []

    def add(
        self,
        frame: View,
        time: float,
        pair: PairFacts | None,
        own: float,
        twice: float,
        close: Surface | None,
        echo: Echo | None,
    ) -> None:
        """One frame, how it follows the one before, what it has of its own, how far it is from the
        one before that, and its close looks."""
        number = len(self._times)
        self._times.append(time)
        self._borders.append(_borders(frame, self._levels))
        if close is not None:
            self._close.append((number, close))
        black, span = self._levels.black, self._levels.span
        ends = np.percentile(frame.luma, 99.5)
        row = [
            (frame.glance.level - black) / span,
            frame.glance.contrast / span,
            (float(ends) - black) / span,
        ]
        if pair is None:
            row += [_NAN] * 11 + [own, twice]
            self._tiles.append(np.full(TILES * TILES, np.nan, np.float32))
        else:
            speeds = np.hypot(pair.motion[..., 0], pair.motion[..., 1])
            path = np.median(pair.motion.reshape(-1, 2), axis=0)
            row += [
                pair.gain, *pair.colour, pair.change, pair.residue, pair.texture,
                float(path[0]), float(path[1]), float(np.percentile(speeds, 90)),
                _NAN if echo is None else echo.value, _NAN if echo is None else echo.share, own,
                twice,
            ]  # fmt: skip
            self._tiles.append(pair.tiles)
        self._rows.append(row)
        # The pair before the newest has neighbours on both sides now.
        last = self._pairs[-1] if self._pairs else None
        self._quickening.append(
            _NAN if pair is None or last is None else _quickening(last.motion, pair.motion)
        )
        self._pairs = [*self._pairs[-2:], pair]
        if len(self._times) > 1:
            self._triples.append(self._triple())

    def _triple(self) -> float:
        """How much of the frame that the pair before the newest one leads to is torn."""
        if len(self._pairs) < 3:
            return _NAN
        before, pair, after = self._pairs
        if before is None or pair is None or after is None:
            return _NAN
        return _torn(before.rows, pair.rows, after.rows)

    def signals(self, film: Film, joins: tuple[str, ...], stirs: list[float]) -> Signals:
        """Everything so far."""
        count = len(self._times)
        table = np.array(self._rows, np.float32).reshape(count, -1)
        triples = np.full(count, np.nan, np.float32)
        # The triple that was told when frame i came is that of the pair that ends in frame i - 1.
        for i, facts in enumerate(self._triples):
            triples[i] = facts
        joined = np.array([join in ("motion", "still") for join in joins], bool)
        broken = ~joined
        broken[:1] = True
        compared = table[:, 3:14]
        compared[broken] = np.nan
        tiles = np.array(self._tiles, np.float32).reshape(count, -1)
        tiles[broken] = np.nan
        beside = broken.copy()
        beside[:-1] |= broken[1:]
        beside[1:] |= broken[:-1]
        triples[beside] = np.nan
        quickening = np.array(self._quickening, np.float32)
        quickening[broken] = np.nan
        quickening[1:][broken[:-1]] = np.nan
        own = table[:, 14].copy()
        own[broken] = np.nan
        own[:-1][broken[1:]] = np.nan
        twice = table[:, 15].copy()
        twice[broken] = np.nan
        twice[1:][broken[:-1]] = np.nan
        close = [facts for _, facts in self._close]
        return Signals(
            width=film.width,
            height=film.height,
            fps=film.fps,
            variable_rate=film.variable_rate,
            times=np.array(self._times),
            joins=joins,
            level=table[:, 0],
            contrast=table[:, 1],
            brightest=table[:, 2],
            borders=np.array(self._borders, np.float32),
            gain=table[:, 3],
            tile_gain=tiles,
            colour=table[:, 4:6],
            change=table[:, 6],
            stir=np.array(stirs, np.float32),
            residue=table[:, 7],
            texture=table[:, 8],
            twice=twice,
            path=table[:, 9:11],
            speed=table[:, 11],
            quickening=quickening,
            echo=table[:, 12],
            echoing=table[:, 13],
            own=own,
            torn=triples,
            samples=np.array([number for number, _ in self._close], np.int64),
            detail=_column(close, "detail"),
            noise=_column(close, "noise"),
            blocking=_column(close, "blocking"),
            banding=_column(close, "banding"),
            white=_column(close, "white"),
            dark=_column(close, "dark"),
        )


def _column(close: list[Surface], name: str) -> Floats:
    return np.array([getattr(one, name) for one in close], np.float32)


def _borders(frame: View, levels: Levels) -> list[float]:
    """Share of the picture that is black from each side: top, bottom, left, right."""
    dark = frame.luma <= levels.black + _DARK_BORDER
    found = []
    for lines in (dark.mean(axis=1) > 0.98, dark.mean(axis=0) > 0.98):
        bright = np.flatnonzero(~lines)
        if not len(bright):
            return [_NAN] * 4
        found += [bright[0] / len(lines), (len(lines) - 1 - bright[-1]) / len(lines)]
    return [float(value) for value in found]


def _quickening(before: Floats, motion: Floats) -> float:
    """Logarithm of how much faster the picture moves than a frame earlier, the same way.

    NaN where too little moves, or where it does not go on in one measure.
    """
    one = np.hypot(before[..., 0], before[..., 1])
    other = np.hypot(motion[..., 0], motion[..., 1])
    moves = np.maximum(one, other) > _MOVES
    if moves.mean() < _LEAST:
        return _NAN
    along = (before * motion).sum(axis=2) / np.maximum(one * other, 1e-6)
    same = moves & (along > _SAME_WAY) & (np.minimum(one, other) > _CREEPS)
    if same.sum() < 0.5 * moves.sum():
        return _NAN
    ratios = np.log(other[same] / one[same])
    middle = float(np.median(ratios))
    return middle if (np.abs(ratios - middle) < _ALIKE).mean() > 0.5 else _NAN


def _torn(before: Floats, rows: Floats, after: Floats) -> float:
    """Longest band of rows, from the top or bottom, that stands still where it moved around it."""
    usual = _smooth(np.minimum(before, after))
    moving = usual > _ROW_MOVES
    if moving.mean() < 0.2:
        return 0.0
    still = moving & (_smooth(rows) < _STANDS * usual)
    restless = moving & ~still
    # A torn frame is two moments: both have to be seen.
    if restless.mean() < 0.1:
        return 0.0
    places = np.flatnonzero(restless)
    top = int(still[: places[0]].sum())
    bottom = int(still[places[-1] + 1 :].sum())
    return max(top, bottom) / len(rows)


def _smooth(rows: Floats) -> Floats:
    return np.convolve(np.pad(rows, 2, mode="edge"), np.full(5, 0.2, np.float32), "valid")
