"""How far a film is: each shot, the whole, and the time that is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from synth.control import Progress, ProgressCallback
from synth.media import Planes
from synth.sequence.project import Project

_SETTING_UP: Final = 40.0
_DRAWING: Final = 3.0
_MEASURING: Final = 0.6
_MIXING: Final = 0.1
"""What a scene, a drawn frame, its share of the camera's check, and the sound of a frame cost, in
encoded frames."""

_CROSSING: Final = {"push_through": 65.0, "match_move": 25.0, "whip_pan": 15.0, "depth_wipe": 6.0}
"""What a frame costs in which the camera goes from shot to shot, drawing included, in encoded
frames."""

_SETTLE_SECONDS: Final = 2.0
"""How long the work must have run before its pace is trusted."""


@dataclass(frozen=True)
class Crossing:
    """A transition that is drawn by a camera, and so costs more than its encoding."""

    words: str
    """What is being done, in a person's words."""
    type: str
    """The transition, as the catalogue names it."""
    frames: int
    """How many frames it has."""
    photos: int
    """How many of its shots must be set up for filming."""

    @property
    def setting_up(self) -> float:
        """What comes before its first frame, in encoded frames."""
        return _SETTING_UP * self.photos if self.type in _CROSSING else 0.0

    @property
    def each(self) -> float:
        """What the drawing of each frame costs beside its encoding, in encoded frames."""
        return _CROSSING.get(self.type, 1.0) - 1.0

    @property
    def cost(self) -> float:
        """All of its drawing, in encoded frames."""
        return self.setting_up + self.each * self.frames


@dataclass(frozen=True)
class ShotState:
    """How far one shot is."""

    id: str
    state: Literal["waiting", "drawing", "ready"]
    done: int = 0
    """Frames drawn."""
    total: int = 0
    """Frames to draw; 0 where nothing is."""


@dataclass(frozen=True)
class FilmState:
    """How far a film is."""

    shots: tuple[ShotState, ...]
    """Every shot of the project, in its order."""
    fraction: float
    """Of the whole work, 0 to 1."""
    seconds_left: float | None
    """Estimated; None until the pace is known."""
    stage: str
    """What is being done, in a person's words."""


class Watch:
    """Counts the work of one film and tells of it. Safe between threads."""

    def __init__(
        self,
        project: Project,
        progress: ProgressCallback,
        told: Callable[[FilmState], None] | None,
    ) -> None:
        """``progress`` hears of the whole; ``told`` of every shot."""
        self._progress = progress
        self._told = told
        self._shots = {shot.id: ShotState(shot.id, "ready") for shot in project.shots}
        self._lock = threading.Lock()
        self._work = self._done = self._sound = 0.0
        self._frames = self._encoded = 0
        self._making = 0.0  # all frames' encoding, and the drawing of transitions with it
        self._crossings: list[Crossing] = []
        self._stage = "Looking at what is there"
        self._began = time.monotonic()

    def begin(
        self, draw: Mapping[str, int], encode: int, film: int, crossings: Sequence[Crossing] = ()
    ) -> None:
        """Say what there is to do: frames of each shot to draw, to encode, and of the film.

        ``crossings`` are the transitions among what is encoded that a camera draws.
        """
        with self._lock:
            for id, frames in draw.items():
                self._shots[id] = ShotState(id, "waiting", 0, frames)
            self._sound = _MIXING * film
            self._frames = encode
            self._making = encode + sum(crossing.cost for crossing in crossings)
            self._work = self._making + self._sound + sum(map(_cost, draw.values()))
            self._began = time.monotonic()
        self._tell()

    def drawing(self, id: str) -> ProgressCallback:
        """A callback for the drawing of a shot, as ``render_shot`` reports it."""
        before = self._done

        def hear(report: Progress) -> None:
            with self._lock:
                old = self._shots[id]
                done, cost = old.done, 0.0
                if report.stage == "Rendering":
                    done = report.done
                    cost = _SETTING_UP + _DRAWING * done
                elif old.done:
                    cost = _SETTING_UP + (_DRAWING + _MEASURING * report.fraction) * old.total
                self._shots[id] = ShotState(id, "drawing", done, old.total)
                self._done = before + cost
                self._stage = f"{id}: {report.stage[:1].lower()}{report.stage[1:]}"
            self._tell()

        return hear

    def drawn(self, id: str) -> None:
        """A shot is ready."""
        with self._lock:
            old = self._shots[id]
            self._shots[id] = ShotState(id, "ready", old.total, old.total)
            if old.total:
                waiting = sum(
                    _cost(shot.total) for shot in self._shots.values() if shot.state != "ready"
                )
                self._done = self._work - self._making - self._sound - waiting
        self._tell()

    def mixing(self, report: Progress) -> None:
        """How far the sound is; it comes after the drawing and before the encoding."""
        with self._lock:
            self._done = self._work - self._making - self._sound * (1 - report.fraction)
            self._stage = report.stage
        self._tell()

    def mixed(self) -> None:
        """The sound is there."""
        with self._lock:
            self._done = self._work - self._making
        self._tell()

    def crossing(self, crossing: Crossing, frames: Iterator[Planes]) -> Iterator[Planes]:
        """The frames of a transition that a camera draws, told of one by one."""
        with self._lock:
            self._crossings.append(crossing)
            self._stage = crossing.words
        self._tell()
        ahead = crossing.setting_up
        try:
            for planes in frames:
                with self._lock:
                    self._done += ahead + crossing.each
                ahead = 0.0
                yield planes
        finally:
            with self._lock:
                self._crossings.remove(crossing)

    def encoded(self, frames: int) -> None:
        """So many frames more are encoded."""
        with self._lock:
            self._done += frames
            self._encoded += frames
            slow = self._crossings
            self._stage = slow[-1].words if slow else "Encoding the film"
            quiet = not slow and self._encoded % 4 and self._encoded < self._frames
        if not quiet:
            self._tell()

    def end(self) -> None:
        """The film is there."""
        with self._lock:
            self._done = self._work
            self._stage = "Done"
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            fraction = min(self._done / self._work, 1.0) if self._work else 1.0
            left = None
            passed = time.monotonic() - self._began
            if passed > _SETTLE_SECONDS and 0.02 < fraction <= 1.0:
                left = passed / fraction * (1 - fraction)
            stage = self._stage
            shots = tuple(self._shots.values())
        self._progress(Progress(stage, round(1000 * fraction), 1000, left))
        if self._told is not None:
            self._told(FilmState(shots, fraction, left, stage))


def _cost(frames: int) -> float:
    return _SETTING_UP + (_DRAWING + _MEASURING) * frames
