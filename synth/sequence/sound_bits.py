"""What is heard when: every piece of sound of a film with its place, exact to the sample."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Literal

from synth.control import CancelToken
from synth.errors import InvalidMedia, LimitExceeded
from synth.media import NoSound, probe_sound
from synth.media.sound_reader import SOUND_RATE
from synth.sequence.plan import FilmPlan
from synth.sequence.project import Project, SequenceShot, SoundTrack
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card

Bus = Literal["music", "voice", "effect"]

_SOFT = SOUND_RATE // 200
"""Samples over which sound begins and ends where it is cut: 5 ms, so that nothing clicks."""

_SHORTEST_LOOP = SOUND_RATE // 10


@dataclass(frozen=True)
class SoundBit:
    """One piece of sound in the film. Places and lengths are samples at 48 kHz."""

    bus: Bus
    """What it is mixed with first."""
    name: str
    """What people call it."""
    path: Path
    """The file."""
    start: Fraction
    """Where in the file it begins, seconds."""
    at: int
    """Where in the film it begins."""
    length: int
    """How much is heard."""
    gain: float = 0.0
    """dB."""
    fade_in: int = 0
    fade_out: int = 0
    crossed: bool = False
    """Whether its fades are halves of a cross-fade: power stays even, not the amplitude."""
    loop: bool = False
    """Whether it begins again when the file ends."""

    @property
    def end(self) -> int:
        """The sample of the film after its last one."""
        return self.at + self.length


def film_samples(plan: FilmPlan) -> int:
    """How many samples are as long as the film."""
    return round(plan.seconds * SOUND_RATE)


def lay_sounds(
    project: Project,
    plan: FilmPlan,
    shelf: Shelf,
    clip_sounds: Mapping[str, str | os.PathLike[str]] | None,
    cancel: CancelToken,
    note: Callable[[str], None],
) -> tuple[SoundBit, ...]:
    """All that is heard in a film, in no order; nothing if it is silent.

    ``clip_sounds`` are files with the sound of clips, by shot id; None takes the clips themselves
    from the shelf. Raises ``InvalidMedia`` for a track that cannot be read, naming it.
    """
    bits = [
        bit
        for number, track in enumerate(project.sound.tracks, 1)
        if (bit := _track(track, number, plan, shelf, cancel)) is not None
    ]
    return (*bits, *_clips(project, plan, shelf, clip_sounds, cancel, note))


def lanes(bits: tuple[SoundBit, ...]) -> list[list[SoundBit]]:
    """Bits spread over as few rows as hold them without two at the same time in one."""
    rows: list[list[SoundBit]] = []
    for bit in sorted(bits, key=lambda bit: (bit.at, bit.end)):
        row = next((row for row in rows if row[-1].end <= bit.at), None)
        if row is None:
            rows.append([bit])
        else:
            row.append(bit)
    return rows


def _track(
    track: SoundTrack, number: int, plan: FilmPlan, shelf: Shelf, cancel: CancelToken
) -> SoundBit | None:
    """A track's piece of the film; None where it lies beyond the film or its own end."""
    name = track.media.name or f"sound track {number}"
    total = film_samples(plan)
    at = round(track.start * SOUND_RATE)
    path = shelf.path(track.media)
    try:
        found = probe_sound(path, cancel)
    except (InvalidMedia, LimitExceeded) as error:
        raise type(error)(f"{name}: {error}") from error
    length = total - at
    if track.seconds is not None:
        length = min(length, round(track.seconds * SOUND_RATE))
    rest = round((found.seconds - track.trim_start) * SOUND_RATE)
    if rest <= 0:
        raise InvalidMedia(
            f"{name} is {found.seconds:.1f} s long, and its first {track.trim_start:.1f} s are "
            "left out: nothing remains. Trim it less."
        )
    if track.loop and rest < _SHORTEST_LOOP:
        raise InvalidMedia(f"{name} has too little left to be repeated. Trim it less.")
    if not track.loop:
        length = min(length, rest)
    if length <= 0:
        return None
    fade_in, fade_out = (round(s * SOUND_RATE) for s in (track.fade_in, track.fade_out))
    fade_in = max(fade_in, _SOFT if track.trim_start else 0)
    fade_out = max(fade_out, _SOFT if track.loop or length < rest else 0)
    if fade_in + fade_out > length:
        share = length / (fade_in + fade_out)
        fade_in, fade_out = int(fade_in * share), int(fade_out * share)
    return SoundBit(
        bus=track.role,
        name=name,
        path=path,
        start=Fraction(track.trim_start),
        at=at,
        length=length,
        gain=track.gain,
        fade_in=fade_in,
        fade_out=fade_out,
        loop=track.loop,
    )


def _clips(
    project: Project,
    plan: FilmPlan,
    shelf: Shelf,
    clip_sounds: Mapping[str, str | os.PathLike[str]] | None,
    cancel: CancelToken,
    note: Callable[[str], None],
) -> list[SoundBit]:
    """The clips' own sound, each at its place and cross-faded over its transitions."""
    shots = {shot.id: shot for shot in project.shots}
    heard: dict[str, Path] = {}
    for id in dict.fromkeys(card.shot for card in plan.cards if card.shot is not None):
        path = _clip_file(shots[id], shelf, clip_sounds)
        if path is None or shots[id].sound_gain is None:
            continue
        try:
            probe_sound(path, cancel)
        except NoSound:
            continue
        except (InvalidMedia, LimitExceeded) as error:
            note(f"{id}: its own sound is left out. {error}")
            continue
        heard[id] = path
    bits: list[SoundBit] = []
    before = [None, *(card for card in plan.cards[:-1])]
    after = [*plan.cards[1:], None]
    for card, one, two, frame in zip(plan.cards, before, after, plan.starts(), strict=True):
        if card.shot is None or card.shot not in heard:
            continue
        at = round(frame / plan.rate * SOUND_RATE)
        end = round((frame + card.frames) / plan.rate * SOUND_RATE)
        shared = one.way.frames if one is not None and one.way is not None else 0
        own = card.way.frames if card.way is not None and two is not None else 0
        soft = min(_SOFT, (end - at) // 2)
        bits.append(
            SoundBit(
                bus="effect",
                name=card.shot,
                path=heard[card.shot],
                start=card.start / plan.rate,
                at=at,
                length=end - at,
                gain=shots[card.shot].sound_gain or 0.0,
                fade_in=_samples(shared, plan) or (0 if _goes_on(one, card) else soft),
                fade_out=_samples(own, plan) or (0 if _goes_on(card, two) else soft),
                crossed=True,
            )
        )
    # Rounding may make two takes of one shot overlap or miss each other by a sample at a cut.
    assert all(one.at <= two.at for one, two in pairwise(bits))
    return bits


def _clip_file(
    shot: SequenceShot,
    shelf: Shelf,
    clip_sounds: Mapping[str, str | os.PathLike[str]] | None,
) -> Path | None:
    if clip_sounds is not None:
        return Path(clip_sounds[shot.id]) if shot.id in clip_sounds else None
    return None if shot.is_photo else shelf.path(shot.media)


def _goes_on(card: Card | None, after: Card | None) -> bool:
    """Whether the next card takes up the same shot where this one leaves it, by a cut."""
    return (
        card is not None
        and after is not None
        and card.way is None
        and card.shot == after.shot
        and card.start + card.frames == after.start
    )


def _samples(frames: int, plan: FilmPlan) -> int:
    return round(frames / plan.rate * SOUND_RATE)
