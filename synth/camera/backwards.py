"""A keyed camera path run backwards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np

from synth.camera.aiming import Target
from synth.camera.changes import changed, changed_key
from synth.camera.keys import CameraKey, CameraKeys, Easing, LookAt, TargetKey
from synth.camera.sampling import sample

_CHANNELS: Final = (
    ("position", "curve"),
    ("rotation", "turn_curve"),
    ("focal_length", "lens_curve"),
)
"""What a key holds, and the rule of each."""

_RULES: Final = ("easing", "curve", "turn_curve", "lens_curve", "long_way")
"""What a key says of the piece that follows it."""

_EVEN: Final = frozenset({"hold", "linear", "angles"})
"""Curves that may be cut in two anywhere and stay what they are."""

_STRAIGHT: Final = frozenset({"hold", "linear", "smooth", "angles"})
"""Curves that stand still between two equal keys."""

_CSS_EASE: Final = (0.25, 0.1, 0.25, 1.0)
"""The handles of the easing named ``ease``, the only one whose mirror has no name."""


def reversed_in_time(keys: CameraKeys) -> CameraKeys:
    """The path run backwards: what was on frame f is on frame ``frames - f``.

    A path keyed from the first rendered frame to the last, 0 to ``frames - 1``, stays keyed so, and
    what was on f is on ``frames - 1 - f``; likewise one from 1 to ``frames``. Reversed twice, a
    path is itself again.

    The rules of each piece move to its other end; eases in and out change places, so do handles,
    and bias changes its sign. Where a piece holds it arrives early instead of late, for which it
    gets one more key, on the first whole frame after its start. Where some numbers hold while
    others run along a curve, that piece and the curves that hang on it get a key on every frame. So
    a path that holds is exact on whole frames only, all others at any time.

    A handheld shake is not reversed; keys of a target beyond the clip's end are lost; a loop at
    constant speed whose first key is not on frame 0 keeps its way but starts elsewhere on it.
    """
    plain = keys.model_copy(update={"handheld": None})
    mirror = _Mirror(keys)
    # Where the lens follows the distance, the first key's is the measure of all others.
    lenses = None
    if keys.hold_size:
        lenses = sample(plain, [key.frame for key in keys.keys]).focal_lengths
    ways = _ways(keys, mirror)
    result: list[CameraKey] = []
    for index, key in enumerate(keys.keys):
        before = keys.keys[index - 1]
        pitch, yaw, roll = np.subtract(key.rotation, mirror.lap if index else 0.0).tolist()
        rules = {rule: getattr(before, rule) for rule in _RULES}
        rules["easing"] = easing_reversed(before.easing)
        back = changed_key(
            key,
            frame=mirror.time(key.frame),
            rotation=(pitch, yaw, roll),
            focal_length=key.focal_length if lenses is None else float(lenses[index]),
            tangent_in=key.tangent_out,
            tangent_out=key.tangent_in,
            bias=-key.bias + 0.0,
            **rules,
        )
        result += _piece_reversed(plain, before, key, back, ways[index], mirror)
    result = _without_repeats(sorted(result, key=lambda key: key.frame), keys)
    return changed(keys, keys=result, look_at=_target_reversed(keys.look_at, mirror, keys.loop))


class _Mirror:
    """Which frame each frame of a path becomes."""

    def __init__(self, keys: CameraKeys) -> None:
        first, last, frames = keys.keys[0].frame, keys.keys[-1].frame, keys.frames
        self._period = frames if keys.loop else None
        self._count = len(keys.keys)
        self.end: float = frames
        """The frame that frame 0 becomes."""
        if self._count > 1 and not keys.loop and (first, last) in ((0, frames - 1), (1, frames)):
            self.end = first + last
        self.seam = keys.loop and self._count > 1 and last < first + frames
        """Whether a piece leads from the last key to the first."""
        self.lap = np.zeros(3)
        """Whole turns, degrees, by which a loop's angles are on when it comes round: where the
        first key stays the first, the others now come after that lap instead of before it."""
        if self.seam and first == 0.0:
            whole = np.subtract(keys.keys[-1].rotation, keys.keys[0].rotation) / 360.0
            self.lap = 360.0 * np.round(whole)

    def time(self, frame: float) -> float:
        """The new time of a key. A loop's times go round; a key alone may stay where it is."""
        if self._count == 1:
            return frame
        return self.folded(self.end - frame) if self.seam else self.end - frame

    def folded(self, frame: float) -> float:
        """A frame of a loop, back among its frames."""
        return frame if self._period is None else frame % self._period

    def joined(self, index: int) -> bool:
        """Whether a piece leads to this key."""
        return self._count > 1 and (index > 0 or self.seam)

    def span(self, before: float, after: float) -> float:
        """Frames from one key to the next."""
        return self.folded(after - before) if self.seam else after - before


