"""Write and sign an opinion. What is signed is stored with its proof in one transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from consult.domain import governance
from consult.domain.credential import Credential, facts
from consult.domain.removals import read_missing
from consult.domain.snapshot_reading import read_clinical
from consult.domain.specialist import SignedIn
from consult.errors import (
    CaseMovedOn,
    InputInvalid,
    OpinionIncomplete,
    StatementNotAccepted,
    StepUpNeeded,
    VersionStale,
)
from consult.service import desk_access, move_case, sign_in
from consult.service.services import ConsultServices
from consult.store import case_resources, drafts, receipts
from consult.store.cases import CasePlace
from consult.store.unit import Unit
from exchange import opinion, opinion_bundle, task_states
from exchange.errors import TransitionRefused
from exchange.names import Resource
from exchange.opinion import MAX_TEXT, Author, Basis, Opinion, OpinionRecord
from exchange.opinion_bundle import OpinionOrder
from exchange.task_states import Event
from fhir_server.errors import EntryFailed, VersionConflict, WriteConflict
from fhir_server.ports import Stored
from runtime import clock, signing_keys, tokens

STEP_UP = timedelta(minutes=15)
_MAX_DRAFT_TEXT = MAX_TEXT * 2


def key_purpose(member_id: str) -> str:
    """Return the purpose under which a specialist's signing keys are kept."""
    return f"opinion:{member_id}"


def save_draft(
    services: ConsultServices, signed_in: SignedIn, task_id: str, draft: Opinion
) -> datetime:
    """Save an unfinished answer; the first save shows the hospital that work has begun.

    Nothing need be complete. Returns when it was saved. Raises `NotYourCase`,
    `AlreadyAnswered`, `InputInvalid` for an absurdly long text.
    """
    for text in (draft.bottom_line, draft.rationale, draft.change_my_mind, draft.teaching_point):
        if len(text) > _MAX_DRAFT_TEXT:
            raise InputInvalid(field="draft")
    now = clock.now()
    with services.writing() as unit:
        place, task = desk_access.held_case(unit, signed_in, task_id)
        member_id = signed_in.specialist.member_id
        if task_states.state_of(task.resource) == task_states.CLAIMED:
            _start(unit, signed_in, place, task, now)
        drafts.save(unit, task_id=task_id, member_id=member_id, opinion=draft, now=now)
    return now


def _start(
    unit: Unit, signed_in: SignedIn, place: CasePlace, task: Stored, now: datetime
) -> Stored:
    actor = f"specialist:{signed_in.specialist.member_id}"
    moved = move_case.advance(unit, place, task.resource, Event.START, actor=actor, now=now)
    return move_case.store(unit, place, moved, version=task.version)


def sign_opinion(
    services: ConsultServices,
    signed_in: SignedIn,
    task_id: str,
    content: Opinion,
    *,
    statement_version: str,
    code: str | None = None,
) -> str:
    """Sign an opinion and answer the case; return the opinion's identifier.

    `statement_version` is the responsibility statement that was shown and accepted. `code`
    is a fresh authenticator code, needed when the last one is older than 15 minutes.
    Raises `OpinionIncomplete` with the fields, `StatementNotAccepted`, `StepUpNeeded`,
    `CredentialLapsed`, `NotYourCase`, `AlreadyAnswered`, `CaseMovedOn`.
    """
    issues = opinion.check_opinion(content)
    if issues:
        raise OpinionIncomplete(issues=issues)
    if statement_version != governance.STATEMENT_VERSION:
        raise StatementNotAccepted
    _step_up(services, signed_in, code)
    now = clock.now().replace(microsecond=0)
    with services.writing() as unit:
        place, task = desk_access.held_case(unit, signed_in, task_id)
        credentials = desk_access.valid_credentials(unit, signed_in, now)
        if task_states.state_of(task.resource) == task_states.CLAIMED:
            task = _start(unit, signed_in, place, task, now)
        work = _Work(unit=unit, signed_in=signed_in, place=place, task=task, now=now)
        record = _record(work, content, credentials)
        bundle = _signed_bundle(services, work, record)
        try:
            case_resources.transact(unit, place.tenant_id, bundle)
        except EntryFailed as failed:
            if isinstance(failed.cause, (VersionConflict, WriteConflict)):
                raise VersionStale from None
            raise
        drafts.discard(unit, task_id=task_id, member_id=signed_in.specialist.member_id)
        move_case.note(
            unit,
            place,
            f"case.{_event_of(content).value}",
            actor=f"specialist:{signed_in.specialist.member_id}",
            detail={
                "outcome": content.outcome,
                "statement": statement_version,
                "opinion": str(bundle["identifier"]["value"]),
            },
        )
    return str(bundle["identifier"]["value"])


def _event_of(content: Opinion) -> Event:
    return Event.ESCALATE if content.outcome == "escalate-now" else Event.ANSWER


def _step_up(services: ConsultServices, signed_in: SignedIn, code: str | None) -> None:
    if code:
        sign_in.prove(services, signed_in.specialist.member_id, code)
    elif clock.now() - signed_in.proved_at > STEP_UP:
        raise StepUpNeeded


@dataclass(frozen=True, kw_only=True)
class _Work:
    """One signature: who signs which case, in which transaction, when."""

    unit: Unit
    signed_in: SignedIn
    place: CasePlace
    task: Stored
    now: datetime


def _record(work: _Work, content: Opinion, credentials: tuple[Credential, ...]) -> OpinionRecord:
    unit, place, task, now = work.unit, work.place, work.task, work.now
    specialist = work.signed_in.specialist
    clinical = read_clinical(case_resources.snapshots(unit, task.resource))
    claims = receipts.of_case(unit, tenant_id=place.tenant_id, case_id=place.case_id)
    missing = {line.text for line in read_missing(claims)}
    return opinion.new_record(
        case_id=place.case_id,
        signed_at=now,
        opinion=content,
        author=Author(
            member_id=specialist.member_id,
            name=specialist.name,
            specialty=place.specialty
            if place.specialty in specialist.specialties
            else specialist.specialties[0],
            credentials=facts(credentials, now.date()),
        ),
        basis=Basis(
            results=clinical.result_count,
            notes=clinical.note_count,
            documents=clinical.document_count,
            newest_result=clinical.newest_result,
            missing=tuple(sorted(missing)),
        ),
        responsibility=governance.responsibility(),
    )


def _signed_bundle(services: ConsultServices, work: _Work, record: OpinionRecord) -> Resource:
    unit, place = work.unit, work.place
    key = signing_keys.load_or_create(
        unit.session,
        services.keyring,
        purpose=key_purpose(work.signed_in.specialist.member_id),
        alg="ES384",
    )
    messages = case_resources.thread(unit, place.task_id)
    order = OpinionOrder(
        signature_id=tokens.new_uuid(),
        issuer=services.public_url,
        snapshot_sha256=place.snapshot_sha256,
        authentication=work.signed_in.method,
        signed_at=work.now,
    )
    where = case_resources.place_in_thread(unit, place, work.task, messages)
    try:
        return opinion_bundle.build_opinion(record, where, order, key)
    except TransitionRefused as refused:
        raise CaseMovedOn(status=refused.status, business=refused.business) from None
