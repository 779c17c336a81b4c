"""Titles, logos and counters that lie still over a moving picture.

Flow drags such things along with what moves behind them. They give themselves away: over several
pictures their pixels keep their values and their edges stay where they are, while the picture runs
past on both sides of them. What rests with a resting background needs no holding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.flow.model import Anchor

Luma = NDArray[np.uint8]

FEWEST: Final = 4
"""Pictures below which nothing is called still: a slow edge may seem to rest over a few."""

MOST: Final = 6
"""Pictures looked at."""

_WORKED: Final = 640
"""Width that is worked at, pixels: narrow letters would get lost in less."""

_FLOWN: Final = 160
"""Width that motion is looked for at, pixels; also the cells of the map of what moves."""

_RESTS: Final = 14
"""Range of values over the pictures that coding noise may cause, codes."""

_EDGE: Final = 14
"""Contrast within 3 x 3 pixels that an edge keeps in all pictures but one, codes."""

_MOST_HELD: Final = 0.15
"""Share of the picture beyond which it is no overlay, but a picture that hardly moves."""

_FAST: Final = 0.002
"""Motion past an overlay, frame widths per picture: slower, textures creep by less than an edge's
width over the pictures, and nothing is dragged far anyway."""

_BESIDE: Final = (3, 6, 10)
"""How far from an overlay's middle motion is looked for, cells: 24 to 80 pixels of 1280."""

_CAMERA_RESTS: Final = 0.25
"""Share of the edges that last from which, where most of the picture is slow, the camera rests."""

_OWN: Final = 0.12
_WINDOW: Final = 11
"""Share of the edges around one, in a window of so many pixels worked at, that last with it."""

_LINE: Final = (65, 33)
_KNOWN: Final = 0.35
"""An edge that lasts belongs to an overlay where so much of those in a window about it does."""


@dataclass(frozen=True)
class _Look:
    """What is kept of one anchor."""

    luma: Luma
    edges: Luma
    tiny: Luma


