"""Approve a revision: from this one transaction on, nothing can be lost and nothing changed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from runtime import audit, clock, json_text
from smartapp.errors import BytesAltered, RevisionStale
from smartapp.gateway.care_choices import require_decisions
from smartapp.gateway.choices import given_back_stated
from smartapp.gateway.patient_facts import demographics
from smartapp.gateway.reread_patient import require_context
from smartapp.gateway.services import GatewayServices
from smartapp.gateway.stop_rules import require_no_stop
from smartapp.store import answers, cases, drafts, outbox, revisions, vault
from smartapp.store.answers import Message
from smartapp.store.cases import Case
from smartapp.store.drafts import Draft
from smartapp.store.launches import Launch
from smartapp.store.outbox import OutboxItem
from smartapp.store.revisions import Revision
from smartapp.store.vault import VaultLink


@dataclass(frozen=True, kw_only=True)
class Statements:
    """What the doctor said below the preview, beside having looked.

    `consent` names the categories for which the doctor says that consent exists; `risk_seen`
    tells that a high residual risk was seen.
    """

    consent: frozenset[str] = frozenset()
    risk_seen: bool = False


NOTHING_SAID = Statements()


def approve_case(
    services: GatewayServices,
    launch: Launch,
    *,
    revision_id: str,
    sha256: str,
    said: Statements = NOTHING_SAID,
) -> Case:
    """Store vault link, receipt, exact bytes, job and audit row in ONE transaction.

    `sha256` is what the doctor's page showed. Approving twice is the same as once. Raises
    `RevisionStale` when the revision is over its age, replaced, or its draft changed, and
    `DecisionMissing` while a statement that it needs was not made. What was stated goes into
    the audit and nowhere else. Before anything is stored, patient and visit are read once
    more: `ContextChanged`, `ContextUnknown`, `PatientStopped`.
    """
    _require_context(services, launch)
    now = clock.now()
    with services.database.transaction() as session:
        revision = revisions.by_id(session, services.keyring, revision_id)
        if revision.draft_id != launch.draft_id or revision.kind != "case":
            raise RevisionStale
        if revision.state == "approved" and revision.sha256 == sha256:
            return cases.find(session, revision.case_id)
        draft = drafts.load(session, services.keyring, launch.draft_id, now=now)
        _check(services, revision, draft, sha256, now)
        stated = require_decisions(revision.preview, consent=said.consent, risk_seen=said.risk_seen)
        chart = drafts.snapshot(session, services.keyring, launch.draft_id, now=now)
        won = revisions.approve(session, revision_id, sha256=sha256) and drafts.mark_approved(
            session, launch.draft_id, version=draft.version
        )
        if not won:
            raise RevisionStale
        case = _case(launch, revision, now)
        vault.add(session, services.keyring, _link(revision, draft, chart), now=now)
        cases.add(session, case)
        outbox.add(
            session,
            services.keyring,
            outbox_item(revision, now=now, delay=services.policy.send_delay_seconds),
            now=now,
        )
        answers.add_message(session, services.keyring, _question(revision, draft, now))
        services.durable.enqueue(
            session,
            kind="send",
            key=f"send:{revision.facts['submission']}",
            args={"submission": str(revision.facts["submission"])},
            delay_seconds=services.policy.send_delay_seconds,
        )
        audit.append(
            session,
            event="case.approved",
            actor=launch.doctor_key,
            subject=revision.case_id,
            detail={
                "sha256": revision.sha256,
                "gate_searched": revision.gate_searched,
                **stated,
                **given_back_stated(revision.preview, draft.choices),
            },
        )
    services.failpoint("after_approve_commit")
    return case


def _require_context(services: GatewayServices, launch: Launch) -> None:
    with services.database.read() as session:
        draft = drafts.load(session, services.keyring, launch.draft_id, now=clock.now())
    if draft.state != "ready":
        return  # approved already, or not there: what follows says so
    require_no_stop(draft.patient, draft.choices)
    require_context(services, launch, draft)


def _check(
    services: GatewayServices, revision: Revision, draft: Draft, sha256: str, now: datetime
) -> None:
    age = now - revision.created_at
    stale = (
        revision.state != "shown"
        or revision.sha256 != sha256
        or revision.draft_version != draft.version
        or draft.state != "ready"
        or age > timedelta(minutes=services.policy.revision_minutes)
    )
    if stale:
        raise RevisionStale
    if hashlib.sha256(revision.body).hexdigest() != revision.sha256:
        raise BytesAltered(revision=revision.revision_id)


def _link(revision: Revision, draft: Draft, chart: bytes) -> VaultLink:
    by_section = json_text.loads(chart, max_bytes=200_000_000, max_depth=80)["by_section"]
    digests = demographics(by_section["patient"][0], draft.case_key)
    return VaultLink(
        case_id=revision.case_id,
        site_id=revision.site_id,
        patient={**draft.patient, "snapshot_sha256": revision.facts["snapshot_sha256"]},
        case_key=draft.case_key,
        words=words_of(revision, draft),
        birth_hash=digests.birth_hash,
        name_hash=digests.name_hash,
        question_time=datetime.fromisoformat(revision.facts["question_time"]),
    )


def words_of(revision: Revision, draft: Draft) -> dict[str, str]:
    """What each token stands for; the patient under the name of the banner."""
    words = dict(revision.preview["words"])
    if draft.patient.get("banner"):
        words["[patient]"] = str(draft.patient["banner"]["name"])
    return words


def _case(launch: Launch, revision: Revision, now: datetime) -> Case:
    return Case(
        case_id=revision.case_id,
        site_id=revision.site_id,
        doctor_key=launch.doctor_key,
        patient_key=launch.patient_key,
        specialty=str(revision.facts["specialty"]),
        question_type=str(revision.facts["question_type"]),
        urgency=str(revision.facts["urgency"]),
        stage="approved",
        business_status="",
        task_ref=None,
        task_version=0,
        asked_at=now,
        due_at=datetime.fromisoformat(revision.facts["due"]),
        changed_at=now,
        unread=False,
        decision=None,
        decision_sent=False,
    )


def outbox_item(revision: Revision, *, now: datetime, delay: float) -> OutboxItem:
    """The approved bytes on their way; they are never sent after the promised time."""
    return OutboxItem(
        submission=str(revision.facts["submission"]),
        site_id=revision.site_id,
        case_id=revision.case_id,
        kind=revision.kind,
        revision_id=revision.revision_id,
        sha256=revision.sha256,
        body=revision.body,
        send_after=now + timedelta(seconds=delay),
        stale_after=datetime.fromisoformat(revision.facts["due"]),
    )


def _question(revision: Revision, draft: Draft, now: datetime) -> Message:
    text = f"{draft.form['question']}\n\n{draft.form['thinking']}"
    return Message(
        case_id=revision.case_id,
        site_id=revision.site_id,
        message=f"{revision.case_id}.message.1",
        kind="question",
        reference="",
        text=text,
        at=now,
    )
