"""What happens when something is touched on the Grade & Quality tab.

As on the other tabs, handlers watch a job and yield, and nothing here computes: that is the core's.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

import gradio as gr

from synth.errors import InvalidInstruction, InvalidMedia
from synth.grade.deflicker import deflicker_video
from synth.grade.denoise import denoise_video
from synth.grade.grade import grade_video
from synth.grade.looks import looks
from synth.grade.match import match_color
from synth.grade.result import GradedVideo
from synth.grade.settings import Grade
from synth.grade.stabilise import stabilise_video
from synth.jobs import JobContext, JobPool
from synth.json_text import read_json
from synth.media import SUFFIXES, read_metadata
from synth.media.story import METADATA_KEY
from synth.quality.compare import Comparison, compare_videos
from synth.quality.evaluate import evaluate_video
from synth.ui.answers import show
from synth.ui.footage import Clip, file_stem, given_name, open_clip, shown_clip
from synth.ui.grade_desk import problems, read_format, read_grade
from synth.ui.grade_live import LiveGrade
from synth.ui.grade_shown import finished_clip, likeness, report_card
from synth.ui.making import failed, told
from synth.ui.monitor import working
from synth.ui.photo import uploaded_file
from synth.ui.trial_clips import TrialClips

_NOTHING: Final = "There is no clip yet. Choose one, or try the example."
_PREVIEW: Final = 2.0
"""Length of a preview, seconds."""

Repair = Callable[[str, float, JobContext, Path], GradedVideo]
Update = Any
"""What ``gr.update`` gives."""


class GradeHandlers:
    """The answers of one served page's Grade & Quality tab."""

    def __init__(self, pool: JobPool, readers: JobPool, trials: TrialClips) -> None:
        """``readers`` judges and compares, so that no render waits for it."""
        self._pool = pool
        self._readers = readers
        self._trials = trials
        self.live = LiveGrade()
        """What is answered at once, outside of the queue."""

    def examples(self) -> list[dict[str, Any]]:
        """What the picture panel offers to try."""
        return [card for card in self._trials.cards() if card["id"] == "video"]

    def first_summary(self) -> dict[str, Any]:
        """What the monitor says while there is nothing to work on."""
        return {"sentence": _NOTHING, "ready": False}

    # --- clips come in: outputs (clip, view) ---

    def video(self, value: object, clip: Clip | None) -> Generator[tuple[Any, Any], None, None]:
        """A clip was given."""
        given = value.get("video") if isinstance(value, Mapping) else None
        name = given_name(given, "clip")
        yield from self._put(lambda job: open_clip(uploaded_file(given), name), {})

    def onward(
        self, value: object, clip: Clip | None, event: gr.EventData
    ) -> Generator[tuple[Any, Any], None, None]:
        """The finished clip of another tab, or of this one, is to be graded or judged."""
        file = value.get("file") if isinstance(value, Mapping) else None
        name = given_name(file, "result")
        judge = isinstance(event._data, Mapping) and event._data.get("judge") is True
        more: dict[str, Any] = {"face": "quality", "judge": True} if judge else {}
        # A mended clip is still to be graded as one was about to; a graded one has its grade.
        what = value.get("what") if isinstance(value, Mapping) else None
        more["keep"] = what not in (None, "grade")
        yield from self._put(lambda job: open_clip(uploaded_file(file), name), more)

    def example(self) -> Generator[tuple[Any, Any], None, None]:
        """The example was asked for, which is rendered on the spot."""

        def work(job: JobContext) -> tuple[Clip, str]:
            return open_clip(self._trials.clip(job), self._trials.title)

        yield from self._put(work, {})

    def _put(
        self, work: Callable[[JobContext], tuple[Clip, str]], more: Mapping[str, Any]
    ) -> Generator[tuple[Any, Any], None, None]:
        failures: list[str] = []
        with told(failures), self._pool.start(work) as job:
            for progress in job.events():
                yield gr.skip(), show({"busy": progress.stage})
            clip, poster = job.result(0)
            shown = {**shown_clip(clip, poster), "ratio": clip.width / clip.height, **more}
            yield clip, show(shown)
        if failures:
            yield gr.skip(), show({"error": failures[0]})

    # --- grading: output monitor ---

    def edited(self, desk: object, clip: Clip | None) -> Update:
        """The desk or the clip changed: what a render would make."""
        if clip is None:
            return gr.update(summary=self.first_summary())
        wrong = problems(desk)
        if wrong:
            words = "Change what is marked, then this says what will come out."
            return gr.update(summary={"sentence": words, "key": ""})
        grade, lut = read_grade(desk)
        words = f"{clip.name}: {_said(grade, lut is not None)}."
        return gr.update(summary={"sentence": words, "key": fingerprint(desk, clip)})

    def preview(
        self, desk: object, clip: Clip | None, view: object
    ) -> Generator[Update, None, None]:
        """Two seconds from the playhead on, just as the render will make them."""
        yield from self._grade(desk, clip, _playhead(view))

    def render(self, desk: object, clip: Clip | None) -> Generator[Update, None, None]:
        """The whole clip, graded."""
        yield from self._grade(desk, clip, None)

    def _grade(
        self, desk: object, clip: Clip | None, moment: float | None
    ) -> Generator[Update, None, None]:
        def prepare(source: Clip) -> tuple[str, Callable[[JobContext], GradedVideo]]:
            for wrong in problems(desk).values():
                raise InvalidInstruction(f"Change what is marked first. {wrong}")
            grade, path = read_grade(desk)
            lut = self.live.read_lut(path)
            kind = "mp4" if moment is not None else read_format(desk)
            name = file_stem(source.name, "graded") + SUFFIXES[kind]
            start, seconds = 0.0, None
            if moment is not None:
                start = max(0.0, min(moment, source.seconds - 0.5))
                seconds = _PREVIEW

            def work(job: JobContext) -> GradedVideo:
                return grade_video(
                    source.path, grade, lut=lut, output_path=job.folder / name, start=start,
                    seconds=seconds, format=kind, cancel=job.cancel, progress=job.progress,
                )  # fmt: skip

            return fingerprint(desk, source), work

        yield from self._make(clip, prepare, final=moment is None)

    def repair(
        self, desk: object, clip: Clip | None, view: object, event: gr.EventData
    ) -> Generator[Update, None, None]:
        """A repair of the clip itself: deflicker, stabilise, denoise, or match its colours."""
        fix = str(event._data.get("fix"))[:20]
        asked = desk.get("repair") if isinstance(desk, Mapping) else None
        asked = asked if isinstance(asked, Mapping) else {}

        def prepare(source: Clip) -> tuple[str, Callable[[JobContext], GradedVideo]]:
            repairs = self._repairs(source, asked.get("reference"), _playhead(view))
            if fix not in repairs:
                raise InvalidInstruction(
                    f"There is no repair of that name. Try {', '.join(repairs)}."
                )
            amounts = asked.get("amounts")
            amount = amounts.get(f"repair-{fix}") if isinstance(amounts, Mapping) else None
            options = {} if amount is None else {"strength": amount}
            name = file_stem(source.name, fix) + ".mp4"

            def work(job: JobContext) -> GradedVideo:
                return repairs[fix](
                    **options, output_path=job.folder / name, cancel=job.cancel,
                    progress=job.progress,
                )  # fmt: skip

            return "", work

        yield from self._make(clip, prepare, final=True)

    def _repairs(
        self, source: Clip, reference: object, moment: float
    ) -> dict[str, Callable[..., GradedVideo]]:
        """Every repair of a clip, ready to be given its strength."""

        def matched(**options: Any) -> GradedVideo:
            if reference:
                return match_color(source.path, uploaded_file(reference), **options)
            return match_color(source.path, source.path, reference_time=moment, **options)

        return {
            "deflicker": lambda **options: deflicker_video(source.path, **options),
            "stabilise": lambda **options: stabilise_video(source.path, **options),
            "denoise": lambda **options: denoise_video(source.path, **options),
            "match": matched,
        }

    def _make(
        self,
        clip: Clip | None,
        prepare: Callable[[Clip], tuple[str, Callable[[JobContext], GradedVideo]]],
        *,
        final: bool,
    ) -> Generator[Update, None, None]:
        began = time.monotonic()
        failures: list[str] = []
        with told(failures):
            source = _there(clip)
            key, work = prepare(source)
            with self._pool.start(work) as job:
                for progress in job.events():
                    yield gr.update(value=working(progress))
                result = job.result(0)
                seconds = time.monotonic() - began
                done = finished_clip(result, source=source.name, seconds=seconds, final=final)
                yield gr.update(value={**done, "key": key})
        if failures:
            yield gr.update(value=failed(failures[0]))

    # --- judging: output report ---

    def judge(self, clip: Clip | None) -> Generator[Update, None, None]:
        """Measure the clip: yields updates of the report card."""
        failures: list[str] = []
        with told(failures):
            source = _there(clip)

            def work(job: JobContext) -> Any:
                return evaluate_video(
                    source.path, camera=camera_of(source.path), cancel=job.cancel,
                    progress=job.progress,
                )  # fmt: skip

            with self._readers.start(work) as job:
                for progress in job.events():
                    yield show({"progress": working(progress)})
                yield show({"report": report_card(job.result(0), source.path)})
        if failures:
            yield show({"error": failures[0]})

    # --- comparing: output compare ---

    def compare(self, value: object, clip: Clip | None) -> Generator[Update, None, None]:
        """A second clip was given, to be measured against the one on show."""
        yield from self._compare(value, "video", clip)

    def compare_result(self, value: object, clip: Clip | None) -> Generator[Update, None, None]:
        """What was made last is measured against the clip on show."""
        yield from self._compare(value, "file", clip)

    def _compare(self, value: object, key: str, clip: Clip | None) -> Generator[Update, None, None]:
        failures: list[str] = []
        with told(failures):
            source = _there(clip)
            given = value.get(key) if isinstance(value, Mapping) else None
            if not given and key == "file":
                raise InvalidMedia("Nothing has been rendered or mended yet. Do that first.")
            other, name = uploaded_file(given), given_name(given, "clip")

            def work(job: JobContext) -> Comparison:
                return compare_videos(source.path, other, cancel=job.cancel, progress=job.progress)

            with self._readers.start(work) as job:
                for progress in job.events():
                    share = f" {progress.fraction:.0%}" if progress.total else "…"
                    yield show({"busy": f"{progress.stage}{share}"})
                files, names = (Path(source.path), Path(other)), (source.name, name)
                yield show({"comparison": likeness(job.result(0), files, names)})
        if failures:
            yield show({"error": failures[0]})


