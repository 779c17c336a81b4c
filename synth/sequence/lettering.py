"""Letters: what can be written, how wide it is, where lines break, and the mask of a block of text.

The fonts are those that OpenCV carries inside (``cv2.FontFace``): Rubik for Latin and Cyrillic,
and WenQuanYi Micro Hei for Greek, Vietnamese, Chinese, Japanese and Korean, so that a text looks
the same on every machine. Neither can join letters or run from right to left, and they hold no
emoji: such characters are told of and left out.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Face = Literal["sans", "uni"]
"""Rubik, or the one that holds almost everything."""

LINE: Final = 1.22
"""Distance of lines, in sizes."""
_ABOVE: Final = 1.0
"""Room above the first baseline, in sizes."""
_BELOW: Final = 0.3
"""Room below the last baseline, in sizes."""
_FINER: Final = 2
"""How many times finer letters are drawn before they are brought to their size."""
_LOOK: Final = 32
"""Size at which characters are looked up, pixels."""
_HEAVY: Final = 500
"""Weight from which on the font that has but one weight is made bolder."""
_BOLDER: Final = 0.022
"""By how much, in sizes on each side."""
_NEVER_FIRST: Final = frozenset(
    "、。，．：；！？）」』】〉》〕・ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ"
)
"""Marks that no line of Chinese or Japanese begins with."""
_CJK: Final = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_PIECE: Final = re.compile(rf"[{_CJK}]|[^\s{_CJK}]+|\s+")


@dataclass(frozen=True)
class Style:
    """How letters look."""

    size: float
    """Pixels."""
    weight: int
    """400 is regular, 700 bold."""


class Lettering:
    """The two fonts, and what is known of their characters. Safe to use from several threads."""

    def __init__(self) -> None:
        """Load the fonts."""
        self._lock = threading.Lock()
        self._faces: dict[Face, cv2.FontFace] = {
            "sans": cv2.FontFace("sans"), "uni": cv2.FontFace("uni"),
        }  # fmt: skip
        self._known: dict[str, Face | None] = {}
        self._unknown = self._look("?", 400)

    def readable(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The text with what can be written of it, and each character that cannot."""
        kept: list[str] = []
        missing: dict[str, None] = {}
        for character in unicodedata.normalize("NFC", text.replace("\r\n", "\n")):
            kind = unicodedata.category(character)
            if character == "\n":
                kept.append(character)
            elif character.isspace() or kind == "Cc":
                kept.append(" ")
            elif kind == "Cf" or "\ufe00" <= character <= "\ufe0f":
                continue  # signs that are not seen: joiners, marks of direction, variants
            elif self._face_of(character) is None:
                missing[character] = None
            else:
                kept.append(character)
        lines = (" ".join(line.split()) for line in "".join(kept).split("\n"))
        return "\n".join(line for line in lines if line), tuple(missing)

    def face(self, text: str) -> Face:
        """The font for a readable text: one for all of it, so that it looks of one piece."""
        return "sans" if all(self._face_of(c) == "sans" or c.isspace() for c in text) else "uni"

    def width(self, text: str, style: Style, face: Face) -> float:
        """How far a line of readable text reaches, pixels."""
        size = max(1, round(style.size * _FINER))
        with self._lock:
            box = cv2.getTextSize((0, 0), text, (0, 0), self._faces[face], size, style.weight)
        return (box[0] + box[2]) / _FINER

    def wrap(self, text: str, style: Style, most: float, *, even: bool = False) -> list[str]:
        """Lines at most ``most`` pixels wide; ``even`` makes them about equally long.

        Words stay whole unless one alone is too wide.
        """
        face = self.face(text)
        lines: list[str] = []
        for part in text.split("\n"):
            found = self._greedy(part, style, face, most)
            if even and len(found) > 1:
                narrow = max(self.width(word.rstrip(), style, face) for word in units(part))
                low, high = min(narrow, most), most
                while high - low > style.size / 4:
                    middle = (low + high) / 2
                    tried = self._greedy(part, style, face, middle)
                    if len(tried) <= len(found):
                        found, high = tried, middle
                    else:
                        low = middle
            lines += found
        return lines

    def mask(
        self, lines: list[str], style: Style, *, centred: bool, pad: int
    ) -> NDArray[np.float32]:
        """The lines as coverage from 0 to 1, (H, W), with ``pad`` pixels of nothing all round."""
        face = self.face("\n".join(lines))
        widths = [self.width(line, style, face) for line in lines]
        wide = int(np.ceil(max(widths))) + 2 * pad
        high = int(np.ceil(block_height(len(lines), style))) + 2 * pad
        canvas = np.zeros((high * _FINER, wide * _FINER), np.uint8)
        for row, (line, width) in enumerate(zip(lines, widths, strict=True)):
            x = pad + ((wide - 2 * pad - width) / 2 if centred else 0)
            y = pad + (_ABOVE + row * LINE) * style.size
            with self._lock:
                cv2.putText(
                    canvas,
                    line,
                    (round(x * _FINER), round(y * _FINER)),
                    (255, 255, 255),
                    self._faces[face],
                    max(1, round(style.size * _FINER)),
                    style.weight,
                )
        if face == "uni" and style.weight >= _HEAVY:
            reach = max(1, round(_BOLDER * style.size * _FINER))
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach + 1, reach + 1))
            canvas = cv2.dilate(canvas, kernel)
        small = cv2.resize(canvas, (wide, high), interpolation=cv2.INTER_AREA)
        return small.astype(np.float32) * np.float32(1 / 255)

    def _greedy(self, text: str, style: Style, face: Face, most: float) -> list[str]:
        lines: list[str] = []
        line = ""
        for unit in units(text):
            if line and self.width((line + unit).rstrip(), style, face) > most:
                lines.append(line.rstrip())
                line = ""
            line += unit
            while self.width(line.rstrip(), style, face) > most and len(line.rstrip()) > 1:
                fits = self._fitting(line.rstrip(), style, face, most)
                lines.append(line[:fits])
                line = line[fits:]
        return [*lines, line.rstrip()] if line.strip() else lines

    def _fitting(self, word: str, style: Style, face: Face, most: float) -> int:
        """How many letters of a word fit into a line, at least one."""
        low, high = 1, len(word)
        while high - low > 1:
            middle = (low + high) // 2
            if self.width(word[:middle], style, face) <= most:
                low = middle
            else:
                high = middle
        return low

    def _face_of(self, character: str) -> Face | None:
        if character not in self._known:
            self._known[character] = self._find(character)
        return self._known[character]

    def _find(self, character: str) -> Face | None:
        """The font that has a character, found by drawing it: a missing one is a question mark."""
        right_to_left = unicodedata.bidirectional(character) in ("R", "AL", "AN")
        if right_to_left or unicodedata.category(character) in ("Mn", "Me", "Cs", "Co", "Cn"):
            return None
        plain = self._look(character, 400)
        if character != "?" and np.array_equal(plain, self._unknown):
            return None
        # Only Rubik becomes bolder.
        return "uni" if np.array_equal(plain, self._look(character, 800)) else "sans"

    def _look(self, character: str, weight: int) -> NDArray[np.uint8]:
        canvas = np.zeros((2 * _LOOK, 3 * _LOOK), np.uint8)
        place = (_LOOK // 2, round(1.4 * _LOOK))
        with self._lock:
            cv2.putText(
                canvas, character, place, (255, 255, 255), self._faces["sans"], _LOOK, weight
            )
        return canvas


def block_height(lines: int, style: Style) -> float:
    """Height of so many lines, pixels."""
    return (_ABOVE + _BELOW + (lines - 1) * LINE) * style.size


def units(text: str) -> list[str]:
    """What is not broken: words with the spaces behind them, or single Chinese characters."""
    found: list[str] = []
    for piece in _PIECE.findall(text):
        if found and (piece.isspace() or piece in _NEVER_FIRST):
            found[-1] += piece
        else:
            found.append(piece)
    return found
