"""The README's snippets run as they stand, against the package and a served page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synth.camera.formats import read_path
from synth.flow.plan import RetimePlan
from synth.flow.result import Tally
from synth.flow.settings import RetimeSettings
from synth.grade.cube import read_cube
from synth.media import VideoReader, probe
from synth.motion.catalogue import MOVE_KINDS
from tests.flow.retimed import panned, write_clip
from tests.ui.conftest import Server, make_picture

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """What stands under a heading."""
    return README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def snippet(heading: str, number: int = 0) -> str:
    """A code block under a heading, by its number from 0."""
    return re.findall(r"```\w+\n(.*?)```", section(heading), re.DOTALL)[number]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    picture = make_picture(tmp_path / "photo.png", 480, 320)
    Image.open(picture).save(tmp_path / "photo.jpg", quality=95)
    return tmp_path


def run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def here(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """Runs Python in the folder and gives what it prints: a new process takes seconds to import."""
    monkeypatch.chdir(folder)

    def run_here(code: str) -> str:
        capsys.readouterr()
        exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
        return capsys.readouterr().out

    return run_here


def test_the_python_snippet_makes_a_clip(folder: Path) -> None:
    said = run([sys.executable, "-c", snippet("From Python")], folder)
    assert "camera" in said.lower()
    info = probe(folder / "clip.mp4")
    assert (info.codec, info.width, info.frames) == ("h264", 1280, 72)


def test_the_keyframe_snippet_makes_a_clip_and_a_path_for_another_program(
    folder: Path, here: Callable[[str], str]
) -> None:
    here(snippet("Keyframes"))
    info = probe(folder / "keyed.mp4")
    assert (info.codec, info.width, info.frames) == ("h264", 1280, 48)
    found = read_path((folder / "camera_path.json").read_bytes())
    assert (found.format_id, len(found.path)) == ("nerfstudio", 48)


def test_the_sequence_snippets_make_a_film_and_a_batch(
    footage: Path, here: Callable[[str], str]
) -> None:
    said = here(snippet("Sequence"))
    assert said.startswith("96 frames, 4.0 s")
    assert "camera" in said.lower()
    assert len(probe_frames(footage / "film.mp4")) == 96
    assert (footage / "film.zip").stat().st_size > 1000
    (footage / "photos").mkdir()
    for number in (1, 2):
        make_picture(footage / "photos" / f"{number}.png", 160, 120, seed=number)
    run([sys.executable, "-c", snippet("Sequence", 1)], footage)
    assert len(list((footage / "videos").glob("*.mp4"))) == 2


def probe_frames(path: Path) -> list[object]:
    with VideoReader(path) as reader:
        return [frame.time for frame in reader]


def test_the_client_snippet_of_a_film(footage: Path, server: Server) -> None:
    code = snippet("Through the Gradio client", 3).replace("http://127.0.0.1:7860", server.url)
    said = run([sys.executable, "-c", code], footage)
    assert said.split()[-1] == "2.5"


def test_the_client_snippet_makes_a_clip(folder: Path, server: Server) -> None:
    code = snippet("Through the Gradio client").replace("http://127.0.0.1:7860", server.url)
    said = run([sys.executable, "-c", code], folder)
    info = probe(said.splitlines()[-1].split()[0])
    assert (info.codec, info.width, info.frames) == ("h264", 640, 48)


def test_the_curl_snippet_makes_a_clip(folder: Path, server: Server) -> None:
    code = snippet("With curl").replace("http://127.0.0.1:7860", server.url)
    run(["bash", "-euc", code], folder)
    info = probe(folder / "clip.mp4")
    assert (info.codec, info.width, info.frames) == ("h264", 640, 48)


@pytest.fixture
def footage(folder: Path) -> Path:
    """Two pictures, a clip of a second with sound, and a clip in which each frame stands twice."""
    pictures = panned(12)
    for number in (1, 2):
        Image.fromarray(pictures[number]).save(folder / f"frame{number}.jpg", quality=95)
    write_clip(folder / "clip.mp4", pictures, 12, sound=True)
    write_clip(folder / "animation.mp4", [one for one in pictures for _ in range(2)], 24)
    return folder


def test_the_interpolation_snippet_makes_frames_and_a_clip(
    footage: Path, here: Callable[[str], str]
) -> None:
    here(snippet("Interpolate"))
    assert len(list(footage.glob("frame_*.png"))) == 10
    for made, given in (("frame_00.png", "frame1.jpg"), ("frame_09.png", "frame2.jpg")):
        with Image.open(footage / made) as one, Image.open(footage / given) as other:
            assert one.tobytes() == other.convert("RGB").tobytes()
    info = probe(footage / "smooth.mp4")
    assert (info.frames, info.fps, info.has_audio) == (60, 60, True)


def test_the_retiming_snippet_makes_what_it_says(footage: Path, here: Callable[[str], str]) -> None:
    said = here(snippet("Interpolate", 1))
    assert "24 frames at 24 become 60 at 60." in said
    assert re.search(r"\d+ repeated frames are replaced by motion\.", said)
    found = {name: probe(footage / f"{name}.mp4") for name in ("even", "slow", "fast", "ramp")}
    assert (found["even"].frames, found["even"].fps) == (60, 60)
    assert (found["slow"].frames, found["slow"].fps) == (96, Fraction(24000, 1001))
    assert (found["fast"].frames, found["fast"].fps) == (6, 24)
    assert found["ramp"].fps == 50
    assert (found["ramp"].frames or 0) > 60
    heard = {name: info.has_audio for name, info in found.items()}
    assert heard == {"even": False, "slow": True, "fast": True, "ramp": False}


def test_the_judging_and_grading_snippets_do_what_they_say(
    footage: Path, here: Callable[[str], str]
) -> None:
    said = here(snippet("Grade & Quality"))
    assert re.match(r"[01]\.\d\d (True|False)", said)
    here(snippet("Grade & Quality", 1))
    given = probe(footage / "clip.mp4")
    for name in ("graded", "teal", "dusk", "matched", "steady_light", "clean", "calm"):
        info = probe(footage / f"{name}.mp4")
        assert (info.frames, info.fps, info.has_audio) == (given.frames, given.fps, True), name
    assert read_cube(footage / "teal.cube").size == 33


def test_the_judging_client_snippet_reports_and_makes_clips(
    footage: Path, here: Callable[[str], str], server: Server
) -> None:
    code = snippet("Through the Gradio client", 2).replace("http://127.0.0.1:7860", server.url)
    said = [line for line in here(code).splitlines() if not line.startswith("Loaded as API")]
    assert 0.0 <= float(said[0].split()[0]) <= 1.0
    clip, closeness = said[-1].split()[:2]
    assert (probe(clip).frames, float(closeness) > 10) == (12, True)


def test_the_retiming_client_snippet_makes_a_clip_and_pictures(
    footage: Path, server: Server
) -> None:
    code = snippet("Through the Gradio client", 1).replace("http://127.0.0.1:7860", server.url)
    plan, clip, pictures = run([sys.executable, "-c", code], footage).splitlines()[-3:]
    assert plan.startswith("12 frames at 12 become 120 at 60.")
    frames, _, path = clip.split(" ", 2)
    info = probe(path)
    assert (info.frames, info.fps) == (int(frames), 60)
    count, parcel = pictures.split(" ", 1)
    assert len(zipfile.ZipFile(parcel).namelist()) == int(count) == 10


def test_what_the_interpolate_tab_is_said_to_say_is_what_it_says() -> None:
    plan = RetimePlan(
        RetimeSettings(target_fps="60"), True, 1280, 720, Fraction(24), False, Fraction(10),
        600, Fraction(60), False, Tally(pictures=240, cuts=3, replaced=12, untouched=120, new=480),
    )  # fmt: skip
    said = " ".join(section("Interpolate").split("```", 1)[0].split())
    quoted = said.split('made: "', 1)[1].split('"', 1)[0]
    for sentence in re.findall(r"[^.]+\.", quoted):
        assert sentence.strip() in plan.sentences()


def test_the_table_of_retiming_names_every_setting() -> None:
    rows = re.findall(r"^\| (`.*?) \|", section("Interpolate"), re.MULTILINE)
    assert re.findall(r"`(\w+)`", " ".join(rows)) == list(RetimeSettings.model_fields)


def test_the_file_tree_names_every_room() -> None:
    rooms = {path.name for path in (ROOT / "synth").iterdir() if path.is_dir()} - {"__pycache__"}
    tree = README.split("## Inside\n", 1)[1]
    assert not [room for room in rooms if f"  {room}/" not in tree]


def test_the_amplitudes_are_those_of_the_table() -> None:
    told = README.split("<!-- amplitudes -->", 1)[1].split("\n\n", 1)[0]
    for kind, figure in (("truck", "0.9"), ("pan", "9°"), ("tilt", "5°"), ("roll", "12°"),
                         ("orbit", "6°"), ("arc", "9°"), ("pedestal", "0.6")):  # fmt: skip
        assert f"{MOVE_KINDS[kind].amplitude:g}" in figure
        assert figure in told


def test_the_style_snippet_learns_a_style_that_the_next_clip_has(
    folder: Path, here: Callable[[str], str]
) -> None:
    for seed, name in enumerate(("one", "two", "three")):
        warm = [
            np.clip(picture * (1.0, 0.8, 0.5), 0, 255).astype(np.uint8)
            for picture in panned(24, seed=seed)
        ]
        write_clip(folder / f"{name}.mp4", warm, 12)
    said = here(snippet("Style"))
    assert said.startswith("look A look was learned rather than a LoRA")
    assert (folder / "loras" / "cinematic_noir_video.cube").is_file()
    info = probe(folder / "noir.mp4")
    assert (info.codec, info.width, info.frames) == ("h264", 1280, 48)


def test_the_snippet_of_other_brushes_tells_what_is_kept_and_makes_a_clip(
    folder: Path, here: Callable[[str], str]
) -> None:
    said = here(snippet("Other brushes"))
    assert said.startswith("camera exactly")
    assert "a quiet street at dawn" in said.lower()
    assert probe(folder / "best.mp4").frames == 48
