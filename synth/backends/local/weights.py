"""Weights of a pipeline: found in the Hub's cache, or fetched with progress and cancel."""

from __future__ import annotations

import json
import re
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
_RELATED: Final[dict[str, tuple[str, ...]]] = {
    "LTXImageToVideoPipeline": ("LTXPipeline", "LTXConditionPipeline"),
    "LTX2ImageToVideoPipeline": ("LTX2Pipeline", "LTX2ConditionPipeline", "LTX2InContextPipeline"),
    "LTX2InContextPipeline": ("LTX2Pipeline", "LTX2ConditionPipeline", "LTX2ImageToVideoPipeline"),
}
"""Other pipelines made of the same parts: some repositories name these."""
_SHARD: Final = re.compile(r"(.+)-(\d{5})-of-(\d{5})(\.safetensors)")
_MOST_SHARDS: Final = 1000
_POLL_SECONDS: Final = 0.1
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,500}")
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
    from huggingface_hub import try_to_load_from_cache

    name = model or family.model
    # Asked for whole, a repository of which only the needed parts lie here would count as partial.
    index = try_to_load_from_cache(name, _INDEX, cache_dir=cache_dir)
    if isinstance(index, str) and _whole(Path(index).parent):
        there = Path(index).parent
        _check_kind(family, name, there)
        return Weights(there, name, there.name)
    if token and not _TOKEN.fullmatch(token):
        raise Unavailable("The token is none that the Hub could read. Copy it again, whole.")
    where = {"cache_dir": cache_dir, "endpoint": endpoint, "token": token or False}
    try:
        folder = _fetched(family, name, where, cancel, progress)
    except SynthError:
        raise
    except Exception as error:
        # What libraries say of a request may quote what was sent with it.
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
    """Everything that speaks to the Hub, on a thread of its own: a stop never waits for it."""
    stage = f"Fetching {family.title}"
    count = _Count(cancel)
    answer: list[Any] = []

    def fetch() -> None:
        try:
            answer.append(_fetch(family, name, where, count))
        except BaseException as error:
            answer.append(error)

    cancel.check()
    worker = threading.Thread(target=fetch, name="fetch-weights", daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(_POLL_SECONDS)
        progress(Progress(stage, min(count.done, count.total), count.total))
        if cancel.cancelled:
            raise Cancelled("Stopped. What has arrived is kept for the next try.")
    (result,) = answer
    if isinstance(result, BaseException):
        raise result
    progress(Progress(stage, count.total, count.total))
    return result


def _fetch(family: Family, name: str, where: dict[str, Any], count: _Count) -> Path:
    from huggingface_hub import hf_hub_download, snapshot_download

    index = Path(hf_hub_download(name, _INDEX, **where))
    _check_kind(family, name, index.parent)
    wanted = [_INDEX, *(f"{part}/*" for part in _parts(index.parent))]
    chosen = {"allow_patterns": wanted, "ignore_patterns": list(_SKIPPED), **where}
    silent = _Count(count.cancel).bar()
    planned = snapshot_download(name, dry_run=True, tqdm_class=silent, **chosen)
    total = sum(one.file_size or 0 for one in planned if one.will_download)
    _check_disk(total, planned, family)
    count.total = total
    count.cancel.check()
    return Path(snapshot_download(name, tqdm_class=count.bar(), **chosen))


class _Count:
    """Bytes that have arrived, counted by whoever fetches them."""

    def __init__(self, cancel: CancelToken) -> None:
        self.done = 0
        self.total = 0
        self.cancel = cancel
        self._lock = threading.Lock()

    def add(self, amount: float) -> None:
        self.cancel.check()
        with self._lock:
            self.done += int(amount)

    def bar(self) -> type:
        """A class of bars that show nothing and count those of the bytes on disk."""
        from huggingface_hub.utils import tqdm

        count = self

        class Bar(tqdm):
            """Silent."""

            def __init__(self, *args: Any, **options: Any) -> None:
                # Only the Hub's own kind of bar is told which one it is.
                self._counts = options.get("name") == "huggingface_hub.snapshot_download"
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


def _whole(folder: Path) -> bool:
    """Whether every file that the index and its weights name is there."""
    try:
        for part in _parts(folder):
            inside = folder / part
            files = [one for one in inside.iterdir() if one.exists()] if inside.is_dir() else []
            if not files:
                return False
            for told in filter(None, (_SHARD.fullmatch(one.name) for one in files)):
                # The listing may not have arrived yet.
                count = int(told[3])
                names = {f"{told[1]}-{k:05d}-of-{told[3]}{told[4]}" for k in range(1, count + 1)}
                if count > _MOST_SHARDS or not names <= {one.name for one in files}:
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
        return Unavailable("The Hub did not take the token. Copy it again, whole.")
    code, kinds = None, []
    cause: BaseException | None = error
    while cause is not None:
        # The Hub's library hides what it was told behind "cannot be found in the cache".
        code = code or getattr(getattr(cause, "response", None), "status_code", None)
        kinds.append(type(cause).__name__)
        cause = cause.__cause__
    what = f"{family.title} ({name}, about {family.gigabytes:.0f} GB)"
    if "GatedRepoError" in kinds or code in (401, 403):
        return Unavailable(
            f"The Hub does not give {what} to this account. Accept the licence on the model's "
            "page, and give a token of your account."
        )
    if {"RepositoryNotFoundError", "HFValidationError"} & {*kinds} or code == 404:
        return InvalidInstruction(
            f"The Hub has no model {short(name)} that this pipeline could read. Check owner and "
            "name."
        )
    if isinstance(error, OSError) and error.errno == 28:
        return Unavailable(f"The disk is full while fetching {what}. Make room and try again.")
    # What the Hub's library says where there is no network is long and of caches.
    offline = code is None and {"LocalEntryNotFoundError", "ConnectError"} & {*kinds}
    why = "the Hub cannot be reached" if offline else brief(error)
    return Unavailable(
        f"The weights of {what} are not on this machine and cannot be fetched: {why}. "
        f'Check the connection and try again, or fetch them elsewhere with "hf download {name}".'
    )
