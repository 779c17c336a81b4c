"""A storyboard to print: A4 pages with a card for each shot, as PNG or PDF."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction
from synth.sequence.exchange.sheet_canvas import Canvas
from synth.sequence.exchange.sheet_pictures import CardPictures, Picture, Pictures, shelf_pictures
from synth.sequence.footage import film_size
from synth.sequence.lettering import Lettering
from synth.sequence.places import whole_file
from synth.sequence.plan import FilmPlan, plan_film
from synth.sequence.project import Project, SequenceShot
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card
from synth.sequence.transitions.catalogue import TRANSITIONS

DPI: Final = 200
_PAGE: Final = (297.0, 210.0)
"""A4 landscape, millimetres; so are all lengths below."""
_EDGE: Final = 11.0
_HEAD: Final = 17.0
_FOOT: Final = 5.0
_FEW: Final = 4
"""Up to so many cards stand two by two; more stand three by three."""

_INK: Final = (28, 30, 36)
_SOFT: Final = (104, 109, 120)
_FAINT: Final = (206, 209, 215)
_PAPER: Final = (255, 255, 255)
_WELL: Final = (236, 238, 241)
_AMBER: Final = (186, 104, 8)
_AMBER_PALE: Final = (253, 240, 219)
_LINE: Final = (255, 180, 84)


@dataclass(frozen=True)
class _Grid:
    columns: int
    rows: int
    gap: float
    letters: float
    """Size of the text, millimetres."""


def contact_sheet(
    project: Project,
    lengths: Mapping[str, int],
    shelf: Shelf,
    *,
    pictures: Pictures | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Iterator[Picture]:
    """The storyboard's pages, RGB, A4 landscape at 200 dots per inch.

    Each card has its first and last picture, the frame that the camera moves to (or comes from)
    drawn in the picture, the shot's id, its place and length in the film, its sentence, its moves
    and the way to the next card.

    Args:
        project: the project.
        lengths: frames that each shot has at the film's rate, by id.
        shelf: where its media lie; what is missing leaves an empty frame.
        pictures: another way to find the pictures, such as from frames that are drawn already.
        cancel: looked at between cards.
        progress: told of the cards.

    Raises ``InvalidInstruction`` for a film that cannot be laid out.
    """
    plan = plan_film(project, lengths)
    token = cancel or CancelToken()
    wide, high = _shape(project, shelf)
    find = pictures or shelf_pictures(project, shelf, wide, high)
    grid = _Grid(2, 2, 9.0, 3.5) if len(plan.cards) <= _FEW else _Grid(3, 3, 5.5, 2.75)
    each = grid.columns * grid.rows
    pages = -(-len(plan.cards) // each)
    letters = Lettering()
    starts = plan.starts()
    for page in range(pages):
        canvas = Canvas(_PAGE, DPI, _PAPER, letters)
        _head(canvas, project, plan, page + 1, pages, (wide, high))
        width = (_PAGE[0] - 2 * _EDGE - (grid.columns - 1) * grid.gap) / grid.columns
        top = _EDGE + _HEAD
        height = (_PAGE[1] - top - _EDGE - _FOOT - (grid.rows - 1) * grid.gap) / grid.rows
        for place in range(each):
            number = page * each + place
            if number >= len(plan.cards):
                break
            token.check()
            row, column = divmod(place, grid.columns)
            box = (_EDGE + column * (width + grid.gap), top + row * (height + grid.gap), width,
                   height)  # fmt: skip
            card = plan.cards[number]
            last = number == len(plan.cards) - 1
            _card(canvas, box, grid, project, plan, number, starts[number], last, find(card))
            progress(Progress("Drawing the storyboard", number + 1, len(plan.cards)))
        yield canvas.pixels


def write_contact_sheet(
    project: Project,
    lengths: Mapping[str, int],
    shelf: Shelf,
    path: str | os.PathLike[str],
    *,
    pictures: Pictures | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> tuple[Path, ...]:
    """Write ``contact_sheet`` into a PDF, or into a PNG for each page; arguments as there.

    Returns:
        The files: one PDF; or one PNG, or "name-1.png", "name-2.png"… for several pages.

    Raises ``InvalidInstruction`` for another suffix, or a place that cannot hold the file.
    """
    target = Path(path)
    kind = target.suffix.lower()
    if kind not in (".pdf", ".png"):
        raise InvalidInstruction(f"A storyboard is a .pdf or a .png, not {target.suffix!r}.")
    pages = contact_sheet(
        project, lengths, shelf, pictures=pictures, cancel=cancel, progress=progress
    )
    if kind == ".pdf":
        with whole_file(target) as partial:
            for number, page in enumerate(pages):
                Image.fromarray(page).save(
                    partial, "PDF", append=number > 0, resolution=DPI, quality=90,
                    title=project.name,
                )  # fmt: skip
        return (target,)
    first = next(pages)
    second = next(pages, None)
    if second is None:
        return (_png(first, target),)
    written = []
    for number, page in enumerate((first, second, *pages), 1):
        written.append(_png(page, target.with_name(f"{target.stem}-{number}{target.suffix}")))
    return tuple(written)


def timecode(frame: int, rate: Fraction) -> str:
    """Non-drop timecode of a frame of the film."""
    count = round(rate)
    seconds, rest = divmod(frame, count)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}"


def camera_words(shot: SequenceShot) -> str:
    """The camera of a shot in a few words."""
    if not shot.is_photo:
        return "Clip"
    keys = shot.shot.trajectory
    if keys is not None:
        return f"Keyed camera, {len(keys.keys)} key{'s' * (len(keys.keys) != 1)}"
    found = []
    for move in shot.shot.motion.moves:
        # "Push in" says where to; "dolly" does not.
        told = len(move.kind.directions) > 1
        direction = (move.direction or move.kind.default_direction or "") if told else ""
        direction = direction.replace("_", " ")
        found.append(f"{move.type.replace('_', ' ')} {direction}".strip())
    words = ", ".join(found) or "static"
    return words[:1].upper() + words[1:]


def _png(page: Picture, target: Path) -> Path:
    with whole_file(target) as partial:
        Image.fromarray(page).save(partial, "PNG", dpi=(DPI, DPI))
    return target


def _shape(project: Project, shelf: Shelf) -> tuple[int, int]:
    """Size of a card's picture: the film's shape, large enough to print."""
    try:
        width, height = film_size(project, shelf)
    except Exception:  # its first photo is missing: any usual shape will do
        width, height = 16, 9
    scale = 640 / max(width, height)
    return max(16, 2 * round(width * scale / 2)), max(16, 2 * round(height * scale / 2))


def _head(
    canvas: Canvas, project: Project, plan: FilmPlan, page: int, pages: int, size: tuple[int, int]
) -> None:
    right = _PAGE[0] - _EDGE
    shots = sum(card.shot is not None for card in plan.cards)
    facts = (
        f"{shots} shot{'s' * (shots != 1)}   ·   {_seconds(plan.frames, plan.rate)}   ·   "
        f"{project.output.fps} fps"
    )
    used = canvas.text(facts, right, _EDGE + 5.6, 3.6, _SOFT, right=True)
    canvas.text(
        project.name, _EDGE, _EDGE + 6.2, 7.0, _INK, weight=650,
        most=right - _EDGE - used - 8,
    )  # fmt: skip
    canvas.line((_EDGE, _EDGE + 11.2), (right, _EDGE + 11.2), _INK, 0.35)
    foot = _PAGE[1] - _EDGE + 1.5
    canvas.text("Motion Synth storyboard", _EDGE, foot, 2.5, _SOFT)
    canvas.text(f"{page} / {pages}", right, foot, 2.5, _SOFT, right=True)
    if project.lighting.strip():
        canvas.text(
            f"Light: {project.lighting.strip()}", _PAGE[0] / 2, foot, 2.5, _SOFT, centred=True,
            most=150,
        )  # fmt: skip


def _card(
    canvas: Canvas, box: tuple[float, float, float, float], grid: _Grid, project: Project,
    plan: FilmPlan, number: int, start: int, last: bool, pictures: CardPictures,
) -> None:  # fmt: skip
    left, top, width, height = box
    card = plan.cards[number]
    shot = None if card.shot is None else project.shot(card.shot)
    size = grid.letters
    # The number, the shot, and where it begins in the film.
    middle = top + size * 0.85
    canvas.disc((left + size * 0.85, middle), size * 0.85, _INK)
    canvas.text(str(number + 1), left + size * 0.85, middle + size * 0.31, size * 0.86, _PAPER,
                weight=600, centred=True)  # fmt: skip
    clock = timecode(start, plan.rate)
    used = canvas.text(clock, left + width, middle + size * 0.35, size * 0.86, _SOFT, right=True)
    canvas.text(
        card.shot or "Plain colour", left + size * 2.3, middle + size * 0.37, size * 1.12, _INK,
        weight=600, most=width - used - size * 3.4,
    )  # fmt: skip
    # First and last picture, and how the camera gets from one to the other.
    at = top + size * 2.3
    between = size * 1.5
    room = (width - between) / 2
    text_room = size * 6.6
    most_high = height - size * 2.3 - text_room
    shape = pictures.first.shape if pictures.first is not None else (9, 16)
    high = min(most_high, room * shape[0] / shape[1])
    wide = high * shape[1] / shape[0]
    # Wide pictures fill the card from edge to edge; tall ones stay beside each other.
    step = width - wide if wide > 0.7 * room else wide + 2 * between
    for side, picture in enumerate((pictures.first, pictures.last)):
        x = left + side * step
        _picture(canvas, (x, at, wide, high), picture, pictures, side, shot is not None, size)
    centre, across = at + high / 2, left + (step + wide) / 2
    canvas.arrow(
        (across - size * 0.42, centre), (across + size * 0.42, centre), _SOFT,
        size * 0.12, size * 0.42,
    )  # fmt: skip
    # The sentence, the camera's moves, the length and the way on.
    at += high + size * 1.45
    sentence = shot.shot.prompt.strip() if shot is not None else ""
    for line in canvas.lines(sentence, size, width, 2):
        canvas.text(line, left, at, size, _INK)
        at += size * 1.28
    bottom = top + height - size * 0.9
    if shot is not None:
        words = camera_words(shot)
        canvas.text(words, left, bottom - size * 1.75, size * 0.94, _SOFT, most=width)
    canvas.text(
        f"{_seconds(card.frames, plan.rate)}  ·  {card.frames} frames", left, bottom, size * 0.94,
        _INK, weight=550,
    )  # fmt: skip
    if not last:
        _chip(canvas, left + width, bottom, size, card, plan.rate)
    canvas.line((left, top + height), (left + width, top + height), _FAINT, 0.2)


def _picture(
    canvas: Canvas, box: tuple[float, float, float, float], picture: Picture | None,
    pictures: CardPictures, side: int, is_shot: bool, size: float,
) -> None:  # fmt: skip
    left, top, wide, high = box
    if picture is None:
        canvas.box(box, _WELL)
        if is_shot:
            canvas.text("file missing", left + wide / 2, top + high / 2, size * 0.9, _SOFT,
                        centred=True)  # fmt: skip
        return
    canvas.picture(box, picture)
    if pictures.outline is not None and pictures.inward == (side == 0):
        _way(canvas, box, pictures.outline, pictures.inward)
    canvas.frame(box, _FAINT, 0.15)


def _way(
    canvas: Canvas, box: tuple[float, float, float, float], corners: NDArray[np.float64],
    inward: bool,
) -> None:  # fmt: skip
    """How the camera moves, as storyboards show it: an arrow, or a frame with four."""
    left, top, wide, high = box
    frame = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    shift = (corners - frame).mean(axis=0) * (1 if inward else -1)
    spread = np.abs((corners - frame) - (corners - frame).mean(axis=0)).max()
    length = float(np.hypot(*(shift * (wide, high))))
    if spread < 0.6 * np.abs(shift).max() and length > 0.3:
        way = shift * (wide, high) / length * min(max(length, 0.16 * wide), 0.4 * wide)
        middle = np.array((left + wide / 2, top + high * 0.84))
        tail, tip, rim = middle - way / 2, middle + way / 2, way / np.hypot(*way)
        # A dark rim, since the picture below may have any colour.
        canvas.arrow(tuple(tail - 0.2 * rim), tuple(tip + 0.9 * rim), _INK, 1.5, 2.6)
        canvas.arrow(tuple(tail), tuple(tip), _LINE, 0.9, 1.8)
        return
    inside = _clipped(corners) * (wide, high) + (left, top)
    canvas.outline(inside, _LINE, 0.5)
    for outer, inner in zip(frame * (wide, high) + (left, top), inside, strict=True):
        tail, tip = (outer, inner) if inward else (inner, outer)
        if np.hypot(*(tip - tail)) > 1.6:
            canvas.arrow(tuple(tail), tuple(tip), _LINE, 0.3, 1.0)


def _clipped(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """What strays past the picture is drawn along its edge."""
    return np.clip(corners, 0.012, 0.988)


def _chip(
    canvas: Canvas, right: float, base: float, size: float, card: Card, rate: Fraction
) -> None:
    if card.way is None:
        canvas.text("Cut", right, base, size * 0.94, _SOFT, right=True)
        return
    kind = TRANSITIONS[card.way.type]
    text = f"{kind.title}  {_seconds(card.way.frames, rate)}"
    width = canvas.measure(text, size * 0.9, 550)
    pad = size * 0.6
    canvas.pill(
        (right - width - 2 * pad, base - size * 1.12, width + 2 * pad, size * 1.62), _AMBER_PALE
    )
    canvas.text(text, right - pad, base, size * 0.9, _AMBER, weight=550, right=True)


def _seconds(frames: int, rate: Fraction) -> str:
    seconds = float(frames / rate)
    if seconds >= 60:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes}:{rest:02d} min"
    text = f"{seconds:.2f}".rstrip("0").rstrip(".")
    return f"{text} s"
