"""Where the Sequence tab keeps what a visitor is working on: media, kept shots, films, jobs.

Each desk has a name that nobody can guess; the visitor's browser keeps it, and whoever does not
know it never reaches the desk. Desks live in one registry, which belongs to one served page.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from gradio.utils import get_upload_folder

from synth.errors import Cancelled, InvalidMedia, LimitExceeded
from synth.jobs import Workspace
from synth.scene.cache import SceneCache
from synth.sequence.keep import Keep
from synth.sequence.project import FilmSettings, MediaRef, SequenceShot
from synth.sequence.shelf import Shelf
from synth.ui.desks import Registry
from synth.ui.sequence_cards import read_clip_frames
from synth.ui.sequence_jobs import DeskJob
from synth.ui.sequence_media import Look, look_at

_JOBS_KEPT: Final = 6
_BYTES: Final = 8_000_000_000
"""Most that one desk may hold, media and kept shots together."""


class Desk:
    """One visitor's work on the server."""

    def __init__(self) -> None:
        """Make an empty desk; raises ``LimitExceeded`` where the disk is full."""
        self.id = secrets.token_hex(24)
        """Its name, which only the visitor's browser is told."""
        self._workspace = Workspace()
        self.shelf = Shelf(self.folder / "media")
        """The media."""
        self.scenes = SceneCache()
        """Scenes of its photos, so that a shot changed a little is drawn sooner."""
        self.waves: dict[str, dict[str, Any]] = {}
        """How loud its sounds are, by hash, as the page gets it."""
        self.touched = time.monotonic()
        """When it was last used."""
        self._jobs: OrderedDict[str, DeskJob] = OrderedDict()
        self._served: list[Path] = []
        self._closed = False
        self._looks: dict[str, Look] = {}
        self._names: dict[str, MediaRef] = {}
        self._lengths: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """Everything of the desk lies in it."""
        return self._workspace.path

    @property
    def busy(self) -> bool:
        """Whether a job of it runs."""
        return any(not job.done for job in self.jobs())

    def jobs(self) -> tuple[DeskJob, ...]:
        """Its jobs, the latest last."""
        with self._lock:
            return tuple(self._jobs.values())

    def keep(self, job: DeskJob) -> None:
        """Remember a job; the oldest that have ended are forgotten."""
        with self._lock:
            self._jobs[job.id] = job
            for id, old in list(self._jobs.items()):
                if len(self._jobs) > _JOBS_KEPT and old.done:
                    del self._jobs[id]

    def job(self, id: object) -> DeskJob | None:
        """A job of this desk by its name."""
        with self._lock:
            return self._jobs.get(id) if isinstance(id, str) else None

    def look(self, ref: MediaRef) -> Look:
        """What there is to know and to see of a file.

        Raises ``InvalidMedia`` or ``LimitExceeded`` if it is missing or cannot be read.
        """
        with self._lock:
            known = self._looks.get(ref.sha256)
        if known is None or known.wrong:
            known = look_at(self.shelf.path(ref), ref.kind)
            with self._lock:
                self._looks[ref.sha256] = known
        return known

    def glance(self, ref: MediaRef) -> Look:
        """As ``look``; of a file that cannot be read, ``wrong`` says so in place of an error."""
        try:
            return self.look(ref)
        except (InvalidMedia, LimitExceeded) as error:
            found = Look(wrong=f"{ref.name or 'This file'} cannot be used: {error}")
            with self._lock:
                self._looks[ref.sha256] = found
            return found

    def serve(self, path: Path) -> str:
        """Put a finished file where the page may fetch it, until the desk goes; its path there.

        It lies in a folder that nobody can guess, and that no other desk's file shares. Raises
        ``Cancelled`` where the desk went meanwhile; nothing is left of the file then.
        """
        folder = Path(get_upload_folder()) / f"sequence-{secrets.token_hex(16)}"
        folder.mkdir(parents=True)
        with self._lock:
            self._served.append(folder)
        try:
            shutil.copy2(path, folder / path.name)
        except FileNotFoundError:
            if not self._closed:
                raise
        if self._closed:  # looked at after copying: whoever is last deletes
            shutil.rmtree(folder, ignore_errors=True)
            raise Cancelled("The work was stopped.")
        return str(folder / path.name)

    def name(self, refs: Iterable[MediaRef]) -> None:
        """Remember what the owner calls these files, so that lists from elsewhere find them."""
        with self._lock:
            self._names.update((ref.sha256, ref) for ref in refs if ref.name)

    def named(self) -> tuple[MediaRef, ...]:
        """The files with names that are here."""
        with self._lock:
            refs = tuple(self._names.values())
        return tuple(ref for ref in refs if self.shelf.has(ref))

    def known(self, sha: str) -> Look | None:
        """What was seen of a file by its hash, if it was looked at."""
        with self._lock:
            return self._looks.get(sha)

    def clip_frames(self, shot: SequenceShot, output: FilmSettings) -> int | None:
        """How many frames a clip has in the film; None where its file is not here."""
        place = shot.media.sha256, output.fps
        with self._lock:
            known = self._lengths.get(place)
        if known is None:
            known = read_clip_frames(self.shelf)(shot, output)
            if known is None:
                return None
            with self._lock:
                self._lengths[place] = known
        return known

    def check_room(self) -> None:
        """Raise ``LimitExceeded`` where the desk holds more than it may."""
        used = _bytes_in(self.folder)
        if used > _BYTES:
            for name in ("quick", "kept"):  # what can be made again, unless it is being used
                _forget_kept(self.folder / name)
            used = _bytes_in(self.folder)
        if used > _BYTES:
            raise LimitExceeded(
                f"This project's files take {used / 1e9:.1f} GB here; the limit is "
                f"{_BYTES / 1e9:.0f} GB. Save the bundle, then delete the files on the server "
                "and open it again."
            )

    def close(self) -> None:
        """Stop its jobs and delete everything."""
        for job in self.jobs():
            job.close()
        self._workspace.remove()
        with self._lock:
            self._closed = True
            served, self._served = self._served, []
        for folder in served:
            shutil.rmtree(folder, ignore_errors=True)


def _bytes_in(folder: Path) -> int:
    """How much lies in a folder; files that go away meanwhile do not count."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.stat(os.path.join(place, name)).st_size
    return total


def _forget_kept(folder: Path) -> None:
    """Drop drawn shots, encoded stretches and mixed sound that nobody is working with."""
    from synth.sequence.film import SHOTS, SOUND, STRETCHES

    for name, suffix in ((SHOTS, ".mp4"), (STRETCHES, ".mp4"), (SOUND, ".wav")):
        if (folder / name).is_dir():
            with Keep(folder / name, suffix) as keep:
                keep.trim((), 0)


class Desks(Registry[Desk]):
    """The desks of one served page."""

    def __init__(self, forget_after: float) -> None:
        """``forget_after`` is how long an idle desk is kept, seconds."""
        super().__init__(
            Desk,
            forget_after=forget_after,
            full="{most} people are cutting films here already. Try again in a while.",
            lost="The server no longer has this project's files. Add the photos and clips again; "
            "the storyboard itself is kept in your browser.",
        )
