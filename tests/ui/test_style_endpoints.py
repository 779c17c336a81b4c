"""The endpoints of styles and of who draws, called as strangers call them."""

from __future__ import annotations

import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client

from synth.backends import registry
from synth.grade.cube import read_cube
from tests.ui.conftest import Server, make_picture, sent
from tests.ui.styling import make_look, make_lora, make_reference

STILL = {"camera": {"type": "push_in", "intensity": 0.3, "duration": 0.5}}
CANARY = "hf_canaryCANARYcanary0123456789"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_picture(tmp_path_factory.mktemp("small") / "photo.png", 240, 160)


def test_references_are_checked_and_become_a_look_that_draws(
    client: Client, small: Path, tmp_path: Path
) -> None:
    clips = [sent(make_reference(tmp_path / f"clip{n}.mp4", n)) for n in range(2)]
    told = client.predict(videos=clips, api_name="/check_references")
    assert [one["file"] for one in told["clips"]] == ["clip0.mp4", "clip1.mp4"]
    assert told["seconds"] == pytest.approx(4.0, abs=0.2)
    assert told["problems"] == []

    look, cube, about = client.predict(videos=clips, name="grey day", api_name="/learn_look")
    assert (about["name"], about["kind"], about["tag"]) == (
        "grey day", "look", f"<lora:grey day:{float(about['strength'])}>",
    )  # fmt: skip
    assert len(read_cube(cube).cube) > 8
    named = tmp_path / "grey day.safetensors"
    named.write_bytes(Path(look).read_bytes())
    again = client.predict(style=sent(named), api_name="/inspect_style")
    assert (again["name"], again["base"]) == ("grey day", "geometric")

    # Drawn with it, found by the name that it came with.
    asked: dict[str, Any] = {"image": sent(small), "motion_control": STILL, "long_side": 240}
    styled, _ = client.predict(
        **asked, prompt="<lora:grey day:1>", styles=[sent(named)], measure=False,
        api_name="/generate_video",
    )  # fmt: skip
    plain, _ = client.predict(**asked, measure=False, api_name="/generate_video")
    assert Path(styled).read_bytes() != Path(plain).read_bytes()


def test_styles_come_with_the_call_and_from_nowhere_else(
    client: Client, small: Path, tmp_path: Path
) -> None:
    look = make_look(tmp_path / "noir.safetensors")
    asked: dict[str, Any] = {"image": sent(small), "motion_control": STILL, "long_side": 240}
    for name in ("noir", str(look), "../../etc/passwd"):
        with pytest.raises(ValueError, match="not sent with this call"):
            client.predict(**asked, prompt=f"<lora:{name}:0.5>", api_name="/generate_video")
    lora = sent(make_lora(tmp_path / "ember.safetensors"))
    with pytest.raises(ValueError, match="only a model can obey"):
        client.predict(
            **asked, prompt="<lora:ember:0.5>", styles=[lora], api_name="/generate_video"
        )
    poison = tmp_path / "poison.safetensors"
    poison.write_bytes(b"\x80\x04 pickle")
    with pytest.raises(ValueError, match="safetensors"):
        client.predict(style=sent(poison), api_name="/inspect_style")


def test_what_would_be_kept_is_told_without_rendering(client: Client, tmp_path: Path) -> None:
    told = client.predict(
        motion_control=STILL, prompt="a red barn", backend={"name": "guided"},
        api_name="/preflight",
    )  # fmt: skip
    kept = {one["instruction"]: one["keeps"] for one in told["lines"]}
    assert kept["camera"] == "exactly"
    assert "barn" in told["sentence"]
    lora = sent(make_lora(tmp_path / "ember.safetensors", "ltx"))
    wrong = client.predict(
        motion_control=STILL, prompt="<lora:ember:1>", backend={"name": "diffusers"},
        styles=[lora], api_name="/preflight",
    )  # fmt: skip
    assert "made for ltx" in " ".join(wrong["problems"])
    with pytest.raises(ValueError, match="family"):
        client.predict(backend={"name": "diffusers", "family": "sora"}, api_name="/preflight")


def test_a_sentence_is_compiled_for_a_family(client: Client) -> None:
    told = client.predict(
        motion_control=STILL, prompt="a red barn <lora:ember:0.7>", lighting="low golden sun",
        family="ltx", api_name="/compile_prompt",
    )  # fmt: skip
    assert "barn" in told["sentence"]
    assert "<" not in told["sentence"]
    assert "golden" in told["sentence"]
    assert told["negative"]
    assert told["styles"] == [{"name": "ember", "strength": 0.7}]
    assert {part["instruction"] for part in told["parts"]} >= {"camera", "prompt", "lighting"}


def test_a_clip_is_judged_and_told_about(client: Client, small: Path) -> None:
    path, report = client.predict(
        image=sent(small), motion_control=STILL, long_side=240, attempts=1, threshold=0.0,
        api_name="/generate_until_pass",
    )  # fmt: skip
    assert Path(path).stat().st_size > 1000
    assert len(report["attempts"]) == 1
    assert report["said"]
    with pytest.raises(ValueError, match="attempts"):
        client.predict(image=sent(small), attempts=99, api_name="/generate_until_pass")


def test_the_guide_comes_as_one_file(client: Client, small: Path) -> None:
    path, about = client.predict(
        image=sent(small),
        motion_control={"camera": {"type": "truck", "intensity": 0.3, "duration": 0.3}},
        api_name="/guide_bundle",
    )
    names = zipfile.ZipFile(path).namelist()
    assert {"guide.mp4", "README.txt"} <= set(names)
    assert about["frames"] % 4 == 1
    assert about["width"] % 16 == about["height"] % 16 == 0


def test_a_token_is_in_no_answer_log_or_file(
    client: Client,
    server: Server,
    small: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A service that is not there: refused in words, whoever looks for the token finds nothing."""
    caplog.set_level(logging.DEBUG)
    seen: list[str | None] = []
    make = registry.make_backend

    def noted(settings: Any, *, token: str | None = None) -> Any:
        seen.append(token)
        return make(settings, token=token)

    monkeypatch.setattr("synth.ui.visitors.make_backend", noted)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    asked: dict[str, Any] = {
        "image": sent(small), "motion_control": STILL, "prompt": "<lora:none:1>",
        "backend": {"name": "providers", "provider": "together"},
    }  # fmt: skip
    with pytest.raises(ValueError, match="none") as told:
        client.predict(**asked, token=CANARY, api_name="/generate_video")
    with pytest.raises(ValueError, match="token") as broken:
        client.predict(**asked, token=f"{CANARY} x", api_name="/generate_video")
    assert seen == [CANARY]
    api = json.dumps(client.view_api(return_format="dict", print_info=False))
    for words in (str(told.value), str(broken.value), caplog.text, api):
        assert CANARY not in words
    for file in server.uploads.rglob("*"):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes()
