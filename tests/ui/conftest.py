"""One served page and one browser for all tests of the screen and of the endpoints."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import BrowserContext, Page, sync_playwright

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Server:
    """Where the page is served, and where it puts what visitors send."""

    url: str
    uploads: Path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    from synth.ui.app import build, launch_options

    uploads = tmp_path_factory.mktemp("uploads")
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    with socket.socket() as finder:
        finder.bind(("127.0.0.1", 0))
        port = finder.getsockname()[1]
    page = build()
    page.launch(server_port=port, prevent_thread_lock=True, **launch_options())
    yield Server(f"http://127.0.0.1:{port}", uploads)
    page.close(verbose=False)
    # A job that is cut off by the end of the process takes the process with it.
    wait_until(nothing_is_left, 30, "The end of the last jobs")
    if before is None:
        del os.environ["GRADIO_TEMP_DIR"]
    else:
        os.environ["GRADIO_TEMP_DIR"] = before


@pytest.fixture(scope="session")
def client(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder = str(tmp_path_factory.mktemp("downloads"))
    connected = Client(server.url, verbose=False, analytics_enabled=False, download_files=folder)
    yield connected
    connected.close()


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small photo with something to follow: 240 x 160, textured, a box in front."""
    return make_picture(tmp_path_factory.mktemp("photos") / "box.png", 240, 160)


def make_picture(path: Path, width: int, height: int, seed: int = 0) -> Path:
    """Write a textured picture with a bright box in its middle."""
    noise = np.random.default_rng(seed).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    pixels = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    pixels[height // 3 : height * 5 // 6, width // 3 : width * 2 // 3] = (220, 170, 60)
    Image.fromarray(pixels).save(path)
    return path


def sent(path: Path) -> object:
    """A file as the client sends it."""
    return handle_file(str(path))


@dataclass(frozen=True)
class Leavings:
    """What jobs of this process have left behind: folders and threads."""

    folders: frozenset[str]

    @classmethod
    def now(cls) -> Leavings:
        pattern = f"motion-synth-{os.getpid()}-*"
        return cls(frozenset(map(str, Path(tempfile.gettempdir()).glob(pattern))))


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for a condition; how long it took, seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, f"{what} did not happen in {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - began


def nothing_is_left() -> bool:
    """Whether no job runs and no work folder stands."""
    running = [thread for thread in threading.enumerate() if thread.name.startswith("job-")]
    return not running and not Leavings.now().folders


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "These tests drive Chromium; install it with: apt-get install chromium"
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path_factory.mktemp("browser")),
            executable_path=chromium,
            headless=True,
            args=_FLAGS,
            viewport={"width": 1366, "height": 768},
            accept_downloads=True,
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield context
        context.close()


@pytest.fixture
def desk(browser: BrowserContext, server: Server) -> Iterator[Page]:
    """The page, freshly opened; a script error or a request to elsewhere fails the test."""
    with opened(browser, server) as (page, problems):
        yield page
    assert problems == []


@pytest.fixture(scope="module")
def _worn_page(browser: BrowserContext, server: Server) -> Iterator[tuple[Page, list[str]]]:
    with opened(browser, server) as opening:
        yield opening


@pytest.fixture
def worn(_worn_page: tuple[Page, list[str]]) -> Iterator[Page]:
    """As ``desk``, but as the tests before in the same file left it: opening takes a second."""
    page, problems = _worn_page
    yield page
    assert problems == []


@contextmanager
def opened(browser: BrowserContext, server: Server) -> Iterator[tuple[Page, list[str]]]:
    """The page and what goes wrong on it, a list that grows."""
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"script error: {error}"))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((server.url, "data:", "blob:"))
            else problems.append(f"request to elsewhere: {request.url}")
        ),
    )
    page.set_default_timeout(60_000)
    page.goto(server.url)
    page.wait_for_selector(".ms-tile")
    page.wait_for_selector("#ms-settings .ms-output")
    yield page, problems
    page.close()
