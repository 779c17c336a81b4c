"""How much a path does of each camera move, and a path that does so much of each.

The closed services take an amount or just a word for each move, and none says how far its largest
amount goes. Here the full amount is the reach of our own move at intensity 1: see ``FULL``. What a
path does is measured along the camera's own axes, frame by frame, and added up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.camera.conventions import HOME_DISTANCE
from synth.camera.formats.convert import (
    LONGEST_LENS,
    SHORTEST_LENS,
    check_frames,
    unwound,
)
from synth.camera.formats.model import DEFAULT_FPS, FoundPath, ReadOptions, WriteOptions
from synth.camera.keys import CameraKey, CameraKeys, Handheld
from synth.camera.pose import CameraPath
from synth.camera.sampling import keyed_path

Floats = NDArray[np.float64]

MOVES: Final = ("truck", "pedestal", "dolly", "pan", "tilt", "roll", "zoom")
"""Every move that is measured; positive is right, up, in, right, up, clockwise, in."""

FULL: Final[Mapping[str, float]] = MappingProxyType(
    {
        "truck": 0.9,
        "pedestal": 0.6,
        "dolly": 3.0,
        "pan": 9.0,
        "tilt": 5.0,
        "roll": 12.0,
        "zoom": math.log(1.6),
    }
)
"""Full amount of each move: units, degrees, and the logarithm of the lens's magnification. These
are the reaches of our own moves at intensity 1 (``synth.motion.catalogue``)."""

WAYS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "truck": ("left", "right"),
        "pedestal": ("down", "up"),
        "dolly": ("out", "in"),
        "pan": ("left", "right"),
        "tilt": ("down", "up"),
        "roll": ("counter-clockwise", "clockwise"),
        "zoom": ("out", "in"),
    }
)
"""Names of a negative and a positive amount of each move."""

NOTHING: Final = 0.005
"""Share of a full amount below which a move counts as not there."""

FULL_NOTE: Final = (
    "The service does not say how far its full amount goes; here it is our own move's reach at "
    "full intensity: truck 0.9 units, pedestal 0.6, dolly 3, pan 9 degrees, tilt 5, roll 12, zoom "
    "1.6 times."
)

_EASING: Final = "ease_in_out_sine"
"""How the moves of ``synth.motion`` start and stop."""
_TURNED: Final = 45.0
"""Pan over the whole path, degrees, from which on shifts are told along the way it looks."""
_EVEN: Final = 0.05
"""Speeds that differ by less than this share of their mean count as even."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What a path does, in shares of the full amounts."""

    rates: Floats
    """Change from each frame to the next, shape (frames - 1, 7), columns as ``MOVES``."""
    fps: Fraction
    """Frames per second."""
    handheld: bool = False
    """Whether the path's handheld shake was left out of the rates."""

    @property
    def totals(self) -> dict[str, float]:
        """Where each move ends up, with its sign."""
        return dict(zip(MOVES, self.rates.sum(axis=0).tolist(), strict=True))

    @property
    def travelled(self) -> dict[str, float]:
        """The whole way of each move, there and back."""
        return dict(zip(MOVES, np.abs(self.rates).sum(axis=0).tolist(), strict=True))

    @property
    def by_size(self) -> list[str]:
        """The moves that are there at all, the largest first."""
        totals = self.totals
        found = [move for move in MOVES if abs(totals[move]) >= NOTHING]
        return sorted(found, key=lambda move: -round(abs(totals[move]), 6))


