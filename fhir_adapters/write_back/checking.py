"""Checks a resource that we built against FHIR R4 before it leaves (pure)."""

from functools import cache
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ValidationError

from fhir_adapters.errors import NoteInvalid


def checked(resource: dict[str, Any]) -> dict[str, Any]:
    """Return the resource itself when its type's model accepts it; raise `NoteInvalid` otherwise.

    The model's own output is never used: it would rewrite numbers and times.
    """
    try:
        _model(resource["resourceType"]).model_validate(resource)
    except ValidationError as refused:
        found = refused.errors(include_url=False, include_context=False, include_input=False)
        paths = tuple(".".join(str(part) for part in error["loc"]) for error in found)
        raise NoteInvalid(expressions=paths) from None
    return resource


@cache
def _model(resource_type: str) -> type[BaseModel]:
    # The models take half a second to import, and only who writes needs them.
    module = import_module(f"fhir.resources.R4B.{resource_type.lower()}")
    model: type[BaseModel] = getattr(module, resource_type)
    return model
