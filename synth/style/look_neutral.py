"""Colours of neutral scenes: what looks are learned against where nothing ungraded is given.

They are numbers of eight pictures, worked out by ``colours_of``: five photographs that come with
scikit-image (an astronaut, a cup of coffee, a cat, a motorcycle, a rocket on its pad), taken by
daylight and by lamps and put out as cameras do, and the three examples bundled here. No picture is
neutral as such; these stand for what a photo is like to which a look will be applied, from dark to
bright and from grey to coloured, and how far they differ tells how far one may trust a difference
(``synth.style.look_fit``). ``python -m tests.bench.learned_looks table`` works them out again.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from synth.style.look_colour import Colours

# fmt: off
_ROWS: Final = (
    (0.000, 0.000, 0.135, 0.395, 0.628, 0.744, 0.824, 0.880, 0.977, 0.002, 0.001, 0.014, 0.007,
     0.034, 0.020, 0.036, 0.029, 0.027, 0.024, 0.012, 0.011, 0.008, 0.005, 0.147, 0.119, 0.148,
     0.199, 0.333, 0.345, 0.134, 0.044),
    (0.134, 0.171, 0.253, 0.472, 0.543, 0.630, 0.725, 0.843, 0.953, 0.032, 0.025, 0.038, 0.029,
     0.077, 0.057, 0.097, 0.087, 0.073, 0.090, 0.041, 0.071, 0.012, 0.029, 0.052, 0.174, 0.199,
     0.422, 0.401, 0.182, 0.063, 0.019),
    (0.232, 0.380, 0.469, 0.527, 0.582, 0.632, 0.682, 0.734, 0.770, 0.006, 0.015, 0.020, 0.029,
     0.035, 0.046, 0.034, 0.048, 0.031, 0.042, 0.027, 0.029, 0.025, 0.019, 0.004, 0.032, 0.161,
     0.538, 0.591, 0.169, 0.009, 0.016),
    (0.149, 0.203, 0.305, 0.396, 0.534, 0.669, 0.755, 0.831, 0.910, 0.010, 0.007, 0.014, 0.011,
     0.021, 0.017, 0.020, 0.016, 0.016, 0.014, 0.012, 0.011, 0.010, 0.005, 0.030, 0.166, 0.312,
     0.332, 0.348, 0.251, 0.059, 0.035),
    (0.157, 0.195, 0.241, 0.280, 0.326, 0.385, 0.450, 0.523, 0.816, -0.004, -0.031, -0.008,
     -0.042, -0.008, -0.046, -0.006, -0.039, 0.006, 0.001, 0.017, 0.063, 0.004, 0.042, 0.053,
     0.425, 0.654, 0.289, 0.054, 0.019, 0.008, 0.025),
    (0.341, 0.388, 0.445, 0.489, 0.533, 0.607, 0.812, 0.923, 0.935, 0.010, 0.041, 0.015, 0.046,
     0.024, 0.053, 0.026, 0.058, 0.022, 0.058, 0.008, 0.037, 0.003, 0.020, 0.000, 0.019, 0.239,
     0.603, 0.342, 0.150, 0.134, 0.013),
    (0.280, 0.325, 0.395, 0.553, 0.670, 0.736, 0.791, 0.829, 0.845, 0.027, 0.025, 0.029, 0.026,
     0.032, 0.030, 0.031, 0.025, 0.018, -0.005, 0.020, 0.003, 0.021, 0.017, 0.002, 0.054, 0.205,
     0.255, 0.479, 0.429, 0.079, 0.029),
    (0.324, 0.410, 0.587, 0.724, 0.761, 0.790, 0.817, 0.854, 0.904, 0.012, 0.021, 0.014, 0.031,
     0.026, 0.042, 0.037, 0.056, 0.014, 0.038, 0.004, 0.022, 0.002, 0.015, 0.001, 0.015, 0.074,
     0.146, 0.412, 0.682, 0.169, 0.038),
)
# fmt: on


def neutral_colours() -> Colours:
    """Colours of eight neutral scenes."""
    return Colours.from_rows(np.array(_ROWS))
