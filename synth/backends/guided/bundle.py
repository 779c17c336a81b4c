"""A guide as a zip for other programs: pictures, masks, depth, motion, cameras and words.

Masks are those that VACE is to be given, by `synth.backends.guided.vace`; depth is 16-bit grey,
nearer is brighter, with the numbers to undo it; motion is the first two channels of a 16-bit PNG,
as KITTI has it (https://www.cvlibs.net/datasets/kitti/eval_scene_flow.php?benchmark=flow).
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from synth.backends.guided.guide import Guide, GuideFrame
from synth.backends.guided.holes import MID_GREY
from synth.backends.guided.vace import GROUP, WHITE, as_told, joined
from synth.camera.conventions import focal_pixels
from synth.camera.formats import WriteOptions, write_path
from synth.camera.formats.convert import matrices_to_write, other_axes
from synth.control import CancelToken, ProgressCallback, ignore_progress
from synth.errors import InvalidInstruction, LimitExceeded
from synth.limits import LIMITS
from synth.media import VideoWriter
from synth.media.settings import EncoderSettings

SCHEMA: Final = "motion-synth.guide/1"
"""Of ``cameras.json``."""

_DATE: Final = (1980, 1, 1, 0, 0, 0)
_TOP: Final = 65_535
_FLOW_SCALE: Final = 64.0
_FLOW_ZERO: Final = 32_768

_README: Final = """\
A guide made by Motion Synth: a camera move through a photo's geometry, to be repainted by a video
model.

{count} frames of {width} x {height} pixels at {rate:g} frames per second.

guide.mp4        the frames with mid-grey (128) holes, for a look; lossy
guide/           the same as PNG, what a model should be given
mask/            white = paint, black = keep; no other value. The first two are black, and masks are
                 the same within 1 to 4, 5 to 8, ... as Wan VACE looks at them{each_part}
depth/           16-bit grey, nearer is brighter: inverse depth = value / 65535 * {deepest:.9g},
                 1 / scene units; 0 is endless
flow/            16-bit RGB, where a pixel goes until the next frame: x = (red - 32768) / 64 pixels,
                 y = (green - 32768) / 64, blue 1 where that is certain (the KITTI layout)
cameras.json     every camera: camera-to-world, x right, y up, looking along -z, and in OpenCV's
                 axes; lens in pixels. Scene units: the subject stands 10 from where the photo was
                 taken
camera_path.json the same for nerfstudio
prompt.txt       what a model is to read; negative.txt what it is to avoid

With ComfyUI and Wan VACE
1. Load the folders guide and mask as image sequences; convert the mask to a mask (red channel).
2. Connect them to control_video and control_masks of the node WanVaceToVideo, with width {width},
   height {height}, length {length}, strength 1. Leave reference_image empty: frame 0 is the photo.
3. Read prompt.txt and negative.txt into the text encoders.
4. Save at {rate:g} frames per second.
{advice}"""

_ADVICE_PARTS: Final = """\

This guide is longer than the model draws at a time. Paint it in {parts} parts, in order:
{listed}
A part begins on the picture on which the one before ended. From the second part on, put that
picture as it was painted in place of the guide's, with a black mask (mask/00000.png is one), and
leave it out once when the parts are joined.
"""

_ADVICE_LENGTH: Final = """\

