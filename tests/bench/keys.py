"""The camera desk: how fast long paths are sampled, and how soon a frame follows the playhead."""

from __future__ import annotations

import socket
import statistics
import time
from dataclasses import dataclass

import numpy as np

from synth.camera.keys import CURVES, CameraKeys
from synth.camera.sampling import sample
from synth.scene.cache import SceneCache
from synth.shot import Shot, photo_depth
from synth.shot.still import StillMaker
from tests.bench.speed import PHOTO

KEYS = 10_000
FRAMES = 100_000
LOOKED = 24
"""Frames that the playhead is put on, one after another."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    """What was measured."""
    value: str
    """The figure with its unit."""


def long_path(curve: str) -> CameraKeys:
    """A path of many random keys, all of one curve."""
    random = np.random.default_rng(4)
    places = random.normal(0.0, 1.0, (KEYS, 3)).tolist()
    turns = random.uniform(-40.0, 40.0, (KEYS, 3)).tolist()
    keys = [
        {"frame": index * FRAMES / KEYS, "position": place, "rotation": turn}
        for index, (place, turn) in enumerate(zip(places, turns, strict=True))
    ]
    return CameraKeys.from_dict(
        {"frames": FRAMES, "keys": keys, "curve": curve, "turn_curve": curve, "lens_curve": curve}
    )


def sampling() -> list[Row]:
    """Time to sample every frame of the long path, for each curve."""
    rows = []
    for curve in CURVES:
        keys, frames = long_path(curve), np.arange(FRAMES)
        times = []
        for _ in range(3):
            began = time.perf_counter()
            sample(keys, frames)
            times.append(time.perf_counter() - began)
        rows.append(Row(f"{KEYS:,} keys, {FRAMES:,} frames, {curve}", f"{min(times):.2f} s"))
    return rows


def plain_loop() -> Row:
    """The same path, linear, by a loop over the keys for every frame, as one writes it first."""
    keys, frames = long_path("linear"), 100
    numbers = [key.frame for key in keys.keys]
    began = time.perf_counter()
    for frame in range(FRAMES // 2, FRAMES // 2 + frames):
        before = after = None
        for place, number in enumerate(numbers):
            if number <= frame:
                before = place
            if number > frame and after is None:
                after = place
        assert before is not None
        assert after is not None
        t = (frame - numbers[before]) / (numbers[after] - numbers[before])
        a, b = keys.keys[before], keys.keys[after]
        tuple(a.position[i] * (1 - t) + b.position[i] * t for i in range(3))
    each = (time.perf_counter() - began) / frames
    return Row(
        f"{KEYS:,} keys, linear, a plain loop over the keys, {frames} frames",
        f"{each * frames:.2f} s, {each * 1000.0:.2f} ms a frame",
    )


def dolly_with_orbit() -> Shot:
    """Five seconds on three keys, at 720p."""
    keys = [
        {"frame": 0},
        {"frame": 60, "position": [0.4, 0.2, 9.4], "rotation": [-1, 2, 0]},
        {"frame": 120, "position": [0.9, 0.1, 8.6], "rotation": [0, 5, 0], "focal_length": 55},
    ]
    trajectory = {"frames": 120, "keys": keys, "curve": "smooth", "turn_curve": "smooth"}
    output = {"long_side": 1280, "aspect": "16:9"}
    return Shot.from_dict({"trajectory": trajectory, "output": output})


def stills() -> list[Row]:
    """Time for single frames of a prepared shot, without the page."""
    from synth.media import load_image

    shot = dolly_with_orbit()
    depth = photo_depth(load_image(PHOTO), shot)
    maker = StillMaker(SceneCache())
    maker.frame(shot, PHOTO, depth, "photo", 1)
    times = []
    for index in np.linspace(0, 119, LOOKED).astype(int):
        began = time.perf_counter()
        maker.frame(shot, PHOTO, depth, "photo", int(index))
        times.append((time.perf_counter() - began) * 1000.0)
    return [Row("one frame of a prepared 720p shot, in the core", _spread(times))]


def scrub() -> list[Row]:
    """From moving the playhead to the frame on the screen, in Chromium on the served page."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return [Row("playhead to shown frame", "not measured: playwright is missing")]
    from synth.ui.app import build, launch_options

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    page_of_app = build()
    page_of_app.launch(server_port=port, prevent_thread_lock=True, **launch_options())
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox"]
            )
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.goto(f"http://127.0.0.1:{port}")
            page.get_by_role("tab", name="Keyframes").click()
            page.wait_for_function(SHOWN, timeout=60_000)
            page.wait_for_timeout(8000)  # The first frame, the coverage and the warm-up are over.
            times = [page.evaluate(MEASURE, frame) for frame in range(4, 4 + 4 * LOOKED, 4)]
            browser.close()
    finally:
        page_of_app.close(verbose=False)
    return [Row("playhead to shown frame, 720p, in the browser", _spread(times))]


SHOWN = "document.querySelector('.ms-keys-screen img.ms-keys-picture')?.naturalWidth > 300"

MEASURE = """frame => new Promise((done, fail) => {
  const picture = document.querySelector('.ms-keys-screen img.ms-keys-picture');
  const began = performance.now();
  const changed = () => {
    picture.removeEventListener('load', changed);
    requestAnimationFrame(() => done(performance.now() - began));
  };
  picture.addEventListener('load', changed);
  const field = document.querySelector('.ms-keys-time input[aria-label=Frame]');
  field.focus();
  field.value = String(frame);
  field.dispatchEvent(new Event('input', {bubbles: true}));
  field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));
  setTimeout(() => fail(new Error('no frame came')), 8000);
})"""


def _spread(times: list[float]) -> str:
    ordered = sorted(times)
    slow = ordered[round(0.95 * (len(ordered) - 1))]
    return f"{statistics.median(ordered):.0f} ms (95 % within {slow:.0f} ms)"


def measure() -> list[Row]:
    """All rows."""
    return [*sampling(), plain_loop(), *stills(), *scrub()]
