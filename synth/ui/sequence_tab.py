"""The Sequence tab: a storyboard whose shots become one film.

The page's part of it is one component that asks the server by itself; only the way to the Motion
tab and back passes through events, since the photo and the desk there belong to other components.
"""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from synth.grade.looks import looks
from synth.motion.catalogue import MOVE_KINDS
from synth.sequence.project import Project
from synth.sequence.times import exact_rate
from synth.sequence.transitions.catalogue import TRANSITIONS
from synth.shot import ASPECTS, FRAME_RATES
from synth.ui.assets import script
from synth.ui.drawn import drawn_spec
from synth.ui.motion_tab import MotionParts
from synth.ui.move_picker import DIRECTION_WORDS, FORMAT_WORDS
from synth.ui.sequence_handlers import SequenceHandlers
from synth.ui.sequence_lending import Lending

_SCRIPTS: Final = (
    "drawn",
    "seq_core",
    "seq_cards",
    "seq_ways",
    "seq_timeline",
    "seq_shot",
    "seq_sound",
    "seq_film",
    "seq_monitor",
    "seq_files",
    "seq_page",
)
_LONG_SIDES: Final = (480, 640, 960, 1280, 1920, 2560, 3840)
_QUIET: Final = {
    "api_visibility": "private",
    "show_progress": "hidden",
    "concurrency_limit": None,
    "trigger_mode": "multiple",
}


def sequence_spec() -> dict[str, Any]:
    """Everything the tab's scripts need to know; nothing in it comes from a user."""
    return {
        "project": Project().to_dict(),
        "ways": [
            {
                "name": kind.name,
                "title": kind.title,
                "family": kind.family,
                "photos": kind.photos,
                "help": kind.help,
            }
            for kind in TRANSITIONS.values()
        ],
        "moves": [
            {
                "words": kind.type.replace("_", " "),
                "label": kind.type.replace("_", " ").capitalize(),
                "directions": list(kind.directions),
            }
            for kind in MOVE_KINDS.values()
        ],
        "directions": DIRECTION_WORDS,
        "looks": [{"name": one.name, "title": one.title} for one in looks()],
        "rates": {name: float(exact_rate(name)) for name in FRAME_RATES},
        "aspects": list(ASPECTS),
        "formats": dict(FORMAT_WORDS),
        "drawn": drawn_spec(),
        "sides": list(_LONG_SIDES),
    }


def sequence_tab(
    handlers: SequenceHandlers, lending: Lending, motion: MotionParts, keys: gr.HTML
) -> gr.HTML:
    """Build the tab inside the ``gr.Blocks`` that is open.

    Args:
        handlers: answers of the tab.
        lending: answers about shots that are edited on other tabs.
        motion: the components of the Motion tab, which edits the camera of a shot.
        keys: the keyframe editor, which may do so, too.
    """
    page = gr.HTML(
        value={},
        html_template='<section class="ms-seq"></section>',
        js_on_load=script(*_SCRIPTS),
        apply_default_css=False,
        elem_id="sequence",
        server_functions=[handlers.function()],
        spec=sequence_spec(),
        reply={},
    )
    photo, depth, desk, monitor = motion.photo, motion.depth, motion.desk, motion.monitor
    page.edit_camera(
        lending.lend, None, [photo, motion.picture, depth, desk, monitor],
        **{**_QUIET, "concurrency_id": "depth", "concurrency_limit": 2},
    )  # fmt: skip
    page.take_back(lending.take_back, [desk, keys], page, **_QUIET)
    monitor.sequence(lending.incoming, [photo, desk], page, **_QUIET)
    return page
