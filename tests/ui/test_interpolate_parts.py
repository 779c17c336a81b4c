"""The parts behind the Interpolate tab: what the desk sends, what is said, what is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import gradio as gr
import numpy as np
import pytest
from PIL import Image

from synth.control import CancelToken, ignore_progress
from synth.errors import InvalidInstruction, InvalidMedia, Unavailable
from synth.flow.learned_model import LearnedModel
from synth.flow.retime import retime_video
from synth.flow.settings import RetimeSettings
from synth.jobs import JobContext, JobPool
from synth.media import probe
from synth.scene.cache import SceneCache
from synth.ui.depth_brush import DepthStore
from synth.ui.examples import find_examples
from synth.ui.footage import (
    Clip,
    Footage,
    Pair,
    frame_at,
    frames_around,
    open_clip,
    shown_clip,
    shown_pair,
    smaller,
)
from synth.ui.interpolate_desk import desk_spec, first_ask, problems, read_pair, read_retime
from synth.ui.interpolate_handlers import InterpolateHandlers, fingerprint
from synth.ui.interpolate_shown import (
    compare,
    doubt_shown,
    finished_retime,
    look_at,
    pair_summary,
    preview_settings,
)
from synth.ui.trial_clips import TrialClips
from tests.ui.interpolating import SIZE, make_clip, make_pair


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Two seconds of panning at 12 frames a second."""
    return open_clip(str(make_clip(tmp_path_factory.mktemp("clips") / "pan.mp4")), "pan.mp4")[0]


