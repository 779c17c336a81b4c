"""What the Style tab asks: references come in, a style is learned, tried, named and taken along.

As on the Sequence tab, the page calls one function with what it wants done, outside of the queue;
long work becomes a job of the visitor's desk, which goes on when nobody looks.
"""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import gradio as gr
from gradio.data_classes import FileData
from PIL import Image

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.jobs import JobContext, JobPool
from synth.style.references import check_references
from synth.style.tags import MOST_STRENGTH
from synth.ui.answering import answering
from synth.ui.drawn import token_of
from synth.ui.examples import Example
from synth.ui.sequence_jobs import DeskJob, JobKind
from synth.ui.sequence_media import sent_file
from synth.ui.style_desks import StyleDesk, StyleDesks, free_name, read_name, safe_name
from synth.ui.style_learning import estimate_of, job_file, learn_work, read_plan
from synth.ui.style_remote import OneToken, price_work, read_agreed, remote_work
from synth.ui.style_shown import (
    before_and_after,
    cube_of,
    look_of_cube,
    small_photo,
    style_card,
    style_cards,
)
from synth.ui.style_trials import StyleTrials

Answer = dict[str, Any]
Asked = Mapping[str, Any]

_QUICK_AT_ONCE: Final = 4
_NEVER_WAIT: Final = frozenset({"hello", "status", "cancel"})
_LEARNING_AT_ONCE: Final = 1
"""Styles learned side by side on one server: each takes all processors."""
_REMOTE_AT_ONCE: Final = 16
"""Trainings on rented machines that are followed side by side: each only waits for news."""
_FORGET_AFTER: Final = 6 * 3600.0
_CUBE_SAID: Final = (
    "The table is a look now. It is laid on ordinary sRGB pictures; one that was made for log "
    "footage is too strong for them."
)


