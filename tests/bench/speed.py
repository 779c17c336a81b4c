"""Speed of the main job beside a flat zoom of the same photo by FFmpeg's zoompan.

Both start from the same JPEG and end in a finished MP4 with the same encoder, preset and quality.
Ours finds the depth, cuts the scene, fills what is hidden, moves a camera through it and encodes;
zoompan only enlarges the picture. Runs alternate, the best of each counts, all in one process tree.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import psutil

from synth.media import EncoderSettings
from synth.scene.cache import SceneCache
from synth.shot import Shot, preview_shot, render_shot, warm_up

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "assets" / "examples" / "robot.jpg"
SECONDS = 5
ROUNDS = 3


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    """What was measured."""
    value: str
    """The figure with its unit."""


def best(work: Callable[[], object]) -> float:
    """Shortest time of a few runs, seconds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def shot(long_side: int, kind: str = "push_in") -> Shot:
    """The benchmark's move: five seconds at 24 frames a second."""
    return Shot.from_dict(
        {
            "motion": {"camera": {"type": kind, "intensity": 0.6, "duration": float(SECONDS)}},
            "output": {"long_side": long_side, "aspect": "16:9", "fps": "24"},
        }
    )


def zoompan(target: Path, width: int, height: int) -> None:
    """A flat zoom of the same photo with the same encoder settings."""
    encoder = EncoderSettings()
    frames = SECONDS * 24
    zoom = f"zoompan=z='1+0.22*on/{frames}':x='iw/2-(iw/zoom/2)':y='ih/2-(ih/zoom/2)'"
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-nostdin", "-i", str(PHOTO),
         "-vf", f"{zoom}:d={frames}:s={width}x{height}:fps=24",
         "-c:v", "libx264", "-preset", encoder.preset, "-crf", str(encoder.crf),
         "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(target)],
        check=True,
    )  # fmt: skip


def compare(folder: Path, width: int, height: int) -> list[Row]:
    """Our clip, ours with a known scene, and zoompan's, alternating."""
    scenes = SceneCache()
    instructions = shot(width)
    name = f"{SECONDS} s of {width}x{height} at 24 fps"
    render_shot(instructions, PHOTO, folder / "w.mp4", scenes=scenes, fidelity=False)
    fresh, known, flat = [], [], []
    stages: dict[str, float] = {}
    for _ in range(ROUNDS):
        started = time.perf_counter()
        result = render_shot(instructions, PHOTO, folder / "a.mp4", fidelity=False)
        fresh.append(time.perf_counter() - started)
        if fresh[-1] == min(fresh):
            stages = result.timings
        flat.append(best_of_one(lambda: zoompan(folder / "z.mp4", width, height)))
        known.append(
            best_of_one(
                lambda: render_shot(
                    instructions, PHOTO, folder / "b.mp4", scenes=scenes, fidelity=False
                )
            )
        )
    parts = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in stages.items())
    frames = SECONDS * 24
    return [
        Row(f"{name}, photo to MP4", f"{min(fresh):.2f} s ({SECONDS / min(fresh):.1f}x real time)"),
        Row(f"{name}, stages", parts),
        Row(f"{name}, scene already known",
            f"{min(known):.2f} s ({SECONDS / min(known):.1f}x real time)"),
        Row(f"{name}, flat zoom by zoompan",
            f"{min(flat):.2f} s ({frames / min(flat):.0f} frames a second)"),
        Row(f"{name}, ratio to zoompan",
            f"{min(flat) / min(fresh):.2f} (scene known: {min(flat) / min(known):.2f})"),
    ]  # fmt: skip


def best_of_one(work: Callable[[], object]) -> float:
    """Time of one run, seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peak_memory(folder: Path) -> Row:
    """Most memory that a fresh process holds while it renders 720p."""
    code = (
        "import sys; from pathlib import Path; from tests.bench.speed import *\n"
        "render_shot(shot(1280), PHOTO, Path(sys.argv[1]) / 'm.mp4', fidelity=False)\n"
    )
    process = psutil.Popen([sys.executable, "-c", code, str(folder)], cwd=ROOT)
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.02)
    return Row("peak memory of a 720p render, whole process", f"{peak / 1e6:.0f} MB")


def preview_latency(folder: Path) -> list[Row]:
    """From the click to a playable preview, with the scene new and known."""
    scenes = SceneCache()
    new = best(lambda: preview_shot(shot(1280), PHOTO, folder / "p.mp4"))
    preview_shot(shot(1280), PHOTO, folder / "p.mp4", scenes=scenes)
    known = best(lambda: preview_shot(shot(1280), PHOTO, folder / "p.mp4", scenes=scenes))
    return [Row("preview of 5 s, new photo", f"{new:.2f} s"),
            Row("preview of 5 s, same photo again", f"{known:.2f} s")]  # fmt: skip


def start_up() -> Row:
    """From ``python app.py`` to a served page."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port),
                   "GRADIO_ANALYTICS_ENABLED": "False"}  # fmt: skip
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while time.perf_counter() - started < 60:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2).read()
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        seconds = time.perf_counter() - started
    finally:
        process.terminate()
        process.wait(10)
    return Row("python app.py to a served page", f"{seconds:.1f} s")


def measure() -> list[Row]:
    """All rows."""
    warm_up()
    with tempfile.TemporaryDirectory(prefix="motion-synth-bench-") as name:
        folder = Path(name)
        rows = compare(folder, 1280, 720)
        rows += compare(folder, 1920, 1080)
        rows += preview_latency(folder)
        rows.append(peak_memory(folder))
    rows.append(start_up())
    return rows
