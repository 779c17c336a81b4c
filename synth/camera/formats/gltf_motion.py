"""The camera that a glTF file films with, frame by frame: its node, its parents, its animation.

From the specification (https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html, sections 3.5,
3.10, 3.11 and appendix C) and KHR_animation_pointer. A camera looks along the -Z axis of its node's
global transform; scales on the way there move the camera but do not change its picture.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from synth.camera.formats.convert import Matrices, check_frames
from synth.camera.formats.gltf_file import GltfFile, checked_index
from synth.camera.formats.model import DEFAULT_FPS
from synth.camera.formats.programs import as_list, as_object, checked_aspect, rate_near
from synth.camera.formats.reading import json_number, json_numbers
from synth.errors import InvalidMedia
from synth.explain import short

Numbers = NDArray[np.float64]

_DEEPEST: Final = 64
"""Most nodes above a camera."""

_KINDS: Final = {"translation": "VEC3", "rotation": "VEC4", "scale": "VEC3", "yfov": "SCALAR"}
_NODE_POINTER = re.compile(r"/nodes/(\d{1,9})/(translation|rotation|scale)")
_LENS_POINTER = re.compile(r"/cameras/(\d{1,9})/perspective/yfov")

_RATES: Final = (
    *(Fraction(rate) for rate in (24, 25, 30)),
    *(Fraction(rate, 1001) for rate in (24000, 30000)),
    *(Fraction(rate) for rate in (50, 60)),
    Fraction(60000, 1001),
)
"""Rates that are tried on keys that do not stand on every frame."""

_SLOWEST_DENSE: Final = 10.0
"""Evenly spaced keys are taken for frames from this rate on, keys per second."""


@dataclass(frozen=True)
class Shots:
    """What the camera of a glTF file does."""

    matrices: Matrices
    """Camera-to-world, our axes, (N, 4, 4), without scale."""
    yfov: Numbers
    """Vertical field of view, radians, (N,)."""
    aspect: float
    """Width over height."""
    fps: Fraction
    """Frames per second."""
    notes: tuple[str, ...]
    """What was assumed."""


@dataclass(frozen=True)
class _Track:
    """One animated property: keys in time."""

    times: Numbers
    """Seconds, rising, (K,)."""
    values: Numbers
    """(K, components); for a cubic spline (K, 3, components): tangent in, value, tangent out."""
    interpolation: str
    """LINEAR, STEP or CUBICSPLINE."""
    turns: bool
    """Whether the values are quaternions (x, y, z, w)."""

    def at(self, seconds: Numbers) -> Numbers:
        """Values at some times, (N, components); before and after the keys the nearest key's."""
        spline = self.interpolation == "CUBICSPLINE"
        points = self.values[:, 1] if spline else self.values
        if len(self.times) == 1:
            return np.repeat(points, len(seconds), axis=0)
        # Key times are 32-bit numbers: a key may stand a hair before or after its own frame.
        hair = 1e-6 + 2e-7 * seconds
        found = np.searchsorted(self.times, seconds + hair, side="right") - 1
        if self.interpolation == "STEP":
            return points[np.maximum(found, 0)]
        index = np.clip(found, 0, len(self.times) - 2)
        length = np.diff(self.times)[index]
        gone = seconds - self.times[index]
        share = np.where(gone <= hair, 0.0, np.where(length - gone <= hair, 1.0, gone / length))
        share = share[:, None]
        before, after = points[index], points[index + 1]
        if spline:
            leaving = self.values[index, 2] * length[:, None]
            arriving = self.values[index + 1, 0] * length[:, None]
            return _hermite(before, leaving, arriving, after, share)
        return _slerp(before, after, share) if self.turns else before + (after - before) * share


