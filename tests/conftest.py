"""Pictures with known depth, made in code, and the plain geometry they are judged by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "motion-synth",
    # The same examples every time, and no minutes spent on making a failing one smaller.
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("motion-synth")

if TYPE_CHECKING:
    from synth.camera.pose import CameraPose
    from synth.scene.sheets import Scene


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Tests of the page in one process, since they share a server; others where there is room.

    With one process nothing changes.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return "tests/ui" if file.startswith("tests/ui/") else file

    return ByFile(config, log)


TEAL = ((20, 120, 100), (70, 200, 180))
"""Colours of a background: never red."""

RED = ((190, 20, 20), (250, 70, 60))
"""Colours of a foreground: always red."""


@dataclass(frozen=True)
class Layered:
    """A red box in front of a teal wall."""

    photo: np.ndarray
    """sRGB, (H, W, 3)."""
    disparity: np.ndarray
    """1 / scene units, (H, W)."""
    top: int
    bottom: int
    left: int
    right: int
    """The box's rows and columns, the second of each pair just outside."""
    near: float
    """Disparity of the box."""
    far: float
    """Disparity of the wall."""
    scene: Scene


class Studio:
    """Pictures made in code, and where geometry says that their points go."""

    def texture(
        self,
        width: int,
        height: int,
        seed: int = 0,
        colours: tuple[tuple[int, ...], tuple[int, ...]] = TEAL,
        sigma: float = 2.0,
    ) -> np.ndarray:
        """Band-limited noise between two colours, uint8 (H, W, 3)."""
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((height, width, 3)).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
        share = np.clip(0.5 + (noise - noise.mean()) / (6.0 * noise.std()), 0.0, 1.0)
        low, high = (np.array(colour, np.float32) for colour in colours)
        return np.rint(low + (high - low) * share).astype(np.uint8)

    def layered(
        self,
        width: int = 320,
        height: int = 200,
        near: float = 0.13,
        far: float = 0.06,
        focal_length: float = 50.0,
    ) -> Layered:
        """A red box in front of a teal wall, with the scene made from it."""
        from synth.scene.build import build_scene

        top, bottom = round(height * 0.3), round(height * 0.7)
        left, right = round(width * 0.34), round(width * 0.66)
        box = np.zeros((height, width), bool)
        box[top:bottom, left:right] = True
        photo = self.texture(width, height, 1)
        photo[box] = self.texture(width, height, 2, RED)[box]
        disparity = np.where(box, near, far).astype(np.float32)
        scene = build_scene(photo, disparity, focal_length=focal_length)
        return Layered(photo, disparity, top, bottom, left, right, near, far, scene)

    def red(self, frame: np.ndarray) -> np.ndarray:
        """Which pixels show the foreground's colour."""
        values = frame.astype(int)
        return values[..., 0] - np.maximum(values[..., 1], values[..., 2]) > 60

    def teal(self, frame: np.ndarray) -> np.ndarray:
        """Which pixels show the background's colour."""
        values = frame.astype(int)
        return (values[..., 1] - values[..., 0] > 15) & (values[..., 1] > 90)

    def place(
        self,
        pose: CameraPose,
        size: tuple[int, int],
        x: np.ndarray | float,
        y: np.ndarray | float,
        disparity: np.ndarray | float,
        *,
        photo_focal_length: float = 50.0,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where photo points go in a frame of the photo's size, by textbook pinhole geometry.

        Args:
            pose: the camera that looks.
            size: width and height of photo and frame, pixels.
            x, y: photo places in pixels, pixel centres at +0.5.
            disparity: inverse depth from the home camera.

        Returns:
            x, y in the frame, and depth along the new camera's axis.
        """
        width, height = size
        home_focal = photo_focal_length / 36.0 * max(width, height)
        depth = 1.0 / np.asarray(disparity, np.float64)
        world = np.stack(
            np.broadcast_arrays(
                (x - width / 2) / home_focal * depth,
                -(y - height / 2) / home_focal * depth,
                10.0 - depth,
            ),
            axis=-1,
        )
        seen = (world - np.array(pose.position)) @ self.matrix(pose.rotation)
        ahead = -seen[..., 2]
        focal = pose.focal_length / 36.0 * max(width, height)
        return (
            width / 2 + focal * seen[..., 0] / ahead,
            height / 2 - focal * seen[..., 1] / ahead,
            ahead,
        )

    def matrix(self, rotation: tuple[float, float, float]) -> np.ndarray:
        """R_y(yaw) R_x(pitch) R_z(roll), camera to world, spelled out."""
        pitch, yaw, roll = (math.radians(angle) for angle in rotation)
        cx, sx = math.cos(pitch), math.sin(pitch)
        cy, sy = math.cos(yaw), math.sin(yaw)
        cz, sz = math.cos(roll), math.sin(roll)
        turn_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        turn_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
        turn_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
        return turn_y @ turn_x @ turn_z

    def centroid(self, frame: np.ndarray, background: float) -> tuple[float, float]:
        """Centre of a bright thing on an even background, pixels with centres at +0.5."""
        weight = np.clip(frame.astype(np.float64).mean(axis=2) - background, 0.0, None)
        rows, columns = np.mgrid[0 : frame.shape[0], 0 : frame.shape[1]] + 0.5
        total = weight.sum()
        return float((weight * columns).sum() / total), float((weight * rows).sum() / total)


@pytest.fixture(scope="session")
def studio() -> Studio:
    """Makes pictures and does plain geometry."""
    return Studio()


@pytest.fixture(scope="session")
def layered(studio: Studio) -> Layered:
    """A red box in front of a teal wall, 320 x 200."""
    return studio.layered()
