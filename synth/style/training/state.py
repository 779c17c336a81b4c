"""A running training on disk: all that the next step depends on, whole or not at all.

One ``.safetensors`` holds the matrices and both moments of AdamW; its header holds the rest. What
is random comes from the seed and the step's number, and the learning rate from the step's number,
so the step is the state of both. A file is written beside the old one and takes its place in one
move: whatever stops the machine, one good state is there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from synth.errors import InvalidMedia

if TYPE_CHECKING:
    import torch

STATE: Final = "state.safetensors"
"""Its name in a training's folder."""

_SCHEMA: Final = "motion-synth.training/1"


@dataclass(frozen=True)
class State:
    """Where a training stands."""

    print: str
    """Of settings, references and base: a state of another training is never taken up."""
    step: int
    """Steps done."""
    learning_rate: float
    """Of the last of them."""
    tensors: dict[str, torch.Tensor]
    """Matrices and moments by expert, kind and name."""
    losses: tuple[float, ...]
    """Of every step."""
    validation: tuple[tuple[int, float], ...]
    """The curve."""


def print_of(*parts: Any) -> str:
    """One text for everything that makes a training what it is."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def save_state(state: State, folder: Path) -> Path:
    """Write a state; the one before stays until this one is whole."""
    from safetensors.torch import save

    header = {
        "schema": _SCHEMA,
        "state": json.dumps(
            {
                "print": state.print,
                "step": state.step,
                "learning_rate": state.learning_rate,
                "losses": state.losses,
                "validation": state.validation,
            }
        ),
    }
    path = folder / STATE
    write_whole(save(state.tensors, header), path)
    return path


def read_state(folder: Path) -> State | None:
    """The state in a folder; None where there is none.

    Raises ``InvalidMedia`` where it cannot be read.
    """
    from safetensors import safe_open

    path = folder / STATE
    if not path.is_file():
        return None
    try:
        with safe_open(str(path), "pt") as file:
            header = file.metadata() or {}
            if header.get("schema") != _SCHEMA:
                raise ValueError("it is of another version")
            told = json.loads(header["state"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        return State(
            str(told["print"]),
            int(told["step"]),
            float(told["learning_rate"]),
            tensors,
            tuple(float(one) for one in told["losses"]),
            tuple((int(step), float(loss)) for step, loss in told["validation"]),
        )
    except Exception as error:
        raise InvalidMedia(
            f"The state of an earlier training, {path}, cannot be read: {error}. Delete it to "
            "begin again."
        ) from error


def optimiser_tensors(
    optimiser: torch.optim.Optimizer, named: Mapping[str, torch.nn.Parameter]
) -> dict[str, torch.Tensor]:
    """Both moments and the count of every matrix that has been stepped."""
    found: dict[str, torch.Tensor] = {}
    for name, parameter in named.items():
        for key, value in optimiser.state.get(parameter, {}).items():
            found[f"{key}/{name}"] = value.detach().to("cpu").clone().contiguous()
    return found


def restore_optimiser(
    optimiser: torch.optim.Optimizer,
    named: Mapping[str, torch.nn.Parameter],
    tensors: Mapping[str, torch.Tensor],
    device: Any,
) -> None:
    """The inverse, into a fresh optimiser whose work will be done on a device."""
    for name, parameter in named.items():
        keys = [key for key in tensors if key.partition("/")[2] == name]
        for key in keys:
            kind = key.partition("/")[0]
            value = tensors[key].clone()
            # AdamW counts on the CPU, whatever the device.
            optimiser.state[parameter][kind] = value if kind == "step" else value.to(device)


def write_whole(data: bytes, path: Path) -> None:
    """Write a file so that it is either there in full or as it was.

    Raises ``OSError`` as writing does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
