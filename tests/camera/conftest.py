"""A small exact renderer: textured walls and boxes, cast ray by ray, with true depth.

It shares no code with the product's renderer or its camera solver, so that the measurements are
checked against plain geometry.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
import pytest
from numba import njit

from synth.camera.pose import CameraPath, CameraPose

TEXELS_PER_UNIT = 110.0


@njit(nogil=True)
def _cast(origin, rotation, focal, width, height, grid, centres, us, vs, extents, starts, texture):
    """Shade (H, W) grey with ``grid`` x ``grid`` rays a pixel; depth at its centre."""
    picture = np.zeros((height, width))
    owner = np.full((height, width), -1, dtype=np.int64)
    depth = np.full((height, width), np.inf)
    size = texture.shape[0]
    quads = centres.shape[0]
    normals = np.empty((quads, 3))
    for q in range(quads):
        normals[q] = np.cross(us[q], vs[q])
    rays = grid * grid
    for row in range(height):
        for column in range(width):
            total = 0.0
            for sample in range(rays + 1):
                centre_ray = sample == rays
                a = 0.5 if centre_ray else (sample % grid + 0.5) / grid
                b = 0.5 if centre_ray else (sample // grid + 0.5) / grid
                x = (column + a - width / 2) / focal
                y = -(row + b - height / 2) / focal
                dx = rotation[0, 0] * x + rotation[0, 1] * y - rotation[0, 2]
                dy = rotation[1, 0] * x + rotation[1, 1] * y - rotation[1, 2]
                dz = rotation[2, 0] * x + rotation[2, 1] * y - rotation[2, 2]
                best = np.inf
                hit = -1
                hit_s = 0.0
                hit_t = 0.0
                for q in range(quads):
                    facing = normals[q, 0] * dx + normals[q, 1] * dy + normals[q, 2] * dz
                    if abs(facing) < 1e-9:
                        continue
                    ox = centres[q, 0] - origin[0]
                    oy = centres[q, 1] - origin[1]
                    oz = centres[q, 2] - origin[2]
                    far = (normals[q, 0] * ox + normals[q, 1] * oy + normals[q, 2] * oz) / facing
                    if far <= 1e-3 or far >= best:
                        continue
                    px, py, pz = far * dx - ox, far * dy - oy, far * dz - oz
                    s = us[q, 0] * px + us[q, 1] * py + us[q, 2] * pz
                    t = vs[q, 0] * px + vs[q, 1] * py + vs[q, 2] * pz
                    if abs(s) <= extents[q, 0] and abs(t) <= extents[q, 1]:
                        best, hit, hit_s, hit_t = far, q, s, t
                if hit < 0:
                    if not centre_ray:
                        total += 200.0
                    continue
                if centre_ray:
                    depth[row, column] = best
                    owner[row, column] = hit
                    continue
                u = (hit_s + starts[hit, 0]) * TEXELS_PER_UNIT
                v = (hit_t + starts[hit, 1]) * TEXELS_PER_UNIT
                u0, v0 = math.floor(u), math.floor(v)
                fu, fv = u - u0, v - v0
                i, j = int(u0) % size, int(v0) % size
                i1, j1 = (i + 1) % size, (j + 1) % size
                top = texture[j, i] * (1 - fu) + texture[j, i1] * fu
                low = texture[j1, i] * (1 - fu) + texture[j1, i1] * fu
                total += top * (1 - fv) + low * fv
            picture[row, column] = total / rays
    return picture, depth, owner


def _texture(seed: int) -> np.ndarray:
    """Band-limited noise that repeats after 1024 texels, mean 128."""
    generator = np.random.default_rng(seed)
    total = np.zeros((1024, 1024), dtype=np.float32)
    for sigma, share in ((2.2, 0.8), (5.0, 1.0), (14.0, 1.0)):
        noise = generator.standard_normal((1024, 1024)).astype(np.float32)
        layer = cv2.GaussianBlur(np.tile(noise, (2, 2)), (0, 0), sigma)[512:1536, 512:1536]
        total += share * layer / layer.std()
    return np.clip(128.0 + 32.0 * total / total.std(), 0, 255).astype(np.float32)


@dataclass
class Room:
    """Quads in space, each with a centre, two unit edges, half sizes and a place in the texture."""

    width: int = 480
    height: int = 320
    grid: int = 1

    def __post_init__(self) -> None:
        tilt = math.radians(12)
        quads = [
            # centre, right edge, up edge, half sizes
            ((0, 0, -6), (math.cos(tilt), 0, math.sin(tilt)), (0, 1, 0), (30, 30)),  # back wall
            ((0, -2.6, 0), (1, 0, 0), (0, 0, -1), (30, 30)),  # floor
            ((-5.5, 0, 0), (0, 0, -1), (0, 1, 0), (30, 30)),  # left wall
            ((-1.7, -0.6, 1.0), (1, 0, 0), (0, 1, 0), (0.7, 1.1)),  # near board
            ((1.6, -0.9, -1.0), (0.8, 0, 0.6), (0, 1, 0), (1.0, 1.3)),  # turned board
            ((0.4, 1.5, -3.0), (1, 0, 0), (0, 0.8, 0.6), (1.4, 0.6)),  # leaning board
        ]
        self.centres = np.array([q[0] for q in quads], dtype=np.float64)
        self.us = np.array([q[1] for q in quads], dtype=np.float64)
        self.vs = np.array([q[2] for q in quads], dtype=np.float64)
        self.extents = np.array([q[3] for q in quads], dtype=np.float64)
        self.starts = np.random.default_rng(5).uniform(0, 9, (len(quads), 2))
        self.texture = _texture(3)

    def shoot(self, pose: CameraPose) -> tuple[np.ndarray, np.ndarray]:
        """One frame: uint8 RGB (H, W, 3), and z-depth float32 (H, W)."""
        focal = pose.focal_length / 36.0 * max(self.width, self.height)
        picture, depth, owner = _cast(
            np.array(pose.position, dtype=np.float64),
            _matrix(pose.rotation),
            focal,
            self.width,
            self.height,
            self.grid,
            self.centres,
            self.us,
            self.vs,
            self.extents,
            self.starts,
            self.texture,
        )
        shade = np.array([1.0, 0.85, 1.1, 0.9, 1.15, 0.8, 1.05, 1.0])[owner] * picture
        frame = np.stack([shade, 0.95 * shade + 4, 0.85 * shade + 12], axis=2)
        return np.clip(np.rint(frame), 0, 255).astype(np.uint8), depth.astype(np.float32)

    def film(self, path: CameraPath) -> list[np.ndarray]:
        """Every frame of a path."""
        return [self.shoot(pose)[0] for pose in path]


def _matrix(rotation: tuple[float, float, float]) -> np.ndarray:
    """R_y(yaw) R_x(pitch) R_z(roll), spelled out from the written convention."""
    pitch, yaw, roll = (math.radians(angle) for angle in rotation)
    cx, sx, cy, sy = math.cos(pitch), math.sin(pitch), math.cos(yaw), math.sin(yaw)
    cz, sz = math.cos(roll), math.sin(roll)
    turn_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    turn_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    turn_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return turn_y @ turn_x @ turn_z


def _smooth(share: float) -> float:
    return share * share * (3 - 2 * share)


def _looking_at_origin(x: float, y: float, z: float, focal: float = 50.0) -> CameraPose:
    yaw = math.degrees(math.atan2(x, z))
    pitch = math.degrees(math.atan2(-y, math.hypot(x, z)))
    return CameraPose((x, y, z), (pitch, yaw, 0.0), focal)


def _pose_of(move: str, s: float) -> CameraPose:
    wave = [math.sin(2 * math.pi * (k * s + 0.13 * k)) - math.sin(0.26 * math.pi * k)
            for k in (1.0, 2.3, 3.1, 4.2, 5.3, 2.7)]  # fmt: skip
    angle = math.radians(20 * s)
    arc = math.radians(12 * s)
    moves = {
        "static": lambda: CameraPose(),
        "dolly in": lambda: CameraPose((0, 0, 10 - 3 * s)),
        "dolly out": lambda: CameraPose((0, 0, 10 + 3 * s)),
        "truck": lambda: CameraPose((1.2 * s, 0, 10)),
        "pedestal": lambda: CameraPose((0, 1.2 * s, 10)),
        "pan": lambda: CameraPose(rotation=(0, -12 * s, 0)),
        "tilt": lambda: CameraPose(rotation=(8 * s, 0, 0)),
        "roll": lambda: CameraPose(rotation=(0, 0, 15 * s)),
        "zoom": lambda: CameraPose(focal_length=50 * 1.6**s),
        "zoom out": lambda: CameraPose(focal_length=50 * 0.7**s),
        "dolly zoom": lambda: CameraPose((0, 0, 10 - 3 * s), focal_length=50 * (1 - 0.3 * s)),
        "orbit": lambda: _looking_at_origin(10 * math.sin(angle), 0, 10 * math.cos(angle)),
        "arc": lambda: _looking_at_origin(10 * math.sin(arc), 0.8 * s, 10 * math.cos(arc)),
        "crane": lambda: _looking_at_origin(0, 2.2 * s, 10),
        "spiral": lambda: _looking_at_origin(
            math.sin(4 * s) * s, (1 - math.cos(4 * s)) * 0.6 * s, 10 - 2 * s
        ),
        "handheld": lambda: CameraPose(
            (0.04 * wave[0], 0.04 * wave[1], 10 + 0.03 * wave[2]),
            (0.35 * wave[3], 0.35 * wave[4], 0.3 * wave[5]),
        ),
    }
    return moves[move]()


MOVES = (
    "static", "dolly in", "dolly out", "truck", "pedestal", "pan", "tilt", "roll", "zoom",
    "zoom out", "dolly zoom", "orbit", "arc", "crane", "spiral", "handheld",
)  # fmt: skip


def make_path(move: str, frames: int, lens: float = 1.0) -> CameraPath:
    """A camera move over some frames at 24 fps; ``lens`` multiplies every focal length."""
    poses = []
    for i in range(frames):
        pose = _pose_of(move, _smooth(i / max(frames - 1, 1)))
        poses.append(CameraPose(pose.position, pose.rotation, pose.focal_length * lens))
    return CameraPath(tuple(poses), Fraction(24))


@pytest.fixture(scope="session")
def room() -> Room:
    """A room at 480 x 320."""
    return Room()


@pytest.fixture(scope="session")
def path_of():
    """``make_path``, for tests that cannot import this file."""
    return make_path
