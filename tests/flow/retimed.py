"""Clips with known motion and the plainest interpolator, for the tests of retiming."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from synth.flow.model import Anchor, Between, Join, Window
from synth.media.planes import Planes


@dataclass
class Blend:
    """Mixes the two pictures and remembers what it was asked for."""

    mode: str = "fast"
    size: tuple[int, int] = (0, 0)
    asked: list[tuple[int, float]] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    closed: bool = False

    def between(self, window: Window, times: Sequence[float]) -> list[Between]:
        assert all(0.0 < time < 1.0 for time in times)
        self.windows.append(window)
        self.asked += [(window.first.number, time) for time in times]
        return [Between(mix(window.first.planes, window.second.planes, t), t) for t in times]

    def close(self) -> None:
        self.closed = True


def mix(a: Planes, b: Planes, share: float) -> Planes:
    """A mean of two pictures, a new object."""
    return Planes(
        *(
            np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8)
            for one, other in ((a.y, b.y), (a.u, b.u), (a.v, b.v))
        )
    )


def flat(level: int, size: tuple[int, int] = (8, 4)) -> Planes:
    """A grey picture."""
    width, height = size
    grey = np.full((height // 2, width // 2), 128, np.uint8)
    return Planes(np.full((height, width), level, np.uint8), grey, grey.copy())


def row(
    levels: Sequence[int],
    joins: dict[int, Join] | None = None,
    rate: Fraction = Fraction(24),
    numbers: Sequence[int] | None = None,
) -> list[Anchor]:
    """Grey anchors, joined by motion but where ``joins`` says otherwise."""
    joins = {0: "cut", **(joins or {})}
    numbers = numbers or range(len(levels))
    return [
        Anchor(number, number / rate, flat(level), joins.get(number, "motion"))
        for number, level in zip(numbers, levels, strict=True)
    ]


def panned(count: int, size: tuple[int, int] = (160, 90), step: int = 2, seed: int = 3) -> list:
    """RGB pictures of a texture that moves to the left, uint8 (H, W, 3)."""
    width, height = size
    rng = np.random.default_rng(seed)
    wide = rng.integers(40, 216, (height // 6 + 2, (width + count * step) // 6 + 2, 3), np.uint8)
    world = cv2.resize(wide, (width + count * step, height), interpolation=cv2.INTER_CUBIC)
    return [np.ascontiguousarray(world[:, k * step : k * step + width]) for k in range(count)]


def write_clip(
    path: Path,
    pictures: Sequence[np.ndarray],
    rate: Fraction | int = 24,
    *,
    ticks: Sequence[int] | None = None,
    clock: Fraction | None = None,
    sound: bool = False,
    metadata: dict[str, str] | None = None,
) -> Path:
    """An H.264 clip; ``ticks`` of ``clock`` are the pictures' times where they are uneven."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "use_metadata_tags"}) as out:
        out.metadata.update(metadata or {})
        stream = out.add_stream("libx264", rate=rate, options={"crf": "12", "preset": "ultrafast"})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        base = clock or 1 / Fraction(rate)
        stream.codec_context.time_base = base
        track = out.add_stream("aac", rate=48000) if sound else None
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = (ticks[index] if ticks else index), base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if track is not None:
            seconds = len(pictures) / Fraction(rate)
            for index in range(int(seconds * 48000) // 1024 + 1):
                wave = np.sin(np.arange(index * 1024, (index + 1) * 1024) * 0.06)
                block = av.AudioFrame.from_ndarray(
                    np.tile(wave.astype(np.float32) * 0.4, (2, 1)), format="fltp", layout="stereo"
                )
                block.sample_rate, block.pts = 48000, index * 1024
                out.mux(track.encode(block))
            out.mux(track.encode(None))
    return path


def times_of(path: Path) -> list[Fraction]:
    """When every picture of a file is shown, by its container, in order."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        assert stream.time_base is not None
        stamps = [p.pts * stream.time_base for p in file.demux(stream) if p.pts is not None]
    return sorted(stamps)


def levels_of(path: Path) -> Iterator[float]:
    """Mean brightness of every picture of a file."""
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            yield float(frame.to_ndarray(format="gray").mean())
