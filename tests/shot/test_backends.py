"""A shot goes through whichever backend it names, and its file says who drew it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from synth.backends.geometric_backend import GeometricBackend
from synth.backends.protocol import Assignment, Capabilities, Frame, Rendering
from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia, Unavailable
from synth.media import VideoReader, read_metadata
from synth.media.story import METADATA_KEY
from synth.scene.depth_map import DepthMap
from synth.shot import Shot, preview_shot, render_shot
from synth.shot.produce import SKETCHED

MakeShot = Callable[..., Shot]


@dataclass
class Model:
    """Paints with geometry, and knows nothing of depth; it may give too few frames or none."""

    too_few: int = 0
    missing: str = ""
    still: bool = False
    slow: float = 0.0
    seen: list[Assignment] = field(default_factory=list)
    taken: int = 0
    closed: bool = False

    @property
    def capabilities(self) -> Capabilities:
        own = GeometricBackend().capabilities
        return replace(
            own, name="stub", title="A stub", generative=True, style="lora", base="stub",
            missing=self.missing, keeps={**own.keeps, "camera": "in words", "prompt": "in words"},
        )  # fmt: skip

    def render(
        self,
        assignment: Assignment,
        *,
        cancel: CancelToken,
        progress: ProgressCallback = ignore_progress,
    ) -> Rendering:
        self.seen.append(assignment)
        made = GeometricBackend().render(assignment, cancel=cancel, progress=progress)
        count = len(assignment.path) - self.too_few
        told = {"backend": "stub", "model": "owner/name"}

        def frames() -> Iterator[Frame]:
            try:
                first: Frame | None = None
                for frame in made.frames:
                    if self.taken == count:
                        break
                    cancel.check()
                    time.sleep(self.slow)
                    first = frame if first is None else first
                    self.taken += 1
                    yield first if self.still else frame
                told["seconds"] = "2"
            finally:
                self.closed = True

        return Rendering(
            frames(), assignment.path, notes=("A stub drew it.",), made_by=told,
            closing_notes=lambda: (f"It drew {self.taken} frames.",),
        )  # fmt: skip


def _story(path: Path) -> dict:
    return json.loads(read_metadata(path)[METADATA_KEY])


def test_another_backend_draws_the_frames_and_the_file_says_who(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    shot = make_shot(
        direction="left", intensity=0.4, prompt="A wall.",
        backend={"name": "diffusers", "sentence": "A wall, slowly.", "negative": "people"},
    )  # fmt: skip
    model = Model()
    made = render_shot(
        shot, photo_path, tmp_path / "a.mp4", depth=true_depth, backend=model, lighting="dusk"
    )
    told = model.seen[0]
    assert (told.prompt, told.lighting, told.sentence, told.negative) == (
        "A wall.", "dusk", "A wall, slowly.", "people",
    )  # fmt: skip
    assert (told.film.width, told.film.height, len(told.path)) == (320, 200, 12)
    with VideoReader(made.path) as reader:
        assert sum(1 for _ in reader) == 12
    story = _story(made.path)
    assert story["made_by"] == {"backend": "stub", "model": "owner/name", "seconds": "2"}
    assert made.made_by == story["made_by"] == made.metadata["made_by"]
    assert Shot.from_dict(story["shot"]) == shot
    assert made.notes == ("A stub drew it.", "It drew 12 frames.")
    assert model.closed
    # The stub knows no depth: the photo's own was taken, and its true camera was recognised.
    assert made.fidelity is not None
    assert made.fidelity.measured
    assert made.fidelity.obeyed


def test_a_camera_that_was_not_obeyed_is_told(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    shot = make_shot(direction="left", intensity=0.8)
    made = render_shot(
        shot, photo_path, tmp_path / "a.mp4", depth=true_depth, backend=Model(still=True)
    )
    assert made.fidelity is not None
    assert made.fidelity.measured
    assert not made.fidelity.obeyed


def test_geometry_is_named_too_and_draws_as_it_always_did(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    shot = make_shot(direction="left", output={"format": "png"})
    one = render_shot(shot, photo_path, tmp_path / "a.zip", depth=true_depth)
    two = render_shot(
        shot, photo_path, tmp_path / "b.zip", depth=true_depth, backend=GeometricBackend()
    )
    assert one.made_by == {"backend": "geometric"}
    assert one.path.read_bytes() == two.path.read_bytes()


@pytest.mark.parametrize(
    ("model", "error", "why"),
    [
        (Model(too_few=2), InvalidMedia, "made 10 frames; the shot has 12"),
        (Model(missing="Install the AI packages."), Unavailable, "Install"),
    ],
)
def test_a_backend_that_cannot_leaves_no_file(
    model: Model, error: type[Exception], why: str, photo_path: Path, true_depth: DepthMap,
    make_shot: MakeShot, tmp_path: Path,
) -> None:  # fmt: skip
    with pytest.raises(error, match=why):
        render_shot(make_shot(), photo_path, tmp_path / "a.mp4", depth=true_depth, backend=model)
    assert not list(tmp_path.iterdir())


def test_a_cancel_closes_the_backends_frames(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    model, token = Model(slow=0.05), CancelToken()

    def watch(report: object) -> None:
        if model.taken == 3:
            token.cancel()

    with pytest.raises(Cancelled):
        render_shot(
            make_shot(), photo_path, tmp_path / "a.mp4", depth=true_depth, backend=model,
            cancel=token, progress=watch,
        )  # fmt: skip
    assert model.closed
    assert model.taken < 6
    assert not list(tmp_path.iterdir())


def test_a_preview_shows_the_move_by_geometry_and_says_so(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    shot = make_shot(direction="left", backend="diffusers")
    sketch = preview_shot(shot, photo_path, tmp_path / "a.mp4", depth=true_depth)
    assert sketch.notes[0] == SKETCHED
    assert sketch.made_by == {"backend": "geometric"}
    model = Model()
    asked = preview_shot(shot, photo_path, tmp_path / "b.mp4", depth=true_depth, backend=model)
    assert len(model.seen) == 1
    assert SKETCHED not in asked.notes


def test_a_tag_without_styles_to_find_it_in_is_an_error(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    for prompt in ("A wall. <lora:/etc/passwd:0.8>", "A wall. <lora:noir>"):
        with pytest.raises(InvalidInstruction, match="no library of styles"):
            render_shot(make_shot(prompt=prompt), photo_path, tmp_path / "a.mp4", depth=true_depth)
    assert not list(tmp_path.iterdir())
