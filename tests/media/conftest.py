from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

Frames = list[np.ndarray]


def _frames(count: int, width: int, height: int) -> Frames:
    """Smooth frames whose brightness says which one it is."""
    y, x = np.mgrid[0:height, 0:width]
    ramp = np.stack([x * 200 // max(width, 1), y * 200 // max(height, 1), (x + y) % 64], axis=-1)
    return [np.clip(ramp + index % 50, 0, 255).astype(np.uint8) for index in range(count)]


def _corners(width: int, height: int) -> np.ndarray:
    """Red, green, blue and white quarters: tells all eight orientations apart."""
    picture = np.empty((height, width, 3), np.uint8)
    h, w = height // 2, width // 2
    picture[:h, :w] = (230, 30, 30)
    picture[:h, w:] = (30, 200, 30)
    picture[h:, :w] = (30, 30, 220)
    picture[h:, w:] = (240, 240, 240)
    return picture


def _clip(
    path: Path,
    frames: Sequence[np.ndarray],
    *,
    codec: str = "libx264",
    container: str = "mp4",
    pixel_format: str = "yuv420p",
    fps: Fraction | int = 24,
    times: Iterable[int] | None = None,
    clock: Fraction | None = None,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    source: str = "rgb24",
    setup: Callable[[Any, Any], None] | None = None,
    sound: bool = False,
) -> Path:
    """A video by the plainest means, independent of the code under test."""
    with av.open(
        str(path), "w", format=container, container_options=container_options or {}
    ) as out:
        stream = out.add_stream(codec, rate=fps, options=options or {})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = clock or 1 / Fraction(fps)
        if setup is not None:
            setup(stream, out)
        track = out.add_stream("aac", rate=44100) if sound else None
        for index, pts in zip(range(len(frames)), times or range(len(frames)), strict=False):
            frame = av.VideoFrame.from_ndarray(frames[index], format=source)
            frame.pts, frame.time_base = pts, clock or 1 / Fraction(fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if track is not None:
            silence = av.AudioFrame.from_ndarray(
                np.zeros((2, 1024), np.float32), format="fltp", layout="stereo"
            )
            silence.sample_rate = 44100
            for index in range(20):
                silence.pts = index * 1024
                out.mux(track.encode(silence))
            out.mux(track.encode(None))
    return path


@pytest.fixture
def make_frames() -> Callable[[int, int, int], Frames]:
    return _frames


@pytest.fixture
def make_corners() -> Callable[[int, int], np.ndarray]:
    return _corners


@pytest.fixture
def make_clip() -> Callable[..., Path]:
    return _clip
