"""The ways from one shot to the next: names, words for people, and what each needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Family = Literal["blend", "dip", "wipe", "slide", "shape", "stylised", "camera"]
"""How the screen groups them."""


@dataclass(frozen=True)
class TransitionKind:
    """One way from shot to shot."""

    name: str
    """As projects name it."""
    title: str
    """As people read it."""
    family: Family
    xfade: str | None = None
    """Name in FFmpeg's ``xfade`` filter; None for those we draw."""
    photos: Literal["none", "either", "both"] = "none"
    """Which sides must be shots of a photo, drawn by geometry: they need depth or a camera."""
    help: str = ""
    """One sentence: what is seen."""


def _x(
    name: str, title: str, family: Family, help: str, xfade: str | None = None
) -> TransitionKind:
    return TransitionKind(name, title, family, xfade=xfade or name, help=help)


_WAYS: Final = ("left", "right", "up", "down")
_CORNERS: Final = (("tl", "top left"), ("tr", "top right"), ("bl", "bottom left"),
                   ("br", "bottom right"))  # fmt: skip
_ACROSS: Final = {"tl": "bottom right", "tr": "bottom left", "bl": "top right", "br": "top left"}
_FLOWS: Final = (("hl", "left"), ("hr", "right"), ("vu", "up"), ("vd", "down"))

_KINDS: Final = (
    _x("dissolve", "Dissolve", "blend", "One picture melts into the next.", "fade"),
    _x("fadefast", "Dissolve, differences first", "blend",
       "One picture melts into the next, soonest where the two differ most."),
    _x("fadeslow", "Dissolve, differences last", "blend",
       "One picture melts into the next, latest where the two differ most."),
    _x("fadegrays", "Through grey", "blend", "Colours fade away, and the next picture's return."),
    _x("hblur", "Blur through", "blend",
       "The picture blurs sideways into streaks, and the next one clears from them."),
    _x("distance", "By likeness of colour", "blend",
       "The next picture comes first where its colours are like the old ones."),
    _x("scatter", "Scatter", "stylised", "Dot by dot, anywhere.", "dissolve"),
    TransitionKind("dip", "Dip to colour", "dip",
                   help="The picture sinks into a colour and the next rises from it."),
    *(_x(f"wipe{way}", f"Wipe {way}", "wipe", f"A straight edge moves {way} and uncovers the next.")
      for way in _WAYS),
    *(_x(f"wipe{corner}", f"Wipe to {words}", "wipe", f"The old picture shrinks into the {words}.")
      for corner, words in _CORNERS),
    *(_x(f"smooth{way}", f"Soft wipe {way}", "wipe", f"A soft edge moves {way}.") for way in _WAYS),
    _x("radial", "Clock wipe", "wipe", "A hand goes round clockwise and uncovers the next."),
    *(_x(f"diag{corner}", f"Diagonal from {_ACROSS[corner]}", "wipe",
         f"A soft edge moves from the {_ACROSS[corner]} to the {words}.")
      for corner, words in _CORNERS),
    *(_x(f"slide{way}", f"Push {way}", "slide", f"The next picture pushes the old one {way}.")
      for way in _WAYS),
    *(_x(f"cover{way}", f"Cover {way}", "slide", f"The next picture slides {way} over the old one.")
      for way in _WAYS),
    *(_x(f"reveal{way}", f"Reveal {way}", "slide", f"The old picture slides {way} off the next.")
      for way in _WAYS),
    _x("circleopen", "Iris open", "shape", "The next picture opens in a soft circle."),
    _x("circleclose", "Iris close", "shape", "The old picture closes in a soft circle."),
    _x("circlecrop", "Iris through black", "shape",
       "A circle closes to black and opens on the next picture."),
    _x("rectcrop", "Box through black", "shape",
       "A box closes to black and opens on the next picture."),
    _x("vertopen", "Doors open", "shape", "The next picture opens from the middle to both sides."),
    _x("vertclose", "Doors close", "shape", "The next picture closes in from both sides."),
    _x("horzopen", "Eyelids open", "shape",
       "The next picture opens from the middle to top and bottom."),
    _x("horzclose", "Eyelids close", "shape", "The next picture closes in from top and bottom."),
    _x("zoomin", "Zoom in", "stylised",
       "The old picture is enlarged to a blur of colour; the next one fades in."),
    _x("pixelize", "Pixelate", "stylised", "Both pictures become blocks while they change."),
    _x("squeezeh", "Squeeze flat", "stylised", "The old picture is squeezed to a level line."),
    _x("squeezev", "Squeeze thin", "stylised", "The old picture is squeezed to an upright line."),
    *(_x(f"{letter}slice", f"Slices {words}", "stylised", f"Slice by slice, moving {words}.")
      for letter, words in _FLOWS),
    *(_x(f"{letter}wind", f"Wind {words}", "stylised", f"Torn into streaks, blown {words}.")
      for letter, words in _FLOWS),
    TransitionKind("push_through", "Push through", "camera", photos="both",
                   help="The camera flies into the depth of one photo and comes out in the next."),
    TransitionKind("depth_wipe", "Depth wipe", "camera", photos="either",
                   help="The next shot comes in by distance: far things first, or near ones."),
    TransitionKind("whip_pan", "Whip pan", "camera",
                   help="The outgoing camera whips away, and the incoming one comes out of it."),
    TransitionKind("match_move", "Match move", "camera", photos="both",
                   help="The next shot begins with the camera where the last one has it."),
)  # fmt: skip

TRANSITIONS: Final[dict[str, TransitionKind]] = {kind.name: kind for kind in _KINDS}
"""Every transition by name. "fade", the brief's word, is a dissolve."""
