"""What each resource of a message may hold, as tables: path -> rule.

Everything on the wire that is not covered by a receipt must be a code, an id, a time or a
constant of ours. So a path that no table names is refused, and a rule sees the whole value
at its path: there is no room left for free text (spec/wire.md 2.2).
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exchange import names
from exchange.issues import Issue
from exchange.names import Resource

Rule = Callable[[Any, str], bool]  # (value, case id) -> holds

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_YEAR = re.compile(r"\d{4}")
_REFERENCE = re.compile(
    r"urn:uuid:[0-9a-f-]{36}|[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}|#[A-Za-z0-9.-]+"
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_ENGINE = re.compile(r"confer deid [0-9A-Za-z.+-]{1,32}")
_POLICY = re.compile(re.escape(names.DEID_POLICY) + r"/[a-z-]{1,40}/[0-9A-Za-z.-]{1,20}")
_LABELS: tuple[tuple[str, str], ...] = (
    (names.CS_CONFIDENTIALITY, "N"),
    (names.CS_CONFIDENTIALITY, "R"),
    (names.CS_OBSERVATION_VALUE, "PSEUDED"),
    (names.CS_OBSERVATION_VALUE, "REDACTED"),
    (names.CS_ACT_CODE, "NORELINK"),
    (names.CS_ACT_CODE, "NOREUSE"),
    (names.CS_ACT_CODE, "DELAU"),
    (names.CS_ACT_REASON, "TREAT"),
    (names.CS_ACT_REASON, "HTEST"),
)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The table of one resource: what may be there, and what must be."""

    allowed: Mapping[str, Rule]
    required: Sequence[str]


def check(resource: Resource, shape: Shape, *, case_id: str, at: str) -> Iterator[Issue]:
    """Yield an issue for each value that the table does not admit and each that is missing."""
    seen: set[str] = set()
    yield from _walk(resource, "", shape, case_id, at, seen)
    for path in shape.required:
        if path not in seen:
            yield Issue(expression=f"{at}.{path}", code="required", rule="missing")


def _walk(
    value: Any, path: str, shape: Shape, case_id: str, at: str, seen: set[str]
) -> Iterator[Issue]:
    rule = shape.allowed.get(path)
    if isinstance(value, list):
        for n, item in enumerate(value):
            yield from _walk(item, path, shape, case_id, f"{at}[{n}]", seen)
    elif rule is not None:
        seen.add(path)
        if not rule(value, case_id):
            yield Issue(expression=at, code="value", rule="value-not-admitted")
    elif isinstance(value, dict):
        for name, item in value.items():
            inner = f"{path}.{name}" if path else name
            yield from _walk(item, inner, shape, case_id, f"{at}.{name}", seen)
    else:
        yield Issue(expression=at, code="structure", rule="element-not-in-contract")


def const(*values: Any) -> Rule:
    """Admit exactly these values."""
    return lambda value, _case: any(value == v and type(value) is type(v) for v in values)


def match(pattern: re.Pattern[str]) -> Rule:
    """Admit a string that the pattern matches as a whole."""
    return lambda value, _case: isinstance(value, str) and pattern.fullmatch(value) is not None


def text(limit: int) -> Rule:
    """Admit free text up to a length; only where a receipt covers the resource."""
    return lambda value, _case: isinstance(value, str) and 0 < len(value) <= limit


def key(system: str, kind: str) -> Rule:
    """Admit the identifier `{case}.{kind}.{n}` of this system."""

    def rule(value: Any, case_id: str) -> bool:
        if not isinstance(value, dict) or set(value) != {"system", "value"}:
            return False
        pattern = rf"{re.escape(case_id)}\.{kind}\.[1-9]\d{{0,3}}"
        return value["system"] == system and bool(re.fullmatch(pattern, str(value["value"])))

    return rule


def case_key(value: Any, case_id: str) -> bool:
    """Admit the identifier of the case itself."""
    return bool(value == {"system": names.SID_CASE, "value": case_id})


