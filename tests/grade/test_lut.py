"""Tables against OpenColorIO, the reference of the film industry, through the same files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PyOpenColorIO as ocio
import pytest

from synth.grade.cube import read_cube, write_cube
from synth.grade.grade import grade_picture
from synth.grade.lut import Lut, Triple, identity_cube


def _curves(count: int, start: float = 0.0, end: float = 1.0) -> np.ndarray:
    x = np.linspace(start, end, count)[:, None]
    share = (x - start) / (end - start)
    return (share ** np.array([[0.6, 1.0, 1.7]]) * np.array([[1.0, 0.9, 0.95]])).astype(np.float32)


def _cube(size: int, seed: int = 1) -> np.ndarray:
    """Bent and crossed over, with noise that every grid point shows."""
    grid = identity_cube(size)
    mixed = grid @ np.array([[0.8, 0.1, 0.0], [0.2, 0.7, 0.2], [0.0, 0.2, 0.8]])
    noise = np.random.default_rng(seed).normal(0, 0.03, grid.shape)
    return np.clip(mixed**1.3 + noise, 0, 1).astype(np.float32)


LUTS = {
    "1D": Lut(curves=_curves(64)),
    "1D of 4096": Lut(curves=_curves(4096)),
    "1D, domain": Lut(
        curves=_curves(33), curves_from=(-0.25, 0.0, 0.1), curves_to=(1.25, 0.5, 0.9)
    ),
    "3D of 2": Lut(cube=_cube(2)),
    "3D of 17": Lut(cube=_cube(17)),
    "3D of 33": Lut(cube=_cube(33)),
    "3D, wide domain": Lut(
        cube=_cube(17), cube_from=(-0.25, -0.25, -0.25), cube_to=(1.25, 1.25, 1.25)
    ),
    "3D, narrow domains": Lut(
        cube=_cube(17), cube_from=(0.1, 0.05, 0.0), cube_to=(0.9, 0.8, 1.0)
    ),
    "shaper": Lut(curves=_curves(128), cube=_cube(17)),
    "shaper, ranges": Lut(
        curves=_curves(128), cube=_cube(17),
        curves_from=(-0.2, -0.2, -0.2), curves_to=(1.3, 1.3, 1.3),
        cube_from=(0.05, 0.05, 0.05), cube_to=(0.9, 0.9, 0.9),
    ),
}  # fmt: skip


def _by_ocio(path: Path, values: np.ndarray) -> np.ndarray:
    config = ocio.Config.CreateRaw()
    transform = ocio.FileTransform(str(path), interpolation=ocio.INTERP_TETRAHEDRAL)
    processor = config.getProcessor(transform).getDefaultCPUProcessor()
    out = np.ascontiguousarray(values, np.float32).copy()
    processor.applyRGB(out)
    return out


@pytest.mark.parametrize("name", LUTS)
def test_a_written_table_means_the_same_to_opencolorio(name: str, tmp_path: Path) -> None:
    path = write_cube(LUTS[name], tmp_path / "look.cube")
    rng = np.random.default_rng(0)
    # All greys, random 8-bit colours, and values beyond both ends.
    values = np.concatenate(
        [
            np.repeat(np.arange(256)[:, None], 3, axis=1) / 255,
            rng.integers(0, 256, (40_000, 3)) / 255,
            rng.uniform(-0.5, 1.5, (2_000, 3)),
        ]
    ).astype(np.float32)
    expected = _by_ocio(path, values)
    for lut in (LUTS[name], read_cube(path)):
        got = lut.apply(values)
        assert np.abs(got - expected).max() < 2e-5
    # As pictures of 8 bits.
    codes = np.rint(np.clip(values[:40_256], 0, 1) * 255).astype(np.uint8).reshape(-1, 8, 3)
    seen = grade_picture(codes, {}, path).astype(int)
    wanted = np.rint(np.clip(_by_ocio(path, codes / 255), 0, 1) * 255)
    assert np.abs(seen - wanted).max() <= 1
    # Exact halves may be rounded either way.
    assert (seen != wanted).mean() < 0.02


def _still(size: int, start: float, end: float) -> Lut:
    ends: tuple[Triple, Triple] = (start, start, start), (end, end, end)
    return Lut(cube=identity_cube(size, *ends), cube_from=ends[0], cube_to=ends[1])


def test_an_identity_is_known_as_one() -> None:
    assert Lut().identity
    assert _still(17, 0.0, 1.0).identity
    assert _still(9, -1.0, 2.0).identity
    assert Lut(curves=np.repeat(np.linspace(0, 1, 256, dtype=np.float32)[:, None], 3, 1)).identity
    assert not Lut(cube=identity_cube(17) * np.float32(0.999)).identity
    # It gives what it gets, but cuts off what a screen shows.
    assert not _still(9, 0.1, 0.9).identity


def test_shapes_are_kept() -> None:
    lut = Lut(cube=identity_cube(5))
    values = np.random.default_rng(2).random((4, 5, 3), dtype=np.float32)
    assert np.abs(lut.apply(values) - values).max() < 1e-6
    assert lut.apply(np.zeros(3, np.float32)).shape == (3,)
