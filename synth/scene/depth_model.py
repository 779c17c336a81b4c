"""Depth Anything V2 Small through onnxruntime: learned depth, where its weights are at hand."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import Unavailable
from synth.media.hub_file import HubFile, brief
from synth.scene.depth_map import DepthMap

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WEIGHTS: Final = HubFile(
    repository="onnx-community/depth-anything-v2-small",
    name="onnx/model.onnx",
    what="the depth model",
)
"""Where the weights are kept on the Hugging Face Hub; Apache-2.0, about 99 MB."""
SOURCE = "depth-anything-v2-small"
PATH_VARIABLE = "SYNTH_DEPTH_MODEL"
"""Environment variable that names a model file of one's own."""

_PATCH = 14
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
_LONGEST = 1036
"""Longest side given to the network: cost grows with the area, in attention faster still."""


class DepthAnything:
    """Yang et al., "Depth Anything V2", NeurIPS 2024: relative inverse depth from one photo.

    Nothing is loaded, imported or fetched before it is needed: building one costs nothing.
    Keep one instance per process, as it keeps the loaded network; it is safe from several threads.
    """

    def __init__(
        self,
        model_path: str | Path | None = None,
        *,
        cache_dir: str | Path | None = None,
        endpoint: str | None = None,
        short_side: int = 518,
    ) -> None:
        """``model_path`` names a local ONNX file, else ``SYNTH_DEPTH_MODEL``, else the Hub's cache.

        ``cache_dir`` and ``endpoint`` stand in for the Hub's own; ``short_side`` is the shorter
        side that the network sees, pixels, and is rounded to a multiple of 14.
        """
        given = model_path or os.environ.get(PATH_VARIABLE) or None
        self._path = Path(given) if given else None
        self._cache_dir = cache_dir
        self._endpoint = endpoint
        self._short_side = short_side
        self._session: InferenceSession | None = None
        self._lock = threading.Lock()

    def available(self) -> bool:
        """Whether the weights are on this machine; looks at the disk only."""
        return self._weights() is not None

    def download(
        self,
        progress: ProgressCallback = ignore_progress,
        cancel: CancelToken | None = None,
    ) -> Path:
        """Fetch the weights into the Hub's cache and return where they lie.

        A file of one's own is never fetched. ``progress`` is called on the caller's thread with
        bytes done and in total. Raises ``Unavailable`` where the Hub cannot be reached, refuses or
        gives something damaged, ``Cancelled`` within a fraction of a second of the token being
        set; what has arrived is kept for the next try.
        """
        if self._path is not None:
            if self._path.is_file():
                return self._path
            raise Unavailable(self._missing())
        return WEIGHTS.download(
            progress, cancel, cache_dir=self._cache_dir, endpoint=self._endpoint
        )

    def estimate(self, pixels: NDArray[np.uint8], cancel: CancelToken | None = None) -> DepthMap:
        """Estimate relative disparity of a photo of shape (H, W, 3), uint8 RGB.

        Returns a `DepthMap` at the network's resolution, scaled so that its 1st percentile is 0
        and its 99.5th is 1. Raises ``Unavailable`` where onnxruntime or the weights are missing or
        the file is no depth network.
        """
        session = self._load()
        if cancel is not None:
            cancel.check()
        tensor = self._prepare(pixels, session)
        try:
            output = session.run(None, {session.get_inputs()[0].name: tensor})[0]
        except Exception as error:
            raise Unavailable(
                f"The depth model could not be run on this photo ({brief(error)}). Use the "
                "embedded depth, or download the model again."
            ) from error
        depth = np.squeeze(np.array(output, np.float32))  # type: ignore[arg-type]
        if depth.ndim != 2 or not np.isfinite(depth).all():
            raise Unavailable(
                f"The depth model answered with an array of shape {depth.shape} that is no "
                "finite depth map. Use the embedded depth, or another model file."
            )
        if cancel is not None:
            cancel.check()
        return DepthMap(_normalise(depth), SOURCE, notes=("Depth by Depth Anything V2 Small.",))

    def _weights(self) -> Path | None:
        if self._path is not None:
            return self._path if self._path.is_file() else None
        return WEIGHTS.cached(self._cache_dir)

    def _missing(self) -> str:
        if self._path is not None:
            return (
                f"There is no depth model at {self._path}. Correct the path "
                f"(or {PATH_VARIABLE}), or leave it out and download the model."
            )
        return (
            "The weights of Depth Anything V2 Small (99 MB) are not on this machine. Download "
            "them once, or use the embedded depth, which needs none."
        )

    def _load(self) -> InferenceSession:
        with self._lock:
            if self._session is not None:
                return self._session
            path = self._weights()
            if path is None:
                raise Unavailable(self._missing())
            try:
                import onnxruntime
            except ImportError as error:
                raise Unavailable(
                    "Learned depth runs on onnxruntime, which is not installed. Install it with "
                    "`pip install onnxruntime`, or use the embedded depth."
                ) from error
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 2
            options.log_severity_level = 3
            try:
                self._session = onnxruntime.InferenceSession(
                    str(path), options, providers=["CPUExecutionProvider"]
                )
            except Exception as error:
                raise Unavailable(
                    f"The depth model at {path} cannot be read ({brief(error)}). Delete the file "
                    "and download it again."
                ) from error
            return self._session

    def _prepare(self, pixels: NDArray[np.uint8], session: InferenceSession) -> NDArray[Any]:
        """The photo as the network wants it: shape (1, 3, h, w), normalised colours."""
        entry = session.get_inputs()[0]
        width, height = network_size(pixels.shape[1], pixels.shape[0], self._short_side)
        if len(entry.shape) == 4:
            height = entry.shape[2] if isinstance(entry.shape[2], int) else height
            width = entry.shape[3] if isinstance(entry.shape[3], int) else width
        shrinks = width <= pixels.shape[1] and height <= pixels.shape[0]
        way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        small = cv2.resize(pixels, (width, height), interpolation=way)
        scaled = (small.astype(np.float32) / 255.0 - _MEAN) / _SPREAD
        kind = np.float16 if entry.type == "tensor(float16)" else np.float32
        return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None], dtype=kind)


def network_size(width: int, height: int, short_side: int = 518) -> tuple[int, int]:
    """Width and height that the network sees: the photo's aspect, multiples of 14.

    The shorter side comes near ``short_side``, the longer is at most 1036 pixels.
    """
    scale = min(short_side / min(width, height), _LONGEST / max(width, height))
    fit = (max(1, round(side * scale / _PATCH)) * _PATCH for side in (width, height))
    new_width, new_height = fit
    return new_width, new_height


def _normalise(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = (float(value) for value in np.percentile(depth, (1.0, 99.5)))
    if high - low < 1e-6:
        return np.full(depth.shape, 0.5, np.float32)
    return np.clip((depth - low) / (high - low), 0.0, 1.0).astype(np.float32)
