"""Full reference: figures that agree with others', clips that start, end or look otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import synth.quality.compare as comparing
from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia
from synth.media import ColourTags, EncoderSettings, VideoWriter
from synth.media.planes import planes_from_rgb
from synth.quality.compare import compare_videos
from synth.quality.likeness import psnr, ssim
from synth.quality.vmaf import VmafMeter, find_vmaf

SIZE = (192, 108)
Change = Callable[[np.ndarray, int], np.ndarray]


def _view(number: int) -> np.ndarray:
    """A texture that pans by two pixels a frame, uint8 RGB."""
    width, height = SIZE
    noise = np.random.default_rng(1).integers(0, 255, (height // 6, width // 2, 3), np.uint8)
    wide = cv2.resize(noise, (3 * width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(wide[:, 2 * number : 2 * number + width], np.uint8)


def _clip(
    path: Path,
    numbers: range = range(24),
    *,
    size: tuple[int, int] = SIZE,
    fps: int = 24,
    crf: int = 8,
    change: Change = lambda picture, _: picture,
    tags: ColourTags | None = None,
) -> Path:
    with VideoWriter(
        path, width=size[0], height=size[1], fps=fps, settings=EncoderSettings(crf=crf), tags=tags
    ) as film:
        for number in numbers:
            picture = change(_view(number), number)
            if size != SIZE:
                picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            film.write_planes(planes_from_rgb(np.ascontiguousarray(picture), tags))
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _clip(tmp_path_factory.mktemp("compare") / "clip.mp4")


@pytest.mark.parametrize("sigma", [0.5, 6.0, 60.0])
def test_the_figures_are_those_of_scikit_image(sigma: float) -> None:
    rng = np.random.default_rng(2)
    one = cv2.GaussianBlur(rng.integers(0, 255, (80, 121), np.uint8), (5, 5), 2)
    one[20:40] = 7
    other = np.clip(one + rng.normal(0, sigma, one.shape), 0, 255).astype(np.uint8)
    wanted = structural_similarity(
        one, other, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert ssim(one, other) == pytest.approx(float(wanted), abs=2e-4)
    assert psnr(one, other) == pytest.approx(peak_signal_noise_ratio(one, other), abs=1e-6)


def test_a_clip_is_itself(clip: Path) -> None:
    found = compare_videos(clip, clip, vmaf=False)
    assert found.identical
    assert found.means == {"psnr_y": 100.0, "psnr_yuv": 100.0, "ssim_y": 1.0}
    assert (found.worst, found.offset, found.notes) == ((), 0, ())
    assert (found.frames, found.seconds) == (24, pytest.approx(1.0))
    assert (found.width, found.height) == SIZE


def test_the_worst_moment_is_the_spoilt_one(clip: Path, tmp_path: Path) -> None:
    def spoil(picture: np.ndarray, number: int) -> np.ndarray:
        return cv2.GaussianBlur(picture, (0, 0), 3) if number == 15 else picture

    found = compare_videos(clip, _clip(tmp_path / "spoilt.mp4", change=spoil), vmaf=False)
    assert found.worst[0].time == pytest.approx(15 / 24, abs=1e-3)
    assert "0.62 s" in found.worst[0].words
    curve = found.curves["psnr_y"]
    assert int(np.argmin(curve.values)) == 15
    assert curve.values[15] < np.delete(curve.values, 15).min() - 5
    assert not found.identical
    said = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert said["frames"] == len(said["curves"]["ssim_y"]["values"]) == 24


@pytest.mark.parametrize("late", [5, -5])
def test_a_clip_that_starts_elsewhere_is_made_to_meet(
    clip: Path, tmp_path: Path, late: int
) -> None:
    other = _clip(tmp_path / "other.mp4", range(5, 24))
    pair = (other, clip) if late > 0 else (clip, other)
    found = compare_videos(*pair, vmaf=False)
    assert found.offset == late
    assert found.frames == 19
    assert found.means["psnr_y"] > 40
    where = "behind" if late > 0 else "ahead of"
    assert any(f"5 frames {where}" in note for note in found.notes)


def test_a_grade_and_a_still_clip_are_not_taken_for_a_shift(clip: Path, tmp_path: Path) -> None:
    dark = _clip(tmp_path / "dark.mp4", change=lambda picture, _: picture // 2)
    assert compare_videos(clip, dark, vmaf=False).offset == 0
    still = [
        _clip(tmp_path / f"still{crf}.mp4", change=lambda *_: _view(0), crf=crf) for crf in (8, 35)
    ]
    found = compare_videos(*still, vmaf=False)
    assert (found.offset, found.frames) == (0, 24)


def test_another_length_is_said(clip: Path, tmp_path: Path) -> None:
    short = _clip(tmp_path / "short.mp4", range(18))
    for pair, what in (((clip, short), "reference"), ((short, clip), "compared video")):
        found = compare_videos(*pair, vmaf=False)
        assert found.frames == 18
        assert any(note.startswith(f"The {what} is longer") for note in found.notes)


def test_another_size_is_scaled_and_another_shape_refused(clip: Path, tmp_path: Path) -> None:
    small = _clip(tmp_path / "small.mp4", size=(128, 72))
    for pair in ((clip, small), (small, clip)):
        found = compare_videos(*pair, vmaf=False)
        assert 30 < found.means["psnr_y"] < 60
        assert any("was scaled" in note for note in found.notes)
    square = _clip(tmp_path / "square.mp4", size=(108, 108))
    with pytest.raises(InvalidInstruction, match="another shape"):
        compare_videos(clip, square)


def test_another_rate_is_refused(clip: Path, tmp_path: Path) -> None:
    fast = _clip(tmp_path / "fast.mp4", fps=30)
    with pytest.raises(InvalidInstruction, match="24 frames a second and the compared video 30"):
        compare_videos(clip, fast)


def test_colours_kept_otherwise_are_the_same_picture(clip: Path, tmp_path: Path) -> None:
    full = _clip(tmp_path / "full.mp4", tags=ColourTags(matrix="bt601", full_range=True))
    found = compare_videos(clip, full, vmaf=False)
    assert found.means["psnr_yuv"] > 38
    assert any("in different ways" in note for note in found.notes)


def test_what_cannot_be_read_is_named(clip: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    with pytest.raises(InvalidMedia, match=r"The reference \('text.mp4'\)"):
        compare_videos(text, clip)
    with pytest.raises(InvalidMedia, match=r"The compared video \('text.mp4'\)"):
        compare_videos(clip, text)


def test_vmaf_falls_with_quality(clip: Path, tmp_path: Path) -> None:
    poor = _clip(tmp_path / "poor.mp4", crf=45)
    best, worse = compare_videos(clip, clip), compare_videos(clip, poor)
    assert best.means["vmaf"] > 95
    assert worse.means["vmaf"] < best.means["vmaf"] - 10
    assert len(worse.curves["vmaf"].values) == 24
    assert "VMAF" in worse.worst[0].words
    assert not any("VMAF" in note for note in best.notes)


def test_without_a_program_or_room_it_is_said(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = _clip(tmp_path / "tiny.mp4", range(9), size=(48, 28))
    assert any("as small" in note for note in compare_videos(tiny, tiny).notes)
    monkeypatch.setattr(comparing, "find_vmaf", lambda: None)
    found = compare_videos(clip, clip)
    assert "vmaf" not in found.means
    assert any("no FFmpeg with libvmaf" in note for note in found.notes)


def test_a_program_that_dies_costs_vmaf_alone(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o700)
    monkeypatch.setattr(comparing, "find_vmaf", lambda: str(broken))
    found = compare_videos(clip, clip)
    assert found.identical
    assert "vmaf" not in found.means
    assert any("stopped before its end" in note for note in found.notes)


@pytest.mark.parametrize("hangs", [False, True])
def test_stopping_ends_the_program(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    meters: list[VmafMeter] = []

    class Watched(VmafMeter):
        def __init__(self, program: str, size: tuple[int, int], cancel: CancelToken) -> None:
            super().__init__(program, size, cancel)
            meters.append(self)

    program = find_vmaf()
    if hangs:
        hanging = tmp_path / "hanging"
        hanging.write_text("#!/bin/sh\nexec sleep 600\n")
        hanging.chmod(0o700)
        program = str(hanging)
    monkeypatch.setattr(comparing, "VmafMeter", Watched)
    monkeypatch.setattr(comparing, "find_vmaf", lambda: program)
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.done == 2:
            token.cancel()

    with pytest.raises(Cancelled):
        compare_videos(clip, clip, cancel=token, progress=stop)
    (meter,) = meters
    assert meter._process.poll() is not None
    assert not meter._feeder.is_alive()
    assert not Path(meter._folder.name).exists()


def test_the_program_sees_no_file_of_the_user(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    seen: list[list[str]] = []
    real = subprocess.Popen

    def started(command: list[str], **options: object) -> object:
        assert not options.get("shell")
        seen.append([str(part) for part in command])
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr("synth.quality.vmaf.subprocess.Popen", started)
    compare_videos(clip, clip)
    measuring = next(command for command in seen if "-lavfi" in command)
    assert Path(measuring[0]).is_absolute()
    assert "-nostdin" in measuring
    assert str(clip) not in " ".join(measuring)
