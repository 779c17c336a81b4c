"""Sound at another speed: like a tape, or with its pitch kept, along any curve of speed.

Both kinds follow one curve from moments of the clip to moments of the source, so a ramp of many
short pieces is as smooth as one piece and nothing drifts, however long it lasts.

Tape: band-limited interpolation at the curve's positions with a Kaiser-windowed sinc (J. O. Smith,
"Digital Audio Resampling", https://ccrma.stanford.edu/~jos/resample/).

Kept pitch: WSOLA (W. Verhelst and M. Roelands, "An overlap-add technique based on waveform
similarity", ICASSP 1993). FFmpeg's ``atempo`` is the same idea, but it changes its speed only from
one of its windows to the next, which adds up over a ramp, and needs a chain of four for 1/16.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from synth.media.sound import Sound
from synth.media.sound_reader import SOUND_RATE, SoundReader

_HALF: Final = 960
"""Half a window of WSOLA, samples: 20 ms."""
_SEARCH: Final = 720
"""How far a window may move to fit its neighbour: 15 ms, the period of 67 Hz."""
_COARSE: Final = 4
_NEARER: Final = 0.02
"""How much better, in correlation, the farthest place must fit than the nearest."""
_OVERRUN: Final = SOUND_RATE // 10
"""Samples by which the last piece runs on where the pictures last a little longer."""
_CROSSINGS: Final = 16
_STEPS: Final = 512
_BLOCK: Final = 1024


class SoundCurve:
    """Which moment of the source is heard when."""

    def __init__(self, sound: Sound) -> None:
        """Lay the pieces out one after another."""
        heard, taken = [Fraction(0)], [sound.pieces[0].source_start]
        for piece in sound.pieces:
            heard.append(heard[-1] + piece.source_seconds / Fraction(piece.speed))
            taken.append(taken[-1] + piece.source_seconds)
        self._heard = np.array([float(moment * SOUND_RATE) for moment in heard])
        self._taken = np.array([float(moment * SOUND_RATE) for moment in taken])
        self._speeds = np.array([piece.speed for piece in sound.pieces])

    @property
    def end(self) -> int:
        """Samples of the clip until the last piece ends."""
        return round(self._heard[-1])

    def at(self, samples: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions in the source, samples, and speeds there, for sample numbers of the clip.

        The first and the last piece go on beyond their ends.
        """
        piece = np.searchsorted(self._heard, samples, side="right") - 1
        piece = np.clip(piece, 0, len(self._speeds) - 1)
        speeds = self._speeds[piece]
        positions = self._taken[piece] + (samples - self._heard[piece]) * speeds
        return positions.astype(np.float64), speeds

    def nearest(self, sample: int) -> int:
        """As ``at`` for a single number, rounded to a whole sample of the source."""
        piece = int(np.searchsorted(self._heard, sample, side="right")) - 1
        piece = min(max(piece, 0), len(self._speeds) - 1)
        return round(
            float(self._taken[piece] + (sample - self._heard[piece]) * self._speeds[piece])
        )


