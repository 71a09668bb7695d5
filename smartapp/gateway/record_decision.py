"""What the doctor decided, and the four close-out answers: coded. Reflection stays here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exchange import decision as wire
from exchange import names, task_states
from exchange.task_states import Event as CaseEvent
from runtime import audit, clock, json_text
from smartapp.errors import CaseMoved, ConsultRefused, ConsultUnreachable, FormInvalid, TryLater
from smartapp.gateway.egress import CodedParcel, leave
from smartapp.gateway.services import GatewayServices
from smartapp.store import cases, parked
from smartapp.store.launches import Launch

PLAN_EFFECTS = {
    "confirmed": "Confirmed it",
    "new-advice": "Gave new advice",
    "not-useful": "Not useful",
    "none": "No effect",
}
REFERRAL_EFFECTS = {
    "avoided": "Avoided",
    "still-needed-better": "Needed, better prepared",
    "newly-prompted": "Newly needed",
    "never-needed-useful": "Never planned, still useful",
    "no-benefit": "No benefit",
    "other": "Other",
}
_SCALE = ("1", "2", "3", "4", "5")
_REFLECTION_LIMIT = 4000


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A complete close-out; `private` never leaves the hospital and never enters the chart."""

    decision: str
    plan: str
    referral: str
    patient_value: str
    doctor_value: str
    private: str = field(default="", repr=False)

    def to_text(self) -> str:
        """The coded part as it is stored."""
        coded = {
            "decision": self.decision,
            "plan": self.plan,
            "referral": self.referral,
            "patient_value": self.patient_value,
            "doctor_value": self.doctor_value,
        }
        return json_text.dumps(coded).decode()


def read_decision(entered: Mapping[str, str]) -> Decision:
    """Check the form; raises `FormInvalid` with a sentence per field."""
    given = Decision(
        decision=entered.get("decision", ""),
        plan=entered.get("plan", ""),
        referral=entered.get("referral", ""),
        patient_value=entered.get("patient_value", ""),
        doctor_value=entered.get("doctor_value", ""),
        private=entered.get("reflection", "").strip()[:_REFLECTION_LIMIT],
    )
    checks = (
        ("decision", given.decision in names.DECISIONS, "Say what you decided."),
        ("plan", given.plan in PLAN_EFFECTS, "Say what it did to your plan."),
        ("referral", given.referral in REFERRAL_EFFECTS, "Say what it did to a referral."),
        ("patient_value", given.patient_value in _SCALE, "Rate the worth to the patient."),
        ("doctor_value", given.doctor_value in _SCALE, "Rate the worth to you."),
    )
    problems = tuple((name, sentence) for name, holds, sentence in checks if not holds)
    if problems:
        raise FormInvalid(problems=problems)
    return given


def record_decision(
    services: GatewayServices, launch: Launch, case_id: str, given: Decision
) -> None:
    """Keep the decision and queue its code for the network, in one transaction."""
    now = clock.now()
    with services.database.transaction() as session:
        case = cases.find(session, case_id)
        if case.stage not in ("answered", "filed", "closed", "parked"):
            raise CaseMoved(stage=case.stage)
        cases.record_decision(
            session,
            services.keyring,
            case_id,
            decision=given.to_text(),
            reflection=given.private,
            now=now,
        )
        cases.move(session, case_id, now=now, stage="closed", only_from=("filed", "closed"))
        services.durable.enqueue(
            session,
            kind="decide",
            key=f"decide:{case_id}:{int(now.timestamp() * 1000)}",
            args={"case": case_id},
        )
        audit.append(
            session,
            event="case.decided",
            actor=launch.doctor_key,
            subject=case_id,
            detail={"decision": given.decision},
        )


def send_decision(services: GatewayServices, case_id: str) -> str:
    """Put the coded decision on the Task; it waits until the case was acknowledged."""
    with services.database.read() as session:
        case = cases.find(session, case_id)
    if case.decision is None or case.decision_sent or case.task_ref is None:
        return "nothing"
    now = clock.now()
    code = str(json_text.loads(case.decision.encode())["decision"])
    try:
        task = services.consult.read(case.task_ref)
        if not task_states.allowed(task, CaseEvent.DECIDE, by="gateway"):
            raise TryLater
        after = wire.decided(task, code, now)
        leave(services.consult, CodedParcel(before=task, after=after))
    except ConsultUnreachable:
        raise TryLater from None
    except ConsultRefused as refused:
        if refused.facts.get("status") in (409, 412):
            raise TryLater from None
        raise
    with services.database.transaction() as session:
        arrived = cases.decision_arrived(session, case_id, sent=case.decision)
        if arrived:
            parked.resolve_item(
                session, case_id=case_id, item=f"{case_id}.decide", resolution="sent", now=now
            )
            audit.append(
                session,
                event="decision.sent",
                actor="gateway",
                subject=case_id,
                detail={"decision": code},
            )
    if not arrived:
        raise TryLater  # the doctor decided anew meanwhile
    return "sent"