@pytest.fixture(scope="module")
def sparse(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Six frames, each 40 levels brighter, that stand for up to a minute and a half."""
    path = tmp_path_factory.mktemp("clips") / "held.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 600)
        for index, ticks in enumerate((0, 300, 3200, 3300, 60_000, 60_200)):
            picture = np.full((SIZE[1], SIZE[0], 3), 40 * index, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture)
            frame.pts, frame.time_base = ticks, Fraction(1, 600)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return open_clip(str(path), "held.mp4")[0]


@pytest.fixture
def handlers() -> InterpolateHandlers:
    trials = TrialClips(find_examples(), DepthStore(), SceneCache())
    return InterpolateHandlers(JobPool(2), JobPool(1), trials)


def _asked(**changes: Any) -> dict[str, Any]:
    ask = first_ask()
    return {**ask, "retime": {**ask["retime"], **changes}}


def test_the_desk_offers_what_the_core_takes() -> None:
    spec = desk_spec()
    json.dumps(spec)
    for key in ("modes", "sounds", "duplicates", "formats"):
        name = {"modes": "mode", "sounds": "sound", "formats": "format"}.get(key, key)
        for choice in spec[key]:
            assert RetimeSettings.from_values({name: choice["id"]})
    for rate in spec["rates"]:
        assert RetimeSettings.from_values({"target_fps": rate}).rate
    for speed in spec["speeds"]:
        assert RetimeSettings.from_values({"speed": speed})
    for choice in spec["ease_choices"]:
        assert choice["id"] in spec["eases"]
    assert not problems(first_ask())
    assert read_retime(first_ask()).target_fps == "60"


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"target_fps": "abc"}, "target_fps", "not a number"),
        ({"target_fps": "240"}, "target_fps", "240; the limit is 120 frames a second"),
        ({"target_fps": 10**9}, "target_fps", "1e+09; the limit is 120 frames a second"),
        ({"target_fps": "9" * 200}, "target_fps", "38 digits; the limit is 120 frames a second"),
        ({"target_fps": 10**400}, "target_fps", "38 digits; the limit is 120 frames a second"),
        ({"target_fps": "1e9"}, "target_fps", "power of ten. Write one like 60"),
        ({"target_fps": -24}, "target_fps", "-24; it must be at least 1"),
        ({"target_fps": "5000"}, "target_fps", "limit"),
        ({"speed": 99.0}, "speed", "The speed is 99.0; it must be at most 16"),
        ({"speed": float("nan")}, "speed", "finite"),
        ({"speed_curve": [[0.0, 40.0]]}, "speed_curve", "at most 16"),
        ({"speed_curve": [[1.0, 1.0], [0.0, 1.0]]}, "speed_curve", "order of time"),
        ({"shutter_angle": 500.0}, "shutter_angle", "The shutter is 500.0"),
        ({"format": "betamax"}, "format", "mp4"),
        ({"colour": "red"}, "all", "colour"),
    ],
)
def test_what_is_wrong_stands_beside_its_control(
    changes: dict[str, Any], name: str, words: str
) -> None:
    found = problems(_asked(**changes))
    assert list(found) == [name]
    assert words in found[name]


@pytest.mark.parametrize("value", [None, 3, {}, {"retime": 4}, {"pair": {"between": 3}}])
def test_a_desk_that_makes_no_sense_is_refused(value: object) -> None:
    assert problems(value)
    with pytest.raises(InvalidInstruction):
        read_retime(value)
    with pytest.raises(InvalidInstruction):
        read_pair(value)


def test_a_clip_is_opened_and_its_frames_are_found(clip: Clip) -> None:
    assert (clip.width, clip.height) == SIZE
    assert (clip.rate, clip.seconds, clip.sound, clip.playable) == (12, 2.0, False, True)
    shown = shown_clip(clip, "data:,")
    assert shown["facts"] == "160 × 90, 12 fps, no sound"
    first, following = frames_around(clip, 1.0)
    assert first.shape == (90, 160, 3)
    assert not np.array_equal(first, following)
    last = frames_around(clip, 1.99)
    assert not np.array_equal(*last)
    assert smaller(np.zeros((1080, 1920, 3), np.uint8)).shape == (540, 960, 3)


@pytest.mark.parametrize(
    ("at", "shown", "following"),
    [
        (0.0, 0, 1),
        (0.45, 0, 1),
        (0.499, 0, 1),
        (0.5, 1, 2),
        (4.9, 1, 2),
        (5.333, 2, 3),  # a third of a second, as a slider rounds it
        (5.4, 2, 3),
        (95.0, 3, 4),
        (100.0, 4, 5),
        (100.2, 4, 5),
    ],
)
def test_a_held_frame_is_the_one_on_screen_however_long(
    sparse: Clip, at: float, shown: int, following: int
) -> None:
    level = 40.0 * shown
    assert frame_at(sparse, at).mean() == pytest.approx(level, abs=4)
    first, second = frames_around(sparse, at)
    assert first.mean() == pytest.approx(level, abs=4)
    assert second.mean() == pytest.approx(40.0 * following, abs=4)


@pytest.mark.parametrize("at", [100.4, 160.0])
def test_at_the_end_the_last_two_frames_are_looked_at(sparse: Clip, at: float) -> None:
    assert frame_at(sparse, at).mean() == pytest.approx(200, abs=4)
    assert [round(one.mean(), -1) for one in frames_around(sparse, at)] == [160, 200]


def test_a_clip_of_one_frame_shows_it_at_any_moment(tmp_path: Path) -> None:
    clip = open_clip(str(make_clip(tmp_path / "one.mp4", frames=1)), "one.mp4")[0]
    first, second = frames_around(clip, 0.7)
    assert np.array_equal(first, second)
    assert np.array_equal(frame_at(clip, 0.0), first)


def test_a_preview_is_short_and_inside_the_clip(clip: Clip) -> None:
    asked = RetimeSettings.from_values({"target_fps": "60", "format": "prores"})
    at_end = preview_settings(asked, clip, 1.9)
    assert (at_end.start, at_end.seconds, at_end.format) == (1.0, 1.0, "mp4")
    slow = preview_settings(RetimeSettings(speed=1 / 16), clip, 0.5)
    assert (slow.start, slow.seconds) == (0.5, 0.25)
    trimmed = preview_settings(RetimeSettings(start=0.75), clip, 0.0)
    assert trimmed.start == 0.75
    part = preview_settings(RetimeSettings(start=0.5, seconds=0.75), clip, 1.75)
    assert (part.start, part.seconds) == (0.5, 0.75), "nothing outside the part is shown"
    fast = preview_settings(RetimeSettings(speed=4.0), clip, 0.25)
    assert (fast.start, fast.seconds) == (0.0, 2.0), "long enough to see, though it plays faster"
    ramp = {"speed_curve": [{"time": 0.0, "speed": 1.0}, {"time": 2.0, "speed": 0.0625}]}
    begun = preview_settings(RetimeSettings.from_values(ramp), clip, 0.0)
    assert (begun.seconds or 0.0) > 0.8, "where the ramp is slow does not matter here"


def test_the_mark_follows_whatever_the_result_is_made_from(clip: Clip) -> None:
    footage = Footage(clip=clip)
    mark = fingerprint(_asked(), footage)
    assert fingerprint(_asked(target_fps="60/1"), footage) == mark
    assert fingerprint(_asked(speed=0.5), footage) != mark
    assert fingerprint(_asked(), Footage(clip=replace(clip, path="/other"))) != mark
    assert fingerprint(_asked(), replace(footage, kind="pictures")) != mark


def test_two_pictures_are_summed_up_and_a_missing_one_is_named(tmp_path: Path) -> None:
    asked = {"between": 8, "mode": "quality", "fps": "24"}
    assert "two pictures" in pair_summary(Pair(), asked)["sentence"]
    first, last = map(str, make_pair(tmp_path))
    assert "last picture" in pair_summary(Pair((first, None)), asked)["sentence"]
    assert "become 10" in pair_summary(Pair((first, last)), asked)["sentence"]
    with pytest.raises(InvalidMedia, match="first picture is missing"):
        _ = Pair((None, last)).both


def test_pictures_of_different_size_are_told_apart_before_anything_is_made(tmp_path: Path) -> None:
    first, last = make_pair(tmp_path)
    with Image.open(last) as picture:
        picture.resize((80, 60)).save(last)
    pair, shown = shown_pair(Pair((str(first), str(last)), ("first.png", "last.png")))
    assert "160 × 90" in shown["wrong"]
    assert "80 × 60" in shown["wrong"]
    assert len(shown["pictures"]) == 2, "both stay on show"
    asked = {"between": 8, "mode": "quality", "fps": "24"}
    assert "same size are needed" in pair_summary(pair, asked)["sentence"]


def test_what_is_wrong_on_the_desk_fails_in_its_words(
    handlers: InterpolateHandlers, clip: Clip
) -> None:
    footage = Footage(clip=clip)
    told = list(handlers.render(_asked(target_fps="1e9"), footage))[-1][0]["value"]
    assert told["phase"] == "failed"
    assert told["message"].startswith("Change what is marked first. The frame rate")


def test_a_download_that_fails_says_so_and_can_be_tried_again(
    handlers: InterpolateHandlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **known: object) -> Path:
        raise Unavailable("Could not reach the Hub. Check the connection.")

    monkeypatch.setattr(LearnedModel, "available", lambda self: False)
    monkeypatch.setattr(LearnedModel, "download", refuse)
    reply = list(handlers.download(_asked(mode="learned")))[-1]["reply"]
    assert reply["problems"] == {"download": "Could not reach the Hub. Check the connection."}
    assert not reply.get("busy")


def test_a_result_is_told_with_its_doubts(clip: Clip, tmp_path: Path) -> None:
    settings = RetimeSettings(target_fps="24", mode="fast", start=1.0)
    result = retime_video(clip.path, settings=settings, output_path=tmp_path / "smooth.mp4")
    said = finished_retime(result, seconds=2.0, final=True)
    assert said["badge"] == "Made in 2.0 s"
    assert ("Frames", "24 at 24 fps") in said["facts"]
    doubt = doubt_shown(result, settings, clip.rate)
    json.dumps(doubt)
    assert len(doubt["times"]["shown"]) == len(doubt["times"]["source"])
    assert doubt["times"]["source"][0] == 1.0
    assert doubt["times"]["source"][-1] == pytest.approx(1.0 + 23 / 24, abs=1e-3)
    assert doubt["figure"]["data"]


@pytest.mark.parametrize("view", ["wheel", "arrows", "hidden"])
def test_the_motion_of_a_moment_is_a_picture(clip: Clip, view: str) -> None:
    seen = look_at(Footage(clip=clip), view, 1.0, CancelToken())
    assert seen["picture"].startswith("data:image/jpeg")
    assert "Next to nothing" not in seen["caption"]


def test_nothing_to_look_at_and_no_such_view_are_said(clip: Clip) -> None:
    with pytest.raises(InvalidInstruction, match="no video yet"):
        look_at(Footage(), "wheel", 0.0, CancelToken())
    with pytest.raises(InvalidInstruction, match="no such view"):
        look_at(Footage(clip=clip), "x-ray", 0.0, CancelToken())


def test_before_and_after_become_a_clip(clip: Clip, tmp_path: Path) -> None:
    job = JobContext(tmp_path, CancelToken(), ignore_progress)
    asked = RetimeSettings(target_fps="24", mode="fast")
    made = compare(clip, asked, 1.0, "beside", job)
    info = probe(made.path)
    assert (info.width, info.fps) == (960, 24)
    assert info.frames == 14 * 4  # 0.6 s at 24 a second, four times slower
    assert "4× slower" in made.words


def test_broken_requests_are_answered_with_words(handlers: InterpolateHandlers, clip: Clip) -> None:
    desk, monitor = handlers.edited(_asked(speed=99.0), Footage(clip=clip))
    assert list(desk["reply"]["problems"]) == ["speed"]
    assert "marked" in monitor["summary"]["sentence"]
    for answer in (
        list(handlers.render(_asked(), Footage()))[-1][0],
        list(handlers.preview(_asked(speed=99.0), Footage(clip=clip), {"moment": "soon"}))[-1][0],
    ):
        assert answer["value"]["phase"] == "failed"
        assert "went wrong" not in answer["value"]["message"]
    for at in (-1, "soon", float("nan"), None):
        event = gr.EventData(None, {"view": "wheel", "at": at})
        shown = list(handlers.look(_asked(), Footage(clip=clip), event))[-1]["shown"]
        assert "number of seconds" in shown["error"]
    outside = {"video": {"path": "/etc/passwd"}, "pictures": [{"path": "/etc/passwd"}, None]}
    for answers in (handlers.video(outside, Footage()), handlers.pictures(outside, Footage())):
        assert "No uploaded file" in list(answers)[-1][1]["shown"]["error"]


def test_a_plan_is_read_once_for_settings_that_change_no_frame(
    handlers: InterpolateHandlers, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    footage = Footage(clip=clip)
    list(handlers.scanned(_asked(), footage))
    monkeypatch.setattr("synth.ui.interpolate_handlers.plan_retime", None)
    _, monitor = handlers.edited(_asked(mode="fast", sound="drop"), footage)
    assert "24 frames at 12 become 120 at 60" in monitor["summary"]["sentence"]
    assert not monitor["summary"]["notes"]
