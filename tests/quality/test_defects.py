"""The defects that all other tests of judging lean on are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from tests.quality.defects import KINDS, Part, Picture, spoil

PART = Part(12, 36)

WHOLE = {"judder", "jitter"}
"""Kinds that change every frame a little, so that there is room for the defect."""


@pytest.fixture(scope="module")
def frames() -> list[Picture]:
    """A pan over soft texture, in colour, 256 x 192, 48 frames."""
    rng = np.random.default_rng(2)
    wide = np.kron(rng.uniform(40, 200, (48, 96, 3)), np.ones((4, 4, 1)))
    wide = np.asarray(wide + rng.uniform(-8, 8, wide.shape), np.uint8)
    return [np.ascontiguousarray(wide[:, 2 * at : 2 * at + 256]) for at in range(48)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_defect_stays_in_its_part(kind: str, frames: list[Picture]) -> None:
    made = spoil(frames, kind, KINDS[kind].levels[2], part=PART)
    assert made.part.first >= (6 if kind == "judder" else 12)
    assert 0 < made.part.end - made.part.first <= 24 + 8
    if kind in WHOLE:
        return
    for one, other in zip(made.frames[:12], frames[:12], strict=True):
        assert np.array_equal(one, other)
    for one, other in zip(made.frames[-12:], frames[-12:], strict=True):
        assert np.array_equal(one, other)
    inside = made.frames[made.part.first : made.part.end]
    same = len(inside) == 24 and all(map(np.array_equal, inside, frames[12:36]))
    assert not same


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"judder", "duplicates", "drops"}))
def test_more_of_a_defect_is_further_from_the_clean_clip(kind: str, frames: list[Picture]) -> None:
    far = [
        np.mean(
            [
                np.square(one.astype(np.float64) - other).mean()
                for one, other in zip(spoil(frames, kind, level).frames, frames, strict=True)
            ]
        )
        for level in KINDS[kind].levels
    ]
    assert 0 < far[0] < far[1] < far[2]


@pytest.mark.parametrize(("kind", "sign"), [("duplicates", 1), ("drops", -1)])
def test_frames_are_added_or_lost_as_often_as_was_asked(
    kind: str, sign: int, frames: list[Picture]
) -> None:
    for level in KINDS[kind].levels:
        apart = len(spoil(frames, kind, level).frames) - len(frames)
        assert sign * apart == pytest.approx(48 / level, abs=1.01)


def test_judder_shows_other_moments_at_the_same_pace(frames: list[Picture]) -> None:
    calm = spoil(frames, "judder", 0).frames
    assert all(map(np.array_equal, calm, frames[::2]))
    uneven = spoil(frames, "judder", 50).frames
    assert len(uneven) == len(calm)
    moved = sum(not np.array_equal(one, two) for one, two in zip(uneven, calm, strict=True))
    assert moved == 12


def test_the_same_seed_makes_the_same_defect(frames: list[Picture]) -> None:
    for kind in ("noise", "flicker", "jitter", "tearing"):
        level = KINDS[kind].levels[1]
        one, two = spoil(frames, kind, level, seed=3), spoil(frames, kind, level, seed=3)
        other = spoil(frames, kind, level, seed=4)
        assert all(map(np.array_equal, one.frames, two.frames))
        assert not all(map(np.array_equal, one.frames, other.frames))
