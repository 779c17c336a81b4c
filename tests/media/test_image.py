from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from synth.media import load_image

Corners = Callable[[int, int], np.ndarray]
LOSSLESS = {
    "PNG": {},
    "TIFF": {},
    "BMP": {},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "JPEG": {"quality": 100, "subsampling": 0},
}
TOLERANCE = {"JPEG": 4, "AVIF": 4}


def _save(path: Path, picture: Image.Image, kind: str, **options: object) -> Path:
    picture.save(path, kind, **{**LOSSLESS.get(kind, {}), **options})
    return path


def _close(pixels: np.ndarray, expected: np.ndarray, tolerance: int = 0) -> None:
    assert pixels.dtype == np.uint8
    assert pixels.shape == expected.shape
    assert pixels.flags.c_contiguous
    difference = np.abs(pixels.astype(int) - expected.astype(int))
    # Lossy formats may ring along the two edges between the quarters.
    assert np.percentile(difference, 95 if tolerance else 100) <= tolerance


@pytest.mark.parametrize("kind", list(LOSSLESS))
def test_every_format_is_read_whatever_its_suffix(
    tmp_path: Path, make_corners: Corners, kind: str
) -> None:
    corners = make_corners(48, 32)
    path = _save(tmp_path / "photo.exe", Image.fromarray(corners), kind)
    loaded = load_image(path)
    _close(loaded.pixels, corners, TOLERANCE.get(kind, 0))
    assert loaded.source_format == kind
    assert (loaded.width, loaded.height) == (48, 32)
    assert not loaded.had_alpha
    assert loaded.notes == ()


STORED = {  # how an upright picture is stored under each EXIF orientation
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p, -1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_orientation_is_applied_once(
    tmp_path: Path, make_corners: Corners, kind: str, orientation: int
) -> None:
    upright = make_corners(64, 48)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    path = _save(tmp_path / "p", stored, kind, exif=exif)
    _close(load_image(path).pixels, upright, TOLERANCE.get(kind, 0))


def test_a_broken_exif_block_does_not_stop_the_picture(
    tmp_path: Path, make_corners: Corners
) -> None:
    corners = make_corners(32, 32)
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0\xff\xff\xff\xff" * 40
    path = _save(tmp_path / "p.jpg", Image.fromarray(corners), "JPEG", exif=exif)
    _close(load_image(path).pixels, corners, 4)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path: Path, kind: str) -> None:
    ramp = np.linspace(0, 65535, 512).astype(np.uint16)[None].repeat(4, axis=0)
    path = _save(tmp_path / "p", Image.fromarray(ramp), kind)
    loaded = load_image(path)
    expected = np.rint(ramp / 257).astype(np.uint8)
    assert (loaded.pixels == expected[..., None]).all()
    assert loaded.source_mode.startswith("I")


def test_big_endian_16_bit_tiff_is_scaled(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64).astype(">u2")[None].repeat(2, axis=0)
    tags = [
        (256, 3, 64), (257, 3, 2), (258, 3, 16), (259, 3, 1),
        (262, 3, 1), (273, 4, 122), (277, 3, 1), (278, 3, 2), (279, 4, 256),
    ]  # fmt: skip
    body = b"MM\0*" + struct.pack(">IH", 8, len(tags))
    for tag, kind, value in tags:
        packed = struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value)
        body += struct.pack(">HHI", tag, kind, 1) + packed
    body += struct.pack(">I", 0)
    assert len(body) == 122
    path = tmp_path / "p.tif"
    path.write_bytes(body + ramp.tobytes())
    expected = np.rint(ramp.astype(np.float64) / 257).astype(np.uint8)
    assert (load_image(path).pixels[..., 1] == expected).all()


def test_float_pictures_are_shown_over_their_range_without_nan(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 64, dtype=np.float32)[None].repeat(3, axis=0)
    path = _save(tmp_path / "unit.tif", Image.fromarray(values), "TIFF")
    assert (load_image(path).pixels[0, :, 0] == np.rint(values[0] * 255)).all()
    wild = values * 10 - 3
    wild[1, 5] = np.nan
    loaded = load_image(_save(tmp_path / "wild.tif", Image.fromarray(wild), "TIFF"))
    assert loaded.pixels[0, 0, 0] == 0
    assert loaded.pixels[0, -1, 0] == 255
    assert loaded.pixels[1, 5, 0] == 0
    assert len(loaded.notes) == 2


