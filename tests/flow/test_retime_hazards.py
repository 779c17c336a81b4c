"""What people bring, through everything that works on it: the real reader, eyes and interpolator.

Each test says what the owner of such a file would expect. All files are made here, and small.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from synth.control import CancelToken, Progress
from synth.errors import Cancelled, InvalidMedia
from synth.flow.plan import plan_retime
from synth.flow.retime import retime_video
from synth.media import VideoReader, VideoWriter, probe
from synth.media.planes import Planes
from tests.flow.retimed import panned, times_of, write_clip
from tests.flow.worlds import Reel, finished, moved, pictures_of, world

FINE = {"crf": "10", "preset": "ultrafast"}
FAST = {"mode": "fast"}
GRADES = ("fast", "quality")


def made(
    path: Path,
    pictures: Sequence[np.ndarray],
    *,
    rate: Fraction | int = 24,
    codec: str = "libx264",
    container: str = "mp4",
    stored: str = "yuv420p",
    options: dict[str, str] | None = None,
    setup: Callable[[Any], None] | None = None,
    faststart: bool = False,
    ticks: Sequence[int] | None = None,
    clock: Fraction | None = None,
) -> Path:
    """A file by the plainest means, of RGB (H, W, 3) or of brightness alone (H, W)."""
    movflags = {"movflags": "faststart"} if faststart else {}
    with av.open(str(path), "w", format=container, container_options=movflags) as out:
        stream = out.add_stream(codec, rate=rate, options=FINE if options is None else options)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = stored
        base = clock or 1 / Fraction(rate)
        stream.codec_context.time_base = base
        if setup is not None:
            setup(stream)
        for index, picture in enumerate(pictures):
            if picture.ndim == 2:
                # As it is: a grey picture would be squeezed into limited range.
                height, width = picture.shape
                grey = np.full((height // 2, width), 128, np.uint8)
                frame = av.VideoFrame.from_ndarray(np.vstack([picture, grey]), format="yuv420p")
            else:
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = (ticks[index] if ticks else index), base
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def decoded(path: Path) -> list[Planes]:
    """The pictures of a 4:2:0 file as its decoder gives them."""
    found = []
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            planes = [
                np.frombuffer(p, np.uint8).reshape(-1, p.line_size)[: p.height, : p.width].copy()  # type: ignore[arg-type]
                for p in frame.planes
            ]
            found.append(Planes(*planes))
    return found


def seen(path: Path) -> list[np.ndarray]:
    """The pictures of a file as people see them, RGB."""
    with VideoReader(path) as reader:
        return [frame.pixels.copy() for frame in reader]


def far(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference of two pictures, codes."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Planes]:
    """Every picture that is handed to the encoder."""
    seen: list[Planes] = []
    write = VideoWriter.write_planes

    def spy(self: VideoWriter, planes: Planes) -> None:
        seen.append(planes)
        write(self, planes)

    monkeypatch.setattr(VideoWriter, "write_planes", spy)
    return seen


@pytest.mark.parametrize("mode", GRADES)
@pytest.mark.parametrize(("codec", "container"), [("libx264", "mp4"), ("libvpx-vp9", "webm")])
def test_source_pictures_are_given_on_bit_for_bit(
    mode: str, codec: str, container: str, tmp_path: Path, written: list[Planes]
) -> None:
    options = FINE if codec == "libx264" else {"cpu-used": "8", "deadline": "realtime"}
    path = made(
        tmp_path / "in", panned(16), codec=codec, container=container, options=options
    )  # fmt: skip
    result = retime_video(path, 60, settings={"mode": mode})
    source = decoded(path)
    assert result.frames == len(written) == 40
    for k in range(0, 40, 5):
        assert written[k].same(source[2 * k // 5])
    assert result.tally.untouched == 8
    assert result.tally.new == 30
    for k in (6, 7, 8, 9):
        assert not any(written[k].same(one) for one in source)


def _reel(seed: int) -> Reel:
    """Moving shots with hard cuts, dips to black and flashes between and in them."""
    rng = np.random.default_rng(seed)

    def shot(count: int) -> list[np.ndarray]:
        pan = (float(rng.choice([-5, -2, 2, 4])), float(rng.choice([-1, 0, 2])))
        turn, zoom = float(rng.choice([0.0, 0.6])), float(rng.choice([1.0, 1.012]))
        return moved(world(int(rng.integers(1 << 30))), count, pan=pan, turn=turn, zoom=zoom)

    reel = Reel(shot(20))
    for steps, rest in ((1, 1), (4, 0), (8, 3)):
        reel.cut(shot(26))
        reel.dip(shot(26), 16, steps, rest)
    for strengths in ([130.0], [150.0, 90.0], [100.0, 170.0, 60.0]):
        at = len(reel.lumas) + 9
        reel.cut(shot(20))
        reel.flash(at, strengths)
    return reel


@pytest.mark.parametrize(("seed", "mode"), [(1, "fast"), (3, "quality")])
def test_nothing_is_mixed_across_cuts_dips_and_flashes(
    seed: int, mode: str, tmp_path: Path, written: list[Planes]
) -> None:
    """Six cuts, three dips to black, three flashes, with moving things on both sides."""
    reel = _reel(seed)
    pictures = finished(reel.lumas, grain=0.7, seed=seed)
    path = made(tmp_path / "in.mp4", pictures, options={**FINE, "crf": "16"})
    result = retime_video(path, 60, settings={"mode": mode})
    source = decoded(path)
    made_within = within = 0
    for k, planes in enumerate(written):
        position = Fraction(k, 60) * 24
        before = int(position)
        if position == before or before + 1 >= len(source):
            continue
        own = planes.same(source[before]) or planes.same(source[before + 1])
        if reel.joins[before + 1] == "motion":
            within += 1
            made_within += not own
        else:
            assert own, f"{k}: {reel.joins[before + 1]} before picture {before + 1}"
    assert made_within > 0.97 * within
    assert result.tally.cuts >= 6
    # A single black picture may be called either.
    assert result.tally.flashes in (3, 4)
    assert result.tally.fades >= 2


def test_repeated_pictures_are_kept_or_give_way_as_asked(
    tmp_path: Path, written: list[Planes]
) -> None:
    """Animation on twos: kept, every drawing stands twice; replaced, it moves all the time."""
    drawn = [luma for luma, _ in pictures_of(moved(world(1), 16, pan=(4, 1)), (2,))]
    path = made(tmp_path / "in.mp4", finished(drawn))
    source = decoded(path)
    kept = retime_video(path, settings=FAST)
    assert all(a.same(b) for a, b in zip(written, source, strict=True))
    assert (kept.tally.repeats, kept.tally.replaced) == (16, 0)
    written.clear()
    result = retime_video(path, settings={**FAST, "duplicates": "replace"})
    assert result.tally.replaced == result.tally.new == 15
    truth = finished(moved(world(1), 31, pan=(2, 0.5)))
    for k in range(2, 28):
        near = far(written[k].y, truth[k])
        assert near < 3, k
        if k % 2:
            assert near < far(source[k].y, truth[k]) / 2


def test_a_torn_file_gives_what_is_there_and_says_so(tmp_path: Path) -> None:
    """A download that broke off: as much as arrived, smooth, and a word about the rest."""
    path = made(
        tmp_path / "in.mp4", panned(60), faststart=True, options={**FINE, "g": "6", "bf": "0"}
    )
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    there = len(seen(path))
    assert 20 < there < 50
    result = retime_video(path, 48, settings=FAST)
    assert abs(result.frames - 2 * there) <= 1
    assert any(f"{there} of 60" in note for note in result.notes)
    assert len(seen(result.path)) == result.frames


def test_a_file_without_its_end_or_its_pictures_is_refused(tmp_path: Path) -> None:
    """An MP4 whose index never arrived, nothing at all, a header alone, a letter called .mp4."""
    whole = made(tmp_path / "whole.mp4", panned(12))
    content = whole.read_bytes()
    for name, bytes_ in {
        "torn": content[: len(content) // 2],
        "empty": b"",
        "header": content[:32],
        "letter": b"Dear all,\nplease find the film attached.\n" * 20,
        "zeros": bytes(5000),
    }.items():
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(bytes_)
        for ask in (retime_video, plan_retime):
            with pytest.raises(InvalidMedia) as caught:
                ask(path, target_fps=60)
            assert str(tmp_path) not in str(caught.value)


def test_a_track_without_a_picture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.mp4"
    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=24)
        stream.width, stream.height = 64, 48
        out.start_encoding()
    with pytest.raises(InvalidMedia):
        retime_video(path, 60)


@pytest.mark.parametrize(("count", "frames"), [(1, 3), (2, 5), (3, 8)])
@pytest.mark.parametrize("mode", GRADES)
def test_the_shortest_clips(
    count: int, frames: int, mode: str, tmp_path: Path, written: list[Planes]
) -> None:
    """One picture is a still of the same length; two have motion between them."""
    path = made(tmp_path / "in.mp4", panned(count))
    result = retime_video(path, 60, settings={"mode": mode})
    assert result.frames == len(written) == frames
    source = decoded(path)
    assert written[0].same(source[0])
    assert written[-1].same(source[-1])
    assert result.tally.new == (0, 2, 4)[count - 1]
    assert abs(result.seconds - Fraction(count, 24)) <= Fraction(1, 120)


def test_a_picture_that_lasts_no_time_is_a_still(tmp_path: Path) -> None:
    """A clip whose header says zero seconds still shows its picture."""
    path = made(tmp_path / "in.mp4", panned(1))
    data = bytearray(path.read_bytes())
    for box, offset in ((b"mvhd", 16), (b"tkhd", 20), (b"mdhd", 16)):
        at = data.index(box) + 4 + offset
        data[at : at + 4] = bytes(4)
    path.write_bytes(data)
    result = retime_video(path, 60)
    assert result.frames >= 1
    assert len(seen(result.path)) == result.frames


def test_uneven_times_become_even_motion(tmp_path: Path, written: list[Planes]) -> None:
    """A phone that drops pictures: what moved evenly moves evenly again, at its own pace."""
    ticks = [0, 40, 80, 160, 200, 240, 360, 400, 440, 480, 560, 600]
    strip = finished(moved(world(4), 31, pan=(1.5, 0)))
    pictures = [strip[tick // 20] for tick in ticks]
    path = made(tmp_path / "in.mp4", pictures, rate=25, ticks=ticks, clock=Fraction(1, 1000))
    assert probe(path).variable_rate
    result = retime_video(path, 50, settings={"mode": "quality"})
    assert times_of(result.path) == [Fraction(k, 50) for k in range(result.frames)]
    source = decoded(path)
    for tick, planes in zip(ticks, source, strict=True):
        assert written[tick // 20].same(planes)
    for k in range(1, 30):
        assert far(written[k].y[8:-8, 8:-8], strip[k][8:-8, 8:-8]) < 3.5, k


def _corners(count: int) -> list[np.ndarray]:
    """A texture that moves, with a red, a green, a blue and a white corner that do not."""
    pictures = panned(count, size=(96, 64))
    for picture in pictures:
        for rows, columns, colour in (
            (slice(0, 16), slice(0, 16), (220, 30, 30)),
            (slice(0, 16), slice(-16, None), (30, 200, 30)),
            (slice(-16, None), slice(0, 16), (30, 30, 220)),
            (slice(-16, None), slice(-16, None), (240, 240, 240)),
        ):
            picture[rows, columns] = colour
    return pictures


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_phone_gives_an_upright_clip(turn: int, tmp_path: Path) -> None:
    """Upright to look at, and not turned a second time by the player."""
    upright = _corners(8)
    stored = [np.ascontiguousarray(np.rot90(picture, turn // 90)) for picture in upright]
    path = made(tmp_path / "in.mp4", stored, setup=lambda s: s.set_display_rotation(-turn))
    result = retime_video(path, 48, settings=FAST)
    info = probe(result.path)
    assert (info.width, info.height, info.rotation) == (96, 64, 0)
    assert result.frames == 16
    shown = seen(result.path)
    for k in (0, 7, 14):
        assert far(shown[k][::63, ::95], upright[0][::63, ::95]) < 12
    assert far(shown[6], upright[3]) < 12  # A wrong turn is at 60 and more.


def test_ten_bits_keep_their_colours(tmp_path: Path) -> None:
    """A camera's 10-bit file: the same colours in a file that plays everywhere."""
    pictures = _corners(8)
    path = made(
        tmp_path / "in.mp4", pictures, codec="libx265", stored="yuv420p10le",
        options={"preset": "ultrafast", "x265-params": "log-level=none:crf=8"},
        setup=lambda s: setattr(s.codec_context, "colorspace", 1),
    )  # fmt: skip
    result = retime_video(path, 60, settings={**FAST, "crf": 8})
    assert probe(result.path).pixel_format == "yuv420p"
    source, shown = seen(path), seen(result.path)
    assert result.frames == len(shown) == 20
    for k in (0, 5, 10, 15):
        assert far(shown[k], source[2 * k // 5]) < 6
        shift = shown[k].mean((0, 1)) - source[2 * k // 5].mean((0, 1))
        assert np.abs(shift).max() < 1
    assert result.tally.untouched == 4


def test_high_dynamic_range_is_brought_to_an_ordinary_screen(tmp_path: Path) -> None:
    """A note and right colours, not washed-out ones that nobody asked for."""

    def hdr(stream: Any) -> None:
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = 9, 9, 16

    path = made(
        tmp_path / "in.mp4", panned(3, size=(64, 48)), codec="libx265", stored="yuv420p10le",
        options={"preset": "ultrafast", "x265-params": "log-level=none"}, setup=hdr,
    )  # fmt: skip
    result = retime_video(path, target_fps=60)
    assert any("HDR (PQ" in note and "SDR" in note for note in result.notes)
    assert probe(result.path).hdr is None


@pytest.mark.parametrize("size", [(97, 65), (97, 64), (96, 65)])
def test_odd_sizes_grow_by_a_pixel_and_say_so(size: tuple[int, int], tmp_path: Path) -> None:
    """A screen recording of any size: nothing is cut off or scaled."""
    pictures = panned(6, size=size)
    path = made(tmp_path / "in.mp4", pictures, stored="yuv444p")
    result = retime_video(path, 48, settings=FAST)
    info = probe(result.path)
    assert (info.width, info.height) == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    assert any("repeated by one pixel" in note for note in result.notes)
    shown = seen(result.path)
    assert far(shown[4][: size[1], : size[0]], pictures[2]) < 6


def test_a_soundless_clip_stays_so_without_a_fuss(tmp_path: Path) -> None:
    path = made(tmp_path / "in.mp4", panned(8))
    result = retime_video(path, speed=0.5, settings={**FAST, "sound": "keep_pitch"})
    assert not probe(result.path).has_audio
    assert result.notes == ()
    assert "There is no sound." in plan_retime(path, speed=0.5).sentences()


def test_interlaced_pictures_are_made_whole(tmp_path: Path) -> None:
    """An old camcorder's tape: no combs, the same length, and a word about it."""
    fields = panned(24, size=(160, 96), step=3)
    woven = []
    for index in range(12):
        picture = fields[2 * index].copy()
        picture[1::2] = fields[2 * index + 1][1::2]
        woven.append(picture)
    path = made(tmp_path / "in.mp4", woven, rate=25, options={**FINE, "x264-params": "tff=1"})
    result = retime_video(path, 50, settings=FAST)
    assert result.frames == 24
    assert any("interlaced" in note for note in result.notes)

    def combs(picture: np.ndarray) -> float:
        lines = picture[..., 1].astype(int)
        return float(np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean())

    shown = seen(result.path)
    assert max(combs(one) for one in shown[2:-2]) < combs(woven[5]) / 2


def test_a_picture_of_wide_pixels_keeps_its_shape(tmp_path: Path) -> None:
    """A DVD: shown wide by a flag; the new clip is as wide without one."""

    def wide(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)

    path = made(tmp_path / "in.mp4", panned(4, size=(96, 72)), setup=wide)
    result = retime_video(path, 48, settings=FAST)
    info = probe(result.path)
    assert (info.width, info.height, info.sample_aspect) == (128, 72, 1)


def test_an_animated_gif_is_a_video_too(tmp_path: Path) -> None:
    pictures = panned(8, size=(96, 64), step=3)
    path = made(
        tmp_path / "in.gif", pictures, rate=10, codec="gif", container="gif", stored="rgb8",
        options={},
    )  # fmt: skip
    result = retime_video(path, 20, settings=FAST)
    assert result.frames == 16
    assert result.tally.new == 7
    assert result.rate == 20


@pytest.mark.parametrize("after", [1, 12])
def test_stopping_at_1080p_takes_no_second(after: int, tmp_path: Path) -> None:
    """Also while the first pictures wait for compiled code."""
    big = cv2.resize(np.stack(panned(1)[0:1])[0], (2200, 1080), interpolation=cv2.INTER_CUBIC)
    pictures = [np.ascontiguousarray(big[:, 12 * k : 12 * k + 1920]) for k in range(12)]
    path = made(tmp_path / "in.mp4", pictures, options={"preset": "ultrafast", "crf": "20"})
    folder = tmp_path / "out"
    folder.mkdir()
    token = CancelToken()
    asked: list[float] = []

    def stop() -> None:
        asked.append(time.monotonic())
        token.cancel()

    def watch(progress: Progress) -> None:
        if progress.stage == "Making frames" and progress.done == after and not asked:
            threading.Timer(0.05, stop).start()

    with pytest.raises(Cancelled):
        retime_video(path, 120, speed=1 / 16, cancel=token, progress=watch,
                     output_path=folder / "o.mp4")  # fmt: skip
    assert time.monotonic() - asked[0] < 1.0
    assert list(folder.iterdir()) == []


def test_what_the_plan_said_is_what_happens(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "in.mp4", panned(24), sound=True)
    for values in ({"target_fps": 60}, {"speed": 0.3}, {"target_fps": 12}):
        plan = plan_retime(path, values)
        result = retime_video(path, settings={**FAST, **values})
        assert (plan.frames, plan.tally) == (result.frames, result.tally)
