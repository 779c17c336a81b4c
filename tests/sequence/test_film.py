"""A project becomes a film, and only what changed is made again."""

from __future__ import annotations

import errno
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia, LimitExceeded
from synth.grade.settings import Adjustments, Grade
from synth.media import PlaneReader, probe, read_metadata
from synth.media.story import METADATA_KEY
from synth.sequence.bundle import read_project
from synth.sequence.film import FilmState, compose
from synth.sequence.footage import Footage, lengths_of
from synth.sequence.plan import Stretch, Take, plan_film
from synth.sequence.project import Project, SoundSettings, SoundTrack, Title
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card, Way, arrange, cards
from synth.sequence.stretches import pieces
from synth.shot.result import shot_from_video
from tests.sequence.small_films import (
    clip,
    clip_shot,
    digest,
    film_of,
    frames_of,
    number_of,
    photo,
    photo_shot,
    three,
    tone,
)


def _pieces(project: Project, lengths: dict[str, int]) -> tuple[Stretch, ...]:
    plan = plan_film(project, lengths)
    return pieces(plan.stretches, plan.rate)


def _ways(project: Project, shelf: Shelf) -> list[Card]:
    return list(cards(project, lengths_of(project, shelf)))


def test_a_film_is_exactly_as_long_as_its_plan_says(tmp_path: Path) -> None:
    project, shelf = three(tmp_path)
    states: list[FilmState] = []
    result = compose(
        project, shelf, tmp_path / "film.mp4", folder=tmp_path / "kept", watch=states.append
    )
    plan = plan_film(project, lengths_of(project, shelf))
    assert plan.frames == 12 + 12 + 12 - 4 - 3
    with PlaneReader(tmp_path / "film.mp4") as reader:
        assert reader.size == (result.width, result.height) == (160, 106)
        found = list(reader)
    assert [frame.time for frame in found] == [Fraction(k, 24) for k in range(plan.frames)]
    # The clip's own frames, after the dissolve and before the wipe.
    assert [number_of(found[place].planes) for place in range(12, 17)] == [4, 5, 6, 7, 8]
    assert result.drawn == ("one", "three")
    assert set(result.fidelity) == {"one", "three"}
    assert result.report()["frames"] == plan.frames
    assert states[-1].fraction == 1.0
    assert {shot.state for shot in states[-1].shots} == {"ready"}
    assert any(shot.state == "drawing" for state in states for shot in state.shots)
    fractions = [state.fraction for state in states]
    assert fractions == sorted(fractions)
    assert METADATA_KEY in read_metadata(tmp_path / "film.mp4")
    assert read_project(tmp_path / "film.mp4", shelf).project == project
    assert shot_from_video(tmp_path / "film.mp4") is None, "a film is no shot"


def test_again_gives_the_same_bytes_and_makes_nothing(tmp_path: Path) -> None:
    project, shelf = three(tmp_path)
    first = compose(project, shelf, tmp_path / "a.mp4", folder=tmp_path / "kept")
    again = compose(project, shelf, tmp_path / "b.mp4", folder=tmp_path / "kept")
    fresh = compose(project, shelf, tmp_path / "c.mp4")
    assert (first.encoded, again.encoded, fresh.encoded) == (5, 0, 5)
    assert again.drawn == ()
    assert digest(tmp_path / "a.mp4") == digest(tmp_path / "b.mp4") == digest(tmp_path / "c.mp4")
    assert again.fidelity == first.fidelity
    # Stretches are enough: no shot is drawn for them again.
    for path in (tmp_path / "kept" / "shots").glob("*.mp4"):
        path.unlink()
    assert compose(project, shelf, tmp_path / "d.mp4", folder=tmp_path / "kept").drawn == ()
    assert digest(tmp_path / "d.mp4") == digest(tmp_path / "a.mp4")


