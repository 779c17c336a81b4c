from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.error import err_check, tag_to_code

from synth.errors import InvalidMedia, Unavailable
from synth.media import VideoWriter, probe
from synth.media.reasons import reason
from synth.media.retag import retag
from synth.media.sinks import ContainerSink

JARGON = ("Errno", "rrno", "[", "processing input", "argument", "patches", "codec", "bitstream")


def _raised(number: int) -> BaseException:
    with pytest.raises(av.error.FFmpegError) as caught:
        err_check(-number)
    return caught.value


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (tag_to_code(b"INDA"), "damaged"),
        (errno.EINVAL, "damaged"),
        (errno.EIO, "damaged"),
        (tag_to_code(b"EOF "), "ends too early"),
        (tag_to_code(b"PAWE"), "not supported"),
        (tag_to_code(b"\xf8DEC"), "not supported"),
        (tag_to_code(b"\xf8BSF"), "not supported"),
        (errno.EOPNOTSUPP, "not supported"),
        (errno.ENOSYS, "not supported"),
        (errno.ENOSPC, "no space left on device"),
    ],
)
def test_what_the_library_says_becomes_peoples_words(number: int, words: str) -> None:
    told = reason(_raised(number))
    assert words in told
    assert not [word for word in JARGON if word in told]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (FileNotFoundError(2, "No such file or directory", "/srv/a"), "no such file or directory"),
        (ValueError("[Errno 1094995529] Something odd\nand more"), "Something odd"),
        (OSError("broken data stream"), "broken data stream"),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError("x" * 900), "x" * 200),
    ],
)
def test_other_errors_say_their_first_line(error: BaseException, told: str) -> None:
    assert reason(error) == told


def test_garbage_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0" * 4096)
    with pytest.raises(InvalidMedia) as caught:
        probe(path)
    assert not [word for word in JARGON if word in str(caught.value)]
    assert "try again" in str(caught.value)


def test_an_encoder_that_gives_up_is_told_in_words_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(sink: ContainerSink, item: Any, index: int) -> None:
        raise _raised(errno.EINVAL)

    def write() -> None:
        with VideoWriter(tmp_path / "c.mp4", width=64, height=48, fps=24) as writer:
            writer.write(np.zeros((48, 64, 3), np.uint8))

    monkeypatch.setattr(ContainerSink, "encode", give_up)
    with pytest.raises(Unavailable, match=r"gave up.*Choose another size"):
        write()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["another codec", "no tracks"])
def test_a_clip_that_was_not_written_here_keeps_its_texts(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "c.mov"
    with av.open(str(path), "w", format="mov") as out:
        stream = out.add_stream("prores_ks", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv422p10le"
        for packet in [*stream.encode(av.VideoFrame(64, 48, "yuv422p10le")), *stream.encode(None)]:
            out.mux(packet)
    if kind == "no tracks":
        path.write_bytes(path.read_bytes().replace(b"trak", b"free"))
    before = path.read_bytes()
    with pytest.raises(InvalidMedia, match=r"not a clip as it was written here\. Make"):
        retag(path, "webm", {"title": "x"})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
