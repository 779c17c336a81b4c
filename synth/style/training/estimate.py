"""What a training will take, worked out before anything is loaded.

Time is arithmetic over speed: eight operations for each weight and token of a step (one pass
forward, one again for what was not kept, two back), and attention's share, at three tenths of a
card's peak. Memory is the weights in half precision, the trained ones with gradient and moments,
and what one pass keeps. Both are estimates; the true time is told after three steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from synth.backends.families import Family
from synth.backends.protocol import FrameRule
from synth.style.references import References
from synth.style.training.buckets import Reading, pieces_of, split
from synth.style.training.loading import trained_family
from synth.style.training.loop import spoken
from synth.style.training.model import Estimate
from synth.style.training.settings import TrainingSettings

_EFFICIENCY: Final = 0.3
_PEAKS: Final = {
    "H200": 989.0, "H100": 989.0, "A100": 312.0, "RTX PRO 6000": 500.0, "L40S": 362.0,
    "RTX 5090": 210.0, "RTX 4090": 165.0, "RTX 6000 Ada": 364.0, "A6000": 155.0, "L4": 121.0,
    "A10G": 70.0, "RTX 3090": 71.0, "T4": 65.0,
}  # fmt: skip
"""Peak speed in half precision without sparsity, 10^12 operations a second, as the makers say."""

_CUDA: Final = 2.0
"""Memory that the libraries take, GB."""
_BLOCK: Final = 40
"""Numbers per token and width that one block keeps while it is worked out again."""


@dataclass(frozen=True)
class _Build:
    billions: float
    layers: int
    width: int
    time: int
    space: int
    patch: int = 2


_BUILDS: Final = {
    "wan2.1-1.3b": _Build(1.4, 30, 1536, 4, 8),
    "wan2.1-14b": _Build(14.3, 40, 5120, 4, 8),
    "wan2.2-14b": _Build(14.3, 40, 5120, 4, 8),
    "wan2.2-5b": _Build(5.0, 30, 3072, 4, 16),
    "ltx": _Build(1.9, 28, 2048, 8, 32, 1),
    "cogvideox-5b": _Build(5.6, 42, 3072, 4, 8),
    "cogvideox1.5-5b": _Build(5.6, 42, 3072, 4, 8),
}
"""Of each transformer, one expert at a time."""


def estimate(
    references: References, settings: TrainingSettings | None = None, *, card: str = ""
) -> Estimate:
    """What learning a style from references will take. Loads nothing.

    Args:
        references: as ``check_references`` gives them.
        settings: how to train.
        card: name of the card, such as "NVIDIA A100-SXM4-80GB"; "" for none that is known.

    Raises ``InvalidMedia`` where there is no clip that the family can read.
    """
    settings = settings or TrainingSettings()
    family = trained_family(settings.family)
    build = _BUILDS[family.base]
    reading = plain_reading(family)
    pieces, notes = pieces_of(
        references.usable().clips, reading, resolution=settings.resolution, frames=settings.frames
    )
    train, held = split(pieces, settings.held_out)
    tokens = max(_tokens(build, *piece.bucket) for piece in train)
    usual = sum(_tokens(build, *piece.bucket) for piece in train) / len(train)
    gigabytes = _memory(build, tokens * settings.batch, settings)
    speed = _speed(card)
    seconds = None
    if speed is not None:
        seconds = settings.steps * settings.batch * _work(build, usual) / speed
    clips = f"{len(train)} piece{'s' * (len(train) != 1)} to learn from, {len(held)} held out"
    longest = max(piece.frames for piece in train)
    size = max((piece.width, piece.height) for piece in train)
    said = (
        f"{family.title}: {clips}, up to {longest} frames of {size[0]}x{size[1]}. Needs about "
        f"{gigabytes:.0f} GB on the card. "
    )
    if seconds is not None:
        said += (
            f"{settings.steps} steps may take about {spoken(seconds)} on {card}, or twice as long; "
            "the true time is told after three steps."
        )
    else:
        said += f"How long {settings.steps} steps take is told after three of them."
    return Estimate(len(train), len(held), tokens, gigabytes, seconds, said, notes)


def plain_reading(family: Family) -> Reading:
    """What a family reads, as its makers built it."""
    build = _BUILDS[family.base]
    multiple, most = build.space * build.patch, family.frames.most
    if family.base == "cogvideox1.5-5b":
        return Reading(multiple, FrameRule(8, 5, 5, most), family.rate)
    return Reading(multiple, FrameRule(build.time, 1, 1, most), family.rate)


def dollars(seconds: float, per_hour: float) -> float:
    """What a machine costs for a time, begun minutes being charged."""
    return -(-seconds // 60) * per_hour / 60


def _tokens(build: _Build, frames: int, height: int, width: int) -> int:
    across, down = width // build.space // build.patch, height // build.space // build.patch
    return ((frames - 1) // build.time + 1) * max(1, across) * max(1, down)


def _work(build: _Build, tokens: float) -> float:
    """Operations of one sample in one step."""
    return 8e9 * build.billions * tokens + 16.0 * build.layers * build.width * tokens**2


def _speed(card: str) -> float | None:
    name = max((one for one in _PEAKS if one in card), key=len, default=None)
    return None if name is None else _PEAKS[name] * 1e12 * _EFFICIENCY


def _memory(build: _Build, tokens: int, settings: TrainingSettings) -> float:
    """Of the card, GB."""
    per_layer = 16 + (10 if settings.targets != "attention" else 0)
    trained = settings.rank * build.width * per_layer * build.layers * 16
    kept = (build.layers + _BLOCK) * tokens * build.width * 2
    return _CUDA + 2.0 * build.billions + (trained + kept) / 1e9