def test_one_bit_pictures_become_black_and_white(tmp_path: Path) -> None:
    board = (np.indices((16, 16)).sum(axis=0) % 2).astype(bool)
    path = _save(tmp_path / "p.png", Image.fromarray(board), "PNG")
    assert (load_image(path).pixels[..., 0] == board * 255).all()


def test_cmyk_jpeg_is_read_the_right_way_round(tmp_path: Path, make_corners: Corners) -> None:
    corners = make_corners(64, 64)
    # Pillow writes the Adobe marker and inverted inks, as Photoshop does.
    cmyk = Image.fromarray(corners).convert("CMYK")
    loaded = load_image(_save(tmp_path / "p.jpg", cmyk, "JPEG"))
    _close(loaded.pixels, corners, 6)
    assert loaded.source_mode == "CMYK"
    assert any("CMYK" in note for note in loaded.notes)


def test_cmyk_tiff_is_read_the_right_way_round(tmp_path: Path, make_corners: Corners) -> None:
    corners = make_corners(64, 64)
    cmyk = Image.fromarray(corners).convert("CMYK")
    _close(load_image(_save(tmp_path / "p.tif", cmyk, "TIFF")).pixels, corners)


def _alpha_ramp() -> np.ndarray:
    rgba = np.zeros((8, 256, 4), np.uint8)
    rgba[..., 0] = 200
    rgba[..., 3] = np.arange(256)
    return rgba


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_alpha_is_laid_over_the_background_with_a_note(tmp_path: Path, kind: str) -> None:
    rgba = _alpha_ramp()
    options = {"exact": True} if kind == "WEBP" else {}
    path = _save(tmp_path / "p", Image.fromarray(rgba), kind, **options)
    loaded = load_image(path, background=(0, 100, 255))
    share = rgba[..., 3:] / 255
    exact = rgba[..., :3] * share + np.array((0, 100, 255)) * (1 - share)
    assert np.abs(loaded.pixels - exact).max() <= 0.5
    assert loaded.had_alpha
    assert any("rgb(0, 100, 255)" in note for note in loaded.notes)


def test_an_opaque_alpha_channel_is_no_news(tmp_path: Path, make_corners: Corners) -> None:
    picture = Image.fromarray(make_corners(16, 16)).convert("RGBA")
    loaded = load_image(_save(tmp_path / "p.png", picture, "PNG"))
    assert not loaded.had_alpha
    assert loaded.notes == ()
    _close(loaded.pixels, make_corners(16, 16))


def test_grey_with_alpha_is_laid_over_white_by_default(tmp_path: Path) -> None:
    path = _save(tmp_path / "p.png", Image.new("LA", (4, 4), (100, 0)), "PNG")
    assert (load_image(path).pixels == 255).all()


def test_palette_transparency_is_respected(tmp_path: Path) -> None:
    picture = Image.new("P", (4, 2))
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.paste(1, (2, 0, 4, 2))
    path = _save(tmp_path / "p.png", picture, "PNG", transparency=0)
    pixels = load_image(path, background=(1, 2, 3)).pixels
    assert pixels[0, 0].tolist() == [1, 2, 3]
    assert pixels[0, 3].tolist() == [0, 255, 0]


def test_single_colour_transparency_is_respected(tmp_path: Path) -> None:
    picture = Image.fromarray(np.array([[[9, 9, 9], [50, 60, 70]]], np.uint8))
    path = _save(tmp_path / "p.png", picture, "PNG", transparency=(9, 9, 9))
    assert load_image(path, background=(7, 7, 7)).pixels.tolist() == [[[7, 7, 7], [50, 60, 70]]]


