"""The arithmetic inside Deforum's schedules, such as ``0.5*sin(t/10)``, evaluated safely.

An expression is parsed with Python's own grammar (``ast``), and only the few kinds of nodes listed
here are walked: numbers, known names, plain operators, comparisons, and calls of known functions.
Nothing is compiled or executed. All arithmetic is on 64-bit floats, so that no expression costs
more than its length times the number of frames, whatever its numbers: ``9**9**9`` is infinite, and
refused, not computed.

Names and functions are those of numexpr (https://numexpr.readthedocs.io/en/latest/user_guide.html),
with which Deforum evaluates them, and ``pi``, ``e``, ``pow`` and elementwise ``min`` and ``max``.
As in numexpr, ``%`` takes the sign of its left side.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from synth.errors import InvalidMedia, LimitExceeded
from synth.explain import short

Floats = NDArray[np.float64]

LONGEST: Final = 2_000
"""Longest expression, characters."""

DEEPEST: Final = 100
"""Deepest nesting of brackets and of operations."""

MOST_PARTS: Final = 400
"""Most operations, names and numbers in one expression."""

LARGEST: Final = 1e9
"""Largest value that an expression may give."""

_FOREIGN = re.compile(r"[^\w\s.,+\-*/%()<>=!&|]", re.ASCII)
"""A character that no expression needs."""

_CONSTANTS: Final[Mapping[str, float]] = MappingProxyType({"pi": np.pi, "e": np.e})

_UNARY: Final[Mapping[type[ast.AST], Callable[..., Any]]] = MappingProxyType(
    {ast.UAdd: np.positive, ast.USub: np.negative}
)

_BINARY: Final[Mapping[type[ast.AST], Callable[..., Any]]] = MappingProxyType(
    {
        ast.Add: np.add,
        ast.Sub: np.subtract,
        ast.Mult: np.multiply,
        ast.Div: np.divide,
        ast.FloorDiv: np.floor_divide,
        ast.Mod: np.fmod,
        ast.Pow: np.power,
    }
)

_COMPARE: Final[Mapping[type[ast.AST], Callable[..., Any]]] = MappingProxyType(
    {
        ast.Lt: np.less,
        ast.LtE: np.less_equal,
        ast.Gt: np.greater,
        ast.GtE: np.greater_equal,
        ast.Eq: np.equal,
        ast.NotEq: np.not_equal,
    }
)

_ONE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "sin": np.sin,
        "cos": np.cos,
        "tan": np.tan,
        "arcsin": np.arcsin,
        "arccos": np.arccos,
        "arctan": np.arctan,
        "asin": np.arcsin,
        "acos": np.arccos,
        "atan": np.arctan,
        "sinh": np.sinh,
        "cosh": np.cosh,
        "tanh": np.tanh,
        "arcsinh": np.arcsinh,
        "arccosh": np.arccosh,
        "arctanh": np.arctanh,
        "sqrt": np.sqrt,
        "exp": np.exp,
        "expm1": np.expm1,
        "log": np.log,
        "log10": np.log10,
        "log1p": np.log1p,
        "abs": np.abs,
        "ceil": np.ceil,
        "floor": np.floor,
        "round": np.round,
    }
)

_TWO: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {"arctan2": np.arctan2, "atan2": np.arctan2, "pow": np.power, "fmod": np.fmod}
)

_MANY: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {"min": np.minimum, "max": np.maximum}
)

FUNCTIONS: Final = tuple(sorted((*_ONE, *_TWO, *_MANY, "where")))
"""Names of the functions that an expression may call."""


@dataclass(frozen=True)
class Expression:
    """An expression that was checked and can be evaluated."""

    text: str
    """As it was written."""
    where: str
    """How messages call its place: "translation_x at frame 10"."""
    _tree: ast.expr

    def at(self, values: Mapping[str, float | Floats]) -> Floats:
        """The value, in the common shape of ``values``: one number per frame.

        Args:
            values: what the names stand for; the names are those given to ``parsed``.

        Raises:
            InvalidMedia: a value that is not finite or beyond ``LARGEST``, with the frame (where
                ``values`` has a ``t``).
        """
        shape = np.broadcast_shapes(*(np.shape(value) for value in values.values()))
        with np.errstate(all="ignore"):
            found = _value(self._tree, {**_CONSTANTS, **values})
        result = np.broadcast_to(np.asarray(found, dtype=np.float64), shape).copy()
        bad = ~(np.abs(result) <= LARGEST)
        if bad.any():
            first = int(np.ravel(bad).argmax())
            at = ""
            if "t" in values:
                at = f" at t = {np.ravel(np.broadcast_to(values['t'], shape))[first]:g}"
            raise InvalidMedia(
                f"{self.where}: {short(self.text)} gives {np.ravel(result)[first]:g}{at}; it must "
                f"give a number of at most {LARGEST:,.0f}."
            )
        return result


def parsed(text: str, where: str, names: tuple[str, ...]) -> Expression:
    """An expression ready to be evaluated.

    Args:
        text: what was written, without surrounding quotes.
        where: how messages call its place.
        names: the variables it may use, beside ``pi`` and ``e``.

    Raises:
        LimitExceeded: an expression that is too long, too deep or has too many parts.
        InvalidMedia: what is not an expression, or uses anything but numbers, ``names``, plain
            operators and ``FUNCTIONS``.
    """
    if len(text) > LONGEST:
        raise LimitExceeded(
            f"{where}: the expression is {len(text):,} characters long; the limit is {LONGEST:,}."
        )
    foreign = _FOREIGN.search(text)
    if foreign is not None:
        raise InvalidMedia(
            f"{where}: {short(text)} holds {foreign[0]!r} (character {foreign.start() + 1}), which "
            "cannot stand in an expression."
        )
    depth = deepest = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise LimitExceeded(f"{where}: brackets are nested {deepest} deep; the limit is {DEEPEST}.")
    try:
        tree = ast.parse(" ".join(text.split()), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = error.offset if isinstance(error, SyntaxError) else None
        raise InvalidMedia(
            f"{where}: {short(text)} is not an expression" + (f" (character {at})." if at else ".")
        ) from None
    _check(tree, where, frozenset(names) | _CONSTANTS.keys())
    return Expression(text, where, tree)


def _check(tree: ast.expr, where: str, names: frozenset[str]) -> None:
    """Refuse every node that is not on the lists, and too many or too deep ones."""
    waiting: list[tuple[ast.expr, int]] = [(tree, 1)]
    parts = 0
    while waiting:
        node, depth = waiting.pop()
        parts += 1
        if parts > MOST_PARTS or depth > DEEPEST:
            raise LimitExceeded(
                f"{where}: the expression has more than {MOST_PARTS} parts or is nested more than "
                f"{DEEPEST} deep. Shorten it."
            )
        waiting.extend((child, depth + 1) for child in _children(node, where, names))


def _children(node: ast.expr, where: str, names: frozenset[str]) -> list[ast.expr]:
    """What a node is made of, once it is known to be harmless."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            try:
                float(value)
            except OverflowError:
                raise InvalidMedia(f"{where} holds a number too large to hold.") from None
            return []
        case ast.Name(id=name):
            if name not in names:
                raise InvalidMedia(
                    f"{where}: the name {short(name)} is not known. An expression may use "
                    f"{', '.join(sorted(names))}."
                )
            return []
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return [operand]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return [left, right]
        case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr(), right=right):
            if _is_condition(left) and _is_condition(right):
                return [left, right]
            raise InvalidMedia(
                f"{where}: & and | join comparisons only, such as (t > 10) & (t < 20)."
            )
        case ast.Compare(left=left, ops=ops, comparators=others) if all(
            type(op) in _COMPARE for op in ops
        ):
            return [left, *others]
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            _check_call(name, arguments, where)
            return arguments
        case _:
            raise InvalidMedia(
                f"{where}: {short(ast.unparse(node)) if _is_small(node) else 'this'} cannot stand "
                "in an expression. It may hold numbers, t, max_f, s, + - * / % **, comparisons "
                f"and {', '.join(FUNCTIONS)}."
            )


