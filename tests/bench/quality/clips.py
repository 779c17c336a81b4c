"""Clean clips: drawn in code, filmed by our renderer, and cut from a folder of videos."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import cv2
import numpy as np

from synth.backends.geometric import set_stage
from synth.media import load_image
from synth.media.planes import to_rgb
from synth.motion import Environment, MotionControl, SubjectAction, camera_path
from synth.render.film import FilmSettings
from synth.render.settings import LensSettings
from tests.bench.examples import example
from tests.bench.interpolation import scenes
from tests.bench.interpolation.drawing import (
    Draw,
    Stock,
    develop,
    expose,
    moved,
    photo,
    squeezed,
    tiled,
)
from tests.quality.defects import Picture

CACHE = Path(tempfile.gettempdir()) / "motion-synth-bench" / "quality"
"""What is made or measured once: clips, clips with defects, what was measured on them."""

FRAMES = 60
"""Of every clip, at 24 a second."""

RATE = Fraction(24)

LINES = 360
"""Height of every clip, pixels; the width follows from its shape."""

EDITION = 2
"""Counted up when the clips change."""

ENDINGS = (".mp4", ".webm", ".mov", ".mkv", ".avi")

FAULTY: dict[str, str] = {
    "intel_car-detection": "12.5 frames taken out of 30: of five steps two are half as long again",
    "mdn_friday": "film of 24 frames brought to 30: of five steps two are half as long",
    "mp_chaplin": "old film whose rate was changed by blending frames",
    "tc_nasa": "another rate than it was filmed at: of ten frames one or two repeat or are missing",
    "mdn_flower": "time lapse: the light changes from frame to frame, and frames repeat",
}
"""Known videos with a defect of their own: measured and shown, but no measure of the clean."""

Half = Literal["fit", "check"]

HALVES: dict[str, Half] = {
    "intel_car-detection": "check", "mdn_flower": "check", "mdn_friday": "fit",
    "mdn_tos_battle": "check", "mp_chaplin": "fit", "sk_bigbuckbunny": "fit", "tc_nasa": "check",
}  # fmt: skip
"""Where known videos belong, so that none changes sides when another is found faulty."""


@dataclass(frozen=True)
class Source:
    """A clean clip that can be made."""

    name: str
    """Shown in the tables."""
    half: Half
    """Whether constants may be fitted on it, or are checked on it."""
    make: Callable[[], list[Picture]]
    faulty: str = ""
    """The defect it has of its own, if it is known to have one."""

    def frames(self) -> list[Picture]:
        """The clip, RGB; made once, then read from the cache."""
        path = CACHE / "clips" / f"{EDITION}-{self.name.replace(' ', '_')}.npz"
        if path.exists():
            with np.load(path) as kept:
                return list(kept["frames"])
        made = self.make()
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(whole, frames=np.stack(made))
        whole.replace(path)
        return made


def _even(length: float) -> int:
    return 2 * max(1, round(length / 2))


SIZE = (640, LINES)


def _drawn(scene: Callable[[int, int], Draw], stock: Stock, pace: float = 1.0) -> list[Picture]:
    draw = scene(2 * SIZE[0], 2 * SIZE[1])
    planes = expose(lambda t: draw(pace * t), SIZE, FRAMES, stock, seed=7)
    return [to_rgb(one) for one in planes]


def _filmed(
    picture: str,
    moves: list[dict[str, Any]],
    stock: Stock,
    action: dict[str, Any] | None = None,
    weather: dict[str, Any] | None = None,
    gain: float = 1.0,
) -> list[Picture]:
    path = camera_path(
        MotionControl.from_dict({"camera": [{"duration": FRAMES / 24, **move} for move in moves]}),
        fps=RATE,
        focal_length=50.0,
    )
    pixels, depth = load_image(example(picture)[0]).pixels, example(picture)[1]
    stage = set_stage(
        pixels,
        depth,
        path,
        FilmSettings(*SIZE, lens=LensSettings(shutter_angle=360.0 * stock.shutter), seed=3),
        actions=(SubjectAction(**action),) if action else (),
        environment=Environment(**weather) if weather else None,
    )
    rng = np.random.default_rng(9)
    made = []
    for frame in stage.frames():
        if len(made) == FRAMES:
            break
        made.append(develop(gain * frame.astype(np.float32), stock, rng))
    return [to_rgb(one) for one in squeezed(made, stock)]


def _pan(name: str, speed: float, slant: float = 0.0) -> Callable[[int, int], Draw]:
    """A pan over a picture that is wide enough for the whole clip; ``speed`` in half pixels."""

    def scene(w: int, h: int) -> Draw:
        picture = tiled(name, h + h // 8, int(w + speed * FRAMES) + 64, h + h // 8)
        return lambda t: moved(
            picture, (w, h), about=(0, 0), to=(-8 - speed * t, -h / 32 - slant * t)
        )

    return scene


def _slow_zoom(w: int, h: int) -> Draw:
    picture = photo("coffee", w, h)
    middle = (0.5 * w, 0.5 * h)
    return lambda t: moved(picture, (w, h), about=middle, to=middle, scale=1.02 + 0.003 * t)


def _still(w: int, h: int) -> Draw:
    """A tripod shot: nothing but one thing moves."""
    picture = photo("chelsea", w, h)
    ball = photo("rocket", h // 3, h // 3)

    def draw(t: float) -> Picture:
        canvas = picture.copy()
        x, y = int(0.1 * w + 0.9 * t * w / 120), int(0.5 * h + 0.1 * h * np.sin(0.1 * t))
        canvas[y : y + ball.shape[0], x : x + ball.shape[1]] = ball
        return canvas

    return draw


def _handheld(w: int, h: int) -> Draw:
    """A calm hand: slow sway of several rhythms, as a body has it."""
    picture = photo("lighthouse", int(1.2 * w), int(1.2 * h))
    rng = np.random.default_rng(4)
    waves = rng.uniform((0.05, 0.0), (0.35, 6.28), (3, 5, 2))

    def draw(t: float) -> Picture:
        dx, dy, roll = (
            sum(np.sin(rate * t + phase) / rate for rate, phase in axis) for axis in waves
        )
        middle = (picture.shape[1] / 2, picture.shape[0] / 2)
        return moved(
            picture, (w, h), about=middle, to=(w / 2 + 2.0 * dx, h / 2 + 1.6 * dy),
            degrees=0.06 * roll,
        )  # fmt: skip

    return draw


def _joined(one: list[Picture], two: list[Picture], over: int) -> list[Picture]:
    """A cut (``over`` 0) or a dissolve of that many frames in the middle of a clip."""
    half = FRAMES // 2
    made = one[:half] + two[half:]
    for number in range(half - over // 2, half - over // 2 + over):
        share = (number - half + over // 2 + 1) / (over + 1)
        made[number] = np.asarray(cv2.addWeighted(one[number], 1 - share, two[number], share, 0))
    return made


def _faded(frames: list[Picture]) -> list[Picture]:
    """Comes out of black and goes into black."""
    gains = np.clip(np.minimum(np.arange(FRAMES) / 14, (FRAMES - 1 - np.arange(FRAMES)) / 14), 0, 1)
    return [
        np.rint(gain * frame).astype(np.uint8) for gain, frame in zip(gains, frames, strict=True)
    ]


FILM = Stock(grain=2.5)
STREAM = Stock(grain=1.5, crf=20)
NIGHT = Stock(grain=3.0, crf=18)
SHARP = Stock(shutter=0.0)


def _move(kind: str, intensity: float = 0.5) -> dict[str, Any]:
    return {"type": kind, "intensity": intensity}


def synthetic() -> list[Source]:
    """The clips that need no footage. Neighbours in the list are alike, and go to other halves."""
    made: list[tuple[str, Callable[[], list[Picture]]]] = [
        ("dolly", lambda: _filmed("cloister", [_move("dolly")], FILM)),
        ("push in", lambda: _filmed("lighthouse", [_move("push_in")], STREAM)),
        ("truck", lambda: _filmed("lighthouse", [_move("truck")], STREAM)),
        ("pedestal", lambda: _filmed("robot", [_move("pedestal")], FILM)),
        ("orbit", lambda: _filmed("robot", [_move("orbit", 0.4)], SHARP)),
        ("arc", lambda: _filmed("lighthouse", [_move("arc")], STREAM)),
        ("rain", lambda: _filmed(
            "robot", [_move("arc", 0.4)], STREAM,
            weather={"particle_effects": "rain", "weather_intensity": 0.6})),
        ("snow", lambda: _filmed(
            "cloister", [_move("pan", 0.3)], STREAM,
            weather={"particle_effects": "snow", "weather_intensity": 0.6})),
        ("walker", lambda: _filmed(
            "robot", [_move("truck", 0.3)], STREAM,
            action={"action": "walk", "speed": 0.6, "direction": "left_to_right"})),
        ("dancer", lambda: _filmed(
            "robot", [_move("push_in", 0.3)], FILM, action={"action": "dance", "speed": 0.5})),
        ("handheld photo", lambda: _filmed("cloister", [_move("handheld", 0.5)], STREAM)),
        ("handheld coast", lambda: _drawn(_handheld, STREAM)),
        ("night", lambda: _filmed("lighthouse", [_move("crane")], NIGHT, gain=0.3)),
        ("night orbit", lambda: _filmed("cloister", [_move("orbit", 0.3)], NIGHT, gain=0.25)),
        ("pan over gravel", lambda: _drawn(_pan("gravel", 6.0, 0.5), FILM)),
        ("pan over grass", lambda: _drawn(_pan("grass", 9.0), STREAM)),
        ("slow zoom", lambda: _drawn(_slow_zoom, STREAM)),
        ("fast zoom", lambda: _drawn(scenes.zoom, FILM, 0.4)),
        ("tripod", lambda: _drawn(_still, FILM)),
        ("talking head", lambda: _drawn(scenes.face, STREAM)),
        ("flag", lambda: _drawn(scenes.cloth, FILM)),
        ("water", lambda: _drawn(scenes.water, STREAM)),
        ("things that pass", lambda: _drawn(scenes.occlusion, STREAM, 0.5)),
        ("wires", lambda: _drawn(scenes.thin, FILM, 0.5)),
        ("cartoon", lambda: _drawn(scenes.cartoon, SHARP, 0.6)),
        ("fast pan", lambda: _drawn(_pan("lighthouse", 30.0), FILM)),
        ("fade", lambda: _faded(_filmed("robot", [_move("dolly")], STREAM))),
        ("fade on a pan", lambda: _faded(_drawn(_pan("cloister", 8.0), STREAM))),
        ("cut", lambda: _joined(
            _filmed("robot", [_move("truck")], STREAM), _drawn(_pan("gravel", 5.0), STREAM), 0)),
        ("dissolve", lambda: _joined(
            _filmed("cloister", [_move("truck", 0.4)], STREAM),
            _drawn(_pan("lighthouse", 8.0), STREAM), 16)),
    ]  # fmt: skip
    return [
        Source(name, "fit" if number % 2 == 0 else "check", make)
        for number, (name, make) in enumerate(made)
    ]


def usual_folder() -> Path | None:
    """Where the project's footage lies, if it does."""
    folder = Path(__file__).resolve().parents[4] / "shared" / "footage"
    return folder if folder.is_dir() else None


