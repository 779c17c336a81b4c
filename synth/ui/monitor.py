"""The result panel: what will come out, the finished clip, and what was measured about it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.data_classes import FileData

from synth.camera.fidelity_report import CameraFidelity
from synth.camera.keys import CameraKeys
from synth.control import Progress
from synth.motion import MotionControl, SubjectAction
from synth.motion.model import CameraMove
from synth.quality.model import score_text
from synth.shot import Shot, VideoResult
from synth.ui.assets import script

if TYPE_CHECKING:
    from synth.shot.attempts import Attempt, Attempts

_PLAYABLE = {".mp4": "video", ".webm": "video", ".gif": "image"}
VIDEOS = frozenset({".mp4", ".webm", ".gif", ".mov"})
"""Files that other tabs can take further."""
_MUCH_ZOOM = 1.4
"""From here on the zoom that hides the photo's edge changes the framing that one chose."""
_ZOOM = re.compile(r"\b(?:Zoomed in|a zoom of) (\d+(?:\.\d+)?)x")
_LEAVES = re.compile(r"\bleaves the frame\b")
_AMOUNTS = ((0.2, "barely"), (0.4, "gently"), (0.65, ""), (0.85, "clearly"), (1.01, "strongly"))
_HEADINGS = {
    "left_to_right": "to the right",
    "right_to_left": "to the left",
    "toward_camera": "toward the camera",
    "away_from_camera": "away from the camera",
}
_WINDS = {
    "left": "wind to the left",
    "right": "wind to the right",
    "forward": "wind toward the camera",
    "backward": "wind away from the camera",
}
_FORMATS = {"mp4": "MP4", "webm": "WebM", "gif": "GIF", "prores": "ProRes", "png": "PNG sequence"}


def monitor_component(
    summary: Mapping[str, Any], *, prefix: str = "ms", words: Mapping[str, str] | None = None
) -> gr.HTML:
    """The result panel. Its value is the phase of the work; ``summary`` what it will come to.

    ``prefix`` begins the names of its parts, which must differ between the panels of one page.
    ``words`` replace those of the buttons ("preview", "render") and of the empty panel ("empty").
    """
    return gr.HTML(
        value={"phase": "idle"},
        html_template='<section class="ms-panel ms-monitor"></section>',
        js_on_load=script("monitor"),
        apply_default_css=False,
        elem_id="monitor" if prefix == "ms" else f"{prefix}-monitor",
        summary=dict(summary),
        prefix=prefix,
        words=dict(words or {}),
    )


def describe_move(move: CameraMove) -> str:
    """A move as one says it: "dolly forward, gently"."""
    words = move.type.replace("_", " ")
    if move.way is not None and len(move.kind.directions) > 1:
        words += f" {move.way}"
    amount = next(word for limit, word in _AMOUNTS if move.intensity < limit)
    if move.type == "static":
        amount = ""
    return f"{words}, {amount}" if amount else words


def describe_motion(motion: MotionControl) -> str:
    """All moves in one phrase; "the camera stands still" without any."""
    moves = [describe_move(move) for move in motion.moves if move.intensity > 0]
    if motion.is_static or not moves:
        return "the camera stands still"
    if len(moves) > 4:
        return "; ".join([*moves[:3], f"and {len(moves) - 3} more moves"])
    return "; ".join(moves)


def describe_shot(shot: Shot) -> str:
    """Camera, subjects and weather: "pan left; subject walks to the right; heavy rain"."""
    motion = shot.motion
    parts = [describe_motion(motion) if shot.trajectory is None else _keyed(shot.trajectory)]
    parts += [describe_subject(subject) for subject in motion.objects[:3]]
    if len(motion.objects) > 3:
        parts.append(f"and {len(motion.objects) - 3} more subjects")
    air = motion.environmental
    if air is not None and air.particle_effects != "none":
        weather = air.particle_effects.replace("_", " ")
        wind = _WINDS.get(air.wind_direction)
        parts.append(f"{weather}, {wind}" if wind else weather)
    return "; ".join(parts)


def _keyed(keys: CameraKeys) -> str:
    """A keyed camera as one says it: "camera on 3 keys, looking at one point"."""
    words = "camera on 1 key" if len(keys.keys) == 1 else f"camera on {len(keys.keys)} keys"
    if keys.look_at is not None:
        words += ", following a target" if keys.look_at.keys else ", looking at one point"
    return words + (", handheld" if keys.handheld else "")


def describe_subject(subject: SubjectAction) -> str:
    """A subject as one says it: "protagonist: run to the right"."""
    way = _HEADINGS.get(subject.direction)
    return f"{subject.id}: {subject.action} {way}" if way else f"{subject.id}: {subject.action}"


def summarise(shot: Shot, size: tuple[int, int] | None, frames: int) -> dict[str, Any]:
    """One sentence about what will come out, and what to know before rendering.

    Args:
        shot: what is asked for.
        size: (width, height) of the frames, pixels; None while there is no photo.
        frames: how many there will be.
    """
    pixels = f"{size[0]} × {size[1]}" if size else f"{shot.output.long_side} px on the long side"
    count = "1 frame" if frames == 1 else f"{frames} frames"
    sentence = (
        f"{_short(shot.seconds)} s, {count} at {shot.output.fps} fps, {pixels}, "
        f"{_FORMATS[shot.output.format]}: {describe_shot(shot)}."
    )
    warnings: list[str] = []
    if shot.output.format == "gif" and frames > 240:
        warnings.append("A GIF of this length becomes very large; MP4 plays everywhere.")
    return {"sentence": sentence, "warnings": warnings}


