"""Styles that a shot's words ask for: obeyed by geometry, handed on to models, never dropped."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from synth.backends.geometric_backend import GeometricBackend
from synth.backends.registry import make_backend
from synth.backends.settings import BackendSettings
from synth.errors import InvalidInstruction
from synth.grade.lut import identity_cube
from synth.media import VideoReader
from synth.scene.depth_map import DepthMap
from synth.shot import Shot, VideoResult, preview_shot, render_shot
from synth.shot.styling import styling_of
from synth.style.look import Look, Texture, save_look
from synth.style.resolve import path_resolver

MakeShot = Callable[..., Shot]


@pytest.fixture
def dim(tmp_path: Path) -> Path:
    """A look that halves the green, with grain."""
    cube = identity_cube(9) * np.array([1.0, 0.5, 1.0], np.float32)
    look = Look(cube=np.ascontiguousarray(cube, np.float32), texture=Texture(grain=4.0), name="dim")
    return save_look(look, tmp_path / "dim.safetensors")[0]


@pytest.fixture
def render(photo_path: Path, true_depth: DepthMap, make_shot: MakeShot, tmp_path: Path):
    def run(
        prompt: str,
        work: Callable[..., VideoResult] = render_shot,
        ending: str = ".mp4",
        **values: Any,
    ) -> VideoResult:
        shot = make_shot(direction="left", prompt=prompt, **values)
        target = tmp_path / f"{len(list(tmp_path.iterdir()))}{ending}"
        return work(
            shot, photo_path, target, depth=true_depth, fidelity=False,
            styles=path_resolver(tmp_path),
        )  # fmt: skip

    return run


def _frames(result: VideoResult) -> np.ndarray:
    """The frames of an MP4, or of a zip of pictures to the bit as they were drawn."""
    if result.path.suffix == ".zip":
        with zipfile.ZipFile(result.path) as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".png"))
            pictures = [Image.open(archive.open(name)).convert("RGB") for name in names]
        return np.stack([np.asarray(one) for one in pictures]).astype(int)
    with VideoReader(result.path) as reader:
        return np.stack([frame.pixels for frame in reader]).astype(int)


def test_a_look_is_laid_on_every_frame_by_its_strength(render, dim: Path) -> None:
    plain, none, half, whole = (
        _frames(render(f"A wall{tag}", ending=".zip", output={"format": "png"}))
        for tag in ("", " <lora:dim:0>", " <lora:dim:0.5>", f" <lora:{dim}:1>")
    )
    assert np.array_equal(none, plain)
    greens = [frames[..., 1].mean(axis=(1, 2)) for frames in (plain, half, whole)]
    assert greens[1] == pytest.approx(0.75 * greens[0], rel=0.03)
    assert greens[2] == pytest.approx(0.5 * greens[0], rel=0.05)


def test_the_file_tells_its_styles_and_the_words_keep_their_tags(render, dim: Path) -> None:
    made = render("A wall, <lora:dim:0.5>, seen slowly")
    assert made.made_by == {"backend": "geometric", "styles": "dim 0.5"}
    assert made.shot.prompt == "A wall, <lora:dim:0.5>, seen slowly"


def test_a_style_in_the_sentence_counts_and_is_not_read_out(dim: Path) -> None:
    shot = Shot.from_dict(
        {"prompt": "A wall <lora:dim:0.3>", "backend": {"sentence": "Slowly <lora:dim:0.9>"}}
    )
    found = styling_of(shot, GeometricBackend().capabilities, path_resolver(dim.parent))
    assert (found.prompt, found.sentence) == ("A wall", "Slowly")
    assert [use.strength for use in found.uses] == [0.3]
    assert found.loras == ()


def test_a_style_at_an_address_is_for_services_which_fetch_it_themselves() -> None:
    url = "https://huggingface.co/me/ink/resolve/main/ink.safetensors"
    shot = Shot.from_dict({"prompt": f"A wall <lora:{url}:0.7>", "backend": {"name": "providers"}})
    able = make_backend(shot.backend, token="hf_abcdefghij").capabilities
    found = styling_of(shot, able, None)
    assert found.prompt == "A wall"
    assert [(one.url, one.strength) for one in found.loras] == [(url, 0.7)]
    assert found.told == {"styles": "ink 0.7"}
    # A sketch leaves it out; on this machine it is no style; and http is no address.
    assert styling_of(shot, GeometricBackend().capabilities, None, sketch=True).uses == ()
    here = make_backend(BackendSettings(name="diffusers")).capabilities
    plain = shot.model_copy(update={"prompt": f"A <lora:{url.replace('https', 'http')}:1>"})
    for other, can in ((shot, here), (plain, able)):
        with pytest.raises(InvalidInstruction, match="asks for the style"):
            styling_of(other, can, None)


def test_words_without_tags_need_no_styles() -> None:
    shot = Shot.from_dict({"prompt": "I <3 walls where a < b"})
    found = styling_of(shot, GeometricBackend().capabilities, None)
    assert found.prompt == "I <3 walls where a < b"
    assert not found.has_looks


@pytest.mark.parametrize("tag", ["<lora:nobody:1>", "<lora:dim", "<hypernet:dim:1>"])
def test_what_cannot_be_obeyed_is_an_error(tag: str, render, dim: Path, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    with pytest.raises(InvalidInstruction):
        render(f"A wall {tag}")
    assert set(tmp_path.iterdir()) == before


def test_a_preview_for_a_model_leaves_only_what_geometry_cannot_obey(render, dim: Path) -> None:
    look = render("A wall <lora:dim:1>", preview_shot)
    plain = render("A wall", preview_shot)
    assert _frames(look)[..., 1].mean() < 0.6 * _frames(plain)[..., 1].mean()
    sketch = render("A wall <lora:dim:1>", preview_shot, backend="diffusers")
    assert len(sketch.notes) == 1 + len(look.notes)
    assert "finished clip is painted" in sketch.notes[0]
