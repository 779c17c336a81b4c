"""All formats together: golden files are recognised, damaged ones never crash a reader."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.camera.formats import (
    FORMATS,
    Format,
    ReadOptions,
    format_of,
    read_path,
    recognise,
    write_path,
)
from synth.camera.pose import CameraPath, CameraPose
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded, SynthError
from tests.camera.formats.paths import GOLDEN, sample_path

FILES = sorted(GOLDEN.iterdir())
BOTH_WAYS = [entry for entry in FORMATS if entry.read and entry.write]

WORDS = frozenset({"kling", "minimax", "runway"})
"""Words and sliders for the closed services, which hold no path."""


def format_named(file: Path) -> str:
    """The id that a golden file's name begins with."""
    ids = [entry.id for entry in FORMATS if file.name.startswith(entry.id)]
    return max(ids, key=len)


def name(value: object) -> str | None:
    if isinstance(value, Path):
        return value.name
    return value.id if isinstance(value, Format) else None


@pytest.mark.parametrize("file", FILES, ids=name)
def test_every_golden_file_is_recognised_by_its_content(file: Path) -> None:
    data = file.read_bytes()
    assert recognise(data).id == format_named(file)
    assert recognise(data, "anything.bin").id == format_named(file)
    assert read_path(data).format_id == format_named(file)


def test_every_format_that_is_read_has_a_golden_file() -> None:
    assert {entry.id for entry in FORMATS if entry.read} <= {format_named(file) for file in FILES}


def test_formats_are_told_apart_and_described() -> None:
    ids = [entry.id for entry in FORMATS]
    assert len(set(ids)) == len(ids) >= 15
    assert len({entry.label for entry in FORMATS}) == len(ids)
    for entry in FORMATS:
        assert entry.read or entry.write
        assert entry.suffix.startswith(".")
        assert entry.about.endswith(".")


@pytest.mark.parametrize("entry", BOTH_WAYS, ids=name)
def test_what_is_written_is_recognised_and_read_as_the_same_path(entry: Format) -> None:
    path = sample_path()
    written = write_path(path, entry.id)
    assert written.suffix.startswith(".")
    data = written.data
    assert recognise(data, f"camera{written.suffix}").id == entry.id
    found = read_path(data, f"camera{written.suffix}", ReadOptions(fps=path.fps))
    if entry.id in WORDS:
        assert found.keys is not None
        return
    assert len(found.path) == len(path)
    assert found.path.fps == path.fps
    assert np.abs(found.path.positions - path.positions).max() < 0.01


@pytest.mark.parametrize("file", FILES, ids=name)
def test_damaged_files_are_refused_or_read_but_never_crash(file: Path) -> None:
    data = file.read_bytes()
    chance = random.Random(file.name)
    refused = []
    for _ in range(60):
        spoiled = bytearray(data)
        for _ in range(chance.choice((1, 1, 4))):
            place = chance.randrange(len(spoiled))
            spoiled[place] = chance.choice((chance.randrange(256), *b'0-9e[]{}",.: \n'))
        if chance.random() < 0.3:
            del spoiled[chance.randrange(len(spoiled)) :]
        try:
            found = read_path(bytes(spoiled), format_id=format_named(file))
        except SynthError as error:
            refused.append(str(error))
        else:
            assert np.isfinite(found.path.positions).all()
    assert refused
    assert [words for words in refused if not words.endswith(".")] == []


@given(st.binary(max_size=400), st.sampled_from(["", "a.json", "a.txt", "a.npz", "a.chan", "a.py"]))
def test_garbage_is_refused_in_words(data: bytes, file_name: str) -> None:
    with pytest.raises(SynthError):
        read_path(data, file_name)


@given(st.text(max_size=400))
def test_text_is_refused_or_read(text: str) -> None:
    with contextlib.suppress(SynthError):
        assert len(read_path(text.encode("utf-8", "surrogatepass")).path)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_recognising_never_raises_and_stays_within_its_scale(data: bytes) -> None:
    for entry in FORMATS:
        assert 0.0 <= entry.recognise(data, "camera.json") <= 1.0
        assert 0.0 <= entry.recognise(b'{"' + data, "") <= 1.0


def test_what_nobody_knows_is_told_with_what_is_known() -> None:
    with pytest.raises(InvalidMedia, match=r"in 'notes\.txt'.*RealEstate10K.*Vista4D"):
        recognise(b"Dear diary, today I moved the camera.", "notes.txt")
    with pytest.raises(InvalidMedia, match="empty"):
        recognise(b"")
    with pytest.raises(LimitExceeded, match="20,000,000"):
        recognise(bytes(20_000_001))


def test_a_format_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(InvalidInstruction, match="Did you mean 're10k'"):
        write_path(sample_path(), "re10")
    with pytest.raises(InvalidInstruction, match="Known are ours"):
        format_of("?" * 1000)
    with pytest.raises(InvalidInstruction):
        read_path(b"x", format_id="")


def test_a_path_too_long_for_any_reader_is_refused() -> None:
    path = CameraPath((CameraPose(),) * 100_001, sample_path().fps)
    with pytest.raises(LimitExceeded, match="100,000"):
        write_path(path, "motionctrl")


def test_any_format_can_be_forced() -> None:
    data = (GOLDEN / "re10k_ours.txt").read_bytes()
    assert read_path(data, format_id="re10k").format_id == "re10k"
    with pytest.raises(InvalidMedia):
        read_path(data, format_id="motionctrl")


@pytest.mark.parametrize("entry", [e for e in BOTH_WAYS if e.id not in WORDS], ids=name)
@pytest.mark.parametrize("frames", [1, 2])
def test_the_shortest_paths_go_both_ways(entry: Format, frames: int) -> None:
    path = CameraPath(sample_path().poses[:frames], sample_path().fps)
    written = write_path(path, entry.id)
    assert len(read_path(written.data, options=ReadOptions(fps=path.fps)).path) == frames
