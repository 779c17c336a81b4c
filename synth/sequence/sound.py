"""The sound of a film: tracks and clips mixed, brought to one loudness, written as a WAV."""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Final

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import Flags

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import InvalidMedia
from synth.media.reasons import reason
from synth.media.sound_reader import SOUND_RATE
from synth.sequence.plan import FilmPlan
from synth.sequence.project import Project
from synth.sequence.shelf import Shelf
from synth.sequence.sound_bits import film_samples, lay_sounds
from synth.sequence.sound_graph import BLOCK, Filter, Samples, straight
from synth.sequence.sound_mix import METER, mix

_VERSION: Final = 1
"""Of how sound is made: goes up when the same project would sound different."""

TRUE_PEAK: Final = -1.0
"""Highest true peak, dBTP (EBU R 128 s1 and the web's players ask for this much room)."""

_MOST_GAIN: Final = 40.0
"""dB: what is quieter than that is noise, and stays quiet."""
_MOST_LIMITING: Final = 15.0
"""dB by which peaks are pressed down at most: beyond that, loud is all that a sound would be."""
_CLOSE: Final = 0.2
"""LU by which the loudness may miss its target before it is tried again."""
_TRIES: Final = 6
_NOTHING: Final = 2.0**-24
"""Peak below which 24 bits hold nothing but noughts."""
_SILENCE: Final = -69.0
"""LUFS at or below which EBU R 128 hears nothing."""
_OVERSAMPLED: Final = 4 * SOUND_RATE
_CEILING: Final = TRUE_PEAK - 0.2
"""dBFS of the limiter at four times the rate; what coming back down adds fits in between."""


@dataclass(frozen=True)
class SoundReport:
    """How a film's sound was made. Loudness is LUFS (EBU R 128), peaks are dBTP."""

    path: Path
    """The WAV."""
    seconds: float
    """Its length: that of the film."""
    found: float | None
    """Loudness of the plain mix; None where it is too quiet or short to be measured."""
    loudness: float | None
    """Loudness of the file."""
    peak: float
    """Highest true peak of the file."""
    gain: float
    """What was added to the mix, dB, before its peaks were limited."""
    limited: bool
    """Whether peaks had to be limited."""
    notes: tuple[str, ...]
    """What the user should know, in sentences."""


def sound_key(project: Project, plan: FilmPlan) -> str:
    """A name for how this film sounds: it changes when anything that is heard does."""
    shots = {shot.id: shot for shot in project.shots}
    clips = [
        (card.shot, shots[card.shot].media.sha256, shots[card.shot].sound_gain)
        for card in plan.cards
        if card.shot is not None and not shots[card.shot].is_photo
    ]
    heard = {
        "version": _VERSION,
        "rate": str(plan.rate),
        "frames": plan.frames,
        "cards": [
            (card.shot, card.start, card.frames, card.way.frames if card.way else 0)
            for card in plan.cards
        ]
        if clips
        else [],
        "clips": clips,
        "sound": project.sound.model_dump(mode="json", exclude={"beats"}),
    }
    return hashlib.sha256(json.dumps(heard, sort_keys=True).encode()).hexdigest()


