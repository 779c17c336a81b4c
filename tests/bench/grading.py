"""Grading against FFmpeg's lut3d, on the same table and pictures, in turns.

python -m tests.bench.grading                  a drawn clip, made here
python -m tests.bench.grading --clip FILE      a video, scaled to 1920x1080
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

from synth.grade.chain import Chain
from synth.grade.cube import write_cube
from synth.grade.grade import grade_picture, grade_video
from synth.grade.looks import look_lut
from synth.grade.lut import Lut
from synth.grade.settings import Adjustments, Grade
from synth.grade.tables import PlaneTables, recipe
from synth.media.plane_reader import PlaneReader
from synth.media.planes import ColourTags, Planes, planes_from_rgb
from synth.media.settings import EncoderSettings
from synth.media.writer import VideoWriter

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
WIDE, HIGH = 1920, 1080
LOOK = "teal_orange"


@dataclass(frozen=True)
class Line:
    """A row of the table."""

    name: str
    value: str


def drawn(count: int) -> Iterator[np.ndarray]:
    """A slow move over the bundled pictures, with a camera's noise; RGB."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 2.5, (HIGH, WIDE, 3)).astype(np.float32)
    pictures = [cv2.imread(str(path))[..., ::-1] for path in sorted(EXAMPLES.glob("*.jpg"))]
    for k in range(count):
        source = pictures[k * len(pictures) // count]
        height, width = source.shape[:2]
        scale = max(WIDE / width, HIGH / height) * 1.1
        move = np.array([[scale, 0, -1.5 * (k % 60)], [0, scale, -0.7 * (k % 60)]], np.float32)
        seen = cv2.warpAffine(source, move, (WIDE, HIGH), flags=cv2.INTER_CUBIC)
        grain = np.roll(noise, (k * 37 % HIGH, k * 101 % WIDE), (0, 1))
        yield np.clip(seen + grain, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Cost:
    """What some work took, seconds: on the clock, and of all processors together."""

    wall: float
    cpu: float

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.wall - other.wall, self.cpu - other.cpu)

    def words(self, count: int) -> str:
        """For each of ``count`` frames."""
        return f"{self.wall / count * 1e3:.1f} ms ({self.cpu / count * 1e3:.1f} of processors)"


def _cpu() -> float:
    """Processor time of this process and those it has waited for, seconds."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _timed(work: Callable[[], object]) -> Cost:
    wall, cpu = time.perf_counter(), _cpu()
    work()
    return Cost(time.perf_counter() - wall, _cpu() - cpu)


def _best(costs: list[Cost]) -> Cost:
    """The least of each: what others did on the machine only adds."""
    return Cost(min(cost.wall for cost in costs), min(cost.cpu for cost in costs))


def _run(*arguments: str) -> Cost:
    """What FFmpeg took."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *arguments]
    return _timed(lambda: subprocess.run(command, check=True))


def _compared(theirs: Cost, ours: Cost) -> str:
    return (
        f"{theirs.wall / ours.wall:.2g} times as fast, {theirs.cpu / ours.cpu:.2g} times by "
        "processor time"
    )


def _clip(folder: Path, source: Path | None, count: int) -> Path:
    """The clip that is graded, 1920x1080, H.264."""
    path = folder / "clip.mp4"
    if source is not None:
        _run(
            "-stream_loop", "-1", "-i", str(source), "-vf", f"scale={WIDE}:{HIGH},setsar=1",
            "-frames:v", str(count), "-an", "-pix_fmt", "yuv420p", "-c:v", "libx264",
            "-preset", "veryfast", "-crf", "16", str(path),
        )  # fmt: skip
        return path
    with VideoWriter(
        path, width=WIDE, height=HIGH, fps=24, settings=EncoderSettings(crf=16)
    ) as writer:
        for picture in drawn(count):
            writer.write_planes(planes_from_rgb(picture))
    return path


def measure(source: Path | None = None, count: int = 96, rounds: int = 3) -> Iterator[Line]:
    """The rows of the table."""
    lut = look_lut(LOOK)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cube = write_cube(lut, folder / "look.cube")
        clip = _clip(folder, source, count)
        with PlaneReader(clip) as reader:
            frames = [frame.planes for frame in reader]
            tags = reader.tags
        yield from _alone(frames, tags, lut, cube, folder, rounds)
        yield from _whole(clip, cube, folder, len(frames), rounds)
    yield from _preview()


def _alone(
    frames: list[Planes], tags: ColourTags, lut: Lut, cube: Path, folder: Path, rounds: int
) -> Iterator[Line]:
    raw = folder / "raw.yuv"
    with raw.open("wb") as file:
        for planes in frames:
            for plane in (planes.y, planes.u, planes.v):
                file.write(plane.tobytes())
    read = ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{WIDE}x{HIGH}", "-i", str(raw))
    # Said what our planes mean, so that both do the same work.
    table = (
        f"setparams=colorspace=bt709:range=tv,lut3d=file={cube}:interp=tetrahedral,"
        "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    )
    prepared = recipe(Chain(Adjustments()), lut)
    PlaneTables(prepared, tags).grade(frames[0], threads=2)  # compiled

    def ours(threads: int, tables: PlaneTables | None = None) -> Cost:
        tables = tables or PlaneTables(prepared, tags)
        return _timed(lambda: [tables.grade(planes, threads=threads) for planes in frames])

    ready = PlaneTables(prepared, tags)
    ours(2, ready)
    theirs: list[Cost] = []
    costs: dict[str, list[Cost]] = {}
    for _ in range(rounds):
        plain = _run(*read, "-vf", "null", "-f", "null", "-")
        theirs.append(_run(*read, "-vf", table, "-f", "null", "-") - plain)
        for words, threads, tables in (
            ("ours, one thread, tables made on the way", 1, None),
            ("ours, two threads, tables made on the way", 2, None),
            ("ours, two threads, tables ready", 2, ready),
        ):
            costs.setdefault(words, []).append(ours(threads, tables))
    count, rival = len(frames), _best(theirs)
    yield Line("FFmpeg lut3d alone, 1080p (less reading)", f"{rival.words(count)} a frame")
    for words, spent in costs.items():
        best = _best(spent)
        yield Line(words, f"{best.words(count)} a frame, {_compared(rival, best)}")


def _whole(clip: Path, cube: Path, folder: Path, count: int, rounds: int) -> Iterator[Line]:
    theirs, ours = [], []
    for _ in range(rounds):
        spent = _run(
            "-i", str(clip), "-vf", f"lut3d=file={cube}:interp=tetrahedral,format=yuv420p",
            "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "18",
            str(folder / "theirs.mp4"),
        )  # fmt: skip
        theirs.append(spent)
        ours.append(
            _timed(lambda: grade_video(clip, {}, lut=cube, output_path=folder / "ours.mp4"))
        )
    sizes = [(folder / name).stat().st_size / 1e6 for name in ("theirs.mp4", "ours.mp4")]
    rival, best = _best(theirs), _best(ours)
    yield Line(
        "FFmpeg's command: decode, lut3d, x264 veryfast crf 18",
        f"{count / rival.wall:.1f} frames a second, {sizes[0]:.1f} MB",
    )
    yield Line(
        "grade_video, the same",
        f"{count / best.wall:.1f} frames a second, {sizes[1]:.1f} MB, {_compared(rival, best)}",
    )


def _preview() -> Iterator[Line]:
    picture = cv2.resize(next(drawn(1)), (960, 540), interpolation=cv2.INTER_AREA)
    busy = {
        "temperature": 400, "exposure": 0.2, "contrast": 1.1, "saturation": 1.1,
        "curve": [[0, 0.02], [0.5, 0.55], [1, 1]], "hues": [1.2, 1, 1, 0.9, 1, 1],
    }  # fmt: skip
    for name, values in (
        ("a look", {"look": LOOK}),
        ("controls, curve, hues and a look", {"adjustments": busy, "look": LOOK}),
        ("the same with sharpening and grain", {
            "adjustments": {**busy, "sharpen": 0.5, "grain": 0.3}, "look": LOOK}),
    ):  # fmt: skip
        grade = Grade.from_values(values)
        grade_picture(picture, grade)
        best = _best([_timed(lambda g=grade: grade_picture(picture, g)) for _ in range(8)])
        yield Line(f"preview of 960x540, {name}", f"{best.wall * 1e3:.0f} ms")


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.grading")
    parser.add_argument("--clip", type=Path, help="a video instead of the drawn clip")
    parser.add_argument("--frames", type=int, default=96)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print("| grading | figure |\n|---|---|")
    for line in measure(asked.clip, asked.frames, asked.rounds):
        print(f"| {line.name} | {line.value} |", flush=True)


if __name__ == "__main__":
    main()
