"""Small photos, clips and projects made in code, and a film that a test may kill."""

from __future__ import annotations

import hashlib
import sys
import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from synth.media import EncoderSettings, PlaneReader, Planes, VideoWriter
from synth.motion import MotionControl
from synth.sequence.film import compose
from synth.sequence.project import FilmSettings, Project, SequenceShot
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card, Way, arrange
from synth.shot.model import Shot

SIDE = 160
"""Longer side of the films, pixels."""


def picture(seed: int, width: int = 192, height: int = 128) -> np.ndarray:
    """Band-limited noise with a bright box, uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((height, width, 3)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 2.0, borderType=cv2.BORDER_REFLECT)
    pixels = np.clip(120 + 45 * noise / noise.std() + rng.uniform(-30, 30, 3), 0, 255)
    pixels[height // 3 : height * 3 // 4, width // 3 : width // 2] += 50
    return np.clip(pixels, 0, 255).astype(np.uint8)


def photo(folder: Path, seed: int, width: int = 192, height: int = 128) -> Path:
    """A photo as a file."""
    path = folder / f"photo-{seed}.png"
    Image.fromarray(picture(seed, width, height)).save(path)
    return path


def clip(
    folder: Path,
    seed: int,
    frames: int = 12,
    rate: Fraction | int = 24,
    width: int = SIDE,
    height: int = 106,
    encoder: EncoderSettings | None = None,
) -> Path:
    """A clip that pans over a picture; the top left block tells each frame's number."""
    path = folder / f"clip-{seed}.mp4"
    wide = picture(seed, width + 3 * frames, height)
    with VideoWriter(path, width=width, height=height, fps=rate, settings=encoder) as writer:
        for number in range(frames):
            frame = wide[:, 3 * number : 3 * number + width].copy()
            frame[:32, :32] = 30 + 5 * (number % 40)
            writer.write(frame)
    return path


def tone(folder: Path, seconds: float = 3.0) -> Path:
    """A sound file: a steady tone."""
    path = folder / "tone.wav"
    times = np.arange(round(48_000 * seconds)) / 48_000
    samples = (6000 * np.sin(2 * np.pi * 440 * times)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(samples.tobytes())
    return path


def number_of(planes: Planes) -> int:
    """The number that a clip's frame tells."""
    height = planes.y.shape[0] // 8
    value = (float(planes.y[2:height, 2:height].mean()) - 16) * 255 / 219
    return round((value - 30) / 5)


def photo_shot(shelf: Shelf, path: Path, id: str, move: str = "truck", **shot: Any) -> SequenceShot:
    """A shot of half a second from a photo."""
    camera = {"type": move, "intensity": 0.4, "duration": 0.5}
    motion = MotionControl.from_dict({"camera": camera})
    made = Shot.from_dict({"motion": motion.to_dict(), **shot})
    return SequenceShot(id=id, media=shelf.add(path, "photo"), shot=made)


def clip_shot(shelf: Shelf, path: Path, id: str) -> SequenceShot:
    """A clip as it is."""
    return SequenceShot(id=id, media=shelf.add(path, "video"))


def film_of(shots: Sequence[SequenceShot], cards: Sequence[Card], **output: object) -> Project:
    """A project with a storyboard."""
    settings = FilmSettings.model_validate({"long_side": SIDE, **output})
    return arrange(Project(name="Test", shots=tuple(shots), output=settings), cards)


def three(folder: Path) -> tuple[Project, Shelf]:
    """Photo, clip, photo: a dissolve and a wipe between them."""
    shelf = Shelf(folder / "shelf")
    shots = (
        photo_shot(shelf, photo(folder, 1), "one"),
        clip_shot(shelf, clip(folder, 2), "two"),
        photo_shot(shelf, photo(folder, 3), "three", "pan"),
    )
    cards = (
        Card("one", 0, 12, Way("dissolve", 4)),
        Card("two", 0, 12, Way("wipeleft", 3)),
        Card("three", 0, 12),
    )
    return film_of(shots, cards), shelf


def frames_of(path: Path) -> list[Planes]:
    """All pictures of a file."""
    with PlaneReader(path) as reader:
        return [frame.planes for frame in reader]


def digest(path: Path) -> str:
    """Of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(place: str, kept: str, target: str) -> None:
    """Make the film of the project that lies in ``place``; says when it begins."""
    folder = Path(place)
    project = Project.from_json((folder / "project.json").read_bytes())
    shelf = Shelf(folder / "shelf")
    print("begins", flush=True)
    compose(project, shelf, target, folder=kept)
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