def fingerprint(desk: object, clip: Clip) -> str:
    """A short mark that changes with whatever a result is made from: clip and grade."""
    grade, lut = read_grade(desk)
    made_of = [grade.to_dict(), lut, read_format(desk), repr(astuple(clip))]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]


def _said(grade: Grade, lut: bool) -> str:
    """A grade as one says it."""
    changed = [
        name.replace("_", " ")
        for name, value in grade.adjustments
        if value != getattr(type(grade.adjustments)(), name)
    ]
    parts = []
    if grade.look:
        titles = {one.name: one.title for one in looks()}
        parts.append(f"the look {titles.get(grade.look, grade.look)}")
    if lut:
        parts.append("your LUT")
    if changed:
        shown = ", ".join(changed[:5])
        parts.append(f"{shown} and {len(changed) - 5} more" if len(changed) > 5 else shown)
    return "graded with " + " and ".join(parts) if parts else "nothing is changed yet"


def camera_of(path: str) -> dict[str, Any] | None:
    """How near the camera of a clip made here came to what was asked: figures and a sentence.

    What a file says of itself is not trusted further than being short, plain values.
    """
    text = read_metadata(path).get(METADATA_KEY)
    if text is None:
        return None
    try:
        values = read_json(text)
    except InvalidInstruction:
        return None
    found = values.get("fidelity") if isinstance(values, dict) else None
    if not isinstance(found, dict):
        return None
    plain = {str(name)[:40]: one for name, one in list(found.items())[:40]}
    short = {name: one[:300] if isinstance(one, str) else one for name, one in plain.items()}
    return {name: one for name, one in short.items() if isinstance(one, str | int | float)}


def _there(clip: Clip | None) -> Clip:
    if clip is None:
        raise InvalidMedia(_NOTHING)
    return clip


def _playhead(view: object) -> float:
    at = view.get("moment") if isinstance(view, Mapping) else None
    return float(at) if isinstance(at, int | float) and 0 <= at < 1e6 else 0.0
