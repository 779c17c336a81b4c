"""What visitors of a served page may name: models for this machine to run, and styles of theirs."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from synth.backends.families import families
from synth.backends.protocol import Backend
from synth.backends.registry import check_for_visitors, make_backend
from synth.backends.settings import BackendSettings
from synth.errors import InvalidInstruction, SynthError
from synth.explain import short
from synth.sequence.artists import named
from synth.sequence.project import Project
from synth.shot.styling import is_address, with_addresses
from synth.style.library import StyleLibrary
from synth.style.model import StyleFile
from synth.style.resolve import Resolver
from synth.style.tags import read_tags
from synth.ui.style_desks import StyleDesks

_VARIABLE: Final = "SYNTH_VISITOR_MODELS"
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)


@dataclass(frozen=True)
class VisitorModels:
    """Which models of the Hub visitors may have this machine fetch and run.

    The families' own are always among them. The server's owner may allow more with
    ``SYNTH_VISITOR_MODELS=owner/name,owner/name``, or all there are with ``any``.
    """

    names: frozenset[str] = frozenset()
    """Further models, owner/name."""
    every: bool = False
    """Whether any model may be named."""

    @classmethod
    def from_environment(cls) -> VisitorModels:
        """Read the variable; raises ``ValueError`` for what is no list of models."""
        given = os.environ.get(_VARIABLE, "")
        wanted = [one.strip() for one in given.split(",") if one.strip()]
        if wanted == ["any"]:
            return cls(every=True)
        for one in wanted:
            if not _REPOSITORY.fullmatch(one):
                raise ValueError(
                    f"{_VARIABLE} must be models as owner/name with commas between them, or "
                    f"'any', not {short(one)}."
                )
        return cls(frozenset(wanted))

    def check(self, settings: BackendSettings) -> None:
        """Raise ``InvalidInstruction`` for a model that visitors may not name."""
        own = {one.model for one in families()}
        if self.every or settings.model in self.names | own:
            return
        try:
            check_for_visitors(settings)
        except InvalidInstruction as error:
            raise InvalidInstruction(
                f"{error} Whoever runs the server can allow it with {_VARIABLE}."
            ) from None


VISITOR_MODELS: Final = VisitorModels.from_environment()


@contextmanager
def visitors_artist(
    settings: BackendSettings, token: str | None = None, *, models: VisitorModels = VISITOR_MODELS
) -> Iterator[Backend]:
    """Whoever draws for a visitor; what it holds goes with the block.

    Args:
        settings: of the visitor's shot.
        token: of the visitor's account.
        models: which may be named.

    Raises ``InvalidInstruction`` for a family or model that is not there, or not for visitors.
    """
    models.check(settings)
    made = make_backend(settings, token=token)
    try:
        yield made
    finally:
        close = getattr(made, "close", None)
        if close is not None:
            close()


def check_project(project: Project, shots: tuple[str, ...] | None = None) -> None:
    """See that a visitor's film asks for no model that is not for visitors.

    ``shots`` are the ids of those that will be drawn; all of them unless told. Raises
    ``InvalidInstruction`` with the shot's name in front.
    """
    for shot in project.shots:
        if shot.is_photo and (shots is None or shot.id in shots):
            with named(shot):
                VISITOR_MODELS.check(shot.shot.backend)


def resolver_of(desks: StyleDesks, desk: object) -> Resolver:
    """Finds styles by name among the visitor's own, and nowhere else.

    ``desk`` is the name of the visitor's desk of styles, as the page sent it.
    """
    found = desks.find(desk)
    library = None if found is None else found.library

    def find(name: str) -> StyleFile:
        if library is not None:
            try:
                return library.resolver(name)
            except InvalidInstruction:
                pass
        raise InvalidInstruction(_none_of(name, library))

    return find


def _none_of(name: str, library: StyleLibrary | None) -> str:
    names = [] if library is None else [one.name for one in library.list()]
    close = difflib.get_close_matches(name[:80], names, n=1)
    hint = f" Did you mean {close[0]!r}? Otherwise learn" if close else " Learn"
    return f"No style of yours is called {short(name)}.{hint} or import it on the Style tab."


def heard_styles(
    text: str, resolver: Resolver, backend: BackendSettings
) -> tuple[list[str], list[str]]:
    """The styles that a sentence asks for: those that are found, and what is wrong with others.

    Args:
        text: with tags.
        resolver: finds the visitor's styles.
        backend: of the shot; services fetch styles by their address themselves.

    Raises ``InvalidInstruction`` for a tag that cannot be read.
    """
    finder = with_addresses(resolver) if backend.name == "providers" else resolver
    found: list[str] = []
    wrong: list[str] = []
    for tag in read_tags(text).tags:
        try:
            file = finder(tag.name)
            called = file.title if is_address(file.name) else file.name
            found.append(f"Style {called} at {tag.strength:g}.")
        except SynthError as error:
            wrong.append(str(error))
    return found, wrong
