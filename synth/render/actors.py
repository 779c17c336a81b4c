"""Subjects on the set: a performance placed in the scene, its shadow, and how both are drawn.

A subject is an upright plate at its own depth. Its pieces are bent in the plate and blended over
the finished frame where nothing nearer stands. The shadow lies on the ground, which is taken to be
level through the point where the subject stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import HOME_DISTANCE
from synth.camera.pose import CameraPose
from synth.errors import InvalidInstruction
from synth.motion.instructions import SubjectAction
from synth.render.act_bend import Placed, Posture, bend, smooth
from synth.render.act_parts import Floats, Piece, Puppet, take_apart
from synth.render.acting import Acting
from synth.render.raster import project
from synth.render.rim import blend
from synth.render.viewpoint import camera_numbers
from synth.scene.cutout import Cutout

NEAREST = 0.4
"""Where a subject that comes to the camera stops: this share of its first distance."""

BODY_SLACK, LEG_SLACK = 0.02, 0.06
"""Relative depth by which something must be nearer to hide the body, and to hide legs: the ground
under walking feet is not as even as it is taken to be."""

SHADOW_SLACK = 0.08
"""The same for the shadow."""

SHADOW_STRENGTH = 0.42
"""Share of the light that the shadow takes in its middle."""

SHADOW_AT_HOME = 0.35
"""Share of that where the subject stood in the photo, which shows its shadow already."""

SHADOW_SIDE = 48
"""Texels of the shadow along each side."""

LOWEST_CAMERA = 0.25
"""Where the camera is less than this many subject heights above the foot, the ground is taken to
slope, so that coming nearer never means rising in the picture."""

LOOK_AHEAD = 0.1
"""Seconds between the moments at which leaving the frame is looked for."""


@dataclass(frozen=True)
class _Mesh:
    """A piece as the rasteriser takes it."""

    piece: Piece
    u: NDArray[np.float32]
    v: NDArray[np.float32]
    slack: float
    used: NDArray[np.int32]
    """Vertices of quads that show anything."""


class Actor:
    """One acting subject. Immutable after construction: two threads may draw it at once."""

    def __init__(
        self,
        cutout: Cutout,
        action: SubjectAction,
        *,
        width: int,
        height: int,
        focal: float,
        seconds: float,
        seed: int,
    ) -> None:
        """Take the subject apart and rehearse.

        Args:
            cutout: the subject, cut out of the photo at frame size.
            action: what it does.
            width, height: of the frame, pixels.
            focal: the photo's focal length in pixels at that size.
            seconds: length of the shot, within which leaving the frame is foreseen.
            seed: for what is left to chance.

        Raises:
            InvalidInstruction: the cut-out is empty or has no distance.
        """
        if not (math.isfinite(cutout.disparity) and cutout.disparity > 0.0):
            raise InvalidInstruction(
                f"The subject {action.id!r} has the inverse depth {cutout.disparity}; it must be "
                "above 0 for the subject to stand anywhere. Mark something nearer than the sky."
            )
        self._size = (width, height)
        self._puppet = take_apart(cutout)
        self._distance = 1.0 / cutout.disparity
        # Scene units per subject height, and the foot's place in the world.
        self._unit = self._puppet.size * self._distance / focal
        x, y = cutout.foot
        self._foot = (
            (x - width / 2.0) / focal * self._distance,
            -(y - height / 2.0) / focal * self._distance,
            HOME_DISTANCE - self._distance,
        )
        below = -self._foot[1]
        self._slope = 0.0
        if below < LOWEST_CAMERA * self._unit:
            self._slope = -(2.0 * LOWEST_CAMERA * self._unit - below) / self._distance
        room = (1.0 - NEAREST) * self._distance / self._unit
        self._acting = Acting(self._puppet, action, seed=seed, room=room)
        # Arms and legs first: the body covers where they hang on it.
        self._meshes = tuple(
            _Mesh(
                piece,
                piece.u.astype(np.float32),
                piece.v.astype(np.float32),
                LEG_SLACK if piece.kind == "leg" else BODY_SLACK,
                np.unique(piece.quads),
            )
            for piece in (*self._puppet.arms, *self._puppet.legs, self._puppet.body)
        )
        self._shadow = _shadow_texture()
        self.leaves_frame = self._leaving(action.id, seconds, focal)

    leaves_frame: str | None
    """A sentence for the user where the subject leaves the unmoved camera's frame."""

    @property
    def puppet(self) -> Puppet:
        """The subject taken apart."""
        return self._puppet

    @property
    def height(self) -> float:
        """Height of the subject, scene units."""
        return self._unit

    def posture(self, time: float) -> Posture:
        """What the subject does at a time in seconds."""
        return self._acting.posture(time)

    def track(self, times: Iterable[float]) -> Floats:
        """Where the point between the feet is, world units, (T, 3)."""
        return np.array([self._root(self._acting.posture(time)) for time in times])

    def vertices(self, time: float) -> list[tuple[Piece, Floats]]:
        """Every piece with the world places of its vertices, (V, 3)."""
        posture = self._acting.posture(time)
        pieces = [mesh.piece for mesh in self._meshes]
        placed = bend(self._puppet, posture, pieces)
        return [
            (piece, self._world(place, posture))
            for piece, place in zip(pieces, placed, strict=True)
        ]

    def draw(
        self,
        frame: NDArray[np.uint8],
        nearness: NDArray[np.float32],
        pose: CameraPose,
        time: float,
        scratch: NDArray[np.float64] | None = None,
    ) -> None:
        """Draw the shadow, then the subject, over a finished frame.

        Args:
            frame: sRGB in the first three channels, (H, W, 4), changed in place.
            nearness: inverse depth of what the frame shows, (H, W); raised where the subject is.
            pose: the camera.
            time: seconds from the start of the shot.
            scratch: room for projected vertices, at least (`most_vertices`, 4), not shared between
                threads; without it, it is made afresh.
        """
        posture = self._acting.posture(time)
        camera = camera_numbers(pose, *self._size)
        screen = np.empty((self.most_vertices, 4)) if scratch is None else scratch
        placed = bend(self._puppet, posture, [mesh.piece for mesh in self._meshes])
        self._draw_shadows(frame, nearness, camera, posture, placed)
        atlas = self._puppet.atlas
        if posture.shade != 1.0:
            # Alpha keeps its value: a diagonal matrix over the channels.
            shade = np.diag([posture.shade] * 3 + [1.0])
            atlas = np.asarray(cv2.transform(atlas, shade), np.uint8)
        for mesh, place in zip(self._meshes, placed, strict=True):
            if not len(mesh.piece.quads):
                continue
            part = screen[: len(place.x)]
            # What hides the subject is judged by its plate, not by the swing of a limb.
            _project(self._world(place, posture, flat=True), camera, part)
            stands = part[:, 3].copy()
            _project(self._world(place, posture), camera, part)
            part[:, 3] = stands
            slack = LEG_SLACK if posture.tilt != (0.0, 0.0) else mesh.slack
            blend(part, mesh.u, mesh.v, mesh.piece.quads, atlas, slack, nearness, frame)

    @property
    def most_vertices(self) -> int:
        """Rows that `scratch` needs."""
        return max(len(mesh.u) for mesh in self._meshes)

    def _root(self, posture: Posture) -> tuple[float, float, float]:
        right, up, near = (self._unit * part for part in posture.root)
        x, y, z = self._foot
        return x + right, y + up + self._slope * near, z + near

    def _world(self, placed: Placed, posture: Posture, *, flat: bool = False) -> Floats:
        x, y, z = self._foot
        drop = self._slope * posture.root[2]
        near = placed.tipped if flat else placed.z
        return np.stack(
            [
                x + self._unit * placed.x,
                y + self._unit * (placed.y + drop),
                z + self._unit * near,
            ],
            axis=-1,
        )

    def _draw_shadows(
        self,
        frame: NDArray[np.uint8],
        nearness: NDArray[np.float32],
        camera: Floats,
        posture: Posture,
        placed: list[Placed],
    ) -> None:
        right, up, near = posture.root
        moved = math.hypot(right, near) + abs(posture.tilt[0]) + abs(posture.tilt[1])
        fresh = SHADOW_AT_HOME + (1.0 - SHADOW_AT_HOME) * min(moved / 0.3, 1.0)
        strength = SHADOW_STRENGTH * fresh / (1.0 + 7.0 * max(up, 0.0))
        softer = 1.0 + 1.2 * max(up, 0.0)
        x, z, wide, deep = _lying(self._meshes, placed, up)
        self._lay(frame, nearness, camera, (x, z), (wide * softer, deep * softer), strength)
        for mesh, place in zip(self._meshes, placed, strict=True):
            if mesh.piece.kind != "leg" or posture.tilt != (0.0, 0.0):
                continue
            sole = mesh.piece.y < mesh.piece.end[1]
            high = max(float(place.y[sole].min()), 0.0)
            broad = 0.6 * float(np.ptp(mesh.piece.x[sole])) * softer
            at = (float(place.x[sole].mean()), float(place.z[sole].mean()))
            self._lay(
                frame, nearness, camera, at, (broad, 0.55 * broad),
                0.9 * SHADOW_STRENGTH * fresh / (1.0 + 14.0 * high),
            )  # fmt: skip

    def _lay(
        self,
        frame: NDArray[np.uint8],
        nearness: NDArray[np.float32],
        camera: Floats,
        at: tuple[float, float],
        radii: tuple[float, float],
        strength: float,
    ) -> None:
        """One dark patch on the ground; place and radii in subject heights."""
        side = np.array([-1.0, 1.0, 1.0, -1.0])
        away = np.array([-1.0, -1.0, 1.0, 1.0])
        z = at[1] + radii[1] * away
        x0, y0, z0 = self._foot
        world = np.stack(
            [
                x0 + self._unit * (at[0] + radii[0] * side),
                y0 + self._slope * self._unit * z,
                z0 + self._unit * z,
            ],
            axis=-1,
        )
        screen = np.empty((4, 4))
        _project(world, camera, screen)
        texture = np.zeros((SHADOW_SIDE, SHADOW_SIDE, 4), np.uint8)
        texture[..., 3] = np.rint(self._shadow * (255.0 * min(strength, 0.49)))
        last = SHADOW_SIDE - 1.0
        u = np.array([0.0, last, last, 0.0], np.float32)
        v = np.array([0.0, 0.0, last, last], np.float32)
        quads = np.array([[0, 1, 2, 3]], np.int32)
        blend(screen, u, v, quads, texture, SHADOW_SLACK, nearness, frame)

    def _leaving(self, name: str, seconds: float, focal: float) -> str | None:
        width, height = self._size
        for step in range(int(seconds / LOOK_AHEAD) + 1):
            x, y, z = self._root(self._acting.posture(step * LOOK_AHEAD))
            scale = focal / (HOME_DISTANCE - z)
            left = width / 2.0 + (x + self._puppet.left * self._unit) * scale
            right = width / 2.0 + (x + self._puppet.right * self._unit) * scale
            bottom = height / 2.0 - y * scale
            top = bottom - self._unit * scale
            if right < 0.0 or left > width or bottom < 0.0 or top > height:
                if step == 0:
                    return None
                return f"{name} leaves the frame after {step * LOOK_AHEAD:.1f} s"
        return None


