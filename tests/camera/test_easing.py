"""What every easing curve promises."""

from __future__ import annotations

import numpy as np
import pytest

from synth.camera.easing import EASINGS, cubic_bezier, ease, easing_name
from synth.errors import InvalidInstruction

TIMES = np.linspace(0.0, 1.0, 1001)
CALM = [name for name in EASINGS if "back" not in name]
MIRRORED = [name for name in EASINGS if "in_out" in name or name.startswith("smooth")]


@pytest.mark.parametrize("name", EASINGS)
def test_a_curve_starts_at_0_and_ends_at_1_exactly(name: str) -> None:
    assert ease(name, 0.0) == 0.0
    assert ease(name, 1.0) == 1.0
    assert np.all(ease(name, [-3.0, 4.0]) == [0.0, 1.0])


@pytest.mark.parametrize("name", CALM)
def test_a_curve_never_runs_backwards_nor_leaves_its_ends(name: str) -> None:
    values = ease(name, TIMES)
    assert np.all(np.diff(values) >= -1e-12)
    assert values.min() >= 0.0
    assert values.max() <= 1.0


@pytest.mark.parametrize("name", [name for name in EASINGS if "back" in name])
def test_a_back_curve_swings_beyond_by_about_a_tenth(name: str) -> None:
    values = ease(name, TIMES)
    swing = max(-values.min(), values.max() - 1.0)
    assert 0.04 < swing < 0.11


@pytest.mark.parametrize("name", EASINGS)
def test_a_curve_has_no_jump(name: str) -> None:
    assert np.abs(np.diff(ease(name, TIMES))).max() < 0.02


@pytest.mark.parametrize("name", MIRRORED)
def test_in_out_is_its_own_mirror(name: str) -> None:
    assert ease(name, TIMES) == pytest.approx(1.0 - ease(name, 1.0 - TIMES), abs=1e-9)


@pytest.mark.parametrize(
    "family", ["", "_sine", "_quad", "_cubic", "_quart", "_quint", "_expo", "_back"]
)
def test_out_mirrors_in(family: str) -> None:
    mirrored = 1.0 - ease(f"ease_in{family}", 1.0 - TIMES)
    assert ease(f"ease_out{family}", TIMES) == pytest.approx(mirrored, abs=1e-9)


@pytest.mark.parametrize("name", ["quad", "cubic", "quart", "quint", "expo"])
def test_stronger_families_wait_longer(name: str) -> None:
    assert ease(f"ease_in_{name}", 0.25) < ease("ease_in_sine", 0.25)


def test_css_ease_in_out_follows_its_bezier_curve() -> None:
    s = np.linspace(0.0, 1.0, 101)
    x = 3 * (1 - s) ** 2 * s * 0.42 + 3 * (1 - s) * s**2 * 0.58 + s**3
    y = 3 * (1 - s) * s**2 + s**3
    assert ease("ease-in-out", x) == pytest.approx(y, abs=1e-9)


def test_a_straight_bezier_is_linear() -> None:
    assert cubic_bezier(0.25, 0.25, 0.75, 0.75)(TIMES) == pytest.approx(TIMES, abs=1e-12)


@pytest.mark.parametrize("handles", [(-0.1, 0, 1, 1), (0, 0, 1.1, 1), (float("nan"), 0, 1, 1)])
def test_a_bezier_that_runs_back_in_time_is_refused(handles: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInstruction):
        cubic_bezier(*handles)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ease-in-out", "ease_in_out"),
        ("easeInOutCubic", "ease_in_out_cubic"),
        ("Ease In", "ease_in"),
        (" smoothstep ", "smoothstep"),
        ("LINEAR", "linear"),
    ],
)
def test_usual_spellings_are_understood(written: str, meant: str) -> None:
    assert easing_name(written) == meant


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InvalidInstruction, match="ease_in_out_sine"):
        ease("bouncy", 0.5)


def test_progress_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidInstruction, match="finite"):
        ease("linear", [0.0, float("nan")])


def test_the_shape_of_the_input_is_kept() -> None:
    assert ease("ease_in_out_back", np.zeros((3, 4))).shape == (3, 4)
