"""The resources of a case bundle, one function each (spec/wire.md 2.2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from deid.sealed_case import DeidentifiedCase
from exchange import names, parts, sealing
from exchange.case_order import CaseOrder
from exchange.names import Resource
from exchange.task_states import instant

RETENTION = timedelta(days=92)


@dataclass(frozen=True, kw_only=True)
class EntryUrls:
    """The entry URLs of one bundle."""

    patient: str
    snapshot: str
    request: str
    task: str
    message: str
    provenance: str
    consent: str

    @classmethod
    def of(cls, case_id: str) -> "EntryUrls":
        """Return the entry URLs of a case; the same case always has the same ones."""
        return cls(**{kind: parts.local_url(case_id, kind, 1) for kind in cls.__dataclass_fields__})


def key_text(resource: Resource) -> str:
    """Return `system|value` of a resource's first identifier."""
    identifier = resource["identifier"]
    first = identifier if isinstance(identifier, dict) else identifier[0]
    return f"{first['system']}|{first['value']}"


def identifier(system: str, case_id: str, kind: str, n: int = 1) -> Resource:
    """Return the Identifier `{case}.{kind}.{n}` in a system."""
    return {"system": system, "value": names.identifier_value(case_id, kind, n)}


def patient(sealed: DeidentifiedCase) -> Resource:
    """Return the case subject: gender and year of birth, nothing else."""
    patient: Resource = {
        "resourceType": "Patient",
        "meta": parts.meta(names.PROFILE_SUBJECT, test_data=sealed.test_data),
        "identifier": [identifier(names.SID_SUBJECT, sealed.case_id, "subject")],
    }
    if sealed.subject_gender is not None:
        patient["gender"] = sealed.subject_gender
    if sealed.subject_birth_year is not None:
        patient["birthDate"] = f"{sealed.subject_birth_year:04d}"
    return patient


def snapshot(sealed: DeidentifiedCase, *, n: int, at: datetime, question_at: datetime) -> Resource:
    """Return the document Bundle that holds everything clinical of a sealed case."""

    def url(reference: str) -> str:
        if reference.startswith(names.BASE):
            return reference
        return f"{names.BASE}/case/{sealed.case_id}/{reference}"

    composition: Resource = {
        "resourceType": "Composition",
        "status": "final",
        "type": parts.concept(names.LOINC, names.LOINC_REFERRAL_NOTE, "Referral note"),
        "subject": {"reference": names.nested_url(sealed.case_id, "Patient", 1)},
        "date": f"{question_at.year:04d}",
        "author": [{"display": names.ASKER_DISPLAY}],
        "title": names.SNAPSHOT_TITLE,
    }
    sections = [
        {
            "title": section.title,
            "code": parts.concept(names.LOINC, section.loinc, section.display),
            "entry": [{"reference": url(reference)} for reference in section.refs],
        }
        for section in sealed.sections
        if section.refs
    ]
    if sections:
        composition["section"] = sections
    entries = [
        {
            "fullUrl": names.nested_url(sealed.case_id, "Composition", 1),
            "resource": composition,
        }
    ]
    entries += [
        {
            "fullUrl": names.nested_url(sealed.case_id, entry.resource_type, entry.n),
            "resource": entry.resource,
        }
        for entry in sealed.entries
    ]
    return {
        "resourceType": "Bundle",
        "meta": parts.meta(names.PROFILE_SNAPSHOT, test_data=sealed.test_data),
        "identifier": identifier(names.SID_SNAPSHOT, sealed.case_id, "snapshot", n),
        "type": "document",
        "timestamp": instant(at),
        "entry": entries,
    }


def request(sealed: DeidentifiedCase, order: CaseOrder, urls: EntryUrls) -> Resource:
    """Return the ServiceRequest: what is asked, of which specialty, by when."""
    return {
        "resourceType": "ServiceRequest",
        "meta": parts.meta(names.PROFILE_REQUEST, test_data=sealed.test_data),
        "identifier": [identifier(names.SID_REQUEST, order.case_id, "request")],
        "requisition": {"system": names.SID_CASE, "value": order.case_id},
        "status": "active",
        "intent": "order",
        "priority": order.urgency,
        "category": [parts.concept(names.SNOMED, names.SNOMED_REFERRAL, "Patient referral")],
        "code": {
            **parts.concept(names.SNOMED, names.SNOMED_CONSULTATION, "Consultation"),
            "text": names.REQUEST_TEXT,
        },
        "orderDetail": [parts.concept(names.CS_QUESTION_TYPE, order.question_type)],
        "subject": {"reference": urls.patient},
        "authoredOn": instant(order.authored_on),
        "occurrencePeriod": {"end": instant(order.due)},
        "requester": parts.member(order.requester_member),
        "performerType": parts.specialty(order.specialty),
        "supportingInfo": [{"reference": urls.snapshot}],
    }


