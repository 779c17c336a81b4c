"""VMAF, measured by a program that has it: FFmpeg built with libvmaf.

That program never sees a user's file, only pictures that were decoded here, so nothing that a file
may hold reaches a second decoder.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.media.planes import Planes

_ANSWER: Final = 20.0
"""Longest wait for the program to list its filters, seconds."""
_STEP: Final = 0.1
_LOG: Final = "vmaf.json"
_SMALLEST: Final = 32
"""Pixels of the shorter side below which the measure means nothing."""


def find_vmaf() -> str | None:
    """The path of an FFmpeg with libvmaf: that of imageio-ffmpeg, else the system's; or None."""
    for path in _programs():
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(  # noqa: S603 - a program found here, nothing of a user
                [path, "-nostdin", "-hide_banner", "-filters"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_ANSWER,
                check=True,
            )
            if b" libvmaf " in done.stdout:
                return path
    return None


def _programs() -> list[str]:
    found: list[str | None] = []
    if importlib.util.find_spec("imageio_ffmpeg") is not None:
        import imageio_ffmpeg

        with contextlib.suppress(RuntimeError):
            found.append(imageio_ffmpeg.get_ffmpeg_exe())
    found.append(shutil.which("ffmpeg"))
    resolved = [shutil.which(name) for name in found if name]
    return list(dict.fromkeys(os.path.abspath(path) for path in resolved if path))


class VmafMeter:
    """Takes pairs of pictures in the order of time; a context manager, so that it always ends.

    The model is the program's default, vmaf_v0.6.1: a screen watched from three times its height.
    """

    def __init__(self, program: str, size: tuple[int, int], cancel: CancelToken) -> None:
        """``program`` from ``find_vmaf``; ``size`` (width, height), even; ``cancel`` stops it."""
        self._cancel = cancel
        self._folder = tempfile.TemporaryDirectory(prefix="motion-synth-vmaf-")
        width, height = size
        # One stream holds both pictures, one above the other, so that they cannot get out of step.
        graph = (
            f"[0:v]split[one][two];[one]crop={width}:{height}:0:0[reference];"
            f"[two]crop={width}:{height}:0:{height}[seen];"
            f"[seen][reference]libvmaf=log_fmt=json:log_path={_LOG}:n_threads=2"
        )
        try:
            self._process = subprocess.Popen(  # noqa: S603 - as above, and two numbers
                [
                    program, "-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p",
                    "-video_size", f"{width}x{2 * height}", "-framerate", "25", "-i", "pipe:0",
                    "-lavfi", graph, "-f", "null", "-",
                ],
                cwd=self._folder.name,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            self._folder.cleanup()
            raise
        self._waiting: queue.Queue[bytes | None] = queue.Queue(maxsize=2)
        self._broken = threading.Event()
        self._feeder = threading.Thread(target=self._feed, name="vmaf", daemon=True)
        self._feeder.start()

    def __enter__(self) -> VmafMeter:
        """The meter itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the program, whatever it is doing, and remove its folder."""
        self._broken.set()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._feeder.join()
        self._folder.cleanup()

    def add(self, reference: Planes, seen: Planes) -> None:
        """Hand a pair over; raises ``Cancelled``."""
        parts = (reference.y, seen.y, reference.u, seen.u, reference.v, seen.v)
        self._put(b"".join(np.ascontiguousarray(part).tobytes() for part in parts))

    def finish(self) -> NDArray[np.float32] | None:
        """VMAF of every pair, 0 to 100, (n,); None where the program failed. Once, at the end.

        Raises ``Cancelled``.
        """
        self._put(None)
        while self._process.poll() is None:
            self._cancel.check()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STEP)
        try:
            text = (Path(self._folder.name) / _LOG).read_text(encoding="utf-8")
            rows = json.loads(text)["frames"]
            return np.array([row["metrics"]["vmaf"] for row in rows], np.float32)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _put(self, parcel: bytes | None) -> None:
        while not self._broken.is_set():
            self._cancel.check()
            with contextlib.suppress(queue.Full):
                self._waiting.put(parcel, timeout=_STEP)
                return

    def _feed(self) -> None:
        stream = self._process.stdin
        if stream is None:
            raise RuntimeError("The program was started without a way in.")
        try:
            while not self._broken.is_set():
                with contextlib.suppress(queue.Empty):
                    parcel = self._waiting.get(timeout=_STEP)
                    if parcel is None:
                        break
                    stream.write(parcel)
        except OSError:
            self._broken.set()
        finally:
            with contextlib.suppress(OSError):
                stream.close()


def large_enough(size: tuple[int, int]) -> bool:
    """Whether VMAF can be measured on pictures of this size."""
    return min(size) >= _SMALLEST
