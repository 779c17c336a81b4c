"""The named endpoints about keyed cameras: sample them, film them, convert them, foresee them.

Each function's docstring is its documentation in the API view.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import gradio as gr

from synth.camera.comfort import measure_motion
from synth.camera.formats import write_path
from synth.camera.formats.editable import editable_keys, read_camera_file
from synth.camera.formats.model import ReadOptions, WriteOptions
from synth.camera.keys import CameraKeys
from synth.camera.sampling import keyed_path
from synth.camera.transform import move_scaled
from synth.errors import InvalidInstruction, LimitExceeded
from synth.jobs import JobContext, JobPool
from synth.media import VideoFormat, load_image
from synth.motion import MotionControl
from synth.render.foresight import fit_to, foresee
from synth.scene.cache import SceneCache
from synth.shot import Aspect, EdgePolicy, Shot, render_shot
from synth.shot.produce import prepare_shot
from synth.ui.answers import answers, clear_errors, watch
from synth.ui.depth_brush import DepthStore
from synth.ui.photo import Photo, uploaded_file

MOST_STATES = 20_000
"""Most frames that one answer lists."""


class CameraEndpoints:
    """The endpoints about keyed cameras of one served page."""

    def __init__(
        self, pool: JobPool, depths: DepthStore, scenes: SceneCache, film: Callable[..., Any]
    ) -> None:
        self._pool = pool
        self._depths = depths
        self._scenes = scenes
        self._film = film

    @answers(dict)
    def interpolate_trajectory(self, trajectory: dict) -> Any:
        """Work out the camera of every frame between keyframes.

        Args:
            trajectory: The keyed camera: frames, fps, and keys, each with frame, position [x, y,
                z], rotation [pitch, yaw, roll] in degrees and focal_length in millimetres; and,
                if wanted, curve, turn_curve, lens_curve, constant_speed, loop, look_at, hold_size
                and handheld.

        Returns:
            states, one for each frame, with position, rotation and focal_length; the path's
            length, its top speed, and bumps that a viewer would feel.
        """
        with clear_errors():
            keys = CameraKeys.from_dict(trajectory)
            if keys.frames > MOST_STATES:
                raise LimitExceeded(
                    f"The path has {keys.frames:,} frames; one answer lists at most "
                    f"{MOST_STATES:,}. Ask for a shorter clip."
                )
            path = keyed_path(keys)
            report = measure_motion(path)
            return {
                "fps": str(path.fps),
                "states": [
                    {
                        "position": list(pose.position),
                        "rotation": list(pose.rotation),
                        "focal_length": pose.focal_length,
                    }
                    for pose in path
                ],
                "length": round(path.length, 6),
                "top_speed": round(float(report.speed.max(initial=0.0)), 6),
                "bumps": [
                    {"frame": bump.frame, "kind": bump.kind, "text": bump.sentence}
                    for bump in report.bumps
                ],
            }

    @answers(gr.FileData, dict)
    def render_trajectory(
        self,
        image: gr.FileData,
        trajectory: dict,
        motion_control: dict | None = None,
        prompt: str = "",
        long_side: int = 1280,
        aspect: Aspect = "photo",
        fps: str = "24",
        format: VideoFormat = "mp4",
        edge: EdgePolicy = "fit",
        seed: int = 0,
        lens: dict | None = None,
        depth_map: gr.FileData | None = None,
        depth_strength: float = 1.0,
        measure: bool = True,
    ) -> Any:
        """Render a photo along a keyed camera into a finished video.

        Args:
            image: The photo: JPEG, PNG, WebP, TIFF or AVIF.
            trajectory: The keyed camera, as /interpolate_trajectory takes it.
            motion_control: Subjects and weather, as /motion_schema describes them; its camera
                gives way to the trajectory.
            prompt: A sentence that goes with the shot.
            long_side: Longest side of the video in pixels.
            aspect: Shape of the frame; "photo" keeps the photo's.
            fps: Frames per second of the video; the path keeps its time, whatever its own rate.
            format: "mp4" (H.264), "webm", "gif", "prores" or "png" (a zip of pictures).
            edge: What happens beyond the photo's edge: "fit" zooms in, "extend" paints more.
            seed: Picks the grain and the shake.
            lens: Lens effects: shutter_angle, aperture, focus_distance, vignette, grain.
            depth_map: Your own depth map, white is near; left out, depth is estimated.
            depth_strength: How deep the scene is, 0 (flat) to 2.
            measure: Measure afterwards how exactly the camera moved.

        Returns:
            The video file, and a report with its size, frames, rate, settings and measurements.
        """
        with clear_errors():
            output = {"long_side": long_side, "aspect": aspect, "fps": fps, "format": format}
            shot = Shot.from_dict(
                {
                    "motion": MotionControl.from_dict(motion_control or {}).to_dict(),
                    "trajectory": CameraKeys.from_dict(trajectory).to_dict(),
                    "prompt": prompt,
                    "output": output,
                    "edge": edge,
                    "seed": seed,
                    "lens": lens or {},
                    "depth": {"strength": depth_strength},
                }
            )
            yield from self._film(image, depth_map, shot, (), render_shot, fidelity=measure)

    @answers(gr.FileData, dict)
    def convert_camera_path(
        self,
        file: gr.FileData,
        to: str,
        scale: float | None = None,
        anchor: Literal["auto", "first", "world"] = "auto",
        fps: str = "",
        width: int = 1280,
        height: int = 720,
        focal_length: float = 50.0,
        write_scale: float = 1.0,
    ) -> Any:
        """Read a camera path of any known format and write it in another.

        Args:
            file: The camera path; its format is recognised from its content.
            to: The format to write, by its id; a wrong one is answered with the list of them.
            scale: Scene units per unit of the file; left out, what the file says.
            anchor: "first" puts the first camera on the photo's own, "world" keeps the file's
                coordinates, "auto" decides by who wrote the file.
            fps: Frames per second, for files that do not say.
            width: Frame width in pixels, for formats whose lens depends on it.
            height: Frame height in pixels, likewise.
            focal_length: Lens in millimetres, for formats without one.
            write_scale: Units of the written file per scene unit.

        Returns:
            The written file; and the format that was read, frames, fps, units, whether the scale
            was known, the trajectory as keys, and notes about what was assumed or lost.
        """

        def work(job: JobContext) -> tuple[str, dict[str, Any]]:
            path = Path(uploaded_file(file))
            given = file.get("orig_name") if isinstance(file, dict) else None
            options = ReadOptions(
                scale=scale, fps=_rate(fps), anchor=anchor, aspect=(width, height),
                focal_length=focal_length,
            )  # fmt: skip
            found = read_camera_file(path, str(given or path.name), options)
            keys, said = editable_keys(found)
            wanted = WriteOptions(width=width, height=height, scale=write_scale)
            written = write_path(found.path, to, keys, wanted)
            target = job.folder / f"camera{written.suffix}"
            target.write_bytes(written.data)
            return str(target), {
                "format": found.format_id,
                "frames": len(found.path),
                "fps": str(found.path.fps),
                "units": found.units,
                "scale_known": found.scale_known,
                "trajectory": keys.to_dict(),
                "notes": [*found.notes, *said, *written.notes],
            }

        with clear_errors(), self._pool.start(work) as job:
            target, about = yield from watch(job)
            yield gr.FileData(path=target, orig_name=Path(target).name).model_dump(), about

    @answers(dict)
    def analyze_coverage(
        self,
        image: gr.FileData,
        trajectory: dict,
        aspect: Aspect = "photo",
        edge: EdgePolicy = "fit",
        depth_map: gr.FileData | None = None,
        depth_strength: float = 1.0,
        fit_percent: float | None = None,
    ) -> Any:
        """Predict how much of each frame was never photographed, before rendering.

        Args:
            image: The photo: JPEG, PNG, WebP, TIFF or AVIF.
            trajectory: The keyed camera, as /interpolate_trajectory takes it.
            aspect: Shape of the frame; "photo" keeps the photo's.
            edge: What rendering will do at the photo's edge: "fit" or "extend".
            depth_map: Your own depth map, white is near; left out, depth is estimated.
            depth_strength: How deep the scene is, 0 (flat) to 2.
            fit_percent: If given, the move is scaled down until no frame shows more than this
                share, per cent, that was never photographed.

        Returns:
            frames with the share outside the photo and uncovered behind things, per cent; the
            worst frames, a sentence, the zoom that "fit" would add; and with fit_percent the
            factor and the fitted trajectory.
        """

        def work(job: JobContext) -> dict[str, Any]:
            photo = Photo(uploaded_file(image), "", 0, 0)
            if depth_map:
                photo = replace(photo, method="file", depth_path=uploaded_file(depth_map))
            keys = CameraKeys.from_dict(trajectory)
            values = {"output": {"aspect": aspect}, "edge": edge,
                      "depth": {"strength": depth_strength}}  # fmt: skip
            shot = Shot.from_dict(values).with_trajectory(keys)
            depth = self._depths.get(photo, cancel=job.cancel, progress=job.progress)
            stage = prepare_shot(
                shot, load_image(photo.path), depth, self._scenes, job.cancel, job.progress
            )
            film, path = stage.film, shot.camera_path()
            coverage = foresee(stage.scene, path, film.width, film.height, cancel=job.cancel)
            answer: dict[str, Any] = {
                "frames": [int(frame) for frame in coverage.frames],
                "outside": [round(float(share) * 100.0, 3) for share in coverage.outside],
                "uncovered": [round(float(share) * 100.0, 3) for share in coverage.uncovered],
                "worst": [int(frame) for frame in coverage.worst],
                "sentence": coverage.sentence,
                "zoom": round(stage.zoom, 4),
            }
            if fit_percent is not None:
                factor, fitted = fit_to(
                    stage.scene,
                    lambda share: shot.with_trajectory(move_scaled(keys, share)).camera_path(),
                    film.width, film.height, fit_percent, cancel=job.cancel,
                )  # fmt: skip
                answer["factor"] = round(factor, 4)
                answer["fitted"] = move_scaled(keys, factor).to_dict()
                answer["fitted_sentence"] = fitted.sentence
            return answer

        with clear_errors(), self._pool.start(work) as job:
            yield (yield from watch(job, both=False))


def _rate(text: str) -> Fraction | None:
    """A rate as people write it; None for none."""
    if not text:
        return None
    try:
        return CameraKeys.from_dict({"fps": text}).fps
    except InvalidInstruction:
        raise InvalidInstruction(
            f"The frame rate is {text[:20]!r}; write it as 24, 23.976 or 24000/1001."
        ) from None
