"""Two small photos with known depth, set up for filming, as the sides of a transition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from synth.backends.geometric import Stage, set_stage
from synth.camera.pose import CameraPath, CameraPose
from synth.media.planes import Planes, planes_from_rgb
from synth.render.film import FilmSettings, shoot
from synth.scene.depth_map import DepthMap
from synth.sequence.plan import Take
from synth.sequence.transitions.side import Side

if TYPE_CHECKING:
    from tests.conftest import Studio

WIDTH, HEIGHT, LENGTH = 160, 96, 30
RATE = Fraction(24)


class Sides:
    """Makes sides: of photos whose cameras move as told, of clips, of plain colours."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def stage(self, seed: int, at: Callable[[int], CameraPose]) -> Stage:
        """A box before a wall, filmed by the pose of each frame."""
        photo = self._studio.texture(WIDTH, HEIGHT, seed, ((20, 60, 60), (120, 190, 210)))
        photo[30:70, 55:105] = self._studio.texture(
            50, 40, seed + 9, ((150, 30, 30), (240, 90, 60))
        )
        share = np.zeros((HEIGHT, WIDTH), np.float32)
        share[30:70, 55:105] = 1.0
        path = CameraPath(tuple(at(index) for index in range(LENGTH)), RATE)
        depth = DepthMap(share, "true", 7.0, 16.0)
        return set_stage(photo, depth, path, FilmSettings(WIDTH, HEIGHT))

    def photo(
        self,
        name: str,
        stage: Stage,
        first: int,
        frames: int,
        finish: Callable[[np.ndarray], np.ndarray] = lambda rgb: rgb,
    ) -> Side:
        """A side of a photo."""

        def planes() -> Iterator[Planes]:
            wanted = range(first, first + frames)
            for frame in shoot(stage.scene, stage.path, stage.film, frames=wanted):
                yield planes_from_rgb(finish(frame))

        return Side(Take(name, first, frames), planes, lambda: stage, finish, name)

    def kept(self, side: Side, index: int) -> np.ndarray:
        """A frame of a side's shot as it is without a transition, planes beside each other."""
        stage = side.stage()
        assert stage is not None
        (frame,) = shoot(stage.scene, stage.path, stage.film, frames=range(index, index + 1))
        return flat(planes_from_rgb(side.finish(frame)))

    def clip(self, name: str, rgb: np.ndarray, frames: int, *, shot: bool = True) -> Side:
        """A side of a clip that stands still, or of a plain colour."""
        still = planes_from_rgb(rgb)
        take = Take(name if shot else None, 0, frames)
        return Side(take, lambda: iter([still] * frames), lambda: None, lambda rgb: rgb, name)

    def picture(self, seed: int) -> np.ndarray:
        """A picture, uint8 (96, 160, 3)."""
        return self._studio.texture(WIDTH, HEIGHT, seed, ((30, 30, 30), (220, 200, 180)))


def flat(planes: Planes) -> np.ndarray:
    """All numbers of a picture in one row."""
    return np.concatenate([planes.y.ravel(), planes.u.ravel(), planes.v.ravel()])


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Decibels between two pictures of 8 bits."""
    error = float(((one.astype(float) - other.astype(float)) ** 2).mean())
    return 99.0 if error == 0.0 else 10.0 * np.log10(255.0**2 / error)


@pytest.fixture(scope="session")
def sides(studio: Studio) -> Sides:
    """Makes sides of transitions."""
    return Sides(studio)


@pytest.fixture(scope="session")
def trucking(sides: Sides) -> Stage:
    """A camera that trucks to the right."""
    return sides.stage(1, lambda index: CameraPose((0.03 * index, 0.0, 10.0)))


@pytest.fixture(scope="session")
def panning(sides: Sides) -> Stage:
    """A camera that pans to the left and rises, faster and faster."""
    return sides.stage(
        2, lambda index: CameraPose((0.0, 0.01 * index, 10.0), (0.0, 0.002 * index**2, 0.0))
    )


@pytest.fixture(scope="session")
def turning(sides: Sides) -> Stage:
    """A camera that pans to the right, slower and slower, and comes closer."""
    return sides.stage(
        3,
        lambda index: CameraPose(
            (0.0, 0.0, 10.0 - 0.02 * index), (0.3, 0.003 * (LENGTH - index) ** 2, 0.0), 52.0
        ),
    )
