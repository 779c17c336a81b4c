"""A Python script that makes the camera in Blender: open it in the Text Editor and run it.

The script sets the scene's size, frame rate and frame range, adds a camera and keys its place,
rotation (quaternion) and lens on every frame, with straight lines between. Blender has Z up (see
``synth.camera.formats.programs``) and its camera's axes are ours. With sensor fit ``AUTO`` the
36 mm sensor lies across the longer side, so Blender's lens is our focal length, number for number.
A rate of n/d frames per second becomes the whole ``fps`` above it and ``fps_base = fps * d / n``.
Our frame i is Blender's frame i + 1.

All that comes from a path or a person stands in one string of JSON, which the script parses: it
never becomes code. Reading takes that JSON back out of a script of ours and runs nothing.

Since Blender 4.4 the curves of an action lie in layers, strips and channel bags, and 5.0 has no
``Action.fcurves`` (https://developer.blender.org/docs/release_notes/4.4/upgrading/slotted_actions/);
the script knows both ways.
"""

from __future__ import annotations

import json
import re
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.camera.formats.convert import (
    Mark,
    check_frames,
    checked_matrices,
    matrices_to_write,
    path_from_matrices,
    placed,
    squared,
)
from synth.camera.formats.model import (
    Format,
    FoundPath,
    ReadOptions,
    WriteOptions,
    WrittenPath,
)
from synth.camera.formats.programs import (
    MARK_KEY,
    as_list,
    as_object,
    mark_of,
    ours_from_z_up,
    tidy,
    z_up_from_ours,
)
from synth.camera.formats.reading import holds_words, json_numbers, json_of, text_of
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia

_TITLE: Final = "# Camera of Motion Synth for Blender 2.80 and later"

_SCRIPT: Final = '''\
{title}: open it in the Text Editor and press Run.
# It adds a camera to the current scene and sets the scene's size, frame rate and frame range.

import json

import bpy

DATA = json.loads({literal})


def curves_of(owner):
    """Animation curves of an object or a camera, in actions of old and new Blenders."""
    animation = owner.animation_data
    action = animation.action if animation else None
    if action is None:
        return []
    if len(getattr(action, "layers", ())) == 0:
        return list(getattr(action, "fcurves", ()))
    found = []
    for layer in action.layers:
        for strip in layer.strips:
            bag = strip.channelbag(animation.action_slot)
            if bag is not None:
                found.extend(bag.fcurves)
    return found


def main():
    scene = bpy.context.scene
    render = scene.render
    render.resolution_x, render.resolution_y = DATA["size"]
    render.resolution_percentage = 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.fps = DATA["fps"]
    render.fps_base = DATA["fps_base"]
    first = DATA["first_frame"]
    scene.frame_start = first
    scene.frame_end = first + len(DATA["frames"]) - 1

    lens = bpy.data.cameras.new(DATA["name"])
    lens.type = "PERSP"
    lens.lens_unit = "MILLIMETERS"
    lens.sensor_fit = "AUTO"
    lens.sensor_width = 36.0
    lens.shift_x = lens.shift_y = 0.0
    camera = bpy.data.objects.new(DATA["name"], lens)
    scene.collection.objects.link(camera)
    camera.rotation_mode = "QUATERNION"

    for number, values in enumerate(DATA["frames"], start=first):
        camera.location = values[0:3]
        camera.rotation_quaternion = values[3:7]
        lens.lens = values[7]
        camera.keyframe_insert("location", frame=number)
        camera.keyframe_insert("rotation_quaternion", frame=number)
        lens.keyframe_insert("lens", frame=number)

    for owner in (camera, lens):
        for curve in curves_of(owner):
            for point in curve.keyframe_points:
                point.interpolation = "LINEAR"
            curve.update()

    scene.camera = camera
    scene.frame_set(first)


main()
'''

