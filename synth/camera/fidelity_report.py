"""How far a film's camera was from the one asked for, in numbers and in a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.camera.pose import CameraPath, CameraPose
from synth.camera.tracking import MeasuredFrame

Floats = NDArray[np.float64]

ROTATION_TARGET: Final = 0.1
"""A mean rotation error up to this counts as doing what was asked, degrees."""
SHARE_TARGET: Final = 0.01
"""The same for the mean translation error, as a share of the path's length."""
SHORT_PATH: Final = 2.0
"""Below this length a share says little and units are compared instead, scene units."""
TRANSLATION_TARGET: Final = SHARE_TARGET * SHORT_PATH
"""Mean translation error that counts as doing what was asked on a short path, scene units."""
FOCAL_TARGET: Final = 0.5
"""Mean error of the focal length that counts as doing what was asked, per cent."""
STILL: Final = 0.25
"""Largest motion of the picture that counts as standing still, pixels."""

_SURE = 0.7
_FAIRLY_SURE = 0.4
_CURVE_POINTS = 24
"""Most entries of each curve in the summary."""


@dataclass(frozen=True, eq=False)
class CameraFidelity:
    """The camera recovered from a film, compared with the camera asked for.

    Arrays have one entry per examined frame, NaN where a frame could not be measured. Frame 0 is
    the anchor: its camera is taken as asked, so its errors are 0 and no mean counts it.
    """

    asked: CameraPath
    """What was asked for."""
    frames: tuple[int, ...]
    """Numbers of the examined frames."""
    poses: tuple[CameraPose | None, ...]
    """Recovered camera of each examined frame; None where it could not be recovered."""
    rotation_errors_degrees: Floats
    """Angle between the recovered and the asked direction, degrees."""
    translation_errors: Floats
    """Distance between the recovered and the asked position, scene units."""
    focal_errors_percent: Floats
    """Recovered over asked focal length less one, per cent; 0 where it was not solved for."""
    points: NDArray[np.int64]
    """Tracked points that agree with the recovered camera."""
    inlier_shares: Floats
    """Share of the observed points that agree, 0 to 1."""
    reprojection_rms: Floats
    """Distance between where those points are and where the recovered camera puts them, px."""
    rotation_sigmas: Floats
    """One-sigma uncertainty of the recovered direction, degrees."""
    translation_sigmas: Floats
    """One-sigma uncertainty of the recovered position, scene units."""
    mean_rotation_error: float
    """Degrees; NaN if nothing was measured."""
    mean_translation_error: float
    """Scene units; NaN if nothing was measured."""
    translation_error_share: float | None
    """Mean translation error over the length of the asked path; None on paths below 2 units."""
    mean_focal_error_percent: float
    """Mean size of the focal error, per cent."""
    scale: float | None
    """Factor that fits the recovered positions best to the asked ones; None where the camera
    hardly moved. It differs from 1 where a model's depth is not the depth it was measured with."""
    scaled_translation_error: float | None
    """Mean translation error after that factor, scene units."""
    static_motion: float | None
    """Where no motion was asked: the most that the picture moved in any frame, px."""
    confidence: float
    """How much the figures can be trusted, 0 to 1."""
    verdict: str
    """All of it in a sentence."""

    @property
    def measured(self) -> bool:
        """Whether there is anything to report at all."""
        return self.frames_measured > 0

    @property
    def frames_measured(self) -> int:
        """Frames after the first whose camera was recovered."""
        return sum(pose is not None for pose in self.poses[1:])

    @property
    def frames_failed(self) -> int:
        """Frames after the first whose camera could not be recovered."""
        return sum(pose is None for pose in self.poses[1:])

    @property
    def obeyed(self) -> bool:
        """Whether the camera did what was asked, within the product's own targets."""
        return self.measured and _obeyed(
            self.mean_rotation_error,
            self.mean_translation_error,
            self.translation_error_share,
            self.mean_focal_error_percent,
        )

    def recovered_path(self) -> CameraPath | None:
        """The recovered camera of every frame up to the last one measured.

        Frames that were passed over or failed lie on the straight way between their neighbours.
        None if nothing was measured.
        """
        known = [(f, p) for f, p in zip(self.frames, self.poses, strict=True) if p is not None]
        if len(known) < 2:
            return None
        poses = [known[0][1]]
        for (start, before), (end, after) in pairwise(known):
            pair = CameraPath((before, after), self.asked.fps)
            poses += [pair.at((f - start) / (end - start)) for f in range(start + 1, end)]
            poses.append(after)
        return CameraPath(tuple(poses), self.asked.fps)

    def to_dict(self) -> dict[str, Any]:
        """A summary that JSON can carry, about 2 kB: figures, verdict and thinned-out curves."""
        stride = max(1, math.ceil(len(self.frames) / _CURVE_POINTS))
        shown = sorted({*range(0, len(self.frames), stride), *({len(self.frames) - 1} - {-1})})
        return {
            "verdict": self.verdict,
            "confidence": round(self.confidence, 3),
            "obeyed": self.obeyed,
            "frames_measured": self.frames_measured,
            "frames_failed": self.frames_failed,
            "path_length": _number(self.asked.length),
            "mean_rotation_error_degrees": _number(self.mean_rotation_error),
            "mean_translation_error": _number(self.mean_translation_error),
            "translation_error_share": _number(self.translation_error_share),
            "mean_focal_error_percent": _number(self.mean_focal_error_percent),
            "scale": _number(self.scale),
            "scaled_translation_error": _number(self.scaled_translation_error),
            "static_motion_pixels": _number(self.static_motion),
            "points": _number(_median(self.points[1:])),
            "inlier_share": _number(_median(self.inlier_shares[1:])),
            "reprojection_rms_pixels": _number(_median(self.reprojection_rms[1:])),
            "rotation_sigma_degrees": _number(_median(self.rotation_sigmas[1:])),
            "translation_sigma": _number(_median(self.translation_sigmas[1:])),
            "curves": {
                "frame": [self.frames[i] for i in shown],
                "rotation_error_degrees": [_number(self.rotation_errors_degrees[i]) for i in shown],
                "translation_error": [_number(self.translation_errors[i]) for i in shown],
                "focal_error_percent": [_number(self.focal_errors_percent[i]) for i in shown],
                "points": [int(self.points[i]) for i in shown],
            },
        }


