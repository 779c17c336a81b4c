"""What happens when something is touched on the Interpolate tab.

As on the other tabs, handlers watch a job and yield, and nothing here computes: that is the core's.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping
from dataclasses import astuple, replace
from typing import Any, Final

import gradio as gr

from synth.errors import InvalidInstruction, InvalidMedia, Unavailable
from synth.flow.learned_model import LearnedModel
from synth.flow.plan import RetimePlan, plan_retime
from synth.flow.retime import retime_video
from synth.flow.settings import RetimeSettings
from synth.flow.show import Layout
from synth.jobs import JobContext, JobPool
from synth.media import SUFFIXES
from synth.ui.answers import message_of, show
from synth.ui.assets import picture_url
from synth.ui.footage import (
    Clip,
    Footage,
    Pair,
    file_stem,
    frame_at,
    given_name,
    open_clip,
    shown_clip,
    shown_pair,
)
from synth.ui.interpolate_desk import problems, read_pair, read_retime
from synth.ui.interpolate_shown import (
    LOOKING,
    Compared,
    compare,
    doubt_shown,
    finished_pictures,
    finished_retime,
    in_between,
    look_at,
    pair_summary,
    planned,
    preview_settings,
)
from synth.ui.making import failed, told
from synth.ui.monitor import working
from synth.ui.photo import uploaded_file
from synth.ui.trial_clips import TrialClips

_NOTHING: Final = "There is no video yet. Choose one, or try the example."

_PLANS_KEPT: Final = 32
_DECIDE_FRAMES: Final = (
    "target_fps", "speed", "speed_curve", "duplicates", "shutter_angle", "start", "seconds",
)  # fmt: skip

Update = Any
"""What ``gr.update`` gives."""


class InterpolateHandlers:
    """The answers of one served page's Interpolate tab; of visitors it keeps plans alone."""

    def __init__(self, pool: JobPool, readers: JobPool, trials: TrialClips) -> None:
        """``readers`` runs what only reads a file through, so that no render waits for it."""
        self._pool = pool
        self._readers = readers
        self._trials = trials
        self._model = LearnedModel()
        self._plans: OrderedDict[str, RetimePlan] = OrderedDict()
        self._lock = threading.Lock()

    def examples(self) -> list[dict[str, Any]]:
        """What the source panel offers to try."""
        return self._trials.cards()

    def first_summary(self) -> dict[str, Any]:
        """What the monitor says while there is nothing to work on."""
        return {"sentence": _NOTHING}

    # --- the source: outputs (footage, source panel, look) ---

    def video(self, value: object, footage: Footage) -> Generator[tuple[Any, ...], None, None]:
        """A video was given."""
        given = value.get("video") if isinstance(value, Mapping) else None
        name = given_name(given, "video")
        yield from self._put(lambda job: open_clip(uploaded_file(given), name), footage)

    def onward(self, value: object, footage: Footage) -> Generator[tuple[Any, ...], None, None]:
        """The finished clip of another tab is to be made smooth or slow."""
        file = value.get("file") if isinstance(value, Mapping) else None
        name = given_name(file, "result")
        yield from self._put(lambda job: open_clip(uploaded_file(file), name), footage)

    def example(
        self, footage: Footage, event: gr.EventData
    ) -> Generator[tuple[Any, ...], None, None]:
        """The example was asked for: a clip that is rendered on the spot, or two frames of it."""
        if event._data.get("id") == "pictures":
            yield from self._put_pair(self._trials.pair, footage)
            return

        def work(job: JobContext) -> tuple[Clip, str]:
            return open_clip(self._trials.clip(job), self._trials.title)

        yield from self._put(work, footage)

    def pictures(self, value: object, footage: Footage) -> Generator[tuple[Any, ...], None, None]:
        """One or both pictures were given."""
        given = value.get("pictures") if isinstance(value, Mapping) else None

        def work(job: JobContext) -> Pair:
            if not isinstance(given, list) or len(given) != 2:
                raise InvalidMedia("No uploaded picture was found. Send it again.")
            paths = tuple(uploaded_file(one) if one else None for one in given)
            names = tuple(given_name(one, "") for one in given)
            return Pair((paths[0], paths[1]), (names[0], names[1]))

        yield from self._put_pair(work, footage)

    def turned(self, footage: Footage, event: gr.EventData) -> tuple[Any, ...]:
        """A person turned from the video to the pictures or back."""
        kind = "pictures" if event._data.get("kind") == "pictures" else "video"
        there = replace(footage, kind=kind)
        shown: dict[str, Any] = {"kind": kind}
        try:
            if kind == "pictures":
                _, shown = shown_pair(there.pair)
            elif there.clip is not None:
                shown = shown_clip(there.clip, picture_url(frame_at(there.clip, 0.0), 960))
        except Exception as error:
            shown = {"kind": kind, "error": message_of(error)}
        return there, show(shown), gr.skip()

    def still(self, footage: Footage, event: gr.EventData) -> Update:
        """The playhead moved over a video that the browser cannot play: its frame there."""
        try:
            at = _number(event, "at")
            picture = picture_url(frame_at(_clip(footage), at), 960)
        except Exception as error:
            return show({"kind": "video", "error": message_of(error)})
        return show({"kind": "video", "still": picture, "at": at})

    def _put(
        self, work: Callable[[JobContext], tuple[Clip, str]], footage: Footage
    ) -> Generator[tuple[Any, ...], None, None]:
        failures: list[str] = []
        with told(failures), self._pool.start(work) as job:
            for progress in job.events():
                busy = {"kind": "video", "busy": progress.stage}
                yield gr.skip(), show(busy), gr.skip()
            clip, poster = job.result(0)
            yield footage.with_clip(clip), show(shown_clip(clip, poster)), gr.update(doubt={})
        if failures:
            yield gr.skip(), show({"kind": "video", "error": failures[0]}), gr.skip()

    def _put_pair(
        self, work: Callable[[JobContext], Pair], footage: Footage
    ) -> Generator[tuple[Any, ...], None, None]:
        failures: list[str] = []
        with told(failures), self._pool.start(work) as job:
            for progress in job.events():
                yield gr.skip(), show({"kind": "pictures", "busy": progress.stage}), gr.skip()
            pair, shown = shown_pair(job.result(0))
            yield footage.with_pair(pair), show(shown), gr.skip()
        if failures:
            yield gr.skip(), show({"kind": "pictures", "error": failures[0]}), gr.skip()

    # --- what will come out ---

    def edited(self, desk: object, footage: Footage) -> tuple[Any, Any]:
        """The desk or the source changed: outputs (desk, monitor), from the header alone."""
        wrong = problems(desk) if footage.kind == "video" else {}
        reply = gr.update(reply={"problems": wrong, **({} if wrong else self._offer(desk))})
        if wrong:
            words = "Change what is marked, then this says what will come out."
            return reply, gr.update(summary={"sentence": words, "key": ""})
        try:
            if footage.kind == "pictures":
                summary = pair_summary(footage.pair, read_pair(desk))
            elif footage.clip is None:
                summary = {"sentence": _NOTHING}
            else:
                asked = read_retime(desk)
                plan = self._known(footage.clip, asked)
                summary = planned(plan or plan_retime(footage.clip.path, asked, scan=False))
        except Exception as error:
            return reply, gr.update(summary={"error": message_of(error)})
        return reply, gr.update(summary={**summary, "key": fingerprint(desk, footage)})

    def scanned(self, desk: object, footage: Footage) -> Generator[Any, None, None]:
        """The same after reading the clip: its cuts, fades, flashes and repeated frames."""
        if footage.kind != "video" or footage.clip is None or problems(desk):
            yield gr.skip()
            return
        clip, key = footage.clip, fingerprint(desk, footage)
        failures: list[str] = []
        with told(failures):
            settings = read_retime(desk)
            if self._known(clip, settings) is not None:
                yield gr.skip()
                return

            def work(job: JobContext) -> RetimePlan:
                return plan_retime(clip.path, settings, cancel=job.cancel, progress=job.progress)

            header = planned(plan_retime(clip.path, settings, scan=False))
            with self._readers.start(work) as job:
                for progress in job.events(0.5):
                    if progress.fraction:
                        share = f"{LOOKING} {progress.fraction:.0%}"
                        yield gr.update(summary={**header, "notes": [share], "key": key})
                    else:
                        yield gr.skip()
                plan = job.result(0)
            self._keep(clip, settings, plan)
            yield gr.update(summary={**planned(plan), "key": key})
        if failures:
            yield gr.update(summary={"error": failures[0]})

    def download(self, desk: object) -> Generator[Any, None, None]:
        """Fetch the learned network: yields updates of the desk."""
        failures: list[str] = []

        def fetch(job: JobContext) -> None:
            self._model.download(progress=job.progress, cancel=job.cancel)

        with told(failures), self._pool.start(fetch) as job:
            for progress in job.events():
                share = f" {progress.fraction:.0%}" if progress.total else "…"
                yield gr.update(reply={"offer": f"{progress.stage}{share}", "busy": True})
            job.result(0)
            yield gr.update(reply={})
        if failures:
            yield gr.update(reply={**self._offer(desk), "problems": {"download": failures[0]}})

    def _offer(self, desk: object) -> dict[str, Any]:
        """What to say where the learned network is wanted and not here; else nothing."""
        if read_retime(desk).mode != "learned" or self._model.available():
            return {}
        try:
            self._model.load()
        except Unavailable as error:
            return {"offer": str(error)}
        return {}

    def _known(self, clip: Clip, asked: RetimeSettings) -> RetimePlan | None:
        """The plan of a clip that was read before for a request with the same frames."""
        with self._lock:
            plan = self._plans.get(_frames_of(clip, asked))
        return replace(plan, settings=asked) if plan else None

    def _keep(self, clip: Clip, asked: RetimeSettings, plan: RetimePlan) -> None:
        with self._lock:
            self._plans[_frames_of(clip, asked)] = plan
            while len(self._plans) > _PLANS_KEPT:
                self._plans.popitem(last=False)

    # --- preview and render: outputs (monitor, look) ---

    def preview(
        self, desk: object, footage: Footage, source: object
    ) -> Generator[tuple[Any, Any], None, None]:
        """About a second from the playhead on, just as the render will make it."""
        at = source.get("moment") if isinstance(source, Mapping) else 0.0
        yield from self._make(desk, footage, at if isinstance(at, int | float) else 0.0)

    def render(self, desk: object, footage: Footage) -> Generator[tuple[Any, Any], None, None]:
        """The finished clip, or the finished pictures."""
        if footage.kind == "pictures":
            yield from self._make_pictures(desk, footage)
        else:
            yield from self._make(desk, footage, None)

    def _make(
        self, desk: object, footage: Footage, moment: float | None
    ) -> Generator[tuple[Any, Any], None, None]:
        began = time.monotonic()
        failures: list[str] = []
        with told(failures):
            clip = _clip(footage)
            for wrong in problems(desk).values():
                raise InvalidInstruction(f"Change what is marked first. {wrong}")
            asked, key = read_retime(desk), fingerprint(desk, footage)
            settings = asked if moment is None else preview_settings(asked, clip, moment)
            name = file_stem(clip.name, "retimed") + SUFFIXES[settings.format]

            def work(job: JobContext) -> Any:
                return retime_video(
                    clip.path,
                    settings=settings,
                    output_path=job.folder / name,
                    cancel=job.cancel,
                    progress=job.progress,
                )

            with self._pool.start(work) as job:
                for progress in job.events():
                    yield gr.update(value=working(progress)), gr.skip()
                result = job.result(0)
                seconds = time.monotonic() - began
                done = finished_retime(result, seconds=seconds, final=moment is None)
                yield (
                    gr.update(value={**done, "key": key}),
                    gr.update(doubt=doubt_shown(result, settings, clip.rate)),
                )
        if failures:
            yield gr.update(value=failed(failures[0])), gr.skip()

    def _make_pictures(
        self, desk: object, footage: Footage
    ) -> Generator[tuple[Any, Any], None, None]:
        began = time.monotonic()
        failures: list[str] = []
        with told(failures):
            first, last = footage.pair.both
            asked, key = read_pair(desk), fingerprint(desk, footage)
            stem = file_stem(footage.pair.names[0], "in-between")

            def work(job: JobContext) -> Any:
                return in_between(first, last, asked, job.folder / stem, job.cancel, job.progress)

            with self._pool.start(work) as job:
                for progress in job.events():
                    yield gr.update(value=working(progress)), gr.skip()
                made = job.result(0)
                done = finished_pictures(made, seconds=time.monotonic() - began)
                yield gr.update(value={**done, "key": key}), gr.update(doubt={})
        if failures:
            yield gr.update(value=failed(failures[0])), gr.skip()

    # --- looking closer ---

    def look(
        self, desk: object, footage: Footage, event: gr.EventData
    ) -> Generator[Any, None, None]:
        """The motion at a moment, or before and after beside each other: yields the look."""
        view, asked = str(event._data.get("view"))[:20], event._data.get("asked")
        known = {"view": view, "asked": asked if isinstance(asked, int) else 0}
        failures: list[str] = []
        with told(failures):
            at = _number(event, "at")

            def work(job: JobContext) -> dict[str, Any] | Compared:
                if view != "compare":
                    return look_at(footage, view, at, job.cancel)
                if footage.kind == "pictures":
                    raise InvalidInstruction("Before and after are for videos.")
                layout: Layout = "split" if event._data.get("layout") == "split" else "beside"
                return compare(_clip(footage), read_retime(desk), at, layout, job)

            with self._pool.start(work) as job:
                for progress in job.events():
                    if view == "compare":
                        yield show({**known, "progress": _share(progress)})
                    else:
                        yield gr.skip()
                seen = job.result(0)
                shown = seen.shown() if isinstance(seen, Compared) else seen
                yield show({**shown, **known})
        if failures:
            yield show({**known, "error": failures[0]})


