"""HDR and wide colours, in files made here by the published formulas, against colour-science's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synth.errors import InvalidMedia
from synth.media import VideoReader, probe
from synth.media.hdr import PAPER, hlg_scene, peak_of, pq_code, pq_light, rolled_off
from synth.media.plane_reader import PlaneReader
from synth.media.planes import to_rgb
from tests.colours import colour

Clip = Callable[..., Path]

NITS = (0.0, 1.0, 10.0, 50.0, 95.0, 203.0, 500.0, 1000.0)
SIDE = 16
"""Pixels of a patch."""

BT709_IN_2020 = np.array(
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
)
"""ITU-R BT.2087-0, table 2."""


def _coded(rgb: np.ndarray, *, full: bool = False) -> np.ndarray:
    """Patches of R'G'B' (n, 3) as a picture in BT.2020 YCbCr, 4:2:0, 10 bits."""
    r, g, b = rgb.T
    y = 0.2627 * r + 0.6780 * g + 0.0593 * b
    cb, cr = (b - y) / 1.8814, (r - y) / 1.4746
    black, luma, chroma = (0, 1023, 1023) if full else (64, 876, 896)
    rows, columns = 2 * SIDE, SIDE * len(rgb)
    picture = np.empty((rows * 3 // 2, columns), np.uint16)
    picture[:rows] = np.repeat(np.rint(black + luma * y), SIDE)
    half = np.repeat(np.rint(np.stack([cb, cr]) * chroma + 512), SIDE // 2, axis=1)
    picture[rows:] = np.repeat(half.reshape(2, 1, -1), SIDE, axis=1).reshape(SIDE, columns)
    return picture


def _file(
    path: Path, make_clip: Clip, rgb: np.ndarray, trc: int, *, primaries: int = 9,
    matrix: int = 9, full: bool = False, more: str = "",
) -> Path:  # fmt: skip
    def ask(stream: Any, _: Any) -> None:
        stream.width, stream.height = SIDE * len(rgb), 2 * SIDE
        context = stream.codec_context
        context.color_primaries, context.color_trc = primaries, trc
        context.colorspace, context.color_range = matrix, 2 if full else 1

    params = f"log-level=none:lossless=1{more}"
    return make_clip(
        path, [_coded(rgb, full=full)] * 3, codec="libx265", pixel_format="yuv420p10le",
        source="yuv420p10le", options={"preset": "ultrafast", "x265-params": params}, setup=ask,
    )  # fmt: skip


def _patches(path: Path) -> np.ndarray:
    """The colours (n, 3) in the middle of the first picture's patches, read both ways."""
    with VideoReader(path) as reader:
        pixels = next(iter(reader)).pixels
    with PlaneReader(path) as reader:
        planes = to_rgb(next(iter(reader)).planes, reader.tags)
        assert not reader.untouched
    middle = pixels[SIDE, SIDE // 2 :: SIDE].astype(int)
    assert np.abs(middle - planes[SIDE, SIDE // 2 :: SIDE]).max() <= 3
    return middle


def _greys(values: np.ndarray) -> np.ndarray:
    return np.repeat(np.asarray(values)[:, None], 3, axis=1)


@pytest.mark.parametrize("full", [False, True])
def test_pq_below_the_knee_is_shown_as_bright_as_it_is(
    tmp_path: Path, make_clip: Clip, full: bool
) -> None:
    coded = colour.models.eotf_inverse_ST2084(np.array(NITS))
    got = _patches(_file(tmp_path / "c", make_clip, _greys(coded), 16, full=full))
    assert np.ptp(got, axis=1).max() <= 1
    levels = got[:, 1]
    dim = [nits for nits in NITS if nits < 100]
    expected = (np.array(dim) / PAPER) ** (1 / 2.4) * 255
    assert np.abs(levels[: len(dim)] - expected).max() <= 1.5
    assert (np.diff(levels) >= 2).all()
    assert levels[-1] >= 254
    assert levels[NITS.index(203.0)] == pytest.approx(0.91 * 255, abs=3)


def test_hlg_gives_the_same_white_of_paper(tmp_path: Path, make_clip: Clip) -> None:
    """ITU-R BT.2408: paper stands at 75 % of HLG and at 203 nits, 58 % of PQ."""
    got = _patches(_file(tmp_path / "c", make_clip, _greys([0.0, 0.3, 0.5, 0.75, 1.0]), 18))
    assert np.ptp(got, axis=1).max() <= 1
    levels = got[:, 1]
    assert levels[3] == pytest.approx(0.91 * 255, abs=3)
    assert levels[0] == 0
    assert levels[4] >= 254
    nits = colour.models.eotf_BT2100_HLG(np.full(3, 0.3), L_W=1000)[0]
    assert levels[1] == pytest.approx((nits / PAPER) ** (1 / 2.4) * 255, abs=1.5)


def test_colours_of_bt709_come_back_as_they_were(tmp_path: Path, make_clip: Clip) -> None:
    rng = np.random.default_rng(0)
    linear = np.concatenate([np.eye(3), rng.uniform(0.02, 1, (9, 3))]) * 0.45
    nits = linear @ BT709_IN_2020.T * PAPER
    got = _patches(_file(tmp_path / "c", make_clip, colour.models.eotf_inverse_ST2084(nits), 16))
    # Light, because the step from none to a little is many levels.
    assert np.abs((got / 255) ** 2.4 - linear).max() < 0.015
    assert np.abs(got[3:] - linear[3:] ** (1 / 2.4) * 255).max() <= 3


def test_colours_beyond_bt709_keep_their_hue(tmp_path: Path, make_clip: Clip) -> None:
    """Pure BT.2020 green is no neon of another tint, and nothing wraps around."""
    nits = np.array([[0, 100, 0], [100, 0, 0], [0, 0, 100], [0, 1000, 0], [1000, 0, 1000]])
    coded = colour.models.eotf_inverse_ST2084(nits.astype(float))
    got = _patches(_file(tmp_path / "c", make_clip, coded, 16))
    assert got[:4].argmax(axis=1).tolist() == [1, 0, 2, 1]
    assert got[:3].min(axis=1).max() < 30
    assert got[3][1] > got[0][1]
    assert got[4].argmin() == 1


def test_ordinary_range_with_wide_colours(tmp_path: Path, make_clip: Clip) -> None:
    """10 bits, BT.2020's primaries, an ordinary screen's transfer."""
    linear = np.random.default_rng(1).uniform(0.02, 1, (10, 3))
    coded = (linear @ BT709_IN_2020.T) ** (1 / 2.4)
    path = _file(tmp_path / "c", make_clip, coded, 14)
    assert np.abs(_patches(path) - linear ** (1 / 2.4) * 255).max() <= 2
    assert probe(path).hdr is None
    with VideoReader(path) as reader:
        list(reader)
        assert any("wide colours" in note for note in reader.notes)


def test_ten_bits_of_bt709_stay_as_they_are(tmp_path: Path, make_clip: Clip) -> None:
    """Nothing is rolled off where nothing says that it should."""
    path = _file(tmp_path / "c", make_clip, _greys([0.0, 0.2, 0.5, 0.8, 1.0]), 1, primaries=1)
    assert np.abs(_patches(path)[:, 1] - np.array([0, 51, 127.5, 204, 255])).max() <= 1
    assert probe(path).notes == ()


@pytest.mark.parametrize(("trc", "name"), [(16, "PQ"), (18, "HLG")])
def test_it_is_told(tmp_path: Path, make_clip: Clip, trc: int, name: str) -> None:
    info = probe(_file(tmp_path / "c", make_clip, _greys([0.1, 0.5]), trc))
    assert info.hdr == name
    assert len(info.notes) == 1
    assert name in info.notes[0]
    assert "SDR" in info.notes[0]


def test_a_darker_mastering_screen_is_believed(tmp_path: Path, make_clip: Clip) -> None:
    """What was made for 4000 nits rolls off earlier than what was made for 400."""
    coded = _greys(colour.models.eotf_inverse_ST2084(np.array([10.0, 250.0, 400.0])))
    screen = "G(8500,39850)B(6550,2300)R(35400,14600)WP(15635,16450)"
    levels = {}
    for peak in (400, 4000):
        more = f":master-display={screen}L({peak}0000,1):max-cll={peak},100:hdr10=1"
        path = _file(tmp_path / f"{peak}", make_clip, coded, 16, more=more)
        assert f"up to {peak} nits" in probe(path).notes[0]
        levels[peak] = _patches(path)[:, 1]
    assert levels[400][2] >= 254
    assert levels[4000][2] < 250
    assert levels[4000][1] < levels[400][1]
    assert abs(levels[4000][0] - levels[400][0]) <= 1


def test_what_cannot_be_read_right_is_refused(tmp_path: Path, make_clip: Clip) -> None:
    path = _file(tmp_path / "c", make_clip, _greys([0.1, 0.5]), 16, matrix=14)
    with pytest.raises(InvalidMedia, match=r"ICtCp.*SDR"):
        probe(path)


def test_published_curves() -> None:
    codes = np.linspace(0, 1, 101)
    assert pq_light(codes) == pytest.approx(colour.models.eotf_ST2084(codes), rel=1e-6, abs=1e-6)
    assert pq_code(pq_light(codes)) == pytest.approx(codes, abs=1e-6)
    assert hlg_scene(codes) == pytest.approx(colour.models.oetf_inverse_BT2100_HLG(codes), abs=1e-6)
    light = np.linspace(0, 1000, 2001)
    rolled = rolled_off(light, 1000.0)
    assert (np.diff(rolled) >= 0).all()
    assert rolled[-1] == pytest.approx(1)
    assert rolled_off(light, 150.0)[300] == pytest.approx(150 / PAPER)


def test_nonsense_about_the_screen_is_not_believed() -> None:
    assert peak_of({}) == 1000
    empty = {"CONTENT_LIGHT_LEVEL": bytes(8), "MASTERING_DISPLAY_METADATA": bytes(88)}
    assert peak_of(empty) == 1000
    assert peak_of({"CONTENT_LIGHT_LEVEL": b"\xff" * 8}) == 10_000
    assert peak_of({"CONTENT_LIGHT_LEVEL": b"\x05\0\0\0\0\0\0\0"}) == PAPER
