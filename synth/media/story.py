"""What a file says about how it was made here: a JSON text among its container's metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from synth.errors import SynthError
from synth.json_text import read_json

METADATA_KEY: Final = "motion_synth"
"""Name of the project's JSON inside every file the product writes."""

_LONGEST: Final = 60_000
"""Characters of JSON taken over from a source file."""


def story_texts(made: Mapping[str, Any], story: str | None = None) -> dict[str, str]:
    """The texts to write into a file that was made from another one.

    Args:
        made: how it was made, as plain values.
        story: the project JSON inside the source, if it has one; a shot in it comes along.
    """
    values = {**_shot_of(story), **made}
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return {"comment": "Made with Motion Synth", METADATA_KEY: text}


def _shot_of(story: str | None) -> dict[str, Any]:
    """The shot that a source file made here carries; nothing for a stranger's words."""
    if not story or len(story) > _LONGEST:
        return {}
    try:
        values = read_json(story)
    except SynthError:
        return {}
    shot = values.get("shot") if isinstance(values, dict) else None
    return {"shot": shot} if isinstance(shot, dict) else {}
