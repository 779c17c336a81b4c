"""Pictures of a moment, graded as fast as a hand moves: what the tab asks while one works.

These answers do not wait in the queue of renders. Frames, and LUTs once read, are kept for a
while under the names of the files that the visitor sent, which nobody else knows.
"""

from __future__ import annotations

import base64
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.errors import InvalidInstruction
from synth.grade.cube import cube_text, read_cube
from synth.grade.grade import bake_lut, grade_picture
from synth.grade.looks import looks
from synth.grade.lut import Lut
from synth.grade.scopes import SCOPES, Scopes, measure, plotly_scope
from synth.grade.settings import Grade
from synth.json_text import read_json
from synth.ui.answers import message_of
from synth.ui.footage import Clip, frame_at, open_clip, smaller
from synth.ui.grade_desk import problems, read_grade
from synth.ui.photo import uploaded_file

Answer = dict[str, Any]
Kept = TypeVar("Kept")

_SIDE: Final = 960
"""Longest side of the pictures on show, pixels."""
_TILE: Final = 176
"""Longest side of a look's thumbnail, pixels."""
_FRAMES_KEPT: Final = 24
_FILES_KEPT: Final = 8
_AT_ONCE: Final = 3
_JPEG: Final = 90
_WORTH_SAYING: Final = 0.001
"""Share of the pixels from which clipping is spoken of."""
_LONGEST_JSON: Final = 200_000
_LONGEST_NAME: Final = 120
_CUBE_SIZE: Final = 33


def warm_up() -> None:
    """Compile the kernels and read the tables of the looks, so that the first answer is quick."""
    grey = np.full((16, 16, 3), 128, np.uint8)
    for look in looks():
        plotly_scope(measure(grade_picture(grey, Grade(look=look.name))), "waveform")


@dataclass(frozen=True, eq=False)
class _Frame:
    """A moment of a clip, and what its scopes count."""

    key: str
    rgb: NDArray[np.uint8]
    scopes: Scopes


