"""From the tags of a prompt to the files that they mean, and whether a backend can obey them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from synth.backends.protocol import Capabilities
from synth.errors import InvalidInstruction
from synth.explain import short
from synth.style.files import read_style
from synth.style.model import GEOMETRIC_BASE, StyleFile, StyleUse
from synth.style.tags import read_tags

Resolver = Callable[[str], StyleFile]
"""Finds the style that a tag names. Raises ``InvalidInstruction`` where there is none,
``InvalidMedia`` for a file that is not sound."""

_SUFFIX: Final = ".safetensors"


def no_styles(name: str) -> StyleFile:
    """A resolver for where no style can be named."""
    raise InvalidInstruction(
        f"The prompt asks for the style {short(name)}, but there is no library of styles here. "
        "Take the tag out, or give the styles along."
    )


def path_resolver(*folders: str | os.PathLike[str]) -> Resolver:
    """Finds styles by path, for Python: a tag may name any file of this machine.

    A name is tried as a path, then in each of the folders, each time with and without
    ``.safetensors``. Never to be given to strangers; ``StyleLibrary.resolver`` is for them.
    """
    places = tuple(Path(folder) for folder in folders)

    def resolve(name: str) -> StyleFile:
        for place in (Path(), *places):
            for path in (place / name, place / (name + _SUFFIX)):
                try:
                    there = path.is_file()
                except (OSError, ValueError):  # longer than paths may be
                    there = False
                if there:
                    return read_style(path)
        looked = ", ".join(str(place) for place in places)
        raise InvalidInstruction(
            f"There is no style {short(name)}: no such file{f' here or in {looked}' * bool(looked)}"
            ". Write the path of a .safetensors file."
        )

    return resolve


def styles_of(prompt: str, resolver: Resolver) -> tuple[str, tuple[StyleUse, ...]]:
    """What a model reads of a prompt, and the styles that it asks for, found.

    Raises ``InvalidInstruction`` as ``read_tags`` does, for a style that is not there, and for one
    that is named twice.
    """
    read = read_tags(prompt)
    uses = tuple(StyleUse(resolver(tag.name), tag.strength) for tag in read.tags)
    paths = [use.file.path.absolute() for use in uses]
    for index, (use, path) in enumerate(zip(uses, paths, strict=True)):
        if path in paths[:index]:
            raise InvalidInstruction(
                f"The style {short(use.file.name)} stands twice in the prompt. Keep one tag."
            )
    return read.text, uses


def check_fits(uses: Sequence[StyleUse], capabilities: Capabilities) -> None:
    """See that a backend obeys styles, so that none is passed over in silence.

    Raises ``InvalidInstruction`` for a look where a model draws, a LoRA where geometry does, one
    for another model, a look with a strength below 0, and too many.
    """
    title = capabilities.title
    for use in uses:
        file = use.file
        name = f"The style {short(file.name)}"
        if capabilities.style is None:
            raise InvalidInstruction(
                f"{name} cannot be used: {title} takes no styles. Take its tag out, or choose "
                "another backend."
            )
        if file.kind != capabilities.style:
            if file.kind == "look":
                raise InvalidInstruction(
                    f"{name} is a look, which only the photo's own geometry obeys; {title} takes "
                    "LoRAs. Choose the geometric backend, or a LoRA."
                )
            made = f" made for {file.base}" if file.base else ""
            raise InvalidInstruction(
                f"{name} is a LoRA{made}, which only a model can obey; {title} takes looks. Choose "
                "a backend of that model, or learn a look from the same videos."
            )
        bases = {file.base, *file.also} - {""}
        if file.kind == "lora" and capabilities.base and bases and capabilities.base not in bases:
            raise InvalidInstruction(
                f"{name} is made for {' or '.join([file.base, *file.also])}, and {title} is "
                f"{capabilities.base}. Choose a backend of that model, or another style."
            )
        if file.kind == "look" and (use.strength < 0 or file.base != GEOMETRIC_BASE):
            raise InvalidInstruction(
                f"{name} is a look with the strength {use.strength:g}; looks go from 0 to 2."
            )
    if len(uses) > capabilities.most_styles:
        raise InvalidInstruction(
            f"The prompt asks for {len(uses)} styles; {title} obeys {capabilities.most_styles} at "
            "once. Keep those that matter most."
        )