def working(progress: Progress) -> dict[str, Any]:
    """The panel's value while work goes on."""
    return {
        "phase": "working",
        "stage": progress.stage,
        "done": progress.done,
        "total": progress.total,
        "left": progress.seconds_left,
    }


def finished(result: VideoResult, *, seconds: float, final: bool) -> dict[str, Any]:
    """The panel's value for a finished clip.

    Args:
        result: what came out; its file must lie where this app may serve it from.
        seconds: how long it took.
        final: whether it is the real thing rather than a preview.
    """
    path = Path(result.path)
    file = FileData(path=str(path), orig_name=path.name, size=path.stat().st_size)
    return {
        "phase": "done",
        "file": file.model_dump(),
        "name": path.name,
        "playable": playable(path),
        "onward": final and path.suffix in VIDEOS,
        "final": final,
        "badge": f"Rendered in {seconds:.1f} s" if final else f"Preview in {seconds:.1f} s",
        "verdict": _verdict(result.fidelity),
        "facts": _facts(result, path),
        "framing": [_with_advice(note, result.shot) for note in result.notes if _at_once(note)],
        "notes": [note for note in result.notes if not _at_once(note)],
    }


def finished_file(path: Path) -> dict[str, Any]:
    """The panel's value for a finished file that is no clip: it is saved, what is shown stays."""
    file = FileData(path=str(path), orig_name=path.name, size=path.stat().st_size)
    return {
        "phase": "file",
        "file": file.model_dump(),
        "name": path.name,
        "words": f"{path.name} is saved ({file_facts(path)[1]}).",
    }


def shown_attempts(made: Attempts) -> dict[str, Any]:
    """What the panel shows of clips that were tried until one passed."""
    shown = [
        {
            "title": f"Attempt {number}",
            "score": score_text(one.report.overall_score),
            "passed": one.passed,
            "why": _changed(one),
        }
        for number, one in enumerate(made.attempts, 1)
    ]
    tone = "good" if made.passed else "unsure"
    title = "Quality passed" if made.passed else "Quality not reached"
    return {"attempts": shown, "verdict": {"tone": tone, "title": title, "text": made.said}}


def _changed(one: Attempt) -> str:
    """What an attempt did otherwise than the one before, and why."""
    did = ", ".join([*one.changes, *(f"mended: {repair}" for repair in one.repairs)])
    return " ".join(part for part in (did and f"{did}.", one.why) if part)


def _at_once(note: str) -> bool:
    """Whether a note is about what one sees of the picture, and so stands right below it."""
    return bool(_ZOOM.search(note) or _LEAVES.search(note))


def _with_advice(note: str, shot: Shot) -> str:
    """A note as a whole sentence; one about a strong zoom also says what would make it less."""
    note = note if note.endswith(".") else f"{note}."
    found = _ZOOM.search(note)
    if found is None or float(found[1]) <= _MUCH_ZOOM:
        return note
    if shot.trajectory is not None:
        return f"{note.removesuffix(' Choose a lower intensity.')} Fit makes the move smaller."
    if shot.edge == "fit":
        note = note.removesuffix(" Choose a lower intensity.")
        return f"{note} Try Beyond the edge: Extend the photo, or a lower intensity."
    return note if "lower intensity" in note else f"{note} A lower intensity zooms in less."


def _verdict(fidelity: CameraFidelity | None) -> dict[str, str] | None:
    if fidelity is None:
        return None
    if not fidelity.measured:
        return {"tone": "unsure", "title": "Camera not measured", "text": fidelity.verdict}
    if fidelity.obeyed:
        return {"tone": "good", "title": "Camera check passed", "text": fidelity.verdict}
    return {"tone": "unsure", "title": "Camera check", "text": fidelity.verdict}


def _facts(result: VideoResult, path: Path) -> Sequence[tuple[str, str]]:
    """Name and value of what is worth knowing, in the order of interest."""
    facts: list[tuple[str, str]] = []
    fidelity = result.fidelity
    if fidelity is not None and fidelity.measured:
        facts.append(("Rotation error", f"{fidelity.mean_rotation_error:.3f}°"))
        share = fidelity.translation_error_share
        error = fidelity.mean_translation_error
        facts.append(
            (
                "Position error",
                f"{share:.2%} of path" if share is not None else f"{error:.4f} units",
            )
        )
        facts.append(("Certainty", f"{fidelity.confidence:.0%}"))
    facts.append(("Picture", f"{result.width} × {result.height}"))
    facts.append(("Frames", f"{result.frames} at {result.shot.output.fps} fps"))
    return [*facts, file_facts(path)]


def playable(path: Path) -> str:
    """How a browser shows a file: as "video", as "image", or "none"."""
    return _PLAYABLE.get(path.suffix, "none")


def file_facts(path: Path) -> tuple[str, str]:
    """Name and value of what there is to know about a file itself."""
    count = path.stat().st_size
    return ("File", f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{math.ceil(count / 1e3)} kB")


def _short(value: float) -> str:
    """A number with at most three decimals and no idle zeros."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