def _number(value: float | None) -> float | None:
    """Four significant digits; None for what is not known, because JSON has no NaN."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.4g}")


def _median(values: NDArray[Any]) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else math.nan


def _mean(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else math.nan


def _obeyed(rotation: float, translation: float, share: float | None, focal: float) -> bool:
    place = translation <= TRANSLATION_TARGET if share is None else share <= SHARE_TARGET
    return rotation <= ROTATION_TARGET and place and focal <= FOCAL_TARGET


def _is_static(asked: CameraPath) -> bool:
    return all(pose == asked[0] for pose in asked)


def _fit_scale(asked: Floats, recovered: Floats) -> tuple[float | None, float | None]:
    """The factor on the recovered offsets from frame 0 that fits best, and the error left.

    Between a standstill and a move, or two moves at right angles, no factor means anything.
    """
    wish = math.sqrt(float((asked**2).sum(axis=1).mean()))
    size = math.sqrt(float((recovered**2).sum(axis=1).mean()))
    if wish < 0.05 or size < 0.05 * wish:
        return None, None
    alike = float((asked * recovered).sum(axis=1).mean()) / (wish * size)
    if alike < 0.5:
        return None, None
    scale = alike * wish / size
    return scale, float(np.linalg.norm(scale * recovered - asked, axis=1).mean())


@dataclass(frozen=True)
class _Trust:
    """How far the figures can be trusted, each 0 to 1."""

    tracking: float = 0.0
    """That the points were followed rightly and one camera explains them."""
    direction: float = 0.0
    """That they bind the direction closely enough."""
    position: float = 0.0
    """That they bind the position closely enough."""

    @property
    def overall(self) -> float:
        return self.tracking * self.direction * self.position


def _weigh(
    measured: Sequence[MeasuredFrame],
    examined: int,
    rotation: float,
    translation: float,
    tolerance: float,
    longer_side: int,
) -> _Trust:
    """Factors that are each 1 when all is well.

    An uncertainty is judged against the larger of the target and the error found: to know that a
    camera is 5 degrees off, half a degree is sure enough.
    """
    if not measured or not examined:
        return _Trust()

    def typical(name: str) -> float:
        return _median(np.array([getattr(frame, name) for frame in measured], dtype=np.float64))

    enough = 1.0 - math.exp(-max(typical("points") - 8.0, 0.0) / 25.0)
    agreement = min(max((typical("inlier_share") - 0.5) / 0.35, 0.0), 1.0)
    agreement *= min(typical("expected_share") / 0.35, 1.0)
    spread = min(typical("coverage") / 0.4, 1.0)
    sharp = 1.0 / (1.0 + (typical("rms") / (0.002 * longer_side)) ** 2)
    complete = len(measured) / examined
    return _Trust(
        tracking=float(enough * agreement * spread * sharp * complete),
        direction=1.0 / (1.0 + (typical("rotation_sigma") / max(ROTATION_TARGET, rotation)) ** 2),
        position=1.0 / (1.0 + (typical("translation_sigma") / max(tolerance, translation)) ** 2),
    )


def _sureness(confidence: float) -> str:
    if confidence >= _SURE:
        return "sure"
    return "fairly sure" if confidence >= _FAIRLY_SURE else "not sure"


def _plain(value: float) -> str:
    """Two significant digits without an exponent: 0.021, 1.4, 12; the smallest as a bound."""
    if value < 0.0005:
        return "less than 0.001" if value > 0.0 else "0"
    return f"{value:.0f}" if value >= 10 else f"{float(f'{value:.2g}'):g}"


def _sentence(
    *,
    obeyed: bool,
    trust: _Trust,
    position_sigma: float,
    rotation: float,
    translation: float,
    share: float | None,
    focal: float | None,
    static_motion: float | None,
    points: int,
    failed: int,
    missing: int,
) -> str:
    place = f"{_plain(translation)} units" if share is None else f"{_plain(100 * share)} %"
    figures = f"{_plain(rotation)}° and {place} off"
    if focal is not None:
        figures = f"{_plain(rotation)}°, {place} and {_plain(focal)} % of focal length off"
    sure = f"{_sureness(trust.overall)} ({points} points)"
    if static_motion is not None and obeyed and static_motion <= STILL:
        text = (
            f"The camera stood still: nothing moved more than {_plain(static_motion)} px, {sure}."
        )
    elif static_motion is not None and static_motion > STILL:
        text = (
            f"The camera was to stand still, but the picture moved up to "
            f"{_plain(static_motion)} px: {figures}, {sure}."
        )
    elif trust.position < 0.5 and trust.tracking * trust.direction >= _FAIRLY_SURE:
        text = (
            f"The camera's direction is {_plain(rotation)}° off, "
            f"{_sureness(trust.tracking * trust.direction)} ({points} points); this scene does not "
            f"show where it stood (± {_plain(position_sigma)} units)."
        )
    elif trust.overall < _FAIRLY_SURE:
        text = f"The camera seems to be {figures}, but that is {sure}."
    elif obeyed:
        text = f"The camera did what was asked: {figures}, {sure}."
    else:
        text = f"The camera did not do what was asked: {figures}, {sure}."
    if failed:
        text += f" {failed} {'frame' if failed == 1 else 'frames'} could not be measured."
    if missing:
        text += f" The film ends {missing} {'frame' if missing == 1 else 'frames'} early."
    return text


def build_report(
    asked: CameraPath,
    frames: Sequence[int],
    entries: Sequence[MeasuredFrame],
    *,
    solve_focal: bool,
    longer_side: int,
    frames_in_film: int,
    reason: str = "",
) -> CameraFidelity:
    """Compare what was recovered with what was asked.

    Args:
        asked: the camera of every frame that was asked for.
        frames: numbers of the examined frames, the first of them 0.
        entries: what was found in each.
        solve_focal: whether the focal length was solved for.
        longer_side: of the film's frames, pixels.
        frames_in_film: how many frames the film holds.
        reason: why nothing could be measured, where nothing could; a clause.
    """
    count = len(frames)
    found = [i for i in range(count) if entries[i].pose is not None]
    poses = tuple(entry.pose for entry in entries)
    turns, places, lenses = (np.full(count, np.nan) for _ in range(3))
    offsets = np.full((count, 2, 3), np.nan)
    for i in found:
        pose, wish = poses[i], asked[frames[i]]
        if pose is None:
            continue
        pair = Rotation.from_matrix(np.stack([pose.world_from_camera, wish.world_from_camera]))
        turns[i] = float(np.degrees((pair[0].inv() * pair[1]).magnitude()))
        places[i] = math.dist(pose.position, wish.position)
        lenses[i] = 100.0 * (pose.focal_length / wish.focal_length - 1.0)
        offsets[i] = np.array([wish.position, pose.position]) - asked[0].position
    later = [i for i in found if i > 0]
    rotation, translation = _mean(turns[1:]), _mean(places[1:])
    focal = _mean(np.abs(lenses[1:]))
    length = asked.length
    share = translation / length if length >= SHORT_PATH and later else None
    scale, scaled = _fit_scale(offsets[later, 0], offsets[later, 1]) if later else (None, None)
    still = max((entries[i].motion for i in later), default=None) if _is_static(asked) else None
    tolerance = TRANSLATION_TARGET if share is None else SHARE_TARGET * length
    trust = _weigh(
        [entries[i] for i in later], count - 1, rotation, translation, tolerance, longer_side
    )
    if not later:
        verdict = f"The camera could not be measured: {reason or 'nothing could be followed'}."
    else:
        verdict = _sentence(
            obeyed=_obeyed(rotation, translation, share, focal),
            trust=trust,
            position_sigma=_median(np.array([entries[i].translation_sigma for i in later])),
            rotation=rotation,
            translation=translation,
            share=share,
            focal=focal if solve_focal else None,
            static_motion=still,
            points=round(_median(np.array([entries[i].points for i in later], dtype=np.float64))),
            failed=count - 1 - len(later),
            missing=max(len(asked) - frames_in_film, 0),
        )

    def column(name: str) -> Floats:
        values = [getattr(e, name) if e.pose is not None else math.nan for e in entries]
        return np.array(values, dtype=np.float64)

    return CameraFidelity(
        asked=asked,
        frames=tuple(frames),
        poses=poses,
        rotation_errors_degrees=turns,
        translation_errors=places,
        focal_errors_percent=lenses,
        points=np.array([entry.points for entry in entries], dtype=np.int64),
        inlier_shares=column("inlier_share"),
        reprojection_rms=column("rms"),
        rotation_sigmas=column("rotation_sigma"),
        translation_sigmas=column("translation_sigma"),
        mean_rotation_error=rotation,
        mean_translation_error=translation,
        translation_error_share=share,
        mean_focal_error_percent=focal,
        scale=scale,
        scaled_translation_error=scaled,
        static_motion=still,
        confidence=trust.overall,
        verdict=verdict,
    )
