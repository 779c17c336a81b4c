"""The brief's snippets run as they are written there, and do what they say."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image

from synth import (
    CameraTrajectory,
    OpticalFlowInterpolation,
    Shot,
    VideoGradeAndEvaluate,
    VideoResult,
    VideoSequenceComposer,
    VideoStyleLora,
    generate_video_with_motion_control,
    render_shot,
    shot_from_video,
)
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia
from synth.media import VideoReader, VideoWriter, probe

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


# Camera Trajectory and Keyframes ------------------------------------------------------------------


def _camera_dolly_with_orbit() -> CameraTrajectory:
    # Usage: Define a camera dolly with orbit
    trajectory = CameraTrajectory(duration_seconds=5, fps=24)

    # Start: static wide shot
    trajectory.add_keyframe(frame_number=0, position=(0, 0, 10), rotation=(0, 0, 0))

    # Middle: pan and move forward
    trajectory.add_keyframe(frame_number=60, position=(2, 1, 8), rotation=(5, 45, 0))

    # End: close-up with slight rotation
    trajectory.add_keyframe(frame_number=120, position=(5, 2, 5), rotation=(10, 90, 5))

    return trajectory


def _as_the_brief_interpolates(keyframes: dict[float, Any], num_frames: int) -> np.ndarray:
    """x, y, z, pitch, yaw, roll and focal length of every frame by the brief's own rule, (N, 7).

    The keys before and after a frame, mixed by the share of the way; the last key's camera after
    it, the first key's before it.
    """
    rows = np.array(
        [
            [*key["position"], *key["rotation"], key["focal_length"]]
            for _, key in sorted(keyframes.items())
        ],
        dtype=np.float64,
    )
    numbers = sorted(keyframes)
    found = np.empty((num_frames, 7))
    for frame in range(num_frames):
        before = [place for place, number in enumerate(numbers) if number <= frame]
        after = [place for place, number in enumerate(numbers) if number > frame]
        if before and after:
            start, end = numbers[before[-1]], numbers[after[0]]
            t = (frame - start) / (end - start)
            found[frame] = rows[before[-1]] * (1 - t) + rows[after[0]] * t
        else:
            found[frame] = rows[before[-1]] if before else rows[0]
    return found


def _states(camera_path: list[dict[str, Any]]) -> np.ndarray:
    for state in camera_path:
        assert set(state) == {"position", "rotation", "focal_length"}
        assert isinstance(state["position"], tuple)
        assert isinstance(state["rotation"], tuple)
    return np.array(
        [[*state["position"], *state["rotation"], state["focal_length"]] for state in camera_path]
    )


def test_the_dolly_with_orbit_has_the_briefs_120_cameras() -> None:
    trajectory = _camera_dolly_with_orbit()
    assert (trajectory.duration, trajectory.fps, trajectory.num_frames) == (5, 24, 120)

    # Get interpolated positions for all frames
    camera_path = trajectory.interpolate_trajectory()

    wanted = _as_the_brief_interpolates(trajectory.keyframes, 120)
    assert np.abs(_states(camera_path) - wanted).max() <= 1e-9
    # By hand: a quarter, the middle key itself, and three quarters of the way.
    assert wanted[30].tolist() == [1.0, 0.5, 9.0, 2.5, 22.5, 0.0, 50.0]
    assert wanted[60].tolist() == [2.0, 1.0, 8.0, 5.0, 45.0, 0.0, 50.0]
    assert wanted[90].tolist() == [3.5, 1.5, 6.5, 7.5, 67.5, 2.5, 50.0]


def test_keys_in_any_order_with_lenses_hold_before_the_first_and_after_the_last() -> None:
    trajectory = CameraTrajectory(duration_seconds=2, fps=25)
    trajectory.add_keyframe(40, (1.5, -2, 7), (-3, 400, 12), focal_length=85)
    trajectory.add_keyframe(10, (0, 0, 10), (0, 0, 0), focal_length=24)
    trajectory.add_keyframe(33, (9, 9, 9), (9, 9, 9))
    # The same frame again: the later call counts, as with the brief's dictionary.
    trajectory.add_keyframe(33, (-1, 3, 8), (20, -180, 0), focal_length=35)
    assert sorted(trajectory.keyframes) == [10, 33, 40]
    found = _states(trajectory.interpolate_trajectory())
    wanted = _as_the_brief_interpolates(trajectory.keyframes, 50)
    assert np.abs(found - wanted).max() <= 1e-9
    assert (found[:11] == wanted[10]).all()
    assert (found[40:] == wanted[40]).all()


@pytest.mark.parametrize("frame_number", [-1, 121, 10**9])
def test_a_key_outside_the_clip_is_the_briefs_value_error(frame_number: int) -> None:
    trajectory = _camera_dolly_with_orbit()
    with pytest.raises(ValueError, match=rf"Frame {frame_number} out of range \[0, 120\]"):
        trajectory.add_keyframe(frame_number, position=(0, 0, 10), rotation=(0, 0, 0))
    assert sorted(trajectory.keyframes) == [0, 60, 120]


@pytest.mark.parametrize(
    ("seconds", "fps", "frames"),
    [
        (5, 24, 120),
        (5, 29.97, 150),
        (2.5, 24, 60),
        (0.7, 30, 21),
        (1.1, 29.97, 33),
        (100, 29.97, 2997),
        (100.1, 30000 / 1001, 3000),
        (10.01, 23.976, 240),
        (3.3, 24, 79),
    ],
)
def test_the_number_of_frames_is_right_for_broken_rates_and_seconds(
    seconds: float, fps: float, frames: int
) -> None:
    trajectory = CameraTrajectory(duration_seconds=seconds, fps=fps)
    assert trajectory.num_frames == frames
    trajectory.add_keyframe(0, (0, 0, 10), (0, 0, 0))
    trajectory.add_keyframe(frames, (1, 0, 10), (0, 0, 0))
    camera_path = trajectory.interpolate_trajectory()
    assert len(camera_path) == frames
    assert camera_path[-1]["position"][0] == pytest.approx(1 - 1 / frames, abs=1e-12)


def test_the_dolly_with_orbit_can_be_filmed(image: str, tmp_path: Path) -> None:
    trajectory = CameraTrajectory(duration_seconds=0.5, fps=12)
    trajectory.add_keyframe(0, position=(0, 0, 10), rotation=(0, 0, 0))
    trajectory.add_keyframe(6, position=(0.3, 0.1, 9.5), rotation=(1, 2, 1), focal_length=60)
    shot = Shot.from_dict(SMALL).with_trajectory(trajectory.to_keys())
    made = render_shot(shot, image, tmp_path / "orbit.mp4", fidelity=False)
    assert probe(made.path).frames == len(trajectory.interpolate_trajectory()) == 6
    assert _moved(made) > 3.0


# Optical Flow and Frame Interpolation -------------------------------------------------------------


@pytest.fixture(params=["jpg", "png"])
def two_frames(
    request: pytest.FixtureRequest, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[np.ndarray]:
    """frame_0 and frame_1 in the working folder, and as they are read; the camera pans by 12."""
    with Image.open(image) as photo:
        whole = photo.convert("RGB")
    for number in range(2):
        part = whole.crop((60 + 12 * number, 40, 380 + 12 * number, 220))
        part.save(tmp_path / f"frame_{number}.{request.param}")
    monkeypatch.chdir(tmp_path)
    paths = [tmp_path / f"frame_{number}.{request.param}" for number in range(2)]
    return [np.asarray(Image.open(path).convert("RGB")) for path in paths]


def test_the_frame_between_two_frames(two_frames: list[np.ndarray], image: str) -> None:
    kind = "jpg" if Path("frame_0.jpg").exists() else "png"

    # Usage: Smooth 24fps video to 60fps
    interpolator = OpticalFlowInterpolation()

    # Between frame 0 and frame 1 (at 24fps), insert 1 frame to achieve 30fps
    intermediate_frames = interpolator.interpolate_frames(
        frame1_path=f"frame_0.{kind}",
        frame2_path=f"frame_1.{kind}",
        num_intermediate=1,  # Results in 3 frames total: 0, interp, 1
    )

    assert len(intermediate_frames) == 3
    assert all(isinstance(frame, Image.Image) for frame in intermediate_frames)
    first, between, last = (np.asarray(frame) for frame in intermediate_frames)
    assert np.array_equal(first, two_frames[0])
    assert np.array_equal(last, two_frames[1])
    with Image.open(image) as photo:
        truth = np.asarray(photo.convert("RGB").crop((66, 40, 386, 220))).astype(float)
    mixed = (first.astype(float) + last) / 2
    missed, blurred = (np.square(picture - truth).mean() for picture in (between, mixed))
    assert missed < blurred / 5


def test_eight_frames_are_made_where_no_number_is_given(two_frames: list[np.ndarray]) -> None:
    kind = "jpg" if Path("frame_0.jpg").exists() else "png"
    frames = OpticalFlowInterpolation().interpolate_frames(f"frame_0.{kind}", f"frame_1.{kind}")
    assert len(frames) == 10
    apart = [np.abs(np.asarray(frame).astype(int) - two_frames[0]).mean() for frame in frames]
    assert apart[0] == 0
    assert (np.diff(apart) > 0).all()


def test_frames_of_two_sizes_a_missing_one_and_text_called_jpg_are_told_apart(
    two_frames: list[np.ndarray],
) -> None:
    kind = "jpg" if Path("frame_0.jpg").exists() else "png"
    interpolate = OpticalFlowInterpolation().interpolate_frames
    Image.fromarray(two_frames[1][:100]).save("narrow.png")
    Path("text.jpg").write_text("frame 1, to be taken tomorrow")
    for other, said in (
        ("narrow.png", r"320x180 and the second 320x100.*same size"),
        ("frame_2.jpg", r"second picture.*frame_2\.jpg"),
        ("text.jpg", r"second picture.*not a picture"),
    ):
        with pytest.raises(InvalidMedia, match=said):
            interpolate(f"frame_0.{kind}", other, 1)


# Quality and grading ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photographed() -> list[np.ndarray]:
    """Two seconds of panning over a photograph, uint8 RGB 480x270."""
    data = pytest.importorskip("skimage.data")
    photo = np.asarray(data.coffee(), np.uint8)
    return [
        np.ascontiguousarray(photo[60:330, 2 * number + 8 : 2 * number + 488])
        for number in range(48)
    ]


def _write(path: Path, frames: list[np.ndarray]) -> Path:
    height, width = frames[0].shape[:2]
    with VideoWriter(path, width=width, height=height, fps=24) as film:
        for frame in frames:
            film.write(frame)
    return path


@pytest.fixture(scope="module")
def generated(photographed: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("generated") / "generated_video.mp4", photographed)


def test_a_good_video_is_judged_and_graded(
    generated: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(generated.parent)
    graded = None

    # Usage
    grader = VideoGradeAndEvaluate()

    # Evaluate generated video
    quality = grader.evaluate_video_quality("generated_video.mp4")
    print(f"Quality score: {quality['overall_score']:.2f}")

    if quality["pass_threshold"]:
        print("Video passes quality gates")

        # Apply color grading
        graded = grader.apply_color_grading(
            "generated_video.mp4",
            adjustments={
                "saturation": 1.1,
                "contrast": 1.05,
                "temperature": 200,  # Warm up by 200K
            },
        )
    else:
        print("Video fails quality gates, regenerating...")

    said = capsys.readouterr().out
    assert "Video passes quality gates" in said
    assert list(quality)[:3] == ["metrics", "overall_score", "pass_threshold"]
    metrics = quality["metrics"]
    assert list(metrics) == [
        "sharpness", "color_consistency", "motion_smoothness", "flicker_detection",
        "artifact_score",
    ]  # fmt: skip
    # The brief's own sum.
    overall_score = (
        metrics["sharpness"] * 0.2
        + metrics["color_consistency"] * 0.2
        + metrics["motion_smoothness"] * 0.3
        + (1 - metrics["flicker_detection"]) * 0.2
        + (1 - metrics["artifact_score"]) * 0.1
    )
    assert quality["overall_score"] == pytest.approx(overall_score, abs=2e-4)
    assert quality["gate"]["passed"], quality["gate"]["reasons"]
    assert grader.quality_metrics == metrics
    assert json.loads(json.dumps(quality, allow_nan=False)) == quality

    assert graded is not None
    before, after = (np.stack(_frames(path)).astype(float) for path in (generated, graded.path))
    assert after.shape == before.shape
    red, _, blue = (after - before).mean(axis=(0, 1, 2))
    assert red > blue + 2
    assert after.std() > 1.02 * before.std()


def test_controls_at_rest_and_none_leave_the_video_alone(generated: Path) -> None:
    grader = VideoGradeAndEvaluate()
    at_rest = {"brightness": 0, "contrast": 1.0, "saturation": 1.0, "temperature": 0, "tint": 0}
    before = np.stack(_frames(generated)).astype(float)
    for adjustments in (None, {}, at_rest):
        graded = grader.apply_color_grading(generated, adjustments=adjustments)
        # What is left is the encoder's.
        assert np.abs(np.stack(_frames(graded.path)) - before).mean() < 1.5


def test_the_lut_comes_before_the_controls(generated: Path, tmp_path: Path) -> None:
    invert = tmp_path / "invert.cube"
    invert.write_text("LUT_1D_SIZE 2\n1 1 1\n0 0 0\n")
    graded = VideoGradeAndEvaluate().apply_color_grading(
        str(generated), str(invert), {"brightness": 0.2}
    )
    before, after = (np.stack(_frames(path)).mean() for path in (generated, graded.path))
    # Inverted, then brighter; the other way round it would be darker.
    assert after > 255 - before + 15


def _spoilt(frames: list[np.ndarray], defect: str) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    made = []
    for number, frame in enumerate(frames):
        picture = frame.astype(np.float32)
        if defect == "flicker":
            picture *= 1.0 + 0.05 * rng.normal()
        elif defect == "blur":
            picture = cv2.GaussianBlur(picture, (0, 0), 2.5)
        elif defect == "colour_drift":
            picture *= 1.0 + np.array([0.4, 0.0, -0.4]) * number / len(frames)
        elif defect == "duplicates":
            picture = frames[number // 3 * 3].astype(np.float32)
        elif defect == "noise":
            picture += rng.normal(0, 14, picture.shape)
        made.append(np.clip(np.rint(picture), 0, 255).astype(np.uint8))
    return made


@pytest.mark.parametrize(
    ("defect", "metric"),
    [
        ("flicker", "flicker_detection"),
        ("blur", "sharpness"),
        ("colour_drift", "color_consistency"),
        ("duplicates", "motion_smoothness"),
        ("noise", "artifact_score"),
    ],
)
def test_a_defect_moves_its_own_metric(
    photographed: list[np.ndarray], generated: Path, tmp_path: Path, defect: str, metric: str
) -> None:
    grader = VideoGradeAndEvaluate()
    before = grader.evaluate_video_quality(generated)["metrics"]
    quality = grader.evaluate_video_quality(
        _write(tmp_path / "spoilt.mp4", _spoilt(photographed, defect))
    )
    worse = {
        name: (1 if name in ("flicker_detection", "artifact_score") else -1)
        * (value - before[name])
        for name, value in quality["metrics"].items()
    }
    own, most = worse.pop(metric), max(worse.values())
    assert own > 0.1, quality["metrics"]
    # What is blurred shows the codec's blocks, which count too, but less.
    assert most < (own / 1.5 if defect == "blur" else 0.1), quality["metrics"]
    if defect != "blur":
        assert not quality["gate"]["passed"]
        assert defect in [finding["defect"] for finding in quality["findings"]]


def test_a_rendered_clip_brings_what_its_camera_did(result: VideoResult) -> None:
    quality = VideoGradeAndEvaluate().evaluate_video_quality(result.path)
    assert quality["camera"]["obeyed"] is True
    assert quality["camera"]["verdict"]


BRIEFS_FILM = """
# Usage: Create a 30-second cinematic sequence
composer = VideoSequenceComposer()
composer.add_shot(
    "establishing_shot",
    image_path="cityscape.jpg",
    motion_prompt="Camera pulling back revealing the full cityscape at sunrise",
    duration_seconds=5
)
composer.add_shot(
    "protagonist_intro",
    image_path="character.jpg",
    motion_prompt="Camera pushes toward the protagonist standing on rooftop, sharp focus",
    duration_seconds=4
)
composer.add_shot(
    "action_sequence",
    image_path="rooftop_chase.jpg",
    motion_prompt="Dynamic camera movement following character running across rooftops",
    duration_seconds=8
)
output = composer.generate_sequence("cinematic_sequence.mp4")
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, VideoSequenceComposer]:
    folder = tmp_path_factory.mktemp("sequence")
    examples = Path(__file__).parent.parent / "assets" / "examples"
    photos = {"cityscape": "lighthouse", "character": "robot", "rooftop_chase": "cloister"}
    for name, example in photos.items():
        picture = Image.open(examples / f"{example}.jpg").convert("RGB")
        picture.resize((480, 320)).save(folder / f"{name}.jpg", quality=92)

    class Small(VideoSequenceComposer):
        def __init__(self) -> None:
            super().__init__(long_side=480, fps="12")

    names: dict[str, Any] = {"VideoSequenceComposer": Small}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(BRIEFS_FILM, "brief", "exec"), names)
        assert names["output"] == "cinematic_sequence.mp4"
    return folder / names["output"], names["composer"]


