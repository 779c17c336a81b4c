"""Clips made of what the desk says: previews, finished ones, tries until one passes, guides.

A job draws; the handler watches it and yields. When the visitor cancels or leaves, the web server
closes the generator and the job stops by itself.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from synth.errors import InvalidMedia
from synth.jobs import JobContext, JobPool
from synth.scene.cache import SceneCache
from synth.shot.result import suffix
from synth.ui.answers import message_of
from synth.ui.depth_brush import DepthStore, with_strokes
from synth.ui.desk_shot import file_name, fingerprint, read_shot
from synth.ui.drawing import Drawn, drawn, guided, shown_clip, sketched, until_it_passes
from synth.ui.drawn import caller_of
from synth.ui.monitor import working
from synth.ui.photo import Photo
from synth.ui.style_desks import StyleDesks


@contextmanager
def told(failures: list[str]) -> Iterator[None]:
    """Put the words for any error of the block into ``failures`` instead of raising it."""
    try:
        yield
    except Exception as error:
        failures.append(message_of(error))


def failed(message: str, **more: Any) -> dict[str, Any]:
    """What a monitor shows of a failure.

    Marked, because the page hears of changed values alone, and the same failure may come again.
    """
    return {"phase": "failed", "message": message, **more, "stamp": secrets.token_hex(4)}


class Making:
    """What draws, for one served page."""

    def __init__(
        self, pool: JobPool, depths: DepthStore, scenes: SceneCache, styles: StyleDesks
    ) -> None:
        """``styles`` holds the visitors' own styles, which a prompt may name."""
        self._pool = pool
        self._styles = styles
        self._depths = depths
        self._scenes = scenes

    def preview(
        self, photo: Photo, depth: object, desk: object, event: gr.EventData
    ) -> Generator[Any, None, None]:
        """A small clip: yields updates of the monitor."""
        yield from self._make(photo, depth, desk, event._data, None, sketched, ending=".mp4")

    def render(
        self,
        photo: Photo,
        depth: object,
        desk: object,
        event: gr.EventData,
        signed: gr.OAuthToken | None,
    ) -> Generator[Any, None, None]:
        """The finished clip: yields updates of the monitor."""
        yield from self._make(photo, depth, desk, event._data, signed, drawn)

    def again(
        self,
        photo: Photo,
        depth: object,
        desk: object,
        event: gr.EventData,
        signed: gr.OAuthToken | None,
    ) -> Generator[Any, None, None]:
        """The finished clip, tried again until it passes: yields updates of the monitor."""
        yield from self._make(photo, depth, desk, event._data, signed, until_it_passes)

    def guide(
        self, photo: Photo, depth: object, desk: object, event: gr.EventData
    ) -> Generator[Any, None, None]:
        """The guide bundle for other programs: yields updates of the monitor."""
        yield from self._make(photo, depth, desk, event._data, None, guided, ending="-guide.zip")

    def _make(
        self,
        photo: Photo | None,
        strokes: object,
        desk: object,
        asked: object,
        signed: gr.OAuthToken | None,
        draw: Callable[..., Drawn],
        *,
        ending: str | None = None,
    ) -> Generator[Any, None, None]:
        began, key = time.monotonic(), ""
        failures: list[str] = []
        with told(failures):
            if photo is None:
                raise InvalidMedia(
                    "There is no photo yet. Drop one on the left, or pick an example."
                )
            shot = read_shot(desk)
            key = fingerprint(shot, photo, strokes)
            if photo.method in ("auto", "embedded", "depth-anything"):
                chosen = shot.depth.model_copy(update={"method": photo.method})
                shot = shot.model_copy(update={"depth": chosen})
            name = file_name(photo.name, shot) + (ending or suffix(shot))
            caller = caller_of(asked, signed, self._styles)

            def work(job: JobContext) -> Drawn:
                depth = self._depths.get(photo, cancel=job.cancel, progress=job.progress)
                return draw(
                    caller,
                    shot,
                    photo.path,
                    job.folder / name,
                    depth=with_strokes(depth, strokes, photo),
                    scenes=self._scenes,
                    cancel=job.cancel,
                    progress=job.progress,
                )

            with self._pool.start(work) as job:
                for progress in job.events():
                    yield gr.update(value=working(progress))
                result, attempts = job.result(0)
                seconds = time.monotonic() - began
                clip = shown_clip(result, seconds=seconds, final=ending is None)
                yield gr.update(value={**clip, **attempts, "key": key})
        if failures:
            yield gr.update(value=failed(failures[0], key=key))
