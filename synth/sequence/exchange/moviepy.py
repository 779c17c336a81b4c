"""The film as a moviepy clip, for people who go on in Python (https://zulko.github.io/moviepy).

The clip is the composed film read back, not a composition of moviepy's own: that could neither
draw our transitions nor mix our sound, and would show other frames than the film has. So it is
exact up to the film's encoding, and as quick as moviepy reads a file. ``card_clips`` cuts it where
the cards stand, for those who want the shots apart.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import InvalidMedia, Unavailable
from synth.media.clip_files import ClipFolder
from synth.sequence.film import compose
from synth.sequence.plan import FilmPlan
from synth.sequence.project import Project
from synth.sequence.shelf import Shelf
from synth.sequence.watching import FilmState
from synth.style.resolve import Resolver

if TYPE_CHECKING:
    from moviepy import VideoClip, VideoFileClip


def to_moviepy(
    project: Project,
    shelf: Shelf,
    *,
    folder: str | os.PathLike[str] | None = None,
    path: str | os.PathLike[str] | None = None,
    styles: Resolver | None = None,
    token: str | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
    watch: Callable[[FilmState], None] | None = None,
) -> VideoFileClip:
    """Compose the film, and open it with moviepy: its exact frames, their number, and its sound.

    Args:
        project: the project; the film is made as MP4, whatever format it asks for.
        shelf: where its media lie.
        folder: where drawn shots are kept between runs, as for ``compose``.
        path: where to write the film; without it, it lives as long as the clip.
        styles: finds the styles that prompts' tags name, as for ``compose``.
        token: for the backends that ask for one, as for ``compose``.
        cancel: stops the work within a second.
        progress: told what is being done.
        watch: told how far each shot and the whole is.

    Returns:
        The clip. Close it when done, as any of moviepy's. Its frames are RGB, uint8 (H, W, 3).

    Raises ``Unavailable`` where moviepy is not installed, and whatever ``compose`` raises.
    """
    if project.output.format != "mp4":
        output = project.output.model_copy(update={"format": "mp4"})
        project = project.changed(output=output)
    keeper = ClipFolder() if path is None else None
    target = Path(path) if keeper is None and path is not None else None
    if target is None:
        assert keeper is not None
        target = keeper.path / "film.mp4"
    try:
        result = compose(
            project, shelf, target, folder=folder, styles=styles, token=token, cancel=cancel,
            progress=progress, watch=watch,
        )  # fmt: skip
        clip = open_film(target, result.frames, result.plan.rate)
    except BaseException:
        if keeper is not None:
            keeper.remove()
        raise
    # The folder goes away with the last clip that was made from this one.
    clip.film_keeper = keeper  # type: ignore[attr-defined]
    return clip


def open_film(path: str | os.PathLike[str], frames: int, rate: Fraction) -> VideoFileClip:
    """A film of so many frames at this rate as a moviepy clip that knows both exactly.

    moviepy itself takes the length from what FFmpeg prints, which is rounded to hundredths of a
    second, and so may lose the last frame. Raises ``Unavailable`` where moviepy is not installed,
    ``InvalidMedia`` where it cannot read the file.
    """
    try:
        from moviepy import VideoFileClip
    except ImportError:
        raise Unavailable(
            "This needs moviepy, which is not installed here. Run: pip install moviepy"
        ) from None
    try:
        clip = VideoFileClip(os.fspath(path))
    except (OSError, KeyError) as error:
        raise InvalidMedia(f"moviepy cannot read {Path(path).name!r}.") from error
    reader = clip.reader
    assert reader is not None
    clip.fps = reader.fps = float(rate)
    reader.n_frames = frames
    length = float(frames / rate)
    while int(length * clip.fps) < frames:
        length = math.nextafter(length, math.inf)  # moviepy counts frames by rounding down
    clip.duration = clip.end = reader.duration = length
    if clip.audio is not None:
        clip.audio = clip.audio.with_duration(min(clip.audio.duration, clip.duration))
    return clip


def card_clips(clip: VideoClip, plan: FilmPlan) -> tuple[VideoClip, ...]:
    """The parts of the film in which each card is seen, transitions on both sides included.

    Neighbours that share a transition overlap by it.
    """
    rate = plan.rate
    return tuple(
        clip.subclipped(float(start / rate), float((start + card.frames) / rate))
        for start, card in zip(plan.starts(), plan.cards, strict=True)
    )
