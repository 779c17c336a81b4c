"""Shot matching: known grades are undone, other content is not copied along."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from synth.errors import InvalidInstruction, InvalidMedia
from synth.grade.match import match_color, match_picture, matched
from synth.grade.match_fit import LUMA, fit, through
from synth.grade.match_pairs import pairs, view
from synth.media.planes import to_rgb
from tests.grade.films import finished, loaded, saved, scene, views


def graded(picture: np.ndarray, kind: int = 0) -> np.ndarray:
    """A picture (RGB in 0 to 1) after a grade: white balance, gamma, contrast, saturation."""
    gains, gamma, contrast, saturation = [
        ((1.2, 1.0, 0.82), 1.15, 0.9, 0.8),
        ((0.85, 0.95, 1.15), 0.85, 1.1, 1.25),
    ][kind]
    out = np.clip(picture * gains, 0, 1) ** gamma
    out = np.clip((out - 0.5) * contrast + 0.5, 0, 1)
    grey = (out @ LUMA)[..., None]
    return np.clip(grey + saturation * (out - grey), 0, 1)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Mean CIE 1976 colour difference of encoded RGB in 0 to 1."""
    a, b = (
        cv2.cvtColor(np.clip(p, 0, 1).astype(np.float32).reshape(-1, 1, 3), cv2.COLOR_RGB2Lab)
        for p in (one, other)
    )
    return float(np.linalg.norm((a - b).reshape(-1, 3), axis=1).mean())


def look(seed: int, across: float = 0.0) -> np.ndarray:
    size = (320, 180)
    return views(scene(seed), [(across, 0.0, 0.0)], size)[0].clip(0, 255).astype(np.float32) / 255


@pytest.mark.parametrize("kind", [0, 1])
def test_what_both_show_brings_the_grade_back(kind: int) -> None:
    truth, reference = look(20), look(20, across=60.0)
    target = graded(truth, kind).astype(np.float32)
    match, count = matched([target], [reference])
    assert count > 1000
    left = apart(match.apply(target.reshape(-1, 3)), truth.reshape(-1, 3))
    assert left < 1.5
    assert left < 0.15 * apart(target, truth)


def test_without_anything_in_common_the_distributions_are_matched() -> None:
    truth, reference = look(21), look(22)
    target = graded(truth).astype(np.float32)
    match, count = matched([target], [reference])
    assert count == 0
    left = apart(match.apply(target.reshape(-1, 3)), truth.reshape(-1, 3))
    assert left < 0.6 * apart(target, truth)


def test_protection_keeps_foreign_content_from_being_copied() -> None:
    rng = np.random.default_rng(0)
    target = rng.uniform(0.3, 0.5, (600, 3))
    meadow = np.clip(rng.normal((0.2, 0.6, 0.1), 0.1, (600, 3)), 0, 1)
    changes = [
        float(np.abs(fit(target, meadow, protect=p).apply(target) - target).mean())
        for p in (0.0, 0.5, 1.0)
    ]
    assert changes[0] > changes[1] > changes[2]


def test_equal_pictures_are_left_as_they_are() -> None:
    picture = look(23)
    match, _ = matched([picture], [picture])
    assert apart(match.apply(picture.reshape(-1, 3)), picture.reshape(-1, 3)) < 0.3
    assert through(np.zeros(10), picture.reshape(-1, 3)) == pytest.approx(
        picture.reshape(-1, 3), abs=1e-4
    )


def test_pairs_are_of_the_same_things_and_strangers_have_none() -> None:
    one, moved = look(24), look(24, across=25.0)
    ours, theirs = pairs(view(one), view(moved))
    assert len(ours) > 2000
    assert float(np.abs(ours - theirs).mean()) < 0.01
    assert len(pairs(view(one), view(look(25)))[0]) == 0
    flat = np.full((90, 160, 3), 0.5, np.float32)
    assert len(pairs(view(flat), view(one))[0]) == 0


def test_a_picture_is_matched_as_a_cube_and_strength_is_a_share() -> None:
    truth = look(26)
    rgb = np.rint(255 * truth).astype(np.uint8)
    other = np.rint(255 * graded(look(26, across=40.0))).astype(np.uint8)
    whole = match_picture(rgb, other).apply(truth)
    half = match_picture(rgb, other, strength=0.5).apply(truth)
    assert apart(whole, graded(truth)) < 2.0
    assert half == pytest.approx((whole + truth) / 2, abs=0.01)
    assert match_picture(rgb, other, strength=0.0).identity


def test_every_shot_of_a_file_is_matched_by_itself(tmp_path: Path) -> None:
    shots = [views(scene(seed), [(k * 1.5, 0, 0) for k in range(12)]) for seed in (27, 28)]
    truth = [*shots[0], *shots[1]]
    target = [graded(p.clip(0, 255) / 255, k // 12) * 255 for k, p in enumerate(truth)]
    source = saved(finished(target), tmp_path / "target.mp4")
    reference = saved(finished(truth), tmp_path / "reference.mp4")
    made = match_color(source, reference, output_path=tmp_path / "matched.mp4", crf=6)
    assert [shot["start"] for shot in made.found["shots"]] == [0.0, 0.48]
    assert all(shot["pairs"] for shot in made.found["shots"])
    got = loaded(made.path)
    for place in (2, 20):
        wanted = to_rgb(finished(truth)[place]) / 255.0
        before = apart(to_rgb(finished(target)[place]) / 255.0, wanted)
        after = apart(to_rgb(got[place]) / 255.0, wanted)
        assert after < 3.0
        assert after < 0.3 * before


def test_a_picture_or_a_moment_can_be_the_reference(tmp_path: Path) -> None:
    pictures = views(scene(29), [(k * 1.5, 0, 0) for k in range(6)])
    clip = saved(finished(pictures), tmp_path / "clip.mp4")
    still = tmp_path / "still.png"
    cv2.imwrite(str(still), pictures[0].clip(0, 255).astype(np.uint8)[..., ::-1])
    assert match_color(clip, still).found["shots"][0]["pairs"] > 0
    assert match_color(clip, clip, reference_time=0.1).found["shots"][0]["pairs"] > 0
    with pytest.raises(InvalidInstruction, match="no picture at 9"):
        match_color(clip, clip, reference_time=9)
    with pytest.raises(InvalidInstruction, match="protect"):
        match_color(clip, still, protect=-1)
    (tmp_path / "no.png").write_bytes(b"nothing")
    with pytest.raises(InvalidMedia):
        match_color(clip, tmp_path / "no.png")
