"""Makes the looks in ``assets/looks``: each is designed here, in the product's own grading chain.

python -m assets.make_looks
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synth.grade.chain import Chain
from synth.grade.cube import write_cube
from synth.grade.light import LUMA, to_code, to_light
from synth.grade.looks import looks
from synth.grade.lut import Lut, identity_cube
from synth.grade.settings import Adjustments

FOLDER = Path(__file__).resolve().parent / "looks"

SIZE = 33

Colours = NDArray[np.floating]


def controls(rgb: Colours, **values: Any) -> Colours:
    """The product's own controls."""
    return Chain(Adjustments.from_values(values)).apply(rgb)


def luma(rgb: Colours) -> Colours:
    """Brightness, (..., 1)."""
    return (rgb @ np.array(LUMA))[..., None]


def toned(rgb: Colours, shadows: tuple[float, ...], highlights: tuple[float, ...]) -> Colours:
    """Split toning: colour for the dark and for the bright parts; brightness stays."""
    y = np.clip(luma(rgb), 0, 1)
    dark, bright = (1 - y) ** 2 * np.minimum(4 * y + 0.35, 1), y**2 * np.minimum(3 * (1 - y), 1)
    tints = [np.array(tint) - np.array(tint) @ np.array(LUMA) for tint in (shadows, highlights)]
    return rgb + dark * tints[0] + bright * tints[1]


def mixed(first: Colours, second: Colours, share: float) -> Colours:
    """Between two pictures."""
    return first + share * (second - first)


def clean_contrast(rgb: Colours) -> Colours:
    """An S without a cast."""
    curve = [[0, 0], [0.12, 0.085], [0.3, 0.275], [0.5, 0.515], [0.75, 0.795], [1, 1]]
    return controls(rgb, curve=curve, vibrance=0.12)


def warm_film(rgb: Colours) -> Colours:
    """The print stock of a warm afternoon."""
    curve = [[0, 0.03], [0.2, 0.185], [0.5, 0.525], [0.75, 0.775], [1, 0.965]]
    rgb = controls(rgb, temperature=450, tint=2, curve=curve, saturation=0.95, vibrance=0.1)
    return toned(rgb, (-0.012, 0.004, 0.014), (0.03, 0.006, -0.045))


def golden_hour(rgb: Colours) -> Colours:
    """The sun stands low."""
    rgb = controls(
        rgb, temperature=1500, tint=4, exposure=0.08, highlights=-0.15, vibrance=0.2,
        curve=[[0, 0.01], [0.25, 0.225], [0.6, 0.625], [1, 1]],
    )  # fmt: skip
    return toned(rgb, (-0.012, -0.004, 0.035), (0.05, 0.012, -0.07))


def teal_orange(rgb: Colours) -> Colours:
    """Colours drawn towards one line, from teal to orange."""
    curve = [[0, 0], [0.15, 0.12], [0.5, 0.51], [0.8, 0.835], [1, 1]]
    rgb = controls(rgb, curve=curve)
    y = luma(rgb)
    colour = rgb - y
    # A right-handed pair in the plane of constant brightness.
    along = np.array([1.0, 0.12, -0.95])
    along -= along @ np.array(LUMA)
    along /= np.linalg.norm(along)
    share = (colour @ along)[..., None] * along
    rgb = y + 1.12 * share + 0.68 * (colour - share)
    return toned(rgb, (-0.075, 0.02, 0.06), (0.045, 0.005, -0.05))


def bleach_bypass(rgb: Colours) -> Colours:
    """A black and white picture laid over the colours, as silver that stayed in the film."""
    y = luma(rgb)
    soft = controls(rgb, saturation=0.55)
    over = np.where(y < 0.5, 2 * soft * y, 1 - 2 * (1 - soft) * (1 - y))
    rgb = mixed(soft, over, 0.62)
    return controls(rgb, curve=[[0, 0.012], [0.5, 0.5], [1, 0.985]], temperature=-180)


def noir(rgb: Colours) -> Colours:
    """Red counts for more than eyes give it: skin glows."""
    grey = to_code(to_light(rgb) @ np.array([0.42, 0.5, 0.08]))[..., None]
    rgb = np.repeat(grey, 3, axis=-1)
    curve = [[0, 0], [0.12, 0.03], [0.3, 0.165], [0.5, 0.43], [0.75, 0.81], [1, 0.985]]
    return controls(rgb, curve=curve)


def faded_print(rgb: Colours) -> Colours:
    """Left in the sun for a few summers."""
    curve = [[0, 0.095], [0.25, 0.285], [0.5, 0.51], [0.75, 0.73], [1, 0.925]]
    rgb = controls(rgb, curve=curve, saturation=0.72, hues=[1.05, 1.0, 0.8, 0.85, 0.8, 0.95])
    return toned(rgb, (0.016, -0.012, 0.012), (0.022, 0.014, -0.055))


def day_for_night(rgb: Colours) -> Colours:
    """Moonlight: dark, blue, and what shone barely does."""
    rgb = controls(rgb, temperature=-2000, tint=-4, exposure=-1.9)
    # Eyes at night see little red and little colour.
    night = to_code(to_light(rgb) @ np.array([0.08, 0.62, 0.3]))[..., None]
    rgb = mixed(rgb, night * np.array([0.72, 0.94, 1.3]), 0.7)
    return controls(rgb, curve=[[0, 0], [0.15, 0.115], [0.45, 0.46], [0.8, 0.74], [1, 0.86]])


def pastel(rgb: Colours) -> Colours:
    """Much light, little weight."""
    curve = [[0, 0.05], [0.25, 0.335], [0.5, 0.61], [0.75, 0.82], [1, 0.985]]
    rgb = controls(rgb, curve=curve, saturation=0.8, vibrance=0.2, temperature=120, tint=3)
    return toned(rgb, (0.006, 0.0, 0.016), (0.018, -0.002, 0.004))


def cold_steel(rgb: Colours) -> Colours:
    """Winter, concrete, early morning."""
    curve = [[0, 0.005], [0.2, 0.165], [0.5, 0.5], [0.8, 0.82], [1, 0.98]]
    rgb = controls(
        rgb,
        temperature=-1000,
        tint=-3,
        curve=curve,
        saturation=0.58,
        hues=[1.1, 1, 0.8, 1, 1.1, 0.9],
    )
    return toned(rgb, (-0.03, 0.003, 0.045), (-0.012, 0.004, 0.018))


DESIGNS: dict[str, Callable[[Colours], Colours]] = {
    design.__name__: design
    for design in (
        clean_contrast, warm_film, golden_hour, teal_orange, bleach_bypass, noir, faded_print,
        day_for_night, pastel, cold_steel,
    )
}  # fmt: skip


def main() -> None:
    """Write all looks."""
    FOLDER.mkdir(exist_ok=True)
    grid = identity_cube(SIZE)
    for look in looks():
        cube = np.clip(DESIGNS[look.name](grid), 0, 1).round(4).astype(np.float32)
        write_cube(Lut(cube=cube, title=look.title), FOLDER / f"{look.name}.cube")


if __name__ == "__main__":
    main()
