"""A server on loopback that speaks as the Hub and as its three video services do.

What it answers is decided by a ``Script`` that a test may change at any time; everything that it
hears is kept in ``heard``.
"""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import av
import numpy as np

MODEL = "Wan-AI/Wan2.2-I2V-A14B"
ENDPOINTS = {
    "fal-ai": "fal-ai/wan/v2.2-a14b/image-to-video",
    "together": "Wan-AI/Wan2.2-I2V-A14B",
    "wavespeed": "wavespeed-ai/wan-2.2/i2v-480p",
}


@dataclass(frozen=True)
class Heard:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any
    time: float


@dataclass(frozen=True)
class Answer:
    """What is sent back."""

    status: int = 200
    value: Any = None
    """JSON, or bytes as they are."""
    headers: dict[str, str] = field(default_factory=dict)
    declared: int | None = None
    """Content-Length in place of the true one."""


@dataclass
class Script:
    """How the services behave."""

    mapping: Any = None
    """In place of all three services' offers."""
    states: tuple[str, ...] = ("waiting", "working", "done")
    """One for each question; the last one holds on."""
    refuse: dict[str, int] = field(default_factory=dict)
    """Status for "hub", "submit", "follow", "result" or "clip"."""
    passing: dict[str, int] = field(default_factory=dict)
    """How often that refusal is made before it passes; for ever where nothing is said."""
    says: Any = field(default_factory=lambda: {"error": "no such luck"})
    """The body of a refusal."""
    picky: bool = False
    """Refuse what a service might not know with 422."""
    why: str = "the picture is not allowed"
    """Of a failure."""
    clip: bytes = b""
    """What the clip's address gives."""
    clip_url: str = ""
    """In place of the clip's address; "none" for an answer without one."""
    moved: tuple[str, ...] = ()
    """Where the clip's address leads, one redirect after the other."""
    declared: int | None = None
    """Size that the clip claims to have."""
    chunk: tuple[int, float] = (0, 0.0)
    """Bytes and pause between pieces of the clip; (0, 0) for all at once."""
    slow: dict[str, float] = field(default_factory=dict)
    """Seconds before an answer, by stage."""
    answer: Any = None
    """In place of the answer to a request."""


