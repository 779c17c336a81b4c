"""A look as a file and on frames: what was saved comes back, and strength 0 changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from synth.errors import InvalidInstruction, InvalidMedia
from synth.grade.cube import read_cube
from synth.grade.light import LUMA
from synth.grade.looks import look_lut
from synth.grade.lut import identity_cube
from synth.style import look_running
from synth.style.files import read_style
from synth.style.look import LearnedLook, Look, RunningLook, Texture, read_look, save_look
from synth.style.model import LOOK_SCHEMA

ALL = Texture(6.0, 0.9, (0.4, 0.15, 0.05), 0.02, 0.3)


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    """A picture of all sorts of colours, with a white spot."""
    rng = np.random.default_rng(0)
    picture = np.repeat(np.repeat(rng.integers(0, 200, (9, 16, 3), np.uint8), 10, 0), 10, 1)
    picture[40:50, 70:80] = 255
    return picture


def test_what_was_saved_comes_back_with_its_cube_beside(tmp_path: Path) -> None:
    look = Look(look_lut("warm_film").cube, ALL, "warm")

    path, cube = save_look(look, tmp_path / "warm.safetensors", licence="CC0")
    style = read_style(path)
    back = read_look(style)

    assert (style.kind, style.base, style.licence, style.strength) == (
        "look", "geometric", "CC0", 1.0,
    )  # fmt: skip
    assert np.array_equal(back.cube, look.cube)
    assert back.texture == look.texture
    assert back.name == "warm"
    assert np.allclose(read_cube(cube).cube, look.cube, atol=1e-6)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["warm.cube", "warm.safetensors"]


def test_a_learned_look_takes_its_story_along(tmp_path: Path) -> None:
    learned = LearnedLook(Look(name="noir"), 9.5, 1.25, True, 7)

    path, _ = save_look(learned, tmp_path / "noir.safetensors")

    assert read_style(path).trained == {
        "references": "7",
        "learned from": "frames before and after the grade",
        "distance before": "9.50",
        "distance after": "1.25",
    }


def test_looks_go_nowhere_else(tmp_path: Path) -> None:
    with pytest.raises(InvalidInstruction, match="safetensors"):
        save_look(Look(), tmp_path / "a.cube")
    with pytest.raises(InvalidInstruction, match="does not exist"):
        save_look(Look(), tmp_path / "none" / "a.safetensors")


CUBE = look_lut("noir").cube
REST = np.array([0, 0.7, 0, 0, 0, 0.012, 0], np.float32)


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"cube": CUBE}, "texture"),
        ({"cube": CUBE.astype(np.float64), "texture": REST}, "cube"),
        ({"cube": CUBE[:4], "texture": REST}, "4x33x33x3"),
        ({"cube": np.zeros((1, 1, 1, 3), np.float32), "texture": REST}, "1x1x1x3"),
        ({"cube": np.zeros((), np.float32), "texture": REST}, "cube"),
        ({"cube": CUBE + 1, "texture": REST}, "0 to 1"),
        ({"cube": CUBE, "texture": REST[:6]}, "6 numbers"),
        ({"cube": CUBE, "texture": REST + np.float32(41)}, "grain is 41"),
        ({"cube": CUBE, "texture": REST - np.array([0, 0, 0, 0, 1, 0, 0], np.float32)},
         "halation is -1"),
    ],
)  # fmt: skip
def test_a_look_whose_numbers_make_no_sense_is_refused(
    tmp_path: Path, tensors: dict[str, Any], said: str
) -> None:
    path = tmp_path / "a.safetensors"
    save_file(tensors, path, {"schema": LOOK_SCHEMA})
    with pytest.raises(InvalidMedia, match=said):
        read_look(read_style(path))


def test_a_look_of_a_later_version_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"cube": CUBE, "texture": REST}, path, {"schema": "motion-synth.look/2"})
    with pytest.raises(InvalidMedia, match="later version"):
        read_style(path)


def test_strength_0_changes_nothing_bit_for_bit(frame: np.ndarray) -> None:
    for look in (Look(CUBE, ALL), Look(CUBE), Look()):
        assert np.array_equal(RunningLook(look, 0.0, 160, 90).apply(frame, 3), frame)
    assert np.array_equal(RunningLook(Look(), 1.0, 160, 90).apply(frame, 3), frame)


def test_the_effect_grows_with_strength(frame: np.ndarray) -> None:
    for texture in (Texture(), ALL):
        changes = [
            float(
                np.abs(
                    RunningLook(Look(CUBE, texture), strength, 160, 90).apply(frame, 0).astype(int)
                    - frame
                ).mean()
            )
            for strength in (0.0, 0.25, 0.5, 0.75, 1.0)
        ]
        assert changes == sorted(changes)
        assert changes[1] > 0.5


@pytest.mark.parametrize("strength", [-0.1, 2.1, float("nan")])
def test_a_strength_that_looks_do_not_have_is_refused(strength: float) -> None:
    with pytest.raises(InvalidInstruction, match="from 0 to 2"):
        RunningLook(Look(), strength, 160, 90)


def test_full_strength_is_the_cube(frame: np.ndarray) -> None:
    exact = look_lut("noir").apply(frame.astype(np.float32) / np.float32(255))

    out = RunningLook(Look(CUBE), 1.0, 160, 90).apply(frame, 0)

    assert np.abs(out / 255 - np.clip(exact, 0, 1)).max() <= 0.51 / 255


def test_the_table_gives_the_very_same_and_threads_do_not_matter(
    frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Look(CUBE, ALL)
    one_by_one = RunningLook(look, 0.7, 160, 90, seed=4)
    wanted = [one_by_one.apply(frame, n) for n in range(12)]
    monkeypatch.setattr(look_running, "_BAKED_AFTER", 4 * 160 * 90)
    running = RunningLook(look, 0.7, 160, 90, seed=4)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: running.apply(frame, n), reversed(range(12))))

    assert running._table is not None
    assert one_by_one._table is None
    for one, other in zip(wanted, reversed(found), strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(wanted[0], wanted[1])
    other_seed = RunningLook(look, 0.7, 160, 90, seed=5).apply(frame, 0)
    assert not np.array_equal(wanted[0], other_seed)


def test_grain_is_as_strong_as_it_says_and_spares_black_and_white() -> None:
    look = Look(texture=Texture(grain=5.0, grain_size=0.7))
    ramp = np.repeat(np.array([0, 128, 255], np.uint8), 300)[None, :, None]
    picture = np.ascontiguousarray(np.broadcast_to(ramp, (600, 900, 3)))

    change = RunningLook(look, 1.0, 900, 600).apply(picture, 0).astype(int) - picture

    assert change[:, 300:600].std() == pytest.approx(5.0, rel=0.05)
    assert abs(change[:, 300:600].mean()) < 0.1
    assert not change[:, :300].any()
    assert not change[:, 600:].any()


def test_a_vignette_darkens_corners_as_much_as_it_says() -> None:
    picture = np.full((90, 160, 3), 200, np.uint8)

    out = RunningLook(Look(texture=Texture(vignette=0.4)), 1.0, 160, 90).apply(picture, 0)

    assert out[44:46, 79:81].min() >= 199
    assert out[0, 0, 0] == pytest.approx(200 * 0.6, abs=2)
    assert np.array_equal(out, out[::-1, ::-1])


def test_halation_glows_red_around_white_and_nowhere_else() -> None:
    picture = np.full((90, 160, 3), 40, np.uint8)
    picture[40:50, 75:85] = 255
    look = Look(texture=Texture(halation=(0.8, 0.2, 0.0), halation_size=0.04))

    change = RunningLook(look, 1.0, 160, 90).apply(picture, 0).astype(int) - picture

    beside = change[45, 88]
    assert beside[0] >= 10
    assert beside[0] > 2 * beside[1] > 0
    assert beside[2] == 0
    assert not change[:20].any()
    assert not change[40:50, 75:85].any()


def test_beyond_full_strength_a_colour_that_was_taken_away_stays_away() -> None:
    still = identity_cube(9)
    grey = np.repeat((still @ np.array(LUMA, np.float32))[..., None], 3, axis=-1)
    black_and_white = Look(np.asarray(grey, np.float32))
    strong = black_and_white.lut(1.6).cube
    assert np.ptp(strong, axis=-1).max() < 1e-5

    swapped = Look(np.ascontiguousarray(still[..., ::-1]))  # a style that does turn colours over
    assert np.abs(swapped.lut(1.0).cube - still[..., ::-1]).max() < 1e-6
    nearly, over = swapped.lut(1.0).cube, swapped.lut(1.001).cube
    assert np.abs(nearly - over).max() < 0.01
