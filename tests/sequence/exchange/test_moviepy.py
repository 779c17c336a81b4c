from __future__ import annotations

import gc
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from synth.errors import InvalidMedia, Unavailable
from synth.media import VideoReader, VideoWriter
from synth.sequence.exchange.moviepy import card_clips, open_film, to_moviepy
from synth.sequence.footage import lengths_of
from synth.sequence.plan import plan_film
from synth.sequence.project import FilmSettings, Project, SequenceShot
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card, Way, arrange


def _counting(path: Path, frames: int, rate: Fraction) -> Path:
    """A film whose frame k has the grey 5 k."""
    with VideoWriter(path, width=64, height=48, fps=rate) as writer:
        for number in range(frames):
            writer.write(np.full((48, 64, 3), number * 5 % 250, np.uint8))
    return path


@pytest.mark.parametrize(
    ("rate", "frames"),
    [
        (Fraction(24000, 1001), 47),
        (Fraction(24), 31),
        (Fraction(60000, 1001), 49),
        (Fraction(12), 1),
    ],
)  # fmt: skip
def test_the_clip_has_the_films_frames_each_once(
    rate: Fraction, frames: int, tmp_path: Path
) -> None:
    clip = open_film(_counting(tmp_path / "film.mp4", frames, rate), frames, rate)
    try:
        assert clip.n_frames == frames
        assert clip.duration == pytest.approx(float(frames / rate), abs=1e-9)
        seen = [frame.mean() for frame in clip.iter_frames()]
        assert np.allclose(seen, np.arange(frames) * 5, atol=1.5)
        for number in (frames - 1, 0, frames // 2):
            middle = clip.get_frame(float((number + Fraction(1, 2)) / rate))
            assert abs(middle.mean() - number * 5) < 1.5
    finally:
        clip.close()


@pytest.fixture
def film(tmp_path: Path, shelf: Shelf) -> Project:
    """Two clips of a second with a dissolve of half a second."""
    shots = []
    for name, offset in (("a", 0), ("b", 120)):
        path = tmp_path / f"{name}.mp4"
        with VideoWriter(path, width=64, height=48, fps=12) as writer:
            for number in range(12):
                writer.write(np.full((48, 64, 3), offset + number * 4, np.uint8))
        shots.append(SequenceShot(id=name, media=shelf.add(path, "video")))
    project = Project(
        shots=tuple(shots), output=FilmSettings(long_side=160, fps="12", format="webm")
    )
    return arrange(project, [Card("a", 0, 12, Way("dissolve", 6)), Card("b", 0, 12)])


def test_a_film_becomes_a_clip_that_is_frame_by_frame_the_film(
    film: Project, shelf: Shelf, tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    clip = to_moviepy(film, shelf, path=path)
    plan = plan_film(film, lengths_of(film, shelf))
    try:
        with VideoReader(path) as reader:
            ours = [frame.pixels.astype(int) for frame in reader]
        theirs = [frame.astype(int) for frame in clip.iter_frames()]
        assert len(theirs) == len(ours) == plan.frames == 18
        for mine, other in zip(ours, theirs, strict=True):
            assert np.abs(mine - other).mean() < 2
        first, second = card_clips(clip, plan)
        assert (first.duration, second.duration) == pytest.approx((1.0, 1.0))
        assert np.array_equal(second.get_frame(0.51), clip.get_frame(1.01))
    finally:
        clip.close()


def test_a_film_without_a_place_lives_as_long_as_its_clip(film: Project, shelf: Shelf) -> None:
    clip = to_moviepy(film, shelf)
    place = Path(clip.filename)
    assert place.is_file()
    part = clip.subclipped(0, 0.5)
    clip.close()
    del clip
    gc.collect()
    assert place.is_file(), "a part still needs it"
    part.close()
    del part
    gc.collect()
    assert not place.exists()


def test_what_moviepy_cannot_read_and_no_moviepy_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.mp4").write_bytes(b"nothing")
    with pytest.raises(InvalidMedia, match=r"x\.mp4"):
        open_film(tmp_path / "x.mp4", 1, Fraction(24))
    monkeypatch.setitem(sys.modules, "moviepy", None)
    with pytest.raises(Unavailable, match="pip install moviepy"):
        open_film(tmp_path / "x.mp4", 1, Fraction(24))
