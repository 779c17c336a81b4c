"""Weights of a pipeline: found in the Hub's cache, or fetched with progress and cancel."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from synth.backends.families import Family
from synth.control import CancelToken, Progress, ProgressCallback, ignore_progress
from synth.errors import Cancelled, InvalidInstruction, SynthError, Unavailable
from synth.explain import short
from synth.json_text import read_json
from synth.limits import LIMITS
from synth.media.hub_file import brief

_INDEX: Final = "model_index.json"
_SKIPPED: Final = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.msgpack", "*.onnx", "*.h5", "*.py",
                   "*.gguf", "*.fp16.safetensors", "*.non_ema.safetensors")  # fmt: skip
"""What a repository may hold beside what is needed: pickles, code, and copies in other formats."""
_POLL_SECONDS: Final = 0.1
_MOST_INDEX_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class Weights:
    """Where a pipeline's files lie."""

    folder: Path
    """With ``model_index.json`` in it."""
    name: str
    """Repository that it came from."""
    revision: str = ""
    """Commit of it."""


def find_weights(
    family: Family,
    model: str = "",
    *,
    token: str | None = None,
    cancel: CancelToken,
    progress: ProgressCallback = ignore_progress,
    cache_dir: str | Path | None = None,
    endpoint: str | None = None,
) -> Weights:
    """The weights of a family: from the Hub's cache where they are whole, else from the Hub.

    Only the parts that the pipeline's index names are fetched, and of these only configuration and
    ``.safetensors``. A download that is stopped goes on where it was the next time.

    Args:
        family: what is wanted.
        model: other weights than its own, owner/name.
        token: of an account, for weights that ask for one.
        cancel: returns at once; a file that is on its way may go on for a moment.
        progress: told in bytes.
        cache_dir: in place of the Hub's own cache (``HF_HOME``).
        endpoint: in place of the Hub.

    Raises:
        Unavailable: not here, and the Hub cannot be reached, refuses, or the disk is full.
        InvalidInstruction: no such repository, or it holds another pipeline.
        Cancelled: when asked to stop.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    name = model or family.model
    where: dict[str, Any] = {"cache_dir": cache_dir, "endpoint": endpoint}
    try:
        there = snapshot_download(name, local_files_only=True, cache_dir=cache_dir)
    except (LocalEntryNotFoundError, OSError, ValueError):
        there = None
    if there is not None and _whole(Path(there)):
        _check_kind(family, name, Path(there))
        return Weights(Path(there), name, Path(there).name)
    where["token"] = token if token else None
    try:
        folder = _fetched(family, name, where, cancel, progress)
    except SynthError:
        raise
    except Exception as error:
        # A token that cannot be a header is quoted by the error about it.
        told = None if token and token in str(error) else error
        raise _refused(family, name, error, told is None) from told
    return Weights(folder, name, folder.name)


def _fetched(
    family: Family,
    name: str,
    where: dict[str, Any],
    cancel: CancelToken,
    progress: ProgressCallback,
) -> Path:
    from huggingface_hub import hf_hub_download, snapshot_download

    cancel.check()
    stage = f"Fetching {family.title}"
    progress(Progress(stage))
    index = Path(hf_hub_download(name, _INDEX, **where))
    _check_kind(family, name, index.parent)
    wanted = [_INDEX, *(f"{part}/*" for part in _parts(index.parent))]
    chosen = {"allow_patterns": wanted, "ignore_patterns": list(_SKIPPED), **where}
    planned = snapshot_download(name, dry_run=True, **chosen)
    cancel.check()
    total = sum(one.file_size or 0 for one in planned if one.will_download)
    _check_disk(total, planned, family)
    # Bytes are counted by the Hub's own bars, which run on its threads.
    count = _Count(cancel)
    answer: list[Any] = []

    def fetch() -> None:
        try:
            answer.append(snapshot_download(name, tqdm_class=count.bar(), **chosen))
        except BaseException as error:
            answer.append(error)

    worker = threading.Thread(target=fetch, name="fetch-weights", daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(_POLL_SECONDS)
        progress(Progress(stage, min(count.done, total), total))
        if cancel.cancelled:
            raise Cancelled("Stopped. What has arrived is kept for the next try.")
    (result,) = answer
    if isinstance(result, BaseException):
        raise result
    return Path(result)


class _Count:
    """Bytes that have arrived, counted by whoever fetches them."""

    def __init__(self, cancel: CancelToken) -> None:
        self.done = 0
        self._cancel = cancel
        self._lock = threading.Lock()

    def add(self, amount: float) -> None:
        self._cancel.check()
        with self._lock:
            self.done += int(amount)

    def bar(self) -> type:
        """A class of bars that show nothing and count those of the bytes on disk."""
        from tqdm.auto import tqdm

        count = self

        class Bar(tqdm):
            """Silent."""

            def __init__(self, *args: Any, **options: Any) -> None:
                kind = options.pop("name", None)
                self._counts = kind == "huggingface_hub.snapshot_download"
                super().__init__(*args, **{**options, "disable": True})

            def update(self, n: float | None = 1) -> bool | None:
                if self._counts:
                    count.add(n or 0)
                return None

        return Bar


def _parts(folder: Path) -> list[str]:
    """Sub-folders that a pipeline's index names; a part that is [null, null] has none."""
    parts = [
        key
        for key, value in _index(folder).items()
        if isinstance(value, list) and value and value[0] is not None
    ]
    for part in parts:
        if not part.replace("_", "").isalnum():
            raise InvalidInstruction(f"The model's index names a part {short(part)}; it is unsafe.")
    return parts


