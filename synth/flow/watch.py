"""Watches a clip go by and tells what joins its pictures, a moment behind the newest one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Literal, Protocol

from synth.control import CancelToken
from synth.flow.cadence import Cadence
from synth.flow.glance import Looker, Seen, glance
from synth.flow.joins import Judge
from synth.flow.model import Anchor, Join
from synth.flow.repeats import Repeats
from synth.media.planes import Planes

_AHEAD_SECONDS: Final = 0.5
_AHEAD_BYTES: Final = 192_000_000
"""Pictures that wait for judgement take no more memory than this."""
_AHEAD: Final = (6, 16)
"""Fewest and most pictures that are looked ahead."""
_BACK: Final = 24
"""Glances kept behind the picture that is judged."""


class Shown(Protocol):
    """A picture and when it is shown."""

    @property
    def planes(self) -> Planes:
        """The picture."""
        ...

    @property
    def time(self) -> Fraction:
        """Seconds after the first picture of the file."""
        ...


@dataclass(frozen=True)
class Counts:
    """What was found so far."""

    pictures: int = 0
    """Pictures judged."""
    cuts: int = 0
    """Hard cuts."""
    fades: int = 0
    """Fades and dissolves, each counted once."""
    flashes: int = 0
    """Bursts of light, each counted once."""
    repeats: int = 0
    """Pictures that show again what was there before."""
    replaced: int = 0
    """Those of them that give way to real motion."""
    evened: int = 0
    """Pictures in a regular cadence that were put at even times."""
    rhythm: str = ""
    """That cadence, as "2:3"."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    number: int
    time: Fraction
    planes: Planes


class Watcher:
    """Turns the pictures of one clip into anchors."""

    def __init__(self) -> None:
        self._counts = Counts()
        self._moving: Join = "cut"

    @property
    def counts(self) -> Counts:
        """What was found so far; safe to read from another thread."""
        return self._counts

    def anchors(
        self,
        frames: Iterable[Shown],
        *,
        duplicates: Literal["keep", "replace"] = "keep",
        cancel: CancelToken | None = None,
    ) -> Iterator[Anchor]:
        """The anchors of a clip in the order of time, some pictures behind what is read.

        With ``duplicates="replace"`` repeated pictures are left out where their surroundings move,
        so that motion runs on across them; the first and the last picture always stay. Where the
        repeats come in a regular cadence, what is left goes to even times. Raises ``Cancelled``
        when asked to stop, and whatever ``frames`` raises.
        """
        judged = self._judged(frames, cancel or CancelToken())
        if duplicates == "keep":
            for anchor, _ in judged:
                yield anchor
            return
        repeats, cadence = Repeats(), Cadence()

        def note() -> None:
            self._counts = replace(
                self._counts,
                replaced=repeats.replaced,
                evened=cadence.evened,
                rhythm=cadence.rhythm,
            )

        for anchor in cadence.even(repeats.thin(judged)):
            note()
            yield anchor
        note()

    def _judged(
        self, frames: Iterable[Shown], cancel: CancelToken
    ) -> Iterator[tuple[Anchor, float]]:
        """Every picture with its join, and how much stirs in it since the one before, codes."""
        looker = Looker()
        seen: list[Seen] = []
        waiting: deque[_Waiting] = deque()
        ahead = _AHEAD[1]
        judge = Judge(looker, rate=25.0, ahead=ahead)

        def settle() -> tuple[Anchor, float]:
            at = len(seen) - len(waiting)
            picture = waiting.popleft()
            join: Join = judge.join(seen, at) if picture.number else "cut"
            self._count(join, picture.number)
            stir = seen[at].change.stir
            del seen[: max(0, at - _BACK)]
            return Anchor(picture.number, picture.time, picture.planes, join), stir

        for number, frame in enumerate(frames):
            cancel.check()
            now = glance(frame.planes)
            last = seen[-1].glance if seen else now
            seen.append(Seen(number, now, looker.compare(last, now)))
            waiting.append(_Waiting(number, frame.time, frame.planes))
            if number == 1:
                rate = 1.0 / max(float(frame.time - waiting[0].time), 1e-3)
                ahead = _look_ahead(frame.planes, rate)
                judge = Judge(looker, rate=rate, ahead=ahead)
            if len(waiting) > ahead:
                yield settle()
        while waiting:
            cancel.check()
            yield settle()

    def _count(self, join: Join, number: int) -> None:
        old = self._counts
        starts = join != self._moving
        # A fade that rests in black for a while is one fade.
        self._moving = join if join != "still" else self._moving
        self._counts = replace(
            old,
            pictures=old.pictures + 1,
            cuts=old.cuts + (join == "cut" and number > 0),
            fades=old.fades + (join == "fade" and starts),
            flashes=old.flashes + (join == "flash" and starts),
            repeats=old.repeats + (join == "still"),
        )


def _look_ahead(planes: Planes, rate: float) -> int:
    """How many pictures like this one to look ahead at a rate in pictures a second."""
    fewest, most = _AHEAD
    room = _AHEAD_BYTES // (planes.y.nbytes + planes.u.nbytes + planes.v.nbytes)
    return max(fewest, min(round(_AHEAD_SECONDS * rate), most, room))
