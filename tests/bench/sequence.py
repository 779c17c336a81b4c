"""The sequence: what a change costs, speed beside moviepy and FFmpeg, an hour's worth of shots,
and films that are killed while they are made.

``python -m tests.bench sequence`` runs all parts; ``python -m tests.bench.sequence compare`` one.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np

from synth.media import EncoderSettings, VideoWriter, load_image
from synth.motion import MotionControl
from synth.sequence.film import FilmResult, compose
from synth.sequence.footage import lengths_of
from synth.sequence.project import (
    FilmSettings,
    Project,
    SequenceShot,
    SoundSettings,
    SoundTrack,
)  # fmt: skip
from synth.sequence.shelf import Shelf
from synth.sequence.storyboard import Card, Way, arrange, cards
from synth.shot.model import Shot
from tests.sequence.small_films import digest, three

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = tuple(sorted((ROOT / "assets" / "examples").glob("*.jpg")))
MOVES = (("truck", "left"), ("dolly", "forward"), ("pan", "right"), ("orbit", "left"))
RATE = 24
CLIP_SECONDS = (5, 4, 8)
FADE = 1
ENCODER = EncoderSettings(preset="veryfast", crf=18)


@dataclass(frozen=True)
class Cost:
    """Seconds of one piece of work."""

    wall: float
    """By the clock on the wall."""
    cpu: float
    """Of all processors, child processes among them."""


def measured(work: Callable[[], object]) -> Cost:
    """What it costs to do this."""
    before, began = os.times(), time.monotonic()
    work()
    wall, after = time.monotonic() - began, os.times()
    return Cost(wall, sum(after[:4]) - sum(before[:4]))


def photo_shots(shelf: Shelf, count: int, seconds: float) -> list[SequenceShot]:
    """Shots of the bundled examples, each with a move and a seed of its own."""
    refs = [shelf.add(path, "photo") for path in PHOTOS]
    shots = []
    for number in range(count):
        kind, direction = MOVES[number % len(MOVES)]
        camera = {"type": kind, "direction": direction, "intensity": 0.4, "duration": seconds}
        motion = MotionControl.from_dict({"camera": camera})
        shot = Shot.from_dict({"motion": motion.to_dict(), "seed": number})
        shots.append(SequenceShot(id=f"s{number}", media=refs[number % len(refs)], shot=shot))
    return shots


def film_of(shots: list[SequenceShot], shelf: Shelf, fade: int, **output: object) -> Project:
    """The shots one after the other, dissolved."""
    settings = FilmSettings.model_validate({"aspect": "16:9", **output})
    bare = Project(name="Bench", shots=tuple(shots), output=settings)
    lengths = lengths_of(bare, shelf)
    return arrange(bare, [Card(s.id, 0, lengths[s.id], Way("dissolve", fade)) for s in shots])


def change(folder: Path) -> None:
    """One shot of ten changes; one transition changes."""
    shelf = Shelf(folder / "shelf")
    project = film_of(photo_shots(shelf, 10, 2.0), shelf, 12)
    kept, results = folder / "kept", {}

    def made(name: str, changed: Project) -> Cost:
        def work() -> None:
            results[name] = compose(changed, shelf, folder / "film.mp4", folder=kept)

        return measured(work)

    whole = made("whole", project)
    shot = project.shots[4]
    other = project.with_shot(
        shot.model_copy(update={"shot": shot.shot.model_copy(update={"focal_length": 40.0})})
    )
    laid = list(cards(project, lengths_of(project, shelf)))
    laid[6] = replace(laid[6], way=Way("wipeleft", 12))
    rows = (("one shot of ten", other), ("one transition", arrange(project, laid)),
            ("nothing", project))  # fmt: skip
    frames = results["whole"].frames
    print(f"\nTen photos, {frames} frames of 1280x720, drawn and encoded: {whole.wall:.1f} s")
    print("| changed | drawn | stretches encoded | seconds | share of the whole |")
    print("|---|---|---|---|---|")
    for name, changed in rows:
        cost = made(name, changed)
        result: FilmResult = results[name]
        drawn = ", ".join(result.drawn) or "none"
        print(
            f"| {name} | {drawn} | {result.encoded} of {result.stretches} | {cost.wall:.2f} | "
            f"{cost.wall / whole.wall:.3f} |",
            flush=True,
        )


def clip(path: Path, photo: Path, seconds: int, seed: int, encoder: EncoderSettings) -> None:
    """A clip of 1280x720 that drifts over a photo, with a little grain."""
    pixels = load_image(photo).pixels
    scale = 1500 / pixels.shape[1]
    pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rng = np.random.default_rng(seed)
    frames = seconds * RATE
    with VideoWriter(path, width=1280, height=720, fps=RATE, settings=encoder) as writer:
        for number in range(frames):
            share = number / frames
            matrix = np.array([[1, 0, -200 * share], [0, 1, -60 - 60 * share]], np.float32)
            view = cv2.warpAffine(pixels, matrix, (1280, 720), flags=cv2.INTER_LINEAR)
            grain = rng.integers(-3, 4, (720, 1280, 1), np.int8)
            writer.write(np.clip(view.astype(np.int16) + grain, 0, 255).astype(np.uint8))


def with_moviepy(clips: list[Path], target: Path) -> None:
    """The same film as people write it with moviepy."""
    from moviepy import CompositeVideoClip, VideoFileClip, vfx

    made, at = [], 0.0
    for number, path in enumerate(clips):
        part = VideoFileClip(str(path)).with_start(at)
        made.append(part.with_effects([vfx.CrossFadeIn(FADE)]) if number else part)
        at += part.duration - FADE
    film = CompositeVideoClip(made)
    film.write_videofile(
        str(target), fps=RATE, codec="libx264", preset=ENCODER.preset, audio=False, logger=None,
        ffmpeg_params=["-crf", str(ENCODER.crf), "-pix_fmt", "yuv420p"],
    )  # fmt: skip
    for part in made:
        part.close()


def with_ffmpeg(clips: list[Path], target: Path) -> None:
    """The same film by FFmpeg's command line."""
    import imageio_ffmpeg

    graph, before, at = [], "0", 0
    for number in range(1, len(clips)):
        at += CLIP_SECONDS[number - 1] - FADE
        graph.append(
            f"[{before}][{number}]xfade=transition=fade:duration={FADE}:offset={at}[x{number}]"
        )
        before = f"x{number}"
    subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y",
            *(part for path in clips for part in ("-i", str(path))),
            "-filter_complex", ";".join(graph), "-map", f"[{before}]",
            "-c:v", "libx264", "-preset", ENCODER.preset, "-crf", str(ENCODER.crf),
            "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(target),
        ],
        check=True,
    )  # fmt: skip


