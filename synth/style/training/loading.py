"""From settings to a base that can be trained on: which weights, and who speaks to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from synth.backends.families import Family, families
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, Unavailable
from synth.media.hub_file import brief
from synth.style.training.base_others import CogBase, LtxBase
from synth.style.training.base_wan import WanBase
from synth.style.training.bases import TrainingBase
from synth.style.training.settings import TrainingSettings

_FROM_WORDS: Final = {
    "wan2.1": ("WanPipeline", "Wan-AI/Wan2.1-T2V-14B-Diffusers"),
    "wan2.2": ("WanPipeline", "Wan-AI/Wan2.2-T2V-A14B-Diffusers"),
    "wan2.2-5b": ("WanPipeline", "Wan-AI/Wan2.2-TI2V-5B-Diffusers"),
    "wan-vace": ("WanPipeline", "Wan-AI/Wan2.1-T2V-1.3B-Diffusers"),
    "wan-vace-14b": ("WanPipeline", "Wan-AI/Wan2.1-T2V-14B-Diffusers"),
    "ltx": ("LTXPipeline", "Lightricks/LTX-Video"),
    "cogvideox": ("CogVideoXPipeline", "zai-org/CogVideoX-5b"),
    "cogvideox1.5": ("CogVideoXPipeline", "zai-org/CogVideoX1.5-5B"),
}
"""Class and weights that draw from words alone, of the same architecture as the family's own."""

_ANY: Final = "DiffusionPipeline"
_KINDS: Final = (("Wan", WanBase), ("LTX", LtxBase), ("CogVideoX", CogBase))
"""How the names of a family's pipelines begin."""


def trained_family(name: str) -> Family:
    """A family that styles can be trained for, as what draws from words alone.

    Raises ``InvalidInstruction`` for one that training does not serve.
    """
    known = _FROM_WORDS.get(name)
    for family in families():
        if known is not None and family.name == name:
            return replace(family, pipeline=known[0], model=known[1])
    raise InvalidInstruction(
        f"Styles cannot be trained for {name!r} here. Choose one of {', '.join(_FROM_WORDS)}."
    )


def base_of(pipe: Any, family: Family) -> TrainingBase:
    """A loaded pipeline as something to train on; also one that takes a picture or a guide.

    Raises ``InvalidInstruction`` for a pipeline that is not of the family.
    """
    name = type(pipe).__name__
    kind = next(
        (made for start, made in _KINDS if name.startswith(start) and "LTX2" not in name), None
    )
    base = None if kind is None else kind(pipe, family)
    if (
        base is None
        or kind is not _kind(family)
        or (len(base.experts) == 2) != (family.base == "wan2.2-14b")
    ):
        raise InvalidInstruction(
            f"The model is a {name} and no {family.title}. Choose its own family: "
            f"{', '.join(_FROM_WORDS)}; others cannot be trained here."
        )
    return base


def load_base(
    settings: TrainingSettings,
    *,
    token: str | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> TrainingBase:
    """Load what settings ask for onto the CPU, from the Hub or its cache.

    Raises ``Unavailable`` where packages or weights cannot be had, ``InvalidInstruction`` for
    weights of another family, and ``Cancelled``.
    """
    from synth.backends.local.machine import dtypes, missing_packages, real_machine
    from synth.backends.local.weights import find_weights

    lacking = missing_packages()
    if lacking:
        raise Unavailable(lacking)
    import diffusers

    family = trained_family(settings.family)
    watcher = cancel or CancelToken()
    try:
        weights = find_weights(
            family, settings.model, token=token, cancel=watcher, progress=progress
        )
    except InvalidInstruction:
        if not settings.model:
            raise
        # A repository of the family that takes a picture serves as well: the picture is left out.
        family = next(one for one in families() if one.name == settings.family)
        weights = find_weights(
            family, settings.model, token=token, cancel=watcher, progress=progress
        )
    watcher.check()
    progress(Progress(f"Loading {family.title}"))
    # The repository itself says which of the family's pipelines it holds.
    kind: Any = getattr(diffusers, _ANY)
    machine = real_machine()
    if settings.device == "cpu":
        machine = replace(machine, device="cpu")
    try:
        pipe = kind.from_pretrained(
            str(weights.folder), dtype=dtypes(machine), local_files_only=True,
            use_safetensors=True,
        )  # fmt: skip
    except Exception as error:
        raise Unavailable(
            f"The weights {weights.name} cannot be loaded: {brief(error)}. They may be incomplete; "
            "delete them from the Hub's cache and try again."
        ) from error
    return base_of(pipe, family)


def _kind(family: Family) -> type[TrainingBase]:
    if family.wording == "wan":
        return WanBase
    return LtxBase if family.name == "ltx" else CogBase
