"""The Style tab: references become a style, which is tried on a photo and taken along.

Like the Sequence tab, it is one component that asks the server by itself.
"""

from __future__ import annotations

from typing import Any, Final

import gradio as gr

from synth.style.model import USUAL_STRENGTH
from synth.ui.assets import script
from synth.ui.drawn import on_space
from synth.ui.style_handlers import StyleHandlers
from synth.ui.style_learning import lora_spec

_SCRIPTS: Final = (
    "style_core",
    "style_refs",
    "style_make",
    "style_remote",
    "style_result",
    "style_library",
)


def style_spec(handlers: StyleHandlers) -> dict[str, Any]:
    """Everything the tab's scripts need to know; nothing in it comes from a user."""
    return {
        "trials": handlers.trials(),
        "lora": lora_spec(),
        "usual": USUAL_STRENGTH,
        "signed": on_space(),
    }


def style_tab(handlers: StyleHandlers) -> gr.HTML:
    """Build the tab inside the ``gr.Blocks`` that is open."""
    return gr.HTML(
        value={},
        html_template='<section class="ms-style"></section>',
        js_on_load=script(*_SCRIPTS),
        apply_default_css=False,
        elem_id="style",
        server_functions=[handlers.function()],
        spec=style_spec(handlers),
    )
