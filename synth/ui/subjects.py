"""Subjects on the screen: what the desk may offer for them, and the mask found for a mark."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from synth.control import CancelToken
from synth.errors import InvalidInstruction
from synth.explain import explain_errors
from synth.motion import SubjectAction
from synth.motion.actions import ACTION_KINDS, ActionKind
from synth.motion.instructions import Heading, SubjectMark
from synth.motion.model import MAX_OBJECTS
from synth.scene.depth_map import DepthMap
from synth.scene.metric import metric_disparity
from synth.scene.subject import Mark, SubjectMask, decode_mask, find_subject
from synth.ui.field_bounds import bounds

LOOK_SIDE: Final = 960
"""Longest side of the photo on which the desk's masks are found, pixels; renders use their own."""

_PICTURE_SIDE: Final = 640
"""Longest side of a mask as the page shows it, pixels."""

_MASK_SIDE: Final = 320
"""Longest side of a mask that is painted in the page, pixels."""

_SETS_OFF: Final = ("walk", "run")
"""Actions that one expects to lead somewhere as soon as they are chosen."""

_HEADINGS: Final[Mapping[Heading, str]] = {
    "right_to_left": "To the left",
    "left_to_right": "To the right",
    "toward_camera": "Closer",
    "away_from_camera": "Away",
    "in_place": "In place",
}


def subject_spec() -> dict[str, Any]:
    """What the desk needs to know about subjects; nothing in it comes from a user."""
    return {
        "actions": [
            {
                "id": kind.action,
                "label": kind.action.capitalize(),
                "about": kind.summary,
                "travels": kind.action in _SETS_OFF,
                # A fall goes nowhere, but it goes over to one side.
                "directed": kind.covers_ground or kind.action == "fall",
                "ground": _ground_words(kind),
            }
            for kind in ACTION_KINDS.values()
        ],
        "headings": {heading: words for heading, words in _HEADINGS.items()},
        "speed": bounds(SubjectAction, "speed"),
        "paces": ["barely", "slowly", "steadily", "quickly", "as fast as it can"],
        "most": MAX_OBJECTS,
        "most_points": bounds(SubjectMark, "points")["longest"],
        "name_length": bounds(SubjectAction, "id")["longest"],
        "mask_side": _MASK_SIDE,
        "mask_letters": bounds(SubjectMark, "mask")["longest"],
    }


def _ground_words(kind: ActionKind) -> str:
    if kind.speeds is None:
        return f"{kind.rhythm[0]:.2g} to {kind.rhythm[1]:.2g} times a second."
    return f"{kind.speeds[0]:g} to {kind.speeds[1]:g} of its own height a second."


def read_mark(value: object) -> SubjectMark | None:
    """A mark from plain values, checked; None for nothing, which is the likeliest subject.

    Raises ``InvalidInstruction`` with one sentence for each thing that is wrong.
    """
    if value is None or value == {}:
        return None
    if not isinstance(value, Mapping):
        raise InvalidInstruction(
            f"A mark is an object with a box, points, away or a mask, not {type(value).__name__}."
        )
    try:
        return SubjectMark.model_validate(dict(value))
    except ValidationError as error:
        raise InvalidInstruction(explain_errors(error, SubjectMark)) from None


@dataclass(frozen=True)
class FoundSubject:
    """A subject as it was found on a photo."""

    mask: SubjectMask
    """At the size of the photo that was looked at."""

    @property
    def about(self) -> dict[str, Any]:
        """Box in shares of the photo and part of it covered, as plain values."""
        height, width = self.mask.alpha.shape
        left, top, right, bottom = self.mask.box
        box = (left / width, top / height, right / width, bottom / height)
        return {"box": [round(side, 4) for side in box], "share": round(self.mask.share, 5)}


def find(
    pixels: NDArray[np.uint8],
    depth: DepthMap,
    mark: SubjectMark | None,
    *,
    cancel: CancelToken | None = None,
) -> FoundSubject:
    """Find the marked subject on a photo.

    Args:
        pixels: the photo, (H, W, 3) sRGB.
        depth: of the whole photo, any resolution.
        mark: where it is; None looks for the likeliest subject.
        cancel: stops the work.

    Raises what ``find_subject`` raises.
    """
    height, width = pixels.shape[:2]
    nearness = cv2.resize(metric_disparity(depth), (width, height), interpolation=cv2.INTER_LINEAR)
    wanted = None
    if mark is not None:
        painted = decode_mask(mark.mask) if mark.mask is not None else None
        wanted = Mark(mark.box, mark.points, mark.away, painted)
    found = find_subject(pixels, np.asarray(nearness, np.float32), wanted, cancel=cancel)
    return FoundSubject(found)


def mask_url(alpha: NDArray[np.float32]) -> str:
    """A mask as a ``data:`` address of a white picture that is as opaque as the subject.

    Args:
        alpha: shape (H, W), 0 to 1.
    """
    height, width = alpha.shape
    scale = min(1.0, _PICTURE_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    picture = np.full((size[1], size[0], 4), 255, np.uint8)
    picture[..., 3] = np.rint(np.clip(small, 0.0, 1.0) * 255.0)
    done, data = cv2.imencode(".png", picture)
    if not done:
        raise RuntimeError("The mask for the page could not be written.")
    return "data:image/png;base64," + base64.b64encode(data.tobytes()).decode("ascii")
