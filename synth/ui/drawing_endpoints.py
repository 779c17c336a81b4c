"""The endpoints about who draws: what would be kept, in which words, the gate, and the guide.

Each function's docstring is its documentation in the API view.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import gradio as gr

from synth.backends.families import Wording, families
from synth.errors import InvalidInstruction
from synth.jobs import JobContext, JobPool
from synth.scene.cache import SceneCache
from synth.shot import Aspect, EdgePolicy, Shot
from synth.shot.result import suffix
from synth.style.tags import read_tags
from synth.ui.answers import answers, clear_errors, watch
from synth.ui.depth_brush import DepthStore
from synth.ui.drawing import tried
from synth.ui.drawn import Caller, preflight_of, read_token
from synth.ui.guide_file import write_guide
from synth.ui.photo import Photo, uploaded_file
from synth.ui.style_endpoints import sent_styles
from synth.ui.visitors import VISITOR_MODELS

if TYPE_CHECKING:
    from synth.shot.attempts import Attempts

BuildShot = Callable[[object, object, dict[str, Any]], tuple[Shot, tuple[str, ...]]]
"""Makes a shot of a motion control, a prompt and further values, with notes."""


class DrawingEndpoints:
    """The endpoints of one served page."""

    def __init__(
        self, pool: JobPool, depths: DepthStore, scenes: SceneCache, build: BuildShot
    ) -> None:
        """``build`` reads a call as /generate_video does."""
        self._pool = pool
        self._depths = depths
        self._scenes = scenes
        self._build = build

    @answers(dict)
    def preflight(
        self,
        motion_control: dict | None = None,
        prompt: str = "",
        backend: dict | None = None,
        styles: list[gr.FileData] | None = None,
        long_side: int = 1280,
        aspect: Aspect = "photo",
        fps: str = "24",
        edge: EdgePolicy = "fit",
    ) -> Any:
        """Say what a backend would keep of a shot, before anything is rendered or paid.

        Args:
            motion_control: The instruction, as /motion_schema describes it. Left out, the move is
                read from the prompt.
            prompt: A sentence that goes with the shot, with style tags where wanted.
            backend: Who draws: {"name": "geometric", "diffusers", "guided" or "providers",
                "family": ..., "provider": ...}. Left out, the photo's own geometry.
            styles: The .safetensors that the prompt's tags name.
            long_side: Longest side of the video in pixels.
            aspect: Shape of the frame; "photo" keeps the photo's.
            fps: Frames per second.
            edge: What happens beyond the photo's edge: "fit" or "extend".

        Returns:
            lines, each instruction with how it is kept ("exactly", "in words", "not") and why;
            problems; how many calls of the model the clip takes; the sentence that it reads and
            what it is to avoid; cost; whether the photo leaves this machine; and what is missing
            here.
        """
        with clear_errors():
            values = {
                "output": {"long_side": long_side, "aspect": aspect, "fps": fps},
                "edge": edge,
                "backend": backend or {},
            }
            shot, notes = self._build(motion_control, prompt, values)
            found = preflight_of(shot, sent_styles(styles))
            return {**found, "notes": list(notes)}

    @answers(dict)
    def compile_prompt(
        self,
        motion_control: dict | None = None,
        prompt: str = "",
        lighting: str = "",
        family: str = "",
    ) -> Any:
        """Write the sentence that the makers of a model recommend for a shot.

        Args:
            motion_control: The instruction, as /motion_schema describes it. Left out, the move is
                read from the prompt.
            prompt: Your own words; style tags are taken out.
            lighting: A cue for the light, such as "low golden sun".
            family: Model family, such as "wan2.2-5b" or "ltx"; or whose advice to follow: "wan",
                "ltx", "cogvideox", "plain". Left out, the first family's.

        Returns:
            sentence; negative, what the family's makers advise to avoid, without what would fight
            the camera; parts, where each piece
            of the sentence comes from; styles, the tags that were taken out.
        """
        from synth.backends.prompts import compile_prompt
        from synth.backends.prompts_calls import advised_negative

        with clear_errors():
            tagged = read_tags(prompt)
            shot, _ = self._build(motion_control, tagged.text, {})
            known = {one.name: one for one in families()}
            if family and family not in known and family not in get_args(Wording):
                raise InvalidInstruction(
                    f"There is no model family {family[:40]!r}. Choose one of {', '.join(known)}."
                )
            chosen = known.get(family) or (families()[0] if not family else None)
            wording: Any = chosen.wording if chosen else family
            made = compile_prompt(
                shot.motion, prompt=tagged.text, lighting=lighting, wording=wording
            )
            return {
                "sentence": made.text,
                "negative": advised_negative(chosen.negative, shot.motion, prompt=tagged.text)
                if chosen
                else "",
                "parts": [_plain(part) for part in made.parts],
                "styles": [{"name": tag.name, "strength": tag.strength} for tag in tagged.tags],
            }

    @answers(gr.FileData, dict)
    def generate_until_pass(
        self,
        image: gr.FileData,
        motion_control: dict | None = None,
        prompt: str = "",
        attempts: int = 3,
        threshold: float = 0.8,
        backend: dict | None = None,
        styles: list[gr.FileData] | None = None,
        token: str = "",
        long_side: int = 1280,
        aspect: Aspect = "photo",
        fps: str = "24",
        edge: EdgePolicy = "fit",
        seed: int = 0,
        depth_map: gr.FileData | None = None,
    ) -> Any:
        """Make a video, judge it, and where it fails try again in the way its reasons suggest.

        Args:
            image: The photo: JPEG, PNG, WebP, TIFF or AVIF.
            motion_control: The instruction, as /motion_schema describes it. Left out, the move is
                read from the prompt.
            prompt: A sentence that goes with the shot, with style tags where wanted.
            attempts: Most clips that are drawn.
            threshold: Overall quality that passes, 0 to 1.
            backend: Who draws, as /preflight takes it.
            styles: The .safetensors that the prompt's tags name.
            token: Hugging Face token for a service; used for this call and kept nowhere.
            long_side: Longest side of the video in pixels.
            aspect: Shape of the frame; "photo" keeps the photo's.
            fps: Frames per second.
            edge: What happens beyond the photo's edge: "fit" or "extend".
            seed: Of the first attempt.
            depth_map: Your own depth map, white is near; left out, depth is estimated.

        Returns:
            The best video, and a report: passed, said in a sentence, and attempts, each with what
            was changed, why, and its quality report.
        """

        def work(job: JobContext) -> Attempts:
            depth = self._depths.get(photo, cancel=job.cancel, progress=job.progress)
            return tried(
                caller, shot, photo.path, job.folder / f"video{suffix(shot)}",
                attempts=attempts, threshold=threshold, depth=depth, scenes=self._scenes,
                cancel=job.cancel, progress=job.progress,
            )  # fmt: skip

        with clear_errors():
            began = time.monotonic()
            caller = Caller(sent_styles(styles), read_token(token))
            values = {
                "output": {"long_side": long_side, "aspect": aspect, "fps": fps},
                "edge": edge,
                "seed": seed,
                "backend": backend or {},
            }
            shot, notes = self._build(motion_control, prompt, values)
            VISITOR_MODELS.check(shot.backend)
            photo = _photo(image, depth_map)
            with self._pool.start(work) as job:
                made = yield from watch(job)
                path = Path(made.best.result.path)
                report = {
                    **made.to_dict(),
                    "notes": list(notes),
                    "made_in_seconds": round(time.monotonic() - began, 2),
                }
                yield gr.FileData(path=str(path), orig_name=path.name).model_dump(), report

    @answers(gr.FileData, dict)
    def guide_bundle(
        self,
        image: gr.FileData,
        motion_control: dict | None = None,
        prompt: str = "",
        family: str = "",
        aspect: Aspect = "photo",
        depth_map: gr.FileData | None = None,
    ) -> Any:
        """Render the exact camera as a guide for video models: for ComfyUI and other programs.

        Args:
            image: The photo: JPEG, PNG, WebP, TIFF or AVIF.
            motion_control: The instruction, as /motion_schema describes it. Left out, the move is
                read from the prompt.
            prompt: What is seen, for the sentence of the bundle.
            family: A guided model family, whose size, rate and frame count the guide keeps: such
                as "wan-vace". Left out, the first.
            aspect: Shape of the frame; "photo" keeps the photo's.
            depth_map: Your own depth map, white is near; left out, depth is estimated.

        Returns:
            A .zip with the RGB guide whose holes are mid grey, masks, depth, flow, camera poses
            and the sentence; and its size, frames and rate, and parts, the frames of each call of
            the model, where one call does not draw them all.
        """

        def work(job: JobContext) -> tuple[Path, dict[str, Any]]:
            depth = self._depths.get(photo, cancel=job.cancel, progress=job.progress)
            target = job.folder / "guide.zip"
            return target, write_guide(
                shot, photo.path, depth, target,
                scenes=self._scenes, cancel=job.cancel, progress=job.progress,
            )  # fmt: skip

        with clear_errors():
            backend = {"name": "guided", "family": family}
            values = {"output": {"aspect": aspect}, "backend": backend}
            shot, notes = self._build(motion_control, prompt, values)
            photo = _photo(image, depth_map)
            with self._pool.start(work) as job:
                path, about = yield from watch(job)
                file = gr.FileData(path=str(path), orig_name=path.name).model_dump()
                yield file, {**about, "notes": list(notes)}


def _photo(image: object, depth_map: object) -> Photo:
    photo = Photo(uploaded_file(image), "", 0, 0)
    if depth_map:
        return replace(photo, method="file", depth_path=uploaded_file(depth_map))
    return photo


def _plain(part: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(part)
