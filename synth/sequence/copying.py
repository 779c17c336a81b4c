"""Frames of a clip that need not be encoded again: they are in the file as the film wants them.

A clip that was made with the film's own encoder settings, size and rate has the same set-up data
for the decoder. From a key frame on, its packets can stand in the film as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.container
import av.error

from synth.errors import SynthError
from synth.limits import LIMITS
from synth.media import PlaneReader
from synth.media.opening import choose_stream, open_container

FEWEST = 12
"""Frames below which copying is not worth a stretch of its own."""


@dataclass(frozen=True)
class Packets:
    """What copying needs to know of a clip: its packets in the order of decoding."""

    numbers: tuple[int, ...]
    """Which frame each shows."""
    keys: frozenset[int]
    """Places in that order at which decoding can begin."""

    def run(self, first: int, frames: int) -> tuple[int, int] | None:
        """The longest part of these frames that can be copied, as its first frame and length.

        It begins at the first key frame, and ends where all that was decoded has been shown.
        """
        for place in sorted(self.keys):
            begin = self.numbers[place]
            if begin < first:
                continue
            if begin >= first + frames:
                break
            end, latest = begin, begin - 1
            for step, number in enumerate(self.numbers[place:], 1):
                if number < begin:  # shown before the key frame: the group is open
                    break
                latest = max(latest, number)
                if latest >= first + frames:
                    break
                if latest == begin + step - 1:
                    end = latest + 1
            return (begin, end - begin) if end - begin >= FEWEST else None
        return None


def packets_of(
    path: Path, *, rate: Fraction, size: tuple[int, int], setup: bytes
) -> Packets | None:
    """The packets of a clip, or None where it is not as a film with this set-up would have it.

    Args:
        path: the clip.
        rate: frames per second of the film; the clip must have exactly these frames.
        size: of the film, pixels.
        setup: the decoder's set-up data of the film's stretches.
    """
    try:
        with open_container(path, LIMITS) as container:
            stream = choose_stream(container, LIMITS)
            base = stream.time_base
            if bytes(stream.codec_context.extradata or b"") != setup or base is None:
                return None
            times: list[Fraction] = []
            keys: set[int] = set()
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                if packet.pts is None or packet.is_discard or packet.is_corrupt:
                    return None
                if packet.is_keyframe:
                    keys.add(len(times))
                times.append(packet.pts * base * rate)
        with PlaneReader(path) as reader:
            if not reader.untouched or reader.size != size:
                return None
    except (SynthError, av.error.FFmpegError):
        return None
    begin = min(times, default=Fraction(0))
    numbers = tuple(round(time - begin) for time in times)
    even = all(
        abs(time - begin - n) < Fraction(1, 20) for time, n in zip(times, numbers, strict=True)
    )
    if not even or sorted(numbers) != list(range(len(numbers))):
        return None
    return Packets(numbers, frozenset(keys))


def copy_packets(
    source: Path, packets: Packets, first: int, frames: int, target: Path, *, rate: Fraction
) -> None:
    """Write a run of ``packets`` as a file of its own, as an encoder would have."""
    begin = packets.numbers.index(first)
    wanted = range(begin, begin + frames)
    delay = max(place - begin - (packets.numbers[place] - first) for place in wanted)
    clock = Fraction(1, 1000 * rate.numerator)
    ticks = 1000 * rate.denominator
    with (
        open_container(source, LIMITS) as container,
        av.open(
            str(target), "w", format="mp4",
            container_options={"video_track_timescale": str(clock.denominator)},
        ) as copy,
    ):  # fmt: skip
        copy.flags |= av.container.Flags.bitexact.value
        stream = choose_stream(container, LIMITS)
        made = copy.add_stream_from_template(stream)
        made.time_base = clock
        place = 0
        for packet in container.demux(stream):
            if not packet.size:
                continue
            if place in wanted:
                packet.time_base = clock
                packet.pts = (packets.numbers[place] - first) * ticks
                packet.dts = (place - begin - delay) * ticks
                packet.duration = ticks
                packet.stream = made
                copy.mux_one(packet)
            place += 1
            if place >= wanted.stop:
                break
