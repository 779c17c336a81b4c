"""A grade while it runs along a clip: tables where it stands still, pictures where it changes."""

from __future__ import annotations

from fractions import Fraction

from synth.errors import InvalidInstruction
from synth.grade.chain import Chain, adjustments_at
from synth.grade.cube import read_cube
from synth.grade.finish import Finisher
from synth.grade.looks import look_lut
from synth.grade.lut import Lut, LutLike
from synth.grade.settings import Adjustments, Grade
from synth.grade.tables import PlaneTables, Recipe, recipe
from synth.media.planes import ColourTags, Planes, planes_from_rgb, to_rgb


class RunningGrade:
    """Takes a clip's planes through a grade, one picture after the other; serves one clip."""

    def __init__(self, grade: Grade, lut: Lut | None, tags: ColourTags, height: int) -> None:
        """``lut`` as ``table_of`` finds it; ``tags`` and ``height`` are those of the planes."""
        self._grade, self._lut, self._tags = grade, lut, tags
        black, white = (0, 255) if tags.full_range else (16, 235)
        self._finisher = Finisher(height, black=black, white=white)
        self._tables: PlaneTables | None = None
        self._previous: Adjustments | None = None
        self._made: Recipe | None = None

    def apply(self, planes: Planes, time: Fraction) -> Planes:
        """The picture that is shown at ``time``, seconds, graded."""
        adjustments = adjustments_at(self._grade, float(time))
        still = adjustments == self._previous or self._previous is None
        if self._made is None or not still:
            self._made = recipe_of(self._grade, adjustments, self._lut)
            if self._tables is not None:
                self._tables.change(self._made)
        self._previous = adjustments
        if not self._made.at_rest and not still:
            # Tables would not be used twice.
            picture = self._made.picture(to_rgb(planes, self._tags))
            planes = planes_from_rgb(picture, self._tags)
        elif not self._made.at_rest:
            self._tables = self._tables or PlaneTables(self._made, self._tags)
            planes = self._tables.grade(planes)
        y = self._finisher.finish(planes.y, adjustments, time)
        return Planes(y, planes.u, planes.v)


def table_of(grade: Grade, lut: LutLike | None) -> Lut | None:
    """The LUT that goes with a grade.

    Raises ``InvalidInstruction`` where a look stands beside a LUT, ``InvalidMedia`` for a file
    that cannot be read.
    """
    if lut is not None and grade.look is not None:
        raise InvalidInstruction(
            f"The grade has the look {grade.look!r} and a LUT was given as well. Leave one out."
        )
    if grade.look is not None:
        return look_lut(grade.look)
    return lut if lut is None or isinstance(lut, Lut) else read_cube(lut)


def recipe_of(grade: Grade, adjustments: Adjustments, lut: Lut | None) -> Recipe:
    """A grade made ready for one moment."""
    return recipe(Chain(adjustments), lut, grade.lut_strength, grade.lut_place == "first")
