"""Pictures come in here: any file Pillow reads safely becomes upright sRGB pixels."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from synth.errors import InvalidMedia, LimitExceeded, SynthError
from synth.limits import LIMITS, Limits
from synth.media.image_modes import to_srgb
from synth.media.reasons import reason
from synth.media.turn import EXIF_TURNS, Turn

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "HEIF")
"""What is accepted, as Pillow names it; HEIF only where a plug-in for it is registered."""

_ANIMATED = {"GIF": "animation", "PNG": "animation", "WEBP": "animation", "AVIF": "animation"}


@dataclass(frozen=True)
class LoadedImage:
    """A picture as the rest of the program wants it."""

    pixels: NDArray[np.uint8]
    """Shape (H, W, 3): sRGB, full range, upright."""
    source_format: str
    """Pillow's name of the file format: "JPEG", "PNG"..."""
    source_mode: str
    """Pillow's name of how the file stored its pixels: "RGB", "CMYK", "I;16"..."""
    had_alpha: bool
    """Whether any pixel was see-through, and so was laid over the background."""
    notes: tuple[str, ...]
    """What was changed on the way in, in sentences for the user."""

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.pixels.shape[0]


def load_image(
    path: str | os.PathLike[str],
    *,
    background: tuple[int, int, int] = (255, 255, 255),
    limits: Limits = LIMITS,
) -> LoadedImage:
    """Read a picture file; its name and suffix do not matter, only what is in it.

    The EXIF orientation is applied once, an embedded colour profile is converted to sRGB,
    16-bit values are scaled (not clipped), transparency is laid over ``background`` (sRGB,
    0-255), and of an animation the first frame is taken; ``notes`` tells of each. Nothing but
    pixels leaves this function: no EXIF, no place, no comment.

    Raises ``LimitExceeded`` for a file with too many bytes or pixels, before its pixels are
    decoded, and ``InvalidMedia`` for anything that is not a sound picture.
    """
    with open_regular(path, limits.image_bytes, "picture") as file:
        try:
            with open_picture(file, limits) as image:
                notes: list[str] = []
                source_format, source_mode = image.format or "?", image.mode
                if getattr(image, "is_animated", False):
                    notes.extend(_several_frames(source_format))
                image.load()
                check_size(image.width, image.height, limits)
                turn = exif_turn(image, notes)
                flat = to_srgb(image, background)
        except SynthError:
            raise
        except MemoryError as error:
            raise LimitExceeded("The picture does not fit in memory. Use a smaller one.") from error
        except Exception as error:  # Pillow raises OSError, ValueError, SyntaxError and more
            raise InvalidMedia(f"The picture cannot be read: {reason(error)}") from error
    return LoadedImage(
        pixels=turn.apply(flat.pixels),
        source_format=source_format,
        source_mode=source_mode,
        had_alpha=flat.had_alpha,
        notes=(*notes, *flat.notes),
    )


def open_regular(path: str | os.PathLike[str], most_bytes: int, noun: str) -> IO[bytes]:
    """Open a plain file for reading, never a pipe or device, of 1 to ``most_bytes`` bytes.

    Raises ``InvalidMedia`` if it is missing, empty or not a plain file, ``LimitExceeded`` if it
    is too large. ``noun`` names it in messages.
    """
    name = Path(path).name
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        raise InvalidMedia(f"The {noun} {name!r} cannot be opened: {reason(error)}") from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise InvalidMedia(f"{name!r} is not a plain file. Choose a {noun} file.")
        if status.st_size == 0:
            raise InvalidMedia(f"The {noun} {name!r} is empty. Save or upload it again.")
        if status.st_size > most_bytes:
            raise LimitExceeded(
                f"The {noun} is {status.st_size / 1e6:.1f} MB; the limit is "
                f"{most_bytes / 1e6:.1f} MB. Save it smaller or compress it more."
            )
        return os.fdopen(handle, "rb")
    except SynthError:
        os.close(handle)
        raise


def open_picture(file: IO[bytes], limits: Limits) -> Image.Image:
    """Pillow's handle on the file with only its header read, within the caps.

    Raises ``LimitExceeded`` or ``InvalidMedia``, but also whatever Pillow raises.
    """
    Image.init()  # Pillow looks up only plug-ins that are loaded; this happens once
    try:
        image = Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise LimitExceeded(
            f"The picture has too many pixels; the limit is "
            f"{limits.image_pixels / 1e6:.1f} megapixels. Scale it down."
        ) from error
    except Image.UnidentifiedImageError as error:
        raise InvalidMedia(
            "This is not a picture that can be read here. "
            "Save it as JPEG, PNG, WebP, TIFF or AVIF and try again."
        ) from error
    check_size(image.width, image.height, limits)
    return image


def check_size(width: int, height: int, limits: Limits) -> None:
    """Raise ``LimitExceeded`` if a picture of this size is over the caps."""
    if width < 1 or height < 1:
        raise InvalidMedia(f"The picture is {width}x{height}: it has no pixels.")
    if width * height > limits.image_pixels:
        raise LimitExceeded(
            f"The picture is {width}x{height} ({width * height / 1e6:.1f} megapixels); the limit "
            f"is {limits.image_pixels / 1e6:.1f} megapixels. Scale it down."
        )
    if max(width, height) > limits.image_side:
        raise LimitExceeded(
            f"The picture is {width}x{height}; the limit is {limits.image_side} pixels a side. "
            "Scale it down or crop it."
        )


def _several_frames(source_format: str) -> list[str]:
    if source_format in _ANIMATED:
        return ["The file is an animation; only its first frame is used."]
    if source_format == "TIFF":
        return ["The file has several pages; only the first is used."]
    return []  # an MPO's other pictures are previews or the second eye of the same photo


def exif_turn(image: Image.Image, notes: list[str]) -> Turn:
    """What a loaded picture's EXIF orientation asks for; a broken block is noted and ignored.

    Pillow turns TIFF pictures itself while loading and then forgets the tag.
    """
    try:
        return EXIF_TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1), Turn())
    except Exception as error:  # the EXIF reader raises whatever the bytes make it raise
        notes.append(
            f"The orientation in the file cannot be read ({reason(error)}); "
            "the picture is shown as it is stored."
        )
        return Turn()
