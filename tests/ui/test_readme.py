"""The README's snippets run as they stand, against the package and a served page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from synth.camera.formats import read_path
from synth.media import probe
from synth.motion.catalogue import MOVE_KINDS
from tests.ui.conftest import Server, make_picture

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def snippet(heading: str) -> str:
    """The first code block under a heading."""
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.search(r"```\w+\n(.*?)```", section, re.DOTALL)[1]  # type: ignore[index]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from PIL import Image

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


def test_the_python_snippet_makes_a_clip(folder: Path) -> None:
    said = run([sys.executable, "-c", snippet("From Python")], folder)
    assert "camera" in said.lower()
    info = probe(folder / "clip.mp4")
    assert (info.codec, info.width, info.frames) == ("h264", 1280, 72)


def test_the_keyframe_snippet_makes_a_clip_and_a_path_for_another_program(folder: Path) -> None:
    run([sys.executable, "-c", snippet("Keyframes")], folder)
    info = probe(folder / "keyed.mp4")
    assert (info.codec, info.width, info.frames) == ("h264", 1280, 48)
    found = read_path((folder / "camera_path.json").read_bytes())
    assert (found.format_id, len(found.path)) == ("nerfstudio", 48)


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
