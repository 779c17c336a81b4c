"""The bundled example pictures: picture, depth and facts must speak of the same scene."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from synth.motion import parse_motion_json

FOLDER = Path(__file__).parents[2] / "assets" / "examples"
NAMES = ("lighthouse", "cloister", "robot")
KEYS = {
    "name",
    "title",
    "credit",
    "near",
    "far",
    "focal_length",
    "subject_disparity",
    "licence",
    "suggested_motion",
}


def read_facts(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def read_picture(name: str) -> np.ndarray:
    with Image.open(FOLDER / f"{name}.jpg") as image:
        return np.asarray(image.convert("RGB"))


def read_disparity(name: str) -> np.ndarray:
    levels = cv2.imread(str(FOLDER / f"{name}_depth.png"), cv2.IMREAD_UNCHANGED)
    assert levels is not None
    assert levels.dtype == np.uint16
    assert levels.ndim == 2
    return levels / 65535.0


def read_depth(name: str) -> np.ndarray:
    """Depth along the camera's axis, scene units."""
    facts = read_facts(name)
    near, far = 1.0 / facts["near"], 1.0 / facts["far"]
    return 1.0 / (far + read_disparity(name) * (near - far))


def test_the_folder_holds_exactly_the_three_files_of_each_example():
    expected = {f"{name}{end}" for name in NAMES for end in (".jpg", "_depth.png", ".json")}
    assert {path.name for path in FOLDER.iterdir()} == expected


@pytest.mark.parametrize("name", NAMES)
class TestExample:
    def test_facts_are_complete_and_make_sense(self, name: str):
        facts = read_facts(name)
        assert set(facts) == KEYS
        assert facts["name"] == name
        assert facts["licence"] == "CC0-1.0"
        assert 0.0 < facts["near"] < 10.0 < facts["far"]
        assert 20.0 <= facts["focal_length"] <= 100.0

    def test_suggested_motion_is_an_instruction_that_the_product_obeys(self, name: str):
        motion = parse_motion_json(json.dumps(read_facts(name)["suggested_motion"]))
        assert all(move.type != "static" for move in motion.camera)

    def test_picture_is_full_size_small_on_disk_and_free_of_hidden_facts(self, name: str):
        path = FOLDER / f"{name}.jpg"
        assert path.stat().st_size <= 900_000
        with Image.open(path) as image:
            assert image.size in {(1920, 1280), (1920, 1080)}
            assert not image.getexif()

    def test_depth_has_a_value_for_every_pixel_of_the_picture(self, name: str):
        assert read_disparity(name).shape == read_picture(name).shape[:2]

    def test_depth_uses_its_range_and_is_not_cut_off_at_the_near_end(self, name: str):
        disparity = read_disparity(name)
        assert 0.4 < disparity.max() < 1.0
        assert disparity.min() < 0.05

    def test_subject_disparity_is_the_plane_ten_units_away(self, name: str):
        facts = read_facts(name)
        near, far = 1.0 / facts["near"], 1.0 / facts["far"]
        depth = 1.0 / (far + facts["subject_disparity"] * (near - far))
        assert depth == pytest.approx(10.0, rel=1e-4)

    def test_a_subject_stands_in_the_middle_on_the_subject_plane(self, name: str):
        depth = read_depth(name)
        height, width = depth.shape
        middle = depth[height // 4 : 3 * height // 4, 2 * width // 5 : 3 * width // 5]
        on_plane = np.abs(middle - 10.0) < 0.5
        assert on_plane.mean() > 0.25
        assert np.median(middle[on_plane]) == pytest.approx(10.0, rel=0.05)

    def test_there_are_near_middle_and_far_layers(self, name: str):
        depth = read_depth(name)
        assert (depth < 7.0).mean() > 0.03
        assert ((depth > 8.0) & (depth < 13.0)).mean() > 0.05
        assert (depth > 18.0).mean() > 0.05

    def test_edges_of_depth_lie_on_edges_of_the_picture(self, name: str):
        """Colour changes more at depth steps than elsewhere, and less so once depth is shifted."""
        grey = cv2.cvtColor(read_picture(name), cv2.COLOR_RGB2GRAY).astype(np.float32)
        gradient = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
        disparity = read_disparity(name).astype(np.float32)
        spread = cv2.dilate(disparity, np.ones((3, 3))) - cv2.erode(disparity, np.ones((3, 3)))
        steps = spread > 0.04
        assert steps.mean() > 0.001
        aligned = gradient[steps].mean()
        assert aligned > 2.0 * gradient.mean()
        for dx, dy in ((6, 0), (-6, 0), (0, 6), (0, -6)):
            assert aligned > 1.3 * gradient[np.roll(steps, (dy, dx), (0, 1))].mean()

    def test_exposure_is_that_of_a_photograph(self, name: str):
        grey = cv2.cvtColor(read_picture(name), cv2.COLOR_RGB2GRAY)
        low, middle, high = np.percentile(grey, [1, 50, 99])
        assert low < 65
        assert 60 < middle < 190
        assert high > 185
        assert (grey == 255).mean() < 0.01

    def test_there_is_no_grain_to_swim_when_the_camera_moves(self, name: str):
        """Isolated odd pixels, the mark of too few rays, are rare."""
        grey = cv2.cvtColor(read_picture(name), cv2.COLOR_RGB2GRAY)
        odd = np.abs(grey.astype(np.int16) - cv2.medianBlur(grey, 3)) > 40
        assert odd.mean() < 0.004
