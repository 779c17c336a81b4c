"""Stabilise: known shaking goes, no edge shows, calm and cut shots stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from synth.errors import InvalidInstruction
from synth.grade.stabilise import CameraFollower, shot_path, stabilise_video, warped
from synth.grade.stabilise_path import calm, jitter, matrix_of, step_between, zoom_needed
from synth.media.planes import Planes
from tests.grade.films import SIZE, finished, loaded, panned, saved, scene, views


def shaken(seed: int, count: int, amount: float = 2.5, turn: float = 0.3) -> list[Planes]:
    rng = np.random.default_rng(seed)
    places = [
        (1.0 * k + rng.normal(0, amount), rng.normal(0, amount), rng.normal(0, turn))
        for k in range(count)
    ]
    return finished(views(scene(seed), places))


def followed(frames: Sequence[Planes]) -> np.ndarray:
    follower = CameraFollower()
    return np.cumsum([follower.step(frame) for frame in frames], axis=0)


def test_a_known_step_is_found() -> None:
    one, other = finished(views(scene(40), [(0.0, 0.0, 0.0), (3.4, -1.6, 1.0)]))
    step, share = step_between(one.y, other.y)
    assert share > 0.8
    assert step[:2] == pytest.approx([3.4, -1.6], abs=0.15)
    assert step[2] == pytest.approx(-np.radians(1.0), abs=0.002)
    assert step[3] == pytest.approx(0.0, abs=0.002)
    flat = np.full((90, 160), 128, np.uint8)
    assert step_between(flat, flat)[1] == 0.0


def test_shaking_goes_and_no_edge_shows(tmp_path: Path) -> None:
    frames = shaken(41, 30)
    source = saved(frames, tmp_path / "shaken.mp4")
    made = stabilise_video(source, crop=0.12, output_path=tmp_path / "calm.mp4", crf=6)
    before, after = (jitter(followed(f), SIZE) for f in (frames, loaded(made.path)))
    assert before > 2.0
    assert after < 0.1 * before
    assert made.found["jitter_before"] == pytest.approx(before, rel=0.2)
    assert 1.0 < made.found["zoom"] <= 1 / 0.88 + 1e-6
    assert "enlarged" in made.notes[-1]


@pytest.mark.parametrize("crop", [0.03, 0.08, 0.3])
def test_the_corners_stay_inside_whatever_room_there_is(crop: float) -> None:
    rng = np.random.default_rng(5)
    shake = rng.normal(0, 1, (80, 4)) * (4.0, 3.0, 0.01, 0.004)
    shake[30:34] += (25.0, 12.0, 0.05, 0.0)
    path = np.cumsum(np.full((80, 4), (0.8, 0.1, 0.0, 0.0)), axis=0) + shake
    found = calm(path, SIZE, 25.0, strength=0.7, crop=crop)
    assert found.zoom <= 1 / (1 - crop) + 1e-9
    assert jitter(path + found.moves, SIZE) < jitter(path, SIZE)
    width, height = SIZE
    corners = np.array(
        [[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]], float
    )
    for move in found.moves:
        matrix = np.vstack([matrix_of(move, SIZE, found.zoom), [0, 0, 1]])
        seen = corners @ np.linalg.inv(matrix).T
        assert seen[:, :2].min() >= -0.3
        assert (seen[:, 0] <= width - 0.7).all()
        assert (seen[:, 1] <= height - 0.7).all()


def test_the_zoom_that_is_needed_is_what_geometry_says() -> None:
    moves = np.array([[0.0, 0, 0, 0], [12.0, 0, 0, 0], [0, 0, 0.05, 0]])
    need = zoom_needed(moves, (201, 101))
    assert need[1] == pytest.approx(100 / (100 - 12 - 1), rel=1e-6)
    assert need[2] == pytest.approx((100 * np.sin(0.05) + 50 * np.cos(0.05)) / (50 - 1), rel=1e-6)
    assert zoom_needed(np.zeros((2, 4)), (201, 101)).tolist() == [1.0, 1.0]


def test_a_calm_camera_passes_bit_for_bit_and_each_shot_is_judged_alone(tmp_path: Path) -> None:
    still, shaking = finished([panned(42, 1)[0]] * 12), shaken(43, 16)
    source = saved([*still, *shaking], tmp_path / "two.mp4")
    made = stabilise_video(source, crop=0.15, format="mp4", crf=0)
    assert made.found["calmed_shots"] == 1
    before, after = loaded(source), loaded(made.path)
    assert all(a.same(b) for a, b in zip(before[:12], after[:12], strict=True))
    assert jitter(followed(after[12:]), SIZE) < 0.15 * jitter(followed(before[12:]), SIZE)
    assert stabilise_video(source, seconds=0.4).notes[-1].startswith("The camera does not shake")


def test_edges_are_filled_with_what_neighbours_saw(tmp_path: Path) -> None:
    source = saved(shaken(44, 24, amount=3.0, turn=0.0), tmp_path / "shaken.mp4")
    made = stabilise_video(source, border="fill", output_path=tmp_path / "filled.mp4", crf=4)
    assert made.found["zoom"] == 1.0
    assert made.frames == 24
    got = loaded(made.path)
    assert jitter(followed(got), SIZE) < 0.5
    # Where an edge is repeated the columns are alike; a filled one has the texture of the scene.
    alike = [
        float(np.abs(np.diff(frame.y[:, :4].astype(float), axis=1)).mean()) for frame in got[8:16]
    ]
    assert min(alike) > 0.5


def test_colour_moves_with_brightness() -> None:
    picture = np.zeros((136, 240, 3))
    picture[40:90, 80:150] = (220, 40, 40)
    frame = finished([picture])[0]
    moved = warped(frame, np.array([[1.0, 0, 12.0], [0, 1.0, 6.0]]))
    assert moved.y[46:, 12:] == pytest.approx(frame.y[40:-6, :-12], abs=1)
    assert moved.v[23:, 6:] == pytest.approx(frame.v[20:-3, :-6], abs=1)


def test_without_strength_or_room_nothing_moves() -> None:
    path = list(np.random.default_rng(6).normal(0, 3, (20, 4)) * (1, 1, 0.01, 0.01))
    for strength, crop in ((0.0, 0.1), (0.7, 0.0)):
        shot = shot_path(path, SIZE, 25.0, strength=strength, crop=crop)
        assert not shot.moves
    with pytest.raises(InvalidInstruction, match="border"):
        stabilise_video("x.mp4", border="stretch")  # type: ignore[arg-type]
    with pytest.raises(InvalidInstruction, match=r"crop is 0\.9"):
        stabilise_video("x.mp4", crop=0.9)
