"""A shot of the sequence on the Motion and Keyframes tabs, and back; a shot of theirs into it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import gradio as gr

from synth.errors import InvalidInstruction
from synth.shot import Shot
from synth.ui.answers import message_of, show
from synth.ui.desk_shot import read_shot, shot_values, with_keys
from synth.ui.handlers import Handlers
from synth.ui.making import told
from synth.ui.monitor import describe_shot
from synth.ui.photo import Photo, uploaded_file
from synth.ui.sequence_cards import read_parts
from synth.ui.sequence_handlers import SequenceHandlers
from synth.ui.sequence_media import served

Update = Any


class Lending:
    """What passes between the Sequence tab and the tabs that edit a camera."""

    def __init__(self, sequence: SequenceHandlers, handlers: Handlers) -> None:
        """``handlers`` are the Motion tab's."""
        self._sequence = sequence
        self._handlers = handlers

    def lend(self, event: gr.EventData) -> Generator[tuple[Any, ...], None, None]:
        """Put a shot's photo and camera on the Motion tab.

        Outputs (photo state, photo, depth, desk, monitor), as for a new photo there.
        """
        failures: list[str] = []
        with told(failures):
            asked = event._data
            shot = read_parts(shots=[asked.get("shot")]).shots[0]
            desk = self._sequence.desks.get(asked.get("desk"))
            output = shot.shot.output.model_copy(update={"fps": asked.get("fps", "24")})
            wanted = Shot.from_dict(shot.shot.model_copy(update={"output": output}).to_dict())
            # The Motion tab takes files that it may serve; one's own depth map comes along.
            path = served(desk.shelf.path(shot.media))
            depth = None
            if shot.depth is not None and desk.shelf.has(shot.depth):
                depth = served(desk.shelf.path(shot.depth))
            yield from self._handlers.lent(path, shot.id, wanted, depth)
        if failures:
            yield (gr.skip(), show({"error": failures[0]}), *[gr.skip()] * 3)

    def take_back(self, desk: object, keyed: object, event: gr.EventData) -> Update:
        """The camera of the Motion tab's desk, or of the keyframe editor, for the lent shot."""

        def answer() -> dict[str, Any]:
            value = with_keys(desk, keyed) if event._data.get("from") == "keys" else desk
            shot = read_shot(value)
            return {
                "shot": shot_values(shot),
                "words": describe_shot(shot),
                "seconds": shot.seconds,
            }

        return _reply("back", answer)

    def incoming(self, photo: Photo | None, desk: object) -> Update:
        """The Motion tab's photo and shot as another card."""

        def answer() -> dict[str, Any]:
            if photo is None:
                raise InvalidInstruction("There is no photo yet. Choose one first.")
            shot = shot_values(read_shot(desk))
            if photo.example is not None:
                return {"file": {"example": photo.example, "orig_name": photo.name, "shot": shot}}
            name = photo.name if Path(photo.name).suffix else f"{photo.name}{_ending(photo)}"
            return {"file": {"path": uploaded_file(photo.path), "orig_name": name, "shot": shot}}

        return _reply("incoming", answer)


def _ending(photo: Photo) -> str:
    return Path(photo.path).suffix or ".png"


def _reply(kind: str, answer: Callable[[], dict[str, Any]]) -> Update:
    stamp = secrets.token_hex(4)
    try:
        return gr.update(reply={"kind": kind, "stamp": stamp, **answer()})
    except Exception as error:
        return gr.update(reply={"kind": kind, "stamp": stamp, "error": message_of(error)})
