"""What each service is sent: its own names for size, length and styles, and its own limits.

The names follow the services' published schemas (fal.ai/models/<endpoint>/api,
docs.together.ai/reference/create-videos, wavespeed.ai/docs) as read in 2026. What is not known of
an endpoint is not sent: it then makes its usual clip, which is brought to the shot's own size and
rate afterwards.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np

from synth.backends.protocol import Frame, LoraUse
from synth.backends.providers.models import Offer, Served
from synth.errors import InvalidInstruction, LimitExceeded

TOGETHER_PICTURE: Final = 60_000
"""Most characters of a picture that together takes, as a data address."""

MOST_SEED: Final = 2**31 - 2
"""Largest seed that every service takes."""

_STEPS: Final = {"together": (10, 50)}
_MOST_STYLES: Final = {"fal-ai": 8, "wavespeed": 3, "together": 0}
_FAL_STYLED: Final = {
    "fal-ai/wan-i2v": "fal-ai/wan-i2v-lora",
    "fal-ai/wan/v2.2-a14b/image-to-video": "fal-ai/wan/v2.2-a14b/image-to-video/lora",
    "fal-ai/cogvideox-5b/image-to-video": "fal-ai/cogvideox-5b/image-to-video",
}
"""Endpoints beside which there is one that takes LoRAs."""
_WAVESPEED_PLAIN: Final = re.compile(r"wavespeed-ai/wan-2\.[12]/i2v-(480|720)p")
_QUALITIES: Final = (92, 86, 80)
_SHRINK: Final = 0.88


@dataclass(frozen=True)
class Wish:
    """What is wanted of one call, in the words of nobody in particular."""

    picture: Frame
    """What the clip begins on, the size that is asked for."""
    sentence: str
    """What the model reads."""
    negative: str
    """What it is to avoid; "" for nothing."""
    seed: int
    """Any whole number."""
    frames: int
    """How many."""
    steps: int | None = None
    """Denoising steps; None for the service's own."""
    guidance: float | None = None
    """How hard the words are followed; None for the service's own."""
    loras: tuple[LoraUse, ...] = ()
    """Styles, each with the address where the service finds it."""


@dataclass(frozen=True)
class Payload:
    """A request's content."""

    endpoint: str
    """What the service calls the model, or the one beside it that takes styles."""
    body: dict[str, Any] = field(repr=False)
    """Everything."""
    bare: dict[str, Any] = field(repr=False)
    """The same without what an endpoint may not know; never without a style."""
    notes: tuple[str, ...] = ()
    """What the user should know."""

    @property
    def extras(self) -> tuple[str, ...]:
        """Names of what the bare request goes without."""
        return tuple(sorted(self.body.keys() - self.bare.keys()))


def most_styles(provider: str) -> int:
    """How many LoRAs a service obeys at once; "auto" is as many as the most generous one."""
    return _MOST_STYLES.get(provider, max(_MOST_STYLES.values()))


def make_payload(offer: Offer, model: Served, wish: Wish) -> Payload:
    """A request in the service's own words.

    Raises ``InvalidInstruction`` for a style that the service or this model cannot obey, and
    ``LimitExceeded`` for a picture that it cannot be sent.
    """
    endpoint = _styled(offer, wish.loras) if wish.loras else offer.endpoint
    seed = wish.seed % (MOST_SEED + 1)
    extras: dict[str, Any] = {"seed": seed}
    if wish.negative:
        extras["negative_prompt"] = wish.negative
    height, width = wish.picture.shape[:2]
    notes: tuple[str, ...] = ()
    if offer.provider == "together":
        picture, note = _small_picture(wish.picture, TOGETHER_PICTURE)
        notes = (note,) if note else ()
        needed: dict[str, Any] = {
            "model": endpoint,
            "prompt": wish.sentence,
            "frame_images": [{"input_image": picture, "frame": "first"}],
        }
        extras |= {"width": width, "height": height}
        if wish.steps is not None:
            low, high = _STEPS["together"]
            extras["steps"] = min(max(wish.steps, low), high)
        if wish.guidance is not None:
            extras["guidance_scale"] = round(wish.guidance)
    elif offer.provider == "wavespeed":
        needed = {"image": data_address(wish.picture, 95), "prompt": wish.sentence}
        extras |= _of_wavespeed(endpoint, model, wish, width, height)
    else:
        needed = {"image_url": data_address(wish.picture, 95), "prompt": wish.sentence}
        extras |= _of_fal(endpoint, model, wish, width * height)
    styles = _styles(offer, endpoint, wish.loras)
    if styles:
        needed["loras"] = styles
    return Payload(endpoint, needed | extras, needed, notes)


