"""Scenes kept for re-use, found by the content they were made from."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from synth.limits import LIMITS
from synth.scene.sheets import Scene


def content_key(*parts: NDArray[np.generic] | str | float | int | None) -> str:
    """A name that two requests share exactly when they hold the same pixels and settings."""
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.shape}{part.dtype}".encode())
            digest.update(np.ascontiguousarray(part).data)
        else:
            digest.update(repr(part).encode())
        digest.update(b"|")
    return digest.hexdigest()


class SceneCache:
    """The last few scenes, least recently used first out. Safe to share between threads.

    The owner decides who shares it: a key is the content itself, so whoever finds a scene here
    already has the picture that it was made from.
    """

    def __init__(self, entries: int = LIMITS.scene_cache_entries) -> None:
        """Keep at most `entries` scenes."""
        self._entries = entries
        self._scenes: OrderedDict[str, Scene] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, build: Callable[[], Scene]) -> Scene:
        """The scene of this key, built if it is not there."""
        with self._lock:
            scene = self._scenes.get(key)
            if scene is not None:
                self._scenes.move_to_end(key)
                return scene
        scene = build()
        with self._lock:
            self._scenes[key] = scene
            self._scenes.move_to_end(key)
            while len(self._scenes) > self._entries:
                self._scenes.popitem(last=False)
        return scene

    def __len__(self) -> int:
        return len(self._scenes)
