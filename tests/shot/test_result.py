"""A finished clip carries its own instructions, and can be kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.media import VIDEO_FORMATS, VideoWriter, read_metadata
from synth.scene.depth_map import DepthMap
from synth.shot import METADATA_KEY, Shot, VideoResult, render_shot, shot_from_video
from synth.shot.result import suffix

MakeShot = Callable[..., Shot]


@pytest.fixture(scope="module")
def results(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path_factory
) -> dict[str, VideoResult]:
    """One short clip in every format, with a project worth restoring."""
    folder = tmp_path_factory.mktemp("formats")
    made = {}
    for name in VIDEO_FORMATS:
        shot = make_shot(
            "arc", intensity=0.35, duration=0.5, prompt='Sie sagt: "Los!" 🎬 ünter Wasser',
            output={"format": name, "long_side": 200}, lens={"vignette": 0.25}, seed=77,
        )  # fmt: skip
        path = folder / f"clip{suffix(shot)}"
        made[name] = render_shot(shot, photo_path, path, depth=true_depth)
    return made


@pytest.mark.parametrize("format", VIDEO_FORMATS)
def test_the_shot_inside_the_file_is_the_shot_that_made_it(results, format: str) -> None:
    result = results[format]
    restored = shot_from_video(result.path)
    assert restored == result.shot
    assert restored is not None
    assert restored.prompt == 'Sie sagt: "Los!" 🎬 ünter Wasser'


@pytest.mark.parametrize("format", VIDEO_FORMATS)
def test_the_file_holds_what_the_result_says(results, format: str) -> None:
    result = results[format]
    assert json.loads(read_metadata(result.path)[METADATA_KEY]) == result.metadata
    assert json.dumps(result.report())  # plain values only
    assert result.report()["seconds"] == 0.5
    assert result.report()["format"] == format


@pytest.mark.parametrize("format", ["mp4", "webm", "prores"])
def test_the_measured_camera_stands_in_the_file(results, format: str) -> None:
    values = json.loads(read_metadata(results[format].path)[METADATA_KEY])
    assert values["fidelity"]["obeyed"] is True
    assert values["fidelity"]["mean_rotation_error_degrees"] < 0.1


@pytest.mark.parametrize("format", VIDEO_FORMATS)
def test_nothing_of_this_machine_is_in_the_file(results, format: str) -> None:
    data = results[format].path.read_bytes()
    for secret in (str(Path.cwd()), str(results[format].path.parent)):
        assert secret.encode() not in data
    assert not re.search(rb"Lav[fc] ?\d", data)


def test_the_suffix_fits_the_format() -> None:
    suffixes = {
        name: suffix(Shot.from_dict({"output": {"format": name}})) for name in VIDEO_FORMATS
    }
    assert suffixes == {
        "mp4": ".mp4", "webm": ".webm", "gif": ".gif", "prores": ".mov", "png": ".zip",
    }  # fmt: skip


def _foreign(path: Path, metadata: dict[str, str]) -> Path:
    with VideoWriter(path, width=64, height=48, fps=12, metadata=metadata) as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8))
    return path


def test_another_programs_video_has_no_shot(tmp_path: Path) -> None:
    assert shot_from_video(_foreign(tmp_path / "a.mp4", {})) is None
    assert shot_from_video(_foreign(tmp_path / "b.mp4", {"comment": "holiday"})) is None
    for work in ("retime", "grade", "match", "deflicker", "denoise", "stabilise"):
        worked_on = {METADATA_KEY: json.dumps({work: {"schema": f"motion-synth.{work}/1"}})}
        assert shot_from_video(_foreign(tmp_path / f"{work}.mp4", worked_on)) is None


@pytest.mark.parametrize(
    "text",
    [
        "no json", "[]", "3", '{"shot": 3}', "{}", '{"shot": {"schema": "motion-synth.shot/9"}}',
        '{"shot": {"motion": {"camera": {"type": "warp"}}}}', '{"shot": {"seed": NaN}}',
        '{"shot": {"output": {"fps": "1e400"}}}', "[" * 200,
    ],
)  # fmt: skip
def test_a_damaged_or_forged_project_is_refused_in_words(tmp_path: Path, text: str) -> None:
    path = _foreign(tmp_path / "clip.mp4", {METADATA_KEY: text})
    with pytest.raises((InvalidInstruction, LimitExceeded)) as caught:
        shot_from_video(path)
    assert str(tmp_path) not in str(caught.value)


def test_what_is_no_video_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_text("hello")
    with pytest.raises(InvalidMedia):
        shot_from_video(path)


def test_saving_copies_the_whole_file(results, tmp_path: Path) -> None:
    result = results["mp4"]
    saved = result.save(tmp_path / "kept.mp4")
    assert saved == tmp_path / "kept.mp4"
    assert saved.read_bytes() == result.path.read_bytes()
    assert result.path.exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept.mp4"]
    # Again, over itself, and by a text for a path.
    assert result.save(str(saved)).read_bytes() == result.path.read_bytes()
    assert result.save(result.path) == result.path
    assert shot_from_video(saved) == result.shot


def test_saving_into_a_missing_folder_is_said_in_words(results, tmp_path: Path) -> None:
    with pytest.raises(InvalidInstruction, match="does not exist"):
        results["mp4"].save(tmp_path / "nowhere" / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def test_further_notes_come_first_and_change_nothing_else(results) -> None:
    result = results["mp4"]
    noted = result.with_notes("Look here.")
    assert noted.notes == ("Look here.", *result.notes)
    assert (noted.path, noted.shot, noted.metadata) == (result.path, result.shot, result.metadata)
