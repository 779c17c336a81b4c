from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from synth.errors import InvalidInstruction, InvalidMedia
from synth.media import VideoFormat, VideoReader, VideoWriter, probe, read_metadata
from synth.media.retag import RETAGGED, retag

Frames = Callable[[int, int, int], list[np.ndarray]]


def _clip(path: Path, frames: list[np.ndarray], format: VideoFormat) -> list[np.ndarray]:
    metadata = {"comment": "old", "gone": "yes"}
    arguments = {"width": 64, "height": 48, "fps": 24, "format": format}
    with VideoWriter(path, metadata=metadata, **arguments) as writer:  # type: ignore[arg-type]
        for frame in frames:
            writer.write(frame)
    with VideoReader(path) as reader:
        return [frame.pixels for frame in reader]


@pytest.mark.parametrize("format", list(RETAGGED))
def test_texts_change_and_pictures_times_and_tags_do_not(
    tmp_path: Path, make_frames: Frames, format: VideoFormat
) -> None:
    path = tmp_path / "clip"
    before = _clip(path, make_frames(30, 64, 48), format)
    info = probe(path)
    retag(path, RETAGGED[format], {"comment": "new", "motion_synth": "x" * 50_000})
    assert read_metadata(path) == {"comment": "new", "motion_synth": "x" * 50_000}
    after = probe(path)
    assert (after.fps, after.codec, after.pixel_format) == (info.fps, info.codec, info.pixel_format)
    assert (after.matrix, after.full_range) == ("bt709", False)
    assert after.duration is not None
    assert float(after.duration) == pytest.approx(30 / 24, abs=0.002)
    with VideoReader(path) as reader:
        got = list(reader)
    assert all((a.pixels == b).all() for a, b in zip(got, before, strict=True))
    assert [float(frame.time) for frame in got] == pytest.approx(
        [index / 24 for index in range(30)], abs=6e-4
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["clip"]
    if format != "webm":
        data = path.read_bytes()
        assert data.index(b"moov") < data.index(b"mdat")


def test_a_failure_leaves_the_clip_as_it_was(tmp_path: Path, make_frames: Frames) -> None:
    path = tmp_path / "clip"
    _clip(path, make_frames(3, 64, 48), "mp4")
    data = path.read_bytes()
    with pytest.raises(InvalidInstruction):
        retag(path, "mp4", {"comment": "a\0b"})
    assert path.read_bytes() == data
    broken = tmp_path / "broken"
    broken.write_bytes(b"hello")
    with pytest.raises(InvalidMedia):
        retag(broken, "mp4", {"comment": "x"})
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["broken", "clip"]
