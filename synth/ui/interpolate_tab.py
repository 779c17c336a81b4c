"""The Interpolate tab: a clip made smooth or slow, pictures between two, and a closer look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import gradio as gr

from synth.ui.assets import script
from synth.ui.footage import Footage, source_component
from synth.ui.interpolate_desk import desk_component
from synth.ui.interpolate_handlers import InterpolateHandlers
from synth.ui.keys_shown import plotly_file
from synth.ui.monitor import monitor_component
from synth.ui.motion_tab import RENDER_QUEUE, RENDERS_AT_ONCE

_WORDS: Final = {
    "empty": "Preview a second from the playhead, or render it all",
    "emptyAlone": "Render to see the new pictures",
    "previewHelp": "About a second from the playhead on (P)",
    "renderHelp": "The whole result (R)",
    "backdrop": "#ip-source-panel .ms-forvideo img.ms-picture",
}


def look_component() -> gr.HTML:
    """The closer look. ``shown`` is the picture of a moment, ``doubt`` the curve of the result."""
    plotly = plotly_file()
    gr.set_static_paths([plotly])
    return gr.HTML(
        value={},
        html_template='<section class="ms-panel ms-look"></section>',
        js_on_load=script("interp_bus", "interp_look"),
        head=f'<script src="/gradio_api/file={plotly}"></script>',
        apply_default_css=False,
        elem_id="ip-look",
        shown={},
        doubt={},
    )


def interpolate_tab(handlers: InterpolateHandlers, monitors: Sequence[gr.HTML]) -> gr.HTML:
    """Build the tab inside the ``gr.Blocks`` that is open; gives its result panel.

    Args:
        handlers: its answers.
        monitors: result panels of other tabs, whose finished clips may be taken here.
    """
    footage = gr.State(Footage())
    with gr.Row(elem_id="interp"):
        source = source_component(handlers.examples())
        desk = desk_component()
        monitor = monitor_component(handlers.first_summary(), prefix="ip", words=_WORDS)
        look = look_component()

    quick: dict[str, Any] = {
        "api_visibility": "private",
        "show_progress": "hidden",
        "concurrency_limit": None,
        "trigger_mode": "always_last",
    }
    said = {**quick, "trigger_mode": "multiple"}
    work = {
        **quick,
        "concurrency_id": "footage",
        "concurrency_limit": 3,
        "trigger_mode": "multiple",
    }
    read = {**quick, "concurrency_id": "plan", "concurrency_limit": 2}
    # What comes with the event would be that of the first one under "always_last".
    looks = {**said, "concurrency_id": "flow-looks", "concurrency_limit": 2}
    renders = {
        **said,
        "concurrency_id": RENDER_QUEUE,
        "concurrency_limit": RENDERS_AT_ONCE,
    }

    given = [footage, source, look]
    inputs = [desk, footage]
    summary = (handlers.edited, inputs, [desk, monitor])
    scan = (handlers.scanned, inputs, monitor)
    taken = [place.onward(handlers.onward, [place, footage], given, **work) for place in monitors]
    changes = [
        source.video(handlers.video, [source, footage], given, **work),
        source.pictures(handlers.pictures, [source, footage], given, **work),
        source.example(handlers.example, footage, given, **work),
        source.turned(handlers.turned, footage, given, **said),
        *taken,
    ]
    scans = [change.then(*summary, **said).then(*scan, **read) for change in changes]
    scans.append(desk.edited(*summary, **quick).then(*scan, **read))
    # What is still being read for the settings before is of no use any more.
    desk.edited(None, cancels=scans, queue=False, api_visibility="private")
    source.still(handlers.still, footage, source, **looks)
    desk.download(handlers.download, desk, desk, **work)
    look.look(handlers.look, inputs, look, **looks)
    preview = monitor.preview_shot(handlers.preview, [*inputs, source], [monitor, look], **renders)
    render = monitor.render_shot(handlers.render, inputs, [monitor, look], **renders)
    monitor.cancel(
        lambda: gr.update(value={"phase": "stopped"}),
        None,
        monitor,
        cancels=[preview, render],
        queue=False,
        api_visibility="private",
        show_progress="hidden",
    )
    return monitor
