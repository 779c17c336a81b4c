"""Kling's ``camera_control``: one move with an amount, or one of four ready-made moves.

``{"camera_control": {"type": "simple", "config": {"horizontal", "vertical", "pan", "tilt", "roll",
"zoom"}}}``, each from -10 to 10 and only one of them not 0; or a type without a config:
``down_back``, ``forward_up``, ``right_turn_forward``, ``left_turn_forward``.

Kling's ``pan`` is what others call tilt (turning about the horizontal axis, positive up) and its
``tilt`` what others call pan (positive right); a negative ``zoom`` narrows the view. That is the
text of its own interface and of ComfyUI's node
(https://docs.comfy.org/built-in-nodes/KlingCameraControls); other write-ups contradict it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.reading import (
    head_of,
    holds_words,
    json_number,
    json_of,
    looks_like_json,
)
from synth.camera.formats.services_moves import (
    FULL_NOTE,
    Stage,
    measured,
    path_of_stages,
    timing_notes,
    told,
)
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidInstruction, InvalidMedia
from synth.explain import short

MOST: Final = 10.0
"""Largest amount of a field."""

SECONDS: Final = 5
"""Length of Kling's shorter clip, taken on import."""

_FIELDS: Final[Mapping[str, tuple[str, float]]] = MappingProxyType(
    {
        "truck": ("horizontal", 1.0),
        "pedestal": ("vertical", 1.0),
        "tilt": ("pan", 1.0),
        "pan": ("tilt", 1.0),
        "roll": ("roll", 1.0),
        "zoom": ("zoom", -1.0),
    }
)
"""Kling's field for each of our moves, and the sign of its amount."""

_ORDER: Final = ("horizontal", "vertical", "pan", "tilt", "roll", "zoom")

_READY_MADE: Final[Mapping[str, tuple[str, float, float]]] = MappingProxyType(
    {
        "down_back": ("pedestal", -1.0, -1.0),
        "forward_up": ("tilt", 1.0, 1.0),
        "right_turn_forward": ("pan", 1.0, 1.0),
        "left_turn_forward": ("pan", -1.0, 1.0),
    }
)
"""The ready-made moves: the move beside the dolly, its sign, and the dolly's sign."""

_FITS: Final = 0.4
"""A ready-made move fits where the lesser of its two moves has this share of the greater."""

_HALF: Final = 0.5
"""Share of the full amounts that a ready-made move is taken for on import."""

_UNSURE_TURNS: Final = (
    "Documentation disagrees about Kling's turns: its own text says that pan turns up and down and "
    "tilt left and right, others the reverse. Try one clip first."
)
_UNSURE_ZOOM: Final = (
    "Documentation disagrees about Kling's zoom: its own text says that negative narrows the view, "
    "others that positive zooms in. Try one clip first."
)


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """Kling's ``camera_control`` for the greatest move of a path; see the module."""
    found = measured(path, keys, options)
    totals, order = found.totals, found.by_size
    if not order:
        raise InvalidInstruction(
            "This path ends where it begins and Kling's camera_control cannot say that: one of its "
            'amounts must not be 0. Leave camera_control out and write "static camera" or the move '
            "in the prompt."
        )
    notes: list[str] = []
    ready = _ready_made(order, totals)
    if ready is not None:
        control: dict[str, Any] = {"type": ready}
        beside = _READY_MADE[ready][0]
        kept = {beside, "dolly"}
        notes.append(
            f"{ready} stands for {told('dolly', totals['dolly'])} and "
            f"{told(beside, totals[beside])}; Kling gives it no amounts."
        )
    else:
        move = order[0]
        kept = {move}
        name, sign = _FIELDS["zoom" if move == "dolly" else move]
        amount = round(sign * MOST * totals[move], 1)
        if abs(amount) > MOST:
            notes.append(
                f"{told(move, totals[move]).capitalize()} is more than Kling's full amount; "
                f"{MOST:g} was written."
            )
            amount = MOST if amount > 0.0 else -MOST
        control = {"type": "simple", "config": dict.fromkeys(_ORDER, 0) | {name: amount}}
        if move == "dolly":
            notes.append(
                "Kling has no field for moving in or out; zoom stands in for the dolly. It changes "
                "the size of things but not how they shift against each other."
            )
        if name in ("pan", "tilt"):
            notes.append(_UNSURE_TURNS)
        if name == "zoom":
            notes.append(_UNSURE_ZOOM)
    dropped = [told(move, totals[move]) for move in order if move not in kept]
    if dropped:
        notes.append(f"Kling takes one move at a time; dropped: {', '.join(dropped)}.")
    notes += [FULL_NOTE, *timing_notes(found)]
    text = json.dumps({"camera_control": control}, indent=2) + "\n"
    return WrittenPath(text.encode("ascii"), FORMAT.suffix, "application/json", tuple(notes))


