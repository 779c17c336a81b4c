"""Takes a cut-out subject apart into the paper puppet's pieces: body, legs and free arms.

Each piece carries a little of what it joins, drawn beneath the body, so that no gap opens when it
swings. A subject without visible legs stays one piece whose lower half bends.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.errors import InvalidInstruction
from synth.render.act_plan import HIP_WITHOUT_LEGS, Plan, distance_within, grown
from synth.scene.cutout import Cutout

ROWS, COLUMNS = 36, 24
"""Cells of the body's mesh."""

LIMB_ROWS, LIMB_COLUMNS = 20, 7
"""Cells of a leg's or an arm's mesh."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Piece:
    """A meshed piece of the subject, at rest; lengths in subject heights, y up from the foot."""

    kind: str
    """"body", "leg" or "arm"."""
    number: int
    """Which leg or arm, from the left."""
    x: Floats
    y: Floats
    u: Floats
    v: Floats
    """Texel of each vertex in the atlas, (V,)."""
    relief: Floats
    """How far each vertex bulges towards the camera when the body twists, (V,)."""
    reach: Floats
    """Share of the way from the joint at the body to the tip, along the limb, (V,)."""
    quads: NDArray[np.int32]
    joint: tuple[float, float]
    """Where it hangs on the body: hip or shoulder."""
    middle: tuple[float, float]
    """Knee or elbow."""
    end: tuple[float, float]
    """Ankle or finger tips."""


@dataclass(frozen=True)
class Puppet:
    """A subject taken apart."""

    atlas: NDArray[np.uint8]
    """Premultiplied colours of all pieces, below one another, (T, U, 4)."""
    body: Piece
    legs: tuple[Piece, ...]
    """From left to right; empty where none were seen."""
    arms: tuple[Piece, ...]
    """Left, then right, those that are free to swing."""
    hip: float
    """Height of the hips."""
    axis: float
    """Where the middle of the trunk lies, right of the foot."""
    half_width: float
    """Half the trunk's width."""
    foot_half_width: float
    """Half the width of what touches the ground."""
    size: float
    """Height of the subject, pixels of the photo."""
    left: float
    right: float
    """How far the subject reaches to both sides of the foot."""


def take_apart(cutout: Cutout) -> Puppet:
    """Find the pieces of a cut-out subject and mesh them.

    Raises:
        InvalidInstruction: nothing of the cut-out is opaque.
    """
    alpha = cutout.texture[..., 3]
    rows = np.flatnonzero((alpha > 127).any(axis=1))
    columns = np.flatnonzero((alpha > 127).any(axis=0))
    if len(rows) < 4 or len(columns) < 2:
        raise InvalidInstruction(
            f"The cut-out subject has {int((alpha > 127).sum())} opaque pixels; it needs a shape "
            "at least 4 pixels high to act. Mark the subject again."
        )
    size = float(rows[-1] + 1 - rows[0])
    plan = Plan(cutout, size, int(rows[-1]) + 1)
    legs, hip_row = plan.legs()
    core = plan.core(legs)
    arms = plan.arms(core, legs, hip_row)
    limbs = [*legs, *arms]
    shares = plan.shares(limbs)
    maker = _Maker(cutout, size, plan, core, shares)
    leg_pieces = [maker.leg(number, leg, hip_row) for number, leg in enumerate(legs)]
    arm_pieces = [
        maker.arm(number, len(legs) + number, arm, core) for number, arm in enumerate(arms)
    ]
    body = maker.body()
    axis, half_width = plan.trunk(core, hip_row)
    low = plan.mask[max(plan.bottom - round(0.05 * plan.height), 0) :].any(axis=0)
    spread = np.ptp(np.flatnonzero(low)) / 2.0 / plan.height if low.any() else 0.1
    hip = HIP_WITHOUT_LEGS
    if legs:
        hip = float(np.mean([piece.joint[1] for piece in leg_pieces]))
    edge = (columns + cutout.left + 0.5 - cutout.foot[0]) / size
    return Puppet(
        atlas=maker.atlas(), body=body, legs=tuple(leg_pieces), arms=tuple(arm_pieces),
        hip=hip, axis=maker.right_of_foot(axis), half_width=max(half_width / plan.height, 0.02),
        foot_half_width=max(float(spread), 0.02), size=size,
        left=float(edge[0]), right=float(edge[-1]),
    )  # fmt: skip


