"""Styles as files: a look or a LoRA in a ``.safetensors``, with what its maker says of it.

What a LoRA fits is told by its tensors (``synth.style.files_lora``). All else that a file says of
itself are texts of a stranger: cut short, made printable, shown, and never acted upon but for the
advised strength, which is held within the limits.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from PIL import Image

from synth.control import CancelToken
from synth.errors import InvalidInstruction, InvalidMedia, SynthError
from synth.json_text import read_json
from synth.style.files_header import Header, check_values, open_safetensors, read_header
from synth.style.files_lora import base_told, lora_shape
from synth.style.model import GEOMETRIC_BASE, LOOK_SCHEMA, USUAL_STRENGTH, StyleFile
from synth.style.tags import LEAST_STRENGTH, MOST_STRENGTH

CUBE: Final = "cube"
"""The tensor that makes a file a look."""

MOST_THUMBNAIL: Final = 64_000
"""Largest picture in a file, bytes."""

THUMBNAIL_SIDE: Final = 512
"""Longest side of such a picture, pixels."""

_JPEG: Final = "data:image/jpeg;base64,"
_LONGEST: Final = 200
_MOST_TOLD: Final = 40
_TOLD: Final = {
    "ss_steps": "steps", "ss_max_train_steps": "steps", "ss_learning_rate": "learning rate",
    "ss_num_train_items": "references", "ss_network_dim": "rank", "ss_network_alpha": "alpha",
    "ss_optimizer": "optimiser", "ss_training_comment": "comment",
    "modelspec.author": "author", "modelspec.date": "date", "modelspec.usage_hint": "hint",
}  # fmt: skip
"""Keys that trainers write (kohya's ``ss_``, Stability's ``modelspec``), and how they are shown."""


def read_style(
    path: str | os.PathLike[str], *, values: bool = True, cancel: CancelToken | None = None
) -> StyleFile:
    """What a style's file is.

    Args:
        path: a ``.safetensors`` file.
        values: also read every number and see that it is finite: a second for a gigabyte.
        cancel: stops that.

    Raises:
        InvalidMedia: it is no such file, not sound, not whole, or neither a look nor a LoRA.
        LimitExceeded: it is larger than ``LIMITS.style_bytes``.
        Cancelled: ``cancel`` was set.
    """
    place = Path(path)
    with open_safetensors(place) as file:
        header = read_header(file, place.name)
        found = _told(place, header)
        if values:
            check_values(file, header, place.name, cancel)
    return found


def style_metadata(
    *,
    base: str,
    title: str = "",
    strength: float = USUAL_STRENGTH,
    triggers: Sequence[str] = (),
    licence: str = "",
    trained: Mapping[str, str] | None = None,
    thumbnail: bytes | None = None,
) -> dict[str, str]:
    """The texts of a style's header that ``read_style`` reads back.

    Keys are those of Stability's ModelSpec (https://github.com/Stability-AI/ModelSpec) where it has
    one, so that other programs show them too; a writer adds whatever else its kind needs.

    Raises ``InvalidInstruction`` for a strength outside of the limits and for a thumbnail that is
    no small JPEG.
    """
    if not (math.isfinite(strength) and LEAST_STRENGTH <= strength <= MOST_STRENGTH):
        raise InvalidInstruction(
            f"The advised strength is {strength:g}; it must be from {LEAST_STRENGTH:g} to "
            f"{MOST_STRENGTH:g}."
        )
    texts = {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.architecture": base if base == GEOMETRIC_BASE else f"{base}/lora",
        "modelspec.title": title,
        "modelspec.license": licence,
        "modelspec.trigger_phrase": ", ".join(triggers),
        "motion_synth.base": base,
        "motion_synth.strength": f"{strength:g}",
    }
    if trained:
        texts["motion_synth.trained"] = json.dumps(dict(trained), ensure_ascii=False)
    if thumbnail is not None:
        if not _is_small_jpeg(thumbnail):
            raise InvalidInstruction(
                f"The thumbnail is no JPEG of at most {MOST_THUMBNAIL:,} bytes and "
                f"{THUMBNAIL_SIDE} pixels. Make it smaller."
            )
        texts["modelspec.thumbnail"] = _JPEG + base64.b64encode(thumbnail).decode()
    return {key: text for key, text in texts.items() if text}


def _told(path: Path, header: Header) -> StyleFile:
    texts = header.metadata
    common: dict[str, Any] = {
        "path": path,
        "name": shown(path.stem),
        "strength": _strength(texts.get("motion_synth.strength", "")),
        "triggers": _triggers(texts),
        "licence": shown(texts.get("modelspec.license", "")),
        "title": shown(texts.get("modelspec.title") or texts.get("ss_output_name") or path.stem),
        "trained": _trained(texts),
        "thumbnail": _thumbnail(texts.get("modelspec.thumbnail", "")),
    }
    if texts.get("schema", "").startswith("motion-synth.look/") and CUBE in header.tensors:
        if texts["schema"] != LOOK_SCHEMA:
            raise InvalidMedia(
                f"The look {path.name!r} was made by a later version ({shown(texts['schema'])}); "
                f"this one reads {LOOK_SCHEMA}. Update, or learn it again."
            )
        return StyleFile(kind="look", base=GEOMETRIC_BASE, **common)
    try:
        shape = lora_shape(header.tensors)
    except ValueError as error:
        raise InvalidMedia(f"The LoRA {path.name!r} {error}. Download or save it again.") from None
    if shape is None:
        raise InvalidMedia(
            f"{path.name!r} holds neither a look nor a LoRA: none of its {len(header.tensors):,} "
            "tensors is named like part of one. Whole models go elsewhere."
        )
    told = next(
        (
            base
            for key in ("motion_synth.base", "modelspec.architecture", "ss_base_model_version",
                        "ss_sd_model_name")
            if (base := _base(texts.get(key, ""), key))
        ),
        "",
    )  # fmt: skip
    bases = shape.bases
    if told and (told in bases or not bases):
        return StyleFile(kind="lora", base=told, rank=shape.rank, **common)
    return StyleFile(
        kind="lora", base=bases[0] if bases else "", also=bases[1:], rank=shape.rank, **common
    )


def shown(text: str, longest: int = _LONGEST) -> str:
    """A stranger's text as it may stand on a screen: one line, printable, not long."""
    kept = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * longest]).split())
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