def _wide_profile() -> bytes:
    """An RGB matrix profile with swapped red and green primaries and gamma 1: unmistakable."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = bytearray(plain)
    tags = {}
    for index in range(struct.unpack(">I", data[128:132])[0]):
        name, offset, size = struct.unpack(">4sII", data[132 + 12 * index : 144 + 12 * index])
        tags[name] = 132 + 12 * index, offset, size
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    data[red[0] + 4 : red[0] + 12], data[green[0] + 4 : green[0] + 12] = (
        bytes(data[green[0] + 4 : green[0] + 12]),
        bytes(data[red[0] + 4 : red[0] + 12]),
    )
    at = tags[b"desc"][1]
    end = at + tags[b"desc"][2]
    for encoding in ("ascii", "utf-16-be"):
        old, new = "sRGB".encode(encoding), "swap".encode(encoding)
        data[at:end] = bytes(data[at:end]).replace(old, new)
    return bytes(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_embedded_profile_is_converted_to_srgb(tmp_path: Path, kind: str) -> None:
    picture = Image.new("RGB", (32, 32), (255, 0, 0))
    path = _save(tmp_path / "p", picture, kind, icc_profile=_wide_profile())
    loaded = load_image(path)
    assert np.abs(loaded.pixels.astype(int) - (0, 255, 0)).max() <= 3
    assert loaded.notes == ()


def test_an_srgb_profile_changes_nothing(tmp_path: Path, make_corners: Corners) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = Image.fromarray(make_corners(16, 16))
    loaded = load_image(_save(tmp_path / "p.png", picture, "PNG", icc_profile=profile))
    _close(loaded.pixels, make_corners(16, 16))
    assert loaded.notes == ()


def test_alpha_survives_a_profile(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    path = _save(tmp_path / "p.png", picture, "PNG", icc_profile=_wide_profile())
    assert (load_image(path, background=(5, 6, 7)).pixels == (5, 6, 7)).all()


@pytest.mark.parametrize(
    "profile", [b"nonsense", b"\0" * 200, _wide_profile()[:150], _wide_profile()[:400]]
)
def test_a_corrupt_profile_falls_back_with_a_note(
    tmp_path: Path, make_corners: Corners, profile: bytes
) -> None:
    picture = Image.fromarray(make_corners(16, 16))
    loaded = load_image(_save(tmp_path / "p.png", picture, "PNG", icc_profile=profile))
    _close(loaded.pixels, make_corners(16, 16))
    assert any("profile" in note for note in loaded.notes)


def test_a_profile_for_other_inks_falls_back_with_a_note(tmp_path: Path) -> None:
    profile = bytearray(_wide_profile())
    profile[16:20] = b"CMYK"
    picture = Image.new("RGB", (4, 4), (10, 20, 30))
    loaded = load_image(_save(tmp_path / "p.png", picture, "PNG", icc_profile=bytes(profile)))
    assert (loaded.pixels == (10, 20, 30)).all()
    assert any("profile" in note for note in loaded.notes)


def test_lab_tiff_is_converted(tmp_path: Path) -> None:
    lab = Image.new("LAB", (4, 4), (255, 128, 128))
    pixels = load_image(_save(tmp_path / "p.tif", lab, "TIFF")).pixels
    assert pixels.min() >= 250


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_of_several_pictures_the_first_is_taken_with_a_note(tmp_path: Path, kind: str) -> None:
    first, second = Image.new("RGB", (16, 16), (200, 0, 0)), Image.new("RGB", (16, 16), (0, 0, 99))
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=[second], **LOSSLESS.get(kind, {}))
    path = tmp_path / "p"
    path.write_bytes(buffer.getvalue())
    loaded = load_image(path)
    assert np.abs(loaded.pixels.astype(int) - (200, 0, 0)).max() <= 4
    assert len(loaded.notes) == 1
    assert "first" in loaded.notes[0]


def test_the_extra_pictures_of_a_stereo_jpeg_are_no_news(tmp_path: Path) -> None:
    left, right = Image.new("RGB", (16, 16), (90, 90, 90)), Image.new("RGB", (16, 16))
    path = tmp_path / "p.jpg"
    left.save(path, "MPO", save_all=True, append_images=[right])
    loaded = load_image(path)
    assert np.abs(loaded.pixels.astype(int) - 90).max() <= 2
    assert loaded.notes == ()


@pytest.mark.parametrize("size", [(1, 1), (127, 95), (3, 4000)])
def test_odd_and_extreme_sizes_are_read(tmp_path: Path, size: tuple[int, int]) -> None:
    path = _save(tmp_path / "p.png", Image.new("RGB", size, (1, 2, 3)), "PNG")
    loaded = load_image(path)
    assert (loaded.width, loaded.height) == size
    assert (loaded.pixels == (1, 2, 3)).all()
