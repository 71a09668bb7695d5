"""The kill switch and the hours: what waits, what is told, and what goes on when a site opens."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import update
from sqlalchemy.orm import Session

from launch.errors import SiteClosed
from launch.ports import SiteId
from launch.site_gate import GatedTokens
from runtime import clock
from runtime.durable import JobView
from runtime.tables import AuditRow
from smartapp.errors import SiteInvalid
from smartapp.gateway import register_site, site_open
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.file_answer import file_answer
from smartapp.gateway.send_case import send_case
from smartapp.gateway.wake_waiting import wake_waiting
from smartapp.store import cases, outbox, parked, sites
from smartapp.store.case_rows import OutboxRow
from tests.store.smartapp.conftest import Walk
from tests.support.gateway import Hospital, ListedJobs, hospital


@pytest.fixture
def here(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Hospital]:
    """What is told here is the same on every database; the migration is tried on both."""
    with hospital(tmp_path, workers=deid_workers) as made:
        yield made


def audited(here: Hospital) -> list[tuple[str, str]]:
    with here.database.read() as session:
        return [
            (row.event, row.detail)
            for row in session.scalars(sa.select(AuditRow).order_by(AuditRow.position))
            if row.event.startswith("site.")
        ]


def switch_off(here: Hospital) -> None:
    register_site.disable_site(
        here.database, "north", reason="incident", note="ask Ms. Canary", actor="operator"
    )


def test_a_case_of_a_closed_site_waits_can_be_taken_back_and_leaves_when_it_opens(
    walk: Walk,
) -> None:
    case = walk.approve()
    submission = f"{case.case_id}.submit.1"
    switch_off(walk.here)
    with pytest.raises(SiteClosed) as closed:
        send_case(walk.here.services, submission)
    assert closed.value.kind == "upstream_down"
    assert walk.here.network.bodies == []
    with walk.here.database.read() as session:
        item = outbox.load(session, walk.here.services.keyring, submission, site_id="north")
        assert item is not None
        assert (item.state, item.last_problem) == ("waiting", site_open.WAITS)
        waits = sites.waiting(session, "north")
    assert (waits.unsent, waits.open_cases) == (1, 1)
    register_site.enable_site(walk.here.database, "north", actor="operator")
    assert send_case(walk.here.services, submission) == "sent"


def test_a_case_that_waited_past_its_promise_is_parked_with_the_true_reason(walk: Walk) -> None:
    case = walk.approve()
    submission = f"{case.case_id}.submit.1"
    switch_off(walk.here)
    with pytest.raises(SiteClosed):
        send_case(walk.here.services, submission)
    with walk.here.database.transaction() as session:
        session.execute(update(OutboxRow).values(stale_after=clock.now()))
    assert send_case(walk.here.services, submission) == "parked"
    with walk.here.database.read() as session:
        assert cases.find(session, case.case_id).stage == "parked"
    assert walk.here.network.bodies == []


def test_an_answer_of_a_closed_site_is_not_written_and_not_parked_and_then_written_once(
    walk: Walk, notes_in: Callable[[], list[dict[str, object]]]
) -> None:
    answer = walk.answered()
    switch_off(walk.here)
    with pytest.raises(SiteClosed):
        file_answer(walk.here.services, answer.case_id, answer.opinion)
    assert notes_in() == []
    assert walk.answer(answer.case_id).state == "received"
    with walk.here.database.read() as session:
        assert sites.waiting(session, "north").unwritten == 1
        assert parked.waiting(session) == []
    register_site.enable_site(walk.here.database, "north", actor="operator")
    assert file_answer(walk.here.services, answer.case_id, answer.opinion) == "written"
    assert len(notes_in()) == 1


def test_what_waited_for_its_site_is_hurried_when_it_opens_and_not_before(walk: Walk) -> None:
    case = walk.approve()
    jobs = Asleep(args={"submission": f"{case.case_id}.submit.1"})
    services = replace(walk.here.services, durable=jobs)
    switch_off(walk.here)
    assert wake_waiting(services) == 0
    register_site.enable_site(walk.here.database, "north", actor="operator")
    assert wake_waiting(services) == 1
    assert jobs.hurried == ["send:x"]


class Asleep(ListedJobs):
    """One job that waits for its site."""

    def __init__(self, *, args: dict[str, str]) -> None:
        super().__init__()
        self.args = args
        self.hurried: list[str] = []

    def waiting_for(self, session: Session, *, reason: str) -> list[JobView]:
        """The one, when it is asked for by its reason."""
        now = clock.now()
        view = JobView(
            key="send:x", kind="send", args=self.args, state="waiting", attempt=1,
            reason=site_open.WAITS, created_at=now, due_at=now, changed_at=now,
        )  # fmt: skip
        return [view] if reason == view.reason else []

    def hurry(self, session: Session, view: JobView) -> bool:
        """Note it."""
        self.hurried.append(view.key)
        return True


def test_outside_its_hours_a_site_is_closed_like_one_switched_off(walk: Walk) -> None:
    case = walk.approve()
    site = walk.here.services.sites.by_id(SiteId("north"))
    assert site is not None
    far = (clock.now().weekday() + 3) % 7
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[far]
    walk.here.services.sites.put(replace(site, open_hours=(f"{day} 08:00-09:00",)))
    with pytest.raises(SiteClosed) as closed:
        send_case(walk.here.services, f"{case.case_id}.submit.1")
    assert closed.value.reason == "out_of_hours"
    assert closed.value.retry_after is not None
    assert closed.value.retry_after > 86_400


def test_no_token_leaves_for_a_closed_site_and_it_works_again_at_once(here: Hospital) -> None:
    class Source:
        def current(self) -> str:
            return "token"

        def renew(self, stale: str) -> str:
            return "another"

    gated = GatedTokens(source=Source(), sites=here.services.sites, site_id=SiteId("north"))
    assert (gated.current(), gated.renew("token")) == ("token", "another")
    switch_off(here)
    for ask in (gated.current, lambda: gated.renew("token")):
        with pytest.raises(SiteClosed):
            ask()
    register_site.enable_site(here.database, "north", actor="operator")
    assert gated.current() == "token"


def test_the_audit_of_the_switch_holds_the_coded_reason_and_not_the_note(here: Hospital) -> None:
    switch_off(here)
    register_site.enable_site(here.database, "north", actor="operator")
    (off, detail), (on, _) = audited(here)
    assert (off, on) == ("site.disabled", "site.enabled")
    assert '"reason":"incident"' in detail
    assert "Canary" not in detail


def test_a_reason_that_is_not_in_the_list_is_refused(here: Hospital) -> None:
    with pytest.raises(SiteInvalid):
        register_site.disable_site(
            here.database, "north", reason="because", note="", actor="operator"
        )
