"""The errors that reach a person: each message says what, how much, the limit and the next step."""

from __future__ import annotations


class SynthError(Exception):
    """Base of every error this package raises on purpose.

    The message is written for the person who made the request: what is wrong, the value that was
    met, the limit, and what to do next. The screen shows it as it stands.
    """


class InvalidMedia(SynthError):
    """A picture or video that cannot be read, or is not what it claims to be."""


class LimitExceeded(SynthError):
    """A request or file that is larger than this server allows."""


class InvalidInstruction(SynthError, ValueError):
    """A motion control, setting or project whose values do not make sense."""


class Unavailable(SynthError):
    """An optional part (a model, a codec) that this machine does not have right now."""


class Cancelled(SynthError):
    """The work was stopped because somebody asked for it."""
