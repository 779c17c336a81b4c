"""A photo and its depth become a scene: textured sheets, one behind the other, and a soft rim.

- the *front* sheet is the photo, torn at its depth steps;
- the *behind* sheet continues, under every near edge, what the edge hides (colour and depth);
- *deeper* sheets continue what the behind sheet hides in turn;
- the *backdrop* is a coarse sheet behind everything, so that no pixel is ever empty;
- the *rim* holds the edge pixels of near things with soft alpha.

Layered depth images with context-aware fill go back to Shade et al. 1998
(https://doi.org/10.1145/280814.280882) and Shih et al. 2020 (https://arxiv.org/abs/2004.04727).
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.camera.conventions import focal_pixels
from synth.control import CancelToken
from synth.scene.atlas import Atlas, placed
from synth.scene.backdrop import BACKDROP_SCALE, drawn_out, make_backdrop
from synth.scene.behind import BLOCK_LEVEL, Behind, paint_behind, shape_behind
from synth.scene.deeper import Deeper, Making, enlarged, look_deeper, paint_deeper
from synth.scene.edges import Steps, find_steps
from synth.scene.fill import Quality, extend_border
from synth.scene.matte import premultiplied_front
from synth.scene.mesh import Mesh, build_mesh
from synth.scene.sheets import SAFETY_MARGIN, Scene
from synth.scene.spill import spilled
from synth.scene.travel import Travel, uncovered

TEAR_PARALLAX = 5.0
"""Jump that tears the surface: pixels of parallax for one unit of sideways movement."""

BEHIND_TEAR = 3.0
"""The behind sheet tears at this many times the jump of the front sheet."""

DEEPER_LEVEL = 1
"""The deeper sheets, which are coarser, are made of blocks of at least 2 texels."""

CRUMB = 24
"""Pieces of a hidden sheet with fewer blocks than this are left out."""

MESH_PARALLAX = 0.4
"""Error that mesh simplification may make, in the same measure."""

LOOSE_PARALLAX = 1.0
"""The same for estimated depth, whose own errors are larger than this."""

USUAL_TRAVEL = 1.5
"""Sideways movement, scene units, for which hidden background is prepared unless told."""

HIDDEN_SHARE = 0.1
"""Widest band of prepared background, as a share of the frame's longer side."""


