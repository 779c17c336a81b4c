"""Clips from services, end to end against a server on loopback that speaks as they do."""

from __future__ import annotations

import base64
import io
import logging
import pickle
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from synth.backends.protocol import Assignment, Frame, LoraUse, Rendering
from synth.backends.providers import ProvidersBackend
from synth.backends.providers.call import Line, Told, _submitted
from synth.backends.providers.payloads import Payload
from synth.backends.providers.queues import make_queue
from synth.backends.providers.secret import Token
from synth.backends.providers.watch import Abandoned, Watch
from synth.backends.providers.wire import Wire
from synth.backends.settings import BackendSettings
from synth.camera.pose import CameraPath, CameraPose
from synth.control import CancelToken, Progress
from synth.errors import (
    Cancelled,
    InvalidInstruction,
    InvalidMedia,
    LimitExceeded,
    SynthError,
    Unavailable,
)
from synth.motion import CameraMove, MotionControl, camera_path
from synth.render.film import FilmSettings
from synth.shot import Shot, render_shot
from tests.backends.providers.hub_stand_in import ENDPOINTS, MODEL, Script, StandIn, make_clip

CANARY = "hf_CanaryThatMustNotBeSeenAnywhere"
PROVIDERS = tuple(ENDPOINTS)


@pytest.fixture(scope="module")
def clip() -> bytes:
    """33 frames at 16 a second, grey 40 to 72."""
    return make_clip(33)


@pytest.fixture
def server(clip: bytes) -> Iterator[StandIn]:
    """The stand-in, all well."""
    with StandIn() as running:
        running.script = Script(clip=clip)
        yield running


def assignment(
    count: int = 12, fps: int = 8, size: tuple[int, int] = (64, 48), photo: Frame | None = None
) -> Assignment:
    """A still camera over a picture."""
    if photo is None:
        photo = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    return Assignment(
        photo=photo,
        motion=MotionControl(),
        path=CameraPath((CameraPose(),) * count, Fraction(fps)),
        film=FilmSettings(*size, seed=7),
        depth=lambda: pytest.fail("no depth is needed"),
        sentence="The camera pushes in.",
    )


def backend(
    server: StandIn, provider: str = "fal-ai", *, token: str | None = CANARY, **settings: object
) -> ProvidersBackend:
    """One that asks the stand-in, often."""
    values = {"name": "providers", "provider": provider, "timeout": 20} | settings
    return ProvidersBackend(
        BackendSettings.model_validate(values), token=token, endpoint=server.url, pause=0.01
    )


def drawn(
    server: StandIn,
    provider: str = "fal-ai",
    *,
    what: Assignment | None = None,
    seen: list[Progress] | None = None,
    **settings: object,
) -> tuple[list[Frame], Rendering]:
    """All frames of a render."""
    watch = (lambda _: None) if seen is None else seen.append
    rendering = backend(server, provider, **settings).render(
        what or assignment(), cancel=CancelToken(), progress=watch
    )
    return list(rendering.frames), rendering


