"""What the server tells a panel of the page."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import gradio as gr


def show(what: Mapping[str, Any], **more: Any) -> Any:
    """An update of what a panel displays, marked so that it arrives even if nothing is new.

    The page hears of changed values alone. Without the mark, the same photo or the same error
    twice in a row would leave the panel waiting for an answer that had come.

    Args:
        what: the new ``shown`` of the component.
        more: other attributes to update.
    """
    return gr.update(shown={**what, "stamp": secrets.token_hex(4)}, **more)