def measured(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> Measured:
    """What a path does of each move; ``options.scale`` multiplies its distances.

    Shifts run along the axes of the first camera, as a rig's tracks do while its head turns, and
    turns are the head's pan, tilt and roll against that camera. A camera that turns farther than
    ``_TURNED`` walks round corners: then sideways and in are those of where it looks at the time.

    Where the keys say that the path is handheld, the path below the shake is measured.
    """
    handheld = keys is not None and keys.handheld is not None and keys.handheld.strength > 0.0
    if handheld and keys is not None:
        calm = keyed_path(keys.model_copy(update={"handheld": None}), fps=path.fps)
        handheld = len(calm) == len(path)
        path = calm if handheld else path
    home = path.rotations[0].inv()
    angles = unwound(home * path.rotations)
    steps = home.apply(np.diff(path.positions, axis=0).reshape(-1, 3)) * options.scale
    yaw = angles[:, 1]
    if np.ptp(yaw) > _TURNED:
        heading = 0.5 * (yaw[1:] + yaw[:-1])
        steps = Rotation.from_euler("Y", -heading[:, None], degrees=True).apply(steps)
    turns = np.diff(angles, axis=0)
    lens = np.diff(np.log(path.focal_lengths))
    rates = np.column_stack(
        [steps * (1.0, 1.0, -1.0), -turns[:, 1], turns[:, 0], -turns[:, 2], lens]
    )
    rates /= [FULL[move] for move in MOVES]
    rates[np.abs(rates) < 1e-9] = 0.0
    return Measured(rates, path.fps, handheld)


def told(move: str, share: float) -> str:
    """A move and its amount in words: "pan left 4.5 degrees"."""
    way = WAYS[move][share > 0.0]
    amount = abs(share) * FULL[move]
    if move == "zoom":
        return f"zoom {way} {math.exp(amount):.2f} times"
    unit = "units" if move in ("truck", "pedestal", "dolly") else "degrees"
    return f"{move} {way} {amount:.3g} {unit}"


def timing_notes(found: Measured, *, in_sequence: bool = False) -> list[str]:
    """What a service that takes amounts without times cannot keep of a path.

    Args:
        found: what the path does.
        in_sequence: whether the service keeps the order of moves.
    """
    totals, travelled = found.totals, found.travelled
    notes = []
    seconds = float((len(found.rates) + 1) / found.fps)
    notes.append(
        f"Length and frame rate are the service's own; the path lasts {seconds:.3g} s at "
        f"{float(found.fps):.5g} frames per second."
    )
    back = [
        f"{move} ({told(move, travelled[move]).split(' ', 2)[2]} of way)"
        for move in MOVES
        if travelled[move] > 1.1 * abs(totals[move]) + 0.02
    ]
    if found.handheld and not in_sequence:
        notes.append("Handheld shake is not kept; ask for it in the prompt.")
    if back and not in_sequence:
        notes.append(f"Forth and back is not kept, only where it ends: {', '.join(back)}.")
    uneven = [
        move
        for index, move in enumerate(MOVES)
        if travelled[move] >= NOTHING and _is_uneven(np.abs(found.rates[:, index]))
    ]
    if uneven:
        notes.append(
            f"Easing and the times of keys are not kept; the service paces {', '.join(uneven)} "
            "itself."
        )
    return notes


def _is_uneven(speeds: Floats) -> bool:
    return len(speeds) > 1 and float(np.std(speeds)) > _EVEN * float(np.mean(speeds))


@dataclass(frozen=True)
class Stage:
    """A part of a clip in which some moves run together."""

    length: int
    """Frames."""
    shares: Mapping[str, float]
    """Shares of the full amounts, with sign; moves left out stand still."""


def path_of_stages(
    stages: Sequence[Stage],
    options: ReadOptions,
    format_id: str,
    units: str,
    notes: Sequence[str],
    *,
    shaking: bool = False,
) -> FoundPath:
    """The keyed path from the home camera that does the stages one after another.

    Distances are multiplied with ``options.scale``; each stage starts and stops softly. Shifts run
    along the axes of the home camera, also while it turns.
    """
    frames = sum(stage.length for stage in stages)
    check_frames(frames)
    scale = options.scale or 1.0
    state: dict[str, float] = dict.fromkeys(MOVES, 0.0)
    keys: list[CameraKey] = []
    frame = 0
    for stage in stages:
        keys.append(
            _key(frame, state, scale, options.focal_length, still=not any(stage.shares.values()))
        )
        frame += stage.length
        state = {move: state[move] + stage.shares.get(move, 0.0) for move in MOVES}
    keys.append(_key(frame, state, scale, options.focal_length))
    keyed = CameraKeys(
        frames=frames,
        fps=options.fps or DEFAULT_FPS,
        keys=tuple(keys),
        handheld=Handheld() if shaking else None,
    )
    said = list(notes)
    if options.fps is None:
        said.append(f"The service's words say no frame rate; {DEFAULT_FPS} per second were taken.")
    said.append(f"They say no length either; {float(frames / keyed.fps):g} s were taken.")
    return FoundPath(keyed_path(keyed), keyed, format_id, units, True, tuple(said))


def _key(
    frame: int,
    state: Mapping[str, float],
    scale: float,
    focal_length: float,
    *,
    still: bool = False,
) -> CameraKey:
    """A key with the moves added up so far; one that is still until the next holds exactly."""
    amount = {move: share * FULL[move] for move, share in state.items()}
    lens = focal_length * math.exp(amount["zoom"])
    x, y, z = (amount[move] * scale for move in ("truck", "pedestal", "dolly"))
    return CameraKey(
        frame=float(frame),
        position=(x + 0.0, y + 0.0, HOME_DISTANCE - z),
        rotation=(amount["tilt"] + 0.0, -amount["pan"] + 0.0, -amount["roll"] + 0.0),
        focal_length=min(max(lens, SHORTEST_LENS), LONGEST_LENS),
        easing=_EASING,
        curve="hold" if still else None,
        turn_curve="hold" if still else None,
        lens_curve="hold" if still else None,
    )
