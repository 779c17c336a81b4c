"""Reference clips to try the Style tab on: shots of the example photos, graded when asked for."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder
from PIL import Image

from synth.control import CancelToken, Progress
from synth.errors import InvalidInstruction, InvalidMedia
from synth.grade.grade import grade_video
from synth.grade.looks import looks
from synth.grade.settings import Grade
from synth.jobs import JobContext
from synth.scene.cache import SceneCache
from synth.shot import Shot, render_shot
from synth.ui.depth_brush import DepthStore
from synth.ui.examples import Example
from synth.ui.photo import Photo

_LOOKS: Final = ("day_for_night", "noir")
"""Built-in looks that the trial clips wear; what the photos show has nothing to do with them."""
_SECONDS: Final = 2.0
_MOVES: Final = (
    ("push_in", None), ("truck", "left"), ("arc", "right"), ("pan", "right"), ("crane", "up"),
)  # fmt: skip
_MOST: Final = 5
_OUTPUT: Final = {"long_side": 854, "aspect": "16:9", "fps": "12"}
"""480 lines: with fewer, the check of references says that texture cannot be learned."""
_PATIENCE: Final = 0.1
"""Seconds between two looks at whether somebody still waits for the clips."""


@dataclass(frozen=True)
class TrialClip:
    """A clip to try the tab on, before and after its grade."""

    path: Path
    """The graded clip."""
    name: str
    """What it goes by."""
    before: Path
    """The same before the grade."""
    before_name: str
    """What that goes by."""


class StyleTrials:
    """The trial clips of one served page; each is made once and lies with the uploads."""

    def __init__(self, examples: Sequence[Example], depths: DepthStore, scenes: SceneCache) -> None:
        self._examples = tuple(examples)[:_MOST]
        self._depths = depths
        self._scenes = scenes
        self._titles: Mapping[str, str] = {
            one.name: one.title for one in looks() if one.name in _LOOKS
        }
        self._lock = threading.Lock()
        self._plain: dict[str, str] = {}
        self._graded: dict[str, str] = {}

    def cards(self) -> list[dict[str, Any]]:
        """What the tab offers to try."""
        if not self._examples:
            return []
        count = len(self._examples)
        return [
            {
                "id": name,
                "title": title,
                "help": f"{count} clips of {_SECONDS:g} seconds in the look “{title}”, made here",
            }
            for name, title in self._titles.items()
        ]

    def clips(self, id: object, job: JobContext) -> list[TrialClip]:
        """The clips of a trial.

        Raises ``InvalidInstruction`` for a trial that is not there, ``InvalidMedia`` where no
        example photo is installed.
        """
        if not isinstance(id, str) or id not in self._titles:
            raise InvalidInstruction("There is no such trial. Reload the page.")
        if not self._examples:
            raise InvalidMedia("No example photo is installed. Drop clips of your own.")
        while not self._lock.acquire(timeout=_PATIENCE):
            job.cancel.check()
        try:
            found: list[TrialClip] = []
            for index, example in enumerate(self._examples):
                job.progress(Progress("Making trial clips", index, len(self._examples)))
                path = self._clip(id, index, example, job)
                name = f"{example.id}-{id.replace('_', '-')}.mp4"
                before = Path(self._plain[example.id])
                found.append(TrialClip(Path(path), name, before, f"{example.id}.mp4"))
            return found
        finally:
            self._lock.release()

    def _clip(self, look: str, index: int, example: Example, job: JobContext) -> str:
        key = f"{example.id}-{look}"
        if not _there(self._plain.get(example.id)):
            self._plain[example.id] = self._shot(index, example, job.folder, job.cancel)
        if _there(self._graded.get(key)):
            return self._graded[key]
        target = job.folder / f"{key}.mp4"
        grade_video(
            self._plain[example.id], Grade.from_values({"look": look}),
            output_path=target, crf=16, cancel=job.cancel,
        )  # fmt: skip
        self._graded[key] = str(save_file_to_cache(target, get_upload_folder()))
        return self._graded[key]

    def _shot(self, index: int, example: Example, folder: Path, cancel: CancelToken) -> str:
        kind, direction = _MOVES[index % len(_MOVES)]
        move: dict[str, Any] = {"type": kind, "intensity": 0.5, "duration": _SECONDS}
        if direction:
            move["direction"] = direction
        with Image.open(example.path) as image:
            photo = Photo.of_example(example, image.width, image.height)
        made = render_shot(
            Shot.from_dict({"motion": {"camera": move}, "output": _OUTPUT}),
            photo.path, folder / f"{example.id}.mp4",
            depth=self._depths.get(photo, cancel=cancel),
            fidelity=False, scenes=self._scenes, cancel=cancel,
        )  # fmt: skip
        return str(save_file_to_cache(made.path, get_upload_folder()))


def _there(path: str | None) -> bool:
    return path is not None and Path(path).is_file()
