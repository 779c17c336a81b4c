"""Bends a paper puppet: a posture of a dozen numbers moves every vertex of every piece.

The trunk bends along a spine whose angle changes smoothly with height. A leg is a chain of two
bones between a hip that the trunk carries and an ankle that the posture places; its knee is found
from the distance of the two (two-bone inverse kinematics) and rounded. An arm turns at shoulder
and elbow. All lengths are in subject heights, x right, y up, z towards the camera, from the foot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from synth.render.act_parts import Floats, Piece, Puppet

KNEE_ROUNDING = (0.22, 0.7)
"""How much of a leg the knee's bend is spread over, at least and at most: the thicker, the more."""

STIFF_ANKLE = 0.75
"""Most that a foot turns against its shank, radians."""

CLOTH = 0.25
"""Share of a leg's turn that the cloth over it follows."""

SHORTEST_LEG = 0.62
"""A leg never folds up to less than this share of its length, which would fold its skin."""

LONGEST_LEG = 1.06
"""Nor does it stretch beyond this; a foot asked to stand farther away drags."""

SPINE_STEPS = 65


@dataclass(frozen=True)
class Foot:
    """Where one foot is, off its place at rest."""

    along: float = 0.0
    """Ahead of the hip in the direction of travel."""
    lift: float = 0.0
    """Above the ground."""
    pitch: float = 0.0
    """Turned in the picture, radians, positive with the toes of a right-goer down."""


@dataclass(frozen=True)
class Posture:
    """Everything that moves a puppet. Angles are radians, positive to the right."""

    root: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Where the point between the feet has gone: right, up, towards the camera."""
    hips: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Off their place above the feet: right, up, towards the camera."""
    roll: float = 0.0
    """Of the hips."""
    lean: float = 0.0
    """Of the trunk above the hips."""
    curl: float = 0.0
    """Further turn of the spine, growing to the top."""
    head: float = 0.0
    """Further turn of the head."""
    twist: tuple[float, float] = (0.0, 0.0)
    """Turn about the upright axis at the hips and at the shoulders."""
    breath: float = 0.0
    """Share by which the chest is wider."""
    stretch: float = 1.0
    """Height relative to rest; the width shrinks by its root, as of something soft."""
    yaw: float = 0.0
    """Turn of everything about the upright axis."""
    tilt: tuple[float, float] = (0.0, 0.0)
    """Everything tipped over the edge of the feet to the right, and how far the tipped body points
    towards the camera."""
    heading: tuple[float, float] = (0.0, 1.0)
    """Direction of travel: right, towards the camera."""
    feet: tuple[Foot, ...] = ()
    """One per leg, or two for the halves of a subject without visible legs."""
    arms: tuple[tuple[float, float], ...] = ()
    """Turn at the shoulder and at the elbow, per free arm, counter-clockwise in the picture."""
    shade: float = 1.0
    """Brightness."""


@dataclass(frozen=True)
class Placed:
    """The vertices of a bent piece."""

    x: Floats
    y: Floats
    z: Floats
    """Place of each vertex, (V,)."""
    tipped: Floats
    """The part of z by which what stands nearer is judged: limbs and turns left out, (V,)."""


def bend(puppet: Puppet, posture: Posture, pieces: Iterable[Piece]) -> list[Placed]:
    """Where the vertices of each piece go."""
    spine = _Spine(puppet, posture)
    return [_bend_one(puppet, piece, posture, spine) for piece in pieces]


def _bend_one(puppet: Puppet, piece: Piece, posture: Posture, spine: _Spine) -> Placed:
    if piece.kind == "leg":
        foot = posture.feet[piece.number] if posture.feet else Foot()
        x, y, z = _leg(piece.x, piece.y, piece.joint, piece.end, foot, spine, posture.heading)
    elif piece.kind == "arm":
        turns = posture.arms[piece.number] if posture.arms else (0.0, 0.0)
        x, y, z = _arm(piece, turns, spine)
    else:
        x, y, z = spine.carry(piece.x, piece.y, piece.relief)
        if not puppet.legs:
            x, y, z = _skirt(puppet, piece, posture, spine, (x, y, z))
    return _whole(puppet, posture, x, y, z, piece.relief)


