"""The brief's class: trains, names its file, writes its tag."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synth.errors import InvalidInstruction, InvalidMedia, SynthError
from synth.style.files import read_style
from synth.style.tags import read_tags
from synth.style.training import TrainingSettings
from synth.style.video_style_lora import VideoStyleLora
from tests.style.training.conftest import SMALL
from tests.style.training.films import noir_clips


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the brief's three reference clips."""
    noir_clips(tmp_path, range(1, 4))
    monkeypatch.chdir(tmp_path)
    return tmp_path


BRIEF = ["noir_reference_1.mp4", "noir_reference_2.mp4", "noir_reference_3.mp4"]


def test_the_briefs_code_on_a_tiny_base(studio: Path) -> None:
    from tests.backends.tiny import tiny_pipeline

    style_lora = VideoStyleLora()
    lora_path = style_lora.train_style_lora(
        BRIEF,
        style_name="cinematic_noir",
        steps=5,
        pipeline=tiny_pipeline("ltx"),
        settings=TrainingSettings.model_validate({**SMALL, "preview_steps": 1}),
    )
    base_prompt = "camera panning across urban street at night, detective walking"
    styled_prompt = style_lora.apply_style(base_prompt, lora_strength=0.9)
    assert styled_prompt == (
        "camera panning across urban street at night, detective walking "
        "<lora:loras/cinematic_noir_video.safetensors:0.9>"
    )
    assert lora_path == style_lora.lora_path == "loras/cinematic_noir_video.safetensors"
    assert style_lora.style_name == "cinematic_noir"
    assert style_lora.kind == "lora"
    assert style_lora.trained is not None
    assert len(style_lora.trained.losses) == 5
    assert "on the pipeline that was given" in style_lora.said
    assert any("3 clips; 5 to 10" in note for note in style_lora.notes)
    assert style_lora.trained.effect.said in style_lora.notes
    style = read_style(lora_path)
    assert (style.kind, style.base, style.title) == ("lora", "ltx", "cinematic_noir")
    assert style.triggers == ("cinematic noir style",)
    assert read_tags(styled_prompt).tags[0].name == lora_path


def test_without_a_card_it_is_a_look(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The brief's call ends with a style that the default backend obeys, and says so."""
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    style = VideoStyleLora()
    path = style.train_style_lora(BRIEF, style_name="cinematic_noir", steps=2000)
    assert path == "loras/cinematic_noir_video.safetensors"
    assert (style.kind, style.trained) == ("look", None)
    assert "because there is no CUDA card here" in style.said
    assert (read_style(path).kind, read_style(path).base) == ("look", "geometric")
    assert Path("loras/cinematic_noir_video.cube").is_file()


def test_what_auto_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card and all packages make a LoRA; a package that is missing is named."""
    import torch

    from synth.style import video_style_lora as home

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert home._chosen("auto", None, None)[0] == "wan2.2-5b"
    assert home._chosen("look", None, None)[0] is None
    assert home._chosen("ltx", None, None)[0] == "ltx"
    found: Callable[[str], Any] = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "peft" else found(name)
    )
    family, why = home._chosen("auto", None, None)
    assert family is None
    assert "not installed (peft; make ai adds them)" in why


def test_a_style_that_is_there_needs_no_training() -> None:
    style = VideoStyleLora("C:\\styles\\noir.safetensors")
    assert style.apply_style("rain") == "rain <lora:C:\\styles\\noir.safetensors:0.8>"
    assert style.apply_style("rain", 1) == "rain <lora:C:\\styles\\noir.safetensors:1>"
    with pytest.raises(InvalidInstruction, match="-2 to 2"):
        style.apply_style("rain", 3.0)
    with pytest.raises(InvalidInstruction):
        style.apply_style("rain", float("nan"))


def test_what_cannot_be_is_told_before_any_work(studio: Path) -> None:
    style = VideoStyleLora()
    with pytest.raises(ValueError, match=r"^No LoRA loaded\. Train or specify lora_path first\.$"):
        style.apply_style("rain")
    with pytest.raises(SynthError, match=r"2 of 3 .* not there: 'no_1\.mp4', 'no_2\.mp4'"):
        style.train_style_lora(["no_1.mp4", "no_2.mp4", BRIEF[0]])
    with pytest.raises(InvalidMedia, match="a list of files"):
        style.train_style_lora(BRIEF[0])
    for name in ("../noir", "a/b", "a\\b", "", ".", "noir\n"):
        with pytest.raises(InvalidInstruction, match="cannot be called"):
            style.train_style_lora(BRIEF, style_name=name)
    with pytest.raises(InvalidInstruction, match=r"family is 'sd15'.*wan2\.1"):
        style.train_style_lora(BRIEF, base="sd15")
    with pytest.raises(InvalidInstruction, match="learning_rate is 1"):
        style.train_style_lora(BRIEF, base="ltx", learning_rate=1)
    with pytest.raises(InvalidInstruction, match=r"not as 'noir\.ckpt'"):
        style.train_style_lora(BRIEF, output_path="noir.ckpt")
    assert style.lora_path is None
    assert not Path("loras").exists()
