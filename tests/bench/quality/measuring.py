"""What the report's first pass sees of every specimen, kept on disk: it is by far the longest part.

Judging what was seen takes no time, so that detectors and constants can be changed and looked at
again at once; only a change of the first pass itself makes it run anew.
"""

from __future__ import annotations

import ast
import hashlib
import os
import pickle
from functools import cache
from pathlib import Path

from synth.quality.scan import signals_of
from synth.quality.signals import Signals
from tests.bench.quality.clips import CACHE
from tests.bench.quality.specimens import Specimen

ROOT = Path(__file__).resolve().parents[3]


@cache
def edition() -> str:
    """Changes whenever a line of the first pass does."""
    digest = hashlib.sha256()
    for path in sorted(_reached(ROOT / "synth" / "quality" / "scan.py", set())):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _reached(path: Path, seen: set[Path]) -> set[Path]:
    """A module and those of the judging that it imports, however far."""
    seen.add(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("synth.quality."):
            near = ROOT.joinpath(*str(node.module).split(".")).with_suffix(".py")
            if near not in seen:
                _reached(near, seen)
    return seen


def seen_in(specimen: Specimen) -> Signals:
    """The signals of a specimen whose file is there."""
    path = specimen.path
    folder = CACHE / "signals" / edition() / path.parent.name
    kept = folder / f"{path.stem}.pickle"
    if kept.exists():
        return pickle.loads(kept.read_bytes())
    signals = signals_of(path)
    folder.mkdir(parents=True, exist_ok=True)
    whole = kept.with_suffix(f".{os.getpid()}")
    whole.write_bytes(pickle.dumps(signals))
    whole.replace(kept)
    return signals
