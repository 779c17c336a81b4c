"""Building a camera path key by key in Python: ``CameraTrajectory``.

Its plain use keeps every name and number of the well-known example: keys on frame numbers, linear
interpolation of place, angles and lens, one dict a frame. Everything else that a keyed path can do
is a keyword away.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any, Final, Self

import numpy as np
from pydantic import ValidationError

from synth.camera.keys import CURVES, MAX_FRAMES, CameraKey, CameraKeys
from synth.camera.pose import CameraPath
from synth.camera.sampling import keyed_path
from synth.errors import InvalidInstruction, LimitExceeded
from synth.explain import explain_errors, short

_ENTRIES: Final = ("position", "rotation", "focal_length")
_OWN: Final = frozenset({"frames", "fps", "keys"})


class CameraTrajectory:
    """A camera path under construction.

    ``duration`` (seconds), ``fps``, ``num_frames`` and ``keyframes`` are plain attributes;
    ``keyframes`` maps a frame number to ``{"position", "rotation", "focal_length"}``.
    """

    def __init__(self, duration_seconds: float = 5, fps: float | Fraction | str = 24) -> None:
        """An empty trajectory.

        Args:
            duration_seconds: length of the clip; it has ``round(duration * fps)`` frames.
            fps: frames per second; 29.97 and its kin mean the exact NTSC rates, 30000/1001.

        Raises:
            InvalidInstruction: a duration or rate that makes no sense. It is a ``ValueError``.
            LimitExceeded: more frames than a path may have.
        """
        seconds = _number(duration_seconds, "The duration")
        if not seconds > 0:
            raise InvalidInstruction(
                f"The duration is {short(duration_seconds)} seconds; it must be above 0."
            )
        if not isinstance(fps, str):
            _number(fps, "The frame rate")
        rate = CameraKeys.from_dict({"frames": 1, "fps": _plain(fps)}).fps
        frames = max(1, round(Fraction(seconds) * rate))
        if frames > MAX_FRAMES:
            raise LimitExceeded(
                f"{float(seconds):g} seconds at {float(rate):g} frames per second are {frames:,} "
                f"frames; the limit is {MAX_FRAMES:,}. Make it shorter, or lower the rate."
            )
        self.duration = duration_seconds
        self.fps = fps
        self.num_frames = frames
        self.keyframes: dict[float, dict[str, Any]] = {}
        self._rate = rate
        self._leaving: dict[float, CameraKey] = {}
        self._rules: dict[str, Any] = {}

    @classmethod
    def from_keys(cls, keys: CameraKeys) -> Self:
        """A trajectory with the keys and rules of a keyed path; ``to_keys`` gives it back."""
        made = cls(1, keys.fps)
        seconds = Fraction(keys.frames) / keys.fps
        made.duration = int(seconds) if seconds.denominator == 1 else float(seconds)
        made.fps = int(keys.fps) if keys.fps.denominator == 1 else keys.fps
        made.num_frames = keys.frames
        made._rules = {name: getattr(keys, name) for name in keys.model_fields_set - _OWN}
        for key in keys.keys:
            made._set(key)
        return made

    def add_keyframe(
        self,
        frame_number: float,
        position: Sequence[float],
        rotation: Sequence[float],
        focal_length: float = 50,
        **leaving: Any,
    ) -> None:
        """Add a key, or replace the one on that frame.

        Args:
            frame_number: 0 to ``num_frames``, both allowed; parts of frames too.
            position: (x, y, z), scene units.
            rotation: (pitch, yaw, roll), degrees.
            focal_length: millimetres on a 36 mm sensor across the longer side.
            leaving: how the camera leaves the key, any field of ``CameraKey``, such as
                ``easing="ease_in_out"``, ``curve="bezier"`` or ``tangent_out=(1, 0, 0)``.

        Raises:
            InvalidInstruction: a frame outside the clip, or numbers that make no camera. It is a
                ``ValueError``.
        """
        frame = _number(frame_number, "The frame number")
        if frame < 0 or frame > self.num_frames:
            raise InvalidInstruction(
                f"Frame {short(frame_number)} out of range [0, {self.num_frames}]. Choose a frame "
                "within the clip, or make the clip longer."
            )
        values = {**leaving, "position": position, "rotation": rotation}
        values["focal_length"] = float(_number(focal_length, "The focal length"))
        self._set(_key(float(frame), {name: _listed(value) for name, value in values.items()}))

    def _set(self, key: CameraKey) -> None:
        frame = int(key.frame) if key.frame.is_integer() else key.frame
        self.keyframes[frame] = {name: getattr(key, name) for name in _ENTRIES}
        self._leaving[frame] = key

    def interpolate_trajectory(
        self, interpolation: str | None = None, **rules: Any
    ) -> list[dict[str, Any]]:
        """The camera of every frame, ``num_frames`` dicts like those of ``keyframes``.

        Args:
            interpolation: a name of ``CURVES`` for places, turns and lens together. None is
                "linear" (plain numbers, angles too), or what the keys of ``from_keys`` said. A key
                that names a curve of its own keeps it.
            rules: other fields of ``CameraKeys``, such as ``constant_speed=True``, ``loop=True``,
                ``look_at={"target": (0, 0, 0)}`` or ``turn_curve="linear"``.

        Raises:
            InvalidInstruction: there is no key, or the rules lead to an impossible camera.
        """
        return [
            {name: getattr(pose, name) for name in _ENTRIES}
            for pose in self.path(interpolation, **rules)
        ]

    def path(self, interpolation: str | None = None, **rules: Any) -> CameraPath:
        """The camera of every frame; arguments and errors as ``interpolate_trajectory``."""
        return keyed_path(self.to_keys(interpolation, **rules))

    def to_keys(self, interpolation: str | None = None, **rules: Any) -> CameraKeys:
        """The trajectory as a keyed path; arguments and errors as ``interpolate_trajectory``."""
        if not self.keyframes:
            raise InvalidInstruction(
                "The trajectory has no keyframes. Add at least one with add_keyframe()."
            )
        curves: dict[str, Any] = {}
        if interpolation is not None:
            curve = _curve(interpolation)
            turn = "angles" if curve == "linear" else curve
            curves = {"curve": curve, "turn_curve": turn, "lens_curve": curve}
        keys = tuple(self._keyed(frame, entry) for frame, entry in self.keyframes.items())
        values = {**self._rules, **curves, **{name: _listed(rule) for name, rule in rules.items()}}
        return CameraKeys.from_dict(
            {**values, "frames": self.num_frames, "fps": self._rate, "keys": keys}
        )

    def _keyed(self, frame: float, entry: dict[str, Any]) -> CameraKey:
        """A key from an entry that anybody may have changed since it was added."""
        if not isinstance(entry, Mapping):
            raise InvalidInstruction(
                f"The keyframe on frame {short(frame)} is {short(entry)}; it must be a dict with "
                f"{', '.join(_ENTRIES)}."
            )
        values = {str(name): _listed(value) for name, value in entry.items()}
        known = self._leaving.get(frame)
        if known is not None:
            values = known.model_dump(exclude={"frame", *_ENTRIES}) | values
        return _key(float(_number(frame, "The number of a frame")), values)


def _key(frame: float, values: dict[str, Any]) -> CameraKey:
    try:
        return CameraKey.model_validate({**values, "frame": frame})
    except ValidationError as error:
        raise InvalidInstruction(
            f"The keyframe on frame {frame:g} makes no camera: {explain_errors(error, CameraKey)}"
        ) from None


def _number(value: object, name: str) -> float | Fraction:
    """A finite number of any numeric type, exact where it is."""
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number = Fraction(value) if isinstance(value, Rational) else float(value)
            if math.isfinite(number):
                return number
        except OverflowError:
            pass
    raise InvalidInstruction(f"{name} is {short(value)}; it must be a finite number.")


def _plain(value: object) -> object:
    """NumPy's numbers as Python's own, which the models of settings want."""
    if isinstance(value, Real) and not isinstance(value, bool | int | Fraction):
        return int(value) if isinstance(value, Integral) else float(value)
    return value


def _listed(value: object) -> object:
    """Arrays and sequences of numbers as tuples of plain numbers; anything else as it is."""
    if isinstance(value, np.ndarray) or (isinstance(value, Sequence) and not _is_text(value)):
        return tuple(_plain(part) for part in value)
    return _plain(value)


def _is_text(value: object) -> bool:
    return isinstance(value, str | bytes)


def _curve(name: str) -> str:
    """The curve of a name in any usual spelling: "catmull-rom", "Catmull Rom"."""
    plain = re.sub(r"[\s\-]+", "_", str(name)[:64].strip()).lower()
    if plain not in CURVES:
        raise InvalidInstruction(
            f"There is no interpolation called {short(name)}. Choose one of: {', '.join(CURVES)}."
        )
    return plain