def test_the_briefs_film_is_as_long_as_the_arithmetic_says(
    film: tuple[Path, VideoSequenceComposer],
) -> None:
    path, composer = film
    # 5, 4 and 8 seconds, of which neighbours share two fades of half a second.
    assert composer.plan().seconds == 5 + 4 + 8 - 2 * 0.5
    assert probe(path).codec == "h264"
    assert len(_frames(path)) == 16 * 12


def test_the_cameras_of_the_briefs_film_do_what_the_sentences_say(
    film: tuple[Path, VideoSequenceComposer],
) -> None:
    _, composer = film
    shots = [shot.shot for shot in composer.project.shots]
    assert [shot.motion.moves[0].type for shot in shots] == ["pull_out", "push_in", "truck"]
    assert composer.result is not None
    for id, found in composer.result.fidelity.items():
        assert found["obeyed"], (id, found["verdict"])
        assert found["verdict"].startswith("The camera did what was asked"), id
        assert found["confidence"] > 0.7, (id, found["verdict"])
    paths = [shot.camera_path().positions for shot in shots]
    back, push, truck = (path[-1] - path[0] for path in paths)
    assert back[2] > 0.5
    assert push[2] < -0.5
    assert abs(truck[0]) > 0.5


BRIEFS_STYLE = """
# Usage: Train and apply video style
style_lora = VideoStyleLora()

# Train on reference videos (e.g., 5 cinematic noir clips)
reference_videos = [
    "noir_reference_1.mp4",
    "noir_reference_2.mp4",
    "noir_reference_3.mp4"
]
lora_path = style_lora.train_style_lora(
    reference_videos,
    style_name="cinematic_noir",
    steps=2000
)

# Apply to new generation
base_prompt = "camera panning across urban street at night, detective walking"
styled_prompt = style_lora.apply_style(base_prompt, lora_strength=0.9)
"""


