"""Render, judge, and try again in the way that the report suggests, until a clip is fit for use."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synth.backends.protocol import Backend, Capabilities
from synth.backends.registry import artist
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import Cancelled, InvalidInstruction, SynthError
from synth.flow.retime import retime_video
from synth.grade.deflicker import deflicker_video
from synth.grade.denoise import denoise_video
from synth.media import EncoderSettings, VideoFormat
from synth.media.retag import RETAGGED, retag
from synth.quality.evaluate import evaluate_video
from synth.quality.model import PASS, Defect, QualityReport, score_text
from synth.scene.cache import SceneCache
from synth.scene.depth_map import DepthMap
from synth.shot.advice import Repair, Step, differences, next_try, repairs_for
from synth.shot.model import Shot
from synth.shot.produce import render_shot
from synth.shot.result import VideoResult, metadata_texts, suffix
from synth.style.resolve import Resolver

MOST_ATTEMPTS = 10
"""Most clips that one call draws."""

REPAIR_CRF = 14
"""Quality of a mended clip: it is encoded a second time, and that should not show."""

_ABOUT = 0.01
"""Difference of two scores that says nothing."""


@dataclass(frozen=True)
class Attempt:
    """One clip that was drawn, mended where that helped, and judged."""

    result: VideoResult
    """The clip, with the instructions it was drawn from. Its file is there for the best attempt,
    and for the others where all are kept."""
    report: QualityReport
    """What was found in it, after repairs."""
    changes: tuple[str, ...] = ()
    """What it was asked for otherwise than the shot said, in words: "a new seed"."""
    why: str = ""
    """What in the attempt before suggested them; "" for the first."""
    repairs: tuple[Repair, ...] = ()
    """What mended it; none where nothing did."""
    drawn: QualityReport | None = None
    """The report before the repairs, where there were any."""
    passed: bool = False
    """Whether it is fit for use."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return {
            "changes": list(self.changes),
            "why": self.why,
            "repairs": list(self.repairs),
            "passed": self.passed,
            "shot": self.result.shot.to_dict(),
            "report": self.report.to_dict(),
            "drawn": None if self.drawn is None else self.drawn.to_dict(),
        }


@dataclass(frozen=True)
class Attempts:
    """What came of it."""

    best: Attempt
    """The one that passed, or the best of those that did not."""
    attempts: tuple[Attempt, ...]
    """All of them, in order, each with its report."""
    passed: bool
    """Whether the best is fit for use."""
    said: str
    """Why it is this one, in a sentence or two."""

    @property
    def path(self) -> Path:
        """The best clip."""
        return self.best.result.path

    def to_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        return {
            "passed": self.passed,
            "said": self.said,
            "best": self.attempts.index(self.best),
            "attempts": [one.to_dict() for one in self.attempts],
        }


def generate_until_pass(
    shot: Shot,
    image_path: str | Path,
    output_path: str | Path,
    *,
    attempts: int = 3,
    threshold: float = PASS,
    camera: bool | None = None,
    backend: Backend | None = None,
    styles: Resolver | None = None,
    depth: DepthMap | None = None,
    size: tuple[int, int] | None = None,
    lighting: str = "",
    keep_all: bool = False,
    scenes: SceneCache | None = None,
    encoder: EncoderSettings | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
    watch: Callable[[Attempt], None] | None = None,
) -> Attempts:
    """Render a shot, judge it, and try again where it fails, until a clip passes.

    A clip that fails is mended first, where its report names repairs (flicker of the light, noise,
    repeated frames); where that is not enough, another is drawn as the findings suggest, from the
    best so far: with a new seed where a model paints, less motion, plainer words, more time. It
    stops early where nothing is left that would help.

    Args:
        shot: what to do. Keyed cameras are never changed.
        image_path: the photo.
        output_path: the file of the best clip; it appears complete or not at all.
        attempts: most clips that are drawn, 1 to ``MOST_ATTEMPTS``.
        threshold: overall score that passes, 0 to 1, where nothing that was found is fatal.
        camera: whether a clip fails whose camera was measured and is not the one asked for; None
            where the backend keeps cameras exactly.
        backend: as for ``render_shot``.
        styles: as for ``render_shot``.
        depth: of the photo, as for ``render_shot``.
        size: as for ``render_shot``.
        lighting: as for ``render_shot``.
        keep_all: keep the other clips too, beside the best: ``name.attempt-1.mp4`` and so on.
        scenes: where scenes are kept for re-use.
        encoder: encoder knobs.
        cancel: stops the work within a second; nothing is left behind.
        progress: told what is being done.
        watch: told each attempt once it was judged, while its file is there.

    Raises:
        InvalidInstruction: a number that makes no sense, or a format that cannot be judged.
        SynthError: what ``render_shot`` raises at the first attempt. A later one that fails ends
            the work with the best so far.
        Cancelled: on request.
    """
    if isinstance(attempts, bool) or not 1 <= attempts <= MOST_ATTEMPTS:
        raise InvalidInstruction(
            f"{attempts!r} attempts were asked for; from 1 to {MOST_ATTEMPTS} can be made."
        )
    if not 0.0 <= threshold <= 1.0:
        raise InvalidInstruction(f"The threshold is {threshold:g}; it must be from 0 to 1.")
    if shot.output.format == "png":
        raise InvalidInstruction(
            "A zip of pictures cannot be judged as a clip. Choose another format, such as mp4."
        )
    target = Path(output_path)
    if target.is_dir():
        raise InvalidInstruction(f"{target.name!r} is a folder. Choose a file name.")
    if not target.absolute().parent.is_dir():
        raise InvalidInstruction(
            f"The folder {target.absolute().parent.name!r} does not exist. Create it first."
        )
    token = cancel or CancelToken()
    # Beside the target, so that the best gets its name in one move.
    with (
        artist(shot.backend, backend) as drawer,
        tempfile.TemporaryDirectory(
            prefix=".motion-synth-", dir=target.absolute().parent
        ) as folder,
    ):
        able = drawer.capabilities
        strict = able.keeps.get("camera") == "exactly" if camera is None else camera

        def draw(asked: Shot, number: int) -> VideoResult:
            return render_shot(
                asked,
                image_path,
                Path(folder) / f"{number}{suffix(asked)}",
                depth=depth,
                size=size,
                backend=drawer,
                styles=styles,
                lighting=lighting,
                scenes=scenes,
                encoder=encoder,
                cancel=token,
                progress=_told(progress, number, attempts),
            )

        gate = _Gate(threshold, strict)
        work = _Work(draw, gate, able, attempts, token, progress, watch)
        made = work.run(shot)
        return _put_down(made, target, keep_all)


