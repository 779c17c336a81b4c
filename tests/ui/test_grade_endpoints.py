"""Judging, comparing, grading and mending over the API, by strangers and by hostile ones."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from gradio_client import Client
from PIL import Image

from synth.grade.cube import read_cube
from synth.media import VideoReader, VideoWriter
from tests.ui.conftest import Server, nothing_is_left, sent, wait_until
from tests.ui.grading import make_flickering, write_swap
from tests.ui.interpolating import SIZE, make_clip, view


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of panning, 12 frames."""
    return make_clip(tmp_path_factory.mktemp("clips") / "pan.mp4", frames=12)


@pytest.fixture(scope="module")
def flickering(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds, of which the second flickers."""
    return make_flickering(tmp_path_factory.mktemp("clips") / "flicker.mp4")


def _mean(path: str | Path) -> np.ndarray:
    """Mean colour of a clip, (3,)."""
    with VideoReader(path) as reader:
        return np.mean([frame.pixels.mean(axis=(0, 1)) for frame in reader], axis=0)


def _frames(path: str) -> int:
    with av.open(path) as film:
        return sum(1 for _ in film.decode(video=0))


def test_the_judgement_names_the_flicker_and_its_seconds(client: Client, flickering: Path) -> None:
    said: Any = client.predict(video=sent(flickering), pictures=True, api_name="/evaluate_video")
    assert list(said)[:3] == ["metrics", "overall_score", "pass_threshold"]
    assert said["metrics"]["flicker_detection"] > 0.5
    assert said["gate"]["passed"] is False
    found = [one for one in said["findings"] if one["defect"] == "flicker"]
    assert found[0]["fix"] == "deflicker"
    assert 0.7 < found[0]["spans"][0][0] < 1.3
    assert said["frames"] == 48
    picture = said["pictures"][0]["picture"]
    assert picture.startswith("data:image/jpeg;base64,")
    first: Any = client.predict(video=sent(flickering), seconds=0.9, api_name="/evaluate_video")
    assert first["metrics"]["flicker_detection"] < 0.2
    assert "pictures" not in first


def test_deflicker_leaves_less_of_it(client: Client, flickering: Path) -> None:
    path, report = client.predict(video=sent(flickering), api_name="/deflicker")
    assert report["what"] == "deflicker"
    assert report["found"]["flicker_after"] < report["found"]["flicker_before"] / 2
    assert _frames(path) == report["frames"] == 48


def test_a_grade_a_look_and_a_lut_change_the_picture(
    client: Client, clip: Path, tmp_path: Path
) -> None:
    before = _mean(clip)
    path, report = client.predict(
        video=sent(clip), adjustments={"exposure": 1.0, "saturation": 0.0}, api_name="/grade_video"
    )
    after = _mean(path)
    assert (after > before + 20).all()
    assert np.ptp(after) < 3
    assert report["settings"]["adjustments"]["exposure"] == 1.0
    assert (report["width"], report["height"], report["frames"]) == (*SIZE, 12)

    path, report = client.predict(video=sent(clip), look="noir", api_name="/grade_video")
    assert np.ptp(_mean(path)) < 3

    cube = write_swap(tmp_path / "swap.cube")
    path, report = client.predict(video=sent(clip), lut=sent(cube), api_name="/grade_video")
    assert _mean(path) == pytest.approx(before[::-1], abs=3)
    assert report["settings"]["lut"] == "Swap"


def test_a_grade_can_change_over_time(client: Client, clip: Path) -> None:
    keys = [
        {"time": 0.0, "adjustments": {}},
        {"time": 0.9, "adjustments": {"exposure": -4.0}},
    ]
    path, _ = client.predict(video=sent(clip), keys=keys, format="webm", api_name="/grade_video")
    with VideoReader(path) as reader:
        means = [frame.pixels.mean() for frame in reader]
    assert np.all(np.diff(means) < 0)
    assert means[-1] < 0.5 * means[0]


def test_a_saved_lut_does_what_the_grade_does(client: Client, clip: Path, tmp_path: Path) -> None:
    asked = {"contrast": 1.2, "temperature": 800}
    target, about = client.predict(adjustments=asked, size="33", api_name="/save_lut")
    assert about["size"] == 33
    assert read_cube(target).title == "Motion Synth grade"
    cube = tmp_path / "mine.cube"
    cube.write_bytes(Path(target).read_bytes())
    graded, _ = client.predict(video=sent(clip), adjustments=asked, api_name="/grade_video")
    laid, _ = client.predict(video=sent(clip), lut=sent(cube), api_name="/grade_video")
    assert _mean(laid) == pytest.approx(_mean(graded), abs=1.0)


def test_a_shot_is_matched_to_a_picture(client: Client, clip: Path, tmp_path: Path) -> None:
    like = tmp_path / "warm.png"
    warm = np.clip(view(0.0) * np.array([1.0, 0.8, 0.6]), 0, 255).astype(np.uint8)
    Image.fromarray(warm).save(like)
    path, report = client.predict(video=sent(clip), reference=sent(like), api_name="/match_color")
    assert len(report["found"]["shots"]) == 1
    before, wanted, after = _mean(clip), warm.mean(axis=(0, 1)), _mean(path)
    assert np.abs(after - wanted).max() < 0.4 * np.abs(before - wanted).max()


def test_noise_is_lowered_and_shaking_calmed(client: Client, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    noisy, shaking = tmp_path / "noisy.mp4", tmp_path / "shaking.mp4"
    shakes = rng.normal(0, 2, 24)
    with (
        VideoWriter(noisy, width=SIZE[0], height=SIZE[1], fps=12) as grainy,
        VideoWriter(shaking, width=SIZE[0], height=SIZE[1], fps=12) as trembling,
    ):
        for number in range(24):
            grain = rng.normal(0, 10, (SIZE[1], SIZE[0], 1))
            grainy.write(np.clip(view(3.0) + grain, 0, 255).astype(np.uint8))
            trembling.write(view(40.0 + shakes[number]))
    path, report = client.predict(video=sent(noisy), strength=0.8, api_name="/denoise")
    assert report["found"]["noise"] > 4
    assert _frames(path) == 24
    path, report = client.predict(video=sent(shaking), strength=1.0, api_name="/stabilise")
    assert report["found"]["jitter_after"] < 0.7 * report["found"]["jitter_before"]
    assert _frames(path) == 24


def test_two_clips_are_compared(client: Client, clip: Path, tmp_path: Path) -> None:
    said: Any = client.predict(reference=sent(clip), video=sent(clip), api_name="/compare_videos")
    assert (said["identical"], said["psnr_y"], said["ssim_y"]) == (True, 100.0, 1.0)
    assert said["worst"] == []
    graded, _ = client.predict(
        video=sent(clip), adjustments={"brightness": 0.05}, api_name="/grade_video"
    )
    copy = tmp_path / "graded.mp4"
    copy.write_bytes(Path(graded).read_bytes())
    said = client.predict(
        reference=sent(clip), video=sent(copy), vmaf=False, api_name="/compare_videos"
    )
    # A shift of 0.05 of the 219 steps is 10.95 codes.
    assert said["psnr_y"] == pytest.approx(27.3, abs=0.7)
    assert "vmaf" not in said
    assert len(said["curves"]["ssim_y"]["values"]) == said["frames"] == 12


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"adjustments": {"exposur": 1.0}}, "Did you mean 'exposure'"),
        ({"adjustments": {"exposure": 99}}, "exposure"),
        ({"adjustments": {"exposure": "1"}}, "exposure"),
        ({"adjustments": {"exposure": True}}, "exposure"),
        ({"adjustments": {"curve": [[0.5, 0.5], [0.2, 0.1]]}}, "dark to bright"),
        ({"adjustments": {"curve": [[k / 9e3, 0.5] for k in range(9_000)]}}, "curve"),
        ({"adjustments": {"curve": [[[[[[0]]]]]]}}, "curve"),
        ({"adjustments": {str(k): 0 for k in range(20_000)}}, "has no key"),
        ({"adjustments": [1, 2]}, "must be an object"),
        ({"keys": [{"time": -1, "adjustments": {}}]}, "time"),
        ({"keys": [{"time": 0, "adjustments": {}}] * 65}, "keys"),
        ({"keys": {"time": 0}}, "keys"),
        ({"start": "soon"}, "start"),
        ({"look": "nowhere"}, "nowhere"),
        ({"look": "../../etc/passwd"}, "passwd"),
        ({"lut_strength": 7}, "lut_strength"),
        ({"lut_place": "middle"}, "middle"),
        ({"start": 900.0}, "[Ss]tart"),
        ({"start": -1.0}, "start"),
        ({"seconds": 0.0}, "seconds"),
        ({"crf": 99}, "99"),
        ({"format": "exe"}, "exe"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_hostile_values_get_a_sentence(
    client: Client, clip: Path, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(Exception, match=words) as caught:
        client.predict(video=sent(clip), api_name="/grade_video", **asked)
    assert "went wrong" not in str(caught.value)
    assert len(str(caught.value)) < 4000


@pytest.mark.parametrize(
    ("name", "asked", "words"),
    [
        ("/deflicker", {"strength": 3.0}, "strength"),
        ("/deflicker", {"format": "exe"}, "exe"),
        ("/denoise", {"strength": -0.1}, "strength"),
        ("/stabilise", {"crop": 0.9}, "crop"),
        ("/stabilise", {"border": "mirror"}, "mirror"),
        ("/evaluate_video", {"start": 900.0}, "[Ss]tart"),
        ("/evaluate_video", {"start": -3.0}, "start"),
        ("/evaluate_video", {"start": "soon"}, "start"),
        ("/evaluate_video", {"seconds": 0.0}, "length"),
        ("/evaluate_video", {"seconds": 1e300}, "length"),
    ],
)
def test_hostile_numbers_are_refused(
    client: Client, clip: Path, name: str, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(Exception, match=words) as caught:
        client.predict(video=sent(clip), api_name=name, **asked)
    assert "went wrong" not in str(caught.value)


def test_numbers_that_are_none_are_refused_over_plain_http(server: Server, clip: Path) -> None:
    api = f"{server.url}/gradio_api"
    path = httpx.post(f"{api}/upload", files={"files": clip.read_bytes()}).json()[0]
    video = {"path": path, "meta": {"_type": "gradio.FileData"}}
    for bad in (float("nan"), float("inf"), 10**400):
        rest = [None, None, 1.0, "last", None, 0.0, None, "mp4", 18]
        body = json.dumps({"data": [video, {"exposure": bad}, *rest]})
        started = httpx.post(
            f"{api}/call/grade_video", content=body, headers={"Content-Type": "application/json"}
        )
        if started.status_code != 200:
            assert started.status_code in (400, 422)
            continue
        answer = httpx.get(f"{api}/call/grade_video/{started.json()['event_id']}", timeout=30)
        last = answer.text.rsplit("event: ", 1)[1]
        assert last.startswith("error")
        assert "exposure" in last
        assert "went wrong" not in last


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("LUT_3D_SIZE 1\n0 0 0\n", "[Ll]ine 1"),
        ("LUT_3D_SIZE 100000000\n", "[Ll]ine 1"),
        ("# a\nLUT_3D_SIZE 2_0\n", "[Ll]ine 2"),
        ("LUT_1D_SIZE 2\n0 0 0\nnan 1 1\n", "[Ll]ine 3"),
        ("LUT_1D_SIZE 2\n0 0 0\n1e999 1 1\n", "[Ll]ine 3"),
        ("LUT_1D_SIZE 2\n0 0 0\n1 1 1\n1 1 1\n", "[Ll]ine 4"),
        ("LUT_1D_SIZE 2\nDOMAIN_MIN 1 1 1\nDOMAIN_MAX 1 1 1\n0 0 0\n1 1 1\n", "[Ll]ine"),
        ("LUT_1D_SIZE 3\n0 0 0\n1 1 1\n", "2|3"),
        ("", "LUT"),
        ("<script>alert(1)</script>\n", "[Ll]ine 1"),
    ],
)
def test_hostile_luts_are_refused_with_their_line(
    client: Client, clip: Path, tmp_path: Path, text: str, words: str
) -> None:
    cube = tmp_path / "bad.cube"
    cube.write_text(text)
    for name, asked in (("/grade_video", {"video": sent(clip)}), ("/save_lut", {})):
        with pytest.raises(Exception, match=words) as caught:
            client.predict(lut=sent(cube), api_name=name, **asked)
        assert "went wrong" not in str(caught.value)


def test_what_is_no_video_gets_a_sentence(client: Client, clip: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    for name in ("/evaluate_video", "/grade_video", "/deflicker", "/denoise", "/stabilise"):
        with pytest.raises(Exception, match="not a video"):
            client.predict(video=sent(text), api_name=name)
    with pytest.raises(Exception, match=r"reference.*not a video"):
        client.predict(reference=sent(text), video=sent(clip), api_name="/compare_videos")
    with pytest.raises(Exception, match=r"The reference .*not a video"):
        client.predict(video=sent(clip), reference=sent(text), api_name="/match_color")


def test_two_users_at_once_get_their_own_clips(server: Server, clip: Path, tmp_path: Path) -> None:
    def graded(exposure: float) -> float:
        own = Client(
            server.url, verbose=False, analytics_enabled=False,
            download_files=str(tmp_path / f"user{exposure}"),
        )  # fmt: skip
        path, report = own.predict(
            video=sent(clip), adjustments={"exposure": exposure}, api_name="/grade_video"
        )
        own.close()
        assert report["settings"]["adjustments"]["exposure"] == exposure
        return float(_mean(path).mean())

    with ThreadPoolExecutor(2) as users:
        dark, bright = users.map(graded, (-1.0, 1.0))
    assert dark < _mean(clip).mean() - 10 < bright - 20


@pytest.mark.parametrize("name", ["/grade_video", "/evaluate_video", "/compare_videos"])
def test_cancelling_stops_within_seconds_and_leaves_nothing(
    client: Client, tmp_path: Path, name: str
) -> None:
    long = tmp_path / "long.mp4"
    picture = np.repeat(np.repeat(view(0.0), 6, axis=0), 6, axis=1)
    with VideoWriter(long, width=SIZE[0] * 6, height=SIZE[1] * 6, fps=24) as film:
        for number in range(400):
            film.write(np.roll(picture, 2 * number, axis=1))
    videos = {"video": sent(long)}
    if name == "/compare_videos":
        videos["reference"] = sent(long)
    job = client.submit(**videos, api_name=name)
    status = 1 if name == "/grade_video" else None

    def counting() -> bool:
        said = [out if status is None else out[status] for out in job.outputs()]
        return any(one.get("total") for one in said)

    wait_until(counting, 30, "the first frame")
    job.cancel()
    wait_until(nothing_is_left, 3, "the end of the job")


@pytest.mark.parametrize("name", ["reference", "reference.mp4", "reference.avif"])
def test_a_reference_is_told_by_what_is_in_it(
    client: Client, clip: Path, tmp_path: Path, name: str
) -> None:
    like = tmp_path / name
    Image.fromarray(view(0.0)).save(like, format="AVIF" if name.endswith("avif") else "PNG")
    _, report = client.predict(video=sent(clip), reference=sent(like), api_name="/match_color")
    assert report["found"]["shots"][0]["pairs"] > 0
