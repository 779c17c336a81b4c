"""What a newer version wrote and this one does not know: set aside on loading, back on saving."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel

Path = tuple[str | int, ...]
"""Keys and list places from a value down to a field."""

Unknown = tuple[tuple[Path, Any], ...]
"""Fields that are not ours, each with where it stood."""


def set_aside(values: Any, model: type[BaseModel]) -> tuple[Any, Unknown]:
    """Plain values without the fields that ``model``, or a model inside it, does not have."""
    found: list[tuple[Path, Any]] = []
    return _known(values, model, (), found), tuple(found)


def put_back(values: dict[str, Any], unknown: Unknown) -> dict[str, Any]:
    """Plain values with the fields where they stood; what has no place any more is left out.

    A field that is there already stays, but for the name of the form itself: a newer one is kept.
    ``values`` is changed and returned.
    """
    for path, value in unknown:
        place: Any = values
        for step in path[:-1]:
            place = _inside(place, step)
        if isinstance(place, dict) and (path[-1] not in place or path[-1] == "schema"):
            place[path[-1]] = value
    return values


def strangers(value: object, path: Path = ()) -> Iterator[tuple[Path, type[BaseModel]]]:
    """Where a checked model, or one inside it, holds fields that it does not declare."""
    if isinstance(value, BaseModel):
        for name in value.model_extra or ():
            yield (*path, name), type(value)
        for name in type(value).model_fields:
            yield from strangers(getattr(value, name), (*path, name))
    elif isinstance(value, tuple | list):
        for index, inner in enumerate(value):
            yield from strangers(inner, (*path, index))


def extras(value: BaseModel) -> Unknown:
    """The fields that a checked model, or one inside it, holds and does not declare."""
    return tuple((path, _at(value, path)) for path, _ in strangers(value))


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(step, int):
            value = value[step]
        else:
            more = value.model_extra or {}
            value = more[step] if step in more else getattr(value, step)
    return value


def _inside(place: Any, step: str | int) -> Any:
    if isinstance(place, list) and isinstance(step, int):
        return place[step] if step < len(place) else None
    return place.get(step) if isinstance(place, dict) else None


def _known(value: Any, model: type[BaseModel], path: Path, found: list[tuple[Path, Any]]) -> Any:
    if isinstance(value, list):
        return [_known(one, model, (*path, place), found) for place, one in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    kept: dict[str, Any] = {}
    for key, inner in value.items():
        field = model.model_fields.get(key)
        if field is None:
            found.append(((*path, key), inner))
            continue
        models = tuple(_models(field.annotation))
        # Where several shapes are allowed, which one is meant is the validation's affair.
        kept[key] = _known(inner, models[0], (*path, key), found) if len(models) == 1 else inner
    return kept


def _models(annotation: Any) -> Sequence[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    return tuple(model for part in get_args(annotation) for model in _models(part))
