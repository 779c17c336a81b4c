"""From what was seen in a photo to one depth map: evidence per region, settled, then smoothed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synth.scene.depth_filters import edge_weights, smooth_within_edges
from synth.scene.depth_focus import Focus
from synth.scene.depth_layout import Floor, Horizon, corridor, floor_ramp
from synth.scene.depth_lines import VanishingPoint
from synth.scene.depth_regions import Regions, cut_regions, split_regions
from synth.scene.depth_settle import Borders, find_borders, settle
from synth.scene.depth_sky import Sky
from synth.scene.depth_standing import join_enclosed, stand
from synth.scene.depth_subject import Subject

Array = NDArray[np.float32]
Values = NDArray[np.float64]

_FAR_WALL = 0.06
"""Disparity of the farthest thing that is not sky."""
_LEAN = 0.12
"""Slope of upright things, as a share of the floor's."""
_TIE = 0.08
"""Pull between neighbouring regions, against a belief of 1 for certain evidence."""


@dataclass(frozen=True)
class Cues:
    """Everything that was seen in a photo, on the solving grid (H, W)."""

    rgb: NDArray[np.uint8]
    lab: Array
    vanishing: VanishingPoint
    sky: Sky
    focus: Focus
    subject: Subject
    horizon: Horizon
    floor: Floor


@dataclass(frozen=True)
class _Evidence:
    """What each region says about its own disparity, and how far that is believed."""

    value: Values
    belief: Values

    def add(self, value: Values | float, belief: Values) -> _Evidence:
        total = self.belief + belief
        mixed = (self.value * self.belief + value * belief) / np.maximum(total, 1e-9)
        return _Evidence(mixed, total)


def fuse(cues: Cues) -> Array:
    """Disparity of shape (H, W), 0 far to 1 near, from the cues of a photo."""
    height, width = cues.rgb.shape[:2]
    regions = cut_regions(cues.lab, scale=0.6, smallest=0.0009)
    clear = (cues.sky.mask > 0.5) & (cues.sky.confidence > 0.15)
    inside = (cues.subject.mask > 0.5) & (cues.subject.confidence > 0.1)
    inside = join_enclosed(inside, clear)
    regions = split_regions(regions, inside, clear)
    room = cues.vanishing.room
    ramp = floor_ramp((width, height), cues.horizon, cues.floor.surface)
    box = corridor((width, height), cues.vanishing)
    borders = find_borders(regions, cues.lab)
    floor = _floor_share(cues, regions, borders)
    evidence = _evidence(cues, regions, ramp, box, floor, room)
    both = regions.mean(inside.astype(np.float32)) > 0.5
    away = regions.mean(clear.astype(np.float32)) > 0.5
    # What stands before the sky owes the sky nothing.
    tie = _TIE * borders.tie * ~(away[borders.first] | away[borders.second])
    # A subject is one thing, however many colours it wears.
    tie = tie + 2.0 * cues.subject.confidence * (both[borders.first] & both[borders.second])
    borders = borders.tied(tie)
    # Within a region depth follows the floor if it lies down and hardly at all if it stands.
    slope = (1.0 - room) * (_LEAN + (1.0 - _LEAN) * floor)
    shape = slope[regions.labels] * _centred(ramp, regions)
    shape = (shape + room * (~both)[regions.labels] * _centred(box, regions)).astype(np.float32)
    jump = borders.jump(shape)
    # Nothing is said about the subject in the first round, so that its surroundings speak.
    free = np.where(both, 1e-3, evidence.belief)
    settled = settle(evidence.value, free, borders, jump)
    relief = np.zeros((height, width), np.float32)
    if inside.any():
        lies = floor[regions.labels] > 0.5
        body = stand(inside, lies, clear, settled[regions.labels], _lifted(ramp))
        sure = cues.subject.confidence
        carried = regions.mean(body.carrier) * (1.0 - cues.focus.shallow) * ~both
        evidence = evidence.add(body.base, sure * np.where(both, 3.0, carried))
        settled = settle(evidence.value, evidence.belief, borders, jump)
        relief = body.relief * sure
    value = settled[regions.labels] + shape + relief
    ties = edge_weights(cues.lab, 14.0)
    smooth = smooth_within_edges(
        value.astype(np.float32), np.ones((height, width), np.float32), ties, 8.0
    )
    return np.clip(smooth, 0.0, 1.0)


