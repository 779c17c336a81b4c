"""Repairs clips whose defects are known and prints what is left over, beside what others leave.

python -m tests.bench.repairs                        drawn clips
python -m tests.bench.repairs --folder DIR           the first shots of a folder's videos
python -m tests.bench.repairs --only matching noise  some of the tables
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from tests.bench.repairs import tables
from tests.bench.repairs.clips import Film, drawn, footage


def main() -> None:
    """Read the command line and print the tables."""
    parts = {
        "deflicker": tables.deflicker,
        "meant": tables.meant,
        "matching": tables.matching,
        "noise": tables.noise,
        "shaking": tables.shaking,
        "speed": tables.speed,
    }
    parser = argparse.ArgumentParser(prog="python -m tests.bench.repairs")
    parser.add_argument("--folder", type=Path, help="videos, instead of drawn clips")
    parser.add_argument("--only", nargs="+", choices=tuple(parts), default=list(parts))
    asked = parser.parse_args()

    def films() -> Iterator[Film]:
        return footage(asked.folder) if asked.folder else drawn()

    for name in asked.only:
        for line in parts[name](films):
            print(line, flush=True)
        print(flush=True)


if __name__ == "__main__":
    main()