class _Spine:
    """The trunk's frame at every height."""

    def __init__(self, puppet: Puppet, posture: Posture) -> None:
        self._axis = puppet.axis
        self._hip = puppet.hip
        self._posture = posture
        length = max(1.1 - puppet.hip, 0.1)
        self._heights = np.linspace(0.0, length, SPINE_STEPS)
        angle = self._angle(self._heights)
        step = self._heights[1]
        across, up = np.sin(angle), np.cos(angle)
        self._right = np.concatenate([[0.0], np.cumsum((across[1:] + across[:-1]) / 2.0) * step])
        self._up = np.concatenate([[0.0], np.cumsum((up[1:] + up[:-1]) / 2.0) * step])

    def _share(self, height: Floats) -> Floats:
        return np.clip(height / max(1.0 - self._hip, 0.1), 0.0, 1.0)

    def _angle(self, height: Floats) -> Floats:
        share = self._share(height)
        posture = self._posture
        return (
            posture.roll
            + posture.lean * smooth(share / 0.45)
            + posture.curl * share
            + posture.head * smooth((share - 0.55) / 0.3)
        )

    def carry(self, x: Floats, y: Floats, relief: Floats) -> tuple[Floats, Floats, Floats]:
        """Points of the trunk where the spine takes them."""
        posture = self._posture
        height = y - self._hip
        above = np.clip(height, 0.0, self._heights[-1])
        angle = self._angle(above)
        share = self._share(above)
        twist = posture.twist[0] + (posture.twist[1] - posture.twist[0]) * smooth(share / 0.6)
        chest = np.exp(-(((share - 0.38) / 0.2) ** 2))
        aside = (x - self._axis) * (1.0 + posture.breath * chest)
        turned = aside * np.cos(twist) + relief * np.sin(twist)
        z = -aside * np.sin(twist) + relief * (np.cos(twist) - 1.0) + posture.hips[2]
        beyond = height - above + 0.4 * posture.breath * share
        right = np.interp(above, self._heights, self._right)
        up = np.interp(above, self._heights, self._up)
        return (
            self._axis + posture.hips[0] + right + turned * np.cos(angle) + beyond * np.sin(angle),
            self._hip + posture.hips[1] + up - turned * np.sin(angle) + beyond * np.cos(angle),
            z,
        )

    def point(self, place: tuple[float, float]) -> tuple[float, float, float]:
        """One point of the trunk."""
        x, y, z = self.carry(np.array([place[0]]), np.array([place[1]]), np.zeros(1))
        return float(x[0]), float(y[0]), float(z[0])

    def angle_at(self, y: float) -> float:
        """Angle of the spine at a height, radians."""
        above = np.clip(np.array([y - self._hip]), 0.0, self._heights[-1])
        return float(self._angle(above)[0])


def _leg(
    x: Floats,
    y: Floats,
    joint: tuple[float, float],
    ankle: tuple[float, float],
    foot: Foot,
    spine: _Spine,
    heading: tuple[float, float],
    follow: float = 1.0,
) -> tuple[Floats, Floats, Floats]:
    """Skin of a leg whose hip hangs on the spine and whose foot is where the posture says."""
    rest = np.array([ankle[0] - joint[0], ankle[1] - joint[1]])
    length = float(np.hypot(*rest))
    rest /= length
    share = ((x - joint[0]) * rest[0] + (y - joint[1]) * rest[1]) / length
    aside = -(x - joint[0]) * rest[1] + (y - joint[1]) * rest[0]
    hip = np.array(spine.point(joint))
    ahead = np.array([heading[0], 0.0, heading[1]])
    end = np.array([ankle[0], ankle[1] + foot.lift, 0.0]) + foot.along * ahead
    line = end - hip
    distance = float(np.linalg.norm(line))
    held = min(max(distance, SHORTEST_LEG * length), LONGEST_LEG * length)
    end = hip + line * (held / distance)
    line = end - hip
    knee = ahead - line * float(ahead @ line) / held**2
    knee /= max(float(np.linalg.norm(knee)), 1e-9)
    # A knee that comes towards the camera must not push the shank's skin upwards.
    knee[1] *= abs(heading[0])
    bow = 0.5 * length * np.sqrt(max(1.0 - (held / length) ** 2, 0.0))
    # A rounded tent over the leg: 0 at both ends, 1 at the knee, straight beyond the hip.
    place = np.minimum(share, 1.0)
    least, most = KNEE_ROUNDING
    thick = float(np.abs(aside).max()) / length
    round_off = min(max(2.8 * thick, least), most)
    tip = np.sqrt(1.0 + round_off**2)
    scale = tip - round_off
    across = 2.0 * place - 1.0
    crest = np.sqrt(across**2 + round_off**2)
    tent = (tip - crest) / scale
    slope = -2.0 * across / crest / scale
    along = line[:, None] + knee[:, None] * (bow * slope)[None, :]
    spot = hip[:, None] + line[:, None] * share[None, :] + knee[:, None] * (bow * tent)[None, :]
    # Beyond the sole's joint the skin goes with the foot, not with the shank's line.
    turn = follow * np.arctan2(along[0], np.maximum(-along[1], 0.2 * length))
    bent = np.where(share < 1.0, -4.0 * round_off**2 / crest**3 / scale, 0.0) * bow
    square = along[0] ** 2 + along[1] ** 2
    turning = follow * bent * (knee[0] * -along[1] + knee[1] * along[0]) / square
    aside = _without_folds(aside, turning / np.sqrt(square))
    side_x, side_y = np.cos(turn), np.sin(turn)
    skin = np.stack([spot[0] + aside * side_x, spot[1] + aside * side_y, spot[2]])
    shank = follow * np.arctan2(
        line[0] - 2.0 * knee[0] * bow, max(-line[1] + 2.0 * knee[1] * bow, 0.2 * length)
    )
    pitch = -shank + min(max(foot.pitch + shank, -STIFF_ANKLE), STIFF_ANKLE)
    rest_x, rest_y = x - ankle[0], y - ankle[1]
    cos, sin = np.cos(pitch), np.sin(pitch)
    flat = np.stack(
        [
            end[0] + rest_x * cos + rest_y * sin,
            end[1] - rest_x * sin + rest_y * cos,
            np.full(x.shape, end[2]),
        ]
    )
    weight = smooth((share - 0.76) / 0.3)
    mixed = skin + (flat - skin) * weight
    return mixed[0], mixed[1], mixed[2]


