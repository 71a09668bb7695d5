"""Question and chart become an immutable revision: the exact bytes that would leave."""

from datetime import datetime
from typing import Any

from deid.pipeline import CaseInput
from exchange import names
from exchange.case_order import CaseOrder
from runtime import clock, json_text, logs, tokens
from runtime.log_events import Event
from smartapp.errors import CaseHeld, DraftMissing, RevisionStale
from smartapp.gateway.attest_member import attest_member
from smartapp.gateway.audit_words import audit_words
from smartapp.gateway.care_choices import left_out_of
from smartapp.gateway.chart_contents import about_of, chosen, identifying
from smartapp.gateway.choices import after_edit, given_back_of, hidden_of
from smartapp.gateway.deid_process import DeidJob
from smartapp.gateway.picture_choices import confirmed_pictures
from smartapp.gateway.question_form import QuestionForm
from smartapp.gateway.services import GatewayServices
from smartapp.gateway.signing import NetworkSigner
from smartapp.gateway.stop_rules import require_no_stop
from smartapp.store import drafts, revisions
from smartapp.store.drafts import Draft
from smartapp.store.launches import Launch
from smartapp.store.revisions import Revision


def save_question(services: GatewayServices, launch: Launch, form: QuestionForm) -> Draft:
    """Keep the words before anything can go wrong.

    The chart may still be being read. A word given back is keyed by the text it stood in; an
    edit of that text ends it for good.
    """
    now = clock.now()
    with services.database.transaction() as session:
        draft = drafts.load(session, services.keyring, launch.draft_id, now=now)
        if draft.state not in ("reading", "ready"):
            raise DraftMissing
        entered = form.to_json()
        if entered != draft.form:
            choices = after_edit(draft.choices, draft.form, entered)
            drafts.save(session, services.keyring, draft, form=entered, choices=choices)
            audit_words(
                session,
                draft.choices,
                choices,
                actor=launch.doctor_key,
                case_id=draft.case_id,
                revision="",
            )
        return drafts.load(session, services.keyring, launch.draft_id, now=now)


def prepare_case(services: GatewayServices, launch: Launch) -> Revision:
    """De-identify the saved question with its chart and store the revision to be shown.

    Raises `CaseHeld` when something is left, `ConsultUnreachable` when the doctor is not
    known to the network yet and it does not answer.
    """
    now = clock.now()
    with services.database.read() as session:
        draft = drafts.load(session, services.keyring, launch.draft_id, now=now)
        chart = drafts.snapshot(session, services.keyring, launch.draft_id, now=now)
        sections = drafts.sections(session, launch.draft_id)
    if not draft.form:
        raise DraftMissing
    require_no_stop(draft.patient, draft.choices)
    member_id = attest_member(services, launch)
    by_section: dict[str, list[dict[str, Any]]] = json_text.loads(
        chart, max_bytes=200_000_000, max_depth=80
    )["by_section"]
    job = DeidJob(
        policy_id=services.policy.deid_policy,
        case=CaseInput(
            case_id=draft.case_id,
            case_key=draft.case_key,
            question_time=now.astimezone(),
            resources=chosen(by_section, draft.form["include"], first=about_of(draft.patient)),
            identity_resources=identifying(by_section),
            texts={"question": draft.form["question"], "thinking": draft.form["thinking"]},
            given_back=given_back_of(draft.choices),
            hidden=hidden_of(draft.choices),
            left_out=left_out_of(draft.choices),
            confirmed_pictures=confirmed_pictures(draft.choices),
            test_data=services.policy.test_data,
            incomplete=tuple(
                f"{s.name}:{s.reason}" if s.reason else s.name
                for s in sections
                if s.state != "complete"
            ),
        ),
        order=_order(services, draft, member_id, now),
    )
    try:
        built = services.deid.run(job, NetworkSigner(services.consult.key))
    except CaseHeld as held:
        logs.emit(Event.CASE_HELD, reason=held.reason, hits=len(held.hits))
        raise
    revision = Revision(
        revision_id=tokens.new_uuid(),
        site_id=draft.site_id,
        draft_id=draft.draft_id,
        draft_version=draft.version,
        case_id=draft.case_id,
        kind="case",
        sha256=built.sha256,
        gate_searched=built.gate_searched,
        body=built.body,
        preview=built.preview,
        facts={
            "submission": built.submission,
            "specialty": draft.form["specialty"],
            "question_type": draft.form["question_type"],
            "urgency": draft.form["urgency"],
            "question_time": now.isoformat(),
            "due": (now + names.URGENCIES[draft.form["urgency"]]).isoformat(),
            "snapshot_sha256": built.snapshot_sha256,
        },
        created_at=now,
    )
    with services.database.transaction() as session:
        present = drafts.load(session, services.keyring, launch.draft_id, now=now)
        if present.version != draft.version or present.state != "ready":
            raise RevisionStale
        revisions.add(session, services.keyring, revision)
    return revision


def _order(services: GatewayServices, draft: Draft, member_id: str, now: datetime) -> CaseOrder:
    return CaseOrder(
        case_id=draft.case_id,
        submission_n=1,
        specialty=draft.form["specialty"],
        question_type=draft.form["question_type"],
        urgency=draft.form["urgency"],
        authored_on=now,
        due=now + names.URGENCIES[draft.form["urgency"]],
        requester_member=member_id,
        prepared_by=member_id,
        prepared_at=now,
        issuer=services.consult.client_id,
        receipt_id=tokens.new_uuid(),
    )
