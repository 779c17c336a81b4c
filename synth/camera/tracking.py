"""Following a camera through a film: every frame's pose from places whose depth is known.

Each frame is met twice. Optical flow from the frame before, checked by flowing back (Kalal,
Mikolajczyk, Matas, "Forward-backward error", 2010, https://doi.org/10.1109/ICPR.2010.675), gives a
first pose; then every landmark that this pose puts in view is compared directly with its patch in
the frame it is from, mostly frame 0, warped as the pose predicts, which leaves no drift. A landmark
that left and came back is used again. What was asked of the camera plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.camera.alignment import Pyramid, build_pyramid
from synth.camera.atlas import Atlas
from synth.camera.landmarks import Camera, Floats, ImagePlane
from synth.camera.pose import CameraPose
from synth.camera.solve import FEWEST_POINTS, Indices, Solution, solve_camera, solve_from_scratch

_FLOW_WINDOW = 21
_FLOW_LEVELS = 4
_BACK_TOLERANCE = 0.7
"""Flow that returns farther than this from where it started is not believed, pixels."""
_ALIKE = 0.8
"""Least correlation of a patch with itself in the frame it is from."""
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
_ENOUGH_PLACED = 30
"""With at least this many landmarks of known depth, a pose is found from them alone."""
_THIN_SHARE = 0.4
"""With fewer agreeing landmarks than this share of frame 0's, new ones are sought."""
_THIN_COVERAGE = 0.6
"""The same for the part of the picture they cover, as a share of frame 0's."""
_FRAMES_APART = 4
"""Frames between two searches for new landmarks."""


@dataclass(frozen=True)
class MeasuredFrame:
    """One frame's recovered camera, or that it could not be recovered."""

    pose: CameraPose | None
    points: int = 0
    """Landmarks that agree with the pose."""
    inlier_share: float = 0.0
    """Share of the observed landmarks that agree with the pose, 0 to 1."""
    expected_share: float = 0.0
    """Share of the landmarks the pose puts in view that were found there and agree, 0 to 1; hidden
    and changed ones are missing from it, and so are those with a wrong depth."""
    rms: float = 0.0
    """Reprojection error of those that agree and whose depth is known, pixels of the video."""
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


