"""The scripts and styles of the page, read from ``assets/ui`` when the page is built."""

from __future__ import annotations

import base64
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

ASSETS = Path(__file__).resolve().parents[2] / "assets"
"""Folder of everything that is served or bundled."""

_UI = ASSETS / "ui"


def script(*names: str) -> str:
    """The text of the named scripts, one after another, behind the helpers all of them use."""
    return "\n".join(
        (_UI / f"{name}.js").read_text(encoding="utf-8") for name in ("common", *names)
    )


def stylesheet() -> str:
    """The page's own CSS."""
    sheets = ("theme", "keys", "keys_parts", "interp", "grade", "seq", "style")
    return "\n".join((_UI / f"{name}.css").read_text(encoding="utf-8") for name in sheets)


def picture_url(pixels: NDArray[np.uint8], longest: int, quality: int = 84) -> str:
    """A picture as a ``data:`` address that a page can show.

    Args:
        pixels: shape (H, W, 3), sRGB.
        longest: the picture is scaled down so that its longest side has at most this many pixels.
        quality: of the JPEG, 1 to 100.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, longest / max(height, width))
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    if not done:
        raise RuntimeError("The picture for the page could not be written.")
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
