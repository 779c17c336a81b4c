"""The places in a film that its camera is measured by.

A landmark is a small textured patch of a frame. In frame 0 its depth is known, and smooth, so that
its position in the world is known to a fraction of a pixel. Points are kept as a direction and an
inverse depth from that frame's camera, which is exact for the sky as well: Civera, Davison,
Montiel, "Inverse depth parametrization for monocular SLAM", 2008,
https://doi.org/10.1109/TRO.2008.2003276.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from synth.camera.conventions import focal_pixels
from synth.camera.pose import CameraPose, degrees_from_rotation, rotation_from_degrees

Floats = NDArray[np.float64]

_SMOOTH_WINDOW = 11
"""Side of the square over which depth must be a plane, pixels of the measured picture."""
_PLANE_TOLERANCE = 0.004
"""Root mean square departure of inverse depth from that plane, share of the inverse depth."""
_STEEPEST = 0.02
"""Largest change of inverse depth from one pixel to the next, share of the inverse depth."""
_SHADOW_REACH = 12
"""Landmarks keep this far from the outlines of nearer things, pixels: half a flow window and more,
since an outline that moves with the near thing would pass for the motion of the far one."""
_SHADOW_RATIO = 1.25
"""What counts as nearer: this many times the inverse depth."""
_FEW_SHARE = 0.1
"""With fewer landmarks than this share of those wanted, outlines are put up with."""
_GRID = (16, 9)
"""Cells along the longer and the shorter side, each with its own quota of landmarks."""
_TEXTURE_WINDOW = 9
"""Side of the square in which texture is judged, pixels."""
_APART = 12
"""Later landmarks stay this far from those already known, pixels."""
_WEAKEST_TEXTURE = 1.0
"""Least mean squared gradient in a patch's weaker direction, (grey levels / pixel) squared."""
_RELATIVE_TEXTURE = 0.001
"""The same, as a share of the strongest patch of the picture."""


@dataclass(frozen=True)
class ImagePlane:
    """Size and scale of the picture in which the camera is measured."""

    width: int
    """Pixels."""
    height: int
    """Pixels."""
    pixels_per_millimetre: float
    """Focal length in pixels for one millimetre of focal length."""

    @classmethod
    def of_frame(cls, width: int, height: int, reduction: int) -> ImagePlane:
        """The plane of a frame of ``width`` x ``height`` px shrunk by a whole ``reduction``.

        The frame's centre stays the principal point, also where the size does not divide evenly.
        """
        return cls(
            width=width // reduction,
            height=height // reduction,
            pixels_per_millimetre=focal_pixels(1.0, width, height) / reduction,
        )

    @property
    def centre(self) -> Floats:
        """Principal point, shape (2,), pixels, centres of pixels at +0.5."""
        return np.array([self.width / 2.0, self.height / 2.0])


@dataclass(frozen=True)
class Camera:
    """A camera pose in the form in which it is solved."""

    rotation: Floats
    """World-from-camera, shape (3, 3)."""
    position: Floats
    """Shape (3,), scene units."""
    focal: float
    """Focal length, pixels of the measured picture."""

    @classmethod
    def of_pose(cls, pose: CameraPose, plane: ImagePlane) -> Camera:
        """The camera of a pose that looks onto ``plane``."""
        return cls(
            rotation=rotation_from_degrees(pose.rotation).as_matrix(),
            position=np.array(pose.position, dtype=np.float64),
            focal=pose.focal_length * plane.pixels_per_millimetre,
        )

    def pose(self, plane: ImagePlane) -> CameraPose:
        """The same camera as a pose."""
        x, y, z = (float(value) for value in self.position)
        return CameraPose(
            position=(x, y, z),
            rotation=degrees_from_rotation(Rotation.from_matrix(self.rotation)),
            focal_length=float(self.focal / plane.pixels_per_millimetre),
        )


