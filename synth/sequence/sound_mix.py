"""All sounds of a film mixed, block after block, in flat memory; music sinks under voices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from av.filter.context import FilterContext

from synth.control import CancelToken
from synth.errors import SynthError
from synth.media import open_sound
from synth.media.sound_reader import SOUND_RATE, SoundReader
from synth.sequence.sound_bits import SoundBit, lanes
from synth.sequence.sound_graph import BLOCK, Filter, Samples, SoundGraph, straight

_VOICE_HEARD: Final = 0.01
"""Level (RMS, 1 is full scale) above which a voice counts as heard: -40 dBFS."""
_RATIO: Final = 4
"""Of the compressor; with its threshold it decides how deep it pulls a signal of full scale."""


class BitPlayer:
    """One piece of sound from its first sample to its last, with its gain and fades."""

    def __init__(self, bit: SoundBit, cancel: CancelToken) -> None:
        """Open the piece's file; raises as ``open_sound`` does, naming the piece."""
        self._bit = bit
        self._cancel = cancel
        self._at = 0
        curve = "qsin" if bit.crossed else "tri"
        filters: list[Filter] = [("volume", f"volume={bit.gain}dB:precision=float")]
        if bit.fade_in:
            filters.append(("afade", f"t=in:ss=0:ns={bit.fade_in}:curve={curve}"))
        if bit.fade_out:
            first = bit.length - bit.fade_out
            filters.append(("afade", f"t=out:ss={first}:ns={bit.fade_out}:curve={curve}"))
        self._graph = straight(*filters)
        self._reader = self._open()
        self._next = round(bit.start * SOUND_RATE)

    def read(self, count: int) -> Samples:
        """The next ``count`` samples, float32 (2, count)."""
        parts = self._graph.push(self._raw(count))
        made = np.concatenate(list(parts), axis=1)
        self._at += count
        return made

    def close(self) -> None:
        """Close the file; safe to call more than once."""
        self._reader.close()

    @property
    def notes(self) -> list[str]:
        """What the user should know, in sentences; complete once closed."""
        return [f"{self._bit.name}: {note}" for note in self._reader.notes]

    def _open(self) -> SoundReader:
        try:
            return open_sound(self._bit.path, start=self._bit.start, check=self._cancel.check)
        except SynthError as error:
            raise type(error)(f"{self._bit.name}: {error}") from error

    def _raw(self, count: int) -> Samples:
        made = np.zeros((2, count), np.float32)
        done = 0
        while done < count:
            found = self._reader.window(self._next, count - done)
            have = count - done
            if self._bit.loop and self._reader.ended:
                have = min(have, max(0, self._reader.end - self._next))
            made[:, done : done + have] = found[:, :have]
            done += have
            self._next += have
            self._reader.forget(self._next)
            if done < count:
                again = self._next
                self._reader.close()
                self._reader = self._open()
                self._next = round(self._bit.start * SOUND_RATE)
                if again <= self._next:  # nothing came: the file ends before this piece begins
                    break
        return made


class Lane:
    """A row of pieces that never sound at the same time, with silence between them."""

    def __init__(
        self, bits: list[SoundBit], cancel: CancelToken, note: Callable[[str], None]
    ) -> None:
        """Play ``bits``, which follow each other; files are open only while they are heard."""
        self._waiting = list(bits)
        self._cancel = cancel
        self._note = note
        self._player: BitPlayer | None = None

    def read(self, first: int, count: int) -> Samples:
        """Samples ``first`` to ``first + count`` of the film; each call goes on at the last."""
        made = np.zeros((2, count), np.float32)
        end = first + count
        while self._waiting and self._waiting[0].at < end:
            bit = self._waiting[0]
            if self._player is None:
                self._player = BitPlayer(bit, self._cancel)
            low, high = max(first, bit.at), min(end, bit.end)
            made[:, low - first : high - first] = self._player.read(high - low)
            if bit.end > end:
                break
            self.close()
            self._waiting.pop(0)
        return made

    def close(self) -> None:
        """Close what is open."""
        if self._player is not None:
            self._player.close()
            for note in self._player.notes:
                self._note(note)
            self._player = None


def mix(
    bits: tuple[SoundBit, ...],
    total: int,
    ducking: float,
    *,
    cancel: CancelToken,
    note: Callable[[str], None],
) -> Iterator[tuple[Samples, dict[str, str]]]:
    """The film's sound, ``total`` samples in blocks, each with what FFmpeg measured so far.

    Args:
        bits: all that is heard.
        total: length of the film, samples.
        ducking: how far music sinks while a voice is heard, dB; 0 is not.
        cancel: stops the work.
        note: called with what the user should know.
    """
    buses = {
        bus: lanes(tuple(bit for bit in bits if bit.bus == bus))
        for bus in ("music", "voice", "effect")
    }
    rows = [Lane(row, cancel, note) for found in buses.values() for row in found]
    graph = SoundGraph(len(rows))
    begins = iter(graph.inputs)
    summed = {
        bus: graph.total([next(begins) for _ in found]) for bus, found in buses.items() if found
    }
    if "music" in summed and "voice" in summed and ducking > 0:
        _duck(graph, summed, ducking)
    graph.finish(graph.chain(graph.total(list(summed.values())), METER))
    try:
        for first in range(0, total, BLOCK):
            cancel.check()
            count = min(BLOCK, total - first)
            for block in graph.push(*(row.read(first, count) for row in rows)):
                yield block, graph.measured
        for block in graph.end():
            yield block, graph.measured
    finally:
        for row in rows:
            row.close()


METER: Final[Filter] = ("ebur128", "metadata=1:framelog=quiet:peak=true")
"""Measures loudness and true peaks (EBU R 128, ITU-R BS.1770) and changes nothing."""


def _duck(graph: SoundGraph, summed: dict[str, FilterContext], depth: float) -> None:
    """Let the music sink by ``depth`` dB while there is a voice, however loud that is.

    A gate that the voice opens passes on a constant of full scale, and that signal pulls the
    compressor on the music: so the depth depends on nothing but the compressor's threshold. The
    tiny shift keeps FFmpeg's gate, which takes exact silence for no signal at all, closed.
    """
    voice = graph.chain(summed["voice"], ("asplit", "3"))
    heard = graph.chain(voice, ("dcshift", "shift=0.0001"), output=1)
    constant = graph.chain(voice, ("volume", "volume=0"), ("dcshift", "shift=1"), output=2)
    gate = graph.join(
        "sidechaingate",
        f"threshold={_VOICE_HEARD}:ratio=9000:range=0:attack=5:release=500:detection=rms:knee=1",
        (constant, 0),
        (heard, 0),
    )
    threshold = 10 ** (-depth / (1 - 1 / _RATIO) / 20)
    options = f"threshold={threshold}:ratio={_RATIO}:attack=60:release=600:detection=peak:knee=1"
    summed["music"] = graph.join("sidechaincompress", options, (summed["music"], 0), (gate, 0))
    summed["voice"] = graph.chain(voice, ("anull", ""))
