"""The frames of shots: clips at the film's size and rate, photos drawn once and kept."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from synth.errors import InvalidInstruction, InvalidMedia
from synth.grade.settings import Adjustments, Grade
from synth.media import Planes, load_image
from synth.media.planes import planes_from_rgb, to_rgb
from synth.sequence.clips import fill, look_at, read_clip
from synth.sequence.footage import Footage, film_size, lengths_of
from synth.sequence.plan import Take
from synth.sequence.project import MediaRef, Project, SequenceShot
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card
from tests.sequence.small_films import (
    clip,
    clip_shot,
    film_of,
    frames_of,
    number_of,
    photo,
    photo_shot,
    picture,
)  # fmt: skip


def _one_photo(folder: Path) -> tuple[Project, Shelf]:
    shelf = Shelf(folder / "shelf")
    made = photo_shot(shelf, photo(folder, 1), "a")
    return film_of([made], [Card("a", 0, 12)]), shelf


def test_a_clip_of_the_films_size_and_rate_passes_bit_for_bit(tmp_path: Path) -> None:
    path = clip(tmp_path, 1, 14)
    whole = frames_of(path)
    for first, count in ((0, 14), (5, 4), (13, 1)):
        found = list(read_clip(path, first, count, rate=Fraction(24), size=(160, 106)))
        expected = whole[first : first + count]
        assert all(a.same(b) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("of_clip", "of_film", "expected"),
    [
        (Fraction(12), Fraction(24), [0, 0, 1, 1, 2, 2, 3, 3]),
        (Fraction(48), Fraction(24), [0, 2, 4, 6, 8, 10]),
        (Fraction(30), Fraction(24), [0, 1, 3, 4, 5, 6, 8, 9]),
        (Fraction(24), Fraction(30), [0, 1, 2, 2, 3, 4, 5, 6]),
        (Fraction(24000, 1001), Fraction(24), list(range(12))),
    ],
)
def test_another_rate_takes_the_picture_of_the_moment(
    tmp_path: Path, of_clip: Fraction, of_film: Fraction, expected: list[int]
) -> None:
    path = clip(tmp_path, 1, 16, of_clip)
    count = len(expected)
    found = read_clip(path, 0, count, rate=of_film, size=(160, 106))
    assert [number_of(planes) for planes in found] == expected
    for first in range(count):
        one = next(iter(read_clip(path, first, 1, rate=of_film, size=(160, 106))))
        assert number_of(one) == expected[first], "the same when the reading begins there"


def test_a_clips_length_is_that_of_its_packets(tmp_path: Path) -> None:
    path = clip(tmp_path, 1, 75, Fraction(30000, 1001))
    facts = look_at(path)
    assert facts.seconds == 75 / Fraction(30000, 1001)
    assert facts.frames(Fraction(30000, 1001)) == 75
    assert facts.frames(Fraction(24)) == 60
    assert facts.frames(Fraction(1, 10)) == 1
    cut_off = tmp_path / "cut.mkv"
    with av.open(str(path)) as source, av.open(str(cut_off), "w", format="matroska") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    whole = cut_off.read_bytes()
    cut_off.write_bytes(whole[: len(whole) // 2])
    short = look_at(cut_off).frames(Fraction(30000, 1001))
    assert 1 <= short < 75
    beyond = list(read_clip(cut_off, 0, 75, rate=Fraction(30000, 1001), size=(160, 106)))
    assert len(beyond) == 75
    assert beyond[-1].same(beyond[-2]), "its last picture stays"


def test_another_shape_is_cropped_about_its_centre(tmp_path: Path) -> None:
    pixels = np.full((120, 200, 3), 60, np.uint8)
    pixels[40:80, 80:120] = 220
    pixels[:, :20] = 250
    square = fill(planes_from_rgb(pixels), 60, 60)
    assert square.size == (60, 60)
    assert square.u.shape == (30, 30)
    bright = square.y > 140
    rows, columns = np.nonzero(bright)
    assert abs(rows.mean() + 0.5 - 30) < 0.6
    assert abs(columns.mean() + 0.5 - 30) < 0.6
    assert square.y[:, 0].max() < 90, "what stands at the sides is cut off"
    same = fill(square, 60, 60)
    assert same.same(square)
    large = fill(square, 160, 90)
    assert large.size == (160, 90)


def test_colours_of_another_matrix_become_ours(tmp_path: Path) -> None:
    rgb = np.asarray(cv2.GaussianBlur(picture(3, 160, 106), (0, 0), 5.0), np.uint8)
    path = tmp_path / "old.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = 160, 106, "yuv420p"
        stream.codec_context.colorspace = 6
        stream.codec_context.color_range = 2
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=6, dst_color_range=2
        )
        for number in range(3):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    found = next(iter(read_clip(path, 0, 1, rate=Fraction(24), size=(160, 106))))
    shown = to_rgb(found).astype(float)
    assert np.abs(shown - rgb).mean() < 3
    assert np.abs(shown.mean((0, 1)) - rgb.mean((0, 1))).max() < 1.5


def test_lengths_and_size(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    shots = [
        clip_shot(shelf, clip(tmp_path, 1, 30, 30, 128, 128), "clip"),
        photo_shot(shelf, photo(tmp_path, 2), "photo"),
        photo_shot(shelf, photo(tmp_path, 4, 100, 200), "tall"),
    ]
    project = film_of(shots, [Card("photo", 0, 12), Card("clip", 0, 24)])
    assert lengths_of(project, shelf) == {"clip": 24, "photo": 12, "tall": 12}
    assert film_size(project, shelf) == (160, 160), "the first shot of those that are used"
    assert film_size(film_of(shots, [Card("tall", 0, 12)]), shelf) == (80, 160)
    assert film_size(film_of(shots, [Card("tall", 0, 12)], aspect="16:9"), shelf) == (160, 90)
    assert film_size(film_of([], [Card(None, 0, 4)]), shelf) == (160, 90)
    assert lengths_of(film_of(shots, [], fps="12"), shelf) == {"clip": 12, "photo": 6, "tall": 6}


def test_a_shot_is_drawn_at_the_films_size_once(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    shots = [photo_shot(shelf, photo(tmp_path, 1), "a", "static")]
    project = film_of(shots, [Card("a", 0, 12)], aspect="1:1")
    with Footage(project, shelf, tmp_path / "kept") as footage:
        assert not footage.ready("a")
        assert footage.report("a") is None
        frames = list(footage.planes(Take("a", 3, 5)))
        assert len(frames) == 5
        assert frames[0].size == (160, 160)
        report = footage.report("a")
        assert report is not None
        assert report.drawn_now
        assert report.fidelity is not None
        stage = footage.stage("a")
        assert stage is not None
        assert (stage.film.width, stage.film.height) == (160, 160)
        drawn = planes_from_rgb(next(iter(stage.frames())))
    rows = load_image(shelf.path(shots[0].media)).pixels
    middle = fill(planes_from_rgb(rows[:, 32:160]), 160, 160)
    assert _psnr(frames[0], middle) > 30, "a still camera shows the middle of the photo"
    assert _psnr(frames[0], drawn) > 44, "what is kept looks as it was drawn"
    with Footage(project, shelf, tmp_path / "kept") as again:
        assert again.ready("a")
        other = list(again.planes(Take("a", 3, 5)))
        report = again.report("a")
        assert report is not None
        assert not report.drawn_now
        assert report.fidelity is not None
    assert all(a.same(b) for a, b in zip(frames, other, strict=True))


def test_what_draws_a_shot_anew_and_what_does_not(tmp_path: Path) -> None:
    project, shelf = _one_photo(tmp_path)
    shot = project.shots[0]

    def key(changed: Project) -> str:
        with Footage(changed, shelf, tmp_path / "kept") as footage:
            return footage.key("a")

    def with_shot(**fields: object) -> Project:
        return project.with_shot(
            shot.model_copy(update={"shot": shot.shot.model_copy(update=fields)})
        )

    same = key(project)
    assert key(with_shot(prompt="a red lighthouse at dusk")) == same
    assert key(project.changed(lighting="golden hour", name="Other")) == same
    graded = Grade(adjustments=Adjustments(exposure=1.0))
    assert key(project.with_shot(shot.model_copy(update={"grade": graded}))) == same
    assert key(with_shot(seed=5)) != same
    assert key(with_shot(focal_length=35.0)) != same
    assert key(project.changed(output=project.output.model_copy(update={"fps": "25"}))) != same
    assert key(project.changed(output=project.output.model_copy(update={"aspect": "1:1"}))) != same
    assert key(project.changed(output=project.output.model_copy(update={"crf": 30}))) == same


def test_a_damaged_shot_is_drawn_again(tmp_path: Path) -> None:
    project, shelf = _one_photo(tmp_path)
    folder = tmp_path / "kept"
    with Footage(project, shelf, folder) as footage:
        footage.draw("a")
    (path,) = folder.glob("*.mp4")
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:900] + b"\0" + whole[901:], b""):
        path.write_bytes(damaged)
        with Footage(project, shelf, folder) as footage:
            assert not footage.ready("a")
            footage.draw("a")
        assert path.read_bytes() == whole


def test_colours_come_after_drawing(tmp_path: Path) -> None:
    project, shelf = _one_photo(tmp_path)
    dark = Grade(adjustments=Adjustments(exposure=-2.0))
    graded = project.with_shot(project.shots[0].model_copy(update={"grade": dark}))
    with Footage(graded, shelf, tmp_path / "kept") as footage:
        take = Take("a", 0, 2)
        raw, shown = next(footage.raw(take)), next(footage.planes(take))
        assert shown.y.mean() < raw.y.mean() - 20
        finished = footage.finisher(take)(to_rgb(raw))
        assert _psnr(planes_from_rgb(finished), shown) > 38
        assert len(footage.samples("a")) == 6


def test_a_plain_colour(tmp_path: Path) -> None:
    project, shelf = _one_photo(tmp_path)
    with Footage(project, shelf, tmp_path / "kept") as footage:
        frames = list(footage.planes(Take(None, 0, 3, "#ff8000")))
        assert footage.size == frames[0].size
    assert len(frames) == 3
    assert np.abs(to_rgb(frames[0]).astype(int) - (255, 128, 0)).max() <= 3


def test_errors_name_the_shot(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    (tmp_path / "text.jpg").write_text("no picture")
    broken = SequenceShot(id="bad", media=shelf.add(tmp_path / "text.jpg", "photo"))
    project = film_of([broken], [Card("bad", 0, 12)], aspect="16:9")
    with (
        Footage(project, shelf, tmp_path / "kept") as footage,
        pytest.raises(InvalidMedia, match=r"^Shot 'bad': "),
    ):
        footage.draw("bad")
    missing = SequenceShot(id="gone", media=MediaRef(sha256="0" * 64, name="x.mp4", kind="video"))
    with pytest.raises(InvalidMedia, match=r"Shot 'gone': The file 'x\.mp4' is missing"):
        lengths_of(Project(shots=(missing,)), shelf)
    sound = SequenceShot(id="s", media=MediaRef(sha256="0" * 64, name="x.wav", kind="sound"))
    with pytest.raises(InvalidInstruction, match="'s' is made of a sound file"):
        lengths_of(Project(shots=(sound,)), shelf)


def _psnr(a: Planes, b: Planes) -> float:
    error = np.mean((a.y.astype(float) - b.y) ** 2)
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)
