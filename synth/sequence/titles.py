"""Titles, lower thirds and captions: drawn once, laid over the frames of a film.

A title is a small picture with transparency, in the film's own planes: each frame costs one
blend inside its box, and what lies outside stays as it was, bit for bit.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.media.colour import WEIGHTS
from synth.media.planes import Planes
from synth.sequence.lettering import LINE, Lettering, Style, block_height, units
from synth.sequence.project import Title

_VERSION: Final = 1
"""Of the drawing: goes up when the same title would look different."""
_KEPT: Final = 6
"""Drawn titles that are kept."""
_SMALLEST: Final = 7.0
"""Size below which letters are no letters any more, pixels."""
_BAR: Final = (18.0, 20.0, 26.0)
"""Colour of the bar behind a lower third, sRGB."""

Picture = NDArray[np.float32]


@dataclass(frozen=True)
class _Kind:
    """How a style is laid out. Sizes are shares of the frame's shorter side."""

    size: float
    weight: int
    second: float
    """Size of the second line, of the first one's."""
    second_weight: int
    wide: float
    """Most of the frame's width that text takes."""
    high: float
    """Most of the frame's height that text takes."""


_KINDS: Final = {
    "title": _Kind(0.096, 600, 0.46, 500, 0.84, 0.76),
    "lower_third": _Kind(0.052, 600, 0.68, 400, 0.62, 0.34),
    "caption": _Kind(0.052, 500, 0.86, 400, 0.84, 0.34),
}


@dataclass(frozen=True)
class _Layout:
    """A title with all that decides how it is drawn, and where."""

    title: Title
    first: int
    """The film's first frame with it."""
    end: int
    """The film's first frame without it again."""
    lines: list[str]
    style: Style
    second: list[str]
    second_style: Style
    box: tuple[int, int, int, int]
    """Left, top, width and height of the words, pixels, without shadows."""


@dataclass(frozen=True)
class _Stamp:
    """A drawn title: what is added to a plane and how much of the plane goes, 0 to 1."""

    x: int
    y: int
    luma: tuple[Picture, Picture]
    blue: tuple[Picture, Picture]
    red: tuple[Picture, Picture]


