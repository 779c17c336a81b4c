"""What others make of the hidden frames: repeating, blending, and FFmpeg's ``minterpolate``."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import av
import av.error
import av.filter
import numpy as np

from synth.media.planes import Planes
from tests.bench.interpolation.clips import Run, frame_of, planes_of

Rebuild = Callable[[Run], dict[int, Planes]]
"""From a run to the pictures at its targets."""

DEFAULT = "mi_mode=mci"
BETTER = "mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1"


def repeat(run: Run) -> dict[int, Planes]:
    """The frame before, again."""
    return {target: run.frames[target - 1] for target in run.targets}


def blend(run: Run) -> dict[int, Planes]:
    """The mean of both neighbours."""
    return {target: mixed(run.frames[target - 1], run.frames[target + 1]) for target in run.targets}


def mixed(one: Planes, two: Planes) -> Planes:
    """The mean of two pictures."""
    pairs = ((one.y, two.y), (one.u, two.u), (one.v, two.v))
    planes = [((a.astype(np.uint16) + b + 1) >> 1).astype(np.uint8) for a, b in pairs]
    return Planes(*planes)


def filter_graph(size: tuple[int, int], options: str, fps: Fraction, into: Fraction):
    """A graph that runs ``minterpolate`` on yuv420p frames of a constant rate.

    Time stamps go in as frame numbers and come out in frames of the new rate.
    """
    graph = av.filter.Graph()
    chain = [
        graph.add(
            "buffer",
            f"video_size={size[0]}x{size[1]}:pix_fmt=yuv420p:time_base={1 / fps}"
            f":pixel_aspect=1/1:frame_rate={fps}",
        ),
        graph.add("minterpolate", f"fps={into}:{options}"),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*chain)
    graph.configure()
    return graph


def pulled(graph: av.filter.Graph) -> list[av.VideoFrame]:
    """The frames that are ready."""
    frames = []
    while True:
        try:
            frames.append(graph.vpull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return frames


def minterpolate(options: str) -> Rebuild:
    """FFmpeg's filter with these options, from one frame a second to two."""

    def rebuild(run: Run) -> dict[int, Planes]:
        graph = filter_graph(run.frames[0].size, options, Fraction(1), Fraction(2))
        found: dict[int, Planes] = {}
        for number, planes in enumerate([*run.anchors, None]):
            frame = None if planes is None else frame_of(planes)
            if frame is not None:
                frame.pts, frame.time_base = number, Fraction(1)
            graph.vpush(frame)
            for made in pulled(graph):
                assert made.pts is not None
                assert made.time_base is not None
                place = round(made.pts * made.time_base * 2)
                if place in run.targets:
                    found[place] = planes_of(made)
        missing = set(run.targets) - found.keys()
        if missing:
            raise ValueError(f"minterpolate left out frames {sorted(missing)}.")
        return found

    return rebuild


RIVALS: dict[str, Rebuild] = {
    "repeat": repeat,
    "blend": blend,
    "mci": minterpolate(DEFAULT),
    "mci+": minterpolate(BETTER),
}
"""Everyone but us, by the name in the tables; "mci+" is aobmc, bidir and vsbmc."""
