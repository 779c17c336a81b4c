"""The camera that sees given landmarks at given pixels: robust, weighted resection.

Levenberg-Marquardt over a turn, a step and, where asked, the focal length, with Tukey's biweight
on the whitened reprojection errors and a scale estimated from their median: Holland, Welsch,
"Robust regression using iteratively reweighted least-squares", 1977,
https://doi.org/10.1080/03610927708827533; begun wide and tightened as in Blake, Zisserman, "Visual
Reconstruction", 1987. Its inverse normal matrix says how sure the answer is.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.camera.landmarks import Camera, Landmarks, pixels_by_ray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

FEWEST_POINTS = 12
"""Fewer points than this do not make a measurement."""

_TUKEY = 4.685
_WIDEST_START = 100.0
"""Widest scale to begin with, in units of the errors' median."""
_STEPS = 40
_SMALL_STEP = 3e-7
"""A step that moves the picture by less than this share of the focal length ends the search."""
_SHARED_ERROR = 2.5
"""Factor on the one-sigma figures: neighbouring patches share the errors of video coding, so they
tell less than as many independent ones. Measured on H.264 films of known cameras."""
_SCALE_FLOOR = 0.5
"""Least scale of the whitened errors: a lucky handful must not turn good points into outliers."""
_STEP_WEIGHTS = np.array([1.0, 1.0, 1.0, 0.1, 0.1, 0.1, 1.0])
"""One unit of each parameter in comparable motion of the picture: radians, units / 10, log."""


@dataclass(frozen=True)
class Solution:
    """A recovered camera and how well it explains what was seen."""

    camera: Camera
    covariance: Floats
    """Shape (7, 7): turn about the camera's axes (radians), position (units), log of the focal
    length; zero rows where the focal length was held."""
    inliers: NDArray[np.bool_]
    """Shape (M,), which observations agree with the camera."""
    residuals: Floats
    """Shape (M,), distance between seen and expected place, pixels."""

    @property
    def inlier_share(self) -> float:
        """Share of observations that agree, 0 to 1."""
        return float(self.inliers.mean()) if len(self.inliers) else 0.0

    @property
    def rms(self) -> float:
        """Root mean square reprojection error of the inliers, pixels."""
        kept = self.residuals[self.inliers]
        return float(np.sqrt((kept**2).mean())) if len(kept) else float("inf")


def _whiteners(covariances: Floats) -> Floats:
    """Matrices L with L^T L = covariance^-1, shape (M, 2, 2)."""
    return np.asarray(np.linalg.inv(np.linalg.cholesky(covariances)), dtype=np.float64)


def _errors(
    landmarks: Landmarks, chosen: Indices, seen: Floats, whiteners: Floats, camera: Camera
) -> tuple[Floats, Floats]:
    """Errors in pixels and whitened, both (M, 2); landmarks behind the camera are far off."""
    pixels, forward = landmarks.project(camera, chosen)
    errors = np.where((forward > 1e-6)[:, None], seen - pixels, 1e6)
    return errors, (whiteners @ errors[:, :, None])[:, :, 0]


def pose_covariances(landmarks: Landmarks, chosen: Indices, solution: Solution) -> Floats:
    """Expected squared error of projected pixels from the camera alone, (M, 2, 2), pixels^2."""
    jacobian = _jacobian(landmarks, chosen, solution.camera)
    return jacobian @ solution.covariance @ jacobian.transpose(0, 2, 1)


def depth_covariances(landmarks: Landmarks, chosen: Indices, camera: Camera) -> Floats:
    """Expected squared error of projected pixels from the landmarks' own uncertain depth alone."""
    slope = landmarks.by_inverse_depth(camera, chosen)
    variances = landmarks.inverse_variances[chosen]
    return variances[:, None, None] * slope[:, :, None] * slope[:, None, :]


