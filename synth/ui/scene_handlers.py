"""What happens when a subject is marked or the weather is chosen: the page gets to see it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Mapping
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from synth.errors import InvalidMedia
from synth.jobs import JobContext, JobPool
from synth.media import load_image
from synth.scene.depth_map import DepthMap
from synth.ui.answers import message_of
from synth.ui.assets import picture_url
from synth.ui.depth_brush import DepthStore, shrunk, with_strokes
from synth.ui.desk_shot import read_shot
from synth.ui.photo import Photo
from synth.ui.subjects import LOOK_SIDE, find, mask_url, read_mark
from synth.ui.weather import read_environment, weather_picture


class SceneHandlers:
    """The answers about subjects and weather of one served page."""

    def __init__(self, pool: JobPool, depths: DepthStore) -> None:
        self._pool = pool
        self._depths = depths

    def marked(
        self, photo: Photo | None, strokes: object, event: gr.EventData
    ) -> Generator[Any, None, None]:
        """A subject was marked, its mask is wanted: yields updates of the desk.

        The page sends the mark, and a number with which it knows the answer again.
        """
        mark, epoch = event._data.get("mark"), event._data.get("epoch")

        def work(job: JobContext) -> dict[str, Any]:
            wanted = read_mark(mark)
            pixels, depth = self._scene(photo, strokes, job)
            found = find(pixels, depth, wanted, cancel=job.cancel)
            return {"picture": mask_url(found.mask.alpha), **found.about}

        yield from self._answer(work, "found", {"epoch": epoch})

    def weather_look(
        self, photo: Photo | None, strokes: object, desk: object, event: gr.EventData
    ) -> Generator[Any, None, None]:
        """The photo with the chosen weather: yields updates of the desk."""
        wanted, stamp = event._data.get("environmental"), event._data.get("stamp")

        def work(job: JobContext) -> dict[str, Any]:
            environment = read_environment(wanted)
            shot = read_shot(desk, forgiving=True)
            pixels, depth = self._scene(photo, strokes, job)
            picture = weather_picture(
                pixels,
                depth,
                environment,
                focal_length=shot.focal_length,
                strength=shot.depth.strength,
                seed=shot.seed,
            )
            return {"picture": picture_url(picture, max(picture.shape[:2]))}

        yield from self._answer(work, "looked", {"stamp": stamp})

    def _scene(
        self, photo: Photo | None, strokes: object, job: JobContext
    ) -> tuple[NDArray[np.uint8], DepthMap]:
        """The photo at the size that masks are found at, and its depth as it is now."""
        if photo is None:
            raise InvalidMedia("There is no photo yet. Drop one above, or pick an example.")
        depth = self._depths.get(photo, cancel=job.cancel, progress=job.progress)
        pixels = shrunk(load_image(photo.path).pixels, LOOK_SIDE)
        return pixels, with_strokes(depth, strokes, photo)

    def _answer(
        self, work: Callable[[JobContext], Mapping[str, Any]], name: str, known: dict[str, Any]
    ) -> Generator[Any, None, None]:
        """Run the work beside the web server; its result, or what went wrong, in one prop."""
        try:
            with self._pool.start(work) as job:
                for _ in job.events():
                    yield gr.skip()
                said: Mapping[str, Any] = job.result(0)
        except Exception as error:
            said = {"error": message_of(error)}
        # The page hears of changed values alone: the same answer twice must differ.
        answer: Any = {name: {**known, **said, "id": secrets.token_hex(4)}}
        yield gr.update(**answer)