class StyleHandlers:
    """The answers of one served page; what visitors work on lies in its registry of desks."""

    def __init__(self, pool: JobPool, trials: StyleTrials, examples: tuple[Example, ...]) -> None:
        """``pool`` checks references and makes trial clips; learning has a pool of its own."""
        self._pool = pool
        self._learning = JobPool(_LEARNING_AT_ONCE)
        self._remote = JobPool(_REMOTE_AT_ONCE)
        self._trials = trials
        self._first = examples[0].path if examples else None
        self._slots = threading.Semaphore(_QUICK_AT_ONCE)
        self.desks = StyleDesks(_FORGET_AFTER)
        """The desks of this page's visitors."""
        self._known: dict[str, Callable[[Asked], Answer]] = {
            "hello": self.hello,
            "add": self.add,
            "before": self.before,
            "drop": self.drop,
            "estimate": self.estimate,
            "photo": self.photo,
            "try": self.attempt,
            "import": self.take_in,
            "rename": self.rename,
            "delete": self.delete,
            "file": self.file,
            "take": self.take,
            "start": self.start,
            "status": self.status,
            "cancel": self.cancel,
            "forget": self.forget,
        }

    def trials(self) -> list[Answer]:
        """What the tab offers to try."""
        return self._trials.cards()

    def function(self) -> Callable[[Any], Answer]:
        """What the page calls, with {"do": what, ...}."""

        return answering(self._known, self.start, _NEVER_WAIT, self._slots)

    # --- references ---

    def hello(self, asked: Asked) -> Answer:
        """A page opened: what is still here of its desk."""
        desk = self.desks.find(asked.get("desk"))
        if desk is None:
            return {
                "desk": None, "references": [], "befores": [], "styles": [], "jobs": [], "told": {},
            }  # fmt: skip
        return {**_whole(desk), "jobs": [job.state() for job in desk.jobs()]}

    def add(self, asked: Asked) -> Answer:
        """One reference clip was sent."""
        desk = self._desk(asked)
        return self._added(desk, asked, desk.add_reference)

    def before(self, asked: Asked) -> Answer:
        """A reference clip as it was before the grade was sent."""
        desk = self._desk(asked)
        return self._added(desk, asked, desk.add_before)

    def _added(self, desk: StyleDesk, asked: Asked, add: Callable[[Path, str], object]) -> Answer:
        given = asked.get("file")
        try:
            with sent_file(given) as path:
                add(Path(path), _name_of(given, "clip.mp4"))
        except (InvalidMedia, LimitExceeded) as error:
            raise type(error)(f"{_name_of(given, 'The file')}: {error}") from None
        return {"desk": desk.id, **desk.shown_references()}

    def drop(self, asked: Asked) -> Answer:
        """A reference clip is to go, or all of them, or all before the grade."""
        desk = self.desks.get(asked.get("desk"))
        if asked.get("befores") is True or asked.get("all") is True:
            desk.drop_befores()
        if asked.get("befores") is not True:
            desk.drop_reference(None if asked.get("all") is True else str(asked.get("reference")))
        return {"desk": desk.id, **desk.shown_references()}

    def estimate(self, asked: Asked) -> Answer:
        """What learning will take, and what this machine lacks for it."""
        desk = self.desks.find(asked.get("desk"))
        return estimate_of(read_plan(asked, "estimate"), desk)

    # --- the style on show ---

    def photo(self, asked: Asked) -> Answer:
        """A photo to try styles on was sent."""
        desk = self._desk(asked)
        with sent_file(asked.get("file")) as path:
            small = small_photo(path)
            desk.photo = _kept_photo(desk, small)
        return {"desk": desk.id, "photo": desk.photo.stem}

    def attempt(self, asked: Asked) -> Answer:
        """A photo before and after a style, at a strength."""
        desk = self.desks.get(asked.get("desk"))
        style = desk.library.inspect(str(asked.get("style")))
        if style.kind != "look":
            return {
                "before": style_card(style)["picture"],
                "after": "",
                "words": "A LoRA shows in what its model paints: use it in Motion, drawn by that "
                "model. A look can be tried right here.",
            }
        path = desk.photo or self._first
        if path is None:
            raise InvalidMedia("There is no photo to try it on. Choose one.")
        strength = _strength(asked.get("strength"))
        before, after = before_and_after(style, strength, small_photo(str(path)))
        return {"before": before, "after": after, "photo": desk.photo.stem if desk.photo else ""}

    def file(self, asked: Asked) -> Answer:
        """A file of a style, to be fetched."""
        desk = self.desks.get(asked.get("desk"))
        style = desk.library.inspect(str(asked.get("style")))
        form = "cube" if asked.get("form") == "cube" else "safetensors"
        name = f"{safe_name(style.name, 'style')}.{form}"
        place = desk.serve(cube_of(desk, style) if form == "cube" else style.path, name)
        file = FileData(path=str(place), orig_name=name, size=place.stat().st_size)
        return {"file": file.model_dump(), "name": name}

    def take(self, asked: Asked) -> Answer:
        """A training as a file, for a machine with a graphics card."""
        desk = self._desk(asked)
        name = asked.get("name")
        plan = read_plan(asked, name.strip() if isinstance(name, str) and name.strip() else "style")
        with tempfile.TemporaryDirectory(prefix="motion-synth-job-") as folder:
            place = desk.serve(job_file(plan, Path(folder)), "job.json")
        file = FileData(path=str(place), orig_name=place.name, size=place.stat().st_size)
        return {"desk": desk.id, "file": file.model_dump(), "name": place.name}

    # --- the library ---

    def take_in(self, asked: Asked) -> Answer:
        """A style's file was sent."""
        desk = self._desk(asked)
        given = asked.get("file")
        name = _name_of(given, "style.safetensors")
        with sent_file(given) as path, _as_named(Path(path), name) as named:
            desk.check_room(named.stat().st_size)
            cube = named.suffix.lower() == ".cube"
            added = desk.library.add(
                look_of_cube(named, named.name, named.parent) if cube else named
            )
        return {**_whole(desk), "added": added.name, "words": _CUBE_SAID if cube else ""}

    def rename(self, asked: Asked) -> Answer:
        """A style gets another name."""
        desk = self.desks.get(asked.get("desk"))
        renamed = desk.library.rename(str(asked.get("style")), read_name(asked.get("name")))
        return {**_whole(desk), "renamed": renamed.name}

    def delete(self, asked: Asked) -> Answer:
        """A style is to go."""
        desk = self.desks.get(asked.get("desk"))
        desk.library.delete(str(asked.get("style")))
        return _whole(desk)

    def forget(self, asked: Asked) -> Answer:
        """Delete everything of this desk."""
        return {"forgotten": self.desks.forget(asked.get("desk"))}

    # --- long work ---

    def start(self, asked: Asked, signed: gr.OAuthToken | None = None) -> Answer:
        """Begin a job: {"kind": "check", "trial", "price" or "style", ...}."""
        kind = asked.get("kind")
        desk = self._desk(asked) if kind == "trial" else self.desks.get(asked.get("desk"))
        work: Any
        for job in desk.jobs():
            if job.done:
                continue
            if (kind == "check" and job.kind == "check") or kind == job.kind == "price":
                job.cancel()
            elif kind == job.kind:
                raise InvalidInstruction("This is being done already. Wait for it, or cancel it.")
        about: dict[str, Any] = {}
        pool = self._pool
        if kind == "check":
            work = _check_work(desk)
        elif kind == "trial":
            work = self._trial_work(desk, asked.get("trial"))
        elif kind == "style":
            desk.check_room()
            plan = read_plan(asked, free_name(desk, asked.get("name")))
            about = {"make": plan.make, "name": plan.name}
            if asked.get("where") == "jobs":
                pool = self._remote
                secret = OneToken(token_of(asked, signed))
                work = remote_work(desk, plan, read_agreed(asked), secret)
            else:
                pool = self._learning
                work = learn_work(desk, plan)
        elif kind == "price":
            work = price_work(desk, read_plan(asked, ""), OneToken(token_of(asked, signed)))
        else:
            raise InvalidInstruction("The page and the server differ. Reload the page.")
        named: JobKind = kind
        job = DeskJob(named, pool, work, about)
        desk.keep(job)
        return {**job.state(), "desk": desk.id}

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

    def _trial_work(self, desk: StyleDesk, trial: object) -> Callable[..., Answer]:
        def work(job: JobContext, me: DeskJob) -> Answer:
            for clip in self._trials.clips(trial, job):
                desk.add_reference(clip.path, clip.name)
                desk.add_before(clip.before, clip.before_name)
            return _check_work(desk)(job, me)

        return work

    def _desk(self, asked: Asked) -> StyleDesk:
        return self.desks.find(asked.get("desk")) or self.desks.new()