def _jacobian(landmarks: Landmarks, chosen: Indices, camera: Camera) -> Floats:
    """Change of the projected pixels with the 7 parameters, shape (M, 2, 7)."""
    rays = landmarks.rays(camera, chosen)
    by_ray = pixels_by_ray(rays, camera.focal)
    # A turn t of the camera about its own axes moves the ray by ray x t.
    crossed = np.zeros((len(rays), 3, 3))
    crossed[:, 0, 1], crossed[:, 0, 2] = -rays[:, 2], rays[:, 1]
    crossed[:, 1, 0], crossed[:, 1, 2] = rays[:, 2], -rays[:, 0]
    crossed[:, 2, 0], crossed[:, 2, 1] = -rays[:, 1], rays[:, 0]
    jacobian = np.empty((len(rays), 2, 7))
    jacobian[:, :, :3] = by_ray @ crossed
    inverse = landmarks.inverse_depths[chosen]
    jacobian[:, :, 3:6] = -inverse[:, None, None] * (by_ray @ camera.rotation.T)
    jacobian[:, :, 6] = landmarks.project(camera, chosen)[0] - landmarks.plane.centre
    return jacobian


def _moved(camera: Camera, step: Floats) -> Camera:
    """The camera after a step of the 7 parameters."""
    return Camera(
        rotation=camera.rotation @ Rotation.from_rotvec(step[:3]).as_matrix(),
        position=camera.position + step[3:6],
        focal=camera.focal * float(np.exp(np.clip(step[6], -0.5, 0.5))),
    )


def _scale(lengths: Floats) -> float:
    """Robust scale of two-dimensional errors from the median of their lengths."""
    return max(float(np.median(lengths)) / 1.1774, _SCALE_FLOOR)


def _tukey_cost(lengths: Floats, scale: float) -> float:
    share = np.minimum(lengths / (_TUKEY * scale), 1.0)
    return float((1.0 - (1.0 - share**2) ** 3).sum())


def _tukey_weights(lengths: Floats, scale: float) -> Floats:
    share = np.minimum(lengths / (_TUKEY * scale), 1.0)
    return (1.0 - share**2) ** 2


def solve_camera(
    landmarks: Landmarks,
    chosen: Indices,
    seen: Floats,
    covariances: Floats,
    start: Camera,
    *,
    solve_focal: bool,
) -> Solution:
    """Find the camera from which landmarks appear where they were seen.

    Args:
        landmarks: the places of frame 0.
        chosen: shape (M,), which of them were seen.
        seen: shape (M, 2), where, pixels, centres at +0.5.
        covariances: shape (M, 2, 2), expected squared errors of ``seen``, pixels^2; only their
            proportions matter for the answer, its uncertainty is scaled by the actual errors.
        start: a camera near the answer.
        solve_focal: whether the focal length is unknown too.
    """
    free = 7 if solve_focal else 6
    whiteners = _whiteners(covariances)
    camera = start
    damping = 1e-6
    errors, white = _errors(landmarks, chosen, seen, whiteners, camera)
    lengths = np.linalg.norm(white, axis=1)
    # Begin with everyone heard and only then tighten (graduated non-convexity). A tight start would
    # stay where it is whenever most points hardly move, as on the subject of an orbit, and call the
    # few that tell of the motion wrong.
    tight = _scale(lengths)
    scale = max(tight, min(float(np.percentile(lengths, 97.5)) / 2.0, _WIDEST_START * tight))
    for _ in range(_STEPS):
        weights = _tukey_weights(lengths, scale)
        jacobian = (whiteners @ _jacobian(landmarks, chosen, camera)[:, :, :free]).reshape(-1, free)
        weighted = jacobian * np.repeat(weights, 2)[:, None]
        normal = weighted.T @ jacobian
        gradient = weighted.T @ white.ravel()
        cost = _tukey_cost(lengths, scale)
        size = np.zeros(7)
        improved = False
        while damping < 1e6:
            damped = normal + damping * np.diag(np.diag(normal) + 1e-9)
            size[:free] = np.linalg.solve(damped, gradient)
            trial = _moved(camera, size)
            trial_errors, trial_white = _errors(landmarks, chosen, seen, whiteners, trial)
            trial_lengths = np.linalg.norm(trial_white, axis=1)
            if _tukey_cost(trial_lengths, scale) <= cost:
                camera, errors, white, lengths = trial, trial_errors, trial_white, trial_lengths
                damping = max(damping * 0.1, 1e-9)
                improved = True
                break
            damping *= 10.0
        tightened = min(scale, max(_scale(lengths), 0.5 * scale))
        settled = tightened > 0.99 * scale
        scale = tightened
        if not improved:
            if settled:
                break
            damping = 1e-6
        elif settled and float(np.linalg.norm(size * _STEP_WEIGHTS)) < _SMALL_STEP:
            break
    return _finished(landmarks, chosen, whiteners, camera, errors, lengths, scale, free)


