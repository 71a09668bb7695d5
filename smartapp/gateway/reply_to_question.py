"""Answer a specialist's question back: the same rules, preview, gate and approval as a case."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from deid.pipeline import CaseInput
from exchange.canonical import identifier_of
from exchange.clarification import ReplyOrder, ThreadPlace, read_message
from runtime import audit, clock, json_text, tokens
from smartapp.errors import CaseMoved, RevisionStale
from smartapp.gateway.approve_case import NOTHING_SAID, Statements, outbox_item, words_of
from smartapp.gateway.attest_member import attest_member
from smartapp.gateway.audit_words import audit_words
from smartapp.gateway.care_choices import left_out_of, require_decisions
from smartapp.gateway.chart_contents import identifying
from smartapp.gateway.choices import after_edit, given_back_of, given_back_stated, hidden_of
from smartapp.gateway.deid_process import DeidJob
from smartapp.gateway.reread_patient import require_context
from smartapp.gateway.services import GatewayServices
from smartapp.gateway.signing import NetworkSigner
from smartapp.store import answers, cases, drafts, outbox, revisions, vault
from smartapp.store.answers import Message
from smartapp.store.drafts import Draft
from smartapp.store.launches import Launch
from smartapp.store.revisions import Revision
from smartapp.store.vault import VaultLink

# A receipt counts for seven days (spec/wire.md 2.10); an older reply would be refused.
_GOOD_FOR = timedelta(days=6)

Choices = Mapping[str, Any]  # the JSON that a draft keeps


@dataclass(frozen=True, kw_only=True)
class _Thread:
    """Where the reply goes: the place on the wire, who asked, and which reply this is."""

    place: ThreadPlace = field(repr=False)
    asker: str
    reply_n: int


def save_reply(services: GatewayServices, launch: Launch, case_id: str, text: str) -> None:
    """Keep the words of a reply before anything can go wrong; an edit ends what was given back."""

    def edited(entered: Choices) -> Choices:
        kept = after_edit(entered, {"reply": entered.get("text")}, {"reply": text})
        return {**kept, "text": text}

    _change(services, launch, case_id, edited)


def change_reply(
    services: GatewayServices,
    launch: Launch,
    case_id: str,
    change: Callable[[Choices], Choices],
    *,
    revision: str,
) -> None:
    """Keep what the doctor gave back or hid in a reply, looking at a revision of it."""
    _change(services, launch, case_id, change, revision=revision)


def reply_entered(draft: Draft, case_id: str) -> dict[str, Any]:
    """The words and choices of a reply in the making."""
    found: dict[str, Any] = dict(draft.choices.get("replies", {}).get(case_id, {}))
    return found


def _change(
    services: GatewayServices,
    launch: Launch,
    case_id: str,
    change: Callable[[Choices], Choices],
    *,
    revision: str = "",
) -> None:
    now = clock.now()
    with services.database.transaction() as session:
        draft = drafts.load(session, services.keyring, launch.draft_id, now=now)
        replies = dict(draft.choices.get("replies", {}))
        before = reply_entered(draft, case_id)
        replies[case_id] = change(before)
        choices = {**draft.choices, "replies": replies}
        audit_words(
            session,
            before,
            replies[case_id],
            actor=launch.doctor_key,
            case_id=case_id,
            revision=revision,
        )
        drafts.save(session, services.keyring, draft, form=draft.form, choices=choices)


def prepare_reply(services: GatewayServices, launch: Launch, case_id: str) -> Revision:
    """De-identify a saved reply with everything this chart knows, and store its revision."""
    now = clock.now()
    with services.database.read() as session:
        case = cases.find(session, case_id)
        link = vault.find(session, services.keyring, case_id)
        draft = drafts.load(session, services.keyring, launch.draft_id, now=now)
        chart = drafts.snapshot(session, services.keyring, launch.draft_id, now=now)
        in_flight = outbox.reply_in_flight(session, case_id)
    entered = reply_entered(draft, case_id)
    if case.stage != "question" or case.task_ref is None or not entered.get("text"):
        raise CaseMoved(stage=case.stage)
    if in_flight:
        raise CaseMoved(stage="reply_in_flight")
    if draft.patient["patient"] != link.patient["patient"]:
        raise CaseMoved(stage="other_patient")
    member_id = attest_member(services, launch)
    thread = _thread(services, case_id, case.task_ref)
    by_section = json_text.loads(chart, max_bytes=200_000_000, max_depth=80)["by_section"]
    job = DeidJob(
        policy_id=services.policy.deid_policy,
        case=CaseInput(
            case_id=case_id,
            case_key=link.case_key,
            question_time=link.question_time.astimezone(),
            resources=tuple(by_section["patient"][:1]),
            identity_resources=identifying(by_section),
            texts={"reply": entered["text"]},
            # also those that became unclear: a number that was used once never means anybody else
            earlier=dict(link.words),
            given_back=given_back_of(entered),
            hidden=hidden_of(entered),
            left_out=left_out_of(entered),
            test_data=services.policy.test_data,
            incomplete=(),
        ),
        order=ReplyOrder(
            reply_n=thread.reply_n,
            snapshot_n=thread.reply_n + 1,
            sender=member_id,
            recipient=thread.asker,
            prepared_at=now,
            issuer=services.consult.client_id,
            receipt_id=tokens.new_uuid(),
        ),
        place=thread.place,
    )
    built = services.deid.run(job, NetworkSigner(services.consult.key))
    revision = Revision(
        revision_id=tokens.new_uuid(),
        site_id=draft.site_id,
        draft_id=draft.draft_id,
        draft_version=draft.version,
        case_id=case_id,
        kind="reply",
        sha256=built.sha256,
        gate_searched=built.gate_searched,
        body=built.body,
        preview=built.preview,
        facts={
            "submission": built.submission,
            "due": (now + _GOOD_FOR).isoformat(),
        },
        created_at=now,
    )
    with services.database.transaction() as session:
        revisions.add(session, services.keyring, revision)
    return revision


def _thread(services: GatewayServices, case_id: str, task_ref: str) -> _Thread:
    link = services.consult
    task = link.read(task_ref)
    found = list(
        link.search("Communication", [("part-of", task_ref), ("_sort", "sent"), ("_count", "50")])
    )
    read = [(resource, read_message(resource)) for resource in found]
    questions = [item for item in read if item[1].kind == "clarification-request"]
    if not questions:
        raise CaseMoved(stage="no_question")
    asked, message = questions[-1]
    keys = {
        name: identifier_of(link.read(str(task[name]["reference"]))) for name in ("focus", "for")
    }
    answers_key = identifier_of(asked)
    if keys["focus"] is None or keys["for"] is None or answers_key is None:
        raise CaseMoved(stage="thread_unreadable")
    numbers = [int(item.identifier.rsplit(".", 1)[-1]) for _, item in read]
    arrived = sum(1 for _, item in read if item.kind == "clarification-reply")
    with services.database.read() as session:
        # A number that was used once is used up, also by a reply that was refused.
        numbers.append(answers.last_message(session, case_id))
        last_reply = max(arrived, outbox.last_reply(session, case_id))
    return _Thread(
        place=ThreadPlace(
            base_url=link.fhir_base,
            task=task,
            request_key=keys["focus"],
            subject_key=keys["for"],
            answers=f"Communication/{asked['id']}",
            answers_key=answers_key,
            message_n=max(numbers) + 1,
        ),
        asker=message.sender,
        reply_n=last_reply + 1,
    )


def approve_reply(
    services: GatewayServices,
    launch: Launch,
    case_id: str,
    *,
    revision_id: str,
    sha256: str,
    said: Statements = NOTHING_SAID,
) -> None:
    """Queue the exact bytes of a reply in one transaction; approving twice is the same as once.

    Patient and visit are read once more before: `ContextChanged`, `ContextUnknown`.
    """
    now = clock.now()
    with services.database.read() as reading:
        draft = drafts.load(reading, services.keyring, launch.draft_id, now=now)
        known = revisions.by_id(reading, services.keyring, revision_id)
    if (known.state, known.sha256) != ("approved", sha256):
        require_context(services, launch, draft)
    with services.database.transaction() as session:
        revision = revisions.by_id(session, services.keyring, revision_id)
        if revision.kind != "reply" or revision.case_id != case_id:
            raise RevisionStale
        if revision.state == "approved" and revision.sha256 == sha256:
            return
        stated = require_decisions(revision.preview, consent=said.consent, risk_seen=said.risk_seen)
        submission = str(revision.facts["submission"])
        if outbox.reply_in_flight(session, case_id) or outbox.case_of(session, submission):
            raise CaseMoved(stage="reply_in_flight")
        draft = drafts.load(session, services.keyring, launch.draft_id, now=now)
        age = now - revision.created_at
        if (
            revision.draft_id != launch.draft_id
            or revision.draft_version != draft.version
            or age > timedelta(minutes=services.policy.revision_minutes)
            or not revisions.approve(session, revision_id, sha256=sha256)
        ):
            raise RevisionStale
        link: VaultLink = vault.find(session, services.keyring, case_id)
        vault.add_words(session, services.keyring, case_id, words_of(revision, draft))
        outbox.add(session, services.keyring, outbox_item(revision, now=now, delay=0), now=now)
        answers.add_message(
            session,
            services.keyring,
            Message(
                case_id=case_id,
                site_id=link.site_id,
                # Not the number on the wire: a refused one is free there for the specialist.
                message=submission,
                kind="clarification-reply",
                reference="",
                text=str(reply_entered(draft, case_id)["text"]),
                at=now,
            ),
        )
        services.durable.enqueue(
            session,
            kind="send",
            key=f"send:{submission}",
            args={"submission": submission},
        )
        audit.append(
            session,
            event="reply.approved",
            actor=launch.doctor_key,
            subject=case_id,
            detail={
                "sha256": revision.sha256,
                **stated,
                **given_back_stated(revision.preview, reply_entered(draft, case_id)),
            },
        )
    services.failpoint("after_approve_commit")
