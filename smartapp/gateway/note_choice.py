"""Keep one thing the doctor said, or that was found out, about the draft as a whole."""

from runtime import audit, clock
from smartapp.gateway.services import GatewayServices
from smartapp.gateway.stop_rules import CHANGED, SEEN
from smartapp.store import drafts
from smartapp.store.launches import Launch

_EVENTS = {SEEN: "patient.deceased_seen", CHANGED: "launch.context_changed"}


def note_choice(services: GatewayServices, launch: Launch, name: str) -> None:
    """Set a choice of the draft, with its audit row; setting it twice is the same as once."""
    with services.database.transaction() as session:
        draft = drafts.load(session, services.keyring, launch.draft_id, now=clock.now())
        if draft.choices.get(name) or draft.state == "approved":
            return
        choices = {**draft.choices, name: True}
        drafts.save(session, services.keyring, draft, form=draft.form, choices=choices)
        audit.append(
            session, event=_EVENTS[name], actor=launch.doctor_key, subject=launch.patient_key
        )
