"""What the tests of desk build on."""

import threading
from datetime import date, timedelta
from typing import Any

from consult.domain import governance
from consult.domain.credential import Credential
from consult.domain.specialist import SignedIn, Specialist
from consult.errors import (
    CaseTaken,
)
from consult.service import (
    answer_case,
    claim_case,
    sign_in,
)
from consult.store import specialists
from runtime import audit, clock
from tests.support import wire
from tests.support.consult_world import (
    World,
)

STATEMENT = governance.STATEMENT_VERSION


def second_cardiologist(world: World) -> SignedIn:
    """Enrol a colleague of the same specialty."""
    today = clock.now().date()
    colleague = Specialist(
        member_id="sp-two", name="Dr. Two", specialties=("394579002",), active=True
    )
    with world.services.writing() as unit:
        specialists.add(
            unit,
            colleague,
            login="two",
            password_hash=sign_in.hash_password("x"),
            totp_secret=sign_in.seal_secret(world.services, "sp-two", "JBSWY3DPEHPK3PXP"),
            credentials=tuple(
                credential(kind, today) for kind in ("license", "board", "indemnity")
            ),
            now=clock.now(),
        )
    return SignedIn(specialist=colleague, proved_at=clock.now())


def credential(kind: str, today: date) -> Credential:
    return Credential(
        credential_id=f"two-{kind}",
        kind=kind,
        title=kind,
        source="source",
        verified_on=today,
        valid_until=today + timedelta(days=100),
        next_check=today + timedelta(days=100),
    )


def claimed(world: World) -> tuple[SignedIn, str]:
    me, task_id = world.specialist(), world.a.send_case()
    claim_case.claim_case(world.services, me, task_id)
    return me, task_id


def sign(world: World, me: SignedIn, task_id: str, **changes: Any) -> str:
    return answer_case.sign_opinion(
        world.services, me, task_id, wire.advice(**changes), statement_version=STATEMENT
    )


def events_of(world: World, task_id: str) -> list[str]:
    case_id = world.a.task(task_id)["groupIdentifier"]["value"]
    with world.services.reading() as unit:
        assert audit.verify(unit.session).ok
        found = audit.entries(unit.session, subject=f"case:{case_id}")
        return [entry.event for entry in reversed(found)]


def claim_together(world: World, both: list[SignedIn], task_id: str) -> list[str]:
    """Let both claim at the same moment; return who won and "taken" for who did not."""
    outcomes: list[str] = []
    gate = threading.Barrier(len(both))

    def claim(me: SignedIn) -> None:
        gate.wait()
        try:
            claim_case.claim_case(world.services, me, task_id)
            outcomes.append(me.specialist.member_id)
        except CaseTaken:
            outcomes.append("taken")

    threads = [threading.Thread(target=claim, args=(me,)) for me in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
