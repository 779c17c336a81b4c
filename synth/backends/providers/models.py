"""Which model a service is asked for, what it counts as, and what the services call it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, get_args
from urllib.parse import quote

from synth.backends.families import Family, Wording, family
from synth.backends.protocol import FrameRule, SizeRule
from synth.backends.providers.wire import Wire
from synth.backends.settings import BackendSettings, ProviderName
from synth.errors import InvalidInstruction, Unavailable
from synth.explain import short

PROVIDERS: Final = tuple(name for name in get_args(ProviderName) if name != "auto")
"""The services that make a video from a picture."""

TASK: Final = "image-to-video"

USUAL_FAMILY: Final = "wan2.2"
"""Where nothing else is said: the model that all three services have offered."""

_REPOSITORIES: Final = {
    "wan2.2": "Wan-AI/Wan2.2-I2V-A14B",
    "wan2.2-5b": "Wan-AI/Wan2.2-TI2V-5B",
    "wan2.1": "Wan-AI/Wan2.1-I2V-14B-480P",
    "ltx": "Lightricks/LTX-Video",
    "ltx2": "Lightricks/LTX-2",
    "cogvideox": "zai-org/CogVideoX-5b-I2V",
    "cogvideox1.5": "zai-org/CogVideoX1.5-5B-I2V",
}
"""Where services list a family's model: not always where diffusers finds its weights."""

_NAMES: Final = (
    ("wan2.2-ti2v-5b", "wan2.2-5b"), ("wan2.2-5b", "wan2.2-5b"), ("wan2.2", "wan2.2"),
    ("wan2.1", "wan2.1"), ("ltx-2", "ltx2"), ("ltx2", "ltx2"), ("ltx-video", "ltx"),
    ("ltxv", "ltx"), ("cogvideox1.5", "cogvideox1.5"), ("cogvideox", "cogvideox"),
)  # fmt: skip
"""Parts of a model's name, in lower case, that tell its family; the first that fits."""

_SIZES: Final = {"wan2.1": SizeRule(16, 64, 720 * 1280)}
_FRAMES: Final = {"wan2.2-5b": FrameRule(4, 1, 17, 121), "wan2.2": FrameRule(4, 1, 17, 81)}


@dataclass(frozen=True)
class Served:
    """A model as a service offers it."""

    model: str
    """On the Hub, owner/name."""
    title: str
    """For the screen."""
    family: str
    """As in ``Family.name``; "" for a model of a kind that is not known here."""
    base: str
    """What a LoRA must be made for; "" where none is known to fit."""
    wording: Wording
    """Whose advice its prompt follows."""
    frames: FrameRule
    """Counts of one call."""
    sizes: SizeRule
    """Sizes that it is asked for."""
    rate: Fraction
    """Frames per second that it makes."""
    negative: str
    """What its makers advise to avoid."""


@dataclass(frozen=True)
class Offer:
    """One service's offer of a model."""

    provider: str
    """Which service."""
    endpoint: str
    """What the service calls the model."""
    adapter: str = ""
    """Address of a LoRA that the model on the Hub consists of; "" for a whole model."""


def served(settings: BackendSettings) -> Served:
    """The model that settings ask for.

    A model of one's own counts as the family that its name tells, or that the settings name; one
    of a kind that is not known is asked in plain words, for five seconds at 16 frames per second.
    Raises ``InvalidInstruction`` for a family that no service offers.
    """
    if settings.model:
        known = settings.family or _told(settings.model)
        if not known:
            return Served(
                settings.model, settings.model, "", "", "plain", FrameRule(1, 0, 1, 81),
                SizeRule(16, 64, 720 * 1280), Fraction(16), "",
            )  # fmt: skip
        return _as_served(family(known), settings.model)
    known = settings.family or USUAL_FAMILY
    if known not in _REPOSITORIES:
        raise InvalidInstruction(
            f"No service offers the family {short(known)}. Choose one of "
            f"{', '.join(_REPOSITORIES)}, or name a model on the Hub."
        )
    return _as_served(family(known), _REPOSITORIES[known])


def find_offer(wire: Wire, hub: str, model: str, provider: str) -> Offer:
    """Ask the Hub who offers a model, and under which name.

    Args:
        wire: to the Hub.
        hub: its address.
        model: owner/name.
        provider: a service, or "auto" for the first one in the account's own order.

    Raises ``Unavailable`` where nobody offers it now, and what ``Wire.ask`` raises.
    """
    url = f"{hub}/api/models/{quote(model, safe='/')}?expand=inferenceProviderMapping"
    answer = wire.ask("GET", url, model=model)
    offers = _offers(answer.get("inferenceProviderMapping") if isinstance(answer, dict) else None)
    live = {name: told for name, told in offers if told.get("task") == TASK}
    for name in PROVIDERS if provider != "auto" else live:
        if name in live and provider in ("auto", name):
            return _offer(name, live[name], hub, model)
    who = "any of " + ", ".join(PROVIDERS) if provider == "auto" else provider
    others = ", ".join(live) or "nobody"
    raise Unavailable(
        f"{model} is not offered for {TASK} by {who} now; by the Hub's list it is by {others}. "
        "Choose another provider or another model."
    )


def _told(model: str) -> str:
    name = model.split("/")[-1].lower().replace("_", "-").replace("wan-2", "wan2")
    return next((known for part, known in _NAMES if part in name), "")


def _as_served(one: Family, model: str) -> Served:
    return Served(
        model, one.title, one.name, one.base, one.wording,
        _FRAMES.get(one.name, one.frames), _SIZES.get(one.name, one.sizes), one.rate, one.negative,
    )  # fmt: skip


def _offers(mapping: Any) -> list[tuple[str, dict[str, Any]]]:
    """The list of the Hub, which comes in two shapes; what is malformed or not ours is left out."""
    if isinstance(mapping, dict):
        mapping = [
            {**told, "provider": name} for name, told in mapping.items() if isinstance(told, dict)
        ]
    if not isinstance(mapping, list):
        return []
    return [
        (str(told.get("provider")), told)
        for told in mapping
        if isinstance(told, dict)
        and told.get("provider") in PROVIDERS
        and isinstance(told.get("providerId"), str)
        and told.get("status") != "error"
    ]


def _offer(provider: str, told: dict[str, Any], hub: str, model: str) -> Offer:
    endpoint = told["providerId"]
    if not endpoint.isascii() or not endpoint.isprintable() or ".." in endpoint or "?" in endpoint:
        raise Unavailable(f"The Hub's name of {model} at {provider} cannot be used.")
    path = told.get("adapterWeightsPath")
    adapter = ""
    if isinstance(path, str) and path:
        adapter = f"{hub}/{model}/resolve/main/{quote(path)}"
    return Offer(provider, endpoint.strip("/"), adapter)
