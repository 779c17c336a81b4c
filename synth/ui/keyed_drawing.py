"""The Motion tab's shot drawn on the keys of the keyframe editor."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import gradio as gr

from synth.ui.desk_shot import with_keys
from synth.ui.handlers import Handlers
from synth.ui.photo import Photo

Updates = Generator[Any, None, None]


class KeyedDrawing:
    """What the Keyframes tab asks to be drawn: all yield updates of its monitor."""

    def __init__(self, handlers: Handlers) -> None:
        """``handlers`` are the Motion tab's."""
        self._handlers = handlers

    def preview(
        self, photo: Photo, depth: object, desk: object, keyed: object, event: gr.EventData
    ) -> Updates:
        """A small clip."""
        yield from self._handlers.preview(photo, depth, with_keys(desk, keyed), event)

    def render(
        self,
        photo: Photo,
        depth: object,
        desk: object,
        keyed: object,
        event: gr.EventData,
        signed: gr.OAuthToken | None,
    ) -> Updates:
        """The finished clip."""
        yield from self._handlers.render(photo, depth, with_keys(desk, keyed), event, signed)

    def again(
        self,
        photo: Photo,
        depth: object,
        desk: object,
        keyed: object,
        event: gr.EventData,
        signed: gr.OAuthToken | None,
    ) -> Updates:
        """The finished clip, tried again until it passes."""
        yield from self._handlers.again(photo, depth, with_keys(desk, keyed), event, signed)

    def guide(
        self, photo: Photo, depth: object, desk: object, keyed: object, event: gr.EventData
    ) -> Updates:
        """The guide bundle for other programs."""
        yield from self._handlers.guide(photo, depth, with_keys(desk, keyed), event)