def compare(folder: Path) -> None:
    """Three ready clips, crossfaded: ours, moviepy's, FFmpeg's."""
    kinds = {
        "from another encoder: all is encoded again": ENCODER.model_copy(
            update={"preset": "medium", "keyframe_seconds": 2}
        ),
        "made here, a key frame every 2 s: what nothing touches is copied": ENCODER.model_copy(
            update={"keyframe_seconds": 2}
        ),
    }
    for number, (name, encoder) in enumerate(kinds.items()):
        place = folder / str(number)
        place.mkdir()
        print(f"\nThree clips of {CLIP_SECONDS} s, 1280x720, crossfaded; {name}")
        _joined(place, encoder)


def _joined(folder: Path, encoder: EncoderSettings, rounds: int = 3) -> None:
    paths = [folder / f"clip-{number}.mp4" for number in range(len(CLIP_SECONDS))]
    for number, (path, seconds) in enumerate(zip(paths, CLIP_SECONDS, strict=True)):
        clip(path, PHOTOS[number % len(PHOTOS)], seconds, number, encoder)
    shelf = Shelf(folder / "shelf")
    shots = [
        SequenceShot(id=path.stem, media=shelf.add(path, "video"), sound_gain=None)
        for path in paths
    ]
    project = film_of(shots, shelf, FADE * RATE)
    target = {name: folder / f"{name}.mp4" for name in ("ours", "FFmpeg", "moviepy")}
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: compose(project, shelf, target["ours"]),
        "FFmpeg": lambda: with_ffmpeg(paths, target["FFmpeg"]),
        "moviepy": lambda: with_moviepy(paths, target["moviepy"]),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(rounds):  # by turns, so that what else the machine does falls on all
        for name, way in ways.items():
            costs[name].append(measured(way))
    best = {
        name: Cost(min(c.wall for c in found), min(c.cpu for c in found))
        for name, found in costs.items()
    }
    ours = best["ours"]
    print(
        "| best of three | frames | MB | seconds | of processors | ours is faster | of processors |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, cost in best.items():
        with av.open(str(target[name])) as film:
            frames = film.streams.video[0].frames
        size = target[name].stat().st_size / 1e6
        print(
            f"| {name} | {frames} | {size:.2f} | {cost.wall:.2f} | {cost.cpu:.2f} | "
            f"{cost.wall / ours.wall:.2f} | {cost.cpu / ours.cpu:.2f} |",
            flush=True,
        )


class Memory:
    """Watches how much memory this process holds, MB, four times a second."""

    def __init__(self) -> None:
        self.seen: list[float] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE") / 1e6
        while not self._end.wait(0.25):
            self.seen.append(int(Path("/proc/self/statm").read_text().split()[1]) * page)

    def peak(self, first: float, last: float) -> float:
        """The most within a share of the time."""
        count = len(self.seen)
        return max(self.seen[int(first * count) : max(int(last * count), 1)])


def music(path: Path, seconds: float) -> None:
    """Noise in bursts, as a stand-in for music."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w", format="wav") as file:
        stream = file.add_stream("pcm_s16le", rate=48_000, layout="stereo")
        for second in range(int(seconds) + 1):
            envelope = np.exp(-np.linspace(0, 6, 48_000 // 2))
            burst = rng.standard_normal((2, 48_000)) * np.tile(envelope, 2) * 4000
            block = np.clip(burst, -32000, 32000).astype(np.int16).T.reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(block), format="s16", layout="stereo"
            )
            frame.sample_rate, frame.pts = 48_000, second * 48_000
            file.mux(stream.encode(frame))


def many(folder: Path, count: int = 60) -> None:
    """Sixty shots, five minutes."""
    shelf = Shelf(folder / "shelf")
    shots = photo_shots(shelf, count, 5.5)
    project = film_of(shots, shelf, 12, fps="23.976")
    music(folder / "music.wav", 5.0 * count + 5)
    track = SoundTrack(media=shelf.add(folder / "music.wav", "sound"))
    project = project.changed(sound=SoundSettings(tracks=(track,)))
    results: list[FilmResult] = []
    with Memory() as memory:
        cost = measured(
            lambda: results.append(
                compose(project, shelf, folder / "film.mp4", folder=folder / "kept")
            )
        )
    result = results[0]
    with av.open(str(folder / "film.mp4")) as film:
        ends = [stream.duration * stream.time_base for stream in film.streams if stream.duration
                and stream.time_base]  # fmt: skip
    kept = sum(path.stat().st_size for path in (folder / "kept").rglob("*") if path.is_file())
    picture, heard = ends[0], ends[1]
    print(f"\n{count} photos, {float(result.plan.seconds):.1f} s of 1280x720 at 23.976, with sound")
    print("| | |\n|---|---|")
    for name, seconds in result.timings.items():
        print(f"| seconds, {name} | {seconds:.1f} |")
    print(f"| frames a second, everything | {result.frames / cost.wall:.1f} |")
    for name, first, last in (("first", 0, 1 / 3), ("second", 1 / 3, 2 / 3), ("last", 2 / 3, 1)):
        print(f"| most memory in the {name} third | {memory.peak(first, last):.0f} MB |")
    print(f"| kept on disk | {kept / 1e6:.0f} MB |")
    print(f"| picture ends, sound ends | {float(picture):.4f} s, {float(heard):.4f} s |")
    frames = abs(picture - heard) * result.plan.rate
    print(f"| apart | {float(frames):.3f} frames |")
    if result.sound is not None and result.sound.loudness is not None:
        print(f"| loudness | {result.sound.loudness:.2f} LUFS |")
    passed = sum(values.get("obeyed") is True for values in result.fidelity.values())
    print(f"| cameras that did what was asked | {passed} of {len(result.fidelity)} |", flush=True)


def _begun(*arguments: Path) -> subprocess.Popen[str]:
    """A process that makes a film, from the moment on when it begins."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sequence.small_films", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    return process


def kills(folder: Path, count: int = 20) -> None:
    """A film that is killed again and again while it is made."""
    project, shelf = three(folder)
    (folder / "project.json").write_text(project.to_json(), "utf-8")
    seconds: list[float] = []
    for _ in range(2):  # the first loads what the disk has forgotten
        with tempfile.TemporaryDirectory() as kept:
            process = _begun(folder, Path(kept), folder / "whole.mp4")
            began = time.monotonic()
            process.wait()
            seconds.append(time.monotonic() - began)
    whole, chance = digest(folder / "whole.mp4"), random.Random(0)
    same = reached = finished = 0
    for number in range(count):
        kept, target = folder / f"kept-{number}", folder / f"film-{number}.mp4"
        process = _begun(folder, kept, target)
        time.sleep(chance.uniform(0, 1) * min(seconds))
        process.kill()
        process.wait()
        finished += target.exists()
        reached += bool(list(kept.rglob("*.json")))
        compose(project, shelf, target, folder=kept)
        left = [path for path in folder.rglob(".*") if path.name != ".lock"]
        same += digest(target) == whole and not left
    print(
        f"\n{count} kills at random moments of {min(seconds):.1f} s, each gone on with: {same} "
        f"films are the uninterrupted one bit for bit with no file left behind; {reached} had "
        f"something to go on from, {finished} were whole already",
        flush=True,
    )


PARTS: dict[str, Callable[[Path], None]] = {
    "change": change, "compare": compare, "many": many, "kills": kills,
}  # fmt: skip


def main() -> None:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    for name in parser.parse_args().parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="motion-synth-bench-") as folder:
            PARTS[name](Path(folder))


if __name__ == "__main__":
    main()
