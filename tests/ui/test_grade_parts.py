"""What the Grade & Quality tab is made of, without a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synth.errors import InvalidInstruction
from synth.grade.settings import Adjustments, Grade
from synth.media import VideoWriter
from synth.media.story import METADATA_KEY
from synth.quality.model import Curve, Finding, Gate, Metric, QualityReport, Span
from synth.ui.grade_desk import desk_spec, first_grade, problems, read_grade
from synth.ui.grade_handlers import camera_of
from synth.ui.grade_live import LiveGrade
from synth.ui.grade_shown import METRICS, report_card
from tests.ui.grading import make_flickering, write_swap


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where visitors' files lie."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def clip(uploads: Path) -> dict[str, str]:
    return {"path": str(make_flickering(uploads / "lamp.mp4", frames=12))}


def _desk(**adjustments: Any) -> dict[str, Any]:
    grade = first_grade()
    return {**grade, "adjustments": {**grade["adjustments"], **adjustments}}


def test_the_desk_opens_at_rest_and_offers_every_control() -> None:
    grade, lut = read_grade(first_grade())
    assert grade == Grade()
    assert lut is None
    fields = desk_spec()["fields"]
    assert set(Adjustments.model_fields) <= set(fields)
    for name in ("slope", "lift", "gamma", "hues"):
        bounds = fields[name]
        assert bounds["min"] < bounds["rest"] < bounds["max"], name
    json.dumps(desk_spec())


@pytest.mark.parametrize(
    ("adjustments", "place", "words"),
    [
        ({"tint": 900.0}, "tint", "100"),
        ({"exposure": "bright"}, "exposure", "Exposure"),
        ({"slope": [1.0, 9.0, 1.0]}, "slope-1", "4"),
        ({"hues": [1.0, 1.0, 1.0, 1.0, 1.0, 5.0]}, "hues-5", "2"),
        ({"curve": [[0.5, 0.1], [0.2, 0.3]]}, "curve", "dark to bright"),
        ({"glow": 1.0}, "all", "glow"),
    ],
)
def test_what_is_wrong_is_said_at_its_control(
    adjustments: dict[str, Any], place: str, words: str
) -> None:
    found = problems(_desk(**adjustments))
    assert list(found) == [place]
    assert words in found[place]


def test_a_desk_that_is_none_is_said_to_be_none() -> None:
    assert "Reload" in problems("grade")["all"]
    assert problems({**first_grade(), "lut_strength": 3.0})["lut_strength"]
    assert problems({**first_grade(), "lut": {"path": "/etc/passwd"}})["all"]
    assert problems(first_grade()) == {}


def test_a_moment_is_graded_and_only_what_is_new_is_sent(clip: dict[str, str]) -> None:
    live = LiveGrade()
    asked = {"file": clip, "at": 0.1, "scope": "waveform", "grade": _desk(exposure=1.0)}
    first = live.still(asked)
    assert first["before"].startswith("data:image/jpeg")
    assert first["after"] != first["before"]
    assert set(first["scopes"]) == {"before", "after", "words", "key", "levels"}
    assert sum(first["scopes"]["levels"]) == 160 * 90
    again = live.still({**asked, "have": first["key"], "seen": first["scopes"]["key"]})
    assert "before" not in again
    assert "before" not in again["scopes"]
    assert again["after"] == first["after"]
    assert live.still({**asked, "have": first["key"], "grade": None}) == {"key": first["key"]}
    wrong = live.still({**asked, "grade": _desk(tint=900.0)})
    assert list(wrong["problems"]) == ["tint"]
    assert "after" not in wrong
    assert live.still({**asked, "at": 0.4})["key"] != first["key"]
    json.dumps(first)


def test_what_comes_from_the_page_is_not_trusted(uploads: Path, clip: dict[str, str]) -> None:
    live = LiveGrade()
    (still,) = live.view_functions()
    for wrong in (
        None,
        {"file": {"path": "/etc/passwd"}, "at": 0.0},
        {"file": clip, "at": "now"},
        {"file": clip, "at": -1},
        {"file": clip, "at": True},
    ):
        assert still(wrong)["error"], wrong
    looks, lut, cube, check = live.desk_functions()
    assert set(looks({"file": clip, "at": 0})["pictures"]) > {"", "noir"}
    broken = uploads / "broken.cube"
    broken.write_text("LUT_3D_SIZE 2\n0 0 0\n0 zero 0\n")
    assert "ine 3" in lut({"path": str(broken)})["error"]
    swap = {"path": str(write_swap(uploads / "swap.cube"))}
    assert "Swap" in lut(swap)["words"]
    text = cube({"grade": {**_desk(grain=0.5), "lut": swap}})
    assert text["text"].count("\n") > 33**3
    assert "grain" in text["words"]
    assert cube({})["error"]
    assert check(3)["error"]


@pytest.mark.parametrize(
    "text",
    [
        '{"grade": {"adjustments": {"exposure": 0.5}}}',
        '{"adjustments": {"exposure": 0.5}}',
        '{"exposure": 0.5}',
        '{"grade": {"adjustments": {"exposure": 0.5}, "lut": {"path": "x"}, "format": "mp4"}}',
    ],
)
def test_a_grade_is_pasted_in_any_of_its_forms(text: str) -> None:
    found = LiveGrade().check(text)["grade"]
    assert Grade.from_values(found).adjustments.exposure == 0.5


def test_a_pasted_grade_names_its_lut() -> None:
    text = '{"grade": {"adjustments": {"exposure": 0.5}}, "lut": "my.cube"}'
    assert LiveGrade().check(text)["lut"] == "my.cube"
    assert LiveGrade().check('{"exposure": 0.5, "lut": {"path": "/etc/passwd"}}')["lut"] == ""


def test_what_a_file_says_of_its_camera_is_short_and_plain(uploads: Path) -> None:
    def said(text: str) -> dict[str, Any] | None:
        path = uploads / f"{len(list(uploads.iterdir()))}.mp4"
        frame = np.zeros((16, 16, 3), np.uint8)
        with VideoWriter(
            path, width=16, height=16, fps=24, metadata={METADATA_KEY: text}
        ) as writer:
            writer.write(frame)
        return camera_of(str(path))

    kept = said('{"fidelity": {"verdict": "' + "near " * 200 + '", "error": 0.1, "path": [1]}}')
    assert kept is not None
    assert set(kept) == {"verdict", "error"}
    assert len(kept["verdict"]) == 300
    assert said('{"fidelity": 3}') is None
    assert said("{") is None
    assert camera_of(str(make_flickering(uploads / "plain.mp4", frames=2))) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[1]",
        '{"grade": 3}',
        '{"glow": 1}',
        '{"exposure": NaN}',
        '{"exposure": 99}',
        '{"adjustments": {}, "keys": [{"time": 0, "adjustments": {}}]}',
        '{"exposure": 1' + " " * 300_000 + "}",
    ],
)
def test_what_is_no_grade_is_not_pasted(text: str) -> None:
    with pytest.raises(InvalidInstruction):
        LiveGrade().check(text)


def test_a_report_card_keeps_every_peak_and_speaks_plainly() -> None:
    times = np.arange(5000, dtype=np.float32) / np.float32(25)
    values = np.zeros(5000, np.float32)
    values[3210], values[7] = 4.0, np.nan
    finding = Finding(
        "flicker", "Flicker of 4 %.", (Span(128.0, 128.5),), 128.4, 4.0, 1.0, 0.8, True,
        "deflicker", "flicker",
    )  # fmt: skip
    report = QualityReport(
        tuple(Metric(name, 0.5, "So so.", ()) for name in METRICS),
        Gate(False, ("Flicker of 4 %.",)),
        (finding,),
        {"flicker": Curve(times, values, "%", 1.0, "Change of brightness")},
        thumbnails={128.4: np.full((9, 16, 3), 90, np.uint8)},
    )
    card = report_card(report, "clip.mp4")
    curve = card["curves"]["flicker"]
    assert len(curve["values"]) <= 1500
    assert max(one for one in curve["values"] if one is not None) == 4.0
    assert curve["label"] == "Flicker"
    assert card["findings"][0]["thumbnail"].startswith("data:image/jpeg")
    assert [one["lower"] for one in card["metrics"]] == [False, False, False, True, True]
    assert "misses" in card["threshold"]
    assert (card["text"], card["metrics"][3]["text"]) == ("0.50", "0.50")
    assert card["metrics"][0]["words"] == "So so."
    json.dumps(card, allow_nan=False)
