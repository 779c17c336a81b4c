"""How fast new frames are made at 1280x720, ours beside FFmpeg's ``minterpolate``.

Alone: pictures lie in memory as planes, and only the time until the new ones lie there counts.
End to end: from a file at 24 frames a second to a file at 60, decoding and encoding included,
with the same encoder. Runs of everyone take turns, so that a noisy machine is noisy for all;
the best run counts. Beside it stands the processors' time, which a busy machine hardly changes.
"""

from __future__ import annotations

import importlib.util
import os
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
from tests.bench.interpolation.scores import Grade
from tests.bench.interpolation.synthetic import synthetic

SAMPLES = ("filmed dolly", "filmed truck", "drawn people")
"""Clips of 1280x720 that are timed."""

FILTERS = {"minterpolate": DEFAULT, "minterpolate+": BETTER}
"""What we are compared with; "+" is aobmc, bidir and vsbmc."""

OURS: tuple[Grade, ...] = ("fast", "quality")

ROUNDS = 2

ENCODER = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18")
"""As ``VideoWriter`` sets it up for a retimed clip."""


@dataclass(frozen=True)
class Pace:
    """How fast somebody made frames."""

    rate: float = 0.0
    """Frames a second."""
    effort: float = float("inf")
    """Processor time a frame, all cores together, milliseconds."""

    def better(self, other: Pace) -> Pace:
        """The best of two runs."""
        return Pace(max(self.rate, other.rate), min(self.effort, other.effort))


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    """Who worked."""
    alone: Pace
    """Of new frames, twice the rate."""
    three: Pace
    """Of new frames from 24 to 60, which has more of them between two source frames."""
    whole: Pace | None
    """Of the finished file's frames, 24 to 60; None where not measured."""


class _Clock:
    """Time on the wall and on the processors, children that have ended included."""

    def __init__(self) -> None:
        self._wall, self._work = time.perf_counter(), self._spent()

    def pace(self, frames: int) -> Pace:
        """Since the start, for so many frames."""
        wall, work = time.perf_counter() - self._wall, self._spent() - self._work
        return Pace(frames / wall, 1000.0 * work / max(frames, 1))

    @staticmethod
    def _spent() -> float:
        used = os.times()
        return used.user + used.system + used.children_user + used.children_system


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


def _ours(mode: Grade, frames: Sequence[Planes], step: Fraction) -> Pace:
    """New frames of our mode, from pictures ``step`` of a frame apart."""
    from synth.flow.interpolate import FlowInterpolator

    run = Run(tuple(frame for frame in frames for _ in range(2)), ())
    windows = {
        before: (run.window(2 * before + 1), times)
        for before, times in _places(len(frames), step).items()
    }
    inner = FlowInterpolator(mode, frames[0].size)
    made = 0
    try:
        clock = _Clock()
        for window, times in windows.values():
            made += len(inner.between(window, times))
        return clock.pace(made)
    finally:
        inner.close()


def _theirs(options: str, frames: Sequence[Planes], step: Fraction) -> Pace:
    """The same of the filter; its copies of source frames are not counted as new."""
    graph = filter_graph(frames[0].size, options, Fraction(1), 1 / step)
    ready = [frame_of(planes) for planes in frames]
    made = 0
    clock = _Clock()
    for number, frame in enumerate(ready):
        frame.pts, frame.time_base = number, Fraction(1)
        graph.vpush(frame)
        for out in pulled(graph):
            assert out.pts is not None
            assert out.time_base is not None
            made += (out.pts * out.time_base) % 1 != 0
    return clock.pace(made)


def _film(folder: Path) -> Path:
    """A file of 720p at 24 frames a second."""
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
    return path


def _frames_in(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.demux(video=0)) - 1


def _pace(work: Callable[[Path], None], folder: Path) -> Pace:
    """Of the finished file's frames."""
    target = folder / "made.mp4"
    clock = _Clock()
    work(target)
    took = clock.pace(1)
    frames = _frames_in(target)
    return Pace(frames * took.rate, took.effort / frames)


def _whole_of_theirs(source: Path, options: str) -> Callable[[Path], None]:
    def work(target: Path) -> None:
        subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-i", str(source),
             "-vf", f"minterpolate=fps=60:{options}", *ENCODER, str(target)],
            check=True,
        )  # fmt: skip

    return work


def _whole_of_ours(source: Path, mode: Grade) -> Callable[[Path], None]:
    from synth.flow.retime import retime_video

    def work(target: Path) -> None:
        retime_video(source, 60, output_path=target, settings={"mode": mode, "crf": 18})

    return work


def paces(*, whole: bool = True) -> list[Row]:
    """Everyone's speed, filters first. Without ``whole``, nothing is timed end to end."""
    samples = [synthetic(name).runs[0].frames for name in SAMPLES]
    steps = (Fraction(1, 2), Fraction(2, 5))
    for mode in OURS:  # compiled code is loaded before the clock runs
        _ours(mode, samples[0][:4], steps[0])
    best: dict[tuple[str, Fraction, int], Pace] = {}
    for turn in range(ROUNDS):
        for step in steps:
            for number, frames in enumerate(samples):
                found: dict[str, Pace] = {}
                if turn == 0 or step == steps[0]:
                    for name, options in FILTERS.items():
                        found[name] = _theirs(options, frames, step)
                for mode in OURS:
                    found[mode] = _ours(mode, frames, step)
                for name, pace in found.items():
                    key = (name, step, number)
                    best[key] = pace.better(best.get(key, Pace()))
    ends = _ends() if whole else {}
    rows = []
    for name in (*FILTERS, *OURS):
        alone, three = (
            _mean([best[name, step, number] for number in range(len(samples))]) for step in steps
        )
        rows.append(Row(name, alone, three, ends.get(name)))
    return rows


def _mean(paces: Sequence[Pace]) -> Pace:
    return Pace(
        statistics.harmonic_mean([pace.rate for pace in paces]),
        statistics.mean([pace.effort for pace in paces]),
    )


def _ends() -> dict[str, Pace]:
    """End to end, by name."""
    with tempfile.TemporaryDirectory(prefix="motion-synth-bench-") as name:
        folder = Path(name)
        source = _film(folder)
        works = {name: _whole_of_theirs(source, options) for name, options in FILTERS.items()}
        if importlib.util.find_spec("synth.flow.retime") is not None:
            works |= {mode: _whole_of_ours(source, mode) for mode in OURS}
        best: dict[str, Pace] = {}
        for turn in range(ROUNDS):
            for name, work in works.items():
                if turn == 0 or name in OURS:
                    best[name] = _pace(work, folder).better(best.get(name, Pace()))
    return best
