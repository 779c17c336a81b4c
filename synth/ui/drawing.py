"""Drawing a shot for the result panel: quickly, for good, or again until it passes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.quality.model import PASS
from synth.shot import Shot, VideoResult, preview_shot, render_shot
from synth.ui.drawn import ATTEMPTS, Caller
from synth.ui.monitor import finished, finished_file, shown_attempts
from synth.ui.visitors import visitors_artist

if TYPE_CHECKING:
    from synth.shot.attempts import Attempts

Drawn = tuple[VideoResult | Path, dict[str, Any]]
"""A clip, or another file, and what else the result panel shows of how it came about."""


def sketched(caller: Caller, shot: Shot, *places: Any, **more: Any) -> Drawn:
    """A quick preview; whoever draws the shot, geometry makes it. Args as for ``preview_shot``."""
    return preview_shot(shot, *places, styles=caller.resolver, **more), {}


def drawn(caller: Caller, shot: Shot, *places: Any, **more: Any) -> Drawn:
    """The finished clip, by the shot's backend. Args as for ``render_shot``."""
    return rendered(caller, shot, *places, **more), {}


def rendered(caller: Caller, shot: Shot, *places: Any, **more: Any) -> VideoResult:
    """The finished clip, as ``drawn`` makes it.

    Raises as ``render_shot``, and ``InvalidInstruction`` for a model that is not for visitors.
    """
    with visitors_artist(shot.backend, caller.token) as backend:
        return render_shot(shot, *places, backend=backend, styles=caller.resolver, **more)


def until_it_passes(caller: Caller, shot: Shot, *places: Any, **more: Any) -> Drawn:
    """The finished clip, tried again until it passes. Args as for ``generate_until_pass``."""
    made = tried(caller, shot, *places, attempts=ATTEMPTS, threshold=PASS, **more)
    return made.best.result, shown_attempts(made)


def tried(caller: Caller, shot: Shot, *places: Any, **more: Any) -> Attempts:
    """All attempts at the finished clip, as ``until_it_passes`` makes them."""
    from synth.shot.attempts import generate_until_pass

    with visitors_artist(shot.backend, caller.token) as backend:
        return generate_until_pass(shot, *places, backend=backend, styles=caller.resolver, **more)


def guided(
    caller: Caller, shot: Shot, photo: str, target: Path, *, depth: Any, scenes: Any, **more: Any
) -> Drawn:
    """The guide bundle of a guided shot. Args as for ``write_guide``."""
    from synth.ui.guide_file import write_guide

    about = write_guide(shot, photo, depth, target, scenes=scenes, **more)
    parts = len(about["parts"])
    more_words = f" It is painted in {parts} parts." if parts > 1 else ""
    return target, {
        "about": f"{about['frames']} frames of {about['width']} × {about['height']} for ComfyUI "
        "and other programs: the guide video, its masks, depth, motion, cameras and sentence."
        f"{more_words} Its README says how to use it."
    }


def shown_clip(result: VideoResult | Path, *, seconds: float, final: bool) -> dict[str, Any]:
    """The panel's value for what was made in ``seconds``; ``final`` as for ``finished``."""
    if isinstance(result, Path):
        return finished_file(result)
    return finished(result, seconds=seconds, final=final)
