"""Two picture files and the pictures between them: ends bit for bit, and what is refused."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidInstruction, InvalidMedia, LimitExceeded, Unavailable
from synth.flow.frames import MOST_BETWEEN, interpolate_frames, motion_between
from synth.flow.interpolate import FlowInterpolator
from synth.flow.interpolation import OpticalFlowInterpolation
from synth.flow.model import Between, Window
from synth.flow.settings import RetimeSettings
from synth.limits import LIMITS
from synth.media import load_image
from tests.flow.worlds import moved, world


def scene(count: int, pan: tuple[float, float] = (6.0, -2.0)) -> list[np.ndarray]:
    """A pan in colour, RGB (180, 320, 3) each."""
    lumas = moved(world(11), count, pan=pan)
    others = moved(world(12), count, pan=pan)
    return [
        np.dstack([a, 0.6 * a + 0.4 * b, b]).clip(0, 255).round().astype(np.uint8)
        for a, b in zip(lumas, others, strict=True)
    ]


def saved(folder: Path, name: str, picture: np.ndarray | Image.Image, **options: Any) -> str:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    path = folder / name
    image.save(path, **options)
    return str(path)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("pair")
    one, two = scene(2)
    return saved(folder, "a.png", one), saved(folder, "b.png", two)


def pixels(images: Sequence[Image.Image]) -> list[np.ndarray]:
    assert {image.mode for image in images} == {"RGB"}
    assert len({image.size for image in images}) == 1
    return [np.asarray(image) for image in images]


def psnr(one: np.ndarray, two: np.ndarray) -> float:
    wide = np.square(one.astype(float) - two).mean()
    return 10 * float(np.log10(255**2 / max(wide, 1e-6)))


@pytest.mark.parametrize("mode", ["fast", "quality"])
@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
def test_the_ends_are_the_files_and_the_rest_is_evenly_between(
    tmp_path: Path, kind: str, mode: str
) -> None:
    truth = scene(5, (3.0, -1.0))
    options = {"jpg": {"quality": 97, "subsampling": 0}, "webp": {"quality": 97}}.get(kind, {})
    paths = [saved(tmp_path, f"{i}.{kind}", truth[i], **options) for i in (0, 4)]
    made = pixels(interpolate_frames(*paths, 3, mode=mode))
    assert len(made) == 5
    for end, path in ((made[0], paths[0]), (made[-1], paths[1])):
        assert np.array_equal(end, np.asarray(Image.open(path).convert("RGB")))
    for i in (1, 2, 3):
        mixed = made[0] + (i / 4) * (made[-1].astype(float) - made[0])
        assert psnr(made[i], truth[i]) > psnr(mixed, truth[i]) + 8
        assert psnr(made[i], truth[i]) > psnr(made[i], truth[i - 1]) + 5


def test_eight_are_made_unless_a_number_is_given(pair: tuple[str, str]) -> None:
    assert inspect.signature(interpolate_frames).parameters["num_intermediate"].default == 8
    assert len(interpolate_frames(*pair, mode="fast")) == 10
    assert len(OpticalFlowInterpolation("fast").interpolate_frames(*pair)) == 10


def test_few_or_many_the_same_moment_is_the_same_picture(pair: tuple[str, str]) -> None:
    few, many = interpolate_frames(*pair, 1), interpolate_frames(*pair, 7)
    assert np.array_equal(few[1], many[4])
    again = interpolate_frames(*(Path(path) for path in pair), 7)
    assert all(np.array_equal(one, two) for one, two in zip(many, again, strict=True))


def test_the_same_picture_twice_stands_still(pair: tuple[str, str]) -> None:
    made = pixels(interpolate_frames(pair[0], pair[0], 3))
    # Through YCbCr and back, a level is lost here and there.
    assert max(np.abs(one.astype(int) - made[0]).max() for one in made) <= 2


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 2), (17, 5), (33, 47)])
def test_tiny_and_odd_pictures(tmp_path: Path, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    shape = (size[1], size[0], 3)
    ends = [rng.integers(0, 256, shape, np.uint8) for _ in range(2)]
    paths = [saved(tmp_path, f"{i}.png", end) for i, end in enumerate(ends)]
    made = interpolate_frames(*paths, 2)
    assert [image.size for image in made] == [size] * 4
    assert np.array_equal(made[0], ends[0])
    assert np.array_equal(made[-1], ends[1])


def test_a_photo_taken_on_its_side_stands_upright(tmp_path: Path) -> None:
    one, two = scene(2)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by a quarter
    paths = [
        saved(tmp_path, f"{i}.jpg", np.rot90(end).copy(), quality=95, exif=exif)
        for i, end in enumerate((one, two))
    ]
    made = pixels(interpolate_frames(*paths, 1))
    assert made[0].shape == (180, 320, 3)
    assert psnr(made[0], one) > 30
    assert psnr(made[2], two) > 30
    plain = saved(tmp_path, "upright.jpg", two, quality=95)
    assert len(interpolate_frames(paths[0], plain, 1)) == 3


def test_sixteen_bits_transparency_palettes_and_grey_are_read_as_elsewhere(tmp_path: Path) -> None:
    one, two = scene(2)
    cv2.imwrite(str(tmp_path / "deep.png"), one[..., ::-1].astype(np.uint16) * 257)
    clear = np.dstack([one, np.full(one.shape[:2], 128, np.uint8)])
    saved(tmp_path, "clear.png", clear)
    saved(tmp_path, "palette.png", Image.fromarray(one).quantize(64))
    saved(tmp_path, "grey.png", Image.fromarray(one).convert("L"))
    other = saved(tmp_path, "two.png", two)
    for name in ("deep.png", "clear.png", "palette.png", "grey.png"):
        made = pixels(interpolate_frames(tmp_path / name, other, 1, mode="fast"))
        assert np.array_equal(made[0], load_image(tmp_path / name).pixels)
        assert np.array_equal(made[2], two)
    assert np.array_equal(interpolate_frames(tmp_path / "deep.png", other, 1)[0], one)


def test_pictures_of_different_sizes_are_refused_with_both_sizes(
    tmp_path: Path, pair: tuple[str, str]
) -> None:
    small = saved(tmp_path, "small.png", scene(1)[0][:100, :200])
    with pytest.raises(InvalidMedia, match=r"first picture is 320x180.*second 200x100.*[Rr]esize"):
        interpolate_frames(pair[0], small, 2)


def test_a_missing_file_is_named_and_said_to_be_first_or_second(
    tmp_path: Path, pair: tuple[str, str]
) -> None:
    with pytest.raises(InvalidMedia, match=r"first picture.*'nowhere\.jpg'"):
        interpolate_frames(tmp_path / "nowhere.jpg", pair[1], 2)
    with pytest.raises(InvalidMedia, match=r"second picture.*'nowhere\.jpg'"):
        interpolate_frames(pair[0], tmp_path / "nowhere.jpg", 2)


@pytest.mark.parametrize(
    "content", [b"", b"not a picture\n" * 40, b"\xff\xd8\xff\xe0 nor this", b"GIF89a"]
)
def test_a_text_file_called_jpg_is_refused(
    tmp_path: Path, pair: tuple[str, str], content: bytes
) -> None:
    path = tmp_path / "frame_1.jpg"
    path.write_bytes(content)
    with pytest.raises(InvalidMedia, match="second picture"):
        interpolate_frames(pair[0], path, 1)


def test_a_truncated_picture_and_a_folder_are_refused(
    tmp_path: Path, pair: tuple[str, str]
) -> None:
    path = tmp_path / "half.png"
    path.write_bytes(Path(pair[0]).read_bytes()[:3000])
    for bad in (path, tmp_path):
        with pytest.raises(InvalidMedia, match="first picture"):
            interpolate_frames(bad, pair[1], 1)


def test_a_picture_over_the_caps_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(LimitExceeded, match="megapixel"):
        interpolate_frames(*pair, 1, limits=replace(LIMITS, image_pixels=10_000))


def test_more_pictures_than_memory_should_hold_are_refused(
    pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synth.flow.frames.MOST_PIXELS", 10 * 320 * 180)
    with pytest.raises(LimitExceeded, match=r"11 pictures.*limit.*fewer"):
        interpolate_frames(*pair, 11, mode="fast")
    assert len(interpolate_frames(*pair, 10, mode="fast")) == 12


@pytest.mark.parametrize("number", [0, -1, MOST_BETWEEN + 1, 10**12])
def test_numbers_out_of_range_are_told_the_range(pair: tuple[str, str], number: int) -> None:
    with pytest.raises(InvalidInstruction, match=rf"{number}; it must be from 1 to {MOST_BETWEEN}"):
        interpolate_frames(*pair, number)


@pytest.mark.parametrize("number", [True, "3", 2.0, 1.5, None, float("nan"), [4]])
def test_what_is_no_whole_number_is_refused(pair: tuple[str, str], number: Any) -> None:
    with pytest.raises(InvalidInstruction, match="must be a whole number"):
        interpolate_frames(*pair, number)


@pytest.mark.parametrize("mode", ["best", "", "Quality", None, 3, ["fast"], "x" * 5000])
def test_a_mode_there_is_not_is_refused_with_those_there_are(
    pair: tuple[str, str], mode: Any
) -> None:
    with pytest.raises(InvalidInstruction, match="fast, quality, learned") as caught:
        interpolate_frames(*pair, 1, mode=mode)
    assert len(str(caught.value)) < 200


def test_nonsense_is_refused_before_any_file_is_read() -> None:
    for wrong in ({"num_intermediate": 0}, {"mode": "best"}):
        with pytest.raises(InvalidInstruction):
            interpolate_frames("none.png", "none.png", **{"num_intermediate": 1, **wrong})


def test_without_the_network_learned_says_what_to_do(
    pair: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnxruntime")
    from synth.flow.learned import PATH_VARIABLE

    missing = tmp_path / "none.onnx"
    monkeypatch.setenv(PATH_VARIABLE, str(missing))
    with pytest.raises(Unavailable, match=r"none\.onnx\. Correct the path.*or.*download"):
        interpolate_frames(*pair, 1, mode="learned")


def test_cancel_stops_between_pictures_and_before_any(pair: tuple[str, str]) -> None:
    token = CancelToken()
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        if progress.done:
            token.cancel()

    with pytest.raises(Cancelled):
        interpolate_frames(*pair, 240, mode="fast", cancel=token, progress=watch)
    assert 0 < seen[-1].done < 20
    with pytest.raises(Cancelled):
        interpolate_frames(*pair, 1, cancel=token)


def test_progress_counts_up_to_the_number_asked_for(pair: tuple[str, str]) -> None:
    seen: list[Progress] = []
    interpolate_frames(*pair, 10, mode="fast", progress=seen.append)
    assert {progress.total for progress in seen} == {10}
    done = [progress.done for progress in seen]
    assert done == sorted(set(done))
    assert done[0] == 0
    assert done[-1] >= 6


class Counting(FlowInterpolator):
    """Remembers what it was asked and whether it was closed."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.times: list[float] = []
        self.closed = 0

    def between(self, window: Window, times: Sequence[float]) -> list[Between]:
        assert (window.before, window.after) == ((), ())
        self.times += times
        return super().between(window, times)

    def close(self) -> None:
        self.closed += 1
        super().close()