def _ready_made(order: list[str], totals: Mapping[str, float]) -> str | None:
    """The ready-made move that is the path's two greatest moves, if there is one."""
    if len(order) < 2 or "dolly" not in order[:2]:
        return None
    if abs(totals[order[1]]) < _FITS * abs(totals[order[0]]):
        return None
    beside = next(move for move in order[:2] if move != "dolly")
    for name, (move, sign, way) in _READY_MADE.items():
        if move == beside and totals[beside] * sign > 0.0 and totals["dolly"] * way > 0.0:
            return name
    return None


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """An approximate keyed path from Kling's ``camera_control``; see the module."""
    control = json_of(data)
    if isinstance(control, dict) and "camera_control" in control:
        control = control["camera_control"]
    kind = control.get("type") if isinstance(control, dict) else None
    if not isinstance(kind, str) or kind not in ("simple", *_READY_MADE):
        raise InvalidMedia(
            f"The type of Kling's camera_control is {short(kind)}; it must be one of simple, "
            f"{', '.join(_READY_MADE)}."
        )
    frames = max(1, round(SECONDS * (options.fps or 24)))
    notes = []
    if kind != "simple":
        beside, sign, way = _READY_MADE[kind]
        shares = {beside: sign * _HALF, "dolly": way * _HALF}
        notes.append(f"{kind} has no amounts; half of the full ones were taken.")
    else:
        shares = _shares(control.get("config"))
        if sum(share != 0.0 for share in shares.values()) != 1:
            notes.append("Kling itself takes exactly one amount that is not 0.")
        fields = {_FIELDS[move][0] for move, share in shares.items() if share}
        if fields & {"pan", "tilt"}:
            notes.append(_UNSURE_TURNS)
        if "zoom" in fields:
            notes.append(_UNSURE_ZOOM)
    units = f"Kling's {MOST:g} was taken as our own move's reach at full intensity."
    return path_of_stages([Stage(frames, shares)], options, FORMAT.id, units, notes)


def _shares(config: Any) -> dict[str, float]:
    """Shares of the full amounts from a ``config``."""
    if not isinstance(config, dict):
        raise InvalidMedia(f"The config is {short(config)}; it must hold {', '.join(_ORDER)}.")
    unknown = [name for name in config if name not in _ORDER]
    if unknown:
        raise InvalidMedia(
            f"The config holds {short(unknown[0])}; Kling knows {', '.join(_ORDER)}."
        )
    shares = {}
    for move, (name, sign) in _FIELDS.items():
        amount = json_number(config.get(name, 0), f"config.{name}")
        if abs(amount) > MOST:
            raise InvalidMedia(
                f"config.{name} is {amount:g}; it must be from {-MOST:g} to {MOST:g}."
            )
        shares[move] = sign * amount / MOST
    return shares


def recognise(data: bytes, name: str) -> float:
    """How surely this is Kling's ``camera_control``."""
    if len(data) > 100_000 or not looks_like_json(data):
        return 0.0
    if '"camera_control"' in head_of(data):
        return 0.95
    return 0.9 if holds_words(data, '"config"', '"horizontal"', '"type"') else 0.0


FORMAT: Final = Format(
    id="kling",
    label="Kling camera_control",
    suffix=".json",
    about="One move with an amount, for Kling's interface; keeps only the greatest move.",
    read=read,
    write=write,
    recognise=recognise,
)
"""Kling's camera_control."""
