"""The Grade & Quality tab: colours with scopes beside them, and a report card of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from synth.ui.assets import script
from synth.ui.grade_desk import desk_component, panel
from synth.ui.grade_handlers import GradeHandlers
from synth.ui.monitor import monitor_component
from synth.ui.motion_tab import RENDER_QUEUE, RENDERS_AT_ONCE

_WORDS: Final = {
    "empty": "Preview two seconds, or render it all",
    "previewHelp": "Two seconds from the playhead on (P)",
    "renderHelp": "The whole clip, graded (R)",
    "backdrop": "#gq-before",
    "colour": "Take it as the source",
    "judge": "Judge the result",
}
_QUIET: Final = {
    "api_visibility": "private",
    "show_progress": "hidden",
    "concurrency_limit": None,
    "trigger_mode": "multiple",
}


@dataclass(frozen=True)
class GradeParts:
    """What other tabs need of this one."""

    handlers: GradeHandlers
    clip: gr.State
    view: gr.HTML
    desk: gr.HTML
    monitor: gr.HTML
    report: gr.HTML

    def take_from(self, monitors: Sequence[gr.HTML]) -> None:
        """Let the finished clips of these result panels be graded or judged here."""
        for place in monitors:
            taken = place.colour(
                self.handlers.onward, [place, self.clip], [self.clip, self.view], **_WORK
            )
            taken.then(self.handlers.edited, [self.desk, self.clip], self.monitor, **_QUIET)


_WORK: Final = {**_QUIET, "concurrency_id": "footage", "concurrency_limit": 3}


def view_component(handlers: GradeHandlers) -> gr.HTML:
    """The picture before and after. Its value is what was sent, and the moment on show."""
    return gr.HTML(
        value={},
        html_template='<section class="ms-panel ms-gradeview"></section>',
        js_on_load=script("interp_bus", "grade_bus", "grade_view"),
        apply_default_css=False,
        elem_id="gq-view",
        server_functions=handlers.live.view_functions(),
        examples=handlers.examples(),
        shown={},
    )


def grade_tab(handlers: GradeHandlers) -> GradeParts:
    """Build the tab inside the ``gr.Blocks`` that is open; results of others come by the parts."""
    clip = gr.State(None)
    with gr.Row(elem_id="grade"):
        with gr.Column(elem_id="gq-left"):
            view = view_component(handlers)
            panel("grade_scopes", "gq-scopes", plots=True)
            panel("grade_curves", "gq-curves", plots=True)
            compare = panel("grade_compare", "gq-compare", plots=True)
        with gr.Column(elem_id="gq-right"):
            desk = desk_component(handlers.live.desk_functions())
            report = panel("grade_report", "gq-report")
            monitor = monitor_component(handlers.first_summary(), prefix="gq", words=_WORDS)

    renders: dict[str, Any] = {
        **_QUIET,
        "concurrency_id": RENDER_QUEUE,
        "concurrency_limit": RENDERS_AT_ONCE,
    }
    judges = {**_QUIET, "concurrency_id": "judge", "concurrency_limit": 2}
    latest = {**_QUIET, "trigger_mode": "always_last"}

    summary = (handlers.edited, [desk, clip], monitor)
    for change in (
        view.video(handlers.video, [view, clip], [clip, view], **_WORK),
        view.example(handlers.example, None, [clip, view], **_WORK),
    ):
        change.then(*summary, **_QUIET)
    desk.edited(*summary, **latest)
    inputs = [desk, clip]
    work = [
        monitor.preview_shot(handlers.preview, [*inputs, view], monitor, **renders),
        monitor.render_shot(handlers.render, inputs, monitor, **renders),
        desk.repair(handlers.repair, [*inputs, view], monitor, **renders),
        report.repair(handlers.repair, [*inputs, view], monitor, **renders),
    ]
    judged = report.judge(handlers.judge, clip, report, **judges)
    compared = [
        compare.compare(handlers.compare, [compare, clip], compare, **judges),
        compare.compare_result(handlers.compare_result, [monitor, clip], compare, **judges),
    ]
    _stops(monitor.cancel, work, lambda: gr.update(value={"phase": "stopped"}), monitor)
    _stops(report.stop, [judged], lambda: gr.update(shown={"stamp": "stopped"}), report)
    _stops(compare.stop, compared, lambda: gr.update(shown={"stamp": "stopped"}), compare)
    return GradeParts(handlers, clip, view, desk, monitor, report)


def _stops(event: Any, work: Sequence[Any], say: Any, panel: gr.HTML) -> None:
    """Let an event end the work at once."""
    event(
        say, None, panel, cancels=list(work), queue=False, api_visibility="private",
        show_progress="hidden",
    )  # fmt: skip