def footage(folder: Path, excerpts: int = 4) -> list[Source]:
    """Excerpts of the videos in a folder; all of one video go to the same half."""
    found: list[Source] = []
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in ENDINGS]
    others = 0
    for path in paths:
        faulty = FAULTY.get(path.stem, "")
        half = HALVES.get(path.stem) or ("check" if others % 2 == 0 else "fit")
        others += path.stem not in HALVES
        length = _length(path)
        count = max(1, min(excerpts, length // FRAMES))
        starts = np.linspace(0, max(0, length - FRAMES), count).astype(int)
        for number, start in enumerate(starts):
            found.append(
                Source(f"{path.stem} {number + 1}", half, _excerpt(path, int(start)), faulty)
            )
    return found


def _length(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.demux(video=0)) - 1


def _excerpt(path: Path, start: int) -> Callable[[], list[Picture]]:
    def make() -> list[Picture]:
        return [_smaller(rgb) for rgb in _decoded(path, start, start + FRAMES)]

    return make


def _decoded(path: Path, start: int, end: int) -> Iterator[Picture]:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for number, frame in enumerate(container.decode(video=0)):
            if number >= end:
                return
            if number >= start:
                yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def _smaller(rgb: Picture) -> Picture:
    height, width = rgb.shape[:2]
    if height <= LINES:
        return np.ascontiguousarray(rgb[: height // 2 * 2, : width // 2 * 2])
    size = (_even(width * LINES / height), LINES)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
