"""Frame interpolation over the API: pictures between two, clips retimed, what it says before."""

from __future__ import annotations

import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from gradio_client import Client
from PIL import Image

from tests.ui.conftest import make_picture, sent
from tests.ui.interpolating import SIZE, make_clip, make_pair


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of panning at 12 frames a second, with a cut in the middle."""
    return make_clip(tmp_path_factory.mktemp("clips") / "pan.mp4", frames=12, cut=6)


def _stream(path: str) -> tuple[int, Fraction]:
    with av.open(path) as film:
        stream = film.streams.video[0]
        return sum(1 for _ in film.decode(stream)), Fraction(stream.average_rate or 0)


def test_pictures_come_between_two_and_the_ends_stay(client: Client, tmp_path: Path) -> None:
    first, last = make_pair(tmp_path)
    parcel, about = client.predict(
        frame1=sent(first), frame2=sent(last), num_intermediate=3, api_name="/interpolate_frames"
    )
    assert (about["pictures"], about["new"]) == (5, 3)
    assert (about["width"], about["height"]) == SIZE
    with zipfile.ZipFile(parcel) as files:
        names = files.namelist()
        assert names == [f"frame_{number:04d}.png" for number in range(5)]
        frames = [np.asarray(Image.open(files.open(name))) for name in names]
    assert np.array_equal(frames[0], np.asarray(Image.open(first)))
    assert np.array_equal(frames[-1], np.asarray(Image.open(last)))
    assert not np.array_equal(frames[2], frames[0])


def test_pictures_that_do_not_fit_get_a_sentence(client: Client, tmp_path: Path) -> None:
    first, _ = make_pair(tmp_path)
    other = make_picture(tmp_path / "other.png", 200, 100)
    with pytest.raises(Exception, match="160x90 and the second 200x100"):
        client.predict(frame1=sent(first), frame2=sent(other), api_name="/interpolate_frames")
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    with pytest.raises(Exception, match="second picture"):
        client.predict(frame1=sent(first), frame2=sent(text), api_name="/interpolate_frames")
    with pytest.raises(Exception, match="from 1 to"):
        client.predict(
            frame1=sent(first), frame2=sent(first), num_intermediate=0,
            api_name="/interpolate_frames",
        )  # fmt: skip


def test_what_is_planned_is_what_is_made(client: Client, clip: Path) -> None:
    asked = {"target_fps": "30", "speed": 0.5}
    plan: Any = client.predict(video=sent(clip), settings=asked, api_name="/plan_retime")
    assert "become 60 at 30" in plan["sentences"][0]
    assert plan["cuts"] == 1
    path, report = client.predict(
        video=sent(clip), target_fps="30", speed=0.5, mode="fast", api_name="/retime_video"
    )
    assert _stream(path) == (60, Fraction(30))
    assert report["frames"] == plan["frames"] == 60
    assert (report["cuts"], report["new"]) == (plan["cuts"], plan["new"])
    assert report["made_in_seconds"] > 0


def test_a_ramp_and_a_part_are_taken(client: Client, clip: Path) -> None:
    ramp = [[0.0, 1.0], {"time": 0.25, "speed": 0.25, "ease": "ease in out"}]
    path, report = client.predict(
        video=sent(clip), speed_curve=ramp, seconds=0.5, mode="fast", api_name="/retime_video"
    )
    count, rate = _stream(path)
    assert (count, rate) == (report["frames"], Fraction(12))
    assert count > 12


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"target_fps": "many"}, "frame rate"),
        ({"target_fps": "1000"}, "limit is"),
        ({"speed": 100.0}, "at most 16"),
        ({"speed_curve": [[1.0, 1.0], [0.5, 1.0]]}, "order of time"),
        ({"speed_curve": "fast"}, "speed_curve"),
        ({"shutter_angle": -1.0}, "shutter_angle"),
        ({"start": 900.0}, "Start earlier"),
        ({"sound": "loud"}, "sound"),
    ],
)
def test_hostile_values_get_a_sentence(
    client: Client, clip: Path, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(Exception, match=words) as caught:
        client.predict(video=sent(clip), api_name="/retime_video", **asked)
    assert "went wrong" not in str(caught.value)


def test_what_is_no_video_gets_a_sentence(client: Client, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    for name in ("/retime_video", "/plan_retime"):
        with pytest.raises(Exception, match="not a video"):
            client.predict(video=sent(text), api_name=name)