class LiveGrade:
    """What is answered at once, of one served page."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(_AT_ONCE)
        self._frames: OrderedDict[tuple[str, int], _Frame] = OrderedDict()
        self._luts: OrderedDict[str, Lut] = OrderedDict()
        self._clips: OrderedDict[str, Clip] = OrderedDict()

    def view_functions(self) -> list[Callable[[Any], Answer]]:
        """What the picture panel calls."""

        def still(asked: Any) -> Answer:
            return self._answer(self.still, asked)

        return [still]

    def desk_functions(self) -> list[Callable[[Any], Answer]]:
        """What the desk calls."""

        def looks(asked: Any) -> Answer:
            return self._answer(self.looks, asked)

        def lut(asked: Any) -> Answer:
            return self._answer(self.lut, asked)

        def cube(asked: Any) -> Answer:
            return self._answer(self.cube, asked)

        def check(asked: Any) -> Answer:
            return self._answer(self.check, asked)

        return [looks, lut, cube, check]

    def still(self, asked: Mapping[str, Any]) -> Answer:
        """A moment of a clip, before and after the grade, and a scope of both.

        Args:
            asked: "file" and "at" say which moment; "grade" is the desk's value, or None for the
                source alone; "have" and "seen" name the frame and the scope that the page shows
                already and that are not sent again; "scope" is the kind of scope, or "".

        Returns:
            "key" of the frame, "before" and "after" as ``data:`` addresses, "scopes", and
            "problems" by control.
        """
        frame = self._frame(asked)
        answer: Answer = {"key": frame.key}
        if asked.get("have") != frame.key:
            answer["before"] = _jpeg(frame.rgb)
        if asked.get("grade") is None:
            return answer
        wrong = problems(asked["grade"])
        if wrong:
            return {**answer, "problems": wrong}
        after = self._graded(frame.rgb, asked["grade"], _moment(asked))
        answer["after"] = _jpeg(after)
        wanted = asked.get("scope")
        if wanted in SCOPES:
            kind = SCOPES[SCOPES.index(wanted)]
            counted = measure(after)
            scopes: Answer = {"after": plotly_scope(counted, kind), "words": _words(counted)}
            scopes["key"] = f"{frame.key} {kind}"
            if asked.get("seen") != scopes["key"]:
                scopes["before"] = plotly_scope(frame.scopes, kind)
                scopes["levels"] = frame.scopes.histogram[3].tolist()
            answer["scopes"] = scopes
        return answer

    def looks(self, asked: Mapping[str, Any]) -> Answer:
        """Every look of this picture, small: {"pictures": {name: address}}; "" is without one."""
        small = smaller(self._frame(asked).rgb, _TILE)
        pictures = {"": _jpeg(small)}
        for look in looks():
            pictures[look.name] = _jpeg(grade_picture(small, Grade(look=look.name)))
        return {"pictures": pictures}

    def lut(self, asked: object) -> Answer:
        """Whether an uploaded file is a LUT, and what there is to know about it."""
        return {"words": f"{self._lut_of(uploaded_file(asked)).title or 'The LUT'} is read."}

    def cube(self, asked: Mapping[str, Any]) -> Answer:
        """The grade as the text of a .cube file."""
        grade, path = read_grade(asked.get("grade"))
        lut = bake_lut(grade, self._lut_of(path) if path else None, _CUBE_SIZE)
        text = cube_text(lut)
        left = [
            name
            for name in ("sharpen", "grain")
            if getattr(grade.adjustments, name) > 0
        ]  # fmt: skip
        words = "Saved as a LUT of 33 steps."
        if left:
            words += f" A LUT cannot hold {' and '.join(left)}."
        return {"text": text, "words": words}

    def check(self, asked: object) -> Answer:
        """A pasted or loaded grade: {"grade": plain values, "lut": the name of the LUT that it
        was made with or ""}. Raises where it is none.
        """
        if not isinstance(asked, str) or not asked.strip():
            raise InvalidInstruction("There is no grade to paste. Copy one first.")
        if len(asked) > _LONGEST_JSON:
            raise InvalidInstruction("That is no grade: the text is too long. Copy one first.")
        values = read_json(asked)
        if not isinstance(values, dict):
            raise InvalidInstruction("That is no grade. Copy one first, or load its JSON file.")
        inner = values.get("grade", values)
        if not isinstance(inner, dict):
            raise InvalidInstruction("That is no grade. Copy one first, or load its JSON file.")
        lut = values.get("lut")
        known = {key: one for key, one in inner.items() if key not in ("lut", "format", "schema")}
        if "adjustments" not in known and "look" not in known:
            known = {"adjustments": known}  # the adjustments alone
        grade = Grade.from_values(known)
        if grade.keys:
            raise InvalidInstruction(
                "This grade changes over time, which the desk cannot show. Give it to the endpoint."
            )
        plain = grade.to_dict()
        plain.pop("keys")
        named = lut[:_LONGEST_NAME] if isinstance(lut, str) else ""
        return {"grade": plain, "lut": named, "words": "The grade is on the desk."}

    def read_lut(self, path: str | None) -> Lut | None:
        """The LUT in a file that a visitor sent; None for None. Raises ``InvalidMedia``."""
        return self._lut_of(path) if path else None

    def _answer(self, work: Callable[[Any], Answer], asked: Any) -> Answer:
        """What a function gives, or the words for its error; a few at a time."""
        try:
            with self._slots:
                return work(asked)
        except Exception as error:
            return {"error": message_of(error)}

    def _graded(self, rgb: NDArray[np.uint8], value: object, time: float) -> NDArray[np.uint8]:
        grade, path = read_grade(value)
        return grade_picture(rgb, grade, self.read_lut(path), time=time)

    def _lut_of(self, path: str) -> Lut:
        return self._kept(self._luts, path, lambda: read_cube(path))

    def _clip(self, path: str) -> Clip:
        return self._kept(self._clips, path, lambda: open_clip(path, "The clip")[0])

    def _kept(self, store: OrderedDict[str, Kept], path: str, read: Callable[[], Kept]) -> Kept:
        """What was read of a file, or is read now; the oldest of many are forgotten."""
        with self._lock:
            known = store.get(path)
        if known is not None:
            return known
        found = read()
        with self._lock:
            store[path] = found
            while len(store) > _FILES_KEPT:
                store.popitem(last=False)
        return found

    def _frame(self, asked: Mapping[str, Any]) -> _Frame:
        if not isinstance(asked, Mapping):
            raise InvalidInstruction("The request cannot be read. Reload the page.")
        path, at = uploaded_file(asked.get("file")), _moment(asked)
        place = path, round(at * 1000)
        with self._lock:
            known = self._frames.get(place)
            if known is not None:
                self._frames.move_to_end(place)
                return known
        rgb = smaller(frame_at(self._clip(path), at), _SIDE)
        found = _Frame(secrets.token_hex(8), rgb, measure(rgb))
        with self._lock:
            self._frames[place] = found
            while len(self._frames) > _FRAMES_KEPT:
                self._frames.popitem(last=False)
        return found


def _moment(asked: Mapping[str, Any]) -> float:
    at = asked.get("at")
    if isinstance(at, bool) or not isinstance(at, int | float) or not 0 <= at < 1e6:
        raise InvalidInstruction("The moment must be a number of seconds.")
    return float(at)


def _words(scopes: Scopes) -> str:
    """What the result loses at its ends, if that is anything."""
    ends = ((scopes.clipped, "clipped to white"), (scopes.crushed, "crushed to black"))
    lost = [f"{share:.1%} {word}" for share, word in ends if share >= _WORTH_SAYING]
    return ", ".join(lost)


def _jpeg(rgb: NDArray[np.uint8]) -> str:
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG]
    )
    if not done:
        raise RuntimeError("The picture for the page could not be written.")
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
