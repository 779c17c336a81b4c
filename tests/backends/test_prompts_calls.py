"""What each call of a model is told, and what it is not told to avoid."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from synth.backends.chain import calls
from synth.backends.families import family
from synth.backends.prompts import Advice
from synth.backends.prompts_calls import CallWords, advised_negative, all_said, words_of_calls
from synth.backends.protocol import FrameRule
from synth.motion import MotionControl, camera_path

WAN = Advice("wan", family("wan2.1").negative)
LTX = Advice("ltx", family("ltx").negative)
STILL: dict[str, Any] = {"type": "static", "duration": 4.0}
TURNS: tuple[dict[str, Any], ...] = (
    {"type": "pan", "direction": "left", "duration": 4.0},
    {"type": "pedestal", "direction": "up", "duration": 4.0},
)


def told(camera: Any, prompt: str = "a man walks", seconds: float = 8.0, **more: Any) -> Any:
    motion = MotionControl.from_dict({"camera": camera})
    path = camera_path(motion, fps=Fraction(24))
    planned = calls(seconds, FrameRule(4, 1, 5, 65), Fraction(16), fps=Fraction(24))
    values: dict[str, Any] = {"prompt": prompt, "advice": WAN, "path": path, **more}
    return words_of_calls(motion, planned, **values)


def test_each_call_is_told_its_own_part() -> None:
    first, second = told([*TURNS])
    assert "pans" in first.text
    assert "rises" not in first.text
    assert "rises" in second.text
    assert "pans" not in second.text
    assert all("man walks" in one.text for one in (first, second))
    assert first.text == " ".join(part.text for part in first.parts)


def test_words_of_ones_own_are_read_by_all_calls() -> None:
    words = told([*TURNS], sentence="My words.", negative="static, rain")
    assert words == (CallWords("My words.", "static, rain"),) * 2
    assert all_said([one.text for one in words]) == "My words."


@pytest.mark.parametrize(
    ("camera", "prompt", "sentence", "static"),
    [
        ([STILL], "a man walks", None, False),
        (None, "static shot of a man who walks", None, False),
        (None, "a man walks", None, False),
        ([STILL], "a man walks", "Static shot of a man.", False),
        ([{"type": "handheld", "intensity": 0.4, "duration": 4.0}], "", None, False),
        ([TURNS[0]], "a man walks", None, True),
        (None, "slow pan left over a street", None, True),
        ([STILL], "a man walks", "A man walks.", True),
    ],
)
def test_a_locked_off_camera_is_not_forbidden(
    camera: Any, prompt: str, sentence: str | None, static: bool
) -> None:
    """ "Static" in the makers' advice would fight the sentence that asks for just that."""
    motion = MotionControl.from_dict({"camera": camera} if camera else {})
    found = advised_negative(WAN.negative, motion, prompt=prompt, sentence=sentence)
    assert ("static" in found) is static
    assert found.startswith("overexposed,")
    assert found.endswith("cluttered background")


def test_a_camera_held_by_hand_may_shake_and_a_part_that_rests_may_rest() -> None:
    hand = MotionControl.from_dict({"camera": {"type": "handheld", "duration": 3.0}})
    assert "jittery" not in advised_negative(LTX.negative, hand, prompt="")
    assert "jittery" in advised_negative(LTX.negative, MotionControl(), prompt="")
    first, second = told([TURNS[0], STILL])
    assert "static" in first.negative
    assert "locked off" in second.text
    assert "static" not in second.negative
