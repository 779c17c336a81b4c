"""What happens when something is touched: photo, depth, sentence, preview, render.

Handlers watch a job and yield; when the visitor cancels or leaves, the web server closes the
generator and the job stops by itself. Nothing here draws or computes: that is the core's.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

from synth.errors import InvalidInstruction
from synth.jobs import JobContext, JobPool
from synth.media import load_depth_picture, load_image
from synth.motion import MotionControl
from synth.motion.phrases import parse_phrase
from synth.scene.cache import SceneCache
from synth.scene.depth import depth_picture
from synth.scene.depth_map import DepthMap
from synth.shot import Shot
from synth.style.tags import read_tags
from synth.ui.answers import message_of, show
from synth.ui.assets import picture_url
from synth.ui.depth_brush import DepthStore, methods_for, with_strokes
from synth.ui.desk_shot import (
    fingerprint,
    pasted_shot,
    read_shot,
    shot_of_gif,
    shot_of_video,
    shot_values,
    unmarked,
    with_keys,
    with_what_was_said,
)
from synth.ui.examples import Example
from synth.ui.making import Making, told
from synth.ui.monitor import summarise
from synth.ui.photo import Photo, shown_photo, uploaded_file
from synth.ui.style_desks import StyleDesks
from synth.ui.visitors import heard_styles, resolver_of

_PICTURE_SIDE = 960
_DEPTH_SIDE = 640

Answer = dict[str, Any]
"""Keyword updates of one component, as ``gr.update`` takes them."""


class Handlers(Making):
    """The answers of one served page; it keeps no user's data besides the cache of depth maps."""

    def __init__(
        self,
        pool: JobPool,
        depths: DepthStore,
        scenes: SceneCache,
        examples: tuple[Example, ...],
        styles: StyleDesks,
    ) -> None:
        """``styles`` holds the visitors' own styles, which a prompt may name."""
        super().__init__(pool, depths, scenes, styles)
        self._examples = {example.id: example for example in examples}

    # --- photo and depth ---

    def photo(
        self, value: object, desk: object, before: Photo | None, strokes: object
    ) -> Generator[tuple[Any, ...], None, None]:
        """A new photo: outputs (photo state, photo, depth, desk, monitor).

        A GIF may be a photo or a clip made here; one of ours gives its settings back instead.
        """
        failures: list[str] = []
        with told(failures):
            path = uploaded_file(value)
            shot = shot_of_gif(path)
            if shot is not None:
                changed, summary, picture = self._restored(shot, before, strokes)
                yield (gr.skip(), picture, gr.skip(), changed, summary)
                return
            name = str(value.get("orig_name") or "photo") if isinstance(value, Mapping) else "photo"
            yield from self._put(path, name[:80], desk)
        if failures:
            yield (gr.skip(), show({"error": failures[0]}), *[gr.skip()] * 3)

    def example(self, event: gr.EventData) -> Generator[tuple[Any, ...], None, None]:
        """An example: outputs as ``photo``, with the motion that suits it on the desk."""
        failures: list[str] = []
        with told(failures):
            example = self._examples.get(str(event._data.get("id")))
            if example is None:
                raise InvalidInstruction("There is no such example. Reload the page.")
            motion = MotionControl.from_dict(example.motion)
            yield from self._put(str(example.path), example.title, motion, example)
        if failures:
            yield (gr.skip(), show({"error": failures[0]}), *[gr.skip()] * 3)

    def _put(
        self, path: str, name: str, desk: object, example: Example | None = None
    ) -> Generator[tuple[Any, ...], None, None]:
        loaded = load_image(path)
        width, height = loaded.width, loaded.height
        photo = (
            Photo.of_example(example, width, height)
            if example
            else Photo(path, name, width, height)
        )
        shown = shown_photo(photo, picture_url(loaded.pixels, _PICTURE_SIDE), loaded.notes)
        shot: Any = gr.skip()
        if isinstance(desk, MotionControl):
            wanted = Shot(motion=desk)
            shot = gr.update(value=shot_values(wanted))
        else:
            wanted = read_shot(desk, forgiving=True)
            if any(subject.mark for subject in wanted.motion.objects):
                wanted = unmarked(wanted)  # The marks lie where things were on another photo.
                shot = gr.update(value=shot_values(wanted))
        yield (
            photo,
            show(shown),
            show({"busy": "Estimating depth…", "fresh": True}, value={"strokes": []}),
            shot,
            gr.update(summary=self.summary(wanted, photo)),
        )
        for depth in self._depth(photo):
            yield (gr.skip(), gr.skip(), depth, gr.skip(), gr.skip())

    def lent(
        self, path: str, name: str, shot: Shot, depth_path: str | None
    ) -> Generator[tuple[Any, ...], None, None]:
        """A photo with a shot of its own, marks and all: outputs as ``photo``."""
        loaded = load_image(path)
        method = "auto" if depth_path is None else "file"
        photo = Photo(path, name, loaded.width, loaded.height, method, depth_path)
        shown = shown_photo(photo, picture_url(loaded.pixels, _PICTURE_SIDE), loaded.notes)
        yield (
            photo,
            show(shown),
            show({"busy": "Estimating depth…", "fresh": True}, value={"strokes": []}),
            gr.update(value=shot_values(shot)),
            gr.update(summary=self.summary(shot, photo)),
        )
        for depth in self._depth(photo):
            yield (gr.skip(), gr.skip(), depth, gr.skip(), gr.skip())

    def first_depth(self, photo: Photo | None) -> Generator[Any, None, None]:
        """The depth of the photo that the page opened with: yields updates of the depth panel."""
        if photo is not None:
            yield from self._depth(photo)

    def method(
        self, photo: Photo, strokes: object, event: gr.EventData
    ) -> Generator[tuple[Any, ...], None, None]:
        """Another source of depth: outputs (photo state, depth)."""
        name = str(event._data.get("name"))
        known = [choice["id"] for choice in methods_for(photo)]
        changed = replace(photo, method=name if name in known else "auto")
        if name != "depth-anything" or self._depths.model.available():
            yield (changed, gr.skip())  # Until the model is there, what worked goes on working.
        for depth in self._depth(changed, strokes):
            yield (gr.skip(), depth)

    def depth_file(
        self, photo: Photo, strokes: object, event: gr.EventData
    ) -> Generator[tuple[Any, ...], None, None]:
        """The user's own depth map: outputs (photo state, depth)."""
        failures: list[str] = []
        with told(failures):
            path = uploaded_file(event._data)
            load_depth_picture(path)  # A file that is no picture must not replace what works.
            changed = replace(photo, method="file", depth_path=path)
            for depth in self._depth(changed, strokes):
                yield (changed, depth)
        if failures:
            yield (gr.skip(), show({"error": failures[0], "method": photo.method}))

    def download_model(
        self, photo: Photo, strokes: object
    ) -> Generator[tuple[Any, ...], None, None]:
        """Fetch the learned depth model, then use it: outputs (photo state, depth)."""
        failures: list[str] = []

        def fetch(context: JobContext) -> None:
            self._depths.model.download(progress=context.progress, cancel=context.cancel)

        with told(failures):
            with self._pool.start(fetch) as job:
                for progress in job.events():
                    share = f" {progress.fraction:.0%}" if progress.total else ""
                    yield (gr.skip(), show({"busy": f"{progress.stage}{share}"}))
                job.result(0)
            changed = replace(photo, method="depth-anything")
            for depth in self._depth(changed, strokes):
                yield (changed, depth)
        if failures:
            again = {"error": failures[0], "method": photo.method, "offer": "Download it"}
            yield (gr.skip(), show(again))

    def _depth(
        self, photo: Photo, strokes: object = None, *, busy: str = "Estimating depth…"
    ) -> Generator[Any, None, None]:
        """Updates of the depth panel until the depth of the photo, brushed, stands."""
        failures: list[str] = []
        with told(failures):
            if photo.method == "depth-anything" and not self._depths.model.available():
                yield show(
                    {
                        "method": photo.method,
                        "note": "Depth Anything V2 Small is not on this machine yet "
                        "(about 99 MB, Apache-2.0).",
                        "offer": "Download it",
                    },
                    methods=methods_for(photo),
                )
                return
            if busy:
                yield show({"busy": busy, "method": photo.method})
            with self._pool.start(lambda job: self._picture_of_depth(photo, strokes, job)) as job:
                for _ in job.events():
                    yield gr.skip()
                depth, picture = job.result(0)
            yield show(
                {
                    "picture": picture,
                    "method": photo.method,
                    "note": " ".join(depth.notes),
                },
                methods=methods_for(photo),
            )
        if failures:
            yield show({"error": failures[0], "method": photo.method}, methods=methods_for(photo))

    def brushed(self, photo: Photo | None, strokes: object) -> Generator[Any, None, None]:
        """The brush was used: yields updates of the depth panel, with what it did."""
        if photo is not None:
            yield from self._depth(photo, strokes, busy="")

    def _picture_of_depth(
        self, photo: Photo, strokes: object, job: JobContext
    ) -> tuple[DepthMap, str]:
        depth = self._depths.get(photo, cancel=job.cancel, progress=job.progress)
        brushed = with_strokes(depth, strokes, photo)
        return depth, picture_url(depth_picture(brushed), _DEPTH_SIDE)

    # --- the shot ---

    def edited(self, desk: object, photo: Photo | None, strokes: object) -> Any:
        """The desk was changed: what will come out now."""
        try:
            return gr.update(summary=self.summary(read_shot(desk), photo, strokes))
        except Exception as error:
            return gr.update(summary={"error": message_of(error)})

    def sentence(
        self, desk: object, photo: Photo | None, strokes: object, event: gr.EventData
    ) -> tuple[Any, Any]:
        """A sentence becomes controls: outputs (desk, monitor)."""
        try:
            text = str(event._data.get("text", ""))
            tagged = read_tags(text)
            before = read_shot(desk, forgiving=True)
            reply: dict[str, Any]
            mine = resolver_of(self._styles, event._data.get("styles"))
            found, wrong = heard_styles(text, mine, before.backend)
            if tagged.tags and not tagged.text:
                shot = before.model_copy(update={"prompt": text})
                reply = {"understood": found, "styles": wrong}
                if found:
                    reply["note"] = "The controls stay as they were."
                return gr.update(value=shot_values(shot), reply=reply), gr.skip()
            parsed = parse_phrase(tagged.text)
            reply = {
                "understood": [*parsed.understood, *found],
                "assumed": list(parsed.assumed),
                "not_understood": list(parsed.not_understood),
                "styles": wrong,
            }
            if parsed.control is None:
                reply["note"] = (
                    "No camera move, subject or weather was found in it; the controls stay as "
                    "they were."
                )
                return gr.update(reply=reply), gr.skip()
            motion = with_what_was_said(parsed.control, before.motion)
            changed = before.model_copy(update={"motion": motion, "prompt": text})
            if parsed.control.moves:
                changed = changed.with_trajectory(None)
        except Exception as error:
            return gr.update(reply={"error": message_of(error)}), gr.skip()
        return (
            gr.update(value=shot_values(changed), reply=reply),
            gr.update(summary=self.summary(changed, photo, strokes)),
        )

    def apply_json(
        self, desk: object, photo: Photo | None, strokes: object, event: gr.EventData
    ) -> tuple[Any, Any]:
        """Pasted JSON becomes controls: outputs (desk, monitor)."""
        try:
            text = str(event._data.get("text", ""))
            changed, note = pasted_shot(text, read_shot(desk, forgiving=True))
        except Exception as error:
            return gr.update(reply={"about": "json", "error": message_of(error)}), gr.skip()
        reply = {"about": "json", "note": note, "id": secrets.token_hex(4)}
        return (
            gr.update(value=shot_values(changed), reply=reply),
            gr.update(summary=self.summary(changed, photo, strokes)),
        )

    def restore(
        self, photo: Photo | None, strokes: object, event: gr.EventData
    ) -> tuple[Any, Any, Any]:
        """A video made here gives its settings back: outputs (desk, monitor, photo)."""
        try:
            shot = shot_of_video(uploaded_file(event._data))
        except Exception as error:
            return (
                gr.skip(),
                gr.skip(),
                show(self._again(photo, error=message_of(error))),
            )
        return self._restored(shot, photo, strokes)

    def _restored(self, shot: Shot, photo: Photo | None, strokes: object) -> tuple[Any, Any, Any]:
        return (
            gr.update(value=shot_values(shot)),
            gr.update(summary=self.summary(shot, photo, strokes)),
            show(self._again(photo, notes=["The settings of that video are back."])),
        )

    def _again(self, photo: Photo | None, **more: Any) -> Answer:
        """What the photo panel showed, with something to say."""
        if photo is None:
            return more
        pixels = load_image(photo.path).pixels
        return {**shown_photo(photo, picture_url(pixels, _PICTURE_SIDE)), **more}

    def summary(self, shot: Shot, photo: Photo | None, strokes: object = None) -> Answer:
        """What the shot will come to on that photo, and a mark by which a clip knows its own."""
        size = shot.output.frame_size(photo.width, photo.height) if photo else None
        said = summarise(shot, size, shot.frames)
        return {**said, "key": fingerprint(shot, photo, strokes)}

    # --- the same with the camera of the keyframe editor ---

    def keyed_summary(self, keyed: object, desk: object, photo: Photo | None) -> Answer:
        """The summary of the desk's shot on the editor's keys."""
        try:
            return self.summary(read_shot(with_keys(desk, keyed)), photo)
        except Exception as error:
            return {"error": message_of(error)}

    def keyed_edited(
        self, keyed: object, desk: object, photo: Photo | None, strokes: object
    ) -> Any:
        """The keys were changed: what will come out now."""
        return self.edited(with_keys(desk, keyed), photo, strokes)
