"""Findings in a person's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from synth.quality.model import Defect, Span


def when(spans: Sequence[Span], length: float) -> str:
    """Where something is: "between 3.1 s and 4.0 s", "at 2.0 s and 3 more times", "throughout"."""
    if not spans:
        return "throughout"
    first = spans[0]
    covered = sum(span.end - span.start for span in spans)
    if covered >= 0.85 * length:
        return "throughout"
    if len(spans) == 1:
        if first.end - first.start < 0.15:
            return f"at {first.start:.1f} s"
        return f"between {first.start:.1f} s and {min(first.end, length):.1f} s"
    if len(spans) <= 3:
        places = [_place(span) for span in spans]
        return f"at {', '.join(places[:-1])} and {places[-1]}"
    return f"at {len(spans)} places between {first.start:.1f} s and {spans[-1].end:.1f} s"


def _place(span: Span) -> str:
    if span.end - span.start < 0.15:
        return f"{span.start:.1f} s"
    return f"{span.start:.1f}–{span.end:.1f} s"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %" if value >= 0.095 else f"{100 * value:.1f} %"


def _counted(number: float, one: str, many: str) -> str:
    return f"1 {one}" if round(number) == 1 else f"{number:.0f} {many}"


COUNTED: Final = frozenset({"duplicates", "drops", "ghosts", "tearing"})
"""Defects whose sentence names a number of frames instead of the statistic."""

_WORDS: Final[Mapping[Defect, Callable[[float, str], str]]] = MappingProxyType(
    {
        "blur": lambda x, at: f"The picture is soft {at}: fine detail is missing",
        "noise": lambda x, at: f"Noise of {x:.1f} codes {at}",
        "blocking": lambda x, at: f"Coding blocks show {at}: {x:.1f} times the usual steps",
        "banding": lambda x, at: f"{_percent(x)} of the picture breaks into bands {at}",
        "clipping": lambda x, at: f"{_percent(x)} of the picture is clipped {at}",
        "flicker": lambda x, at: f"Flicker of {x:.1f} % {at}",
        "local_flicker": lambda x, at: f"Parts of the picture flicker by {x:.1f} % {at}",
        "colour_drift": lambda x, at: f"Colours drift by {x:.1f} codes within a shot {at}",
        "jitter": lambda x, at: f"The camera trembles by {x:.1f} pixels (at 720 lines) {at}",
        "judder": lambda x, at: f"Motion is uneven by {_percent(x)} of a step {at}",
        "duplicates": lambda n, at: (
            f"{_counted(n, 'frame repeats the one before', 'frames repeat the one before')} {at}"
        ),
        "drops": lambda n, at: f"{_counted(n, 'frame is missing', 'frames are missing')} {at}",
        "ghosts": lambda n, at: (
            f"{_counted(n, 'frame blends its neighbours', 'frames blend their neighbours')} {at}"
        ),
        "trails": lambda x, at: f"Motion leaves trails of {_percent(x)} {at}",
        "tearing": lambda n, at: f"{_counted(n, 'frame is torn', 'frames are torn')} {at}",
        "frozen": lambda x, at: f"The picture freezes for {x:.1f} s {at}",
        "black": lambda x, at: f"The picture is black {at}",
        "letterbox": lambda x, at: f"The black borders change {at}",
        "camera": lambda x, at: f"The camera is not the one asked for {at}",
    }
)


_NOUNS: Final[Mapping[Defect, str]] = MappingProxyType(
    {
        "blur": "softness",
        "noise": "noise",
        "blocking": "coding blocks",
        "banding": "bands",
        "clipping": "clipped light",
        "flicker": "flicker",
        "local_flicker": "flicker in parts of the picture",
        "colour_drift": "drifting colours",
        "jitter": "trembling",
        "judder": "uneven motion",
        "duplicates": "repeated frames",
        "drops": "missing frames",
        "ghosts": "blended frames",
        "trails": "trails",
        "tearing": "torn frames",
        "frozen": "stops",
        "black": "black frames",
        "letterbox": "changing borders",
        "camera": "another camera",
    }
)

_SLIGHT: Final = 0.15
"""Share that a defect takes off its metric from which there is more than a trace of it."""


def traces(defects: Sequence[Defect], lost: float) -> str:
    """One sentence on defects, worst first, that take the share ``lost`` off their metric and are
    no findings all the same: "Traces of noise, below what is seen."."""
    named = " and ".join(_NOUNS[defect] for defect in defects)
    if lost < _SLIGHT:
        return f"Traces of {named}, below what is seen."
    return f"Some {named}, short of a fault."


def sentence(defect: Defect, measured: float, spans: Sequence[Span], length: float) -> str:
    """One sentence with the figure and the time; ``length`` is the clip's, seconds.

    ``measured`` is the statistic, or the number of frames for what is ``COUNTED``.
    """
    return f"{_WORDS[defect](measured, when(spans, length))}."
