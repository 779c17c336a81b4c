# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#   "numpy==2.4.6",
#   "scipy==1.17.1",
#   "numba==0.68.1",
#   "llvmlite==0.50.0",
#   "opencv-python-headless==5.0.0.93",
#   "av==18.1.0",
#   "imageio-ffmpeg==0.8.1",
#   "pillow==11.3.0",
#   "pydantic==2.12.5",
#   "huggingface_hub==2.4.0",
#   "scikit-image==0.26.0",
#   "safetensors==0.8.0",
#   "torch==2.13.0",
#   "diffusers==0.42.1",
#   "transformers==5.23.0",
#   "peft==0.21.2",
#   "accelerate==1.15.0",
#   "ftfy==6.3.1",
# ]
# ///
"""What runs on the rented machine: unpacks the program, trains, and keeps what was learned.

It stands alone: nothing but the standard library is there before uv has read the lines above. The
folder that it is given is a bucket: ``in`` holds the program, the reference videos and the job;
``out`` gets the style, and every two minutes the state of the training, so that a job that was
ended can be gone on with. Files are written on the machine's own disk first: a bucket is no place
for a half-written one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

MIRROR_SECONDS = 120.0


def mirror(source: Path, target: Path, seen: dict[str, tuple[int, int]]) -> int:
    """Copy what is new or changed, whole files only; returns how many. ``seen`` is kept between."""
    copied = 0
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if not path.is_file() or path.name.startswith(".") or path.suffix in (".tmp", ".part"):
            continue
        about = path.stat()
        mark = (about.st_size, about.st_mtime_ns)
        if seen.get(name) == mark:
            continue
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        seen[name] = mark
        copied += 1
    return copied


def prepare(work: Path, local: Path) -> Path:
    """Unpack the program and the references, take up a former state, and write the job's file."""
    with zipfile.ZipFile(work / "in" / "program.zip") as archive:
        archive.extractall(local / "program")
    shutil.copytree(work / "in" / "clips", local / "clips")
    out = local / "out"
    if (work / "out" / "state").is_dir():
        shutil.copytree(work / "out" / "state", out / "state")
    out.mkdir(parents=True, exist_ok=True)
    job = json.loads((work / "in" / "job.json").read_text("utf-8"))
    job["references"] = [str(local / "clips")]
    job["output"] = str(out / f"{job['name']}.safetensors")
    job["folder"] = str(out / "state")
    file = local / "job.json"
    file.write_text(json.dumps(job), "utf-8")
    return file


def main(arguments: list[str]) -> int:
    """Run the job in a bucket's folder; returns the training's own exit status."""
    if len(arguments) not in (1, 2):
        print("Usage: job_script.py FOLDER [SECONDS]", file=sys.stderr)
        return 2
    work = Path(arguments[0])
    pause = float(arguments[1]) if len(arguments) == 2 else MIRROR_SECONDS
    with tempfile.TemporaryDirectory(prefix="style-") as name:
        local = Path(name)
        job = prepare(work, local)
        seen: dict[str, tuple[int, int]] = {}
        environment = os.environ | {"PYTHONPATH": str(local / "program"), "PYTHONUNBUFFERED": "1"}
        child = subprocess.Popen(  # noqa: S603  Our own program, with a file that we wrote.
            [sys.executable, "-m", "synth.style.training", str(job)], cwd=local, env=environment
        )
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, lambda number, _: child.send_signal(number))
        try:
            before = time.monotonic()
            while child.poll() is None:
                time.sleep(min(0.2, pause))
                if time.monotonic() - before >= pause:
                    mirror(local / "out", work / "out", seen)
                    before = time.monotonic()
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait(timeout=60)
            mirror(local / "out", work / "out", seen)
        return child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
