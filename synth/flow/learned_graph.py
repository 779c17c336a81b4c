"""How a RIFE network wants its pictures: read from the shapes of the ONNX graph.

The exports in use differ. All take planar RGB from 0 to 1 and give (1, 3, H, W) back:

* two pictures (1, 3, H, W) and a moment, ``img0``, ``img1`` and ``timestep`` of shape (1,):
  https://huggingface.co/yuvraj108c/rife-onnx, mirrored at https://huggingface.co/edgetools/rife;
* one stack of 7 planes, two pictures and a plane filled with the moment: the "v2" files of
  https://github.com/AmusementClub/vs-mlrt (issue 66 there tells v1 from v2);
* a stack of 8, with a plane filled with the scale of the flow, which is 1: issue 56 of
  https://github.com/styler00dollar/VSGAN-tensorrt-docker;
* a stack of 11, vs-mlrt's "v1": after the moment come the coordinates of every pixel, across and
  down from -1 to 1, and what one pixel is in them, 2/(W-1) and 2/(H-1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.errors import Unavailable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_PAIR = 6
_STACKS: Final = (7, 8, 11)
_TYPES: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


@dataclass(frozen=True)
class _Entry:
    """One input or output of the graph."""

    name: str
    shape: tuple[int | None, ...]
    kind: type[np.floating] | None

    @property
    def planes(self) -> int | None:
        return self.shape[1] if len(self.shape) == 4 else None

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(str(n or '?') for n in self.shape)})"


class RifeGraph:
    """The input and output layout of one loaded network."""

    def __init__(self, session: InferenceSession) -> None:
        """Raises ``Unavailable`` for a network of another make, which says what it takes."""
        entries = [_entry(value) for value in session.get_inputs()]
        pictures = [entry for entry in entries if entry.planes == 3]
        stacks = [entry for entry in entries if entry.planes in _STACKS]
        others = [entry for entry in entries if entry not in pictures]
        self._stack: _Entry | None = None
        self._pair: list[_Entry] = []
        if len(entries) == 1 and stacks:
            self._stack = stacks[0]
        elif len(pictures) == 2 and len(others) == 1:
            self._pair, self._moment = pictures, others[0]
        else:
            raise Unavailable(
                f"The network takes {' and '.join(map(str, entries)) or 'nothing'}, which is no "
                "layout of RIFE 4 known here: two pictures (1, 3, H, W) and a moment, or one stack "
                f"of {', '.join(map(str, _STACKS))} planes. A network that only makes the middle "
                "picture will not do. Use another export, or the mode quality."
            )
        if any(entry.kind is None for entry in entries):
            raise Unavailable(
                "The network wants other numbers than 16 or 32-bit floats. Use another export, or "
                "the mode quality."
            )
        self._outputs = [_entry(value) for value in session.get_outputs()]

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        """Width and height where the network was made for one size only."""
        shape = (self._stack or self._pair[0]).shape
        width, height = shape[3], shape[2]
        return None if width is None or height is None else (width, height)

    def feeds(
        self, first: NDArray[np.float32], second: NDArray[np.float32], time: float
    ) -> dict[str, NDArray[Any]]:
        """The inputs for two pictures (3, H, W) and a moment between 0 and 1."""
        if self._stack is not None:
            planes = np.empty((1, self._stack.planes or 0, *first.shape[1:]), np.float32)
            planes[0, :3], planes[0, 3:_PAIR], planes[0, _PAIR] = first, second, time
            _fill_extra(planes[0, _PAIR + 1 :])
            return {self._stack.name: planes.astype(self._stack.kind, copy=False)}
        shape = list(self._moment.shape)
        if len(shape) == 4:  # a plane of its own size or the pictures'
            shape = [1, 1, shape[2] or first.shape[1], shape[3] or first.shape[2]]
        moment = np.full([size or 1 for size in shape], time, self._moment.kind)
        return {
            self._pair[0].name: first[None].astype(self._pair[0].kind, copy=False),
            self._pair[1].name: second[None].astype(self._pair[1].kind, copy=False),
            self._moment.name: moment,
        }

    def picture(self, outputs: Sequence[Any], size: tuple[int, int]) -> NDArray[np.float32]:
        """The new picture (3, height, width) among what the network gave.

        ``size`` is the width and height that went in. Raises ``Unavailable`` where no output is a
        picture of that size or its values are not finite.
        """
        shapes = [np.shape(output) for output in outputs]
        wanted = (1, 3, size[1], size[0])
        if wanted not in shapes:
            raise Unavailable(
                f"The network answered with {', '.join(map(str, shapes))} instead of {wanted}. "
                "Use another export, or the mode quality."
            )
        picture = np.asarray(outputs[shapes.index(wanted)][0], np.float32)
        if not np.isfinite(picture).all():
            raise Unavailable(
                "The network answered with numbers that are not finite. Use another export, or "
                "the mode quality."
            )
        return picture


def _entry(value: Any) -> _Entry:
    shape = tuple(size if isinstance(size, int) and size > 0 else None for size in value.shape)
    return _Entry(value.name, shape, _TYPES.get(value.type))


def _fill_extra(planes: NDArray[np.float32]) -> None:
    """What follows the moment: nothing, the scale, or coordinates and the size of a pixel."""
    count, height, width = planes.shape
    if count == 1:
        planes[0] = 1
    elif count == 4:
        across, down = max(width - 1, 1), max(height - 1, 1)
        planes[0] = np.arange(width, dtype=np.float32) * (2 / across) - 1
        planes[1] = (np.arange(height, dtype=np.float32) * (2 / down) - 1)[:, None]
        planes[2], planes[3] = 2 / across, 2 / down
