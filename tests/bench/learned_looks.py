"""What learned looks are worth: clips graded with a known LUT, other scenes to judge by.

python -m tests.bench.learned_looks          the table, and how long learning takes
python -m tests.bench.learned_looks table    the numbers of the bundled neutral scenes

Five clips are graded with one of the product's ten looks; what is learned of them is applied to
ungraded pictures of five other scenes and compared with the true grade there, as mean ΔE2000. What
is given beside the graded clips differs: the same clips before the grade, pictures of other scenes
(three of those that the bundled numbers come from), or nothing. "Reinhard, each" is the transfer
of E. Reinhard et al. (2001) from each picture's own mean and spread in CIELAB to those of the
clips; "Reinhard, fixed" goes from the mean and spread of what was given beside.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab

from synth.grade.looks import look_lut, looks
from synth.grade.lut import Lut
from synth.media import EncoderSettings, VideoReader, VideoWriter, load_image
from synth.style.look import RunningLook, learn_look
from tests.bench.examples import EXAMPLES
from tests.bench.interpolation.footage import usual_folder

Picture = np.ndarray

SHUFFLES = 2
"""Ways in which scenes become references or judges."""


@dataclass(frozen=True)
class Row:
    """Mean ΔE2000 to the true grade of one look."""

    look: str
    untouched: float
    reinhard_each: float
    counterparts: float
    reinhard_counterparts: float
    others: float
    reinhard_others: float
    nothing: float


def packaged() -> dict[str, Path]:
    """Pictures that come with packages of the environment."""
    import gradio
    import skimage
    import sklearn

    science, learning, screen = (Path(m.__file__).parent for m in (skimage, sklearn, gradio))
    found = {
        **{n.split(".")[0]: science / "data" / n for n in
           ("astronaut.png", "coffee.png", "chelsea.png", "motorcycle_left.png", "rocket.jpg")},
        **{n: learning / "datasets" / "images" / f"{n}.jpg" for n in ("china", "flower")},
        **{n.split(".")[0]: screen / "media_assets" / "images" / n for n in
           ("cheetah.jpg", "tower.jpg", "groot.jpeg")},
    }  # fmt: skip
    return {name: path for name, path in found.items() if path.is_file()}


def neutral_scenes() -> dict[str, Picture]:
    """The pictures that the bundled numbers come from."""
    names = ("astronaut", "coffee", "chelsea", "motorcycle_left", "rocket")
    paths = [path for name, path in packaged().items() if name in names]
    paths += [EXAMPLES / f"{name}.jpg" for name in ("cloister", "lighthouse", "robot")]
    return {path.stem: _small(load_image(path).pixels, 480) for path in paths}


def other_scenes() -> dict[str, Picture]:
    """Pictures that the bundled numbers know nothing of: photos, and footage where there is any."""
    names = ("china", "flower", "cheetah", "tower", "groot")
    found = {name: load_image(packaged()[name]).pixels for name in names if name in packaged()}
    folder = usual_folder()
    for path in sorted(folder.iterdir()) if folder else ():
        if path.suffix in (".mp4", ".webm") and "chaplin" not in path.name:
            with VideoReader(path) as reader:
                pictures = [f.pixels for n, f in zip(range(121), reader, strict=False) if n == 120]
            if pictures and np.ptp(pictures[0].astype(int), axis=2).mean() > 8:
                found[path.stem] = pictures[0]
    return {name: _small(pixels, 640) for name, pixels in found.items()}


def table_of() -> str:
    """The numbers in ``synth.style.look_neutral``."""
    from synth.style.look_colour import colours_of, some_colours, to_oklab

    rows = [
        colours_of([to_oklab(some_colours([picture], 20_000))]).rows()[0]
        for picture in neutral_scenes().values()
    ]
    return "\n".join(f"({', '.join(f'{value:.3f}' for value in row)})," for row in rows)


def write_clip(
    path: Path, picture: Picture, lut: Lut | None, *, size: tuple[int, int], seconds: float
) -> Path:
    """A slow pan over a picture, graded or not."""
    width, height = size
    count = round(seconds * 24)
    scale = max(width / picture.shape[1], height / picture.shape[0]) * 1.2
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    settings = EncoderSettings(preset="ultrafast", crf=18)
    with VideoWriter(
        path, width=width, height=height, fps=Fraction(24), settings=settings
    ) as writer:
        for n in range(count):
            left = round((large.shape[1] - width) * n / count)
            top = round((large.shape[0] - height) * (1 - n / count))
            frame = np.ascontiguousarray(large[top : top + height, left : left + width])
            writer.write(frame if lut is None else graded(lut, frame))
    return path


def graded(lut: Lut, picture: Picture) -> Picture:
    """A picture through a table, uint8."""
    values = lut.apply(picture.astype(np.float32) / np.float32(255))
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


def rows() -> Iterator[Row]:
    """Every look, over the shuffles."""
    scenes = other_scenes()
    beside = list(neutral_scenes().values())[:3]
    for look in looks():
        lut = look_lut(look.name)
        found = []
        for shuffle in range(SHUFFLES):
            names = list(np.random.default_rng(shuffle).permutation(sorted(scenes)))
            found.append(
                _judged(lut, [scenes[n] for n in names[:5]], [scenes[n] for n in names[5:]], beside)
            )
        yield Row(look.name, *(float(value) for value in np.mean(found, axis=0)))


def _judged(
    lut: Lut, shown: Sequence[Picture], judges: Sequence[Picture], beside: Sequence[Picture]
) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        size, seconds = (480, 270), 1.5
        styled, plain = (
            [
                write_clip(place / f"{kind}{n}.mp4", picture, table, size=size, seconds=seconds)
                for n, picture in enumerate(shown)
            ]
            for kind, table in (("styled", lut), ("plain", None))
        )
        others = []
        for n, picture in enumerate(beside):
            others.append(place / f"{n}.png")
            cv2.imwrite(str(others[-1]), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        learned = [
            learn_look(styled, name="look", neutral=given).look for given in (plain, others, ())
        ]
    target = _statistics([graded(lut, picture) for picture in shown])
    truth = [rgb2lab(graded(lut, picture)) for picture in judges]

    def distance(made: Sequence[Picture]) -> float:
        return float(
            np.mean(
                [
                    deltaE_ciede2000(rgb2lab(picture), true).mean()
                    for picture, true in zip(made, truth, strict=True)
                ]
            )
        )

    ours = [
        distance(
            [
                RunningLook(look, 1.0, picture.shape[1], picture.shape[0]).apply(picture, 0)
                for picture in judges
            ]
        )
        for look in learned
    ]
    fixed = [
        distance([reinhard(picture, _statistics(given), target) for picture in judges])
        for given in (shown, beside)
    ]
    each = distance([reinhard(picture, _statistics([picture]), target) for picture in judges])
    return [distance(judges), each, ours[0], fixed[0], ours[1], fixed[1], ours[2]]


def reinhard(picture: Picture, of: np.ndarray, to: np.ndarray) -> Picture:
    """A picture moved from one mean and spread (2, 3) in CIELAB to another."""
    lab = (rgb2lab(picture) - of[0]) / np.maximum(of[1], 1e-3) * to[1] + to[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # colours that no screen shows
        return np.rint(np.clip(lab2rgb(lab), 0, 1) * 255).astype(np.uint8)


def _statistics(pictures: Sequence[Picture]) -> np.ndarray:
    flat = np.concatenate([rgb2lab(picture[::3, ::3]).reshape(-1, 3) for picture in pictures])
    return np.stack([flat.mean(axis=0), flat.std(axis=0)])


def _small(pixels: Picture, side: int) -> Picture:
    scale = side / max(pixels.shape[:2])
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def seconds_to_learn() -> dict[str, tuple[float, float]]:
    """Seconds and CPU seconds for ten clips of 5 s at 720p."""
    pictures = [*neutral_scenes().values(), *other_scenes().values()][:10]
    lut = look_lut("teal_orange")
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        paths = {
            kind: [
                write_clip(place / f"{kind}{n}.mp4", p, table, size=(1280, 720), seconds=5.0)
                for n, p in enumerate(pictures)
            ]
            for kind, table in (("styled", lut), ("plain", None))
        }
        learn_look(paths["styled"][:1], name="compiled once")
        for words, given in (("nothing beside", ()), ("counterparts", paths["plain"])):
            began = time.monotonic(), time.process_time()
            learn_look(paths["styled"], name="look", neutral=given)
            found[words] = time.monotonic() - began[0], time.process_time() - began[1]
    return found


def frame_times() -> dict[str, float]:
    """Milliseconds to lay a look on a frame, after the first ones."""
    from synth.style.look import Look, Texture

    cube = look_lut("teal_orange").cube
    texture = Texture(grain=4.0, halation=(0.3, 0.1, 0.05), vignette=0.3)
    found = {}
    for width, height in ((1280, 720), (1920, 1080)):
        frame = cv2.resize(next(iter(other_scenes().values())), (width, height))
        for words, look in (("colours", Look(cube)), ("with all textures", Look(cube, texture))):
            running = RunningLook(look, 1.0, width, height)
            for n in range(10):
                running.apply(frame, n)
            times = []
            for n in range(15):
                began = time.monotonic()
                running.apply(frame, n)
                times.append(time.monotonic() - began)
            found[f"{words}, {width}x{height}"] = 1000 * float(np.median(times))
    return found


def main(wanted: list[str]) -> None:
    """Print the table, or the numbers of neutral scenes."""
    if "table" in wanted:
        print(table_of())
        return
    print("| mean ΔE2000 | untouched | Reinhard, each | learned, counterparts | Reinhard, fixed, "
          "counterparts | learned, other scenes | Reinhard, fixed, other scenes | learned, nothing "
          "beside |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    every = []
    for row in rows():
        every.append(list(vars(row).values())[1:])
        figures = " | ".join(f"{value:.2f}" for value in every[-1])
        print(f"| {row.look} | {figures} |", flush=True)
    mean = np.mean(every, axis=0)
    print("| mean | " + " | ".join(f"{value:.2f}" for value in mean) + " |\n")
    print("| ten clips of 5 s, 720p, learned with | seconds | CPU seconds |\n|---|---|---|")
    for words, (seconds, cpu) in seconds_to_learn().items():
        print(f"| {words} | {seconds:.1f} | {cpu:.1f} |", flush=True)
    print("\n| laid on a frame | ms |\n|---|---|")
    for words, milliseconds in frame_times().items():
        print(f"| {words} | {milliseconds:.1f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
