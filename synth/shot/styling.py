"""Learned styles of one shot: found by the tags in its words, checked, and obeyed or handed on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from synth.backends.protocol import Capabilities, Frame, LoraUse
from synth.shot.model import Shot
from synth.style.model import StyleFile, StyleUse
from synth.style.resolve import Resolver, check_fits, no_styles, styles_of

_ADDRESS: Final = re.compile(r"https://[\w.-]+(?::\d+)?/[\x21-\x7e]{1,400}\.safetensors", re.ASCII)


@dataclass(frozen=True)
class Styling:
    """What a shot's words are without their tags, and what the tags asked for."""

    prompt: str
    """The words."""
    sentence: str | None = None
    """What a model is to read in place of the compiled prompt, without tags."""
    uses: tuple[StyleUse, ...] = ()
    """The styles, in the order of their tags."""
    notes: tuple[str, ...] = ()
    """What the user should know, in sentences."""

    @property
    def loras(self) -> tuple[LoraUse, ...]:
        """Weights for the backend's model."""
        return tuple(
            LoraUse(use.file.path, use.strength, use.file.name if is_address(use.file.name) else "")
            for use in self.uses
            if use.file.kind == "lora"
        )

    @property
    def told(self) -> dict[str, str]:
        """For the file's own story."""
        if not self.uses:
            return {}
        names = [f"{use.file.title or use.file.path.stem} {use.strength:g}" for use in self.uses]
        return {"styles": ", ".join(names)}

    def applied(
        self, frames: Iterator[Frame], width: int, height: int, seed: int
    ) -> Iterator[Frame]:
        """The frames with every look laid on, in the order of the tags.

        Frames are uint8 sRGB, (height, width, 3). Raises ``InvalidMedia`` for a damaged file.
        """
        if not self.has_looks:
            return frames
        laid = self.running(width, height, seed)
        return (laid(frame, index) for index, frame in enumerate(frames))

    def running(self, width: int, height: int, seed: int) -> Callable[[Frame, int], Frame]:
        """Lays every look on one frame, uint8 sRGB (height, width, 3), given its number.

        For one thread. Raises ``InvalidMedia`` for a damaged file.
        """
        from synth.style.look import RunningLook, read_look

        running = [
            RunningLook(read_look(use.file), use.strength, width, height, seed)
            for use in self._looks
        ]

        def laid(frame: Frame, index: int) -> Frame:
            for look in running:
                frame = look.apply(frame, index)
            return frame

        return laid

    @property
    def has_looks(self) -> bool:
        """Whether any look changes the frames."""
        return bool(self._looks)

    @property
    def _looks(self) -> tuple[StyleUse, ...]:
        return tuple(use for use in self.uses if use.file.kind == "look" and use.strength != 0)


def is_address(name: str) -> bool:
    """Whether a tag's name is where a style lies on the internet, not what it is called here."""
    return bool(_ADDRESS.fullmatch(name))


def with_addresses(finder: Resolver) -> Resolver:
    """A resolver that takes a style's address as well, for services that fetch styles themselves.

    ``<lora:https://huggingface.co/owner/name/resolve/main/ink.safetensors:0.8>`` is handed on as
    it is: nobody here fetches it, so nothing of it is checked.
    """

    def find(name: str) -> StyleFile:
        if not is_address(name):
            return finder(name)
        file = PurePosixPath(urlsplit(name).path).name
        return StyleFile(Path(file), name, "lora", "", title=file.removesuffix(".safetensors"))

    return find


def styling_of(
    shot: Shot, capabilities: Capabilities, resolver: Resolver | None, *, sketch: bool = False
) -> Styling:
    """Find what a shot's tags ask for.

    Args:
        shot: with tags in its prompt, or in the sentence that its model is to read.
        capabilities: of whoever draws it.
        resolver: finds a style by its name; None knows none, so that any tag is an error, but an
            address where a service draws.
        sketch: leave out what this backend cannot obey, and say so, since another will.

    Raises:
        InvalidInstruction: a tag that is malformed, unknown or not for this backend.
        InvalidMedia: a style file that is damaged.
    """
    sentence = shot.backend.sentence
    if "<" not in shot.prompt and "<" not in (sentence or ""):
        return Styling(shot.prompt, sentence)
    finder = resolver or no_styles
    if capabilities.remote or sketch:
        finder = with_addresses(finder)
    prompt, uses = styles_of(shot.prompt, finder)
    if sentence is not None:
        sentence, more = styles_of(sentence, finder)
        known = {use.file.path for use in uses}
        uses = (*uses, *(use for use in more if use.file.path not in known))
    notes: tuple[str, ...] = ()
    if sketch:
        kept = tuple(use for use in uses if use.file.kind == capabilities.style)
        if len(kept) < len(uses):
            notes = ("Styles that need a model are left out here; the finished clip has them.",)
        uses = kept
    check_fits(uses, capabilities)
    return Styling(prompt, sentence, uses, notes)
