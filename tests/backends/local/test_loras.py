"""Styles on a pipeline: what is refused and how, and two transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from synth.backends.local.loras import obeyed
from synth.backends.protocol import LoraUse
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.limits import LIMITS
from tests.backends.local.worlds import family_of, write_lora
from tests.backends.tiny import tiny_pipeline

# What peft says of several styles, and of a file whose metadata name fewer layers than it has.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:peft", "ignore::RuntimeWarning:peft")


@pytest.fixture(scope="module")
def ltx() -> Any:
    return tiny_pipeline("ltx")


@pytest.fixture(scope="module")
def wan22() -> Any:
    return tiny_pipeline("wan2.2")


def adapters(pipe: Any, part: str = "transformer") -> dict[str, float]:
    """Names of what lies on a transformer, and at which strength."""
    found: dict[str, float] = {}
    for one in getattr(pipe, part).modules():
        for name in getattr(one, "active_adapters", ()) if hasattr(one, "lora_A") else ():
            if name in one.lora_A:
                found[name] = one.scaling[name]
    return found


def refused(pipe: Any, path: Path, name: str, strength: float = 1.0) -> str:
    with (
        pytest.raises((InvalidMedia, InvalidInstruction)) as caught,
        obeyed(pipe, [LoraUse(path, strength)], family_of(name)),
    ):
        pass
    assert not getattr(pipe.transformer, "peft_config", None)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 500
    return said


def test_several_are_laid_on_at_their_strengths_and_taken_off(ltx: Any, tmp_path: Path) -> None:
    one = write_lora(tmp_path / "v1.5 ink.safetensors", "ltx", ltx)
    uses = [LoraUse(one, 0.5), LoraUse(one, 0.0), LoraUse(one, -0.25)]
    with obeyed(ltx, uses, family_of("ltx")) as notes:
        assert adapters(ltx) == {"style_0": 0.5, "style_2": -0.25}
        assert notes == ()
    assert adapters(ltx) == {}
    assert not any(hasattr(module, "lora_A") for module in ltx.transformer.modules())


def test_the_alpha_of_a_file_sets_its_strength(ltx: Any, tmp_path: Path) -> None:
    told = {"transformer.r": 4, "transformer.lora_alpha": 2, "transformer.target_modules": ["to_q"]}
    path = write_lora(
        tmp_path / "half.safetensors", "ltx", ltx,
        metadata={"lora_adapter_metadata": json.dumps(told)},
    )  # fmt: skip
    with obeyed(ltx, [LoraUse(path, 1.0)], family_of("ltx")):
        assert adapters(ltx) == {"style_0": 0.5}


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
@pytest.mark.parametrize("strength", [1.0, 0.0])
def test_numbers_that_are_not_finite_are_refused(
    ltx: Any, tmp_path: Path, poison: float, strength: float
) -> None:
    path = write_lora(tmp_path / "nan.safetensors", "ltx", ltx, poison=poison)
    assert "not finite" in refused(ltx, path, "ltx", strength)


def test_a_style_of_another_model_is_refused_in_one_sentence(
    ltx: Any, wan22: Any, tmp_path: Path
) -> None:
    wan = write_lora(tmp_path / "wan.safetensors", "wan2.2", wan22)
    assert "made for wan2.2-14b" in refused(ltx, wan, "ltx")
    silent = write_lora(tmp_path / "silent.safetensors", "wan2.2", wan22, metadata={})
    said = refused(ltx, silent, "ltx")
    assert "none has this model's name" in said
    assert "Choose a style for ltx" in said
    # The same names, another width.
    cut = {
        key: value[:, :32].clone() for key, value in load_file(silent).items() if "lora_A" in key
    }
    save_file({**load_file(silent), **cut}, tmp_path / "narrow.safetensors")
    assert "other sizes" in refused(wan22, tmp_path / "narrow.safetensors", "wan2.2", 0.0)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\x80\x04not weights", "not a sound"), (b"", "not a sound"), (None, "not there any more")],
)
def test_what_is_no_style_is_refused(
    ltx: Any, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "broken.safetensors"
    if content is not None:
        path.write_bytes(content)
    assert words in refused(ltx, path, "ltx")
    assert "another.ckpt" in refused(ltx, _empty(tmp_path / "another.ckpt"), "ltx")


def test_a_file_too_large_is_refused_before_it_is_read(ltx: Any, tmp_path: Path) -> None:
    path = tmp_path / "large.safetensors"
    with path.open("wb") as file:
        file.truncate(LIMITS.style_bytes + 1)
    with (
        pytest.raises(LimitExceeded, match=r"limit is 2\.0 GB"),
        obeyed(ltx, [LoraUse(path)], family_of("ltx")),
    ):
        pass


def test_parts_that_the_model_does_not_have_are_told(ltx: Any, tmp_path: Path) -> None:
    more = {
        "transformer.transformer_blocks.9.attn1.to_q.lora_A.weight": torch.ones(4, 32),
        "transformer.transformer_blocks.9.attn1.to_q.lora_B.weight": torch.ones(32, 4),
    }
    path = write_lora(tmp_path / "more.safetensors", "ltx", ltx, more=more)
    with obeyed(ltx, [LoraUse(path)], family_of("ltx")) as notes:
        assert adapters(ltx) == {"style_0": 1.0}
    assert notes[0].startswith("1 of the 13 parts")


def test_two_transformers_take_one_file_or_a_pair(wan22: Any, tmp_path: Path) -> None:
    high = write_lora(tmp_path / "ink_high_noise.safetensors", "wan2.2", wan22, scale=0.1)
    low = write_lora(tmp_path / "ink_low_noise.safetensors", "wan2.2", wan22, scale=0.4)
    for chosen in (high, low):
        with obeyed(wan22, [LoraUse(chosen, 0.7)], family_of("wan2.2")):
            parts = [wan22.transformer, wan22.transformer_2]
            layers = [one.blocks[0].attn1.to_q.lora_A["style_0"].weight for one in parts]
            assert adapters(wan22, "transformer_2") == {"style_0": 0.7}
            assert layers[1].std() > 2 * layers[0].std()
    low.unlink()
    with obeyed(wan22, [LoraUse(high)], family_of("wan2.2")):
        one, two = (part.blocks[0].attn1.to_q.lora_A["style_0"].weight for part in parts)
        assert torch.equal(one, two)
    assert adapters(wan22, "transformer_2") == {}


def test_a_file_may_hold_both_transformers(wan22: Any, tmp_path: Path) -> None:
    plain = load_file(write_lora(tmp_path / "a.safetensors", "wan2.2", wan22))
    second = {key.replace("transformer.", "transformer_2."): 2 * v for key, v in plain.items()}
    save_file({**plain, **second}, tmp_path / "both.safetensors")
    with obeyed(wan22, [LoraUse(tmp_path / "both.safetensors")], family_of("wan2.2")):
        one, two = (
            part.blocks[0].attn1.to_q.lora_A["style_0"].weight
            for part in (wan22.transformer, wan22.transformer_2)
        )
        assert torch.allclose(2 * one, two)


def test_the_layout_of_comfyui_is_read(wan22: Any, tmp_path: Path) -> None:
    names = {"attn1.to_q": "self_attn.q", "attn1.to_k": "self_attn.k", "attn1.to_v": "self_attn.v"}
    tensors = {}
    for key, value in load_file(write_lora(tmp_path / "a.safetensors", "wan2.2", wan22)).items():
        for ours, theirs in names.items():
            if ours in key:
                key = key.replace("transformer.", "diffusion_model.").replace(ours, theirs)
                tensors[key] = value
    save_file(tensors, tmp_path / "comfy.safetensors")
    with obeyed(wan22, [LoraUse(tmp_path / "comfy.safetensors")], family_of("wan2.2")) as notes:
        assert adapters(wan22) == {"style_0": 1.0}
        assert notes == ()


def _empty(path: Path) -> Path:
    path.touch()
    return path
