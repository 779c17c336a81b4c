"""What a batch is made of: one row for each video, from a folder of photos or a CSV."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.json_text import read_json
from synth.media.image import open_regular
from synth.motion import parse_phrase
from synth.shot.model import Shot

MOST_ROWS: Final = 10_000
_MOST_BYTES: Final = 20_000_000
_MOST_COLUMNS: Final = 100
_PICTURES: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".heic", ".heif"}
)
_PLAIN: Final = ("image", "prompt", "seconds", "id")
_SETTINGS: Final = tuple(name for name in Shot.model_fields if name not in ("prompt",))
_DEVICES: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)$")


@dataclass(frozen=True)
class Row:
    """One photo and what is different about it."""

    number: int
    """As people count: of a CSV the line of the table, its heading not counted; from 1."""
    image: Path
    """The photo."""
    id: str = ""
    """What the video is called; the photo's name where empty."""
    prompt: str = ""
    """The shot in words; where it names camera moves, they take the place of the recipe's."""
    seconds: str | float | None = None
    """Length; None is the recipe's. A text, as from a table, is read as a number."""
    settings: tuple[tuple[str, str], ...] = ()
    """Further fields of the shot: dotted name and text, such as ("lens.aperture", "2.8")."""

    def shot(self, recipe: Shot) -> Shot:
        """The recipe with what this row says; raises ``InvalidInstruction`` naming the column."""
        if self.image == Path():
            raise InvalidInstruction(f"Row {self.number}, column 'image': it is empty.")
        shot = recipe
        if self.prompt.strip():
            shot = self._in("prompt", lambda: _spoken(recipe, self.prompt.strip()))
        if self.settings:
            shot = self._set(shot)
        if self.seconds is not None and str(self.seconds).strip():
            shot = self._in("seconds", lambda: _lasting(shot, self.seconds))
        return shot

    def _in(self, column: str, make: Any) -> Shot:
        try:
            return make()
        except InvalidInstruction as error:
            raise InvalidInstruction(f"Row {self.number}, column {column!r}: {error}") from None

    def _set(self, shot: Shot) -> Shot:
        values = shot.to_dict()
        for column, text in self.settings:
            self._in(column, lambda c=column, t=text: _put(values, c, _value(t)))
        try:
            return Shot.from_dict(values)
        except InvalidInstruction as error:
            raise InvalidInstruction(
                f"Row {self.number}, column {self._culprit(shot)}: {error}"
            ) from None

    def _culprit(self, shot: Shot) -> str:
        """The column without which the row makes sense, or all that could be meant."""
        for left_out, _ in self.settings:
            values = shot.to_dict()
            try:
                for column, text in self.settings:
                    if column != left_out:
                        _put(values, column, _value(text))
                Shot.from_dict(values)
            except InvalidInstruction:
                continue
            return repr(left_out)
        return " or ".join(repr(column) for column, _ in self.settings)


def rows_from_folder(folder: str | os.PathLike[str]) -> tuple[Row, ...]:
    """A row for each picture in a folder, in the order of their names; folders inside are left.

    Raises ``InvalidInstruction`` when there is no such folder or no picture in it.
    """
    place = Path(folder)
    if not place.is_dir():
        raise InvalidInstruction(f"There is no folder {place.name!r}. Choose one with photos.")
    found = sorted(
        (
            p
            for p in place.iterdir()
            if p.suffix.lower() in _PICTURES and not p.name.startswith(".")
        ),
        key=lambda path: (path.name.casefold(), path.name),
    )
    if not found:
        raise InvalidInstruction(f"The folder {place.name!r} holds no pictures.")
    _check_count(len(found))
    return tuple(Row(number, path) for number, path in enumerate(found, 1))


