"""Reads from FHIR resources who and what identifies this patient: names, numbers, addresses."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from deid.folding import fold_word
from deid.lexicon import word_set
from deid.person_names import PersonName, parse_name_text

# FHIR JSON is what it is: walked as plain dicts, hence Any in this module.

ValueKind = Literal["person", "organization", "id", "phone", "email", "url", "street", "city",
                    "postal_code", "birth_date"]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownValue:
    """One identifying value of the chart, and whose it is."""

    kind: ValueKind
    value: str = field(repr=False)
    base: str
    subject: str
    name: PersonName | None = field(default=None, repr=False)
    gender: str = ""
    #: year of birth of this person, when the chart tells it
    born: int | None = None


_PERSON_BASE = {
    "Patient": "patient",
    "RelatedPerson": "relative",
    "Practitioner": "clinician",
    "PractitionerRole": "clinician",
    "Person": "person",
}
_PLACE_BASE = {
    "Organization": "organization",
    "Location": "organization",
    "HealthcareService": "organization",
}
_IDENTITY_TYPES = frozenset(
    {*_PERSON_BASE, *_PLACE_BASE, "Coverage", "Encounter", "Account", "CareTeam", "EpisodeOfCare"}
)
# A display beside a reference whose target type cannot be read off: the element says who it is.
_PERSON_KEYS = word_set(
    """
    individual performer requester recorder asserter author actor practitioner generalPractitioner
    prescriber orderer responsible authenticator attester interpreter onBehalfOf agent participant
    member resultsInterpreter informationSource enterer
    """
)
_PLACE_KEYS = word_set(
    """
    serviceProvider managingOrganization custodian organization location payor insurer facility
    provider destination origin partOf hospital
    """
)
_BASE_WORDS = (
    ("hospital", r"\b(?:hospital|infirmary|medical cent(?:er|re)|health cent(?:er|re))\b"),
    (
        "clinic",
        r"\b(?:clinic|urgent care|family medicine|surgery|practice|associates|pediatrics|"
        r"primary care|outpatient|pcp\d*)\b",
    ),
    ("care home", r"\b(?:nursing home|rehab\w*|snf|care home|hospice|assisted living)\b"),
    ("pharmacy", r"\bpharmac(?:y|ies)\b"),
)
_ID_WORD = re.compile(r"^(?=.*\d)[A-Za-z0-9][A-Za-z0-9._/|:\- ]*$")


def organization_base(name: str) -> str:
    """Return the token base ("hospital", "clinic", ...) that a name speaks of."""
    folded = fold_word(name)
    for base, pattern in _BASE_WORDS:
        if re.search(pattern, folded):
            return base
    return "organization"


def read_values(resources: Iterable[Mapping[str, Any]]) -> list[KnownValue]:
    """Return every identifying value of ``resources``, people numbered in the given order."""
    collector = _Collector()
    collected = list(resources)
    for resource in collected:
        collector.note_people(resource)
    for resource in collected:
        collector.read(resource)
    return collector.values


class _Collector:
    def __init__(self) -> None:
        self.values: list[KnownValue] = []
        self._by_reference: dict[str, tuple[str, str]] = {}
        self._by_name: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._born: int | None = None
        self._read_references: set[tuple[str, str, str]] = set()

    def note_people(self, resource: Mapping[str, Any]) -> None:
        """Give each person and institution its subject before references are read."""
        kind = resource.get("resourceType")
        base = _PERSON_BASE.get(str(kind)) or _PLACE_BASE.get(str(kind))
        if base is None or kind == "PractitionerRole":
            return
        names = list(_human_names(resource.get("name"))) if kind in _PERSON_BASE else []
        label = names[0].full if names else str(resource.get("name") or "")
        if kind in _PLACE_BASE:
            base = organization_base(label)
        subject = self._subject(base, label or f"{kind}/{resource.get('id')}")
        identifier = resource.get("id")
        if isinstance(identifier, str):
            self._by_reference[f"{kind}/{identifier}"] = (base, subject)

    def read(self, resource: Mapping[str, Any]) -> None:
        """Collect the values of one resource."""
        kind = str(resource.get("resourceType"))
        base, subject = self._by_reference.get(f"{kind}/{resource.get('id')}", ("", ""))
        if kind in _IDENTITY_TYPES:
            if kind == "Patient":
                base, subject = "patient", "patient"
            self._born = _year(resource.get("birthDate"))
            self._resource_id(resource, base, subject)
            self._walk(dict(resource), base, subject, gender=str(resource.get("gender") or ""))
        else:
            self._born = None
            self._references(dict(resource), "")
            held = resource.get("contained")
            for contained in held if isinstance(held, list) else [held]:
                if (
                    isinstance(contained, Mapping)
                    and contained.get("resourceType") in _IDENTITY_TYPES
                ):
                    self.note_people(contained)
                    self.read(contained)

    def _resource_id(self, resource: Mapping[str, Any], base: str, subject: str) -> None:
        identifier = resource.get("id")
        if isinstance(identifier, str) and _looks_like_id(identifier):
            self._add("id", identifier, base, subject)

    def _subject(self, base: str, label: str) -> str:
        if base == "patient":
            return "patient"
        key = (base, fold_word(label))
        if key not in self._by_name:
            self._counts[base] = self._counts.get(base, 0) + 1
            self._by_name[key] = f"{base}:{self._counts[base]}"
        return self._by_name[key]

    def _add(self, kind: ValueKind, value: str, base: str, subject: str) -> None:
        if value.strip():
            self.values.append(
                KnownValue(kind=kind, value=value.strip(), base=base, subject=subject)
            )

    def _walk(self, node: Any, base: str, subject: str, *, gender: str, key: str = "") -> None:
        if type(node) is list:
            for item in node:
                self._walk(item, base, subject, gender=gender, key=key)
            return
        if type(node) is not dict:
            self._scalar(key, node, base, subject)
            return
        if key == "contact" and base == "patient":
            base, subject = "relative", self._contact_subject(node)
            gender = str(node.get("gender") or "")
        if self._known_shape(node, base, subject, gender, key):
            return
        for name, child in node.items():
            if type(child) in _HOLDERS or name in _SCALARS:
                self._walk(child, base, subject, gender=gender, key=name)

    def _contact_subject(self, node: Mapping[str, Any]) -> str:
        names = list(_human_names(node.get("name")))
        return self._subject("relative", names[0].full if names else "contact")

    def _scalar(self, key: str, value: Any, base: str, subject: str) -> None:
        if not isinstance(value, str):
            return
        if key == "birthDate":
            self._add("birth_date", value, base, subject)
        elif key in ("name", "alias") and base not in _PERSON_BASE.values():
            self._organization(value, base or organization_base(value), subject)
        elif key in _NUMBERS:
            self._add("id", value, base or "patient", subject or "patient")

    def _known_shape(
        self, node: Mapping[str, Any], base: str, subject: str, gender: str, key: str
    ) -> bool:
        if "family" in node or "given" in node or (key == "name" and "text" in node):
            for name in _human_names(node):
                self._person(name, base, subject, gender)
            return True
        telecom = _TELECOM.get(str(node.get("system")))
        if telecom is not None and isinstance(node.get("value"), str):
            self._add(telecom, str(node["value"]), base, subject)
            return True
        if "line" in node or "postalCode" in node or ("city" in node and "state" in node):
            self._address(node, base, subject)
            return True
        if key in ("identifier", "valueIdentifier") or ("system" in node and "assigner" in node):
            self._identifier(node, base, subject)
            return True
        if "reference" in node or (
            "display" in node and "code" not in node and "system" not in node
        ):
            self._reference(node, key)
            return True
        return self._extension(node, base, subject, gender)

    def _extension(self, node: Mapping[str, Any], base: str, subject: str, gender: str) -> bool:
        value = node.get("valueString")
        if not isinstance(value, str):
            return False
        url = str(node.get("url") or "")
        if re.search(r"name", url, re.IGNORECASE):
            self._person(parse_name_text(value), base, subject, gender)
        elif re.search(r"employer|school|congregation", url, re.IGNORECASE):
            self._organization(value, "organization", self._subject("organization", value))
        return True

    def _identifier(self, node: Mapping[str, Any], base: str, subject: str) -> None:
        value = node.get("value")
        if isinstance(value, str):
            self._add("id", value.removeprefix("urn:uuid:").removeprefix("urn:oid:"), base, subject)
        assigner = node.get("assigner")
        if isinstance(assigner, Mapping):
            self._reference(assigner, "organization")

    def _address(self, node: Mapping[str, Any], base: str, subject: str) -> None:
        lines = node.get("line")
        # a wrong shape in the chart is still somebody's address
        for line in lines if isinstance(lines, list) else [lines]:
            if isinstance(line, str):
                self._add("street", line, base, subject)
        for key, kind in _ADDRESS_PARTS:
            if isinstance(node.get(key), str) and node[key] != node.get("state"):
                self._add(kind, node[key], base, subject)

    def _references(self, node: Any, key: str) -> None:
        # plain dicts and lists only: this loop sees every element of the chart
        if type(node) is list:
            for item in node:
                if type(item) is dict or type(item) is list:
                    self._references(item, key)
        elif type(node) is dict:
            if key != "contained" and ("reference" in node or "display" in node):
                self._reference(node, key)
            for name, child in node.items():
                if (type(child) is dict or type(child) is list) and name not in _NAMING_NOBODY:
                    self._references(child, name)

    def _reference(self, node: Mapping[str, Any], key: str) -> None:
        display = node.get("display")
        target = node.get("reference")
        identifier = node.get("identifier")
        if display is None and identifier is None:
            return
        if identifier is None and isinstance(target, str) and isinstance(display, str):
            seen = (key, target, display)
            if seen in self._read_references:
                return
            self._read_references.add(seen)
        kind = _target_type(target) if isinstance(target, str) else ""
        base = self._reference_base(kind or str(node.get("type") or ""), key)
        if isinstance(identifier, Mapping) and base:
            self._add("id", str(identifier.get("value") or ""), base, "")
        if not isinstance(display, str) or not base:
            return
        if base in _PERSON_BASE.values():
            name = parse_name_text(display)
            known = self._by_reference.get(str(target))
            self._person(name, base, known[1] if known else self._subject(base, name.full), "")
        else:
            base = organization_base(display)
            self._organization(display, base, self._subject(base, display))

    @staticmethod
    def _reference_base(kind: str, key: str) -> str:
        if kind in _PERSON_BASE:
            return _PERSON_BASE[kind]
        if kind in _PLACE_BASE:
            return "organization"
        if kind:
            return ""
        if key in _PERSON_KEYS:
            return "clinician"
        if key in ("patient", "subject", "beneficiary", "subscriber", "policyHolder"):
            return "patient"
        return "organization" if key in _PLACE_KEYS else ""

    def _person(self, name: PersonName, base: str, subject: str, gender: str) -> None:
        if not name.full:
            return
        base = base if base in _PERSON_BASE.values() else "person"
        subject = subject or self._subject(base, name.full)
        self.values.append(
            KnownValue(
                kind="person",
                value=name.full,
                base=base,
                subject=subject,
                name=name,
                gender=gender,
                born=self._born,
            )
        )

    def _organization(self, value: str, base: str, subject: str) -> None:
        self._add("organization", value, base, subject or self._subject(base, value))


_NUMBERS = frozenset({"subscriberId", "dependent", "policyNumber", "lotNumber", "serialNumber"})
_HOLDERS = (dict, list)
#: elements that hold an identifier as a mere string
_SCALARS = frozenset({"birthDate", "name", "alias"}) | _NUMBERS
#: elements under which no reference stands, or one that is read elsewhere
_NAMING_NOBODY = frozenset({"contained", "coding", "meta", "text"})
_TELECOM: dict[str, ValueKind] = {
    "phone": "phone",
    "fax": "phone",
    "sms": "phone",
    "pager": "phone",
    "email": "email",
    "url": "url",
}
_ADDRESS_PARTS: tuple[tuple[str, ValueKind], ...] = (
    ("city", "city"),
    ("district", "city"),
    ("postalCode", "postal_code"),
    ("text", "street"),
)


def _looks_like_id(value: str) -> bool:
    return bool(_ID_WORD.match(value)) and (len(value) >= 6 or not value.isdigit())


def _human_names(node: Any) -> Iterator[PersonName]:
    if isinstance(node, list):
        for item in node:
            yield from _human_names(item)
    elif isinstance(node, Mapping):
        family, given = _strings(node.get("family")), _strings(node.get("given"))
        if family or given:
            yield PersonName(given=given, family=" ".join(family))
        if isinstance(node.get("text"), str):
            yield parse_name_text(node["text"])


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return tuple(item for item in value if isinstance(item, str) and item)
    return ()


def _year(value: Any) -> int | None:
    return int(value[:4]) if isinstance(value, str) and value[:4].isdigit() else None


def _target_type(target: str) -> str:
    """Return the resource type that a reference names, if it names one."""
    path, question, _ = target.partition("?")
    pieces = path.split("/")
    named = [p for p in pieces[: None if question else -1] if p[:1].isupper() and p.isalpha()]
    return named[-1] if named else ""
