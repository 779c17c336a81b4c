"""The named endpoints, called as strangers call them: by client and by plain HTTP."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from gradio_client import Client
from PIL import Image

from tests.ui.conftest import Server, make_picture, nothing_is_left, sent, wait_until

DOLLY = {"camera": {"type": "dolly", "direction": "forward", "intensity": 0.7, "duration": 0.5}}
NAMES = {
    "/generate_video",
    "/preview_video",
    "/estimate_depth",
    "/find_subject",
    "/parse_motion",
    "/motion_schema",
    "/restore_shot",
    "/interpolate_trajectory",
    "/render_trajectory",
    "/convert_camera_path",
    "/analyze_coverage",
    "/interpolate_frames",
    "/retime_video",
    "/plan_retime",
    "/evaluate_video",
    "/compare_videos",
    "/grade_video",
    "/save_lut",
    "/match_color",
    "/deflicker",
    "/denoise",
    "/stabilise",
    "/compose_sequence",
    "/plan_sequence",
    "/sequence_exchange",
    "/preflight",
    "/compile_prompt",
    "/generate_until_pass",
    "/guide_bundle",
    "/check_references",
    "/learn_look",
    "/train_style",
    "/inspect_style",
}


def _first_stream(path: str) -> tuple[str, str, int, int, float, int]:
    with av.open(path) as film:
        stream = film.streams.video[0]
        frames = sum(1 for _ in film.decode(stream))
        context = stream.codec_context
        rate = float(stream.average_rate or 0)
        return context.name, str(context.pix_fmt), context.width, context.height, rate, frames


def test_only_the_documented_endpoints_are_public(client: Client) -> None:
    api: Any = client.view_api(return_format="dict", print_info=False)
    assert set(api["named_endpoints"]) == NAMES
    assert not api["unnamed_endpoints"]


def test_every_endpoint_and_parameter_is_described(client: Client) -> None:
    api: Any = client.view_api(return_format="dict", print_info=False)
    for name, endpoint in api["named_endpoints"].items():
        assert len(endpoint["description"]) > 20, name
        for parameter in endpoint["parameters"]:
            assert f"{parameter['parameter_name']}:" in endpoint["description"] or parameter.get(
                "description"
            ), (name, parameter["parameter_name"])


def test_a_photo_and_an_instruction_become_a_video(client: Client, picture: Path) -> None:
    path, report = client.predict(
        image=sent(picture),
        motion_control=DOLLY,
        long_side=320,
        api_name="/generate_video",
    )
    assert _first_stream(path) == ("h264", "yuv420p", 320, 214, 24.0, 12)
    assert (report["width"], report["height"], report["frames"]) == (320, 214, 12)
    assert report["fidelity"]["verdict"]


def test_without_an_instruction_the_prompt_moves_the_camera(client: Client, picture: Path) -> None:
    path, report = client.predict(
        image=sent(picture),
        prompt="truck left for half a second",
        long_side=320,
        measure=False,
        api_name="/generate_video",
    )
    shot: Any = client.predict(video=sent(Path(path)), api_name="/restore_shot")
    assert shot["motion"]["camera"]["type"] == "truck"
    assert shot["motion"]["camera"]["direction"] == "left"
    assert any("from the prompt" in note for note in report["notes"])


def test_a_preview_is_small_and_quick(client: Client, picture: Path) -> None:
    path, report = client.predict(
        image=sent(picture), motion_control=DOLLY, api_name="/preview_video"
    )
    name, _, width, height, rate, frames = _first_stream(path)
    assert (name, max(width, height) <= 480, rate, frames) == ("h264", True, 12.0, 6)
    assert report["frames"] == 6


def test_the_settings_ride_in_the_video(client: Client, picture: Path) -> None:
    path, _ = client.predict(
        image=sent(picture),
        motion_control=DOLLY,
        prompt="a box",
        long_side=320,
        fps="25",
        seed=7,
        lens={"vignette": 0.4},
        measure=False,
        api_name="/generate_video",
    )
    shot: Any = client.predict(video=sent(Path(path)), api_name="/restore_shot")
    assert shot["motion"] == DOLLY
    assert (shot["prompt"], shot["seed"], shot["output"]["fps"]) == ("a box", 7, "25")
    assert shot["lens"]["vignette"] == 0.4


def test_depth_comes_as_a_map_that_can_be_given_back(client: Client, picture: Path) -> None:
    path, about = client.predict(image=sent(picture), method="embedded", api_name="/estimate_depth")
    with Image.open(path) as image:
        levels = np.asarray(image)
    assert levels.dtype == np.uint16
    assert about["source"] == "embedded"
    assert levels.shape[1] / levels.shape[0] == pytest.approx(240 / 160, rel=0.02)
    _, report = client.predict(
        image=sent(picture),
        motion_control=DOLLY,
        depth_map=sent(Path(path)),
        api_name="/preview_video",
    )
    assert report["frames"] == 6


def test_a_sentence_is_read(client: Client) -> None:
    read: Any = client.predict("crane up and pan left", api_name="/parse_motion")
    assert [move["type"] for move in read["motion_control"]["camera"]] == ["crane", "pan"]
    assert read["understood"]
    nothing: Any = client.predict("a red apple", api_name="/parse_motion")
    assert nothing["motion_control"] is None


def test_the_schema_lists_every_move(client: Client) -> None:
    schema: Any = client.predict(api_name="/motion_schema")
    assert "dolly_zoom" in json.dumps(schema)
    assert schema["type"] == "object"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"motion_control": {"camera": {"type": "warp"}}}, "warp"),
        ({"motion_control": {"camera": {"type": "dolly", "intensity": 7}}}, "at most 1"),
        ({"long_side": 10**9}, "long_side"),
        ({"format": "exe"}, "exe"),
        ({"lens": {"blur": 1}}, "blur"),
        ({"prompt": "x" * 5000}, "5,?000|2000|prompt"),
    ],
)
def test_a_senseless_request_is_answered_in_words(
    client: Client, picture: Path, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        client.predict(
            image=sent(picture),
            **{"motion_control": DOLLY, **changes},
            api_name="/generate_video",
        )


def test_a_file_that_is_no_picture_is_refused(client: Client, tmp_path: Path) -> None:
    fake = tmp_path / "photo.jpg"
    fake.write_text("ffconcat version 1.0\nfile /etc/hostname\n")
    with pytest.raises(ValueError, match="not a picture"):
        client.predict(image=sent(fake), motion_control=DOLLY, api_name="/generate_video")


def test_a_video_from_elsewhere_carries_no_settings(client: Client, tmp_path: Path) -> None:
    foreign = tmp_path / "clip.mp4"
    with av.open(str(foreign), "w") as film:
        stream = film.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            blank = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            film.mux(stream.encode(blank))
        film.mux(stream.encode())
    with pytest.raises(ValueError, match="carries no settings"):
        client.predict(video=sent(foreign), api_name="/restore_shot")


def test_an_unexpected_failure_tells_a_number_and_no_secrets(
    client: Client, picture: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("/secret/place")

    monkeypatch.setattr("synth.ui.endpoints.preview_shot", fail)
    with pytest.raises(ValueError, match=r"number [0-9a-f]{8}") as caught:
        client.predict(image=sent(picture), motion_control=DOLLY, api_name="/preview_video")
    assert "secret" not in str(caught.value)
    assert "/secret/place" in caplog.text


def test_two_clients_at_once_get_their_own_films(server: Server, tmp_path: Path) -> None:
    def film(number: int) -> dict[str, Any]:
        photo = make_picture(tmp_path / f"{number}.png", 240 + 40 * number, 160, seed=number)
        who = Client(
            server.url,
            verbose=False,
            analytics_enabled=False,
            download_files=str(tmp_path / f"got{number}"),
        )
        motion = {"camera": {"type": "pan", "intensity": 0.2 * (number + 1), "duration": 0.5}}
        path, report = who.predict(
            image=sent(photo),
            motion_control=motion,
            long_side=320,
            seed=number,
            measure=False,
            api_name="/generate_video",
        )
        shot: Any = who.predict(video=sent(Path(path)), api_name="/restore_shot")
        who.close()
        return {**shot, "ratio": report["width"] / report["height"]}

    with ThreadPoolExecutor(3) as pool:
        films = list(pool.map(film, range(3)))
    for number, shot in enumerate(films):
        assert shot["seed"] == number
        assert shot["motion"]["camera"]["intensity"] == pytest.approx(0.2 * (number + 1))
        assert shot["ratio"] == pytest.approx((240 + 40 * number) / 160, rel=0.02)


def test_cancelling_stops_within_seconds_and_leaves_nothing(client: Client, picture: Path) -> None:
    job = client.submit(
        image=sent(picture),
        motion_control={"camera": {"type": "orbit", "duration": 50.0}},
        long_side=960,
        api_name="/generate_video",
    )
    wait_until(lambda: any(o[1].get("total") for o in job.outputs()), 30, "the first frame")
    assert job.outputs()[-1][0] is None
    job.cancel()
    wait_until(nothing_is_left, 2, "the end of the job")


def test_progress_counts_frames(client: Client, picture: Path) -> None:
    job = client.submit(
        image=sent(picture),
        motion_control={"camera": {"type": "orbit", "duration": 8.0}},
        long_side=640,
        measure=False,
        api_name="/generate_video",
    )
    job.result(timeout=90)
    totals = {output[1].get("total") for output in job.outputs()}
    assert 192 in totals


class _Curl:
    """The same calls with nothing but HTTP."""

    def __init__(self, server: Server) -> None:
        self._api = f"{server.url}/gradio_api"

    def upload(self, path: Path) -> dict[str, Any]:
        answer = httpx.post(f"{self._api}/upload", files={"files": path.read_bytes()})
        return {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}

    def call(self, name: str, body: str) -> tuple[str, Any]:
        """The last event of a call and its data."""
        started = httpx.post(
            f"{self._api}/call/{name}",
            content=body,
            headers={"Content-Type": "application/json"},
        )
        if started.status_code != 200:
            return "refused", started.text
        plain = name.removeprefix("v2/")
        address = f"{self._api}/call/{plain}/{started.json()['event_id']}"
        event = ""
        with httpx.stream("GET", address, timeout=60) as answer:
            for line in answer.iter_lines():
                if line.startswith("event:"):
                    event = line.removeprefix("event:").strip()
                elif line.startswith("data:") and event in ("complete", "error"):
                    return event, json.loads(line.removeprefix("data:"))
        raise AssertionError("the answer ended without a result")

    def fetch(self, path: str) -> httpx.Response:
        return httpx.get(f"{self._api}/file={path}")


def test_plain_http_makes_a_video(server: Server, picture: Path, tmp_path: Path) -> None:
    curl = _Curl(server)
    body = {"image": curl.upload(picture), "motion_control": DOLLY, "long_side": 320}
    event, data = curl.call("v2/generate_video", json.dumps(body))
    assert event == "complete"
    film = tmp_path / "film.mp4"
    film.write_bytes(httpx.get(data[0]["url"]).content)
    assert _first_stream(str(film))[:4] == ("h264", "yuv420p", 320, 214)


def test_plain_http_takes_positional_values_too(server: Server) -> None:
    event, data = _Curl(server).call("parse_motion", json.dumps({"data": ["dolly in"]}))
    assert event == "complete"
    assert data[0]["motion_control"]["camera"]["type"] == "dolly"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(server: Server, picture: Path, number: str) -> None:
    curl = _Curl(server)
    image = json.dumps(curl.upload(picture))
    for values in (
        f'"motion_control": {{"camera": {{"type": "dolly", "intensity": {number}}}}}',
        f'"depth_strength": {number}',
        f'"long_side": {number}',
        f'"lens": {{"grain": {number}}}',
    ):
        event, _ = curl.call("v2/generate_video", f'{{"image": {image}, {values}}}')
        assert event in ("error", "refused"), values


@pytest.mark.parametrize(
    "image",
    [
        {"path": "/etc/hostname"},
        {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}},
        {"path": "http://127.0.0.1:9/x.png", "meta": {"_type": "gradio.FileData"}},
        {"path": "pyproject.toml"},
        {"path": None},
        "/etc/hostname",
        7,
        None,
    ],
)
def test_a_path_in_a_request_is_not_trusted(server: Server, image: object) -> None:
    body = json.dumps({"image": image, "motion_control": DOLLY})
    event, data = _Curl(server).call("v2/preview_video", body)
    assert event in ("error", "refused")
    assert "hostname" not in str(data) or "etc" not in str(data)


def test_other_files_of_the_machine_are_not_served(server: Server) -> None:
    curl = _Curl(server)
    for path in ("/etc/hostname", str(Path("pyproject.toml").resolve()), "app.py"):
        assert curl.fetch(path).status_code in (403, 404), path


def test_a_caller_who_hangs_up_stops_the_work(server: Server, picture: Path) -> None:
    curl = _Curl(server)
    motion = {"camera": {"type": "orbit", "duration": 50.0}}
    body = {"image": curl.upload(picture), "motion_control": motion, "long_side": 960}
    api = f"{server.url}/gradio_api/call"
    event = httpx.post(f"{api}/v2/generate_video", json=body).json()["event_id"]
    with httpx.stream("GET", f"{api}/generate_video/{event}", timeout=30) as answer:
        for line in answer.iter_lines():
            if line.startswith("event: generating"):
                break
    began = time.monotonic()
    wait_until(nothing_is_left, 20, "the end of the job")
    assert time.monotonic() - began < 20


def test_a_subject_is_found_and_its_mask_goes_into_a_motion_control(
    client: Client, picture: Path
) -> None:
    path, about = client.predict(
        image=sent(picture), mark={"box": [0.28, 0.28, 0.72, 0.9]}, api_name="/find_subject"
    )
    with Image.open(path) as mask:
        assert (mask.mode, mask.size) == ("L", (240, 160))
        share = float(np.asarray(mask).mean()) / 255.0
    assert about["share"] == pytest.approx(share, abs=0.002)
    assert about["box"] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 5 / 6], abs=0.1)
    again, same = client.predict(
        image=sent(picture), mark={"mask": about["mask"]}, api_name="/find_subject"
    )
    assert same["share"] == pytest.approx(about["share"], rel=0.1)
    assert again


def test_a_mark_that_makes_no_sense_is_explained(client: Client, picture: Path) -> None:
    for mark, words in (
        ({"box": [0.9, 0.1, 0.2, 0.5]}, "box around the subject is empty"),
        ({"points": [[0.5, 3.0]]}, "3"),
        ({"mask": "AAAA"}, "no PNG"),
    ):
        with pytest.raises(Exception, match=words) as failure:
            client.predict(image=sent(picture), mark=mark, api_name="/find_subject")
        assert "Traceback" not in str(failure.value)
