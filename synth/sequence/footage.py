"""The frames of a film's shots: photos are drawn once and kept, clips are read as they are."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from synth.backends.geometric import Stage
from synth.backends.protocol import Frame
from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.media import EncoderSettings, Planes, load_depth_picture, load_image
from synth.media.planes import planes_from_rgb, to_rgb
from synth.scene.cache import SceneCache
from synth.scene.depth import read_depth_picture
from synth.scene.depth_map import DepthMap
from synth.scene.depth_model import DepthAnything
from synth.sequence import clips
from synth.sequence.artists import Artists, at_rate, named
from synth.sequence.continuity import SEEN, RunningLook, ShotLook, looks_of
from synth.sequence.keep import Keep, Kept, key_of
from synth.sequence.plan import Take
from synth.sequence.project import Clip, Project, SequenceShot
from synth.sequence.shelf import Shelf
from synth.sequence.times import exact_rate
from synth.shot.model import Shot
from synth.shot.produce import draw_shot, photo_depth, prepare_shot
from synth.style.resolve import Resolver

DRAWING: Final = 1
"""To be raised when the same photo and instructions give other frames."""

KEPT_ENCODER: Final = EncoderSettings(
    preset="ultrafast", crf=10, keyframe_seconds=1, threads=2, repeatable=True
)
"""How drawn frames are kept. Encoded once more as the film they lose 0.15 to 0.3 dB against
frames that come straight from the renderer, and keeping them costs less than a usual clip does."""

_STAGES: Final = 3
"""Photos that stay set up for filming: the sides of two transitions that follow each other."""

_DEPTHS: Final = 4
"""Photos whose depth stays known; one photo often serves several shots."""


@dataclass(frozen=True)
class ShotReport:
    """What is known of a drawn shot."""

    id: str
    notes: tuple[str, ...]
    """What the user should know, in sentences."""
    fidelity: dict[str, Any] | None
    """How well its camera did what was asked, as ``CameraFidelity.to_dict``."""
    drawn_now: bool
    """Whether it was drawn by this ``Footage``."""
    made_by: Mapping[str, str] = field(default_factory=dict)
    """Who drew it, as its own file says it."""


def lengths_of(project: Project, shelf: Shelf) -> dict[str, int]:
    """Frames of each shot at the film's rate, by id; nothing is drawn.

    Raises ``InvalidMedia`` or ``LimitExceeded`` for a clip that is missing or cannot be read.
    """
    rate = exact_rate(project.output.fps)
    return {
        shot.id: at_rate(project, shot).frames
        if shot.is_photo
        else _facts(shot, shelf).frames(rate)
        for shot in project.shots
    }


def film_size(
    project: Project,
    shelf: Shelf,
    look_at: Callable[[SequenceShot], clips.ClipFacts] | None = None,
) -> tuple[int, int]:
    """Width and height of the film, pixels, both even.

    With the aspect "photo" it has the shape of the first of the project's shots that the timeline
    uses, or 16:9 where it uses none. ``look_at`` knows the clips already. Raises as ``lengths_of``.
    """
    output = project.output.output
    used = {item.shot for item in project.timeline if isinstance(item, Clip)}
    first = next((shot for shot in project.shots if shot.id in used), None)
    if first is None or output.aspect != "photo":
        return output.frame_size(16, 9)
    if not first.is_photo:
        facts = _facts(first, shelf) if look_at is None else look_at(first)
        return output.frame_size(facts.width, facts.height)
    with named(first):
        image = load_image(shelf.path(first.media))
    return output.frame_size(image.width, image.height)


class Footage:
    """Makes and keeps the frames of a project's shots. Safe between threads.

    Use it as a context manager. All frames have the film's size and rate, and are BT.709 in limited
    range, 4:2:0.
    """

    def __init__(
        self,
        project: Project,
        shelf: Shelf,
        folder: Path,
        *,
        scenes: SceneCache | None = None,
        depths: DepthAnything | None = None,
        fidelity: bool = True,
        styles: Resolver | None = None,
        token: str | None = None,
        sketch: bool = False,
    ) -> None:
        """Nothing is read or drawn yet.

        Args:
            project: the project.
            shelf: where its media lie.
            folder: where drawn shots are kept; it may be shared by all versions of a project.
            scenes: where scenes are kept for re-use.
            depths: the process's depth network, so that it is loaded once.
            fidelity: measure the camera of every shot that is drawn.
            styles: finds the styles that prompts' tags name; without it a tag is an error.
            token: of the user's account, for the backends that ask for one; it is kept nowhere
                but in this object.
            sketch: draw all shots by geometry, whoever will draw them in the end.
        """
        self._fidelity = fidelity
        self._artists = Artists(project, styles=styles, token=token, sketch=sketch)
        self._project = project
        self._shelf = shelf
        self._scenes = scenes
        self._depths = depths or DepthAnything()
        self._keep = Keep(folder, ".mp4")
        self._lock = threading.RLock()
        self._facts: dict[str, clips.ClipFacts] = {}
        self._stages: OrderedDict[str, Stage] = OrderedDict()
        self._found_depths: OrderedDict[str, DepthMap] = OrderedDict()
        self._size: tuple[int, int] | None = None
        self._keys: dict[str, str] = {}
        self._looks: dict[str, ShotLook | None] | None = None
        self._drawn: set[str] = set()
        self.rate: Fraction = exact_rate(project.output.fps)
        """Frames per second of the film."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder; safe to call more than once."""
        self._keep.close()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the film, pixels; see ``film_size``."""
        if self._size is None:
            self._size = film_size(self._project, self._shelf, self._look_at)
        return self._size

    def lengths(self) -> dict[str, int]:
        """Frames of each shot at the film's rate, by id."""
        return {shot.id: self._length(shot) for shot in self._project.shots}

    def key(self, shot_id: str) -> str:
        """Stands for all that decides a shot's frames before its colours are worked on."""
        if shot_id not in self._keys:
            self._keys[shot_id] = key_of(self._said(self._project.shot(shot_id)))
        return self._keys[shot_id]

    def look(self, shot_id: str) -> ShotLook | None:
        """What happens to a shot's colours; None where nothing does."""
        with self._lock:
            if self._looks is None:
                keys = {shot.id: self.key(shot.id) for shot in self._project.shots}
                self._looks = looks_of(self._project, self._shelf, keys, self.samples)
            return self._looks[shot_id]

    def ready(self, shot_id: str) -> bool:
        """Whether a shot's frames can be read without drawing."""
        shot = self._project.shot(shot_id)
        return not shot.is_photo or self._keep.find(self.key(shot_id)) is not None

    def draw(
        self,
        shot_id: str,
        *,
        cancel: CancelToken | None = None,
        progress: ProgressCallback = ignore_progress,
    ) -> None:
        """Draw a photo's shot, unless it is kept already; nothing is to be done for clips.

        Raises what ``render_shot`` raises, with the shot's name in front.
        """
        shot = self._project.shot(shot_id)
        if shot.is_photo:
            self._kept(shot, cancel or CancelToken(), progress)

    def report(self, shot_id: str) -> ShotReport | None:
        """What is known of a drawn shot; None for clips, and for what was never drawn."""
        told = self._keep.told(self.key(shot_id))
        if not self._project.shot(shot_id).is_photo or told is None:
            return None
        notes = tuple(str(note) for note in told.get("notes", ()))
        return ShotReport(
            shot_id, notes, told.get("fidelity"), shot_id in self._drawn, told.get("made_by", {})
        )

    def clip(self, shot_id: str) -> Path | None:
        """The file of a clip; None for photos, whose frames are drawn."""
        shot = self._project.shot(shot_id)
        return None if shot.is_photo else self._shelf.path(shot.media)

    def raw(self, take: Take, cancel: CancelToken | None = None) -> Iterator[Planes]:
        """The frames of a take before any colour work; plain colour where it has no shot."""
        if take.shot is None:
            plain = _plain(take.colour, *self.size)
            yield from (plain for _ in range(take.frames))
            return
        yield from clips.read_clip(
            self._source(self._project.shot(take.shot), cancel),
            take.first,
            take.frames,
            rate=self.rate,
            size=self.size,
            cancel=cancel,
        )

    def planes(self, take: Take, cancel: CancelToken | None = None) -> Iterator[Planes]:
        """The frames of a take as the film shows them, matched, styled and graded."""
        running = self.running(take)
        for number, planes in enumerate(self.raw(take, cancel), take.first):
            yield planes if running is None else running.apply(planes, number / self.rate)

    def running(self, take: Take) -> RunningLook | None:
        """The colour work of one take, to be used by one thread; None where there is none."""
        look = None if take.shot is None else self.look(take.shot)
        return None if look is None else look.start(self.size[1])

    def finisher(self, take: Take) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
        """The colour work of a take for frames that a transition draws anew, RGB to RGB.

        The frames of the take are to be given in order, each once: a grade may change with time.
        """
        running = self.running(take)
        learned = self._learned(take)
        if running is None and learned is None:
            return lambda pixels: pixels
        numbers = itertools.count(take.first)

        def finish(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
            number = next(numbers)
            if learned is not None:
                pixels = learned(pixels, number)
            if running is None:
                return pixels
            return to_rgb(running.apply(planes_from_rgb(pixels), number / self.rate))

        return finish

    def _learned(self, take: Take) -> Callable[[Frame, int], Frame] | None:
        """What lays the learned looks of a take's shot on frames that are drawn anew."""
        shot = None if take.shot is None else self._project.shot(take.shot)
        if shot is None or not shot.is_photo:
            return None
        styling = self._artists.styling(shot)
        return styling.running(*self.size, shot.shot.seed) if styling.has_looks else None

    def samples(self, shot_id: str) -> Sequence[Planes]:
        """A few evenly taken frames of a shot, before any colour work; draws it if need be."""
        shot = self._project.shot(shot_id)
        length = self._length(shot)
        count = min(SEEN, length)
        numbers = [(2 * part + 1) * length // (2 * count) for part in range(count)]
        return [next(iter(self.raw(Take(shot_id, number, 1)))) for number in numbers]

    def stage(self, shot_id: str, cancel: CancelToken | None = None) -> Stage | None:
        """The photo set up for filming at the film's size; None for clips and what models draw."""
        shot = self._project.shot(shot_id)
        if not self._artists.has_stage(shot):
            return None
        with self._lock, named(shot):
            if shot_id in self._stages:
                self._stages.move_to_end(shot_id)
                return self._stages[shot_id]
            token = cancel or CancelToken()
            image = load_image(self._shelf.path(shot.media))
            stage = prepare_shot(
                self._shot(shot), image, self._depth(shot, token), self._scenes, token,
                ignore_progress, size=self.size,
            )  # fmt: skip
            self._stages[shot_id] = stage
            while len(self._stages) > _STAGES:
                self._stages.popitem(last=False)
            return stage

    def has_stage(self, shot_id: str) -> bool:
        """Whether ``stage`` gives one, so that a transition may draw frames of the shot anew."""
        return self._artists.has_stage(self._project.shot(shot_id))

    def trim(self, most_bytes: int) -> None:
        """Drop drawn shots that this project does not use, beyond a size in bytes."""
        self._keep.trim({self.key(shot.id) for shot in self._project.shots}, most_bytes)

    def has_sound(self, shot_id: str) -> bool:
        """Whether a shot is a clip with sound of its own."""
        shot = self._project.shot(shot_id)
        return not shot.is_photo and self._look_at(shot).has_sound

    def _said(self, shot: SequenceShot) -> dict[str, Any]:
        rate = str(self.rate)
        if not shot.is_photo:
            return {"clip": clips.VERSION, "media": shot.media.sha256, "size": self.size,
                    "rate": rate}  # fmt: skip
        said = {
            "drawing": DRAWING,
            "media": shot.media.sha256,
            "depth": None if shot.depth is None else shot.depth.sha256,
            **self._artists.said(shot),
            "size": self.size,
            "rate": rate,
            "encoder": KEPT_ENCODER.model_dump(),
        }
        if shot.depth is None and shot.shot.depth.method != "embedded":
            said["learned"] = self._depths.available()
        if not self._fidelity:
            said["unmeasured"] = True
        return said

    def _shot(self, shot: SequenceShot) -> Shot:
        return self._artists.shot(shot)

    def _length(self, shot: SequenceShot) -> int:
        return self._shot(shot).frames if shot.is_photo else self._look_at(shot).frames(self.rate)

    def _look_at(self, shot: SequenceShot) -> clips.ClipFacts:
        found = self._facts.get(shot.media.sha256)
        if found is None:
            found = self._facts[shot.media.sha256] = _facts(shot, self._shelf)
        return found

    def _depth(self, shot: SequenceShot, cancel: CancelToken) -> DepthMap:
        given = None if shot.depth is None else shot.depth.sha256
        key = key_of({"photo": shot.media.sha256, "map": given, "by": shot.shot.depth.method})
        if key in self._found_depths:
            self._found_depths.move_to_end(key)
            return self._found_depths[key]
        image = load_image(self._shelf.path(shot.media))
        if shot.depth is None:
            depth = photo_depth(image, shot.shot, model=self._depths, cancel=cancel)
        else:
            picture = load_depth_picture(self._shelf.path(shot.depth))
            depth = read_depth_picture(picture, image.pixels.shape)
        self._found_depths[key] = depth
        while len(self._found_depths) > _DEPTHS:
            self._found_depths.popitem(last=False)
        return depth

    def _source(self, shot: SequenceShot, cancel: CancelToken | None) -> Path:
        if not shot.is_photo:
            self._look_at(shot)
            return self._shelf.path(shot.media)
        return self._kept(shot, cancel or CancelToken(), ignore_progress).path

    def _kept(self, shot: SequenceShot, cancel: CancelToken, progress: ProgressCallback) -> Kept:
        key = self.key(shot.id)
        with self._lock:
            found = self._keep.find(key)
            if found is not None:
                return found

            def work(path: Path) -> dict[str, Any]:
                result = draw_shot(
                    self._shot(shot),
                    self._shelf.path(shot.media),
                    path,
                    self._artists.backend(shot),
                    self._artists.styling(shot),
                    lighting=self._project.lighting.strip(),
                    depth=self._depth(shot, cancel),
                    size=self.size,
                    fidelity=self._fidelity,
                    scenes=self._scenes,
                    encoder=KEPT_ENCODER,
                    cancel=cancel,
                    progress=progress,
                )
                measured = result.fidelity
                return {
                    "notes": list(result.notes),
                    "fidelity": None if measured is None else measured.to_dict(),
                    "made_by": result.made_by,
                }

            with named(shot):
                found = self._keep.make(key, work)
            self._drawn.add(shot.id)
            return found


def _facts(shot: SequenceShot, shelf: Shelf) -> clips.ClipFacts:
    if shot.media.kind != "video":
        raise InvalidInstruction(
            f"The shot {shot.id!r} is made of a {shot.media.kind} file. A shot is a photo or a "
            "video."
        )
    with named(shot):
        return clips.look_at(shelf.path(shot.media))


def _plain(colour: str, width: int, height: int) -> Planes:
    """A picture of one colour such as #1a2b3c."""
    pixel = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)], np.uint8)
    return planes_from_rgb(np.broadcast_to(pixel, (height, width, 3)).copy())
