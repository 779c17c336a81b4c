from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from synth.flow.model import Anchor
from synth.flow.watch import Watcher
from tests.flow.worlds import finished, moved, pictures_of, shown, world


def _replaced(lumas: list[np.ndarray], fps: int) -> tuple[list[Anchor], Watcher]:
    watcher = Watcher()
    return list(watcher.anchors(shown(lumas, fps), duplicates="replace")), watcher


@pytest.mark.parametrize(
    ("pattern", "fps"),
    [
        pytest.param((2, 3), 60, id="telecine 3:2"),
        pytest.param((1, 1, 1, 2), 30, id="24 in 30"),
        pytest.param((2,), 24, id="animation on twos"),
        pytest.param((3,), 24, id="animation on threes"),
        pytest.param((1, 2, 1, 3, 2, 1, 1), 30, id="screen recording"),
        pytest.param((6,), 60, id="ten pictures a second in sixty"),
    ],
)
@pytest.mark.parametrize("grain", [0.0, 0.7])
def test_repeats_in_motion_give_way(pattern: Sequence[int], fps: int, grain: float) -> None:
    strip = list(pictures_of(moved(world(1), 24, pan=(5, 1), turn=0.3), pattern))
    anchors, watcher = _replaced(finished([luma for luma, _ in strip], grain=grain), fps)
    # The repeats of the last picture have no motion after them; they end the clip.
    last = max(i for i, (_, repeats) in enumerate(strip) if not repeats)
    wanted = [i for i, (_, repeats) in enumerate(strip) if not repeats or i > last]
    assert [anchor.number for anchor in anchors] == wanted
    assert watcher.counts.replaced == len(strip) - len(wanted)
    assert watcher.counts.repeats == sum(repeats for _, repeats in strip)
    assert {anchor.join for anchor in anchors if 0 < anchor.number <= last} == {"motion"}
    assert {anchor.join for anchor in anchors if anchor.number > last} <= {"still"}


def test_kept_repeats_stay_and_say_so() -> None:
    strip = list(pictures_of(moved(world(1), 12, pan=(5, 1)), (2,)))
    watcher = Watcher()
    anchors = list(watcher.anchors(shown(finished([luma for luma, _ in strip]))))
    assert [anchor.join == "still" for anchor in anchors] == [repeats for _, repeats in strip]
    assert (watcher.counts.repeats, watcher.counts.replaced) == (12, 0)


@pytest.mark.parametrize("rest", [8, 13, 60])
def test_a_scene_that_rests_is_left_to_rest(rest: int) -> None:
    shot = moved(world(1), 30, pan=(4, 0))
    lumas = shot[:15] + [shot[14]] * rest + shot[15:]
    anchors, watcher = _replaced(finished(lumas), 25)
    assert len(anchors) == len(lumas)
    assert watcher.counts.replaced == 0


def test_nothing_is_bridged_across_a_cut() -> None:
    first = moved(world(1), 12, pan=(4, 0))
    second = moved(world(2), 12, pan=(-4, 0))
    lumas = [*first, first[-1], first[-1], *second]
    anchors, watcher = _replaced(finished(lumas), 25)
    assert [anchor.number for anchor in anchors] == list(range(len(lumas)))
    assert watcher.counts.replaced == 0
    assert [anchor.number for anchor in anchors if anchor.join == "cut"] == [0, 14]


def test_few_pictures_are_held_back_however_long_it_rests() -> None:
    rest = shown(finished(moved(world(1), 1) * 300), 60)
    read = 0

    def counted() -> object:
        nonlocal read
        for frame in rest:
            read += 1
            yield frame

    for anchor in Watcher().anchors(counted(), duplicates="replace"):  # type: ignore[arg-type]
        assert read - anchor.number <= 40
    assert read == 300


def test_animation_over_a_moving_background_keeps_every_picture() -> None:
    shot = moved(world(1), 30, pan=(2, 0))
    figure = moved(world(2), 30, pan=(8, 0))
    for i, frame in enumerate(shot):
        frame[60:140, 100:200] = figure[i - i % 2][60:140, 100:200]
    anchors, watcher = _replaced(finished(shot), 24)
    assert len(anchors) == 30
    assert watcher.counts.repeats == 0