@pytest.mark.parametrize("token", [CANARY, "a-key-of-the-service"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_clip_is_asked_for_followed_and_brought_to_the_shot(
    server: StandIn, provider: str, token: str
) -> None:
    seen: list[Progress] = []
    frames, rendering = drawn(server, provider, token=token, seen=seen)

    assert len(frames) == 12
    assert all(frame.shape == (48, 64, 3) and frame.dtype == np.uint8 for frame in frames)
    # Frame k of the shot is frame 2k of the clip, whose grey tells which one it is.
    assert [round(float(frame.mean())) for frame in frames] == pytest.approx(
        [40 + 2 * index for index in range(12)], abs=1
    )
    stages = [news.stage for news in seen]
    assert any(stage.startswith(f"Waiting at {provider}") for stage in stages)
    assert any(stage.startswith(f"Drawing at {provider}") for stage in stages)
    assert any(stage.startswith(f"Fetching the clip from {provider}") for stage in stages)
    assert rendering.made_by["provider"] == provider
    assert rendering.made_by["model"] == MODEL
    assert rendering.made_by["endpoint"] == ENDPOINTS[provider]
    way = "router" if token == CANARY else "direct"
    posts = server.requests("POST")
    assert [one.path.split("/")[1:3] for one in posts] == [[way, provider]]
    word = "Key" if provider == "fal-ai" and way == "direct" else "Bearer"
    assert posts[0].headers["authorization"] == f"{word} {token}"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_token_goes_to_hub_and_service_alone(server: StandIn, provider: str) -> None:
    drawn(server, provider)
    for heard in server.heard:
        carried = "authorization" in heard.headers
        assert carried == (not heard.path.startswith("/clips/")), heard.path
        assert CANARY not in heard.path + str(heard.query) + str(heard.body)


def test_a_service_s_own_key_is_not_shown_to_the_hub(server: StandIn) -> None:
    drawn(server, "together", token="a-key-of-the-service")
    (asked,) = server.requests("GET", "/api/models/")
    assert "authorization" not in asked.headers


def test_what_each_service_is_sent(server: StandIn) -> None:
    bodies = {}
    for provider in PROVIDERS:
        drawn(server, provider, steps=30, guidance=4.0, negative="blur")
        bodies[provider] = server.requests("POST", provider)[-1].body
    fal, together, wave = (bodies[name] for name in PROVIDERS)
    assert fal["prompt"] == together["prompt"] == wave["prompt"] == "The camera pushes in."
    assert fal["seed"] == together["seed"] == wave["seed"] == 7
    assert fal["negative_prompt"] == "blur"
    assert (fal["num_frames"], fal["frames_per_second"], fal["resolution"]) == (25, 16, "480p")
    assert (fal["num_inference_steps"], fal["guidance_scale"]) == (30, 4.0)
    assert (together["width"], together["height"], together["steps"]) == (64, 64, 30)
    assert together["model"] == ENDPOINTS["together"]
    assert wave["duration"] == 5
    picture = together["frame_images"][0]
    assert picture["frame"] == "first"
    for address in (fal["image_url"], picture["input_image"], wave["image"]):
        image = Image.open(io.BytesIO(base64.b64decode(address.partition("base64,")[2])))
        assert image.size == (64, 64)


def test_together_gets_a_picture_of_at_most_60_kb_and_the_user_hears_of_it(
    server: StandIn,
) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (480, 832, 3), dtype=np.uint8)
    _, rendering = drawn(server, "together", what=assignment(2, 8, (832, 480), noise))
    (post,) = server.requests("POST")
    assert len(post.body["frame_images"][0]["input_image"]) <= 60_000
    assert any("60 KB" in note for note in rendering.closing_notes())


def test_what_an_endpoint_does_not_know_is_left_out_at_the_second_try(server: StandIn) -> None:
    server.script.picky = True
    frames, rendering = drawn(server, "fal-ai")
    first, second = server.requests("POST")
    assert len(frames) == 12
    assert "num_frames" in first.body
    assert set(second.body) == {"image_url", "prompt"}
    assert any("num frames" in note for note in rendering.closing_notes())


def test_auto_takes_the_first_service_in_the_account_s_own_order(server: StandIn) -> None:
    live = {"status": "live", "task": "image-to-video"}
    server.script.mapping = [
        {"provider": "replicate", "providerId": "x", **live},
        {"provider": "wavespeed", "providerId": ENDPOINTS["wavespeed"], **live},
        {"provider": "fal-ai", "providerId": ENDPOINTS["fal-ai"], **live},
    ]
    _, rendering = drawn(server, "auto")
    assert rendering.made_by["provider"] == "wavespeed"


def test_a_model_that_the_service_does_not_offer(server: StandIn) -> None:
    server.script.mapping = {
        "together": {"status": "live", "providerId": "x", "task": "text-to-video"},
        "fal-ai": {"status": "live", "providerId": "x", "task": "image-to-video"},
    }
    with pytest.raises(Unavailable, match=r"not offered .* by together now.*it is by fal-ai"):
        drawn(server, "together")
    server.script.mapping = None
    with pytest.raises(InvalidInstruction, match="Choose the provider"):
        drawn(server, "auto", token="a-key-of-the-service")


def test_a_long_shot_is_a_chain_of_calls_each_begun_on_the_last_picture(
    server: StandIn,
) -> None:
    server.script.clip = make_clip(81)
    seen: list[Progress] = []
    frames, _ = drawn(server, "fal-ai", what=assignment(33, 4), seen=seen)
    posts = server.requests("POST")
    assert len(frames) == 33
    assert len(posts) == 2
    assert posts[0].body["image_url"] != posts[1].body["image_url"]
    assert (posts[0].body["seed"], posts[1].body["seed"]) == (7, 8)
    assert any("clip 2 of 2" in news.stage for news in seen)


def test_without_a_sentence_of_its_own_the_shot_is_told_in_words(server: StandIn) -> None:
    move = CameraMove(type="pan", direction="left", duration=8.0)
    control = MotionControl(camera=(move,))
    wanted = replace(
        assignment(),
        sentence=None,
        motion=control,
        prompt="a harbour",
        path=camera_path(control, fps=Fraction(4)),
    )
    server.script.clip = make_clip(81)
    frames, rendering = drawn(server, "fal-ai", what=wanted)
    assert len(frames) == 32
    said = [post.body["prompt"] for post in server.requests("POST")]
    assert len(said) == 2
    assert all("harbour" in one and "left" in one for one in said)
    assert all(one in rendering.made_by["sentence"] for one in said)
    assert "blurred details" in server.requests("POST")[0].body["negative_prompt"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_failure_is_told_in_the_service_s_words(server: StandIn, provider: str) -> None:
    server.script.states = ("waiting", "failed")
    server.script.why = f"bad word in {CANARY}"
    with pytest.raises(Unavailable, match=r"could not draw the clip: .*bad word in \(token\)"):
        drawn(server, provider)


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, Unavailable, "token is not valid"),
        (402, Unavailable, "no credit left"),
        (403, Unavailable, "may not do this"),
        (404, InvalidInstruction, f"{MODEL} is not there"),
        (413, LimitExceeded, "too large"),
        (422, InvalidInstruction, "does not accept this request"),
        (429, Unavailable, "Try again in 7 seconds"),
        (500, Unavailable, "trouble of its own"),
        (503, Unavailable, "trouble of its own"),
        (504, Unavailable, "did not finish in its own time"),
        (302, Unavailable, "sends this request elsewhere"),
        (418, Unavailable, "does not do this"),
    ],
)
def test_every_refusal_is_a_plain_sentence(
    server: StandIn, status: int, kind: type[SynthError], says: str
) -> None:
    server.script.says = {"error": {"message": f"no luck with {CANARY}"}}
    for stage in ("hub", "submit"):
        server.script.refuse = {stage: status}
        with pytest.raises(kind, match=says) as caught:
            drawn(server, "together")
        assert f"answered {status}" in str(caught.value)
        assert "no luck with (token)" in str(caught.value) or status == 302
        assert caught.value.__cause__ is None