def fingerprint(desk: object, footage: Footage) -> str:
    """A short mark that changes with whatever a result is made from: source and settings."""
    asked = desk.get("pair" if footage.kind == "pictures" else "retime") if isinstance(
        desk, Mapping
    ) else None  # fmt: skip
    if footage.kind == "video" and isinstance(asked, Mapping):
        try:
            asked = RetimeSettings.from_values(asked).to_dict()
        except ValueError:
            asked = dict(asked)
    source = footage.pair if footage.kind == "pictures" else footage.clip
    made_of = [footage.kind, asked, repr(astuple(source)) if source else None]
    text = json.dumps(made_of, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _frames_of(clip: Clip, asked: RetimeSettings) -> str:
    """A mark of all that decides which frames there will be, not how they are made."""
    made_of = [asked.to_dict()[name] for name in _DECIDE_FRAMES]
    return repr((astuple(clip), made_of))


def _clip(footage: Footage) -> Clip:
    if footage.clip is None:
        raise InvalidMedia(_NOTHING)
    return footage.clip


def _number(event: gr.EventData, name: str) -> float:
    value = event._data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise InvalidInstruction("The moment must be a number of seconds.")
    return float(value)


def _share(progress: Any) -> str:
    share = f" {progress.fraction:.0%}" if progress.total else "…"
    return f"Making the comparison{share}"
