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


def _x(name: str, title: str, family: Family, xfade: str | None = None) -> TransitionKind:
    return TransitionKind(name, title, family, xfade=xfade or name)


_KINDS: Final = (
    TransitionKind("dissolve", "Dissolve", "blend", xfade="fade",
                   help="One picture melts into the next."),
    _x("fadefast", "Dissolve, quick to the light", "blend"),
    _x("fadeslow", "Dissolve, slow to the light", "blend"),
    _x("fadegrays", "Through grey", "blend"),
    _x("hblur", "Blur through", "blend"),
    _x("distance", "By likeness of colour", "blend"),
    _x("scatter", "Scatter", "stylised", "dissolve"),
    TransitionKind("dip", "Dip to colour", "dip",
                   help="The picture sinks into a colour and the next rises from it."),
    *(_x(f"wipe{way}", f"Wipe {way}", "wipe") for way in ("left", "right", "up", "down")),
    _x("wipetl", "Wipe to top left", "wipe"), _x("wipetr", "Wipe to top right", "wipe"),
    _x("wipebl", "Wipe to bottom left", "wipe"), _x("wipebr", "Wipe to bottom right", "wipe"),
    *(_x(f"smooth{way}", f"Soft wipe {way}", "wipe") for way in ("left", "right", "up", "down")),
    _x("radial", "Clock wipe", "wipe"),
    *(_x(f"diag{way}", f"Diagonal {words}", "wipe") for way, words in
      (("tl", "from bottom right"), ("tr", "from bottom left"), ("bl", "from top right"),
       ("br", "from top left"))),
    *(_x(f"slide{way}", f"Push {way}", "slide") for way in ("left", "right", "up", "down")),
    *(_x(f"cover{way}", f"Cover {way}", "slide") for way in ("left", "right", "up", "down")),
    *(_x(f"reveal{way}", f"Reveal {way}", "slide") for way in ("left", "right", "up", "down")),
    _x("circleopen", "Iris open", "shape"), _x("circleclose", "Iris close", "shape"),
    _x("circlecrop", "Iris through black", "shape"), _x("rectcrop", "Box through black", "shape"),
    _x("vertopen", "Doors open", "shape"), _x("vertclose", "Doors close", "shape"),
    _x("horzopen", "Blinds open", "shape"), _x("horzclose", "Blinds close", "shape"),
    _x("zoomin", "Zoom in", "stylised"), _x("pixelize", "Pixelate", "stylised"),
    _x("squeezeh", "Squeeze flat", "stylised"), _x("squeezev", "Squeeze thin", "stylised"),
    *(_x(f"{letter}slice", f"Slices {words}", "stylised") for letter, words in
      (("hl", "left"), ("hr", "right"), ("vu", "up"), ("vd", "down"))),
    *(_x(f"{letter}wind", f"Wind {words}", "stylised") for letter, words in
      (("hl", "left"), ("hr", "right"), ("vu", "up"), ("vd", "down"))),
    TransitionKind("push_through", "Push through", "camera", photos="both",
                   help="The camera dollies through the depth of one photo into the next."),
    TransitionKind("depth_wipe", "Depth wipe", "camera", photos="either",
                   help="The next shot comes in by distance: far things first, or near ones."),
    TransitionKind("whip_pan", "Whip pan", "camera",
                   help="The outgoing camera whips away, and the incoming one comes out of it."),
    TransitionKind("match_move", "Match move", "camera", photos="both",
                   help="The next shot begins with the camera where the last one left it."),
)  # fmt: skip

TRANSITIONS: Final[dict[str, TransitionKind]] = {kind.name: kind for kind in _KINDS}
"""Every transition by name. "fade", the brief's word, is a dissolve."""
