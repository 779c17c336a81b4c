"""A small server in place of the Hub, for all tests of what is fetched from there."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hub(ThreadingHTTPServer):
    """Answers as the Hub does for one file.

    ``claimed`` is the content whose hash it tells, if not that of ``content``; with ``stall``, it
    waits in the middle of the file until ``release`` is set.
    """

    def __init__(
        self,
        content: bytes,
        name: str = "tiny.onnx",
        status: int = 200,
        stall: bool = False,
        claimed: bytes | None = None,
    ) -> None:
        self.content, self.name, self.status, self.stall = content, name, status, stall
        self.hash = hashlib.sha256(content if claimed is None else claimed).hexdigest()
        self.gets = 0
        self.tokens: list[str] = []
        self.release = threading.Event()
        super().__init__(("127.0.0.1", 0), _Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        hub = self.server
        assert isinstance(hub, Hub)
        hub.gets += body
        hub.tokens += self.headers.get_all("Authorization") or []
        right = self.path.endswith(hub.name) and hub.status == 200
        content = hub.content if right else b""
        self.send_response(200 if right else hub.status if hub.status != 200 else 404)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hub.hash}"')
        self.send_header("X-Repo-Commit", "c" * 40)
        self.end_headers()
        if body and hub.stall:
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            hub.release.wait(20)
            self.wfile.write(content[len(content) // 2 :])
        elif body:
            self.wfile.write(content)


@contextmanager
def hubs() -> Iterator[Callable[..., Hub]]:
    """Gives what starts such servers, with the arguments of ``Hub``, and ends them afterwards."""
    servers: list[Hub] = []

    def start(content: bytes, name: str = "tiny.onnx", **options: object) -> Hub:
        server = Hub(content, name, **options)  # type: ignore[arg-type]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return server

    try:
        yield start
    finally:
        for server in servers:
            server.release.set()
            for thread in threading.enumerate():
                if thread.name == "hub-download":
                    thread.join(10)
            server.shutdown()
            server.server_close()
