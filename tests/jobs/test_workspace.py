"""Private folders: nobody else reads them, and they go away."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synth.errors import LimitExceeded
from synth.jobs import Workspace, sweep_stale


def _dead_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def _aged(folder: Path) -> Path:
    folder.mkdir()
    (folder / "frame.png").write_bytes(b"x")
    old = time.time() - 1000
    os.utime(folder, (old, old))
    return folder


def test_a_folder_is_private_and_outside_the_working_directory() -> None:
    with Workspace() as workspace:
        assert stat.S_IMODE(workspace.path.stat().st_mode) == 0o700
        assert not workspace.path.is_relative_to(Path.cwd())


def test_two_folders_have_unrelated_names(tmp_path: Path) -> None:
    with Workspace(tmp_path) as first, Workspace(tmp_path) as second:
        assert first.path.name.split("-")[-1] != second.path.name.split("-")[-1]
        assert len(first.path.name.split("-")[-1]) == 32


def test_the_folder_goes_with_all_that_is_in_it_also_after_an_error(tmp_path: Path) -> None:
    def fail_in_a_workspace() -> None:
        with Workspace(tmp_path) as workspace:
            (workspace.path / "deep").mkdir()
            (workspace.path / "deep" / "a.png").write_bytes(b"x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_in_a_workspace()
    assert list(tmp_path.iterdir()) == []


def test_removing_twice_is_harmless(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.remove()
    workspace.remove()
    assert not workspace.path.exists()


def test_a_file_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    with Workspace(tmp_path) as workspace:
        assert workspace.file("../../etc/passwd").parent == workspace.path


def test_a_full_disk_is_refused_before_work_starts(tmp_path: Path) -> None:
    with pytest.raises(LimitExceeded, match="MB free"):
        Workspace(tmp_path, free_bytes=1 << 62)
    assert list(tmp_path.iterdir()) == []


def test_the_sweep_takes_what_a_dead_process_left(tmp_path: Path) -> None:
    left = _aged(tmp_path / f"motion-synth-{_dead_process()}-{'a' * 32}")
    assert sweep_stale(tmp_path) == 1
    assert not left.exists()


def test_the_sweep_spares_the_living_the_young_and_the_foreign(tmp_path: Path) -> None:
    dead = _dead_process()
    living = _aged(tmp_path / f"motion-synth-{os.getpid()}-{'a' * 32}")
    young = tmp_path / f"motion-synth-{dead}-{'b' * 32}"
    young.mkdir()
    foreign = _aged(tmp_path / "motion-synth-notes")
    link = tmp_path / f"motion-synth-{dead}-{'c' * 32}"
    link.symlink_to(foreign)
    assert sweep_stale(tmp_path) == 0
    assert all(path.exists() for path in (living, young, foreign, link))
