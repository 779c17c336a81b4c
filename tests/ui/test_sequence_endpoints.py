"""The endpoints of the sequence through ``gradio_client``, as a program calls them."""

from __future__ import annotations

import json
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from synth.media import read_metadata
from synth.media.story import METADATA_KEY
from synth.sequence.project import Project
from tests.ui.conftest import make_picture, sent
from tests.ui.interpolating import make_clip

WAY = {"type": "wipeleft", "seconds": 0.25}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two photos and a clip of one second."""
    folder = tmp_path_factory.mktemp("sequence")
    return [
        make_picture(folder / "one.png", 160, 96, seed=1),
        make_picture(folder / "two.png", 160, 96, seed=2),
        make_clip(folder / "walk.mp4", frames=12, fps=12),
    ]


def _project() -> dict[str, Any]:
    """Three shots whose media are named by name, laid out as cards."""
    still = {"motion": {"camera": {"type": "truck", "direction": "left", "duration": 1.0}}}
    return {
        "name": "Small film",
        "shots": [
            {"id": "first", "media": {"name": "one.png"}, "shot": still},
            {"id": "walk", "media": {"name": "walk.mp4"}},
            {"id": "last", "media": {"name": "two.png"}, "shot": still},
        ],
        "cards": [
            {"shot": "first", "start": 0.0, "seconds": 1.0, "way": WAY},
            {"shot": "walk", "start": 0.25, "seconds": 0.75, "way": {**WAY, "type": "whip_pan"}},
            {"shot": "last", "start": 0.0, "seconds": 1.0},
        ],
        "output": {"long_side": 160, "fps": "12", "aspect": "16:9"},
        "titles": [{"text": "Hello <b>you</b>", "style": "caption", "start": 0.2, "seconds": 1.0}],
    }  # fmt: skip


def test_a_film_is_made_of_two_photos_and_a_clip(client: Client, files: list[Path]) -> None:
    film, report = client.predict(
        _project(), [sent(file) for file in files], None, api_name="/compose_sequence"
    )
    assert report["frames"] == 12 + 9 + 12 - 3 - 3
    assert report["arithmetic"] == "3 shots 2.8 s − 2 transitions 0.5 s = 2.2 s"
    assert set(report["drawn"]) == {"first", "walk", "last"} or "first" in report["drawn"]
    with av.open(str(film), "r") as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 27
    assert (frames[0].width, frames[0].height) == (160, 90)
    assert frames[1].time == pytest.approx(1 / 12, abs=1e-3)
    inside = json.loads(read_metadata(film)[METADATA_KEY])
    again = Project.from_dict(inside["project"])
    assert [shot.id for shot in again.shots] == ["first", "walk", "last"]
    assert again.titles[0].text == "Hello <b>you</b>"


def test_the_arithmetic_is_told_before_anything_is_drawn(client: Client, files: list[Path]) -> None:
    plan = client.predict(_project(), [sent(one) for one in files], None, api_name="/plan_sequence")
    assert (plan["frames"], plan["fps"]) == (27, "12")
    assert [card["shot"] for card in plan["cards"]] == ["first", "walk", "last"]
    assert plan["cards"][1]["start"] == pytest.approx(0.75)
    assert plan["cards"][1]["transition"] == {"type": "whip_pan", "seconds": 0.25}
    assert plan["missing"] == []
    assert plan["seconds"] == pytest.approx(float(Fraction(27, 12)))


def test_files_may_be_called_otherwise(client: Client, files: list[Path]) -> None:
    project = _project()
    project["shots"] = [{**project["shots"][0], "media": {"name": "harbour"}}]
    project["cards"] = project["cards"][:1]
    plan = client.predict(project, [sent(files[0])], ["harbour"], api_name="/plan_sequence")
    assert plan["frames"] == 12


@pytest.mark.parametrize("form", ["json", "bundle", "otio", "edl"])
def test_a_project_is_written_for_others(client: Client, files: list[Path], form: str) -> None:
    project = _project()
    if form == "edl":  # Timecode knows no 12 frames a second.
        project["output"]["fps"] = "24"
    path, report = client.predict(
        project, form, [sent(one) for one in files], None, api_name="/sequence_exchange"
    )
    assert report["form"] == form
    if form == "bundle":
        with zipfile.ZipFile(path) as bundle:
            assert len(bundle.namelist()) == 4
    elif form == "json":
        assert Project.from_json(Path(path).read_text()).name == "Small film"
    else:
        assert "walk" in Path(path).read_text()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cards": []}, "no shots yet"),
        ({"cards": [{"shot": "first", "start": 0.0, "seconds": 0.0}]}, "no length"),
        ({"cards": [{"shot": "first", "start": 0.0, "seconds": 9.0}]}, "Trim the card"),
        ({"cards": [{"shot": "gone", "start": 0.0, "seconds": 1.0}]}, "not there"),
        ({"cards": [{"shot": "first", "start": 0.0, "seconds": 1e300}]}, "0 to 14400"),
        ({"schema": "motion-synth.project/9"}, "version"),
        ({"shots": [{"id": "first", "media": {"name": "missing.png"}}]}, "was not sent"),
        ({"later": json.loads("[" * 300 + "]" * 300)}, "nested more than"),
        ({"later": [0] * 100_001}, "more than 100,000 values"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    client: Client, files: list[Path], change: dict[str, Any], words: str
) -> None:
    with pytest.raises(AppError, match=words):
        client.predict(
            {**_project(), **change}, [sent(one) for one in files], None,
            api_name="/plan_sequence",
        )  # fmt: skip


def test_a_file_that_is_no_picture_says_so(client: Client, tmp_path: Path) -> None:
    fake = tmp_path / "one.png"
    fake.write_bytes(b"GIF89a, but not really")
    project = _project()
    project["shots"], project["cards"] = project["shots"][:1], project["cards"][:1]
    with pytest.raises(AppError, match=r"one.png|picture"):
        client.predict(project, [sent(fake)], None, api_name="/compose_sequence")
