"""MiniMax's bracket words: ``[Truck right, Pedestal up] ... [Pan left]`` inside a prompt.

Words in one bracket run together, at most three of them; brackets along the text run one after
another (https://replicate.com/minimax/video-01-director). There are no amounts and no times.

To write them, the path is cut into parts in which the same moves run in the same directions; to
read them, each bracket gets an equal part of the clip and each word half of our full amount.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.reading import head_of, text_of
from synth.camera.formats.services_moves import (
    MOVES,
    NOTHING,
    Measured,
    Stage,
    measured,
    path_of_stages,
    timing_notes,
    told,
)
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia, LimitExceeded
from synth.explain import short

Floats = NDArray[np.float64]

SECONDS: Final = 6
"""Length of MiniMax's shorter clip, taken on import."""

MOST_TOGETHER: Final = 3
"""Most words in one bracket."""

MOST_BRACKETS: Final = 12
"""Most brackets that are read from one text."""

_WORDS: Final[Mapping[str, tuple[str, float]]] = MappingProxyType(
    {
        "Truck left": ("truck", -1.0),
        "Truck right": ("truck", 1.0),
        "Pedestal down": ("pedestal", -1.0),
        "Pedestal up": ("pedestal", 1.0),
        "Pull out": ("dolly", -1.0),
        "Push in": ("dolly", 1.0),
        "Pan left": ("pan", -1.0),
        "Pan right": ("pan", 1.0),
        "Tilt down": ("tilt", -1.0),
        "Tilt up": ("tilt", 1.0),
        "Zoom out": ("zoom", -1.0),
        "Zoom in": ("zoom", 1.0),
    }
)
"""Move and direction of each word."""

_STATIC: Final = "Static shot"
_SHAKE: Final = "Shake"
_TRACKING: Final = "Tracking shot"
WORDS: Final = (*_WORDS, _SHAKE, _TRACKING, _STATIC)
"""Every word that MiniMax knows."""

_BRACKET = re.compile(r"\[([^\[\]\n]{1,200})\]")
_HALF: Final = 0.5

_LEAST: Final = 0.05
"""Share of a full amount that a move must travel to be named."""
_LEAST_SHAKEN: Final = 0.15
"""The same share of what is left of a path whose shake was averaged away."""
_BESIDE: Final = 0.2
"""Share of the path's greatest move that a move must have to be named beside it."""
_ONE_WAY: Final = 0.3
"""Share of a move's whole way within a part that must lead one way for a word to tell it."""
_MOVING: Final = 0.15
"""Share of a move's own highest speed above which it counts as running."""
_SHORTEST: Final = 0.3
"""Shortest part of a clip that gets a bracket of its own, seconds; also a tenth of the clip."""
_SHAKING: Final = 2.0
"""Changes of direction in a second, in at least half of the channels, that are a shake."""

_UNSURE: Final = (
    "Documentation disagrees about MiniMax's limit: three words in a bracket, or three in the "
    "whole prompt."
)


@dataclass(frozen=True)
class _Part:
    start: int
    stop: int
    shares: dict[str, float]


