from __future__ import annotations

import io
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from synth.errors import InvalidMedia, LimitExceeded, SynthError
from synth.limits import LIMITS
from synth.media import load_image

# Pillow also prints warnings about the files made here.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _bomb(width: int, height: int, rows: int | None = None) -> bytes:
    """A 1-bit PNG that claims a size and holds ``rows`` rows of it."""
    row = b"\0" * (1 + (width + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(height if rows is None else rows))
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", body + packer.flush())
        + _chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "size", [(13_000, 13_000), (20_000, 20_000), (1, 100_000_000), (178_956_970, 1), (20_000, 2)]
)
def test_pixel_bombs_are_refused_by_their_header(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_bomb(*size, rows=1))
    with pytest.raises(LimitExceeded, match=r"limit|Scale it down"):
        load_image(path)


def test_the_pixel_cap_is_exact(tmp_path: Path) -> None:
    limits = replace(LIMITS, image_pixels=100)
    for size, fits in (((10, 10), True), ((101, 1), False)):
        path = tmp_path / "p.png"
        Image.new("RGB", size).save(path)
        if fits:
            assert load_image(path, limits=limits).width == 10
        else:
            with pytest.raises(LimitExceeded, match="101x1"):
                load_image(path, limits=limits)


def test_the_side_and_byte_caps_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    Image.new("RGB", (50, 3)).save(path)
    size = path.stat().st_size
    assert load_image(path, limits=replace(LIMITS, image_side=50, image_bytes=size)).width == 50
    with pytest.raises(LimitExceeded, match="49 pixels"):
        load_image(path, limits=replace(LIMITS, image_side=49))
    with pytest.raises(LimitExceeded, match="MB"):
        load_image(path, limits=replace(LIMITS, image_bytes=size - 1))


def test_a_gif_frame_larger_than_its_canvas_meets_the_cap(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("P", (8, 8)).save(buffer, "GIF")
    data = bytearray(buffer.getvalue())
    at = data.index(b"\x2c")  # the image descriptor: left, top, width, height
    data[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    path = tmp_path / "p.gif"
    path.write_bytes(data)
    with pytest.raises(SynthError):
        load_image(path)


def test_huge_compressed_text_in_a_png_is_not_unpacked(tmp_path: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "x" * 64_000_000, zip=True)
    path = tmp_path / "p.png"
    Image.new("RGB", (4, 4)).save(path, pnginfo=text)
    assert path.stat().st_size < 200_000
    with pytest.raises(InvalidMedia):
        load_image(path)


def _sound(kind: str) -> bytes:
    buffer = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF"])
def test_cut_and_mangled_pictures_either_load_or_say_why(tmp_path: Path, kind: str) -> None:
    data = _sound(kind)
    random = np.random.default_rng(5)
    path = tmp_path / "p"
    refused = 0
    cases = [data[: len(data) * share // 10] for share in range(1, 10)]
    for _ in range(25):
        mangled = bytearray(data)
        for at in random.integers(0, len(data), 12):
            mangled[at] = random.integers(0, 256)
        cases.append(bytes(mangled))
    for case in cases:
        path.write_bytes(case)
        try:
            loaded = load_image(path, limits=replace(LIMITS, image_pixels=1_000_000))
        except SynthError:
            refused += 1
        else:
            assert loaded.pixels.dtype == np.uint8
            assert loaded.pixels.ndim == 3
    assert refused >= 5


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"%PDF-1.7\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x00\x00\x01\x00" + b"\0" * 60,
        b"P6 9 9 255 " + b"\0" * 243,
    ],
)
def test_what_is_not_a_listed_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(InvalidMedia):
        load_image(path)


def test_pipes_folders_devices_and_missing_files_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", tmp_path, Path("/dev/zero"), tmp_path / "gone.png"):
        with pytest.raises(InvalidMedia):
            load_image(path)
    with pytest.raises(InvalidMedia):
        load_image("nul\0byte.png")


def test_the_error_shows_no_path_of_the_server(tmp_path: Path) -> None:
    with pytest.raises(InvalidMedia) as caught:
        load_image(tmp_path / "gone.png")
    assert str(tmp_path) not in str(caught.value)


def test_nothing_but_pixels_comes_out(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "CANARY description"
    exif.get_ifd(0x8825)[2] = (48.0, 12.0, 30.0)
    path = tmp_path / "p.jpg"
    Image.new("RGB", (16, 16)).save(path, exif=exif, comment=b"CANARY comment", xmp=b"<CANARY/>")
    assert b"CANARY" in path.read_bytes()
    loaded = load_image(path)
    assert "CANARY" not in repr((loaded.notes, loaded.source_format, loaded.source_mode))
    assert {name for name in vars(loaded)} == {
        "pixels",
        "source_format",
        "source_mode",
        "had_alpha",
        "notes",
    }


def test_many_threads_load_at_once_under_their_own_limits(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    Image.new("RGB", (40, 40)).save(path)

    def load(index: int) -> bool:
        limits = replace(LIMITS, image_pixels=1600 if index % 2 else 1599)
        try:
            return load_image(path, limits=limits).width == 40
        except LimitExceeded:
            return False

    before = Image.MAX_IMAGE_PIXELS
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(load, range(64)))
    assert results == [bool(index % 2) for index in range(64)]
    assert before == Image.MAX_IMAGE_PIXELS
