"""The named endpoints: the product over HTTP and ``gradio_client``, without the page.

Each function's docstring is its documentation in the API view. Everything is checked here and in
the core as if no page existed.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import gradio as gr
import numpy as np
from gradio.context import get_blocks_context
from gradio.events import api
from PIL import Image

from synth.errors import InvalidInstruction
from synth.jobs import JobContext, JobPool
from synth.media import VideoFormat, load_image
from synth.motion import MotionControl, motion_schema
from synth.motion.phrases import parse_phrase
from synth.scene.cache import SceneCache
from synth.scene.subject import encode_mask
from synth.shot import Aspect, EdgePolicy, Shot, VideoResult, preview_shot
from synth.shot.result import suffix
from synth.style.tags import read_tags
from synth.ui.answers import answers, clear_errors, watch
from synth.ui.camera_endpoints import CameraEndpoints
from synth.ui.depth_brush import DepthStore
from synth.ui.desk_shot import shot_of_video, shot_values
from synth.ui.drawing import rendered
from synth.ui.drawing_endpoints import DrawingEndpoints
from synth.ui.drawn import Caller, read_token
from synth.ui.flow_endpoints import FlowEndpoints
from synth.ui.grade_endpoints import GradeEndpoints
from synth.ui.photo import Photo, uploaded_file
from synth.ui.sequence_endpoints import SequenceEndpoints
from synth.ui.style_endpoints import StyleEndpoints, sent_styles
from synth.ui.subjects import find, read_mark
from synth.ui.visitors import VISITOR_MODELS

DepthSource = Literal["auto", "embedded", "depth-anything"]


def add_endpoints(pool: JobPool, depths: DepthStore, scenes: SceneCache) -> None:
    """Register the endpoints in the ``gr.Blocks`` that is open."""
    endpoints = Endpoints(pool, depths, scenes)
    heavy = {"concurrency_id": "render", "concurrency_limit": 2}
    keyed = CameraEndpoints(pool, depths, scenes, endpoints.film)
    _register(endpoints.generate_video, **heavy)
    _register(endpoints.preview_video, **heavy)
    _register(endpoints.estimate_depth, **heavy)
    _register(endpoints.find_subject, **heavy)
    _register(endpoints.parse_motion, concurrency_limit=None)
    _register(endpoints.motion_schema, concurrency_limit=None)
    _register(endpoints.restore_shot, concurrency_limit=4)
    _register(keyed.render_trajectory, **heavy)
    _register(keyed.analyze_coverage, **heavy)
    _register(keyed.interpolate_trajectory, concurrency_limit=4)
    _register(keyed.convert_camera_path, concurrency_limit=4)
    flow = FlowEndpoints(pool)
    _register(flow.interpolate_frames, **heavy)
    _register(flow.retime_video, **heavy)
    _register(flow.plan_retime, **heavy)
    grading = GradeEndpoints(pool)
    for work in (
        grading.evaluate_video,
        grading.compare_videos,
        grading.grade_video,
        grading.save_lut,
        grading.match_color,
        grading.deflicker,
        grading.denoise,
        grading.stabilise,
    ):
        _register(work, **heavy)
    drawing = DrawingEndpoints(pool, depths, scenes, build_shot)
    _register(drawing.preflight, concurrency_limit=4)
    _register(drawing.compile_prompt, concurrency_limit=4)
    _register(drawing.generate_until_pass, **heavy)
    _register(drawing.guide_bundle, **heavy)
    styling = StyleEndpoints(pool)
    _register(styling.check_references, **heavy)
    _register(styling.learn_look, **heavy)
    _register(styling.train_style, **heavy)
    _register(styling.inspect_style, concurrency_limit=4)
    sequence = SequenceEndpoints(pool)
    _register(sequence.compose_sequence, **heavy)
    _register(sequence.plan_sequence, concurrency_limit=4)
    _register(sequence.sequence_exchange, concurrency_limit=2)


def _register(function: Callable[..., Any], **options: Any) -> None:
    """Make a named endpoint whose API view shows the whole docstring.

    Without help, the view shows the first paragraph alone and numbers instead of names.
    """
    about = inspect.getdoc(function) or ""
    dependency = api(function, api_name=function.__name__, api_description=about, **options)
    page = get_blocks_context()
    if page is None:
        raise RuntimeError("Endpoints are added inside gr.Blocks.")
    registered = page.fns[dependency["id"]]
    names = list(inspect.signature(function).parameters)
    for component, name in zip(registered.inputs, names, strict=True):
        component.label = name.replace("_", " ").capitalize()  # type: ignore[union-attr]


class Endpoints:
    """The endpoints of one served page."""

    def __init__(self, pool: JobPool, depths: DepthStore, scenes: SceneCache) -> None:
        self._pool = pool
        self._depths = depths
        self._scenes = scenes

    @answers(gr.FileData, dict)
    def generate_video(
        self,
        image: gr.FileData,
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
        backend: dict | None = None,
        styles: list[gr.FileData] | None = None,
        token: str = "",
    ) -> Any:
        """Render a photo and a camera instruction into a finished video.

        Args:
            image: The photo: JPEG, PNG, WebP, TIFF or AVIF.
            motion_control: The instruction, as /motion_schema describes it, for example
                {"camera": {"type": "dolly", "direction": "forward", "intensity": 0.7,
                "duration": 3.0}}. Left out, the move is read from the prompt.
            prompt: A sentence that goes with the shot; without motion_control it also says how the
                camera moves, for example "slow push in, slight handheld".
            long_side: Longest side of the video in pixels.
            aspect: Shape of the frame; "photo" keeps the photo's.
            fps: Frames per second: "12", "15", "23.976", "24", "25", "29.97", "30", "48", "50",
                "59.94" or "60".
            format: "mp4" (H.264), "webm", "gif", "prores" or "png" (a zip of pictures).
            edge: What happens beyond the photo's edge: "fit" zooms in so that it never shows,
                "extend" paints more.
            seed: Picks the grain and the shake; the same number gives the same film.
            lens: Lens effects: shutter_angle, aperture, focus_distance, vignette, grain.
            depth_map: Your own depth map, white is near; left out, depth is estimated.
            depth_strength: How deep the scene is, 0 (flat) to 2.
            measure: Measure afterwards how exactly the camera moved.
            backend: Who draws: {"name": "geometric", "diffusers", "guided" or "providers",
                "family": ..., "provider": ...}. Left out, the photo's own geometry.
            styles: The .safetensors that the prompt's tags name: a file noir.safetensors is asked
                for with <lora:noir:0.8>.
            token: Hugging Face token for a service; used for this call and kept nowhere.

        Returns:
            The video file, and a report with its size, frames, rate, settings and measurements.
        """
        shot_values_ = {
            "backend": backend or {},
            "output": {"long_side": long_side, "aspect": aspect, "fps": fps, "format": format},
            "edge": edge,
            "seed": seed,
            "lens": lens or {},
            "depth": {"strength": depth_strength},
        }
        with clear_errors():
            shot, notes = build_shot(motion_control, prompt, shot_values_)
            VISITOR_MODELS.check(shot.backend)
            caller = Caller(sent_styles(styles), read_token(token))
            draw = partial(rendered, caller)
            yield from self.film(image, depth_map, shot, notes, draw, fidelity=measure)

    @answers(gr.FileData, dict)
    def preview_video(
        self,
        image: gr.FileData,
        motion_control: dict | None = None,
        prompt: str = "",
        aspect: Aspect = "photo",
        edge: EdgePolicy = "fit",
        seed: int = 0,
        depth_map: gr.FileData | None = None,
    ) -> Any:
        """Render a small quick clip of what /generate_video would make.

        Args:
            image: The photo: JPEG, PNG, WebP, TIFF or AVIF.
            motion_control: The instruction, as /motion_schema describes it. Left out, the move is
                read from the prompt.
            prompt: A sentence that goes with the shot.
            aspect: Shape of the frame; "photo" keeps the photo's.
            edge: What happens beyond the photo's edge: "fit" or "extend".
            seed: Picks the grain and the shake.
            depth_map: Your own depth map, white is near; left out, depth is estimated.

        Returns:
            The video file, and a report with its size, frames and rate.
        """
        with clear_errors():
            values = {"output": {"aspect": aspect}, "edge": edge, "seed": seed}
            shot, notes = build_shot(motion_control, prompt, values)
            yield from self.film(image, depth_map, shot, notes, preview_shot)

    @answers(gr.FileData, dict)
    def estimate_depth(self, image: gr.FileData, method: DepthSource = "auto") -> Any:
        """Estimate the depth of a photo.

        Args:
            image: The photo: JPEG, PNG, WebP, TIFF or AVIF.
            method: "embedded" needs no weights, "depth-anything" needs them in the cache, "auto"
                takes the best that is there.

        Returns:
            The depth as a 16-bit grey PNG, white is near, which /generate_video takes as
            depth_map; and who made it, its size, and notes.
        """

        def work(job: JobContext) -> tuple[str, dict[str, Any]]:
            photo = Photo(path, "", 0, 0, method=method)
            depth = self._depths.get(photo, cancel=job.cancel, progress=job.progress)
            target = job.folder / "depth.png"
            levels = np.round(depth.disparity * np.float32(65535)).astype(np.uint16)
            Image.fromarray(levels).save(target)
            height, width = depth.disparity.shape
            about = {
                "source": depth.source,
                "width": width,
                "height": height,
                "near": depth.near,
                "far": depth.far,
                "notes": list(depth.notes),
            }
            return str(target), about

        with clear_errors():
            path = uploaded_file(image)
            with self._pool.start(work) as job:
                target, about = yield from watch(job)
                yield gr.FileData(path=target, orig_name="depth.png").model_dump(), about

    @answers(gr.FileData, dict)
    def find_subject(
        self,
        image: gr.FileData,
        mark: dict | None = None,
        depth_map: gr.FileData | None = None,
    ) -> Any:
        """Find a subject of a photo and mask it.

        Args:
            image: The photo: JPEG, PNG, WebP, TIFF or AVIF.
            mark: Where the subject is, in shares of the photo's width and height: box [left, top,
                right, bottom], points [[x, y], ...] on the subject, away [[x, y], ...] beside it,
                or mask, a painted grey PNG in base64. Left out, the likeliest subject is taken.
            depth_map: Your own depth map, white is near; left out, depth is estimated.

        Returns:
            The mask as a grey PNG of the photo's size, white on the subject; and its box, the share
            of the photo that it covers, and mask, the mask as a motion control takes it.
        """

        def work(job: JobContext) -> tuple[str, dict[str, Any]]:
            wanted = read_mark(mark)
            depth = self._depths.get(photo, cancel=job.cancel, progress=job.progress)
            found = find(load_image(photo.path).pixels, depth, wanted, cancel=job.cancel)
            alpha = found.mask.alpha
            target = job.folder / "mask.png"
            Image.fromarray(np.rint(alpha * 255.0).astype(np.uint8)).save(target)
            return str(target), {**found.about, "mask": encode_mask(alpha)}

        with clear_errors():
            photo = Photo(uploaded_file(image), "", 0, 0)
            if depth_map:
                photo = replace(photo, method="file", depth_path=uploaded_file(depth_map))
            with self._pool.start(work) as job:
                target, about = yield from watch(job)
                yield gr.FileData(path=target, orig_name="mask.png").model_dump(), about

    @answers(dict)
    def parse_motion(self, text: str) -> Any:
        """Read a director's sentence as a camera instruction.

        Args:
            text: For example "crane up and pan left, then hold".

        Returns:
            motion_control, ready for /generate_video, or null where the sentence asks for nothing;
            understood, assumed and not_understood, in sentences.
        """
        with clear_errors():
            parsed = parse_phrase(text)
            return {
                "motion_control": parsed.control.to_dict() if parsed.control else None,
                "understood": list(parsed.understood),
                "assumed": list(parsed.assumed),
                "not_understood": list(parsed.not_understood),
            }

    @answers(dict)
    def motion_schema(self) -> Any:
        """The JSON Schema of a motion control: every key, bound, default and help text."""
        return motion_schema()

    @answers(dict)
    def restore_shot(self, video: gr.FileData) -> Any:
        """Read the settings out of a video that was made here.

        Args:
            video: The file as it was downloaded.

        Returns:
            The shot: motion, prompt, output, lens, depth, edge and seed.
        """
        with clear_errors():
            return shot_values(shot_of_video(uploaded_file(video)))

    def film(
        self,
        image: object,
        depth_map: object,
        shot: Shot,
        notes: tuple[str, ...],
        draw: Callable[..., VideoResult],
        **options: Any,
    ) -> Generator[Any, None, None]:
        """Make a clip and yield it with its report; while it is made, its progress."""
        photo = Photo(uploaded_file(image), "", 0, 0, method=shot.depth.method)
        if depth_map:
            photo = replace(photo, method="file", depth_path=uploaded_file(depth_map))
        began = time.monotonic()

        def work(job: JobContext) -> VideoResult:
            depth = self._depths.get(photo, cancel=job.cancel, progress=job.progress)
            return draw(
                shot,
                photo.path,
                job.folder / f"video{suffix(shot)}",
                depth=depth,
                scenes=self._scenes,
                cancel=job.cancel,
                progress=job.progress,
                **options,
            )

        with self._pool.start(work) as job:
            result = (yield from watch(job)).with_notes(*notes)
            report = {**result.report(), "made_in_seconds": round(time.monotonic() - began, 2)}
            path = str(result.path)
            name = path.rsplit("/", 1)[-1]
            yield gr.FileData(path=path, orig_name=name).model_dump(), report


def build_shot(
    motion_control: object, prompt: object, values: dict[str, Any]
) -> tuple[Shot, tuple[str, ...]]:
    """The shot that a call asks for, and what was read from its prompt.

    Raises ``InvalidInstruction`` for anything that does not make sense, NaN included.
    """
    if not isinstance(prompt, str):
        raise InvalidInstruction("The prompt must be text.")
    given: Any = motion_control or {}
    motion = MotionControl.from_dict(given)
    notes: tuple[str, ...] = ()
    words = read_tags(prompt).text
    if not motion.moves and words.strip():
        parsed = parse_phrase(words)
        if parsed.control is not None and parsed.control.moves:
            motion = motion.model_copy(update={"camera": parsed.control.camera})
            notes = ("Camera from the prompt: " + " ".join(parsed.understood),)
        else:
            notes = ("The prompt names no camera move, so the camera stands still.",)
    return Shot.from_dict({"motion": motion.to_dict(), "prompt": prompt, **values}), notes