def easing_reversed(easing: Easing) -> Easing:
    """The easing that spends its time the other way round: ``1 - f(1 - t)``."""
    if isinstance(easing, str):
        if easing.startswith("ease_in") and not easing.startswith("ease_in_out"):
            return "ease_out" + easing.removeprefix("ease_in")
        if easing.startswith("ease_out"):
            return "ease_in" + easing.removeprefix("ease_out")
        if easing != "ease":
            return easing
        easing = _CSS_EASE
    # Rounding lets the handles come back to the same decimals when they are mirrored again.
    x1, y1, x2, y2 = (round(1.0 - number, 12) + 0.0 for number in easing)
    back = (x2, y2, x1, y1)
    return "ease" if back == _CSS_EASE else back


_Way = Literal["plain", "held", "split", "baked"]
"""What the piece that led to a key needs when it is reversed: nothing, a key where its hold begins,
the same while other numbers run evenly, or a key on every frame."""


def _ways(keys: CameraKeys, mirror: _Mirror) -> list[_Way]:
    """What the piece that leads to each key needs."""
    rows = keys.keys
    ways: list[_Way] = []
    for index, key in enumerate(rows):
        before = rows[index - 1]
        joined = mirror.joined(index)
        kinds = _kinds(before, keys)
        held, running = _held_and_running(before, key, keys)
        if not (joined and held and mirror.span(before.frame, key.frame) > 1.0):
            ways.append("plain")
        elif not running:
            ways.append("held")
        elif index and before.easing == "linear" and not before.long_way and set(kinds) <= _EVEN:
            ways.append("split")
        else:
            ways.append("baked")
    # A curve takes its tangents from the pieces beside it, which more keys would change.
    waiting = [index for index, way in enumerate(ways) if way != "plain"]
    while waiting:
        index = waiting.pop()
        for other in (index - 1, (index + 1) % len(rows)):
            if ways[other] != "baked" and mirror.joined(other) and _hangs(keys, other, index):
                ways[other] = "baked"
                waiting.append(other)
    return ways


def _hangs(keys: CameraKeys, piece: int, beside: int) -> bool:
    """Whether a curve of a piece depends on the one beside it; each named by the key it leads to.

    A hold cuts the curves on both its sides.
    """
    before, key = keys.keys[piece - 1], keys.keys[piece]
    kinds = zip(_kinds(before, keys), _kinds(keys.keys[beside - 1], keys), _CHANNELS, strict=True)
    return any(
        kind not in _EVEN
        and other != "hold"
        and (kind != "smooth" or getattr(before, channel) != getattr(key, channel))
        for kind, other, (channel, _) in kinds
    )


def _kinds(before: CameraKey, keys: CameraKeys) -> list[str]:
    """The curves of the piece that a key leads into, in the order of ``_CHANNELS``."""
    return [getattr(before, rule) or getattr(keys, rule) for _, rule in _CHANNELS]


def _held_and_running(
    before: CameraKey, key: CameraKey, keys: CameraKeys
) -> tuple[list[str], list[str]]:
    """The rules of what jumps at the end of a piece, and of what moves along it."""
    held, running = [], []
    for kind, (channel, rule) in zip(_kinds(before, keys), _CHANNELS, strict=True):
        differs = getattr(before, channel) != getattr(key, channel)
        if kind == "hold" and differs:
            held.append(rule)
        elif kind != "hold" and (differs or kind not in _STRAIGHT):
            running.append(rule)
    return held, running