def member(value: Any, _case: str) -> bool:
    """Admit a logical reference to a member, with or without the network's own reference."""
    if not isinstance(value, dict) or not set(value) <= {"type", "identifier", "reference"}:
        return False
    identifier = value.get("identifier")
    if not isinstance(identifier, dict):
        return False
    own = f"PractitionerRole/{identifier.get('value')}"
    return (
        set(identifier) == {"system", "value"}
        and identifier["system"] == names.SID_MEMBER
        and names.MEMBER_ID.fullmatch(str(identifier["value"])) is not None
        and value.get("type", "PractitionerRole") == "PractitionerRole"
        and value.get("reference", own) == own
    )


def concept(system: str, codes: Mapping[str, Any] | Sequence[str], words: str = "") -> Rule:
    """Admit one coding of this system; a display must be the one of our table.

    `words` is the only `text` that is admitted beside it.
    """

    def rule(value: Any, _case: str) -> bool:
        if not isinstance(value, dict) or not set(value) <= {"coding", "text"}:
            return False
        codings = value.get("coding")
        if not isinstance(codings, list) or len(codings) != 1:
            return False
        coding = codings[0]
        if not isinstance(coding, dict) or not set(coding) <= {"system", "code", "display"}:
            return False
        code = str(coding.get("code"))
        if coding.get("system") != system or code not in codes:
            return False
        display = codes[code] if isinstance(codes, Mapping) else None
        return coding.get("display", display) == display and value.get("text", words) == words

    return rule


def label(value: Any, _case: str) -> bool:
    """Admit a security label of the contract."""
    return (
        isinstance(value, dict)
        and set(value) == {"system", "code"}
        and (value["system"], value["code"]) in _LABELS
    )


def _meta(profile: str) -> dict[str, Rule]:
    return {"meta.profile": const(profile), "meta.security": label}


reference = match(_REFERENCE)
instant = match(_INSTANT)
date = match(_DATE)
year = match(_YEAR)
_priority = const(*names.URGENCIES)
_member = member

PATIENT = Shape(
    allowed={
        "resourceType": const("Patient"),
        **_meta(names.PROFILE_SUBJECT),
        "identifier": key(names.SID_SUBJECT, "subject"),
        "gender": const("male", "female", "other", "unknown"),
        "birthDate": year,
    },
    required=("meta.profile", "meta.security", "identifier"),
)
SERVICE_REQUEST = Shape(
    allowed={
        "resourceType": const("ServiceRequest"),
        **_meta(names.PROFILE_REQUEST),
        "identifier": key(names.SID_REQUEST, "request"),
        "requisition": case_key,
        "status": const("active"),
        "intent": const("order"),
        "priority": _priority,
        "category": concept(names.SNOMED, {names.SNOMED_REFERRAL: "Patient referral"}),
        "code": concept(
            names.SNOMED, {names.SNOMED_CONSULTATION: "Consultation"}, names.REQUEST_TEXT
        ),
        "orderDetail": concept(names.CS_QUESTION_TYPE, tuple(names.QUESTION_TYPES)),
        "subject.reference": reference,
        "authoredOn": instant,
        "occurrencePeriod.end": instant,
        "requester": _member,
        "performerType": concept(names.SNOMED, names.SPECIALTIES),
        "supportingInfo.reference": reference,
    },
    required=(
        "meta.security",
        "identifier",
        "requisition",
        "status",
        "priority",
        "orderDetail",
        "authoredOn",
        "occurrencePeriod.end",
        "requester",
        "performerType",
        "supportingInfo.reference",
    ),
)
TASK = Shape(
    allowed={
        "resourceType": const("Task"),
        **_meta(names.PROFILE_TASK),
        "identifier": key(names.SID_TASK, "task"),
        "groupIdentifier": case_key,
        "status": const("requested"),
        "businessStatus": concept(names.CS_CASE_STATUS, ("submitted",)),
        "intent": const("order"),
        "priority": _priority,
        "code": concept(names.CS_FHIR_TASK, ("fulfill",)),
        "focus.reference": reference,
        "for.reference": reference,
        "authoredOn": instant,
        "lastModified": instant,
        "requester": _member,
        "performerType": concept(names.SNOMED, names.SPECIALTIES),
        "restriction.repetitions": const(1),
        "restriction.period.end": instant,
        "input.type": concept(names.CS_TASK_INPUT, ("question", "snapshot", "snapshot-sha256")),
        "input.valueReference.reference": reference,
        "input.valueString": match(names.SHA256),
    },
    required=(
        "meta.security",
        "identifier",
        "groupIdentifier",
        "status",
        "businessStatus",
        "priority",
        "focus.reference",
        "for.reference",
        "authoredOn",
        "lastModified",
        "requester",
        "performerType",
        "restriction.period.end",
        "input.valueReference.reference",
        "input.valueString",
    ),
)
_MESSAGE: dict[str, Rule] = {
    "resourceType": const("Communication"),
    **_meta(names.PROFILE_MESSAGE),
    "identifier": key(names.SID_MESSAGE, "message"),
    "basedOn.reference": reference,
    "partOf.reference": reference,
    "status": const("completed"),
    "priority": _priority,
    "subject.reference": reference,
    "sent": instant,
    "sender": _member,
    "payload.contentString": text(8_000),
}
_MESSAGE_REQUIRED = (
    "meta.security",
    "identifier",
    "basedOn.reference",
    "partOf.reference",
    "status",
    "category",
    "subject.reference",
    "sent",
    "sender",
    "payload.contentString",
)
QUESTION = Shape(
    allowed={**_MESSAGE, "category": concept(names.CS_MESSAGE_KIND, ("question",))},
    required=_MESSAGE_REQUIRED,
)
REPLY = Shape(
    allowed={
        **_MESSAGE,
        "category": concept(names.CS_MESSAGE_KIND, ("clarification-reply",)),
        "inResponseTo.reference": reference,
        "recipient": _member,
    },
    required=(*_MESSAGE_REQUIRED, "inResponseTo.reference"),
)