def mix_sound(
    project: Project,
    plan: FilmPlan,
    shelf: Shelf,
    target_wav: str | os.PathLike[str],
    *,
    clip_sounds: Mapping[str, str | os.PathLike[str]] | None = None,
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> SoundReport | None:
    """Write everything that is heard in a film as one WAV, 48 kHz stereo, 24 bits.

    It is exactly as long as the film: frame *f* is seen while sample ``round(f / fps * 48000)``
    is heard. Tracks lie where they begin, clips bring their own sound, cross-faded over their
    transitions; music sinks under voices; the whole is brought to the project's loudness by
    one gain, and peaks that would pass -1 dBTP are limited.

    Args:
        project: the film.
        plan: its frames.
        shelf: where the media are.
        target_wav: the file to write, complete or not at all.
        clip_sounds: files with the sound of clips, by shot id, each as long as its clip; None
            takes the clips from the shelf.
        cancel: stops the work between small steps.
        progress: told how far it is, in seconds of film.

    Returns what was made, or None, without a file, where there is nothing to hear.

    Raises:
        InvalidMedia: a track cannot be read, or the file cannot be written.
        LimitExceeded: a track is over the caps.
        Cancelled: somebody asked to stop.
    """
    cancel = cancel or CancelToken()
    target = Path(target_wav)
    notes: dict[str, None] = {}
    bits = lay_sounds(project, plan, shelf, clip_sounds, cancel, lambda n: notes.setdefault(n))
    if not bits:
        return None
    total = film_samples(plan)
    draft = target.with_name(f".{secrets.token_hex(8)}.mix")
    partial = target.with_name(f".{secrets.token_hex(8)}.part")
    told = _Told(progress, total)
    try:
        try:
            blocks = mix(
                bits,
                total,
                project.sound.ducking,
                cancel=cancel,
                note=lambda n: notes.setdefault(n),
            )
            found, peak = _keep(blocks, draft, told)
            if peak < _NOTHING:
                return None
            result = _level(
                draft, partial, total, found, peak, project.sound.loudness, cancel, told
            )
            partial.replace(target)
        except OSError as error:
            raise InvalidMedia(
                f"The sound cannot be written: {reason(error)}. Free some space and try again."
            ) from error
    finally:
        draft.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)
    wanted = project.sound.loudness
    if wanted is not None and result.loudness is not None and wanted - result.loudness > 1:
        notes.setdefault(
            f"The sound is {result.loudness:.1f} LUFS loud instead of {wanted:.1f}: "
            + (
                "its loudest moments leave no room for more."
                if result.limited
                else "it is so quiet that more would bring up mostly noise."
            )
        )
    return SoundReport(
        path=target,
        seconds=total / SOUND_RATE,
        found=found,
        loudness=result.loudness,
        peak=result.peak,
        gain=result.gain,
        limited=result.limited,
        notes=tuple(notes),
    )


