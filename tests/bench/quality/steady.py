"""What must not change a score, scaling and careful encoding, and how fast judging is."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable
from fractions import Fraction

from synth.backends.geometric import set_stage
from synth.media import load_image
from synth.motion import MotionControl, camera_path
from synth.quality.calibration import Calibration
from synth.quality.evaluate import evaluate_video, report_of
from synth.quality.model import WEIGHTS, QualityReport
from synth.render.film import FilmSettings
from tests.bench.examples import example
from tests.bench.quality.clips import FRAMES, Source
from tests.bench.quality.measuring import seen_in
from tests.bench.quality.specimens import OTHERS, Specimen, make
from tests.quality.defects import Picture

MOVES = (("cloister", "truck"), ("lighthouse", "arc"), ("robot", "push_in"), ("robot", "handheld"))


def _filmed(picture: str, move: str) -> Callable[[], list[Picture]]:
    def film() -> list[Picture]:
        photo, depth = example(picture)
        path = camera_path(
            MotionControl.from_dict(
                {"camera": [{"type": move, "intensity": 0.5, "duration": FRAMES / 24}]}
            ),
            fps=Fraction(24),
            focal_length=50.0,
        )
        stage = set_stage(load_image(photo).pixels, depth, path, FilmSettings(1280, 720, seed=3))
        return list(stage.frames())

    return film


def sources() -> list[Source]:
    """Clips of 720 lines, which are scaled up and down."""
    return [
        Source(f"720 lines {picture} {move}", "check", _filmed(picture, move))
        for picture, move in MOVES
    ]


def report(calibration: Calibration) -> Iterable[str]:
    """How far scores move, and how fast they come."""
    names = list(WEIGHTS)
    yield f"| largest move of a score | {' | '.join(names)} | overall |"
    yield "|---|" + "---|" * (len(names) + 1)
    found = sources()
    reports: dict[tuple[str, str], QualityReport] = {}
    for source in found:
        wanted = [Specimen(source, kind) for kind in ("clean", *OTHERS)]
        make(wanted)
        for one in wanted:
            reports[source.name, one.kind] = report_of(seen_in(one), calibration=calibration)
    for kind in OTHERS:
        cells = []
        for name in names:
            apart = [
                abs(reports[one.name, kind].value(name) - reports[one.name, "clean"].value(name))
                for one in found
            ]
            cells.append(f"{max(apart):.3f}")
        overall = max(
            abs(reports[one.name, kind].overall_score - reports[one.name, "clean"].overall_score)
            for one in found
        )
        yield f"| {kind} | {' | '.join(cells)} | {overall:.3f} |"
    yield ""
    yield speed(Specimen(found[0], "clean"))


def speed(specimen: Specimen) -> str:
    """Frames per second of a whole evaluation of 1280x720, reading the file included."""
    taken, worked = [], []
    evaluate_video(specimen.path)
    for _ in range(5):
        began, busy = time.perf_counter(), time.process_time()
        frames = evaluate_video(specimen.path).frames
        taken.append((time.perf_counter() - began) / frames)
        worked.append((time.process_time() - busy) / frames)
    rate = 1 / statistics.median(taken)
    return (
        f"Evaluation of 1280x720, file to report: {rate:.0f} frames a second, "
        f"{rate / 24:.1f}x real time at 24 frames a second; best of five "
        f"{1 / min(taken):.0f}; {1000 * min(worked):.1f} ms of processor time a frame; "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}."
    )
