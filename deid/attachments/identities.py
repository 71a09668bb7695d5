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


def named_in_files(resources: Iterable[Resource], patient: Resource) -> list[Resource]:
    """Return whom all files of these resources name, each once, in the order they are met.

    Somebody else's document names somebody else: its patient is not the patient of the case.
    """
    found: dict[str, Resource] = {}
    for body in _files(resources):
        for each in identities_in(body):
            other = each["resourceType"] == "Patient" and are_two(each, patient)
            made = {**each, "resourceType": "RelatedPerson"} if other else each
            found.setdefault(repr(made), made)
    return list(found.values())


def is_about_another(body: bytes, patient: Resource) -> bool:
    """Tell whether a file says that it is about somebody else than the patient of the case."""
    about = [each for each in identities_in(body) if each["resourceType"] == "Patient"]
    return bool(about) and all(are_two(each, patient) for each in about[:1])


def are_two(one: Resource, other: Resource) -> bool:
    """Tell whether two Patients are surely two people: neither birth date nor a name is shared.

    A name may be spelled in two ways and a birth date mistyped, but not both.
    """
    born = [str(each.get("birthDate") or "")[:10] for each in (one, other)]
    names = [_name_words(each.get("name")) for each in (one, other)]
    return all(born) and all(names) and born[0] != born[1] and not names[0] & names[1]


def _name_words(names: Any) -> frozenset[str]:
    found: set[str] = set()
    pending = [names]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            pending.extend(value.get(key) for key in ("family", "given", "text"))
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, str):
            found.update(word for word in value.casefold().split() if len(word) > 1)
    return frozenset(found)


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