def read_csv(path: str | os.PathLike[str]) -> tuple[Row, ...]:
    """The rows of a table.

    Columns: ``image`` (a path; one that is not absolute is looked for beside the table),
    ``prompt``, ``seconds``, ``id``, and any field of a shot by its dotted name, such as
    ``motion.camera.type`` or ``lens.aperture``; an empty cell leaves the recipe as it is. Commas,
    semicolons or tabs separate; the text is UTF-8. What a cell holds is looked at when its row is
    made, so that one bad row spoils no other.

    Raises ``InvalidMedia`` or ``LimitExceeded`` for the file, ``InvalidInstruction`` for its
    heading or for rows with more cells than columns.
    """
    table = Path(path)
    with open_regular(table, _MOST_BYTES, "table") as file:
        raw = file.read()
    try:
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidMedia(
            f"The table {table.name!r} is not UTF-8 text (byte {error.start}). Save it as "
            '"CSV UTF-8".'
        ) from None
    if "\0" in text:
        raise InvalidMedia(f"{table.name!r} is no table of text. Save it as CSV.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    rows: list[Row] = []
    columns: tuple[str, ...] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _heading(cells)
                continue
            _check_count(len(rows) + 1)
            rows.append(_row(len(rows) + 1, columns, cells, table.parent))
    except csv.Error as error:
        raise InvalidInstruction(
            f"The table {table.name!r} cannot be read in line {reader.line_num}: {error}."
        ) from None
    if columns is None or not rows:
        raise InvalidInstruction(f"The table {table.name!r} has no rows below its heading.")
    return tuple(rows)


def file_names(rows: Sequence[Row], suffix: str) -> tuple[str, ...]:
    """A file name for each row, no two alike on any system; the same rows give the same names."""
    taken: set[str] = set()
    found: list[str] = []
    for row in rows:
        stem = re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", row.id.strip() or row.image.stem)
        stem = stem.strip(" .")[:100] or f"row {row.number}"
        if _DEVICES.match(stem):
            stem = f"{stem}_"
        name, number = stem, 2
        while name.casefold() in taken:
            name, number = f"{stem}_{number}", number + 1
        taken.add(name.casefold())
        found.append(f"{name}{suffix}")
    return tuple(found)


def _row(number: int, columns: tuple[str, ...], cells: list[str], beside: Path) -> Row:
    if len(cells) > len(columns):
        raise InvalidInstruction(
            f"Row {number} has {len(cells)} cells, but there are {len(columns)} columns. Put "
            "texts with commas in quotes."
        )
    said = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()}
    return Row(
        number=number,
        image=beside / said["image"] if "image" in said else Path(),
        id=said.get("id", ""),
        prompt=said.get("prompt", ""),
        seconds=said.get("seconds"),
        settings=tuple((name, said[name]) for name in columns if (name in said and "." in name)
                       or (name in said and name not in _PLAIN)),
    )  # fmt: skip


def _heading(cells: list[str]) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in cells)
    while names and not names[-1]:
        names = names[:-1]
    if len(names) > _MOST_COLUMNS:
        raise LimitExceeded(f"The table has {len(names)} columns; the limit is {_MOST_COLUMNS}.")
    for name in names:
        if names.count(name) > 1:
            raise InvalidInstruction(f"The column {name!r} stands twice in the table's heading.")
        if name not in _PLAIN and re.split(r"[.\[]", name)[0] not in _SETTINGS:
            raise InvalidInstruction(
                f"The table has a column {name[:60]!r}, which is not known. There are "
                f"{', '.join(_PLAIN)}, and a shot's fields such as motion.camera.type: they begin "
                f"with {', '.join(_SETTINGS)}."
            )
    if "image" not in names:
        raise InvalidInstruction(
            "The table has no column 'image' with the photos. Its first line names the columns."
        )
    return names


def _separator(text: str) -> str:
    """What separates the cells of the heading."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=head.count)


def _value(text: str) -> Any:
    """A cell: a number, true, false, null, a JSON list or object, or else words."""
    try:
        return read_json(text)
    except InvalidInstruction:
        return text


def _put(values: dict[str, Any], dotted: str, value: Any) -> None:
    """Set a field by its dotted name; lists count from 0: ``motion.camera[1].type``."""
    steps = [step for step in re.split(r"[.\[\]]+", dotted) if step]
    place: Any = values
    for step, following in zip(steps, (*steps[1:], None), strict=True):
        if isinstance(place, list):
            if not step.isdecimal() or int(step) >= len(place):
                raise InvalidInstruction(
                    f"the recipe has {len(place)} there, and {step!r} is none of them; count "
                    f"from 0, as in {dotted.replace(f'.{step}', '[0]')[:80]}."
                )
            key: Any = int(step)
        elif isinstance(place, dict):
            key = step
        else:
            raise InvalidInstruction(f"{step[:40]!r} is not inside anything of a shot.")
        if following is None:
            place[key] = value
            return
        inner = place[key] if isinstance(place, list) else place.get(key)
        if inner is None:
            inner = place[key] = {}
        place = inner


def _spoken(recipe: Shot, prompt: str) -> Shot:
    phrase = parse_phrase(prompt, duration=recipe.seconds)
    values = {**recipe.to_dict(), "prompt": prompt}
    if phrase.control is not None and phrase.control.moves:
        values.pop("trajectory", None)
        motion = dict(values["motion"])
        motion["camera"] = phrase.control.to_dict()["camera"]
        values["motion"] = motion
    return Shot.from_dict(values)


def _lasting(shot: Shot, seconds: str | float | None) -> Shot:
    try:
        length = float(str(seconds).strip().removesuffix("s").strip())
    except ValueError:
        raise InvalidInstruction(f"{str(seconds)[:40]!r} is no number of seconds.") from None
    if shot.trajectory is not None:
        raise InvalidInstruction(
            "the recipe's camera is keyed, so its keys decide the length. Use moves, or leave the "
            "cell empty."
        )
    return shot.model_copy(update={"motion": shot.motion.with_duration(length)})


def _check_count(rows: int) -> None:
    if rows > MOST_ROWS:
        raise LimitExceeded(f"A batch has at most {MOST_ROWS:,} rows. Make it in parts.")
