"""Vista4D ``cameras.npz``: numpy arrays, camera-to-world in OpenCV's axes.

``cam_c2w`` (N, 4, 4) and ``intrinsics`` (N, 4) = fx, fy, cx, cy in pixels, 32-bit floats
(https://github.com/Eyeline-Labs/Vista4D). The frame's size is not in the file; twice the centre is
taken for it, as Vista4D does itself. MegaSaM's files, with one 3 x 3 ``intrinsic`` for all frames,
are read too. A third array carries our mark; loaders ask for arrays by name and never see it.

Arrays are read by hand from the bytes: their header is held against the limits before anything is
allocated, and objects (pickles) are never loaded.
"""

from __future__ import annotations

import io
import math
from typing import Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from synth.camera.formats.archive import is_zip, members, packed
from synth.camera.formats.convert import (
    Mark,
    checked_matrices,
    focal_from_pixels,
    matrices_to_write,
    other_axes,
    path_from_matrices,
    pixels_from_focal,
    placed,
)
from synth.camera.formats.model import (
    MAX_FRAMES,
    Format,
    FoundPath,
    ReadOptions,
    WriteOptions,
    WrittenPath,
)
from synth.camera.formats.reading import LARGEST
from synth.camera.keys import CameraKeys
from synth.camera.pose import CameraPath
from synth.errors import InvalidMedia, LimitExceeded

_POSES: Final = "cam_c2w.npy"
_LENSES: Final = "intrinsics.npy"
_ONE_LENS: Final = "intrinsic.npy"
_MARK: Final = "motion_synth.npy"
_FRAMES_USED: Final = 49
_SQUARE: Final = 0.01


def read(data: bytes, options: ReadOptions) -> FoundPath:
    """A path from a Vista4D (or MegaSaM) npz file; see the module."""
    if not is_zip(data):
        raise InvalidMedia("The file is no npz archive of numpy arrays.")
    files = members(data, (_POSES, _LENSES, _ONE_LENS, _MARK))
    if _POSES not in files:
        raise InvalidMedia("The npz file holds no array cam_c2w, so there is no path in it.")
    poses = _array(files[_POSES], "cam_c2w", (None, 4, 4))
    matrices, repairs = checked_matrices(poses, "matrix")
    mark = Mark.find(files.get(_MARK, b"")[:2000].decode("utf-32-le", errors="ignore"))
    lenses, notes = _lenses(files, len(matrices))
    if lenses is None:
        focal = np.full(len(matrices), options.focal_length)
        notes = [f"The file has no lens; {options.focal_length:g} mm were taken."]
    else:
        fx, fy, cx, cy = lenses.T
        width, height = 2.0 * float(cx.mean()), 2.0 * float(cy.mean())
        focal = focal_from_pixels(fx if width >= height else fy, 1, 1) / max(width, height)
        notes.append(
            f"The frame was taken to be {width:.5g} x {height:.5g} pixels, twice its centre."
        )
    place = placed(other_axes(matrices), options, mark)
    path = path_from_matrices(place.matrices, focal, place.fps)
    return FoundPath(
        path, None, FORMAT.id, place.units, place.scale_known, (*repairs, *notes, *place.notes)
    )


def _lenses(files: dict[str, bytes], frames: int) -> tuple[NDArray[np.float64] | None, list[str]]:
    """fx, fy, cx, cy of every frame, (N, 4) pixels, or None; and notes."""
    if _LENSES in files:
        lenses = _array(files[_LENSES], "intrinsics", (None, 4))
        if len(lenses) != frames:
            raise InvalidMedia(
                f"The npz file holds {frames} poses but {len(lenses)} lenses. Export it again."
            )
    elif _ONE_LENS in files:
        k = _array(files[_ONE_LENS], "intrinsic", (3, 3))
        lenses = np.tile((k[0, 0], k[1, 1], k[0, 2], k[1, 2]), (frames, 1))
    else:
        return None, []
    bad = ~((np.abs(lenses) < LARGEST) & (lenses > 0.0)).all(axis=1)
    if bad.any():
        raise InvalidMedia(
            f"The lens of frame {int(bad.argmax())} holds numbers that are not finite or not "
            "above 0."
        )
    notes = []
    stretch = float(np.abs(lenses[:, 0] / lenses[:, 1] - 1.0).max())
    if stretch > _SQUARE:
        notes.append(
            f"Pixels are not square (fx and fy differ by {stretch:.1%}); the angle across the "
            "longer side was kept."
        )
    return lenses, notes


def _array(data: bytes, name: str, shape: tuple[int | None, ...]) -> NDArray[np.float64]:
    """A numeric array from the bytes of an npy file, its header checked first."""
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        reader = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        found, by_columns, kind = reader(stream)
    except Exception:  # Whatever numpy makes of broken bytes: ValueError, SyntaxError, EOFError...
        raise InvalidMedia(f"The array {name} is damaged. Export it again.") from None
    if kind.kind not in "fiu" or kind.itemsize > 8:
        raise InvalidMedia(f"The array {name} is of type {kind}; it must hold plain numbers.")
    if len(found) != len(shape) or any(
        want not in (None, have) for want, have in zip(shape, found, strict=True)
    ):
        wanted = " x ".join("N" if side is None else str(side) for side in shape)
        raise InvalidMedia(f"The array {name} is of shape {found}; it must be {wanted}.")
    if found[0] > MAX_FRAMES:
        raise LimitExceeded(
            f"The array {name} holds {found[0]:,} frames; the limit is {MAX_FRAMES:,}."
        )
    body = data[stream.tell() :]
    if len(body) != math.prod(found) * kind.itemsize:
        raise InvalidMedia(f"The array {name} is cut short. Export it again.")
    flat = np.frombuffer(body, dtype=kind).astype(np.float64)
    return flat.reshape(found, order="F" if by_columns else "C")


def write(path: CameraPath, keys: CameraKeys | None, options: WriteOptions) -> WrittenPath:
    """A Vista4D npz file of a path; see the module."""
    matrices = other_axes(matrices_to_write(path, options))
    lenses = np.empty((len(path), 4))
    lenses[:, :2] = pixels_from_focal(path.focal_lengths, options.width, options.height)[:, None]
    lenses[:, 2:] = options.width / 2.0, options.height / 2.0
    arrays = {
        _POSES: (matrices + 0.0).astype("<f4"),
        _LENSES: lenses.astype("<f4"),
        _MARK: np.array(Mark.of(path, options).text).astype("<U"),
    }
    files = {}
    for name, array in arrays.items():
        stream = io.BytesIO()
        npy.write_array(stream, array, allow_pickle=False)
        files[name] = stream.getvalue()
    notes = [
        "Numbers are kept to about seven digits; keys, easings and frame rate are not kept.",
        "Vista4D takes the middle frames when the path is longer than its clip "
        f"({_FRAMES_USED} by default).",
    ]
    return WrittenPath(packed(files), FORMAT.suffix, "application/octet-stream", tuple(notes))


def recognise(data: bytes, name: str) -> float:
    """How surely this is such an npz file: a zip that names ``cam_c2w.npy``."""
    return 1.0 if is_zip(data) and data.find(_POSES.encode()) >= 0 else 0.0


FORMAT: Final = Format(
    id="vista4d",
    label="Vista4D cameras (npz)",
    suffix=".npz",
    about="numpy arrays of camera-to-world matrices and lenses in pixels; read by Vista4D and "
    "Wan2GP.",
    read=read,
    write=write,
    recognise=recognise,
)
"""Vista4D npz."""
