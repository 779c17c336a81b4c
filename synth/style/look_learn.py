"""A look learned from reference videos, in seconds and without a GPU.

A look is laid on pictures that nobody has seen yet, so it must be learned against something that
stands for them:

* the very clips before they were graded, where the user has them: then every pixel tells what
  became of a colour (``synth.style.look_pairs``);
* else any ungraded footage or photos that are given;
* else eight neutral scenes whose numbers come along (``synth.style.look_neutral``).

In the last two cases clips and neutral pictures show different things, and only what clips agree on
is taken for style (``synth.style.look_fit``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.explain import short
from synth.grade.chain import Chain
from synth.grade.lut import Lut
from synth.grade.settings import Adjustments
from synth.grade.tables import recipe
from synth.media import load_image
from synth.style.files import shown
from synth.style.look_colour import Colours, colours_of, some_colours, to_oklab
from synth.style.look_file import CUBE_SIZE, LearnedLook, Look, Texture
from synth.style.look_fit import fit_clips
from synth.style.look_neutral import neutral_colours
from synth.style.look_pairs import ALIKE, fit_pairs, likeness
from synth.style.look_picture import look_thumbnail
from synth.style.look_running import RunningLook
from synth.style.look_seen import (
    Grain,
    Picture,
    Seen,
    pictures_each,
    see_clip,
    see_neutral,
)
from synth.style.look_texture import (
    grain_of,
    halation_of,
    vignette_between,
    vignette_of,
)
from synth.style.references import ReferenceClip, References, check_references

_Kept = TypeVar("_Kept")

_HELD_OUT: Final = 4
"""Of so many pictures of a clip, the last is not learned from: it says what was learned."""
_FEW: Final = 5
_COLOURS: Final = 4000
_PAIRS: Final = 150_000
_QUANTILES: Final = np.linspace(0.03, 0.97, 15)
_EXAMPLES: Final = Path(__file__).resolve().parents[2] / "assets" / "examples"


@dataclass(frozen=True, eq=False)
class _Pair:
    before: Picture
    after: Picture


@dataclass(frozen=True, eq=False)
class _Clip:
    """What a clip is learned from, and what is kept to check it."""

    learned: tuple[Picture, ...]
    held: tuple[Picture, ...]
    pairs: tuple[_Pair, ...] = ()
    held_pairs: tuple[_Pair, ...] = ()


def learn_look(
    references: Sequence[str | os.PathLike[str]] | References,
    *,
    name: str,
    neutral: Sequence[str | os.PathLike[str]] = (),
    protect: float = 0.5,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> LearnedLook:
    """Learn colour, contrast, grain, halation and vignette of a style.

    Args:
        references: videos in the style, or what ``check_references`` made of them; 5 to 10 clips
            of 2 to 5 seconds that show different things are best.
        name: what the look is called.
        neutral: ungraded footage or photos. Where these are the same clips before the grade, in
            the same order, the look is exact. Without any, bundled neutral scenes count.
        protect: how far the colours of skin are kept from a cast that is not known exactly, 0 to 1.
        cancel: stops the work within a second.
        progress: told how far it is.

    Returns:
        The look, what it does to frames that were held out, and notes.

    Raises:
        InvalidInstruction: ``protect`` is no number from 0 to 1, or the name is empty.
        InvalidMedia: none of the videos can be used, or one of ``neutral`` cannot be read.
        LimitExceeded: one is too large.
        Cancelled: ``cancel`` was set.
    """
    if not 0 <= protect <= 1:
        raise InvalidInstruction(f"protect is {short(protect)}; it must be from 0 to 1.")
    called = shown(name, 60)
    if not called:
        raise InvalidInstruction("The look has no name. Give it one, such as 'cinematic_noir'.")
    token = cancel or CancelToken()
    others = [Path(path) for path in neutral]
    files: list[Path] = []
    if not isinstance(references, References):
        files = [Path(path) for path in references]
        references = check_references(files, cancel=token, progress=progress)
    found = references.usable()
    files = files or list(dict.fromkeys(clip.path for clip in found.clips))
    seen = _watched(found.clips, token, progress)
    clips, grain = _beside(found.clips, seen, files, others, token)
    paired = any(clip.pairs for clip in clips)
    notes = [*found.problems, *found.notes]
    progress(Progress("Learning colours", 0, 1))
    token.check()
    levels, size = grain_of([one for clip in seen for one in clip.grain], grain)
    if paired:
        look = _from_pairs(clips, called)
        before, after = _change(clips, look)
    else:
        scenes = [see_neutral(path, 6, token).pictures for path in others]
        look, before, after = _from_clips(clips, scenes, called, protect)
        notes.append(
            "It was learned against the ungraded pictures that were given, which show other things "
            "than the clips; the same clips before the grade would make it exact."
            if scenes
            else "Nothing ungraded was given, so it was learned against bundled neutral scenes; "
            "the same clips before the grade would make it exact."
        )
    look = replace(look, texture=replace(look.texture, grain=levels, grain_size=size))
    if len(clips) < _FEW and not paired:
        notes.append(
            f"There {'is only one clip' if len(clips) == 1 else f'are only {len(clips)} clips'}: "
            "what they show cannot be told well from their style, so the look is mild. Add clips "
            "that show other things."
        )
    if after >= before:
        notes.append(
            "On frames that were held out, the look comes no nearer to the style: the videos look "
            "much like ungraded ones."
        )
    progress(Progress("Learning colours", 1, 1, 0.0))
    return LearnedLook(
        look, before, after, paired, len(clips), tuple(dict.fromkeys(notes)), look_thumbnail(look)
    )


def _watched(
    clips: Sequence[ReferenceClip], token: CancelToken, progress: ProgressCallback
) -> list[Seen]:
    began = time.monotonic()
    seen = []
    for number, clip in enumerate(clips):
        token.check()
        left = (time.monotonic() - began) / number * (len(clips) - number) if number else None
        progress(Progress("Watching references", number, len(clips), left))
        seen.append(see_clip(clip, pictures_each(len(clips)), token))
    return seen


def _beside(
    clips: Sequence[ReferenceClip],
    seen: Sequence[Seen],
    files: Sequence[Path],
    others: Sequence[Path],
    token: CancelToken,
) -> tuple[list[_Clip], list[Grain]]:
    """The clips with the same frames before the grade, where there are such, and their grain."""
    made: list[_Clip] = []
    grain: list[Grain] = []
    for clip, one in zip(clips, seen, strict=True):
        rows, columns = one.area()
        pictures = [np.ascontiguousarray(picture[rows, columns]) for picture in one.pictures]
        pairs: list[_Pair] = []
        if len(others) == len(files) and clip.path in files:
            other = see_clip(
                replace(clip, path=others[files.index(clip.path)]), len(one.pictures), token
            )
            if [p.shape for p in other.pictures] == [p.shape for p in one.pictures]:
                pairs = [
                    _Pair(np.ascontiguousarray(before[rows, columns]), after)
                    for before, after in zip(other.pictures, pictures, strict=True)
                ]
            pairs = [pair for pair in pairs if likeness(pair.before, pair.after) >= ALIKE]
            if 2 * len(pairs) < len(pictures):
                pairs = []
            else:
                grain += other.grain
        learned, held = _parted(pictures)
        known, checked = _parted(pairs)
        made.append(_Clip(learned, held, known, checked))
    if 2 * sum(bool(clip.pairs) for clip in made) < len(made):
        return [replace(clip, pairs=(), held_pairs=()) for clip in made], []
    return made, grain


def _from_pairs(clips: Sequence[_Clip], name: str) -> Look:
    """The look of frames that are known before and after."""
    pairs = [pair for clip in clips for pair in clip.pairs]
    after = [pair.after for pair in pairs]

    def meant(cube: NDArray[np.float32]) -> list[Picture]:
        lut = Look(cube).lut()
        return [_through(lut, pair.before) for pair in pairs]

    cube = _paired_cube(pairs, centre=False)
    vignette = vignette_between(list(zip(meant(cube), after, strict=True)))
    if vignette:
        # The cube took a part of it for contrast.
        cube = _paired_cube(pairs, centre=True)
        vignette = vignette_between(list(zip(meant(cube), after, strict=True)))
    halation, reach = halation_of(list(zip(after, meant(cube), strict=True)))
    return Look(cube, Texture(halation=halation, halation_size=reach, vignette=vignette), name)


def _paired_cube(pairs: Sequence[_Pair], *, centre: bool) -> NDArray[np.float32]:
    """The cube from pixels of pairs; with ``centre``, from where a vignette hardly reaches."""
    rng = np.random.default_rng(0)
    each = max(1, _PAIRS // len(pairs))
    sides: tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]] = ([], [])
    for pair in pairs:
        height, width = pair.after.shape[:2]
        top, left = (height // 5, width // 5) if centre else (0, 0)
        rows = rng.integers(top, height - top, each)
        columns = rng.integers(left, width - left, each)
        sides[0].append(pair.before[rows, columns])
        sides[1].append(pair.after[rows, columns])
    before, after = (np.concatenate(side).astype(np.float32) / 255 for side in sides)
    return fit_pairs(before, after, CUBE_SIZE)


def _change(clips: Sequence[_Clip], look: Look) -> tuple[float, float]:
    """Mean ΔE2000 between held-out frames of the style and those before it, without and with it."""
    from skimage.color import deltaE_ciede2000, rgb2lab

    clean = replace(look, texture=replace(look.texture, grain=0.0))
    distances = []
    for pair in [pair for clip in clips for pair in clip.held_pairs or clip.pairs]:
        height, width = pair.before.shape[:2]
        styled = RunningLook(clean, 1.0, width, height).apply(pair.before, 0)
        wanted = rgb2lab(pair.after[::6, ::6])
        distances.append(
            [
                float(deltaE_ciede2000(rgb2lab(picture[::6, ::6]), wanted).mean())
                for picture in (pair.before, styled)
            ]
        )
    before, after = np.mean(distances, axis=0)
    return float(before), float(after)


def _from_clips(
    clips: Sequence[_Clip],
    scenes: Sequence[Sequence[Picture]],
    name: str,
    protect: float,
) -> tuple[Look, float, float]:
    """The look of clips, against other pictures, and the distances to what was held out."""
    known = neutral_colours()
    neutral = known
    if scenes:
        neutral = colours_of([to_oklab(some_colours(one, _COLOURS)) for one in scenes])
        if len(neutral) < 2:
            neutral = Colours.from_rows(np.concatenate([neutral.rows(), known.rows()]))
    vignette = vignette_of([clip.learned for clip in clips])
    halation, reach = halation_of([(p, None) for clip in clips for p in clip.learned])
    samples = [to_oklab(some_colours(clip.learned, _COLOURS)) for clip in clips]
    fit = fit_clips(samples, neutral, known)
    texture = Texture(halation=halation, halation_size=reach, vignette=vignette)
    look = Look(fit.cube(CUBE_SIZE, protect), texture, name)
    plain = some_colours([picture for one in scenes or _examples() for picture in one], 6000)
    held = some_colours([p for clip in clips for p in clip.held or clip.learned], 6000)
    before, after = (_apart(colours, held) for colours in (plain, look.lut().apply(plain)))
    return look, before, after


def _apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Root mean square distance between the quantiles of colours in OKLab, times 100."""
    both = [np.quantile(to_oklab(colours), _QUANTILES, axis=0) for colours in (one, other)]
    return 100 * float(np.sqrt(((both[0] - both[1]) ** 2).sum(axis=1).mean()))


def _examples() -> list[tuple[Picture, ...]]:
    return [(load_image(path).pixels,) for path in sorted(_EXAMPLES.glob("*.jpg"))]


def _through(lut: Lut, picture: Picture) -> Picture:
    return recipe(Chain(Adjustments()), lut).picture(picture)


def _parted(values: Sequence[_Kept]) -> tuple[tuple[_Kept, ...], tuple[_Kept, ...]]:
    """What is learned from, and what is held out."""
    last = _HELD_OUT - 1
    return (
        tuple(value for n, value in enumerate(values) if n % _HELD_OUT != last),
        tuple(value for n, value in enumerate(values) if n % _HELD_OUT == last),
    )
