"""One photo and one shot become one finished file, or nothing at all."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from synth.backends.geometric import set_stage
from synth.control import CancelToken, Progress
from synth.errors import (
    Cancelled,
    InvalidInstruction,
    InvalidMedia,
    LimitExceeded,
    SynthError,
)
from synth.media import VideoReader, load_image, probe
from synth.motion import camera_path
from synth.render.film import FilmSettings
from synth.scene.cache import SceneCache
from synth.scene.depth_map import DepthMap
from synth.scene.sheets import Scene
from synth.shot import Shot, preview_shot, render_shot

MakeShot = Callable[..., Shot]


class _CountingCache(SceneCache):
    """A scene cache that counts what it had to build."""

    def __init__(self) -> None:
        super().__init__(4)
        self.built = 0

    def get(self, key: str, build: Callable[[], Scene]) -> Scene:
        def counted() -> Scene:
            self.built += 1
            return build()

        return super().get(key, counted)


def _frames(path: Path) -> np.ndarray:
    with VideoReader(path) as reader:
        return np.stack([frame.pixels for frame in reader])


def _pictures(path: Path) -> np.ndarray:
    """The frames of a PNG sequence, to the bit as they were rendered."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".png"))
        return np.stack([np.asarray(Image.open(archive.open(n)).convert("RGB")) for n in names])


@pytest.fixture(scope="module")
def clip(photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path_factory):
    """A finished clip that several tests look at, with the reports made on the way."""
    reports: list[Progress] = []
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    shot = make_shot(direction="left", intensity=0.4)
    result = render_shot(shot, photo_path, path, depth=true_depth, progress=reports.append)
    return result, reports


def test_a_photo_and_a_shot_become_a_playable_film(clip) -> None:
    result, _ = clip
    info = probe(result.path)
    assert (info.width, info.height) == (result.width, result.height) == (320, 200)
    assert (info.codec, info.pixel_format, info.matrix) == ("h264", "yuv420p", "bt709")
    assert info.fps == 12
    assert info.frames == result.frames == 12
    assert info.duration == 1
    assert not info.full_range
    assert not info.variable_rate
    with VideoReader(result.path) as reader:
        times = [frame.time for frame in reader]
    assert times == [Fraction(i, 12) for i in range(12)]


def test_the_film_shows_what_the_stage_renders(
    clip, photo_path: Path, true_depth: DepthMap, make_shot: MakeShot
) -> None:
    result, _ = clip
    shot = make_shot(direction="left", intensity=0.4)
    path = camera_path(shot.motion, fps=Fraction(12))
    photo = load_image(photo_path).pixels
    stage = set_stage(photo, true_depth, path, FilmSettings(320, 200))
    decoded = _frames(result.path).astype(float)
    rendered = np.stack(list(stage.frames())).astype(float)
    # Compression and halved colour resolution stand between them.
    assert np.abs(decoded.mean(axis=3) - rendered.mean(axis=3)).mean() < 3.0
    # The camera goes left, so the scene goes right, and the near box faster than the wall.
    assert np.abs(decoded[11] - decoded[0]).mean() > 5.0


def test_the_cameras_fidelity_is_measured_and_told(clip) -> None:
    result, _ = clip
    assert result.fidelity is not None
    measured = result.fidelity.to_dict()
    assert measured["obeyed"] is True
    assert measured["mean_rotation_error_degrees"] < 0.1
    assert measured["mean_translation_error"] < 0.02
    assert result.report()["fidelity"] == measured
    assert result.metadata["fidelity"] == measured


def test_progress_tells_every_stage_and_counts_every_frame(clip) -> None:
    _, reports = clip
    stages = list(dict.fromkeys(report.stage for report in reports))
    assert stages == [
        "Reading the photo", "Building the scene", "Rendering", "Measuring the camera",
    ]  # fmt: skip
    rendering = [report for report in reports if report.stage == "Rendering"]
    assert [report.done for report in rendering] == list(range(1, 13))
    assert {report.total for report in rendering} == {12}
    assert rendering[-1].seconds_left == 0.0
    assert all(report.seconds_left is not None and report.seconds_left >= 0 for report in rendering)


