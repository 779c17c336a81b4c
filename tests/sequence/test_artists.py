"""Each shot of a film is drawn by whom it names, in the style its words ask for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from synth.backends.geometric_backend import GeometricBackend
from synth.backends.protocol import Assignment, Capabilities, Frame, Rendering
from synth.backends.settings import BackendSettings
from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, LimitExceeded
from synth.grade.lut import identity_cube
from synth.media import read_metadata
from synth.media.planes import to_rgb
from synth.media.story import METADATA_KEY
from synth.sequence.bundle import read_project, write_bundle
from synth.sequence.composer import VideoSequenceComposer
from synth.sequence.film import compose
from synth.sequence.footage import Footage
from synth.sequence.project import Project, SequenceShot
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card, Way
from synth.style.look import Look, save_look
from synth.style.resolve import path_resolver
from tests.sequence.small_films import clip, clip_shot, film_of, frames_of, photo, photo_shot

CANARY = "hf_canary_that_must_be_nowhere"


@dataclass
class Red:
    """A model that paints what geometry draws in red; it remembers what it was told."""

    settings: BackendSettings
    token: str | None
    seen: list[Assignment]

    @property
    def capabilities(self) -> Capabilities:
        own = GeometricBackend().capabilities
        return replace(
            own, name="diffusers", title="Red", generative=True, style="lora", base="red",
            keeps={**own.keeps, "prompt": "in words"},
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

        def frames() -> Iterator[Frame]:
            for frame in made.frames:
                red = frame.copy()
                red[..., 1:] = 0
                yield red

        return replace(made, frames=frames(), made_by={"backend": "diffusers", "model": "red"})


@dataclass
class Studio:
    """Whoever was made, with which token, and what they were told."""

    tokens: list[str | None] = field(default_factory=list)
    seen: list[Assignment] = field(default_factory=list)

    def make(self, settings: BackendSettings, *, token: str | None = None) -> Any:
        if settings.name == "geometric":
            return GeometricBackend()
        self.tokens.append(token)
        return Red(settings, token, self.seen)


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> Studio:
    made = Studio()
    monkeypatch.setattr("synth.sequence.artists.make_backend", made.make)
    return made


def _two(folder: Path, way: str = "dissolve", **shot: Any) -> tuple[Project, Shelf]:
    shelf = Shelf(folder / "shelf")
    shots = (
        photo_shot(shelf, photo(folder, 1), "a", prompt="A wall.", **shot),
        photo_shot(shelf, photo(folder, 2), "b"),
    )
    return film_of(shots, (Card("a", 0, 12, Way(way, 4)), Card("b", 0, 12))), shelf


def _look(path: Path, **gains: float) -> Path:
    """A look that multiplies the channels."""
    cube = identity_cube(9) * np.array([gains.get(c, 1.0) for c in "rgb"], np.float32)
    save_look(Look(cube=np.ascontiguousarray(cube, np.float32), name=path.stem), path)
    return path


def test_a_film_of_geometry_and_a_model(tmp_path: Path, studio: Studio) -> None:
    project, shelf = _two(tmp_path, backend={"name": "diffusers"})
    project = project.changed(lighting="Low sun.")
    film = compose(
        project, shelf, tmp_path / "film.mp4", folder=tmp_path / "kept", fidelity=False,
        token=CANARY,
    )  # fmt: skip
    assert film.frames == 20
    told = studio.seen[0]
    assert (told.prompt, told.lighting) == ("A wall.", "Low sun.")
    assert studio.tokens[-1] == CANARY
    first, last = (to_rgb(frames_of(film.path)[n]).mean((0, 1)) for n in (0, -1))
    assert first[0] > 60
    assert first[1] < 25
    assert last[1] > 60
    story = json.loads(read_metadata(film.path)[METADATA_KEY])
    assert story["made_by"] == {"a": {"backend": "diffusers", "model": "red"}}
    for path in (film.path, *(p for p in (tmp_path / "kept").rglob("*") if p.is_file())):
        assert CANARY.encode() not in path.read_bytes(), path
    again = compose(project, shelf, tmp_path / "film.mp4", folder=tmp_path / "kept", fidelity=False)
    assert again.drawn == ()


def test_a_sketch_is_drawn_by_geometry(tmp_path: Path, studio: Studio) -> None:
    project, shelf = _two(tmp_path, backend={"name": "diffusers"}, way="push_through")
    film = compose(project, shelf, tmp_path / "film.mp4", fidelity=False, sketch=True)
    assert not studio.seen
    assert to_rgb(frames_of(film.path)[0])[..., 1].mean() > 60


def test_frames_of_a_model_are_not_drawn_anew_by_a_camera(tmp_path: Path, studio: Studio) -> None:
    project, shelf = _two(tmp_path, way="push_through", backend={"name": "diffusers"})
    with pytest.raises(InvalidInstruction, match="'a' is drawn by a model"):
        compose(project, shelf, tmp_path / "film.mp4")
    assert not studio.seen


def _keys(project: Project, shelf: Shelf, folder: Path) -> tuple[str, str]:
    with Footage(project, shelf, folder / "k", styles=path_resolver(folder)) as footage:
        return footage.key("a"), footage.key("b")


@pytest.mark.parametrize(
    ("name", "change", "matters"),
    [
        ("geometric", lambda s: {"prompt": "Another."}, False),
        ("diffusers", lambda s: {"prompt": "Another."}, True),
        ("diffusers", lambda s: {"backend": s.backend.model_copy(update={"steps": 7})}, True),
        ("diffusers", lambda s: {"backend": s.backend.model_copy(update={"sentence": "x"})}, True),
        ("geometric", lambda s: {"backend": BackendSettings(name="guided")}, True),
        ("geometric", lambda s: {"prompt": "A wall. <lora:warm:0.5>"}, True),
    ],
)
def test_what_decides_a_shots_frames_is_in_its_key(
    name: str, change: Callable, matters: bool, tmp_path: Path, studio: Studio
) -> None:
    _look(tmp_path / "warm.safetensors", b=0.8)
    project, shelf = _two(tmp_path, backend={"name": name})
    before = _keys(project, shelf, tmp_path)
    shot = project.shot("a")
    changed = shot.model_copy(update={"shot": shot.shot.model_copy(update=change(shot.shot))})
    after = _keys(project.with_shot(changed), shelf, tmp_path)
    assert (after[0] != before[0]) == matters
    assert after[1] == before[1]
    lit = _keys(project.changed(lighting="Dusk."), shelf, tmp_path)
    assert (lit[0] != before[0]) == (name == "diffusers")
    assert lit[1] == before[1]


def test_a_look_in_the_words_is_on_every_frame_and_its_content_counts(tmp_path: Path) -> None:
    look = _look(tmp_path / "dim.safetensors", g=0.5)
    project, shelf = _two(tmp_path, way="push_through")
    shot = project.shot("a")
    said = shot.shot.model_copy(update={"prompt": f"A wall. <lora:{look}:1>"})
    styled = project.with_shot(shot.model_copy(update={"shot": said}))

    def green(which: Project) -> list[float]:
        film = compose(
            which, shelf, tmp_path / "film.mp4", folder=tmp_path / "kept", fidelity=False,
            styles=path_resolver(),
        )  # fmt: skip
        return [float(to_rgb(one)[..., 1].mean()) for one in frames_of(film.path)]

    plain, dim = green(project), green(styled)
    assert dim[0] == pytest.approx(plain[0] / 2, rel=0.05)
    # The first frame of the push-through is drawn anew, and still shows the shot in its look.
    assert dim[8] == pytest.approx(plain[8] / 2, rel=0.25)
    assert dim[-1] == pytest.approx(plain[-1], rel=0.01)
    before = _keys(styled, shelf, tmp_path)
    _look(look, g=0.25)
    assert _keys(styled, shelf, tmp_path)[0] != before[0]


def test_a_tag_that_is_not_for_whoever_draws_names_the_shot(tmp_path: Path, studio: Studio) -> None:
    look = _look(tmp_path / "dim.safetensors", g=0.5)
    for backend, styles, why in (
        ("diffusers", path_resolver(), "is a look"),
        ("geometric", None, "no library of styles"),
    ):
        folder = tmp_path / backend
        folder.mkdir()
        project, shelf = _two(folder, backend={"name": backend})
        shot = project.shot("a")
        said = shot.shot.model_copy(update={"prompt": f"<lora:{look}>"})
        with pytest.raises(InvalidInstruction, match=f"^Shot 'a': .*{why}"):
            compose(
                project.with_shot(shot.model_copy(update={"shot": said})), shelf,
                tmp_path / "film.mp4", styles=styles,
            )  # fmt: skip


def test_the_composer_finds_styles_by_path_and_reads_the_words_without_them(
    tmp_path: Path,
) -> None:
    look = _look(tmp_path / "dolly out.safetensors", g=0.5)
    composer = VideoSequenceComposer(long_side=160)
    composer.add_shot("a", photo(tmp_path, 1), f"Push in <lora:{look}:1>", 0.5)
    moves = composer.project.shot("a").shot.motion.camera
    assert [move.direction for move in moves] == ["forward"]
    film = Path(composer.generate_sequence(tmp_path / "film.mp4"))
    assert to_rgb(frames_of(film)[0])[..., 1].mean() < 80
    with pytest.raises(InvalidInstruction, match="does not end"):
        composer.add_shot("b", photo(tmp_path, 2), "Push in <lora:noir", 0.5)


def test_a_backend_of_an_old_project_moves_into_its_shot(tmp_path: Path) -> None:
    project, _ = _two(tmp_path)
    values = project.to_dict()
    assert "backend" not in values["shots"][0]
    for one in values["shots"]:
        one["backend"] = "geometric"
    read = Project.from_dict(values)
    assert read.shot("a").shot.backend == BackendSettings()
    assert read.to_dict() == project.to_dict()
    values["shots"][0]["shot"]["backend"] = {"name": "guided"}
    assert Project.from_dict(values).shot("a").shot.backend.name == "guided"
    values["shots"][1]["backend"] = "nobody"
    with pytest.raises(InvalidInstruction, match="backend"):
        Project.from_dict(values)


def test_a_damaged_file_does_not_keep_a_project_closed(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clip(tmp_path, 1).read_bytes()[:400])
    torn = tmp_path / "torn.png"
    torn.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    good = clip_shot(shelf, clip(tmp_path, 2), "good")
    bad = SequenceShot(id="bad", media=shelf.add(broken, "video"))
    photo_ = SequenceShot(id="torn", media=shelf.add(torn, "photo"))
    project = Project(shots=(good, bad, photo_))
    write_bundle(project, shelf, tmp_path / "film.zip")
    opened = read_project(tmp_path / "film.zip", Shelf(tmp_path / "other"))
    assert [ref.name for ref in opened.damaged] == ["broken.mp4", "torn.png"]
    assert opened.project == project
    assert opened.missing == ()
    assert [note.split(" cannot be used: ")[0] for note in opened.notes] == [
        "'broken.mp4'", "'torn.png'",
    ]  # fmt: skip


def test_the_disk_is_looked_at_while_files_come_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path / "shelf")
    large = tmp_path / "large.mp4"
    with large.open("wb") as file:
        file.truncate(80_000_000)
    free = [10_000_000_000]
    asked: list[int] = []

    def usage(folder: object) -> SimpleNamespace:
        asked.append(len(asked))
        found = free[0]
        free[0] -= 9_900_000_000  # somebody else fills the disk meanwhile
        return SimpleNamespace(free=found)

    monkeypatch.setattr("synth.sequence.places.shutil", SimpleNamespace(disk_usage=usage))
    with pytest.raises(LimitExceeded, match="disk has 100 MB free"):
        shelf.add(large, "video")
    assert len(asked) == 2
    assert not list(shelf.folder.iterdir())
    free[0] = 250_000_000
    with pytest.raises(LimitExceeded, match="80 MB are needed"):
        shelf.add(large, "video")
