"""The named endpoints about judging, comparing, grading and mending clips.

Each function's docstring is its documentation in the API view.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

import gradio as gr

from synth.api import judge_video
from synth.grade.cube import read_cube, write_cube
from synth.grade.deflicker import deflicker_video
from synth.grade.denoise import denoise_video
from synth.grade.grade import bake_lut, grade_video
from synth.grade.lut import Lut
from synth.grade.match import match_color
from synth.grade.result import GradedVideo
from synth.grade.settings import Grade, LutPlace
from synth.grade.stabilise import Border, stabilise_video
from synth.jobs import JobContext, JobPool
from synth.media import SUFFIXES, VideoFormat
from synth.quality.compare import compare_videos
from synth.ui.answers import answers, clear_errors, watch
from synth.ui.assets import picture_url
from synth.ui.photo import uploaded_file

CubeSize = Literal["17", "33", "65"]
"""Entries along the edge of a saved cube."""

_SIDE = 320
"""Longest side of a bad moment's picture, pixels."""


class GradeEndpoints:
    """The endpoints about quality and colour of one served page."""

    def __init__(self, pool: JobPool) -> None:
        self._pool = pool

    @answers(dict)
    def evaluate_video(
        self,
        video: gr.FileData,
        start: float = 0.0,
        seconds: float | None = None,
        pictures: bool = False,
    ) -> Any:
        """Judge a video: five figures, whether it passes, and what is wrong where.

        Args:
            video: The video.
            start: Where to begin, seconds.
            seconds: How much of the video to judge; left out, all of it.
            pictures: Also give a small picture of each bad moment, as data: addresses.

        Returns:
            metrics (sharpness, color_consistency and motion_smoothness, 1 is best;
            flicker_detection and artifact_score, 0 is best), overall_score, pass_threshold (at
            least 0.8); then gate (passed, and the reasons where one fatal defect hides behind a
            good mean), words for each metric, findings with their times and a fix where there is
            one, curves by frame, cuts, the camera where the file says what was asked of it, and
            notes.
        """
        began = time.monotonic()

        def work(job: JobContext) -> Any:
            return judge_video(
                path, start=start, seconds=seconds, cancel=job.cancel, progress=job.progress
            )

        with clear_errors():
            path = uploaded_file(video)
            with self._pool.start(work) as job:
                report = yield from watch(job, both=False)
                said = report.to_dict()
                if pictures:
                    said["pictures"] = [
                        {"time": round(moment, 3), "picture": picture_url(pixels, _SIDE)}
                        for moment, pixels in report.thumbnails.items()
                    ]
                yield {**said, "made_in_seconds": round(time.monotonic() - began, 2)}

    @answers(dict)
    def compare_videos(self, reference: gr.FileData, video: gr.FileData, vmaf: bool = True) -> Any:
        """Hold a video against the one that it was made of: PSNR, SSIM and VMAF.

        Args:
            reference: What it should look like.
            video: What is compared.
            vmaf: Measure VMAF too where this server can; it takes the most time.

        Returns:
            The means psnr_y, psnr_yuv, ssim_y and vmaf, whether the pictures are identical, how
            many frames were compared and how far apart the files began, the worst moments, the
            curves by frame, and notes.
        """
        began = time.monotonic()

        def work(job: JobContext) -> Any:
            return compare_videos(
                first, second, vmaf=vmaf, cancel=job.cancel, progress=job.progress
            )

        with clear_errors():
            first, second = uploaded_file(reference), uploaded_file(video)
            with self._pool.start(work) as job:
                found = yield from watch(job, both=False)
                yield {**found.to_dict(), "made_in_seconds": round(time.monotonic() - began, 2)}

    @answers(gr.FileData, dict)
    def grade_video(
        self,
        video: gr.FileData,
        adjustments: dict | None = None,
        look: str | None = None,
        lut: gr.FileData | None = None,
        lut_strength: float = 1.0,
        lut_place: LutPlace = "last",
        keys: list | None = None,
        start: float = 0.0,
        seconds: float | None = None,
        format: VideoFormat = "mp4",
        crf: int = 18,
    ) -> Any:
        """Grade a video: controls, one of the looks or a .cube file, over time if wanted.

        Args:
            video: The video.
            adjustments: Controls by name: brightness, contrast, saturation, temperature (Kelvin
                shift, above 0 is warmer), tint, exposure, slope, offset, power, lift, gamma, gain,
                shadows, highlights, vibrance, hues, curve, red_curve, green_curve, blue_curve,
                sharpen, grain. What is left out stays at rest.
            look: One of the looks by name: bleach_bypass, clean_contrast, cold_steel,
                day_for_night, faded_print, golden_hour, noir, pastel, teal_orange, warm_film.
            lut: A .cube file, in place of a look.
            lut_strength: How much of the look or LUT is laid on, 0 to 1.
            lut_place: "first" before the controls, "last" over what they make.
            keys: A grade that changes, in place of adjustments: objects with time (seconds of the
                video) and adjustments.
            start: Where to begin in the video, seconds.
            seconds: How much of the video to take; left out, all of it.
            format: "mp4" (H.264), "webm", "gif", "prores" or "png" (a zip of pictures).
            crf: H.264 quality, 0 to 51: lower is better and larger.

        Returns:
            The video file, and a report: size, frames, rate, the whole grade, notes.
        """

        def work(job: JobContext) -> GradedVideo:
            return grade_video(
                path, grade, lut=table, output_path=_target(job, format), start=start,
                seconds=seconds, format=format, crf=crf, cancel=job.cancel,
                progress=job.progress,
            )  # fmt: skip

        with clear_errors():
            grade = _grade(adjustments, look, lut_strength, lut_place, keys)
            table = _table(lut)
            path = uploaded_file(video)
            yield from self._made(work)

    @answers(gr.FileData, dict)
    def save_lut(
        self,
        adjustments: dict | None = None,
        look: str | None = None,
        lut: gr.FileData | None = None,
        lut_strength: float = 1.0,
        lut_place: LutPlace = "last",
        size: CubeSize = "33",
    ) -> Any:
        """Write a grade as a .cube file for other programs: all of it but sharpening and grain.

        Args:
            adjustments: Controls by name, as for /grade_video.
            look: One of the looks by name.
            lut: A .cube file, in place of a look.
            lut_strength: How much of the look or LUT is laid on, 0 to 1.
            lut_place: "first" before the controls, "last" over what they make.
            size: Entries along an edge of the cube.

        Returns:
            The .cube file, and a report with its size and the whole grade.
        """

        def work(job: JobContext) -> Any:
            baked = bake_lut(grade, table, size=int(size))
            return str(write_cube(baked, job.folder / "grade.cube"))

        with clear_errors():
            grade = _grade(adjustments, look, lut_strength, lut_place, None)
            table = _table(lut)
            with self._pool.start(work) as job:
                target = yield from watch(job)
                about = {"size": int(size), "settings": grade.to_dict()}
                yield gr.FileData(path=target, orig_name="grade.cube").model_dump(), about

    @answers(gr.FileData, dict)
    def match_color(
        self,
        video: gr.FileData,
        reference: gr.FileData,
        strength: float = 1.0,
        protect: float = 0.5,
        reference_time: float | None = None,
        start: float = 0.0,
        seconds: float | None = None,
        format: VideoFormat = "mp4",
        crf: int = 18,
    ) -> Any:
        """Grade every shot of a video so that it looks like a reference.

        Args:
            video: The video.
            reference: A video or a picture that looks as it should.
            strength: How much of the match is laid on, 0 to 1.
            protect: How little of a difference is put down to the grade and how much to what is in
                the picture, 0 to 1.
            reference_time: The moment of a reference video that counts, seconds; left out, all.
            start: Where to begin in the video, seconds.
            seconds: How much of the video to take; left out, all of it.
            format: "mp4" (H.264), "webm", "gif", "prores" or "png" (a zip of pictures).
            crf: H.264 quality, 0 to 51: lower is better and larger.

        Returns:
            The video file, and a report: found.shots tells for each shot where it starts, how many
            colours of the same things were compared, and what is left unlike.
        """

        def work(job: JobContext) -> GradedVideo:
            return match_color(
                path, like, strength=strength, protect=protect, reference_time=reference_time,
                start=start, seconds=seconds, output_path=_target(job, format), format=format,
                crf=crf, cancel=job.cancel, progress=job.progress,
            )  # fmt: skip

        with clear_errors():
            path, like = uploaded_file(video), uploaded_file(reference)
            yield from self._made(work)

    @answers(gr.FileData, dict)
    def deflicker(
        self,
        video: gr.FileData,
        strength: float = 1.0,
        start: float = 0.0,
        seconds: float | None = None,
        format: VideoFormat = "mp4",
        crf: int = 18,
    ) -> Any:
        """Take the flicker of the light out of a video; cuts, fades and lasting changes stay.

        Args:
            video: The video.
            strength: Share of the flicker that is taken out, 0 to 1.
            start: Where to begin in the video, seconds.
            seconds: How much of the video to take; left out, all of it.
            format: "mp4" (H.264), "webm", "gif", "prores" or "png" (a zip of pictures).
            crf: H.264 quality, 0 to 51: lower is better and larger.

        Returns:
            The video file, and a report: found holds flicker_before and flicker_after (shares of
            the brightness) and corrected_frames.
        """
        yield from self._mended(
            deflicker_video, video, format, strength=strength, start=start, seconds=seconds, crf=crf
        )

    @answers(gr.FileData, dict)
    def denoise(
        self,
        video: gr.FileData,
        strength: float = 0.5,
        start: float = 0.0,
        seconds: float | None = None,
        format: VideoFormat = "mp4",
        crf: int = 18,
    ) -> Any:
        """Take noise out of a video, lightly: frames are averaged along the motion.

        Args:
            video: The video.
            strength: 0 leaves all, 0.5 takes out what is measured, 1 more than that.
            start: Where to begin in the video, seconds.
            seconds: How much of the video to take; left out, all of it.
            format: "mp4" (H.264), "webm", "gif", "prores" or "png" (a zip of pictures).
            crf: H.264 quality, 0 to 51: lower is better and larger.

        Returns:
            The video file, and a report: found holds noise (codes of 8 bits) and denoised_frames.
        """
        yield from self._mended(
            denoise_video, video, format, strength=strength, start=start, seconds=seconds, crf=crf
        )

    @answers(gr.FileData, dict)
    def stabilise(
        self,
        video: gr.FileData,
        strength: float = 0.7,
        crop: float = 0.1,
        border: Border = "crop",
        start: float = 0.0,
        seconds: float | None = None,
        format: VideoFormat = "mp4",
        crf: int = 18,
    ) -> Any:
        """Calm the shaking camera of a video, shot by shot.

        Args:
            video: The video.
            strength: 0 leaves all, 1 smooths over two seconds.
            crop: Most of width and height that may be cut away, 0 to 0.4.
            border: "crop" enlarges until no edge shows, "fill" takes edges from other frames.
            start: Where to begin in the video, seconds.
            seconds: How much of the video to take; left out, all of it.
            format: "mp4" (H.264), "webm", "gif", "prores" or "png" (a zip of pictures).
            crf: H.264 quality, 0 to 51: lower is better and larger.

        Returns:
            The video file, and a report: found holds jitter_before and jitter_after (pixels) and
            the zoom.
        """
        yield from self._mended(
            stabilise_video, video, format, strength=strength, crop=crop, border=border,
            start=start, seconds=seconds, crf=crf,
        )  # fmt: skip

    def _mended(
        self,
        repair: Callable[..., GradedVideo],
        video: gr.FileData,
        format: VideoFormat,
        **asked: Any,
    ) -> Any:
        """Run a repair that needs nothing but the video and numbers."""

        def work(job: JobContext) -> GradedVideo:
            return repair(
                path, output_path=_target(job, format), format=format, cancel=job.cancel,
                progress=job.progress, **asked,
            )  # fmt: skip

        with clear_errors():
            path = uploaded_file(video)
            yield from self._made(work)

    def _made(self, work: Callable[[JobContext], GradedVideo]) -> Any:
        """Watch a clip being made, then hand it over with its report."""
        began = time.monotonic()
        with self._pool.start(work) as job:
            result = yield from watch(job)
            report = {**result.report(), "made_in_seconds": round(time.monotonic() - began, 2)}
            name = result.path.name
            yield gr.FileData(path=str(result.path), orig_name=name).model_dump(), report


def _target(job: JobContext, format: VideoFormat) -> Any:
    # A format that does not exist is refused, in its own words, by whatever makes the clip.
    return job.folder / f"video{SUFFIXES.get(format, '')}"


def _grade(
    adjustments: object, look: str | None, lut_strength: float, lut_place: str, keys: object
) -> Grade:
    values = {
        "adjustments": adjustments or {},
        "look": look or None,
        "lut_strength": lut_strength,
        "lut_place": lut_place,
        "keys": keys or (),
    }
    return Grade.from_values(values)


def _table(lut: object) -> Lut | None:
    return None if lut is None else read_cube(uploaded_file(lut))