class RetimedSound:
    """The sound of a clip, block after block, without end: silence follows."""

    def __init__(self, reader: SoundReader, sound: Sound) -> None:
        """Take the sound's samples from ``reader``, which was opened at its first piece."""
        self._reader = reader
        self._curve = curve = SoundCurve(sound)
        self._next = 0
        self._last = curve.end + _OVERRUN
        self._made = np.zeros((reader.channels, 0), np.float32)
        if sound.unchanged:
            self._make = self._copied
        elif sound.keep_pitch:
            self._make = self._stretched
        else:
            self._make = self._taped
        self._sinc = _windowed_sinc()
        self._window = np.hanning(2 * _HALF + 1)[:-1].astype(np.float32)
        self._tail = np.zeros((reader.channels, _HALF), np.float32)
        self._before: int | None = None

    def read(self, count: int) -> NDArray[np.float32]:
        """The next ``count`` samples, float32 (channels, count)."""
        parts, have = [self._made], self._made.shape[1]
        while have < count:
            block = self._make(self._next)
            # What lies beyond the last piece is not asked for by anyone.
            block[:, max(0, self._last - self._next) :] = 0
            self._next += block.shape[1]
            parts.append(block)
            have += block.shape[1]
        made = np.concatenate(parts, axis=1)
        self._made = made[:, count:]
        return made[:, :count]

    def _copied(self, first: int) -> NDArray[np.float32]:
        begin = self._curve.nearest(first)
        found = self._reader.window(begin, _BLOCK)
        self._reader.forget(begin + _BLOCK)
        return found

    def _taped(self, first: int) -> NDArray[np.float32]:
        positions, speeds = self._curve.at(np.arange(first, first + _BLOCK))
        reach = int(np.ceil(_CROSSINGS * max(1.0, speeds.max()))) + 1
        begin = int(positions[0]) - reach
        found = self._reader.window(begin, int(positions[-1]) + reach + 2 - begin)
        made = np.empty((found.shape[0], _BLOCK), np.float32)
        _resample(found, positions - begin, speeds, self._sinc, made)
        self._reader.forget(begin)
        return made

    def _stretched(self, first: int) -> NDArray[np.float32]:
        """One hop of WSOLA: the window around ``first + _HALF`` over the end of the one before."""
        if self._before is None:
            begin = self._curve.nearest(first) - _HALF
            self._take(begin)
            self._before = begin
        begin = self._best(self._curve.nearest(first + _HALF) - _HALF, self._before + _HALF)
        tail = self._tail
        made = tail + self._take(begin)
        self._before = begin
        lowest = min(begin, self._curve.nearest(first + 2 * _HALF) - _HALF)
        self._reader.forget(lowest - 2 * _SEARCH)
        return made

    def _take(self, begin: int) -> NDArray[np.float32]:
        """The first half of a window faded in; the second, faded out, becomes the tail."""
        found = self._reader.window(begin, 2 * _HALF) * self._window
        self._tail = found[:, _HALF:]
        return found[:, :_HALF]

    def _best(self, wanted: int, natural: int) -> int:
        """Where near ``wanted`` the sound is most like what would follow by nature."""
        if wanted == natural:
            return wanted
        model = self._reader.window(natural, _HALF)
        field = self._reader.window(wanted - _SEARCH, 2 * _SEARCH + _HALF)
        coarse = _likeness(_thin(field), _thin(model))
        shifts = np.abs(np.arange(len(coarse)) * _COARSE - _SEARCH)
        middle = int(np.argmax(coarse - _NEARER * shifts / _SEARCH)) * _COARSE
        low = max(0, middle - _COARSE)
        high = min(2 * _SEARCH, middle + _COARSE)
        fine = _likeness(field[:, low : high + _HALF], model)
        if fine.max() <= 0:
            return wanted
        return wanted - _SEARCH + low + int(np.argmax(fine))


def _thin(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Every few samples averaged to one."""
    channels, count = samples.shape
    whole = samples[:, : count - count % _COARSE]
    return whole.reshape(channels, -1, _COARSE).mean(axis=2)


def _likeness(field: NDArray[np.float32], model: NDArray[np.float32]) -> NDArray[np.float64]:
    """Normalised correlation of ``model`` with every place in ``field``, all channels together."""
    length = model.shape[1]
    places = field.shape[1] - length + 1
    product = np.zeros(places)
    energy = np.zeros(places)
    for line, part in zip(field.astype(np.float64), model.astype(np.float64), strict=True):
        product += np.correlate(line, part, "valid")
        total = np.concatenate([[0.0], np.cumsum(line * line)])
        energy += total[length:] - total[:-length]
    scale = np.sqrt(np.maximum(energy, 0) * float((model.astype(np.float64) ** 2).sum()))
    return np.where(scale > 1e-6, product / np.maximum(scale, 1e-6), 0.0)


def _windowed_sinc() -> NDArray[np.float32]:
    """The right half of the filter, ``_STEPS`` values for each zero crossing, and one more."""
    x = np.arange(_CROSSINGS * _STEPS + 4) / _STEPS
    inside = np.clip(1 - (x / _CROSSINGS) ** 2, 0, None)
    return (np.sinc(x) * np.i0(9 * np.sqrt(inside)) / np.i0(9) * (x <= _CROSSINGS)).astype(
        np.float32
    )


@njit(cache=True, nogil=True, fastmath=True)
def _resample(source, positions, speeds, sinc, made):
    """``made[c, i]`` is ``source[c]`` at ``positions[i]``, without what would fold back."""
    weights = np.empty(source.shape[1], np.float32)
    for i in range(positions.shape[0]):
        position = positions[i]
        # Faster means higher: what would pass half the rate is filtered out before.
        scale = min(1.0, 1.0 / speeds[i])
        reach = _CROSSINGS / scale
        low = max(0, int(np.ceil(position - reach)))
        high = min(source.shape[1] - 1, int(np.floor(position + reach)))
        count = high + 1 - low
        first = np.float32((position - low) * scale * _STEPS)
        step = np.float32(scale * _STEPS)
        for j in range(count):
            x = abs(first - np.float32(j) * step)
            k = np.int32(x)
            part = x - np.float32(k)
            weights[j] = sinc[k] + (sinc[k + 1] - sinc[k]) * part
        for c in range(source.shape[0]):
            line = source[c]
            total = np.float32(0)
            for j in range(count):
                total += line[low + j] * weights[j]
            made[c, i] = total * np.float32(scale)
