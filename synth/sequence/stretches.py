"""The film in pieces: each stretch is encoded once and kept, two of them at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import av

from synth.control import CancelToken
from synth.media import EncoderSettings, Planes, VideoWriter
from synth.sequence.copying import Packets, copy_packets, packets_of
from synth.sequence.footage import Footage
from synth.sequence.keep import Keep, Kept, key_of
from synth.sequence.plan import FilmPlan, Stretch, Take
from synth.sequence.splice import examine
from synth.sequence.transitions.draw import key as transition_key

ENCODING: Final = 1
"""To be raised when the same frames give another stretch."""

PIECE_SECONDS: Final = 4
"""Bodies are cut about every so many seconds of their shot: what a kill may lose, and what keeps
all processors busy to the end."""

AT_ONCE: Final = 2
"""Stretches that are made side by side: the reference machine has two cores."""

THREADS: Final = 2
"""Threads of each encoder. Fixed, since x264's result depends on their number."""

_POLL_SECONDS: Final = 0.1


def pieces(stretches: Iterable[Stretch], rate: Fraction) -> tuple[Stretch, ...]:
    """Stretches, long bodies among them cut where their shot's clock says.

    A card that is trimmed at its beginning keeps the rest of its pieces.
    """
    step = max(1, round(PIECE_SECONDS * rate))
    found: list[Stretch] = []
    for stretch in stretches:
        take = stretch.take
        if stretch.into is not None or take.shot is None:
            found.append(stretch)
            continue
        last = take.first + take.frames
        cuts = [cut for cut in range(-(-take.first // step) * step, last, step)
                if cut - take.first >= step // 4 and last - cut >= step // 4]  # fmt: skip
        found += _cut(stretch, cuts)
    return tuple(found)


def _cut(stretch: Stretch, places: Iterable[int]) -> list[Stretch]:
    """A body cut before these frames of its shot."""
    take = stretch.take
    bounds = sorted({take.first, *places, take.first + take.frames})
    return [
        Stretch(
            stretch.start + begin - take.first,
            end - begin,
            replace(take, first=begin, frames=end - begin),
        )
        for begin, end in pairwise(bounds)
    ]


class Stretches:
    """Makes and keeps the stretches of one film."""

    def __init__(
        self,
        footage: Footage,
        keep: Keep,
        encoder: EncoderSettings,
        frames: Callable[[Stretch, CancelToken], Iterator[Planes]],
        looks: Callable[[Stretch], object],
    ) -> None:
        """Nothing is made yet.

        Args:
            footage: the shots.
            keep: where stretches are kept.
            encoder: of the film; its number of threads is ours.
            frames: gives the finished frames of a stretch.
            looks: plain values that decide a stretch's frames beside its takes.
        """
        self._footage = footage
        self._keep = keep
        self._encoder = encoder.model_copy(update={"threads": THREADS, "repeatable": True})
        self._frames = frames
        self._extra = looks
        self._clips: dict[str, Packets | None] = {}
        self._copied: set[Stretch] = set()

    def laid_out(self, plan: FilmPlan) -> tuple[Stretch, ...]:
        """The stretches of a film, in order: copied where a clip allows it, cut where long.

        Only bodies that nothing touches are copied: no colour work, no titles.
        """
        found: list[Stretch] = []
        for stretch in plan.stretches:
            run = self._run(stretch)
            parts = [stretch] if run is None else _cut(stretch, (run[0], sum(run)))
            for part in parts:
                if run is not None and part.take.first == run[0]:
                    self._copied.add(part)
                    found.append(part)
                else:
                    found += pieces([part], plan.rate)
        return tuple(found)

    def _run(self, stretch: Stretch) -> tuple[int, int] | None:
        """Which frames of a stretch's shot can be copied: the first and how many."""
        take = stretch.take
        if take.shot is None or stretch.into is not None or self._extra(stretch):
            return None
        if self._footage.look(take.shot) is not None:
            return None
        packets = self._packets(take.shot)
        return None if packets is None else packets.run(take.first, take.frames)

    def _packets(self, shot: str) -> Packets | None:
        path = self._footage.clip(shot)
        if path is None:
            return None
        if shot not in self._clips:
            self._clips[shot] = packets_of(
                path, rate=self._footage.rate, size=self._footage.size, setup=self._setup()
            )
        return self._clips[shot]

    def _setup(self) -> bytes:
        """The decoder's set-up data of everything that this film's encoder writes."""
        frame = Stretch(0, 1, Take(None, 0, 1))
        key = self.key(frame)
        kept = self._keep.find(key)
        if kept is None:
            self._make(key, frame, CancelToken(), lambda _: None)
            kept = self._keep.find(key)
        assert kept is not None
        return bytes.fromhex(kept.told["setup"])

    def key(self, stretch: Stretch) -> str:
        """Stands for all that decides a stretch's bytes."""
        return key_of(
            {
                "encoding": ENCODING,
                "libraries": [av.__version__, str(av.library_versions.get("libavcodec"))],
                "size": self._footage.size,
                "rate": str(self._footage.rate),
                "encoder": self._encoder.model_dump(),
                "frames": stretch.frames,
                "take": self._said(stretch.take),
                "into": None if stretch.into is None else self._said(stretch.into),
                "way": None if stretch.way is None else transition_key(stretch.way),
                "extra": self._extra(stretch),
                "copied": stretch in self._copied,
            }
        )

    def find(self, stretch: Stretch) -> Kept | None:
        """The stretch, if it is kept."""
        return self._keep.find(self.key(stretch))

    def make(
        self,
        wanted: Iterable[Stretch],
        cancel: CancelToken,
        advanced: Callable[[int], None],
    ) -> None:
        """Make stretches that are not kept, a few at a time, the longest first.

        ``advanced`` is told, in this thread's name or another's, how many frames more are done.
        The first error stops the others and is raised; ``Cancelled`` within a second.
        """
        once = {self.key(stretch): stretch for stretch in wanted}
        stop = CancelToken()
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="stretch") as pool:
            open_ = {
                pool.submit(self._make, key, stretch, stop, advanced)
                for key, stretch in sorted(once.items(), key=lambda item: -item[1].frames)
            }
            try:
                while open_:
                    done, open_ = wait(open_, _POLL_SECONDS, FIRST_COMPLETED)
                    for future in done:
                        future.result()
                    cancel.check()
            except BaseException:
                stop.cancel()
                _drop(open_)
                raise

    def _make(
        self, key: str, stretch: Stretch, stop: CancelToken, advanced: Callable[[int], None]
    ) -> None:
        stop.check()
        width, height = self._footage.size

        def work(path: Path) -> dict[str, Any]:
            if stretch in self._copied:
                self._copy(stretch, path)
                advanced(stretch.frames)
                return examine(path, self._footage.rate, stretch.frames)
            with VideoWriter(
                path,
                width=width,
                height=height,
                fps=self._footage.rate,
                settings=self._encoder,
                cancel=stop,
                expected_frames=stretch.frames,
            ) as writer:
                for planes in self._frames(stretch, stop):
                    writer.write_planes(planes)
                    advanced(1)
            return examine(path, self._footage.rate, stretch.frames)

        self._keep.make(key, work)

    def _copy(self, stretch: Stretch, target: Path) -> None:
        take = stretch.take
        assert take.shot is not None
        path, packets = self._footage.clip(take.shot), self._packets(take.shot)
        assert path is not None
        assert packets is not None
        copy_packets(path, packets, take.first, take.frames, target, rate=self._footage.rate)

    def _said(self, take: Take) -> dict[str, Any]:
        if take.shot is None:
            return {"colour": take.colour.lower()}
        look = self._footage.look(take.shot)
        return {
            "source": self._footage.key(take.shot),
            "first": take.first,
            "look": None if look is None else look.key,
        }


def _drop(futures: Iterable[Future[None]]) -> None:
    for future in futures:
        future.cancel()
