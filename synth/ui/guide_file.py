"""A shot's guide as one file, for video models that run in other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.media import load_image
from synth.scene.cache import SceneCache
from synth.scene.depth_map import DepthMap
from synth.shot import Shot
from synth.style.tags import read_tags


def write_guide(
    shot: Shot,
    photo: str,
    depth: DepthMap | None,
    target: Path,
    *,
    lighting: str = "",
    scenes: SceneCache | None = None,
    cancel: CancelToken,
    progress: ProgressCallback = ignore_progress,
) -> dict[str, Any]:
    """Write a shot's guide bundle at its guided family's own size and rate.

    ``lighting`` is a cue for the light, as a sequence has one. The whole shot is in the bundle:
    where the model draws fewer frames at a time, it says in which parts it is painted.

    Raises as ``make_guide`` and ``write_bundle`` do.
    """
    from synth.backends.chain import calls, frames_of
    from synth.backends.families import family
    from synth.backends.guided.bundle import write_bundle
    from synth.backends.guided.guide import make_guide
    from synth.backends.prompts import compile_prompt
    from synth.backends.prompts_calls import advised_negative
    from synth.shot.produce import assignment_of

    own = family(shot.backend.family, guided=True)
    image = load_image(photo)
    bare = shot.model_copy(update={"prompt": read_tags(shot.prompt).text})
    assignment = assignment_of(
        bare, image, depth=depth, scenes=scenes, cancel=cancel, progress=progress
    )
    size = own.sizes.fit(assignment.film.width, assignment.film.height)
    planned = calls(float(shot.seconds), own.frames, own.rate)
    count = frames_of(planned)
    sentence = shot.backend.sentence
    if sentence is None:
        sentence = compile_prompt(
            shot.motion,
            prompt=bare.prompt,
            lighting=lighting,
            wording=own.wording,
            path=assignment.path,
        ).text
    negative = shot.backend.negative
    if negative is None:
        negative = advised_negative(
            own.negative, shot.motion, prompt=bare.prompt, path=assignment.path,
            sentence=shot.backend.sentence,
        )  # fmt: skip
    guide = make_guide(
        assignment, size=size, count=count, rate=own.rate, prompt=sentence, negative=negative,
        cancel=cancel, progress=progress,
    )  # fmt: skip
    parts = tuple(call.frames for call in planned)
    write_bundle(guide, target, parts=parts, cancel=cancel, progress=progress)
    return {
        "width": size[0],
        "height": size[1],
        "frames": count,
        "parts": list(parts),
        "fps": float(own.rate),
        "family": own.name,
        "sentence": sentence,
    }