def test_an_interpolator_of_ones_own_is_used_and_left_open(pair: tuple[str, str]) -> None:
    own = Counting("fast", (320, 180))
    made = interpolate_frames(*pair, 4, interpolator=own)
    assert own.times == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert own.closed == 0
    turned = interpolate_frames(*pair[::-1], 4, interpolator=own)
    own.close()
    # Another pair is another pair, for the same interpolator too.
    for one, two in zip(turned, made[::-1], strict=True):
        assert psnr(np.asarray(one), np.asarray(two)) > 45


@pytest.mark.parametrize("fails", [False, True])
def test_one_made_here_is_closed_whatever_happens(
    pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    made: list[Counting] = []

    def make(mode: Any, size: tuple[int, int], **_: Any) -> Counting:
        made.append(Counting(mode, size))
        return made[-1]

    monkeypatch.setattr("synth.flow.frames.make_interpolator", make)
    token = CancelToken()
    if fails:
        token.cancel()
        with pytest.raises(Cancelled):
            interpolate_frames(*pair, 2, cancel=token)
    else:
        interpolate_frames(*pair, 2, cancel=token)
    assert [one.closed for one in made] == [1]


def test_motion_between_tells_what_gets_hidden() -> None:
    """A block passes over a resting picture: it hides on one side and uncovers on the other."""
    first = np.repeat(world(3)[:180, :320, None], 3, axis=2).round().astype(np.uint8)
    second, block = first.copy(), np.repeat(world(4)[:60, :80, None], 3, axis=2).astype(np.uint8)
    first[60:120, 100:180] = block
    second[60:120, 112:192] = block
    motion = motion_between(first, second)
    assert motion.forward.shape == motion.backward.shape == (180, 320, 2)
    assert motion.hidden.shape == (180, 320)
    assert np.median(motion.forward[70:110, 110:170, 0]) == pytest.approx(12, abs=0.5)
    assert np.median(motion.backward[70:110, 122:182, 0]) == pytest.approx(-12, abs=0.5)
    assert np.abs(motion.forward[:40]).mean() < 0.2
    assert motion.hidden[65:115, 183:190].mean() > 0.5
    assert motion.hidden[:, :60].mean() < 0.02
    assert motion.hidden[70:110, 110:170].mean() < 0.05


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 17, 3), (541, 963, 3)])
def test_motion_between_keeps_the_size(shape: tuple[int, int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    motion = motion_between(picture, picture)
    assert motion.forward.shape == motion.backward.shape == (*shape[:2], 2)
    assert np.abs(motion.forward).max() < 1e-3
    assert not motion.hidden.any()
    with pytest.raises(InvalidMedia, match="same size"):
        motion_between(picture, picture[:, :0])


def test_the_class_checks_its_mode_and_hands_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInstruction, match="fast, quality, learned"):
        OpticalFlowInterpolation("best")
    asked: list[tuple[Any, ...]] = []

    def retime(path: Any, target_fps: Any, *, settings: Any, **options: Any) -> None:
        asked.append((path, target_fps, settings.mode, settings.crf, options))

    monkeypatch.setattr("synth.flow.interpolation.retime_video", retime)
    fast = OpticalFlowInterpolation("fast")
    fast.retime_video("a.mp4", 60)
    fast.retime_video("a.mp4", speed=0.5, settings={"crf": 20})
    fast.retime_video("a.mp4", settings={"mode": "quality"})
    fast.retime_video("a.mp4", settings=RetimeSettings(crf=30))
    fast.retime_video("a.mp4", settings=RetimeSettings(mode="quality"))
    assert [one[1:] for one in asked] == [
        (60, "fast", 18, {}),
        (None, "fast", 20, {"speed": 0.5}),
        (None, "quality", 18, {}),
        (None, "fast", 30, {}),
        (None, "quality", 18, {}),
    ]
