"""The guide of a shot as one file: all of it, however long."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from synth.backends import families
from synth.backends.protocol import FrameRule, SizeRule
from synth.control import CancelToken
from synth.shot import Shot
from synth.ui.guide_file import write_guide
from tests.ui.conftest import make_picture


@pytest.mark.parametrize(("seconds", "parts"), [(0.5, [9]), (1.0, [9, 9]), (1.5, [9, 9, 9])])
def test_a_shot_longer_than_a_call_is_in_the_guide_whole(
    seconds: float, parts: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that draws 9 frames of 16 a second stands for one that draws 81."""
    own = families.family("", guided=True)
    brief = replace(own, frames=FrameRule(4, 1, 5, 9), sizes=SizeRule(16, 64, 96 * 64))
    monkeypatch.setattr(families, "family", lambda name, *, guided: brief)
    photo = make_picture(tmp_path / "photo.png", 96, 64)
    camera = {"type": "truck", "direction": "left", "duration": seconds}
    shot = Shot.from_dict({"motion": {"camera": camera}, "backend": {"name": "guided"}})
    target = tmp_path / "guide.zip"
    about = write_guide(
        shot, str(photo), None, target, lighting="low golden sun", cancel=CancelToken()
    )
    count = sum(parts) - len(parts) + 1
    assert (about["frames"], about["parts"]) == (count, parts)
    assert about["frames"] / about["fps"] >= seconds  # nothing of the shot is left out
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
        told = archive.read("README.txt").decode()
        words = archive.read("prompt.txt").decode()
    assert words == about["sentence"]
    assert "golden sun" in words
    for folder in ("guide", "mask", "depth", "flow"):
        assert f"{folder}/{count - 1:05d}.png" in names
        assert f"{folder}/{count:05d}.png" not in names
    assert (f"in {len(parts)} parts" in told) == (len(parts) > 1)
