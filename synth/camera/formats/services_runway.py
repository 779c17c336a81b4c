"""Runway's six camera sliders (Gen-3 Alpha Turbo), each from -10 to 10, all at once.

Horizontal and Vertical move the camera, Pan and Tilt turn it, Roll turns it about its lens, and
Zoom brings it closer or farther (https://help.runwayml.com, "Creating with Camera Control on Gen-3
Alpha Turbo"); a box keeps the camera static. The sliders live on Runway's page, which reads no
file: the JSON written here, ``{"runway_camera": {"static": false, "horizontal": 0.0, ...}}``, is
our own form of the numbers to set by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.reading import head_of, json_number, json_of, looks_like_json
from synth.camera.formats.services_moves import (
    FULL_NOTE,
    NOTHING,
    Stage,
    measured,
    path_of_stages,
    timing_notes,
    told,
)
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia
from synth.explain import short

MOST: Final = 10.0
"""Largest amount of a slider."""

SECONDS: Final = 5
"""Length of Runway's shorter clip, taken on import."""

_SLIDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "horizontal": "truck",
        "vertical": "pedestal",
        "pan": "pan",
        "tilt": "tilt",
        "zoom": "dolly",
        "roll": "roll",
    }
)
"""Our move for each slider."""

_UNSURE: Final = (
    "Documentation is incomplete about Runway's sliders: their range and signs are not stated for "
    "certain. -10 to 10 was taken, positive to the right, up, closer and clockwise; another page "
    "has -100 to 100."
)


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """Runway's sliders for what a path does altogether; see the module."""
    found = measured(path, keys, options)
    totals = found.totals
    notes: list[str] = []
    sliders: dict[str, float] = {}
    for slider, move in _SLIDERS.items():
        share = totals[move] + (totals["zoom"] if slider == "zoom" else 0.0)
        amount = round(MOST * share, 1) + 0.0
        if abs(amount) > MOST:
            notes.append(
                f"{told(move, share).capitalize()} is more than the full amount; {MOST:g} was "
                "written."
            )
            amount = MOST if amount > 0.0 else -MOST
        sliders[slider] = amount
    is_still = not any(sliders.values())
    if abs(totals["zoom"]) >= NOTHING:
        notes.append(
            f"Runway has no lens; {told('zoom', totals['zoom'])} went into its Zoom, which moves "
            "the camera."
        )
    if sum(amount != 0.0 for amount in sliders.values()) > 1:
        notes.append("All sliders run together over the whole clip; an order of moves is not kept.")
    if is_still:
        notes.append("The path ends where it begins: tick Runway's Static Camera.")
    notes += [_UNSURE, FULL_NOTE, *timing_notes(found)]
    text = json.dumps({"runway_camera": {"static": is_still, **sliders}}, indent=2) + "\n"
    return WrittenPath(text.encode("ascii"), FORMAT.suffix, "application/json", tuple(notes))


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """An approximate keyed path from Runway's sliders; see the module."""
    values = json_of(data)
    sliders: Any = values.get("runway_camera") if isinstance(values, dict) else None
    if not isinstance(sliders, dict):
        raise InvalidMedia(
            'The file has no sliders. Write {"runway_camera": {"horizontal": 2.5, ...}} with '
            f"{', '.join(_SLIDERS)}."
        )
    unknown = [name for name in sliders if name not in (*_SLIDERS, "static")]
    if unknown:
        raise InvalidMedia(
            f"runway_camera holds {short(unknown[0])}; Runway has {', '.join(_SLIDERS)} and static."
        )
    is_still = sliders.get("static", False)
    if not isinstance(is_still, bool):
        raise InvalidMedia(f"runway_camera.static is {short(is_still)}; it must be true or false.")
    shares = {}
    for slider, move in _SLIDERS.items():
        amount = json_number(sliders.get(slider, 0), f"runway_camera.{slider}")
        if abs(amount) > MOST:
            raise InvalidMedia(
                f"runway_camera.{slider} is {amount:g}; it must be from {-MOST:g} to {MOST:g}."
            )
        shares[move] = 0.0 if is_still else amount / MOST
    notes = [_UNSURE]
    if is_still and any(sliders.get(slider) for slider in _SLIDERS):
        notes.append("Static Camera is ticked, so the sliders do nothing.")
    frames = max(1, round(SECONDS * (options.fps or 24)))
    units = f"Runway's {MOST:g} was taken as our own move's reach at full intensity."
    return path_of_stages([Stage(frames, shares)], options, FORMAT.id, units, notes)


def recognise(data: bytes, name: str) -> float:
    """How surely these are Runway's sliders in our form."""
    if len(data) > 100_000 or not looks_like_json(data):
        return 0.0
    return 0.95 if '"runway_camera"' in head_of(data) else 0.0


FORMAT: Final = Format(
    id="runway",
    label="Runway sliders",
    suffix=".json",
    about="Six amounts to set by hand on Runway's page; keeps how much, not when.",
    read=read,
    write=write,
    recognise=recognise,
)
"""Runway's sliders."""
