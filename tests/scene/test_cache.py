"""Kept scenes: found by content alone, the oldest go first, threads may share."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from synth.scene.cache import SceneCache, content_key

if TYPE_CHECKING:
    from tests.conftest import Layered, Studio


def test_equal_content_has_an_equal_name_and_any_difference_another() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    key = content_key(pixels, 0.5, None, "quick")
    assert key == content_key(pixels.copy(), 0.5, None, "quick")
    # The same numbers in another memory layout are the same picture.
    assert key == content_key(np.asfortranarray(pixels), 0.5, None, "quick")
    changed = pixels.copy()
    changed[7, 8, 2] ^= 1
    others = [
        content_key(changed, 0.5, None, "quick"),
        content_key(pixels, 0.6, None, "quick"),
        content_key(pixels, 0.5, 1.0, "quick"),
        content_key(pixels, 0.5, None, "best"),
        content_key(pixels.reshape(9, 8, 3), 0.5, None, "quick"),
        content_key(pixels.astype(np.int16), 0.5, None, "quick"),
        content_key(pixels, "0.5", None, "quick"),
        content_key(pixels, 0.5, "None", "quick"),
    ]
    assert len({key, *others}) == len(others) + 1


def test_a_scene_is_built_once_and_found_again(layered: Layered) -> None:
    cache = SceneCache(2)
    built: list[str] = []

    def build(name: str):
        def work():
            built.append(name)
            return layered.scene

        return work

    assert cache.get("a", build("a")) is layered.scene
    assert cache.get("a", build("a")) is layered.scene
    assert built == ["a"]


def test_the_least_recently_used_scene_goes_first(layered: Layered) -> None:
    cache = SceneCache(2)
    built: list[str] = []

    def want(name: str) -> None:
        def work():
            built.append(name)
            return layered.scene

        cache.get(name, work)

    for name in "ababcacb":
        want(name)
        assert len(cache) <= 2
    # c pushed out a; a pushed out b; b pushed out a.
    assert built == ["a", "b", "c", "a", "b"]


def test_a_failed_build_is_not_kept(layered: Layered) -> None:
    cache = SceneCache(2)

    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.get("a", fail)
    assert len(cache) == 0
    assert cache.get("a", lambda: layered.scene) is layered.scene


def test_many_threads_share_it_and_never_get_anothers_scene(studio: Studio) -> None:
    scenes = {
        name: studio.layered(64, 48, near=near)
        for name, near in [("a", 0.1), ("b", 0.2), ("c", 0.3)]
    }
    cache = SceneCache(2)
    wrong: list[str] = []

    def work(names: str) -> None:
        for name in names * 40:
            if cache.get(name, lambda name=name: scenes[name].scene) is not scenes[name].scene:
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(names,)) for names in ("abc", "cab", "bca")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(cache) <= 2