def task(
    sealed: DeidentifiedCase, order: CaseOrder, urls: EntryUrls, snapshot_sha256: str
) -> Resource:
    """Return the case Task, in state requested/submitted."""

    def task_input(code: str, **value: object) -> Resource:
        return {"type": parts.concept(names.CS_TASK_INPUT, code), **value}

    return {
        "resourceType": "Task",
        "meta": parts.meta(names.PROFILE_TASK, test_data=sealed.test_data),
        "identifier": [identifier(names.SID_TASK, order.case_id, "task")],
        "groupIdentifier": {"system": names.SID_CASE, "value": order.case_id},
        "status": "requested",
        "businessStatus": parts.concept(names.CS_CASE_STATUS, "submitted"),
        "intent": "order",
        "priority": order.urgency,
        "code": parts.concept(names.CS_FHIR_TASK, "fulfill"),
        "focus": {"reference": urls.request},
        "for": {"reference": urls.patient},
        "authoredOn": instant(order.authored_on),
        "lastModified": instant(order.authored_on),
        "requester": parts.member(order.requester_member),
        "performerType": [parts.specialty(order.specialty)],
        "restriction": {
            "repetitions": 1,
            "period": {"end": instant(order.due + names.URGENCIES[order.urgency])},
        },
        "input": [
            task_input("question", valueReference={"reference": urls.message}),
            task_input("snapshot", valueReference={"reference": urls.snapshot}),
            task_input("snapshot-sha256", valueString=snapshot_sha256),
        ],
    }


def message(sealed: DeidentifiedCase, order: CaseOrder, urls: EntryUrls) -> Resource:
    """Return the question: payload[0] the question, payload[1] the asker's own thinking."""
    payload = [{"contentString": sealed.texts["question"]}]
    thinking = sealed.texts.get("thinking", "")
    if thinking.strip():
        payload.append({"contentString": thinking})
    return {
        "resourceType": "Communication",
        "meta": parts.meta(names.PROFILE_MESSAGE, test_data=sealed.test_data),
        "identifier": [identifier(names.SID_MESSAGE, order.case_id, "message")],
        "basedOn": [{"reference": urls.request}],
        "partOf": [{"reference": urls.task}],
        "status": "completed",
        "category": [parts.concept(names.CS_MESSAGE_KIND, "question")],
        "priority": order.urgency,
        "subject": {"reference": urls.patient},
        "sent": instant(order.authored_on),
        "sender": parts.member(order.requester_member),
        "payload": payload,
    }


def deid_provenance(
    sealed: DeidentifiedCase,
    targets: list[str],
    prepared_by: str,
    prepared_at: datetime,
    token: str,
) -> Resource:
    """Return the Provenance that carries a de-identification receipt."""

    def agent(kind: str, who: Resource) -> Resource:
        return {"type": parts.concept(names.CS_PROVENANCE_AGENT, kind), "who": who}

    receipt = sealed.receipt
    device = {"type": "Device", "display": f"confer deid {receipt.engine_version}"}
    return {
        "resourceType": "Provenance",
        "meta": parts.meta(names.PROFILE_DEID, test_data=sealed.test_data),
        "target": [{"reference": target} for target in targets],
        "recorded": instant(prepared_at),
        "policy": [names.deid_policy_uri(receipt.policy_id, receipt.policy_version)],
        "activity": parts.concept(names.CS_LIFECYCLE, "pseudonymize"),
        "agent": [agent("assembler", device), agent("verifier", parts.member(prepared_by))],
        "signature": [
            sealing.signature(
                token,
                kind=names.SIGNATURE_VERIFICATION,
                when=instant(prepared_at),
                who={"type": "Device", "display": names.GATEWAY_DISPLAY},
            )
        ],
    }


def consent(sealed: DeidentifiedCase, order: CaseOrder, urls: EntryUrls) -> Resource:
    """Return the permission: treatment, no re-identification, until the retention ends."""
    return {
        "resourceType": "Consent",
        "meta": parts.meta(names.PROFILE_PERMISSION, test_data=sealed.test_data),
        "identifier": [identifier(names.SID_PERMISSION, order.case_id, "permission")],
        "status": "active",
        "scope": parts.concept(names.CS_CONSENT_SCOPE, "treatment"),
        "category": [parts.concept(names.LOINC, names.LOINC_CONSENT)],
        "patient": {"reference": urls.patient},
        "dateTime": order.authored_on.date().isoformat(),
        "policy": [{"uri": names.POLICY_NO_REIDENTIFICATION}],
        "provision": {
            "type": "permit",
            "period": {"end": (order.authored_on + RETENTION).date().isoformat()},
            "purpose": [{"system": names.CS_ACT_REASON, "code": "TREAT"}],
            "data": [{"meaning": "instance", "reference": {"reference": urls.snapshot}}],
        },
    }
