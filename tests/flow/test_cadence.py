"""Film in video: repeats in a regular cadence, and what is left at even times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import cycle, pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from synth.flow.cadence import Cadence
from synth.flow.model import Anchor
from synth.flow.plan import plan_retime
from synth.flow.retime import retime_video
from synth.flow.watch import Watcher
from synth.media import VideoWriter
from synth.media.planes import Planes
from tests.flow.retimed import Blend, flat
from tests.flow.worlds import finished, moved, pictures_of, shown, world


def kept(pattern: Sequence[int], count: int, rate: int = 60, start: int = 0) -> list[Anchor]:
    """Pictures that stood for so many each, in turn, without the repeats."""
    number, found = start, []
    for lasts in cycle(pattern):
        if len(found) == count:
            break
        found.append(Anchor(number, Fraction(number, rate), flat(0), "motion"))
        number += lasts
    return [replace(found[0], join="cut"), *found[1:]]


@pytest.mark.parametrize(
    ("pattern", "rate", "step", "rhythm"),
    [
        ((2, 3), 60, Fraction(1, 24), "2:3"),
        ((3, 2), 60, Fraction(1, 24), "2:3"),
        ((1, 1, 1, 2), 30, Fraction(1, 24), "1:1:1:2"),
        ((1, 2, 1, 1), 30, Fraction(1, 24), "1:1:1:2"),
        ((1, 2), 30, Fraction(1, 20), "1:2"),
    ],
)
def test_a_certain_cadence_is_spaced_evenly(
    pattern: Sequence[int], rate: int, step: Fraction, rhythm: str
) -> None:
    anchors = kept(pattern, 40, rate)
    cadence = Cadence()
    evened = list(cadence.even(iter(anchors)))
    assert [one.number for one in evened] == [one.number for one in anchors]
    # The last one stays, so that the clip is as long as it was.
    assert [one.time for one in evened[:-1]] == [k * step for k in range(39)]
    assert evened[-1] is anchors[-1]
    assert (cadence.evened, cadence.rhythm) == (39, rhythm)


@pytest.mark.parametrize(
    "pattern", [(2,), (3,), (1,), (1, 3), (1, 2, 1, 3, 2, 1, 1), (2, 3, 3, 2, 2, 2, 3, 3, 3, 2)]
)
def test_what_is_even_or_uncertain_stays(pattern: Sequence[int]) -> None:
    anchors = kept(pattern, 40)
    cadence = Cadence()
    assert [a.time for a in cadence.even(iter(anchors))] == [a.time for a in anchors]
    assert (cadence.evened, cadence.rhythm) == (0, "")


def test_the_rhythm_goes_on_behind_a_cut_and_stops_where_it_breaks() -> None:
    film = kept((2, 3), 41)
    film[13] = replace(film[13], join="cut")
    plain = [
        replace(one, number=one.number + 100, time=one.time + Fraction(100, 60), join="motion")
        for one in kept((1,), 20)
    ]
    cadence = Cadence()
    evened = list(cadence.even(iter([*film[:-1], *plain])))
    assert [one.time for one in evened[:40]] == [Fraction(k, 24) for k in range(40)]
    assert [one.time for one in evened[41:]] == [one.time for one in plain[1:]]
    assert all(a.time < b.time for a, b in pairwise(evened))


def test_clocks_of_thousandths_are_seen_through() -> None:
    anchors = [
        replace(one, time=Fraction(round(one.time * 1000), 1000)) for one in kept((2, 3), 30)
    ]
    evened = list(Cadence().even(iter(anchors)))
    for k, one in enumerate(evened[:-1]):
        assert abs(one.time - Fraction(k, 24)) < Fraction(2, 1000)


def test_few_pictures_wait() -> None:
    read = 0

    def counted() -> object:
        nonlocal read
        for anchor in kept((2, 3), 60):
            read += 1
            yield anchor

    for shown_, _ in enumerate(Cadence().even(counted())):  # type: ignore[arg-type]
        assert read - shown_ <= 10


def film_in_video(path: Path, count: int) -> Path:
    """A pan of so many pictures at 24, shown at 60."""
    strip = pictures_of(moved(world(1), count, pan=(4, 1)), (2, 3))
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=60, options={"crf": "12", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number, luma in enumerate(finished([luma for luma, _ in strip])):
            grey = np.full((90, 320), 128, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.vstack([luma, grey]), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 60)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def test_film_comes_back_out_of_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 to 24 is the film itself, bit for bit; 60 to 60 moves by the same each time."""
    written: list[Planes] = []
    write = VideoWriter.write_planes

    def spy(self: VideoWriter, planes: Planes) -> None:
        written.append(planes)
        write(self, planes)

    monkeypatch.setattr(VideoWriter, "write_planes", spy)
    path = film_in_video(tmp_path / "in.mp4", 24)
    with av.open(str(path)) as file:
        stored = [f.to_ndarray(format="yuv420p")[:180] for f in file.decode(video=0)]
    result = retime_video(path, 24, settings={"duplicates": "replace"}, interpolator=Blend)
    assert result.frames == 24
    assert result.tally.new == 0
    firsts = [5 * k // 2 for k in range(24)]
    for planes, first in zip(written[:-1], firsts, strict=False):
        assert np.array_equal(planes.y, stored[first])
    blend = Blend()
    retime_video(path, settings={"duplicates": "replace"}, interpolator=lambda *_: blend)
    shares = {round(time, 6) for number, time in blend.asked if 0 < number < 50}
    assert shares == {0.2, 0.4, 0.6, 0.8}
    words = plan_retime(path, {"duplicates": "replace"}).sentences()
    assert "24 frames in the rhythm 2:3 are spaced evenly." in words
    assert result.tally.rhythm == "2:3"
    assert any("rhythm 2:3" in note for note in result.notes)


def test_where_next_to_nothing_moves_every_picture_stays() -> None:
    """Somebody who sits and thinks: stirs a little, rests, stirs again."""
    lumas = []
    rng = np.random.default_rng(4)
    picture = moved(world(3), 1)[0]
    face = picture.copy()
    for index in range(48):
        if index % 3 == 0:
            face = picture.copy()
            face[80:92, 150:166] += rng.uniform(-2, 2)
        lumas.append(face)
    watcher = Watcher()
    anchors = list(watcher.anchors(shown(finished(lumas), 24), duplicates="replace"))
    assert len(anchors) == 48
    assert watcher.counts.replaced == 0
    assert watcher.counts.repeats >= 30