@dataclass(frozen=True)
class _View:
    """Where M landmarks were seen in one frame."""

    chosen: Indices
    """Shape (M,), which landmarks."""
    seen: Floats
    """Shape (M, 2), pixels."""
    errors: Floats
    """Shape (M, 2, 2), expected squared errors of ``seen``, pixels^2."""
    compared: NDArray[np.bool_] | bool = True
    """Shape (M,), which were compared with their source rather than followed by flow."""
    expected: int = 0
    """Landmarks that should be in view."""

    def __post_init__(self) -> None:
        flags = np.broadcast_to(np.asarray(self.compared), self.chosen.shape)
        object.__setattr__(self, "compared", flags)

    def only(self, mask: NDArray[np.bool_]) -> _View:
        """A part of it."""
        flags = np.asarray(self.compared)[mask]
        return _View(self.chosen[mask], self.seen[mask], self.errors[mask], flags, self.expected)

    def joined(self, more: _View) -> _View:
        """Both together."""
        return _View(
            np.concatenate([self.chosen, more.chosen]),
            np.concatenate([self.seen, more.seen]),
            np.concatenate([self.errors, more.errors]),
            np.concatenate([np.asarray(self.compared), np.asarray(more.compared)]),
            self.expected + more.expected,
        )


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
        self._atlas = Atlas(build_pyramid(grey), self._shrink_depth(depth), pose, self._plane)
        self._camera = Camera.of_pose(pose, self._plane)
        self._step = np.zeros(3)
        self._last = grey
        self._places: Floats = self._atlas.landmarks.pixels.copy()
        self._known: Indices = np.arange(len(self._places))
        self._age = np.zeros(len(self._places))
        self._first_count = len(self._places)
        self._first_coverage = self._coverage(self._places)
        self._since_growth = 0

    @property
    def landmark_count(self) -> int:
        """Landmarks found in frame 0."""
        return self._first_count

    def first(self) -> MeasuredFrame:
        """Frame 0's own entry: where it was said to be."""
        return MeasuredFrame(
            pose=self._camera.pose(self._plane),
            points=self._first_count,
            inlier_share=1.0,
            expected_share=1.0,
            coverage=self._first_coverage,
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
        if rough is None:
            return MeasuredFrame(pose=None)
        picture = build_pyramid(grey)
        refined = self._refine(picture, rough, tracked, flowed)
        if refined is None:
            return MeasuredFrame(pose=None)
        solution, used, others = refined
        agreeing = used.only(solution.inliers).joined(
            others.only(self._atlas.agrees(solution, others.chosen, others.seen, others.errors))
        )
        age = np.zeros(len(self._age))
        age[tracked] = self._age[tracked] + 1.0
        age[agreeing.chosen[agreeing.compared]] = 0.0
        self._age = age
        self._step = solution.camera.position - self._camera.position
        self._camera = solution.camera
        self._last = grey
        self._known, self._places = agreeing.chosen, agreeing.seen
        entry = self._entry(solution, used)
        self._atlas.learn(solution, agreeing.chosen, agreeing.seen, agreeing.errors)
        self._grow_where_thin(picture, solution, entry)
        return entry

    def _grow_where_thin(self, picture: Pyramid, solution: Solution, entry: MeasuredFrame) -> None:
        self._since_growth += 1
        thin = (
            entry.points < _THIN_SHARE * self._first_count
            or entry.coverage < _THIN_COVERAGE * self._first_coverage
        )
        if not thin or self._since_growth < _FRAMES_APART:
            return
        before = len(self._age)
        self._atlas.grow(picture, solution, self._known, self._places)
        fresh = np.arange(before, len(self._atlas.landmarks))
        self._known = np.concatenate([self._known, fresh])
        self._places = np.concatenate([self._places, self._atlas.landmarks.pixels[fresh]])
        self._age = np.concatenate([self._age, np.zeros(len(fresh))])
        self._since_growth = 0

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
        # A guessed depth shows only once the camera has moved from where it was guessed, so its
        # effect is judged where the camera is likely to be now.
        likely = replace(camera, position=camera.position + self._step)
        flow = _View(tracked, flowed, self._flow_errors(tracked))
        used, _ = self._split(flow, likely)
        solution = self._solve(used, camera, likely)
        if len(used.chosen) < FEWEST_POINTS:
            return None
        if solution.rms < 2.0 and solution.inlier_share > 0.6:
            return solution.camera
        tolerance = max(2.0, 0.003 * self._plane.width)
        marks = self._atlas.landmarks
        scratch = solve_from_scratch(marks, used.chosen, used.seen, camera.focal, tolerance)
        if scratch is not None:
            again = self._solve(used, scratch, scratch)
            if float(np.median(again.residuals)) < float(np.median(solution.residuals)):
                solution = again
        return solution.camera if self._acceptable(solution) else None

    def _flow_errors(self, tracked: Indices) -> Floats:
        error = _FLOW_ERROR**2 * (1.0 + self._age[tracked])
        return error[:, None, None] * np.eye(2)

    def _refine(
        self, picture: Pyramid, rough: Camera, tracked: Indices, flowed: Floats
    ) -> tuple[Solution, _View, _View] | None:
        """The pose from direct comparison; flow helps out where patches changed.

        Returns the pose, what it was found from, and what else was seen.
        """
        candidates, guesses = self._atlas.in_view(rough)
        # Where the depth is still a guess, flow knows better than the pose where to look.
        followed = np.full((len(self._age), 2), np.nan)
        followed[tracked] = flowed
        guessed = self._atlas.landmarks.inverse_variances[candidates] > 0.0
        guessed &= np.isfinite(followed[candidates, 0])
        guesses[guessed] = followed[candidates[guessed]]
        found = self._atlas.compare(picture, rough, candidates, guesses)
        alike = found.correlations >= _ALIKE
        errors = found.covariances[alike] + _MODEL_ERROR**2 * np.eye(2)
        view = _View(candidates[alike], found.pixels[alike], errors)
        if len(view.chosen) < _ANCHORED_MATTERS:
            extra = tracked[~np.isin(tracked, view.chosen)]
            by_flow = _View(extra, followed[extra], self._flow_errors(extra), compared=False)
            view = view.joined(by_flow)
        used, others = self._split(view, rough)
        if len(used.chosen) < FEWEST_POINTS:
            return None
        expected = int(self._atlas.well_placed(candidates, rough).sum())
        used = replace(used, expected=max(expected, len(used.chosen)))
        solution = self._solve(used, rough, rough)
        return (solution, used, others) if self._acceptable(solution) else None

    def _split(self, view: _View, camera: Camera) -> tuple[_View, _View]:
        """What a pose is found from, and the rest: landmarks whose depth is still a guess.

        Guesses are used as well where nothing better is left; their errors are allowed for.
        """
        placed = self._atlas.well_placed(view.chosen, camera)
        if int(placed.sum()) < _ENOUGH_PLACED:
            placed = np.ones(len(view.chosen), dtype=bool)
        return view.only(placed), view.only(~placed)

    def _solve(self, view: _View, start: Camera, likely: Camera) -> Solution:
        return solve_camera(
            self._atlas.landmarks,
            view.chosen,
            view.seen,
            view.errors + self._atlas.expected_spread(likely, view.chosen),
            start,
            solve_focal=self._solve_focal,
        )

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

    def _entry(self, solution: Solution, view: _View) -> MeasuredFrame:
        kept = solution.inliers
        chosen, seen = view.chosen[kept], view.seen[kept]
        marks = self._atlas.landmarks
        variances = np.diag(solution.covariance + self._atlas.inherited_covariance(chosen))
        residuals = solution.residuals[kept]
        known = marks.inverse_variances[chosen] == 0.0
        if known.any():
            residuals = residuals[known]
        of_first = marks.sources[chosen] == 0
        moved = np.linalg.norm(seen - marks.pixels[chosen], axis=1)[of_first]
        return MeasuredFrame(
            pose=solution.camera.pose(self._plane),
            points=len(chosen),
            inlier_share=solution.inlier_share,
            expected_share=len(chosen) / max(view.expected, 1),
            rms=float(np.sqrt((residuals**2).mean())) * self._reduction,
            rotation_sigma=float(np.degrees(np.sqrt(variances[:3].sum()))),
            translation_sigma=float(np.sqrt(variances[3:6].sum())),
            focal_sigma=float(100.0 * np.sqrt(variances[6])),
            # With nothing of frame 0 left in view the picture has moved by at least its size.
            motion=float(np.percentile(moved, 95)) * self._reduction
            if len(moved)
            else float(max(self._plane.width, self._plane.height) * self._reduction),
            coverage=self._coverage(seen),
        )