@dataclass(frozen=True)
class _Run:
    """Frames with one state: for each move whether it runs back (-1), not (0) or forth (1)."""

    start: int
    stop: int
    state: tuple[float, ...]

    @property
    def weight(self) -> tuple[bool, int]:
        """Moving or not, and its length."""
        return any(self.state), self.stop - self.start


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """MiniMax's words for a path; see the module."""
    found = measured(path, keys, options)
    jitters = not found.handheld and _shakes(found)
    shaking = found.handheld or jitters
    calm = _calmed(found) if jitters else found
    named = _named(calm, net_only=jitters)
    parts = _parts(calm, named)
    extra = [_SHAKE] if shaking else []
    if keys is not None and keys.look_at is not None and keys.look_at.keys:
        extra.append(_TRACKING)
    brackets: list[str] = []
    told_parts: list[str] = []
    dropped: list[str] = []
    for part in parts:
        words = [_word(move, share) for move, share in part.shares.items()]
        room = MOST_TOGETHER - len(extra)
        dropped += [told(move, share) for move, share in list(part.shares.items())[room:]]
        words = [*words[:room], *extra] or [_STATIC]
        brackets.append(f"[{', '.join(words)}]")
        first, last = (float(frame / path.fps) for frame in (part.start, part.stop))
        amounts = ", ".join(told(move, share) for move, share in list(part.shares.items())[:room])
        amounts = f" ({amounts})" if amounts else ""
        told_parts.append(f"{brackets[-1]} from {first:.3g} to {last:.3g} s{amounts}")
    notes = [
        f"MiniMax takes no amounts and no times: {'; '.join(told_parts)}. Put each bracket where "
        "it happens in the prompt."
    ]
    if dropped:
        notes.append(f"At most three words run together; dropped: {', '.join(dropped)}.")
    totals, travelled = calm.totals, calm.travelled
    if travelled["roll"] >= NOTHING and not jitters:
        notes.append(f"MiniMax has no word for a roll; dropped: {told('roll', totals['roll'])}.")
    small = [
        told(move, totals[move])
        for move in MOVES
        if move not in named and move != "roll" and abs(totals[move]) >= NOTHING
    ]
    if small:
        notes.append(f"Too small beside the rest to be named: {', '.join(small)}.")
    lost = [
        move for move in MOVES if move in named and not any(move in part.shares for part in parts)
    ]
    if lost:
        notes.append(f"Forth and back too fast for words: {', '.join(lost)}.")
    if sum(bracket.count(",") + 1 for bracket in brackets) > MOST_TOGETHER:
        notes.append(_UNSURE)
    if shaking:
        notes.append("Shake has no strength; MiniMax shakes as it likes.")
    notes += timing_notes(found, in_sequence=True)
    text = " ".join(brackets) + "\n"
    return WrittenPath(text.encode("ascii"), FORMAT.suffix, "text/plain", tuple(notes))


def _word(move: str, share: float) -> str:
    return next(
        word for word, (named, sign) in _WORDS.items() if named == move and sign * share > 0.0
    )


def _shakes(found: Measured) -> bool:
    """Whether the path jitters as a camera in the hand does."""
    seconds = len(found.rates) / float(found.fps)
    if seconds < 0.5:
        return False
    turns = 0
    for index in range(len(MOVES)):
        rates = found.rates[:, index]
        rates = rates[np.abs(rates) > 1e-5]
        reversals = int(np.count_nonzero(np.diff(np.sign(rates))))
        turns += reversals > _SHAKING * seconds
    return 2 * turns >= len(MOVES) - 1


def _calmed(found: Measured) -> Measured:
    """The path without its shake: places averaged over a second."""
    count = len(found.rates)
    half = min(max(1, round(0.5 * float(found.fps))), count)
    places = np.vstack([np.zeros(len(MOVES)), np.cumsum(found.rates, axis=0)])
    padded = np.pad(places, ((half, half), (0, 0)), mode="edge")
    sums = np.vstack([np.zeros(len(MOVES)), np.cumsum(padded, axis=0)])
    window = 2 * half + 1
    return Measured(np.diff((sums[window:] - sums[:-window]) / window, axis=0), found.fps)


def _named(found: Measured, *, net_only: bool) -> frozenset[str]:
    """The moves that are great enough to get words.

    Args:
        found: what the path does.
        net_only: count only where moves end up, since there and back is left over from a shake.
    """
    places = np.cumsum(found.rates, axis=0)
    reach = np.ptp(np.vstack([np.zeros(len(MOVES)), places]), axis=0)
    sizes = dict(zip(MOVES, reach.tolist(), strict=True))
    if net_only:
        sizes = {move: abs(total) for move, total in found.totals.items()}
    sizes.pop("roll")
    least = max(_LEAST_SHAKEN if net_only else _LEAST, _BESIDE * max(sizes.values()))
    return frozenset(move for move, size in sizes.items() if size >= least)


def _parts(found: Measured, named: frozenset[str]) -> list[_Part]:
    """The parts of the clip in which the same moves run in the same directions."""
    rates = found.rates
    count = len(rates)
    if not count:
        return [_Part(0, 1, {})]
    peaks = np.abs(rates).max(axis=0)
    counted = np.array([move in named for move in MOVES])
    running = np.sign(rates) * (np.abs(rates) > _MOVING * peaks) * counted
    starts = np.flatnonzero((np.diff(running, axis=0) != 0).any(axis=1)) + 1
    bounds = [0, *starts.tolist(), count]
    runs = [_Run(start, stop, tuple(running[start])) for start, stop in pairwise(bounds)]
    shortest = max(_SHORTEST * float(found.fps), 0.1 * count)
    length = 1.0
    while length < shortest:
        length = min(2.0 * length, shortest)
        runs = _without_short(runs, length)
    parts = []
    for run in runs:
        within = rates[run.start : run.stop]
        totals, ways = within.sum(axis=0), np.abs(within).sum(axis=0)
        shares = {
            move: float(totals[index])
            for index, move in enumerate(MOVES)
            if run.state[index] and abs(totals[index]) >= max(0.5 * _LEAST, _ONE_WAY * ways[index])
        }
        order = sorted(shares, key=lambda move: -round(abs(shares[move]), 6))
        stop = run.stop + (run.stop == count)
        parts.append(_Part(run.start, stop, {move: shares[move] for move in order}))
    return parts


