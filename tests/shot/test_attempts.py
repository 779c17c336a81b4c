"""A clip is drawn again until it is fit for use, or until nothing is left that would help."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synth.backends.geometric_backend import GeometricBackend
from synth.backends.protocol import Assignment, Capabilities, Frame, Rendering
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import Cancelled, InvalidInstruction, Unavailable
from synth.media import EncoderSettings, probe
from synth.scene.depth_map import DepthMap
from synth.shot import Shot
from synth.shot.attempts import Attempt, Attempts, generate_until_pass
from synth.shot.result import shot_from_video

MakeShot = Callable[..., Shot]
Spoil = Callable[[Frame, int, Assignment], Frame]


def exposure_flickers(frame: Frame, index: int, assignment: Assignment) -> Frame:
    """Every other frame a quarter darker: what deflickering is for."""
    gain = 0.75 if index % 2 else 1.0
    return (frame * gain).astype(np.uint8)


def parts_flicker(frame: Frame, index: int, assignment: Assignment) -> Frame:
    """Patches of the picture pulse by as much as the camera moves; no repair mends that."""
    much = assignment.motion.camera[0].intensity
    rng = np.random.default_rng(assignment.film.seed + index)
    height, width = frame.shape[:2]
    patches = rng.uniform(-1.0, 1.0, (4, 6)).astype(np.float32)
    field_ = np.kron(patches, np.ones((-(-height // 4), -(-width // 6)), np.float32))
    lift = 90.0 * max(0.0, much - 0.6) * field_[:height, :width, None]
    return np.clip(frame + lift, 0, 255).astype(np.uint8)


def hopeless(frame: Frame, index: int, assignment: Assignment) -> Frame:
    """Torn and full of coarse noise, whatever is asked."""
    rng = np.random.default_rng(index)
    height, width = frame.shape[:2]
    noise = np.kron(rng.integers(0, 255, (height // 20, width // 20, 3)), np.ones((20, 20, 1)))
    return noise[:height, :width].astype(np.uint8)


@dataclass
class Painter:
    """A model's stand-in: what geometry draws, spoiled."""

    spoil: Spoil
    generative: bool = True
    seen: list[Assignment] = field(default_factory=list)
    breaks_at: int = 0

    @property
    def capabilities(self) -> Capabilities:
        own = GeometricBackend().capabilities
        words = {**own.keeps, "camera": "in words", "prompt": "in words"}
        keeps = words if self.generative else own.keeps
        return replace(own, name="stub", title="A stub", keeps=keeps, generative=self.generative)

    def render(
        self,
        assignment: Assignment,
        *,
        cancel: CancelToken,
        progress: ProgressCallback = ignore_progress,
    ) -> Rendering:
        self.seen.append(assignment)
        if len(self.seen) == self.breaks_at:
            raise Unavailable("The service is gone. Try later.")
        made = GeometricBackend().render(assignment, cancel=cancel, progress=progress)

        def frames() -> Iterator[Frame]:
            for index, frame in enumerate(made.frames):
                yield self.spoil(frame, index, assignment)

        return replace(made, frames=frames(), made_by={"backend": "stub"})


@pytest.fixture
def attempt(photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path):
    def run(painter: Painter, target: str = "best.mp4", **options: Any) -> Attempts:
        shot = make_shot(
            direction="left", intensity=0.8, duration=1.0, output={"fps": "24"},
            prompt="A quiet street in the rain, with lanterns, and a cat that looks on, slowly.",
            seed=5,
        )  # fmt: skip
        return generate_until_pass(
            shot,
            photo_path,
            tmp_path / target,
            depth=true_depth,
            backend=painter,
            encoder=EncoderSettings(crf=6),
            **options,
        )

    return run


