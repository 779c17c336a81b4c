"""The rules of VACE's masks, one test each; what diffusers does with them is asked of diffusers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from synth.backends.guided.vace import (
    as_told,
    check_lawful,
    group_of,
    joined,
    latent_frames,
    layer_scales,
    picked,
    vace_inputs,
)
from synth.errors import InvalidInstruction

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEIGHT, WIDTH = 32, 48
COUNTS = (1, 5, 9, 13, 17, 33, 49, 81, 121)


def _frames(count: int) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(count)
    return list(rng.integers(0, 256, (count, HEIGHT, WIDTH, 3), np.uint8))


def _holes(count: int, *, share: float = 0.02) -> list[NDArray[np.bool_]]:
    """Small holes, other ones in every frame."""
    rng = np.random.default_rng(count + 1)
    return list(rng.random((count, HEIGHT, WIDTH)) < share)


def test_polarity_white_is_painted_and_black_is_kept() -> None:
    holes = _holes(9)
    for mask, hole in zip(vace_inputs(_frames(9), holes).masks[2:], holes[2:], strict=True):
        assert mask.dtype == np.uint8
        assert (mask[hole] == 255).all()
        assert set(np.unique(mask)) <= {0, 255}
    kept = vace_inputs(_frames(5), [np.zeros((HEIGHT, WIDTH), bool)] * 5)
    assert not any(mask.any() for mask in kept.masks)


def test_holes_are_mid_grey_and_all_else_is_the_guide() -> None:
    frames = _frames(9)
    inputs = vace_inputs(frames, _holes(9))
    for picture, mask, frame in zip(inputs.video, inputs.masks, frames, strict=True):
        assert (picture[mask > 0] == 128).all()
        assert np.array_equal(picture[mask == 0], frame[mask == 0])
    assert sum(bool(mask.any()) for mask in inputs.masks) == 7


def test_frame_0_is_kept_whole_with_a_black_mask() -> None:
    frames = _frames(9)
    inputs = vace_inputs(frames, [np.ones((HEIGHT, WIDTH), bool)] * 9)
    assert np.array_equal(inputs.video[0], frames[0])
    assert not inputs.masks[0].any()
    assert not inputs.painted[0].any()


def test_mask_1_is_black_because_the_still_latent_is_shown_it() -> None:
    frames = _frames(9)
    inputs = vace_inputs(frames, [np.ones((HEIGHT, WIDTH), bool)] * 9)
    assert picked(9)[0] == 1
    assert not inputs.masks[1].any()
    # Its holes are not grey then, but what geometry has there.
    assert np.array_equal(inputs.video[1], frames[1])
    # In the finished clip they are the model's all the same.
    assert inputs.painted[1].all()


@pytest.mark.parametrize("count", COUNTS)
def test_latent_frames_are_shown_the_masks_that_torch_picks(count: int) -> None:
    import torch

    numbers = torch.arange(count, dtype=torch.float32).view(1, 1, count, 1, 1)
    shown = torch.nn.functional.interpolate(
        numbers, size=((count + 3) // 4, 1, 1), mode="nearest-exact"
    )
    assert picked(count) == tuple(int(number) for number in shown.flatten())
    assert latent_frames(count) == len(picked(count))


def test_early_latent_frames_are_shown_a_mask_of_the_next_group() -> None:
    assert picked(81)[:4] == (1, 5, 9, 13)
    assert [group_of(index) for index in (0, 1, 4, 5, 8, 9)] == [0, 1, 1, 2, 2, 3]


def test_masks_are_joined_within_each_latent_frame() -> None:
    holes = _holes(81)
    painted = joined(holes)
    for group in range(1, 21):
        inside = slice(4 * group - 3, 4 * group + 1)
        union = np.logical_or.reduce(holes[inside])
        for hole in painted[inside]:
            assert np.array_equal(hole, painted[4 * group])
            assert (hole >= union).all()


@pytest.mark.parametrize("count", COUNTS)
def test_every_latent_frame_is_shown_all_holes_of_its_own_pictures(count: int) -> None:
    holes = _holes(count)
    masks = as_told(joined(holes))
    for latent, index in enumerate(picked(count)):
        own = [hole for number, hole in enumerate(holes) if group_of(number) == latent]
        wanted = np.logical_or.reduce(own) if latent else np.zeros((HEIGHT, WIDTH), bool)
        assert (masks[index] >= wanted).all(), latent
    assert not masks[picked(count)[0]].any()


def test_no_more_is_painted_than_two_latent_frames_ask_for() -> None:
    holes = _holes(81)
    painted = joined(holes)
    late = 16
    # Late in a clip the mask that is picked is a group's own, and nothing else is joined to it.
    assert group_of(picked(81)[late]) == late
    union = np.logical_or.reduce(holes[4 * late - 3 : 4 * late + 1])
    assert np.array_equal(painted[4 * late], union)
    early = np.logical_or.reduce(holes[1:9])
    assert np.array_equal(painted[5], early)


def test_packed_masks_join_as_plain_ones_do() -> None:
    holes = _holes(33)
    plain = as_told(joined(holes))
    packed = as_told(joined([np.packbits(hole, axis=1) for hole in holes]))
    for one, other in zip(plain, packed, strict=True):
        assert np.array_equal(one, np.unpackbits(other, axis=1, count=WIDTH).astype(bool))


@pytest.mark.parametrize(("width", "height"), [(60, 64), (64, 60), (0, 16), (854, 480), (832, 470)])
def test_sides_that_are_no_multiples_of_16_are_refused_not_rounded(width, height) -> None:
    with pytest.raises(InvalidInstruction, match="multiples of 16"):
        check_lawful(width, height, 81)


@pytest.mark.parametrize("count", [0, 2, 4, 80, 82, 84])
def test_counts_that_are_not_4_k_and_1_are_refused_not_rounded(count: int) -> None:
    with pytest.raises(InvalidInstruction, match="4 k"):
        check_lawful(832, 480, count)
    check_lawful(832, 480, 81)


def test_video_and_masks_are_of_one_length_and_size() -> None:
    with pytest.raises(InvalidInstruction, match="5 frames with 9 masks"):
        vace_inputs(_frames(5), _holes(9))
    with pytest.raises(InvalidInstruction, match="16x16"):
        vace_inputs(_frames(5), [np.zeros((16, 16), bool)] * 5)
    with pytest.raises(InvalidInstruction, match="0 frames"):
        vace_inputs([], [])


@pytest.mark.parametrize("layers", [1, 8, 15])
def test_every_layer_has_a_scale_of_its_own(layers: int) -> None:
    assert layer_scales(0.5, layers) == [0.5] * layers


@pytest.mark.parametrize(("scale", "layers"), [(-0.1, 8), (2.1, 8), (float("nan"), 8), (1.0, 0)])
def test_scales_out_of_bounds_are_refused(scale: float, layers: int) -> None:
    with pytest.raises(InvalidInstruction):
        layer_scales(scale, layers)


def test_diffusers_shows_latent_frames_what_the_rules_say(vace_pipe: Any) -> None:
    """The pipeline's own code, from pictures to what the model is shown."""
    import torch
    from PIL import Image

    holes = _holes(17)
    inputs = vace_inputs(_frames(17), holes)
    masks = [Image.fromarray(mask) for mask in inputs.masks]
    video = [Image.fromarray(frame) for frame in inputs.video]
    with torch.no_grad():
        taken, mask, references = vace_pipe.preprocess_conditions(
            video, masks, None, 1, HEIGHT, WIDTH, 17, torch.float32, torch.device("cpu")
        )
        shown = vace_pipe.prepare_masks(mask, references)[0]
    assert taken.shape == (1, 3, 17, HEIGHT, WIDTH)
    # 64 channels are the places within 8 x 8 pixels.
    whole = shown.view(8, 8, 5, HEIGHT // 8, WIDTH // 8).permute(2, 3, 0, 4, 1)
    whole = whole.reshape(5, HEIGHT, WIDTH).numpy()
    assert set(np.unique(whole)) == {0.0, 1.0}
    assert not whole[0].any()
    for latent in range(1, 5):
        union = np.logical_or.reduce(holes[4 * latent - 3 : 4 * latent + 1])
        assert (whole[latent] >= union).all()
    grey = taken[0][:, mask[0, 0] > 0.5]
    assert torch.allclose(grey, torch.full_like(grey, 128 / 127.5 - 1), atol=1e-5)
