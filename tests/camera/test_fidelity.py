from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from synth.camera.fidelity import CameraFidelity, measure_fidelity, measure_file
from synth.camera.pose import CameraPath, CameraPose
from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia

FRAMES = 9
MOVES = (
    "static", "dolly in", "dolly out", "truck", "pedestal", "pan", "tilt", "roll", "zoom",
    "zoom out", "dolly zoom", "orbit", "arc", "crane", "spiral", "handheld",
)  # fmt: skip


@pytest.fixture(scope="module")
def shots(room, path_of):
    """Films of some moves, with the path and the depth of the first frame."""
    names = ("static", "dolly in", "truck", "pan", "orbit", "zoom")
    depth = room.shoot(CameraPose())[1]
    return {
        name: (room.film(path_of(name, FRAMES)), path_of(name, FRAMES), depth) for name in names
    }


def _write(path: Path, frames: list[np.ndarray], crf: int = 18) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "preset": "veryfast"}
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def _differences(a: CameraPath, b: CameraPath) -> tuple[float, float]:
    """True mean angle and distance between two paths, without frame 0."""
    turns = [
        (Rotation.from_matrix(p.world_from_camera.T @ q.world_from_camera)).magnitude()
        for p, q in zip(a, b, strict=True)
    ]
    steps = [math.dist(p.position, q.position) for p, q in zip(a, b, strict=True)]
    return math.degrees(float(np.mean(turns[1:]))), float(np.mean(steps[1:]))


def _within_targets(found: CameraFidelity) -> None:
    assert found.mean_rotation_error <= 0.03, found.verdict
    if found.translation_error_share is None:
        assert found.mean_translation_error <= 0.01, found.verdict
    else:
        assert found.translation_error_share <= 0.005, found.verdict
    assert found.obeyed
    assert found.confidence > 0.8
    assert "sure (" in found.verdict
    assert found.frames_failed == 0


@pytest.mark.parametrize("move", MOVES)
def test_every_camera_move_is_recovered_from_an_h264_file(move, room, path_of, tmp_path) -> None:
    asked = path_of(move, FRAMES)
    film = tmp_path / "shot.mp4"
    _write(film, room.film(asked))
    found = measure_file(film, asked, room.shoot(asked[0])[1])
    _within_targets(found)
    assert found.frames == tuple(range(FRAMES))
    if move in ("zoom", "zoom out", "dolly zoom"):
        assert found.mean_focal_error_percent < 0.2
    if move == "static":
        assert found.static_motion is not None
        assert found.static_motion < 0.1
        assert "stood still" in found.verdict
    else:
        assert found.static_motion is None


@pytest.mark.parametrize("move", ["pan", "orbit", "dolly in"])
def test_a_longer_lens_on_the_whole_shot_is_part_of_what_was_asked(move, room, path_of) -> None:
    asked = path_of(move, FRAMES, 1.8)
    _within_targets(measure_fidelity(room.film(asked), asked, room.shoot(asked[0])[1]))


@pytest.mark.parametrize(
    ("filmed", "asked"),
    [
        ("dolly in", "truck"),
        ("pan", "truck"),
        ("truck", "static"),
        ("static", "dolly in"),
        ("orbit", "pan"),
    ],
)
def test_a_wrong_camera_is_caught_and_its_error_is_the_true_difference(
    filmed, asked, shots, path_of
) -> None:
    frames, path, depth = shots[filmed]
    wish = path_of(asked, FRAMES)
    turn, distance = _differences(path, wish)
    found = measure_fidelity(frames, wish, depth)
    assert found.mean_rotation_error == pytest.approx(turn, abs=0.02)
    assert found.mean_translation_error == pytest.approx(distance, abs=0.01)
    assert not found.obeyed
    assert found.confidence > 0.7
    assert "did what was asked" not in found.verdict


def test_a_zoom_instead_of_a_dolly_is_told_apart(shots, path_of) -> None:
    frames, path, depth = shots["zoom"]
    wish = path_of("dolly in", FRAMES)
    found = measure_fidelity(frames, wish, depth, solve_focal=True)
    true_focal = 100 * np.mean(path.focal_lengths[1:] / 50.0 - 1)
    assert found.mean_focal_error_percent == pytest.approx(true_focal, abs=0.2)
    assert found.mean_translation_error == pytest.approx(_differences(path, wish)[1], abs=0.02)


