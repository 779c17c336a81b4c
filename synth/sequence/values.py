"""What all models of a sequence have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """An unchangeable value, checked strictly. What a newer version added is kept as it came."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)
