"""Turns the findings of the settings models into sentences a person can act on."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_MOST_PROBLEMS = 8
_LONGEST_VALUE = 60

_WANTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def place(location: Sequence[str | int]) -> str:
    """A path into the control as people write it: ``camera[1].intensity``."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else str(part)
    return text or "the motion control"


def short(value: object) -> str:
    """A value as it may stand in a message: never long, never breaking the line."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 128:
        return "a number of more than 38 digits"
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def explain_errors(
    error: ValidationError, model: type[BaseModel], single: Sequence[str] = ()
) -> str:
    """One sentence per problem, each with the value that was met, the limit and the next step.

    Args:
        error: what validation found.
        model: the model that was validated.
        single: keys whose list holds just the one entry that the person wrote without a list.
    """
    problems = error.errors(include_url=False)
    for problem in problems:
        steps = problem["loc"]
        if steps and steps[0] in single and len(steps) > 1 and steps[1] == 0:
            problem["loc"] = (steps[0], *steps[2:])
    sentences = [_sentence(problem, model) for problem in problems[:_MOST_PROBLEMS]]
    if len(problems) > _MOST_PROBLEMS:
        sentences.append(f"And {len(problems) - _MOST_PROBLEMS} more problems like these.")
    return " ".join(sentences)


def _sentence(problem: Any, model: type[BaseModel]) -> str:
    kind: str = problem["type"]
    where = place(problem["loc"])
    value = short(problem["input"])
    limits: dict[str, Any] = problem.get("ctx", {})
    if kind == "missing":
        return f"{where} is missing; add it."
    if kind == "extra_forbidden":
        return _unknown_key(problem["loc"], model)
    if kind == "literal_error":
        return _unknown_word(where, problem["input"], str(limits["expected"]))
    if kind in ("greater_than_equal", "less_than_equal", "greater_than", "less_than"):
        bound, words = {
            "greater_than_equal": ("ge", "must be at least"),
            "less_than_equal": ("le", "must be at most"),
            "greater_than": ("gt", "must be above"),
            "less_than": ("lt", "must be below"),
        }[kind]
        return f"{where} is {value}; it {words} {limits[bound]:g}."
    if kind == "finite_number":
        return f"{where} is {value}; it must be a finite number."
    if kind in ("too_long", "string_too_long"):
        return f"{where} is too long; the limit is {limits['max_length']}."
    if kind == "string_too_short":
        return f"{where} is empty; give it at least {limits['min_length']} character."
    if kind == "value_error":
        return (
            f"{place(problem['loc'])}: {limits['error']}"
            if problem["loc"]
            else str(limits["error"])
        )
    if kind == "invalid_key":
        return f"{value} is used as a key; keys must be text."
    if kind in _WANTED:
        return f"{where} is {value}; it must be {_WANTED[kind]}."
    return f"{where} is {value}: {problem['msg']}."


def _model_at(location: Sequence[str | int], model: type[BaseModel]) -> type[BaseModel]:
    """The model whose key the last step of a location names."""
    for part in location[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            model = _inner_model(model.model_fields[part].annotation) or model
    return model


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in get_args(annotation):
        found = _inner_model(part)
        if found is not None:
            return found
    return None


def _unknown_key(location: Sequence[str | int], model: type[BaseModel]) -> str:
    known = list(_model_at(location, model).model_fields)
    key = str(location[-1])
    inside = place(location[:-1]) if len(location) > 1 else "A motion control"
    close = difflib.get_close_matches(key[:64], known, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{inside} has no key {short(key)}. {hint}It knows {', '.join(known)}."


def _unknown_word(where: str, value: object, expected: str) -> str:
    words = expected.replace("'", "").replace(" or ", ", ").split(", ")
    close = difflib.get_close_matches(str(value)[:64], words, n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return f"{where} is {short(value)}. {hint}Choose one of: {', '.join(words)}."
