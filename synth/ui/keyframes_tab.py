"""The Keyframes tab: the editor of the camera's keys, and the clip that they make."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from synth.camera.keys import CameraKeys
from synth.motion.as_keys import move_keys
from synth.ui.assets import script
from synth.ui.desk_shot import read_shot
from synth.ui.handlers import Handlers
from synth.ui.keyed_drawing import KeyedDrawing
from synth.ui.keys_handlers import KeysHandlers
from synth.ui.keys_shown import catalog, document, plotly_file
from synth.ui.monitor import monitor_component
from synth.ui.motion_tab import MotionParts

_SCRIPTS = (
    "icons",
    "keys_core",
    "keys_stage",
    "keys_still",
    "keys_timeline",
    "keys_graph",
    "keys_table",
    "keys_inspector",
    "keys_bar",
    "keys_page",
)


def editor_component(keys: CameraKeys) -> gr.HTML:
    """The editor. Its value is the document; every other property is an answer of the server."""
    plotly = plotly_file()
    gr.set_static_paths([plotly])
    return gr.HTML(
        value=document(keys, 0),
        html_template='<section class="ms-panel ms-keys"></section>',
        js_on_load=script(*_SCRIPTS),
        head=f'<script src="/gradio_api/file={plotly}"></script>',
        apply_default_css=False,
        elem_id="keyframes",
        catalog=catalog(),
        sampled={},
        coverage={},
        still={},
        scenery={},
        reply={},
    )


@dataclass(frozen=True)
class KeysParts:
    """What other tabs need of this one."""

    editor: gr.HTML
    """The editor; its value is the document."""
    monitor: gr.HTML
    """The result panel."""


def keyframes_tab(keys: KeysHandlers, handlers: Handlers, motion: MotionParts) -> KeysParts:
    """Build the tab inside the ``gr.Blocks`` that is open.

    Args:
        keys: answers of the editor.
        handlers: answers of the Motion tab, which also renders for this one.
        motion: the components of the Motion tab whose photo, depth and desk count here too.
    """
    # It opens on the move that the Motion tab opens on, as keys.
    shot = read_shot(motion.first_desk)
    first = move_keys(shot.motion, fps=shot.output.rate, focal_length=shot.focal_length)
    with gr.Column(elem_id="keyframes-tab"):
        editor = editor_component(first)
        said = handlers.keyed_summary(document(first, 0), motion.first_desk, motion.first_photo)
        monitor = monitor_component(said, prefix="kf")

    state, depth, desk = motion.photo, motion.depth, motion.desk
    quick: dict[str, Any] = {
        "api_visibility": "private",
        "show_progress": "hidden",
        "concurrency_limit": None,
        "trigger_mode": "multiple",
    }
    work = {**quick, "concurrency_id": "keys", "concurrency_limit": 4}
    render = {**quick, "concurrency_id": "render", "concurrency_limit": 2}
    scene: Sequence[Any] = [editor, desk, state, depth]
    summary = (handlers.keyed_edited, [editor, desk, state, depth], monitor)

    opened = editor.opened(keys.opened, scene, editor, **work)
    opened.then(*summary, **quick)
    editor.edited(keys.edited, editor, editor, **quick).then(*summary, **quick)
    editor.scrub(
        keys.scrubbed, scene, editor,
        queue=False, api_visibility="private", show_progress="hidden", trigger_mode="multiple",
    )  # fmt: skip
    editor.cover(keys.covered, scene, editor, **work)
    editor.aim(keys.aim, scene, editor, **work)
    editor.fit(keys.fit, scene, editor, **work)
    editor.preset(keys.preset, [editor, desk], editor, **quick)
    editor.transform(keys.transform, editor, editor, **quick)
    editor.imported(keys.imported, [editor, desk, state], editor, **quick)
    editor.exported(keys.exported, [editor, desk, state], editor, **quick)
    editor.from_motion(keys.from_motion, [editor, desk], editor, **quick)
    editor.to_motion(keys.to_motion, [editor, desk], [desk, editor], **quick).then(
        handlers.edited, [desk, state, depth], motion.monitor, **quick
    )
    inputs = [state, depth, desk, editor]
    drawing = KeyedDrawing(handlers)
    previews = [
        place.preview_shot(drawing.preview, inputs, monitor, **render)
        for place in (monitor, editor)
    ]
    renders = [
        place.render_shot(drawing.render, inputs, monitor, **render) for place in (monitor, editor)
    ]
    renders.append(monitor.render_again(drawing.again, inputs, monitor, **render))
    renders.append(monitor.render_guide(drawing.guide, inputs, monitor, **render))
    monitor.cancel(
        lambda: gr.update(value={"phase": "stopped", "stamp": secrets.token_hex(4)}),
        None,
        monitor,
        cancels=[*previews, *renders],
        queue=False,
        api_visibility="private",
        show_progress="hidden",
    )
    # Another photo or another depth is another stage.
    for change in motion.changes:
        change.then(keys.opened, scene, editor, **work).then(*summary, **quick)
    return KeysParts(editor, monitor)
