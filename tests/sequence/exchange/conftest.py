"""Random projects: everything a project can hold, within its own rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st
from PIL import Image

from synth.sequence.project import (
    Clip,
    ColourMatch,
    FilmSettings,
    Gap,
    MediaRef,
    Project,
    SequenceShot,
    SoundSettings,
    SoundTrack,
    Style,
    Title,
    Transition,
)
from synth.sequence.shelf import Shelf
from synth.sequence.times import RationalTime, TimeRange
from synth.sequence.transitions.catalogue import TRANSITIONS
from synth.shot.model import FRAME_RATES, Shot

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/\\"), min_size=1, max_size=9
)
NUMBERS = st.floats(0, 500, allow_nan=False)
COLOURS = st.sampled_from(["#000000", "#12aBcD"])


def times(least: int = 0) -> st.SearchStrategy[RationalTime]:
    return st.builds(
        RationalTime, value=st.integers(least, 5000), rate=st.sampled_from(FRAME_RATES)
    )


def media(kind: str) -> st.SearchStrategy[MediaRef]:
    digest = st.text("0123456789abcdef", min_size=64, max_size=64)
    return st.builds(MediaRef, sha256=digest, name=st.just("") | NAMES, kind=st.just(kind))


@st.composite
def shots(draw: st.DrawFn, id: str) -> SequenceShot:
    photo = draw(st.booleans())
    move = {
        "type": draw(st.sampled_from(["dolly", "pan", "static", "orbit"])),
        "intensity": draw(st.floats(0, 1)),
        "duration": draw(st.floats(0.2, 9)),
    }
    shot = Shot.from_dict(
        {"motion": {"camera": move}, "prompt": draw(TEXTS), "seed": draw(st.integers(0, 2**31 - 1))}
    )
    return SequenceShot(
        id=id,
        media=draw(media("photo" if photo else "video")),
        shot=shot,
        depth=draw(st.none() | media("depth")),
        style=draw(st.none() | st.builds(Style, look=st.just("noir"), strength=st.floats(0, 1))),
        sound_gain=draw(st.none() | st.floats(-60, 24)),
    )


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """Any project, whether or not its times fit its shots."""
    ids = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    rate = draw(st.sampled_from(FRAME_RATES))
    timeline: list[Clip | Gap | Transition] = []
    for _ in range(draw(st.integers(0, 6))):
        if timeline and draw(st.booleans()):
            timeline.append(
                Transition(
                    type=draw(st.sampled_from(sorted(TRANSITIONS))),
                    in_offset=draw(times()), out_offset=draw(times()),
                    easing=draw(st.sampled_from(["linear", "ease-in-out"])),
                    colour=draw(COLOURS), reverse=draw(st.booleans()),
                )
            )  # fmt: skip
        span = st.builds(TimeRange, start_time=times(), duration=times())
        timeline.append(
            draw(
                st.builds(Gap, duration=times(), colour=COLOURS)
                | st.builds(Clip, shot=st.sampled_from(ids), source_range=st.none() | span)
            )
        )
    sound = st.builds(
        SoundTrack, media=media("sound"), role=st.sampled_from(["music", "voice", "effect"]),
        start=NUMBERS, trim_start=NUMBERS, seconds=st.none() | st.floats(0.01, 900),
        gain=st.floats(-60, 24), loop=st.booleans(),
    )  # fmt: skip
    title = st.builds(
        Title, text=TEXTS.filter(bool), second_line=TEXTS, start=NUMBERS,
        seconds=st.floats(0.1, 90), style=st.sampled_from(["title", "lower_third", "caption"]),
    )  # fmt: skip
    return Project(
        name=draw(NAMES),
        shots=tuple(draw(shots(id)) for id in ids),
        timeline=tuple(timeline),
        lighting=draw(TEXTS),
        match=draw(st.none() | st.builds(ColourMatch, reference=st.sampled_from(ids))),
        sound=SoundSettings(
            tracks=tuple(draw(st.lists(sound, max_size=3))),
            beats=tuple(draw(st.lists(NUMBERS, max_size=4))),
            loudness=draw(st.none() | st.floats(-40, -5)),
        ),
        titles=tuple(draw(st.lists(title, max_size=3))),
        output=FilmSettings(fps=rate, crf=draw(st.integers(0, 51))),
    )


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf")


@pytest.fixture
def photo(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a picture file of a name, different from all others."""

    def make(name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        colour = tuple(name.encode().ljust(3, b"x")[:3])
        Image.new("RGB", (8 + len(name), 8), colour).save(path, "PNG")
        return path

    return make
