"""Promises of the estimator that needs no weights, on pictures drawn here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from synth.errors import InvalidMedia
from synth.scene.depth_embedded import estimate_depth_embedded


def landscape(width: int = 480, height: int = 320, horizon: float = 0.45) -> np.ndarray:
    """Blue sky over a textured green plain."""
    rng = np.random.default_rng(3)
    picture = np.zeros((height, width, 3), np.float32)
    line = int(horizon * height)
    rows = np.linspace(0, 1, line)[:, None, None]
    picture[:line] = (1 - rows) * np.array([70, 120, 215]) + rows * np.array([170, 200, 235])
    ground = height - line
    near = np.linspace(0.2, 1.0, ground)[:, None]
    grain = cv2.GaussianBlur(rng.normal(0, 1, (ground, width)).astype(np.float32), (0, 0), 1.5)
    picture[line:] = np.array([88, 125, 52]) + (60 * near * grain)[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def with_post(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A red post that stands on the plain, and where it is."""
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    cv2.rectangle(
        mask,
        (int(0.44 * width), int(0.25 * height)),
        (int(0.56 * width), int(0.8 * height)),
        1,
        -1,
    )
    result = picture.copy()
    result[mask > 0] = (190, 40, 35)
    return result, mask > 0


def on_grid(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return cv2.resize(mask.astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST) > 0


def corridor(width: int = 480, height: int = 320) -> np.ndarray:
    """Tiled walls, floor and ceiling that run to the middle of the picture."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across, down = (x / width - 0.5) * 2, (y / height - 0.5) * 2
    reach = np.maximum(np.maximum(np.abs(across), np.abs(down)), 0.04)
    wall = np.abs(across) > np.abs(down)
    along = 1.6 / reach
    side = np.where(wall, down, across) / reach
    tile = (np.floor(side * 4) + np.floor(along * 2)) % 2
    colour = np.where(wall[..., None], (150, 120, 95), (120, 125, 140))
    colour = np.where(((down > 0) & ~wall)[..., None], (105, 70, 55), colour)
    shade = (0.35 + 0.65 * reach) * (0.8 + 0.2 * tile)
    return np.clip(colour * shade[..., None], 0, 255).astype(np.uint8)


def test_sky_is_far_and_the_ground_comes_nearer_towards_the_bottom() -> None:
    disparity = estimate_depth_embedded(landscape()).disparity
    height = disparity.shape[0]
    rows = disparity.mean(1)
    assert rows[: int(0.38 * height)].max() < 0.05
    ground = rows[int(0.55 * height) :]
    assert ground[-1] > 0.85
    assert ground[-1] - ground[0] > 0.5
    assert np.all(np.diff(ground[:: height // 12]) > 0)


def test_clouds_belong_to_the_sky() -> None:
    picture = landscape().astype(np.float32)
    noise = np.random.default_rng(8).normal(0, 1, (12, 16)).astype(np.float32)
    cloud = cv2.resize(noise, (480, 144), interpolation=cv2.INTER_CUBIC)
    share = np.clip(cloud, 0, 1)[..., None]
    picture[:144] = (1 - share) * picture[:144] + share * np.array([225, 222, 224])
    disparity = estimate_depth_embedded(picture.astype(np.uint8)).disparity
    top = disparity[: int(0.4 * disparity.shape[0])]
    assert np.mean(top < 0.05) > 0.97


def test_subject_stands_before_its_surroundings_at_the_depth_of_its_foot() -> None:
    picture, mask = with_post(landscape())
    disparity = estimate_depth_embedded(picture).disparity
    height = disparity.shape[0]
    small = on_grid(mask, disparity.shape)
    core = cv2.erode(small.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    beside = cv2.dilate(small.astype(np.uint8), np.ones((21, 21), np.uint8)) > 0
    beside &= cv2.dilate(small.astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    beside[int(0.6 * height) :] = False
    assert np.median(disparity[core]) > np.median(disparity[beside]) + 0.25
    foot = disparity[int(0.8 * height), : disparity.shape[1] // 4].mean()
    assert abs(np.median(disparity[core]) - foot) < 0.2
    # Upright: its head is about as near as its foot.
    column = disparity[:, disparity.shape[1] // 2]
    assert abs(column[int(0.3 * height)] - column[int(0.75 * height)]) < 0.2


def test_depth_steps_at_the_outline_of_the_subject() -> None:
    picture, mask = with_post(landscape())
    disparity = estimate_depth_embedded(picture).disparity
    height, width = disparity.shape
    row = disparity[int(0.35 * height)]
    edges = np.flatnonzero(np.abs(np.diff(on_grid(mask, disparity.shape)[int(0.35 * height)])))
    steps = np.abs(np.diff(row))
    for edge in edges:
        assert steps[max(0, edge - 3) : edge + 4].sum() > 0.2
    far_away = np.ones(width - 1, bool)
    for edge in edges:
        far_away[max(0, edge - 8) : edge + 9] = False
    assert steps[far_away].max() < 0.05


def test_corridor_runs_away_to_its_vanishing_point() -> None:
    depth = estimate_depth_embedded(corridor())
    disparity = depth.disparity
    height, width = disparity.shape
    middle = disparity[
        int(0.44 * height) : int(0.56 * height), int(0.44 * width) : int(0.56 * width)
    ]
    rim = np.concatenate(
        [disparity[:, : width // 12].ravel(), disparity[:, -width // 12 :].ravel()]
    )
    assert np.median(rim) > np.median(middle) + 0.4
    assert "corridor" in depth.notes[0]


def test_sharp_subject_before_a_blurred_background_is_nearer() -> None:
    rng = np.random.default_rng(5)
    texture = rng.integers(0, 255, (320, 480, 3), dtype=np.uint8)
    coarse = cv2.resize(cv2.resize(texture, (60, 40)), (480, 320), interpolation=cv2.INTER_CUBIC)
    background = cv2.GaussianBlur(coarse, (0, 0), 7)
    mask = np.zeros((320, 480), np.uint8)
    cv2.ellipse(mask, (240, 150), (75, 95), 0, 0, 360, 1, -1)
    fine = np.clip(
        cv2.resize(texture[:160, :240], (480, 320), interpolation=cv2.INTER_NEAREST) * 0.5
        + np.array([110, 30, 10]),
        0,
        255,
    )
    picture = np.where(mask[..., None] > 0, fine, background).astype(np.uint8)
    disparity = estimate_depth_embedded(picture).disparity
    small = on_grid(mask, disparity.shape)
    top = np.zeros_like(small)
    top[: disparity.shape[0] // 2] = True
    assert np.median(disparity[small & top]) > np.median(disparity[~small & top]) + 0.2


def test_letterbox_bars_do_not_change_the_depth_of_the_picture() -> None:
    plain = landscape(480, 320)
    barred = cv2.copyMakeBorder(plain, 0, 0, 60, 60, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    inner = estimate_depth_embedded(barred).disparity
    edge = round(60 / 600 * inner.shape[1])
    ours = cv2.resize(inner[:, edge:-edge], (60, 40), interpolation=cv2.INTER_AREA)
    direct = cv2.resize(
        estimate_depth_embedded(plain).disparity, (60, 40), interpolation=cv2.INTER_AREA
    )
    assert np.abs(ours - direct).mean() < 0.03


def test_same_picture_gives_the_same_depth() -> None:
    picture, _ = with_post(landscape())
    first = estimate_depth_embedded(picture).disparity
    again = estimate_depth_embedded(picture.copy()).disparity
    assert np.array_equal(first, again)


@pytest.mark.parametrize(
    "shape",
    [(1, 1), (1, 700), (700, 1), (2, 3), (3, 4000), (13, 11), (4000, 3), (97, 641), (1200, 900)],
)
@pytest.mark.parametrize("content", ["black", "white", "noise", "ramp"])
def test_any_picture_of_any_size_gives_finite_depth(shape: tuple[int, int], content: str) -> None:
    rng = np.random.default_rng(11)
    picture = {
        "black": np.zeros((*shape, 3), np.uint8),
        "white": np.full((*shape, 3), 255, np.uint8),
        "noise": rng.integers(0, 256, (*shape, 3), dtype=np.uint8),
        "ramp": np.broadcast_to(
            np.linspace(0, 255, shape[0]).astype(np.uint8)[:, None, None], (*shape, 3)
        ).copy(),
    }[content]
    disparity = estimate_depth_embedded(picture).disparity
    assert disparity.dtype == np.float32
    assert disparity.ndim == 2
    assert max(disparity.shape) <= 320
    assert np.isfinite(disparity).all()
    assert disparity.min() >= 0.0
    assert disparity.max() <= 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 4), np.uint8),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((0, 8, 3), np.uint8),
    ],
)
def test_what_is_no_photo_is_refused_with_its_shape(wrong: np.ndarray) -> None:
    with pytest.raises(InvalidMedia, match="shape"):
        estimate_depth_embedded(wrong)


def test_better_than_a_vertical_ramp_on_a_real_photo_with_measured_depth() -> None:
    data = pytest.importorskip("skimage.data")
    stats = pytest.importorskip("scipy.stats")
    left, _, truth = data.stereo_motorcycle()
    disparity = estimate_depth_embedded(left).disparity
    full = cv2.resize(disparity, truth.shape[::-1], interpolation=cv2.INTER_LINEAR)
    known = np.isfinite(truth)
    ramp = np.broadcast_to(np.arange(truth.shape[0])[:, None], truth.shape)
    ours = stats.spearmanr(full[known], truth[known]).statistic
    trivial = stats.spearmanr(ramp[known], truth[known]).statistic
    assert ours > trivial + 0.04
    assert ours > 0.7