def _without_short(runs: list[_Run], shortest: float) -> list[_Run]:
    """Runs shorter than ``shortest`` given to a neighbour: one that moves, then the longer."""
    result: list[_Run] = []
    start = 0
    for index, run in enumerate(runs):
        if run.stop - run.start < shortest:
            after = runs[index + 1] if index + 1 < len(runs) else None
            if after is not None and (not result or after.weight > result[-1].weight):
                continue
            if result:
                start = run.stop
                result[-1] = _Run(result[-1].start, run.stop, result[-1].state)
                continue
        if result and result[-1].state == run.state:
            start = result.pop().start
        result.append(_Run(start, run.stop, run.state))
        start = run.stop
    return result


# Reading -----------------------------------------------------------------------------------------


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """An approximate keyed path from the bracket words in a text; see the module."""
    text = text_of(data)
    brackets: list[list[str]] = []
    other = 0
    for match in _BRACKET.finditer(text):
        words = [" ".join(word.split()).capitalize() for word in match[1].split(",")]
        known = [word for word in words if word in WORDS]
        if not known:
            other += 1
            continue
        if len(known) < len(words):
            wrong = next(word for word in words if word not in WORDS)
            raise InvalidMedia(
                f"The bracket {short(match[0])} holds {short(wrong)}, which MiniMax does not know. "
                f"It knows {', '.join(WORDS)}."
            )
        brackets.append(known)
        if len(brackets) > MOST_BRACKETS:
            raise LimitExceeded(
                f"The text has more than {MOST_BRACKETS} brackets of camera words. Shorten it."
            )
    if not brackets:
        raise InvalidMedia(
            f"The text has no camera words. Write them in brackets, such as [Truck left]: "
            f"{', '.join(WORDS)}."
        )
    notes = ["MiniMax's words have no amounts; half of the full ones were taken for each."]
    if other:
        notes.append(f"{other} other brackets are no camera words and were left out.")
    if any(len(words) > MOST_TOGETHER for words in brackets):
        notes.append("MiniMax itself takes at most three words in a bracket.")
    every = {word for words in brackets for word in words}
    if _TRACKING in every:
        notes.append("Tracking shot follows a subject that the words do not place; left out.")
    if _SHAKE in every:
        notes.append("Shake became a handheld camera over the whole clip.")
    frames = max(1, round(SECONDS * (options.fps or 24)))
    units = "Each word was taken as half of our own move's reach at full intensity."
    return path_of_stages(
        _stages(brackets, frames), options, FORMAT.id, units, notes, shaking=_SHAKE in every
    )


def _stages(brackets: list[list[str]], frames: int) -> list[Stage]:
    """Equal parts of the clip; words that pull one move both ways follow each other."""
    steps: list[dict[str, float]] = []
    for words in brackets:
        step: dict[str, float] = {}
        for word in words:
            if word not in _WORDS:
                continue
            move, sign = _WORDS[word]
            if move in step:
                steps.append(step)
                step = {}
            step[move] = sign * _HALF
        steps.append(step)
    steps = steps[:frames]
    edges = [round(frames * index / len(steps)) for index in range(len(steps) + 1)]
    return [
        Stage(stop - start, step)
        for start, stop, step in zip(edges, edges[1:], steps, strict=False)
    ]


_KNOWN = re.compile(
    r"\[(?:[^\[\]\n]{0,80},)?[ \t]{0,9}(?:" + "|".join(WORDS) + r")[ \t]{0,9}[,\]]", re.IGNORECASE
)


def recognise(data: bytes, name: str) -> float:
    """How surely this is a text with MiniMax's words in brackets."""
    head = head_of(data, 20_000)
    return 0.85 if "[" in head and _KNOWN.search(head) else 0.0


FORMAT: Final = Format(
    id="minimax",
    label="MiniMax camera words",
    suffix=".txt",
    about="Words in brackets for MiniMax's prompt; keeps which moves run and in what order.",
    read=read,
    write=write,
    recognise=recognise,
)
"""MiniMax's words."""
