"""The example photos: our own scenes with true depth, and real photographs of scikit-image."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from synth.motion import MotionControl
from synth.ui.assets import ASSETS

_LOG = logging.getLogger(__name__)
_THUMBNAIL = (132, 88)

_FIRST = ("robot", "lighthouse", "cloister")
"""Our own examples in the order of the strip; any other follows by name."""

_PHOTOGRAPHS: tuple[tuple[str, str, str, Mapping[str, Any]], ...] = (
    ("motorcycle_left.png", "Motorcycle in a workshop", "motorcycle",
     {"camera": {"type": "arc", "direction": "right", "intensity": 0.6, "duration": 4.0}}),
    ("rocket.jpg", "Rocket on the pad", "rocket",
     {"camera": {"type": "crane", "direction": "up", "intensity": 0.6, "duration": 5.0}}),
    ("chelsea.png", "Cat", "cat",
     {"camera": {"type": "push_in", "intensity": 0.5, "duration": 4.0}}),
    ("astronaut.png", "Astronaut", "astronaut",
     {"camera": [{"type": "dolly", "direction": "forward", "intensity": 0.4, "duration": 4.0},
                 {"type": "handheld", "intensity": 0.3}]}),
    ("coffee.png", "Coffee", "coffee",
     {"camera": {"type": "orbit", "direction": "left", "intensity": 0.5, "duration": 4.0}}),
)  # fmt: skip


@dataclass(frozen=True)
class Example:
    """A photo to try things on."""

    id: str
    title: str
    path: Path
    motion: Mapping[str, Any] = field(default_factory=dict)
    """A motion control that suits it."""
    depth_path: Path | None = None
    """Its true depth, where it is known."""
    near: float | None = None
    """Depth of the nearest value of that map, scene units."""
    far: float | None = None
    """Depth of its farthest value, scene units."""


def find_examples() -> tuple[Example, ...]:
    """All examples that are there, our own first."""
    return (*_own(), *_photographs())


def _own() -> list[Example]:
    found: list[Example] = []
    for path in sorted((ASSETS / "examples").glob("*.jpg"), key=_place):
        depth = path.with_name(f"{path.stem}_depth.png")
        try:
            about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            # Only the camera: what is in the air is for the visitor to add.
            motion = MotionControl.from_dict({"camera": about["suggested_motion"]["camera"]})
            example = Example(
                id=path.stem,
                title=about["title"],
                path=path,
                motion=motion.to_dict(),
                depth_path=depth if depth.exists() else None,
                near=about.get("near"),
                far=about.get("far"),
            )
        except (OSError, ValueError, KeyError):  # InvalidInstruction is a ValueError
            _LOG.exception("The example %s is left out: it cannot be read.", path.name)
            continue
        found.append(example)
    return found


def _place(path: Path) -> tuple[int, str]:
    return (_FIRST.index(path.stem) if path.stem in _FIRST else len(_FIRST), path.stem)


def _photographs() -> list[Example]:
    # scikit-image is looked up, not imported: only its picture files are wanted.
    package = find_spec("skimage")
    if package is None or package.origin is None:
        return []
    folder = Path(package.origin).parent / "data"
    return [
        Example(id=name, title=title, path=folder / file, motion=motion)
        for file, title, name, motion in _PHOTOGRAPHS
        if (folder / file).exists()
    ]


def thumbnail(path: Path) -> Image.Image:
    """A small picture of an example, RGB, cropped to the strip's shape."""
    with Image.open(path) as image:
        image.draft("RGB", (_THUMBNAIL[0] * 2, _THUMBNAIL[1] * 2))
        return ImageOps.fit(image.convert("RGB"), _THUMBNAIL, Image.Resampling.LANCZOS)
