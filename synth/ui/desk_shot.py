"""The shot on the desk: read from what the page sends, from pasted text, and from a video."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import astuple
from typing import Any

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded, SynthError
from synth.json_text import read_json
from synth.motion import MotionControl
from synth.shot import Shot, shot_from_video
from synth.ui.photo import Photo


def read_shot(value: object, *, forgiving: bool = False) -> Shot:
    """The shot on the desk, checked as if anybody had sent it.

    With ``forgiving``, a broken one gives the default shot instead of ``InvalidInstruction``.
    """
    try:
        return Shot.from_json(json.dumps(value))
    except (SynthError, TypeError, ValueError, RecursionError) as error:
        if forgiving:
            return Shot()
        if isinstance(error, SynthError):
            raise
        raise InvalidInstruction("The settings are not a shot. Reload the page.") from error


def pasted_shot(text: str, before: Shot) -> tuple[Shot, str]:
    """The shot that pasted JSON asks for, and a sentence about what was taken from it.

    A motion control may stand bare or, as the endpoints take it, under "motion_control"; a whole
    shot may stand bare or, as it rides in a file, under "shot".

    Args:
        text: the JSON.
        before: the shot on the desk, which keeps what the JSON does not speak of.

    Raises ``InvalidInstruction`` or ``LimitExceeded`` for what makes no sense.
    """
    values: Any = read_json(text)
    if isinstance(values, dict) and isinstance(values.get("shot"), dict):
        values = values["shot"]
    if isinstance(values, dict) and ("schema" in values or "motion" in values):
        return Shot.from_dict(values), "Applied the whole shot."
    note = "Applied."
    if isinstance(values, dict) and "motion_control" in values:
        others = [key for key in values if key != "motion_control"]
        if others:
            note = "Applied the motion_control alone; the rest of the call was left out."
        values = values["motion_control"]
    motion = MotionControl.from_dict(values)
    keyed = None if motion.moves else before.trajectory
    return before.model_copy(update={"motion": motion, "trajectory": keyed}), note


def with_what_was_said(said: MotionControl, before: MotionControl) -> MotionControl:
    """The motion that a sentence asks for; what it does not speak of stays as it was.

    A subject that it names again keeps its mark; where there is but one on either side, the mark
    passes on, whatever the name.
    """
    changes: dict[str, Any] = {}
    if not said.moves:
        changes["camera"] = before.camera
    if said.environmental is None:
        changes["environmental"] = before.environmental
    if not said.objects:
        changes["objects"] = before.objects
    else:
        marks = {subject.id: subject.mark for subject in before.objects}
        alone = len(said.objects) == 1 == len(before.objects)
        changes["objects"] = tuple(
            subject.model_copy(
                update={"mark": before.objects[0].mark if alone else marks.get(subject.id)}
            )
            if subject.mark is None
            else subject
            for subject in said.objects
        )
    return said.model_copy(update=changes)


def with_keys(desk: object, keyed: object) -> object:
    """The desk's values with the camera of the keyframe editor, both as the page sends them."""
    keys = keyed.get("keys") if isinstance(keyed, dict) else None
    return {**desk, "trajectory": keys} if isinstance(desk, dict) and keys else desk


def unmarked(shot: Shot) -> Shot:
    """The shot with its subjects no longer marked: each is the likeliest of whatever photo."""
    objects = tuple(subject.model_copy(update={"mark": None}) for subject in shot.motion.objects)
    return shot.model_copy(update={"motion": shot.motion.model_copy(update={"objects": objects})})


def shot_values(shot: Shot) -> dict[str, Any]:
    """A shot as plain values, the way the desk keeps it."""
    return shot.to_dict()


def shot_of_video(path: str) -> Shot:
    """The settings inside a video made here.

    Raises ``InvalidMedia`` when there are none.
    """
    shot = shot_from_video(path)
    if shot is None:
        raise InvalidMedia(
            "This video carries no settings: it was not made here, or another program has "
            "rewritten it. Use the file as it was downloaded."
        )
    return shot


def shot_of_gif(path: str) -> Shot | None:
    """The settings inside a GIF made here; None for any other file, which is then a picture.

    Raises ``InvalidInstruction`` when the GIF holds settings that this version cannot read.
    """
    with open(path, "rb") as file:
        if file.read(4) != b"GIF8":
            return None
    try:
        return shot_from_video(path)
    except (InvalidMedia, LimitExceeded):  # The picture's own reader says what is wrong with it.
        return None


def file_name(title: str, shot: Shot) -> str:
    """A name for the saved file, without its suffix: what is shown and how the camera moves."""
    moves = "-".join(dict.fromkeys(move.type for move in shot.motion.moves[:3])) or "static"
    if shot.trajectory is not None:
        moves = "keyframes"
    bare = re.sub(r"\.\w{1,5}$", "", title.lower())
    stem = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:40] or "clip"
    return f"{stem}-{moves.replace('_', '-')}"


def fingerprint(shot: Shot, photo: Photo | None, strokes: object) -> str:
    """A short mark that changes with whatever a clip is made from: settings, photo, depth.

    Args:
        shot: the settings; equal ones written differently have the same mark.
        photo: the photo and where its depth comes from.
        strokes: the brush strokes as the depth panel keeps them; none at all counts as an empty
            list.
    """
    brushed = strokes.get("strokes") if isinstance(strokes, dict) else None
    made_of = [shot.to_dict(), astuple(photo) if photo else None, brushed or []]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]