_LITERAL = re.compile(r"^DATA = json\.loads\('((?:[^'\\\n]|\\[\\'])*)'\)\r?$", re.MULTILINE)


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """The path as a file of this format."""
    matrices = z_up_from_ours(matrices_to_write(path, options))
    turns = _continuous(Rotation.from_matrix(matrices[:, :3, :3]).as_quat(scalar_first=True))
    table = np.column_stack([matrices[:, :3, 3], turns, path.focal_lengths])
    fps = -(-path.fps.numerator // path.fps.denominator)
    values = {
        MARK_KEY: Mark.of(path, options).text,
        "name": _plain(options.name),
        "size": [options.width, options.height],
        "fps": fps,
        "fps_base": float(fps / path.fps),
        "first_frame": 1,
        "frames": tidy(table),
    }
    # JSON in ASCII, and then a Python string of it: quotes and backslashes cannot leave the string.
    literal = repr(json.dumps(values, ensure_ascii=True, allow_nan=False))
    script = _SCRIPT.format(title=_TITLE, literal=literal)
    note = "The script keys every frame; Blender's frame 1 is the first."
    return WrittenPath(script.encode("ascii"), ".py", "text/x-python", (note,))


def _plain(name: str) -> str:
    """A name that Blender takes: whole characters, no zero bytes, not empty."""
    return name.replace("\0", " ").encode("utf-8", "replace").decode("utf-8") or "camera"


def _continuous(quaternions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quaternions (N, 4) of one sign: Blender blends their numbers, and -q turns the long way."""
    turned = np.einsum("ni,ni->n", quaternions[1:], quaternions[:-1]) < 0.0
    signs = np.concatenate([[1.0], np.cumprod(np.where(turned, -1.0, 1.0))])
    return quaternions * signs[:, None]


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from the file; raises ``InvalidMedia`` or ``LimitExceeded`` for unsound ones."""
    match = _LITERAL.search(text_of(data))
    if match is None:
        raise InvalidMedia(
            "This is not a camera script of ours, and no other script is read: scripts are never "
            "run here. In Blender, export the camera as glTF (.glb) or Nuke .chan instead."
        )
    text = re.sub(r"\\(.)", r"\1", match[1])
    values = as_object(json_of(text.encode()), "DATA")
    entries = as_list(values.get("frames"), "DATA frames")
    check_frames(len(entries))
    table = np.array(
        [json_numbers(entry, 8, f"DATA frames[{i}]") for i, entry in enumerate(entries)]
    )
    length = np.linalg.norm(table[:, 3:7], axis=1)
    wrong = np.abs(length - 1.0) > 1e-3
    if wrong.any():
        frame = int(wrong.argmax())
        raise InvalidMedia(
            f"The quaternion of frame {frame} has length {length[frame]:.4g}; a rotation's is 1."
        )
    turns = Rotation.from_quat(table[:, 3:7], scalar_first=True).as_matrix()
    matrices, notes = checked_matrices(squared(np.concatenate([turns, table[:, :3, None]], axis=2)))
    mark = mark_of(values)
    put = placed(ours_from_z_up(matrices), options, mark, unit_name="Blender unit",
                 fps=mark.fps if mark and options.fps is None else None)  # fmt: skip
    path = path_from_matrices(put.matrices, table[:, 7], put.fps)
    return FoundPath(path, None, FORMAT.id, put.units, put.scale_known, (*notes, *put.notes))


def recognise(data: bytes, name: str) -> float:
    """How surely content and name are of this format, 0 to 1."""
    if data[: len(_TITLE)] == _TITLE.encode():
        return 1.0
    if name.lower().endswith(".py") and holds_words(data, "import bpy"):
        return 0.6
    return 0.0


FORMAT: Final = Format(
    id="blender",
    label="Blender script",
    suffix=".py",
    about="A Python script that makes the keyed camera in Blender 2.80 and later.",
    read=read,
    write=write,
    recognise=recognise,
)

__all__ = ["FORMAT", "read", "recognise", "write"]