def test_a_change_makes_only_what_it_touches(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    shots = [photo_shot(shelf, photo(tmp_path, number), f"s{number}") for number in range(4)]
    project = film_of(shots, [Card(shot.id, 0, 12, Way("dissolve", 3)) for shot in shots])

    def make(changed: Project) -> tuple[tuple[str, ...], int]:
        result = compose(changed, shelf, tmp_path / "film.mp4", folder=tmp_path / "kept")
        return result.drawn, result.encoded

    assert make(project) == (("s0", "s1", "s2", "s3"), 7)
    other = shots[1].model_copy(update={"shot": shots[1].shot.model_copy(update={"seed": 7})})
    assert make(project.with_shot(other)) == (("s1",), 3), "the shot and both its transitions"
    laid = _ways(project, shelf)
    laid[2] = replace(laid[2], way=Way("wipeleft", 3))
    assert make(arrange(project, laid)) == ((), 1), "one transition"
    graded = shots[3].model_copy(update={"grade": Grade(adjustments=Adjustments(exposure=0.5))})
    assert make(project.with_shot(graded)) == ((), 2), "colours draw nothing"
    assert make(project.changed(lighting="golden hour")) == ((), 0)
    turned = arrange(project, [*_ways(project, shelf)[:3], Card(None, 0, 5)])
    assert make(turned) == ((), 2), "a card less: the way out of the one before, and the colour"
    assert make(project) == ((), 0), "what was there is still there"


def test_damage_is_noticed_and_mended(tmp_path: Path) -> None:
    project, shelf = three(tmp_path)
    kept = tmp_path / "kept"
    compose(project, shelf, tmp_path / "a.mp4", folder=kept)
    whole = digest(tmp_path / "a.mp4")
    rng = np.random.default_rng(0)
    for path in sorted(kept.rglob("*.mp4")) + sorted(kept.rglob("*.json")):
        bytes_ = path.read_bytes()
        place = int(rng.integers(len(bytes_)))
        path.write_bytes(
            bytes_[:place] if place % 2 else bytes_[:place] + b"?" + bytes_[place + 1 :]
        )
    compose(project, shelf, tmp_path / "b.mp4", folder=kept)
    assert digest(tmp_path / "b.mp4") == whole
    leftovers = [path for path in kept.rglob(".*") if path.name != ".lock"]
    assert not leftovers


def test_two_at_once_in_one_folder(tmp_path: Path) -> None:
    project, shelf = three(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        made = [
            pool.submit(compose, project, shelf, tmp_path / f"{name}.mp4", folder=tmp_path / "kept")
            for name in "ab"
        ]
        for future in made:
            future.result()
    assert digest(tmp_path / "a.mp4") == digest(tmp_path / "b.mp4")
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".lock"]


def test_cameras_are_not_measured_where_nobody_asks(tmp_path: Path) -> None:
    project, shelf = three(tmp_path)
    quick = compose(project, shelf, tmp_path / "a.mp4", folder=tmp_path / "kept", fidelity=False)
    assert quick.drawn == ("one", "three")
    assert quick.fidelity == {}
    full = compose(project, shelf, tmp_path / "b.mp4", folder=tmp_path / "kept")
    assert set(full.fidelity) == {"one", "three"}, "measured where it is asked for afterwards"
    assert frames_of(tmp_path / "a.mp4")[0].same(frames_of(tmp_path / "b.mp4")[0])


def test_one_frame_stretches_colours_and_gaps(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    shots = [clip_shot(shelf, clip(tmp_path, 1), "a"), clip_shot(shelf, clip(tmp_path, 2), "b")]
    project = film_of(
        shots,
        [
            Card(None, 0, 1, colour="#ff0000"),
            Card("a", 3, 1),
            Card("b", 0, 4, Way("dissolve", 1)),
            Card(None, 0, 3, Way("dip", 2, colour="#00ff00"), "#0000ff"),
            Card("a", 0, 3),
        ],
    )
    result = compose(project, shelf, tmp_path / "film.mp4")
    found = frames_of(tmp_path / "film.mp4")
    assert len(found) == result.frames == 9
    assert number_of(found[1]) == 3
    assert [number_of(planes) for planes in found[2:5]] == [0, 1, 2]
    assert number_of(found[-1]) == 2
    assert np.ptp(found[0].y) <= 2


@pytest.mark.parametrize("format", ["webm", "gif", "png", "prores"])
def test_other_formats_are_written_in_one_pass(tmp_path: Path, format: str) -> None:
    shelf = Shelf(tmp_path / "shelf")
    shots = [clip_shot(shelf, clip(tmp_path, 1), "a"), clip_shot(shelf, clip(tmp_path, 2), "b")]
    project = film_of(shots, [Card("a", 0, 6, Way("dissolve", 2)), Card("b", 0, 4)], format=format)
    path = tmp_path / "film"
    assert compose(project, shelf, path).frames == 8
    assert METADATA_KEY in read_metadata(path)
    if format != "png":
        assert probe(path).frames in (8, None)
        assert len(frames_of(path)) == 8


@pytest.mark.parametrize("format", ["mp4", "webm", "gif"])
def test_sound_and_titles(tmp_path: Path, format: str) -> None:
    shelf = Shelf(tmp_path / "shelf")
    shots = [clip_shot(shelf, clip(tmp_path, 1, 24), "a"), clip_shot(shelf, clip(tmp_path, 2), "b")]
    plain = film_of(shots, [Card("a", 0, 24, Way("dissolve", 4)), Card("b", 0, 12)], format=format)
    music = SoundTrack(media=shelf.add(tone(tmp_path), "sound"))
    project = plain.changed(
        sound=SoundSettings(tracks=(music,)),
        titles=(Title(text="Hello", start=0.25, seconds=0.25, fade=0.0),),
    )
    path, kept = tmp_path / "film", tmp_path / "kept"
    untitled = compose(plain, shelf, path, folder=kept)
    before = frames_of(path)
    assert untitled.sound is None
    result = compose(project, shelf, path, folder=kept)
    if format == "mp4":
        assert (untitled.encoded, result.encoded) == (3, 1), "only the stretch with the title"
        again = compose(project, shelf, path, folder=kept)
        assert again.encoded == 0
        assert again.sound == result.sound
    after = frames_of(path)
    changed = [not a.same(b) for a, b in zip(before, after, strict=True)]
    if format == "gif":
        assert any("no sound" in note for note in result.notes)
        assert any(changed)
        return
    assert changed[6:12] == [True] * 6
    heights = [float(planes.y[30:76].max()) for planes in after]
    assert min(heights[6:12]) > 225 > max(heights[13:20]), "white letters, and only then"
    assert result.sound is not None
    assert result.sound.loudness == pytest.approx(-14, abs=1)
    assert "sound" in result.report()
    with av.open(str(path)) as film:
        heard = sum(frame.samples for frame in film.decode(audio=0))
    assert heard / 48_000 == pytest.approx(32 / 24, abs=1 / 24)


def test_cameras_meet(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    shots = [photo_shot(shelf, photo(tmp_path, number), f"s{number}") for number in (1, 2)]
    for name in ("match_move", "whip_pan"):
        project = film_of(shots, [Card("s1", 0, 12, Way(name, 4)), Card("s2", 0, 12)])
        result = compose(project, shelf, tmp_path / "film.mp4", folder=tmp_path / "kept")
        assert len(frames_of(tmp_path / "film.mp4")) == result.frames == 20


def test_long_bodies_are_cut_by_their_shots_clock(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf")
    project = film_of([clip_shot(shelf, clip(tmp_path, 1), "a")], [Card("a", 30, 371)])
    lengths = {"a": 1000}
    cut = _pieces(project, lengths)
    assert [(piece.take.first, piece.frames) for piece in cut] == [
        (30, 66), (96, 96), (192, 96), (288, 113),
    ]  # fmt: skip
    assert [piece.start for piece in cut] == [0, 66, 162, 258]
    later = _pieces(arrange(project, [Card("a", 50, 351)]), lengths)
    assert [piece.take for piece in later[1:]] == [piece.take for piece in cut[1:]]
    plain = _pieces(arrange(project, [Card(None, 0, 500)]), lengths)
    assert plain == (Stretch(0, 500, Take(None, 0, 500)),)


def test_stopping_leaves_nothing_half_done(tmp_path: Path) -> None:
    project, shelf = three(tmp_path)
    target = tmp_path / "film.mp4"
    target.write_bytes(b"what was there")
    before = threading.active_count()
    for place in (0.1, 0.5, 0.9):
        token = CancelToken()
        asked: list[float] = []

        def watch(
            state: FilmState, place: float = place, token: CancelToken = token,
            asked: list[float] = asked,
        ) -> None:  # fmt: skip
            if state.fraction >= place and not asked:
                asked.append(time.monotonic())
                token.cancel()

        with pytest.raises(Cancelled):
            compose(
                project, shelf, target, folder=tmp_path / f"k{place}", cancel=token, watch=watch
            )
        assert asked
    assert target.read_bytes() == b"what was there"
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".lock"]
    # Others of the same process may leave servers and pools; this work leaves next to nothing.
    gc.collect()
    assert threading.active_count() <= before + 4


def test_a_full_disk_is_told_in_words_and_keeps_what_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, shelf = three(tmp_path)
    whole = Path.replace

    def full(self: Path, target: Path) -> Path:
        if Path(target).name == "film.mp4":
            raise OSError(errno.ENOSPC, "No space left on device", str(self))
        return whole(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(LimitExceeded, match="no space left on device") as told:
        compose(project, shelf, tmp_path / "film.mp4", folder=tmp_path / "kept", fidelity=False)
    assert str(tmp_path) not in str(told.value)
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".lock"]
    monkeypatch.undo()
    again = compose(project, shelf, tmp_path / "film.mp4", folder=tmp_path / "kept", fidelity=False)
    assert (again.drawn, again.encoded) == ((), 0)


def test_errors(tmp_path: Path) -> None:
    project, shelf = three(tmp_path)
    with pytest.raises(InvalidInstruction, match="no shots yet"):
        compose(project.changed(timeline=()), shelf, tmp_path / "film.mp4")
    with pytest.raises(InvalidInstruction, match="is a folder"):
        compose(project, shelf, tmp_path)
    with pytest.raises(InvalidInstruction, match="does not exist"):
        compose(project, shelf, tmp_path / "none" / "film.mp4")
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(InvalidInstruction, match="cannot be used"):
            compose(project, shelf, tmp_path / f"{name}.mp4")
    needs = arrange(
        project,
        [replace(card, way=card.way and replace(card.way, type="push_through"))
         for card in _ways(project, shelf)],
    )  # fmt: skip
    with pytest.raises(InvalidInstruction, match=r"'two' is a clip"):
        compose(needs, shelf, tmp_path / "film.mp4")
    with pytest.raises(InvalidInstruction, match="uses frames"):
        compose(film_of(project.shots, [Card("one", 0, 13)]), shelf, tmp_path / "film.mp4")
    long = film_of(project.shots, [Card(None, 0, 40_000)])
    with pytest.raises(LimitExceeded, match="limit is 36000"):
        compose(long, shelf, tmp_path / "film.mp4")
    shelf.path(project.shots[1].media).unlink()
    with pytest.raises(InvalidMedia, match=r"Shot 'two': The file 'clip-2\.mp4' is missing"):
        compose(project, shelf, tmp_path / "film.mp4")
    assert not (tmp_path / "film.mp4").exists()


def test_what_is_kept_does_not_grow_without_end(tmp_path: Path) -> None:
    project, shelf = three(tmp_path)
    folder = tmp_path / "kept" / "shots"
    first = project.shots[0]
    sizes = []
    for seed in range(3):
        shot = first.model_copy(update={"shot": first.shot.model_copy(update={"seed": seed})})
        with Footage(project.with_shot(shot), shelf, folder) as footage:
            footage.draw("one")
            sizes.append(len(list(folder.glob("*.mp4"))))
            key = footage.key("one")
            footage.trim(1_000_000_000)
            assert len(list(folder.glob("*.mp4"))) == sizes[-1], "there is room"
            if seed == 2:
                with Footage(project, shelf, folder) as other:
                    other.trim(1)
                assert len(list(folder.glob("*.mp4"))) == 3, "somebody else is at work"
                footage.trim(1)
    assert sizes == [1, 2, 3]
    assert [path.stem for path in folder.glob("*.mp4")] == [key]
    assert [path.stem for path in folder.glob("*.json")] == [key]
