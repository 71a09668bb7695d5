"""The answer: bottom line first, who signed, where it stands in the chart, and the decision."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from exchange import names
from exchange.opinion import Basis
from exchange.opinion_render import basis_sentence
from exchange.task_states import read_instant
from launch import origins
from launch.ports import SiteId
from runtime import clock, json_text
from smartapp.errors import CaseUnknown, FormInvalid
from smartapp.gateway.collect_answers import enqueue_filing, writes_on_arrival
from smartapp.gateway.record_decision import (
    PLAN_EFFECTS,
    REFERRAL_EFFECTS,
    read_decision,
    record_decision,
)
from smartapp.store import answers, cases, drafts, parked
from smartapp.store.answers import Answer
from smartapp.store.cases import Case
from smartapp.web import page_model, session
from smartapp.web.words import NOT_TOLD, PARKED, PARKED_OTHER, clock_time, fingerprint

pages = Blueprint("answers", __name__)
VIEWS = ("show", "decide")

_DELIVERY = {
    "received": ("Delivering", "blue", "sync"),
    "writing": ("Delivering", "blue", "sync"),
    "written": ("In chart", "green", "check"),
    "acknowledged": ("In chart", "green", "check"),
    "parked": ("Needs a person", "red", "alert"),
    "superseded": ("Replaced by a newer answer", "", "dash"),
}


@pages.get("/case/<case_id>/answer")
def show(handle: str, case_id: str) -> ResponseReturnValue:
    """The newest answer and the close-out form."""
    return _page(handle, case_id, entered={}, errors=())


@pages.post("/case/<case_id>/decision")
def decide(handle: str, case_id: str) -> ResponseReturnValue:
    """Record the decision and the four close-out answers."""
    session.own_case(case_id)
    try:
        given = read_decision(request.form)
    except FormInvalid as invalid:
        page = _page(handle, case_id, entered=request.form.to_dict(), errors=invalid.problems)
        return make_response(page, 422)
    record_decision(session.services(), session.launch(), case_id, given)
    return redirect(url_for("answers.show", handle=handle, case_id=case_id), code=303)


def _page(
    handle: str,
    case_id: str,
    *,
    entered: Mapping[str, str],
    errors: Sequence[tuple[str, str]],
) -> str:
    case = session.own_case(case_id)
    services, mine = session.services(), session.launch()
    now = clock.now()
    with services.database.read() as reading:
        draft = drafts.load(reading, services.keyring, mine.draft_id, now=now)
        found = answers.of_case(reading, services.keyring, case_id=case_id, site_id=case.site_id)
        stopped = parked.waiting(reading, case_id)
    if not found:
        raise CaseUnknown
    if case.unread:
        with services.database.transaction() as writing:
            cases.mark_read(writing, case_id)
    answer = found[0]
    if answer.state == "received" and not writes_on_arrival(services, case.site_id):
        with services.database.transaction() as writing:
            enqueue_filing(services, writing, case_id=case_id, opinion=answer.opinion)
    return render_template(
        "answer.html",
        frame=page_model.frame(handle, draft),
        case=case,
        short=names.short_case_id(case_id),
        answer=_answer(answer),
        signed=clock_time(read_instant(answer.view["record"]["signed_at"]), now),
        basis=basis_sentence(Basis(**answer.view["record"]["basis"])),
        delivery=_DELIVERY[answer.state],
        filed=clock_time(answer.written_at, now) if answer.written_at else "",
        asked=clock_time(case.asked_at, now),
        answered=clock_time(answer.received_at, now),
        parked=[
            {"id": item.parked_id, "words": PARKED.get(item.reason, PARKED_OTHER)}
            for item in stopped
            if item.item == answer.opinion and item.reason not in NOT_TOLD
        ],
        messaging=_messaging(answer),
        older=len(found) - 1,
        decided=_decided(case),
        entered=entered,
        errors=errors,
        decisions=tuple(names.DECISIONS.items()),
        plans=tuple(PLAN_EFFECTS.items()),
        referrals=tuple(REFERRAL_EFFECTS.items()),
    )


def _messaging(answer: Answer) -> dict[str, str] | None:
    """Where an unsigned draft can go: the EHR window of this launch, if it offers that.

    Only when it was not filed, so that no copy comes beside it, and only to a page that may
    frame this app.
    """
    mine = session.launch()
    handle, origin = mine.context.get("messaging_handle"), mine.context.get("messaging_origin")
    site = session.services().sites.by_id(SiteId(mine.site_id))
    if not handle or site is None or answer.state != "parked":
        return None
    if origin not in (site.framing_origins or (origins.origin_of(site.issuer),)):
        return None
    if site.write_policy == "never" or (site.write_as and "scratchpad" not in site.write_as):
        return None
    return {"handle": str(handle), "origin": str(origin)}


def _answer(answer: Answer) -> dict[str, Any]:
    record = answer.view["record"]
    opinion, author = record["opinion"], record["author"]
    return {
        "bottom_line": opinion["bottom_line"],
        "recommendations": opinion["recommendations"],
        "rationale": opinion["rationale"],
        "change": opinion["change_my_mind"],
        "teaching": opinion.get("teaching_point", ""),
        "review": names.IN_PERSON_REVIEWS.get(opinion["in_person_review"], ""),
        "outcome": names.OUTCOMES.get(opinion["outcome"], ""),
        "escalates": opinion["outcome"] == "escalate-now",
        "confidence": names.CONFIDENCES.get(opinion["confidence"], "").lower(),
        "signer": author["name"],
        "specialty": names.SPECIALTIES.get(author["specialty"], "Specialist"),
        "credentials": author["credentials"],
        "statement": record["responsibility"],
        "fingerprint": fingerprint(answer.original_sha256),
        "replaced": answer.view["replaced"],
        "unknown": answer.view["unknown"],
        "typed_dates": answer.view["typed_dates"],
        "note": answer.view["note"],
        "version": record["version"],
    }


def _decided(case: Case) -> dict[str, str] | None:
    if case.decision is None:
        return None
    coded = json_text.loads(case.decision.encode())
    return {
        "decision": names.DECISIONS.get(coded["decision"], ""),
        "plan": PLAN_EFFECTS.get(coded["plan"], ""),
        "referral": REFERRAL_EFFECTS.get(coded["referral"], ""),
        "patient_value": coded["patient_value"],
        "doctor_value": coded["doctor_value"],
        "arrived": "yes" if case.decision_sent else "",
    }
