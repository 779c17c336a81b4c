"""Trained styles on a pipeline: checked, laid on, and taken off again without a trace."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from synth.backends.families import Family, families
from synth.backends.protocol import LoraUse
from synth.control import CancelToken
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded, SynthError
from synth.limits import LIMITS
from synth.media.hub_file import brief

_BASE_KEY: Final = "motion_synth.base"
_HALVES: Final = (("_high_noise", "_low_noise"), ("-high-noise", "-low-noise"))
"""How the two files of a style for two transformers are told apart: first noise, then detail."""
_DOWN: Final = (".lora_A.weight", ".lora.down.weight", ".lora_down.weight")
_UP: Final = (".lora_B.weight", ".lora.up.weight", ".lora_up.weight")


@dataclass(frozen=True)
class _Layer:
    """Which file goes on which transformer."""

    transformer: str
    path: Path


def check_loras(loras: Sequence[LoraUse], family: Family) -> None:
    """What can be told of styles before anything is loaded: files, sizes, bases they name.

    Raises ``InvalidMedia``, ``LimitExceeded`` or ``InvalidInstruction``.
    """
    for use in loras:
        # Without this, a missing file is looked for on the Hub, and the error speaks of that.
        if not os.path.isfile(use.path):
            raise InvalidMedia(
                f"The style {use.path.name!r} is not there any more. Choose it again."
            )
        if use.path.suffix.lower() != ".safetensors":
            raise InvalidMedia(f"The style {use.path.name!r} is not a .safetensors file.")
        if use.path.stat().st_size > LIMITS.style_bytes:
            raise LimitExceeded(
                f"The style {use.path.name!r} has {use.path.stat().st_size / 1e9:.1f} GB; the "
                f"limit is {LIMITS.style_bytes / 1e9:.1f} GB."
            )
        told = _metadata(use.path).get(_BASE_KEY, "")
        known = {one.base for one in families()}
        if told in known and told != family.base:
            raise _other_base(use.path.name, family, f"it was made for {told}")


@contextmanager
def obeyed(
    pipe: Any,
    loras: Sequence[LoraUse],
    family: Family,
    *,
    cancel: CancelToken | None = None,
) -> Iterator[tuple[str, ...]]:
    """While this is open, a pipeline paints in some styles; afterwards it is as it was.

    A style of strength 0 is checked and not laid on, so that the frames are bit-identical to those
    without it. On a pipeline of two transformers a style goes on both, and a pair of files whose
    names differ in ``_high_noise`` and ``_low_noise`` is laid on one each.

    Args:
        pipe: of diffusers, with no other adapters on it.
        loras: what to obey, the strengths as they are.
        family: of the pipeline, for what is said.
        cancel: looked at between files.

    Yields:
        What the user should know, in sentences: parts of a style that the model does not have.

    Raises:
        InvalidMedia: no sound file, or numbers that are not finite.
        InvalidInstruction: made for another model.
        LimitExceeded: too large.
        Cancelled: when asked to stop.
    """
    check_loras(loras, family)
    notes: list[str] = []
    names: dict[str, list[str]] = {}
    weights: dict[str, list[float]] = {}
    try:
        for index, use in enumerate(loras):
            for layer in _layers(pipe, use.path):
                if cancel is not None:
                    cancel.check()
                note = _laid(pipe, layer, f"style_{index}", family, use.strength)
                if note and note not in notes:
                    notes.append(note)
                if use.strength != 0.0:
                    names.setdefault(layer.transformer, []).append(f"style_{index}")
                    weights.setdefault(layer.transformer, []).append(use.strength)
        for part, here in names.items():
            getattr(pipe, part).set_adapters(here, weights[part])
        yield tuple(notes)
    finally:
        _taken_off(pipe)


def _layers(pipe: Any, path: Path) -> list[_Layer]:
    parts = [
        part for part in ("transformer", "transformer_2") if getattr(pipe, part, None) is not None
    ]
    pair = _pair(path)
    if len(parts) == 1:
        # The transformer of detail is nearest to a model that has only one.
        return [_Layer(parts[0], path if pair is None else pair[1])]
    if pair is not None:
        return [_Layer(part, one) for part, one in zip(parts, pair, strict=True)]
    return [_Layer(part, path) for part in parts]


def _pair(path: Path) -> tuple[Path, Path] | None:
    """The two files of a style for two transformers, where this is one of them."""
    for first, second in _HALVES:
        for mine, other in ((first, second), (second, first)):
            if mine in path.stem:
                partner = path.with_name(path.name.replace(mine, other))
                if partner.is_file():
                    return (path, partner) if mine == first else (partner, path)
    return None


def _laid(pipe: Any, layer: _Layer, name: str, family: Family, strength: float) -> str:
    """Check a file against a transformer and lay it on; what the user should know of it."""
    path, shown = layer.path, layer.path.name
    transformer = getattr(pipe, layer.transformer)
    _check_finite(path)
    try:
        # Given as folder and name, because a whole path is looked for on the Hub when offline.
        state, metadata = pipe.lora_state_dict(
            str(path.parent), weight_name=path.name, local_files_only=True,
            use_safetensors=True, return_lora_metadata=True,
        )  # fmt: skip
    except Exception as error:
        raise InvalidMedia(
            f"The style {shown!r} has parts that {family.title} cannot read ({brief(error)}). "
            "Save it in the layout of diffusers or ComfyUI."
        ) from error
    if any(key.startswith("transformer_2.") for key in state):
        mine = f"{layer.transformer}."
        state = {
            f"transformer.{key.removeprefix(mine)}": value
            for key, value in state.items()
            if key.startswith(mine)
        }
    fits, others = _fit(state, transformer)
    if not fits:
        raise _other_base(
            shown, family, f"of its {others} parts none has this model's name and size"
        )
    if _misfits(state, transformer):
        raise _other_base(shown, family, "its parts have other sizes")
    if strength == 0.0:
        return ""
    try:
        expand = getattr(pipe, "_maybe_expand_t2v_lora_for_i2v", None)
        if expand is not None:
            state = expand(transformer=transformer, state_dict=state)
        pipe.load_lora_into_transformer(
            {key: value for key, value in state.items() if key.startswith("transformer.")},
            transformer=transformer, adapter_name=name, metadata=metadata, _pipeline=pipe,
        )  # fmt: skip
    except SynthError:
        raise
    except Exception as error:
        raise _other_base(shown, family, brief(error)) from error
    if not others:
        return ""
    return (
        f"{others} of the {fits + others} parts of the style {shown!r} are for something that "
        f"{family.title} does not have; they were left out."
    )


def _modules(state: Mapping[str, Any], endings: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for key, value in state.items():
        for ending in endings:
            if key.endswith(ending):
                found[key.removesuffix(ending)] = value
    return found


def _fit(state: Mapping[str, Any], transformer: Any) -> tuple[int, int]:
    """How many parts of a style the transformer has, and how many it has not."""
    there = {name for name, _ in transformer.named_modules()}
    parts = _modules(state, _DOWN)
    fits = sum(
        name.startswith("transformer.") and name.removeprefix("transformer.") in there
        for name in parts
    )
    return fits, len(parts) - fits


def _misfits(state: Mapping[str, Any], transformer: Any) -> bool:
    """Whether a part of a style has other widths than the layer of its name."""
    layers = dict(transformer.named_modules())
    ups = _modules(state, _UP)
    for name, down in _modules(state, _DOWN).items():
        weight = getattr(layers.get(name.removeprefix("transformer.")), "weight", None)
        if weight is None or name not in ups:
            continue
        if (down.shape[1], ups[name].shape[0]) != (weight.shape[1], weight.shape[0]):
            return True
    return False


def _metadata(path: Path) -> dict[str, str]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="np") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise _unsound(path, error) from error


def _check_finite(path: Path) -> None:
    """NaN in a style would load silently and paint nothing but black."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            for key in file.keys():  # noqa: SIM118 - no mapping
                if not bool(file.get_tensor(key).float().isfinite().all()):
                    raise InvalidMedia(
                        f"The style {path.name!r} holds numbers that are not finite (in "
                        f"{key[:80]!r}); its training broke off. Use an earlier checkpoint."
                    )
    except (SafetensorError, OSError, ValueError) as error:
        raise _unsound(path, error) from error


def _unsound(path: Path, error: Exception) -> SynthError:
    if isinstance(error, SynthError):
        return error
    return InvalidMedia(
        f"The style {path.name!r} is not a sound .safetensors file ({brief(error)}). Download or "
        "save it again."
    )


def _other_base(name: str, family: Family, why: str) -> InvalidInstruction:
    return InvalidInstruction(
        f"The style {name!r} does not fit {family.title}: {why}. Choose a style for "
        f"{family.base}, or the model that it was made for."
    )


def _taken_off(pipe: Any) -> None:
    """Take off every adapter, and the layers that carried them."""
    for part in ("transformer", "transformer_2"):
        transformer = getattr(pipe, part, None)
        if transformer is not None and getattr(transformer, "peft_config", None):
            transformer.unload_lora()