def _is_small(node: ast.expr) -> bool:
    return (node.end_col_offset or 0) - node.col_offset < 100


def _is_condition(node: ast.expr) -> bool:
    return isinstance(node, ast.Compare) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr)
    )


def _check_call(name: str, arguments: list[ast.expr], where: str) -> None:
    """Refuse unknown functions and wrong numbers of arguments."""
    if name in _ONE:
        wanted, fits = "1 value", len(arguments) == 1
    elif name in _TWO:
        wanted, fits = "2 values", len(arguments) == 2
    elif name in _MANY:
        wanted, fits = "2 values or more", len(arguments) >= 2
    elif name == "where":
        wanted, fits = "3 values", len(arguments) == 3
    else:
        raise InvalidMedia(
            f"{where}: the function {short(name)} is not known. It knows {', '.join(FUNCTIONS)}."
        )
    if not fits:
        raise InvalidMedia(f"{where}: {name} takes {wanted}, not {len(arguments)}.")


def _value(node: ast.expr, values: Mapping[str, float | Floats]) -> Any:
    """The value of a node that ``_check`` has passed."""
    match node:
        case ast.Constant(value=value):
            return np.float64(value)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return np.float64(values[name])
        case ast.UnaryOp(op=op, operand=operand):
            return _UNARY[type(op)](_value(operand, values))
        case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
            return np.minimum(_value(left, values), _value(right, values))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return np.maximum(_value(left, values), _value(right, values))
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [_value(side, values) for side in (left, *others)]
            truths = [
                _COMPARE[type(op)](a, b).astype(np.float64)
                for op, a, b in zip(ops, sides, sides[1:], strict=False)
            ]
            return reduce(np.minimum, truths)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            found = [_value(argument, values) for argument in arguments]
            if name == "where":
                return np.where(found[0] != 0.0, found[1], found[2])
            return reduce(_MANY[name], found) if name in _MANY else (_ONE | _TWO)[name](*found)
        case _:
            raise AssertionError(f"{type(node).__name__} should not have passed")
