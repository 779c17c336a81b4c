"""What of ours rides inside an OpenTimelineIO file, and how it is told from a stranger's.

Everything that decides how a film looks is kept as JSON texts beside the values that other
programs understand. Texts, since OpenTimelineIO's reader rounds numbers in the last place
(measured with 0.18.1: one in six), cuts strings at a NUL and holds no integer above 2**63.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from synth.errors import InvalidInstruction
from synth.json_text import read_json
from synth.limits import LIMITS
from synth.sequence.project import MOST_VALUES

KEY: Final = "motion_synth"
"""Name of our part of any metadata."""

PROJECT: Final = "project"
"""Of a timeline: the project without what stands on the timeline itself."""

ORDER: Final = "order"
"""Of a timeline: the ids of all shots, in the project's order."""

UNUSED: Final = "unused"
"""Of a timeline: shots that no clip uses."""

SHOT: Final = "shot"
"""Of a clip: its whole shot."""

CAMERA: Final = "camera"
"""Of a clip: the camera of its shot as plain values, for other programs to read."""

ITEM: Final = "item"
"""Of a clip, gap, transition, sound or marker: itself, as the project has it."""

WRITTEN: Final = "written"
"""Beside an item: the times that the file was given for it; others there mean it was changed."""

_NEAR: Final = 1e-6


def pack(value: object) -> str:
    """A value as JSON text that comes back exactly."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def unpack(metadata: object, name: str) -> Any:
    """The value that ``pack`` wrote into our part of some metadata; None where there is none.

    Raises ``InvalidInstruction`` or ``LimitExceeded`` for a text that is damaged.
    """
    text = ours(metadata).get(name)
    if not isinstance(text, str):
        return None
    try:
        return read_json(text, most_bytes=4 * LIMITS.json_bytes, most_items=MOST_VALUES)
    except InvalidInstruction as error:
        raise InvalidInstruction(
            f"What this timeline says of its {name} is damaged: {error} Export it again."
        ) from None


def ours(metadata: object) -> Mapping[str, Any]:
    """Our part of some metadata, empty where there is none."""
    found = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def unchanged(metadata: object, times: list[float]) -> bool:
    """Whether the times beside an item are still those that were written for it."""
    written = ours(metadata).get(WRITTEN)
    return (
        isinstance(written, list)
        and len(written) == len(times)
        and all(
            isinstance(old, int | float) and abs(old - new) <= _NEAR * max(1.0, abs(new))
            for old, new in zip(written, times, strict=True)
        )
    )