def test_half_the_move_is_half_of_what_was_asked(room, path_of) -> None:
    wish = path_of("truck", FRAMES)
    half = CameraPath(tuple(CameraPose((pose.position[0] / 2, 0, 10)) for pose in wish), wish.fps)
    found = measure_fidelity(room.film(half), wish, room.shoot(wish[0])[1])
    assert found.scale == pytest.approx(2.0, abs=0.01)
    assert found.scaled_translation_error is not None
    assert found.scaled_translation_error < 0.01
    assert not found.obeyed


def test_depth_of_an_unknown_scale_shows_in_the_scale_alone(shots) -> None:
    frames, path, depth = shots["orbit"]
    found = measure_fidelity(frames, path, depth * 1.5)
    assert found.mean_rotation_error < 0.02
    assert found.scale == pytest.approx(1 / 1.5, abs=0.01)
    assert found.scaled_translation_error is not None
    assert found.scaled_translation_error < 0.02 < found.mean_translation_error


def test_wrong_depth_lowers_the_confidence(shots) -> None:
    frames, path, depth = shots["orbit"]
    right = measure_fidelity(frames, path, depth)
    wrong = measure_fidelity(frames, path, np.full_like(depth, 10.0))
    assert right.confidence > 0.9
    assert wrong.confidence < 0.7
    assert not wrong.obeyed


def test_noise_is_not_measured(shots) -> None:
    frames, path, depth = shots["dolly in"]
    generator = np.random.default_rng(0)
    noise = [generator.integers(0, 256, frames[0].shape, dtype=np.uint8) for _ in frames]
    for film in (noise, [frames[0], *noise[1:]]):
        found = measure_fidelity(film, path, depth)
        assert not found.measured
        assert not found.obeyed
        assert found.confidence == 0.0
        assert math.isnan(found.mean_rotation_error)
        assert found.verdict.startswith("The camera could not be measured")


@pytest.mark.parametrize("case", ["blank", "no depth"])
def test_a_scene_with_nothing_to_follow_is_not_measured(case, shots) -> None:
    frames, path, depth = shots["dolly in"]
    if case == "blank":
        frames = [np.full_like(frames[0], 128)] * FRAMES
    else:
        depth = np.full_like(depth, np.nan)
    found = measure_fidelity(frames, path, depth)
    assert not found.measured
    assert found.recovered_path() is None
    assert "at least 12 are needed" in found.verdict
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_sky_tells_the_direction_but_not_the_position(shots) -> None:
    frames, path, depth = shots["pan"]
    # The near boards do not move against the wall under a pan, so any depth explains the film.
    found = measure_fidelity(frames, path, np.full_like(depth, np.inf))
    assert found.mean_rotation_error < 0.02
    assert found.confidence < 0.1
    assert "does not show where it stood" in found.verdict


def test_things_that_move_by_themselves_are_left_out(shots) -> None:
    frames, path, depth = shots["truck"]
    patch = shots["orbit"][0][0][60:260, 100:240]
    film = []
    for index, frame in enumerate(frames):
        busy = frame.copy()
        busy[60:260, 100 + 9 * index : 240 + 9 * index] = patch
        film.append(busy)
    found = measure_fidelity(film, path, depth)
    assert found.mean_rotation_error < 0.02
    assert found.mean_translation_error < 0.01


def test_flickering_exposure_and_grain_do_not_matter(shots) -> None:
    frames, path, depth = shots["orbit"]
    generator = np.random.default_rng(7)
    film = [
        np.clip(f * (1 + 0.25 * math.sin(i)) + generator.normal(0, 8, f.shape), 0, 255).astype(
            np.uint8
        )
        for i, f in enumerate(frames)
    ]
    _within_targets(measure_fidelity(film, path, depth))


def test_one_black_frame_fails_alone(shots) -> None:
    frames, path, depth = shots["orbit"]
    film = [np.zeros_like(f) if i == 6 else f for i, f in enumerate(frames)]
    found = measure_fidelity(film, path, depth)
    assert found.frames_failed == 1
    assert found.poses[6] is None
    assert math.isnan(found.rotation_errors_degrees[6])
    assert found.mean_rotation_error < 0.02
    assert "1 frame could not be measured" in found.verdict
    recovered = found.recovered_path()
    assert recovered is not None
    assert len(recovered) == FRAMES
    assert math.dist(recovered[6].position, path[6].position) < 0.2


def test_every_third_frame_still_includes_the_first_and_the_last(shots) -> None:
    frames, path, depth = shots["orbit"]
    found = measure_fidelity(frames, path, depth, every=3)
    assert found.frames == (0, 3, 6, 8)
    assert found.mean_rotation_error < 0.02
    cut_short = measure_fidelity(frames[:6], path, depth, every=3)
    assert cut_short.frames == (0, 3, 5)
    assert "ends 3 frames early" in cut_short.verdict


