from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction, LimitExceeded, Unavailable
from synth.limits import LIMITS
from synth.media import (
    VIDEO_FORMATS,
    VideoFormat,
    VideoReader,
    VideoWriter,
    load_image,
    sinks,
    warm_up,
)
from synth.media.picture_sinks import GifSink, PngZipSink

Frames = Callable[[int, int, int], list[np.ndarray]]
ROOT = Path(__file__).parents[2]


def _noise(count: int, width: int = 320, height: int = 240) -> list[np.ndarray]:
    shape = (count, height, width, 3)
    return list(np.random.default_rng(4).integers(0, 256, shape, dtype=np.uint8))


def _run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


_DISK_FULL = """
import os, resource, sys
import numpy as np
from synth.errors import LimitExceeded
from synth.media import VideoWriter
folder = sys.argv[1]
noise = np.random.default_rng(4).integers(0, 256, (6, 96, 128, 3), dtype=np.uint8)
for format in ("mp4", "webm", "gif", "prores", "png"):
    path = f"{folder}/clip.{format}"
    with VideoWriter(path, width=128, height=96, fps=24, format=format) as writer:
        for frame in noise:
            writer.write(frame)
    size = os.path.getsize(path)
    before = open(path, "rb").read()
    for share in (0.02, 0.97):
        limit = int(size * share)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            with VideoWriter(path, width=128, height=96, fps=24, format=format) as writer:
                for frame in noise:
                    writer.write(frame)
        except LimitExceeded as error:
            assert "full" in str(error), error
        else:
            raise SystemExit(f"{format} at {share} of {size} bytes: no error")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert open(path, "rb").read() == before, format
print("ok")
"""


def test_a_full_disk_is_said_in_words_and_leaves_the_old_file(tmp_path: Path) -> None:
    result = _run(_DISK_FULL, str(tmp_path))
    assert result.stdout.strip() == "ok", result.stdout + result.stderr
    assert len(list(tmp_path.iterdir())) == 5


def test_too_little_free_disk_is_refused_before_the_start(tmp_path: Path) -> None:
    writer = VideoWriter(
        tmp_path / "c.mp4",
        width=64,
        height=48,
        fps=24,
        limits=replace(LIMITS, free_disk_bytes=10**18),
    )
    with pytest.raises(LimitExceeded, match="MB free"), writer:
        pass
    assert list(tmp_path.iterdir()) == []


_KILLED = """
import sys, time
import numpy as np
from synth.media import VideoWriter
noise = np.random.default_rng(4).integers(0, 256, (8, 240, 320, 3), dtype=np.uint8)
with VideoWriter(sys.argv[1], width=320, height=240, fps=24, format=sys.argv[2]) as writer:
    index = 0
    while True:
        writer.write(noise[index % 8])
        index += 1
        if index == 30:
            print("busy", flush=True)
"""


@pytest.mark.parametrize("format", ["mp4", "gif"])
def test_a_kill_during_encoding_leaves_no_final_file(tmp_path: Path, format: str) -> None:
    path = tmp_path / "clip"
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(path), format],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "busy\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not path.exists()
    assert all(left.name.startswith(".motion-synth-") for left in tmp_path.iterdir())


@pytest.mark.parametrize("format", VIDEO_FORMATS)
def test_an_error_in_the_block_removes_everything_and_keeps_the_old_file(
    tmp_path: Path, format: VideoFormat
) -> None:
    path = tmp_path / "clip"
    path.write_bytes(b"the old one")
    with (  # noqa: PT012
        pytest.raises(ZeroDivisionError),
        VideoWriter(path, width=320, height=240, fps=24, format=format) as writer,
    ):
        for frame in _noise(5):
            writer.write(frame)
        raise ZeroDivisionError
    assert path.read_bytes() == b"the old one"
    assert [entry.name for entry in tmp_path.iterdir()] == ["clip"]


class _Timed(CancelToken):
    """A cancel token that a timer sets, and that knows how long ago."""

    def set_after(self, seconds: float) -> None:
        self.at = float("inf")
        threading.Timer(seconds, self._set).start()

    def _set(self) -> None:
        self.at = time.monotonic()
        self.cancel()

    @property
    def age(self) -> float:
        return time.monotonic() - self.at


@pytest.mark.parametrize("format", VIDEO_FORMATS)
def test_cancel_takes_less_than_a_second_while_writing(
    tmp_path: Path, make_frames: Frames, format: VideoFormat
) -> None:
    warm_up()
    token = _Timed()
    frames = make_frames(4, 320, 240)
    writer = VideoWriter(tmp_path / "c", width=320, height=240, fps=24, format=format, cancel=token)
    with pytest.raises(Cancelled), writer:  # noqa: PT012
        token.set_after(0.3)
        while True:
            writer.write(frames[writer.frames_written % 4])
    assert token.age < 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", ["mp4", "gif"])
