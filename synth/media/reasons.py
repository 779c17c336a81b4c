"""Why a file could not be read or written, in words that need no knowledge of the libraries."""

from __future__ import annotations

import errno
import re
from types import MappingProxyType
from typing import Final

_DAMAGED: Final = "the file is damaged, cut off or of another kind"
_UNKNOWN: Final = "it uses a variant of its format that is not supported"
_MISSING: Final = "its format is not supported"
_WORDS: Final = MappingProxyType(
    {
        # What libav says and raises, by the names that PyAV gives it.
        "ArgumentError": _DAMAGED,
        "InvalidDataError": _DAMAGED,
        "UnicodeDecodeError": _DAMAGED,
        "EOFError": "the file ends too early",
        "BSFNotFoundError": _MISSING,
        "DecoderNotFoundError": _MISSING,
        "DemuxerNotFoundError": _MISSING,
        "EncoderNotFoundError": _MISSING,
        "MuxerNotFoundError": _MISSING,
        "NotImplementedError": _UNKNOWN,
        "PatchWelcomeError": _UNKNOWN,
    }
)
_SYSTEM: Final = MappingProxyType({errno.EIO: _DAMAGED, errno.EOPNOTSUPP: _UNKNOWN})
"""What libav means by errors that it borrows from the system."""
_NUMBER = re.compile(r"^\[Errno -?\d+\] *")
_LONGEST = 200


def reason(error: BaseException) -> str:
    """Why something failed: one line of at most 200 characters, never a path or a number.

    Errors of libav get words of our own; those of the system keep theirs, in lower case. The line
    neither begins with a capital nor ends with a stop, so that it can follow a colon.
    """
    if type(error).__module__.startswith("av.") or isinstance(error, UnicodeError):
        number = getattr(error, "errno", None)
        known = _WORDS.get(type(error).__name__) or _SYSTEM.get(number or 0)
        if known is not None:
            return known
    words = getattr(error, "strerror", None)  # OSError and FFmpegError add the path to str()
    if isinstance(words, str) and words:
        return words[:_LONGEST].lower()
    lines = str(error).strip().splitlines()
    return _NUMBER.sub("", lines[0])[:_LONGEST] if lines else type(error).__name__
