"""A RIFE network through onnxruntime: found, fetched when asked, loaded once, run.

Huang et al., "Real-Time Intermediate Flow Estimation for Video Frame Interpolation", ECCV 2022
(https://arxiv.org/abs/2011.06294). The weights are version 4.9 of
https://github.com/hzwer/Practical-RIFE, MIT licence for code and weights alike.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import Unavailable
from synth.flow.learned_graph import RifeGraph
from synth.media.hub_file import HubFile, brief

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RIFE: Final = HubFile(
    repository="edgetools/rife",
    name="rife49.onnx",
    what="the RIFE 4.9 network",
    size=21_458_882,
    sha256="76e4cef9ab42fa7dd4e8f6e4aba47462051e3faa969e4bca6479784fbab0ac6f",
)
"""The weights: a mirror, with its licence, of rife49_ensemble_True_scale_1_sim.onnx in
https://huggingface.co/yuvraj108c/rife-onnx."""
PATH_VARIABLE = "SYNTH_RIFE_MODEL"
"""Environment variable that names a network file of one's own."""

_THREADS = 2
_POLL_SECONDS = 0.05


class LearnedModel:
    """The network and its weights.

    Nothing is imported, loaded or fetched before it is needed: building one costs nothing. Keep
    one per process, as it keeps the loaded network; it is safe from several threads.
    """

    def __init__(
        self,
        model_path: str | Path | None = None,
        *,
        weights: HubFile = RIFE,
        cache_dir: str | Path | None = None,
        endpoint: str | None = None,
    ) -> None:
        """``model_path`` names a local ONNX file, else ``SYNTH_RIFE_MODEL``, else the Hub's cache.

        ``weights``, ``cache_dir`` and ``endpoint`` stand in for the Hub's own.
        """
        given = model_path or os.environ.get(PATH_VARIABLE) or None
        self._path = Path(given) if given else None
        self._weights = weights
        self._cache_dir = cache_dir
        self._endpoint = endpoint
        self._loaded: tuple[InferenceSession, RifeGraph] | None = None
        self._lock = threading.Lock()

    def available(self) -> bool:
        """Whether the weights are on this machine; looks at the disk only."""
        return self._found() is not None

    def download(
        self, progress: ProgressCallback = ignore_progress, cancel: CancelToken | None = None
    ) -> Path:
        """Fetch the weights (21 MB) into the Hub's cache and return where they lie.

        A file of one's own is never fetched. ``progress`` is called on the caller's thread with
        bytes done and in total. Raises ``Unavailable`` where the Hub cannot be reached, refuses or
        gives something else, ``Cancelled`` within a fraction of a second of the token being set.
        """
        if self._path is not None:
            if self._path.is_file():
                return self._path
            raise Unavailable(self._missing())
        return self._weights.download(
            progress, cancel, cache_dir=self._cache_dir, endpoint=self._endpoint
        )

    def load(self) -> RifeGraph:
        """Load the network if that was not done yet, and return its layout.

        Raises ``Unavailable`` where onnxruntime or the weights are missing, the file is damaged,
        or it is no RIFE network.
        """
        return self._load()[1]

    def between(
        self,
        first: NDArray[np.float32],
        second: NDArray[np.float32],
        time: float,
        cancel: CancelToken | None = None,
    ) -> NDArray[np.float32]:
        """The picture at ``time`` (0 to 1) between two RGB pictures of shape (3, H, W).

        H and W must suit the network. Raises ``Unavailable`` for a network that cannot be run on
        them, ``Cancelled`` within a fraction of a second of the token being set.
        """
        session, graph = self._load()
        feeds = graph.feeds(first, second, time)
        with _stoppable(cancel) as options:
            try:
                outputs = session.run(None, feeds, options)
            except Exception as error:
                if cancel is not None:
                    cancel.check()
                raise Unavailable(
                    f"The network could not be run on a picture of {first.shape[2]}x"
                    f"{first.shape[1]} ({brief(error)}). Use the mode quality."
                ) from error
        return graph.picture(list(outputs), (first.shape[2], first.shape[1]))

    def _found(self) -> Path | None:
        if self._path is not None:
            return self._path if self._path.is_file() else None
        return self._weights.cached(self._cache_dir)

    def _missing(self) -> str:
        if self._path is not None:
            return (
                f"There is no network at {self._path}. Correct the path (or {PATH_VARIABLE}), or "
                "leave it out and download the network."
            )
        size = self._weights.size / 1e6
        return (
            f"The mode learned needs {self._weights.what} ({size:.0f} MB, MIT licence), which is "
            "not on this machine. Download it once, or use the mode quality, which needs none."
        )

    def _load(self) -> tuple[InferenceSession, RifeGraph]:
        with self._lock:
            if self._loaded is None:
                path = self._found()
                if path is None:
                    raise Unavailable(self._missing())
                if self._path is None:
                    self._weights.check(path)
                session = _session(path)
                self._loaded = session, RifeGraph(session)
            return self._loaded


def _session(path: Path) -> InferenceSession:
    try:
        import onnxruntime
    except ImportError as error:
        raise Unavailable(
            "The mode learned runs on onnxruntime, which is not installed. Install it with "
            "`pip install onnxruntime`, or use the mode quality."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _THREADS
    options.log_severity_level = 3
    # Decoding and encoding need the cores that idle workers would otherwise keep busy waiting.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise Unavailable(
            f"The network at {path} cannot be read ({brief(error)}). Delete the file and download "
            "it again, or use the mode quality."
        ) from error


@contextmanager
def _stoppable(cancel: CancelToken | None) -> Iterator[Any]:
    """Options for one run that ends early, with an error, once ``cancel`` is set."""
    if cancel is None:
        yield None
        return
    import onnxruntime

    cancel.check()
    options = onnxruntime.RunOptions()
    options.log_severity_level = 4
    finished = threading.Event()

    def watch() -> None:
        while not finished.wait(_POLL_SECONDS):
            if cancel.cancelled:
                options.terminate = True
                return

    watcher = threading.Thread(target=watch, name="rife-watch", daemon=True)
    watcher.start()
    try:
        yield options
    finally:
        finished.set()
        watcher.join()
