"""One public file of the Hugging Face Hub: found in the cache, fetched when asked, checked."""

from __future__ import annotations

import hashlib
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import Cancelled, Unavailable

_POLL_SECONDS = 0.1
_CHUNK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class HubFile:
    """Which file is meant, and how to know it again.

    Where size and hash are not given here, the file is whatever the Hub holds under that name. It
    is still checked for damage, because the Hub's cache files it under its SHA-256.
    """

    repository: str
    """Owner and name."""
    name: str
    """Path of the file in the repository."""
    what: str
    """What it is, in a person's words: "the RIFE 4.9 network"."""
    size: int = 0
    """Bytes; 0 where any size is right."""
    sha256: str = ""
    """Hash of the content, 64 hexadecimal digits; empty where any content is right."""

    def cached(self, cache_dir: str | Path | None = None) -> Path | None:
        """Where a copy of the right size lies in the Hub's cache; looks at the disk only.

        ``cache_dir`` stands in for the cache that huggingface_hub uses (``HF_HOME``).
        """
        path = self._in_cache(cache_dir)
        right = path is not None and self.size in (0, path.stat().st_size)
        return path if right else None

    def check(self, path: Path) -> None:
        """Raise ``Unavailable`` unless the file's content is the expected one."""
        size = path.stat().st_size
        if self.size and size != self.size:
            raise Unavailable(
                f"{path} should be {self.what} of {self.size:,} bytes and has {size:,}. "
                "Download it again."
            )
        filed = path.resolve().name
        wanted = self.sha256 or (filed if _SHA256.fullmatch(filed) else "")
        if not wanted:
            return
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        if digest.hexdigest() != wanted:
            right = "that was tested here" if self.sha256 else "that was fetched"
            raise Unavailable(
                f"{path} is not {self.what} {right}: its SHA-256 begins with "
                f"{digest.hexdigest()[:12]}, not {wanted[:12]}. Download it again."
            )

    def download(
        self,
        progress: ProgressCallback = ignore_progress,
        cancel: CancelToken | None = None,
        *,
        cache_dir: str | Path | None = None,
        endpoint: str | None = None,
    ) -> Path:
        """Fetch the file into the Hub's cache, check it, and return where it lies.

        A good copy in the cache is not fetched again, a damaged one is thrown away first.
        ``progress`` is called on the caller's thread with bytes done and in total; ``endpoint`` is
        another Hub's address. No token is sent. Raises ``Unavailable`` where the Hub cannot be
        reached or refuses or gives other content, ``Cancelled`` within a fraction of a second of
        the token being set; what has arrived is kept for the next try.
        """
        kept = self._in_cache(cache_dir)
        if kept is not None:
            try:
                self.check(kept)
            except Unavailable:
                _discard(kept)
            else:
                return kept
        path = _Fetch(self, cache_dir, endpoint, cancel or CancelToken()).run(progress)
        try:
            self.check(path)
        except Unavailable as error:
            _discard(path)
            right = f"not {self.what} that was tested here" if self.sha256 else "damaged"
            raise Unavailable(
                f"What the Hub gave as {self.repository}/{self.name} is {right}, and was thrown "
                "away. Try again later; nothing else is affected."
            ) from error
        return path

    def _in_cache(self, cache_dir: str | Path | None) -> Path | None:
        try:
            from huggingface_hub import try_to_load_from_cache
        except ImportError:
            return None
        found = try_to_load_from_cache(self.repository, self.name, cache_dir=cache_dir)
        return Path(found) if isinstance(found, str) and Path(found).is_file() else None


def brief(error: Exception) -> str:
    """The first line of an error's text, at most 200 characters."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]


def _discard(path: Path) -> None:
    """Delete a file of the cache: the name in the snapshot and the content it leads to."""
    content = path.resolve()
    path.unlink(missing_ok=True)
    content.unlink(missing_ok=True)


class _Fetch:
    """One download on its own thread, watched from the caller's."""

    def __init__(
        self, file: HubFile, cache_dir: str | Path | None, endpoint: str | None, cancel: CancelToken
    ) -> None:
        self._file = file
        self._cache_dir = cache_dir
        self._endpoint = endpoint
        self._cancel = cancel
        self._done = 0
        self._total = file.size
        self._path: Path | None = None
        self._error: Exception | None = None

    def run(self, progress: ProgressCallback) -> Path:
        self._cancel.check()
        worker = threading.Thread(target=self._work, name="hub-download", daemon=True)
        worker.start()
        reported = -1
        while worker.is_alive():
            worker.join(_POLL_SECONDS)
            # A chunk can take long on a slow line: the caller does not wait for it to stop.
            self._cancel.check()
            if self._done != reported and self._total:
                reported = self._done
                self._report(progress)
        if isinstance(self._error, Cancelled):
            raise self._error
        if self._error is not None or self._path is None:
            reason = brief(self._error) if self._error else "no file arrived"
            raise Unavailable(
                f"Could not download {self._file.what} ({reason}). Check the connection to the "
                "Hugging Face Hub and try again."
            ) from self._error
        if reported != self._done:
            self._report(progress)
        return self._path

    def _report(self, progress: ProgressCallback) -> None:
        done = min(self._done, self._total)
        progress(Progress(f"Downloading {self._file.what}", done, self._total))

    def _work(self) -> None:
        try:
            from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

            # The download itself tries again for half a minute; this asks once, so that a machine
            # without a network hears of it at once.
            file = self._file
            url = hf_hub_url(file.repository, file.name, endpoint=self._endpoint)
            about = get_hf_file_metadata(url, token=False, endpoint=self._endpoint)
            self._total = file.size or about.size or 0
            self._path = Path(
                hf_hub_download(
                    file.repository,
                    file.name,
                    cache_dir=self._cache_dir,
                    endpoint=self._endpoint,
                    token=False,
                    tqdm_class=self._meter(),
                )
            )
        except Exception as error:  # Whatever it is, the watching thread must hear of it.
            self._error = error

    def _meter(self) -> type:
        """A silent progress bar that counts bytes here and stops when asked."""
        from tqdm import tqdm

        fetch = self

        class Meter(tqdm):
            def __init__(self, *args: Any, **options: Any) -> None:
                fetch._done = int(options.get("initial") or 0)
                options["disable"] = True
                options.pop("name", None)
                super().__init__(*args, **options)

            def update(self, n: float | None = 1) -> bool | None:
                fetch._cancel.check()
                fetch._done += int(n or 0)
                return None

        return Meter