def _hermite(p0: Numbers, m0: Numbers, m1: Numbers, p1: Numbers, t: Numbers) -> Numbers:
    """Cubic Hermite spline, as in appendix C.5 of the specification."""
    t2, t3 = t * t, t * t * t
    return (
        (2 * t3 - 3 * t2 + 1) * p0 + (t3 - 2 * t2 + t) * m0
        + (3 * t2 - 2 * t3) * p1 + (t3 - t2) * m1
    )  # fmt: skip


def _slerp(before: Numbers, after: Numbers, share: Numbers) -> Numbers:
    """Quaternions (N, 4) between two, the short way round, as in appendix C.4."""
    cosine = np.einsum("ni,ni->n", before, after)[:, None]
    after = np.where(cosine < 0.0, -after, after)
    angle = np.arccos(np.clip(np.abs(cosine), 0.0, 1.0))
    sine = np.sin(angle)
    near = sine < 1e-6
    safe = np.where(near, 1.0, sine)
    first = np.where(near, 1.0 - share, np.sin((1.0 - share) * angle) / safe)
    second = np.where(near, share, np.sin(share * angle) / safe)
    return first * before + second * after


def filmed(file: GltfFile, fps: Fraction | None, aspect: float) -> Shots:
    """Every frame of the file's camera; the first animated perspective camera counts.

    Args:
        file: the file.
        fps: frames per second, or None to take what the keys suggest.
        aspect: width over height for a camera that does not say it.
    """
    nodes = [as_object(node, f"nodes[{i}]") for i, node in enumerate(file.items("nodes"))]
    parents = _parents(nodes)
    seen = [i for i, node in enumerate(nodes) if "camera" in node and _perspective(file, node, i)]
    if not seen:
        raise InvalidMedia(
            "The file has no perspective camera in its scene. Export it again with cameras "
            "switched on."
        )
    notes: list[str] = []
    chosen, tracks = seen[0], {}
    for node in seen:
        found = _tracks(file, _chain(node, parents), nodes[node]["camera"], notes)
        if found:
            chosen, tracks = node, found
            break
    if len(seen) > 1:
        name = short(nodes[chosen].get("name", f"node {chosen}"))
        notes.append(f"The file has {len(seen)} cameras; {name} was taken.")
    lens = _perspective(file, nodes[chosen], chosen)
    assert lens is not None
    if "aspectRatio" in lens:
        aspect = checked_aspect(json_number(lens["aspectRatio"], "aspectRatio"), "The camera")
    else:
        notes.append(f"The camera has no aspect ratio; {aspect:.3f} was taken.")
    rate, seconds = _frames(list(tracks.values()), fps, notes)
    world = np.tile(np.eye(4), (len(seconds), 1, 1))
    for node in reversed(_chain(chosen, parents)):
        world = world @ _local(nodes[node], node, tracks, seconds)
    track = tracks.get((chosen, "yfov"))
    still = json_number(lens.get("yfov"), "yfov")
    yfov = np.full(len(seconds), still) if track is None else track.at(seconds)[:, 0]
    return Shots(_without_scale(world), yfov, aspect, rate, tuple(dict.fromkeys(notes)))


def _perspective(file: GltfFile, node: dict[str, Any], index: int) -> dict[str, Any] | None:
    camera = file.item("cameras", node["camera"], f"nodes[{index}].camera")
    if camera.get("type") != "perspective":
        return None
    return as_object(camera.get("perspective"), "perspective")


def _parents(nodes: list[dict[str, Any]]) -> dict[int, int]:
    parents: dict[int, int] = {}
    for index, node in enumerate(nodes):
        for child in as_list(node.get("children") or [], f"nodes[{index}].children"):
            number = checked_index(child, len(nodes), f"nodes[{index}].children")
            if number in parents:
                raise InvalidMedia(f"nodes[{number}] hangs below two others; the file is damaged.")
            parents[number] = index
    return parents


