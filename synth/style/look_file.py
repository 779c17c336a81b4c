"""A look: the colour, grain, halation and vignette of a style, as plain numbers and as a file."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from synth.errors import InvalidInstruction, InvalidMedia
from synth.grade.cube import SIZES, write_cube
from synth.grade.light import LUMA
from synth.grade.lut import Lut, identity_cube
from synth.style.files import CUBE, style_metadata
from synth.style.files_header import open_safetensors, read_floats, read_header
from synth.style.model import GEOMETRIC_BASE, LOOK_SCHEMA, StyleFile

CUBE_SIZE: Final = 33
"""Entries along the edge of a learned cube."""

LOOK_STRENGTH: Final = 1.0
"""Advised strength of a look: what was learned."""

_TEXTURE: Final = "texture"
_MOST_BYTES: Final = 16_000_000


def _at_rest() -> NDArray[np.float32]:
    return identity_cube(2)


@dataclass(frozen=True)
class Texture:
    """What a style adds to pictures beside colour; all 0 is nothing."""

    grain: float = 0.0
    """Levels of 255 that middle tones waver by, root of the mean square, 0 to 40."""
    grain_size: float = 0.7
    """How coarse it is: standard deviation of its blur, pixels of a frame 1080 high, 0.2 to 4."""
    halation: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Light that bright parts spread over what is beside them, in red, green, blue, 0 to 1."""
    halation_size: float = 0.012
    """How far it spreads: standard deviation in frame heights, 0.002 to 0.1."""
    vignette: float = 0.0
    """How much darker the corners are, share of the encoded value, -0.5 to 0.9."""

    @property
    def nothing(self) -> bool:
        """Whether no picture changes."""
        return not (self.grain or any(self.halation) or self.vignette)

    def problems(self) -> str:
        """The first number that is out of its bounds, in words; "" where all are sound."""
        bounds = {
            "grain": (self.grain, 0, 40),
            "grain size": (self.grain_size, 0.2, 4),
            "halation": (min(self.halation), 0, 1),
            "halation's most": (max(self.halation), 0, 1),
            "halation size": (self.halation_size, 0.002, 0.1),
            "vignette": (self.vignette, -0.5, 0.9),
        }
        for name, (value, low, high) in bounds.items():
            if not (math.isfinite(value) and low <= value <= high):
                return f"its {name} is {value:g}, outside of {low:g} to {high:g}"
        return ""


@dataclass(frozen=True, eq=False)
class Look:
    """A style that the geometric backend obeys."""

    cube: NDArray[np.float32] = field(default_factory=_at_rest)
    """Colours (n, n, n, 3) by blue, green, red, as in ``Lut``; encoded sRGB in and out, 0 to 1."""
    texture: Texture = Texture()
    name: str = ""
    """What tags call it."""

    def lut(self, strength: float = 1.0) -> Lut:
        """Its colours as a table, at a strength of 0 to 2; 0 gives what it gets.

        Beyond 1, colours that were taken away stop at grey and do not become their opposites.
        """
        still = identity_cube(len(self.cube))
        mixed = np.asarray(still + strength * (self.cube - still), np.float32)
        if strength > 1:
            mixed = _not_turned_over(still, self.cube, mixed)
        mixed = np.clip(mixed, 0.0, 1.0)
        return Lut(cube=np.ascontiguousarray(mixed, np.float32), title=self.name)


