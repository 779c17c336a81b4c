"""The landmarks that are known so far, and the frames they are compared with.

It begins with frame 0, whose depth is known. Where a move leaves frame 0's landmarks behind, later
frames are added as further sources. The depth of their landmarks starts as a wide guess and is
narrowed, frame by frame, by the parallax that the recovered cameras see: a Kalman filter on each
inverse depth, as in Civera, Davison, Montiel 2008, https://doi.org/10.1109/TRO.2008.2003276. A
camera that only turns shows no parallax and needs none, for then the guess does not matter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synth.camera.alignment import REACH, Alignment, Pyramid, align_patches
from synth.camera.landmarks import (
    Camera,
    Floats,
    ImagePlane,
    Landmarks,
    find_landmarks,
    find_more_landmarks,
)
from synth.camera.pose import CameraPose
from synth.camera.solve import Indices, Solution, depth_covariances, pose_covariances

_WANTED = 400
"""Landmarks looked for in one frame."""
_MARGIN = REACH + 2
_MOST_SOURCES = 6
"""Frames kept for comparison; beyond that the oldest after frame 0 is let go."""
_SURE_DEPTH = 0.003
"""A depth learnt from parallax is never taken to be surer than this share of itself."""
_PLACED = 1.0
"""A landmark whose depth leaves its place unsure by less than this counts as placed, pixels."""
_GATE = 4.0
"""Departure from the expected place, in standard deviations, that is still believed."""


class Atlas:
    """Landmarks and their source frames; at most ``_MOST_SOURCES`` frames are held."""

    def __init__(
        self,
        picture: Pyramid,
        depth: NDArray[np.float32],
        pose: CameraPose,
        plane: ImagePlane,
    ) -> None:
        """Begin with frame 0; arguments as ``find_landmarks`` takes them."""
        self.landmarks: Landmarks = find_landmarks(
            picture[0], depth, pose, plane, wanted=_WANTED, margin=_MARGIN
        )
        near = depth[np.isfinite(depth) & (depth > 0)]
        self._nearest_inverse = 1.0 / float(np.percentile(near, 1)) if len(near) else 0.1
        self._pictures: dict[int, Pyramid] = {0: picture}
        self._covariances: dict[int, Floats] = {0: np.zeros((7, 7))}
        self._next = 1

    def in_view(self, camera: Camera) -> tuple[Indices, Floats]:
        """Landmarks that a camera should see, and where: (M,) and (M, 2) pixels."""
        plane = self.landmarks.plane
        kept = np.flatnonzero(np.isin(self.landmarks.sources, list(self._pictures)))
        places, forward = self.landmarks.project(camera, kept)
        size = np.array([plane.width, plane.height])
        inside = (forward > 0.05) & ((places > 2.0) & (places < size - 2.0)).all(axis=1)
        return kept[inside], places[inside]

    def well_placed(self, chosen: Indices, camera: Camera) -> NDArray[np.bool_]:
        """Which landmarks' own depth is sure enough to say where a camera sees them."""
        spread = self.expected_spread(camera, chosen)
        return np.trace(spread, axis1=1, axis2=2) < _PLACED**2

    def agrees(
        self, solution: Solution, chosen: Indices, seen: Floats, errors: Floats
    ) -> NDArray[np.bool_]:
        """Which landmarks may be where they were seen, given how unsure everything is.

        Args:
            solution: the camera.
            chosen: shape (M,), landmarks that were seen.
            seen: shape (M, 2), where, pixels.
            errors: shape (M, 2, 2), expected squared errors of ``seen``.
        """
        offsets = seen - self.landmarks.project(solution.camera, chosen)[0]
        spread = (
            errors
            + self.expected_spread(solution.camera, chosen)
            + pose_covariances(self.landmarks, chosen, solution)
        )
        weighed = np.linalg.solve(spread, offsets[:, :, None])[:, :, 0]
        return (offsets * weighed).sum(axis=1) < _GATE**2

    def compare(
        self, picture: Pyramid, camera: Camera, chosen: Indices, guesses: Floats
    ) -> Alignment:
        """Find some landmarks in a picture by comparing it with their sources.

        Args:
            picture: the frame at hand.
            camera: about where it was taken from.
            chosen: shape (M,), landmarks to look for.
            guesses: shape (M, 2), where to look, pixels.
        """
        affines = self.landmarks.affines(camera, chosen)
        found = Alignment(
            pixels=guesses.copy(),
            covariances=np.tile(np.eye(2), (len(chosen), 1, 1)),
            correlations=np.full(len(chosen), -1.0),
        )
        sources = self.landmarks.sources[chosen]
        for source in np.unique(sources):
            mine = sources == source
            part = align_patches(
                self._pictures[int(source)],
                picture,
                self.landmarks.pixels[chosen[mine]],
                guesses[mine],
                affines[mine],
            )
            found.pixels[mine] = part.pixels
            found.covariances[mine] = part.covariances
            found.correlations[mine] = part.correlations
        return found

    def inherited_covariance(self, chosen: Indices) -> Floats:
        """Uncertainty that a camera takes over from the sources of what it saw, shape (7, 7).

        What is seen against frame 0 inherits nothing; what is seen against a later frame cannot
        be surer than that frame's own camera.
        """
        sources = self.landmarks.sources[chosen]
        numbers, counts = np.unique(sources, return_counts=True)
        total = np.zeros((7, 7))
        for number, count in zip(numbers, counts, strict=True):
            total += self._covariances.get(int(number), np.zeros((7, 7))) * count / len(sources)
        return total

    def learn(self, solution: Solution, chosen: Indices, seen: Floats, covariances: Floats) -> None:
        """Narrow the depth of landmarks by where a recovered camera saw them.

        Args:
            solution: the camera.
            chosen: shape (M,), landmarks that agree with it.
            seen: shape (M, 2), where they were seen, pixels.
            covariances: shape (M, 2, 2), expected squared errors of ``seen``.
        """
        unsure = self.landmarks.inverse_variances[chosen] > 0.0
        chosen, seen, covariances = chosen[unsure], seen[unsure], covariances[unsure]
        if not len(chosen):
            return
        marks = self.landmarks
        slope = marks.by_inverse_depth(solution.camera, chosen)
        error = seen - marks.project(solution.camera, chosen)[0]
        spread = covariances + pose_covariances(marks, chosen, solution)
        weighed = np.linalg.solve(spread, slope[:, :, None])[:, :, 0]
        before = marks.inverse_variances[chosen]
        after = 1.0 / (1.0 / before + (slope * weighed).sum(axis=1))
        inverse = marks.inverse_depths[chosen] + after * (weighed * error).sum(axis=1)
        inverse = np.maximum(inverse, 1e-5)
        floor = (_SURE_DEPTH * inverse) ** 2
        self.landmarks = marks.with_inverse_depths(chosen, inverse, np.maximum(after, floor))

    def expected_spread(self, camera: Camera, chosen: Indices) -> Floats:
        """How far off landmarks may appear because their depth is unsure, (M, 2, 2), pixels^2."""
        return depth_covariances(self.landmarks, chosen, camera)

    def grow(self, picture: Pyramid, solution: Solution, chosen: Indices, seen: Floats) -> None:
        """Keep a frame as a further source, with new landmarks where none are known.

        Args:
            picture: the frame.
            solution: its recovered camera.
            chosen: shape (K,), landmarks that were seen in it.
            seen: shape (K, 2), where, pixels.
        """
        inherited = self.inherited_covariance(chosen)
        _, nearness = self.landmarks.project(solution.camera, chosen)
        more = find_more_landmarks(
            picture[0],
            solution.camera,
            self.landmarks.plane,
            known=seen,
            known_inverse=self.landmarks.inverse_depths[chosen] / np.maximum(nearness, 1e-3),
            nearest_inverse=self._nearest_inverse,
            source=self._next,
            wanted=_WANTED - len(chosen),
            margin=_MARGIN,
        )
        self.landmarks = self.landmarks.joined(more)
        self._pictures[self._next] = picture
        self._covariances[self._next] = inherited + solution.covariance
        self._next += 1
        if len(self._pictures) > _MOST_SOURCES:
            del self._pictures[sorted(self._pictures)[1]]
