"""Checks a resource that we built against FHIR R4 before it leaves (pure)."""

from typing import Any

from pydantic import BaseModel, ValidationError

from fhir_adapters.errors import NoteInvalid


def checked(model: type[BaseModel], resource: dict[str, Any]) -> dict[str, Any]:
    """Return the resource itself when the model accepts it; raise `NoteInvalid` otherwise.

    The model's own output is never used: it would rewrite numbers and times.
    """
    try:
        model.model_validate(resource)
    except ValidationError as refused:
        found = refused.errors(include_url=False, include_context=False, include_input=False)
        paths = tuple(".".join(str(part) for part in error["loc"]) for error in found)
        raise NoteInvalid(expressions=paths) from None
    return resource
