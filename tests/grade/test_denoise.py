"""Denoise: known noise goes, detail and clean pictures stay, nothing leaves a ghost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from synth.errors import InvalidInstruction
from synth.grade.denoise import Denoiser, denoise_video
from synth.grade.denoise_kernels import noise_between, noise_in
from synth.media.planes import Planes
from tests.grade.films import anchored, finished, loaded, panned, psnr, saved, scene, views


def noisy(pictures: Sequence[np.ndarray], sigma: float, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [p + rng.normal(0, sigma, p.shape) for p in pictures]


def mended(
    frames: Sequence[Planes], strength: float = 0.5, cuts: Sequence[int] = ()
) -> list[Planes]:
    with Denoiser(strength) as denoiser:
        return [planes for planes, _ in denoiser.mended(anchored(frames, cuts))]


@pytest.mark.parametrize(("sigma", "gain"), [(5.0, 2.5), (12.0, 4.0)])
def test_noise_goes_and_detail_stays(sigma: float, gain: float) -> None:
    pictures = panned(30, 10)
    clean, rough = finished(pictures), finished(noisy(pictures, sigma))
    got = mended(rough)
    assert len(got) == len(rough)
    for place in (4, 7):
        assert psnr(clean[place], got[place]) > psnr(clean[place], rough[place]) + gain
    # As sharp as the clean picture: nothing was averaged across it.
    edges = [
        float(cv2.Laplacian(p.y.astype(np.float32), cv2.CV_32F, ksize=5)[8:-8, 8:-8].std())
        for p in (cv2_blurred(clean[7]), cv2_blurred(got[7]))
    ]
    assert edges[1] > 0.9 * edges[0]


def cv2_blurred(planes: Planes) -> Planes:
    """Less of what noise is left, so that sharpness is compared."""
    return Planes(np.asarray(cv2.GaussianBlur(planes.y, (0, 0), 1.0)), planes.u, planes.v)


def test_clean_pictures_pass_bit_for_bit() -> None:
    smooth = cv2.GaussianBlur(scene(31).astype(np.float32), (0, 0), 2.0)
    frames = finished(views(smooth, [(k * 2.0, 0.0, 0.0) for k in range(6)]))
    assert all(a.same(b) for a, b in zip(frames, mended(frames), strict=True))
    rough = finished(noisy(views(smooth, [(0.0, 0.0, 0.0)] * 3), 8.0))
    assert all(a.same(b) for a, b in zip(rough, mended(rough, 0.0), strict=True))


def test_a_thing_that_leaves_leaves_no_ghost() -> None:
    back = views(scene(32), [(0.0, 0.0, 0.0)])[0]
    pictures = []
    for k in range(8):
        picture = back.copy()
        if k < 4:
            cv2.circle(picture, (120, 68), 26, (225.0, 30.0, 30.0), -1, cv2.LINE_AA)
        pictures.append(picture)
    clean, got = finished(pictures), mended(finished(noisy(pictures, 6.0)))
    place = (slice(48, 88), slice(100, 140))
    for k in (3, 4, 5):
        off = got[k].y[place].astype(float) - clean[k].y[place]
        assert abs(float(off.mean())) < 1.0
        assert float(np.abs(cv2.blur(off, (9, 9))).max()) < 4.0


def test_a_cut_mixes_nothing() -> None:
    shots = [*panned(33, 4), *[255.0 - p for p in panned(34, 4)]]
    clean, rough = finished(shots), finished(noisy(shots, 6.0))
    got = mended(rough, cuts=[4])
    for k in range(8):
        assert psnr(clean[k], got[k]) > psnr(clean[k], rough[k]) + 0.5


@pytest.mark.parametrize("sigma", [2.0, 6.0, 15.0])
def test_noise_is_measured(sigma: float) -> None:
    rng = np.random.default_rng(1)
    luma = scene(35)[..., 1]
    one, other = (luma + rng.normal(0, sigma, luma.shape) for _ in range(2))
    assert noise_in(np.clip(np.rint(one), 0, 255).astype(np.uint8)) == pytest.approx(
        sigma, rel=0.2, abs=0.4
    )
    assert noise_between(one, other) == pytest.approx(sigma, rel=0.12)


def test_a_file_is_denoised(tmp_path: Path) -> None:
    pictures = panned(36, 10)
    source = saved(finished(noisy(pictures, 9.0)), tmp_path / "noisy.mp4")
    made = denoise_video(source, output_path=tmp_path / "quiet.mp4", crf=8)
    assert made.found["denoised_frames"] == 10
    assert made.found["noise"] == pytest.approx(5.7, rel=0.25)
    clean, rough, got = finished(pictures), loaded(source), loaded(made.path)
    assert psnr(clean[6], got[6]) > psnr(clean[6], rough[6]) + 2.5
    with pytest.raises(InvalidInstruction, match="strength"):
        denoise_video(source, strength=float("nan"))