def test_only_the_film_is_left_in_the_folder(clip) -> None:
    result, _ = clip
    assert [entry.name for entry in result.path.parent.iterdir()] == ["clip.mp4"]


def test_a_camera_that_stands_still_films_the_photo(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    shot = make_shot("static", duration=0.5, output={"format": "png"})
    path = tmp_path / "still.zip"
    result = render_shot(shot, photo_path, path, depth=true_depth)
    assert result.frames == 6
    photo = load_image(photo_path).pixels
    assert np.array_equal(_pictures(path), np.stack([photo] * 6))


@pytest.mark.parametrize(
    ("output", "size", "frames", "rate"),
    [
        ({"aspect": "1:1", "fps": "23.976", "long_side": 161}, (160, 160), 12, "24000/1001"),
        ({"aspect": "9:16", "fps": "30"}, (180, 320), 15, "30"),
        ({"aspect": "2.39:1", "fps": "15", "format": "webm"}, (320, 134), 8, "15"),
        ({"fps": "25", "format": "prores", "long_side": 160}, (160, 100), 12, "25"),
        ({"fps": "12", "format": "gif", "long_side": 160}, (160, 100), 6, "12"),
    ],
)
def test_size_rate_and_format_are_as_asked(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path,
    output: dict[str, Any], size: tuple[int, int], frames: int, rate: str,
) -> None:  # fmt: skip
    shot = make_shot("push_in", intensity=0.3, duration=0.5, output=output)
    path = tmp_path / "clip"
    result = render_shot(shot, photo_path, path, depth=true_depth, fidelity=False)
    info = probe(path)
    assert (info.width, info.height) == (result.width, result.height) == size
    assert info.fps == pytest.approx(float(Fraction(rate)), rel=1e-3)
    assert len(_frames(path)) == result.frames == frames
    if shot.output.format in ("mp4", "prores"):
        assert info.fps == Fraction(rate)


def test_notes_tell_what_was_done_to_the_picture(
    photo_path: Path, true_depth: DepthMap, tmp_path: Path
) -> None:
    shot = Shot.from_dict(
        {
            "motion": {
                "camera": {"type": "pan", "direction": "left", "intensity": 1.0, "duration": 0.3},
            },
            "output": {"long_side": 160, "fps": "12"},
        }
    )
    result = render_shot(shot, photo_path, tmp_path / "c.mp4", depth=true_depth, fidelity=False)
    text = " ".join(result.notes)
    assert "oom" in text  # zoomed in, or how much zoom it would take
    assert len(set(result.notes)) == len(result.notes)


STAGES = (
    "Reading the photo", "Finding depth", "Estimating depth", "Building the scene", "Rendering",
    "Measuring the camera",
)  # fmt: skip


@pytest.mark.parametrize("existing", [False, True], ids=["nothing there", "a file there"])
@pytest.mark.parametrize("stage", STAGES)
def test_cancel_works_within_a_second_in_every_stage_and_leaves_nothing(
    photo_path: Path, make_shot: MakeShot, tmp_path: Path, stage: str, existing: bool
) -> None:
    target = tmp_path / "clip.mp4"
    if existing:
        target.write_bytes(b"the film of yesterday")
    token = CancelToken()
    asked: list[float] = []

    def watch(report: Progress) -> None:
        if report.stage == stage and not asked:
            asked.append(time.monotonic())
            token.cancel()

    shot = make_shot("orbit", intensity=0.3, duration=4.0, depth={"method": "embedded"})
    with pytest.raises(Cancelled):
        render_shot(shot, photo_path, target, cancel=token, progress=watch)
    assert asked, "the stage was never reached"
    assert time.monotonic() - asked[0] < 1.0
    if existing:
        assert target.read_bytes() == b"the film of yesterday"
        target.unlink()
    assert list(tmp_path.iterdir()) == []
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith(("shoot", "video-writer"))]