class OverlayFinder:
    """Finds overlays in a run of anchors, remembering what it worked out; one per thread."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        # The preset's own finest scale blurs what moves over what rests beside it.
        self._flow.setFinestScale(1)
        self._looks: dict[int, _Look] = {}
        self._motions: dict[tuple[int, int], NDArray[np.float32]] = {}

    def mask(self, anchors: Sequence[Anchor]) -> Luma | None:
        """Where an overlay lies, 0 to 255, at half width and height; None where there is none.

        ``anchors`` are up to six neighbours joined by motion; of more the first six are taken.
        About 3 ms at 1280 x 720.
        """
        anchors = anchors[:MOST]
        if len(anchors) < FEWEST or min(anchors[0].planes.y.shape) < 64:
            return None
        numbers = [anchor.number for anchor in anchors]
        pairs = list(pairwise(numbers))
        self._looks = {key: kept for key, kept in self._looks.items() if key in numbers}
        self._motions = {key: kept for key, kept in self._motions.items() if key in pairs}
        for anchor in anchors:
            if anchor.number not in self._looks:
                self._looks[anchor.number] = _look(anchor.planes.y)
        looks = [self._looks[number] for number in numbers]
        if len({look.luma.shape for look in looks}) > 1:
            return None
        for pair, (one, other) in zip(pairs, pairwise(looks), strict=True):
            if pair not in self._motions:
                self._motions[pair] = self._motion(one, other)
        return _found(looks, [self._motions[pair] for pair in pairs])

    def _motion(self, one: _Look, other: _Look) -> NDArray[np.float32]:
        """How each cell moves, (h, w, 2), frame widths per picture."""
        flow = self._flow.calc(one.tiny, other.tiny, np.empty((0, 0), np.float32))
        return np.asarray(flow, np.float32) / flow.shape[1]


def overlay_mask(lumas: Sequence[Luma]) -> Luma:
    """Where an overlay lies in several pictures of one moving scene.

    Args:
        lumas: brightness of four to six neighbouring pictures, (H, W) each.
    Returns:
        (H // 2, W // 2), 0 to 255: how much of each pixel belongs to an overlay.
    """
    finder = OverlayFinder()
    looks = [_look(luma) for luma in lumas[:MOST]]
    found = None
    if len(looks) >= FEWEST:
        motions = [finder._motion(one, other) for one, other in pairwise(looks)]
        found = _found(looks, motions)
    height, width = lumas[0].shape
    return found if found is not None else np.zeros((height // 2, width // 2), np.uint8)


def _look(luma: Luma) -> _Look:
    worked = _reduced(luma, _WORKED)
    return _Look(
        luma,
        np.asarray(cv2.morphologyEx(worked, cv2.MORPH_GRADIENT, _square(3)), np.uint8),
        _reduced(worked, _FLOWN),
    )


def _square(side: int) -> Luma:
    return np.ones((side, side), np.uint8)


def _reduced(luma: Luma, width: int) -> Luma:
    """Smaller by a whole factor, to about a width."""
    factor = max(1, round(luma.shape[1] / width))
    if factor == 1:
        return luma
    size = (luma.shape[1] // factor, luma.shape[0] // factor)
    whole = luma[: factor * size[1], : factor * size[0]]
    return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)


def _found(looks: Sequence[_Look], motions: Sequence[NDArray[np.float32]]) -> Luma | None:
    motion = np.mean(motions, axis=0)
    past = _runs_past(motion)
    if not past.any():
        return None
    low, high = looks[0].luma, looks[0].luma
    # Behind a letter the picture may be as bright as it once: the weakest of the edges is let go.
    weakest, passing = looks[0].edges, looks[0].edges
    lasting = np.full_like(weakest, 255)
    for look in looks[1:]:
        low, high = cv2.min(low, look.luma), cv2.max(high, look.luma)
        lasting = cv2.min(lasting, cv2.max(weakest, look.edges))
        weakest, passing = cv2.min(weakest, look.edges), cv2.max(passing, look.edges)
    swing = cv2.subtract(high, low)
    rests = _reduced(
        np.asarray(cv2.threshold(swing, _RESTS, 255, cv2.THRESH_BINARY_INV)[1], np.uint8), _WORKED
    )
    loose = cv2.threshold(passing, _EDGE, 255, 0)[1]
    firm = cv2.bitwise_and(cv2.threshold(lasting, _EDGE, 255, 0)[1], rests)
    resting = float((cv2.magnitude(*cv2.split(motion)) < _FAST).mean())
    if resting > 0.5 and cv2.countNonZero(firm) > _CAMERA_RESTS * cv2.countNonZero(loose):
        return None
    size = (rests.shape[1], rests.shape[0])
    beside = np.asarray(cv2.resize(past, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    window = (_WINDOW, _WINDOW)
    around = cv2.blur(loose, window)
    crowd = cv2.compare(
        cv2.blur(firm, window), cv2.addWeighted(around, _OWN, around, 0.0, 1.0), cv2.CMP_GE
    )
    own = cv2.bitwise_and(firm, crowd)
    seed = cv2.bitwise_and(own, beside)
    if not seed.any():
        return None
    # The rest of it, past which nothing can be seen to move: part of what was found beside it.
    for _ in range(2):
        known, all_of_it = cv2.blur(seed, _LINE), cv2.blur(own, _LINE)
        most = cv2.compare(
            known, cv2.addWeighted(all_of_it, _KNOWN, all_of_it, 0.0, 1.0), cv2.CMP_GE
        )
        seed = cv2.bitwise_or(seed, cv2.bitwise_and(own, most))
    held = cv2.dilate(cv2.bitwise_and(cv2.dilate(seed, _square(9)), rests), _square(3))
    if cv2.countNonZero(held) > _MOST_HELD * held.size:
        return None
    height, width = looks[0].luma.shape
    half = cv2.resize(held, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(half, np.uint8)


def _runs_past(flow: NDArray[np.float32]) -> Luma:
    """255 in cells past which the picture runs, left and right of them or above and below.

    Both sides must move, and not against each other: amid a zoom everything rests by itself.
    """
    height, width = flow.shape[:2]
    margin = _BESIDE[-1]
    padded = np.pad(cv2.blur(flow, (5, 5)), ((margin, margin), (margin, margin), (0, 0)), "edge")
    speed = cv2.magnitude(padded[..., 0], padded[..., 1])
    runs = np.zeros((height, width), np.bool_)
    for step in _BESIDE:
        for down, right in ((step, 0), (0, step)):
            one, other = (
                (
                    slice(margin + way * down, margin + way * down + height),
                    slice(margin + way * right, margin + way * right + width),
                )
                for way in (-1, 1)
            )
            mean = (padded[one] + padded[other]) / 2
            slowest = cv2.min(cv2.min(speed[one], speed[other]), cv2.magnitude(*cv2.split(mean)))
            runs |= slowest >= _FAST
    return runs.astype(np.uint8) * 255
