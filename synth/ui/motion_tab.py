"""The Motion tab: photo and depth on top, the camera desk below, the result at the side."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from PIL import Image

from synth.motion import MotionControl
from synth.shot import Shot
from synth.ui.assets import picture_url
from synth.ui.depth_brush import depth_component, methods_for
from synth.ui.desk_shot import shot_values
from synth.ui.drawn import Preflights
from synth.ui.examples import Example
from synth.ui.handlers import Handlers
from synth.ui.monitor import monitor_component
from synth.ui.move_picker import desk_component
from synth.ui.photo import Photo, photo_component, shown_photo
from synth.ui.scene_handlers import SceneHandlers

RENDER_QUEUE = "render"
"""Events with this name share the places in which work on pictures may run."""
RENDERS_AT_ONCE = 2
"""How many of them run at the same time."""


@dataclass(frozen=True)
class MotionParts:
    """What other tabs share with this one."""

    photo: gr.State
    """The ``Photo`` of the session."""
    picture: gr.HTML
    """The photo panel."""
    depth: gr.HTML
    """The depth panel; its value holds the strokes."""
    desk: gr.HTML
    """The desk; its value is the shot."""
    monitor: gr.HTML
    """The result panel, which says what the shot will come to."""
    changes: tuple[Any, ...]
    """Events after which the photo or its depth is another."""
    first_photo: Photo | None
    """The photo that the page opens with."""
    first_desk: dict[str, Any]
    """The shot that the page opens with, as plain values."""


def motion_tab(
    handlers: Handlers, scenes: SceneHandlers, drawing: Preflights, examples: Sequence[Example]
) -> MotionParts:
    """Build the tab inside the ``gr.Blocks`` that is open. It opens on the first example."""
    first = examples[0] if examples else None
    photo, shown, shot = None, {}, Shot()
    if first is not None:
        with Image.open(first.path) as image:
            photo = Photo.of_example(first, image.width, image.height)
        shown = shown_photo(photo, _first_picture(first))
        shot = Shot(motion=MotionControl.from_dict(first.motion))

    state = gr.State(photo)
    with gr.Row(elem_id="motion"):
        picture = photo_component(examples, shown)
        depth = depth_component(methods_for(photo) if photo else [], {"fresh": True})
        desk = desk_component(shot_values(shot), drawing)
        monitor = monitor_component(
            handlers.summary(shot, photo), words={"sequence": "Add to sequence"}
        )

    new_photo = [state, picture, depth, desk, monitor]
    work = {
        "api_visibility": "private",
        "show_progress": "hidden",
        "concurrency_id": RENDER_QUEUE,
        "concurrency_limit": RENDERS_AT_ONCE,
    }
    quick = {
        "api_visibility": "private",
        "show_progress": "hidden",
        "concurrency_limit": None,
        "trigger_mode": "always_last",
    }
    told = {key: quick[key] for key in quick if key != "trigger_mode"}
    # A choice made while the depth of the one before is still estimated must not get lost. Where
    # the choice comes with the event, "always_last" would send the first event's once more.
    depth_work = {**work, "concurrency_id": "depth", "trigger_mode": "always_last"}
    # One at a time, so that answers come in the order of the choices.
    choice = {
        **depth_work,
        "trigger_mode": "multiple",
        "concurrency_id": "choice",
        "concurrency_limit": 1,
    }
    said = {**quick, "trigger_mode": "multiple"}

    put = picture.photo(handlers.photo, [picture, desk, state, depth], new_photo, **depth_work)
    chosen = picture.example(handlers.example, None, new_photo, **choice)
    picture.restore(handlers.restore, [state, depth], [desk, monitor, picture], **said)
    method = depth.method(handlers.method, [state, depth], [state, depth], **choice)
    depthfile = depth.depthfile(handlers.depth_file, [state, depth], [state, depth], **choice)
    strokes = depth.strokes(handlers.brushed, [state, depth], depth, **depth_work)
    download = depth.download(handlers.download_model, [state, depth], [state, depth], **depth_work)
    for change in (method, depthfile, strokes, download):  # A clip before it is of other depth.
        change.then(handlers.edited, [desk, state, depth], monitor, **told)
    desk.edited(handlers.edited, [desk, state, depth], monitor, **quick)
    desk.sentence(handlers.sentence, [desk, state, depth], [desk, monitor], **said)
    desk.apply_json(handlers.apply_json, [desk, state, depth], [desk, monitor], **said)
    # The page asks one thing at a time, and knows the answer by what it sent.
    looks = {**work, "concurrency_id": "looks", "trigger_mode": "multiple"}
    desk.find_subject(scenes.marked, [state, depth], desk, **looks)
    desk.weather_look(scenes.weather_look, [state, depth, desk], desk, **looks)
    inputs = [state, depth, desk]
    preview = monitor.preview_shot(handlers.preview, inputs, monitor, **work)
    render = monitor.render_shot(handlers.render, inputs, monitor, **work)
    guide = monitor.render_guide(handlers.guide, inputs, monitor, **work)
    again = monitor.render_again(handlers.again, inputs, monitor, **work)
    monitor.cancel(
        lambda: gr.update(value={"phase": "stopped", "stamp": secrets.token_hex(4)}),
        None,
        monitor,
        cancels=[preview, render, again, guide],
        queue=False,
        api_visibility="private",
        show_progress="hidden",
    )
    depth.ready(handlers.first_depth, state, depth, **depth_work)
    changes = (put, chosen, method, depthfile, strokes, download)
    return MotionParts(state, picture, depth, desk, monitor, changes, photo, shot_values(shot))


def _first_picture(example: Example) -> str:
    """The first example's picture, read here because the page shows it before anything else."""
    import numpy as np

    with Image.open(example.path) as image:
        image.draft("RGB", (1280, 1280))
        return picture_url(np.asarray(image.convert("RGB")), 960)