def test_frames_beyond_the_asked_path_are_not_looked_at(shots) -> None:
    frames, path, depth = shots["truck"]
    short = CameraPath(path.poses[:5], path.fps)
    assert measure_fidelity(frames, short, depth).frames == (0, 1, 2, 3, 4)


def test_a_move_that_leaves_the_first_frame_behind_is_followed_all_the_way(room) -> None:
    wide = [CameraPose(rotation=(0.0, -2.5 * i, 0.0)) for i in range(20)]
    walk = [CameraPose((0.45 * i, 0.0, 10.0), (0.0, -1.0 * i, 0.0)) for i in range(20)]
    for poses in (wide, walk):
        asked = CameraPath(tuple(poses), Fraction(24))
        found = measure_fidelity(room.film(asked), asked, room.shoot(asked[0])[1])
        assert found.frames_failed == 0
        assert float(found.rotation_errors_degrees[-1]) < 0.25
        assert float(found.translation_errors[-1]) < 0.25
        assert found.obeyed, found.verdict


def test_something_near_that_comes_into_view_does_not_mislead(room) -> None:
    crowded = type(room)(480, 320, 1)
    board = ((3.6, -0.2, 5.0), (1, 0, 0), (0, 1, 0), (1.1, 1.4))
    for name, value in zip(("centres", "us", "vs", "extents"), board, strict=True):
        setattr(crowded, name, np.vstack([getattr(crowded, name), value]))
    crowded.starts = np.vstack([crowded.starts, (2.0, 5.0)])
    asked = CameraPath(
        tuple(CameraPose((0.16 * i, 0.0, 10.0), focal_length=70.0) for i in range(20)), Fraction(24)
    )
    assert crowded.shoot(asked[0])[1].min() > 8.0
    assert np.median(crowded.shoot(asked[-1])[1]) < 6.0
    found = measure_fidelity(crowded.film(asked), asked, crowded.shoot(asked[0])[1])
    assert found.frames_failed == 0
    assert found.obeyed, found.verdict
    assert float(np.max(found.rotation_errors_degrees)) < 0.1


def test_a_large_picture_is_shrunk_without_shifting_it(path_of, room) -> None:
    big = type(room)(1921, 1083, 1)
    asked = path_of("truck", 3)
    frame_depths = big.shoot(asked[0])[1]
    found = measure_fidelity(big.film(asked), asked, frame_depths)
    _within_targets(found)


def test_a_portrait_picture_is_measured_as_well(path_of, room) -> None:
    tall = type(room)(300, 480, 1)
    asked = path_of("arc", 8)
    _within_targets(measure_fidelity(tall.film(asked), asked, tall.shoot(asked[0])[1]))


def test_the_summary_is_small_json_whatever_the_length(shots) -> None:
    frames, path, depth = shots["static"]
    long = CameraPath(path.poses[:1] * 300, Fraction(24))
    film = (frames[0] for _ in range(300))
    summary = measure_fidelity(film, long, depth, every=6).to_dict()
    text = json.dumps(summary, allow_nan=False)
    assert len(text) < 4000
    assert summary["curves"]["frame"][0] == 0
    assert summary["curves"]["frame"][-1] == 299
    assert summary["obeyed"] is True


def test_progress_is_told_and_cancelling_stops(shots) -> None:
    frames, path, depth = shots["truck"]
    reports: list[Progress] = []
    token = CancelToken()

    def watch(report: Progress) -> None:
        reports.append(report)
        if report.done == 3:
            token.cancel()

    with pytest.raises(Cancelled):
        measure_fidelity(frames, path, depth, cancel=token, progress=watch)
    assert [report.done for report in reports] == [1, 2, 3]
    assert reports[-1].total == FRAMES


def test_bad_input_is_refused_in_plain_words(shots) -> None:
    frames, path, depth = shots["truck"]
    with pytest.raises(InvalidMedia, match="holds no frame"):
        measure_fidelity([], path, depth)
    with pytest.raises(InvalidMedia, match=r"\(320, 480, 3\)"):
        measure_fidelity([frames[0][:100]], path, depth)
    with pytest.raises(InvalidInstruction, match="least is 1"):
        measure_fidelity(frames, path, depth, every=0)
    with pytest.raises(InvalidInstruction, match="shape"):
        measure_fidelity(frames, path, np.zeros((3, 4, 5), np.float32))
