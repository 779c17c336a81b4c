"""New texts for a finished clip: the streams are copied packet by packet, nothing is re-encoded."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import av
import av.container
import av.error

from synth.errors import InvalidMedia, SynthError
from synth.limits import LIMITS, Limits
from synth.media.metadata import checked_metadata
from synth.media.opening import ALL_CODECS, open_container
from synth.media.reasons import reason

RETAGGED = {"mp4": "mp4", "webm": "webm", "prores": "mov"}
"""Formats whose texts can be changed in place, and their containers."""


def retag(
    path: str | os.PathLike[str],
    container: str,
    metadata: Mapping[str, str],
    *,
    limits: Limits = LIMITS,
) -> None:
    """Replace the texts inside a clip that `VideoWriter` wrote; the file changes atomically.

    Args:
        path: the clip.
        container: one of the values of `RETAGGED`.
        metadata: names and texts, as for `VideoWriter`.
        limits: caps.

    Raises ``InvalidMedia`` when the file cannot be read and copied.
    """
    target = Path(path)
    temporary = target.with_name(f".motion-synth-{secrets.token_hex(8)}.part")
    options = {} if container == "webm" else {"movflags": "+faststart+use_metadata_tags"}
    try:
        with (
            open_container(target, limits, ALL_CODECS) as source,
            av.open(str(temporary), "w", format=container, container_options=options) as copy,
        ):
            copy.flags |= av.container.Flags.bitexact.value
            copy.metadata.update(checked_metadata(metadata, limits))
            incoming = [*source.streams.video[:1], *source.streams.audio[:1]]
            outgoing = {}
            for stream in incoming:
                made = copy.add_stream_from_template(stream)
                made.time_base = stream.time_base
                outgoing[stream.index] = made
            for packet in source.demux(incoming):
                if packet.dts is None:
                    continue
                packet.stream = outgoing[packet.stream.index]
                copy.mux(packet)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except SynthError:
        raise
    # A codec that the container does not take is a ValueError; for a file without tracks nothing
    # is written, so there is no copy to open.
    except (av.error.FFmpegError, ValueError, LookupError, FileNotFoundError) as error:
        told = isinstance(error, av.error.FFmpegError)
        why = reason(error) if told else "it is not a clip as it was written here"
        raise InvalidMedia(
            f"The texts of {target.name!r} could not be rewritten: {why}. Make the clip again."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
