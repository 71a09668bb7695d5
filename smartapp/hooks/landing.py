"""The page that a card's link opens, once the EHR has launched us with its `appContext`.

A hint, never a right: the case must be this doctor's and about the patient of this launch.
Whatever does not fit is passed over, and the app begins as always.

Spec: row C7 of our checklist
"""

from dataclasses import dataclass
from typing import Literal

from exchange import names
from runtime import clock
from smartapp.errors import CaseUnknown
from smartapp.gateway.services import GatewayServices
from smartapp.hooks.app_context import Destination, Page, open_destination
from smartapp.store import answers, cases, drafts
from smartapp.store.launches import Launch

View = Literal["answers.show", "case.show", "reply.write", "start.worklist", "ask.form"]
_VIEWS: dict[Page, View] = {
    "answer": "answers.show",
    "case": "case.show",
    "reply": "reply.write",
    "worklist": "start.worklist",
    "ask": "ask.form",
}


@dataclass(frozen=True, kw_only=True)
class Landing:
    """A view of the app and, for views of a case, its id."""

    view: View
    case_id: str = ""


def landing(services: GatewayServices, launch: Launch, app_context: str | None) -> Landing | None:
    """Return where a launch should begin, or None for the usual beginning."""
    wanted = open_destination(
        services.keyring, app_context, site_id=launch.site_id, patient_key=launch.patient_key
    )
    if wanted is None:
        return None
    if wanted.page in ("ask", "worklist"):
        return Landing(view=_VIEWS[wanted.page])
    return _of_case(services, launch, wanted)


def keep_specialty(services: GatewayServices, launch: Launch, app_context: str | None) -> None:
    """Choose the drafted referral's specialty on the form, as a proposal."""
    wanted = open_destination(
        services.keyring, app_context, site_id=launch.site_id, patient_key=launch.patient_key
    )
    if wanted is None or wanted.specialty not in names.SPECIALTIES:
        return
    with services.database.transaction() as session:
        draft = drafts.load(session, services.keyring, launch.draft_id, now=clock.now())
        if not draft.form:
            form = {"specialty": wanted.specialty}
            drafts.save(session, services.keyring, draft, form=form, choices=draft.choices)


def _of_case(services: GatewayServices, launch: Launch, wanted: Destination) -> Landing | None:
    with services.database.read() as session:
        try:
            case = cases.find(session, wanted.case_id)
        except CaseUnknown:
            return None
        has_answer = bool(answers.known(session, wanted.case_id))
    mine = (launch.site_id, launch.doctor_key, launch.patient_key)
    if (case.site_id, case.doctor_key, case.patient_key) != mine:
        return None
    # What the card said may be over by now: then the case itself says how it stands.
    fits = {"answer": has_answer, "reply": case.stage == "question"}.get(wanted.page, True)
    return Landing(view=_VIEWS[wanted.page] if fits else "case.show", case_id=case.case_id)
