"""A small photo on disk with its true depth, and short shots of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from synth.scene.depth_map import DepthMap
from synth.shot import Shot, warm_up

if TYPE_CHECKING:
    from tests.conftest import Layered


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    """Compile the hot loops first, as the app does, so that times mean something."""
    warm_up()


@pytest.fixture(scope="session")
def photo_path(layered: Layered, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layered picture, 320 x 200, as a PNG file."""
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(layered.photo).save(path)
    return path


@pytest.fixture(scope="session")
def true_depth(layered: Layered) -> DepthMap:
    """Its true depth."""
    share = (layered.disparity - layered.far) / (layered.near - layered.far)
    return DepthMap(share.astype(np.float32), "true", near=1 / layered.near, far=1 / layered.far)


@pytest.fixture(scope="session")
def make_shot() -> Callable[..., Shot]:
    """A shot of one second at 12 frames a second, 320 pixels long, unless told otherwise."""

    def make(type: str = "truck", **values: Any) -> Shot:
        camera: dict[str, Any] = {"type": type, "duration": values.pop("duration", 1.0)}
        for name in ("direction", "intensity"):
            if name in values:
                camera[name] = values.pop(name)
        output = {"long_side": 320, "fps": "12", **values.pop("output", {})}
        return Shot.from_dict({"motion": {"camera": camera}, "output": output, **values})

    return make