def build_scene(
    photo: NDArray[np.uint8],
    disparity: NDArray[np.float32],
    *,
    focal_length: float = 50.0,
    margin: int = 0,
    travel: Travel | float = USUAL_TRAVEL,
    quality: Quality = "quick",
    seed: int = 0,
    loose: bool = False,
    cancel: CancelToken | None = None,
) -> Scene:
    """Cut a photo into sheets and fill what they hide.

    Args:
        photo: sRGB, shape (H, W, 3).
        disparity: inverse depth, 1 / scene units, above or equal 0, shape (H, W); steps crisp.
        focal_length: of the photo, millimetres on 36 mm across the longer side.
        margin: pixels of invented surroundings beyond each border.
        travel: where the camera goes, for which hidden background is prepared; a number is
            sideways movement in any direction, scene units.
        quality: "quick" or "best", how the hidden parts are filled.
        seed: for the fill.
        loose: the steps may lie a few pixels beside the picture's edges, as estimated ones do:
            colour that has spilled past them goes with the near thing.
        cancel: looked at between the steps.
    """
    token = cancel or CancelToken()
    height, width = disparity.shape
    focal = focal_pixels(focal_length, width, height)
    colour, depth = (
        (photo, disparity) if margin == 0 else extend_border(photo, disparity, margin, cancel=token)
    )
    pad = SAFETY_MARGIN
    mirrored = cv2.copyMakeBorder(colour, pad, pad, pad, pad, cv2.BORDER_REFLECT)
    repeated = cv2.copyMakeBorder(depth, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    colour, depth = np.asarray(mirrored, np.uint8), np.asarray(repeated, np.float32)
    offset = pad + margin

    token.check()
    steps = find_steps(depth, TEAR_PARALLAX / focal)
    tear = BEHIND_TEAR * TEAR_PARALLAX / focal
    if not isinstance(travel, Travel):
        travel = Travel.anywhere(travel)
    corner = math.hypot(width, height) / 2.0 / focal
    making = Making(tear, focal * travel.farthest(corner), quality, seed)
    centre = (offset + (width - 1) / 2.0, offset + (height - 1) / 2.0)
    widest = HIDDEN_SHARE * max(width, height)
    token.check()
    with ThreadPoolExecutor(1, thread_name_prefix="scene") as pool:
        baring = pool.submit(uncovered, depth, steps, travel, focal, centre, widest)
        spill = spilled(colour, depth, steps) if loose else np.zeros(depth.shape, np.bool_)
        bared = baring.result()
        behind = shape_behind(colour, depth, steps, bared, spill, making, pool)
        token.check()
        # Colours take longest, and no shape depends on them.
        painting = pool.submit(paint_behind, colour, behind, making, token)
        tolerance = (LOOSE_PARALLAX if loose else MESH_PARALLAX) / focal
        front = build_mesh(depth, _front_cells(steps, behind), tolerance)
        torn, deeper = look_deeper(behind.disparity, behind.kept, steps, bared, making, token)
        token.check()
        rear = _rear(behind, torn, making, tolerance)
        meshes = [
            build_mesh(
                layer.disparity, _all_four(layer.region), tolerance, smallest_level=DEEPER_LEVEL
            )
            for layer in deeper
        ]
        backdrop = _backdrop(colour, depth, steps, behind, deeper)
        filled, alpha = painting.result()
        rimming = pool.submit(_rim, colour, filled, alpha, depth, steps, behind, tolerance)
        atlas = Atlas(focal, centre)
        atlas.add(_front_colour(colour, filled, steps, behind), front)
        atlas.add(filled, rear)
        for layer, mesh, picture in zip(deeper, meshes, paint_deeper(deeper, filled), strict=True):
            atlas.add(picture, mesh, layer.scale)
        atlas.add(*backdrop, BACKDROP_SCALE)
        texture = atlas.texture()
        rim, rim_texture = rimming.result()

    sheets = atlas.sheets
    return Scene(
        photo=photo,
        disparity=disparity,
        focal_length=focal_length,
        texture=texture,
        sheets=(*sheets[:-1], drawn_out(sheets[-1])),
        pages=tuple(atlas.pages),
        rim_texture=rim_texture,
        rim=placed(rim, focal, centre),
        photo_area=(offset, offset + width - 1.0, offset, offset + height - 1.0),
        cutouts=(),
        invented=behind.contaminated,
        loose=loose,
    )


def _rear(behind: Behind, torn: NDArray[np.bool_], making: Making, tolerance: float) -> Mesh:
    """The mesh of the first hidden sheet; `torn` is from `look_deeper`."""
    torn = torn[:-1, :-1]
    cells = _all_four(behind.region)
    cells &= ~torn | _even_cells(behind.disparity, making.threshold)
    return build_mesh(
        behind.disparity,
        _whole(cells, BLOCK_LEVEL),
        tolerance,
        smallest_level=BLOCK_LEVEL,
        fine=torn,
    )


def _backdrop(
    colour: NDArray[np.uint8],
    depth: NDArray[np.float32],
    steps: Steps,
    behind: Behind,
    deeper: list[Deeper],
) -> tuple[NDArray[np.uint8], Mesh]:
    """Picture and mesh of what lies behind all hidden sheets."""
    near, lowest = steps.near | behind.contaminated, behind.disparity
    for layer in deeper:
        near = near | enlarged(layer.gone, layer.scale, depth.shape)
        lowest = np.minimum(lowest, enlarged(layer.disparity, layer.scale, depth.shape))
    return make_backdrop(colour, depth, near, lowest)


def _all_four(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Lattice cells whose four corners are all marked, shape (H-1, W-1)."""
    return mask[:-1, :-1] & mask[1:, :-1] & mask[:-1, 1:] & mask[1:, 1:]


def _even_cells(disparity: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
    """Lattice cells that span no jump: stretched over one, a sheet would look like rubber."""
    corners = (disparity[:-1, :-1], disparity[1:, :-1], disparity[:-1, 1:], disparity[1:, 1:])
    high = np.maximum(np.maximum(corners[0], corners[1]), np.maximum(corners[2], corners[3]))
    low = np.minimum(np.minimum(corners[0], corners[1]), np.minimum(corners[2], corners[3]))
    return high - low < threshold


def _whole(cells: NDArray[np.bool_], level: int) -> NDArray[np.bool_]:
    """The cells without crumbs: a few blocks of 2**level that tore off all around would float in
    the air."""
    block = 1 << level
    rows, columns = cells.shape[0] // block, cells.shape[1] // block
    inner = cells[: rows * block, : columns * block]
    blocks = inner.reshape(rows, block, columns, block).all(axis=(1, 3))
    _, found, sizes, _ = cv2.connectedComponentsWithStats(
        np.asarray(blocks, np.uint8), connectivity=4
    )
    kept = np.asarray(sizes)[:, cv2.CC_STAT_AREA] >= CRUMB
    kept[0] = False
    solid = kept[np.asarray(found, np.int32)]
    # What is less than a block stays beside the blocks that stay.
    beside = cv2.dilate(solid.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    whole = cells.copy()
    whole[: rows * block, : columns * block] &= np.repeat(
        np.repeat(solid | (beside & (blocks == 0)), block, axis=0), block, axis=1
    )
    return whole


def _front_colour(
    colour: NDArray[np.uint8], filled: NDArray[np.uint8], steps: Steps, behind: Behind
) -> NDArray[np.uint8]:
    """The photo with clean colours on far sides."""
    cleaned = behind.ring & ~steps.near
    front_colour = colour.copy()
    front_colour[cleaned] = filled[cleaned]
    return front_colour


def _front_cells(steps: Steps, behind: Behind) -> NDArray[np.bool_]:
    """The cells of the photo that stay when it tears."""
    soft = steps.band & steps.near
    near_band = behind.ring & steps.near
    torn = _mixed(near_band, behind.ring & ~steps.near)
    block = 1 << BLOCK_LEVEL
    rows, columns = torn.shape
    padded = np.zeros((-(-rows // block) * block, -(-columns // block) * block), bool)
    padded[:rows, :columns] = torn
    touched = padded.reshape(padded.shape[0] // block, block, -1, block).any(axis=(1, 3))
    given_up = np.repeat(np.repeat(touched, block, axis=0), block, axis=1)[:rows, :columns]
    given_up &= _all_four(~steps.near & behind.region)
    return _all_four(~soft) & ~torn & ~given_up


def _mixed(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells that have corners of both kinds, shape (H-1, W-1)."""
    any_one = one[:-1, :-1] | one[1:, :-1] | one[:-1, 1:] | one[1:, 1:]
    any_other = other[:-1, :-1] | other[1:, :-1] | other[:-1, 1:] | other[1:, 1:]
    return any_one & any_other


def _rim(
    colour: NDArray[np.uint8],
    filled: NDArray[np.uint8],
    share: NDArray[np.float32],
    depth: NDArray[np.float32],
    steps: Steps,
    behind: Behind,
    tolerance: float,
) -> tuple[Mesh, NDArray[np.uint8]]:
    """Near edges with soft alpha: the band on both sides of each step at the near side's depth."""
    alpha = np.where(behind.ring | steps.near, share, 0.0).astype(np.float32)
    edge = cv2.dilate(behind.ring.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    outside = edge & ~behind.ring & ~steps.near
    alpha[outside] = 0.0
    alpha[~behind.ring & steps.near] = 1.0
    # Inside the band the near side keeps its own depth: there the rim joins the front sheet.
    own = steps.near & ~steps.band
    placed = np.where(behind.ring & ~own, behind.sides.front, depth).astype(np.float32)
    if outside.any():
        # Outermost pixels are invisible and only need the depth of the rim that they close.
        spread = np.where(behind.ring, placed, 0.0).astype(np.float32)
        spread = cv2.dilate(spread, np.ones((3, 3), np.uint8))
        placed[outside] = spread[outside]
    texture = premultiplied_front(colour, filled, alpha)
    part = behind.ring | edge
    cells = _all_four(part)
    soft = alpha < 0.999
    some = (alpha[:-1, :-1] > 0) | (alpha[1:, :-1] > 0) | (alpha[:-1, 1:] > 0) | (alpha[1:, 1:] > 0)
    any_soft = soft[:-1, :-1] | soft[1:, :-1] | soft[:-1, 1:] | soft[1:, 1:]
    # One pixel more than the front sheet gave up: simplified meshes do not meet exactly.
    joint = cv2.dilate((steps.band & steps.near).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    joint &= steps.near
    in_band = joint[:-1, :-1] | joint[1:, :-1] | joint[:-1, 1:] | joint[1:, 1:]
    cells &= some & (any_soft | in_band)
    high = np.maximum(
        np.maximum(placed[:-1, :-1], placed[1:, :-1]), np.maximum(placed[:-1, 1:], placed[1:, 1:])
    )
    low = np.minimum(
        np.minimum(placed[:-1, :-1], placed[1:, :-1]), np.minimum(placed[:-1, 1:], placed[1:, 1:])
    )
    jump = steps.near_disparity - steps.far_disparity
    cells &= (high - low) < 0.5 * jump[:-1, :-1] + 1e-6
    return build_mesh(placed, cells, tolerance), texture
