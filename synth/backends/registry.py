"""From the part of a shot that says who draws it to whoever does. What is heavy comes in late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from synth.backends.families import families
from synth.backends.geometric_backend import GeometricBackend
from synth.backends.protocol import Backend, Capabilities
from synth.backends.settings import BackendSettings, ProviderName


@dataclass(frozen=True)
class Choice:
    """A backend that a person may choose, and what it can do."""

    settings: BackendSettings
    """What a shot then says."""
    capabilities: Capabilities
    """What it obeys; ``missing`` says what stands in the way of it here."""


def make_backend(settings: BackendSettings, *, token: str | None = None) -> Backend:
    """The backend that a shot's settings name. Nothing is loaded before it draws.

    Args:
        settings: which, and how.
        token: of the user's Hugging Face account, for services and for weights that ask for one.
            It is kept nowhere but in the object.

    Raises:
        InvalidInstruction: for a family, model or provider that is not there.
    """
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
