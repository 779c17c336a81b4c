"""Looks learned from clips whose grade is known, judged on scenes that were never seen."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab

from synth.control import CancelToken
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia
from synth.grade.looks import look_lut, looks
from synth.grade.lut import Lut
from synth.media import EncoderSettings, VideoWriter, load_image
from synth.style.look import LearnedLook, Look, RunningLook, Texture, learn_look
from synth.style.look_colour import Colours, some_colours, to_oklab
from synth.style.look_fit import fit_clips
from synth.style.look_neutral import neutral_colours

ROOT = Path(__file__).resolve().parents[2]
SIZE = (320, 180)


def fitted(pixels: np.ndarray, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A picture that covers a frame, cut about its centre."""
    width, height = size
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    large = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    top, left = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2
    return np.ascontiguousarray(large[top : top + height, left : left + width][:height, :width])


def graded(lut: Lut, picture: np.ndarray) -> np.ndarray:
    """A picture through a table."""
    values = np.clip(lut.apply(picture.astype(np.float32) / np.float32(255)), 0, 1)
    return np.rint(values * 255).astype(np.uint8)


def write_clip(path: Path, frames: Sequence[np.ndarray]) -> Path:
    """A video of frames."""
    height, width = frames[0].shape[:2]
    settings = EncoderSettings(preset="ultrafast", crf=14)
    with VideoWriter(path, width=width, height=height, fps=Fraction(24), settings=settings) as out:
        for frame in frames:
            out.write(frame)
    return path


def panned(picture: np.ndarray, count: int = 8) -> list[np.ndarray]:
    """A short pan."""
    wide = cv2.resize(picture, None, fx=1.1, fy=1.1)
    height, width = picture.shape[:2]
    return [np.ascontiguousarray(wide[n : n + height, 2 * n : 2 * n + width]) for n in range(count)]


@dataclass(frozen=True)
class Set:
    """Clips before and after a grade, and pictures that show other things."""

    lut: Lut
    plain: tuple[Path, ...]
    styled: tuple[Path, ...]
    shown: tuple[np.ndarray, ...]
    judges: tuple[np.ndarray, ...]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Set:
    """Five scenes for learning, three for judging; no scene is in both."""
    folder = tmp_path_factory.mktemp("clips")
    lut = look_lut("day_for_night")
    examples = [load_image(ROOT / "assets" / "examples" / f"{name}.jpg").pixels
                for name in ("lighthouse", "robot", "cloister")]  # fmt: skip
    shown = tuple(
        fitted(pixels) for pixels in (*examples[:2], data.astronaut(), data.coffee(), data.rocket())
    )
    judges = tuple(
        fitted(pixels) for pixels in (examples[2], data.chelsea(), data.stereo_motorcycle()[0])
    )
    plain, styled = [], []
    for n, picture in enumerate(shown):
        frames = panned(picture)
        plain.append(write_clip(folder / f"plain{n}.mp4", frames))
        styled.append(write_clip(folder / f"styled{n}.mp4", [graded(lut, f) for f in frames]))
    return Set(lut, tuple(plain), tuple(styled), shown, judges)


@pytest.fixture(scope="module")
def exact(known: Set) -> LearnedLook:
    """Learned with the clips before the grade beside them."""
    return learn_look(known.styled, name="night", neutral=known.plain)


@pytest.fixture(scope="module")
def blind(known: Set) -> LearnedLook:
    """Learned from the graded clips alone."""
    return learn_look(known.styled, name="night")


def distance(known: Set, made: Sequence[np.ndarray]) -> float:
    """Mean ΔE2000 to the true grade of the judges."""
    return float(
        np.mean(
            [
                deltaE_ciede2000(rgb2lab(one), rgb2lab(graded(known.lut, picture))).mean()
                for one, picture in zip(made, known.judges, strict=True)
            ]
        )
    )


