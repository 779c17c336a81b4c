"""From whatever a picture file stores (CMYK, 16-bit, palettes, profiles, alpha) to sRGB pixels."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_MODES_OF_SPACE = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "LAB": "LAB"}
"""What Pillow mode a profile's colour space (ICC.1:2022, table 19) describes."""


@dataclass(frozen=True)
class Flattened:
    """Opaque sRGB pixels and how they came about."""

    pixels: NDArray[np.uint8]
    """Shape (H, W, 3)."""
    had_alpha: bool
    """Whether any pixel let the background through."""
    notes: tuple[str, ...]
    """What the user should know."""


def to_srgb(image: Image.Image, background: tuple[int, int, int]) -> Flattened:
    """Convert a loaded picture of any mode to opaque sRGB.

    Raises ``ValueError`` for a mode nobody knows how to show; Pillow's own errors pass through.
    """
    notes: list[str] = []
    profile = image.info.get("icc_profile")
    if image.mode == "F" or image.mode.startswith("I"):
        colour = Image.fromarray(_to_8_bit(image, notes))
        alpha = None
    else:
        colour, alpha = _split_alpha(image)
    rgb = _convert(colour, profile, notes)
    pixels = np.array(rgb, dtype=np.uint8)
    had_alpha = False
    if alpha is not None:
        coverage = np.asarray(alpha, dtype=np.uint8)
        had_alpha = bool((coverage != 255).any())
        if had_alpha:
            pixels = over(pixels, coverage, background)
            notes.append(
                "The picture has see-through parts; they are laid over "
                f"rgb({background[0]}, {background[1]}, {background[2]})."
            )
    return Flattened(pixels, had_alpha, tuple(notes))


def over(
    pixels: NDArray[np.uint8], coverage: NDArray[np.uint8], background: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """Lay ``pixels`` (H, W, 3) over ``background`` with ``coverage`` (H, W), 255 opaque.

    Blends the encoded values, as browsers and paint programs do; exact to half a level.
    """
    under = np.asarray(background, dtype=np.uint32)
    result = np.empty_like(pixels)
    for top in range(0, pixels.shape[0], 256):  # strips keep the wide intermediates small
        a = coverage[top : top + 256, :, None].astype(np.uint32)
        result[top : top + 256] = (pixels[top : top + 256] * a + under * (255 - a) + 127) // 255
    return result


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The picture without transparency, and its 8-bit coverage if it has any."""
    mode = image.mode
    if mode in ("La", "RGBa"):  # premultiplied
        image = image.convert(mode.upper())
        mode = image.mode
    if mode in ("P", "PA", "1", "L", "RGB") and (mode == "PA" or "transparency" in image.info):
        image = image.convert("RGBA")
        mode = "RGBA"
    if mode == "RGBA":
        return image.convert("RGB"), image.getchannel("A")
    if mode == "LA":
        return image.convert("L"), image.getchannel("A")
    if mode in ("P", "RGBX", "YCbCr", "HSV"):
        return image.convert("RGB"), None
    if mode == "1":
        return image.convert("L"), None
    if mode in ("L", "RGB", "CMYK", "LAB"):
        return image, None
    raise ValueError(f"pixels of the kind {mode!r} are not understood")


def _convert(colour: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """To sRGB through the embedded profile, or by the plain formulas when there is none."""
    if profile:
        try:
            return _through_profile(colour, profile)
        except Exception as error:  # a profile is an untrusted file of its own
            text = str(error).strip() or type(error).__name__
            notes.append(
                f"The colour profile in the file cannot be used ({text[:120]}); "
                "the colours are taken as sRGB."
            )
    if colour.mode == "CMYK":
        notes.append("CMYK inks were turned into RGB without a profile; colours are approximate.")
    if colour.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(colour, lab, srgb, outputMode="RGB")
        assert converted is not None
        return converted
    return colour.convert("RGB")


def _through_profile(colour: Image.Image, profile: bytes) -> Image.Image:
    """Convert with LittleCMS, relative colorimetric with black-point compensation."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space: str = source.profile.xcolor_space.strip()  # type: ignore[union-attr]
    mode = _MODES_OF_SPACE.get(space)
    if mode is None:
        raise ValueError(f"it describes {space}")
    if mode == "RGB" and "srgb" in (ImageCms.getProfileDescription(source) or "").lower():
        return colour.convert("RGB")
    if colour.mode != mode and (colour.mode, mode) != ("L", "RGB"):
        raise ValueError(f"it describes {space}, the picture is {colour.mode}")
    converted = ImageCms.profileToProfile(
        colour if colour.mode == mode else colour.convert(mode),
        source,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None
    return converted


def _to_8_bit(image: Image.Image, notes: list[str]) -> NDArray[np.uint8]:
    """Grey of more than 8 bits, scaled over its whole range; shape (H, W)."""
    unit = to_unit(image, notes)
    return np.rint(unit * 255).astype(np.uint8)


def to_unit(image: Image.Image, notes: list[str]) -> NDArray[np.float32]:
    """Grey of mode I;16*, I or F as float32 (H, W) in [0, 1], all its precision kept.

    16-bit values are divided by 65535. Whole numbers beyond that, and floats beyond [0, 1], have
    no agreed white, so their own extremes become black and white, with a note.
    """
    if image.mode.startswith("I;16"):
        return _sixteen_bits(image).astype(np.float32) / np.float32(65535)
    values = np.array(image, dtype=np.float64)
    finite = np.isfinite(values)
    if not finite.all():
        notes.append("The picture holds values that are not numbers; they are shown black.")
        lowest = values[finite].min() if finite.any() else 0.0
        values = np.where(finite, values, lowest)
    low, high = float(values.min()), float(values.max())
    if image.mode == "I" and low >= 0 and high <= 65535:
        return (values / 65535).astype(np.float32)
    if image.mode == "F" and low >= 0 and high <= 1:
        return values.astype(np.float32)
    notes.append(f"Values from {low:g} to {high:g} were stretched from black to white.")
    return ((values - low) / max(high - low, 1e-300)).astype(np.float32)


def _sixteen_bits(image: Image.Image) -> NDArray[np.uint16]:
    """Mode I;16, I;16L, I;16B or I;16N as native uint16 (H, W)."""
    if image.mode in ("I;16", "I;16N"):
        return np.asarray(image).astype(np.uint16)
    order = "<u2" if image.mode == "I;16L" else ">u2"
    values = np.frombuffer(image.tobytes(), dtype=order)
    return values.reshape(image.height, image.width).astype(np.uint16)
