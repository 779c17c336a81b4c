"""The looks that come along: tables of our own, over any picture that is already right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from synth.errors import InvalidInstruction
from synth.explain import short
from synth.grade.cube import read_cube
from synth.grade.lut import Lut

_FOLDER: Final = Path(__file__).resolve().parents[2] / "assets" / "looks"


@dataclass(frozen=True)
class Look:
    """A look by name."""

    name: str
    """As in ``Grade.look``."""
    title: str
    """For the screen."""
    words: str
    """What it does, in a few words."""


_LOOKS: Final = (
    Look("clean_contrast", "Clean contrast", "Deeper blacks, crisp middle tones, honest colours"),
    Look("warm_film", "Warm film", "Soft shoulder, warm highlights, gently lifted blacks"),
    Look("golden_hour", "Golden hour", "Low evening sun: amber light, cool shadows"),
    Look("teal_orange", "Teal and orange", "Teal shadows against warm skin"),
    Look("bleach_bypass", "Bleach bypass", "Silver left in the film: hard, with little colour"),
    Look("noir", "Noir", "Black and white, deep shadows, bright faces"),
    Look("faded_print", "Faded print", "Milky blacks, yellowed whites, quiet colours"),
    Look("day_for_night", "Day for night", "Daylight turned into a blue moonlit night"),
    Look("pastel", "Pastel", "Bright and airy, soft colours"),
    Look("cold_steel", "Cold steel", "Blue-grey and sober, for winter and concrete"),
)  # fmt: skip


def looks() -> tuple[Look, ...]:
    """All looks, in the order they are shown."""
    return _LOOKS


def look_lut(name: str) -> Lut:
    """The table of a look.

    Raises ``InvalidInstruction`` for a name that is not there.
    """
    found = _tables().get(name)
    if found is None:
        raise InvalidInstruction(
            f"There is no look {short(name)}. Choose one of "
            f"{', '.join(look.name for look in _LOOKS)}."
        )
    return found


@cache
def _tables() -> dict[str, Lut]:
    """All tables: read once, a few megabytes."""
    found = {look.name: read_cube(_FOLDER / f"{look.name}.cube") for look in _LOOKS}
    for lut in found.values():
        lut.cube.flags.writeable = False
    return found
