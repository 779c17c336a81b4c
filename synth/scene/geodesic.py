"""How far is it from each place in a hole to the source, without crossing anything else?"""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def walk_to_source(source, hole, turns):
    """For every hole cell the nearest source cell, walking through the hole alone.

    Returns the distance in cells (0 on source, infinite where no walk leads) and the row and
    column of that source cell (-1 where there is none). Cells that are both count as source.
    Two chamfer sweeps, repeated ``turns`` times so that a walk may turn corners.
    """
    rows, columns = source.shape
    far = np.empty((rows, columns), np.float32)
    from_y = np.empty((rows, columns), np.int32)
    from_x = np.empty((rows, columns), np.int32)
    for y in range(rows):
        for x in range(columns):
            far[y, x] = 0 if source[y, x] else np.inf
            from_y[y, x] = y if source[y, x] else -1
            from_x[y, x] = x if source[y, x] else -1
    for turn in range(2 * turns):
        for j in range(rows):
            y = j if turn % 2 == 0 else rows - 1 - j
            for i in range(columns):
                x = i if turn % 2 == 0 else columns - 1 - i
                if not hole[y, x] or source[y, x]:
                    continue
                for v in range(max(y - 1, 0), min(y + 2, rows)):
                    for u in range(max(x - 1, 0), min(x + 2, columns)):
                        if from_y[v, u] < 0 or not (hole[v, u] or source[v, u]):
                            continue
                        dy, dx = y - from_y[v, u], x - from_x[v, u]
                        step = np.float32(1.0 if v == y or u == x else 1.4142)
                        away = max(
                            np.float32(np.sqrt(np.float32(dy * dy + dx * dx))),
                            far[v, u] + np.float32(0.3) * step,
                        )
                        if away < far[y, x]:
                            far[y, x] = away
                            from_y[y, x] = from_y[v, u]
                            from_x[y, x] = from_x[v, u]
    return far, from_y, from_x
