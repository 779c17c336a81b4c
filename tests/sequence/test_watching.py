"""How far a film is said to be."""

from __future__ import annotations

import numpy as np
import pytest

from synth.media import Planes
from synth.sequence.project import Project
from synth.sequence.watching import Crossing, FilmState, Watch


def _frames(number: int) -> list[Planes]:
    flat = np.zeros((4, 4), np.uint8)
    return [Planes(flat, flat[::2, ::2], flat[::2, ::2]) for _ in range(number)]


@pytest.mark.parametrize(("type", "least"), [("push_through", 0.9), ("depth_wipe", 0.6)])
def test_a_transition_that_a_camera_draws_counts_for_what_it_costs(type: str, least: float) -> None:
    states: list[FilmState] = []
    watch = Watch(Project(), lambda _: None, states.append)
    crossing = Crossing("Drawing the transition from A to B", type, 12, 2)
    watch.begin({}, encode=60, film=60, crossings=[crossing])
    for _ in range(48):
        watch.encoded(1)
    assert states[-1].stage == "Encoding the film"
    assert states[-1].fraction < 1 - least
    shares = []
    for _ in watch.crossing(crossing, iter(_frames(12))):
        watch.encoded(1)
        assert states[-1].stage == crossing.words
        shares.append(states[-1].fraction)
    assert shares == sorted(shares)
    # All that there was to do is done with the last frame, but for the sound, which comes before.
    assert states[-1].fraction == pytest.approx(1 - 6 / (66 + crossing.cost), abs=1e-6)
    watch.end()
    assert states[-1].fraction == 1.0
