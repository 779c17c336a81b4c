"""Which depth is taken, the user's own maps, the brush, the subject plane and the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia, Unavailable
from synth.scene.depth import (
    apply_strokes,
    depth_picture,
    estimate_depth,
    read_depth_picture,
    subject_disparity,
)
from synth.scene.depth_map import DepthMap
from synth.scene.depth_model import DepthAnything


class Network(DepthAnything):
    """Stands for the learned estimator."""

    def __init__(self, *, ready: bool, works: bool = True) -> None:
        super().__init__()
        self.ready, self.works = ready, works

    def available(self) -> bool:
        return self.ready

    def estimate(self, pixels: np.ndarray, cancel: CancelToken | None = None) -> DepthMap:
        if not (self.ready and self.works):
            raise Unavailable("The network is not here. Install it.")
        return DepthMap(np.full(pixels.shape[:2], 0.25, np.float32), "depth-anything-v2-small")


def photo(width: int = 160, height: int = 120) -> np.ndarray:
    """A red disc before a grey wall."""
    y, x = np.mgrid[0:height, 0:width]
    disc = np.hypot(x - width / 2, y - height / 2) < 0.3 * height
    return np.where(disc[..., None], (200, 50, 40), (120, 125, 130)).astype(np.uint8)


def test_map_of_the_user_comes_first_then_the_network_then_the_embedded_one() -> None:
    given = np.full((120, 160), 128, np.uint8)
    ready, absent = Network(ready=True), Network(ready=False)
    assert estimate_depth(photo(), depth_picture=given, model=ready).source == "file"
    assert estimate_depth(photo(), model=ready).source == "depth-anything-v2-small"
    fallback = estimate_depth(photo(), model=absent)
    assert fallback.source == "embedded"
    assert "not been downloaded" in fallback.notes[0]
    assert estimate_depth(photo(), method="embedded", model=ready).source == "embedded"


def test_network_that_fails_is_replaced_with_the_reason_unless_demanded() -> None:
    broken = Network(ready=True, works=False)
    fallback = estimate_depth(photo(), model=broken)
    assert fallback.source == "embedded"
    assert "Install it" in fallback.notes[0]
    with pytest.raises(Unavailable, match="Install it"):
        estimate_depth(photo(), method="depth-anything", model=broken)


def test_unknown_method_and_wrong_photo_are_refused() -> None:
    with pytest.raises(InvalidInstruction, match="guess"):
        estimate_depth(photo(), method="guess")  # type: ignore[arg-type]
    with pytest.raises(InvalidMedia, match="shape"):
        estimate_depth(photo()[..., 0])


def test_estimate_can_be_cancelled_and_reports_progress() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        estimate_depth(photo(), method="embedded", cancel=token)
    reports: list[Progress] = []
    estimate_depth(photo(), method="embedded", progress=reports.append)
    assert reports[-1].fraction == 1.0


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [0, 1, 3, 4])
def test_depth_pictures_of_any_kind_are_read_alike(kind: type, channels: int) -> None:
    ramp = np.repeat(np.linspace(0, 1, 120)[:, None], 160, axis=1)
    top = np.iinfo(kind).max if np.issubdtype(kind, np.integer) else 1.0
    picture = (ramp * top).astype(kind)
    if channels:
        picture = np.repeat(picture[..., None], channels, axis=2)
    depth = read_depth_picture(picture, (120, 160))
    assert depth.source == "file"
    assert depth.disparity.dtype == np.float32
    assert np.abs(depth.disparity - ramp).max() < 0.006
    flipped = read_depth_picture(picture, (120, 160), near_is_white=False)
    assert np.abs(flipped.disparity - (1 - ramp)).max() < 0.006


def test_steps_of_eight_bits_become_a_slope_but_edges_stay() -> None:
    slope = np.repeat(np.linspace(0.2, 0.3, 200)[:, None], 200, axis=1)
    slope[:, 100:] += 0.5
    picture = np.round(slope * 255).astype(np.uint8)
    smooth = read_depth_picture(picture, (200, 200)).disparity
    assert np.abs(smooth - slope).max() < 1.01 / 255
    assert len(np.unique(smooth[:, 50])) > 100
    assert (smooth[:, 100] - smooth[:, 99]).min() > 0.48


def test_depth_picture_that_does_not_fit_is_refused_with_both_sizes() -> None:
    with pytest.raises(InvalidMedia, match=r"100×100 and the photo 160×120"):
        read_depth_picture(np.zeros((100, 100), np.uint8), (120, 160))
    broken = np.zeros((120, 160), np.float32)
    broken[0, 0] = np.nan
    with pytest.raises(InvalidMedia, match="1 of 19200"):
        read_depth_picture(broken, (120, 160))
    with pytest.raises(InvalidMedia, match="grey picture"):
        read_depth_picture(np.zeros((2, 3, 4, 5), np.uint8), (120, 160))


def test_depth_in_metres_is_stretched_and_says_so() -> None:
    metres = np.repeat(np.linspace(2.0, 40.0, 120, dtype=np.float32)[:, None], 160, axis=1)
    depth = read_depth_picture(metres, (120, 160))
    assert depth.disparity.min() == 0.0
    assert depth.disparity.max() == 1.0
    assert "stretched" in depth.notes[-1]


def test_flat_depth_picture_stays_flat() -> None:
    assert np.ptp(read_depth_picture(np.full((12, 16), 90, np.uint8), (120, 160)).disparity) == 0


def flat(value: float = 0.4) -> DepthMap:
    return DepthMap(np.full((120, 160), value, np.float32), "embedded")


def test_no_strokes_change_nothing() -> None:
    depth = flat()
    assert apply_strokes(depth, np.zeros((120, 160), np.float32), photo()) is depth


def test_strokes_pull_nearer_and_push_away_and_stay_in_range() -> None:
    strokes = np.zeros((120, 160), np.float32)
    strokes[:, :60], strokes[:, 100:] = 0.3, -0.9
    moved = apply_strokes(flat(), strokes)
    assert moved.disparity[60, 20] == pytest.approx(0.7)
    assert moved.disparity[60, 140] == 0.0
    assert moved.disparity[60, 80] == pytest.approx(0.4)
    assert "Painted by hand." in moved.notes


def test_stroke_takes_the_object_under_it_and_leaves_the_wall() -> None:
    y, x = np.mgrid[0:120, 0:160]
    distance = np.hypot(x - 80, y - 60)
    rough = np.where(distance < 42, 0.4, 0.0).astype(np.float32)  # The disc's radius is 36.
    moved = apply_strokes(flat(), rough, photo()).disparity
    height, width = moved.shape
    yy, xx = np.mgrid[0:height, 0:width]
    radius = np.hypot(xx * 160 / width - 80, yy * 120 / height - 60)
    assert moved[radius < 33].min() > 0.7
    assert moved[(radius > 38.5) & (radius < 41)].mean() < 0.5
    assert moved[radius > 60].max() < 0.42


def test_short_dab_grows_to_the_edge_of_its_object() -> None:
    y, x = np.mgrid[0:120, 0:160]
    dab = np.where(np.hypot(x - 80, y - 60) < 30, 0.4, 0.0).astype(np.float32)
    moved = apply_strokes(flat(), dab, photo()).disparity
    height, width = moved.shape
    yy, xx = np.mgrid[0:height, 0:width]
    radius = np.hypot(xx * 160 / width - 80, yy * 120 / height - 60)
    assert moved[(radius > 31) & (radius < 34)].mean() > 0.6
    assert moved[radius > 39].mean() < 0.43


def test_strokes_of_another_size_and_wild_values_are_handled() -> None:
    strokes = np.full((30, 40), 7.0, np.float32)
    assert apply_strokes(flat(), strokes).disparity.max() == 1.0
    strokes[0, 0] = np.inf
    with pytest.raises(InvalidMedia, match="finite"):
        apply_strokes(flat(), strokes)
    with pytest.raises(InvalidMedia, match="shape"):
        apply_strokes(flat(), np.zeros((3, 4, 3), np.float32))


def test_subject_plane_is_that_of_the_thing_in_the_middle() -> None:
    disparity = np.full((120, 160), 0.1, np.float32)
    disparity[90:] = np.linspace(0.3, 1.0, 30, dtype=np.float32)[:, None]
    disparity[35:85, 60:100] = 0.6
    assert subject_disparity(DepthMap(disparity, "file")) == pytest.approx(0.6, abs=0.02)


def test_subject_plane_of_a_flat_map_is_its_value() -> None:
    assert subject_disparity(flat(0.3)) == pytest.approx(0.3)
    assert subject_disparity(DepthMap(np.zeros((1, 1), np.float32), "file")) == 0.0


def test_picture_grows_lighter_and_warmer_towards_the_viewer() -> None:
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[None]
    picture = depth_picture(DepthMap(ramp, "file"))
    assert picture.shape == (1, 256, 3)
    assert picture.dtype == np.uint8
    colours = picture[0].astype(float)
    light = colours @ np.array([0.2126, 0.7152, 0.0722])
    assert np.all(np.diff(light) > -0.6)
    assert light[-1] - light[0] > 200
    assert colours[0, 2] > colours[0, 0]
    assert colours[200, 0] > colours[200, 2]


def test_real_weights_are_looked_for_on_disk_alone(tmp_path: Path) -> None:
    assert not DepthAnything(cache_dir=tmp_path).available()
