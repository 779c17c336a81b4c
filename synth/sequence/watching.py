"""How far a film is: each shot, the whole, and the time that is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from synth.control import Progress, ProgressCallback
from synth.sequence.project import Project

_SETTING_UP: Final = 40.0
_DRAWING: Final = 3.0
_MEASURING: Final = 0.6
_MIXING: Final = 0.1
"""What a scene, a drawn frame, its share of the camera's check, and the sound of a frame cost, in
encoded frames."""

_SETTLE_SECONDS: Final = 2.0
"""How long the work must have run before its pace is trusted."""


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
        self._stage = "Looking at what is there"
        self._began = time.monotonic()

    def begin(self, draw: Mapping[str, int], encode: int, film: int) -> None:
        """Say what there is to do: frames of each shot to draw, to encode, and of the film."""
        with self._lock:
            for id, frames in draw.items():
                self._shots[id] = ShotState(id, "waiting", 0, frames)
            self._sound = _MIXING * film
            self._work = encode + self._sound + sum(_cost(frames) for frames in draw.values())
            self._frames = encode
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
                self._done = self._work - self._frames - self._sound - waiting
        self._tell()

    def mixing(self, report: Progress) -> None:
        """How far the sound is; it comes after the drawing and before the encoding."""
        with self._lock:
            self._done = self._work - self._frames - self._sound * (1 - report.fraction)
            self._stage = report.stage
        self._tell()

    def mixed(self) -> None:
        """The sound is there."""
        with self._lock:
            self._done = self._work - self._frames
        self._tell()

    def encoded(self, frames: int) -> None:
        """So many frames more are encoded."""
        with self._lock:
            self._done += frames
            self._encoded += frames
            self._stage = "Encoding the film"
            quiet = self._encoded % 4 and self._encoded < self._frames
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
