"""Whether an answer can be filed: what is declared, what is granted, and a test note on request.

A test note is written only with --write, only for a patient whom somebody named, and only where
it can be withdrawn again or was said to stay. Spec: spec/wire.md 2.8; DESIGN decision 8
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from confer.check import answers, sessions, transport
from confer.check.examination import Examination
from confer.check.findings import Finding, found
from confer.check.sessions import CheckSession
from fhir_adapters import read_back, search, write_probe, writing
from fhir_adapters.adapter import Adapter
from fhir_adapters.capability import WriteClass
from fhir_adapters.errors import AdapterError
from fhir_adapters.note import NoteToWrite
from fhir_adapters.ports import FhirReply
from fhir_adapters.write_back import document_reference
from runtime import clock, json_text, tokens
from runtime.errors import OutboundDown

NOTE: Final = "DocumentReference"
TEXT: Final = (
    "TEST NOTE of Confer, written by an integration engineer to see whether notes can be filed. "
    "It is no clinical document, says nothing about this patient, and may be deleted."
)
_HOW: Final[Mapping[WriteClass, str]] = {
    WriteClass.CONDITIONAL: "the EHR refuses a second one by itself (conditional create)",
    WriteClass.SEARCHABLE: "Confer looks for the first one before it repeats",
}
_WITHDRAWN: Final = frozenset({200, 201, 202, 204})


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One test note and the way to write it."""

    adapter: Adapter
    session: CheckSession
    note: NoteToWrite
    resource: Mapping[str, Any] = field(repr=False)

    def can(self, interaction: str, right: str) -> bool:
        """Tell whether something is declared and granted for notes."""
        return self.adapter.capability.offers(NOTE, interaction) and self.session.may(NOTE, right)


def check(exam: Examination) -> Iterator[Finding]:
    """Say how far filing would come; write a test note where that was asked for."""
    adapter = exam.adapter
    if adapter is None:
        return
    if exam.site.write_back == "none" or exam.site.write_policy == "never":
        yield found("writing.switched_off")
        return
    kind = writing.write_class(NOTE, capability=adapter.capability, writes=adapter.traits.writes)
    if kind is None:
        message = adapter.capability.offers("Communication", "create")
        yield found("writing.message_instead" if message else "writing.not_declared")
        return
    if kind is WriteClass.BLIND:
        yield found("writing.unsafe")
    else:
        yield found("writing.safe", how=_HOW[kind])
    yield from _permitted(exam, adapter)


def _permitted(exam: Examination, adapter: Adapter) -> Iterator[Finding]:
    session = sessions.for_writing(exam)
    if session is None:
        yield found("writing.no_way")
    elif not session.may(NOTE, "c"):
        yield found("writing.not_granted")
    elif not exam.wishes.write:
        yield found("writing.not_asked")
    elif exam.wishes.patient_id is None:
        yield found("writing.no_patient")
    else:
        trial = _trial(exam, adapter, session, exam.wishes.patient_id)
        try:
            yield from _try(exam, trial)
        except OutboundDown as down:
            yield found("reading.broken_off", type=NOTE, problem=transport.words_of(down))


def _trial(exam: Examination, adapter: Adapter, session: CheckSession, patient_id: str) -> Trial:
    exam.hide(patient_id)
    now = clock.now()
    user = exam.signed_in.user if exam.signed_in else None
    note = NoteToWrite(
        opinion_id=f"confer-check-{tokens.new_case_id()}",
        case_id=tokens.new_case_id(),
        patient_id=patient_id,
        encounter_id=exam.signed_in.context.encounter if exam.signed_in else None,
        author=user.reference if user is not None and user.is_local else None,
        text=TEXT,
        asked_at=now,
        answered_at=now,
        filed_at=now,
    )
    resource = document_reference.build(note, formats=adapter.traits.writes.formats)
    return Trial(adapter=adapter, session=session, note=note, resource=resource)


def _try(exam: Examination, trial: Trial) -> Iterator[Finding]:
    if _validates(exam.statement):
        yield _validated(trial)
    can_withdraw = trial.can("update", "u") or trial.can("delete", "d")
    if not can_withdraw and not exam.wishes.leave_note:
        yield found("writing.cannot_withdraw")
        return
    reference: str | None = None
    for step in _created(trial):
        if isinstance(step, Finding):
            yield step
        else:
            reference = step
    if reference is None:
        return
    exam.hide(reference.partition("/")[2])
    fine = _read_back(trial, reference)
    if fine is not None:
        yield fine
    yield from _end(exam, trial, reference, can_withdraw=can_withdraw, fine=fine is None)


def _validates(statement: Mapping[str, Any]) -> bool:
    for rest in answers.objects(statement.get("rest")):
        for resource in answers.objects(rest.get("resource")):
            names = {op.get("name") for op in answers.objects(resource.get("operation"))}
            if resource.get("type") == NOTE and "validate" in names:
                return True
    return False