@dataclass(frozen=True)
class Landmarks:
    """N patches, each of one frame that is kept for comparison, its *source*."""

    plane: ImagePlane
    """The picture they were found in."""
    sources: NDArray[np.intp]
    """Shape (N,), number of the kept frame; 0 is frame 0."""
    pixels: Floats
    """Shape (N, 2), where they are in their source, pixels, centres at +0.5."""
    origins: Floats
    """Shape (N, 3), position of the source's camera."""
    directions: Floats
    """Shape (N, 3), world direction from there whose length along that camera's axis is 1."""
    direction_slopes: Floats
    """Shape (N, 3, 2), its change for a pixel to the right and a pixel down."""
    inverse_depths: Floats
    """Shape (N,), 1 / z-depth in the source's camera, 1 / scene units; 0 for the sky."""
    inverse_slopes: Floats
    """Shape (N, 2), its change for a pixel to the right and a pixel down."""
    inverse_variances: Floats
    """Shape (N,), squared uncertainty of the inverse depth; 0 where it was given."""

    def __len__(self) -> int:
        return len(self.pixels)

    def rays(self, camera: Camera, chosen: NDArray[np.intp]) -> Floats:
        """Camera-space positions of some landmarks up to scale, shape (M, 3)."""
        offsets = self.origins[chosen] - camera.position
        world = self.directions[chosen] + self.inverse_depths[chosen, None] * offsets
        return world @ camera.rotation

    def project(self, camera: Camera, chosen: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Where some landmarks appear: pixels (M, 2), and distance along the axis (M,).

        The distance is in units of the landmark's depth in its source; not positive means behind
        the camera, where the pixel means nothing.
        """
        rays = self.rays(camera, chosen)
        forward = -rays[:, 2]
        safe = np.where(forward > 1e-6, forward, 1e-6)
        pixels = np.stack([rays[:, 0], -rays[:, 1]], axis=1) * (camera.focal / safe)[:, None]
        return pixels + self.plane.centre, forward

    def affines(self, camera: Camera, chosen: NDArray[np.intp]) -> Floats:
        """How each patch is stretched and turned in this camera, shape (M, 2, 2).

        Column 0 is where a pixel to the right in the source goes, column 1 a pixel down.
        """
        offsets = self.origins[chosen] - camera.position
        slopes = (
            self.direction_slopes[chosen]
            + offsets[:, :, None] * self.inverse_slopes[chosen][:, None, :]
        )
        return pixels_by_ray(self.rays(camera, chosen), camera.focal) @ (camera.rotation.T @ slopes)

    def by_inverse_depth(self, camera: Camera, chosen: NDArray[np.intp]) -> Floats:
        """Change of the projected pixels with the inverse depth, shape (M, 2)."""
        offsets = (self.origins[chosen] - camera.position) @ camera.rotation
        by_ray = pixels_by_ray(self.rays(camera, chosen), camera.focal)
        return (by_ray @ offsets[:, :, None])[:, :, 0]

    def with_inverse_depths(
        self, chosen: NDArray[np.intp], inverse: Floats, variances: Floats
    ) -> Landmarks:
        """The same landmarks, some with a better known depth."""
        all_inverse, all_variances = self.inverse_depths.copy(), self.inverse_variances.copy()
        all_inverse[chosen], all_variances[chosen] = inverse, variances
        return replace(self, inverse_depths=all_inverse, inverse_variances=all_variances)

    def joined(self, more: Landmarks) -> Landmarks:
        """These landmarks followed by some more of the same picture size."""
        return Landmarks(
            plane=self.plane,
            **{
                field.name: np.concatenate([getattr(self, field.name), getattr(more, field.name)])
                for field in fields(self)
                if field.name != "plane"
            },
        )


def pixels_by_ray(rays: Floats, focal: float) -> Floats:
    """Change of the projected pixel with the camera-space position, shape (M, 2, 3)."""
    forward = np.maximum(-rays[:, 2], 1e-6)
    change = np.zeros((len(rays), 2, 3))
    change[:, 0, 0] = focal / forward
    change[:, 1, 1] = -focal / forward
    change[:, 0, 2] = focal * rays[:, 0] / forward**2
    change[:, 1, 2] = -focal * rays[:, 1] / forward**2
    return change


def _box(values: NDArray[Any], side: int) -> NDArray[Any]:
    return cv2.boxFilter(values, -1, (side, side), normalize=True, borderType=cv2.BORDER_REFLECT)


def _smooth_depth(inverse: Floats) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Fit a plane to the inverse depth round every pixel.

    A flat surface has an inverse depth that is linear across the picture, whatever its slant.

    Returns:
        The plane's value and its two slopes at every pixel, and where it fits. Shapes (H, W).
    """
    known = np.isfinite(inverse) & (inverse >= 0.0)
    values = np.where(known, inverse, 0.0)
    height, width = values.shape
    side = _SMOOTH_WINDOW
    # Moments about each window's own centre, from filters with the coordinate as kernel.
    offsets = np.arange(side, dtype=np.float64) - side // 2
    flat = np.full(side, 1.0 / side)
    slope = offsets / (side * float((offsets**2).mean()))
    border = cv2.BORDER_REFLECT
    mean, across, down = (
        np.asarray(cv2.sepFilter2D(values, cv2.CV_64F, x, y, borderType=border), np.float64)
        for x, y in ((flat, flat), (slope, flat), (flat, slope))
    )
    spread = float((offsets**2).mean())
    variance = _box(values * values, side) - mean * mean - spread * (across**2 + down**2)
    departure = np.sqrt(np.maximum(variance, 0.0))
    steepness = np.maximum(np.abs(across), np.abs(down))
    tiny = 1e-9
    smooth = (departure <= _PLANE_TOLERANCE * mean + tiny) & (steepness <= _STEEPEST * mean + tiny)
    whole = cv2.erode(known.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    margin = side // 2
    inside = np.zeros((height, width), dtype=bool)
    inside[margin : height - margin, margin : width - margin] = True
    return mean, across, down, smooth & whole & inside


def _overshadowed(inverse: Floats) -> NDArray[np.bool_]:
    """Where something clearly nearer stands so close by that its outline would be followed."""
    known = np.where(np.isfinite(inverse), inverse, 0.0).astype(np.float32)
    window = np.ones((2 * _SHADOW_REACH + 1, 2 * _SHADOW_REACH + 1), np.uint8)
    return np.asarray(cv2.dilate(known, window)) > _SHADOW_RATIO * known + 1e-9


def _texture(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean squared gradient round each pixel in its weaker direction, (grey levels / pixel)^2."""
    # The Sobel kernel of side 3 weighs a unit slope with 8.
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    xx, xy, yy = (_box(a, _TEXTURE_WINDOW) for a in (across * across, across * down, down * down))
    weaker = 0.5 * (xx + yy - np.sqrt((xx - yy) ** 2 + 4.0 * xy * xy))
    return weaker.astype(np.float32)


def _pick(strength: NDArray[np.float32], wanted: int) -> NDArray[np.intp]:
    """Strong, well spread corners: flat indices into the picture, at most ``wanted``."""
    height, width = strength.shape
    peaks = cv2.dilate(strength, np.ones((_TEXTURE_WINDOW, _TEXTURE_WINDOW), np.uint8))
    floor = max(_WEAKEST_TEXTURE, _RELATIVE_TEXTURE * float(strength.max(initial=0.0)))
    found = np.flatnonzero((strength >= peaks) & (strength >= floor))
    if not len(found):
        return found
    columns, rows = _GRID if width >= height else _GRID[::-1]
    y, x = np.divmod(found, width)
    cell = (y * rows // height) * columns + x * columns // width
    order = np.lexsort((-strength.ravel()[found], cell))
    found, cell = found[order], cell[order]
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    rank = np.arange(len(found)) - np.repeat(starts, np.diff(np.append(starts, len(found))))
    # First everyone's best corner, then everyone's second: an even spread at any number.
    return found[np.lexsort((-strength.ravel()[found], rank))[:wanted]]


def find_landmarks(
    grey: NDArray[np.float32],
    depth: NDArray[np.float32],
    pose: CameraPose,
    plane: ImagePlane,
    *,
    wanted: int,
    margin: int,
) -> Landmarks:
    """Find patches of frame 0 that can be followed and whose place in the world is known.

    Corners by the smaller eigenvalue of the structure tensor: Shi, Tomasi, "Good features to
    track", 1994, https://doi.org/10.1109/CVPR.1994.323794.

    Args:
        grey: frame 0, shape (H, W), grey levels 0 to 255, slightly blurred.
        depth: z-depth of the same pixels, shape (H, W), scene units, positive; infinite is sky,
            anything else that is not positive is unknown.
        pose: frame 0's camera.
        plane: size and scale of the picture.
        wanted: most landmarks to return.
        margin: pixels to stay away from the border.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(depth > 0, 1.0 / depth.astype(np.float64), np.nan)
    value, across, down, usable = _smooth_depth(inverse)
    usable[:margin] = usable[-margin:] = False
    usable[:, :margin] = usable[:, -margin:] = False
    texture = np.where(usable, _texture(grey), np.float32(0.0))
    found = _pick(np.where(_overshadowed(inverse), np.float32(0.0), texture), wanted)
    if len(found) < _FEW_SHARE * wanted:
        found = _pick(texture, wanted)
    y, x = np.divmod(found, plane.width)
    return _landmarks_at(
        plane,
        Camera.of_pose(pose, plane),
        np.stack([x + 0.5, y + 0.5], axis=1).astype(np.float64),
        inverse=value[y, x],
        slopes=np.stack([across[y, x], down[y, x]], axis=1),
        variances=np.zeros(len(found)),
        source=0,
    )


def find_more_landmarks(
    grey: NDArray[np.float32],
    camera: Camera,
    plane: ImagePlane,
    *,
    known: Floats,
    known_inverse: Floats,
    nearest_inverse: float,
    source: int,
    wanted: int,
    margin: int,
) -> Landmarks:
    """Find patches of a later frame, away from those that are known; their depth is a guess.

    The guess is the depth of the nearest known landmark, and so unsure that the nearest and the
    farthest depths known are both within reach.

    Args:
        grey: the frame, shape (H, W), slightly blurred.
        camera: its recovered camera.
        plane: size and scale of the picture.
        known: shape (K, 2), K at least 1, where known landmarks are in this frame, pixels.
        known_inverse: shape (K,), their inverse depths in this camera, 1 / scene units.
        nearest_inverse: inverse depth of the nearest things of the scene, 1 / scene units.
        source: number under which the frame is kept.
        wanted: most landmarks to return.
        margin: pixels to stay away from the border.
    """
    usable = np.zeros((plane.height, plane.width), dtype=np.uint8)
    usable[margin:-margin, margin:-margin] = 1
    for x, y in known.astype(int):
        cv2.circle(usable, (int(x), int(y)), _APART, 0, -1)
    found = _pick(np.where(usable > 0, _texture(grey), np.float32(0.0)), wanted)
    y, x = np.divmod(found, plane.width)
    pixels = np.stack([x + 0.5, y + 0.5], axis=1).astype(np.float64)
    _, nearest = KDTree(known).query(pixels)
    inverse = np.maximum(known_inverse[nearest], 1e-4)
    spread = np.maximum(0.5 * inverse, 0.7 * nearest_inverse)
    return _landmarks_at(
        plane,
        camera,
        pixels,
        inverse=inverse,
        slopes=np.zeros((len(found), 2)),
        variances=spread**2,
        source=source,
    )


def _landmarks_at(
    plane: ImagePlane,
    camera: Camera,
    pixels: Floats,
    *,
    inverse: Floats,
    slopes: Floats,
    variances: Floats,
    source: int,
) -> Landmarks:
    count = len(pixels)
    centred = (pixels - plane.centre) / camera.focal
    rays = np.stack([centred[:, 0], -centred[:, 1], -np.ones(count)], axis=1)
    steps = np.array([[1.0, 0.0], [0.0, -1.0], [0.0, 0.0]]) / camera.focal
    return Landmarks(
        plane=plane,
        sources=np.full(count, source),
        pixels=pixels,
        origins=np.tile(camera.position, (count, 1)),
        directions=rays @ camera.rotation.T,
        direction_slopes=np.tile(camera.rotation @ steps, (count, 1, 1)),
        inverse_depths=inverse,
        inverse_slopes=slopes,
        inverse_variances=variances,
    )