def _index(folder: Path) -> dict[str, Any]:
    text = (folder / _INDEX).read_bytes()
    return read_json(text, most_bytes=_MOST_INDEX_BYTES)


def _check_kind(family: Family, name: str, folder: Path) -> None:
    kind = str(_index(folder).get("_class_name", ""))
    if kind == family.pipeline or kind in _RELATED.get(family.pipeline, ()):
        return
    raise InvalidInstruction(
        f"{name} is a {short(kind)}, not what {family.title} needs ({family.pipeline}). Choose "
        "its own family, or another model."
    )


_RELATED: Final[dict[str, tuple[str, ...]]] = {
    "LTXImageToVideoPipeline": ("LTXPipeline", "LTXConditionPipeline"),
    "LTX2ImageToVideoPipeline": ("LTX2Pipeline", "LTX2ConditionPipeline", "LTX2InContextPipeline"),
    "HunyuanVideoImageToVideoPipeline": (),
}
"""Other pipelines made of the same parts: some repositories name these."""


def _whole(folder: Path) -> bool:
    """Whether every file that the index and its weights name is there."""
    try:
        for part in _parts(folder):
            inside = folder / part
            files = [one for one in inside.iterdir() if one.exists()] if inside.is_dir() else []
            if not files:
                return False
            for listing in inside.glob("*.safetensors.index.json"):
                shards = set(json.loads(listing.read_text())["weight_map"].values())
                if not all((inside / shard).exists() for shard in shards):
                    return False
            is_network = (inside / "config.json").exists()
            if is_network and not any(one.suffix == ".safetensors" for one in files):
                return False
    except (OSError, ValueError, KeyError, SynthError):
        return False
    return True


def _check_disk(total: int, planned: list[Any], family: Family) -> None:
    if not total:
        return
    place = Path(planned[0].local_path)
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < total + LIMITS.free_disk_bytes:
        raise Unavailable(
            f"{family.title} takes {total / 1e9:.1f} GB and the disk of the Hub's cache has "
            f"{free / 1e9:.1f} GB free. Make room, or set HF_HOME to another disk."
        )


def _refused(family: Family, name: str, error: Exception, quotes_token: bool) -> SynthError:
    """What the Hub said, with the next step. The token is in none of it."""
    if quotes_token:
        return Unavailable("The token is none that the Hub could read. Copy it again, whole.")
    code = getattr(getattr(error, "response", None), "status_code", None)
    what = f"{family.title} ({name}, about {family.gigabytes:.0f} GB)"
    kind = type(error).__name__
    if "Gated" in kind or code in (401, 403):
        return Unavailable(
            f"The Hub does not give {what} to this account. Accept the licence on the model's "
            "page, and give a token of your account."
        )
    if kind in ("RepositoryNotFoundError", "HFValidationError") or code == 404:
        return InvalidInstruction(
            f"The Hub has no model {short(name)} that this pipeline could read. Check owner and "
            "name."
        )
    if isinstance(error, OSError) and error.errno == 28:
        return Unavailable(f"The disk is full while fetching {what}. Make room and try again.")
    return Unavailable(
        f"The weights of {what} are not on this machine and cannot be fetched: {brief(error)}. "
        f'Check the connection and try again, or fetch them elsewhere with "hf download {name}".'
    )
