"""glTF 2.0: a camera node with animation, for Blender, three.js, Unreal, Unity, Godot and Houdini.

Written from https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html. World and camera axes are
ours (Y up, the camera looks along -Z). A node's ``translation`` and ``rotation`` (quaternion x, y,
z, w) are keyed on every frame with linear interpolation, times in seconds, 32-bit floats in one
embedded buffer. The lens is ``yfov``, radians across the height. Core glTF cannot animate it: a
lens that changes is written with the extension KHR_animation_pointer, which older programs pass
over. A unit is a metre to most programs.

Read are ``.gltf`` with embedded buffers and ``.glb``; LINEAR, STEP and CUBICSPLINE; cameras below
other nodes that move too. See ``synth.camera.formats.gltf_motion``.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.camera.formats.convert import (
    Mark,
    checked_matrices,
    matrices_to_write,
    path_from_matrices,
    placed,
)
from synth.camera.formats.gltf_file import FLOAT, MAGIC, GltfFile
from synth.camera.formats.gltf_motion import filmed
from synth.camera.formats.model import (
    Format,
    FoundPath,
    ReadOptions,
    WriteOptions,
    WrittenPath,
)
from synth.camera.formats.programs import (
    MARK_KEY,
    as_object,
    focal_from_vertical,
    mark_of,
    tidy,
    vertical_from_focal,
)
from synth.camera.formats.reading import holds_words, looks_like_json
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath

_POINTER: Final = "KHR_animation_pointer"


class _Tracks:
    """The samplers of an animation and the buffer of their numbers, as they are written."""

    def __init__(self, times: NDArray[np.float64]) -> None:
        self.data = bytearray()
        self.views: list[dict[str, Any]] = []
        self.accessors: list[dict[str, Any]] = []
        self.samplers: list[dict[str, Any]] = []
        self.channels: list[dict[str, Any]] = []
        single = times.astype("<f4")
        self._number(single[:, None], "SCALAR", min=[float(single[0])], max=[float(single[-1])])

    def add(self, values: NDArray[np.float64], kind: str, target: dict[str, Any]) -> None:
        """A channel of values (N, components) for a target."""
        output = self._number(np.array(tidy(values), "<f4"), kind)
        sampler = {"input": 0, "interpolation": "LINEAR", "output": output}
        self.channels.append({"sampler": len(self.samplers), "target": target})
        self.samplers.append(sampler)

    def _number(self, values: NDArray[np.float32], kind: str, **bounds: list[float]) -> int:
        body = values.tobytes()
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(body)})
        self.accessors.append(
            {
                "bufferView": len(self.views) - 1,
                "componentType": FLOAT,
                "count": len(values),
                "type": kind,
                **bounds,
            }
        )
        self.data += body
        return len(self.accessors) - 1


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """The path as a file of this format."""
    matrices = matrices_to_write(path, options)
    turns = Rotation.from_matrix(matrices[:, :3, :3]).as_quat()
    yfov = np.radians(vertical_from_focal(path.focal_lengths, options.width / options.height))
    tracks = _Tracks(np.arange(len(path)) / float(path.fps))
    tracks.add(matrices[:, :3, 3], "VEC3", {"node": 0, "path": "translation"})
    tracks.add(turns, "VEC4", {"node": 0, "path": "rotation"})
    zooms = bool(np.ptp(path.focal_lengths) > 0.0)
    if zooms:
        pointer = {"pointer": "/cameras/0/perspective/yfov"}
        target = {"path": "pointer", "extensions": {_POINTER: pointer}}
        tracks.add(yfov[:, None], "SCALAR", target)
    buffer = base64.b64encode(bytes(tracks.data)).decode("ascii")
    values = {
        "asset": {
            "version": "2.0",
            "generator": "Motion Synth",
            "extras": {MARK_KEY: Mark.of(path, options).text},
        },
        **({"extensionsUsed": [_POINTER]} if zooms else {}),
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [
            {
                "name": options.name,
                "camera": 0,
                "translation": tidy(matrices[0, :3, 3]),
                "rotation": tidy(turns[0]),
            }
        ],
        "cameras": [
            {
                "name": options.name,
                "type": "perspective",
                "perspective": {
                    "aspectRatio": options.width / options.height,
                    "yfov": float(yfov[0]),
                    "znear": 0.01,
                },
            }
        ],
        "animations": [
            {"name": options.name, "channels": tracks.channels, "samplers": tracks.samplers}
        ],
        "accessors": tracks.accessors,
        "bufferViews": tracks.views,
        "buffers": [
            {
                "byteLength": len(tracks.data),
                "uri": f"data:application/octet-stream;base64,{buffer}",
            }
        ],
    }
    notes = (
        (
            "The lens changes, which core glTF cannot hold: it is written with the extension "
            f"{_POINTER}. Programs without it keep the first frame's lens.",
        )
        if zooms
        else ()
    )
    data = json.dumps(values, indent=1, allow_nan=False).encode("ascii")
    return WrittenPath(data, ".gltf", "model/gltf+json", notes)


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from the file; raises ``InvalidMedia`` or ``LimitExceeded`` for unsound ones."""
    file = GltfFile(data)
    asset = as_object(file.values.get("asset"), "asset")
    extras = asset.get("extras")
    mark = mark_of(extras) if isinstance(extras, dict) else None
    width, height = options.aspect
    shots = filmed(file, options.fps or (mark.fps if mark else None), width / height)
    matrices, repaired = checked_matrices(shots.matrices, "camera's transform")
    put = placed(matrices, options, mark, fps=shots.fps, unit_name="glTF unit (a metre)")
    focal = focal_from_vertical(np.degrees(shots.yfov), shots.aspect)
    path = path_from_matrices(put.matrices, focal, put.fps)
    notes = (*shots.notes, *repaired, *put.notes)
    return FoundPath(path, None, FORMAT.id, put.units, put.scale_known, notes)


def recognise(data: bytes, name: str) -> float:
    """How surely content and name are of this format, 0 to 1."""
    if data[:4] == MAGIC:
        return 1.0
    if looks_like_json(data) and holds_words(data, '"asset"', '"version"', '"nodes"'):
        return 0.95
    return 0.0


FORMAT: Final = Format(
    id="gltf",
    label="glTF camera animation",
    suffix=".gltf",
    about="An animated camera for Blender, three.js, game engines and Houdini; reads .glb too.",
    read=read,
    write=write,
    recognise=recognise,
)

__all__ = ["FORMAT", "read", "recognise", "write"]
