"""From the part of a shot that says who draws it to whoever does. What is heavy comes in late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import get_args

from synth.backends.families import families
from synth.backends.geometric_backend import GeometricBackend
from synth.backends.protocol import Backend, Capabilities
from synth.backends.settings import BackendSettings, ProviderName
from synth.errors import InvalidInstruction


@dataclass(frozen=True)
class Choice:
    """A backend that a person may choose, and what it can do."""

    settings: BackendSettings
    """What a shot then says."""
    capabilities: Capabilities
    """What it obeys; ``missing`` says what stands in the way of it here."""


def check_for_visitors(settings: BackendSettings) -> None:
    """See that settings ask nothing of this machine that only its owner may ask.

    A page that strangers use would fetch whatever repository of the Hub they name onto its own
    disk, and run it. Services are asked for any model: it runs there, on the visitor's account.

    Raises ``InvalidInstruction`` for a model of one's own on this machine.
    """
    if settings.model and settings.name in ("diffusers", "guided"):
        raise InvalidInstruction(
            f"This page draws with the families' own models alone, not with {settings.model}. "
            "Leave the model out, choose a service, or run the program on a machine of your own."
        )


def make_backend(
    settings: BackendSettings, *, token: str | None = None, visitor: bool = False
) -> Backend:
    """The backend that a shot's settings name. Nothing is loaded before it draws.

    Args:
        settings: which, and how.
        token: of the user's Hugging Face account, for services and for weights that ask for one.
            It is kept nowhere but in the object.
        visitor: whether a stranger asks, on a page that is served to others than its owner: then
            ``check_for_visitors`` is asked first.

    Raises:
        InvalidInstruction: for a family, model or provider that is not there, or not for visitors.
    """
    if visitor:
        check_for_visitors(settings)
    if settings.name == "diffusers":
        from synth.backends.local import DiffusersBackend

        return DiffusersBackend(settings, token=token)
    if settings.name == "guided":
        from synth.backends.guided import GuidedBackend

        return GuidedBackend(settings, token=token)
    if settings.name == "providers":
        from synth.backends.providers import ProvidersBackend

        return ProvidersBackend(settings, token=token)
    return GeometricBackend()


@contextmanager
def artist(settings: BackendSettings, given: Backend | None = None) -> Iterator[Backend]:
    """Whoever draws: the one that is given, or one made for this and let go afterwards.

    What a model holds goes with its backend; one that is given is its owner's to close.
    """
    if given is not None:
        yield given
        return
    made = make_backend(settings)
    try:
        yield made
    finally:
        close = getattr(made, "close", None)
        if close is not None:
            close()


def every_capabilities(*, token: str | None = None) -> tuple[Choice, ...]:
    """All backends with all their families and services, the default first.

    Args:
        token: as for ``make_backend``; without one, services say that they lack it.
    """
    wanted = [
        BackendSettings(),
        *(BackendSettings(name="diffusers", family=one.name) for one in families(guided=False)),
        *(BackendSettings(name="guided", family=one.name) for one in families(guided=True)),
        *(BackendSettings(name="providers", provider=one) for one in get_args(ProviderName)),
    ]
    return tuple(Choice(one, make_backend(one, token=token).capabilities) for one in wanted)
