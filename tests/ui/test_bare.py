"""The app where none of the AI packages is installed, as "make run" leaves it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from synth.media import probe
from tests.ui.conftest import make_picture, sent

ROOT = Path(__file__).resolve().parents[2]

ABSENT = """
from importlib.machinery import PathFinder

found = PathFinder.find_spec
GONE = {"torch", "diffusers", "transformers", "peft", "accelerate", "ftfy"}

def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in GONE else found(name, path, target)

PathFinder.find_spec = find_spec
"""
"""Runs before anything else in the new process: these packages are not there for any question."""

SHOT = {"camera": {"type": "truck", "direction": "left", "intensity": 0.4, "duration": 0.5}}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = tmp_path_factory.mktemp("bare")
    (folder / "sitecustomize.py").write_text(ABSENT, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "GRADIO_TEMP_DIR": str(folder / "uploads"),
        "GRADIO_SERVER_PORT": "",
    }
    del environment["GRADIO_SERVER_PORT"]
    with subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as app:
        assert app.stdout is not None
        address = next(
            found[0] for line in app.stdout if (found := re.findall(r"http://\S+", line))
        )
        client = Client(
            address, verbose=False, analytics_enabled=False, download_files=str(folder / "down")
        )
        yield client
        client.close()
        app.terminate()


def test_a_clip_is_made_and_measured(bare: Client, tmp_path: Path) -> None:
    photo = make_picture(tmp_path / "photo.png", 320, 240)
    video, report = bare.predict(
        image=sent(photo), motion_control=SHOT, long_side=320, api_name="/generate_video"
    )
    assert probe(video).frames == 12
    assert report["fidelity"]["obeyed"]


@pytest.mark.parametrize("backend", ["diffusers", "guided"])
def test_a_model_says_what_it_lacks_before_and_when_it_is_asked(
    bare: Client, tmp_path: Path, backend: str
) -> None:
    told = bare.predict(motion_control=SHOT, backend={"name": backend}, api_name="/preflight")
    assert "torch" in told["missing"]
    assert "make ai" in told["missing"]
    photo = make_picture(tmp_path / "photo.png", 320, 240)
    with pytest.raises(AppError, match="make ai"):
        bare.predict(
            image=sent(photo), motion_control=SHOT, backend={"name": backend},
            api_name="/generate_video",
        )  # fmt: skip


def test_training_says_what_it_lacks(bare: Client, tmp_path: Path) -> None:
    from tests.flow.retimed import panned, write_clip

    clips = [
        sent(write_clip(tmp_path / f"{seed}.mp4", panned(30, seed=seed), 12)) for seed in range(2)
    ]
    with pytest.raises(AppError, match="make ai"):
        bare.predict(videos=clips, name="noir", api_name="/train_style")
