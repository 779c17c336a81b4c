"""What the Sequence tab asks: files come in, sentences become moves, the film is planned and made.

Everything is answered outside of the queue by one function that the page calls with what it wants
done. Long work becomes a job of the visitor's desk, which goes on when nobody looks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import gradio as gr

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.jobs import JobPool
from synth.sequence.plan import plan_film
from synth.sequence.project import MediaKind, MediaRef, Project, SequenceShot
from synth.sequence.shelf import content_hash
from synth.shot import Shot
from synth.ui.answering import answering
from synth.ui.answers import message_of
from synth.ui.drawn import Preflights, caller_of
from synth.ui.examples import Example
from synth.ui.sequence_asked import read_card_shot, read_mapping, read_number, read_ref
from synth.ui.sequence_cards import (
    Document,
    arithmetic,
    document_of,
    missing_photos,
    plain_shot,
    read_document,
    read_parts,
    said_shot,
    shown_shot,
    spoken,
    with_seconds,
)
from synth.ui.sequence_desks import Desk, Desks
from synth.ui.sequence_files import read_captions, save_as, take_in
from synth.ui.sequence_films import compare_colours, film_work, shot_work
from synth.ui.sequence_jobs import DeskJob, JobKind
from synth.ui.sequence_media import kind_of, refusal_of, sent_file, shot_name, without_own_names
from synth.ui.sequence_seen import beats_of, thumbnail_of, waveform_of
from synth.ui.style_desks import StyleDesks
from synth.ui.visitors import heard_styles, resolver_of

Answer = dict[str, Any]
Asked = Mapping[str, Any]

_QUICK_AT_ONCE: Final = 6
_NEVER_WAIT: Final = frozenset({"hello", "status", "cancel"})
"""What reads nothing and must be answered while others look for beats or open bundles."""
_FILMS_AT_ONCE: Final = 2
_JOBS_AT_ONCE: Final = 4
"""Most jobs of one desk that are not finished."""
_FORGET_AFTER: Final = 6 * 3600.0
_EXAMPLES: Final = (
    ("lighthouse", "Lighthouse", "crane up while slowly pushing in", 5.0),
    ("robot", "Robot", "orbit left around the subject", 4.0),
    ("cloister", "Cloister", "slow dolly in, slightly handheld", 5.0),
)
"""What the three example cards show: example, shot, sentence, seconds."""
_EXAMPLE_WAY: Final = {
    "type": "dissolve", "seconds": 0.8, "easing": "linear", "colour": "#000000", "reverse": False,
}  # fmt: skip


class SequenceHandlers:
    """The answers of one served page; what visitors work on lies in its registry of desks."""

    def __init__(
        self, pool: JobPool, examples: tuple[Example, ...], styles: StyleDesks | None = None
    ) -> None:
        """``pool`` runs comparisons and files to save; films have a pool of their own.

        ``styles`` holds the visitors' own styles, which prompts may name.
        """
        self._styles = styles or StyleDesks(_FORGET_AFTER)
        self._preflights = Preflights(self._styles)
        self._pool = pool
        self._films = JobPool(_FILMS_AT_ONCE)
        self._examples = {example.id: example for example in examples}
        self._slots = threading.Semaphore(_QUICK_AT_ONCE)
        self.desks = Desks(_FORGET_AFTER)
        """The desks of this page's visitors."""
        self._known: dict[str, Callable[[Asked], Answer]] = {
            "hello": self.hello,
            "examples": self.examples,
            "add": self.add,
            "sentence": self.sentence,
            "length": self.length,
            "plan": self.plan,
            "preflight": self.preflight,
            "open": self.open,
            "project": self.project,
            "captions": self.captions,
            "thumbnail": self.thumbnail,
            "waveform": self.waveform,
            "beats": self.beats,
            "start": self.start,
            "status": self.status,
            "cancel": self.cancel,
            "forget": self.forget,
        }

    def function(self) -> Callable[[Any], Answer]:
        """What the page calls, with {"do": what, ...}."""

        return answering(self._known, self.start, _NEVER_WAIT, self._slots)

    # --- the desk and its files ---

    def hello(self, asked: Asked) -> Answer:
        """A page opened: which of its files and which of its jobs are still here."""
        desk = self.desks.find(asked.get("desk"))
        shas = asked.get("shas")
        ours = [one for one in shas if isinstance(one, str)] if isinstance(shas, list) else []
        if not ours or not self._of_ours(ours):
            if desk is None:
                return {"desk": None, "media": {}, "jobs": []}
        else:  # Example photos are installed here: nobody has to send them.
            desk = desk or self.desks.new()
            self._supply(desk, self._of_ours(ours))
        return {
            "desk": desk.id,
            "media": self._media(desk, asked.get("shas")),
            "jobs": [job.state() for job in desk.jobs()],
        }

    def examples(self, asked: Asked) -> Answer:
        """Three example shots, with moves and dissolves, as a document."""
        desk = self._desk(asked)
        shots: list[dict[str, Any]] = []
        laid: list[dict[str, Any]] = []
        for id, name, sentence, seconds in _EXAMPLES:
            example = self._examples.get(id)
            if example is None:
                continue
            shot, _ = spoken(self._of_example(desk, example, name), sentence, seconds)
            laid.append({"shot": name, "start": 0.0, "seconds": seconds, "way": _EXAMPLE_WAY})
            shots.append(plain_shot(shot))
        if not shots:
            raise InvalidMedia("No example photo is installed. Add photos of your own.")
        laid[-1]["way"] = None
        project = {
            "name": "Three examples", "shots": shots,
            "output": {"long_side": 1280, "aspect": "16:9", "fps": "24"},
        }  # fmt: skip
        project_ = Project.from_dict(project)
        document = {"project": project_.to_dict(), "cards": laid}
        return {**self._whole(desk, document), "desk": desk.id}

    def add(self, asked: Asked) -> Answer:
        """Files were sent: {"added": [{shot, media, seconds, words}, ...]} and what failed."""
        desk = self._desk(asked)
        desk.check_room()
        added: list[Answer] = []
        failed: list[str] = []
        files = asked.get("files")
        for given in files if isinstance(files, list) else []:
            name = str(given.get("orig_name") or "file") if isinstance(given, Mapping) else "file"
            try:
                added.append(self._added(desk, given, name, asked))
            except Exception as error:
                failed.append(f"{name[:80]}: {without_own_names(message_of(error))}")
        return {"desk": desk.id, "added": added, "failed": failed}

    def _of_ours(self, shas: Iterable[str]) -> dict[str, tuple[Path, MediaKind]]:
        """Those of these files that are examples, by hash; depth maps come with their photo."""
        wanted = set(shas)
        found: dict[str, tuple[Path, MediaKind]] = {}
        for photo, depth in self._ours:
            if wanted & {sha for sha, _ in (photo, *depth)}:
                found[photo[0]] = photo[1], "photo"
                found.update((sha, (path, "depth")) for sha, path in depth)
        return found

    @cached_property
    def _ours(self) -> tuple[tuple[tuple[str, Path], tuple[tuple[str, Path], ...]], ...]:
        """Each example's photo and depth map, with their hashes."""
        return tuple(
            (
                (content_hash(one.path), one.path),
                () if one.depth_path is None else ((content_hash(one.depth_path), one.depth_path),),
            )
            for one in self._examples.values()
        )

    def _supply(self, desk: Desk, files: Mapping[str, tuple[Path, MediaKind]]) -> None:
        """Put examples on the shelf that are not there."""
        for sha, (path, kind) in files.items():
            if not desk.shelf.has(MediaRef(sha256=sha, kind=kind)):
                desk.shelf.add(path, kind)
            if kind == "photo":
                desk.look(MediaRef(sha256=sha, kind=kind))

    def _added(self, desk: Desk, given: Any, name: str, asked: Asked) -> Answer:
        wanted = asked.get("as")
        example = self._examples.get(str(given.get("example"))) if wanted == "photo" else None
        if example is not None:
            made = self._of_example(desk, example, example.title)
            ref = made.media
        else:
            kind: MediaKind = "sound" if wanted == "sound" else kind_of(name)
            if kind == "sound" and wanted != "sound":
                wanted = "sound"
            with sent_file(given) as path:
                ref = desk.shelf.add(path, kind, name)
            try:
                desk.look(ref)
            except InvalidMedia as error:
                raise InvalidMedia(refusal_of(name, str(error))) from error
            desk.name([ref])
            made = SequenceShot(id=shot_name(name), media=ref)
        answer: Answer = {"media": ref.model_dump(), **desk.look(ref).shown()}
        if ref.kind == "sound":
            return {**answer, "wave": waveform_of(desk, ref)}
        given_shot = given.get("shot") if isinstance(given, Mapping) else None
        if ref.kind == "photo" and isinstance(given_shot, Mapping):
            made = made.model_copy(update={"shot": Shot.from_dict(dict(given_shot))})
        elif ref.kind == "photo":
            made, _ = spoken(made, "slow push in", 4.0)
        own = answer["seconds"]
        return {**answer, "shot": plain_shot(made), **said_shot(made, own), "own": own}

    def _of_example(self, desk: Desk, example: Example, name: str) -> SequenceShot:
        photo = desk.shelf.add(example.path, "photo", f"{example.title}{example.path.suffix}")
        depth = None
        if example.depth_path is not None:
            depth = desk.shelf.add(example.depth_path, "depth", example.depth_path.name)
        return SequenceShot(id=name, media=photo, depth=depth)

    def forget(self, asked: Asked) -> Answer:
        """Delete everything of this desk."""
        return {"forgotten": self.desks.forget(asked.get("desk"))}

    # --- the document ---

    def sentence(self, asked: Asked) -> Answer:
        """A sentence for a card's camera: the shot with it, and what was understood."""
        shot = read_card_shot(asked.get("shot"))
        text = asked.get("text")
        if not isinstance(text, str) or not text.strip():
            raise InvalidInstruction("Say how the camera moves, for example “slow push in”.")
        changed, said = spoken(shot, text.strip(), read_number(asked.get("seconds"), "The length"))
        styles, _ = self._heard(changed, asked)
        said["understood"] = [*said["understood"], *styles]
        return {"shot": plain_shot(changed), **said_shot(changed, None), **said}

    def length(self, asked: Asked) -> Answer:
        """Another length for the shot of a photo: its whole move in that time."""
        shot = read_card_shot(asked.get("shot"))
        made = with_seconds(shot.shot, read_number(asked.get("seconds"), "The length"))
        changed = shot.model_copy(update={"shot": made})
        return {"shot": plain_shot(changed), **said_shot(changed, None)}

    def plan(self, asked: Asked) -> Answer:
        """Whether the document can be made, how long it is, and what each transition needs."""
        desk = self.desks.find(asked.get("desk"))
        document = self._document(desk, asked.get("document"))
        refs = document.project.media() if desk is None else desk.shelf.missing(document.project)
        missing = {ref.sha256: ref.name or ref.kind for ref in refs}
        plan = plan_film(document.project, document.lengths)
        styles = {one.id: self._heard(one, asked)[1] for one in document.project.shots}
        return {
            "styles": {id: " ".join(wrong) for id, wrong in styles.items() if wrong},
            "frames": plan.frames,
            "seconds": float(plan.seconds),
            "words": arithmetic(plan),
            "trouble": missing_photos(document, plan),
            "missing": missing,
        }

    def preflight(self, asked: Asked) -> Answer:
        """What whoever draws a card's shot would keep of it."""
        return self._preflights.answer(Shot.from_dict(read_mapping(asked.get("shot"))), asked)

    def open(self, asked: Asked) -> Answer:
        """A project file was sent (.json, .zip, or a film of ours): the document in it."""
        desk = self._desk(asked)
        given = asked.get("file")
        name = str(given.get("orig_name") or "project") if isinstance(given, Mapping) else "project"
        with sent_file(given) as path:
            project, notes = take_in(path, name, desk)
        self._supply(desk, self._of_ours(ref.sha256 for ref in desk.shelf.missing(project)))
        whole = self._whole(desk, document_of(project, desk.clip_frames))
        said = [without_own_names(one) for one in (*notes, *whole["notes"])]
        return {**whole, "desk": desk.id, "notes": said}

    def project(self, asked: Asked) -> Answer:
        """The project as the text of a file."""
        desk = self.desks.find(asked.get("desk"))
        return {"text": self._document(desk, asked.get("document")).project.to_json(indent=1)}

    def captions(self, asked: Asked) -> Answer:
        """Subtitles were sent: {"titles": as a project has them, "words"}."""
        with sent_file(asked.get("file")) as path:
            titles, notes = read_captions(path)
        count = len(titles)
        words = " ".join([f"{count} {'caption' if count == 1 else 'captions'} added.", *notes])
        return {"titles": [title.model_dump(mode="json") for title in titles], "words": words}

    def _whole(self, desk: Desk, document: dict[str, Any]) -> Answer:
        """A document with everything that is known of its media."""
        project = Project.from_dict({**document["project"], "timeline": []})
        shas = [ref.sha256 for ref in project.media()]
        desk.name(project.media())
        for ref in project.media():
            if desk.shelf.has(ref) and ref.kind in ("photo", "video"):
                desk.glance(ref)  # One damaged file must not keep the others from the page.
        waves: Answer = {}
        notes: list[str] = []
        for ref in dict.fromkeys(track.media for track in project.sound.tracks):
            try:
                if desk.shelf.has(ref):
                    waves[ref.sha256] = waveform_of(desk, ref)
            except (InvalidMedia, LimitExceeded) as error:
                notes.append(f"{ref.name or 'A sound'!r} cannot be used: {error}")
        return {
            "notes": notes,
            "document": document,
            "media": self._media(desk, shas),
            "waves": waves,
            "shots": {shot.id: shown_shot(shot) for shot in project.shots},
        }

    def _media(self, desk: Desk, shas: object) -> Answer:
        found: Answer = {}
        for sha in shas if isinstance(shas, list) else []:
            if isinstance(sha, str) and (look := desk.known(sha)) is not None:
                found[sha] = look.shown()
        return found

    # --- what is seen beside the cards ---

    def thumbnail(self, asked: Asked) -> Answer:
        """A transition between two pictures, moving and small, as a ``data:`` address."""
        desk = self.desks.get(asked.get("desk"))
        return {"picture": thumbnail_of(desk, asked)}

    def waveform(self, asked: Asked) -> Answer:
        """How loud a sound is along its length."""
        desk = self.desks.get(asked.get("desk"))
        return waveform_of(desk, read_ref(asked.get("media")))

    def beats(self, asked: Asked) -> Answer:
        """The beats of a sound track, in seconds of the film, and what to say of them."""
        desk = self.desks.get(asked.get("desk"))
        project = read_parts(sound={"tracks": [asked.get("track")]})
        film = read_number(asked.get("film"), "The film's length")
        return beats_of(desk, project.sound.tracks[0], film)

    # --- long work ---

    def start(self, asked: Asked, signed: gr.OAuthToken | None = None) -> Answer:
        """Begin a job: {"kind": "film", "play", "shot", "file" or "match", ...}."""
        caller = caller_of(asked, signed, self._styles)
        desk = self.desks.get(asked.get("desk"))
        kind = asked.get("kind")
        document = self._document(desk, asked.get("document"))
        running = sum(not job.done for job in desk.jobs())
        if running >= _JOBS_AT_ONCE:
            raise InvalidInstruction(
                f"{running} things of this project are being made already. Wait for one of them."
            )
        work: Any
        if kind in ("film", "play", "shot"):
            desk.check_room()
            for job in desk.jobs():
                if job.kind == "play":
                    job.cancel()
                elif job.kind in ("film", "shot") and not job.done:
                    raise InvalidInstruction(
                        "A film of this project is being made already. Wait for it, or cancel it."
                    )
            if kind == "shot":
                work = shot_work(desk, document, asked.get("card"), caller)
            else:
                work = film_work(desk, document, caller, quick=kind == "play")
        elif kind == "file":
            work = save_as(desk, document.project, document.lengths, str(asked.get("form")))
        elif kind == "match":
            work = compare_colours(desk, document.project, str(asked.get("shot")), caller)
        else:
            raise InvalidInstruction("The page and the server differ. Reload the page.")
        named: JobKind = kind
        pool = self._films if kind in ("film", "play", "shot") else self._pool
        about = {"name": document.project.name, "mark": str(asked.get("mark", ""))[:80]}
        job = DeskJob(named, pool, work, about)
        desk.keep(job)
        return job.state()

    def status(self, asked: Asked) -> Answer:
        """How a job stands."""
        desk = self.desks.get(asked.get("desk"))
        job = desk.job(asked.get("job"))
        if job is None:
            raise InvalidInstruction("This job is not here any more. Start it again.")
        return job.state()

    def cancel(self, asked: Asked) -> Answer:
        """Stop a job."""
        desk = self.desks.find(asked.get("desk"))
        job = desk.job(asked.get("job")) if desk is not None else None
        if job is not None:
            job.cancel()
        return {}

    def _heard(self, shot: SequenceShot, asked: Asked) -> tuple[list[str], list[str]]:
        """The styles that a shot's words ask for: those found, and what is wrong with others."""
        if not shot.is_photo or "<" not in shot.shot.prompt:
            return [], []
        resolver = resolver_of(self._styles, asked.get("styles"))
        try:
            return heard_styles(shot.shot.prompt, resolver, shot.shot.backend)
        except InvalidInstruction as error:
            return [], [str(error)]

    def _desk(self, asked: Asked) -> Desk:
        return self.desks.find(asked.get("desk")) or self.desks.new()

    def _document(self, desk: Desk | None, value: object) -> Document:
        return read_document(value) if desk is None else read_document(value, desk.clip_frames)