class _Maker:
    """Cuts the textures, and lays meshes over them."""

    def __init__(
        self,
        cutout: Cutout,
        size: float,
        plan: Plan,
        core: NDArray[np.bool_],
        shares: list[NDArray[np.bool_]],
    ) -> None:
        self._cutout = cutout
        self._size = size
        self._plan = plan
        self._core = core
        self._shares = shares
        self._pages: list[NDArray[np.uint8]] = []
        self._rows = 0
        self._relief = _relief(cutout.texture[..., 3], size)

    def right_of_foot(self, column: float) -> float:
        """Subject heights right of the foot of a column of the plan."""
        at = (column + 0.5) / self._plan.scale + self._cutout.left
        return (at - self._cutout.foot[0]) / self._size

    def above_foot(self, row: float) -> float:
        """Subject heights above the foot of a row of the plan."""
        at = (row + 0.5) / self._plan.scale + self._cutout.top
        return (self._cutout.foot[1] - at) / self._size

    def _place(self, row: float, column: float) -> tuple[float, float]:
        return self.right_of_foot(column), self.above_foot(row)

    def body(self) -> Piece:
        """Everything that is not a limb."""
        taken = np.zeros(self._plan.mask.shape, bool)
        for share in self._shares:
            taken |= share
        return self._piece("body", 0, 1.0 - self._full(taken), None, (0, 0), (0, 0), (0, 0))

    def leg(self, number: int, leg: NDArray[np.bool_], hip_row: int) -> Piece:
        """One leg, from the hip to the sole."""
        plan = self._plan
        rows, columns = np.nonzero(leg)
        high = columns[rows <= hip_row + max(round(0.03 * plan.height), 1)]
        bottom = int(rows.max())
        foot = min(0.06 * plan.height, 0.3 * (bottom - hip_row))
        ankle = bottom - foot
        low = columns[np.abs(rows - ankle) <= 1.0 + 0.02 * plan.height]
        joint = self._place(hip_row - 0.025 * plan.height, float(high.mean()))
        end = self._place(ankle, float(low.mean()))
        middle = ((joint[0] + end[0]) / 2.0, (joint[1] + end[1]) / 2.0)
        top = np.zeros(leg.shape, bool)
        top[:, int(high.min()) : int(high.max()) + 1] = True
        share = self._with_root(number, leg, 0.06, top)
        return self._piece("leg", number, share, None, joint, middle, end)

    def arm(
        self, number: int, share_number: int, arm: NDArray[np.bool_], core: NDArray[np.bool_]
    ) -> Piece:
        """One arm, from the shoulder to the finger tips."""
        reach = distance_within(arm, arm & grown(core, 1))
        longest = float(reach[arm].max())
        start = np.argwhere(arm & (reach <= 0.1 * longest)).mean(axis=0)
        # A short arm may have no pixel right in the middle: then the nearest ones.
        off = np.where(arm, np.abs(reach / longest - 0.5), np.inf)
        halfway = np.argwhere(off < max(0.08, float(off.min()) + 1e-6)).mean(axis=0)
        tip = np.argwhere(arm & (reach > 0.9 * longest)).mean(axis=0)
        rows, columns = np.indices(arm.shape)
        near = np.hypot(rows - start[0], columns - start[1]) < 0.06 * self._plan.height
        share = self._with_root(share_number, arm, 0.04, near)
        joint, middle, end = (self._place(*map(float, point)) for point in (start, halfway, tip))
        return self._piece("arm", number, share, reach / longest, joint, middle, end)

    def _with_root(
        self,
        number: int,
        limb: NDArray[np.bool_],
        depth: float,
        within: NDArray[np.bool_],
    ) -> NDArray[np.float32]:
        """A limb's share of each texel, with what it needs beneath the body's edge."""
        inner = cv2.erode(self._core.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        root = grown(limb, max(round(depth * self._plan.height), 2)) & inner & within
        seam = grown(self._shares[number], 1) & self._core & within
        return self._full(self._shares[number] | root | seam)

    def _full(self, share: NDArray[np.bool_]) -> NDArray[np.float32]:
        texture = self._cutout.texture
        size = (texture.shape[1], texture.shape[0])
        return np.asarray(cv2.resize(share.astype(np.float32), size), np.float32)

    def _piece(
        self,
        kind: str,
        number: int,
        share: NDArray[np.float32],
        reach: NDArray[np.float32] | None,
        joint: tuple[float, float],
        middle: tuple[float, float],
        end: tuple[float, float],
    ) -> Piece:
        texture = np.rint(self._cutout.texture * share[..., None]).astype(np.uint8)
        rows = np.flatnonzero(texture[..., 3].any(axis=1))
        columns = np.flatnonzero(texture[..., 3].any(axis=0))
        if not len(rows):
            rows = columns = np.array([0, 1])
        top, bottom = max(rows[0] - 1, 0), min(rows[-1] + 1, texture.shape[0] - 1)
        left, right = max(columns[0] - 1, 0), min(columns[-1] + 1, texture.shape[1] - 1)
        high, wide = (ROWS, COLUMNS) if kind == "body" else (LIMB_ROWS, LIMB_COLUMNS)
        column, row = np.meshgrid(
            np.linspace(left, right, min(wide, right - left) + 1),
            np.linspace(top, bottom, min(high, bottom - top) + 1),
        )
        cells = np.arange(column.size, dtype=np.int32).reshape(column.shape)
        quads = np.stack(
            [cells[:-1, :-1], cells[:-1, 1:], cells[1:, 1:], cells[1:, :-1]], axis=-1
        ).reshape(-1, 4)
        opaque = [
            texture[int(row[a, b]) : int(row[a + 1, b]) + 2,
                    int(column[a, b]) : int(column[a, b + 1]) + 2, 3].any()
            for a in range(cells.shape[0] - 1)
            for b in range(cells.shape[1] - 1)
        ]  # fmt: skip
        page = np.zeros((bottom - top + 3, self._cutout.texture.shape[1], 4), np.uint8)
        page[: bottom - top + 1] = texture[top : bottom + 1]
        first = self._rows
        self._pages.append(page)
        self._rows += page.shape[0]
        u, v = column.ravel(), row.ravel()
        at_row = np.clip(np.rint(v).astype(int), 0, texture.shape[0] - 1)
        at_column = np.clip(np.rint(u).astype(int), 0, texture.shape[1] - 1)
        along = np.zeros(u.shape)
        if reach is not None:
            along = self._full_values(reach)[at_row, at_column].astype(np.float64)
        return Piece(
            kind=kind,
            number=number,
            x=(u + self._cutout.left + 0.5 - self._cutout.foot[0]) / self._size,
            y=(self._cutout.foot[1] - (v + self._cutout.top + 0.5)) / self._size,
            u=u, v=v - top + first,
            relief=self._relief[at_row, at_column].astype(np.float64),
            reach=along, quads=quads[np.array(opaque, bool)],
            joint=joint, middle=middle, end=end,
        )  # fmt: skip

    def _full_values(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        texture = self._cutout.texture
        # Beyond the limb the values jump from one side of it to the other; no quad may tear there.
        even = cv2.GaussianBlur(values, (0, 0), max(0.02 * self._plan.height, 0.5))
        return np.asarray(cv2.resize(even, (texture.shape[1], texture.shape[0])), np.float32)

    def atlas(self) -> NDArray[np.uint8]:
        """All textures made so far, below one another."""
        return np.concatenate(self._pages)


def _relief(alpha: NDArray[np.uint8], size: float) -> NDArray[np.float32]:
    """A cushion over the silhouette, subject heights: round where it is wide, flat at its rim.

    Its slope stays below one half, so that a twisted body never folds over itself.
    """
    distance = cv2.distanceTransform((alpha > 127).astype(np.uint8), cv2.DIST_L2, 5) / size
    half = max(float(distance.max()), 1e-6)
    cushion = 0.25 * distance * (2.0 - distance / half)
    sigma = max(0.02 * size, 1.0)
    return np.asarray(cv2.GaussianBlur(cushion.astype(np.float32), (0, 0), sigma), np.float32)
