"""What became of each row of a batch, as values, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from synth.sequence.places import whole_file

Status = Literal["made", "kept", "failed", "stopped"]
"""made now; kept as an earlier run finished it; failed; or not done as the batch was stopped."""

COLUMNS: Final = ("row", "id", "image", "file", "status", "seconds", "attempts", "passed", "score",
                  "error")  # fmt: skip


@dataclass(frozen=True)
class RowReport:
    """What became of one row."""

    row: int
    """Its number."""
    id: str
    """What the video is called, without its suffix."""
    image: str
    """Name of the photo."""
    file: str
    """Name of the video in the batch's folder; empty where there is none."""
    status: Status
    seconds: float = 0.0
    """How long making it took; 0 where it was not made now."""
    attempts: int = 0
    """How often it was begun, by this run and earlier ones."""
    error: str = ""
    """Why it failed, in words."""
    passed: bool | None = None
    """Whether the video is good enough; None where nobody asked."""
    score: float | None = None
    """Its quality, 0 to 1; None where nobody asked."""
    notes: tuple[str, ...] = ()
    """What the user should know, in sentences."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        values: dict[str, Any] = {name: getattr(self, name) for name in COLUMNS}
        return {**values, "notes": list(self.notes)}


@dataclass(frozen=True)
class BatchReport:
    """What became of a batch."""

    folder: Path
    """Where the videos lie, with ``report.csv`` and ``report.json``."""
    rows: tuple[RowReport, ...]
    """One for each row, in order."""
    seconds: float
    """How long it took."""
    notes: tuple[str, ...] = field(default=())
    """What the user should know, in sentences."""

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many rows ended how."""
        found: dict[Status, int] = {"made": 0, "kept": 0, "failed": 0, "stopped": 0}
        for row in self.rows:
            found[row.status] += 1
        return found

    @property
    def complete(self) -> bool:
        """Whether every row has its video."""
        return all(row.status in ("made", "kept") for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "rows": [row.to_dict() for row in self.rows],
            "counts": dict(self.counts),
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
        }

    def to_csv(self) -> str:
        """A table with a heading."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for row in self.rows:
            values = row.to_dict()
            writer.writerow("" if values[c] is None else _cell(values[c]) for c in COLUMNS)
        return text.getvalue()

    def write(self) -> None:
        """Write ``report.csv`` and ``report.json`` into the folder, each whole or not at all."""
        with whole_file(self.folder / "report.csv") as partial:
            partial.write_bytes(b"\xef\xbb\xbf" + self.to_csv().encode())
        with whole_file(self.folder / "report.json") as partial:
            partial.write_text(json.dumps(self.to_dict(), indent=1, ensure_ascii=False), "utf-8")


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    text = isinstance(value, str) and value[:1] in ("=", "+", "-", "@")
    return f"'{value}" if text else value
