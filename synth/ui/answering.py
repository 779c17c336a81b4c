"""One function that a tab's page calls for everything that it asks of its desk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from typing import Any

import gradio as gr

from synth.errors import InvalidInstruction
from synth.ui.answers import message_of
from synth.ui.sequence_media import without_own_names

Answer = dict[str, Any]
Work = Callable[[Any], Answer]


def answering(
    known: Mapping[str, Work],
    start: Callable[[Any, gr.OAuthToken | None], Answer],
    never_wait: Collection[str],
    slots: AbstractContextManager[Any],
) -> Callable[..., Answer]:
    """What the page calls, with {"do": what, ...}; an error is an answer in words.

    Args:
        known: the work of each word.
        start: what "start" does, which alone is told who signed in.
        never_wait: words that are answered though all slots are taken.
        slots: how much is worked on at once.
    """

    def ask(asked: Any, signed: gr.OAuthToken | None = None) -> Answer:
        try:
            if not isinstance(asked, Mapping):
                raise InvalidInstruction("The request cannot be read. Reload the page.")
            work = known.get(str(asked.get("do")))
            if work is None:
                raise InvalidInstruction("The page and the server differ. Reload the page.")
            if asked["do"] in never_wait:
                return work(asked)
            with slots:
                return start(asked, signed) if asked["do"] == "start" else work(asked)
        except Exception as error:
            return {"error": without_own_names(message_of(error))}

    return ask
