"""Tells defective clips from clean ones, and prints how well.

python -m tests.bench.quality               all clips, with the footage beside the project
... --folder DIR                            with the videos of another folder
... --quick                                 a dozen clips
... --names dolly fade --kinds flicker      some of it
... --fit                                   choose the constants anew on one half, and write them
... --known                                 only what has been measured already

Half of the clips may be used to choose constants; what is printed comes from the other half. Clips,
clips with defects and what was seen of them are kept in the temporary folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synth.quality.calibration import Calibration
from synth.quality.evaluate import report_of
from synth.quality.measures import measures_of
from tests.bench.quality import fit, steady, tables
from tests.bench.quality.clips import Source, footage, synthetic, usual_folder
from tests.bench.quality.measuring import seen_in
from tests.bench.quality.specimens import make, rivals, specimens
from tests.bench.quality.tables import Half, Judged
from tests.quality.defects import KINDS


def judged(
    sources: Sequence[Source], kinds: Sequence[str], calibration: Calibration, *, known: bool
) -> list[Judged]:
    """Make, look at and judge every specimen; with ``known``, only those whose files are there."""
    found = []
    for number, source in enumerate(sources):
        wanted = list(specimens(source, kinds))
        if known:
            wanted = [one for one in wanted if one.path.exists()]
        else:
            print(f"  {number + 1} of {len(sources)}: {source.name}", flush=True)
            make(wanted)
        for one in wanted:
            signals = seen_in(one)
            report = report_of(signals, calibration=calibration)
            found.append(
                Judged(
                    one,
                    measures_of(signals).to_dict(),
                    {metric.name: metric.value for metric in report.metrics},
                    report.gate.passed,
                    report.gate.reasons,
                    report.overall_score,
                    rivals(one),
                    _speed(signals.speed),
                )
            )
    return found


def _speed(speeds: NDArray[np.float32]) -> float:
    known = speeds[np.isfinite(speeds)]
    return float(np.median(known)) if known.size else 0.0


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.quality")
    parser.add_argument("--folder", type=Path, default=usual_folder(), help="of videos")
    parser.add_argument("--quick", action="store_true", help="a dozen clips")
    parser.add_argument("--names", nargs="+", default=[], help="only these clips")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--fit", action="store_true", help="choose the constants anew")
    parser.add_argument("--known", action="store_true", help="only what is there")
    parser.add_argument("--half", choices=("fit", "check"), default="check", help="printed")
    asked = parser.parse_args()
    sources = synthetic() + (footage(asked.folder) if asked.folder else [])
    if asked.quick:
        sources = sources[::4]
    if asked.names:
        sources = [one for one in sources if one.name in asked.names]
    calibration = Calibration()
    if asked.fit:
        half = [one for one in sources if one.half == "fit"]
        seen = Half(tuple(judged(half, asked.kinds, calibration, known=asked.known)))
        calibration = fit.fitted(seen, calibration)
        fit.write(calibration)
    rest = [one for one in sources if one.half == asked.half]
    half = Half(tuple(judged(rest, asked.kinds, calibration, known=asked.known)))
    full = len({one.specimen.source.name for one in half.judged if not one.specimen.clean})
    print(f"Half: {asked.half}. {len(half.clean)} clean clips, {full} of them with every defect.\n")
    for table in (
        tables.discrimination(half),
        [tables.rising(half)],
        tables.passes(half),
        tables.crosstalk(half),
        tables.moves(half),
    ):
        for line in table:
            print(line, flush=True)
        print()
    if not asked.known:
        for line in steady.report(calibration):
            print(line, flush=True)


if __name__ == "__main__":
    main()
