"""What every settings object is: frozen, validated once, each number with its unit and source."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


def sourced(unit: str, source: str, meaning: str, **limits: Any) -> Any:
    """A field that carries its unit, its source and what it means into the schema."""
    return Field(
        description=f"{meaning} [{unit}]",
        json_schema_extra={"unit": unit, "source": source},
        **limits,
    )


class Settings(BaseModel):
    """Frozen; unknown names, infinity and what is no number are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