def _validated(trial: Trial) -> Finding:
    reply = trial.session.post(f"{NOTE}/$validate", json_text.dumps(trial.resource))
    outcome = answers.resource(reply.body) or {}
    for issue in answers.objects(outcome.get("issue")):
        if issue.get("severity") in ("error", "fatal"):
            return found("writing.invalid", issue=answers.issue_words(issue))
    if reply.status != 200:
        return found("writing.invalid", issue=f"HTTP {reply.status}")
    return found("writing.valid")


# ---------------------------------------------------------------- create


def _created(trial: Trial) -> Iterator[Finding | str]:
    """Write the note; yields findings, and its reference when it is in the chart."""
    identifier = document_reference.identifier(trial.note.opinion_id)
    wanted = f"identifier={identifier['system']}|{identifier['value']}"
    try:
        reply = trial.session.post(
            NOTE, json_text.dumps(trial.resource), headers={"If-None-Exist": wanted}
        )
    except OutboundDown as down:
        yield from _lost(trial, transport.words_of(down))
        return
    if reply.status >= 500 or reply.status == 429:
        yield from _lost(trial, f"HTTP {reply.status}")
        return
    if reply.status not in (200, 201):
        issue = answers.issue_of(reply.body)
        yield found("writing.refused", status=reply.status, issue=issue)
        return
    yield from _confirmed(trial, reply)


def _confirmed(trial: Trial, reply: FhirReply) -> Iterator[Finding | str]:
    location = reply.headers.get("location", "")
    address = search.same_origin(location, base_url=trial.session.base_url) if location else None
    if location and address is None:
        yield found("writing.foreign_location")
    reference = _reference(address) or _of_body(reply)
    if reference is not None:
        yield reference
        return
    if not location:
        yield found("writing.answer_empty")
    there = _looked_up(trial)
    if there is None:
        yield found("writing.answer_lost", problem="no address in it", fate="cannot be found")
    else:
        yield there


def _lost(trial: Trial, problem: str) -> Iterator[Finding | str]:
    there = _looked_up(trial)
    fate = "is in the chart" if there else "cannot be found"
    yield found("writing.answer_lost", problem=problem, fate=fate)
    if there is not None:
        yield there


def _looked_up(trial: Trial) -> str | None:
    if not trial.adapter.capability.can_find(NOTE):
        return None
    try:
        there = writing.find_note(trial.session, trial.note.opinion_id)
    except AdapterError:
        return None
    return there[0].reference if there else None


def _reference(address: str | None) -> str | None:
    parts = (address or "").partition("/_history/")[0].rsplit("/", 2)
    return f"{NOTE}/{parts[2]}" if len(parts) == 3 and parts[1] == NOTE else None


def _of_body(reply: FhirReply) -> str | None:
    body = answers.resource(reply.body)
    key = search.key_of(body) if body is not None else None
    return key if key is not None and key.startswith(f"{NOTE}/") else None


# ---------------------------------------------------------------- read back, withdraw


def _read_back(trial: Trial, reference: str) -> Finding | None:
    try:
        read_back.verify_note(
            trial.session,
            trial.note,
            capability=trial.adapter.capability,
            reference=reference,
            writes=trial.adapter.traits.writes,
        )
    except AdapterError:
        return found("writing.changed")
    return None


def _end(
    exam: Examination, trial: Trial, reference: str, *, can_withdraw: bool, fine: bool
) -> Iterator[Finding]:
    identifier = trial.note.opinion_id
    if exam.wishes.leave_note or not can_withdraw:
        if fine:
            yield found("writing.created_and_left", identifier=identifier)
        return
    status = _withdrawn(trial, reference)
    if status not in _WITHDRAWN:
        yield found("writing.not_withdrawn", status=status, identifier=identifier)
    elif fine:
        yield found("writing.created_and_withdrawn")
        if trial.can("update", "u"):
            yield _repeated(trial)


def _repeated(trial: Trial) -> Finding:
    """Write a further note twice, and see whether a repeated write is kept single as declared."""
    note = replace(trial.note, opinion_id=f"confer-check-{tokens.new_case_id()}")
    adapter = trial.adapter
    try:
        probed = write_probe.probe_notes(
            trial.session, note, capability=adapter.capability, writes=adapter.traits.writes
        )
    except AdapterError as refused:
        issue = refused.issue_code or "no reason given"
        return found("writing.refused", status=refused.http_status or 0, issue=issue)
    if probed.left:
        return found("writing.copies_left", count=probed.left, identifier=note.opinion_id)
    if probed.is_as_declared:
        return found("writing.repeat_is_safe", copies=probed.copies)
    return found(
        "writing.repeat_is_unsafe",
        declared=str(probed.declared or "none"),
        found=str(probed.found or "none"),
    )


def _withdrawn(trial: Trial, reference: str) -> int:
    """Mark the note as entered in error, or delete it; returns the last HTTP status."""
    status = 0
    if trial.can("update", "u"):
        there = trial.session.get(reference)
        present = answers.resource(there.body)
        if there.status != 200 or present is None:
            return there.status
        gone = {**present, "status": "entered-in-error"}
        version = there.headers.get("etag")
        status = trial.session.put(
            reference, json_text.dumps(gone), headers={"If-Match": version} if version else None
        ).status
        if status in _WITHDRAWN:
            return status
    if trial.can("delete", "d"):
        status = trial.session.delete(reference).status
    return status
