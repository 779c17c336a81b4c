"""Files to be judged: every clean clip, and the same clip with every defect at every severity."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from synth.media.settings import EncoderSettings
from synth.media.video import VideoReader
from synth.media.writer import VideoWriter
from tests.bench.quality.clips import CACHE, EDITION, RATE, Source
from tests.quality.defects import KINDS, Picture, spoil, through_h264

MAKING = 1
"""Counted up when the defects or the encoding of the files change."""

SEVERITIES = ("low", "middle", "high")

ENCODER = EncoderSettings(crf=12, preset="superfast", threads=1)
"""All files are made alike, clean or not: nearly without loss, but as a codec leaves them."""

OTHERS = ("scaled to 360", "scaled to 1080", "encoded at crf 18")
"""Changes that are no defect and must hardly change a score; of a clean clip of 720 lines."""


@dataclass(frozen=True)
class Specimen:
    """One file that is judged."""

    source: Source
    kind: str
    """A name of ``KINDS``, one of ``OTHERS``, or "clean"."""
    severity: int = -1
    """Place in ``SEVERITIES``; -1 for what has none."""

    @property
    def path(self) -> Path:
        """Where the file lies once it is made."""
        folder = CACHE / "files" / f"{EDITION}-{MAKING}" / self.source.name.replace(" ", "_")
        name = self.kind.replace(" ", "_").replace(".", "")
        return folder / (f"{name}-{self.severity}.mp4" if self.severity >= 0 else f"{name}.mp4")

    @property
    def clean(self) -> bool:
        """Whether it is the clip as it came."""
        return self.kind == "clean"


def specimens(source: Source, kinds: Sequence[str]) -> Iterator[Specimen]:
    """The clean clip and all its defects; of a faulty one nothing but itself."""
    yield Specimen(source, "clean")
    if source.faulty:
        return
    for kind in kinds:
        for severity in range(len(SEVERITIES)):
            yield Specimen(source, kind, severity)


def make(wanted: Sequence[Specimen]) -> None:
    """Write the files of one source that are not there yet, with the rivals' figures beside."""
    missing = [one for one in wanted if not one.path.exists()]
    if not missing:
        return
    frames = missing[0].source.frames()
    for one in missing:
        made = frames
        if one.kind in KINDS:
            kind = KINDS[one.kind]
            # Neighbouring clips do not get the same random numbers.
            seed = sum(map(ord, one.source.name))
            made = spoil(frames, one.kind, kind.levels[one.severity], seed=seed).frames
        elif one.kind in OTHERS:
            made = _other(frames, one.kind)
        one.path.parent.mkdir(parents=True, exist_ok=True)
        whole = one.path.with_suffix(f".{os.getpid()}.mp4")
        write(made, whole)
        one.path.with_suffix(".json").write_text(
            json.dumps({"vbench": vbench_flicker(made), "laplacian": laplacian(made)})
        )
        whole.replace(one.path)


def write(frames: Sequence[Picture], path: Path) -> None:
    """Frames into a file, nearly without loss."""
    height, width = frames[0].shape[:2]
    with VideoWriter(path, width=width, height=height, fps=RATE, settings=ENCODER) as writer:
        for frame in frames:
            writer.write(frame)


def _other(frames: Sequence[Picture], kind: str) -> list[Picture]:
    if kind.startswith("encoded"):
        return through_h264(frames, 18, "medium")
    lines = int(kind.split()[-1])
    height, width = frames[0].shape[:2]
    size = 2 * round(width * lines / height / 2), lines
    way = cv2.INTER_AREA if lines < height else cv2.INTER_CUBIC
    return [np.asarray(cv2.resize(frame, size, interpolation=way), np.uint8) for frame in frames]


def read(path: Path) -> list[Picture]:
    """A file's frames as RGB."""
    with VideoReader(path) as reader:
        return [frame.pixels for frame in reader]


def rivals(specimen: Specimen) -> dict[str, float]:
    """What others would say about it: VBench's flicker and the variance of the Laplacian."""
    return json.loads(specimen.path.with_suffix(".json").read_text())


def vbench_flicker(frames: Sequence[Picture]) -> float:
    """1 - VBench's temporal flickering: the mean difference of neighbouring frames, by 255."""
    differences = [float(np.mean(cv2.absdiff(one, two))) for one, two in itertools.pairwise(frames)]
    return float(np.mean(differences)) / 255


def laplacian(frames: Sequence[Picture]) -> float:
    """Minus the variance of the Laplacian of the brightness, the usual measure of blur."""
    found = [
        float(cv2.Laplacian(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())
        for one in frames[::6]
    ]
    return -float(np.mean(found))
