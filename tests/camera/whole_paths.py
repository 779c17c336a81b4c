"""Paths with keys of every kind on whole frames, and how samples of two paths are compared."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from synth.camera.easing import EASINGS
from synth.camera.keys import CURVES, TURN_CURVES, CameraKey, CameraKeys, LookAt, TargetKey
from synth.camera.sampling import Samples, sample
from synth.errors import InvalidInstruction

quick = settings(max_examples=25, deadline=None)
FRAMES = 48

number = st.floats(-5, 5).map(lambda value: round(value, 3))
place = st.tuples(number, number, number)
few_degrees = st.floats(-80, 80).map(lambda value: round(value, 2))
turn = st.tuples(few_degrees, few_degrees, few_degrees)
shape = st.floats(-1, 1).map(lambda value: round(value, 2))
unit = st.floats(0, 1).map(lambda value: round(value, 3))
# Handles that cross bring time to a halt, where everything hangs on the last digits.
early, late = unit.map(lambda value: 0.6 * value), unit.map(lambda value: 1.0 - 0.6 * value)
easing = st.one_of(st.sampled_from(list(EASINGS)), st.tuples(early, unit, late, unit))


@st.composite
def paths(
    draw,
    *,
    curves=CURVES,
    turn_curves=TURN_CURVES,
    looking: bool = True,
    rotations=turn,
) -> CameraKeys:
    """Keys of every kind on whole frames."""
    count = draw(st.integers(1, 5))
    frames = sorted(draw(st.sets(st.integers(0, FRAMES), min_size=count, max_size=count)))
    curve, turns = st.sampled_from(curves), st.sampled_from(turn_curves)
    keys = []
    for frame in frames:
        keys.append(
            CameraKey(
                frame=float(frame),
                position=draw(place),
                rotation=draw(rotations),
                focal_length=draw(st.floats(20, 90)),
                easing=draw(easing),
                curve=draw(st.none() | curve),
                turn_curve=draw(st.none() | turns),
                lens_curve=draw(st.none() | curve),
                tangent_in=draw(st.none() | place),
                tangent_out=draw(st.none() | place),
                tension=draw(shape),
                continuity=draw(shape),
                bias=draw(shape),
                long_way=draw(st.booleans()),
            )
        )
    loop = draw(st.booleans()) and not (frames[0] == 0 and frames[-1] == FRAMES)
    look_at = None
    if looking and draw(st.booleans()):
        at = st.tuples(number, number, st.floats(-40, -30))
        targets = (
            ()
            if not draw(st.booleans())
            else tuple(
                TargetKey(frame=float(frame), position=draw(at))
                for frame in sorted(draw(st.sets(st.integers(0, FRAMES - 1), max_size=3)))
            )
        )
        look_at = LookAt(target=draw(at), keys=targets)
    return CameraKeys(
        frames=FRAMES,
        keys=tuple(keys),
        curve=draw(curve),
        turn_curve=draw(turns),
        lens_curve=draw(curve),
        loop=loop,
        look_at=look_at,
        constant_speed=draw(st.booleans()),
    )


WHOLE = np.arange(0.0, FRAMES + 1.0)
ANY = np.linspace(0.0, FRAMES, 97) + 0.0


def known(keys: CameraKeys, frames=WHOLE) -> Samples:
    try:
        return sample(keys, frames)
    except InvalidInstruction:
        assume(False)
        raise


def same(
    one: Samples,
    places: np.ndarray,
    rotations: Rotation | None,
    lenses: np.ndarray | None,
    *,
    exact: float = 1e-6,
) -> None:
    np.testing.assert_allclose(one.positions, places, atol=exact * max(1, np.abs(places).max()))
    if rotations is not None:
        off = np.degrees((one.rotations.inv() * rotations).magnitude())
        assert off.max() < max(exact, 1e-6) * 100
    if lenses is not None:
        np.testing.assert_allclose(one.focal_lengths, lenses, rtol=exact)