class _Told:
    """Turns samples into progress; levelling goes over the film once or a few times."""

    def __init__(self, progress: ProgressCallback, total: int) -> None:
        self._progress = progress
        self._total = total

    def __call__(self, stage: str, done: int) -> None:
        self._progress(Progress(stage, done // SOUND_RATE, max(1, self._total // SOUND_RATE)))


@dataclass(frozen=True)
class _Levelled:
    loudness: float | None
    peak: float
    gain: float
    limited: bool


def _keep(
    blocks: Iterator[tuple[Samples, dict[str, str]]], draft: Path, told: Callable[[str, int], None]
) -> tuple[float | None, float]:
    """Keep the mix as raw floats; its loudness, and its true peak as an amplitude."""
    measured: dict[str, str] = {}
    peak = 0.0
    done = 0
    with draft.open("xb") as file:
        for block, seen in blocks:
            measured = seen
            file.write(np.ascontiguousarray(block.T, np.float32).tobytes())
            peak = max(peak, float(np.abs(block).max(initial=0)))
            done += block.shape[1]
            told("Mixing the sound", done)
    return _loudness(measured), max(peak, _true_peak(measured))


def _level(
    draft: Path,
    partial: Path,
    total: int,
    found: float | None,
    peak: float,
    wanted: float | None,
    cancel: CancelToken,
    told: Callable[[str, int], None],
) -> _Levelled:
    """Write the mix with the gain that makes it as loud as wanted."""
    top = 20 * math.log10(peak)
    most = min(_MOST_GAIN, TRUE_PEAK - top + _MOST_LIMITING)
    gain = 0.0 if wanted is None or found is None else min(most, wanted - found)
    ceiling = _CEILING
    best: _Levelled | None = None
    for _ in range(_TRIES):
        limited = top + gain > (0.0 if wanted is None else TRUE_PEAK)
        measured = _write(draft, partial, total, gain, ceiling if limited else None, cancel, told)
        loudness = _loudness(measured)
        before, best = best, _Levelled(loudness, _dbtp(_true_peak(measured)), gain, limited)
        if not limited:
            break
        over = best.peak - TRUE_PEAK
        ceiling -= max(0.0, over)
        missing = 0.0 if wanted is None or loudness is None else wanted - loudness
        gained = loudness - before.loudness if before and loudness and before.loudness else 1.0
        # More gain that makes nothing louder only flattens.
        done = abs(missing) <= _CLOSE or (missing > 0 and (gain >= most or gained < _CLOSE / 2))
        if done and over <= 0.02:
            break
        gain = min(most, gain if done else gain + missing)
    assert best is not None
    return best


def _write(
    draft: Path,
    partial: Path,
    total: int,
    gain: float,
    ceiling: float | None,
    cancel: CancelToken,
    told: Callable[[str, int], None],
) -> dict[str, str]:
    """Write the file with this gain, dB, and no peak above ``ceiling``, dBFS.

    Returns what FFmpeg measured of it.
    """
    filters: list[Filter] = [("volume", f"volume={gain}dB:precision=float")]
    if ceiling is not None:
        # True peaks lie between the samples: the limiter works where they can be seen.
        filters += [
            ("aresample", str(_OVERSAMPLED)),
            ("alimiter", f"limit={10 ** (ceiling / 20)}:level=0:latency=1:attack=5:release=60"),
            ("aresample", str(SOUND_RATE)),
        ]
    graph = straight(*filters, METER)
    partial.unlink(missing_ok=True)
    done = 0
    with draft.open("rb") as file, _Wav(partial) as wav:
        while (block := _read(file)) is not None:
            cancel.check()
            done += block.shape[1]
            for made in graph.push(block):
                wav.write(made)
            told("Levelling the sound", done)
        for made in graph.end():
            wav.write(made)
        wav.fill(total)
    return graph.measured


def _read(file: IO[bytes]) -> Samples | None:
    values = np.frombuffer(file.read(BLOCK * 8), np.float32)
    return values.reshape(-1, 2).T if values.size else None


class _Wav:
    """A WAV of 24 bits that is being written."""

    def __init__(self, path: Path) -> None:
        self._container = av.open(
            str(path), "w", format="wav", container_options={"fflags": "+bitexact"}
        )
        stream = self._container.add_stream("pcm_s24le", rate=SOUND_RATE, layout="stereo")
        assert isinstance(stream, AudioStream)
        stream.codec_context.flags |= Flags.bitexact.value
        self._stream = stream
        self._convert = av.AudioResampler(format="s32", layout="stereo", rate=SOUND_RATE)
        self._done = 0

    def __enter__(self) -> _Wav:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def write(self, block: Samples) -> None:
        if not block.shape[1]:
            return
        # What lies above full scale would otherwise come out as the opposite.
        plain = np.ascontiguousarray(np.clip(block, -1, 1))
        frame = av.AudioFrame.from_ndarray(plain, format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
        frame.pts = self._done
        self._done += block.shape[1]
        for made in self._convert.resample(frame):
            self._container.mux(self._stream.encode(made))

    def fill(self, total: int) -> None:
        """Silence up to ``total`` samples, and the end."""
        while self._done < total:
            self.write(np.zeros((2, min(BLOCK, total - self._done)), np.float32))
        self._container.mux(self._stream.encode(None))


def _loudness(measured: Mapping[str, str]) -> float | None:
    """Integrated loudness, LUFS; None where there is nothing to measure."""
    value = float(measured.get("lavfi.r128.I", "-inf"))
    return value if math.isfinite(value) and value > _SILENCE else None


def _true_peak(measured: Mapping[str, str]) -> float:
    return float(measured.get("lavfi.r128.true_peak", "0"))


def _dbtp(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude > 0 else -math.inf
