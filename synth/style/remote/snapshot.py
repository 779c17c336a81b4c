"""What is sent to a rented machine: the program, the references, and the job."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import synth
from synth.errors import InvalidInstruction, InvalidMedia, LimitExceeded
from synth.limits import LIMITS
from synth.style.references import References
from synth.style.training.settings import TrainingJob, TrainingSettings

_LEFT_OUT: Final = frozenset({"ui", "__pycache__"})
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def pack_program(path: Path) -> Path:
    """Zip the program's own files, without the screens; the same files give the same bytes."""
    root = Path(synth.__file__).resolve().parent
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(root.rglob("*")):
            inside = file.relative_to(root)
            if not file.is_file() or _LEFT_OUT & set(inside.parts):
                continue
            entry = zipfile.ZipInfo(f"synth/{inside.as_posix()}", _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return path


def write_job(path: Path, name: str, settings: TrainingSettings) -> Path:
    """Write the job for the machine, which puts its own places in and trains on its card."""
    job = TrainingJob(
        references=("clips",), name=name, output=f"{name}.safetensors",
        settings=settings.model_copy(update={"device": "cuda"}),
    )  # fmt: skip
    path.write_text(job.model_dump_json(), "utf-8")
    return path


def clip_files(references: References) -> tuple[tuple[Path, str], ...]:
    """The reference videos with their names on the machine, and the captions beside them.

    The names tell nothing of the originals; readers go by the content.
    Raises ``InvalidMedia`` where there is none, ``LimitExceeded`` for more than
    ``LIMITS.bundle_bytes`` together, and ``InvalidInstruction`` for a file that has gone.
    """
    videos = _videos(references)
    if not videos:
        raise InvalidMedia("There is no reference video to learn from. Choose 5 to 10 of them.")
    files: list[tuple[Path, str]] = []
    for number, video in enumerate(videos):
        files.append((video, f"clip-{number:03d}.mp4"))
        caption = video.with_suffix(".txt")
        if caption.is_file():
            files.append((caption, f"clip-{number:03d}.txt"))
    total = sum(size_of(file) for file, _ in files)
    if total > LIMITS.bundle_bytes:
        raise LimitExceeded(
            f"The reference videos have {total:,} bytes together; {LIMITS.bundle_bytes:,} may be "
            "sent. Shorten them, or save them smaller."
        )
    return tuple(files)


def size_of(file: Path) -> int:
    """Bytes of a file; raises ``InvalidInstruction`` where it is gone."""
    try:
        return file.stat().st_size
    except OSError:
        raise InvalidInstruction(
            f"The reference video {file.name} is not there any more. Choose it again."
        ) from None


def _videos(references: References) -> Sequence[Path]:
    return tuple(dict.fromkeys(Path(clip.path) for clip in references.clips))
