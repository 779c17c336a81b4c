"""A shot's colours before and after the film works on them, as two pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from synth.errors import InvalidInstruction
from synth.jobs import JobContext
from synth.media.planes import ColourTags, to_rgb
from synth.sequence.plan import Take
from synth.sequence.project import Project, SequenceShot
from synth.style.resolve import Resolver

if TYPE_CHECKING:
    from synth.ui.sequence_desks import Desk


def before_and_after(
    desk: Desk,
    project: Project,
    shot: SequenceShot,
    styles: Resolver,
    side: int,
    job: JobContext,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The middle of a shot as it was drawn, and as it is in the film; uint8 RGB (H, W, 3).

    Drawn small and by geometry, with ``side`` pixels along the longer side; ``styles`` finds those
    that the shots' prompts name. Raises as ``compose`` does.
    """
    from synth.sequence.footage import Footage

    output = project.output.model_copy(update={"long_side": side, "fps": "12"})
    small = project.model_copy(update={"output": output})
    bare = small.model_copy(
        update={
            "match": None,
            "shots": tuple(
                one.model_copy(update={"style": None, "grade": None, "lut": None})
                for one in small.shots
            ),
        }
    )
    match = project.match
    needed = {shot.id} | ({match.reference} if match is not None else set())
    found: list[NDArray[np.uint8]] = []
    for version in (bare, small):
        with Footage(
            version, desk.shelf, desk.folder / "quick" / "shots", styles=styles, sketch=True
        ) as footage:
            for id in needed:
                if not footage.ready(id):
                    footage.draw(id, cancel=job.cancel, progress=job.progress)
            frames = footage.lengths()[shot.id]
            take = Take(shot.id, frames // 2, 1)
            planes = next(iter(footage.planes(take, job.cancel)), None)
            if planes is None:
                raise InvalidInstruction(f"The shot {shot.id!r} has no picture to show.")
            found.append(np.asarray(to_rgb(planes, ColourTags()), np.uint8))
    return found[0], found[1]