def test_trouble_on_the_way_is_waited_out(server: StandIn) -> None:
    server.script.refuse = {"follow": 503, "clip": 502, "result": 500}
    server.script.passing = {"follow": 3, "clip": 1, "result": 1}
    frames, _ = drawn(server, "fal-ai")
    assert len(frames) == 12
    assert len(server.requests("POST")) == 1  # Asked for, and paid, once.


@pytest.mark.parametrize("stage", ["follow", "result", "clip"])
def test_trouble_that_stays_ends_the_wait(server: StandIn, stage: str) -> None:
    server.script.refuse = {stage: 503}
    with pytest.raises(Unavailable, match="503"):
        drawn(server, "fal-ai")


@pytest.mark.parametrize("stage", ["hub", "submit", "follow", "clip"])
def test_a_cancel_is_heard_long_before_the_service_answers(server: StandIn, stage: str) -> None:
    server.script.slow = {stage: 6.0}
    cancel = CancelToken()
    timer = threading.Timer(0.3, cancel.cancel)
    began = time.monotonic()
    timer.start()
    with pytest.raises(Cancelled):
        list(backend(server).render(assignment(), cancel=cancel).frames)
    assert time.monotonic() - began < 4.0


def test_a_cancel_stops_the_request_at_the_service(server: StandIn) -> None:
    server.script.states = ("waiting",)
    cancel = CancelToken()

    def watch(news: Progress) -> None:
        if "Waiting" in news.stage:
            cancel.cancel()

    with pytest.raises(Cancelled):
        list(backend(server).render(assignment(), cancel=cancel, progress=watch).frames)
    deadline = time.monotonic() + 5
    while not server.requests("PUT", "/cancel") and time.monotonic() < deadline:
        time.sleep(0.01)
    (stopped,) = server.requests("PUT", "/cancel")
    assert stopped.query == {"_subdomain": ["queue"]}


