"""The dip: one picture sinks into a colour, and the next rises from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from synth.media.planes import Planes
from synth.sequence.transitions.mixing import faded, plain


def dipped(
    colour: str, pairs: Iterable[tuple[Planes, Planes]], progress: NDArray[np.float64]
) -> Iterator[Planes]:
    """Frames on the way from one picture to another through a colour.

    Args:
        colour: ``#rrggbb``, sRGB; all that is seen half way.
        pairs: the two pictures of each frame, 4:2:0, of one size.
        progress: how far each frame has come, between 0 and 1, shape (N,).
    """
    for (one, other), share in zip(pairs, progress, strict=True):
        still = plain(colour, one.size)
        if share < 0.5:
            yield faded(one, still, 2.0 * float(share))
        else:
            yield faded(still, other, 2.0 * float(share) - 1.0)
