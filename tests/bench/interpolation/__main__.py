"""Rebuilds hidden frames and prints how close everyone comes.

python -m tests.bench.interpolation --quick              synthetic clips only
python -m tests.bench.interpolation --quick --only ours  the same, rivals only if known
python -m tests.bench.interpolation                      footage too, and speeds
... --modes quality --names face water                   some of it
... --pictures FOLDER                                    the worst frame of each clip
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.bench.interpolation.table import report, speeds


def main() -> None:
    """Read the command line and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.interpolation")
    parser.add_argument("--quick", action="store_true", help="synthetic clips, no speeds")
    parser.add_argument("--only", choices=("ours",), help="no rivals but those already measured")
    parser.add_argument("--clips", type=Path, help="folder of videos")
    parser.add_argument("--modes", nargs="+", default=["fast", "quality"], help="of ours")
    parser.add_argument("--names", nargs="+", default=[], help="only clips whose name holds one")
    parser.add_argument("--pictures", type=Path, help="where the worst frames are put")
    parser.add_argument("--speed", action="store_true", help="nothing but the speeds")
    parser.add_argument("--alone", action="store_true", help="speeds without file to file")
    asked = parser.parse_args()
    if asked.speed or asked.alone:
        for line in speeds(whole=not asked.alone):
            print(line, flush=True)
        return
    for line in report(
        footage=None if asked.quick else asked.clips,
        drawn=True,
        quick=asked.quick,
        measure_rivals=asked.only is None,
        modes=tuple(asked.modes),
        names=tuple(asked.names),
        pictures=asked.pictures,
    ):
        print(line, flush=True)
    if not asked.quick:
        for line in speeds():
            print(line, flush=True)


if __name__ == "__main__":
    main()
