"""Every transition by one call: the frames that two shots share."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from synth.control import CancelToken
from synth.errors import InvalidInstruction
from synth.media.planes import Planes
from synth.sequence.storyboard import Way
from synth.sequence.transitions.catalogue import TRANSITIONS, TransitionKind
from synth.sequence.transitions.depth_wipe import depth_wiped
from synth.sequence.transitions.dip import dipped
from synth.sequence.transitions.match_move import matched
from synth.sequence.transitions.push_through import pushed
from synth.sequence.transitions.side import Side, pairs, progress
from synth.sequence.transitions.whip_pan import whipped
from synth.sequence.transitions.xfade import crossed

__all__ = ["DRAWING", "Side", "draw_transition", "key"]

DRAWING: Final = 4
"""Goes up whenever the same transition comes out differently: kept ones are then made again."""


def draw_transition(
    way: Way, a: Side, b: Side, *, rate: Fraction, cancel: CancelToken
) -> Iterator[Planes]:
    """The frames of a transition, ``way.frames`` of them, in order.

    Args:
        way: how.
        a: what goes; its take has ``way.frames`` frames.
        b: what comes, as many.
        rate: frames per second.
        cancel: looked at before every frame.

    Raises:
        InvalidInstruction: it needs the depth or the camera of a photo where there is none.
        InvalidMedia: a side has fewer frames than its take.
        Cancelled: on request.
    """
    kind = TRANSITIONS[way.type]
    if not way.frames == a.take.frames == b.take.frames:
        raise InvalidInstruction(
            f"The transition from {a.name} to {b.name} has {way.frames} frames, but its shots give "
            f"{a.take.frames} and {b.take.frames}."
        )
    check_photos(kind, a, b)
    if kind.xfade is not None:
        return _crossed(kind.xfade, way, a, b, cancel)
    if way.type == "dip":
        return dipped(way.colour, pairs(a, b, cancel), progress(way))
    if way.type == "whip_pan":
        return whipped(way, a, b, rate, cancel)
    if way.type == "match_move":
        return matched(way, a, b, cancel)
    if way.type == "depth_wipe":
        return depth_wiped(way, a, b, cancel)
    if way.type == "push_through":
        return pushed(way, a, b, cancel)
    raise InvalidInstruction(f"The transition {kind.title!r} cannot be drawn.")


def check_photos(kind: TransitionKind, a: Side, b: Side) -> None:
    """Raise ``InvalidInstruction`` where a transition needs a photo and a side is none."""
    if kind.photos == "none":
        return
    flat = [side for side in (a, b) if side.stage() is None]
    if not flat or (kind.photos == "either" and len(flat) == 1):
        return
    names = " and ".join(f"{side.name} is {_what(side)}" for side in flat)
    wants = "a photo on both sides" if kind.photos == "both" else "a photo on one side at least"
    raise InvalidInstruction(
        f"The transition {kind.title!r} from {a.name} to {b.name} needs {wants}, whose depth and "
        f"camera are known, but {names}. Choose a dissolve or a whip pan there, or use a photo "
        "that geometry draws."
    )


def _what(side: Side) -> str:
    if side.take.shot is None:
        return "a plain colour"
    return "drawn by a model" if side.drawn else "a clip"


def key(way: Way) -> str:
    """Everything of a transition itself that decides how it looks, as text."""
    parts = [str(DRAWING), way.type, str(way.frames), way.easing]
    if way.type == "dip":
        parts.append(way.colour.lower())
    if TRANSITIONS[way.type].family == "camera" and way.reverse:
        parts.append("reverse")
    return ":".join(parts)


def _crossed(name: str, way: Way, a: Side, b: Side, cancel: CancelToken) -> Iterator[Planes]:
    both = pairs(a, b, cancel)
    first = next(both)
    size = first[0].size

    def again() -> Iterator[tuple[Planes, Planes]]:
        yield first
        yield from both

    return crossed(name, again(), progress(way), size)
