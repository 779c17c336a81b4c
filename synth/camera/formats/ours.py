"""Our own JSON: the keyed camera itself, with everything it knows (``synth.camera.keys``).

Always in scene units and our world's coordinates, so the options of scale and place do nothing
when it is written. A dense path without keys is written as few keys that reproduce it.
"""

from __future__ import annotations

from typing import Final

from synth.camera.formats.convert import (
    anchored,
    matrices_from_path,
    path_from_matrices,
)
from synth.camera.formats.model import Format, FoundPath, ReadOptions, WriteOptions, WrittenPath
from synth.camera.formats.reading import check_size, head_of, holds_words, looks_like_json
from synth.camera.keys import SCHEMA, CameraKeys
from synth.camera.pose import CameraPath
from synth.camera.sampling import keyed_path
from synth.camera.thin import keys_from_path
from synth.camera.transform import scaled
from synth.errors import InvalidInstruction, InvalidMedia

_ORIGIN: Final = (0.0, 0.0, 0.0)


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """The keys of a file in our own form, and their path.

    A scale changes distances from the origin. Asked to start at the home camera, the path is
    moved there frame by frame, and its keys are thinned out of that.
    """
    check_size(data)
    notes: list[str] = []
    try:
        keys = CameraKeys.from_json(data)
        if options.fps is not None and options.fps != keys.fps:
            notes.append(f"The file says {keys.fps} frames per second; {options.fps} were taken.")
            keys = keys.model_copy(update={"fps": options.fps})
        if options.scale is not None and options.scale != 1.0:
            keys = scaled(keys, options.scale, pivot=_ORIGIN)
        path = keyed_path(keys)
    except InvalidInstruction as error:
        raise InvalidMedia(str(error)) from None
    scale = options.scale or 1.0
    if options.anchor == "first" and not path[0].is_home:
        matrices = anchored(matrices_from_path(path), "first")
        path = path_from_matrices(matrices, path.focal_lengths, path.fps)
        keys = keys_from_path(path)
        notes.append(
            "The first camera was put where the photo was taken, looking straight on; the keys "
            "were set anew for it."
        )
    units = f"One file unit is a scene unit, and was taken as {scale:g} of them."
    return FoundPath(path, keys, FORMAT.id, units, True, tuple(notes))


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """The keys as our own JSON; a path without keys is thinned to keys first."""
    notes = []
    if keys is None:
        keys = keys_from_path(path)
        notes.append(
            f"The path has no keys; {len(keys.keys)} were set that reproduce its {len(path)} "
            "frames."
        )
    if options.scale != 1.0 or options.anchor != "world":
        notes.append("This form is always in scene units and our world's coordinates.")
    text = keys.to_json(indent=1) + "\n"
    return WrittenPath(text.encode("utf-8"), FORMAT.suffix, "application/json", tuple(notes))


def recognise(data: bytes, name: str) -> float:
    """How surely this is our own form: JSON that names the schema, or looks the part."""
    if not looks_like_json(data):
        return 0.0
    if f'"{SCHEMA}"' in head_of(data):
        return 1.0
    if holds_words(data, '"motion-synth.camera/'):
        return 0.9
    return 0.6 if holds_words(data, '"keys"', '"frames"', '"frame"', '"position"') else 0.0


FORMAT: Final = Format(
    id="ours",
    label="Motion Synth camera keys",
    suffix=".json",
    about="Everything a keyed camera knows; opens again exactly as it was.",
    read=read,
    write=write,
    recognise=recognise,
)
"""Our own JSON."""