def test_a_deadline_ends_the_wait_and_stops_the_request(server: StandIn) -> None:
    server.script.states = ("working",)
    short = backend(server)
    short._settings = short._settings.model_copy(update={"timeout": 0.3})
    with pytest.raises(Unavailable, match=r"not finished the clip after 0\.3 seconds"):
        list(short.render(assignment(), cancel=CancelToken()).frames)
    deadline = time.monotonic() + 5
    while not server.requests("PUT", "/cancel") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(server.requests("PUT", "/cancel")) == 1


def test_closing_the_frames_leaves_no_file_behind(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    frames = backend(server).render(assignment(), cancel=CancelToken()).frames
    next(frames)
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    frames.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_without_a_video(server: StandIn, provider: str) -> None:
    server.script.clip_url = "none"
    with pytest.raises(InvalidMedia, match="gave no video"):
        drawn(server, provider)


@pytest.mark.parametrize("answer", [{}, [], {"id": "../../api"}, {"request_id": 1}, {"data": 1}])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_that_says_nothing(server: StandIn, provider: str, answer: object) -> None:
    server.script.answer = answer
    with pytest.raises(Unavailable, match="did not say where its answer will be"):
        drawn(server, provider)


def test_an_address_in_an_answer_cannot_lead_the_token_astray(server: StandIn) -> None:
    for url in ("https://evil.example/a/../../x", "https://queue.fal.run/a?b=1#c", "//evil/a b"):
        server.script.answer = {"request_id": "1", "response_url": url, "status": "IN_QUEUE"}
        server.script.states = ("failed",)
        with pytest.raises(Unavailable):
            drawn(server, "fal-ai")
    assert all(heard.headers["host"] in server.url for heard in server.heard)
    assert not [heard for heard in server.heard if ".." in heard.path]


def test_a_poisoned_clip(server: StandIn, clip: bytes) -> None:
    for poison, says in (
        (b"<html>please sign in</html>", "not a video"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", "not a video"),
        (b"", "not a video|empty"),
        (clip[: len(clip) // 2], "cannot be used"),
        (make_clip(1), "1 frame where a clip"),
    ):
        server.script.clip = poison
        with pytest.raises(InvalidMedia, match=says) as caught:
            drawn(server, "together")
        assert "may have charged" in str(caught.value)


def test_a_clip_that_is_cut_off_or_too_large(
    server: StandIn, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script.declared = len(clip) + 1000
    with pytest.raises(Unavailable, match="cut off"):
        drawn(server, "together")
    server.script.declared = 600_000_000
    with pytest.raises(LimitExceeded, match="600,000,000 bytes or more; the limit is 500,000,000"):
        drawn(server, "together")


def test_redirects_are_followed_to_the_clip_but_not_for_ever(server: StandIn) -> None:
    server.script.moved = ("/clips/1", f"{server.url}/clips/2")
    frames, _ = drawn(server, "together")
    assert len(frames) == 12
    server.script.moved = ("/clips/0",)
    with pytest.raises(Unavailable, match="leads on more than 5 times"):
        drawn(server, "together")


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/clip.mp4", "https://127.0.0.1/clip.mp4", "https://localhost/clip.mp4",
        "https://10.1.2.3/clip.mp4", "https://169.254.169.254/latest/meta-data",
        "https://[::1]/clip.mp4", "https://[::ffff:10.0.0.1]/clip.mp4", "https://2130706433/clip",
        "https://user@127.0.0.1/clip.mp4", "file:///etc/hostname", "data:video/mp4;base64,AAAA",
        "https:///clip.mp4", "https://0.0.0.0/clip.mp4",
    ],
)  # fmt: skip
def test_a_clip_is_never_fetched_from_inside_a_network(server: StandIn, address: str) -> None:
    for way in ("direct", "redirect"):
        server.script.clip_url = address if way == "direct" else ""
        server.script.moved = (address,) if way == "redirect" else ()
        with pytest.raises(Unavailable, match=r"private network|not encrypted|no web address"):
            drawn(server, "together")


def test_the_token_is_seen_nowhere(
    server: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    caplog.set_level(logging.DEBUG)
    made = backend(server)
    texts = [repr(made), str(made), repr(made.capabilities), repr(made._token)]
    seen: list[Progress] = []
    rendering = made.render(assignment(), cancel=CancelToken(), progress=seen.append)
    frames = rendering.frames
    next(frames)
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes()
    list(frames)
    texts += [repr(rendering), repr(rendering.made_by), repr(rendering.closing_notes()), repr(seen)]
    server.script.says = {"detail": [{"loc": ["header"], "msg": f"Bearer {CANARY} is bad"}]}
    for status in (401, 422, 500):
        server.script.refuse = {"submit": status}
        with pytest.raises(SynthError) as caught:
            drawn(server, "fal-ai")
        error: BaseException | None = caught.value
        while error is not None:
            texts += [repr(error), str(error), repr(vars(error))]
            trace = error.__traceback__
            while trace is not None:
                if "synth" in Path(trace.tb_frame.f_code.co_filename).parts:
                    texts += [repr(value) for value in trace.tb_frame.f_locals.values()]
                trace = trace.tb_next
            error = error.__cause__ or error.__context__
    out, err = capfd.readouterr()
    texts += [caplog.text, out, err]
    assert len(texts) > 60
    assert [text[:200] for text in texts if CANARY in text] == []
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(made)
    for wrong in (f"{CANARY}\r\nx-evil: 1", f"{CANARY} {CANARY}", "short", "ключ-ключ-ключ"):
        with pytest.raises(InvalidInstruction) as refused:
            backend(server, token=wrong)
        assert CANARY not in str(refused.value)


def test_without_a_token_it_says_how_to_get_one(server: StandIn) -> None:
    for none in (None, "", "  "):
        made = backend(server, token=none)
        assert "paste it" in made.capabilities.missing
        with pytest.raises(Unavailable, match="paste it"):
            made.render(assignment(), cancel=CancelToken())
    assert server.heard == []
    assert backend(server).capabilities.missing == ""


def test_styles_go_where_they_are_taken(server: StandIn, tmp_path: Path) -> None:
    url = "https://huggingface.co/me/style/resolve/main/style.safetensors"
    styled = replace(
        assignment(), loras=(LoraUse(tmp_path / "s.safetensors", 0.7, url),
                             LoraUse(tmp_path / "none.safetensors", 0.0)),
    )  # fmt: skip
    _, rendering = drawn(server, "fal-ai", what=styled)
    post = server.requests("POST")[-1]
    assert post.path.endswith("/image-to-video/lora")
    assert post.body["loras"] == [{"path": url, "scale": 0.7, "transformer": "both"}]
    assert rendering.made_by["styles"] == f"{url} at 0.7"
    drawn(server, "wavespeed", what=styled)
    post = server.requests("POST")[-1]
    assert post.path.endswith("/i2v-480p-lora")
    assert post.body["loras"] == [{"path": url, "scale": 0.7}]
    with pytest.raises(InvalidInstruction, match="together takes no LoRAs"):
        drawn(server, "together", what=styled)
    local = replace(styled, loras=(LoraUse(tmp_path / "s.safetensors"),))
    with pytest.raises(InvalidInstruction, match="only on this machine"):
        drawn(server, "fal-ai", what=local)
    assert len(server.requests("POST")) == 2


def test_a_tag_with_an_address_reaches_the_service(server: StandIn, tmp_path: Path) -> None:
    url = "https://huggingface.co/me/style/resolve/main/style.safetensors"
    photo = tmp_path / "photo.png"
    Image.fromarray(assignment().photo).save(photo)
    shot = Shot.from_dict(
        {
            "motion": {"camera": {"type": "pan", "direction": "left", "duration": 1.0}},
            "prompt": f"a wall <lora:{url}:0.7>",
            "output": {"long_side": 160, "fps": "12"},
            "backend": {"name": "providers", "provider": "fal-ai"},
        }
    )
    made = render_shot(
        shot, photo, tmp_path / "clip.mp4", backend=backend(server), fidelity=False
    )  # fmt: skip
    body = server.requests("POST")[-1].body
    assert body["loras"] == [{"path": url, "scale": 0.7, "transformer": "both"}]
    assert "lora" not in body["prompt"]
    assert made.frames == 12


def test_nothing_is_sent_for_a_caller_who_has_gone(server: StandIn) -> None:
    """Where a request cannot be stopped, one that nobody waits for would be paid for nothing."""
    watch = Watch()
    watch.leave()
    token = Token(CANARY)
    queue = make_queue("together", token, own=server.url)
    line = Line(queue, token, MODEL, 20.0, own=server.url)
    with Wire("together", token, watch, own=server.url) as wire, pytest.raises(Abandoned):
        _submitted(line, Payload("x", {"a": 1}, {}), Told(), wire, watch)
    assert server.heard == []


def test_a_model_that_is_a_lora_itself_keeps_its_own(server: StandIn) -> None:
    server.script.mapping = {
        "fal-ai": {
            "status": "live", "providerId": "fal-ai/wan-i2v-lora", "task": "image-to-video",
            "adapter": "lora", "adapterWeightsPath": "w.safetensors",
        }
    }  # fmt: skip
    drawn(server, "fal-ai", model="me/wan2.1-style")
    (post,) = server.requests("POST")
    path = f"{server.url}/me/wan2.1-style/resolve/main/w.safetensors"
    assert post.body["loras"] == [{"path": path, "scale": 1}]


def test_capabilities_name_model_cost_and_where_the_photo_goes(server: StandIn) -> None:
    told = backend(server, "fal-ai").capabilities
    assert told.title == "Wan 2.2 (14B, two experts) at fal-ai"
    assert (told.base, told.style) == ("wan2.2-14b", "lora")
    assert "$0.04" in told.cost
    assert "leaves this machine" in told.cost
    assert told.remote
    assert backend(server, "together").capabilities.style is None
    own = backend(server, model="me/my-own-model").capabilities
    assert (own.title, own.base, own.style) == ("me/my-own-model at fal-ai", "", None)
    with pytest.raises(InvalidInstruction, match="No service offers the family 'wan-vace'"):
        backend(server, family="wan-vace")
