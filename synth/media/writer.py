"""Finished clips go out here: encoding beside rendering, and a file that appears whole or not."""

from __future__ import annotations

import errno
import os
import queue
import secrets
import shutil
import threading
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction, LimitExceeded, Unavailable
from synth.limits import LIMITS, Limits
from synth.media.colour import even
from synth.media.metadata import checked_metadata
from synth.media.picture_sinks import GifSink, PngZipSink
from synth.media.planes import ColourTags, Planes
from synth.media.settings import VIDEO_FORMATS, EncoderSettings, VideoFormat
from synth.media.sinks import ClipSpec, ContainerSink, Sink
from synth.media.sound import Sound

_QUEUE = 3
_POLL_SECONDS = 0.05
_ABANDON_SECONDS = 0.5
_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
_BYTES_PER_PIXEL = {"mp4": 0.15, "webm": 0.15, "gif": 3.0, "prores": 1.2, "png": 3.0}
"""Generous guesses of one frame's size, for the check of free disk."""
_END = object()


class VideoWriter:
    """Writes frames to a video file, encoding in a thread of its own while the next is made.

    Use it as a context manager::

        with VideoWriter("clip.mp4", width=1280, height=720, fps=Fraction(24)) as writer:
            for frame in frames:
                writer.write(frame)

    The clip is written under a temporary name in the same folder and renamed when the block ends
    without an error; otherwise the temporary file is removed and a file that was there before
    stays as it was. At most a few frames are held in memory.

    Pictures are RGB (``write``) or planes (``write_planes``); MP4 and WebM take planes as they
    are. Nothing is written into the file but the pictures, ``sound``, ``tags`` and ``metadata``.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        width: int,
        height: int,
        fps: Fraction | int,
        format: VideoFormat = "mp4",
        settings: EncoderSettings | None = None,
        metadata: Mapping[str, str] | None = None,
        tags: ColourTags | None = None,
        sound: Sound | None = None,
        cancel: CancelToken | None = None,
        expected_frames: int | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        """Check the request; nothing touches the disk before the block is entered.

        ``width`` and ``height`` are those of the frames, pixels. ``fps`` is above 0 and exact.
        ``metadata`` maps names (lower-case letters, digits, ``_``, at most 64) to texts.
        ``tags`` say what the numbers of planes mean, and how RGB is stored in MP4 and WebM; left
        out, BT.709 in limited range, which the other formats always are.
        ``sound`` is read, encoded and cut or padded to the length of the pictures while these are
        written; GIF and PNG have none.
        ``expected_frames`` only sharpens the check of free disk space.

        Raises ``LimitExceeded`` for a size, rate or metadata over the caps and
        ``InvalidInstruction`` for values that make no sense.
        """
        self.path = Path(path)
        self.format: VideoFormat = format
        self.width, self.height = width, height
        self.fps = _checked_rate(fps, format, limits)
        _check_size(width, height, limits)
        if format not in VIDEO_FORMATS:
            raise InvalidInstruction(
                f"There is no video format {format!r}. Choose one of {', '.join(VIDEO_FORMATS)}."
            )
        self._settings = settings or EncoderSettings()
        self._metadata = checked_metadata(metadata or {}, limits)
        self._tags = tags or ColourTags()
        self._sound = sound
        self._cancel = cancel or CancelToken()
        self._expected_frames = expected_frames
        self._limits = limits
        self._queue: queue.Queue[Any] = queue.Queue(maxsize=_QUEUE)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._sink: Sink | None = None
        self._temporary: Path | None = None
        self._count = 0
        self._notes = list(_size_notes(width, height, format))
        if sound is not None and format in ("gif", "png"):
            self._notes.append("This format has no sound; choose MP4 or WebM to keep it.")

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about the file, in sentences."""
        return tuple(self._notes)

    @property
    def frames_written(self) -> int:
        """Frames accepted so far."""
        return self._count

    def __enter__(self) -> Self:
        """Create the temporary file and start the encoder.

        Raises ``LimitExceeded`` when the disk is too full to start, ``InvalidInstruction`` when
        the folder is missing and ``Unavailable`` when it cannot be written.
        """
        if self._thread is not None:
            raise RuntimeError("A VideoWriter writes one file; make a new one.")
        self._cancel.check()
        folder = self.path.absolute().parent
        if not folder.is_dir():
            raise InvalidInstruction(f"The folder {folder.name!r} does not exist. Create it first.")
        if self.path.is_dir():
            raise InvalidInstruction(f"{self.path.name!r} is a folder. Choose a file name.")
        self._check_disk(folder)
        self._temporary = folder / f".motion-synth-{secrets.token_hex(8)}.part"
        try:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            os.close(os.open(self._temporary, flags, 0o666))
            clip = ClipSpec(
                path=self._temporary,
                width=self.width,
                height=self.height,
                fps=self.fps,
                settings=self._settings,
                metadata=self._metadata,
                check=self._check_stop,
                tags=self._tags,
                sound=self._sound,
                notes=self._notes,
                limits=self._limits,
            )
            self._sink = _open_sink(self.format, clip)
        except BaseException as error:
            self._remove()
            _raise_for_people(error)
        self._thread = threading.Thread(target=self._encode, name="video-writer", daemon=True)
        self._thread.start()
        return self

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Hand over the next frame: uint8 RGB (H, W, 3), sRGB, full range.

        The frame is copied, so its memory may be used again at once. Waits while the encoder is
        a few frames behind. Raises what the encoder raised (``LimitExceeded`` when the disk is
        full), ``Cancelled``, or ``InvalidInstruction`` for an array of another shape or type.
        """
        sink = self._ready()
        if frame.dtype != np.uint8 or frame.shape != (self.height, self.width, 3):
            raise InvalidInstruction(
                f"A frame is {frame.dtype} {frame.shape}; this clip takes uint8 "
                f"({self.height}, {self.width}, 3)."
            )
        self._put(sink.prepare(frame))
        self._count += 1

    def write_planes(self, planes: Planes) -> None:
        """Hand over the next frame as planes that mean what ``tags`` say.

        Their size is that of the clip, made even. 4:2:0 goes into the encoders of MP4 and WebM
        bit for bit; all else is converted. Copies, waits and raises as ``write`` does.
        """
        sink = self._ready()
        size = even(self.width), even(self.height)
        if planes.size != size:
            raise InvalidInstruction(
                f"The planes are {planes.size[0]}x{planes.size[1]}; this clip takes "
                f"{size[0]}x{size[1]}."
            )
        self._put(sink.prepare_planes(planes))
        self._count += 1

    def _ready(self) -> Sink:
        """The sink, once one more frame may be given."""
        if self._thread is None or self._sink is None:
            raise RuntimeError("Enter the VideoWriter with a `with` block before writing.")
        self._cancel.check()
        if self._count >= self._limits.video_frames:
            raise LimitExceeded(
                f"The clip is longer than {self._limits.video_frames} frames. "
                "Make it shorter or lower the frame rate."
            )
        return self._sink

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish and rename, or clean up when the block failed."""
        try:
            self._leave(error)
        finally:
            # An encoder holds tens of megabytes, and it and this object hold each other: without
            # this they would stay until Python looks for such rings.
            if self._thread is None or not self._thread.is_alive():
                self._sink = None

    def _leave(self, error: BaseException | None) -> None:
        if error is not None:
            self._abandon()
            return
        try:
            if self._count == 0:
                raise InvalidInstruction("No frames were given, so no video was written.")
            self._put(_END)
            while self._thread is not None and self._thread.is_alive():
                self._thread.join(_POLL_SECONDS)
                self._cancel.check()
            self._raise_error()
            self._publish()
        except BaseException as failure:
            self._abandon()
            _raise_for_people(failure)

    def _put(self, item: Any) -> None:
        while True:
            self._raise_error()
            try:
                self._queue.put(item, timeout=_POLL_SECONDS)
                return
            except queue.Full:
                self._cancel.check()

    def _raise_error(self) -> None:
        if self._error is not None:
            _raise_for_people(self._error)

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise Cancelled("Stopped. Nothing was written.")
        self._cancel.check()

    def _encode(self) -> None:
        """The encoding thread: everything that can fail ends up in ``_error``."""
        assert self._sink is not None
        index = 0
        try:
            while True:
                try:
                    item = self._queue.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    self._check_stop()
                    continue
                self._check_stop()
                if item is _END:
                    self._sink.finish()
                    return
                self._sink.encode(item, index)
                index += 1
        except BaseException as error:
            self._error = error
            self._sink.abort()

    def _publish(self) -> None:
        """Make the file durable, then give it its name in one step."""
        assert self._temporary is not None
        with open(self._temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(self._temporary, self.path)
        folder = os.open(self.path.absolute().parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _abandon(self) -> None:
        """Stop the thread and remove what was written.

        A large frame may keep the encoder busy for longer than anyone wants to wait; then the
        thread ends by itself a moment later, and its sink removes whatever it still wrote.
        """
        self._stop.set()
        self._remove()
        if self._thread is not None:
            self._thread.join(_ABANDON_SECONDS)
        self._remove()

    def _remove(self) -> None:
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)

    def _check_disk(self, folder: Path) -> None:
        frame = even(self.width) * even(self.height) * _BYTES_PER_PIXEL[self.format]
        needed = self._limits.free_disk_bytes + int(frame * (self._expected_frames or 0))
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise LimitExceeded(
                f"The disk has {free / 1e6:.0f} MB free; this clip needs {needed / 1e6:.0f} MB. "
                "Free some space, or choose a smaller size or another format."
            )


def _checked_rate(fps: Fraction | int, format: VideoFormat, limits: Limits) -> Fraction:
    try:
        rate = Fraction(fps)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError) as error:
        raise InvalidInstruction(f"The frame rate {fps!r} is not a number above 0.") from error
    if rate <= 0:
        raise InvalidInstruction(f"The frame rate is {rate}; it must be above 0.")
    if rate > limits.video_fps:
        raise LimitExceeded(
            f"The frame rate is {float(rate):g}; the limit is {limits.video_fps} frames a second."
        )
    if rate.limit_denominator(1_000_000) != rate or rate.numerator > 2**31 - 1:
        raise InvalidInstruction(
            f"The frame rate {fps!r} is not a simple fraction. Use one like 24 or 30000/1001."
        )
    if format == "gif" and rate > 50:
        raise InvalidInstruction(
            f"The frame rate is {float(rate):g}; GIF players show at most 50 frames a second. "
            "Choose 50 or lower, or another format."
        )
    return rate


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width < 1 or height < 1:
        raise InvalidInstruction(f"The size {width}x{height} has no pixels.")
    if max(width, height) > limits.output_side:
        raise LimitExceeded(
            f"The clip is {width}x{height}; the limit is {limits.output_side} pixels a side."
        )
    if width * height > limits.output_pixels:
        raise LimitExceeded(
            f"The clip is {width}x{height} ({width * height / 1e6:.1f} megapixels); the limit is "
            f"{limits.output_pixels / 1e6:.1f} megapixels."
        )


def _size_notes(width: int, height: int, format: VideoFormat) -> tuple[str, ...]:
    if format in ("gif", "png") or (width == even(width) and height == even(height)):
        return ()
    return (
        f"The video is {even(width)}x{even(height)}: this format needs even sizes, so the edge of "
        f"the {width}x{height} picture was repeated by one pixel.",
    )


def _open_sink(format: VideoFormat, clip: ClipSpec) -> Sink:
    if format == "gif":
        return GifSink(clip)
    if format == "png":
        return PngZipSink(clip)
    return ContainerSink(clip, format)


def _raise_for_people(error: BaseException) -> NoReturn:
    """Raise errors of the disk and of the encoder in words, anything else as it is."""
    if not isinstance(error, (OSError, FFmpegError)):
        raise error
    words = (error.strerror or type(error).__name__).lower()
    if not isinstance(error, OSError):
        raise Unavailable(
            f"The encoder gave up on this video: {words}. Choose another size, frame rate or "
            "format."
        ) from error
    if error.errno in _FULL:
        raise LimitExceeded(
            "The disk is full, so the video was not written. "
            "Free some space, or choose a smaller size or a shorter clip."
        ) from error
    raise Unavailable(f"The video cannot be written: {words}. Choose another folder.") from error