def _piece_reversed(
    plain: CameraKeys,
    before: CameraKey,
    key: CameraKey,
    back: CameraKey,
    way: _Way,
    mirror: _Mirror,
) -> list[CameraKey]:
    """The key ``back`` that begins a reversed piece, and the keys that the piece needs besides.

    Args:
        plain: the whole path, without shake.
        before: the key that the piece led from.
        key: the key that the piece led to.
        back: that key on its new frame, with the piece's rules.
        way: what the piece needs.
        mirror: times of the new path.
    """
    first = math.floor(back.frame) + 1
    end = back.frame + mirror.span(before.frame, key.frame)
    if way == "plain" or (first >= end and way != "baked"):
        return [back]
    frames = range(first, math.ceil(end) if way == "baked" else first + 1)
    rules: dict[str, Any] = {rule: getattr(back, rule) for rule in _RULES}
    held, _ = _held_and_running(before, key, plain)
    if way == "baked":
        kinds = zip(_kinds(before, plain), _CHANNELS, strict=True)
        rules = {rule: "hold" if kind == "hold" else "linear" for kind, (_, rule) in kinds}
        rules |= {"easing": "linear", "long_way": False}
    if first >= end:
        return [back.model_copy(update=rules)]
    cameras = sample(plain, [mirror.end - frame for frame in frames])
    turns = cameras.angles
    if way != "baked" and _kinds(before, plain)[1] != "linear":
        # As the keys write them, and not as they follow one another along the path.
        share = 1.0 if "turn_curve" in held else (first - back.frame) / (end - back.frame)
        turns = np.array([key.rotation]) * (1.0 - share) + np.array(before.rotation) * share
    added = [
        changed_key(
            back,
            frame=float(mirror.folded(frame)),
            position=tuple(place.tolist()),
            rotation=tuple((angles - mirror.lap).tolist()),
            focal_length=float(lens),
            tangent_in=None,
            tangent_out=None,
            tension=0.0,
            continuity=0.0,
            bias=0.0,
            **rules,
        )
        for frame, place, angles, lens in zip(
            frames, cameras.positions, turns, cameras.focal_lengths, strict=True
        )
    ]
    return [back.model_copy(update=rules), *added]


def _without_repeats(result: Sequence[CameraKey], keys: CameraKeys) -> list[CameraKey]:
    """The keys without those that only lengthened a hold by a frame, as a first reversal adds."""
    kept = list(result[:1])
    for key, after in pairwise([*result[1:], None]):
        assert key is not None
        if after is None or not _repeats(kept[-1], key, after, keys):
            kept.append(key)
    return kept


def _repeats(before: CameraKey, key: CameraKey, after: CameraKey, keys: CameraKeys) -> bool:
    """Whether the path is the same on whole frames without ``key``."""
    rules_of = (*_RULES, *(channel for channel, _ in _CHANNELS))
    if after.frame - key.frame > 1.0 or any(
        getattr(before, name) != getattr(key, name) for name in rules_of
    ):
        return False
    shape = (key.tangent_in, key.tangent_out, key.tension, key.continuity, key.bias)
    held = [
        (getattr(key, rule) or getattr(keys, rule)) == "hold"
        for channel, rule in _CHANNELS
        if getattr(key, channel) != getattr(after, channel)
    ]
    return shape == (None, None, 0.0, 0.0, 0.0) and bool(held) and all(held)


def _target_reversed(look_at: LookAt | None, mirror: _Mirror, loop: bool) -> LookAt | None:
    """What is looked at, run backwards with the path."""
    if look_at is None or not look_at.keys:
        return look_at
    ordered = sorted(look_at.keys, key=lambda key: key.frame, reverse=True)
    if loop:
        # A target comes round once in a loop, from its own first key on.
        start = mirror.folded(mirror.end - ordered[0].frame)
        return LookAt(
            target=look_at.target,
            keys=tuple(
                TargetKey(frame=start + ordered[0].frame - key.frame, position=key.position)
                for key in ordered
            ),
        )
    kept = [
        TargetKey(frame=mirror.end - key.frame, position=key.position)
        for key in ordered
        if key.frame <= mirror.end
    ]
    if len(kept) < len(ordered) and (not kept or kept[0].frame > 0.0):
        x, y, z = map(float, Target(look_at).at(np.array([mirror.end]))[0])
        kept.insert(0, TargetKey(frame=0.0, position=(x, y, z)))
    return LookAt(target=look_at.target, keys=tuple(kept))
