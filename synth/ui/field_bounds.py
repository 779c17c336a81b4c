"""Least, most, default and help of a setting, read from the model that checks it."""

from __future__ import annotations

from typing import Any

import annotated_types
from pydantic.fields import FieldInfo


def bounds(model: type[Any], name: str) -> dict[str, Any]:
    """Least, most, default and help of a model's field, for a slider.

    Keys "min", "max" and, for texts and lists, "longest" are left out where the field has none.
    """
    field: FieldInfo = model.model_fields[name]
    found: dict[str, Any] = {"help": field.description or "", "default": field.default}
    for rule in field.metadata:
        if isinstance(rule, annotated_types.Ge):
            found["min"] = rule.ge
        elif isinstance(rule, annotated_types.Gt):
            found["min"] = rule.gt
        elif isinstance(rule, annotated_types.Le):
            found["max"] = rule.le
        elif isinstance(rule, annotated_types.Lt):
            found["max"] = rule.lt
        elif isinstance(rule, annotated_types.MaxLen):
            found["longest"] = rule.max_length
    return found