def test_the_briefs_style_is_learned_written_and_obeyed(
    image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = Path(__file__).parent.parent / "assets" / "examples"
    for number, name in enumerate(("lighthouse", "robot", "cloister"), 1):
        picture = np.asarray(Image.open(examples / f"{name}.jpg").convert("L").resize((416, 240)))
        dark = (255 * (picture / 255.0) ** 1.6).astype(np.uint8)
        clip = tmp_path / f"noir_reference_{number}.mp4"
        with VideoWriter(clip, width=320, height=240, fps=24) as writer:
            for frame in range(48):
                seen = dark[:, 2 * frame : 2 * frame + 320]
                writer.write(np.ascontiguousarray(np.repeat(seen[..., None], 3, axis=2)))
    monkeypatch.chdir(tmp_path)
    # As on a machine without the AI packages, whatever this one has.
    monkeypatch.setattr("synth.style.video_style_lora._PACKAGES", ("no_such_package",))
    names: dict[str, Any] = {"VideoStyleLora": VideoStyleLora}
    exec(compile(BRIEFS_STYLE, "brief", "exec"), names)
    assert names["lora_path"] == "loras/cinematic_noir_video.safetensors"
    assert Path(names["lora_path"]).is_file()
    style = names["style_lora"]
    assert (style.lora_path, style.style_name) == (names["lora_path"], "cinematic_noir")
    assert style.kind == "look"
    assert "no_such_package" in style.said
    prompt = names["styled_prompt"]
    assert prompt == (
        "camera panning across urban street at night, detective walking "
        "<lora:loras/cinematic_noir_video.safetensors:0.9>"
    )

    def colourfulness(words: str) -> float:
        made = generate_video_with_motion_control(
            image, {}, words, settings={**SMALL, "seed": 3}, fidelity=False
        )
        assert made.notes[0].startswith("Camera from the prompt: ")
        first = _frames(made.path)[0].astype(int)
        return float(np.ptp(first, axis=2).mean())

    plain = colourfulness(names["base_prompt"])
    assert colourfulness(prompt) < 0.5 * plain
    nothing = style.apply_style(names["base_prompt"], lora_strength=0)
    # Frames stay bit for bit (tests/style/test_look.py); the encoder does not always repeat itself.
    assert colourfulness(nothing) == pytest.approx(plain, abs=0.2)