class TitleArtist:
    """Draws all titles of one film. May be used from several threads."""

    def __init__(self, titles: Sequence[Title], width: int, height: int, rate: Fraction) -> None:
        """Lay out ``titles`` for frames of ``width`` by ``height`` pixels at ``rate`` a second."""
        self._size = (width, height)
        self._rate = rate
        self._letters = Lettering()
        self._lock = threading.Lock()
        self._stamps: OrderedDict[int, _Stamp] = OrderedDict()
        notes: dict[str, None] = {}
        self._layouts: list[_Layout] = []
        for title in titles:
            layout = self._lay_out(title, notes)
            if layout is not None:
                self._layouts.append(self._apart(layout))
        self.notes: tuple[str, ...] = tuple(notes)
        """What the user should know, in sentences: what could not be written."""

    def touches(self, first: int, frames: int) -> bool:
        """Whether a title is seen in the film's frames ``first`` to ``first + frames``."""
        return any(self._seen(first, frames))

    def key(self, first: int, frames: int) -> str:
        """A name for what is seen of titles in these frames; "" where there is nothing."""
        seen = [
            (
                layout.title.model_dump(mode="json", exclude={"start", "seconds"}),
                layout.first - first,
                layout.end - first,
                layout.box,
            )
            for layout in self._seen(first, frames)
        ]
        if not seen:
            return ""
        # The letters are OpenCV's own: another version may draw them otherwise.
        made = [_VERSION, cv2.__version__, self._size, str(self._rate), seen]
        text = json.dumps(made, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def draw(self, planes: Planes, film_frame: int) -> Planes:
        """The picture with the titles of that frame of the film.

        The same object comes back where there are none; ``planes`` itself is never written to.
        They are 8-bit BT.709 in limited range, of the size that was given, 4:2:0 or 4:4:4.
        """
        seen = self._seen(film_frame, 1)
        if not seen:
            return planes
        if planes.size != self._size:
            raise ValueError(f"Titles for {self._size} cannot be drawn on {planes.size}.")
        made = Planes(planes.y.copy(), planes.u.copy(), planes.v.copy())
        for layout in seen:
            _blend(made, self._stamp(layout), _opacity(layout, film_frame, self._rate))
        return made

    def _seen(self, first: int, frames: int) -> list[_Layout]:
        return [one for one in self._layouts if one.first < first + frames and one.end > first]

    def _lay_out(self, title: Title, notes: dict[str, None]) -> _Layout | None:
        """Lines and sizes, smaller where they would not fit; None where nothing can be written."""
        texts: list[str] = []
        for words in (title.text, title.second_line):
            text, missing = self._letters.readable(words)
            texts.append(text)
            if missing:
                shown = " ".join(missing[:12])
                notes.setdefault(
                    f"The title {_short(words)} has characters that cannot be drawn here and are "
                    f"left out: {shown}. Scripts that join their letters or run from right to "
                    "left, and emoji, are not supported."
                )
        if not texts[0]:
            texts = [texts[1], ""]
        if not texts[0]:
            return None
        kind = _KINDS[title.style]
        width, height = self._size
        short = min(width, height)
        size = max(_SMALLEST, kind.size * short * title.size)
        while True:
            style = Style(size, kind.weight)
            second_style = Style(max(_SMALLEST, size * kind.second), kind.second_weight)
            lines = self._letters.wrap(texts[0], style, kind.wide * width, even=True)
            second = (
                self._letters.wrap(texts[1], second_style, kind.wide * width, even=True)
                if texts[1]
                else []
            )
            high = _high(lines, style, second, second_style)
            # A word is broken only where smaller letters would not save it either.
            broken = (
                len(lines) > 1
                and size > 0.6 * kind.size * short
                and any(
                    self._letters.width(word, style, self._letters.face(word)) > kind.wide * width
                    for word in map(str.rstrip, units(texts[0]))
                )
            )
            if (high <= kind.high * height and not broken) or size <= _SMALLEST:
                break
            size = max(_SMALLEST, size * 0.92)
        if high > kind.high * height:
            room = max(1, int(kind.high * height / (LINE * style.size)))
            kept = lines[:room]
            # What is left out is said by the last line that stays.
            lines, second = [*kept[:-1], f"{kept[-1][:-1] if len(lines) > room else kept[-1]}…"], []
            notes.setdefault(f"The title {_short(title.text)} is too long for the picture.")
        wide = max(
            self._letters.width(line, used, self._letters.face(line))
            for row, used in ((lines, style), (second, second_style))
            for line in row
        )
        high = _high(lines, style, second, second_style)
        box = _place(title.style, width, height, round(wide), round(high), style.size)
        first = round(Fraction(title.start) * self._rate)
        frames = max(1, round(Fraction(title.seconds) * self._rate))
        return _Layout(title, first, first + frames, lines, style, second, second_style, box)

    def _apart(self, layout: _Layout) -> _Layout:
        """The layout moved so that it covers no title that is seen at the same time."""
        x, y, wide, high = layout.box
        gap = round(layout.style.size * 0.5)
        step = 1 if layout.title.style == "title" else -1
        for _ in range(len(self._layouts)):
            hit = next(
                (
                    other
                    for other in self._layouts
                    if other.first < layout.end
                    and other.end > layout.first
                    and _meet(other.box, (x, y, wide, high))
                ),
                None,
            )
            if hit is None:
                break
            _, top, _, tall = hit.box
            y = top + tall + gap if step > 0 else top - high - gap
        if y < 0 or y + high > self._size[1]:
            return layout  # no room: one over the other, as asked for
        return replace(layout, box=(x, y, wide, high))

    def _stamp(self, layout: _Layout) -> _Stamp:
        with self._lock:
            found = self._stamps.pop(id(layout), None)
            if found is None:
                found = self._drawn(layout)
            self._stamps[id(layout)] = found
            while len(self._stamps) > _KEPT:
                self._stamps.popitem(last=False)
            return found

    def _drawn(self, layout: _Layout) -> _Stamp:
        """The picture of a title, with its shadow, outline or bar."""
        size = layout.style.size
        pad = int(np.ceil(size)) + 4
        centred = layout.title.style != "lower_third"
        x, y, wide, high = layout.box
        ink = np.zeros((high + 2 * pad + 2, wide + 2 * pad + 2), np.float32)
        soft = np.zeros_like(ink)
        for lines, style, top, strength in (
            (layout.lines, layout.style, 0.0, 1.0),
            (
                layout.second, layout.second_style,
                high - block_height(len(layout.second), layout.second_style), 0.88,
            ),
        ):  # fmt: skip
            if lines:
                mask = self._letters.mask(lines, style, centred=centred, pad=pad)
                left = max(0, ink.shape[1] - mask.shape[1]) // 2 if centred else 0
                _paste(ink, mask * strength, left, round(top))
                _paste(soft, mask, left, round(top))
        colour = np.array([int(layout.title.colour[i : i + 2], 16) for i in (1, 3, 5)], np.float32)
        dark = (0.0, 0.0, 0.0) if colour @ (0.2126, 0.7152, 0.0722) > 60 else (255.0,) * 3
        layers: list[tuple[Picture, tuple[float, ...]]] = []
        if layout.title.style == "title":
            # The smaller line is told from a bright picture by a shadow of its own size.
            near = _drop(soft, layout.second_style.size if layout.second else size)
            layers += [
                (0.55 * _glow(soft, 0.3 * size), dark),
                (0.6 * _drop(soft, size), dark),
                (0.45 * near, dark),
            ]
        elif layout.title.style == "caption":
            edge = _outline(soft, max(1.0, 0.085 * size))
            layers += [(0.6 * _glow(edge, 0.16 * size), dark), (0.9 * edge, dark)]
        else:
            bar, stripe = _bar(ink.shape, pad, size)
            back = _BAR if dark == (0.0, 0.0, 0.0) else (235.0, 236.0, 238.0)
            layers += [(0.72 * bar, back), (stripe, tuple(colour))]
        layers.append((ink, tuple(colour)))
        return _stamped(layers, x - pad, y - pad, self._size)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return f"“{flat[:30]}{'…' * (len(flat) > 30)}”"


def _high(lines: list[str], style: Style, second: list[str], second_style: Style) -> float:
    """Height of both parts."""
    below = block_height(len(second), second_style) + 0.08 * style.size if second else 0
    return block_height(len(lines), style) + below


def _place(
    style: str, width: int, height: int, wide: int, high: int, size: float
) -> tuple[int, int, int, int]:
    """Where words stand: left, top, width, height."""
    if style == "lower_third":
        return (
            round(0.06 * width + 0.75 * size),
            round(0.91 * height - 0.4 * size) - high,
            wide,
            high,
        )
    middle = (width - wide) // 2
    if style == "caption":
        return middle, round(0.94 * height) - high, wide, high
    return middle, (height - high) // 2, wide, high


def _meet(one: tuple[int, int, int, int], two: tuple[int, int, int, int]) -> bool:
    return (
        one[0] < two[0] + two[2]
        and two[0] < one[0] + one[2]
        and one[1] < two[1] + two[3]
        and two[1] < one[1] + one[3]
    )


def _opacity(layout: _Layout, frame: int, rate: Fraction) -> float:
    """How much of a title is seen in a frame, eased at both ends."""
    length = layout.end - layout.first
    fade = min(layout.title.fade * float(rate), length / 2)
    at = frame - layout.first
    near = min(at + 1, length - at)
    share = min(1.0, near / (fade + 1))
    return share * share * (3 - 2 * share)


def _paste(canvas: Picture, mask: Picture, left: int, top: int) -> None:
    """Lay a mask onto a canvas where it is stronger; what hangs over is cut off."""
    high = min(mask.shape[0], canvas.shape[0] - top)
    wide = min(mask.shape[1], canvas.shape[1] - left)
    part = canvas[top : top + high, left : left + wide]
    np.maximum(part, mask[:high, :wide], out=part)


def _glow(mask: Picture, sigma: float) -> Picture:
    """A wide, soft copy, strongest where letters are dense."""
    return np.clip(1.6 * cv2.GaussianBlur(mask, (0, 0), max(0.6, sigma)), 0, 1).astype(np.float32)


def _drop(mask: Picture, size: float) -> Picture:
    """A near shadow, a little below."""
    down = max(1, round(0.035 * size))
    moved = np.zeros_like(mask)
    moved[down:] = mask[:-down]
    return np.clip(1.4 * cv2.GaussianBlur(moved, (0, 0), max(0.6, 0.045 * size)), 0, 1).astype(
        np.float32
    )


def _outline(mask: Picture, reach: float) -> Picture:
    """The letters grown by ``reach`` pixels, smooth at the edge."""
    side = 2 * int(np.ceil(reach)) + 1
    grown = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return cv2.GaussianBlur(grown, (0, 0), 0.6).astype(np.float32)


def _bar(shape: tuple[int, ...], pad: int, size: float) -> tuple[Picture, Picture]:
    """The bar behind a lower third, with soft edges, and the stripe at its left."""
    high, wide = shape
    rows, columns = np.mgrid[0:high, 0:wide].astype(np.float32)
    left, right = pad - 0.7 * size, wide - pad + 0.7 * size
    top, bottom = pad - 0.25 * size, high - pad + 0.35 * size
    # Distance inside a rectangle with round corners.
    corner = 0.16 * size
    across = np.maximum(left + corner - columns, columns - right + corner)
    down = np.maximum(top + corner - rows, rows - bottom + corner)
    outside = np.hypot(np.maximum(across, 0), np.maximum(down, 0)) - corner
    bar = np.clip(0.5 - outside / max(1.0, 0.06 * size), 0, 1)
    begin, end = left + 0.26 * size, left + 0.26 * size + max(1.0, 0.09 * size)
    inside = np.clip(columns - begin + 0.5, 0, 1) * np.clip(end - columns + 0.5, 0, 1)
    inside *= np.clip(rows - top - 0.3 * size, 0, 1) * np.clip(bottom - 0.3 * size - rows, 0, 1)
    return bar.astype(np.float32), inside.astype(np.float32)


def _stamped(
    layers: list[tuple[Picture, tuple[float, ...]]], x: int, y: int, size: tuple[int, int]
) -> _Stamp:
    """Layers, the lowest first, as one stamp that begins on even pixels inside the frame."""
    high, wide = layers[0][0].shape
    paint = np.zeros((high, wide, 3), np.float32)
    cover = np.zeros((high, wide), np.float32)
    for mask, colour in layers:
        paint = paint * (1 - mask[..., None]) + mask[..., None] * np.array(colour, np.float32)
        cover = cover * (1 - mask) + mask
    left, top = max(0, x) // 2 * 2, max(0, y) // 2 * 2
    right, bottom = min(size[0], x + wide + 1) // 2 * 2, min(size[1], y + high + 1) // 2 * 2
    room = np.zeros((bottom - top, right - left, 4), np.float32)
    down, along = max(0, y - top), max(0, x - left)
    skip_y, skip_x = max(0, top - y), max(0, left - x)
    rows = min(high - skip_y, room.shape[0] - down)
    columns = min(wide - skip_x, room.shape[1] - along)
    part = room[down : down + rows, along : along + columns]
    part[..., :3] = paint[skip_y : skip_y + rows, skip_x : skip_x + columns]
    part[..., 3] = cover[skip_y : skip_y + rows, skip_x : skip_x + columns]
    part[..., 3][part[..., 3] < 1 / 512] = 0
    part[..., :3][part[..., 3] == 0] = 0
    kr, kb = WEIGHTS["bt709"]
    alpha: Picture = room[..., 3]
    luma: Picture = (room[..., :3] @ np.array((kr, 1 - kr - kb, kb), np.float32)).astype(np.float32)
    blue: Picture = (room[..., 2] - luma) * np.float32(112 / 255 / (1 - kb)) + 128 * alpha
    red: Picture = (room[..., 0] - luma) * np.float32(112 / 255 / (1 - kr)) + 128 * alpha
    return _Stamp(
        left,
        top,
        (luma * np.float32(219 / 255) + 16 * alpha, alpha),
        (blue, alpha),
        (red, alpha),
    )


def _blend(planes: Planes, stamp: _Stamp, opacity: float) -> None:
    """Lay a stamp over planes, in place."""
    for plane, (paint, cover) in (
        (planes.y, stamp.luma), (planes.u, stamp.blue), (planes.v, stamp.red),
    ):  # fmt: skip
        x, y = stamp.x, stamp.y
        if plane.shape != planes.y.shape:
            half = (paint.shape[1] // 2, paint.shape[0] // 2)
            paint = cv2.resize(paint, half, interpolation=cv2.INTER_AREA)
            cover = cv2.resize(cover, half, interpolation=cv2.INTER_AREA)
            x, y = x // 2, y // 2
        part = plane[y : y + paint.shape[0], x : x + paint.shape[1]]
        over = part + np.float32(opacity) * (paint - cover * part)
        part[:] = np.clip(np.rint(over), 0, 255).astype(np.uint8)
