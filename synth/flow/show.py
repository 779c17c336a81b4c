"""Motion made visible: as colours, as arrows, and what the next picture hides.

Every function takes a picture as uint8 RGB (H, W, 3) or as ``Planes`` and gives uint8 RGB. Those
that write into the picture enlarge a small one until its longer side is 480 pixels, so that the
letters can be read.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.flow.model import Motion
from synth.flow.show_compare import Layout, beside, compare_slowed, split
from synth.flow.show_curve import DoubtCurve, doubt_curve
from synth.flow.show_draw import (
    darkened,
    disc,
    label,
    panel,
    roomy,
    text_size,
    unit_of,
    write,
)
from synth.flow.show_picture import Picture, rgb_of
from synth.flow.show_wheel import (
    colours_of,
    direction_colours,
    fastest_of,
    wheel_picture,
)
from synth.media.planes import ColourTags

__all__ = [
    "DoubtCurve",
    "Layout",
    "Picture",
    "arrows_picture",
    "beside",
    "compare_slowed",
    "doubt_curve",
    "flow_picture",
    "hidden_picture",
    "rgb_of",
    "split",
    "wheel_picture",
]

_SPACING = 22
"""Units from one arrow to the next."""
_FURTHEST = 1.25
"""Length of the fast arrows, in spacings."""
_STILL = 0.3
"""Pixels of motion below which a dot is drawn instead of an arrow."""
_GAINS = (0.1, 0.2, 0.3, 0.5, 1, 2, 3, 4, 5, 8, 10, 15, 20)
_HIDDEN = (255, 112, 67)


def flow_picture(
    flow: NDArray[np.float32], *, fastest: float | None = None, legend: bool = True
) -> NDArray[np.uint8]:
    """Motion as colours: hue is where to, strength how far (Baker et al., 2011).

    ``flow`` is (H, W, 2) in pixels, x to the right and y down. ``fastest`` is the motion in pixels
    that full colour stands for; left out, it fits this field. With the ``legend``, a small wheel
    with that number, a small picture is enlarged; without it the size is the flow's own.
    """
    scale = fastest if fastest is not None else fastest_of(flow)
    picture = colours_of(flow, scale)
    if not legend:
        return picture
    picture = roomy(picture)
    unit = unit_of(picture)
    height, width = picture.shape[:2]
    diameter = round(min(58 * unit, 0.42 * min(height, width)))
    em = min(11 * unit, diameter * 0.2)
    text = f"{scale:g} px"
    wide, tall = text_size(text, em)
    inner = max(diameter, wide)
    pad, margin = 0.7 * em, 8 * unit
    right, bottom = width - margin, height - margin
    left, top = right - inner - 2 * pad, bottom - diameter - tall - 2.2 * pad
    panel(picture, (left, top, right, bottom), 0.9 * em)
    x, y = round(left + pad + (inner - diameter) / 2), round(top + pad)
    under = picture[y : y + diameter, x : x + diameter]
    under[...] = wheel_picture(diameter, under.copy())
    write(picture, text, (left + pad + (inner - wide) / 2, bottom - 0.6 * pad - tall / 2), em)
    return picture


def arrows_picture(
    picture: Picture,
    flow: NDArray[np.float32],
    *,
    legend: bool = True,
    tags: ColourTags | None = None,
) -> NDArray[np.uint8]:
    """Motion as arrows in the wheel's colours over the darkened picture.

    ``flow`` is (H, W, 2) in pixels of the picture. Each arrow is the mean of its cell; where all
    are too short or too long to be read they are drawn at another scale, which the legend tells.
    """
    rgb = rgb_of(picture, tags)
    stage = darkened(roomy(rgb), 0.42, 0.35)
    unit = unit_of(stage)
    height, width = stage.shape[:2]
    columns = max(1, round(width / (_SPACING * unit)))
    rows = max(1, round(height / (_SPACING * unit)))
    clean = np.nan_to_num(flow, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    mean = np.asarray(cv2.resize(clean, (columns, rows), interpolation=cv2.INTER_AREA))
    mean = mean.reshape(rows, columns, 2)
    length = np.hypot(mean[..., 0], mean[..., 1])
    enlarged = width / rgb.shape[1]
    gain = _gain(length * enlarged, _FURTHEST * _SPACING * unit)
    tints = np.rint(0.62 * direction_colours(np.arctan2(mean[..., 1], mean[..., 0])) + 97)
    for row, column in np.ndindex(rows, columns):
        centre = (column + 0.5) * width / columns, (row + 0.5) * height / rows
        if length[row, column] < _STILL:
            disc(stage, centre, 1.1 * unit, (120, 124, 134))
            continue
        reach = mean[row, column] * (gain * enlarged)
        _arrow(stage, centre, reach, unit, tuple(tints[row, column].tolist()))
    if legend:
        text = "Arrows as long as the motion"
        if gain != 1:
            text = f"Arrows {gain:g}x as long as the motion"
        label(stage, text, "bottom-left", size=10.5)
    return stage


def hidden_picture(
    picture: Picture,
    motion: Motion,
    *,
    legend: bool = True,
    tags: ColourTags | None = None,
) -> NDArray[np.uint8]:
    """The first picture of ``motion``, darkened, with what the second hides in orange."""
    stage = darkened(roomy(rgb_of(picture, tags)), 0.5, 0.25)
    unit = unit_of(stage)
    height, width = stage.shape[:2]
    mask = np.asarray(motion.hidden, np.float32)
    cover = np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR))
    # The light of the picture stays visible under the tint, so that one sees what is hidden.
    grey = cv2.cvtColor(stage, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None] / 255
    tint = np.array(_HIDDEN, np.float32) * (0.78 + 0.22 * np.minimum(grey * 2, 1))
    blended = np.rint(stage + cover[..., None] * 0.86 * (tint - stage)).astype(np.uint8)
    edges, _ = cv2.findContours(
        (cover > 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE
    )
    cv2.drawContours(blended, edges, -1, (255, 214, 170), max(1, round(0.5 * unit)), cv2.LINE_AA)
    if legend:
        share = float(mask.mean()) * 100
        digits = 0 if share >= 10 or share == 0 else 1
        label(
            blended,
            f"Hidden in the next picture: {share:.{digits}f} %",
            "bottom-left",
            dot=_HIDDEN,
            size=10.5,
        )
    return blended


def _gain(lengths: NDArray[np.floating], wanted: float) -> float:
    """The round factor that brings the fast arrows close to, but not over, a wanted length."""
    moving = lengths[lengths > _STILL]
    fast = float(np.percentile(moving, 95)) if moving.size else wanted
    fitting = [gain for gain in _GAINS if gain * fast <= wanted]
    return float(fitting[-1] if fitting else _GAINS[0])


def _arrow(
    stage: NDArray[np.uint8],
    centre: tuple[float, float],
    reach: NDArray[np.float32],
    unit: float,
    colour: tuple[int, ...],
) -> None:
    """One arrow through its cell's middle: a shaft that widens towards the head, dark rim."""
    length = float(np.hypot(*reach))
    along = reach / length
    across = np.array([-along[1], along[0]])
    # Short arrows keep a head that can be told from their shaft.
    length = max(length, 6 * unit)
    head = min(5.2 * unit, 0.55 * length)
    tip = np.array(centre) + along * (length / 2)
    tail = tip - along * length
    neck = tip - along * head
    outline = np.array(
        [
            tail + across * (0.35 * unit),
            neck + across * (0.8 * unit),
            neck - along * (0.12 * head) + across * (0.46 * head),
            tip,
            neck - along * (0.12 * head) - across * (0.46 * head),
            neck - across * (0.8 * unit),
            tail - across * (0.35 * unit),
        ]
    )
    points = [np.rint(outline * 16).astype(np.int32)]
    rim = max(1, round(1.4 * unit))
    cv2.polylines(stage, points, True, (10, 11, 14), rim, cv2.LINE_AA, 4)
    cv2.fillPoly(stage, points, colour, cv2.LINE_AA, 4)
