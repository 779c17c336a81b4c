"""A film that is killed at any moment is gone on with, and comes out the same bit for bit."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from synth.sequence.film import compose
from tests.sequence.small_films import digest, three

ROOT = Path(__file__).resolve().parents[2]
KILLS = 2


def _begun(arguments: list[str]) -> subprocess.Popen[str]:
    """A process that makes the film, from the moment on when it begins."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sequence.small_films", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "begins\n"
    return process


def test_killed_and_gone_on_with(tmp_path: Path) -> None:
    project, shelf = three(tmp_path)
    (tmp_path / "project.json").write_text(project.to_json(), "utf-8")
    process = _begun([str(tmp_path), str(tmp_path / "other"), str(tmp_path / "whole.mp4")])
    began = time.monotonic()
    assert process.wait() == 0
    seconds = time.monotonic() - began
    kept, target = tmp_path / "kept", tmp_path / "film.mp4"
    chance = random.Random(1)
    for _ in range(KILLS):
        process = _begun([str(tmp_path), str(kept), str(target)])
        time.sleep(chance.uniform(0.1, 0.9) * seconds)
        process.kill()
        process.wait()
        assert not target.exists() or digest(target) == digest(tmp_path / "whole.mp4")
    result = compose(project, shelf, target, folder=kept)
    assert digest(target) == digest(tmp_path / "whole.mp4")
    assert result.encoded <= result.stretches
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".lock"]
