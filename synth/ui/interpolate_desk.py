"""The desk of the Interpolate tab: what it offers, and what it sends, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import gradio as gr
import numpy as np

from synth.errors import InvalidInstruction, LimitExceeded, SynthError
from synth.flow.frames import MOST_BETWEEN
from synth.flow.settings import RetimeSettings
from synth.media import VIDEO_FORMATS
from synth.motion import EASINGS
from synth.ui.assets import script
from synth.ui.field_bounds import bounds

FIRST_ASK: Final[Mapping[str, Any]] = {
    "kind": "video",
    "retime": RetimeSettings(target_fps="60").to_dict(),
    "pair": {"between": 8, "mode": "quality", "fps": "24"},
}
"""What stands on the desk when the page opens."""

_EASES: Final = ("linear", "ease_in_out", "ease_in", "ease_out", "smoothstep", "ease_in_out_cubic")
_FIRST_EASE: Final = "ease_in_out"
_CURVE_SAMPLES: Final = 33
_RATES: Final = ("23.976", "24", "25", "29.97", "30", "48", "50", "59.94", "60", "120")
_SPEEDS: Final = (1 / 16, 1 / 8, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 1.5, 2, 3, 4, 8, 16)
_SLIDER_BETWEEN: Final = 60
"""More new pictures than this cannot be set by hand; the endpoint takes them."""
_PAIR_KEYS: Final = ("between", "mode", "fps")

_LABELS: Final = {
    "target_fps": "Frames a second",
    "speed": "The speed",
    "speed_curve": "The ramp",
    "mode": "New frames",
    "duplicates": "Repeated frames",
    "shutter_angle": "The shutter",
    "sound": "Sound",
    "start": "The beginning",
    "seconds": "The length",
    "format": "File",
    "crf": "Quality",
}
_PRESETS: Final = (
    ("smooth", "Smooth", "to 60 fps", "The same length, with new frames up to 60 fps"),
    ("half", "Half speed", "2× slower", "Slow motion, twice as long"),
    ("quarter", "Quarter speed", "4× slower", "Slow motion, four times as long"),
    ("ramp", "Speed ramp", "slow in the middle", "Full speed, down to a quarter, and back"),
    ("twos", "Animation", "on twos → smooth", "Frames that are held twice give way to real motion"),
    ("fast", "Fast", "4×, with blur", "Four times as fast, with the blur of a real shutter"),
)


def first_ask() -> dict[str, Any]:
    """A copy of what stands on the desk when the page opens."""
    return {name: dict(one) if isinstance(one, dict) else one for name, one in FIRST_ASK.items()}


def desk_spec() -> dict[str, Any]:
    """Everything the desk's script needs to know; nothing in it comes from a user."""
    names = ("speed", "speed_curve", "target_fps", "mode", "duplicates", "shutter_angle", "sound")
    share = np.linspace(0.0, 1.0, _CURVE_SAMPLES)
    words = {"mp4": "MP4 (H.264)", "webm": "WebM", "gif": "GIF", "prores": "ProRes 422 HQ"}
    return {
        "fields": {name: bounds(RetimeSettings, name) for name in (*names, "format")},
        "presets": [
            {"id": id, "label": label, "short": short, "help": help}
            for id, label, short, help in _PRESETS
        ],
        "speeds": list(_SPEEDS),
        "rates": list(_RATES),
        "ease": _FIRST_EASE,
        "eases": {name: [round(float(y), 4) for y in EASINGS[name](share)] for name in EASINGS},
        "ease_choices": _choices(
            {name: name.replace("_", " ").capitalize() for name in _EASES}, {}
        ),
        "modes": _choices(
            {"fast": "Fast", "quality": "Quality", "learned": "Learned"},
            {
                "fast": "Quicker to make",
                "quality": "Finer motion and sharper frames; the usual choice",
                "learned": "A neural network, downloaded once; much slower",
            },
        ),
        "sounds": _choices(
            {"keep_pitch": "Keep the pitch", "varispeed": "Like tape", "drop": "No sound"},
            {"varispeed": "Slower is deeper, faster is higher"},
        ),
        "duplicates": _choices(
            {"keep": "Keep them", "replace": "Replace by motion"},
            {"replace": "Telecine, animation on twos and screen recordings run smoothly"},
        ),
        "formats": _choices({one: words.get(one, "PNG sequence") for one in VIDEO_FORMATS}, {}),
        "between": {
            "min": 1,
            "slider": min(_SLIDER_BETWEEN, MOST_BETWEEN),
            "help": "How many new pictures stand between the two",
        },
    }


def desk_component() -> gr.HTML:
    """The desk. Its value is what is asked for; ``reply`` says what is wrong with it."""
    return gr.HTML(
        value=first_ask(),
        html_template='<section class="ms-panel ms-retime"></section>',
        js_on_load=script("interp_bus", "interp_curve", "interp_desk"),
        apply_default_css=False,
        elem_id="ip-desk",
        spec=desk_spec(),
        reply={},
    )


def read_retime(value: object) -> RetimeSettings:
    """What the desk asks of a video.

    Raises ``InvalidInstruction`` or ``LimitExceeded`` for what makes no sense.
    """
    asked = value.get("retime") if isinstance(value, Mapping) else None
    if not isinstance(asked, Mapping):
        raise InvalidInstruction("The settings cannot be read. Reload the page.")
    return RetimeSettings.from_values(asked)


def read_pair(value: object) -> dict[str, Any]:
    """What the desk asks of two pictures: between, mode and fps, for the core to check."""
    asked = value.get("pair") if isinstance(value, Mapping) else None
    if not isinstance(asked, Mapping) or any(key not in asked for key in _PAIR_KEYS):
        raise InvalidInstruction("The settings cannot be read. Reload the page.")
    return {key: asked[key] for key in _PAIR_KEYS}


def problems(value: object) -> dict[str, str]:
    """What is wrong with each setting of the desk, by its name; empty where all is well."""
    asked = value.get("retime") if isinstance(value, Mapping) else None
    if not isinstance(asked, Mapping):
        return {"all": "The settings cannot be read. Reload the page."}
    found: dict[str, str] = {}
    strange = [name for name in asked if name not in RetimeSettings.model_fields]
    if strange:  # Nobody's desk sends these: one is enough to say.
        asked = {strange[0]: asked[strange[0]]}
    for name, one in asked.items():
        try:
            RetimeSettings.from_values({name: one})
        except (InvalidInstruction, LimitExceeded) as error:
            key = str(name)
            found[key if key in _LABELS else "all"] = _spoken(key, error)
    return found


def _spoken(name: str, error: SynthError) -> str:
    """The core's sentence in the words that stand on the desk."""
    text = str(error).removeprefix(f"{name}: ")
    label = _LABELS.get(name, name)
    for start in (f"{name} is ", f"{name}["):
        if text.startswith(start):
            rest = text.removeprefix(start)
            return f"{label} is {rest}" if start.endswith("is ") else f"{label}: point {rest}"
    return text


def _choices(labels: Mapping[str, str], helps: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"id": name, "label": label, "help": helps.get(name, "")} for name, label in labels.items()
    ]