class StandIn:
    """The server; use it as a context manager."""

    def __init__(self) -> None:
        self.script = Script()
        self.heard: list[Heard] = []
        self.asked: dict[str, int] = {}
        self.extra: list[Callable[[Heard], Answer | Iterator[bytes] | None]] = []
        self._lock = threading.Lock()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body are written apart: without this, each answer waits 40 ms.
            disable_nagle_algorithm = True

            def _do(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                stand_in.serve(self, self.rfile.read(length))

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _do

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> StandIn:
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def requests(self, method: str, part: str = "") -> list[Heard]:
        """What was heard, by method and a part of the path."""
        return [one for one in list(self.heard) if one.method == method and part in one.path]

    def serve(self, handler: BaseHTTPRequestHandler, raw: bytes) -> None:
        parts = urlsplit(handler.path)
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = raw
        heard = Heard(
            handler.command, parts.path, parse_qs(parts.query),
            {name.lower(): value for name, value in handler.headers.items()}, body,
            time.monotonic(),
        )  # fmt: skip
        with self._lock:
            self.heard.append(heard)
        found: Answer | Iterator[bytes] | None = None
        for route in self.extra:
            found = route(heard)
            if found is not None:
                break
        answer = found if found is not None else self._answer(heard)
        try:
            if isinstance(answer, Answer):
                self._send(handler, heard, answer)
            else:
                _stream(handler, answer)
        except OSError:
            handler.close_connection = True

    def _send(self, handler: BaseHTTPRequestHandler, heard: Heard, answer: Answer) -> None:
        raw = answer.value if isinstance(answer.value, bytes) else json.dumps(answer.value).encode()
        kind = "video/mp4" if isinstance(answer.value, bytes) else "application/json"
        handler.send_response(answer.status)
        length = len(raw) if answer.declared is None else answer.declared
        headers = {"content-type": kind, "content-length": str(length)} | answer.headers
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        size, pause = self.script.chunk if "/clips/" in heard.path else (0, 0.0)
        for start in range(0, len(raw), size or max(len(raw), 1)):
            handler.wfile.write(raw[start : start + (size or len(raw))])
            handler.wfile.flush()
            time.sleep(pause)
        if answer.declared is not None:
            handler.close_connection = True

    def _answer(self, heard: Heard) -> Answer:
        path = heard.path
        if path.startswith("/api/models/"):
            return self._stage("hub") or Answer(value=self._model(path))
        if path.startswith("/clips/"):
            return self._stage("clip") or self._clip(path)
        for provider in ENDPOINTS:
            for way in ("router", "direct"):
                prefix = f"/{way}/{provider}"
                if path.startswith(prefix + "/"):
                    return self._service(provider, path[len(prefix) :], heard)
        return Answer(404, {"error": "no such page"})

    def _stage(self, stage: str) -> Answer | None:
        script = self.script
        time.sleep(script.slow.get(stage, 0.0))
        status = script.refuse.get(stage)
        if status is None:
            return None
        with self._lock:
            left = script.passing.get(stage)
            if left == 0:
                return None
            if left is not None:
                script.passing[stage] = left - 1
        return Answer(status, script.says, {"retry-after": "7"} if status == 429 else {})

    def _model(self, path: str) -> Any:
        mapping = self.script.mapping
        if mapping is None:
            mapping = {
                name: {"status": "live", "providerId": endpoint, "task": "image-to-video"}
                for name, endpoint in ENDPOINTS.items()
            }
        name = path.removeprefix("/api/models/")
        return {"_id": "1", "id": name, "inferenceProviderMapping": mapping}

    def _clip(self, path: str) -> Answer:
        step = int(path.rsplit("/", 1)[1])
        if step < len(self.script.moved):
            return Answer(302, b"", {"location": self.script.moved[step]})
        return Answer(value=self.script.clip, declared=self.script.declared)

    def _service(self, provider: str, path: str, heard: Heard) -> Answer:
        if heard.method == "POST":
            return self._submitted(provider, heard)
        if path.endswith("/cancel"):
            return Answer(202, {"status": "CANCELLATION_REQUESTED"})
        if provider == "fal-ai" and not path.endswith("/status"):
            refused = self._stage("result")
            return refused or Answer(value=self._fal_result())
        refused = self._stage("follow")
        if refused:
            return refused
        with self._lock:
            number = self.asked.get(path, 0)
            self.asked[path] = number + 1
        states = self.script.states
        return Answer(value=self._state(provider, states[min(number, len(states) - 1)], number))

    def _submitted(self, provider: str, heard: Heard) -> Answer:
        refused = self._stage("submit")
        if refused:
            return refused
        known = {"model", "prompt", "frame_images", "image", "image_url", "loras"}
        if self.script.picky and set(heard.body) - known:
            extra = sorted(set(heard.body) - known)[0]
            return Answer(
                422, {"detail": [{"loc": ["body", extra], "msg": "extra fields not permitted"}]}
            )
        if self.script.answer is not None:
            return Answer(value=self.script.answer)
        job = f"job-{len(self.requests('POST', f'/{provider}/'))}"
        if provider == "together":
            return Answer(value={"id": job, "object": "video", "status": "queued"})
        if provider == "wavespeed":
            url = f"https://api.wavespeed.ai/api/v3/predictions/{job}/result"
            return Answer(value={"code": 200, "data": {"id": job, "urls": {"get": url}}})
        # The queue's own host is named, as the service does: the token must not follow it there.
        url = f"https://queue.fal.run/fal-ai/wan/requests/{job}"
        return Answer(value={"request_id": job, "response_url": url, "status": "IN_QUEUE"})

    def _clip_url(self) -> str:
        return self.script.clip_url or f"{self.url}/clips/0"

    def _fal_result(self) -> Any:
        if self.script.clip_url == "none":
            return {"seed": 1}
        return {"video": {"url": self._clip_url(), "content_type": "video/mp4"}, "seed": 1}

    def _state(self, provider: str, state: str, number: int) -> Any:
        none = self.script.clip_url == "none"
        if provider == "fal-ai":
            words = {"waiting": "IN_QUEUE", "working": "IN_PROGRESS", "done": "COMPLETED"}
            if state == "failed":
                return {"status": "COMPLETED", "error": self.script.why}
            place = {"queue_position": 3 - number} if state == "waiting" else {}
            return {"status": words.get(state, state), **place}
        if provider == "together":
            words = {"waiting": "queued", "working": "in_progress", "done": "completed"}
            told: dict[str, Any] = {"id": "job", "status": words.get(state, state)}
            if state == "failed":
                told["error"] = {"message": self.script.why, "code": "x"}
            if state == "done" and not none:
                told["outputs"] = {"cost": 1, "video_url": self._clip_url()}
            return told
        words = {"waiting": "created", "working": "processing", "done": "completed"}
        data: dict[str, Any] = {"id": "job", "status": words.get(state, state), "outputs": []}
        if state == "failed":
            data["error"] = self.script.why
        if state == "done" and not none:
            data["outputs"] = [self._clip_url()]
        return {"code": 200, "data": data}


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """A server that is up."""
    with StandIn() as server:
        yield server


def _stream(handler: BaseHTTPRequestHandler, pieces: Iterator[bytes]) -> None:
    """An event stream that ends with its connection."""
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("connection", "close")
    handler.end_headers()
    handler.close_connection = True
    for piece in pieces:
        handler.wfile.write(piece)
        handler.wfile.flush()


def make_clip(
    frames: int, *, rate: int = 16, size: tuple[int, int] = (64, 48), start: int = 40
) -> bytes:
    """An MP4 whose grey rises by one code a frame, so that a frame tells its own number."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=Fraction(rate))
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "8"}
        for index in range(frames):
            picture = np.full((size[1], size[0], 3), start + index, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return file.getvalue()
