"""Repeated pictures of a clip that give way to real motion.

Film shown as video repeats every few pictures, animation holds each drawing for two or three, a
screen recording repeats when the machine was late. Left out, the motion runs on across them; a
scene that rests, though, is meant to rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

from synth.flow.model import Anchor

LONGEST: Final = Fraction(1, 2)
"""Longest time from one picture to the next that is bridged, seconds."""

_PLAIN: Final = Fraction(1, 4)
"""Longest time that is bridged with nothing like it before, seconds; six pictures of film, longer
than any drawing of full animation is held."""

_RHYTHM: Final = Fraction(3, 2)
"""How long ago something like it may have been, seconds."""

_MOVES: Final = 5.0
_STANDS_OUT: Final = 4.0
"""What moves after a repeat stirs at least so many codes in some block, and so many times as much
as the repeats do: where next to nothing moves, every picture counts."""

_MOST: Final = 16
"""Most pictures held back."""


class Repeats:
    """Leaves out what is repeated in motion; one per clip."""

    def __init__(self) -> None:
        self._replaced = 0
        self._bridged: tuple[Fraction, Fraction] | None = None

    @property
    def replaced(self) -> int:
        """Pictures left out so far."""
        return self._replaced

    def thin(self, anchors: Iterable[tuple[Anchor, float]]) -> Iterator[Anchor]:
        """The anchors without the repeats that stand in the way of motion.

        With each comes how much stirs in it since the picture before (``Change.stir``), codes.
        The first picture of every group of equal ones stays, and so do the first and the last of
        the clip. At most 16 anchors are held back.
        """
        kept: Anchor | None = None
        held: list[Anchor] = []
        resting = False
        noise = 0.0
        for anchor, stir in anchors:
            if anchor.join == "still" and kept is not None and not resting:
                held.append(anchor)
                noise = max(noise, stir)
                if anchor.time - kept.time >= LONGEST or len(held) >= _MOST:
                    yield from held
                    held, resting = [], True
                continue
            if anchor.join == "still":
                yield anchor
                continue
            moves = stir >= max(_MOVES, _STANDS_OUT * noise)
            if held and kept is not None and not (moves and self._bridges(kept, anchor)):
                yield from held
            elif held:
                self._replaced += len(held)
            held, resting, noise = [], False, 0.0
            yield anchor
            kept = anchor
        yield from held

    def _bridges(self, kept: Anchor, following: Anchor) -> bool:
        """Whether motion may run from ``kept`` straight on to ``following``."""
        if following.join != "motion":
            return False
        gap = following.time - kept.time
        if gap > LONGEST:
            return False
        last = self._bridged
        self._bridged = (following.time, gap)
        if gap <= _PLAIN:
            return True
        return last is not None and kept.time - last[0] <= _RHYTHM and last[1] * 2 >= gap
