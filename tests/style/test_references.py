"""Reference videos are looked through, cut at scenes, and told what they lack."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidMedia, LimitExceeded
from synth.media.planes import Planes
from synth.style.references import (
    MOST_FILES,
    check_references,
    frames_of,
    perceptual_hash,
)
from tests.flow.worlds import world
from tests.grade.films import finished, panned, saved


def film(seed: int, count: int = 60) -> list[Planes]:
    """A pan over a world of its own, 25 pictures a second."""
    return finished(panned(seed, count))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain clip, the same one smaller, one with a cut, a broken and an empty one."""
    folder = tmp_path_factory.mktemp("references")
    one, two = film(1), film(2)
    saved(one, folder / "one.mp4")
    saved(two, folder / "two.mp4")
    # Coded again, roughly.
    saved(one, folder / "one again.mp4", crf=30)
    (folder / "copy.mp4").write_bytes((folder / "one.mp4").read_bytes())
    saved([*film(3, 55), *film(4, 70), *film(5, 3)], folder / "cut.mp4")
    (folder / "broken.mp4").write_bytes((folder / "two.mp4").read_bytes()[:400])
    black = np.zeros((136, 240, 3), np.float32)
    saved(finished([black] * 30), folder / "black.mp4")
    return folder


def test_a_good_clip_stands_as_it_is(folder: Path) -> None:
    found = check_references([folder / "one.mp4", folder / "two.mp4"])
    assert found.problems == ()
    assert [clip.title for clip in found.clips] == ["one.mp4", "two.mp4"]
    first = found.clips[0]
    assert (first.frames, first.width, first.height) == (60, 240, 136)
    assert (first.start, first.seconds, first.fps) == (0, Fraction(60, 25), 25)
    assert found.seconds == pytest.approx(4.8)
    assert any("There are 2 clips; 5 to 10" in note for note in found.notes)
    assert any("480 lines" in note for note in found.notes)


def test_scenes_come_apart_at_their_cuts_and_brief_ones_are_left_out(folder: Path) -> None:
    found = check_references([folder / "cut.mp4"])
    assert [(float(c.start), c.frames) for c in found.clips] == [(0.0, 55), (2.2, 70)]
    assert any("3 scenes" in note for note in found.notes)
    assert any("fewer than 5 pictures" in note for note in found.notes)


def test_a_long_scene_becomes_even_parts(folder: Path, tmp_path: Path) -> None:
    path = saved(film(7, 280), tmp_path / "long.mp4", crf=20)
    clips = check_references([path]).clips
    assert [clip.frames for clip in clips] == [93, 93, 93]
    assert clips[-1].start + clips[-1].seconds == Fraction(280, 25)
    assert clips[1].title == "long.mp4 (3.7-7.5 s)"


def test_what_is_shown_twice_counts_once(folder: Path) -> None:
    found = check_references(
        [folder / name for name in ("one.mp4", "copy.mp4", "one again.mp4", "two.mp4")]
    )
    assert [clip.path.name for clip in found.clips] == ["one.mp4", "two.mp4"]
    assert any("copy.mp4 is the same file as one.mp4" in note for note in found.notes)
    assert any("one again.mp4 shows the same as one.mp4" in note for note in found.notes)


def test_files_that_cannot_be_used_hinder_no_other(folder: Path) -> None:
    found = check_references([folder / n for n in ("broken.mp4", "black.mp4", "two.mp4")])
    assert [clip.path.name for clip in found.clips] == ["two.mp4"]
    assert [problem.split(":")[0] for problem in found.problems] == ["broken.mp4", "black.mp4"]
    assert found.usable() is found
    with pytest.raises(InvalidMedia, match=r"None of the reference videos.*broken\.mp4"):
        check_references([folder / "broken.mp4"]).usable()


def test_files_that_are_not_there_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidMedia, match=r"2 of 3 .*noir_reference_1\.mp4.*noir_reference_2"):
        check_references(["noir_reference_1.mp4", "noir_reference_2.mp4", folder / "one.mp4"])
    with pytest.raises(InvalidMedia, match="no reference video"):
        check_references([])
    with pytest.raises(InvalidMedia, match="a list of files"):
        check_references(str(folder / "one.mp4"))
    with pytest.raises(LimitExceeded, match=f"limit is {MOST_FILES}"):
        check_references([folder / "one.mp4"] * (MOST_FILES + 1))


def test_the_pictures_of_a_clip_are_those_between_its_cuts(folder: Path) -> None:
    second = check_references([folder / "cut.mp4"]).clips[1]
    frames = list(frames_of(second))
    assert len(frames) == second.frames
    assert [time for _, time in frames[:2]] == [0, Fraction(1, 25)]
    assert frames[0][0].shape == (136, 240, 3)
    true = finished(panned(4, 70)[:1])[0].y
    luma = frames[0][0].astype(float) @ (0.2126, 0.7152, 0.0722)
    assert np.corrcoef(luma.ravel(), true.astype(float).ravel())[0, 1] > 0.98


def test_the_hash_forgives_size_light_and_coding_but_no_other_picture() -> None:
    picture = world(1)
    small = perceptual_hash(picture[::3, ::3].astype(np.uint8))
    mark = perceptual_hash(picture.astype(np.uint8))
    noisy = picture * 0.7 + np.random.default_rng(0).normal(0, 5, picture.shape)
    dim = perceptual_hash(noisy.clip(0, 255).astype(np.uint8))
    assert (mark ^ small).bit_count() <= 5
    assert (mark ^ dim).bit_count() <= 5
    others = [perceptual_hash(world(seed).astype(np.uint8)) for seed in range(2, 30)]
    assert min((mark ^ other).bit_count() for other in others) >= 14


def test_it_reports_and_stops(folder: Path) -> None:
    seen: list[Progress] = []
    check_references([folder / "one.mp4", folder / "two.mp4"], progress=seen.append)
    assert [(one.done, one.total) for one in seen] == [(0, 2), (1, 2), (2, 2)]
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        check_references([folder / "one.mp4"], cancel=token)
