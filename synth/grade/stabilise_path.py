"""The way a camera shook, and the calm one that is put in its place.

A picture's place is a shift, a turn and a zoom (a similarity) against the start of its shot. The
calm path weighs accelerations against the distance from the real one (E. T. Whittaker, "On a new
method of graduation", Proc. Edinburgh Math. Soc. 41, 1923), over a time that is shortened where the
crop leaves no room. The idea of smoothing within the crop is that of M. Grundmann et al.,
"Auto-directed video stabilization with robust L1 optimal camera paths", CVPR 2011.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve_banded, cholesky_banded
from scipy.ndimage import minimum_filter1d, uniform_filter1d

Path4 = NDArray[np.float64]
"""Shift right and down in pixels, turn in radians, log zoom, (n, 4)."""

_CORNERS: Final = 300
_QUALITY: Final = 0.01
_FEWEST: Final = 12
_LEVELS: Final = 12
"""Lengths of smoothing that are tried, each half as long again as the one before."""
_CHANGE_SECONDS: Final = 0.5
"""How fast the length of smoothing may change."""
_SECONDS: Final = (0.15, 2.0)
"""Standard deviation of the smoothing at the least and the most strength."""


def step_between(
    before: NDArray[np.uint8], after: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], float]:
    """How the picture moved: shift, turn and log zoom (4,), about the picture's middle.

    Corners (J. Shi, C. Tomasi, "Good features to track", CVPR 1994) are followed by pyramidal
    Lucas-Kanade there and back again, and a similarity is fitted to most of them (RANSAC).

    Args:
        before: brightness, (H, W).
        after: likewise.

    Returns:
        The step, and the share of the points that it explains; 0 where none could be found.
    """
    height, width = before.shape
    spacing = max(6, min(height, width) // 24)
    points = cv2.goodFeaturesToTrack(before, _CORNERS, _QUALITY, spacing)
    nothing = np.zeros(4), 0.0
    if points is None or len(points) < _FEWEST:
        return nothing
    window = (21, 21)
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, after, points, None, winSize=window)  # type: ignore[call-overload]
    back, again, _ = cv2.calcOpticalFlowPyrLK(after, before, there, None, winSize=window)  # type: ignore[call-overload]
    sure = (found[:, 0] > 0) & (again[:, 0] > 0)
    sure &= np.linalg.norm((back - points)[:, 0], axis=1) < 0.6
    if int(sure.sum()) < _FEWEST:
        return nothing
    middle = np.array([(width - 1) / 2, (height - 1) / 2], np.float32)
    matrix, inliers = cv2.estimateAffinePartial2D(
        points[sure, 0] - middle,
        there[sure, 0] - middle,
        method=cv2.RANSAC,
        ransacReprojThreshold=max(0.8, width / 800),
        maxIters=500,
        confidence=0.995,
        refineIters=10,
    )
    if matrix is None or inliers is None or int(inliers.sum()) < _FEWEST:
        return nothing
    turn = float(np.arctan2(matrix[1, 0], matrix[0, 0]))
    zoom = float(np.log(max(np.hypot(matrix[0, 0], matrix[1, 0]), 1e-6)))
    if abs(zoom) > 0.3 or abs(turn) > 0.5:
        return nothing
    share = float(inliers.sum()) / max(int(sure.sum()), 1)
    return np.array([matrix[0, 2], matrix[1, 2], turn, zoom]), share


@dataclass(frozen=True)
class Calm:
    """What is done to the pictures of a shot."""

    moves: Path4
    """By what each picture is shifted, turned and zoomed, before ``zoom``, (n, 4)."""
    zoom: float
    """How much larger every picture is made, so that no edge shows; 1 for none."""


def calm(path: Path4, size: tuple[int, int], rate: float, *, strength: float, crop: float) -> Calm:
    """The moves that calm a camera's path.

    Args:
        path: where the camera's picture was, (n, 4), summed steps.
        size: of the picture, pixels.
        rate: pictures a second.
        strength: 0 to 1, how long a time is smoothed over.
        crop: most of the width and height that may be cut away, 0 to 1.
    """
    count = len(path)
    if count < 3 or strength <= 0.0 or crop <= 0.0:
        return Calm(np.zeros_like(path), 1.0)
    low, high = _SECONDS
    sigma = rate * low * (high / low) ** strength
    free = _smoothed(path, sigma) - path
    needed = float(zoom_needed(free, size).max())
    most = 1.0 / (1.0 - crop)
    if needed <= most:
        return Calm(free, needed)
    found = _as_room_allows(path, size, sigma, rate, most)
    return Calm(found, min(most, float(zoom_needed(found, size).max())))


def _as_room_allows(
    path: Path4, size: tuple[int, int], sigma: float, rate: float, most: float
) -> Path4:
    """The moves of the longest smoothing that the room allows, at every moment.

    Around a violent moment the smoothing is shorter. From moment to moment it changes slowly: the
    least of a window, then the mean of the same window, never goes beyond what is allowed there.
    """
    sigmas = sigma * 1.5 ** np.arange(-_LEVELS + 1, 1)
    moves = np.stack([np.zeros_like(path), *(_smoothed(path, one) - path for one in sigmas)])
    fits = np.stack([zoom_needed(level, size) <= most for level in moves])
    # The next level counts only where all before it fit.
    level = np.cumprod(fits, axis=0).sum(axis=0) - 1.0
    reach = min(max(1, round(rate * _CHANGE_SECONDS)), max(1, len(path) // 4))
    window = 2 * reach + 1
    least = minimum_filter1d(level, window, mode="nearest")
    gentle = uniform_filter1d(least, window, mode="nearest")
    below = np.clip(np.floor(gentle).astype(int), 0, _LEVELS - 1)
    share = (gentle - below)[:, None]
    at = np.arange(len(path))
    mixed = (1.0 - share) * moves[below, at] + share * moves[below + 1, at]
    return mixed / np.maximum(1.0, (zoom_needed(mixed, size) / most) ** 8)[:, None]


def matrix_of(move: NDArray[np.float64], size: tuple[int, int], zoom: float) -> NDArray[np.float64]:
    """The (2, 3) matrix that takes pixels of the source to pixels of the calm picture."""
    width, height = size
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    scale = zoom * np.exp(move[3])
    cosine, sine = scale * np.cos(move[2]), scale * np.sin(move[2])
    turn = np.array([[cosine, -sine], [sine, cosine]])
    shift = middle + zoom * move[:2] - turn @ middle
    return np.column_stack([turn, shift])


def zoom_needed(moves: Path4, size: tuple[int, int]) -> NDArray[np.float64]:
    """How much each picture must be enlarged for its edges to stay outside, (n,), at least 1."""
    width, height = size
    half = np.array([(width - 1) / 2, (height - 1) / 2])
    out = np.ones(len(moves))
    if not np.any(moves):
        return out
    for index, move in enumerate(moves):
        # A corner c of the frame shows the source at R^-1 (c / zoom - shift) / scale.
        cosine, sine = np.cos(move[2]), np.sin(move[2])
        turn = np.array([[cosine, sine], [-sine, cosine]]) * np.exp(-move[3])
        reach = np.abs(turn) @ half
        shift = np.abs(turn @ move[:2])
        # A pixel to spare: sampling looks at the neighbours.
        spare = np.maximum(half - shift - 1.0, 1e-3 * half)
        out[index] = max(1.0, float((reach / spare).max()))
    return out


def _smoothed(path: Path4, sigma: float) -> Path4:
    """The path that accelerates least while it stays near, over a time of ``sigma`` pictures."""
    count = len(path)
    # |x - p|^2 + w |D2 x|^2 passes half of what has a period of 2 pi sigma.
    system = np.zeros((3, count))
    row = (1.0, -2.0, 1.0)
    for i in range(1, count - 1):
        for a in range(3):
            for b in range(a, 3):
                system[2 - (b - a), i - 1 + b] += sigma**4 * row[a] * row[b]
    system[2] += 1.0
    return cho_solve_banded((cholesky_banded(system), False), path)


def jitter(path: Path4, size: tuple[int, int]) -> float:
    """How much a path shakes, pixels: root mean square of what its neighbours do not predict."""
    if len(path) < 3:
        return 0.0
    arm = np.hypot(*size) / 4.0
    scaled = path * np.array([1.0, 1.0, arm, arm])
    bend = scaled[1:-1] - 0.5 * (scaled[:-2] + scaled[2:])
    return float(np.sqrt(np.mean(np.sum(bend**2, axis=1))))
