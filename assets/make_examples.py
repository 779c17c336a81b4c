"""Render the bundled example pictures, with their true depth.

    python assets/make_examples.py                 all of them
    python assets/make_examples.py lighthouse      one
    python assets/make_examples.py robot --scale 4 --samples 4 --out /tmp   a quick look

The same command gives the same pictures: every random number comes from the pixel's place.
"""

from __future__ import annotations

import argparse
import importlib
import time
from dataclasses import replace
from pathlib import Path

from scenes import film
from scenes.common import Scene, photograph

NAMES = ("lighthouse", "cloister", "robot")
FOLDER = Path(__file__).parent / "examples"


def load(name: str) -> Scene:
    """The scene of that name, from ``scenes/<name>.py``."""
    return importlib.import_module(f"scenes.{name}").SCENE


def main() -> None:
    parser = argparse.ArgumentParser(description="Render the example pictures.")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(NAMES))
    parser.add_argument("--samples", type=int, default=16, help="rays a pixel (default 16)")
    parser.add_argument("--scale", type=int, default=1, help="divide the size by this")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for the files")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(NAMES))
    if unknown:
        parser.error(f"No scene is called {', '.join(unknown)}; choose of {', '.join(NAMES)}.")
    options.out.mkdir(parents=True, exist_ok=True)

    for name in options.names or NAMES:
        began = time.perf_counter()
        scene = load(name)
        width, height = scene.size
        scene = replace(scene, size=(width // options.scale, height // options.scale))
        negative = photograph(scene, options.samples)
        traced = time.perf_counter()
        film.keep(scene, negative, options.out)
        finished = time.perf_counter()
        print(
            f"{name}: {scene.size[0]}x{scene.size[1]}, {options.samples} rays a pixel; "
            f"{traced - began:.0f} s traced, {finished - traced:.0f} s developed; "
            f"depth from {negative.depth.min():.2f} units"
        )


if __name__ == "__main__":
    main()
