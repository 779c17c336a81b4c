"""The photo on the desk: its component, and what the session remembers of it."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from synth.errors import InvalidMedia
from synth.ui.assets import script
from synth.ui.examples import Example, thumbnail


@dataclass(frozen=True)
class Photo:
    """What a session remembers: paths and choices only, so that it costs no memory."""

    path: str
    """The picture file."""
    name: str
    """What the user calls it; never used as a path."""
    width: int
    """Pixels across, upright."""
    height: int
    """Pixels down, upright."""
    method: str = "auto"
    """Where the depth comes from: a method of ``estimate_depth``, "true" or "file"."""
    depth_path: str | None = None
    """A depth map that belongs to it, for the methods "true" and "file"."""
    near: float | None = None
    """Depth of the map's nearest value, scene units, where known."""
    far: float | None = None
    """Depth of the map's farthest value, scene units, where known."""
    example: str | None = None
    """Name of the example it is, or None."""

    @classmethod
    def of_example(cls, example: Example, width: int, height: int) -> Photo:
        """The photo of an example, with its true depth where there is one."""
        return cls(
            path=str(example.path),
            name=example.title,
            width=width,
            height=height,
            method="true" if example.depth_path else "auto",
            depth_path=str(example.depth_path) if example.depth_path else None,
            near=example.near,
            far=example.far,
            example=example.id,
        )


def uploaded_file(value: object) -> str:
    """Path of a file that this visitor sent, from what the browser or a client says about it.

    Only files below the upload folder are taken: a path in a request is never trusted.

    Raises ``InvalidMedia`` for anything else.
    """
    path = value.get("path") if isinstance(value, Mapping) else value
    problem = InvalidMedia("No uploaded file was found. Send the file itself and try again.")
    if not isinstance(path, str) or not path or "\0" in path:
        raise problem
    place = Path(os.path.realpath(path))
    if not place.is_relative_to(os.path.realpath(get_upload_folder())) or not place.is_file():
        raise problem
    return str(place)


def shown_photo(photo: Photo, picture: str, notes: Sequence[str] = ()) -> dict[str, Any]:
    """What the component shows of a photo; ``picture`` is a ``data:`` address."""
    return {
        "picture": picture,
        "name": photo.name,
        "width": photo.width,
        "height": photo.height,
        "notes": list(notes),
        "example": photo.example,
    }


def photo_component(examples: Sequence[Example], shown: Mapping[str, Any]) -> gr.HTML:
    """The photo panel. Its value is the uploaded file; ``shown`` is what it displays."""
    return gr.HTML(
        value=None,
        html_template='<section class="ms-panel ms-photo"></section>',
        js_on_load=script("photo"),
        apply_default_css=False,
        elem_id="photo",
        examples=[
            {"id": example.id, "title": example.title, "thumbnail": _thumbnail_url(example)}
            for example in examples
        ],
        shown=dict(shown),
    )


def _thumbnail_url(example: Example) -> str:
    buffer = io.BytesIO()
    thumbnail(example.path).save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
