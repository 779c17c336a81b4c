from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from synth.errors import InvalidMedia, LimitExceeded
from synth.limits import LIMITS
from synth.media import load_depth_picture

RAMP = np.linspace(0, 65535, 700).astype(np.uint16)[None].repeat(3, axis=0)


def test_16_bit_grey_keeps_every_step(tmp_path: Path) -> None:
    path = tmp_path / "d.png"
    Image.fromarray(RAMP).save(path)
    depth = load_depth_picture(path)
    assert depth.dtype == np.float32
    assert depth.shape == RAMP.shape
    assert (np.rint(depth * 65535) == RAMP).all()


@pytest.mark.parametrize("layout", ["rgb", "rgba", "grey-alpha"])
def test_16_bit_png_in_colour_modes_keeps_every_step(tmp_path: Path, layout: str) -> None:
    path = tmp_path / "d.png"
    if layout == "grey-alpha":
        frame = av.VideoFrame(700, 3, "ya16be")
        values = np.stack([RAMP, np.full_like(RAMP, 999)], axis=-1).astype(">u2")
        rows = np.frombuffer(frame.planes[0], np.uint8).reshape(3, -1)
        rows[:, : 700 * 4] = values.view(np.uint8).reshape(3, -1)
        encoder = av.CodecContext.create("png", "w")
        encoder.width, encoder.height, encoder.pix_fmt = 700, 3, "ya16be"
        encoder.time_base = 1
        path.write_bytes(b"".join(bytes(p) for p in [*encoder.encode(frame), *encoder.encode()]))
    else:
        channels = [RAMP] * 3 + ([np.full_like(RAMP, 999)] if layout == "rgba" else [])
        assert cv2.imwrite(str(path), np.stack(channels, axis=-1))
    assert (np.rint(load_depth_picture(path) * 65535) == RAMP).all()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_8_bit_maps_are_shares_of_255(tmp_path: Path, mode: str) -> None:
    grey = np.arange(256, dtype=np.uint8)[None].repeat(2, axis=0)
    path = tmp_path / "d.png"
    Image.fromarray(grey).convert(mode).save(path)
    assert np.allclose(load_depth_picture(path), grey / 255, atol=1e-6)


def test_near_may_be_black(tmp_path: Path) -> None:
    path = tmp_path / "d.png"
    Image.fromarray(RAMP).save(path)
    total = load_depth_picture(path) + load_depth_picture(path, near_is_white=False)
    assert np.allclose(total, 1)


def test_float_maps_are_read(tmp_path: Path) -> None:
    path = tmp_path / "d.tif"
    values = np.linspace(2, 50, 90, dtype=np.float32)[None].repeat(2, axis=0)
    Image.fromarray(values).save(path)
    assert np.allclose(load_depth_picture(path), (values - 2) / 48, atol=1e-6)


@pytest.mark.parametrize("deep", [False, True])
def test_the_exif_orientation_is_applied(tmp_path: Path, deep: bool) -> None:
    upright = np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000
    stored = np.ascontiguousarray(np.rot90(upright))
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "d.png"
    Image.fromarray(stored).save(path, exif=exif)
    if deep:  # the same as 16-bit RGB, keeping the orientation chunk
        data = path.read_bytes()
        at = data.index(b"eXIf") - 4
        chunk = data[at : at + 12 + int.from_bytes(data[at : at + 4], "big")]
        assert cv2.imwrite(str(path), np.stack([stored] * 3, axis=-1))
        data = path.read_bytes()
        path.write_bytes(data[:33] + chunk + data[33:])
    assert (np.rint(load_depth_picture(path) * 65535) == upright).all()


def test_a_grey_jpeg_stored_in_colour_is_accepted(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    path = tmp_path / "d.jpg"
    Image.fromarray(np.stack([noise] * 3, axis=-1)).save(path, quality=60)
    assert load_depth_picture(path).shape == (64, 64)


def test_a_colour_picture_is_refused_with_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "d.png"
    rainbow = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[None], cv2.COLORMAP_TURBO)
    Image.fromarray(np.ascontiguousarray(rainbow[..., ::-1])).save(path)
    with pytest.raises(InvalidMedia, match="grey"):
        load_depth_picture(path)


def test_caps_and_damage_are_handled_like_pictures(tmp_path: Path) -> None:
    path = tmp_path / "d.png"
    assert cv2.imwrite(str(path), np.stack([RAMP] * 3, axis=-1))
    with pytest.raises(LimitExceeded):
        load_depth_picture(path, limits=replace(LIMITS, image_pixels=2099))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(InvalidMedia):
        load_depth_picture(path)
    path.write_bytes(b"no picture")
    with pytest.raises(InvalidMedia):
        load_depth_picture(path)