def test_cancel_takes_less_than_a_second_while_finishing(
    tmp_path: Path, make_frames: Frames, format: VideoFormat
) -> None:
    token = _Timed()
    writer = VideoWriter(tmp_path / "c", width=320, height=240, fps=24, format=format, cancel=token)
    with pytest.raises(Cancelled), writer:  # noqa: PT012
        for frame in make_frames(60, 320, 240):
            writer.write(frame)
        token.set_after(0.002)
    assert token.age < 1
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_is_stuck_is_not_waited_for_and_leaves_nothing(
    tmp_path: Path, make_frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode, gate = sinks.ContainerSink.encode, threading.Event()

    def stuck(self: Any, item: Any, index: int) -> None:
        gate.wait(20)
        encode(self, item, index)

    monkeypatch.setattr(sinks.ContainerSink, "encode", stuck)
    token = _Timed()
    writer = VideoWriter(tmp_path / "c", width=64, height=48, fps=24, cancel=token)
    with pytest.raises(Cancelled), writer:  # noqa: PT012
        token.set_after(0.1)
        while True:
            writer.write(make_frames(1, 64, 48)[0])
    assert token.age < 1
    before = threading.active_count()
    gate.set()
    while threading.active_count() >= before:
        time.sleep(0.01)
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_job_does_not_start(tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()
    writer = VideoWriter(tmp_path / "c", width=64, height=48, fps=24, cancel=token)
    with pytest.raises(Cancelled), writer:
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("when", ["encode", "finish"])
@pytest.mark.parametrize(
    ("format", "kind"),
    [("mp4", sinks.ContainerSink), ("gif", GifSink), ("png", PngZipSink)],
)
def test_an_error_in_the_encoding_thread_surfaces(
    tmp_path: Path,
    make_frames: Frames,
    monkeypatch: pytest.MonkeyPatch,
    format: VideoFormat,
    kind: type,
    when: str,
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the encoder broke")

    monkeypatch.setattr(kind, when, fail)
    written = 0
    with (  # noqa: PT012
        pytest.raises(RuntimeError, match="the encoder broke"),
        VideoWriter(tmp_path / "c", width=64, height=48, fps=24, format=format) as writer,
    ):
        for frame in make_frames(200 if when == "encode" else 3, 64, 48):
            writer.write(frame)
            written = writer.frames_written
    # It surfaces while writing, not only at the end.
    assert written < 20
    assert list(tmp_path.iterdir()) == []


def test_the_queue_holds_a_slow_encoder_back(
    tmp_path: Path, make_frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = sinks.ContainerSink.encode
    gate = threading.Event()
    ahead = []

    def slow(self: Any, item: Any, index: int) -> None:
        gate.wait(5)
        ahead.append(writer.frames_written - index)
        encode(self, item, index)

    monkeypatch.setattr(sinks.ContainerSink, "encode", slow)
    threading.Timer(0.2, gate.set).start()
    with VideoWriter(tmp_path / "c.mp4", width=64, height=48, fps=24) as writer:
        for frame in make_frames(40, 64, 48):
            writer.write(frame)
    assert max(ahead) <= 6


@pytest.mark.parametrize("format", ["mp4", "gif", "png"])
def test_memory_stays_flat_however_long_the_clip(
    tmp_path: Path, make_frames: Frames, format: VideoFormat
) -> None:
    frames = make_frames(4, 320, 240)
    process = psutil.Process()
    marks = []
    with VideoWriter(tmp_path / "c", width=320, height=240, fps=24, format=format) as writer:
        for index in range(300):
            writer.write(frames[index % 4])
            if index in (100, 299):
                gc.collect()
                marks.append(process.memory_info().rss)
    raw = 199 * frames[0].nbytes
    assert marks[1] - marks[0] < raw / 3


def test_the_new_file_replaces_the_old_one_and_obeys_the_umask(
    tmp_path: Path, make_frames: Frames
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"old")
    frames = make_frames(3, 64, 48)
    with VideoWriter(path, width=64, height=48, fps=24) as writer:
        for frame in frames:
            writer.write(frame)
        assert path.read_bytes() == b"old"
    with VideoReader(path) as reader:
        assert len(list(reader)) == 3
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["clip.mp4", "plain"]


def test_places_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "missing" / "c.mp4", tmp_path / "folder"):
        writer = VideoWriter(path, width=64, height=48, fps=24)
        with pytest.raises(InvalidInstruction), writer:
            pass
    if os.path.isdir("/proc/self"):
        writer = VideoWriter("/proc/self/c.mp4", width=64, height=48, fps=24)
        with pytest.raises((Unavailable, LimitExceeded)), writer:
            pass


def test_no_threads_or_files_are_left_open(tmp_path: Path, make_frames: Frames) -> None:
    process = psutil.Process()
    frames = make_frames(3, 64, 48)

    def use() -> None:
        for format in VIDEO_FORMATS:
            with VideoWriter(tmp_path / "c", width=64, height=48, fps=24, format=format) as writer:
                for frame in frames:
                    writer.write(frame)
            if format != "png":
                with VideoReader(tmp_path / "c") as reader:
                    assert len(list(reader)) == 3
        with (  # noqa: PT012
            pytest.raises(ZeroDivisionError),
            VideoWriter(tmp_path / "c", width=64, height=48, fps=24) as writer,
        ):
            writer.write(frames[0])
            raise ZeroDivisionError

    use()
    gc.collect()
    threads, files = threading.active_count(), process.num_fds()
    use()
    gc.collect()
    assert threading.active_count() <= threads
    assert process.num_fds() <= files


@pytest.mark.parametrize("format", VIDEO_FORMATS)
def test_a_photos_private_data_never_reaches_the_video(tmp_path: Path, format: VideoFormat) -> None:
    exif = Image.Exif()
    exif[0x010F] = "CANARYCAMERA"
    exif.get_ifd(0x8825)[29] = "2031:07:09"
    photo = tmp_path / "p.jpg"
    Image.new("RGB", (64, 48), (9, 99, 199)).save(
        photo, exif=exif, comment=b"CANARYCOMMENT", xmp=b"<x>CANARYXMP</x>"
    )
    source = photo.read_bytes()
    assert b"CANARY" in source
    assert b"2031:07:09" in source
    pixels = load_image(photo).pixels
    path = tmp_path / "clip"
    with VideoWriter(path, width=64, height=48, fps=24, format=format) as writer:
        for _ in range(3):
            writer.write(pixels)
    data = path.read_bytes()
    assert b"CANARY" not in data
    assert b"2031:07:09" not in data