def _chain(node: int, parents: dict[int, int]) -> list[int]:
    """A node and those above it, itself first."""
    chain = [node]
    while chain[-1] in parents:
        chain.append(parents[chain[-1]])
        if len(chain) > _DEEPEST:
            raise InvalidMedia(
                f"More than {_DEEPEST} nodes stand above nodes[{node}], or it hangs below itself."
            )
    return chain


def _tracks(
    file: GltfFile, chain: list[int], camera: object, notes: list[str]
) -> dict[tuple[int, str], _Track]:
    """The tracks of the first animation that moves a camera: by node (of the chain) and property.

    The lens's stand under the camera's own node.
    """
    result: dict[tuple[int, str], _Track] = {}
    others = 0
    for index, animation in enumerate(file.items("animations")):
        animation = as_object(animation, f"animations[{index}]")
        wanted: dict[tuple[int, str], object] = {}
        where = f"animations[{index}].channels"
        for channel in as_list(animation.get("channels") or [], where):
            target = _target(as_object(channel, where), camera, chain[0])
            if target is not None and target[0] in chain:
                wanted.setdefault(target, channel.get("sampler"))
        if not wanted:
            continue
        if result:
            others += 1
            continue
        samplers = as_list(animation.get("samplers") or [], f"animations[{index}].samplers")
        for (node, path), sampler in wanted.items():
            number = checked_index(sampler, len(samplers), where)
            result[node, path] = _track(file, as_object(samplers[number], "samplers[]"), path)
    if others:
        notes.append(f"{others} more animations move this camera; only the first was taken.")
    return result


def _target(channel: dict[str, Any], camera: object, own: int) -> tuple[int, str] | None:
    """Node and property that a channel moves, or None for what a camera does not feel."""
    target = as_object(channel.get("target"), "channels[].target")
    node, path = target.get("node"), target.get("path")
    if path in ("translation", "rotation", "scale") and isinstance(node, int):
        return node, path
    if path != "pointer":
        return None
    extensions = target.get("extensions")
    extension = extensions.get("KHR_animation_pointer") if isinstance(extensions, dict) else None
    pointer = extension.get("pointer") if isinstance(extension, dict) else None
    if not isinstance(pointer, str):
        return None
    lens = _LENS_POINTER.fullmatch(pointer)
    if lens is not None:
        return (own, "yfov") if int(lens[1]) == camera else None
    moved = _NODE_POINTER.fullmatch(pointer)
    return None if moved is None else (int(moved[1]), moved[2])


def _track(file: GltfFile, sampler: dict[str, Any], path: str) -> _Track:
    times = file.numbers(sampler.get("input"), "SCALAR", f"{path}.input")[:, 0]
    values = file.numbers(sampler.get("output"), _KINDS[path], f"{path}.output")
    interpolation = str(sampler.get("interpolation", "LINEAR"))[:40]
    if interpolation not in ("LINEAR", "STEP", "CUBICSPLINE"):
        raise InvalidMedia(
            f"The interpolation of {path} is {interpolation!r}; known are LINEAR, STEP and "
            "CUBICSPLINE."
        )
    if times[0] < 0.0 or (np.diff(times) <= 0.0).any():
        raise InvalidMedia(f"The key times of {path} do not rise from 0 on; the file is damaged.")
    spline = interpolation == "CUBICSPLINE"
    if len(values) != len(times) * (3 if spline else 1):
        raise InvalidMedia(
            f"The animation of {path} has {len(times)} key times and {len(values)} values; "
            f"{interpolation} needs {'three values' if spline else 'one value'} per time."
        )
    if path == "rotation":
        lengths = np.linalg.norm(values[1::3] if spline else values, axis=1)
        wrong = np.abs(lengths - 1.0) > 0.01
        if wrong.any():
            key = int(wrong.argmax())
            raise InvalidMedia(
                f"The quaternion of key {key} has length {lengths[key]:.4g}; a rotation's is 1."
            )
    if spline:
        values = values.reshape(len(times), 3, -1)
    return _Track(times, values, interpolation, path == "rotation")