@dataclass(frozen=True)
class _Gate:
    """What passes."""

    threshold: float
    camera: bool

    def wrong(self, result: VideoResult, report: QualityReport) -> tuple[str, ...]:
        """Why a clip is not fit for use, in sentences; nothing where it is."""
        reasons = [one.words for one in report.findings if one.fatal]
        if report.overall_score < self.threshold:
            reasons += [one.words for one in report.findings if not one.fatal][:2]
            reasons.append(
                f"The overall score is {score_text(report.overall_score)}; "
                f"{self.threshold:.2f} is needed."
            )
        if self._strays(result):
            reasons.append("The camera is not the one that was asked for.")
        return tuple(reasons)

    def defects(self, result: VideoResult, report: QualityReport) -> list[Defect]:
        """What is wrong, worst first."""
        found: list[Defect] = [one.defect for one in report.findings]
        if self._strays(result):
            found.append("camera")
        return found

    def _strays(self, result: VideoResult) -> bool:
        measured = result.fidelity
        return self.camera and measured is not None and measured.measured and not measured.obeyed


class _Work:
    """The attempts, one after another."""

    def __init__(
        self,
        draw: Callable[[Shot, int], VideoResult],
        gate: _Gate,
        capabilities: Capabilities,
        most: int,
        cancel: CancelToken,
        progress: ProgressCallback,
        watch: Callable[[Attempt], None] | None,
    ) -> None:
        self._draw = draw
        self._gate = gate
        self._capabilities = capabilities
        self._most = most
        self._cancel = cancel
        self._progress = progress
        self._watch = watch
        self._made: list[Attempt] = []

    def run(self, shot: Shot) -> Attempts:
        asked, changes, why = shot, (), ""
        taken: list[Step] = []
        ended = ""
        while True:
            number = len(self._made) + 1
            try:
                attempt = self._attempt(asked, number, changes, why)
            except Cancelled:
                raise
            except SynthError as error:
                if not self._made:
                    raise
                ended = f"Attempt {number} failed: {error}"
                break
            self._made.append(attempt)
            if self._watch is not None:
                self._watch(attempt)
            if attempt.passed or number >= self._most:
                break
            best = self._best()
            wrong = self._gate.defects(best.result, best.report)
            seed = (shot.seed + number) % 2**31
            tried = [one.result.shot for one in self._made]
            base = self._base(best).result.shot
            change = next_try(base, wrong, taken, tried, self._capabilities, seed)
            if change is None:
                ended = "Nothing that the report suggests is left to try."
                break
            taken += change.steps
            asked = change.shot
            changes = differences(shot, asked)
            why = " ".join(self._gate.wrong(best.result, best.report))
        best = self._best()
        return Attempts(best, tuple(self._made), best.passed, self._said(best, ended))

    def _best(self) -> Attempt:
        """The first of the best: what passed, then what has nothing fatal, then the score."""

        def rank(one: Attempt) -> tuple[bool, bool, float]:
            fatal = any(found.fatal for found in one.report.findings)
            return one.passed, not fatal, one.report.overall_score

        return max(self._made, key=rank)

    def _base(self, best: Attempt) -> Attempt:
        """What the next attempt goes on from: the latest that is about as good as the best."""
        least = best.report.overall_score - _ABOUT
        return next(
            one for one in reversed(self._made) if one is best or one.report.overall_score >= least
        )

    def _attempt(self, asked: Shot, number: int, changes: tuple[str, ...], why: str) -> Attempt:
        result = self._draw(asked, number)
        report = self._judge(result, number)
        plain = Attempt(result, report, changes, why)
        plain = replace(plain, passed=not self._gate.wrong(result, report))
        repairs = () if plain.passed else repairs_for(report.findings, asked)
        if not repairs:
            return plain
        mended, done = self._mended(result, repairs, number)
        if not done:
            return replace(plain, result=mended)
        after = self._judge(mended, number)
        if after.overall_score <= report.overall_score:
            mended.path.unlink(missing_ok=True)
            return plain
        result.path.unlink(missing_ok=True)
        return replace(
            plain,
            result=mended,
            report=after,
            repairs=done,
            drawn=report,
            passed=not self._gate.wrong(mended, after),
        )

    def _judge(self, result: VideoResult, number: int) -> QualityReport:
        measured = result.fidelity
        camera = None
        if measured is not None:
            camera = {k: v for k, v in measured.to_dict().items() if k != "curves"}
        return evaluate_video(
            result.path, camera=camera, cancel=self._cancel,
            progress=_told(self._progress, number, self._most),
        )  # fmt: skip

    def _mended(
        self, result: VideoResult, repairs: tuple[Repair, ...], number: int
    ) -> tuple[VideoResult, tuple[Repair, ...]]:
        """The clip after these repairs, in a file of its own, and which of them could be done."""
        told = _told(self._progress, number, self._most)
        path, done = result.path, list[Repair]()
        notes: list[str] = []
        for repair in repairs:
            after = result.path.with_stem(f"{result.path.stem}-{repair}")
            try:
                _repair(repair, path, after, result.shot.output.format, self._cancel, told)
            except Cancelled:
                raise
            except SynthError as error:
                notes.append(f"{_REPAIRED[repair]} was not possible: {error}")
                continue
            if path != result.path:
                path.unlink(missing_ok=True)
            path = after
            done.append(repair)
        story = {**result.made_by, "repairs": ", ".join(done)} if done else result.made_by
        container = RETAGGED.get(result.shot.output.format)
        if done and container is not None:
            texts = metadata_texts(result.shot, result.fidelity, made_by=story)
            retag(path, container, texts)
        notes += [f"{_REPAIRED[one]} was done after it was drawn." for one in done]
        changed = replace(result, path=path, made_by=story, notes=(*result.notes, *notes))
        return changed, tuple(done)

    def _said(self, best: Attempt, ended: str) -> str:
        number, total = self._made.index(best) + 1, len(self._made)
        score = score_text(best.report.overall_score)
        how = [*best.changes, *(_REPAIRED[one].lower() for one in best.repairs)]
        by = f", with {_listed(how)}" if how else ""
        if best.passed:
            first = "It passed" if total == 1 else f"Attempt {number} passed"
            return f"{first} with {score}{by}."
        reasons = " ".join(self._gate.wrong(best.result, best.report))
        if total == 1:
            head = f"It did not pass{by}: {score}."
        else:
            head = (
                f"None of {total} attempts passed; attempt {number} is the best with {score}{by}."
            )
        return " ".join(part for part in (head, reasons, ended) if part)


_REPAIRED: dict[Repair, str] = {
    "deflicker": "Deflickering",
    "denoise": "Denoising",
    "interpolate": "Interpolation of repeated frames",
}


def _repair(
    repair: Repair,
    source: Path,
    target: Path,
    format: VideoFormat,
    cancel: CancelToken,
    progress: ProgressCallback,
) -> None:
    if repair == "interpolate":
        settings = {"duplicates": "replace", "format": format, "crf": REPAIR_CRF}
        retime_video(
            source, output_path=target, settings=settings, cancel=cancel, progress=progress
        )
        return
    mend = deflicker_video if repair == "deflicker" else denoise_video
    mend(
        source, output_path=target, format=format, crf=REPAIR_CRF, cancel=cancel, progress=progress
    )


def _put_down(made: Attempts, target: Path, keep_all: bool) -> Attempts:
    """Give the best clip its name, and the others theirs where they are kept."""

    def placed(attempt: Attempt, number: int) -> Attempt:
        path = target
        if attempt is not made.best:
            if not keep_all:
                return attempt
            path = target.with_name(f"{target.stem}.attempt-{number}{target.suffix}")
        attempt.result.path.replace(path)
        return replace(attempt, result=replace(attempt.result, path=path))

    moved = tuple(placed(one, number) for number, one in enumerate(made.attempts, 1))
    best = moved[made.attempts.index(made.best)]
    return replace(made, best=best, attempts=moved)


def _told(progress: ProgressCallback, number: int, most: int) -> ProgressCallback:
    """A callback that puts the attempt's number in front."""

    def told(report: Progress) -> None:
        progress(replace(report, stage=f"Attempt {number} of {most}: {report.stage}"))

    return told


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
