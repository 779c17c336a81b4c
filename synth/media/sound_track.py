"""Sound into a file: encoded beside the pictures, never far ahead of them or behind."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import av
import av.container
from av.audio.stream import AudioStream
from av.codec.context import Flags

from synth.limits import Limits
from synth.media.sound import Sound
from synth.media.sound_reader import SOUND_RATE, SoundReader
from synth.media.sound_stretch import RetimedSound

_CODECS: Final = MappingProxyType({"mp4": "aac", "mov": "pcm_s16le", "webm": "libopus"})
"""The codec of sound in each container."""
_BITS_PER_CHANNEL: Final = 96_000
_BLOCK: Final = 1024


class SoundTrack:
    """The sound track of one file that is being written."""

    def __init__(
        self,
        container: av.container.OutputContainer,
        kind: str,
        sound: Sound,
        *,
        notes: list[str],
        check: Callable[[], None],
        limits: Limits,
    ) -> None:
        """Open the source and, where it has sound, add a track to ``container``.

        ``kind`` is the container's name: mp4, mov or webm. What the user should know goes into
        ``notes``; ``check`` raises when the work should stop. Raises ``InvalidMedia`` for a
        source that cannot be opened.
        """
        self._container = container
        self._notes = notes
        self._done = 0
        self._stream: AudioStream | None = None
        self._reader = SoundReader(
            sound.path, start=sound.pieces[0].source_start, limits=limits, check=check
        )
        if not self._reader.found:
            self.close()
            return
        self._layout = "mono" if self._reader.channels == 1 else "stereo"
        self._sound = RetimedSound(self._reader, sound)
        stream = container.add_stream(_CODECS[kind], rate=SOUND_RATE, layout=self._layout)
        assert isinstance(stream, AudioStream)
        stream.codec_context.time_base = Fraction(1, SOUND_RATE)
        if kind != "mov":
            stream.codec_context.bit_rate = _BITS_PER_CHANNEL * self._reader.channels
        # Without this flag the encoder writes its name and version into the sound.
        stream.codec_context.flags |= Flags.bitexact.value
        self._stream = stream

    def advance(self, seconds: Fraction) -> None:
        """Write the whole blocks of sound up to this moment of the clip."""
        if self._stream is not None:
            while self._done + _BLOCK <= seconds * SOUND_RATE:
                self._encode(_BLOCK)

    def finish(self, seconds: Fraction) -> None:
        """Write the rest, so that the sound is ``seconds`` long, and drain the encoder."""
        if self._stream is None:
            return
        self.advance(seconds)
        rest = round(seconds * SOUND_RATE) - self._done
        if rest > 0:
            self._encode(rest)
        for packet in self._stream.encode(None):
            self._container.mux_one(packet)
        self.close()

    def close(self) -> None:
        """Close the source; safe to call more than once."""
        self._reader.close()
        self._notes.extend(note for note in self._reader.notes if note not in self._notes)

    def _encode(self, count: int) -> None:
        assert self._stream is not None
        frame = av.AudioFrame.from_ndarray(
            self._sound.read(count).copy(), format="fltp", layout=self._layout
        )
        frame.sample_rate = SOUND_RATE
        frame.pts, frame.time_base = self._done, Fraction(1, SOUND_RATE)
        self._done += count
        for packet in self._stream.encode(frame):
            self._container.mux_one(packet)
