"""Keyed paths for property tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from synth.camera.keys import CURVES, TURN_CURVES, CameraKey, CameraKeys

SMOOTH = ("smooth", "catmull_rom", "bezier", "tcb")

coordinates = st.integers(-500, 500).map(lambda n: n / 100)
places = st.tuples(coordinates, coordinates, coordinates)
rotations = st.tuples(
    st.integers(-80, 80).map(float), st.integers(-400, 400).map(float), st.integers(-170, 170)
).map(lambda angles: tuple(map(float, angles)))
shapes = st.integers(-10, 10).map(lambda n: n / 10)


@dataclass(frozen=True)
class Kinds:
    """What a strategy may choose from."""

    curves: tuple[str, ...] = CURVES
    turns: tuple[str, ...] = TURN_CURVES
    easings: tuple[object, ...] = ("linear", "ease_in", "ease_in_out_cubic", (0.3, 0.1, 0.6, 1.2))
    handles: bool = True
    own: bool = True
    """Whether keys may have curves of their own."""


@st.composite
def keyed(draw, kinds: Kinds = Kinds(), least: int = 2, most: int = 6, **path) -> CameraKeys:
    """Paths of a few keys with the given kinds of curves."""
    count = draw(st.integers(least, most))
    frames = sorted(draw(st.sets(st.integers(0, 400), min_size=count, max_size=count)))
    keys = []
    for frame in frames:
        rules: dict = {
            "easing": draw(st.sampled_from(kinds.easings)),
            "tension": draw(shapes), "continuity": draw(shapes), "bias": draw(shapes),
        }  # fmt: skip
        if kinds.own:
            rules["curve"] = draw(st.none() | st.sampled_from(kinds.curves))
            rules["turn_curve"] = draw(st.none() | st.sampled_from(kinds.turns))
            rules["lens_curve"] = draw(st.none() | st.sampled_from(kinds.curves))
            rules["long_way"] = draw(st.booleans())
        if kinds.handles:
            rules["tangent_in"] = draw(st.none() | places)
            rules["tangent_out"] = draw(st.none() | places)
        keys.append(
            CameraKey(
                frame=frame / 2.0,
                position=draw(places),
                rotation=draw(rotations),
                focal_length=draw(st.integers(20, 90)) + 0.5,
                **rules,
            )
        )
    return CameraKeys(
        frames=201,
        keys=tuple(keys),
        curve=draw(st.sampled_from(kinds.curves)),
        turn_curve=draw(st.sampled_from(kinds.turns)),
        lens_curve=draw(st.sampled_from(kinds.curves)),
        **path,
    )


def array(keys: CameraKeys, name: str) -> np.ndarray:
    """One field of all keys."""
    return np.array([getattr(key, name) for key in keys.keys], dtype=np.float64)
