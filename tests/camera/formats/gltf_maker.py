"""glTF files made by hand, number by number, for the tests of the reader."""

from __future__ import annotations

import base64
import math
import struct
from typing import Any

import numpy as np

from tests.camera.formats.hostile import without_spaces


class Maker:
    """A foreign file: nodes, cameras and animations made by hand."""

    def __init__(self, *nodes: dict[str, Any], camera: dict[str, Any] | None = None) -> None:
        self.blob = b""
        lens = {"aspectRatio": 1.0, "yfov": math.pi / 2, "znear": 0.1}
        self.values: dict[str, Any] = {
            "asset": {"version": "2.0"},
            "nodes": list(nodes) or [{"camera": 0}],
            "cameras": [camera or {"type": "perspective", "perspective": lens}],
            "animations": [{"channels": [], "samplers": []}],
            "accessors": [],
            "bufferViews": [],
        }

    def numbers(self, kind: str, rows: Any, code: str = "f", component: int = 5126) -> int:
        flat = np.array(rows).ravel().tolist()
        data = struct.pack(f"<{len(flat)}{code}", *flat)
        view = {"buffer": 0, "byteOffset": len(self.blob), "byteLength": len(data)}
        self.blob += data + b"\0" * (-len(data) % 4)
        self.values["bufferViews"].append(view)
        size = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[kind]
        accessor = {
            "bufferView": len(self.values["bufferViews"]) - 1,
            "componentType": component,
            "count": len(flat) // size,
            "type": kind,
        }
        if component != 5126:
            accessor["normalized"] = True
        self.values["accessors"].append(accessor)
        return len(self.values["accessors"]) - 1

    def key(
        self,
        path: str,
        times: list[float],
        rows: Any,
        way: str = "LINEAR",
        node: int = 0,
        take: int = 0,
    ) -> Maker:
        kind = {"translation": "VEC3", "scale": "VEC3", "rotation": "VEC4"}.get(path, "SCALAR")
        target: dict[str, Any] = {"node": node, "path": path}
        if kind == "SCALAR":
            extension = {"KHR_animation_pointer": {"pointer": path}}
            target = {"path": "pointer", "extensions": extension}
        sampler = {
            "input": self.numbers("SCALAR", times),
            "output": self.numbers(kind, rows),
            "interpolation": way,
        }
        animation = self.values["animations"][take]
        animation["channels"].append({"sampler": len(animation["samplers"]), "target": target})
        animation["samplers"].append(sampler)
        return self

    def gltf(self) -> bytes:
        uri = "data:application/octet-stream;base64," + base64.b64encode(self.blob).decode()
        buffers = [{"byteLength": len(self.blob), "uri": uri}]
        return without_spaces({**self.values, "buffers": buffers})

    def glb(self) -> bytes:
        text = without_spaces({**self.values, "buffers": [{"byteLength": len(self.blob)}]})
        text += b" " * (-len(text) % 4)
        chunks = struct.pack("<II", len(text), 0x4E4F534A) + text
        chunks += struct.pack("<II", len(self.blob), 0x004E4942) + self.blob
        return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks
