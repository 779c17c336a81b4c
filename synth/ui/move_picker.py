"""The desk: what it may offer, read from the models that check it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import gradio as gr
import numpy as np

from synth.limits import LIMITS
from synth.media import VIDEO_FORMATS
from synth.motion import EASINGS, CameraMove
from synth.motion.catalogue import MOVE_KINDS
from synth.motion.model import MAX_MOVES
from synth.render.settings import LensSettings
from synth.shot import ASPECTS, FRAME_RATES, DepthSettings, OutputSettings, Shot
from synth.ui.assets import script
from synth.ui.drawn import Preflights, drawn_spec
from synth.ui.field_bounds import bounds
from synth.ui.subjects import subject_spec
from synth.ui.weather import weather_spec

DIRECTION_WORDS: Final = {
    "forward": "In",
    "backward": "Out",
    "left": "Left",
    "right": "Right",
    "up": "Up",
    "down": "Down",
    "clockwise": "Clockwise",
    "counterclockwise": "Counter-clockwise",
}
_ASPECT_WORDS: Final = {
    "photo": "As the photo",
    "16:9": "16:9 wide",
    "9:16": "9:16 upright",
    "1:1": "1:1 square",
    "4:5": "4:5 feed",
    "4:3": "4:3",
    "3:2": "3:2",
    "2.39:1": "2.39:1 scope",
}
FORMAT_WORDS: Final = {
    "mp4": "MP4 (H.264)",
    "webm": "WebM",
    "gif": "GIF",
    "prores": "ProRes 422 HQ",
    "png": "PNG sequence",
}
_EDGE_WORDS: Final = {"fit": "Stay inside the photo", "extend": "Extend the photo"}
_LONG_SIDES: Final = (640, 960, 1280, 1920, 2560, 3840)
_FOCUS_FARTHEST: Final = 40.0
_CURVE_SAMPLES: Final = 25


def desk_spec() -> dict[str, Any]:
    """Everything the desk's script needs to know; nothing in it comes from a user."""
    return {
        "moves": [
            {
                "type": kind.type,
                "label": kind.type.replace("_", " ").capitalize(),
                "summary": kind.summary,
                "directions": list(kind.directions),
                "amplitude": kind.amplitude,
                "unit": kind.unit,
                "easing": kind.easing,
            }
            for kind in MOVE_KINDS.values()
        ],
        "directions": DIRECTION_WORDS,
        "fields": {
            "intensity": {**bounds(CameraMove, "intensity"), "step": 0.01},
            # A slider over the whole minute could not be set by hand; JSON and sentences can.
            "duration": {**bounds(CameraMove, "duration"), "min": 0.5, "max": 20.0, "step": 0.1},
            "easing": bounds(CameraMove, "easing"),
            "loop": bounds(CameraMove, "loop"),
        },
        "easings": {
            name: [round(float(y), 4) for y in curve(np.linspace(0.0, 1.0, _CURVE_SAMPLES))]
            for name, curve in EASINGS.items()
        },
        "easing_choices": [
            {"id": "", "label": "Usual for this move"},
            *({"id": name, "label": _easing_words(name)} for name in EASINGS),
        ],
        "output": _output_fields(),
        "lens": _lens_fields(),
        "subjects": subject_spec(),
        "weather": weather_spec(),
        "most_moves": MAX_MOVES,
        "sentence_length": LIMITS.prompt_characters,
    }


def _easing_words(name: str) -> str:
    for start, words in (
        ("ease_in_out_", "Ease in and out, "),
        ("ease_in_", "Ease in, "),
        ("ease_out_", "Ease out, "),
    ):
        if name.startswith(start) and name != "ease_in_out":
            return words + name.removeprefix(start)
    return name.replace("_", " ").capitalize()


def _output_fields() -> list[dict[str, Any]]:
    def words(choices: Sequence[str], labels: Mapping[str, str]) -> list[dict[str, str]]:
        return [{"id": choice, "label": labels.get(choice, choice)} for choice in choices]

    def field(section: str | None, model: type[Any], key: str, label: str) -> dict[str, Any]:
        about = model.model_fields[key]
        return {
            "section": section,
            "key": key,
            "label": label,
            "help": about.description or "",
            "default": str(about.default),
        }

    most = bounds(OutputSettings, "long_side").get("max", LIMITS.output_side)
    return [
        {
            **field("output", OutputSettings, "long_side", "Long side"),
            "number": True,
            "choices": [
                {"id": str(side), "label": f"{side} px"} for side in _LONG_SIDES if side <= most
            ],
        },
        {
            **field("output", OutputSettings, "aspect", "Shape"),
            "choices": words(ASPECTS, _ASPECT_WORDS),
        },
        {
            **field("output", OutputSettings, "fps", "Frame rate"),
            "choices": [{"id": rate, "label": f"{rate} fps"} for rate in FRAME_RATES],
        },
        {
            **field("output", OutputSettings, "format", "Format"),
            "choices": words(VIDEO_FORMATS, FORMAT_WORDS),
        },
        {
            **field(None, Shot, "edge", "Beyond the edge"),
            "choices": words(tuple(_EDGE_WORDS), _EDGE_WORDS),
        },
    ]


def _lens_fields() -> list[dict[str, Any]]:
    def field(section: str, model: type[Any], key: str, label: str, **more: Any) -> dict[str, Any]:
        about = {"min": 0.0, "max": 1.0, "step": 0.01, "suffix": "", **bounds(model, key)}
        return {
            **about,
            "section": section,
            "key": key,
            "label": label,
            "empty": about["default"],
            **more,
        }

    return [
        field("lens", LensSettings, "shutter_angle", "Motion blur", step=15, suffix="° shutter"),
        field("lens", LensSettings, "aperture", "Depth of field"),
        field(
            "lens",
            LensSettings,
            "focus_distance",
            "Focus distance",
            min=0.0,
            max=_FOCUS_FARTHEST,
            step=0.5,
            nullable=True,
            empty=0.0,
            empty_label="on the subject",
            suffix=" units",
        ),
        field("lens", LensSettings, "vignette", "Vignette"),
        field("lens", LensSettings, "grain", "Grain"),
        field("depth", DepthSettings, "strength", "Depth strength", suffix="×", step=0.05),
    ]


def desk_component(shot: Mapping[str, Any], drawing: Preflights) -> gr.HTML:
    """The desk. Its value is the whole shot; ``reply`` answers a sentence or JSON, ``found`` a
    mark, ``looked`` a choice of weather. ``drawing`` says what whoever draws would keep.
    """
    return gr.HTML(
        value=dict(shot),
        html_template='<section class="ms-panel ms-desk"></section>',
        js_on_load=script("icons", "figures", "drawn", "desk", "subjects", "weather", "desk_page"),
        apply_default_css=False,
        elem_id="desk",
        server_functions=[drawing.function()],
        spec={**desk_spec(), "drawn": drawn_spec()},
        reply=None,
        found=None,
        looked=None,
    )
