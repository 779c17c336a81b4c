"""Leaves: pointed blades that tumble while they fall, smeared by the shutter."""

from __future__ import annotations

import numpy as np
from numba import njit

MOST_SAMPLES = 10
"""Most moments of the exposure at which a leaf is drawn."""

PIXELS_APART = 3.0
"""How far a leaf moves from one of those moments to the next, pixels."""


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def scatter(strokes, spins, time, shutter, nearness, frame):  # pragma: no cover - compiled
    """Draw leaves over a frame where nothing nearer stands.

    Args:
        strokes: rows of `FIELDS` numbers with their colours.
        spins: turns per second of each leaf about its length and about the view, shape (N, 2).
        time: middle of the exposure, seconds.
        shutter: its length, seconds.
        nearness: inverse depth of the frame, (H, W).
        frame: sRGB, uint8 (H, W, 3), updated.
    """
    height, width = nearness.shape
    blades = np.empty((MOST_SAMPLES, 7), np.float32)
    turn = 2.0 * np.pi
    one = np.float32(1.0)
    zero = np.float32(0.0)
    half = np.float32(0.5)
    for index in range(strokes.shape[0]):
        stroke = strokes[index]
        radius = stroke[6]
        way = np.hypot(stroke[2] - stroke[0], stroke[3] - stroke[1])
        count = int(min(max(way / PIXELS_APART + 1.0, 2.0), MOST_SAMPLES)) if shutter > 0 else 1
        edge = max(stroke[7], 0.8 * way / count)
        light = 0.0
        for sample in range(count):
            share = (sample + 0.5) / count
            moment = time + shutter * (share - 0.5)
            about = turn * (spins[index, 0] * moment + stroke[19])
            roll = turn * (spins[index, 1] * moment + stroke[13])
            pitch = 0.9 * np.sin(turn * (spins[index, 1] * moment + stroke[12]))
            # The blade's length lies in the picture, tipped by `pitch`; its width turns about it.
            lx = np.cos(roll) * np.cos(pitch)
            ly = np.sin(roll) * np.cos(pitch)
            wx = -np.sin(roll) * np.cos(about) - np.cos(roll) * np.sin(pitch) * np.sin(about)
            wy = np.cos(roll) * np.cos(about) - np.sin(roll) * np.sin(pitch) * np.sin(about)
            det = lx * wy - ly * wx
            if abs(det) < 0.12:  # seen edge-on: as thin as a leaf, not thinner
                sign = 1.0 if det >= 0.0 else -1.0
                norm = max(np.hypot(lx, ly), 0.3)
                wx += -ly / norm * sign * (0.12 - abs(det)) / norm
                wy += lx / norm * sign * (0.12 - abs(det)) / norm
                det = lx * wy - ly * wx
                det = det if abs(det) > 0.05 else 0.05 * sign
            inverse = 1.0 / (det * radius)
            blades[sample, 0] = stroke[0] + (stroke[2] - stroke[0]) * share
            blades[sample, 1] = stroke[1] + (stroke[3] - stroke[1]) * share
            blades[sample, 2] = wy * inverse
            blades[sample, 3] = -wx * inverse
            blades[sample, 4] = -ly * inverse
            blades[sample, 5] = lx * inverse
            # Soft over at least a pixel and the gap to the next moment, however edge-on it is seen.
            blades[sample, 6] = 1.0 / (np.hypot(lx, ly) * abs(inverse) * edge)
            # Lit from above and a little from behind: the face towards the sky is bright.
            light += 0.72 + 0.36 * np.cos(about) * np.cos(pitch) + 0.12 * np.sin(about)
        light /= count
        red = np.float32(min(stroke[9] * light, 255.0))
        green = np.float32(min(stroke[10] * light, 255.0))
        blue = np.float32(min(stroke[11] * light, 255.0))
        near = np.float32(0.5 * (stroke[4] + stroke[5]))
        opacity = np.float32(min(stroke[8], 1.0) / count)
        top = max(int(min(stroke[1], stroke[3]) - radius), 0)
        bottom = min(int(max(stroke[1], stroke[3]) + radius) + 1, height - 1)
        left = max(int(min(stroke[0], stroke[2]) - radius), 0)
        right = min(int(max(stroke[0], stroke[2]) + radius) + 1, width - 1)
        rise = stroke[3] - stroke[1]
        reach = 1e6
        slope = 0.0
        if abs(rise) > 0.05:
            reach = radius * way / abs(rise)
            slope = (stroke[2] - stroke[0]) / rise
        for row in range(top, bottom + 1):
            y = np.float32(row + 0.5)
            # Half the width of the row's crossing with the strip that the leaf sweeps.
            middle = stroke[0] + (row + 0.5 - stroke[1]) * slope
            begin = max(int(middle - reach), left)
            end = min(int(middle + reach) + 1, right)
            for column in range(begin, end + 1):
                if near <= nearness[row, column]:
                    continue
                x = np.float32(column + 0.5)
                cover = zero
                rib = zero
                for sample in range(count):
                    dx = x - blades[sample, 0]
                    dy = y - blades[sample, 1]
                    u = dx * blades[sample, 2] + dy * blades[sample, 3]
                    if u <= -one or u >= one:
                        continue
                    v = abs(dx * blades[sample, 4] + dy * blades[sample, 5])
                    # Widest before the middle, drawn out to a tip.
                    wide = np.float32(0.46) * (one - u * u) * (one - np.float32(0.35) * u)
                    inside = min((wide - v) * blades[sample, 6] + half, one)
                    if inside <= zero:
                        continue
                    cover += inside
                    if v < np.float32(0.05):
                        rib += inside
                if cover <= zero:
                    continue
                share = cover * opacity
                gain = one + np.float32(0.18) * rib / cover
                frame[row, column, 0] = np.uint8(
                    frame[row, column, 0] * (one - share)
                    + share * min(red * gain, np.float32(255.0))
                    + half
                )
                frame[row, column, 1] = np.uint8(
                    frame[row, column, 1] * (one - share)
                    + share * min(green * gain, np.float32(255.0))
                    + half
                )
                frame[row, column, 2] = np.uint8(
                    frame[row, column, 2] * (one - share)
                    + share * min(blue * gain, np.float32(255.0))
                    + half
                )
