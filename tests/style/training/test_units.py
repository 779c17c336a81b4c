"""The parts of training that need no model: noise, order, buckets, captions, estimates."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from synth.backends.protocol import FrameRule
from synth.control import CancelToken
from synth.errors import InvalidInstruction, InvalidMedia
from synth.style.references import ReferenceClip, References
from synth.style.training.buckets import (
    Reading,
    covered,
    frames_for,
    pieces_of,
    split,
)
from synth.style.training.captions import caption_of, trigger_of
from synth.style.training.estimate import dollars, estimate
from synth.style.training.files import comfyui_name
from synth.style.training.loop import batch_at
from synth.style.training.noise import Range, level_at, levels_down, seed_for
from synth.style.training.settings import TrainingJob, TrainingSettings
from tests.style.training.films import noir_references

WAN = Reading(16, FrameRule(4, 1, 1, 81), Fraction(16))


def clip(seconds: float, width: int = 1280, height: int = 720, name: str = "a") -> ReferenceClip:
    return ReferenceClip(
        Path(f"{name}.mp4"), Fraction(0), Fraction(seconds).limit_denominator(1000),
        round(25 * seconds), width, height, Fraction(25), digest=name,
    )  # fmt: skip


@pytest.mark.parametrize("shift", [1.0, 3.0, 8.0])
def test_levels_are_logit_normal_and_shifted(shift: float) -> None:
    """Against draws made the plain way: a normal number, through a sigmoid, then shifted."""
    shares = (np.arange(4000) + 0.5) / 4000
    mine = np.array([level_at(share, shift, Range(0.0, 1.0)) for share in shares])
    plain = 1.0 / (1.0 + np.exp(-np.random.default_rng(0).standard_normal(40_000)))
    drawn = shift * plain / (1.0 + (shift - 1.0) * plain)
    marks = np.linspace(0.02, 0.98, 25)
    assert np.allclose(np.quantile(mine, marks), np.quantile(drawn, marks), atol=0.01)


def test_an_expert_is_asked_for_its_own_levels_only() -> None:
    high, low = Range(0.875, 1.0), Range(0.0, 0.875)
    ups = [level_at(share, 5.0, high) for share in (0.0, 0.3, 1.0)]
    downs = [level_at(share, 5.0, low) for share in (0.0, 0.3, 1.0)]
    assert 0.875 <= ups[0] < ups[1] < ups[2] < 1.0
    assert 0.0 < downs[0] < downs[1] < downs[2] <= 0.875
    assert high.holds(1.0)
    assert high.holds(0.875)
    assert not low.holds(0.875)
    levels = levels_down(0.9, 6, 3.0)
    assert levels[0] == pytest.approx(0.9)
    assert levels[-1] == 0.0
    assert all(one > other for one, other in pairwise(levels))


def test_seeds_are_told_apart_and_stay() -> None:
    """A state on disk is only worth something if its seeds never change."""
    seeds = {seed_for(0, "noise", step) for step in range(100)} | {seed_for(1, "noise", 0)}
    assert len(seeds) == 101
    assert seed_for(7, "noise", 3) == 7215121984337366685


def test_every_sample_is_seen_once_a_round_and_batches_are_of_one_bucket() -> None:
    buckets = ["a"] * 5 + ["b"] * 3
    rounds = [[batch_at(step, buckets, 2, seed=4) for step in range(5 * k, 5 * k + 5)]
              for k in range(3)]  # fmt: skip
    for batches in rounds:
        assert Counter(n for batch in batches for n in batch) == Counter(range(8))
        assert all(len({buckets[n] for n in batch}) == 1 for batch in batches)
    assert rounds[0] != rounds[1]


def test_clips_go_to_the_nearest_shape_and_lawful_lengths() -> None:
    assert WAN.size(1920, 1080, 480) == (640, 352)
    assert WAN.size(1080, 1920, 480) == (352, 640)
    assert WAN.size(1000, 1000, 480) == (480, 480)
    assert [WAN.count(there, 33) for there in (80, 33, 32, 4)] == [33, 33, 29, 1]
    pieces, notes = pieces_of([clip(5.0), clip(1.0)], WAN, resolution=480, frames=33)
    assert [(piece.first, piece.frames) for piece in pieces] == [(3, 33), (43, 33), (1, 13)]
    assert notes == ()
    slow = Reading(16, FrameRule(4, 1, 17, 49), Fraction(8))
    with pytest.raises(InvalidMedia, match=r"17 frames at 8 a second.*2\.1 s"):
        pieces_of([clip(1.0)], slow, resolution=480, frames=33)
    _, notes = pieces_of([clip(1.0), clip(3.0, name="b")], slow, resolution=480, frames=33)
    assert "Too short for this model (17 frames at 8 a second), left out: a.mp4." in notes[0]


def test_whole_clips_are_held_out_but_never_all() -> None:
    many, _ = pieces_of([clip(5.0, name=n) for n in "abcdefghij"], WAN, resolution=480, frames=33)
    train, held = split(many, 0.2)
    assert {piece.clip.digest for piece in held} == {"e", "j"}
    assert {piece.clip.digest for piece in train} == set("abcdfghi")
    one, _ = pieces_of([clip(5.0)], WAN, resolution=480, frames=33)
    assert [len(part) for part in split(one, 0.2)] == [1, 1]
    assert [len(part) for part in split(one[:1], 0.2)] == [1, 0]
    assert [len(part) for part in split(many, 0.0)] == [20, 0]


def test_pieces_hold_the_frames_of_their_time(tmp_path: Path) -> None:
    found = noir_references(tmp_path, range(1)).clips
    reading = Reading(16, FrameRule(4, 1, 1, 81), Fraction(50))
    pieces, _ = pieces_of(found, reading, resolution=80, frames=17)
    got = dict(frames_for(pieces, reading.rate, CancelToken()))
    assert [(piece.first, piece.frames) for piece in pieces] == [(1, 17), (21, 17)]
    assert {frames.shape for frames in got.values()} == {(17, 64, 96, 3)}
    # At twice the rate every picture comes twice.
    first = got[pieces[0]].astype(int)
    still = [np.abs(a - b).mean() < 1e-9 for a, b in pairwise(first)]
    assert still == [False, True] * 8 or still == [True, False] * 8
    wide = np.zeros((50, 200, 3), np.uint8)
    wide[:, 75:125] = 255
    assert covered(wide, 50, 50).min() == 255


def test_captions_begin_with_the_trigger(tmp_path: Path) -> None:
    assert trigger_of("cinematic_noir") == "cinematic noir style"
    assert trigger_of("my style") == "my style"
    assert trigger_of("x", "  rain   film ") == "rain film"
    film = tmp_path / "Detective_walking-home_v2 final_03.mp4"
    assert caption_of(film, "noir style") == "noir style. Detective walking home"
    assert caption_of(tmp_path / "clip_01.mp4", "noir style") == "noir style."
    film.with_suffix(".txt").write_text("\ufeffA man\n waits in the rain. ", encoding="utf-8")
    assert caption_of(film, "noir style") == "noir style. A man waits in the rain."
    film.with_suffix(".txt").write_text("Noir style, a man waits.")
    assert caption_of(film, "noir style") == "Noir style, a man waits."
    film.with_suffix(".txt").write_bytes(b"\xff\xfe\x00bad\xff")
    with pytest.raises(InvalidMedia, match="UTF-8"):
        caption_of(film, "noir style")
    film.with_suffix(".txt").write_text("x" * 10_000)
    with pytest.raises(InvalidMedia, match="10,000 bytes"):
        caption_of(film, "noir style")


def test_an_estimate_grows_with_what_is_asked() -> None:
    found = References(tuple(clip(4.0, name=str(n)) for n in range(8)))
    plain = estimate(found, card="NVIDIA A100-SXM4-80GB")
    assert (plain.clips, plain.held_out) == (12, 4)
    assert plain.seconds is not None
    assert "8 steps" not in plain.said
    assert "A100" in plain.said
    assert estimate(found).seconds is None
    faster = estimate(found, card="NVIDIA H100 80GB HBM3").seconds
    assert faster is not None
    assert faster < plain.seconds / 3
    big = TrainingSettings(family="wan2.2", resolution=640, frames=49)
    larger = estimate(found, big, card="NVIDIA A100-SXM4-80GB")
    assert larger.tokens > 2 * plain.tokens
    assert larger.gigabytes > plain.gigabytes + 15
    assert larger.seconds is not None
    assert larger.seconds > 5 * plain.seconds
    assert dollars(61.0, 6.0) == pytest.approx(0.2)


def test_settings_keep_their_bounds() -> None:
    plain = TrainingSettings()
    assert (plain.rank, plain.true_alpha, plain.learning_rate) == (16, 16.0, 1e-4)
    assert replace_settings(plain, alpha=8.0).true_alpha == 8.0
    for wrong in ({"rank": 0}, {"learning_rate": float("nan")}, {"family": "ltx2"},
                  {"trigger": "<lora:x:1>"}, {"steps": True}):  # fmt: skip
        with pytest.raises(ValidationError):
            TrainingSettings.model_validate(wrong)
    for name in ("../x", "a/b", "", " x", "x.", ".x", "a\\b", "x\n", "-rf"):
        with pytest.raises(ValidationError):
            TrainingJob(references=("a.mp4",), name=name, output="x.safetensors")


def replace_settings(settings: TrainingSettings, **changes: object) -> TrainingSettings:
    return TrainingSettings.model_validate({**settings.model_dump(), **changes})


def test_names_for_comfyui_are_the_makers_own() -> None:
    names = {
        "blocks.3.attn1.to_q.lora_A.weight": "blocks.3.self_attn.q.lora_A.weight",
        "blocks.3.attn2.to_out.0.lora_B.weight": "blocks.3.cross_attn.o.lora_B.weight",
        "blocks.3.ffn.net.0.proj.lora_A.weight": "blocks.3.ffn.0.lora_A.weight",
        "blocks.3.ffn.net.2.lora_A.weight": "blocks.3.ffn.2.lora_A.weight",
    }
    for mine, theirs in names.items():
        assert comfyui_name(mine, wan=True) == f"diffusion_model.{theirs}"
    own = "transformer_blocks.0.attn1.to_q.lora_A.weight"
    assert comfyui_name(own, wan=False) == f"diffusion_model.{own}"


def test_a_family_that_is_not_served_is_told() -> None:
    from synth.style.training.loading import base_of, trained_family

    with pytest.raises(InvalidInstruction, match=r"'ltx2' here\. Choose one of wan2\.1"):
        trained_family("ltx2")
    with pytest.raises(InvalidInstruction, match="is a PosixPath and no LTX-Video"):
        base_of(Path(), replace(trained_family("ltx")))
