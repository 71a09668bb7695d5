"""An answer in the form of a rung, and what of it must be found again when read back (pure)."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_adapters.errors import WriteNotOffered
from fhir_adapters.note import NoteToWrite
from fhir_adapters.traits import Rung, WriteTraits
from fhir_adapters.write_back import communication, document_reference, questionnaire_response


@dataclass(frozen=True, kw_only=True)
class Part:
    """One piece of content of a resource: its bytes, or where the server keeps them."""

    media: str
    data: bytes | None = field(repr=False)
    url: str | None = field(repr=False, default=None)


def build(rung: Rung, note: NoteToWrite, writes: WriteTraits) -> dict[str, Any]:
    """Return the resource of a rung; `WriteNotOffered` for one that writes nothing by FHIR."""
    if rung is Rung.DOCUMENT_REFERENCE:
        return document_reference.build(note, formats=writes.formats)
    if rung is Rung.COMMUNICATION:
        return communication.build_answer(note)
    if rung is Rung.QUESTIONNAIRE_RESPONSE:
        return questionnaire_response.build(note)
    raise WriteNotOffered


def identifier_of(resource: Mapping[str, Any]) -> Mapping[str, str]:
    """Return our identifier of a resource that we built."""
    found = resource["identifier"]
    first: Mapping[str, str] = found[0] if isinstance(found, list) else found
    return first


def parts(resource: Mapping[str, Any]) -> Iterator[Part]:
    """Give the content of a note, message or questionnaire, in its order."""
    kind = resource.get("resourceType")
    if kind == "DocumentReference":
        for one in _listed(resource.get("content")):
            yield from _attachment(one.get("attachment"))
    elif kind == "Communication":
        for one in _listed(resource.get("payload")):
            yield from _text(one.get("contentString"))
            yield from _attachment(one.get("contentAttachment"))
    elif kind == "QuestionnaireResponse":
        for item in _listed(resource.get("item")):
            for one in _listed(item.get("answer")):
                yield from _text(one.get("valueString"))


def _listed(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: object) -> Iterator[Part]:
    if isinstance(value, str):
        yield Part(media=document_reference.TEXT, data=value.encode("utf-8"))


def _attachment(value: object) -> Iterator[Part]:
    if not isinstance(value, dict):
        return
    kind = value.get("contentType")
    media = kind.split(";", 1)[0].strip().lower() if isinstance(kind, str) else ""
    data, url = value.get("data"), value.get("url")
    if isinstance(data, str):
        yield Part(media=media, data=_decoded(data))
    elif isinstance(url, str):
        yield Part(media=media, data=None, url=url)


def _decoded(data: str) -> bytes | None:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
