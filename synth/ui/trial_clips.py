"""Something to try the Interpolate tab on: a clip of the demo photo, rendered when asked for."""

from __future__ import annotations

import base64
import io
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder
from PIL import Image

from synth.errors import InvalidMedia
from synth.jobs import JobContext
from synth.media.plane_reader import PlaneReader
from synth.media.planes import to_rgb
from synth.scene.cache import SceneCache
from synth.shot import Shot, render_shot
from synth.ui.depth_brush import DepthStore
from synth.ui.examples import Example, thumbnail
from synth.ui.footage import Pair
from synth.ui.photo import Photo

_SHOT: Final = {
    "motion": {
        "camera": [
            {
                "type": "arc",
                "direction": "left",
                "intensity": 0.6,
                "duration": 3.0,
                "easing": "linear",
            },
            {
                "type": "push_in",
                "intensity": 0.4,
                "duration": 3.0,
                "start": 0.0,
                "easing": "linear",
            },
        ]
    },
    "output": {"long_side": 960, "aspect": "16:9", "fps": "12"},
}
"""Twelve frames a second, so that one sees at once what new frames do."""
_PAIR_AT: Final = (Fraction(1), Fraction(4, 3))
"""Which two moments of it make the two pictures, seconds."""

_PATIENCE = 0.1
"""Seconds between two looks at whether somebody still waits for the clip."""


class TrialClips:
    """The example of one served page. It is rendered once; the file lies with the uploads."""

    def __init__(
        self, examples: tuple[Example, ...], depths: DepthStore, scenes: SceneCache
    ) -> None:
        self._example = examples[0] if examples else None
        self._depths = depths
        self._scenes = scenes
        self._lock = threading.Lock()
        self._path = ""

    @property
    def title(self) -> str:
        """What the clip shows."""
        return self._example.title if self._example else ""

    def cards(self) -> list[dict[str, Any]]:
        """The examples as the source panel offers them."""
        if self._example is None:
            return []
        buffer = io.BytesIO()
        thumbnail(self._example.path).save(buffer, "JPEG", quality=80)
        picture = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
        title = f"Try it: {self.title}"
        return [
            {"id": "video", "kind": "video", "title": title, "thumbnail": picture,
             "help": "3 seconds at 12 fps, rendered here"},
            {"id": "pictures", "kind": "pictures", "title": title, "thumbnail": picture,
             "help": "Two pictures, a third of a second apart"},
        ]  # fmt: skip

    def clip(self, job: JobContext) -> str:
        """The clip's file. Raises ``InvalidMedia`` where no example photo is installed."""
        if self._example is None:
            raise InvalidMedia("No example photo is installed. Drop a video of your own.")
        while not self._lock.acquire(timeout=_PATIENCE):
            job.cancel.check()
        try:
            if not (self._path and Path(self._path).is_file()):
                with Image.open(self._example.path) as image:
                    photo = Photo.of_example(self._example, image.width, image.height)
                depth = self._depths.get(photo, cancel=job.cancel, progress=job.progress)
                made = render_shot(
                    Shot.from_dict(_SHOT),
                    photo.path,
                    job.folder / f"{self._example.id}-12-fps.mp4",
                    depth=depth,
                    fidelity=False,
                    scenes=self._scenes,
                    cancel=job.cancel,
                    progress=job.progress,
                )
                self._path = str(save_file_to_cache(made.path, get_upload_folder()))
            return self._path
        finally:
            self._lock.release()

    def pair(self, job: JobContext) -> Pair:
        """Two frames of the clip as pictures."""
        paths = []
        with PlaneReader(self.clip(job), cancel=job.cancel) as reader:
            for frame in reader:
                if frame.time in _PAIR_AT:
                    target = job.folder / f"frame-{len(paths) + 1}.png"
                    Image.fromarray(to_rgb(frame.planes, reader.tags)).save(target)
                    paths.append(str(save_file_to_cache(target, get_upload_folder())))
        return Pair((paths[0], paths[1]), ("frame-1.png", "frame-2.png"))
