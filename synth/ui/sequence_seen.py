"""What is seen beside the cards: moving thumbnails of transitions, waveforms, beats."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.errors import InvalidInstruction
from synth.sequence.project import MediaRef, SoundTrack
from synth.sequence.transitions.catalogue import TRANSITIONS

if TYPE_CHECKING:
    from synth.ui.sequence_desks import Desk

_COLUMNS: Final = 1200
_SHA: Final = re.compile(r"[0-9a-f]{64}")
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_PLAIN: Final = ((52, 58, 70), (168, 132, 84))
"""What stands for a picture that is not here: two colours, so that the change is seen."""


def thumbnail_of(desk: Desk, asked: Mapping[str, Any]) -> str:
    """A small moving picture of a transition between two media, as a ``data:`` address."""
    from synth.sequence.transitions.thumbnails import thumbnail

    kind = asked.get("type")
    if not isinstance(kind, str) or kind not in TRANSITIONS:
        raise InvalidInstruction("There is no such transition. Reload the page.")
    colour = asked.get("colour")
    if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
        colour = "#000000"
    data = thumbnail(
        kind, _picture(desk, asked.get("a"), 0), _picture(desk, asked.get("b"), 1),
        colour=colour, reverse=asked.get("reverse") is True,
    )  # fmt: skip
    kind_ = "gif" if data[:3] == b"GIF" else "webp"
    return f"data:image/{kind_};base64," + base64.b64encode(data).decode("ascii")


def waveform_of(desk: Desk, ref: MediaRef) -> dict[str, Any]:
    """How loud a sound is along its length: {"seconds", "peaks": 0 to 1 for each part of it}."""
    known = desk.waves.get(ref.sha256)
    if known is None:
        from synth.sequence.waveform import waveform

        known = _peaks(waveform(desk.shelf.path(ref), _COLUMNS))
        desk.waves[ref.sha256] = known
    return known


def beats_of(desk: Desk, track: SoundTrack, film_seconds: float) -> dict[str, Any]:
    """The beats of a track: {"beats": seconds of the film, "words"}."""
    from synth.sequence.beats import beats_in_film, find_beats

    found = find_beats(desk.shelf.path(track.media))
    length = float(waveform_of(desk, track.media)["seconds"])
    beats = beats_in_film(found.times, track, length, film_seconds)
    if found.tempo is None or not beats:
        return {"beats": [], "words": "No steady beat was found in it."}
    words = f"{len(beats)} beats, {found.tempo:.0f} a minute. Cuts and titles snap to them."
    return {"beats": list(beats), "words": words}


def _peaks(wave: Any) -> dict[str, Any]:
    return {"seconds": wave.seconds, "peaks": list(wave.peaks)}


def _picture(desk: Desk, sha: object, side: int) -> NDArray[np.uint8]:
    """A small RGB picture of a file, uint8 (H, W, 3); a plain colour where it is not here."""
    look = desk.known(sha) if isinstance(sha, str) and _SHA.fullmatch(sha) else None
    if look is None or not look.picture:
        return np.full((180, 320, 3), _PLAIN[side], np.uint8)
    data = base64.b64decode(look.picture.split(",", 1)[1])
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        return np.full((180, 320, 3), _PLAIN[side], np.uint8)
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)
