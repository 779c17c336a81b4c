"""The grading desk of the Grade & Quality tab: what it offers, and what it sends, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, get_args

import annotated_types
import gradio as gr

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.grade.looks import looks
from synth.grade.settings import HUES, Adjustments, Grade
from synth.media import VIDEO_FORMATS, VideoFormat
from synth.ui.assets import script
from synth.ui.field_bounds import bounds
from synth.ui.keys_shown import plotly_file
from synth.ui.photo import uploaded_file

_GRADE_KEYS: Final = ("adjustments", "look", "lut_strength", "lut_place")
_FORMATS: Final = {"mp4": "MP4 (H.264)", "webm": "WebM", "prores": "ProRes 422 HQ"}
"""What a graded clip is saved as here; the endpoint takes every format."""
_GROUPED: Final = {
    "slope": "Slope", "offset": "Offset", "power": "Power",
    "lift": "Lift", "gamma": "Gamma", "gain": "Gain", "hues": "Hues",
}  # fmt: skip
_REPAIRS: Final = (
    ("deflicker", "Deflicker", "Brightness that pulses from frame to frame", "Strength", 1.0),
    ("stabilise", "Stabilise", "A camera that shakes", "Smoothness", 0.7),
    ("denoise", "Denoise", "Grain and noise of dark footage", "Strength", 0.5),
    ("match", "Match colour", "Colours like those of a reference", "Strength", 1.0),
)
_LABELS: Final = {
    "brightness": "Brightness", "contrast": "Contrast", "saturation": "Saturation",
    "temperature": "Temperature", "tint": "Tint", "exposure": "Exposure", "shadows": "Shadows",
    "highlights": "Highlights", "vibrance": "Vibrance", "curve": "The curve",
    "red_curve": "The red curve", "green_curve": "The green curve", "blue_curve": "The blue curve",
    "sharpen": "Sharpen", "grain": "Grain", "lut_strength": "The strength of the look", **_GROUPED,
}  # fmt: skip


def first_grade() -> dict[str, Any]:
    """What stands on the desk when the page opens: nothing is changed."""
    plain = Grade().to_dict()
    return {**{key: plain[key] for key in _GRADE_KEYS}, "lut": None, "format": "mp4"}


def desk_spec() -> dict[str, Any]:
    """Everything the desk's script needs to know; nothing in it comes from a user."""
    fields: dict[str, Any] = {}
    for name in Adjustments.model_fields:
        found = bounds(Adjustments, name)
        rest = found.pop("default")
        if name in _GROUPED:
            found["min"], found["max"] = _ends(name)
            rest = rest[0]
        fields[name] = {**found, "rest": list(rest) if isinstance(rest, tuple) else rest}
    for name in ("lut_strength", "lut_place"):
        fields[name] = bounds(Grade, name)
    return {
        "fields": fields,
        "rest": first_grade(),
        "looks": [{"name": one.name, "title": one.title, "words": one.words} for one in looks()],
        "formats": [{"id": one, "label": label} for one, label in _FORMATS.items()],
        "repairs": [
            {"id": id, "label": label, "help": help, "strength": strength, "rest": rest}
            for id, label, help, strength, rest in _REPAIRS
        ],
    }  # fmt: skip


def _ends(name: str) -> tuple[float, float]:
    """Least and most of each number of a control that has several, as the model checks them."""
    each = get_args(Adjustments.model_fields[name].annotation)[0]
    rules = [rule for part in get_args(each)[1:] for rule in getattr(part, "metadata", ())]
    least = next(rule.ge for rule in rules if isinstance(rule, annotated_types.Ge))
    most = next(rule.le for rule in rules if isinstance(rule, annotated_types.Le))
    return float(least), float(most)  # type: ignore[arg-type]