def data_address(picture: Frame, quality: int) -> str:
    """A picture as a ``data:`` address holding a JPEG without colour subsampling."""
    bgr = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2BGR)
    settings = [
        cv2.IMWRITE_JPEG_QUALITY, quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]  # fmt: skip
    done, packed = cv2.imencode(".jpg", bgr, settings)
    if not done:
        raise InvalidInstruction("The photo cannot be packed as a JPEG. Use another one.")
    return "data:image/jpeg;base64," + base64.b64encode(packed.tobytes()).decode("ascii")


def _small_picture(picture: Frame, most: int) -> tuple[str, str]:
    """A data address of at most so many characters, and what it cost."""
    height, width = picture.shape[:2]
    across, down = width, height
    while min(across, down) >= 32:
        sized = picture
        if across != width:
            sized = cv2.resize(picture, (across, down), interpolation=cv2.INTER_AREA)
        for quality in _QUALITIES:
            address = data_address(np.asarray(sized, np.uint8), quality)
            if len(address) <= most:
                if across == width:
                    return address, ""
                return address, (
                    f"together takes pictures of about {most // 1000} KB: the photo was sent at "
                    f"{across} x {down} in place of {width} x {height}, so fine detail is "
                    "invented."
                )
        across, down = round(across * _SHRINK), round(down * _SHRINK)
    raise LimitExceeded(
        f"together takes pictures of about {most // 1000} KB, and this one cannot be made that "
        "small. Choose another provider."
    )


def _of_fal(endpoint: str, model: Served, wish: Wish, pixels: int) -> dict[str, Any]:
    words: dict[str, Any] = {}
    guidance = "guidance_scale"
    if "/wan" in endpoint:
        older = model.family == "wan2.1"
        guidance = "guide_scale" if older else guidance
        words["num_frames"] = min(max(wish.frames, 81), 100) if older else wish.frames
        words["frames_per_second"] = round(model.rate)
        small = "580p" if model.family == "wan2.2-5b" else "480p"
        words["resolution"] = small if pixels <= 1.25 * 480 * 832 else "720p"
    elif "ltx" in endpoint:
        words["num_frames"] = wish.frames
    if wish.steps is not None:
        words["num_inference_steps"] = wish.steps
    if wish.guidance is not None:
        words[guidance] = wish.guidance
    return words


def _of_wavespeed(
    endpoint: str, model: Served, wish: Wish, width: int, height: int
) -> dict[str, Any]:
    words: dict[str, Any] = {}
    if "wan" in endpoint:
        words["duration"] = 5 if wish.frames <= 5 * model.rate + 1 else 8
        if not re.search(r"\d{3}p", endpoint):
            long, short = (1280, 720) if width * height > 1.25 * 480 * 832 else (832, 480)
            words["size"] = f"{long}*{short}" if width >= height else f"{short}*{long}"
    if wish.steps is not None:
        words["num_inference_steps"] = wish.steps
    if wish.guidance is not None:
        words["guidance_scale"] = wish.guidance
    return words


def _styled(offer: Offer, loras: tuple[LoraUse, ...]) -> str:
    """The endpoint that takes styles; raises ``InvalidInstruction`` where there is none."""
    most = most_styles(offer.provider)
    if most == 0:
        raise InvalidInstruction(
            f"{offer.provider} takes no LoRAs. Take the style's tag out of the prompt, or choose "
            "fal-ai or wavespeed."
        )
    if len(loras) > most:
        raise InvalidInstruction(
            f"{offer.provider} takes {most} LoRAs at once, and the prompt names {len(loras)}. "
            "Take some tags out."
        )
    for lora in loras:
        if not lora.url.startswith("https://"):
            raise InvalidInstruction(
                f"The style {lora.path.stem} is only on this machine, and {offer.provider} fetches "
                "styles from the internet. Publish it in a public repository on the Hub first, or "
                "draw on this machine."
            )
    if offer.adapter or "lora" in offer.endpoint:
        return offer.endpoint
    if offer.provider == "wavespeed" and _WAVESPEED_PLAIN.fullmatch(offer.endpoint):
        return f"{offer.endpoint}-lora"
    beside = _FAL_STYLED.get(offer.endpoint.lower(), "")
    if offer.provider == "fal-ai" and beside:
        return beside
    raise InvalidInstruction(
        f"{offer.endpoint} at {offer.provider} takes no LoRAs. Take the style's tag out of the "
        "prompt, or choose another model or provider."
    )


def _styles(offer: Offer, endpoint: str, loras: tuple[LoraUse, ...]) -> list[dict[str, Any]]:
    styles: list[dict[str, Any]] = []
    if offer.adapter:
        styles.append({"path": offer.adapter, "scale": 1})
    styles += [{"path": lora.url, "scale": lora.strength} for lora in loras]
    if offer.provider == "fal-ai" and "v2.2-a14b" in endpoint.lower():
        # Wan 2.2 is two models, and fal puts a LoRA into the first one alone unless told.
        styles = [style | {"transformer": "both"} for style in styles]
    return styles
