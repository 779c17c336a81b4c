"""The first snippet of the brief runs as it is written there, and does what it says."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from synth import VideoResult, generate_video_with_motion_control, shot_from_video
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia
from synth.media import VideoReader, probe

if TYPE_CHECKING:
    from tests.conftest import Studio

SMALL: dict[str, Any] = {
    "output": {"long_side": 240, "fps": "12"},
    "depth": {"method": "embedded"},
}


@pytest.fixture(scope="module")
def image(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("brief") / "photo.jpg"
    Image.fromarray(studio.layered(480, 270).photo).save(path, quality=92)
    return str(path)


def _frames(path: Path) -> list[np.ndarray]:
    with VideoReader(path) as reader:
        return [frame.pixels for frame in reader]


def _moved(result: VideoResult) -> float:
    frames = _frames(result.path)
    return float(np.abs(frames[0].astype(int) - frames[-1]).mean())


@pytest.fixture(scope="module")
def result(image: str) -> VideoResult:
    prompt = "The protagonist walks through the rain"

    # Structured motion control
    motion_control = {
        "camera": {
            "type": "dolly",  # dolly, pan, orbit, tilt, crane
            "direction": "forward",  # forward, backward, left, right, up, down
            "intensity": 0.7,  # 0-1, how pronounced the movement
            "duration": 3.0,  # seconds
        },
        "objects": [
            {
                "id": "protagonist",
                "action": "walk",  # walk, run, dance, jump, fall
                "speed": 0.8,  # 0-1, relative speed
                "direction": "left_to_right",
            }
        ],
        "environmental": {
            "particle_effects": "rain",  # rain, snow, dust, fog
            "wind_direction": "left",
            "weather_intensity": 0.5,
        },
    }
    return generate_video_with_motion_control(image, motion_control, prompt)


def test_the_snippet_gives_a_playable_film_of_three_seconds(result: VideoResult) -> None:
    info = probe(result.path)
    assert (info.codec, info.pixel_format) == ("h264", "yuv420p")
    assert (info.width, info.height) == (1280, 720)
    assert info.fps == 24
    assert info.duration == 3
    assert result.frames == info.frames == 72
    with VideoReader(result.path) as reader:
        assert sum(1 for _ in reader) == 72
        assert reader.notes == ()


def test_the_camera_really_dollies_forward(result: VideoResult) -> None:
    assert result.fidelity is not None
    assert result.fidelity.to_dict()["obeyed"] is True
    frames = _frames(result.path)
    assert np.abs(frames[0].astype(int) - frames[-1]).mean() > 5.0


@pytest.mark.parametrize("part", ["objects", "environmental"])
def test_every_part_of_the_instruction_is_seen(result: VideoResult, image: str, part: str) -> None:
    less = {**result.shot.motion.to_dict(), part: [] if part == "objects" else None}
    without = generate_video_with_motion_control(image, less, "", fidelity=False)
    frames, others = _frames(result.path), _frames(without.path)
    apart = np.stack([np.abs(frames[i].astype(int) - others[i]).max(axis=2) for i in (20, 40, 60)])
    changed = (apart > 12).mean(axis=(1, 2))
    assert (changed > 0.002).all(), f"without {part} the film is the same"
    if part == "environmental":
        # Rain falls everywhere.
        height, width = apart.shape[1:]
        tiles = apart[:, : height // 4 * 4, : width // 4 * 4]
        tiles = tiles.reshape(3, 4, height // 4, 4, width // 4)
        assert (tiles.max(axis=(0, 2, 4)) > 12).mean() > 0.8


def test_the_result_can_be_saved_and_reports(result: VideoResult, tmp_path: Path) -> None:
    saved = result.save(tmp_path / "mine.mp4")
    assert probe(saved).frames == 72
    report = result.report()
    assert (report["frames"], report["seconds"], report["fps"]) == (72, 3.0, "24")
    assert result.metadata["shot"]["motion"]["camera"]["type"] == "dolly"
    assert result.metadata["shot"]["prompt"] == "The protagonist walks through the rain"
    assert shot_from_video(saved) == result.shot


def test_an_empty_control_takes_its_moves_from_the_prompt(image: str) -> None:
    moved = generate_video_with_motion_control(
        image, {}, "slow push in, the camera glides forward", settings=SMALL, fidelity=False
    )
    assert not moved.shot.motion.is_static
    assert moved.shot.motion.moves[0].type in ("push_in", "dolly")
    assert any(note.startswith("Camera from the prompt") for note in moved.notes)
    assert _moved(moved) > 3.0


@pytest.mark.parametrize("prompt", ["a lighthouse at dusk", "", "   "])
def test_a_prompt_that_names_no_move_leaves_the_camera_still(image: str, prompt: str) -> None:
    still = generate_video_with_motion_control(image, {}, prompt, settings=SMALL, fidelity=False)
    assert still.shot.motion.is_static
    assert _moved(still) < 0.5
    assert probe(still.path).duration == 3
    said = any("stands still" in note for note in still.notes)
    assert said == bool(prompt.strip())


def test_a_camera_that_was_given_is_not_overruled_by_the_prompt(image: str) -> None:
    control = {"camera": {"type": "static", "duration": 0.5}}
    still = generate_video_with_motion_control(
        image, control, "wild zoom out while the camera spins", settings=SMALL, fidelity=False
    )
    assert still.shot.motion.is_static
    assert _moved(still) < 0.5


def test_the_callers_dictionaries_are_not_changed(image: str) -> None:
    control: dict[str, Any] = {"camera": {"type": "Pan ", "intensity": 0.1, "duration": 0.2}}
    settings = {**SMALL, "seed": 3}
    generate_video_with_motion_control(image, control, settings=settings, fidelity=False)
    assert control == {"camera": {"type": "Pan ", "intensity": 0.1, "duration": 0.2}}
    assert settings == {**SMALL, "seed": 3}


def test_the_film_lives_as_long_as_its_result_and_a_saved_one_longer(
    image: str, tmp_path: Path
) -> None:
    control = {"camera": {"type": "roll", "duration": 0.2}}
    made = generate_video_with_motion_control(image, control, settings=SMALL, fidelity=False)
    path = made.path
    kept = made.save(tmp_path / "kept.mp4")
    assert path.exists()
    del made
    gc.collect()
    assert not path.exists()
    assert not path.parent.exists()
    assert probe(kept).width == 240


def test_a_film_written_where_the_caller_says_stays_there(image: str, tmp_path: Path) -> None:
    control = {"camera": {"type": "roll", "duration": 0.2}}
    target = tmp_path / "out.mp4"
    made = generate_video_with_motion_control(
        image, control, settings=SMALL, fidelity=False, output_path=target
    )
    assert made.path == target
    del made
    gc.collect()
    assert probe(target).width == 240


@pytest.mark.parametrize(
    ("control", "settings", "error"),
    [
        ({"camera": {"type": "teleport"}}, None, InvalidInstruction),
        ({"camera": {"type": "dolly", "intensity": 7}}, None, InvalidInstruction),
        ({"camera": {"type": "dolly", "intensity": float("nan")}}, None, InvalidInstruction),
        ({"lights": {}}, None, InvalidInstruction),
        ({}, {"output": {"fps": 23}}, InvalidInstruction),
        ({}, {"quality": "high"}, InvalidInstruction),
    ],
)
def test_nonsense_is_refused_before_anything_is_made(
    image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, control, settings, error
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(error):
        generate_video_with_motion_control(image, control, "x", settings=settings)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_photo_and_a_cancel_leave_no_folder_behind(
    image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from synth.control import CancelToken

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(InvalidMedia):
        generate_video_with_motion_control(tmp_path / "none.jpg", {}, "x")
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        generate_video_with_motion_control(image, {}, "x", settings=SMALL, cancel=token)
    assert list(tmp_path.iterdir()) == []
