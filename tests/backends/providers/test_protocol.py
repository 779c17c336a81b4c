"""The stand-in speaks as the services do: the Hub's own client is content with it, as we are."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from huggingface_hub import InferenceClient, close_session, set_client_factory
from huggingface_hub.inference._providers import _common, fal_ai, together, wavespeed
from huggingface_hub.utils._http import default_client_factory
from PIL import Image

from synth.control import CancelToken
from tests.backends.providers.hub_stand_in import ENDPOINTS, MODEL, Script, StandIn, make_clip
from tests.backends.providers.test_backend import CANARY, assignment, backend


class ToLoopback(httpx2.HTTPTransport):
    """Sends what is meant for the Hub and its router to the stand-in."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = httpx2.URL(url)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.raw_path
        if request.url.host == "router.huggingface.co":
            path = b"/router" + path
        elif request.url.host not in ("huggingface.co", "127.0.0.1"):
            raise AssertionError(request.url)
        request.url = request.url.copy_with(
            scheme="http", host=self._url.host, port=self._url.port, raw_path=path
        )
        return super().handle_request(request)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A stand-in that the Hub's client finds in the Hub's place."""
    for module, name in (
        (fal_ai, "_POLLING_INTERVAL"), (wavespeed, "_POLLING_INTERVAL"),
        (together, "_VIDEO_POLLING_INTERVAL"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, 0.0)
    with StandIn() as running:
        running.script = Script(clip=make_clip(33))
        set_client_factory(
            lambda: httpx2.Client(transport=ToLoopback(running.url), follow_redirects=True)
        )
        _common._fetch_inference_provider_mapping.cache_clear()
        yield running
        _common._fetch_inference_provider_mapping.cache_clear()
        set_client_factory(default_client_factory)
        close_session()


def told(server: StandIn) -> list[tuple[str, str, Any]]:
    """What was asked so far, each once: how often one asks for a state is one's own business."""
    asked = [
        (one.method, one.path.replace("job-2", "job-1"), one.query)
        for one in server.heard
        if "agent-harnesses" not in one.path
    ]
    return [one for index, one in enumerate(asked) if one not in asked[:index]]


@pytest.mark.parametrize("provider", tuple(ENDPOINTS))
def test_ours_asks_as_the_hub_s_own_client_does(server: StandIn, provider: str) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (64, 64)).save(picture, "JPEG")
    client = InferenceClient(provider=provider, token=CANARY)  # type: ignore[arg-type]
    clip = client.image_to_video(
        picture.getvalue(), model=MODEL, prompt="The camera pushes in.", seed=7
    )
    assert clip == server.script.clip
    theirs, body = told(server), server.requests("POST")[0].body
    server.heard.clear()
    list(backend(server, provider).render(assignment(), cancel=CancelToken()).frames)
    assert told(server) == theirs
    ours = server.requests("POST")[0].body
    assert set(body) <= set(ours)
    pictures = ("image", "image_url", "frame_images")
    assert {key: ours[key] for key in body if key not in pictures} == {
        key: value for key, value in body.items() if key not in pictures
    }
    for key in pictures:
        if key in body:
            mine, other = (str(one[key])[:60].split("base64")[0] for one in (ours, body))
            assert mine.replace("jpeg", "png") == other.replace("jpeg", "png")
