"""The bundled example pictures with their true depth."""

from __future__ import annotations

import json
from pathlib import Path

from synth.media.depth_picture import load_depth_picture
from synth.scene.depth_map import DepthMap

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"


def example(name: str) -> tuple[Path, DepthMap]:
    """Picture and true depth of a bundled example."""
    about = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    disparity = load_depth_picture(EXAMPLES / f"{name}_depth.png")
    return EXAMPLES / f"{name}.jpg", DepthMap(disparity, "true", about["near"], about["far"])
