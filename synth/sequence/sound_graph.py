"""FFmpeg's audio filters in this process: graphs are built here, the filters do the work.

Everything between our functions is 48 kHz stereo, float32 of shape (2, samples).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final, cast

import av
import av.error
import av.filter
import numpy as np
from av.filter.context import FilterContext
from numpy.typing import NDArray

from synth.media.sound_reader import SOUND_RATE

BLOCK: Final = SOUND_RATE // 5
"""Samples that are handed on at a time."""

Samples = NDArray[np.float32]
Filter = tuple[str, str]
"""A filter's name and its options."""

_OUT: Final = "sample_fmts=fltp:channel_layouts=stereo"


class SoundGraph:
    """Filters between one or more inputs and one output."""

    def __init__(self, inputs: int) -> None:
        """Begin a graph with so many inputs."""
        self._graph = av.filter.Graph()
        options = f"sample_rate={SOUND_RATE}:sample_fmt=fltp:channel_layout=stereo"
        self.inputs: list[FilterContext] = [
            self._graph.add("abuffer", f"{options}:time_base=1/{SOUND_RATE}") for _ in range(inputs)
        ]
        """The inputs, to be linked on."""
        self._sink: FilterContext | None = None
        self._given = 0
        self.measured: dict[str, str] = {}
        """What filters have written on the last block that came out, by FFmpeg's names."""

    def chain(self, begin: FilterContext, *filters: Filter, output: int = 0) -> FilterContext:
        """Filters one after the other behind ``begin``; returns the last one."""
        for name, options in filters:
            made = self._graph.add(name, options)
            begin.link_to(made, output)
            begin, output = made, 0
        return begin

    def join(self, name: str, options: str, *begins: tuple[FilterContext, int]) -> FilterContext:
        """A filter with several inputs: outputs of others, by number."""
        made = self._graph.add(name, options)
        for number, (begin, output) in enumerate(begins):
            begin.link_to(made, output, number)
        return made

    def total(self, begins: Sequence[FilterContext]) -> FilterContext:
        """The sum of several, as loud as they are."""
        if len(begins) == 1:
            return begins[0]
        options = f"inputs={len(begins)}:normalize=0:dropout_transition=0"
        return self.join("amix", options, *((begin, 0) for begin in begins))

    def finish(self, last: FilterContext) -> None:
        """Take the output from ``last``; nothing can be added any more."""
        self._sink = self.chain(last, ("aformat", _OUT), ("abuffersink", ""))
        self._graph.configure()

    def push(self, *blocks: Samples) -> Iterator[Samples]:
        """Give each input a block, all of one length; what is ready comes out."""
        for begin, block in zip(self.inputs, blocks, strict=True):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(block, np.float32), format="fltp", layout="stereo"
            )
            frame.sample_rate, frame.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
            frame.pts = self._given
            begin.push(frame)
        self._given += blocks[0].shape[1]
        yield from self._ready()

    def end(self) -> Iterator[Samples]:
        """Tell that nothing follows; the rest comes out."""
        for begin in self.inputs:
            begin.push(None)
        yield from self._ready()

    def _ready(self) -> Iterator[Samples]:
        assert self._sink is not None
        while True:
            try:
                frame = self._sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(frame, av.AudioFrame)
            if frame.metadata:
                self.measured = dict(frame.metadata)
            yield cast(Samples, frame.to_ndarray())


def straight(*filters: Filter) -> SoundGraph:
    """A graph with one input whose filters follow each other."""
    graph = SoundGraph(1)
    graph.finish(graph.chain(graph.inputs[0], *filters))
    return graph
