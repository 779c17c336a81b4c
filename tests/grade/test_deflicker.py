"""Deflicker: flicker of known strength goes, everything that is meant stays."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia
from synth.grade.deflicker import LightMeter, corrected, deflicker_video
from synth.grade.deflicker_curve import Steps, corrections, flicker
from synth.grade.deflicker_kernels import apply_gains, log_gains
from synth.media import probe
from synth.media.planes import ColourTags, Planes, planes_from_rgb, to_rgb
from tests.flow.retimed import panned as panned_rgb
from tests.flow.retimed import write_clip
from tests.grade.films import finished, loaded, panned, psnr, saved, scene, views

TAGS = ColourTags()


def mended(frames: Sequence[Planes], breaks: Sequence[int] = ()) -> list[Planes]:
    meter = LightMeter(TAGS)
    seen = [meter.step(frame) for frame in frames]
    steps = Steps(
        np.array([gain for gain, _ in seen]),
        np.array([share for _, share in seen]),
        np.array([k == 0 or k in breaks for k in range(len(frames))]),
    )
    gains = corrections(steps, 25.0)
    return [corrected(frame, gain, TAGS) for frame, gain in zip(frames, gains, strict=True)]


def left_over(clean: Sequence[Planes], got: Sequence[Planes]) -> float:
    """Standard deviation of the flicker against the clean clip, a share of the brightness."""
    path = []
    for one, other in zip(clean, got, strict=True):
        a, b = one.y.astype(float) - 16, other.y.astype(float) - 16
        middle = (a > 50) & (a < 180)
        path.append(np.log(b[middle].mean() / a[middle].mean()))
    return float(np.sqrt(np.mean(np.diff(path, 2) ** 2) / 6))


def test_four_per_cent_of_flicker_shrink_below_a_quarter_per_cent() -> None:
    rng = np.random.default_rng(1)
    pictures = panned(5, 40)
    clean = finished(pictures)
    rough = finished([p * (1 + 0.04 * rng.standard_normal()) for p in pictures])
    got = mended(rough)
    assert left_over(clean, rough) > 0.03
    assert left_over(clean, got) < 0.0025
    before = np.mean([psnr(a, b) for a, b in zip(clean, rough, strict=True)])
    after = np.mean([psnr(a, b) for a, b in zip(clean, got, strict=True)])
    assert after > before + 4.0


def test_each_colour_is_steadied_by_itself() -> None:
    rng = np.random.default_rng(2)
    pictures = panned(6, 32)
    clean = finished(pictures)
    rough = finished([p * (1 + 0.04 * rng.standard_normal(3)) for p in pictures])
    got = mended(rough)

    def tint(frames: Sequence[Planes]) -> float:
        path = [float(a.v.mean()) - float(b.v.mean()) for a, b in zip(frames, clean, strict=True)]
        return float(np.std(np.diff(path)))

    assert tint(got) < 0.25 * tint(rough)


@pytest.mark.parametrize("kind", ["fade", "to black", "step", "lasting"])
def test_meant_changes_of_light_pass_bit_for_bit(kind: str) -> None:
    pictures = panned(7, 40)
    t = np.arange(40)
    light = {
        "fade": np.interp(t, [8, 30], [1.0, 0.6]),
        "to black": np.interp(t, [15, 35], [1.0, 0.0]),
        "step": np.where(t < 20, 1.0, 0.75),
        "lasting": 1.0 + 0.15 * np.sin(t / 8),
    }[kind]
    frames = finished([p * gain for p, gain in zip(pictures, light, strict=True)])
    assert all(a.same(b) for a, b in zip(frames, mended(frames), strict=True))


def test_a_step_keeps_its_edge_among_flicker() -> None:
    rng = np.random.default_rng(3)
    light = np.where(np.arange(40) < 20, 1.0, 0.8)
    clean = finished([p * gain for p, gain in zip(panned(8, 40), light, strict=True)])
    rough = finished(
        [
            p * gain * (1 + 0.02 * rng.standard_normal())
            for p, gain in zip(panned(8, 40), light, strict=True)
        ]
    )
    got = mended(rough)
    assert float(got[18].y.mean()) - float(got[21].y.mean()) > 0.8 * (
        float(clean[18].y.mean()) - float(clean[21].y.mean())
    )


def test_one_odd_picture_among_ten_is_flicker_and_a_corner_is_not() -> None:
    path = np.zeros(50)
    path[::7] = 0.05
    assert flicker(path).min() > 0.004
    corner = np.interp(np.arange(50), [0, 25, 49], [0.0, 0.0, -0.5])
    assert flicker(corner).max() < 1e-3


def test_gains_are_measured_finer_than_a_code() -> None:
    picture = scene(9)
    found, share = log_gains(
        picture.astype(np.float32), np.rint(picture * 1.013).astype(np.float32)
    )
    assert found == pytest.approx(np.full(3, np.log(1.013)), abs=4e-4)
    assert share > 0.9
    nothing, none = log_gains(np.zeros((40, 40, 3), np.float32), picture[:40, :40])
    assert none == 0.0
    assert not nothing.any()


@pytest.mark.parametrize("tags", [TAGS, ColourTags("bt601"), ColourTags("bt709", full_range=True)])
def test_gains_reach_the_planes(tags: ColourTags) -> None:
    rgb = views(scene(10), [(0.0, 0.0, 0.0)])[0].round().clip(40, 190).astype(np.uint8)
    gains = np.array([1.05, 0.97, 1.1])
    got = to_rgb(apply_gains(planes_from_rgb(rgb, tags), gains, tags), tags).astype(float)
    start = to_rgb(planes_from_rgb(rgb, tags), tags)
    inner = start.max(axis=2) < 220
    assert np.abs(got - start * gains)[inner].mean() < 1.2
    ratio = got[inner].mean(axis=0) / start[inner].mean(axis=0)
    assert ratio == pytest.approx(gains, abs=0.01)


def test_a_file_is_mended_with_its_sound_and_every_shot_by_itself(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    bright, dark = panned_rgb(22), [p // 2 for p in panned_rgb(22, seed=8)]
    rough = [
        np.clip(p * (1 + 0.05 * rng.standard_normal()), 0, 255).astype(np.uint8)
        for p in (*bright, *dark)
    ]
    source = write_clip(tmp_path / "rough.mp4", rough, sound=True)
    seen: list[Progress] = []
    made = deflicker_video(source, output_path=tmp_path / "even.mp4", crf=8, progress=seen.append)
    report = made.report()
    assert report["frames"] == 44
    assert report["found"]["flicker_after"] < 0.2 * report["found"]["flicker_before"]
    assert probe(made.path).has_audio
    assert {one.stage for one in seen} >= {"Watching the light", "Evening out the light"}
    # The cut is as hard as it was.
    levels = [float(frame.y.mean()) for frame in loaded(made.path)]
    clean = [float(frame.y.mean()) for frame in finished([*bright, *dark])]
    assert levels[21] - levels[22] == pytest.approx(clean[21] - clean[22], rel=0.08)


def test_a_part_is_taken_and_a_clean_one_said_to_be_clean(tmp_path: Path) -> None:
    source = saved(finished(panned(11, 30)), tmp_path / "clean.mp4")
    made = deflicker_video(source, start=0.4, seconds=0.4)
    assert made.frames == 10
    assert made.fps == Fraction(25)
    assert made.found["corrected_frames"] == 0
    assert "No flicker" in made.notes[-1]
    place = made.path
    assert made.save(tmp_path / "kept.mp4").exists()
    del made
    assert not place.exists()


def test_uneven_times_become_even_and_lasting(tmp_path: Path) -> None:
    ticks = [k * 40 for k in range(10)] + [700, 740, 780]
    source = write_clip(tmp_path / "vfr.mp4", panned_rgb(13), ticks=ticks, clock=Fraction(1, 1000))
    made = deflicker_video(source)
    assert float(made.seconds) == pytest.approx(0.82, abs=0.1)
    assert any("uneven" in note for note in made.notes)


def test_bad_input_is_refused_and_nothing_left_behind(tmp_path: Path) -> None:
    source = saved(finished(panned(12, 6)), tmp_path / "clip.mp4")
    with pytest.raises(InvalidInstruction, match="strength is 2"):
        deflicker_video(source, strength=2)
    with pytest.raises(InvalidInstruction, match="Start earlier"):
        deflicker_video(source, start=9.0)
    with pytest.raises(InvalidInstruction, match="source itself"):
        deflicker_video(source, output_path=source)
    with pytest.raises(InvalidInstruction, match="crf"):
        deflicker_video(source, crf=99)
    (tmp_path / "no.mp4").write_bytes(b"nothing")
    with pytest.raises(InvalidMedia):
        deflicker_video(tmp_path / "no.mp4")
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.stage == "Evening out the light":
            token.cancel()

    with pytest.raises(Cancelled):
        deflicker_video(source, output_path=tmp_path / "x.mp4", cancel=token, progress=stop)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.mp4", "no.mp4"]