def _assembler(value: Any, _case: str) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"type", "display"}
        and value["type"] == "Device"
        and _ENGINE.fullmatch(str(value["display"])) is not None
    )


def _agent_who(value: Any, case_id: str) -> bool:
    return member(value, case_id) or _assembler(value, case_id)


PROVENANCE = Shape(
    allowed={
        "resourceType": const("Provenance"),
        **_meta(names.PROFILE_DEID),
        "target.reference": reference,
        "recorded": instant,
        "policy": match(_POLICY),
        "activity": concept(names.CS_LIFECYCLE, ("pseudonymize",)),
        "agent.type": concept(names.CS_PROVENANCE_AGENT, ("assembler", "verifier")),
        "agent.who": _agent_who,
        "signature.type": const(
            {"system": names.CS_SIGNATURE, "code": names.SIGNATURE_VERIFICATION}
        ),
        "signature.when": instant,
        "signature.who": const({"type": "Device", "display": names.GATEWAY_DISPLAY}),
        "signature.sigFormat": const(names.SIGNATURE_FORMAT),
        "signature.data": match(_BASE64),
    },
    required=("meta.security", "target.reference", "recorded", "policy", "agent.who"),
)
CONSENT = Shape(
    allowed={
        "resourceType": const("Consent"),
        **_meta(names.PROFILE_PERMISSION),
        "identifier": key(names.SID_PERMISSION, "permission"),
        "status": const("active"),
        "scope": concept(names.CS_CONSENT_SCOPE, ("treatment",)),
        "category": concept(names.LOINC, (names.LOINC_CONSENT,)),
        "patient.reference": reference,
        "dateTime": date,
        "policy.uri": const(names.POLICY_NO_REIDENTIFICATION),
        "provision.type": const("permit"),
        "provision.period.end": date,
        "provision.purpose": const({"system": names.CS_ACT_REASON, "code": "TREAT"}),
        "provision.data.meaning": const("instance"),
        "provision.data.reference.reference": reference,
    },
    required=(
        "meta.security",
        "identifier",
        "status",
        "scope",
        "patient.reference",
        "policy.uri",
        "provision.period.end",
    ),
)
