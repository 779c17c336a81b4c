"""Keyed camera paths with some of their fields replaced, checked as if they came from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from synth.camera.keys import CameraKey, CameraKeys, LookAt, TargetKey
from synth.camera.pose import Vector3
from synth.errors import InvalidInstruction
from synth.explain import explain_errors


def changed(keys: CameraKeys, /, **changes: Any) -> CameraKeys:
    """The path with some fields replaced and checked again."""
    try:
        return CameraKeys(**{**vars(keys), **changes})
    except ValidationError as error:
        raise InvalidInstruction(explain_errors(error, CameraKeys)) from None


def changed_key(key: CameraKey, /, **changes: Any) -> CameraKey:
    """The key with some fields replaced and checked again; the error names its frame."""
    try:
        return CameraKey(**{**vars(key), **changes})
    except ValidationError as error:
        raise InvalidInstruction(
            f"The key on frame {key.frame:g} would leave the room there is: "
            f"{explain_errors(error, CameraKey)}"
        ) from None


def look_at_moved(
    look_at: LookAt | None,
    place: Callable[[Vector3], Vector3],
    time: Callable[[float], float] = float,
) -> LookAt | None:
    """What is looked at, with its places and its times changed."""
    if look_at is None:
        return None
    try:
        return LookAt(
            target=place(look_at.target),
            keys=tuple(
                TargetKey(frame=time(key.frame), position=place(key.position))
                for key in look_at.keys
            ),
        )
    except ValidationError as error:
        raise InvalidInstruction(
            f"The point that is looked at would leave the room there is: "
            f"{explain_errors(error, LookAt)}"
        ) from None