def _frames(
    tracks: list[_Track], fps: Fraction | None, notes: list[str]
) -> tuple[Fraction, Numbers]:
    """Frame rate, and the seconds of every frame from the first key to the last, (N,)."""
    if not tracks:
        notes.append("The camera is not animated; one frame was taken.")
        return fps or DEFAULT_FPS, np.zeros(1)
    start = min(track.times[0] for track in tracks)
    end = max(track.times[-1] for track in tracks)
    rate = fps or _likely_rate(tracks, start, notes)
    # The last key may stand a hair before its frame, in 32-bit seconds.
    count = math.floor((end - start) * float(rate) + 1e-3 + 2e-7 * end * float(rate)) + 1
    check_frames(count)
    if start > 0.0:
        notes.append(f"The animation begins at {start:.3f} seconds, which was made frame 0.")
    return rate, start + np.arange(count) / float(rate)


def _likely_rate(tracks: list[_Track], start: float, notes: list[str]) -> Fraction:
    """The rate at which all keys stand on frames; evenly spaced dense keys are the frames."""
    densest = max((track.times for track in tracks), key=len)
    if len(densest) > 1:
        mean = (densest[-1] - densest[0]) / (len(densest) - 1)
        even = np.abs(np.diff(densest) - mean).max() < 0.01 * mean
        if even and 1.0 / mean >= _SLOWEST_DENSE:
            return rate_near(float(1.0 / mean), "The spacing of the keys")
    times = np.concatenate([track.times for track in tracks]) - start
    for rate in _RATES:
        frames = times * float(rate)
        if np.abs(frames - np.round(frames)).max() < 0.02:
            break
    else:
        rate = DEFAULT_FPS
    notes.append(f"The file says no frame rate; {rate} frames per second were taken.")
    return rate


def _local(
    node: dict[str, Any], index: int, tracks: dict[tuple[int, str], _Track], seconds: Numbers
) -> Matrices:
    """Local transforms of a node, (N, 4, 4)."""
    where = f"nodes[{index}]"
    found = {path: tracks.get((index, path)) for path in ("translation", "rotation", "scale")}
    if "matrix" in node:
        if any(found.values()):
            raise InvalidMedia(f"{where} has a matrix and is animated, which glTF does not allow.")
        columns = np.array(json_numbers(node["matrix"], 16, f"{where}.matrix")).reshape(4, 4)
        return np.tile(columns.T, (len(seconds), 1, 1))

    def value(path: str, default: list[float]) -> Numbers:
        track = found[path]
        if track is not None:
            return track.at(seconds)
        still = (
            json_numbers(node[path], len(default), f"{where}.{path}") if path in node else default
        )
        return np.tile(np.array(still), (len(seconds), 1))

    turns = value("rotation", [0.0, 0.0, 0.0, 1.0])
    lengths = np.linalg.norm(turns, axis=1)
    if not (lengths > 1e-6).all():
        raise InvalidMedia(f"A quaternion of {where} is zero, which is no rotation.")
    result = np.zeros((len(seconds), 4, 4))
    result[:, :3, :3] = Rotation.from_quat(turns).as_matrix()
    result[:, :3, :3] *= value("scale", [1.0, 1.0, 1.0])[:, None, :]
    result[:, :3, 3] = value("translation", [0.0, 0.0, 0.0])
    result[:, 3, 3] = 1.0
    return result


def _without_scale(world: Matrices) -> Matrices:
    """Transforms whose axes have length 1; a scale of zero is refused."""
    lengths = np.linalg.norm(world[:, :3, :3], axis=1)
    if not (np.isfinite(lengths).all() and (lengths > 1e-9).all()):
        raise InvalidMedia(
            "The camera, or a node above it, has a scale of zero or without end. Apply scales, "
            "then export again."
        )
    result = world.copy()
    result[:, :3, :3] /= lengths[:, None, :]
    return result
