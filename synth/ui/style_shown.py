"""What the Style tab shows: styles as cards, a photo before and after, what learning will cost."""

from __future__ import annotations

import base64
import contextlib
import math
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.backends.families import families
from synth.control import CancelToken
from synth.errors import InvalidInstruction
from synth.media import load_image
from synth.style.model import GEOMETRIC_BASE, StyleFile
from synth.ui.assets import picture_url

if TYPE_CHECKING:
    from synth.ui.style_desks import StyleDesk

_SIDE: Final = 960
_MOST_TOLD: Final = 6
_CLOSE: Final = 0.6
_WEAK: Final = 0.25
"""Shares of the way to the references below which a look is told to be fair, and weak."""


def style_cards(desk: StyleDesk) -> list[dict[str, Any]]:
    """All styles of a desk as the page gets them."""
    return [style_card(one, own=desk.owns(one)) for one in desk.library.list()]


def style_card(style: StyleFile, *, own: bool = False) -> dict[str, Any]:
    """A style as the page gets it; ``own`` is one that the visitor made."""
    look = style.kind == "look"
    picture = ""
    if style.thumbnail:
        picture = "data:image/jpeg;base64," + base64.b64encode(style.thumbnail).decode("ascii")
    lines = [["For", "photo geometry" if look else base_title(style.base)]]
    if style.rank:
        lines.append(["Rank", str(style.rank)])
    lines.append(["Strength", f"{style.strength:g} advised"])
    if style.triggers:
        lines.append(["Say", ", ".join(style.triggers)])
    if style.title and style.title != style.name and not own:
        lines.append(["Title", style.title])
    if not own or style.licence:
        lines.append(["Licence", style.licence or "none named; ask its maker"])
    lines += [[key[:1].upper() + key[1:], said] for key, said in _told(style)]
    place = style.path.stat()
    forms = [["safetensors", "Download .safetensors"]]
    if look:
        forms.append(["cube", "Download .cube"])
    return {
        "name": style.name,
        "kind": style.kind,
        "base": style.base,
        "strength": style.strength,
        "picture": picture,
        "facts": "a look" if look else f"a LoRA for {base_title(style.base)}",
        "lines": lines,
        "forms": forms,
        "stamp": f"{place.st_mtime_ns}-{place.st_size}",
    }


def cube_of(desk: StyleDesk, style: StyleFile) -> Path:
    """The colours of a look as a .cube. Raises ``InvalidInstruction`` for what is no look."""
    from synth.style.look import read_look, save_look

    if style.kind != "look":
        raise InvalidInstruction("This style has no .cube: only looks have one.")
    folder = desk.folder / "cubes"
    folder.mkdir(exist_ok=True)
    _, cube = save_look(read_look(style), folder / f"{secrets.token_hex(8)}.safetensors")
    return cube


def _told(style: StyleFile) -> list[tuple[str, str]]:
    told = dict(style.trained or {})
    away = told.pop("distance before", ""), told.pop("distance after", "")
    with contextlib.suppress(ValueError):  # A stranger's words, or none.
        told["match"] = match_said(float(away[0]), float(away[1]))
    return [(key, said) for key, said in told.items() if said][:_MOST_TOLD]


def match_said(before: float, after: float) -> str:
    """How well a look meets its references, from distances without and with it; "" for none."""
    share = match_share(before, after)
    if share is None:
        return ""
    word = "close" if share >= _CLOSE else "weak" if share < _WEAK else "fair"
    return f"{word}, {100 * share:.0f} % of the way to the references"


def match_share(before: float, after: float) -> float | None:
    """The share of a distance that a look closes, 0 to 1; None where that says nothing."""
    if not (math.isfinite(before) and math.isfinite(after) and before > 0 and after >= 0):
        return None
    return max(0.0, 1 - after / before)


def weak_match(before: float, after: float) -> str:
    """What to do about a look that hardly meets its references; "" for one that does."""
    share = match_share(before, after)
    # That nothing at all is gained, the look's own notes say.
    if share is None or share >= _WEAK or after >= before:
        return ""
    return (
        f"The match is weak: on frames that were held out it goes {100 * share:.0f} % of the way "
        "to the references. Add clips that show other things, or the same clips before the grade."
    )


def look_of_cube(path: Path, name: str, folder: Path) -> Path:
    """A look with the colours of a ``.cube``, as a style's file in ``folder``.

    Args:
        path: the table, which is taken to be for sRGB pictures.
        name: the file's name as its owner knows it.
        folder: where the style goes.

    Raises ``InvalidMedia`` for what is no such table, ``LimitExceeded`` for a large one.
    """
    from synth.grade.cube import read_cube
    from synth.grade.lut import identity_cube
    from synth.style.look import Look, save_look
    from synth.style.look_file import CUBE_SIZE

    lut = read_cube(path)
    # A table within what can be kept stays as fine as it is, others are looked up on its grid.
    plain = not len(lut.curves) and lut.cube_from == (0, 0, 0) and lut.cube_to == (1, 1, 1)
    size = len(lut.cube) if plain and len(lut.cube) else CUBE_SIZE
    cube = np.clip(lut.apply(identity_cube(size)), 0.0, 1.0)
    stem = Path(name).stem
    made, _ = save_look(
        Look(cube, name=stem), folder / f"{stem}.safetensors", trained={"made from": name}
    )
    return made


def base_title(base: str) -> str:
    """What a style is made for, as one says it."""
    if base == GEOMETRIC_BASE:
        return "photo geometry"
    titles = [one.title for one in families() if one.base == base]
    return " or ".join(dict.fromkeys(titles)) or base or "an unknown model"


def small_photo(path: str, cancel: CancelToken | None = None) -> NDArray[np.uint8]:
    """A photo as the slider shows it, uint8 sRGB, longest side 960 pixels.

    Raises ``InvalidMedia`` or ``LimitExceeded``.
    """
    import cv2

    pixels = load_image(path).pixels
    if cancel is not None:
        cancel.check()
    height, width = pixels.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    if scale == 1.0:
        return np.ascontiguousarray(pixels)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def before_and_after(
    style: StyleFile, strength: float, photo: NDArray[np.uint8]
) -> tuple[str, str]:
    """A photo as it is and in a look, as ``data:`` addresses.

    Raises ``InvalidMedia`` for a damaged file, ``InvalidInstruction`` for a strength out of range.
    """
    from synth.style.look import RunningLook, read_look

    height, width = photo.shape[:2]
    running = RunningLook(read_look(style), strength, width, height, 0)
    after = running.apply(photo, 0)
    return picture_url(photo, _SIDE, 88), picture_url(after, _SIDE, 88)
