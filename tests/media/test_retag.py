"""New texts in a finished clip: every packet is copied, no pixel is made anew."""

from __future__ import annotations

import os
import re
import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.limits import Limits
from synth.media import VideoReader, VideoWriter, probe, read_metadata
from synth.media.retag import RETAGGED, retag

FORMATS = sorted(RETAGGED)


def _write(path: Path, format: str, fps: Fraction = Fraction(24000, 1001), count: int = 14) -> Path:
    y, x = np.mgrid[0:66, 0:98]
    with VideoWriter(
        path, width=98, height=66, fps=fps, format=format, metadata={"old": "words", "title": "A"}
    ) as writer:
        for index in range(count):
            ramp = np.stack([x * 2, y * 3, (x + y + 9 * index) % 255], axis=-1)
            writer.write(ramp.astype(np.uint8))
    return path


def _frames(path: Path) -> tuple[np.ndarray, list[Fraction]]:
    with VideoReader(path) as reader:
        read = list(reader)
    return np.stack([frame.pixels for frame in read]), [frame.time for frame in read]


@pytest.mark.parametrize("format", FORMATS)
def test_pixels_and_times_stay_as_they_were(tmp_path: Path, format: str) -> None:
    path = _write(tmp_path / "clip", format)
    pixels, times = _frames(path)
    before = probe(path)
    retag(path, RETAGGED[format], {"motion_synth": '{"a": "ä 🎬"}'})
    again, later = _frames(path)
    assert np.array_equal(again, pixels)
    assert later == times
    after = probe(path)
    for name in (
        "width", "height", "codec", "container", "fps", "frames", "rotation",
        "sample_aspect", "pixel_format", "matrix", "full_range", "variable_rate",
    ):  # fmt: skip
        assert getattr(after, name) == getattr(before, name), name
    assert before.duration is not None
    assert after.duration is not None
    # WebM counts in thousandths of a second.
    slack = Fraction(2, 1000) if format == "webm" else 0
    assert abs(after.duration - before.duration) <= slack


@pytest.mark.parametrize("format", FORMATS)
def test_the_new_texts_replace_the_old_ones(tmp_path: Path, format: str) -> None:
    path = _write(tmp_path / "clip", format)
    texts = {"motion_synth": '{"shot": "ünter 🌧 \\"x\\" \n ' + "y" * 5000 + '"}', "comment": "c"}
    retag(path, RETAGGED[format], texts)
    assert dict(read_metadata(path)) == texts
    # And once more, as when a clip is measured again.
    retag(path, RETAGGED[format], {"comment": "again"})
    assert dict(read_metadata(path)) == {"comment": "again"}
    assert len(_frames(path)[0]) == 14


def _boxes(data: bytes) -> list[str]:
    """Names of the top-level boxes of an MP4 or MOV file, in order."""
    names, place = [], 0
    while place + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[place : place + 8])
        if size == 1:
            size = struct.unpack(">Q", data[place + 8 : place + 16])[0]
        names.append(name.decode("latin-1"))
        place += size or len(data)
    return names


@pytest.mark.parametrize("format", ["mp4", "prores"])
def test_players_still_find_the_index_before_the_pictures(tmp_path: Path, format: str) -> None:
    path = _write(tmp_path / "clip", format)
    assert _boxes(path.read_bytes()).index("moov") < _boxes(path.read_bytes()).index("mdat")
    retag(path, RETAGGED[format], {"comment": "x"})
    boxes = _boxes(path.read_bytes())
    assert boxes.index("moov") < boxes.index("mdat")
    assert boxes.count("moov") == boxes.count("mdat") == 1


@pytest.mark.parametrize("format", FORMATS)
def test_no_library_writes_its_version_into_the_file(tmp_path: Path, format: str) -> None:
    path = _write(tmp_path / "clip", format)
    retag(path, RETAGGED[format], {"comment": "x"})
    data = path.read_bytes()
    assert not re.search(rb"Lav[fc] ?\d", data)
    assert str(tmp_path).encode() not in data


@pytest.mark.parametrize("rate", [Fraction(12), Fraction(30000, 1001), Fraction(60)])
def test_every_rate_stays_exact(tmp_path: Path, rate: Fraction) -> None:
    path = _write(tmp_path / "clip.mp4", "mp4", rate, 20)
    retag(path, "mp4", {"comment": "x"})
    info = probe(path)
    assert info.fps == rate
    assert info.frames == 20
    assert info.duration == 20 / rate


def test_nothing_but_the_clip_is_left(tmp_path: Path) -> None:
    path = _write(tmp_path / "clip.mp4", "mp4")
    retag(path, "mp4", {"comment": "x"})
    assert [entry.name for entry in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"No Good": "x"}, InvalidInstruction),
        ({"comment": ""}, InvalidInstruction),
        ({"comment": "\0"}, InvalidInstruction),
        ({"comment": "x" * 2000}, LimitExceeded),
    ],
)
def test_texts_that_cannot_be_written_leave_the_clip_as_it_was(
    tmp_path: Path, metadata: dict[str, str], error: type[Exception]
) -> None:
    path = _write(tmp_path / "clip.mp4", "mp4")
    before = path.read_bytes()
    with pytest.raises(error):
        retag(path, "mp4", metadata, limits=Limits(json_bytes=1000))
    assert path.read_bytes() == before
    assert len(os.listdir(tmp_path)) == 1


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\x00\x00\x00\x18ftypmp42"])
def test_what_is_no_clip_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(InvalidMedia):
        retag(path, "mp4", {"comment": "x"})
    assert path.read_bytes() == content
    assert len(os.listdir(tmp_path)) == 1


def test_of_a_clip_cut_short_no_picture_is_lost(tmp_path: Path) -> None:
    path = _write(tmp_path / "clip.mp4", "mp4", Fraction(12), 60)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])
    pixels, times = _frames(path)
    assert 0 < len(pixels) < 60
    before = path.read_bytes()
    try:
        retag(path, "mp4", {"comment": "x"})
    except InvalidMedia:
        assert path.read_bytes() == before
    else:
        again, later = _frames(path)
        assert np.array_equal(again, pixels)
        assert later == times
    assert len(os.listdir(tmp_path)) == 1
