"""Who makes the new frames: one place that knows every mode."""

from __future__ import annotations

from synth.control import CancelToken
from synth.errors import InvalidInstruction
from synth.flow.interpolate import GRADES, FlowInterpolator
from synth.flow.model import Interpolator
from synth.media.planes import ColourTags

MODES = (*GRADES, "learned")
"""Names of all modes."""


def make_interpolator(
    mode: str,
    size: tuple[int, int],
    *,
    tags: ColourTags | None = None,
    cancel: CancelToken | None = None,
) -> Interpolator:
    """The interpolator of a mode, for pictures of a size (width, height).

    ``tags`` say what the planes mean; ``cancel`` stops a frame that takes seconds. Raises
    ``InvalidInstruction`` for a mode there is not, and ``Unavailable``, with what to do, where
    the learned network is not here.
    """
    if mode in GRADES:
        return FlowInterpolator(mode, size)  # type: ignore[arg-type]
    if mode == "learned":
        from synth.flow.learned import LearnedInterpolator

        return LearnedInterpolator(size, tags=tags, cancel=cancel)
    raise InvalidInstruction(
        f"There is no mode {str(mode)[:40]!r}. Choose one of: {', '.join(MODES)}."
    )
