"""Who draws a shot, on the page: what there is to choose from, and what each would keep of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, get_args

import gradio as gr
from gradio.utils import get_space

from synth.backends.families import families
from synth.backends.registry import make_backend
from synth.backends.settings import BackendSettings, ProviderName
from synth.errors import InvalidInstruction
from synth.quality.model import PASS
from synth.shot import Shot
from synth.ui.answers import message_of
from synth.ui.desk_shot import read_shot
from synth.ui.field_bounds import bounds
from synth.ui.sequence_cards import passed_over
from synth.ui.style_desks import StyleDesks
from synth.ui.visitors import VISITOR_MODELS, resolver_of

if TYPE_CHECKING:
    from synth.style.model import StyleUse
    from synth.style.resolve import Resolver

_NAMES: Final = (
    ("geometric", "Photo geometry", "Exact and free, on this machine",
     "The photo's own depth is filmed: the camera you key is the camera you get."),
    ("guided", "Guided", "Geometry steers, a model repaints",
     "The exact camera path is rendered as a guide, and a model paints over it. Needs a GPU."),
    ("diffusers", "Model here", "A model on this machine",
     "An image-to-video model on this machine's graphics card; the camera is told in words."),
    ("providers", "A service", "Paid, over the internet",
     "A service of Hugging Face Inference Providers; the camera is told in words."),
)  # fmt: skip
_PROVIDERS: Final = {
    "auto": "The first that has it", "fal-ai": "fal", "together": "Together",
    "wavespeed": "WaveSpeed",
}  # fmt: skip
_SERVED: Final = "wan2.2"
"""The family that services are asked for where nothing else is said."""
_LONGEST_TOKEN: Final = 200

ATTEMPTS: Final = 3
"""Most clips that one request for a clip that passes may draw; a service charges for each."""


@dataclass(frozen=True)
class Caller:
    """Whoever asks for a render, besides what is to be drawn. It lives as long as the call."""

    resolver: Resolver
    """Finds the caller's own styles."""
    token: str | None = None
    """Of the caller's Hugging Face account, for this one call."""

    def __repr__(self) -> str:
        """Without the token."""
        return "Caller()"


def on_space() -> bool:
    """Whether the page is served by a Hugging Face Space, where people sign in."""
    return bool(os.environ.get("SPACE_ID"))


def signs_in() -> bool:
    """Whether people can sign in here: on a Space whose README asks for it (``hf_oauth``)."""
    return get_space() is not None and bool(os.environ.get("OAUTH_CLIENT_ID"))


def drawn_spec() -> dict[str, Any]:
    """What the page's scripts must know of the choice; nothing in it comes from a user."""
    plain = [[one.name, one.title] for one in families(guided=False)]
    guided = [[one.name, one.title] for one in families(guided=True)]
    fields = {key: bounds(BackendSettings, key) for key in ("steps", "guidance", "guide_scale")}
    served = sorted(plain, key=lambda one: one[0] != _SERVED)
    return {
        "names": [
            {"id": id, "title": title, "words": words, "help": help}
            for id, title, words, help in _NAMES
        ],
        "families": {"diffusers": plain, "guided": guided, "providers": served},
        "providers": [[name, _PROVIDERS[name]] for name in get_args(ProviderName)],
        "bounds": {
            key: {
                **found, "rest": found["default"], "whole": key == "steps",
                "empty": "as its makers say" if found["default"] is None else "",
            }
            for key, found in fields.items()
        },
        "signed": on_space(),
        "attempts": ATTEMPTS,
        "threshold": PASS,
    }  # fmt: skip


def caller_of(asked: object, signed: gr.OAuthToken | None, desks: StyleDesks) -> Caller:
    """Who calls, from what the page sent with this one call.

    Raises ``InvalidInstruction`` for a token that cannot be one.
    """
    sent = asked if isinstance(asked, Mapping) else {}
    return Caller(resolver_of(desks, sent.get("styles")), token_of(sent, signed))


def token_of(sent: Mapping[str, Any], signed: gr.OAuthToken | None) -> str | None:
    """The token of this one call: what was typed, or on a Space that of the person signed in."""
    if on_space():
        return signed.token if signed is not None else None
    return read_token(sent.get("token"))


