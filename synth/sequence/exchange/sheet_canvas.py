"""A page to draw on in millimetres: letters, lines, boxes and pictures, all with soft edges."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.sequence.lettering import Lettering, Style

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]
"""Left, top, width and height, millimetres."""
Point = tuple[float, float]

_SHIFT = 4
"""Binary places after the point in which OpenCV is given its places."""


class Canvas:
    """One page."""

    def __init__(
        self, size: tuple[float, float], dpi: int, paper: Colour, letters: Lettering
    ) -> None:
        """An empty page of ``size`` millimetres."""
        self._scale = dpi / 25.4
        self._letters = letters
        wide, high = (round(length * self._scale) for length in size)
        self.pixels: NDArray[np.uint8] = np.full((high, wide, 3), paper, np.uint8)
        """RGB, shape (H, W, 3)."""

    def measure(self, text: str, size: float, weight: int = 400) -> float:
        """How wide a line of text is, millimetres."""
        text = self._letters.readable(text)[0].replace("\n", " ")
        if not text:
            return 0.0
        style = Style(size * self._scale, weight)
        return self._letters.width(text, style, self._letters.face(text)) / self._scale

    def text(
        self, text: str, x: float, base: float, size: float, colour: Colour, *, weight: int = 400,
        right: bool = False, centred: bool = False, most: float | None = None,
    ) -> float:  # fmt: skip
        """Write a line with its baseline at ``base``; returns its width.

        ``x`` is its left end, its right end, or its middle; ``most`` cuts it with an ellipsis.
        """
        text = self._letters.readable(text)[0].replace("\n", " ")
        if most is not None:
            text = self._cut(text, size, weight, most)
        if not text:
            return 0.0
        style = Style(size * self._scale, weight)
        mask = self._letters.mask([text], style, centred=False, pad=2)
        width = self.measure(text, size, weight)
        left = x - width if right else x - width / 2 if centred else x
        # The mask's baseline lies one size below its top, under the padding.
        self._lay(mask, round(left * self._scale) - 2,
                  round((base - size) * self._scale) - 2, colour)  # fmt: skip
        return width

    def lines(self, text: str, size: float, most: float, count: int) -> list[str]:
        """A text in at most so many lines, the last cut with an ellipsis."""
        text = self._letters.readable(text)[0].replace("\n", " ")
        if not text:
            return []
        style = Style(size * self._scale, 400)
        found = [line.strip() for line in self._letters.wrap(text, style, most * self._scale)]
        if len(found) > count:
            found = [*found[: count - 1], self._cut(" ".join(found[count - 1 :]), size, 400, most)]
        return found

    def picture(self, box: Box, picture: NDArray[np.uint8]) -> None:
        """Lay a picture into a box."""
        left, top, wide, high = (round(value * self._scale) for value in box)
        shrunk = wide < picture.shape[1]
        self.pixels[top : top + high, left : left + wide] = cv2.resize(
            picture, (wide, high), interpolation=cv2.INTER_AREA if shrunk else cv2.INTER_CUBIC
        )

    def box(self, box: Box, colour: Colour) -> None:
        """A filled box."""
        left, top, wide, high = (round(value * self._scale) for value in box)
        self.pixels[top : top + high, left : left + wide] = colour

    def frame(self, box: Box, colour: Colour, thick: float) -> None:
        """The border of a box."""
        left, top, wide, high = box
        corners = [(left, top), (left + wide, top), (left + wide, top + high), (left, top + high)]
        self.outline(np.array(corners), colour, thick)

    def pill(self, box: Box, colour: Colour) -> None:
        """A box with round ends."""
        left, top, wide, high = box
        radius = high / 2
        for x in (left + radius, left + wide - radius):
            self.disc((x, top + radius), radius, colour)
        self.box((left + radius, top, wide - high, high), colour)

    def disc(self, centre: Point, radius: float, colour: Colour) -> None:
        """A filled circle."""
        cv2.circle(self.pixels, self._fixed(centre), round(radius * self._scale * (1 << _SHIFT)),
                   colour, -1, cv2.LINE_AA, _SHIFT)  # fmt: skip

    def line(self, start: Point, end: Point, colour: Colour, thick: float) -> None:
        """A straight line."""
        cv2.line(self.pixels, self._fixed(start), self._fixed(end), colour, self._thick(thick),
                 cv2.LINE_AA, _SHIFT)  # fmt: skip

    def outline(self, corners: NDArray[np.float64], colour: Colour, thick: float) -> None:
        """A closed line through points (N, 2)."""
        points = np.array([self._fixed((x, y)) for x, y in corners], np.int32)
        cv2.polylines(self.pixels, [points], True, colour, self._thick(thick), cv2.LINE_AA, _SHIFT)

    def arrow(self, start: Point, end: Point, colour: Colour, thick: float, head: float) -> None:
        """A line with a filled tip."""
        a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
        way = (b - a) / max(float(np.hypot(*(b - a))), 1e-9)
        side = np.array([-way[1], way[0]])
        back = b - way * head * 1.5
        self.line((a[0], a[1]), (back[0], back[1]), colour, thick)
        tip = np.array(
            [self._fixed((p[0], p[1])) for p in (b, back + side * head, back - side * head)]
        )
        cv2.fillPoly(self.pixels, [tip.astype(np.int32)], colour, cv2.LINE_AA, _SHIFT)

    def _cut(self, text: str, size: float, weight: int, most: float) -> str:
        if self.measure(text, size, weight) <= most:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self.measure(text[:middle].rstrip() + "…", size, weight) <= most:
                low = middle
            else:
                high = middle - 1
        return text[:low].rstrip() + "…" if low else ""

    def _lay(self, mask: NDArray[np.float32], left: int, top: int, colour: Colour) -> None:
        high, wide = self.pixels.shape[:2]
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(wide, left + mask.shape[1]), min(high, top + mask.shape[0])
        if x0 >= x1 or y0 >= y1:
            return
        cover = mask[y0 - top : y1 - top, x0 - left : x1 - left, None]
        under = self.pixels[y0:y1, x0:x1].astype(np.float32)
        mixed = under + (np.array(colour, np.float32) - under) * cover
        self.pixels[y0:y1, x0:x1] = np.rint(mixed).astype(np.uint8)

    def _fixed(self, point: Point) -> tuple[int, int]:
        scale = self._scale * (1 << _SHIFT)
        return round(float(point[0]) * scale), round(float(point[1]) * scale)

    def _thick(self, thick: float) -> int:
        return max(1, round(thick * self._scale))
