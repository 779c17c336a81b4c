"""A film from Python: the composer's calls, its arithmetic, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from synth import CameraTrajectory
from synth.errors import InvalidInstruction, InvalidMedia
from synth.media import VideoReader, VideoWriter, probe
from synth.sequence.composer import VideoSequenceComposer
from synth.sequence.project import Clip, Project, Transition
from synth.sequence.shelf import Shelf

if TYPE_CHECKING:
    from tests.conftest import Studio

SMALL: dict[str, Any] = {"long_side": 160, "fps": "12"}
QUICK: dict[str, Any] = {"depth": {"method": "embedded"}}


@pytest.fixture(scope="module")
def photo(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("composer") / "photo.jpg"
    Image.fromarray(studio.layered(320, 180).photo).save(path, quality=92)
    return path


@pytest.fixture(scope="module")
def clip(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("composer") / "clip.mp4"
    wall = studio.texture(200, 120, 5)
    with VideoWriter(path, width=160, height=90, fps=24) as writer:
        for shift in range(48):
            writer.write(wall[10:100, shift // 2 : shift // 2 + 160])
    return path


def _composer(**more: Any) -> VideoSequenceComposer:
    return VideoSequenceComposer(**{**SMALL, **more})


def test_a_film_of_photo_and_clip_is_as_long_as_it_says(
    photo: Path, clip: Path, tmp_path: Path
) -> None:
    composer = _composer(transition_seconds=0.5)
    composer.add_shot("one", photo, "Slow dolly in", 1.5, **QUICK)
    composer.add_clip("two", clip, start_seconds=0.5, duration_seconds=1)
    composer.add_shot("three", photo, "Hold still", 1, transition="cut", **QUICK)
    assert composer.plan().frames == 18 + 12 + 12 - 6
    told: list[float] = []
    made = composer.generate_sequence(
        tmp_path / "film.mp4", watch=lambda state: told.append(state.fraction)
    )
    assert made == str(tmp_path / "film.mp4")
    info = probe(made)
    assert (info.width, info.height, info.fps) == (160, 90, 12)
    with VideoReader(made) as reader:
        frames = [frame.pixels.astype(float) for frame in reader]
    assert len(frames) == 36
    assert told == sorted(told)
    assert told[-1] == 1.0
    # The last shot stands still, and begins with a cut.
    assert np.abs(frames[24] - frames[35]).mean() < 2
    assert np.abs(frames[23] - frames[24]).mean() > 10
    assert composer.result is not None
    assert set(composer.result.drawn) >= {"one", "three"}
    assert composer.result.fidelity["one"]["obeyed"]
    again = composer.generate_sequence(tmp_path / "again.mp4")
    assert composer.result.drawn == ()
    assert Path(again).read_bytes() == Path(made).read_bytes()


def test_what_is_added_stands_in_the_project(photo: Path, clip: Path, tmp_path: Path) -> None:
    composer = _composer(name="Film")
    trajectory = CameraTrajectory(duration_seconds=2, fps=12)
    trajectory.add_keyframe(frame_number=0, position=(0, 0, 10), rotation=(0, 0, 0))
    trajectory.add_keyframe(frame_number=24, position=(1, 0, 9), rotation=(0, 5, 0))
    composer.add_shot("keyed", photo, trajectory=trajectory, style="noir", style_strength=0.5)
    composer.add_shot(
        "told", photo, motion_control={"camera": {"type": "pan", "direction": "left"}},
        duration_seconds=2, transition="dip", transition_seconds=0.25,
    )  # fmt: skip
    composer.add_clip("clip", clip, sound_gain=None)
    composer.set_transition("told", "whip_pan", 0.5, easing="ease-in", reverse=True)
    composer.match_colors("keyed", 0.5)
    composer.set_lighting("low sun")
    composer.add_title("Hello", 0.5, 1.5, style="lower_third", second_line="there")
    project = composer.project
    ways = [item for item in project.timeline if isinstance(item, Transition)]
    assert [(way.type, way.easing, way.reverse) for way in ways] == [
        ("dip", "linear", False),
        ("whip_pan", "ease-in", True),
    ]
    assert [item.shot for item in project.timeline if isinstance(item, Clip)] == [
        "keyed", "told", "clip",
    ]  # fmt: skip
    assert [shot["duration"] for shot in composer.shots] == [2.0, 2.0, 2.0]
    assert project.shot("keyed").shot.trajectory is not None
    assert project.match is not None
    assert project.titles[0].second_line == "there"
    assert composer.shelf.missing(project) == ()
    assert type(project).from_json(project.to_json()) == project


def test_sentences_are_understood_and_what_was_assumed_is_told(photo: Path) -> None:
    composer = _composer()
    composer.add_shot("a", photo, "Camera pulls back in the rain", 2)
    composer.add_shot("b", photo, "A house by the sea", 2)
    moves = [shot.shot.motion.moves for shot in composer.project.shots]
    assert moves[0][0].type == "pull_out"
    assert composer.project.shots[0].shot.motion.environmental.particle_effects == "rain"
    assert moves[1][0].type == "static"
    assert any("b: the sentence names no camera move" in note for note in composer.notes)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda c, p: c.add_shot("a", p, "pan left", 1), "already"),
        (lambda c, p: c.add_shot("b", p, "pan left", 0), "above 0"),
        (lambda c, p: c.add_shot("b", p, "pan left", float("nan")), "duration_seconds"),
        (lambda c, p: c.add_shot("b", p, "pan left", 1, transition_seconds=1.5), "need 1.5 s"),
        (lambda c, p: c.add_shot("b", p, "pan left", 1, transition="swoosh"), "swoosh"),
        (lambda c, p: c.add_shot("b/c", p, "pan left", 1), "id"),
        (lambda c, p: c.add_shot("b", p, "pan left", 1, focal=3), "focal"),
        (lambda c, p: c.add_title("x", colr="#fff"), "colr"),
        (lambda c, p: c.add_title("x", -1), "at least 0"),
        (lambda c, p: c.match_colors("z"), "'z', which is not there"),
        (lambda c, p: c.set_transition("z", "cut"), "no shot 'z'"),
    ],
)
def test_nonsense_is_refused_and_nothing_is_lost(photo: Path, call: Any, says: str) -> None:
    composer = _composer()
    composer.add_shot("a", photo, "dolly in", 1)
    before = composer.project
    with pytest.raises(InvalidInstruction, match=says):
        call(composer, photo)
    assert composer.project == before


def test_missing_and_wrong_files_are_named(photo: Path, clip: Path, tmp_path: Path) -> None:
    composer = _composer()
    with pytest.raises(InvalidMedia, match=r"nowhere\.jpg"):
        composer.add_shot("a", tmp_path / "nowhere.jpg", "pan left", 1)
    with pytest.raises(InvalidMedia):
        composer.add_clip("a", photo)
    with pytest.raises(InvalidInstruction, match=r"lasts 2\.00 s"):
        composer.add_clip("a", clip, start_seconds=1.5, duration_seconds=1)
    with pytest.raises(InvalidInstruction, match="no shots yet"):
        composer.generate_sequence(tmp_path / "film.mp4")
    assert composer.shots == []


def test_transitions_are_checked_at_once_and_counted_at_the_films_rate(tmp_path: Path) -> None:
    with pytest.raises(InvalidInstruction, match="no transition 'swoosh'"):
        VideoSequenceComposer(transition="swoosh")
    project = Project.from_dict({"output": {"fps": "60"}})
    composer = VideoSequenceComposer.of(project, Shelf(tmp_path / "shelf"), tmp_path / "kept")
    for seed in ("one", "two"):
        Image.new("RGB", (64, 48), "gray").save(tmp_path / f"{seed}.png")
        composer.add_shot(seed, tmp_path / f"{seed}.png", "pan left", 1)
    assert composer.plan().frames == 60 + 60 - 30