def read_token(token: object) -> str | None:
    """A token as it was typed; None for none. Raises ``InvalidInstruction`` without quoting it."""
    if token is None or token == "":
        return None
    if (
        not isinstance(token, str)
        or len(token) > _LONGEST_TOKEN
        or not (token.isascii() and token.isprintable())
        or " " in token
    ):
        raise InvalidInstruction(
            "The token cannot be one: it begins with hf_ and holds neither spaces nor line breaks. "
            "Copy it again from your Hugging Face settings."
        )
    return token


class Preflights:
    """The answers about who draws, of one served page."""

    def __init__(self, desks: StyleDesks) -> None:
        """``desks`` holds the visitors' styles."""
        self._desks = desks
        self._first = threading.Lock()
        """Held while a backend's modules come in: two threads that do so at once may each see half
        of what the other is loading."""

    def function(self) -> Callable[[Any], dict[str, Any]]:
        """What the page calls, with {"shot", "styles", "width", "height"}."""

        def preflight(asked: Any) -> dict[str, Any]:
            try:
                if not isinstance(asked, Mapping):
                    raise InvalidInstruction("The request cannot be read. Reload the page.")
                return self.answer(read_shot(asked.get("shot")), asked)
            except Exception as error:
                return {"error": message_of(error)}

        return preflight

    def answer(self, shot: Shot, asked: Mapping[str, Any]) -> dict[str, Any]:
        """What whoever draws the shot would keep of it."""
        with self._first:
            make_backend(shot.backend)
        sizes = asked.get("width"), asked.get("height")
        photo = sizes if all(_is_size(one) for one in sizes) else None
        lighting = asked.get("lighting")
        return preflight_of(
            shot,
            resolver_of(self._desks, asked.get("styles")),
            photo,
            lighting if isinstance(lighting, str) else "",
        )


def preflight_of(
    shot: Shot, resolver: Resolver, photo: Any = None, lighting: str = ""
) -> dict[str, Any]:
    """The preflight of a shot as plain values.

    Args:
        shot: with its backend and the tags in its prompt.
        resolver: finds the styles of the tags.
        photo: (width, height) of the photo, pixels, where it is known.
        lighting: a cue for the light of a whole sequence.

    Raises ``InvalidInstruction`` for a family or a tag that is not there, and for a model that is
    not for visitors.
    """
    from synth.shot.preflight import preflight, reads
    from synth.shot.styling import with_addresses
    from synth.style.resolve import styles_of

    VISITOR_MODELS.check(shot.backend)
    backend = make_backend(shot.backend)
    capabilities = backend.capabilities
    finder = with_addresses(resolver) if capabilities.remote else resolver
    text, uses = styles_of(shot.prompt, finder)
    bare = shot.model_copy(update={"prompt": text})
    said = preflight(bare, capabilities, styles=uses, photo_size=photo, lighting=lighting)
    plain = bare.model_copy(update={"backend": shot.backend.model_copy(update={"sentence": None})})
    lines = said.lines
    if not reads(capabilities):
        # What was understood of a sentence is in the controls, and told as what they ask for.
        rest = passed_over(text)
        left = " … ".join(f"“{one}”" for one in rest)
        lines = tuple(
            replace(one, said=left) if one.instruction == "prompt" else one
            for one in lines
            if one.instruction != "prompt" or rest
        )
    compiled = said.sentence
    if shot.backend.sentence is not None:
        compiled = preflight(
            plain, capabilities, styles=uses, photo_size=photo, lighting=lighting
        ).sentence
    return {
        "title": capabilities.title,
        "remote": capabilities.remote,
        "missing": capabilities.missing,
        "problems": list(said.problems),
        "lines": [
            {"instruction": one.instruction, "said": one.said, "keeps": one.keeps, "why": one.why}
            for one in lines
        ],
        "told": [{"text": one.text, "negative": one.negative} for one in said.told],
        "calls": said.calls,
        "made": said.made,
        "sentence": said.sentence,
        "compiled": compiled,
        "negative": said.negative,
        "cost": said.cost,
        "styles": [_use(one) for one in uses],
    }


def _use(use: StyleUse) -> dict[str, Any]:
    return {
        "name": use.file.name,
        "kind": use.file.kind,
        "base": use.file.base,
        "strength": use.strength,
    }


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100_000
