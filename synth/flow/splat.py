"""Motion at a moment between two pictures: flow carried forward to where its pixels will be.

Forward splatting with weights follows S. Niklaus and F. Liu, "Softmax Splatting for Video Frame
Interpolation", CVPR 2020 (https://arxiv.org/abs/2003.05534), here with photometric weights and
without a network. The curved paths are those of X. Xu et al., "Quadratic Video Interpolation",
NeurIPS 2019 (https://arxiv.org/abs/1911.00627).

Grids are (h, w) cells of a few pixels of the smaller picture that motion is found on, and motion
is counted in those pixels.
"""

from __future__ import annotations

import numpy as np
from numba import njit

CHANNELS = 5
"""Of a splatted grid: x and y of the motion, x and y of its bend, and how much landed there."""


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def splat(flow, bend, weight, time, sign, step, out):
    """Add every cell's motion to the cells it covers at ``time``.

    Args:
        flow: (h, w, 2) motion from the picture to the other one.
        bend: (h, w, 2) how much the motion changes per interval.
        weight: (h, w) how far a cell is trusted, above 0.
        time: distance from the picture, 0 to 1 of the interval.
        sign: 1 from the first picture, -1 from the second (its motion is then turned round).
        step: pixels in a cell.
        out: (h, w, ``CHANNELS``), zeros; sums are added.
    """
    height, width = weight.shape
    q = time * (np.float32(1.0) - time) * np.float32(0.5)
    inverse = np.float32(1.0) / np.float32(step)
    for i in range(height):
        for j in range(width):
            fx, fy = flow[i, j, 0], flow[i, j, 1]
            bx, by = bend[i, j, 0], bend[i, j, 1]
            x = np.float32(j) + (time * fx - q * bx) * inverse
            y = np.float32(i) + (time * fy - q * by) * inverse
            x0, y0 = int(np.floor(x)), int(np.floor(y))
            if x0 < -1 or y0 < -1 or x0 >= width or y0 >= height:
                continue
            ax, ay = x - np.float32(x0), y - np.float32(y0)
            w = weight[i, j]
            for dy in range(2):
                row = y0 + dy
                if row < 0 or row >= height:
                    continue
                wy = w * (ay if dy else np.float32(1.0) - ay)
                for dx in range(2):
                    column = x0 + dx
                    if column < 0 or column >= width:
                        continue
                    share = wy * (ax if dx else np.float32(1.0) - ax)
                    cell = out[row, column]
                    cell[0] += share * sign * fx
                    cell[1] += share * sign * fy
                    cell[2] += share * bx
                    cell[3] += share * by
                    cell[4] += share
