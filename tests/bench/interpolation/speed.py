"""How fast new frames are made at 1280x720, ours beside FFmpeg's ``minterpolate``.

Alone: pictures lie in memory as planes, and only the time until the new ones lie there counts.
End to end: from a file at 24 frames a second to a file at 60, decoding and encoding included,
with the same encoder. Runs of everyone take turns, so that a noisy machine is noisy for all;
the best run counts.
"""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg

from synth.media.planes import Planes
from tests.bench.interpolation.clips import Run, frame_of
from tests.bench.interpolation.rivals import BETTER, DEFAULT, filter_graph, pulled
from tests.bench.interpolation.synthetic import synthetic

SAMPLES = ("filmed dolly", "filmed truck", "drawn people")
"""Clips of 1280x720 that are timed."""

FILTERS = {"minterpolate": DEFAULT, "minterpolate+": BETTER}
"""What we are compared with; "+" is aobmc, bidir and vsbmc."""

OURS = ("fast", "quality")

ROUNDS = 2

ENCODER = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18")
"""As ``VideoWriter`` sets it up for a retimed clip."""


@dataclass(frozen=True)
class Pace:
    """One line of the table."""

    name: str
    """Who worked."""
    alone: float
    """New frames a second, twice the rate."""
    three: float
    """New frames a second from 24 to 60, which has more of them between two source frames."""
    whole: float | None
    """Frames a second of the finished file, 24 to 60; None where not measured."""


def _places(frames: int, step: Fraction) -> dict[int, list[float]]:
    """Moments between source frames, by the number of the frame before."""
    places: dict[int, list[float]] = {}
    moment = Fraction(0)
    while moment <= frames - 1:
        whole = int(moment)
        if moment != whole:
            places.setdefault(whole, []).append(float(moment - whole))
        moment += step
    return places


def _ours(mode: str, frames: Sequence[Planes], step: Fraction) -> float:
    """New frames a second of our mode, from pictures ``step`` of a frame apart."""
    from synth.flow.interpolate import FlowInterpolator

    run = Run(tuple(frame for frame in frames for _ in range(2)), ())
    windows = {
        before: (run.window(2 * before + 1), times)
        for before, times in _places(len(frames), step).items()
    }
    inner = FlowInterpolator(mode, frames[0].size)
    made = 0
    try:
        started = time.perf_counter()
        for window, times in windows.values():
            made += len(inner.between(window, times))
        return made / (time.perf_counter() - started)
    finally:
        inner.close()


def _theirs(options: str, frames: Sequence[Planes], step: Fraction) -> float:
    """The same of the filter; its copies of source frames are not counted as new."""
    graph = filter_graph(frames[0].size, options, Fraction(1), 1 / step)
    ready = [frame_of(planes) for planes in frames]
    made = 0
    started = time.perf_counter()
    for number, frame in enumerate(ready):
        frame.pts, frame.time_base = number, Fraction(1)
        graph.vpush(frame)
        for out in pulled(graph):
            assert out.pts is not None
            assert out.time_base is not None
            made += (out.pts * out.time_base) % 1 != 0
    return made / (time.perf_counter() - started)


def _film(folder: Path) -> tuple[Path, int]:
    """A file of 720p at 24 frames a second, and its number of frames."""
    path = folder / "source.mp4"
    frames = [frame for name in SAMPLES for frame in synthetic(name).runs[0].frames]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(24))
        stream.width, stream.height, stream.pix_fmt = *frames[0].size, "yuv420p"
        stream.options = {"crf": "16", "preset": "veryfast"}
        for number, planes in enumerate(frames):
            frame = frame_of(planes)
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path, len(frames)


def _frames_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.demux(video=0)) - 1


def _rate(work: Callable[[Path], None], folder: Path) -> float:
    """Frames a second of the finished file."""
    target = folder / "made.mp4"
    started = time.perf_counter()
    work(target)
    seconds = time.perf_counter() - started
    return _frames_in(target) / seconds


def _whole_of_theirs(source: Path, options: str) -> Callable[[Path], None]:
    def work(target: Path) -> None:
        subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-i", str(source),
             "-vf", f"minterpolate=fps=60:{options}", *ENCODER, str(target)],
            check=True,
        )  # fmt: skip

    return work


def _whole_of_ours(source: Path, mode: str) -> Callable[[Path], None]:
    from synth.flow.retime import retime_video

    def work(target: Path) -> None:
        retime_video(source, 60, output_path=target, settings={"mode": mode, "crf": 18})

    return work


def paces(*, whole: bool = True) -> list[Pace]:
    """Everyone's speed, filters first. Without ``whole``, nothing is timed end to end."""
    samples = [synthetic(name).runs[0].frames for name in SAMPLES]
    alone: dict[tuple[str, Fraction], list[float]] = {}
    steps = (Fraction(1, 2), Fraction(2, 5))
    for mode in OURS:  # compiled code is loaded before the clock runs
        _ours(mode, samples[0][:4], steps[0])
    for frames in samples:
        for step in steps:
            best: dict[str, float] = {}
            for turn in range(ROUNDS):
                for name, options in FILTERS.items():
                    if turn == 0 or step == steps[0]:
                        best[name] = max(best.get(name, 0.0), _theirs(options, frames, step))
                for mode in OURS:
                    best[mode] = max(best.get(mode, 0.0), _ours(mode, frames, step))
            for name, rate in best.items():
                alone.setdefault((name, step), []).append(rate)
    ends = _ends() if whole else {}
    return [
        Pace(
            name,
            statistics.mean(alone[name, steps[0]]),
            statistics.mean(alone[name, steps[1]]),
            ends.get(name),
        )
        for name in (*FILTERS, *OURS)
    ]


def _ends() -> dict[str, float]:
    """End to end, frames a second, by name."""
    with tempfile.TemporaryDirectory(prefix="motion-synth-bench-") as name:
        folder = Path(name)
        source, _ = _film(folder)
        works = {name: _whole_of_theirs(source, options) for name, options in FILTERS.items()}
        if importlib.util.find_spec("synth.flow.retime") is not None:
            works |= {mode: _whole_of_ours(source, mode) for mode in OURS}
        best = dict.fromkeys(works, 0.0)
        for turn in range(ROUNDS):
            for name, work in works.items():
                if turn == 0 or name in OURS:
                    best[name] = max(best[name], _rate(work, folder))
    return best
