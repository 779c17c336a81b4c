"""A small server in place of the Hub that holds one model of many files."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

COMMIT = "c" * 40


class ModelHub(ThreadingHTTPServer):
    """Serves a folder as the repository ``someone/tiny``."""

    def __init__(self, folder: Path, status: int = 200) -> None:
        self.folder, self.status = folder, status
        self.fetched: list[str] = []
        self.tokens: set[str] = set()
        self.stall: str = ""
        self.reached = threading.Event()
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
        assert isinstance(hub, ModelHub)
        hub.tokens |= set(self.headers.get_all("Authorization") or [])
        path = self.path.split("?")[0]
        if hub.status != 200:
            self._send(b"{}", hub.status, body, {"X-Error-Message": "no"})
        elif "/resolve/" in path:
            name = path.split("/resolve/")[1].split("/", 1)[1]
            file = hub.folder / name
            if not file.is_file():
                self._send(b"", 404, body, {"X-Error-Code": "EntryNotFound"})
                return
            content = file.read_bytes()
            if body:
                hub.fetched.append(name)
            tag = hashlib.sha256(content).hexdigest()
            stall = body and name == hub.stall
            self._send(content, 200, body, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT}, stall)
        elif "/tree/" in path:
            self._send(json.dumps([*_files(hub.folder)]).encode(), 200, body, {})
        else:
            told = {"id": "someone/tiny", "sha": COMMIT, "siblings": []}
            self._send(json.dumps(told).encode(), 200, body, {})

    def _send(
        self, content: bytes, status: int, body: bool, more: dict[str, str], stall: bool = False
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for key, value in more.items():
            self.send_header(key, value)
        self.end_headers()
        if body and stall:
            hub = self.server
            assert isinstance(hub, ModelHub)
            self.wfile.write(content[:10])
            self.wfile.flush()
            hub.reached.set()
            hub.release.wait(20)
            content = content[10:]
        if body:
            with suppress(OSError):
                self.wfile.write(content)


def _files(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            yield {
                "type": "file",
                "path": str(path.relative_to(folder)),
                "size": len(content),
                "oid": hashlib.sha256(content).hexdigest(),
            }


@contextmanager
def model_hub(folder: Path, status: int = 200) -> Iterator[ModelHub]:
    """Start such a server, and end it afterwards."""
    server = ModelHub(folder, status)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.release.set()
        for thread in threading.enumerate():
            if thread.name == "fetch-weights":
                thread.join(10)
        server.shutdown()
        server.server_close()
