"""Slow fades: one world growing dark and another growing light, with motion all the way."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from synth.flow.retime import retime_video
from synth.flow.watch import Watcher
from synth.media import VideoWriter
from synth.media.planes import Planes
from tests.flow.worlds import Lumas, finished, moved, shown, world


def fading(sinks: int, rests: int, rises: int, level: float = 16, pan: float = 2.0) -> Lumas:
    """Twenty pictures, so many into an even surface, some of it, so many out, twenty more."""
    first = moved(world(1), 20 + sinks, pan=(pan, 0))
    second = moved(world(2), 20 + rises, pan=(-pan, 1))
    for k in range(sinks):
        first[20 + k] = level + (first[20 + k] - level) * (1 - (k + 1) / sinks)
    for k in range(rises):
        second[k] = level + (second[k] - level) * ((k + 1) / (rises + 1))
    return first + [np.full_like(first[0], level)] * rests + second


@pytest.mark.parametrize("level", [16.0, 235.0])
@pytest.mark.parametrize(
    ("sinks", "rests", "rises"), [(50, 3, 50), (30, 1, 30), (20, 4, 6), (6, 3, 40)]
)
def test_motion_runs_through_what_is_longer_than_is_looked_ahead(
    sinks: int, rests: int, rises: int, level: float
) -> None:
    watcher = Watcher()
    lumas = finished(fading(sinks, rests, rises, level), grain=0.7)
    joins = [anchor.join for anchor in watcher.anchors(shown(lumas, 25))]
    dark = 20 + sinks
    assert set(joins[1:20]) == {"motion"}
    assert set(joins[20 : dark - sinks // 4]) == ({"motion"} if sinks > 14 else {"fade"})
    assert set(joins[dark : dark + rests]) <= {"fade", "still"}
    late = joins[dark + rests + rises // 4 : dark + rests + rises - 1]
    assert set(late) == ({"motion"} if rises > 14 else {"fade"})
    assert (watcher.counts.fades, watcher.counts.cuts, watcher.counts.flashes) == (1, 0, 0)


def test_new_pictures_of_a_slow_fade_are_neither_doubled_nor_too_bright(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Planes] = []
    write = VideoWriter.write_planes

    def spy(self: VideoWriter, planes: Planes) -> None:
        written.append(planes)
        write(self, planes)

    monkeypatch.setattr(VideoWriter, "write_planes", spy)
    truth = finished(fading(60, 4, 60, pan=3.0))
    path = tmp_path / "in.mp4"
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "8", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number, luma in enumerate(truth[::2]):
            grey = np.full((90, 320), 128, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.vstack([luma, grey]), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    retime_video(path, 50, settings={"mode": "fast"})
    inner = (slice(12, -12), slice(12, -12))
    # From the first dimmed picture to where next to nothing is left.
    for k in range(21, 70, 2):
        off = written[k].y[inner].astype(float) - truth[k][inner]
        mixed = (truth[k - 1][inner].astype(float) + truth[k + 1][inner]) / 2 - truth[k][inner]
        assert abs(off.mean()) < 0.5, k
        assert np.abs(off).mean() < 0.5 * np.abs(mixed).mean() + 0.4, k