def _check_work(desk: StyleDesk) -> Callable[..., Answer]:
    """The work that looks at all references together."""

    def work(job: JobContext, me: DeskJob) -> Answer:
        paths = [one.path for one in desk.references()]
        if paths:
            found = check_references(paths, cancel=job.cancel, progress=job.progress)
            desk.hear(found)
        return desk.shown_references()

    return work


def _whole(desk: StyleDesk) -> Answer:
    """The desk with everything on it."""
    return {"desk": desk.id, "styles": style_cards(desk), **desk.shown_references()}


@contextlib.contextmanager
def _as_named(path: Path, name: str) -> Iterator[Path]:
    """The file under the name that its owner knows: the library calls it so."""
    with tempfile.TemporaryDirectory(prefix="motion-synth-style-") as folder:
        named = Path(folder) / safe_name(name, "style.safetensors")
        named.symlink_to(path)
        yield named


def _kept_photo(desk: StyleDesk, pixels: Any) -> Path:
    folder = desk.folder / "photo"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    path = folder / f"{secrets.token_hex(8)}.png"
    Image.fromarray(pixels).save(path)
    return path


def _name_of(given: object, otherwise: str) -> str:
    name = given.get("orig_name") if isinstance(given, Mapping) else None
    return name[-120:] if isinstance(name, str) and name else otherwise


def _strength(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidInstruction("The strength must be a number.")
    if not 0 <= value <= MOST_STRENGTH:
        raise InvalidInstruction(f"The strength must be from 0 to {MOST_STRENGTH:g}.")
    return float(value)