VACE draws 4 k + 1 frames; this guide has {count}. Use the first {fewer}.
"""


def write_bundle(
    guide: Guide,
    path: str | os.PathLike[str],
    *,
    parts: Sequence[int] = (),
    cancel: CancelToken | None = None,
    progress: ProgressCallback = ignore_progress,
) -> Path:
    """Write a guide into one zip, which appears whole or not at all.

    The same guide makes the same bytes on one machine (the film's encoder may differ on others).
    Memory holds a few frames at a time.

    Args:
        guide: the guide.
        path: the file to write.
        parts: frames of each call of the model that paints it, where one is not enough; each call
            begins on the last picture of the one before, which counts in both. The masks are then
            those of each call, and the README says how they are painted one after another.
        cancel: looked at between frames.
        progress: told how far it has come.

    Returns:
        The file.

    Raises:
        InvalidInstruction: the place cannot hold the file, or the parts do not make up the guide.
        LimitExceeded: it grows beyond ``LIMITS.bundle_bytes``.
        Cancelled: on request; nothing is written then.
    """
    target = Path(path)
    token = cancel or CancelToken()
    spans = _spans(len(guide), parts)
    masks, deepest = _masks(guide, spans, token)
    with _whole(target) as partial, tempfile.TemporaryDirectory(prefix="motion-synth-") as room:
        film = Path(room) / "guide.mp4"
        with zipfile.ZipFile(partial, "x") as archive:
            _put_frames(archive, guide, masks, deepest, film, token, progress)
            _put(archive, "guide.mp4", film.read_bytes())
            for name, text in _texts(guide, spans, deepest).items():
                _put(archive, name, text, zipfile.ZIP_DEFLATED)
        token.check()
    return target


def _spans(count: int, parts: Sequence[int]) -> tuple[range, ...]:
    """The frames of each part; neighbours share one."""
    spans: list[range] = []
    first = 0
    for frames in parts or (count,):
        spans.append(range(first, first + frames))
        first += frames - 1
    if any(len(span) < min(2, count) for span in spans) or spans[-1].stop != count:
        raise InvalidInstruction(
            f"Parts of {', '.join(map(str, parts))} frames, each beginning on the last of the one "
            f"before, do not make up a guide of {count}."
        )
    return tuple(spans)


def _masks(
    guide: Guide, spans: Sequence[range], cancel: CancelToken
) -> tuple[tuple[NDArray[np.uint8], ...], float]:
    """The masks as VACE is told them, their bits packed row by row, and the largest nearness."""
    holes: list[NDArray[np.uint8]] = []
    deepest = 0.0
    for bare in guide.bare(cancel=cancel):
        holes.append(np.packbits(bare.hole, axis=1))
        deepest = max(deepest, float(bare.nearness.max()))
    masks: list[NDArray[np.uint8]] = []
    for span in spans:
        own = as_told(joined(holes[span.start : span.stop]))
        masks += own[1:] if masks else own  # The first picture of a part is painted already.
    return tuple(masks), deepest or 1.0


def _put_frames(
    archive: zipfile.ZipFile,
    guide: Guide,
    masks: Sequence[NDArray[np.uint8]],
    deepest: float,
    film: Path,
    cancel: CancelToken,
    progress: ProgressCallback,
) -> None:
    """All pictures into the archive, and the film beside it."""
    frames = guide.frames(cancel=cancel, progress=progress)
    with (
        closing(frames),
        VideoWriter(
            film, fps=guide.path.fps, width=guide.width, height=guide.height, cancel=cancel,
            settings=EncoderSettings(repeatable=True, threads=1),
        ) as out,
    ):  # fmt: skip
        size = 0
        for index, (frame, bits) in enumerate(zip(frames, masks, strict=True)):
            mask = np.unpackbits(bits, axis=1, count=guide.width) * WHITE
            picture = np.where(mask[..., None] > 0, np.uint8(MID_GREY), frame.shown)
            out.write(picture)
            name = f"{index:05d}.png"
            for folder, pixels in (
                ("guide", picture[..., ::-1]),
                ("mask", mask),
                ("depth", _grey_depth(frame.nearness, deepest)),
                ("flow", _flow_picture(frame)[..., ::-1]),
            ):
                data = _png(pixels)
                size += len(data)
                _put(archive, f"{folder}/{name}", data)
            if size > LIMITS.bundle_bytes:
                raise LimitExceeded(
                    f"The guide's pictures exceed {LIMITS.bundle_bytes / 1e6:.0f} MB at frame "
                    f"{index + 1} of {len(guide)}. Make it shorter or smaller."
                )


def _texts(guide: Guide, spans: Sequence[range], deepest: float) -> dict[str, bytes]:
    count, rate = len(guide), float(guide.path.fps)
    fewer = (count - 1) // GROUP * GROUP + 1
    advice = "" if fewer == count else _ADVICE_LENGTH.format(count=count, fewer=fewer)
    several = len(spans) > 1
    if several:
        listed = "\n".join(
            f"{number}. frames {span.start:05d} to {span.stop - 1:05d}, length {len(span)}"
            for number, span in enumerate(spans, 1)
        )
        advice = _ADVICE_PARTS.format(parts=len(spans), listed=listed)
    readme = _README.format(
        count=count, width=guide.width, height=guide.height, rate=rate, deepest=deepest,
        advice=advice, length="that of the part" if several else count,
        each_part=",\n                 counted from the beginning of each part (below)" * several,
    )  # fmt: skip
    options = WriteOptions(width=guide.width, height=guide.height)
    return {
        "README.txt": readme.encode(),
        "prompt.txt": guide.prompt.encode(),
        "negative.txt": guide.negative.encode(),
        "cameras.json": _cameras(guide, spans, options, deepest),
        "camera_path.json": write_path(guide.path, "nerfstudio", options=options).data,
    }


def _cameras(guide: Guide, spans: Sequence[range], options: WriteOptions, deepest: float) -> bytes:
    matrices = matrices_to_write(guide.path, options)
    opencv = other_axes(matrices)
    frames = [
        {
            "file": f"{index:05d}.png",
            "seconds": float(index / guide.path.fps),
            "camera_to_world": (matrices[index] + 0.0).round(9).tolist(),
            "camera_to_world_opencv": (opencv[index] + 0.0).round(9).tolist(),
            "fx": round(focal_pixels(pose.focal_length, guide.width, guide.height), 6),
            "fy": round(focal_pixels(pose.focal_length, guide.width, guide.height), 6),
            "cx": guide.width / 2.0,
            "cy": guide.height / 2.0,
        }
        for index, pose in enumerate(guide.path)
    ]
    document = {
        "schema": SCHEMA,
        "width": guide.width,
        "height": guide.height,
        "fps": str(guide.path.fps),
        "inverse_depth_of_65535": deepest,
        "parts": [{"first": span.start, "frames": len(span)} for span in spans],
        "frames": frames,
    }
    return json.dumps(document, indent=1).encode()


def _grey_depth(nearness: NDArray[np.float32], deepest: float) -> NDArray[np.uint16]:
    return np.rint(np.clip(nearness / deepest, 0.0, 1.0) * _TOP).astype(np.uint16)


def _flow_picture(frame: GuideFrame) -> NDArray[np.uint16]:
    picture = np.empty((*frame.hole.shape, 3), np.uint16)
    moved = np.rint(frame.flow * _FLOW_SCALE) + _FLOW_ZERO
    picture[..., :2] = np.clip(moved, 0, _TOP)
    # Farther than the numbers go is not certain any more.
    within = ((moved >= 0) & (moved <= _TOP)).all(axis=2)
    picture[..., 2] = frame.known & within
    return picture


def _png(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    done, data = cv2.imencode(".png", np.ascontiguousarray(pixels))
    if not done:
        raise InvalidInstruction("A picture of the guide could not be written as PNG.")
    return data.tobytes()


def _put(
    archive: zipfile.ZipFile, name: str, data: bytes, packing: int = zipfile.ZIP_STORED
) -> None:
    # Pictures and films are packed already.
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = packing
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    archive.writestr(entry, data)


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """A path to write to; it becomes ``target`` at the end, or goes away."""
    if target.is_dir():
        raise InvalidInstruction(f"{target.name!r} is a folder. Choose a file name.")
    if not target.parent.is_dir():
        raise InvalidInstruction(f"The folder {target.parent.name!r} does not exist. Make it.")
    partial = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