def test_cancel_from_another_thread_stops_a_long_render(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    token = CancelToken()
    rendering = threading.Event()
    ended: list[object] = []

    def work() -> None:
        shot = make_shot("truck", duration=30.0, output={"fps": "60", "long_side": 640})
        try:
            render_shot(
                shot, photo_path, tmp_path / "c.mp4", depth=true_depth, cancel=token,
                progress=lambda report: rendering.set() if report.stage == "Rendering" else None,
            )  # fmt: skip
            ended.append("finished")
        except Cancelled as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert rendering.wait(60)
    token.cancel()
    began = time.monotonic()
    thread.join(10)
    assert time.monotonic() - began < 1.0
    assert isinstance(ended[0], Cancelled)
    assert list(tmp_path.iterdir()) == []


def _text_file(folder: Path) -> Path:
    path = folder / "photo.jpg"
    path.write_text("this is no picture")
    return path


def _missing_file(folder: Path) -> Path:
    return folder / "nowhere.jpg"


@pytest.mark.parametrize("broken", [_text_file, _missing_file])
@pytest.mark.parametrize("existing", [False, True])
def test_a_photo_that_cannot_be_read_leaves_nothing(
    make_shot: MakeShot, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, broken, existing
) -> None:
    photo = broken(tmp_path_factory.mktemp("broken"))
    target = tmp_path / "clip.mp4"
    if existing:
        target.write_bytes(b"the film of yesterday")
    with pytest.raises(InvalidMedia):
        render_shot(make_shot(), photo, target)
    assert target.exists() == existing
    assert len(list(tmp_path.iterdir())) == int(existing)


@pytest.mark.parametrize("trouble", ["in rendering", "in measuring", "in progress"])
def test_any_error_on_the_way_leaves_an_old_file_as_it_was(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path, trouble: str
) -> None:
    """The one who watches may fail, too: here it stands for a full disk or a killed worker."""
    target = tmp_path / "clip.mp4"
    target.write_bytes(b"the film of yesterday")
    stage = {
        "in rendering": "Rendering",
        "in measuring": "Measuring the camera",
        "in progress": "Building the scene",
    }[trouble]

    def watch(report: Progress) -> None:
        if report.stage == stage and report.done in (0, 3):
            raise MemoryError(trouble)

    with pytest.raises(MemoryError, match=trouble):
        render_shot(make_shot(), photo_path, target, depth=true_depth, progress=watch)
    assert target.read_bytes() == b"the film of yesterday"
    assert [entry.name for entry in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_finished_render_replaces_an_old_file(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    target = tmp_path / "clip.mp4"
    target.write_bytes(b"the film of yesterday")
    render_shot(make_shot(duration=0.3), photo_path, target, depth=true_depth)
    assert probe(target).width == 320


@pytest.mark.parametrize("where", ["missing/clip.mp4", "."])
def test_a_place_that_cannot_hold_the_film_is_said_in_words(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path, where: str
) -> None:
    with pytest.raises(InvalidInstruction, match="folder"):
        render_shot(make_shot(), photo_path, tmp_path / where, depth=true_depth)
    assert list(tmp_path.iterdir()) == []


def test_too_many_pixels_are_refused_before_any_work(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    shot = make_shot(output={"long_side": 4096, "aspect": "1:1"})
    began = time.monotonic()
    with pytest.raises(LimitExceeded, match="8\\.3"):
        render_shot(shot, photo_path, tmp_path / "c.mp4", depth=true_depth)
    assert time.monotonic() - began < 2.0
    assert list(tmp_path.iterdir()) == []


def test_the_same_photo_and_depth_are_not_cut_into_a_scene_twice(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    cache = _CountingCache()

    def render(shot: Shot, depth: DepthMap = true_depth, photo: Path = photo_path) -> int:
        render_shot(shot, photo, tmp_path / "c.mp4", depth=depth, fidelity=False, scenes=cache)
        return cache.built

    def small(type: str = "truck", **values: Any) -> Shot:
        return make_shot(type, intensity=0.05, duration=values.pop("duration", 0.2), **values)

    assert render(small()) == 1
    assert render(small()) == 1
    # The same way at another pace, another rate, format or lens effect films the same scene.
    assert render(small(duration=0.3, lens={"vignette": 0.5})) == 1
    assert render(small(output={"fps": "24", "format": "webm"})) == 1
    # Another depth, size, shape, lens or edge needs its own.
    assert render(small(depth={"strength": 0.5})) == 2
    assert render(small(output={"long_side": 160})) == 3
    assert render(small(focal_length=35.0)) == 4
    assert render(small(edge="extend")) == 5
    other = DepthMap(1.0 - true_depth.disparity, "true", true_depth.near, true_depth.far)
    assert render(small(), other) == 6
    # A camera that goes elsewhere looks behind other edges.
    assert render(small("pedestal")) == 7


def test_a_scene_found_again_gives_the_same_film(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    cache = SceneCache()
    shot = make_shot(duration=0.4, output={"format": "png"})
    films = []
    for name in ("a.zip", "b.zip"):
        render_shot(shot, photo_path, tmp_path / name, depth=true_depth, scenes=cache)
        films.append(_pictures(tmp_path / name))
    assert len(cache) == 1
    assert np.array_equal(films[0], films[1])


def test_a_preview_is_small_and_shows_the_same_move(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    shot = make_shot(
        "dolly", output={"long_side": 1920, "fps": "60", "format": "prores", "aspect": "16:9"}
    )
    result = preview_shot(shot, photo_path, tmp_path / "p.mp4", depth=true_depth)
    info = probe(tmp_path / "p.mp4")
    assert max(info.width, info.height) <= 480
    assert info.width / info.height == pytest.approx(16 / 9, rel=0.01)
    assert info.codec == "h264"
    assert info.duration == 1
    assert info.fps <= 15
    assert result.shot.motion == shot.motion
    assert (tmp_path / "p.mp4").stat().st_size < 300_000


def test_a_preview_is_never_larger_than_what_was_asked(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    shot = make_shot(duration=0.2, output={"long_side": 160})
    result = preview_shot(shot, photo_path, tmp_path / "p.mp4", depth=true_depth)
    assert result.width == 160


def test_two_shots_at_once_give_what_each_gives_alone(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    png = {"format": "png"}
    shots = {
        "one": make_shot("truck", direction="right", intensity=0.6, output=png),
        "two": make_shot(
            "roll", intensity=0.4, depth={"strength": 1.4}, lens={"grain": 0.3}, output=png
        ),
    }
    scenes = SceneCache()
    failed: list[BaseException] = []

    def render(name: str, folder: str, cache: SceneCache | None) -> None:
        try:
            render_shot(
                shots[name], photo_path, tmp_path / folder / f"{name}.zip", depth=true_depth,
                scenes=cache, fidelity=False,
            )  # fmt: skip
        except BaseException as error:
            failed.append(error)

    for folder in ("alone", "together"):
        (tmp_path / folder).mkdir()
    for name in shots:
        render(name, "alone", None)
    threads = [threading.Thread(target=render, args=(name, "together", scenes)) for name in shots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for name in shots:
        alone, together = (_pictures(tmp_path / f / f"{name}.zip") for f in ("alone", "together"))
        assert np.array_equal(alone, together)
    assert not np.array_equal(_pictures(tmp_path / "alone/one.zip"), alone)


def test_without_a_depth_map_the_photos_own_depth_is_found(
    photo_path: Path, make_shot: MakeShot, tmp_path: Path
) -> None:
    stages: list[str] = []
    shot = make_shot("push_in", duration=0.3, depth={"method": "embedded"})
    render_shot(
        shot, photo_path, tmp_path / "c.mp4", fidelity=False,
        progress=lambda report: stages.append(report.stage),
    )  # fmt: skip
    assert "Estimating depth" in stages
    assert probe(tmp_path / "c.mp4").frames == 4


def test_every_refusal_is_meant_for_people(
    photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path
) -> None:
    with pytest.raises(SynthError) as caught:
        render_shot(
            make_shot(output={"long_side": 4096, "aspect": "1:1"}), photo_path,
            tmp_path / "c.mp4", depth=true_depth,
        )  # fmt: skip
    assert str(tmp_path) not in str(caught.value)
    assert str(caught.value).endswith(".")