def _finished(
    landmarks: Landmarks,
    chosen: Indices,
    whiteners: Floats,
    camera: Camera,
    errors: Floats,
    lengths: Floats,
    scale: float,
    free: int,
) -> Solution:
    """Attach inliers and covariance to a camera that has settled."""
    weights = _tukey_weights(lengths, scale)
    inliers = lengths < 3.5 * scale
    jacobian = (whiteners @ _jacobian(landmarks, chosen, camera)[:, :, :free]).reshape(-1, free)
    normal = (jacobian * np.repeat(weights, 2)[:, None]).T @ jacobian
    spread = float((weights * lengths**2).sum()) / max(2.0 * float(weights.sum()) - free, 1.0)
    values, vectors = np.linalg.eigh(normal * np.outer(*[1.0 / _STEP_WEIGHTS[:free]] * 2))
    # A direction that the points do not bind at all gets a huge variance instead of infinity.
    bounded = np.maximum(values, 1e-12 * max(float(values.max()), 1e-12))
    scaled = (vectors / bounded) @ vectors.T
    covariance = np.zeros((7, 7))
    covariance[:free, :free] = (
        _SHARED_ERROR**2 * spread * scaled / np.outer(*[_STEP_WEIGHTS[:free]] * 2)
    )
    return Solution(
        camera=camera,
        covariance=covariance,
        inliers=inliers,
        residuals=np.linalg.norm(errors, axis=1),
    )


def solve_from_scratch(
    landmarks: Landmarks,
    chosen: Indices,
    seen: Floats,
    focal: float,
    tolerance: float,
) -> Camera | None:
    """A rough camera by random sampling (RANSAC), for when many observations are wrong.

    Args:
        landmarks: the places of frame 0; those at infinity are left out.
        chosen: shape (M,), which of them were seen.
        seen: shape (M, 2), where, pixels.
        focal: focal length, pixels.
        tolerance: largest error of an observation that counts as right, pixels.

    Returns:
        A camera, or None if no camera explains at least ``FEWEST_POINTS`` observations.
    """
    finite = landmarks.inverse_depths[chosen] > 1e-6
    chosen, seen = chosen[finite], seen[finite]
    if len(chosen) < FEWEST_POINTS:
        return None
    points = (
        landmarks.origins[chosen]
        + landmarks.directions[chosen] / landmarks.inverse_depths[chosen, None]
    )
    centre = landmarks.plane.centre
    matrix = np.array([[focal, 0, centre[0]], [0, focal, centre[1]], [0, 0, 1.0]])
    # A seed of its own keeps the answer the same from run to run.
    cv2.setRNGSeed(1)
    found, turn, shift, inliers = cv2.solvePnPRansac(
        points, seen, matrix, np.zeros(4), reprojectionError=tolerance, iterationsCount=300
    )
    if not found or inliers is None or len(inliers) < FEWEST_POINTS:
        return None
    flip = np.diag([1.0, -1.0, -1.0])
    camera_from_world = flip @ Rotation.from_rotvec(turn.ravel()).as_matrix()
    rotation = camera_from_world.T
    position = -rotation @ (flip @ shift.ravel())
    camera = Camera(rotation=rotation, position=position, focal=focal)
    return camera if np.isfinite(position).all() else None
