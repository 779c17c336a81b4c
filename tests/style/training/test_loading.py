"""Bases are loaded from files as the Hub holds them, whichever of a family's pipelines it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from synth.backends.families import Family
from synth.backends.local.weights import Weights
from synth.errors import InvalidInstruction, Unavailable
from synth.style.training.base_others import LtxBase
from synth.style.training.base_wan import WanBase
from synth.style.training.loading import base_of, load_base, trained_family
from synth.style.training.settings import TrainingSettings
from tests.backends.tiny import save_tiny, tiny_pipeline


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, Path]]:
    """Repositories by name: the class that each holds, and where. Asked for as weights are."""
    there: dict[str, tuple[str, Path]] = {}

    def find(family: Family, model: str = "", **_: object) -> Weights:
        kind, folder = there[model or family.model]
        if kind != family.pipeline:
            raise InvalidInstruction(f"{model} is a {kind}")
        return Weights(folder, model or family.model)

    monkeypatch.setattr("synth.backends.local.weights.find_weights", find)
    there["me/with-picture"] = (
        "LTXImageToVideoPipeline",
        save_tiny("ltx", tmp_path / "ltx"),
    )
    return there


def test_a_repository_that_takes_a_picture_serves_too(hub: dict[str, tuple[str, Path]]) -> None:
    settings = TrainingSettings(family="ltx", model="me/with-picture", device="cpu")
    base = load_base(settings)
    assert isinstance(base, LtxBase)
    assert base.family.base == "ltx"
    assert base.pipe.transformer.dtype == torch.float32
    assert base.fingerprint() == base_of(tiny_pipeline("ltx"), trained_family("ltx")).fingerprint()
    other = base_of(tiny_pipeline("ltx", seed=1), trained_family("ltx"))
    assert base.fingerprint() != other.fingerprint()


def test_what_is_of_another_family_or_broken_is_told(
    hub: dict[str, tuple[str, Path]], tmp_path: Path
) -> None:
    with pytest.raises(InvalidInstruction, match="is a LTXImageToVideoPipeline"):
        load_base(TrainingSettings(family="wan2.1", model="me/with-picture"))
    (tmp_path / "empty").mkdir()
    hub["Lightricks/LTX-Video"] = ("LTXPipeline", tmp_path / "empty")
    with pytest.raises(Unavailable, match=r"Lightricks/LTX-Video cannot be loaded.*try again"):
        load_base(TrainingSettings(family="ltx"))


def test_a_model_of_the_same_make_but_another_size_of_family_is_told() -> None:
    """Two experts are no Wan 2.1, and one is no Wan 2.2 of 14B."""
    one, two = tiny_pipeline("wan2.1"), tiny_pipeline("wan2.2")
    assert isinstance(base_of(one, trained_family("wan2.1")), WanBase)
    assert [e.name for e in base_of(two, trained_family("wan2.2")).experts] == [
        "transformer", "transformer_2",
    ]  # fmt: skip
    with pytest.raises(InvalidInstruction, match=r"no Wan 2\.2 \(14B"):
        base_of(one, trained_family("wan2.2"))
    with pytest.raises(InvalidInstruction, match=r"no Wan 2\.1"):
        base_of(two, trained_family("wan2.1"))


def test_from_words_a_picture_changes_nothing() -> None:
    """What a picture would fill is zeros: its channels and its embedding."""
    base = base_of(tiny_pipeline("wan2.1"), trained_family("wan2.1"))
    noisy = torch.randn(1, 16, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    words = {"words": torch.zeros(1, 512, 32)}
    with torch.no_grad():
        said = base.asked(base.pipe.transformer, noisy, torch.tensor([500.0]), words)
        assert said.shape == noisy.shape
        config = base.pipe.transformer.config
        fed = torch.cat([noisy, torch.zeros(1, 20, 1, 4, 6)], dim=1)
        seen = torch.zeros(1, 17, config.image_dim)
        plain = base.pipe.transformer(
            fed, torch.tensor([500.0]), words["words"], seen, return_dict=False
        )[0]
    assert torch.equal(said, plain)


def test_a_guided_model_is_asked_without_its_guide() -> None:
    """VACE with the guide at scale 0 is the model that its weights were made from."""
    family = trained_family("wan-vace")
    base = base_of(tiny_pipeline("wan-vace"), family)
    noisy = torch.randn(1, 16, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    words = {"words": torch.zeros(1, 512, 32)}
    with torch.no_grad():
        said = base.asked(base.pipe.transformer, noisy, torch.tensor([500.0]), words)
        for parameter in base.pipe.transformer.vace_blocks.parameters():
            parameter.normal_()
        again = base.asked(base.pipe.transformer, noisy, torch.tensor([500.0]), words)
    assert torch.equal(said, again)