def _without_folds(aside: Floats, curvature: Floats) -> Floats:
    """Offsets from a curve, those on its inner side drawn in where they would cross each other."""
    tight = np.maximum(aside * curvature, 0.0)
    return aside / np.cbrt(1.0 + (tight / 0.7) ** 3)


def _arm(piece: Piece, turns: tuple[float, float], spine: _Spine) -> tuple[Floats, Floats, Floats]:
    """Skin of an arm that turns at the shoulder, and further at the elbow."""
    x, y = piece.x, piece.y
    elbow = turns[1] * smooth((piece.reach - 0.35) / 0.3)
    x, y = _turned(x, y, piece.middle, elbow)
    x, y = _turned(x, y, piece.joint, np.full(x.shape, turns[0]))
    home = spine.point(piece.joint)
    carried = spine.angle_at(piece.joint[1])
    aside, above = x - piece.joint[0], y - piece.joint[1]
    cos, sin = np.cos(carried), np.sin(carried)
    return (
        home[0] + aside * cos + above * sin,
        home[1] - aside * sin + above * cos,
        np.full(x.shape, home[2]),
    )


def _turned(
    x: Floats, y: Floats, about: tuple[float, float], angle: Floats
) -> tuple[Floats, Floats]:
    dx, dy = x - about[0], y - about[1]
    cos, sin = np.cos(angle), np.sin(angle)
    return about[0] + dx * cos - dy * sin, about[1] + dx * sin + dy * cos


def _skirt(
    puppet: Puppet,
    piece: Piece,
    posture: Posture,
    spine: _Spine,
    upper: tuple[Floats, Floats, Floats],
) -> tuple[Floats, Floats, Floats]:
    """The lower half of a subject whose legs are not seen: two legs under one cloth."""
    offset = 0.5 * puppet.foot_half_width
    feet = posture.feet or (Foot(), Foot())
    halves = []
    for side, foot in ((-1.0, feet[0]), (1.0, feet[1])):
        joint = (puppet.axis + side * offset, puppet.hip)
        ankle = (side * offset, 0.06)
        halves.append(_leg(piece.x, piece.y, joint, ankle, foot, spine, posture.heading, CLOTH))
    mix = smooth(0.5 + piece.x / (3.0 * max(offset, 0.02)))
    down = smooth((puppet.hip + 0.06 - piece.y) / 0.12)
    left, right = halves
    return (
        upper[0] + (left[0] + (right[0] - left[0]) * mix - upper[0]) * down,
        upper[1] + (left[1] + (right[1] - left[1]) * mix - upper[1]) * down,
        upper[2] + (left[2] + (right[2] - left[2]) * mix - upper[2]) * down,
    )


def _whole(
    puppet: Puppet, posture: Posture, x: Floats, y: Floats, z: Floats, relief: Floats
) -> Placed:
    """Squash, turn and tip the whole figure, and take it where it has gone."""
    y = y * posture.stretch
    x = x / np.sqrt(posture.stretch)
    if posture.yaw:
        cos, sin = np.cos(posture.yaw), np.sin(posture.yaw)
        aside = x - puppet.axis
        x, z = (
            puppet.axis + aside * cos + (z + relief) * sin,
            -aside * sin + z * cos + relief * (cos - 1.0),
        )
    tipped = np.zeros(x.shape)
    over, forward = posture.tilt
    if over:
        # About the edge of the feet; the trunk, wider than they, comes to lie on the ground.
        side = np.sign(over)
        edge = side * puppet.foot_half_width
        cos, sin = np.cos(over), np.sin(over)
        dx = x - edge
        bed = (puppet.half_width + side * puppet.axis - puppet.foot_half_width) * sin**2
        x, y = edge + dx * cos + y * sin, -dx * sin + y * cos + max(bed, 0.0)
        # What would sink into the ground is pressed flat against it.
        y = np.where(y < 0.0, (1.0 - 0.75 * sin**2) * y, y)
        # The body turns about the feet as it goes down: its upper end comes nearer, or recedes.
        out = (x - edge) * side
        x, tipped = edge + side * out * np.cos(forward), out * np.sin(forward)
    return Placed(
        x + posture.root[0], y + posture.root[1], z + tipped + posture.root[2],
        tipped + posture.root[2],
    )  # fmt: skip


def smooth(share: Floats) -> Floats:
    """0 below 0, 1 above 1, and an even S between."""
    share = np.minimum(np.maximum(share, 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)
