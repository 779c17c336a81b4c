"""Text that stands still over real motion stays at least as sharp as FFmpeg's filter leaves it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import pytest

from synth.flow.interpolate import FlowInterpolator
from synth.media.planes import Planes
from tests.bench.interpolation.clips import Run, planes_from, rgb_of
from tests.bench.interpolation.drawing import moved, photo
from tests.bench.interpolation.rivals import BETTER, DEFAULT, minterpolate
from tests.bench.interpolation.scores import psnr

WIDTH, HEIGHT = 480, 270
TARGET = 5


@cache
def background(name: str) -> np.ndarray:
    return photo(name, 2 * WIDTH, 2 * HEIGHT)


@dataclass(frozen=True)
class Shot:
    """A camera over a photo, and what is written over it."""

    photo: str
    pan: tuple[float, float]
    turn: float = 0.0
    zoom: float = 1.0
    text: str = "Chapter Seven"
    at: tuple[int, int] = (40, 236)
    size: float = 1.0
    opacity: float = 1.0

    def letters(self) -> np.ndarray:
        """Opacity of the text, its shadow included, and how white it is; (H, W), 0 to 1."""
        cover, white = (np.zeros((2 * HEIGHT, 2 * WIDTH), np.uint8) for _ in range(2))
        where = (2 * self.at[0], 2 * self.at[1])
        for canvas, bold in ((cover, 12), (white, 5)):
            cv2.putText(
                canvas, self.text, where, cv2.FONT_HERSHEY_DUPLEX, 2 * self.size, 255, bold,
                cv2.LINE_AA,
            )  # fmt: skip
        small = [
            cv2.resize(canvas, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
            for canvas in (cover, white)
        ]
        return np.dstack(small).astype(np.float32) / 255

    def frame(self, number: float) -> Planes:
        """The picture at a moment, in half steps of the shown ones."""
        behind = moved(
            background(self.photo),
            (WIDTH, HEIGHT),
            about=(WIDTH, HEIGHT),
            to=(
                WIDTH / 2 + self.pan[0] * (number - 6),
                HEIGHT / 2 + self.pan[1] * (number - 6),
            ),
            degrees=self.turn * number,
            scale=self.zoom**number,
        )
        letters = self.letters()
        cover, white = letters[..., :1] * self.opacity, letters[..., 1:]
        shown = behind * (1 - cover) + cover * 240 * white
        return planes_from(shown.round().astype(np.uint8))

    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the text and a little more."""
        x, y, w, h = cv2.boundingRect((self.letters()[..., 0] > 0).astype(np.uint8))
        return slice(max(0, y - 3), y + h + 3), slice(max(0, x - 3), x + w + 3)


SHOTS = {
    "title over a pan": Shot("cloister", (-9.0, 1.0)),
    "subtitle over a fast pan": Shot(
        "lighthouse", (14.0, 0.0), text="- We should have taken the train.", size=0.6
    ),
    "title over a turn": Shot("cloister", (-3.0, 0.0), turn=0.8),
    "title over a zoom": Shot("robot", (-4.0, 0.0), zoom=1.01),
    "logo at the top": Shot("lighthouse", (-7.0, 2.0), text="LIVE 12", at=(340, 44), size=0.8),
    "half-transparent logo": Shot(
        "cloister", (-9.0, 1.0), text="KANAL 4", at=(300, 44), size=0.9, opacity=0.6
    ),
}

WEAK = {
    "half-transparent logo": "what shines through it moves more than noise would",
}
"""Not held as well as they should be."""


@cache
def run(name: str) -> Run:
    """Frames of a shot, one of them hidden where it is surrounded."""
    return Run(tuple(SHOTS[name].frame(number) for number in range(11)), (TARGET,))


def sharpness(name: str, rebuilt: Planes) -> float:
    """PSNR of the region with the text, decibel."""
    box = SHOTS[name].box()
    truth, made = (
        np.ascontiguousarray(rgb_of(planes)[box]) for planes in (run(name).frames[TARGET], rebuilt)
    )
    return psnr(truth, made)


@cache
def theirs(name: str, options: str) -> float:
    return sharpness(name, minterpolate(options)(run(name))[TARGET])


@pytest.mark.parametrize("mode", ["fast", "quality"])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.xfail(reason=WEAK[name], strict=True))
        if name in WEAK
        else name
        for name in SHOTS
    ],
)
def test_text_is_at_least_as_sharp_as_the_filter_leaves_it(name: str, mode: str) -> None:
    size = run(name).frames[0].size
    maker = FlowInterpolator(mode, size)  # type: ignore[arg-type]
    (made,) = maker.between(run(name).window(TARGET), [0.5])
    maker.close()
    ours = sharpness(name, made.planes)
    assert ours >= theirs(name, DEFAULT)
    assert ours >= theirs(name, BETTER)
