"""Strokes on the frame: soft discs drawn along the way they go while the shutter is open."""

from __future__ import annotations

import numpy as np
from numba import njit

MAP_SIZE = 24
"""Pixels of the frame per cell of the map of light."""


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def light_map(frame):  # pragma: no cover - compiled
    """The frame's colours, much blurred: shape (H / 24, W / 24, 3), 0-255."""
    height, width, _ = frame.shape
    rows = max(height // MAP_SIZE, 1)
    columns = max(width // MAP_SIZE, 1)
    cells = np.zeros((rows, columns, 3), np.float32)
    for row in range(rows):
        for column in range(columns):
            count = np.float32(0.0)
            red = green = blue = np.float32(0.0)
            for y in range(row * height // rows, (row + 1) * height // rows, 4):
                for x in range(column * width // columns, (column + 1) * width // columns, 4):
                    red += frame[y, x, 0]
                    green += frame[y, x, 1]
                    blue += frame[y, x, 2]
                    count += 1
            cells[row, column, 0] = red / count
            cells[row, column, 1] = green / count
            cells[row, column, 2] = blue / count
    soft = np.zeros_like(cells)
    for row in range(rows):
        for column in range(columns):
            total = np.float32(0.0)
            for dy in range(-2, 3):
                for dx in range(-2, 3):
                    y = row + dy
                    x = column + dx
                    if 0 <= y < rows and 0 <= x < columns:
                        weight = np.float32((3 - abs(dx)) * (3 - abs(dy)))
                        total += weight
                        for channel in range(3):
                            soft[row, column, channel] += weight * cells[y, x, channel]
            for channel in range(3):
                soft[row, column, channel] /= total
    return soft


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def tint(
    strokes, light, size, colours, local, lit, dark, gain, lift
):  # pragma: no cover - compiled
    """Give strokes their colour and let their opacity follow the light around them.

    Args:
        strokes: rows of `FIELDS` numbers.
        light: from `light_map`.
        size: frame width and height, pixels.
        colours: of shade 0 and of shade 1, shape (2, 3).
        local: how much of the colour is the picture's own.
        lit: how much the opacity follows the brightness.
        dark: how much the colour follows it.
        gain, lift: what brightens the picture's own colour.
    """
    rows, columns, _ = light.shape
    for index in range(strokes.shape[0]):
        stroke = strokes[index]
        x = 0.5 * (stroke[0] + stroke[2]) / size[0] * columns - 0.5
        y = 0.5 * (stroke[1] + stroke[3]) / size[1] * rows - 0.5
        x = min(max(x, 0.0), columns - 1.0)
        y = min(max(y, 0.0), rows - 1.0)
        i = min(int(x), max(columns - 2, 0))
        j = min(int(y), max(rows - 2, 0))
        right = min(i + 1, columns - 1)
        under = min(j + 1, rows - 1)
        fx = x - i
        fy = y - j
        bright = 0.0
        for channel in range(3):
            upper = light[j, i, channel] * (1.0 - fx) + light[j, right, channel] * fx
            lower = light[under, i, channel] * (1.0 - fx) + light[under, right, channel] * fx
            around = upper * (1.0 - fy) + lower * fy
            bright += around * (0.3, 0.59, 0.11)[channel] / 255.0
            own = colours[0, channel] + (colours[1, channel] - colours[0, channel]) * stroke[13]
            stroke[9 + channel] = min(own + (around * gain + lift - own) * local, 255.0)
        stroke[8] *= 1.0 - lit + lit * bright
        # In a mid grey the colour is its own; no light at all still leaves some.
        shade = 1.0 - dark + dark * min(0.25 + 1.5 * bright, 1.1)
        for channel in range(3):
            stroke[9 + channel] = min(stroke[9 + channel] * shade, 255.0)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def paint(strokes, screen, rim, yield_depth, taper, nearness, frame):  # pragma: no cover - compiled
    """Draw strokes over a frame where nothing nearer stands.

    Args:
        strokes: rows of `FIELDS` numbers.
        screen: 1 adds light (screen blend), 0 covers.
        rim: how much brighter a disc is at its rim.
        yield_depth: relative distance in front of a surface over which a stroke comes out fully.
        taper: share of a stroke over which its ends fade, 0 to 0.5.
        nearness: inverse depth of the frame, (H, W).
        frame: sRGB, uint8 (H, W, 3), updated.
    """
    height, width = nearness.shape
    one = np.float32(1.0)
    zero = np.float32(0.0)
    for index in range(strokes.shape[0]):
        stroke = strokes[index]
        x0 = np.float32(stroke[0])
        y0 = np.float32(stroke[1])
        dx = np.float32(stroke[2]) - x0
        dy = np.float32(stroke[3]) - y0
        radius = np.float32(stroke[6])
        top = max(int(np.ceil(min(y0, y0 + dy) - radius - 0.5)), 0)
        bottom = min(int(np.floor(max(y0, y0 + dy) + radius - 0.5)), height - 1)
        left = min(x0, x0 + dx) - radius
        right = max(x0, x0 + dx) + radius
        if top > bottom or right < 0.0 or left > width:
            continue
        squared = dx * dx + dy * dy
        per_way = one / max(squared, np.float32(1e-6))
        # Half the width of a row's crossing with the stroke's endless strip.
        reach = np.float32(1e9)
        slope = zero
        if abs(dy) > np.float32(0.05):
            reach = radius * np.sqrt(squared) / abs(dy)
            slope = dx / dy
        n0 = np.float32(stroke[4])
        dn = np.float32(stroke[5]) - n0
        per_edge = one / np.float32(stroke[7])
        opacity = np.float32(min(stroke[8], 0.95))
        red = np.float32(stroke[9])
        green = np.float32(stroke[10])
        blue = np.float32(stroke[11])
        limit = radius * radius
        per_limit = one / limit
        # What hardly moves is round, not cut off at its ends.
        blunt = np.float32(5.0) * radius / (np.sqrt(squared) + np.float32(5.0) * radius)
        per_rim = np.float32(rim) * opacity * per_limit
        gentle = stroke[7] >= stroke[6]
        per_taper = one / np.float32(max(taper, 1e-3))
        near_enough = np.float32(yield_depth)
        half = np.float32(0.5)
        keep = np.float32(screen) / np.float32(255.0)
        cover = one - np.float32(screen)
        length = np.sqrt(squared)
        if gentle and taper > 0.0 and abs(dy) > np.float32(0.5) * length and length > 5 * radius:
            # A long steep streak: the place along it is as good as the same across a row.
            across = abs(dy) / (length * radius)
            half_width = one / across
            for row in range(top, bottom + 1):
                along = (np.float32(row + 0.5) - y0) / dy
                ends = min(min(along, one - along) * per_taper, one)
                if ends <= zero:
                    continue
                ends *= opacity
                middle = x0 + along * dx - half
                depth = n0 + along * dn
                begin = max(int(middle - half_width) + 1, 0)
                end = min(int(middle + half_width), width - 1)
                for column in range(begin, end + 1):
                    if depth <= nearness[row, column]:
                        continue
                    off = (np.float32(column) - middle) * across
                    share = max(one - off * off, zero)
                    share *= share * ends
                    r = np.float32(frame[row, column, 0])
                    g = np.float32(frame[row, column, 1])
                    b = np.float32(frame[row, column, 2])
                    frame[row, column, 0] = np.uint8(
                        r + share * (red - keep * red * r - cover * r) + half
                    )
                    frame[row, column, 1] = np.uint8(
                        g + share * (green - keep * green * g - cover * g) + half
                    )
                    frame[row, column, 2] = np.uint8(
                        b + share * (blue - keep * blue * b - cover * b) + half
                    )
            continue
        for row in range(top, bottom + 1):
            py = np.float32(row + 0.5) - y0
            middle = x0 + py * slope
            begin = max(int(np.ceil(max(left, middle - reach) - 0.5)), 0)
            end = min(int(np.floor(min(right, middle + reach) - 0.5)), width - 1)
            for column in range(begin, end + 1):
                behind = nearness[row, column]
                px = np.float32(column + 0.5) - x0
                along = min(max((px * dx + py * dy) * per_way, zero), one)
                before = n0 + along * dn - behind
                ox = px - along * dx
                oy = py - along * dy
                away = ox * ox + oy * oy
                if before <= zero or away >= limit:
                    continue
                if gentle:
                    share = one - away * per_limit
                    share = share * share * opacity
                else:
                    share = min((radius - np.sqrt(away)) * per_edge, one)
                    share = share * share * (np.float32(3.0) - np.float32(2.0) * share)
                    share = min(share * (opacity + per_rim * away), one)
                if taper > 0.0:
                    ends = min(min(along, one - along) * per_taper, one)
                    share *= blunt + (one - blunt) * ends
                if before < near_enough * behind:
                    share *= before / (near_enough * behind)
                r = np.float32(frame[row, column, 0])
                g = np.float32(frame[row, column, 1])
                b = np.float32(frame[row, column, 2])
                # Between what was there and the colour: never out of range.
                frame[row, column, 0] = np.uint8(
                    r + share * (red - keep * red * r - cover * r) + half
                )
                frame[row, column, 1] = np.uint8(
                    g + share * (green - keep * green * g - cover * g) + half
                )
                frame[row, column, 2] = np.uint8(
                    b + share * (blue - keep * blue * b - cover * b) + half
                )