def styled(known: Set, look: Look) -> float:
    """How far the judges in the look are from the true grade."""
    return distance(known, [RunningLook(look, 1.0, *SIZE).apply(p, 0) for p in known.judges])


def statistics(pictures: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread in CIELAB."""
    lab = np.concatenate([rgb2lab(picture).reshape(-1, 3) for picture in pictures])
    return lab.mean(axis=0), lab.std(axis=0)


def reinhard(lut: Lut, shown: Sequence[np.ndarray], picture: np.ndarray, of: np.ndarray) -> float:
    """ΔE2000 that a global transfer of mean and spread leaves, from those of ``of`` to the clips'.

    E. Reinhard et al., "Color transfer between images", 2001, in CIELAB.
    """
    to, (mean, spread) = statistics([graded(lut, one) for one in shown]), statistics([of])
    lab = (rgb2lab(picture) - mean) / spread * to[1] + to[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # colours that no screen shows
        made = np.clip(lab2rgb(lab), 0, 1)
    return float(deltaE_ciede2000(rgb2lab(made), rgb2lab(graded(lut, picture))).mean())


def test_with_the_clips_before_the_grade_half_of_reinhards_distance_is_far_off(
    known: Set, exact: LearnedLook
) -> None:
    left = styled(known, exact.look)

    assert exact.paired
    everything = np.concatenate(known.shown)
    fixed = [reinhard(known.lut, known.shown, picture, everything) for picture in known.judges]
    assert left <= 0.5 * float(np.mean(fixed))
    assert left <= 0.1 * distance(known, known.judges)
    assert exact.after < 0.2 * exact.before


def test_with_nothing_beside_the_clips_it_comes_much_nearer(known: Set, blind: LearnedLook) -> None:
    assert not blind.paired
    assert styled(known, blind.look) <= 0.5 * distance(known, known.judges)
    assert blind.after < blind.before
    assert blind.look.texture.nothing  # what moves is no grain, what is dark no vignette
    assert any("bundled neutral scenes" in note for note in blind.notes)


def test_ungraded_pictures_of_other_things_count(known: Set, tmp_path: Path) -> None:
    paths = []
    for n, picture in enumerate(known.judges[:2]):
        paths.append(tmp_path / f"{n}.png")
        cv2.imwrite(str(paths[-1]), picture[..., ::-1])

    learned = learn_look(known.styled, name="night", neutral=paths)

    assert not learned.paired
    assert styled(known, learned.look) <= 0.5 * distance(known, known.judges)
    assert any("show other things" in note for note in learned.notes)


def test_an_ungraded_set_of_clips_teaches_a_look_that_changes_little(known: Set) -> None:
    learned = learn_look(known.plain, name="plain", neutral=known.plain)

    assert learned.paired
    assert learned.look.texture.nothing
    change = [
        np.abs(RunningLook(learned.look, 1.0, *SIZE).apply(p, 0).astype(int) - p).mean()
        for p in known.judges
    ]
    assert max(change) < 1.0


def test_learning_twice_gives_the_same(known: Set, blind: LearnedLook) -> None:
    again = learn_look(known.styled, name="night")

    assert np.array_equal(again.look.cube, blind.look.cube)
    assert again.look.texture == blind.look.texture


def test_textures_are_found_where_the_clips_have_them(tmp_path: Path, known: Set) -> None:
    look = Look(texture=Texture(grain=6.0, grain_size=1.2, vignette=0.35))
    size = (640, 360)
    plain, styled_clips = [], []
    for n, picture in enumerate(known.shown[:4]):
        large = fitted(picture, size)
        running = RunningLook(look, 1.0, *size, seed=n)
        frames = panned(large, 6)
        plain.append(write_clip(tmp_path / f"p{n}.mp4", frames))
        styled_clips.append(
            write_clip(tmp_path / f"s{n}.mp4", [running.apply(f, k) for k, f in enumerate(frames)])
        )

    found = learn_look(styled_clips, name="old", neutral=plain).look.texture

    assert found.grain == pytest.approx(6.0, rel=0.35)
    assert found.grain_size == pytest.approx(1.2, rel=0.35)
    assert found.vignette == pytest.approx(0.35, abs=0.06)
    assert found.halation == (0.0, 0.0, 0.0)


def test_halation_is_found_where_the_same_clips_have_none_before(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    running = RunningLook(
        Look(texture=Texture(halation=(0.6, 0.25, 0.05), halation_size=0.024)), 1.0, 480, 270
    )
    plain, glowing = [], []
    for n in range(3):
        dark = cv2.resize(rng.integers(10, 150, (9, 16, 3), np.uint8), (480, 270))
        for x, y in rng.integers(20, 240, (9, 2)):
            cv2.circle(dark, (int(2 * x), int(y)), 7, (255, 255, 255), -1)
        frames = panned(dark, 5)
        plain.append(write_clip(tmp_path / f"p{n}.mp4", frames))
        glowing.append(
            write_clip(tmp_path / f"g{n}.mp4", [running.apply(f, k) for k, f in enumerate(frames)])
        )

    found = learn_look(glowing, name="film", neutral=plain).look.texture

    red, green, blue = found.halation
    assert red == pytest.approx(0.6, rel=0.4)
    assert red > green > blue
    assert found.halation_size == 0.024
    assert found.vignette == 0


def test_black_bars_are_no_part_of_a_style(tmp_path: Path, known: Set, blind: LearnedLook) -> None:
    barred = []
    for n, picture in enumerate(known.shown):
        frames = [graded(known.lut, frame) for frame in panned(picture)]
        for frame in frames:
            frame[:24] = frame[-24:] = 0
        barred.append(write_clip(tmp_path / f"{n}.mp4", frames))

    learned = learn_look(barred, name="barred")

    assert np.abs(learned.look.cube - blind.look.cube).mean() < 0.02


def test_one_clip_gives_a_mild_look_and_says_so(known: Set) -> None:
    learned = learn_look(known.styled[:1], name="one")

    assert any("only one clip" in note for note in learned.notes)


def test_over_all_looks_clips_alone_leave_half_of_what_a_transfer_of_each_picture_leaves() -> None:
    """The neutral scenes are those that are neither among the clips nor among the judges."""
    small = (160, 90)
    shown = [fitted(pixels, small) for pixels in (data.astronaut(), data.coffee(), data.rocket(),
             data.stereo_motorcycle()[0])]  # fmt: skip
    judges = [
        fitted(pixels, small)
        for pixels in (data.chelsea(), load_image(ROOT / "assets/examples/lighthouse.jpg").pixels)
    ]
    known = neutral_colours()
    others = Colours.from_rows(known.rows()[[5, 7]])
    found = []
    for look in looks():
        lut = look_lut(look.name)
        clips = [to_oklab(some_colours([graded(lut, picture)], 2000)) for picture in shown]
        fit = fit_clips(clips, others, known)
        for picture in judges:
            made = Lut(cube=fit.cube(17)).apply(picture.astype(np.float32) / np.float32(255))
            left = deltaE_ciede2000(rgb2lab(made), rgb2lab(graded(lut, picture))).mean()
            found.append((float(left), reinhard(lut, shown, picture, picture)))
    ours, theirs = np.mean(found, axis=0)
    assert ours <= 0.5 * theirs


def test_bad_requests_are_told(tmp_path: Path, known: Set) -> None:
    with pytest.raises(InvalidInstruction, match="protect"):
        learn_look(known.styled, name="a", protect=1.5)
    with pytest.raises(InvalidInstruction, match="name"):
        learn_look(known.styled, name=" \n")
    with pytest.raises(InvalidMedia, match="not there"):
        learn_look([tmp_path / "none.mp4"], name="a")
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        learn_look(known.styled, name="a", cancel=cancel)
