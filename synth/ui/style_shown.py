"""What the Style tab shows: styles as cards, a photo before and after, what learning will cost."""

from __future__ import annotations

import base64
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


def style_card(style: StyleFile) -> dict[str, Any]:
    """A style as the page gets it."""
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
    lines.append(["Licence", style.licence or "none named; ask its maker"])
    lines += [[key[:1].upper() + key[1:], said] for key, said in _told(style)]
    place = style.path.stat()
    forms = [["safetensors", "Download .safetensors"]]
    if look:
        forms.append(["cube", "Download .cube"])
    return {
        "name": style.name,
        "title": style.title or style.name,
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
    if all(away):
        told["held out"] = f"{away[0]} away from the style without it, {away[1]} with it"
    return list(told.items())[:_MOST_TOLD]


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