def _not_turned_over(
    before: NDArray[np.float32], learned: NDArray[np.float32], beyond: NDArray[np.float32]
) -> NDArray[np.float32]:
    """``beyond``, with no more of a colour's opposite in it than the look itself puts there.

    All are encoded colours (..., 3).
    """
    luma = np.array(LUMA, np.float32)

    def colourful(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(values - (values @ luma)[..., None], np.float32)

    own, aimed, reached = (colourful(values) for values in (before, learned, beyond))
    size = np.maximum((own * own).sum(axis=-1), 1e-9)
    least = np.minimum((aimed * own).sum(axis=-1), 0.0)
    short = np.maximum(least - (reached * own).sum(axis=-1), 0.0)
    return np.asarray(beyond + (short / size)[..., None] * own, np.float32)


@dataclass(frozen=True, eq=False)
class LearnedLook:
    """A look, and how it was learned."""

    look: Look
    before: float
    """How far held-out frames of the style are from ungraded ones, mean ΔE2000 where both show the
    same, else root mean square distance of the distributions in OKLab times 100."""
    after: float
    """The same distance once the look was laid on the ungraded ones."""
    paired: bool
    """Whether the ungraded frames showed the same as those of the style."""
    clips: int
    """Clips that it was learned from."""
    notes: tuple[str, ...] = ()
    """What the user should know, in sentences."""
    thumbnail: bytes | None = None
    """A bundled example in the look, a small JPEG."""

    @property
    def trained(self) -> dict[str, str]:
        """How it was made, for its file."""
        kind = "frames before and after the grade" if self.paired else "colours of all clips"
        return {
            "references": str(self.clips),
            "learned from": kind,
            "distance before": f"{self.before:.2f}",
            "distance after": f"{self.after:.2f}",
        }


def save_look(
    look: Look | LearnedLook,
    path: str | os.PathLike[str],
    *,
    title: str = "",
    licence: str = "",
    trained: Mapping[str, str] | None = None,
    thumbnail: bytes | None = None,
) -> tuple[Path, Path]:
    """Write a look as ``.safetensors`` and its colours as a ``.cube`` beside it.

    Args:
        look: what to write; a learned one brings its story and thumbnail along.
        path: the file, ending in ``.safetensors``; each file appears complete or not at all.
        title: for people; the look's name if left out.
        licence: of the style.
        trained: how it was made.
        thumbnail: a small JPEG.

    Returns:
        Both paths.

    Raises ``InvalidInstruction`` for another ending, a folder that is not there, and a thumbnail
    that is no small JPEG.
    """
    if isinstance(look, LearnedLook):
        trained = trained or look.trained
        thumbnail = thumbnail or look.thumbnail
        look = look.look
    target = Path(path)
    if target.suffix != ".safetensors":
        raise InvalidInstruction(f"A look is kept as .safetensors, not as {target.suffix!r:.20}.")
    if not target.absolute().parent.is_dir():
        raise InvalidInstruction(
            f"The folder {target.absolute().parent.name!r} does not exist. Create it first."
        )
    texture = look.texture
    numbers = [
        texture.grain, texture.grain_size, *texture.halation, texture.halation_size,
        texture.vignette,
    ]  # fmt: skip
    tensors = {
        CUBE: np.ascontiguousarray(look.cube, np.float32),
        _TEXTURE: np.array(numbers, np.float32),
    }
    texts = style_metadata(
        base=GEOMETRIC_BASE, title=title or look.name, strength=LOOK_STRENGTH, licence=licence,
        trained=trained, thumbnail=thumbnail,
    )  # fmt: skip
    partial = target.with_name(f".motion-synth-{secrets.token_hex(8)}.part")
    cube = target.with_suffix(".cube")
    try:
        partial.write_bytes(save(tensors, texts | {"schema": LOOK_SCHEMA}))
        write_cube(look.lut(), cube)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target, cube


def read_look(file: StyleFile) -> Look:
    """The look in a file that ``read_style`` found to be one.

    Raises ``InvalidInstruction`` for a LoRA and ``InvalidMedia`` where its numbers are not sound.
    """
    if file.kind != "look":
        raise InvalidInstruction(
            f"The style {file.name!r} is a LoRA, which only a model can obey; this needs a look."
        )
    name = file.path.name

    def wrong(said: str) -> InvalidMedia:
        return InvalidMedia(f"The look {name!r} is not sound: {said}. Learn or save it again.")

    with open_safetensors(file.path) as opened:
        if os.fstat(opened.fileno()).st_size > _MOST_BYTES:
            raise wrong(f"it has more than {_MOST_BYTES / 1e6:.0f} MB")
        header = read_header(opened, name)
        try:
            cube = read_floats(opened, header, CUBE)
            numbers = read_floats(opened, header, _TEXTURE)
        except KeyError as error:
            raise wrong(f"it has no numbers for its {error.args[0]}") from None
    low, high = SIZES["LUT_3D_SIZE"]
    size = len(cube) if cube.ndim else 0
    if cube.shape != (size, size, size, 3) or not low <= size <= high:
        raise wrong(f"its cube is {'x'.join(map(str, cube.shape))}")
    if not (np.isfinite(cube).all() and cube.min() >= -1e-3 and cube.max() <= 1 + 1e-3):
        raise wrong("its colours are not from 0 to 1")
    if numbers.shape != (7,):
        raise wrong(f"its texture has {numbers.size} numbers")
    values: list[Any] = [round(float(value), 7) for value in numbers]
    texture = Texture(values[0], values[1], (values[2], values[3], values[4]), values[5], values[6])
    if said := texture.problems():
        raise wrong(said)
    return Look(np.clip(cube, 0.0, 1.0), texture, file.name)
