"""What nothing touches is copied from a clip that is as the film would have it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from synth.grade.settings import Adjustments, Grade
from synth.media import EncoderSettings, PlaneReader
from synth.sequence.copying import Packets
from synth.sequence.film import compose
from synth.sequence.project import Project, Title
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card, Way
from tests.sequence.small_films import clip, clip_shot, film_of, frames_of

OURS = EncoderSettings(keyframe_seconds=1)


def _film(folder: Path, encoder: EncoderSettings = OURS, start: int = 0) -> tuple[Project, Shelf]:
    shelf = Shelf(folder / "shelf")
    shots = [
        clip_shot(shelf, clip(folder, 1, 80, encoder=encoder), "a"),
        clip_shot(shelf, clip(folder, 2, 20, encoder=encoder), "b"),
    ]
    return film_of(shots, [Card("a", start, 70, Way("dissolve", 6)), Card("b", 0, 20)]), shelf


@pytest.mark.parametrize("start", [0, 10])
def test_untouched_frames_are_the_clips_own(tmp_path: Path, start: int) -> None:
    project, shelf = _film(tmp_path, start=start)
    compose(project, shelf, tmp_path / "film.mp4")
    with PlaneReader(tmp_path / "film.mp4") as reader:
        found = list(reader)
    assert [frame.time for frame in found] == [Fraction(k, 24) for k in range(84)]
    source = frames_of(tmp_path / "clip-1.mp4")
    same = [frame.planes.same(source[start + k]) for k, frame in enumerate(found[:64])]
    first = -(-start // 24) * 24 - start
    assert not any(same[:first])
    assert all(same[first : first + 36])
    with (
        av.open(str(tmp_path / "film.mp4")) as film,
        av.open(str(tmp_path / "clip-1.mp4")) as clip_,
    ):
        ours = {bytes(packet) for packet in film.demux(video=0)}
        theirs = [bytes(packet) for packet in clip_.demux(video=0) if packet.size]
    assert sum(packet in ours for packet in theirs) >= sum(same) - 2


def test_what_is_touched_is_encoded(tmp_path: Path) -> None:
    project, shelf = _film(tmp_path)
    source = frames_of(tmp_path / "clip-1.mp4")

    def copied(changed: Project) -> int:
        compose(changed, shelf, tmp_path / "film.mp4", folder=tmp_path / "kept")
        found = frames_of(tmp_path / "film.mp4")
        return sum(a.same(b) for a, b in zip(found[:64], source, strict=False))

    assert copied(project) > 48
    graded = project.shots[0].model_copy(
        update={"grade": Grade(adjustments=Adjustments(exposure=1))}
    )
    assert copied(project.with_shot(graded)) == 0
    assert copied(project.changed(titles=(Title(text="Hello", start=1.0, seconds=0.5),))) == 0
    smaller = project.output.model_copy(update={"aspect": "1:1"})
    compose(project.changed(output=smaller), shelf, tmp_path / "square.mp4")
    assert frames_of(tmp_path / "square.mp4")[0].size == (160, 160)


def test_another_encoder_or_rate_is_encoded(tmp_path: Path) -> None:
    project, shelf = _film(tmp_path, EncoderSettings(preset="medium", keyframe_seconds=1))
    compose(project, shelf, tmp_path / "film.mp4")
    assert not any(
        a.same(b)
        for a, b in zip(
            frames_of(tmp_path / "film.mp4")[:64], frames_of(tmp_path / "clip-1.mp4"), strict=False
        )
    )
    with PlaneReader(tmp_path / "film.mp4") as reader:
        assert sum(1 for _ in reader) == 84


def test_a_run_ends_where_all_that_was_decoded_was_shown() -> None:
    # I0 P4 B2 b1 b3 P8 B6 b5 b7 I9 P13 ... in the order of decoding
    order = (0, 4, 2, 1, 3, 8, 6, 5, 7, *range(9, 40))
    packets = Packets(order, frozenset({0, 9}))
    assert packets.run(0, 40) == (0, 40)
    assert packets.run(0, 30) == (0, 30)
    assert packets.run(1, 30) == (9, 22)
    assert packets.run(0, 15) == (0, 15)
    assert Packets((*order[:9], 13, 11, 10, 12, 9), frozenset({0})).run(0, 13) is None
    assert packets.run(1, 10) is None, "too short to be worth it"
    assert packets.run(20, 20) is None, "no key frame"
    # A B-frame after the key frame is shown before it: the group is open.
    assert Packets((0, 3, 1, 2, 6, 4, 5), frozenset({0, 4})).run(4, 3) is None
