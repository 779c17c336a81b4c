"""The few weights that are trained: put beside a model's layers, read out, and taken away again.

Low-rank adaptation (Hu et al., "LoRA", ICLR 2022, https://arxiv.org/abs/2106.09685), by peft.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from synth.style.training.bases import Expert
from synth.style.training.noise import seed_for
from synth.style.training.settings import TrainingSettings

if TYPE_CHECKING:
    import torch

ADAPTER: Final = "style"
"""What peft calls it."""

_ATTENTION: Final = ("to_q", "to_k", "to_v", r"to_out\.0")
_FORWARD: Final = (r"ffn?\.net\.0\.proj", r"ffn?\.net\.2")


class Adapter:
    """The trained weights of one expert."""

    def __init__(self, expert: Expert, settings: TrainingSettings) -> None:
        """Put them in: the first matrix random from the seed, the second zero, both float32."""
        import torch
        from peft import LoraConfig

        self.expert = expert
        self._model = expert.model
        layers = _ATTENTION + (() if settings.targets == "attention" else _FORWARD)
        alpha: Any = settings.true_alpha  # peft divides; it need not be whole
        # Only a model's own blocks: a guide's blocks beside them are not asked in training.
        pattern = rf"(?:transformer_)?blocks\.\d+\.(?:.+\.)?(?:{'|'.join(layers)})"
        self.config = LoraConfig(
            r=settings.rank, lora_alpha=alpha, target_modules=pattern,
            init_lora_weights=True, lora_dropout=0.0, bias="none",
        )  # fmt: skip
        self._wanted = [p for p in self._model.parameters() if p.requires_grad]
        self._model.requires_grad_(False)
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(seed_for(settings.seed, "weights", expert.name))
            self._model.add_adapter(self.config, adapter_name=ADAPTER)
        for parameter in self.parameters().values():
            parameter.data = parameter.data.to(torch.float32)
            parameter.requires_grad_(True)

    def parameters(self) -> dict[str, torch.nn.Parameter]:
        """The matrices by name, always in the same order."""
        found = {
            name: parameter
            for name, parameter in self._model.named_parameters()
            if f".{ADAPTER}." in name and ".lora_" in name
        }
        return dict(sorted(found.items()))

    def weights(self) -> dict[str, torch.Tensor]:
        """The matrices as files name them: ``blocks.0.attn1.to_q.lora_A.weight``; on the CPU."""
        return {
            name.replace(f".{ADAPTER}.", "."): parameter.detach().to("cpu").clone().contiguous()
            for name, parameter in self.parameters().items()
        }

    def finite(self) -> bool:
        """Whether all of them are numbers."""
        import torch

        # One question to the device rather than one for each matrix.
        told = [torch.isfinite(one).all() for one in self.parameters().values()]
        return bool(torch.stack(told).all())

    def strength(self, value: float) -> None:
        """How strongly they act; 0 leaves the model exactly as it was."""
        if value == 0.0:
            self._model.disable_adapters()
        else:
            self._model.enable_adapters()
            self._model.set_adapters([ADAPTER], [value])

    def remove(self) -> None:
        """Take them away; the model is as before."""
        self._model.unload_lora()
        for parameter in self._wanted:
            parameter.requires_grad_(True)


@contextmanager
def adapted(experts: tuple[Expert, ...], settings: TrainingSettings) -> Iterator[list[Adapter]]:
    """Trainable weights in all experts, taken away at the end whatever happens."""
    put: list[Adapter] = []
    try:
        for expert in experts:
            put.append(Adapter(expert, settings))
        yield put
    finally:
        for adapter in put:
            adapter.remove()


def plain_config(config: Any, modules: Mapping[str, Any]) -> dict[str, Any]:
    """A peft configuration as plain values, as diffusers reads it from a file's header.

    The layers are listed by their last names: who loads the file knows no pattern of ours.
    """
    suffixes = sorted({_suffix(name) for name in modules})
    return {
        "peft_type": "LORA",
        "r": int(config.r),
        "lora_alpha": float(config.lora_alpha),
        "lora_dropout": 0.0,
        "bias": "none",
        "init_lora_weights": True,
        "use_rslora": False,
        "use_dora": False,
        "target_modules": suffixes,
    }


def _suffix(name: str) -> str:
    """``blocks.0.attn1.to_out.0.lora_A.weight`` is of ``to_out.0``."""
    parts = name.split(".lora_")[0].split(".")
    for start in ("ffn", "ff", "to_out"):
        if start in parts:
            return ".".join(parts[parts.index(start) :])
    return parts[-1]
