"""Several neighbouring pixels at once: the inside of ``synth.flow.weave`` as vector instructions.

Vectors of a fixed length are written out for LLVM, which makes of them whatever the processor has.
From plain loops over so few pixels it makes loops with checks around them, three times as slow.

Both are for compiled code only, as globals: code with such things in a closure is compiled anew in
every process. Code that was kept does not see that this file has changed; ``weave`` has to be saved
with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

_FLOAT, _BYTE, _INDEX = ir.FloatType(), ir.IntType(8), ir.IntType(32)
_FAST = ("fast",)


@intrinsic(prefer_literal=True)
def _sample(typingctx, source, p, y, x, down, across, target, side, run):  # type: ignore[no-untyped-def]
    """Filter two rows of ``run`` pixels.

    Args:
        source: (n, H, W) uint8, C-contiguous.
        p: which of its planes.
        y: first of the rows that are read, one more than there are weights.
        x: first of the columns that are read, ``2 * run``; all must lie in the plane.
        down: tuple of float32 weights of neighbouring rows.
        across: as many for neighbouring columns.
        target: (n, 2, 2, ``run``) float32, C-contiguous; ``target[p, side]`` is filled.
        side: 0 or 1.
        run: a constant.
    """
    lanes = _constant(run)
    taps = len(down)

    def code(context, builder, signature, args):  # type: ignore[no-untyped-def]
        source, p, y, x, down, across, target, side, _ = args
        wide = 2 * lanes
        rows = []
        for k in range(taps + 1):
            place = (p, builder.add(y, ir.Constant(y.type, k)), x)
            at = _pointer(context, builder, signature.args[0], source, place)
            codes = _load(builder, at, ir.VectorType(_BYTE, wide))
            rows.append(builder.uitofp(codes, ir.VectorType(_FLOAT, wide)))
        v = [_repeated(builder, builder.extract_value(down, k), wide) for k in range(taps)]
        h = [_repeated(builder, builder.extract_value(across, k), lanes) for k in range(taps)]
        for r in range(2):
            column = _sum(builder, v, rows[r : r + taps])
            made = _sum(builder, h, [_part(builder, column, k, lanes) for k in range(taps)])
            place = (p, side, ir.Constant(side.type, r), ir.Constant(side.type, 0))
            _store(builder, made, _pointer(context, builder, signature.args[6], target, place))
        return context.get_dummy_value()

    whole = types.intp
    return types.none(source, whole, whole, whole, down, across, target, whole, run), code


@intrinsic(prefer_literal=True)
def _mix(typingctx, pixels, p, share, out, y, x, run):  # type: ignore[no-untyped-def]
    """Mix two rows of ``run`` pixels and round them.

    Args:
        pixels: (n, 2, 2, ``run``) float32, levels, C-contiguous.
        p: which of the planes.
        share: of the second side, 0 to 1.
        out: (n, H, W) uint8, C-contiguous; filled from (y, x) of plane ``p`` on.
        y: row.
        x: column.
        run: a constant.
    """
    lanes = _constant(run)

    def code(context, builder, signature, args):  # type: ignore[no-untyped-def]
        pixels, p, share, out, y, x, _ = args
        kind = ir.VectorType(_FLOAT, lanes)
        half, black, white = (ir.Constant(kind, [value] * lanes) for value in (0.5, 0.0, 255.0))
        part = _repeated(builder, share, lanes)
        for r in range(2):
            one, other = (
                _load(builder, _pointer(context, builder, signature.args[0], pixels, place), kind)
                for place in (
                    (p, *(ir.Constant(p.type, number) for number in (side, r, 0)))
                    for side in range(2)
                )
            )
            apart = builder.fsub(other, one, flags=_FAST)
            value = builder.fadd(one, builder.fmul(part, apart, flags=_FAST), flags=_FAST)
            value = builder.fadd(value, half, flags=_FAST)
            for sign, limit in ((">", black), ("<", white)):
                inside = builder.fcmp_ordered(sign, value, limit, flags=_FAST)
                value = builder.select(inside, value, limit)
            codes = builder.fptosi(value, ir.VectorType(_INDEX, lanes))
            codes = builder.trunc(codes, ir.VectorType(_BYTE, lanes))
            place = (p, builder.add(y, ir.Constant(y.type, r)), x)
            _store(builder, codes, _pointer(context, builder, signature.args[3], out, place))
        return context.get_dummy_value()

    whole = types.intp
    return types.none(pixels, whole, types.float32, out, whole, whole, run), code


def _constant(run: Any) -> int:
    if not isinstance(run, types.IntegerLiteral):
        raise TypingError("The number of pixels must be a constant.")
    return run.literal_value


def _pointer(context: Any, builder: Any, kind: Any, value: Any, place: Sequence[Any]) -> Any:
    array = context.make_array(kind)(context, builder, value)
    return cgutils.get_item_pointer(context, builder, kind, array, list(place))


def _load(builder: Any, at: Any, kind: Any) -> Any:
    """A vector from wherever its first element lies."""
    at = builder.bitcast(at, kind.as_pointer())
    return builder.load(at, align=1, typ=kind)


def _store(builder: Any, vector: Any, at: Any) -> None:
    builder.store(vector, builder.bitcast(at, vector.type.as_pointer()), align=1)


def _repeated(builder: Any, value: Any, lanes: int) -> Any:
    nothing = ir.Constant(ir.VectorType(_FLOAT, lanes), ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(_INDEX, 0))
    return builder.shuffle_vector(first, nothing, _places([0] * lanes))


def _part(builder: Any, vector: Any, start: int, lanes: int) -> Any:
    nothing = ir.Constant(vector.type, ir.Undefined)
    return builder.shuffle_vector(vector, nothing, _places(range(start, start + lanes)))


def _places(places: Sequence[int]) -> Any:
    return ir.Constant(ir.VectorType(_INDEX, len(places)), list(places))


def _sum(builder: Any, weights: Sequence[Any], vectors: Sequence[Any]) -> Any:
    total = builder.fmul(weights[0], vectors[0], flags=_FAST)
    for weight, vector in zip(weights[1:], vectors[1:], strict=True):
        total = builder.fadd(total, builder.fmul(weight, vector, flags=_FAST), flags=_FAST)
    return total


sample: Callable[..., None] = _sample
mix: Callable[..., None] = _mix
"""As compiled code calls them: without numba's own first argument."""
