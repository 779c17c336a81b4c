"""Following a camera through a film: every frame's pose from the places of frame 0.

Each frame is met twice. Optical flow from the frame before, checked by flowing back (Kalal,
Mikolajczyk, Matas, "Forward-backward error", 2010, https://doi.org/10.1109/ICPR.2010.675), gives a
first pose; then every landmark that this pose puts in view is compared directly with its patch in
frame 0, warped as the pose predicts, which leaves no drift. A landmark that left and came back is
used again. What was asked of the camera plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.camera.alignment import REACH, Pyramid, align_patches, build_pyramid
from synth.camera.landmarks import Camera, Floats, ImagePlane, Landmarks, find_landmarks
from synth.camera.pose import CameraPose
from synth.camera.solve import FEWEST_POINTS, Indices, Solution, solve_camera, solve_from_scratch

_WANTED = 400
"""Landmarks looked for in frame 0."""
_FLOW_WINDOW = 21
_FLOW_LEVELS = 4
_BACK_TOLERANCE = 0.7
"""Flow that returns farther than this from where it started is not believed, pixels."""
_ALIKE = 0.8
"""Least correlation of a patch with itself in frame 0."""
_FLOW_ERROR = 0.3
"""Expected error of a place known by flow alone after one frame, pixels; drift adds to it."""
_MODEL_ERROR = 0.02
"""What texture and noise do not explain: sampling, curvature of the surface, pixels."""
_WIDEST_RMS = 0.01
"""A pose whose reprojection error exceeds this share of the longer side is no measurement."""
_LEAST_AGREEMENT = 0.3
"""Least share of observations that must agree with a pose."""
_ANCHORED_MATTERS = 40
"""With at least this many patches found by direct comparison, flow alone is not consulted."""


@dataclass(frozen=True)
class MeasuredFrame:
    """One frame's recovered camera, or that it could not be recovered."""

    pose: CameraPose | None
    points: int = 0
    """Landmarks that agree with the pose."""
    anchored: int = 0
    """Those of them found by direct comparison with frame 0, free of drift."""
    inlier_share: float = 0.0
    """Share of the observed landmarks that agree with the pose, 0 to 1."""
    expected_share: float = 0.0
    """Share of the landmarks the pose puts in view that were found there and agree, 0 to 1. Wrong
    depth shows here: the pose then suits a part of the scene only."""
    rms: float = 0.0
    """Reprojection error of those that agree, pixels of the video."""
    rotation_sigma: float = 0.0
    """One-sigma uncertainty of the direction, degrees."""
    translation_sigma: float = 0.0
    """One-sigma uncertainty of the position, scene units."""
    focal_sigma: float = 0.0
    """One-sigma uncertainty of the focal length, per cent."""
    motion: float = 0.0
    """Distance that 95 of 100 landmarks moved less than since frame 0, pixels of the video."""
    coverage: float = 0.0
    """Share of a 4 x 4 grid over the picture that holds agreeing landmarks, 0 to 1."""


