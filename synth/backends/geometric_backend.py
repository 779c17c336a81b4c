"""The default backend as all others speak: the photo's own geometry, exact and on the CPU."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from synth.backends.geometric import Stage, frame_photo, framed_disparity, set_stage
from synth.backends.protocol import Assignment, Capabilities, Instruction, Keeps, Rendering
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.scene.collision import first_collision

NAME: Final = "geometric"


class GeometricBackend:
    """Draws a shot from the photo's geometry, exactly as instructed."""

    @property
    def capabilities(self) -> Capabilities:
        """Everything that geometry can do is done exactly; words alone do nothing."""
        words: tuple[Instruction, ...] = ("prompt", "negative prompt", "lighting")
        exact: tuple[Instruction, ...] = (
            "camera", "timing", "zoom", "handheld", "subjects", "weather", "lens", "edge", "loop",
            "seed", "size", "rate", "length",
        )  # fmt: skip
        keeps: dict[Instruction, Keeps] = {one: "exactly" for one in exact}
        keeps |= {one: "not" for one in words}
        return Capabilities(
            NAME, "Photo geometry", keeps, style="look", base=NAME, generative=False
        )

    def render(
        self,
        assignment: Assignment,
        *,
        cancel: CancelToken,
        progress: ProgressCallback = ignore_progress,
    ) -> Rendering:
        """Set the stage now, draw as frames are asked for; raises as ``stage_of`` does."""
        stage = stage_of(assignment, cancel=cancel, progress=progress)
        return Rendering(
            frames=stage.frames(cancel),
            path=stage.path,
            depth=stage.first_depth,
            notes=stage.notes,
            made_by={"backend": NAME},
        )


def stage_of(
    assignment: Assignment,
    *,
    cancel: CancelToken,
    progress: ProgressCallback = ignore_progress,
) -> Stage:
    """The photo of an assignment set up for filming, its path fitted and checked.

    Raises ``InvalidInstruction`` where a keyed camera runs into what the photo shows, and what
    the depth, ``set_stage`` and ``cancel`` raise.
    """
    depth = assignment.depth()
    cancel.check()
    progress(Progress("Building the scene"))
    stage = set_stage(
        assignment.photo,
        depth,
        assignment.path,
        assignment.film,
        depth_strength=assignment.depth_strength,
        focal_length=assignment.focal_length,
        extend=assignment.extend,
        actions=assignment.motion.objects,
        environment=assignment.motion.environmental,
        loop=assignment.loop,
        scenes=assignment.scenes,
        cancel=cancel,
    )
    if assignment.keyed:
        check_way(stage, assignment.focal_length)
    return stage


def check_way(stage: Stage, focal_length: float) -> None:
    """Raise ``InvalidInstruction`` where the camera runs into what the photo shows.

    Moves are sized for the photo and never do; keys may lead anywhere.
    """
    found = first_collision(stage.scene.disparity, focal_length, stage.path)
    if found is not None:
        x, y, z = found.place
        raise InvalidInstruction(
            f"After frame {found.frame} the camera runs into what the photo shows at "
            f"({x:.2f}, {y:.2f}, {z:.2f}), {found.depth:.1f} units from the home camera. Stop "
            "before it, or go round."
        )


def photo_distances(assignment: Assignment) -> NDArray[np.float32]:
    """How far away is what the photo shows, framed as the clip is.

    It is the depth of frame 0 of any clip that begins with the photo.

    Returns:
        z-depth, scene units, inf where endless, (height, width) of the clip.
    """
    film = assignment.film
    framed, crop = frame_photo(assignment.photo, film.width, film.height)
    disparity = framed_disparity(
        assignment.depth(), assignment.photo.shape, crop, framed, assignment.depth_strength
    )
    with np.errstate(divide="ignore"):
        far = np.where(disparity > 0, 1.0 / np.maximum(disparity, 1e-9), np.inf)
    return far.astype(np.float32)