def test_a_flickering_clip_is_mended_and_passes(attempt, tmp_path: Path) -> None:
    made = attempt(Painter(exposure_flickers))
    assert made.passed
    assert len(made.attempts) == 1
    assert made.best.repairs == ("deflicker",)
    drawn = made.best.drawn
    assert drawn is not None
    assert not drawn.gate.passed
    assert made.best.report.value("flicker_detection") < drawn.value("flicker_detection") - 0.5
    assert "deflickering" in made.said
    assert [path.name for path in tmp_path.iterdir()] == ["best.mp4"]
    assert made.path == tmp_path / "best.mp4"
    assert made.best.result.metadata["made_by"] == {"backend": "stub", "repairs": "deflicker"}
    assert shot_from_video(made.path) == made.best.result.shot


def test_what_no_repair_mends_is_asked_for_again_with_less_motion(attempt, tmp_path: Path) -> None:
    seen: list[Attempt] = []
    painter = Painter(parts_flicker)
    made = attempt(painter, watch=seen.append, keep_all=True)
    assert made.passed
    assert [one.passed for one in made.attempts] == [False, True]
    assert made.best is made.attempts[1]
    assert made.best.changes == ("a new seed", "30% less motion")
    assert "flicker" in made.best.why
    assert [one.film.seed for one in painter.seen] == [5, 6]
    moves = [one.motion.camera[0].intensity for one in painter.seen]
    assert moves == pytest.approx([0.8, 0.56])
    assert made.attempts[0].report.overall_score < made.best.report.overall_score
    assert made.said.startswith("Attempt 2 passed with 0.9")
    assert [one.changes for one in seen] == [one.changes for one in made.attempts]
    assert {path.name for path in tmp_path.iterdir()} == {"best.mp4", "best.attempt-1.mp4"}
    assert made.attempts[0].result.path.is_file()
    told = shot_from_video(made.path)
    assert told is not None
    assert told.motion.camera[0].intensity == pytest.approx(0.56)


def test_it_stops_where_nothing_is_left_that_would_help(attempt, tmp_path: Path) -> None:
    painter = Painter(hopeless, generative=False)
    made = attempt(painter, attempts=10, camera=False)
    assert not made.passed
    assert len(made.attempts) == 4  # less motion twice, then more time
    assert made.attempts[2].changes == ("51% less motion",)
    assert {one.film.seed for one in painter.seen} == {5}
    assert "None of 4 attempts passed" in made.said
    assert made.said.endswith("Nothing that the report suggests is left to try.")
    assert made.best.report.overall_score == max(one.report.overall_score for one in made.attempts)
    assert [path.name for path in tmp_path.iterdir()] == ["best.mp4"]
    assert probe(made.path).frames == made.best.result.frames


def test_a_later_attempt_that_fails_leaves_the_best_so_far(attempt) -> None:
    made = attempt(Painter(parts_flicker, breaks_at=2))
    assert not made.passed
    assert len(made.attempts) == 1
    assert "Attempt 2 failed: The service is gone." in made.said


def test_the_first_attempts_error_is_the_callers(attempt, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="gone"):
        attempt(Painter(parts_flicker, breaks_at=1))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("stage", ["Rendering", "Judging", "Evening out the light"])
def test_a_cancel_is_heard_within_a_second_and_leaves_nothing(
    stage: str, attempt, tmp_path: Path
) -> None:
    token = CancelToken()
    asked: list[float] = []

    def watch(report: Progress) -> None:
        if not asked and report.stage == f"Attempt 1 of 3: {stage}":
            asked.append(time.monotonic())
            token.cancel()

    with pytest.raises(Cancelled):
        attempt(Painter(exposure_flickers), cancel=token, progress=watch)
    assert time.monotonic() - asked[0] < 1.0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "why"),
    [({"attempts": 0}, "from 1 to 10"), ({"threshold": 1.2}, "from 0 to 1"),
     ({"target": "nowhere/best.mp4"}, "does not exist")],
)  # fmt: skip
def test_numbers_and_places_that_make_no_sense(options: dict, why: str, attempt) -> None:
    with pytest.raises(InvalidInstruction, match=why):
        attempt(Painter(exposure_flickers), **options)
