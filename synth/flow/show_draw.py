"""What the pictures of motion share: enough room, letters that need no download, quiet panels.

Every length is given in units: a 480th of the longer side, so that letters keep their size on the
screen whatever the resolution of the clip.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Corner: TypeAlias = Literal["top-left", "top-right", "bottom-left", "bottom-right", "bottom"]
"""Where a label stands; "bottom" is the middle of the lower edge."""

UNITS: Final = 480
"""Units along the longer side."""
INK: Final = (236, 235, 231)
PANEL: Final = (14, 16, 20)
LAMP: Final = (255, 180, 84)
EDGE: Final = (70, 76, 90)
_PANEL_OPACITY = 0.76
_COMMON_LIGHT = 84
"""Mean brightness of a picture, 0 to 255, below which it counts as dark."""
_RIM = 0.6
"""Width of a panel's rim, units."""
_FINER = 4
"""Panels and letters are drawn this much larger and brought down: smooth corners, even spacing."""
_PLAIN = str.maketrans({"×": "x", "–": "-", "—": "-", "−": "-", "’": "'", "\xa0": " "})
"""Signs that Pillow's own font lacks."""


def roomy(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy of a picture (H, W, 3), enlarged until its longer side is 480 pixels or more."""
    height, width = rgb.shape[:2]
    factor = UNITS / max(height, width)
    if factor <= 1:
        return np.array(rgb, np.uint8, order="C")
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return _bytes(cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC))


def unit_of(rgb: NDArray[np.uint8]) -> float:
    """Pixels of one unit in this picture."""
    return max(rgb.shape[:2]) / UNITS


def darkened(rgb: NDArray[np.uint8], brightness: float, colour: float) -> NDArray[np.uint8]:
    """A picture (H, W, 3) as a backdrop; both shares from 0 to 1 (1 leaves it as it is).

    A dark picture is dimmed less, so that something is left to see.
    """
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    brightness *= float(np.clip(_COMMON_LIGHT / max(float(grey.mean()), 1.0), 1, 1 / brightness))
    faint = cv2.addWeighted(
        rgb, colour * brightness, cv2.merge([grey, grey, grey]), (1 - colour) * brightness, 0
    )
    return _bytes(faint)


def letters(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that comes with Pillow, ``size`` in pixels."""
    return ImageFont.load_default(size=max(size, 6.0))


def panel(rgb: NDArray[np.uint8], box: tuple[float, float, float, float], radius: float) -> None:
    """Darken a rounded box (left, top, right, bottom; pixels) of a picture, in place."""
    height, width = rgb.shape[:2]
    left, top = max(int(box[0]), 0), max(int(box[1]), 0)
    right, bottom = min(int(np.ceil(box[2])), width), min(int(np.ceil(box[3])), height)
    if right <= left or bottom <= top:
        return
    size = (right - left) * _FINER, (bottom - top) * _FINER
    inside, rim = Image.new("L", size), Image.new("L", size)
    outline = (
        (box[0] - left) * _FINER,
        (box[1] - top) * _FINER,
        (box[2] - left) * _FINER - 1,
        (box[3] - top) * _FINER - 1,
    )
    ImageDraw.Draw(inside).rounded_rectangle(outline, radius * _FINER, fill=255)
    thick = max(_FINER, round(_RIM * unit_of(rgb) * _FINER))
    ImageDraw.Draw(rim).rounded_rectangle(outline, radius * _FINER, outline=255, width=thick)
    part = rgb[top:bottom, left:right]
    _blend(part, inside, PANEL, _PANEL_OPACITY)
    _blend(part, rim, EDGE, _PANEL_OPACITY)


def text_size(text: str, size: float) -> tuple[float, float]:
    """Width and height that a line of text takes, pixels; the height is the font's own."""
    return letters(size * _FINER).getlength(text.translate(_PLAIN)) / _FINER, size * 1.2


def write(
    rgb: NDArray[np.uint8],
    text: str,
    at: tuple[float, float],
    size: float,
    colour: tuple[int, int, int] = INK,
) -> None:
    """Write a line whose left end and middle height are ``at`` (pixels), in place."""
    wide, tall = text_size(text, size)
    left, top = max(int(at[0]), 0), max(int(at[1] - tall), 0)
    right, bottom = int(at[0] + wide + size) + 1, int(at[1] + tall) + 1
    part = rgb[top:bottom, left:right]
    if not part.size:
        return
    mask = Image.new("L", (part.shape[1] * _FINER, part.shape[0] * _FINER))
    ImageDraw.Draw(mask).text(
        ((at[0] - left) * _FINER, (at[1] - top) * _FINER),
        text.translate(_PLAIN),
        fill=255,
        font=letters(size * _FINER),
        anchor="lm",
    )
    _blend(part, mask, colour, 1.0)


def label(
    rgb: NDArray[np.uint8],
    text: str,
    corner: Corner,
    *,
    dot: tuple[int, int, int] | None = None,
    size: float = 12,
    unit: float | None = None,
) -> None:
    """Put a line of text on a dark panel into a corner, in place.

    ``size`` is the height of the letters in units and shrinks where the line would not fit;
    ``dot`` puts a spot of that colour in front, as a legend.
    """
    height, width = rgb.shape[:2]
    unit = unit or unit_of(rgb)
    margin = 8 * unit
    for _ in range(8):
        em = size * unit
        lead = em * 1.1 if dot else 0.0
        wide, tall = text_size(text, em)
        box_width, box_height = wide + lead + 1.3 * em, tall + 0.55 * em
        if box_width <= width - 2 * margin:
            break
        size *= 0.88
    left = {"left": margin, "right": width - margin - box_width}.get(
        corner.partition("-")[2], (width - box_width) / 2
    )
    top = margin if corner.startswith("top") else height - margin - box_height
    panel(rgb, (left, top, left + box_width, top + box_height), box_height * 0.5)
    middle = top + box_height / 2
    if dot:
        centre = left + 0.65 * em + 0.36 * em, middle
        disc(rgb, centre, 0.36 * em, dot)
    write(rgb, text, (left + 0.65 * em + lead, middle), em)


def disc(
    rgb: NDArray[np.uint8],
    centre: tuple[float, float],
    radius: float,
    colour: tuple[int, int, int],
) -> None:
    """A smooth filled circle, pixels, in place."""
    cv2.circle(
        rgb,
        (round(centre[0] * 16), round(centre[1] * 16)),
        max(round(radius * 16), 8),
        colour,
        -1,
        cv2.LINE_AA,
        4,
    )


def _blend(
    part: NDArray[np.uint8], mask: Image.Image, colour: tuple[int, int, int], opacity: float
) -> None:
    """Lay a colour over part of a picture where a finer mask says so, in place."""
    cover = np.asarray(mask.reduce(_FINER), np.float32)[..., None] * (opacity / 255)
    part[...] = np.rint(part * (1 - cover) + np.array(colour, np.float32) * cover)


def _bytes(values: cv2.typing.MatLike) -> NDArray[np.uint8]:
    return np.asarray(values, np.uint8)
