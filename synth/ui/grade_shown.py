"""What the Grade & Quality tab shows: finished clips, report cards, comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from gradio.data_classes import FileData

from synth.flow.rates import rate_name
from synth.grade.result import GradedVideo
from synth.quality.compare import Comparison
from synth.quality.model import PASS, Curve, Finding, MetricName, QualityReport
from synth.ui.assets import picture_url
from synth.ui.monitor import file_facts, playable

_SHOT_SIDE: Final = 192
_POINTS: Final = 1500
"""Points of a curve at most: more than a screen is wide."""

METRICS: Final[Mapping[MetricName, tuple[str, str, bool]]] = {
    "sharpness": ("Sharpness", "How much fine detail there is, apart from noise", False),
    "color_consistency": ("Colour", "Whether the colours hold within each shot", False),
    "motion_smoothness": ("Motion", "Whether things move evenly, without jitter or jumps", False),
    "flicker_detection": ("Flicker", "Brightness that pulses, as a whole or in places", True),
    "artifact_score": ("Artifacts", "Blocks, noise, ghosts, tears, banding, clipping", True),
}
"""Label, help, and whether lower is better, of each metric."""

_DEFECTS: Final = {
    "blur": "Soft picture", "noise": "Noise", "blocking": "Compression blocks",
    "banding": "Banding", "clipping": "Clipping", "flicker": "Flicker",
    "local_flicker": "Flicker in places", "colour_drift": "Colour drift", "jitter": "Shaky camera",
    "judder": "Judder", "duplicates": "Repeated frames", "drops": "Dropped frames",
    "ghosts": "Ghosted frames", "trails": "Trails", "tearing": "Tearing",
    "frozen": "Frozen picture", "black": "Black frames", "letterbox": "Changing black bars",
    "camera": "Camera off its path",
}  # fmt: skip
_DONE: Final = {
    "grade": "Graded", "match": "Matched", "deflicker": "Deflickered", "denoise": "Denoised",
    "stabilise": "Stabilised",
}  # fmt: skip
_MEASURES: Final = {
    "vmaf": ("VMAF", ".1f"),
    "psnr_y": ("PSNR, brightness", ".2f"),
    "psnr_yuv": ("PSNR with colour", ".2f"),
    "ssim_y": ("SSIM", ".4f"),
}
"""Label and digits of what two clips are compared by, in the order of interest."""


def finished_clip(
    result: GradedVideo, *, source: str, seconds: float, final: bool
) -> dict[str, Any]:
    """The monitor's value for a clip whose file lies where it may be served from.

    Args:
        result: what came out.
        source: the name of the clip that it was made from.
        seconds: how long it took.
        final: whether it is the whole clip rather than a preview.
    """
    path = Path(result.path)
    word = _DONE.get(result.what, "Made") if final else "Preview"
    return {
        "phase": "done",
        "file": file_data(path),
        "name": path.name,
        "playable": playable(path),
        "final": final,
        "what": result.what,
        "onward": final,
        "badge": f"{word} in {seconds:.1f} s",
        "verdict": None,
        "framing": [],
        "facts": [
            ("Made from", source),
            ("Picture", f"{result.width} × {result.height}"),
            ("Frames", f"{result.frames} at {rate_name(result.fps)} fps"),
            ("Made at", f"{result.frames / max(seconds, 0.01):.0f} frames a second"),
            file_facts(path),
        ],
        "notes": list(result.notes),
    }


def file_data(path: Path) -> dict[str, Any]:
    """A file as the page fetches it."""
    return FileData(path=str(path), orig_name=path.name, size=path.stat().st_size).model_dump()


def report_card(report: QualityReport, file: str) -> dict[str, Any]:
    """A report as the card shows it; ``file`` is the path of what was judged."""
    passing = f"The overall score reaches the threshold of {PASS:.2f}."
    if not report.pass_threshold:  # one of the reasons says so where the gate knows it
        said = any("overall score" in reason for reason in report.gate.reasons)
        passing = "" if said else f"The overall score misses the threshold of {PASS:.2f}."
    verdict = str((report.camera or {}).get("verdict") or "")
    return {
        "file": file,
        "overall": round(report.overall_score, 3),
        "text": report.overall_text,
        "gate": {"passed": report.gate.passed, "reasons": list(report.gate.reasons)},
        "threshold": passing,
        "metrics": [
            {
                "name": metric.name,
                "label": METRICS[metric.name][0],
                "help": METRICS[metric.name][1],
                "lower": METRICS[metric.name][2],
                "value": round(metric.value, 3),
                "text": f"{metric.value:.2f}",
                "words": metric.words,
            }
            for metric in report.metrics
        ],
        "findings": [_finding(one, report) for one in report.findings],
        "curves": {name: _curve(name, curve) for name, curve in report.curves.items()},
        "cuts": [round(time, 3) for time in report.cuts],
        "seconds": round(report.seconds, 3),
        "camera": f"Camera, measured as it was rendered: {verdict}" if verdict else "",
        "notes": list(report.notes),
        "facts": f"{report.width} × {report.height}, {report.frames} frames, "
        f"{report.seconds:.2f} s were judged.",
        "plain": report.to_dict(),
    }


def _finding(one: Finding, report: QualityReport) -> dict[str, Any]:
    picture = report.thumbnails.get(one.worst)
    return {
        "defect": one.defect,
        "label": _DEFECTS[one.defect],
        "words": one.words,
        "spans": [[round(span.start, 3), round(span.end, 3)] for span in one.spans],
        "worst": round(one.worst, 3),
        "fatal": one.fatal,
        "fix": one.fix,
        "curve": one.curve,
        "thumbnail": picture_url(picture, _SHOT_SIDE) if picture is not None else "",
    }


def _curve(name: str, curve: Curve, *, low: bool = False) -> dict[str, Any]:
    """A curve, thinned so that its worst points stay: the highest, or with ``low`` the lowest."""
    times, values = np.asarray(curve.times), np.asarray(curve.values)
    every = -(-len(times) // _POINTS) if len(times) else 1
    if every > 1:
        starts = np.arange(0, len(times), every)
        badness = np.nan_to_num(-values if low else values, nan=-np.inf)
        chosen = [start + int(badness[start : start + every].argmax()) for start in starts]
        times, values = times[chosen], values[chosen]
    return {
        "label": _DEFECTS.get(name, name.replace("_", " ").capitalize()),
        "seconds": [round(float(time), 4) for time in times],
        "values": [round(float(one), 5) if np.isfinite(one) else None for one in values],
        "unit": curve.unit,
        "limit": float(curve.limit),
        "words": curve.words,
    }


def likeness(
    comparison: Comparison, files: tuple[Path, Path], names: tuple[str, str]
) -> dict[str, Any]:
    """A comparison as its panel shows it.

    Args:
        comparison: what was measured.
        files: the reference and the other, where they may be served from.
        names: what their owners call them.
    """
    order = [name for name in _MEASURES if name in comparison.means]
    units = {name: comparison.curves[name].unit for name in order if name in comparison.curves}
    facts = [
        (_MEASURES[name][0], f"{comparison.means[name]:{_MEASURES[name][1]}} {units.get(name, '')}")
        for name in order
    ]
    if comparison.identical:
        words = "The two are the same, bit for bit."
    else:
        words = f"{comparison.frames} pairs of frames over {comparison.seconds:.2f} s."
    return {
        "files": [file_data(file) for file in files],
        "names": list(names),
        "facts": [(label, value.strip()) for label, value in facts],
        "words": " ".join([words, *comparison.notes]),
        "offset": round(comparison.offset * comparison.seconds / max(1, comparison.frames), 4),
        "worst": [{"time": round(one.time, 3), "words": one.words} for one in comparison.worst],
        "curves": {
            name: {**_curve(name, comparison.curves[name], low=True), "label": _MEASURES[name][0]}
            for name in order
            if name in comparison.curves
        },
    }
