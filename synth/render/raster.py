"""The rasteriser: meshes become, per pixel, inverse depth and the place in the texture.

Vertices are projected in double precision; inside a triangle the texture place is interpolated
perspective-correctly, so nothing is rounded to whole pixels anywhere and slow moves do not swim.
"""

from __future__ import annotations

import numpy as np
from numba import njit

EDGE_SLACK = 1.0 / 128
"""Triangles reach this far beyond their edges, pixels: no pin holes where cells meet."""

TILE = 8
"""Side of the tiles by which hidden quads are recognised, pixels."""

SLIVER = 4.0 * EDGE_SLACK
"""Triangles thinner than this many pixels are drawn in their mean place and depth."""

NEAR_PLANE = 0.02
"""Smallest depth scale, relative to the home depth, at which a vertex is still drawn."""


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def project(x, y, disparity, camera, screen):  # pragma: no cover - compiled
    """Project lattice vertices into the frame.

    Args:
        x, y: texture-plane position relative to the photo's centre in photo focal lengths,
            x right, y down, shape (V,).
        disparity: inverse depth from the home camera, shape (V,).
        camera: 15 numbers: rotation camera-from-world row by row (9), home position minus camera
            position in world axes (3), focal length in pixels, centre x, centre y.
        screen: receives per vertex (x, y, 1/D, disparity/D), shape (V, 4), where D is the depth
            in the new camera divided by the depth in the home camera; D <= NEAR_PLANE gives 1/D 0.
    """
    for index in range(x.shape[0]):
        inverse_depth = disparity[index]
        px = x[index] + inverse_depth * camera[9]
        py = -y[index] + inverse_depth * camera[10]
        pz = -1.0 + inverse_depth * camera[11]
        depth = -(camera[6] * px + camera[7] * py + camera[8] * pz)
        if depth <= NEAR_PLANE:
            screen[index, 2] = 0.0
            continue
        scale = 1.0 / depth
        right = camera[0] * px + camera[1] * py + camera[2] * pz
        up = camera[3] * px + camera[4] * py + camera[5] * pz
        screen[index, 0] = camera[13] + camera[12] * right * scale
        screen[index, 1] = camera[14] - camera[12] * up * scale
        screen[index, 2] = scale
        screen[index, 3] = inverse_depth * scale


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def distances(before, after, width, height):  # pragma: no cover - compiled
    """How far vertices move on the screen, pixels, shape (N,): those that both cameras have before
    them and the first sees within its frame of ``width`` x ``height``.

    Args:
        before, after: projected vertices from `project`, shape (V, 4).
    """
    found = np.empty(before.shape[0])
    count = 0
    for index in range(before.shape[0]):
        x = before[index, 0]
        y = before[index, 1]
        if before[index, 2] == 0.0 or after[index, 2] == 0.0:
            continue
        if x < 0.0 or x >= width or y < 0.0 or y >= height:
            continue
        found[count] = np.sqrt((after[index, 0] - x) ** 2 + (after[index, 1] - y) ** 2)
        count += 1
    return found[:count]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def draw(screen, u, v, quads, floor, nearness, map_x, map_y):  # pragma: no cover - compiled
    """Draw opaque quads with a depth test.

    Args:
        screen: projected vertices from `project`, shape (V, 4).
        u, v: texture column and row of each vertex (texel centres at whole numbers), shape (V,).
        quads: vertex numbers, shape (Q, 4).
        floor: from `tile_floor` of what is drawn so far, to pass over quads that are hidden; or
            an array without rows.
        nearness: inverse depth of what is drawn so far, -1 where nothing is, (H, W), updated.
        map_x, map_y: texture place of what is drawn so far, (H, W), updated.
    """
    height, width = nearness.shape
    for index in range(quads.shape[0]):
        a = quads[index, 0]
        b = quads[index, 1]
        c = quads[index, 2]
        d = quads[index, 3]
        if screen[a, 2] == 0.0 or screen[b, 2] == 0.0 or screen[c, 2] == 0.0 or screen[d, 2] == 0.0:
            continue
        top = min(min(screen[a, 1], screen[b, 1]), min(screen[c, 1], screen[d, 1]))
        bottom = max(max(screen[a, 1], screen[b, 1]), max(screen[c, 1], screen[d, 1]))
        if bottom < 0.0 or top > height:
            continue
        left = min(min(screen[a, 0], screen[b, 0]), min(screen[c, 0], screen[d, 0]))
        right = max(max(screen[a, 0], screen[b, 0]), max(screen[c, 0], screen[d, 0]))
        if right < 0.0 or left > width:
            continue
        if floor.shape[0] > 0:
            nearest = max(max(screen[a, 3], screen[b, 3]), max(screen[c, 3], screen[d, 3]))
            hidden = True
            for row in range(
                max(int(top - 1.0), 0) // TILE, min(int(bottom + 1.0), height - 1) // TILE + 1
            ):
                for column in range(
                    max(int(left - 1.0), 0) // TILE, min(int(right + 1.0), width - 1) // TILE + 1
                ):
                    if floor[row, column] < nearest:
                        hidden = False
                        break
                if not hidden:
                    break
            if hidden:
                continue
        _triangle(screen, u, v, a, b, c, nearness, map_x, map_y)
        _triangle(screen, u, v, a, c, d, nearness, map_x, map_y)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def tile_floor(nearness):  # pragma: no cover - compiled
    """Smallest nearness in each tile of `TILE` x `TILE` pixels: what is farther is hidden there."""
    height, width = nearness.shape
    floor = np.full((-(-height // TILE), -(-width // TILE)), np.float32(np.inf))
    least = np.empty(width, np.float32)
    for band in range(floor.shape[0]):
        # Down the rows first, which the processor does several columns at a time.
        least[:] = nearness[band * TILE]
        for row in range(band * TILE + 1, min(band * TILE + TILE, height)):
            line = nearness[row]
            for column in range(width):
                least[column] = min(least[column], line[column])
        tiles = floor[band]
        for column in range(width):
            tile = column // TILE
            tiles[tile] = min(tiles[tile], least[column])
    return floor


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy", inline="always")
def _triangle(screen, u, v, a, b, c, nearness, map_x, map_y):  # pragma: no cover - compiled
    height, width = nearness.shape
    x0 = screen[a, 0]
    y0 = screen[a, 1]
    x1 = screen[b, 0]
    y1 = screen[b, 1]
    x2 = screen[c, 0]
    y2 = screen[c, 1]
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if area <= 1e-9:  # seen from behind, or degenerate
        return
    top = min(y0, min(y1, y2))
    bottom = max(y0, max(y1, y2))
    first = max(int(np.ceil(top - EDGE_SLACK - 0.5)), 0)
    last = min(int(np.floor(bottom + EDGE_SLACK - 0.5)), height - 1)
    if first > last:
        return
    inverse = 1.0 / area
    s0 = screen[a, 2]
    ds1 = screen[b, 2] - s0
    ds2 = screen[c, 2] - s0
    n0 = screen[a, 3]
    dn1 = screen[b, 3] - n0
    dn2 = screen[c, 3] - n0
    u0 = u[a] * s0
    du1 = u[b] * screen[b, 2] - u0
    du2 = u[c] * screen[c, 2] - u0
    v0 = v[a] * s0
    dv1 = v[b] * screen[b, 2] - v0
    dv2 = v[c] * screen[c, 2] - v0
    ex1 = (x1 - x0) * inverse
    ey1 = (y1 - y0) * inverse
    ex2 = (x2 - x0) * inverse
    ey2 = (y2 - y0) * inverse
    s_x = ds1 * ey2 - ds2 * ey1
    s_y = ds2 * ex1 - ds1 * ex2
    n_x = dn1 * ey2 - dn2 * ey1
    n_y = dn2 * ex1 - dn1 * ex2
    u_x = du1 * ey2 - du2 * ey1
    u_y = du2 * ex1 - du1 * ex2
    v_x = dv1 * ey2 - dv2 * ey1
    v_y = dv2 * ex1 - dv1 * ex2
    longest = max(
        (x1 - x0) ** 2 + (y1 - y0) ** 2,
        max((x2 - x1) ** 2 + (y2 - y1) ** 2, (x0 - x2) ** 2 + (y0 - y2) ** 2),
    )
    if area * area < longest * (SLIVER * SLIVER):
        # Seen almost edge-on: the slack would carry its slopes far beyond its own values.
        s0 += (ds1 + ds2) / 3.0
        n0 += (dn1 + dn2) / 3.0
        u0 += (du1 + du2) / 3.0
        v0 += (dv1 + dv2) / 3.0
        s_x = s_y = n_x = n_y = u_x = u_y = v_x = v_y = 0.0
    # Slopes of the three edges, x per y; a horizontal edge bounds no row.
    k01 = (x1 - x0) / (y1 - y0) if y1 != y0 else 0.0
    k12 = (x2 - x1) / (y2 - y1) if y2 != y1 else 0.0
    k20 = (x0 - x2) / (y0 - y2) if y0 != y2 else 0.0
    one = np.float32(1.0)
    s_dx = np.float32(s_x)
    n_dx = np.float32(n_x)
    u_dx = np.float32(u_x)
    v_dx = np.float32(v_x)
    for row in range(first, last + 1):
        y = row + 0.5
        at = min(max(y, top), bottom)
        low = 1e30
        high = -1e30
        if ((y0 <= at) != (y1 <= at) or at in (y0, y1)) and y1 != y0:
            x = x0 + (at - y0) * k01
            low = min(low, x)
            high = max(high, x)
        if ((y1 <= at) != (y2 <= at) or at in (y1, y2)) and y2 != y1:
            x = x1 + (at - y1) * k12
            low = min(low, x)
            high = max(high, x)
        if ((y2 <= at) != (y0 <= at) or at in (y2, y0)) and y0 != y2:
            x = x2 + (at - y2) * k20
            low = min(low, x)
            high = max(high, x)
        begin = max(int(np.ceil(low - EDGE_SLACK - 0.5)), 0)
        end = min(int(np.floor(high + EDGE_SLACK - 0.5)), width - 1)
        if begin > end:
            continue
        dx = begin + 0.5 - x0
        dy = y - y0
        # Single precision is exact to a thousandth of a pixel over a span, and twice as fast.
        s = np.float32(s0 + dx * s_x + dy * s_y)
        n = np.float32(n0 + dx * n_x + dy * n_y)
        tu = np.float32(u0 + dx * u_x + dy * u_y)
        tv = np.float32(v0 + dx * v_x + dy * v_y)
        for column in range(begin, end + 1):
            if n > nearness[row, column]:
                scale = one / s
                nearness[row, column] = n
                map_x[row, column] = tu * scale
                map_y[row, column] = tv * scale
            s += s_dx
            n += n_dx
            tu += u_dx
            tv += v_dx