def _base(text: str, key: str) -> str:
    if key == "motion_synth.base":
        return shown(text, 40)
    return base_told(text)


def _strength(text: str) -> float:
    try:
        value = float(text[:40])
    except ValueError:
        return USUAL_STRENGTH
    sound = math.isfinite(value) and LEAST_STRENGTH <= value <= MOST_STRENGTH
    return value if sound else USUAL_STRENGTH


def _triggers(texts: Mapping[str, str]) -> tuple[str, ...]:
    words = texts.get("modelspec.trigger_phrase", "")[:2000].split(",")
    return tuple(dict.fromkeys(word for one in words if (word := shown(one, 80))))[:16]


def _trained(texts: Mapping[str, str]) -> dict[str, str] | None:
    told: dict[str, str] = {}
    with contextlib.suppress(SynthError):
        values = read_json(texts.get("motion_synth.trained", "{}"), most_items=400)
        if isinstance(values, dict):
            told = {
                shown(key, 60): shown(value)
                for key, value in list(values.items())[:_MOST_TOLD]
                if isinstance(value, str)
            }
    for key, name in _TOLD.items():
        if name not in told and (text := shown(texts.get(key, ""))):
            told[name] = text
    return told or None


def _thumbnail(text: str) -> bytes | None:
    if not text.startswith(_JPEG) or len(text) > len(_JPEG) + MOST_THUMBNAIL * 4 // 3 + 8:
        return None
    try:
        data = base64.b64decode(text[len(_JPEG) :], validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if _is_small_jpeg(data) else None


def _is_small_jpeg(data: bytes) -> bool:
    if len(data) > MOST_THUMBNAIL or not data.startswith(b"\xff\xd8\xff"):
        return False
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            if max(image.size) > THUMBNAIL_SIDE:
                return False
            image.load()
    except Exception:  # Pillow raises OSError, ValueError, SyntaxError and more
        return False
    return True
