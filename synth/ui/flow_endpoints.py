"""The named endpoints about frame interpolation: pictures between two, and clips at other speeds.

Each function's docstring is its documentation in the API view.
"""

from __future__ import annotations

import time
from typing import Any, Literal

import gradio as gr

from synth.flow.frames import interpolate_frames
from synth.flow.plan import plan_retime
from synth.flow.retime import retime_video
from synth.flow.settings import RetimeSettings, SoundPolicy
from synth.jobs import JobContext, JobPool
from synth.media import SUFFIXES, VideoFormat
from synth.ui.answers import answers, clear_errors, watch
from synth.ui.interpolate_shown import plan_numbers, write_pictures
from synth.ui.photo import uploaded_file


class FlowEndpoints:
    """The endpoints about frame interpolation of one served page."""

    def __init__(self, pool: JobPool) -> None:
        self._pool = pool

    @answers(gr.FileData, dict)
    def interpolate_frames(
        self,
        frame1: gr.FileData,
        frame2: gr.FileData,
        num_intermediate: int = 8,
        mode: str = "quality",
    ) -> Any:
        """Make the pictures between two pictures.

        Args:
            frame1: The first picture: JPEG, PNG, WebP, TIFF or AVIF.
            frame2: The last picture, of the same size.
            num_intermediate: How many new pictures to make, evenly spaced in time.
            mode: "quality", "fast" for less waiting, or "learned" where its network is installed.

        Returns:
            A zip of PNG pictures in the order of time, frame_0000.png first: the first picture, the
            new ones, the last. The two ends are the inputs, bit for bit. And a report with their
            number and size.
        """
        began = time.monotonic()

        def work(job: JobContext) -> tuple[str, dict[str, Any]]:
            frames = interpolate_frames(
                first, last, num_intermediate, mode=mode, cancel=job.cancel, progress=job.progress
            )
            target = job.folder / "frames.zip"
            write_pictures(frames, target, job.cancel, job.progress)
            width, height = frames[0].size
            about = {"pictures": len(frames), "new": len(frames) - 2}
            return str(target), {**about, "width": width, "height": height, "mode": mode}

        with clear_errors():
            first, last = uploaded_file(frame1), uploaded_file(frame2)
            with self._pool.start(work) as job:
                target, about = yield from watch(job)
                about["made_in_seconds"] = round(time.monotonic() - began, 2)
                yield gr.FileData(path=target, orig_name="frames.zip").model_dump(), about

    @answers(gr.FileData, dict)
    def retime_video(
        self,
        video: gr.FileData,
        target_fps: str | None = None,
        speed: float = 1.0,
        speed_curve: list | None = None,
        mode: str = "quality",
        duplicates: Literal["keep", "replace"] = "keep",
        shutter_angle: float = 0.0,
        sound: SoundPolicy = "keep_pitch",
        start: float = 0.0,
        seconds: float | None = None,
        format: VideoFormat = "mp4",
        crf: int = 18,
    ) -> Any:
        """Make a video smoother, slower, faster, or all in turn, with new frames where needed.

        Args:
            video: The video.
            target_fps: Frames per second of the result: "60", "23.976" or "30000/1001"; left out,
                those of the video.
            speed: Speed of the whole clip: 0.25 is four times slower, 2 twice as fast.
            speed_curve: A speed ramp in place of speed: [time, speed] or [time, speed, ease], or
                objects with these names; time in seconds of the video, ease as in /motion_schema.
            mode: "quality", "fast" for less waiting, or "learned" where its network is installed.
            duplicates: "replace" puts real motion in the place of repeated frames.
            shutter_angle: Motion blur where several frames fall on one, 0 to 360 degrees.
            sound: "keep_pitch" stretches it, "varispeed" runs it like tape, "drop" leaves it out.
            start: Where to begin in the video, seconds.
            seconds: How much of the video to take; left out, all of it.
            format: "mp4" (H.264), "webm", "gif", "prores" or "png" (a zip of pictures).
            crf: H.264 quality, 0 to 51: lower is better and larger.

        Returns:
            The video file, and a report: size, frames, rate, how many frames are new, what was
            found (cuts, fades, flashes, repeated frames), where the new frames are in doubt.
        """
        began = time.monotonic()

        def work(job: JobContext) -> Any:
            return retime_video(
                path,
                settings=settings,
                output_path=job.folder / f"video{SUFFIXES[settings.format]}",
                cancel=job.cancel,
                progress=job.progress,
            )

        with clear_errors():
            settings = RetimeSettings.from_values(
                {
                    "target_fps": target_fps,
                    "speed": speed,
                    "speed_curve": speed_curve or (),
                    "mode": mode,
                    "duplicates": duplicates,
                    "shutter_angle": shutter_angle,
                    "sound": sound,
                    "start": start,
                    "seconds": seconds,
                    "format": format,
                    "crf": crf,
                }
            )
            path = uploaded_file(video)
            with self._pool.start(work) as job:
                result = yield from watch(job)
                report = {**result.report(), "made_in_seconds": round(time.monotonic() - began, 2)}
                name = result.path.name
                yield gr.FileData(path=str(result.path), orig_name=name).model_dump(), report

    @answers(dict)
    def plan_retime(self, video: gr.FileData, settings: dict | None = None) -> Any:
        """Say what /retime_video would do, after reading the video but before making anything.

        Args:
            video: The video.
            settings: What /retime_video takes, by name: target_fps, speed, speed_curve, mode,
                duplicates, shutter_angle, sound, start, seconds, format, crf.

        Returns:
            sentences, for a person; and the numbers in them: frames, rates, lengths, and what was
            found.
        """

        def work(job: JobContext) -> Any:
            return plan_retime(path, asked, cancel=job.cancel, progress=job.progress)

        with clear_errors():
            asked = RetimeSettings.from_values(settings)
            path = uploaded_file(video)
            with self._pool.start(work) as job:
                plan = yield from watch(job, both=False)
                yield {"sentences": plan.sentences(), **plan_numbers(plan)}
