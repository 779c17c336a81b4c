from __future__ import annotations

import time
from collections.abc import Callable

import av
import numpy as np
import pytest

from synth.media.colour import to_video_frame
from synth.media.yuv_to_rgb import to_rgb

WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}


def _noise(height: int, width: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _planes(frame: av.VideoFrame, dtype: type = np.uint8) -> list[np.ndarray]:
    return [
        np.frombuffer(p, dtype).reshape(p.height, -1)[:, : p.width].astype(np.float64)
        for p in frame.planes
    ]


def _exact_planes(
    rgb: np.ndarray, *, halve_rows: bool, levels: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """BT.709 limited range in floats, with left-sited chroma; ``levels`` is 1 for 8 bits."""
    height, width = rgb.shape[:2]
    pads = ((0, height % 2), (0, width % 2), (0, 0))
    values = np.pad(rgb, pads, mode="edge").astype(np.float64) / 255
    kr, kb = WEIGHTS["bt709"]
    y = values @ (kr, 1 - kr - kb, kb)
    cb = (values[..., 2] - y) / (2 * (1 - kb))
    cr = (values[..., 0] - y) / (2 * (1 - kr))

    def thin(plane: np.ndarray) -> np.ndarray:
        wide = np.pad(plane, ((0, 0), (1, 1)), mode="edge")
        across = (wide[:, 0:-2:2] + 2 * wide[:, 1:-1:2] + wide[:, 2::2]) / 4
        return (across[0::2] + across[1::2]) / 2 if halve_rows else across

    return tuple(  # type: ignore[return-value]
        levels * part for part in (16 + 219 * y, 128 + 224 * thin(cb), 128 + 224 * thin(cr))
    )


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (95, 127), (64, 96), (4000 // 40, 3)])
def test_rgb_to_420_is_within_one_level_of_the_exact_value(size: tuple[int, int]) -> None:
    rgb = _noise(*size)
    for made, exact in zip(
        _planes(to_video_frame(rgb, "yuv420p")),
        _exact_planes(rgb, halve_rows=True, levels=1),
        strict=True,
    ):
        assert made.shape == exact.shape
        assert np.abs(made - exact).max() <= 0.75


@pytest.mark.parametrize("size", [(1, 1), (95, 127), (64, 96)])
def test_rgb_to_10_bit_422_is_within_one_level_of_the_exact_value(size: tuple[int, int]) -> None:
    rgb = _noise(*size)
    for made, exact in zip(
        _planes(to_video_frame(rgb, "yuv422p10le"), np.uint16),
        _exact_planes(rgb, halve_rows=False, levels=4),
        strict=True,
    ):
        assert made.shape == exact.shape
        assert np.abs(made - exact).max() <= 0.75


def test_every_grey_stays_neutral_and_black_and_white_are_exact() -> None:
    greys = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    y, cb, cr = _planes(to_video_frame(np.repeat(greys, 2, axis=0), "yuv420p"))
    assert y[0, 0] == 16
    assert y[0, 255] == 235
    assert set(np.unique(cb)) == {128}
    assert set(np.unique(cr)) == {128}


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", list(WEIGHTS))
@pytest.mark.parametrize("size", [(2, 2), (94, 126), (95, 127)])
def test_420_to_rgb_is_within_one_level_of_the_exact_value(
    matrix: str, full_range: bool, size: tuple[int, int]
) -> None:
    height, width = size
    frame = av.VideoFrame(width, height, "yuv420p")
    random = np.random.default_rng(3)
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, -1)
        rows[:] = random.integers(0, 256, rows.shape, dtype=np.uint8)
    y, cb, cr = _planes(frame)
    black, luma, chroma = (0, 255, 255) if full_range else (16, 219, 224)

    def widen(plane: np.ndarray) -> np.ndarray:
        tall = np.pad(plane, ((1, 1), (0, 1)), mode="edge")
        upper = 0.75 * tall[1:-1] + 0.25 * tall[:-2]
        lower = 0.75 * tall[1:-1] + 0.25 * tall[2:]
        rows = np.stack([upper, lower], axis=1).reshape(-1, tall.shape[1])
        between = (rows[:, :-1] + rows[:, 1:]) / 2
        columns = np.stack([rows[:, :-1], between], axis=2).reshape(rows.shape[0], -1)
        return (columns[:height, :width] - 128) / chroma

    kr, kb = WEIGHTS[matrix]
    level, blue, red = (y - black) / luma, widen(cb), widen(cr)
    r = level + 2 * (1 - kr) * red
    b = level + 2 * (1 - kb) * blue
    g = (level - kr * r - kb * b) / (1 - kr - kb)
    exact = np.clip(np.stack([r, g, b], axis=-1), 0, 1) * 255
    assert np.abs(to_rgb(frame, matrix, full_range) - exact).max() <= 0.75


def _quickest(work: Callable[[], object], rounds: int = 9) -> float:
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return min(times)


def test_our_conversion_is_at_least_twice_as_fast_as_ffmpegs() -> None:
    rgb = _noise(720, 1280)
    source = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    to_video_frame(rgb, "yuv420p")
    ours = _quickest(lambda: to_video_frame(rgb, "yuv420p"))
    theirs = _quickest(
        lambda: source.reformat(format="yuv420p", dst_colorspace="ITU709", threads=1)
    )
    assert theirs / ours >= 2


def test_the_frame_is_a_copy_and_may_come_as_a_view() -> None:
    rgb = _noise(40, 60)
    view = rgb[::2, 10:50]
    expected = _planes(to_video_frame(np.ascontiguousarray(view), "yuv420p"))
    frame = to_video_frame(view, "yuv420p")
    rgb[:] = 0
    assert all((a == b).all() for a, b in zip(_planes(frame), expected, strict=True))