def _floor_share(cues: Cues, regions: Regions, borders: Borders) -> Values:
    """How far each region is floor, 0 to 1: by itself and by neighbours of its mean colour.

    Blades of grass and stones of gravel are regions of their own, with the colour of the rest.
    """
    share = regions.mean(cues.floor.mask)
    colours = [regions.mean(np.ascontiguousarray(cues.lab[..., index])) for index in range(3)]
    first, second = borders.first, borders.second
    apart = np.sqrt(sum(np.square(colour[first] - colour[second]) for colour in colours))
    alike = borders.tied(np.exp(-np.square(apart / 0.07)))
    share = settle(share, np.full(regions.count, 0.6), alike)
    return np.clip(share * 2.0 - 0.5, 0.0, 1.0)


def _lifted(ramp: Array) -> Array:
    """The floor's ramp with its far end off the distance of the sky."""
    return (_FAR_WALL + (1.0 - _FAR_WALL) * ramp).astype(np.float32)


def _centred(field: Array, regions: Regions) -> Array:
    return (field - regions.mean(field)[regions.labels]).astype(np.float32)


def _evidence(
    cues: Cues, regions: Regions, ramp: Array, box: Array, floor: Values, room: float
) -> _Evidence:
    height = ramp.shape[0]
    lifted = _lifted(ramp)
    rows = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]
    # Where nothing else is known: the lower, the nearer, as in most photos ever taken.
    # A horizon says more: what stands up from it and not from nearer ground is far.
    sure = 0.8 * cues.horizon.confidence
    habit = (1.0 - sure) * (0.12 + 0.6 * rows**1.5) + sure * (0.08 + 0.7 * ramp)
    habit = habit.astype(np.float32)
    evidence = _Evidence(regions.mean(habit), np.full(regions.count, 0.06))
    open_view = 1.0 - 0.85 * room
    evidence = evidence.add(regions.mean(lifted), 1.2 * floor * (1.0 - room))
    contact, share = _contact(regions, lifted, floor)
    evidence = evidence.add(contact, 0.8 * share * (1.0 - floor) * open_view)
    evidence = evidence.add(regions.mean(box), np.full(regions.count, 2.5 * room))
    blur = cues.focus.shallow * (1.0 - cues.focus.sharpness) * cues.focus.confidence
    blurred = regions.mean(blur.astype(np.float32))
    crisp = regions.mean((cues.focus.shallow * cues.focus.sharpness).astype(np.float32))
    evidence = evidence.add(0.15, 0.8 * blurred * (1.0 - floor) * open_view)
    evidence = evidence.add(0.7, 0.3 * crisp * (1.0 - floor) * open_view)
    sky = regions.mean(cues.sky.mask) * cues.sky.confidence
    return evidence.add(0.0, 20.0 * np.where(sky > 0.3, sky, 0.0) ** 2)


def _contact(regions: Regions, lifted: Array, floor: Values) -> tuple[Values, Values]:
    """Disparity of the floor where each region stands on it, and the share of it that stands.

    A region that is cut off by the picture's lower side stands nearer than the picture shows.
    """
    labels = regions.labels
    lies = floor > 0.5
    stands = ~lies[labels[:-1]] & lies[labels[1:]]
    foot = labels[:-1][stands]
    bottom = labels[-1][~lies[labels[-1]]]
    name = np.concatenate([foot, bottom])
    near = np.concatenate([lifted[:-1][stands], np.full(bottom.size, 0.95, np.float32)])
    weight = near.astype(np.float64) ** 4 + 1e-6  # The nearest foot decides.
    total = np.bincount(name, weight, regions.count)
    value = np.bincount(name, weight * near, regions.count) / np.maximum(total, 1e-12)
    wide = np.bincount(name, minlength=regions.count) / np.sqrt(regions.size)
    return value, np.clip(wide * 1.2, 0.0, 1.0)
