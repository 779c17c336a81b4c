"""What runs on the rented machine: it stands alone, and it keeps what was learned."""

from __future__ import annotations

import ast
import json
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import synth
from synth.style.remote import job_script
from synth.style.remote.job_script import mirror
from synth.style.remote.snapshot import pack_program, write_job
from synth.style.training.settings import TrainingSettings

ROOT = Path(synth.__file__).resolve().parent
SCRIPT = Path(job_script.__file__)

PROGRAM = """
import json, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
job = json.loads(pathlib.Path(sys.argv[1]).read_text())
clips = sorted(p.name for p in pathlib.Path(job["references"][0]).iterdir())
state = pathlib.Path(job["folder"])
before = (state / "last").read_text() if (state / "last").exists() else ""
state.mkdir(parents=True, exist_ok=True)
(state / "last").write_text(before + "+")
print(json.dumps({"clips": clips, "before": before}), flush=True)
if job["settings"].get("wait"):
    time.sleep(30)
(pathlib.Path(job["output"])).write_text("a style")
sys.exit(job["settings"].get("status", 0))
"""


def packed(work: Path, **settings: object) -> Path:
    """A bucket's folder with a program that only plays at training."""
    (work / "in" / "clips").mkdir(parents=True)
    (work / "in" / "clips" / "clip-000.mp4").write_bytes(b"film")
    job = {"references": ["clips"], "name": "ink", "output": "x", "settings": settings}
    (work / "in" / "job.json").write_text(json.dumps(job))
    with zipfile.ZipFile(work / "in" / "program.zip", "w") as archive:
        for name in ("synth", "synth/style", "synth/style/training"):
            archive.writestr(f"{name}/__init__.py", "")
        archive.writestr("synth/style/training/__main__.py", PROGRAM)
    return work


def run(work: Path, pause: str = "0.1") -> subprocess.Popen[str]:
    """The script as the machine starts it, without anything of ours in reach."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(SCRIPT), str(work), pause],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=work,
    )  # fmt: skip


def test_it_trains_goes_on_from_a_former_state_and_tells_how_it_ended(tmp_path: Path) -> None:
    work = packed(tmp_path / "work", status=3)
    out, err = (first := run(work)).communicate(timeout=30)
    assert first.returncode == 3, err
    assert json.loads(out) == {"clips": ["clip-000.mp4"], "before": ""}
    assert (work / "out" / "ink.safetensors").read_text() == "a style"
    assert (work / "out" / "state" / "last").read_text() == "+"
    out, _ = run(work).communicate(timeout=30)
    assert json.loads(out)["before"] == "+"
    assert (work / "out" / "state" / "last").read_text() == "++"


def test_what_was_learned_is_kept_while_it_runs_and_when_it_is_ended(tmp_path: Path) -> None:
    work = packed(tmp_path / "work", wait=True)
    running = run(work)
    kept = work / "out" / "state" / "last"
    deadline = time.monotonic() + 20
    while not kept.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert kept.read_text() == "+"
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=20)
    assert running.returncode == 143


def test_the_program_that_is_sent_starts_and_speaks(tmp_path: Path) -> None:
    """Out of its zip, and not out of this checkout: the checkout is not where it runs."""
    work = tmp_path / "work"
    (work / "in" / "clips").mkdir(parents=True)
    (work / "in" / "clips" / "clip-000.mp4").write_bytes(b"no film")
    pack_program(work / "in" / "program.zip")
    write_job(work / "in" / "job.json", "ink", TrainingSettings())
    running = run(work)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 1, err
    lines = [json.loads(line) for line in out.splitlines()]
    assert "None of the reference videos can be learned from" in lines[-1]["error"]


def test_only_what_changed_is_copied_and_no_half_written_file(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    (source / "state").mkdir(parents=True)
    for name in ("one", "state/two", "three.tmp", ".four"):
        (source / name).write_text(name)
    seen: dict[str, tuple[int, int]] = {}
    assert mirror(source, target, seen) == 2
    assert mirror(source, target, seen) == 0
    (source / "one").write_text("changed")
    assert mirror(source, target, seen) == 1
    copied = sorted(p.relative_to(target).as_posix() for p in target.rglob("*") if p.is_file())
    assert copied == ["one", "state/two"]


def _header() -> dict[str, str]:
    lines = SCRIPT.read_text("utf-8").splitlines()
    begin, end = lines.index("# /// script"), lines.index("# ///")
    text = "\n".join(lines[begin:end])
    return dict(re.findall(r'"([\w-]+)==([\w.]+)"', text))


def test_its_packages_are_pinned_as_ours_are() -> None:
    pins: dict[str, str] = {}
    for name in ("requirements.txt", "requirements-ai.txt"):
        text = (ROOT.parent / name).read_text("utf-8")
        pins |= {
            key.lower().replace("-", "_"): value
            for key, value in re.findall(r"^([\w-]+)(?:\[.*\])?==([\w.]+)", text, re.M)
        }
    told = {key.lower().replace("-", "_"): value for key, value in _header().items()}
    assert told
    assert {key: pins.get(key) for key in told} == told


def test_every_package_that_training_imports_is_among_them() -> None:
    """Whatever is met on the way from its entry by imports at the head of files."""
    named = {"cv2": "opencv-python-headless", "PIL": "pillow", "skimage": "scikit-image"}
    waiting, met, outside = ["synth.style.training.__main__"], set[str](), set[str]()
    while waiting:
        module = waiting.pop()
        if module in met:
            continue
        met.add(module)
        path = ROOT.parent / Path(*module.split("."))
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if not file.is_file():
            continue
        waiting += [module.rsplit(".", 1)[0]] if "." in module else []
        tree = ast.parse(file.read_text("utf-8"))
        training = module.startswith("synth.style.training")
        for node in ast.walk(tree) if training else tree.body:
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                if name.split(".")[0] == "synth":
                    waiting.append(name)
                else:
                    outside.add(name.split(".")[0])
    wanted = {named.get(name, name) for name in outside - set(sys.stdlib_module_names)}
    assert "torch" in wanted
    assert wanted <= set(_header()), wanted - set(_header())
