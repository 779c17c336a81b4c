"""A film of several shots from Python: add them one after another, then make the film."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from synth.camera.keys import CameraKeys
from synth.camera.trajectory import CameraTrajectory
from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.explain import short
from synth.grade.settings import Grade
from synth.media.clip_files import ClipFolder
from synth.motion import MotionControl, parse_phrase
from synth.sequence.footage import lengths_of
from synth.sequence.plan import FilmPlan, plan_film
from synth.sequence.project import (
    ColourMatch,
    Project,
    SequenceShot,
    SoundTrack,
    Style,
    Title,
)
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card, Way, arrange, cards
from synth.sequence.times import at_least_0, exact_rate, said_seconds
from synth.sequence.transitions.catalogue import TRANSITIONS
from synth.shot.model import Shot
from synth.style.resolve import Resolver, path_resolver
from synth.style.tags import read_tags

if TYPE_CHECKING:
    from synth.sequence.film import FilmResult, FilmState

PathLike = str | os.PathLike[str]


class VideoSequenceComposer:
    """Collects shots and makes one film of them.

    Shots follow each other in the order in which they are added, with the composer's transition
    between them; every call checks what it gets at once. What is made is kept beside the project,
    so that making the film again after a change makes only what the change touches.
    """

    def __init__(
        self,
        *,
        name: str = "Untitled",
        transition: str = "dissolve",
        transition_seconds: float = 0.5,
        folder: PathLike | None = None,
        styles: Resolver | None = None,
        **output: Any,
    ) -> None:
        """Begin an empty film.

        Args:
            name: of the film.
            transition: what comes between shots unless they say otherwise; "cut" for nothing.
            transition_seconds: how long it takes.
            folder: where media and finished parts are kept, so that a later run goes on from
                there; without one they live as long as the composer.
            styles: finds the styles that prompts name by tags such as ``<lora:ember:0.8>``; paths
                of files where it is left out. See ``synth.style.resolve``.
            output: fields of ``FilmSettings``: ``long_side``, ``aspect``, ``fps``, ``format``,
                ``crf``.

        Raises:
            InvalidInstruction: a value that makes no sense.
        """
        self._keeper: ClipFolder | None = None
        """Held, since its folder goes when nothing refers to it any more."""
        if folder is None:
            self._keeper = ClipFolder()
            folder = self._keeper.path
        self.folder = Path(folder)
        """Where media and finished parts are kept."""
        self._shelf = Shelf(self.folder / "media")
        self.project = Project.from_dict({"name": name, "output": output})
        """The film as it stands; what is saved."""
        self.notes: list[str] = []
        """What was understood of each sentence and what was assumed, one sentence each."""
        self.result: FilmResult | None = None
        """The film that was made last."""
        self._way = self._way_of(transition, transition_seconds)
        self._styles = styles or path_resolver()

    @classmethod
    def of(
        cls,
        project: Project,
        shelf: Shelf,
        folder: PathLike | None = None,
        *,
        styles: Resolver | None = None,
    ) -> Self:
        """A composer that goes on with a project whose media lie on ``shelf``."""
        made = cls(folder=folder, styles=styles)
        made.project, made._shelf = project, shelf
        made._way = made._way_of("dissolve", 0.5)  # counted at the project's own rate
        return made

    @property
    def shelf(self) -> Shelf:
        """Where the media lie."""
        return self._shelf

    @property
    def shots(self) -> list[dict[str, Any]]:
        """The shots in the order of the film: id, image, motion (the sentence), duration."""
        rate = exact_rate(self.project.output.fps)
        found = []
        for card in self._cards():
            if card.shot is not None:
                shot = self.project.shot(card.shot)
                found.append(
                    {
                        "id": shot.id,
                        "image": shot.media.name,
                        "motion": shot.shot.prompt,
                        "duration": float(card.frames / rate),
                    }
                )
        return found

    def add_shot(
        self,
        shot_id: str,
        image_path: PathLike,
        motion_prompt: str = "",
        duration_seconds: float = 3,
        *,
        motion_control: Mapping[str, Any] | None = None,
        trajectory: CameraTrajectory | CameraKeys | None = None,
        depth_path: PathLike | None = None,
        style: str | None = None,
        style_strength: float = 1.0,
        grade: Grade | Mapping[str, Any] | None = None,
        lut_path: PathLike | None = None,
        transition: str | None = None,
        transition_seconds: float | None = None,
        **settings: Any,
    ) -> None:
        """Add a shot that is drawn from a photo.

        Args:
            shot_id: its name, once in the film.
            image_path: the photo.
            motion_prompt: what the camera, the subjects and the weather do, in a sentence; see
                ``parse_phrase``. The words go into the prompt of backends that read one; tags
                in them ask for learned styles.
            duration_seconds: its length in the film, with what transitions share. A motion
                control that says how long it takes is cut off there, or ends the shot before.
            motion_control: the motion as a dict, in place of what the sentence says.
            trajectory: a keyed camera, in place of both; it also says how long the shot is.
            depth_path: the photo's depth map, near is white.
            style: one of the bundled looks, by name.
            style_strength: 0 to 1.
            grade: controls, as ``Grade`` has them.
            lut_path: a ``.cube`` file for the grade.
            transition: how the shot before becomes this one; the composer's if left out.
            transition_seconds: how long that takes.
            settings: further fields of ``Shot``: ``backend``, ``lens``, ``depth``, ``edge``,
                ``seed``, ``focal_length``.

        Raises:
            InvalidInstruction: a value that makes no sense, or an id that is there already.
            InvalidMedia: a file is missing.
            LimitExceeded: a file or the shot is larger than allowed.
        """
        self._check_new(shot_id)
        seconds = said_seconds("duration_seconds", duration_seconds)
        notes: list[str] = []
        if trajectory is not None:
            motion = MotionControl.from_dict({})
        elif motion_control is not None:
            motion = MotionControl.from_dict(dict(motion_control))
        else:
            motion = self._spoken(shot_id, motion_prompt, seconds, notes)
        shot = Shot.from_dict(
            {**settings, "motion": motion.to_dict(), "prompt": motion_prompt,
             "output": self.project.output.output.model_dump()}
        )  # fmt: skip
        if trajectory is not None:
            keys = trajectory if isinstance(trajectory, CameraKeys) else trajectory.to_keys()
            shot = shot.with_trajectory(keys)
        media = self._shelf.add(image_path, "photo")
        added = SequenceShot.of(
            id=shot_id,
            media=media,
            shot=shot,
            depth=None if depth_path is None else self._shelf.add(depth_path, "depth"),
            style=None if style is None else Style.of(look=style, strength=style_strength),
            grade=None if grade is None else Grade.from_values(grade),
            lut=None if lut_path is None else self._shelf.add(lut_path, "lut"),
        )
        wanted = round(seconds * exact_rate(self.project.output.fps))
        frames = shot.frames if trajectory is not None else min(wanted, shot.frames)
        if trajectory is None and frames < wanted:
            notes.append(f"{shot_id}: its moves last {shot.seconds:g} s, and so does the shot.")
        self._append(added, Card(shot_id, 0, frames), transition, transition_seconds)
        self.notes += notes

    def add_clip(
        self,
        shot_id: str,
        video_path: PathLike,
        *,
        start_seconds: float = 0.0,
        duration_seconds: float | None = None,
        sound_gain: float | None = 0.0,
        style: str | None = None,
        style_strength: float = 1.0,
        grade: Grade | Mapping[str, Any] | None = None,
        transition: str | None = None,
        transition_seconds: float | None = None,
    ) -> None:
        """Add a part of a video as it is.

        Args:
            shot_id: its name, once in the film.
            video_path: the video.
            start_seconds: where the part begins.
            duration_seconds: how long it is; None to the end.
            sound_gain: of its sound, dB; None is silence.
            style: one of the bundled looks, by name.
            style_strength: 0 to 1.
            grade: controls, as ``Grade`` has them.
            transition: how the shot before becomes this one; the composer's if left out.
            transition_seconds: how long that takes.

        Raises as ``add_shot`` does.
        """
        self._check_new(shot_id)
        media = self._shelf.add(video_path, "video")
        added = SequenceShot.of(
            id=shot_id,
            media=media,
            sound_gain=sound_gain,
            style=None if style is None else Style.of(look=style, strength=style_strength),
            grade=None if grade is None else Grade.from_values(grade),
        )
        rate = exact_rate(self.project.output.fps)
        whole = lengths_of(Project(shots=(added,), output=self.project.output), self._shelf)
        first = round(Fraction(str(at_least_0("start_seconds", start_seconds))) * rate)
        left = whole[shot_id] - first
        frames = left if duration_seconds is None else round(
            said_seconds("duration_seconds", duration_seconds) * rate
        )  # fmt: skip
        if not 0 < frames <= left:
            raise InvalidInstruction(
                f"The clip {media.name!r} lasts {float(whole[shot_id] / rate):.2f} s; the part "
                f"from {start_seconds:g} s, {float(max(frames, 0) / rate):.2f} s long, is not in "
                "it. Start earlier or take less."
            )
        self._append(added, Card(shot_id, first, frames), transition, transition_seconds)

    def add_title(self, text: str, start: float = 0.0, seconds: float = 3.0, **more: Any) -> None:
        """Put words on the picture.

        Args:
            text: the words.
            start: when they come, seconds of the film.
            seconds: how long they stay.
            more: further fields of ``Title``: ``second_line``, ``style`` ("title", "lower_third",
                "caption"), ``fade``, ``size``, ``colour``.

        Raises ``InvalidInstruction`` for a value that makes no sense.
        """
        title = {"text": text, "start": start, "seconds": seconds, **more}
        self._change(titles=(*self.project.titles, Title.of(**title)))

    def set_soundtrack(self, path: PathLike, role: str = "music", **more: Any) -> None:
        """Add music, a voice or an effect.

        Args:
            path: a sound or video file.
            role: "music", "voice" or "effect"; music sinks while a voice is heard.
            more: further fields of ``SoundTrack``: ``start``, ``trim_start``, ``seconds``,
                ``gain``, ``fade_in``, ``fade_out``, ``loop``.

        Raises ``InvalidInstruction``, ``InvalidMedia`` or ``LimitExceeded``.
        """
        media = self._shelf.add(path, "sound")
        track = SoundTrack.of(media=media, role=role, **more)
        sound = self.project.sound
        self._change(sound=sound.model_copy(update={"tracks": (*sound.tracks, track)}))

    def set_transition(
        self,
        shot_id: str,
        transition: str,
        seconds: float = 0.5,
        *,
        easing: Literal["linear", "ease-in", "ease-out", "ease-in-out"] = "linear",
        colour: str = "#000000",
        reverse: bool = False,
    ) -> None:
        """Say how a shot becomes the one after it.

        Args:
            shot_id: the shot before the transition.
            transition: a name from ``TRANSITIONS``, or "cut".
            seconds: how long it takes.
            easing: how it gathers pace.
            colour: of a dip.
            reverse: of a depth wipe or a whip pan, the other way.

        Raises ``InvalidInstruction``.
        """
        self.project.shot(shot_id)
        way = self._way_of(transition, seconds)
        if way is not None:
            way = replace(way, easing=easing, colour=colour, reverse=reverse)
        laid = [replace(card, way=way) if card.shot == shot_id else card for card in self._cards()]
        self.project = arrange(self.project, laid)

    def match_colors(self, reference: str, strength: float = 0.8) -> None:
        """Let all shots follow the colours of one.

        Raises ``InvalidInstruction`` for a shot that is not there or a strength outside 0 to 1.
        """
        self._change(match=ColourMatch.of(reference=reference, strength=strength))

    def set_lighting(self, cue: str) -> None:
        """Words about light that go into every shot's prompt: "low golden sun from the left"."""
        self._change(lighting=cue)

    def plan(self) -> FilmPlan:
        """What the film is made of and how long it is, before anything is drawn.

        Raises ``InvalidInstruction`` or ``LimitExceeded``.
        """
        return plan_film(self.project, lengths_of(self.project, self._shelf))

    def generate_sequence(
        self,
        output_path: PathLike = "sequence.mp4",
        *,
        token: str | None = None,
        cancel: CancelToken | None = None,
        progress: ProgressCallback = ignore_progress,
        watch: Callable[[FilmState], None] | None = None,
    ) -> str:
        """Draw what is not yet drawn and put the film together.

        Args:
            output_path: the file to write, complete or not at all.
            token: of your Hugging Face account, for shots whose backend asks for one.
            cancel: stops the work within a second; what is finished is kept.
            progress: told what is being done.
            watch: told how far each shot and the whole is.

        Returns:
            The path of the film. ``result`` has what else is known of it.

        Raises:
            InvalidInstruction: there are no shots, or a transition does not fit.
            InvalidMedia: a photo, clip or sound cannot be read.
            LimitExceeded: the film or a file is larger than allowed.
            Unavailable: a shot's backend lacks a package, weights or an account.
            Cancelled: ``cancel`` was set.
        """
        from synth.sequence.film import compose

        self.result = compose(
            self.project, self._shelf, output_path, folder=self.folder, styles=self._styles,
            token=token, cancel=cancel, progress=progress, watch=watch,
        )  # fmt: skip
        return os.fspath(output_path)

    def to_moviepy(self, **options: Any) -> Any:
        """The film as a moviepy clip, for going on in Python; see ``exchange.moviepy``."""
        from synth.sequence.exchange.moviepy import to_moviepy

        options = {"styles": self._styles, **options}
        return to_moviepy(self.project, self._shelf, folder=self.folder, **options)

    def save_project(self, path: PathLike) -> Path:
        """Write the project with all its media as one bundle (``.zip``)."""
        from synth.sequence.bundle import write_bundle

        write_bundle(self.project, self._shelf, path)
        return Path(path)

    def _spoken(
        self, shot_id: str, prompt: str, seconds: Fraction, notes: list[str]
    ) -> MotionControl:
        heard = parse_phrase(read_tags(prompt).text, duration=float(seconds))
        control = heard.control
        if control is None or not control.moves:
            notes.append(f"{shot_id}: the sentence names no camera move, so the camera is still.")
            values = {} if control is None else control.to_dict()
            values["camera"] = {"type": "static", "duration": float(seconds)}
            control = MotionControl.from_dict(values)
        told = (*heard.understood, *heard.assumed, *heard.not_understood)
        notes += [f"{shot_id}: {sentence}" for sentence in told]
        return control

    def _check_new(self, shot_id: str) -> None:
        if any(shot.id == shot_id for shot in self.project.shots):
            raise InvalidInstruction(
                f"There is a shot {short(shot_id)} already. Give each shot its own id."
            )

    def _append(
        self, shot: SequenceShot, card: Card, transition: str | None, seconds: float | None
    ) -> None:
        """Add a shot and its card, or neither."""
        way = self._way
        if transition is not None or seconds is not None:
            name = transition or (way.type if way is not None else "dissolve")
            rate = exact_rate(self.project.output.fps)
            usual = float(way.frames / rate) if way is not None else 0.5
            way = self._way_of(name, usual if seconds is None else seconds)
        laid = list(self._cards())
        if laid:
            laid[-1] = replace(laid[-1], way=way)
        self.project = arrange(self.project.with_shot(shot), [*laid, card])

    def _cards(self) -> tuple[Card, ...]:
        return cards(self.project, lengths_of(self.project, self._shelf))

    def _way_of(self, name: str, seconds: float) -> Way | None:
        if name == "cut":
            return None
        name = "dissolve" if name == "fade" else name
        if not isinstance(name, str) or name not in TRANSITIONS:
            raise InvalidInstruction(
                f"There is no transition {short(name)}; choose cut or one of "
                f"{', '.join(TRANSITIONS)}."
            )
        frames = round(
            said_seconds("transition_seconds", seconds) * exact_rate(self.project.output.fps)
        )
        return Way(name, max(1, frames))

    def _change(self, **fields: Any) -> None:
        self.project = self.project.changed(**fields)
