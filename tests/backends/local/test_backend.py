"""Every family end to end on tiny random weights: exact clips, styles, stops and reports."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synth.backends.families import families
from synth.backends.local import DiffusersBackend
from synth.backends.protocol import FrameRule, Instruction, LoraUse
from synth.backends.settings import BackendSettings
from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidInstruction, Unavailable
from synth.motion import MotionControl, camera_path
from tests.backends.local.worlds import Loads, assignment, backend, write_lora
from tests.backends.tiny import tiny_pipeline

NAMES = [one.name for one in families(guided=False)]


def drawn(made: DiffusersBackend, **options: Any) -> np.ndarray:
    return np.stack([*made.render(assignment(**options), cancel=CancelToken()).frames])


@pytest.fixture(scope="module")
def ltx() -> Any:
    return tiny_pipeline("ltx")


@pytest.mark.parametrize("name", NAMES)
def test_every_family_gives_the_clip_that_was_asked_for_in_its_style(
    name: str, tmp_path: Path
) -> None:
    pipe = tiny_pipeline(name)
    load, said = Loads(pipe), []
    made = backend(name, load, steps=1)
    plain = made.render(assignment(), cancel=CancelToken(), progress=said.append)
    frames = np.stack([*plain.frames])
    assert frames.shape == (6, 48, 64, 3)
    assert frames.dtype == np.uint8
    assert frames.std() > 5
    assert (said[-1].stage, said[-1].done, said[-1].total) == ("Painting", 1, 1)
    assert plain.made_by["family"] == name
    assert "quiet harbour" in plain.made_by["sentence"]
    painted = [note for note in plain.notes if "painted" in note]
    assert f"{float(made.capabilities.rate or 0):g} frames per second" in painted[0]

    path = write_lora(tmp_path / "ink.1.safetensors", name, pipe)
    apart = []
    # Its first version has one size and one length, seconds each even where nothing is learned.
    strengths = (0.0, 1.0) if name == "cogvideox" else (0.0, 0.4, 1.0)
    for strength in strengths:
        styled = drawn(made, loras=(LoraUse(path, strength),))
        apart.append(float(np.abs(styled.astype(float) - frames).mean()))
    assert apart[0] == 0.0
    assert apart == sorted(set(apart))
    if name != "cogvideox":
        assert np.array_equal(drawn(made), frames)
    assert load.count == 1


def test_the_model_is_asked_for_lawful_frames_only(
    ltx: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    kind = type(ltx)
    real = kind.__call__

    def watched(self: Any, **options: Any) -> Any:
        asked.append(options)
        return real(self, **options)

    monkeypatch.setattr(kind, "__call__", watched)
    drawn(backend("ltx", Loads(ltx)), frames=10)
    (one,) = asked
    assert (one["width"], one["height"], one["num_frames"]) == (64, 64, 17)
    assert (one["frame_rate"], one["num_inference_steps"]) == (25, 2)
    assert one["image"].size == (64, 64)
    assert "jittery" in one["negative_prompt"]


def test_seeds_are_kept_and_words_in_place_of_ours_are_read(ltx: Any) -> None:
    made = backend("ltx", Loads(ltx))
    first = drawn(made, seed=1)
    assert np.array_equal(first, drawn(made, seed=1))
    assert not np.array_equal(first, drawn(made, seed=2))
    other = replace(assignment(seed=1), sentence="Something else entirely.", negative="rain")
    told = made.render(other, cancel=CancelToken())
    assert (told.made_by["sentence"], told.made_by["negative"]) == (other.sentence, "rain")
    assert not np.array_equal(first, np.stack([*told.frames]))


def test_a_longer_clip_is_chained_and_reported_as_one(
    ltx: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Loads(ltx)

    def short_calls(*given: Any) -> Any:
        loaded = load(*given)
        loaded.family = replace(loaded.family, frames=FrameRule(8, 1, 9, 9))
        return loaded

    settings = BackendSettings(name="diffusers", family="ltx", steps=2, guidance=1.0)
    made = DiffusersBackend(settings, load=short_calls)
    said: list[Progress] = []
    asked: list[str] = []
    kind = type(ltx)
    real = kind.__call__

    def watched(self: Any, **options: Any) -> Any:
        asked.append(options["prompt"])
        return real(self, **options)

    monkeypatch.setattr(kind, "__call__", watched)
    motion = MotionControl.from_dict(
        {
            "camera": [
                {"type": "truck", "direction": "right", "duration": 8 / 24},
                {"type": "pedestal", "direction": "up", "duration": 12 / 24},
            ]
        }
    )
    moving = replace(assignment(20), motion=motion, path=camera_path(motion, fps=Fraction(24)))
    rendering = made.render(moving, cancel=CancelToken(), progress=said.append)
    assert len([*rendering.frames]) == 20
    assert "3 parts were chained" in " ".join(rendering.notes)
    # Each part is told what happens in it, and nothing else.
    assert ["truck" in one for one in asked] == [True, False, False]
    assert ["rise" in one for one in asked] == [False, True, True]
    assert all("quiet harbour" in one for one in asked)
    assert rendering.made_by["sentence"] == " / ".join(asked)
    painting = [one for one in said if one.stage.startswith("Painting")]
    assert [one.done for one in painting] == [0, 1, 2, 2, 3, 4, 4, 5, 6]
    assert {one.total for one in painting} == {6}
    assert painting[-1].stage == "Painting part 3 of 3"


@pytest.mark.parametrize("inside", [False, True])
def test_a_stop_is_seen_between_steps_and_inside_of_one(ltx: Any, inside: bool) -> None:
    cancel = CancelToken()
    made = backend("ltx", Loads(ltx), steps=50)
    said: list[Progress] = []

    def watch(report: Progress) -> None:
        said.append(report)
        if report.done == 1 and not inside:
            cancel.cancel()

    blocks = ltx.transformer.transformer_blocks
    hook = blocks[0].register_forward_hook(lambda *_: cancel.cancel() if inside else None)
    try:
        with pytest.raises(Cancelled):
            list(made.render(assignment(), cancel=cancel, progress=watch).frames)
    finally:
        hook.remove()
    assert max(one.done for one in said) == (0 if inside else 1)
    assert not blocks[1]._forward_pre_hooks
    assert len(drawn(backend("ltx", Loads(ltx)))) == 6


def test_frames_that_nobody_waits_for_leave_no_style_behind(ltx: Any, tmp_path: Path) -> None:
    made = backend("ltx", Loads(ltx))
    path = write_lora(tmp_path / "ink.safetensors", "ltx", ltx)
    rendering = made.render(assignment(loras=(LoraUse(path, 1.0),)), cancel=CancelToken())
    next(rendering.frames)
    rendering.frames.close()  # type: ignore[attr-defined]
    assert not getattr(ltx.transformer, "peft_config", None)
    assert len(drawn(made)) == 6


def test_words_that_the_model_cannot_read_are_told(ltx: Any) -> None:
    told = replace(assignment(), sentence="a" * 400)
    rendering = backend("ltx", Loads(ltx)).render(told, cancel=CancelToken())
    assert any("reads 256 tokens and the sentence has 401" in note for note in rendering.notes)


def test_a_model_that_was_let_go_is_loaded_again(ltx: Any) -> None:
    load = Loads(ltx)
    made = backend("ltx", load)
    drawn(made)
    made.close()
    drawn(made)
    assert load.count == 2


def test_a_model_that_was_let_go_frees_its_memory_at_once() -> None:
    """Pipelines hold themselves in circles, which counting references never ends."""
    load = Loads(tiny_pipeline("ltx"))
    made = backend("ltx", load)
    made.render(assignment(), cancel=CancelToken())
    held = weakref.ref(load.pipe.transformer)
    gc.disable()
    try:
        load.pipe = None
        made.close()
        assert held() is None
    finally:
        gc.enable()


def test_what_is_missing_is_said_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *a: None if name == "diffusers" else real(name, *a),
    )
    made = DiffusersBackend(BackendSettings(name="diffusers"))
    assert "need diffusers" in made.capabilities.missing
    with pytest.raises(Unavailable, match="make ai"):
        made.render(assignment(), cancel=CancelToken())


def test_what_it_obeys_is_known_without_the_ai_packages() -> None:
    code = (
        "import sys\n"
        "from synth.backends.local import DiffusersBackend\n"
        "from synth.backends.settings import BackendSettings\n"
        "told = DiffusersBackend(BackendSettings(name='diffusers')).capabilities\n"
        "assert told.cost and told.base == 'wan2.2-5b', told\n"
        "print([one for one in ('torch', 'diffusers', 'transformers') if one in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", NAMES)
def test_every_instruction_has_its_word(name: str) -> None:
    told = DiffusersBackend(BackendSettings(name="diffusers", family=name)).capabilities
    assert set(told.keeps) == set(Instruction.__args__)  # type: ignore[attr-defined]
    assert (told.keeps["camera"], told.keeps["seed"], told.keeps["loop"]) == (
        "in words", "exactly", "not",
    )  # fmt: skip
    assert (told.style, told.remote, told.generative) == ("lora", False, True)
    width, height = told.sizes.fit(1920, 1080)
    assert width * height <= told.sizes.most_pixels
    assert width % told.sizes.multiple == height % told.sizes.multiple == 0
    assert told.frames.fit(told.frames.most) == told.frames.most


def test_the_token_is_not_shown_and_families_must_be_there() -> None:
    made = DiffusersBackend(BackendSettings(name="diffusers"), token="hf_canary")
    assert "canary" not in repr(made)
    with pytest.raises(InvalidInstruction, match=r"no model family 'sora'"):
        DiffusersBackend(BackendSettings(name="diffusers", family="sora"))


def test_the_first_cogvideox_draws_one_size() -> None:
    told = DiffusersBackend(BackendSettings(name="diffusers", family="cogvideox")).capabilities
    assert told.sizes.fit(1080, 1920) == (720, 480)
    assert told.frames.fit(10) == 49
    assert told.rate == Fraction(8)
