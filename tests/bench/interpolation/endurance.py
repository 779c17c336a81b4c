"""Whether a long clip takes more memory than a short one: ten minutes of 1080p, 5 to 10 a second.

``python -m tests.bench.interpolation.endurance`` makes the clip, with sound, brings it to twice
its rate and prints the peak memory of the process on the way. It takes some ten minutes; with
``--seconds`` less.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from synth.control import Progress
from synth.flow.retime import retime_video
from synth.media.planes import Planes
from tests.bench.interpolation.clips import frame_of

SIZE = (1920, 1080)
RATE = 5
SOUND_RATE = 48_000
_STEP = 8
"""Pixels that the texture moves from one picture to the next."""
_EARLY = 10
"""Seconds of the clip after which memory is looked at first."""


def peak() -> float:
    """Most memory that the process had so far, MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def _texture() -> Planes:
    """A picture that goes on for ever sideways, twice as wide as one of the clip."""
    rng = np.random.default_rng(5)
    width, height = SIZE

    def plane(across: int, down: int, low: int, high: int) -> np.ndarray:
        coarse = rng.integers(low, high, (down // 24 + 1, across // 24), np.uint8)
        smooth = cv2.resize(coarse, (across, down), interpolation=cv2.INTER_CUBIC)
        return np.tile(smooth, (1, 2))

    half = (width // 2, height // 2)
    return Planes(plane(width, height, 30, 220), plane(*half, 110, 146), plane(*half, 110, 146))


def make_clip(path: Path, seconds: int) -> Path:
    """A texture that slides by, over a tone: 1080p at 5 pictures a second."""
    wide = _texture()
    width, height = SIZE
    tone = np.sin(np.arange(SOUND_RATE) * (2 * np.pi * 440 / SOUND_RATE)).astype(np.float32) * 0.2
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        track = out.add_stream("aac", rate=SOUND_RATE)
        for number in range(seconds * RATE):
            at = number * _STEP % width
            frame = frame_of(
                Planes(
                    wide.y[:, at : at + width],
                    wide.u[:, at // 2 : (at + width) // 2],
                    wide.v[:, at // 2 : (at + width) // 2],
                )
            )
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(stream.encode(frame))
            if number % RATE == 0:
                block = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
                block.sample_rate, block.pts = SOUND_RATE, number // RATE * SOUND_RATE
                block.time_base = Fraction(1, SOUND_RATE)
                out.mux(track.encode(block))
        out.mux(stream.encode(None))
        out.mux(track.encode(None))
    return path


def main() -> None:
    """Make, retime and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=600, help="length of the clip")
    parser.add_argument("--mode", choices=("fast", "quality"), default="fast")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="motion-synth-bench-") as name:
        source = make_clip(Path(name) / "long.mp4", asked.seconds)
        print(f"{asked.seconds} s of {SIZE[0]}x{SIZE[1]} made, {peak():.0f} MB", flush=True)
        began = time.monotonic()
        marks = {second * 2 * RATE for second in (_EARLY, *range(60, asked.seconds, 60))}

        def look(progress: Progress) -> None:
            if progress.stage == "Making frames" and progress.done in marks:
                marks.discard(progress.done)
                shown, took = progress.done / (2 * RATE), time.monotonic() - began
                print(f"at {shown:.0f} s: peak {peak():.0f} MB, {took:.0f} s", flush=True)

        result = retime_video(
            source,
            2 * RATE,
            settings={"mode": asked.mode},
            output_path=Path(name) / "made.mp4",
            progress=look,
        )
        took = time.monotonic() - began
        print(f"at the end: peak {peak():.0f} MB; {result.frames} frames in {took:.0f} s")


if __name__ == "__main__":
    main()
