"""The tables of the benchmark, as markdown."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from tests.bench.interpolation.clips import CACHE, Clip, rgb_of
from tests.bench.interpolation.footage import clips_in, usual_folder
from tests.bench.interpolation.rivals import RIVALS
from tests.bench.interpolation.scores import Score, rebuilt_by, score_of_ours, score_of_rival
from tests.bench.interpolation.speed import FILTERS as FILTERS_TIMED
from tests.bench.interpolation.speed import paces
from tests.bench.interpolation.synthetic import CLIPS, synthetic

FILTERS = ("mci", "mci+")
"""Rivals that follow motion; ours is compared with the better one of each clip."""


def report(
    *,
    footage: Path | None = None,
    drawn: bool = True,
    quick: bool = False,
    measure_rivals: bool = True,
    modes: tuple[str, ...] = ("fast", "quality"),
    names: tuple[str, ...] = (),
    pictures: Path | None = None,
) -> Iterator[str]:
    """Lines of markdown, as they are measured.

    Args:
        footage: folder of videos; left out, the usual one where it exists.
        drawn: whether the synthetic clips are wanted.
        quick: leave out the footage.
        measure_rivals: measure rivals that have not been measured on a clip yet.
        modes: of ours.
        names: only clips whose name holds one of these.
        pictures: where the worst frame of each clip is put beside the others'.
    """

    if importlib.util.find_spec("synth.flow.interpolate") is None:
        yield "There is no synth.flow.interpolate: a blend stands in for it.\n"
        modes = ("blend",)

    def wanted(name: str) -> bool:
        return not names or any(part in name for part in names)

    if drawn:
        clips = (synthetic(name) for name in CLIPS if wanted(name))
        yield from _table("synthetic clips", clips, measure_rivals, modes, pictures)
    folder = footage or usual_folder()
    if not quick and folder is not None:
        clips = clips_in(folder, wanted)
        yield from _table(f"footage in {folder.name}", clips, measure_rivals, modes, pictures)


def speeds(*, whole: bool = True) -> Iterator[str]:
    """The table of speeds, with ratios to each filter; ``whole`` adds file to file."""
    rows = paces(whole=whole)
    yield (
        "| 1280x720: frames a second (processor ms a frame) | new, 24 to 48 | new, 24 to 60 "
        "| file to file, 24 to 60 |"
    )
    yield "|---|---|---|---|"
    for row in rows:
        cells = [f"{pace.rate:.1f} ({pace.effort:.0f})" for pace in (row.alone, row.three)]
        end = row.whole
        cells.append(
            f"{end.rate:.1f} ({end.effort:.0f}), {end.rate / 60:.2f}x real time" if end else ""
        )
        yield f"| {row.name} | {' | '.join(cells)} |"
    filters = [row for row in rows if row.name in FILTERS_TIMED]
    for ours in rows[len(filters) :]:
        for base in filters:
            pairs = (
                (ours.alone, base.alone), (ours.three, base.three), (ours.whole, base.whole)
            )  # fmt: skip
            cells = [
                f"{one.rate / two.rate:.1f}x ({two.effort / one.effort:.1f}x)"
                if one and two
                else ""
                for one, two in pairs
            ]
            yield f"| {ours.name} / {base.name} | {' | '.join(cells)} |"
    yield ""


def _table(
    title: str,
    clips: Iterator[Clip],
    measure_rivals: bool,
    modes: tuple[str, ...],
    pictures: Path | None,
) -> Iterator[str]:
    """One table: a line a clip, PSNR and SSIM, and their means."""
    columns = [*RIVALS, *(mode for mode in modes if mode not in RIVALS)]
    yield f"| {title}: dB / SSIM | {' | '.join(columns)} | {modes[-1]} - best mci | ms | doubt |"
    yield "|---" * (len(columns) + 4) + "|"
    rows: list[dict[str, Score]] = []
    boxes: list[str] = []
    for clip in clips:
        row = {name: score_of_rival(clip, name) for name in RIVALS
               if measure_rivals or name in ("repeat", "blend") or _known(clip, name)}  # fmt: skip
        row |= {mode: score_of_ours(clip, mode) for mode in modes if mode not in RIVALS}
        rows.append(row)
        last = row[modes[-1]]
        times = " / ".join(f"{row[mode].milliseconds:.0f}" for mode in modes)
        yield _line(clip.name, columns, row, modes[-1]) + f" {times} | {last.doubt:.2f} |"
        if clip.box:
            parts = [f"{name} {score.box:.2f}" for name, score in row.items()]
            boxes.append(f"{clip.name}, text alone, dB: {', '.join(parts)}")
        if pictures is not None:
            show_worst(clip, last.worst, modes[-1], pictures)
    if not rows:
        return
    mean = {
        name: Score(
            float(np.mean([row[name].psnr for row in rows])),
            float(np.mean([row[name].ssim for row in rows])),
        )
        for name in columns
        if all(name in row for row in rows)
    }
    yield _line(f"**mean of {len(rows)}**", columns, mean, modes[-1]) + " | |"
    for mode in modes:
        gains = [gain for row in rows if (gain := _gain(row, mode))]
        if gains:
            yield ""
            yield (
                f"{mode}: {np.mean([g for g, _ in gains]):+.2f} dB, "
                f"{np.mean([s for _, s in gains]):+.4f} SSIM over the better minterpolate of each "
                f"clip; least {min(g for g, _ in gains):+.2f} dB, "
                f"{min(s for _, s in gains):+.4f}; "
                f"{sum(g < -0.1 for g, _ in gains)} of {len(gains)} clips below it by more than "
                "0.1 dB"
            )
    yield ""
    yield from boxes
    yield ""


def _known(clip: Clip, name: str) -> bool:
    return (CACHE / "scores" / f"{clip.key}-{name}.json").exists()


def _gain(row: dict[str, Score], mode: str) -> tuple[float, float] | None:
    """How far a mode is above the better filter, decibel and SSIM."""
    others = [row[name] for name in FILTERS if name in row]
    if not others or mode not in row:
        return None
    return (
        row[mode].psnr - max(score.psnr for score in others),
        row[mode].ssim - max(score.ssim for score in others),
    )


def _line(name: str, columns: list[str], row: dict[str, Score], mode: str) -> str:
    cells = [
        f"{row[column].psnr:.2f} / {row[column].ssim:.4f}" if column in row else ""
        for column in columns
    ]
    gain = _gain(row, mode)
    cells.append(f"{gain[0]:+.2f} / {gain[1]:+.4f}" if gain else "")
    return f"| {name} | {' | '.join(cells)} |"


def show_worst(clip: Clip, number: int, mode: str, folder: Path) -> None:
    """Put truth, ours, minterpolate and blend of one target side by side into a picture.

    Args:
        clip: where it is from.
        number: of the target, counted through all runs.
        mode: of ours.
        folder: is made if need be; the file is named after the clip.
    """
    places = [(run, target) for run in clip.runs for target in run.targets]
    run, target = places[number]
    alone = Clip(clip.name, (type(run)(run.frames, (target,), run.start, run.cuts),), clip.box)
    pictures = {"truth": rgb_of(run.frames[target])}
    for name in (mode, "mci+", "blend"):
        pictures[name] = rgb_of(rebuilt_by(alone, name)[0][target])
    truth = pictures["truth"].astype(np.int16)
    cells = []
    for name, picture in pictures.items():
        error = np.clip(128 + 2 * (picture - truth).mean(axis=2), 0, 255).astype(np.uint8)
        error = np.repeat(error[..., None], 3, axis=2)
        both = np.vstack([picture, error])
        cv2.putText(both, name, (8, 24), cv2.FONT_HERSHEY_DUPLEX, 0.8, (0, 0, 0), 4, cv2.LINE_AA)
        cv2.putText(both, name, (8, 24), cv2.FONT_HERSHEY_DUPLEX, 0.8, (255,) * 3, 1, cv2.LINE_AA)
        cells.append(both)
    folder.mkdir(parents=True, exist_ok=True)
    sheet = np.hstack(cells)
    if not cv2.imwrite(str(folder / f"{clip.name.replace(' ', '_')}.png"), sheet[..., ::-1]):
        raise OSError(f"The picture of {clip.name} could not be written to {folder}.")
