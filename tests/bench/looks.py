"""Contact sheets: start, middle and end of every camera type on every example, to be looked at.

python -m tests.bench.looks FOLDER [example ...]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from synth.media import VideoReader
from synth.motion.catalogue import MOVE_TYPES
from synth.scene.cache import SceneCache
from synth.scene.depth_map import DepthMap
from synth.shot import Shot, render_shot
from synth.ui.examples import find_examples
from tests.bench.examples import EXAMPLES, example

FRAMES = 60
WIDTH = 640


def sheets(folder: Path, wanted: list[str]) -> None:
    """Write one JPEG per example and four camera types."""
    for found in find_examples():
        if wanted and found.id not in wanted:
            continue
        depth: DepthMap | None = None
        if found.path.parent == EXAMPLES:
            _, depth = example(found.path.stem)
        scenes = SceneCache()
        kinds_in_order = list(MOVE_TYPES)
        for number in range(0, -(-len(kinds_in_order) // 4)):
            kinds = kinds_in_order[4 * number : 4 * number + 4]
            rows = []
            for kind in kinds:
                shot = Shot.from_dict(
                    {
                        "motion": {
                            "camera": {"type": kind, "intensity": 0.5, "duration": FRAMES / 24}
                        },
                        "output": {"long_side": 1280},
                    }
                )
                with tempfile.TemporaryDirectory() as work:
                    clip = Path(work) / "clip.mp4"
                    render_shot(shot, found.path, clip, depth=depth, scenes=scenes, fidelity=False)
                    with VideoReader(clip) as reader:
                        picked = [
                            frame.pixels
                            for index, frame in enumerate(reader)
                            if index in (0, FRAMES // 2, FRAMES - 1)
                        ]
                height = round(WIDTH * picked[0].shape[0] / picked[0].shape[1])
                row = np.hstack(
                    [cv2.resize(p, (WIDTH, height), interpolation=cv2.INTER_AREA) for p in picked]
                )
                cv2.putText(row, kind, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2)
                rows.append(row)
            target = folder / f"{found.id}-{number}.jpg"
            cv2.imwrite(str(target), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))
            print(target)


if __name__ == "__main__":
    sheets(Path(sys.argv[1]), sys.argv[2:])
