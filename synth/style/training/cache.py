"""Latents and captions, worked out once: kept on disk by what they were made from.

A key holds the content of the file, the piece, its bucket, and the encoder's own fingerprint, so
nothing stale is ever found, and a second training on the same references begins at once.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.control import CancelToken, Progress, ProgressCallback
from synth.style.training.bases import TrainingBase, placed, to_pixels
from synth.style.training.buckets import Piece, frames_for
from synth.style.training.state import write_whole

if TYPE_CHECKING:
    import torch


class Cache:
    """A folder of tensors by key. What cannot be read there is made again."""

    def __init__(self, folder: Path, base: TrainingBase) -> None:
        """Keep what ``base`` makes in ``folder``."""
        self._folder = folder
        self._base = base
        self._print = base.fingerprint()

    def latents(
        self,
        pieces: Sequence[Piece],
        device: Any,
        cancel: CancelToken,
        progress: ProgressCallback,
    ) -> list[torch.Tensor]:
        """Normalised latents of pieces, float32 (1, C, F, H, W) on the CPU, in their order."""
        import torch

        found: dict[Piece, torch.Tensor] = {}
        for piece in pieces:
            kept = self._read(self._key(piece))
            if kept is not None:
                found[piece] = kept["latents"]
        missing = [piece for piece in pieces if piece not in found]
        if missing:
            with placed(self._base.pipe.vae, device), torch.no_grad():
                for group in _by_clip(missing):
                    for piece, frames in frames_for(group, self._base.reading.rate, cancel):
                        progress(Progress("Reading references", len(found), len(pieces)))
                        cancel.check()
                        made = self._base.encoded(to_pixels(frames).to(device)).cpu().contiguous()
                        self._write(self._key(piece), {"latents": made})
                        found[piece] = made
        return [found[piece] for piece in pieces]

    def words(
        self, captions: Sequence[str], device: Any, cancel: CancelToken
    ) -> dict[str, dict[str, torch.Tensor]]:
        """What the model reads of every caption, on the CPU."""
        import torch

        keys = {caption: self._name("words", caption) for caption in captions}
        found = {
            caption: kept for caption, key in keys.items() if (kept := self._read(key)) is not None
        }
        missing = [caption for caption in keys if caption not in found]
        if missing:
            with placed(self._base.pipe.text_encoder, device), torch.no_grad():
                for caption in missing:
                    cancel.check()
                    made = self._base.words(caption)
                    found[caption] = {key: one.contiguous() for key, one in made.items()}
                    self._write(keys[caption], found[caption])
        return found

    def _key(self, piece: Piece) -> str:
        clip = piece.clip
        return self._name(
            "latents", clip.digest, clip.start, clip.seconds, piece.first, *piece.bucket
        )

    def _name(self, kind: str, *parts: object) -> str:
        text = "\n".join(str(part) for part in (self._print, kind, *parts))
        return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:32]}.safetensors"

    def _read(self, name: str) -> dict[str, torch.Tensor] | None:
        from safetensors.torch import load_file

        path = self._folder / name
        read: Callable[[str], dict[str, torch.Tensor]] = load_file
        with contextlib.suppress(Exception):
            return read(str(path)) if path.is_file() else None
        return None

    def _write(self, name: str, tensors: dict[str, torch.Tensor]) -> None:
        from safetensors.torch import save

        write_whole(save(tensors), self._folder / name)


def _by_clip(pieces: Sequence[Piece]) -> list[list[Piece]]:
    groups: dict[Any, list[Piece]] = {}
    for piece in pieces:
        groups.setdefault(piece.clip, []).append(piece)
    return list(groups.values())
