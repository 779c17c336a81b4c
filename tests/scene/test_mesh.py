"""The mesh: few cells where the surface is even, every marked cell once, no cracks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.scene.mesh import Mesh, build_mesh


def _plane(height: int, width: int, level: float, across: float, down: float) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return (level + across * x + down * y).astype(np.float32)


def _all_cells(disparity: np.ndarray) -> np.ndarray:
    return np.ones((disparity.shape[0] - 1, disparity.shape[1] - 1), bool)


def _blobs(height: int, width: int, seed: int, keep: float) -> np.ndarray:
    """A mask with holes, islands and ragged borders."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((height // 6 + 2, width // 6 + 2))
    mask = np.kron(coarse, np.ones((6, 6)))[:height, :width] < keep
    return mask & (rng.random((height, width)) < 0.97)


def _boxes(mesh: Mesh) -> list[tuple[int, int, int, int]]:
    """Rows and columns of each quad, checked to be upright squares."""
    boxes = []
    for a, b, c, d in mesh.quads:
        left, right, top, bottom = mesh.x[a], mesh.x[b], mesh.y[a], mesh.y[d]
        assert (mesh.x[d], mesh.x[c], mesh.y[b], mesh.y[c]) == (left, right, top, bottom)
        assert right - left == bottom - top > 0
        boxes.append((int(top), int(bottom), int(left), int(right)))
    return boxes


def _coverage(mesh: Mesh, shape: tuple[int, int]) -> np.ndarray:
    count = np.zeros(shape, int)
    for top, bottom, left, right in _boxes(mesh):
        count[top:bottom, left:right] += 1
    return count


def _surface(mesh: Mesh, shape: tuple[int, int]) -> np.ndarray:
    """The triangulated height at every lattice point, NaN where there is no mesh."""
    height = np.full(shape, np.nan)
    for quad, (top, bottom, left, right) in zip(mesh.quads, _boxes(mesh), strict=True):
        a, b, c, d = (float(value) for value in mesh.disparity[quad])
        y, x = np.mgrid[top : bottom + 1, left : right + 1]
        s, t = (x - left) / (right - left), (y - top) / (bottom - top)
        # Folded from the top left to the bottom right corner.
        upper = a + s * (b - a) + t * (c - b)
        lower = a + t * (d - a) + s * (c - d)
        height[top : bottom + 1, left : right + 1] = np.where(s >= t, upper, lower)
    return height


@pytest.mark.parametrize(
    ("across", "down"), [(0.0, 0.0), (2e-4, 0.0), (0.0, -1e-4), (3e-4, 2e-4), (-5e-3, 7e-3)]
)
def test_a_plane_of_any_slope_becomes_few_cells_and_stays_exact(across: float, down: float) -> None:
    disparity = _plane(129, 193, 5.0, across, down)
    mesh = build_mesh(disparity, _all_cells(disparity), 1e-5)
    assert len(mesh.quads) == (128 // 32) * (192 // 32)
    error = mesh.disparity - disparity[mesh.y.astype(int), mesh.x.astype(int)]
    assert np.abs(error).max() <= 1e-6
    assert np.nanmax(np.abs(_surface(mesh, disparity.shape) - disparity)) < 1e-5


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    keep=st.floats(0.2, 1.0),
    height=st.integers(2, 90),
    width=st.integers(2, 90),
)
def test_every_marked_cell_is_covered_once_and_no_other(
    seed: int, keep: float, height: int, width: int
) -> None:
    cells = _blobs(height - 1, width - 1, seed, keep)
    disparity = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    for tolerance in (0.0, 0.5, 10.0):
        mesh = build_mesh(disparity, cells, tolerance)
        assert np.array_equal(_coverage(mesh, cells.shape), cells.astype(int))