def desk_component(functions: Sequence[Callable[..., Any]]) -> gr.HTML:
    """The desk. Its value is the grade; ``functions`` answer what it asks while a hand moves."""
    return gr.HTML(
        value=first_grade(),
        html_template='<section class="ms-panel ms-gradedesk"></section>',
        js_on_load=script("interp_bus", "grade_bus", "grade_parts", "grade_desk"),
        apply_default_css=False,
        elem_id="gq-desk",
        server_functions=list(functions),
        spec=desk_spec(),
    )


def panel(name: str, elem_id: str, *, plots: bool = False) -> gr.HTML:
    """One of the tab's other panels: its class and its script are ``name``; it shows ``shown``."""
    head: str | None = None
    if plots:
        plotly = plotly_file()
        gr.set_static_paths([plotly])
        head = f'<script src="/gradio_api/file={plotly}"></script>'
    classes = {"grade_report": "gradereport", "grade_compare": "comparing"}
    kind = classes.get(name, name.removeprefix("grade_"))
    return gr.HTML(
        value={},
        html_template=f'<section class="ms-panel ms-{kind}"></section>',
        js_on_load=script("interp_bus", "grade_bus", name),
        head=head,
        apply_default_css=False,
        elem_id=elem_id,
        shown={},
    )


def read_grade(value: object) -> tuple[Grade, str | None]:
    """The grade on the desk, and the file of the visitor's own LUT where there is one.

    Raises ``InvalidInstruction`` for what makes no sense, ``InvalidMedia`` for a lost file.
    """
    if not isinstance(value, Mapping):
        raise InvalidInstruction("The grade cannot be read. Reload the page.")
    given = {key: value[key] for key in (*_GRADE_KEYS, "keys") if key in value}
    lut = value.get("lut")
    return Grade.from_values(given), uploaded_file(lut) if lut else None


def read_format(value: object) -> VideoFormat:
    """The kind of file that the desk asks for; raises ``InvalidInstruction`` for others."""
    wanted = value.get("format") if isinstance(value, Mapping) else None
    for one in VIDEO_FORMATS:
        if one == wanted:
            return one
    raise InvalidInstruction(f"There is no file of that kind. Choose {', '.join(_FORMATS)}.")


def problems(value: object) -> dict[str, str]:
    """What is wrong with each control of the desk, by its name; empty where all is well."""
    if not isinstance(value, Mapping):
        return {"all": "The grade cannot be read. Reload the page."}
    try:
        read_grade(value)
    except (InvalidInstruction, LimitExceeded, InvalidMedia) as error:
        whole = str(error)
    else:
        return {}
    found: dict[str, str] = {}
    asked = value.get("adjustments")
    for name, one in asked.items() if isinstance(asked, Mapping) else ():
        try:
            Adjustments.from_values({str(name): one})
        except (InvalidInstruction, LimitExceeded) as error:
            key = _place(str(name), one)
            found[key if name in _LABELS else "all"] = _spoken(str(name), str(error))
    for name in ("lut_strength", "lut_place", "look"):
        if name in value:
            try:
                Grade.from_values({name: value[name]})
            except (InvalidInstruction, LimitExceeded) as error:
                found[name if name in _LABELS else "all"] = _spoken(name, str(error))
    return found or {"all": whole}


def _place(name: str, value: object) -> str:
    """The control that shows what is wrong: of three sliders, the first that is."""
    if name not in ("slope", "offset", "power", "hues") or not isinstance(value, list):
        return name
    rest = list(getattr(Adjustments(), name))
    for index, one in enumerate(value[: len(rest)]):
        try:
            Adjustments.from_values({name: [*rest[:index], one, *rest[index + 1 :]]})
        except InvalidInstruction:
            return f"{name}-{index}"
    return f"{name}-0"


def _spoken(name: str, text: str) -> str:
    """The core's sentence in the words that stand on the desk."""
    label = _LABELS.get(name, name)
    for index, colour in enumerate(HUES if name == "hues" else ("red", "green", "blue")):
        text = text.replace(f"{name}[{index}] is ", f"{label} ({colour}) is ")
    text = text.removeprefix(f"{name}: ")
    return text.replace(f"{name} is ", f"{label} is ", 1) if text.startswith(name) else text
