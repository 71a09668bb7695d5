"""Who the files of a chart name in the parts that are never sent: headers, not texts."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from deid.attachments.admission import unpacked
from deid.attachments.picture_source import decoded
from deid.attachments.sniffing import sniff
from deid.attachments.unpacking import CannotUnpack
from deid.markup.cda_identity import identity_of
from deid.markup.clinical_document import read_document
from deid.markup.safe_xml import XmlRefused

_HEAD: Final = 200

Resource = Mapping[str, Any]  # FHIR JSON


def identities_in(body: bytes) -> list[Resource]:
    """Return whom a file names in its header, as FHIR-like resources; empty when it has none."""
    if _is_words(body):
        return []
    try:
        inner = unpacked(body)
    except CannotUnpack:
        return []
    reader = _READERS.get(sniff(inner))
    return [] if reader is None else reader(inner)


def _is_words(body: bytes) -> bool:
    """Tell by a short look that a file is plain text: nearly all files of a chart are."""
    head = body[:_HEAD]
    return b" " in head and head[:1].isalnum() and body[128:132] != b"DICM" and b"\0" not in head


def named_in_files(resources: Iterable[Resource]) -> list[Resource]:
    """Return whom all files of these resources name, each once, in the order they are met."""
    found: dict[str, Resource] = {}
    for body in _files(resources):
        for each in identities_in(body):
            found.setdefault(repr(each), each)
    return list(found.values())


def _clinical_document(body: bytes) -> list[Resource]:
    try:
        return [*identity_of(read_document(body))]
    except XmlRefused:
        return []  # its text does not leave either


def _dicom(body: bytes) -> list[Resource]:
    # Reading DICOM takes a third of a second to import: only where one is met.
    from deid.attachments.dicom_identity import identity_of as named_in_header  # noqa: PLC0415

    return [*named_in_header(body)]


_READERS: Final[Mapping[str, Callable[[bytes], list[Resource]]]] = {
    "clinical document": _clinical_document,
    "DICOM": _dicom,
}


def _files(resources: Iterable[Resource]) -> Iterator[bytes]:
    """Yield the bytes of every attachment and Binary, in the order of the chart."""
    pending: list[Any] = list(resources)[::-1]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            data = value.get("data")
            body = decoded(data) if isinstance(data, str) else None
            if body:
                yield body
            pending.extend(
                each for each in reversed(list(value.values())) if isinstance(each, dict | list)
            )
        elif isinstance(value, list):
            pending.extend(reversed(value))