def test_nothing_marked_is_an_empty_mesh() -> None:
    disparity = np.ones((40, 50), np.float32)
    mesh = build_mesh(disparity, np.zeros((39, 49), bool), 0.1)
    assert mesh.quads.shape == (0, 4)
    assert len(mesh.x) == len(mesh.y) == len(mesh.disparity) == 0


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), keep=st.floats(0.4, 1.0), tolerance=st.floats(1e-4, 0.05))
def test_neighbouring_cells_meet_without_a_crack(seed: int, keep: float, tolerance: float) -> None:
    rng = np.random.default_rng(seed)
    knots = rng.random((5, 6))
    y, x = np.mgrid[0:4:80j, 0:5:100j]
    from scipy.ndimage import map_coordinates

    disparity = map_coordinates(knots, [y, x], order=3, mode="nearest").astype(np.float32)
    cells = _blobs(79, 99, seed, keep)
    mesh = build_mesh(disparity, cells, tolerance)
    # Each cell's edges pass through the same heights as every neighbour that shares lattice
    # points with them; a vertex off a larger neighbour's edge would leave a gap there.
    heights: dict[tuple[int, int], float] = {}
    for quad, (top, bottom, left, right) in zip(mesh.quads, _boxes(mesh), strict=True):
        a, b, c, d = (float(value) for value in mesh.disparity[quad])
        for step in range(right - left + 1):
            share = step / (right - left)
            for place, value in (
                ((top, left + step), a + (b - a) * share),
                ((bottom, left + step), d + (c - d) * share),
                ((top + step, left), a + (d - a) * share),
                ((top + step, right), b + (c - b) * share),
            ):
                assert abs(heights.setdefault(place, value) - value) < 2e-6, place


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    waves=st.floats(0.3, 3.0),
    tolerance=st.floats(2e-4, 0.02),
)
def test_merging_stays_close_to_a_smooth_surface(seed: int, waves: float, tolerance: float) -> None:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:97, 0:129] / 128.0
    disparity = np.zeros_like(x)
    for _ in range(4):
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        along = x * np.cos(angle) + y * np.sin(angle)
        disparity += rng.uniform(0.02, 0.08) * np.sin(2 * np.pi * waves * along + phase)
    disparity = disparity.astype(np.float32)
    mesh = build_mesh(disparity, _all_cells(disparity), tolerance)
    error = np.abs(_surface(mesh, disparity.shape) - disparity)
    # A merge is checked where a smooth surface strays most, and its corners may each have been
    # moved onto a neighbour's edge by as much again.
    assert error.max() <= 2.0 * tolerance + 1e-6
    assert np.percentile(error, 99) <= 1.3 * tolerance


def test_more_tolerance_never_takes_more_cells() -> None:
    y, x = np.mgrid[0:97, 0:129] / 40.0
    disparity = (0.1 + 0.02 * np.sin(x) * np.cos(y)).astype(np.float32)
    counts = [
        len(build_mesh(disparity, _all_cells(disparity), tolerance).quads)
        for tolerance in (0.0, 1e-5, 1e-4, 1e-3, 1e-2)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < counts[0] / 50


def test_a_smallest_level_keeps_whole_blocks_inside_and_adds_nothing_outside() -> None:
    cells = np.zeros((80, 80), bool)
    cells[10:60, 13:71] = True
    disparity = np.random.default_rng(3).random((81, 81)).astype(np.float32)
    mesh = build_mesh(disparity, cells, 1e-6, smallest_level=2)
    count = _coverage(mesh, cells.shape)
    assert count.max() == 1
    assert not (count[~cells]).any()
    assert {bottom - top for top, bottom, _, _ in _boxes(mesh)} == {4}
    whole = np.kron(cells.reshape(20, 4, 20, 4).all(axis=(1, 3)), np.ones((4, 4), bool))
    assert np.array_equal(count.astype(bool), whole)


def test_the_callers_picture_is_not_changed() -> None:
    disparity = np.random.default_rng(0).random((50, 60)).astype(np.float32)
    cells = np.ones((49, 59), bool)
    before = disparity.copy(), cells.copy()
    build_mesh(disparity, cells, 0.3)
    assert np.array_equal(disparity, before[0])
    assert np.array_equal(cells, before[1])


def test_quads_stand_in_the_order_of_the_parts_of_the_picture_that_they_lie_in() -> None:
    disparity = _plane(150, 200, 5.0, 1e-3, 2e-3)
    y, x = np.mgrid[0:149, 0:199]
    mesh = build_mesh(disparity, np.hypot(x - 99, y - 74) < 70, 1e-5)
    boxes = _boxes(mesh)
    assert len({bottom - top for top, bottom, _, _ in boxes}) > 2
    parts = [(top // 32, left // 32) for top, _, left, _ in boxes]
    assert parts == sorted(parts)
    # A vertex is numbered where it is first used.
    assert (np.diff(np.maximum.accumulate(mesh.quads.ravel())) <= 1).all()