class CameraTracker:
    """Recovers the camera of one frame after another; memory does not grow with their number."""

    def __init__(
        self,
        frame: NDArray[np.uint8],
        depth: NDArray[np.float32],
        pose: CameraPose,
        *,
        solve_focal: bool,
        reduction: int,
    ) -> None:
        """Start at frame 0.

        Args:
            frame: shape (H, W, 3), RGB.
            depth: z-depth of each of its pixels, shape (H, W), scene units.
            pose: frame 0's camera, taken as true.
            solve_focal: whether the focal length may change.
            reduction: whole factor by which frames are shrunk before they are measured.
        """
        height, width = depth.shape
        self._reduction = reduction
        self._plane = ImagePlane.of_frame(width, height, reduction)
        self._solve_focal = solve_focal
        grey = self._grey(frame)
        self._reference: Pyramid = build_pyramid(grey)
        self._landmarks: Landmarks = find_landmarks(
            self._reference[0],
            self._shrink_depth(depth),
            pose,
            self._plane,
            wanted=_WANTED,
            margin=REACH + 2,
        )
        self._camera = Camera.of_pose(pose, self._plane)
        self._last = grey
        self._known: Indices = np.arange(len(self._landmarks))
        self._places: Floats = self._landmarks.pixels.copy()
        self._age = np.zeros(len(self._landmarks))

    @property
    def landmark_count(self) -> int:
        """Landmarks found in frame 0."""
        return len(self._landmarks)

    def first(self) -> MeasuredFrame:
        """Frame 0's own entry: where it was said to be."""
        return MeasuredFrame(
            pose=self._camera.pose(self._plane),
            points=len(self._landmarks),
            anchored=len(self._landmarks),
            inlier_share=1.0,
            expected_share=1.0,
            coverage=self._coverage(self._landmarks.pixels),
        )

    def measure(self, frame: NDArray[np.uint8], focal_length: float) -> MeasuredFrame:
        """Recover the next frame's camera.

        Args:
            frame: shape (H, W, 3), RGB.
            focal_length: millimetres, used where the focal length is not solved for.
        """
        grey = self._grey(frame)
        camera = self._camera
        if not self._solve_focal:
            focal = focal_length * self._plane.pixels_per_millimetre
            camera = Camera(camera.rotation, camera.position, focal)
        tracked, flowed = self._flow(grey)
        rough = self._rough(tracked, flowed, camera)
        refined = None
        if rough is not None:
            current = build_pyramid(grey)
            refined = self._refine(current, rough, tracked, flowed)
        if refined is None:
            return MeasuredFrame(pose=None)
        solution, chosen, seen, anchored, expected = refined
        kept = solution.inliers
        self._camera = solution.camera
        self._last = grey
        age = np.zeros(len(self._landmarks))
        age[tracked] = self._age[tracked] + 1.0
        age[chosen[anchored]] = 0.0
        self._age = age
        self._known, self._places = chosen[kept], seen[kept]
        return self._entry(solution, chosen, seen, anchored, expected)

    def _grey(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        grey = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        return grey if self._reduction == 1 else self._shrink(grey).astype(np.uint8)

    def _shrink(self, values: NDArray[Any]) -> NDArray[Any]:
        """Mean over square blocks; a remainder is cut off evenly on both sides."""
        step, plane = self._reduction, self._plane
        rest_y = (values.shape[0] - plane.height * step) // 2
        rest_x = (values.shape[1] - plane.width * step) // 2
        whole = values[rest_y : rest_y + plane.height * step, rest_x : rest_x + plane.width * step]
        return cv2.resize(whole, (plane.width, plane.height), interpolation=cv2.INTER_AREA)

    def _shrink_depth(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._reduction == 1:
            return depth
        # Inverse depth is what a flat surface spreads linearly over the picture.
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = np.where(depth > 0, 1.0 / depth, np.float32(np.nan)).astype(np.float32)
            return (1.0 / self._shrink(inverse)).astype(np.float32)

    def _flow(self, grey: NDArray[np.uint8]) -> tuple[Indices, Floats]:
        """Which landmarks of the last good frame were followed into this one, and where to."""
        if not len(self._known):
            return self._known, self._places
        options: dict[str, Any] = {
            "winSize": (_FLOW_WINDOW, _FLOW_WINDOW),
            "maxLevel": _FLOW_LEVELS,
            "flags": cv2.OPTFLOW_USE_INITIAL_FLOW,
        }
        before = (self._places - 0.5).astype(np.float32)
        after, there, _ = cv2.calcOpticalFlowPyrLK(
            self._last, grey, before, before.copy(), **options
        )
        back, again, _ = cv2.calcOpticalFlowPyrLK(grey, self._last, after, before.copy(), **options)
        good = (there.ravel() > 0) & (again.ravel() > 0)
        good &= np.linalg.norm(back - before, axis=1) < _BACK_TOLERANCE
        return self._known[good], after[good].astype(np.float64) + 0.5

    def _rough(self, tracked: Indices, flowed: Floats, camera: Camera) -> Camera | None:
        """A pose from flow alone, good enough to predict where landmarks are."""
        if len(tracked) < FEWEST_POINTS:
            return None
        solution = solve_camera(
            self._landmarks,
            tracked,
            flowed,
            self._flow_covariances(tracked),
            camera,
            solve_focal=self._solve_focal,
        )
        if solution.rms < 2.0 and solution.inlier_share > 0.6:
            return solution.camera
        tolerance = max(2.0, 0.003 * self._plane.width)
        scratch = solve_from_scratch(self._landmarks, tracked, flowed, camera.focal, tolerance)
        if scratch is None:
            return solution.camera if self._acceptable(solution) else None
        again = solve_camera(
            self._landmarks,
            tracked,
            flowed,
            self._flow_covariances(tracked),
            scratch,
            solve_focal=self._solve_focal,
        )
        best = min((solution, again), key=lambda one: float(np.median(one.residuals)))
        return best.camera if self._acceptable(best) else None

    def _flow_covariances(self, tracked: Indices) -> Floats:
        error = _FLOW_ERROR**2 * (1.0 + self._age[tracked])
        return error[:, None, None] * np.eye(2)

    def _refine(
        self, current: Pyramid, rough: Camera, tracked: Indices, flowed: Floats
    ) -> tuple[Solution, Indices, Floats, NDArray[np.bool_], int] | None:
        """The pose from direct comparison with frame 0; flow helps out where patches changed."""
        candidates = np.arange(len(self._landmarks))
        guesses, forward = self._landmarks.project(rough, candidates)
        size = np.array([self._plane.width, self._plane.height])
        in_view = (forward > 0.05) & ((guesses > 2.0) & (guesses < size - 2.0)).all(axis=1)
        candidates, guesses = candidates[in_view], guesses[in_view]
        affines = self._landmarks.affines(rough, candidates)
        found = align_patches(
            self._reference, current, self._landmarks.pixels[candidates], guesses, affines
        )
        alike = found.correlations >= _ALIKE
        chosen, seen = candidates[alike], found.pixels[alike]
        covariances = found.covariances[alike] + _MODEL_ERROR**2 * np.eye(2)
        anchored = np.ones(len(chosen), dtype=bool)
        if len(chosen) < _ANCHORED_MATTERS:
            extra = ~np.isin(tracked, chosen)
            chosen = np.concatenate([chosen, tracked[extra]])
            seen = np.concatenate([seen, flowed[extra]])
            covariances = np.concatenate([covariances, self._flow_covariances(tracked[extra])])
            anchored = np.concatenate([anchored, np.zeros(int(extra.sum()), dtype=bool)])
        if len(chosen) < FEWEST_POINTS:
            return None
        solution = solve_camera(
            self._landmarks, chosen, seen, covariances, rough, solve_focal=self._solve_focal
        )
        if not self._acceptable(solution):
            return None
        return solution, chosen, seen, anchored, len(candidates)

    def _acceptable(self, solution: Solution) -> bool:
        longer = max(self._plane.width, self._plane.height)
        return (
            int(solution.inliers.sum()) >= FEWEST_POINTS
            and solution.inlier_share >= _LEAST_AGREEMENT
            and solution.rms <= _WIDEST_RMS * longer
            and bool(np.isfinite(solution.camera.position).all())
        )

    def _coverage(self, pixels: Floats) -> float:
        cells = np.floor(pixels / (self._plane.width, self._plane.height) * 4).astype(int)
        cells = np.clip(cells, 0, 3)
        return len(np.unique(cells[:, 1] * 4 + cells[:, 0])) / 16.0

    def _entry(
        self,
        solution: Solution,
        chosen: Indices,
        seen: Floats,
        anchored: NDArray[np.bool_],
        expected: int,
    ) -> MeasuredFrame:
        kept = solution.inliers
        variances = np.diag(solution.covariance)
        moved = np.linalg.norm(seen[kept] - self._landmarks.pixels[chosen[kept]], axis=1)
        return MeasuredFrame(
            pose=solution.camera.pose(self._plane),
            points=int(kept.sum()),
            anchored=int((kept & anchored).sum()),
            inlier_share=solution.inlier_share,
            expected_share=float(kept.sum()) / max(expected, 1),
            rms=solution.rms * self._reduction,
            rotation_sigma=float(np.degrees(np.sqrt(variances[:3].sum()))),
            translation_sigma=float(np.sqrt(variances[3:6].sum())),
            focal_sigma=float(100.0 * np.sqrt(variances[6])),
            motion=float(np.percentile(moved, 95)) * self._reduction,
            coverage=self._coverage(seen[kept]),
        )