def _project(world: Floats, camera: Floats, screen: NDArray[np.float64]) -> None:
    """World points, (V, 3), as `project` takes them: by their rays from the home camera."""
    depth = HOME_DISTANCE - world[:, 2]
    nearness = 1.0 / depth
    project(
        (world[:, 0] * nearness).astype(np.float32),
        (-world[:, 1] * nearness).astype(np.float32),
        nearness.astype(np.float32),
        camera,
        screen,
    )


def _lying(
    meshes: tuple[_Mesh, ...], placed: list[Placed], up: float
) -> tuple[float, float, float, float]:
    """Middle and radii, right and near, of what is close above the ground, subject heights."""
    total, moments = 0.0, np.zeros(4)
    for mesh, place in zip(meshes, placed, strict=True):
        used = mesh.used
        weight = smooth((0.35 - (place.y[used] - up)) / 0.25) / max(len(used), 1)
        weight *= 0.5 if mesh.piece.kind == "leg" else 1.0
        x, z = place.x[used], place.z[used]
        total += float(weight.sum())
        moments += [weight @ x, weight @ z, weight @ (x * x), weight @ (z * z)]
    moments /= max(total, 1e-9)
    x, z, xx, zz = (float(moment) for moment in moments)
    wide = 2.0 * math.sqrt(max(xx - x * x, 0.0)) + 0.05
    deep = 2.0 * math.sqrt(max(zz - z * z, 0.0)) + 0.5 * min(wide, 0.4)
    return x, z, wide, deep


def _shadow_texture() -> NDArray[np.float32]:
    """A round shadow, 1 in its middle, soft at its rim."""
    across = np.linspace(-1.0, 1.0, SHADOW_SIDE)
    radius = np.hypot(*np.meshgrid(across, across))
    return (smooth(1.0 - radius) ** 1.2).astype(np.float32)
