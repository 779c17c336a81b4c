"""Single frames of a shot, exactly as the finished clip will hold them, for looking before it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synth.backends.geometric import Stage
from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.media import load_image
from synth.render.film import StillCamera
from synth.scene.cache import SceneCache
from synth.scene.depth_map import DepthMap
from synth.shot.model import Shot
from synth.shot.produce import prepare_shot

KEPT = 3
"""Prepared shots kept for the next frame asked for; each holds a few frames of buffers."""


@dataclass
class _Slot:
    """One shot; who holds the lock makes it ready or takes a frame, the others wait."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    ready: tuple[Stage, StillCamera] | None = None


class StillMaker:
    """Makes single frames and remembers the last few prepared shots. Safe to share.

    What is remembered is found again by the photo, its depth and the whole shot alone, so that two
    people share nothing but what both already have.
    """

    def __init__(self, scenes: SceneCache, kept: int = KEPT) -> None:
        """Take scenes from, and leave them in, ``scenes``; keep ``kept`` prepared shots."""
        self._scenes = scenes
        self._kept = kept
        self._ready: OrderedDict[tuple[str, str], _Slot] = OrderedDict()
        self._lock = threading.Lock()

    def stage(
        self,
        shot: Shot,
        image_path: str | Path,
        depth: DepthMap | Callable[[], DepthMap],
        source: str,
        *,
        cancel: CancelToken | None = None,
        progress: ProgressCallback = ignore_progress,
    ) -> Stage:
        """The shot made ready; arguments and errors as for ``frame``."""
        slot = self._slot(source, shot)
        with slot.lock:
            return self._prepared(slot, shot, image_path, depth, cancel, progress)[0]

    def frame(
        self,
        shot: Shot,
        image_path: str | Path,
        depth: DepthMap | Callable[[], DepthMap],
        source: str,
        index: int,
        *,
        cancel: CancelToken | None = None,
        progress: ProgressCallback = ignore_progress,
    ) -> NDArray[np.uint8]:
        """Frame number ``index`` of the clip that ``render_shot`` would make, before encoding.

        Args:
            shot: what to do.
            image_path: the photo.
            depth: of the whole photo, or what finds it, which is asked only when it is needed.
            source: a name that stands for this photo and this depth, such as their content's hash.
            index: frame number, from 0.
            cancel: stops the work within a second.
            progress: told what is being done.

        Returns:
            sRGB, uint8, shape (height, width, 3).

        Raises as ``render_shot``, and ``InvalidInstruction`` for a frame that the clip has not.
        """
        if not 0 <= index < shot.frames:
            raise InvalidInstruction(
                f"The clip has the frames 0 to {shot.frames - 1}; frame {index} is not among them."
            )
        slot = self._slot(source, shot)
        with slot.lock:
            _, camera = self._prepared(slot, shot, image_path, depth, cancel, progress)
            return camera.take(index, cancel)

    def _slot(self, source: str, shot: Shot) -> _Slot:
        key = (source, shot.to_json())
        with self._lock:
            slot = self._ready.setdefault(key, _Slot())
            self._ready.move_to_end(key)
            while len(self._ready) > self._kept:
                self._ready.popitem(last=False)
            return slot

    def _prepared(
        self,
        slot: _Slot,
        shot: Shot,
        image_path: str | Path,
        depth: DepthMap | Callable[[], DepthMap],
        cancel: CancelToken | None,
        progress: ProgressCallback,
    ) -> tuple[Stage, StillCamera]:
        if slot.ready is None:
            token = cancel or CancelToken()
            known = depth if isinstance(depth, DepthMap) else depth()
            stage = prepare_shot(shot, load_image(image_path), known, self._scenes, token, progress)
            slot.ready = stage, StillCamera(stage.scene, stage.path, stage.film)
        return slot.ready
