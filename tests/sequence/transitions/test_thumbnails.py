"""Moving thumbnails: small files that move and loop."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from synth.errors import InvalidInstruction
from synth.sequence.transitions.catalogue import TRANSITIONS
from synth.sequence.transitions.thumbnails import FRAMES, LARGEST, thumbnail
from tests.sequence.transitions.conftest import Sides


def _frames(data: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "WEBP"
        assert image.info["loop"] == 0
        found = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            found.append(np.asarray(image.convert("RGB")).astype(int))
    return found


@pytest.mark.parametrize(
    "name",
    ["dissolve", "scatter", "dip", "whip_pan", "depth_wipe", "push_through", "match_move"],
)
def test_it_moves_from_one_picture_to_the_other(name: str, sides: Sides) -> None:
    one, other = sides.picture(1) // 2, sides.picture(2) // 2 + 127
    data = thumbnail(name, one, other, colour="#00ff00")
    frames = _frames(data)
    assert len(data) <= LARGEST
    # Frames that do not change are kept as one that lasts longer.
    assert 8 <= len(frames) <= FRAMES + 2
    assert frames[0].shape == (90, 160, 3)
    assert frames[0].mean() < 90 < 150 < frames[-1].mean()
    moved = [np.abs(a - b).mean() for a, b in itertools.pairwise(frames)]
    assert sum(step > 0.3 for step in moved) >= FRAMES // 2


def test_any_two_pictures_of_any_shape_will_do(sides: Sides) -> None:
    tall = np.full((301, 77, 3), 90, np.uint8)
    for name in ("wipeleft", "push_through"):
        assert _frames(thumbnail(name, tall, sides.picture(1), size=(81, 45)))[0].shape == (
            44,
            80,
            3,
        )


def test_a_transition_that_does_not_exist_is_refused(sides: Sides) -> None:
    with pytest.raises(InvalidInstruction, match="There is no transition 'sparkle'"):
        thumbnail("sparkle", sides.picture(1), sides.picture(2))
    assert "sparkle" not in TRANSITIONS
