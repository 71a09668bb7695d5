"""Registered EHRs: rows old and new, the kill switch, the secret, removing, and their audit."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import update
from sqlalchemy.orm import Session

from launch.errors import SiteClosed
from launch.ports import CdsClient, Site, SiteId
from launch.site_gate import GatedTokens
from runtime import clock, json_text
from runtime.database import Database, upgrade
from runtime.durable import JobView
from runtime.tables import AuditRow
from smartapp.errors import SiteExists, SiteInUse, SiteInvalid, SiteUnreadable
from smartapp.gateway import register_site, site_open
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.file_answer import file_answer
from smartapp.gateway.read_site import SiteRules
from smartapp.gateway.send_case import send_case
from smartapp.gateway.wake_waiting import wake_waiting
from smartapp.store import cases, outbox, parked, site_facts, sites
from smartapp.store.launch_rows import SiteRow
from smartapp.store.rows import SmartAppBase
from tests.store.smartapp.conftest import Walk
from tests.support.gateway import Hospital, ListedJobs, hospital
from tests.support.launch_stores import make_site

RULES = SiteRules(gateway_url="https://gateway.example", loopback_http=False)
# A row as the first release wrote it.
FIRST_RELEASE = {
    "site_id": "old",
    "name": "Old Hospital",
    "issuer": "https://old.example/fhir",
    "client_id": "confer",
    "client_auth": "private_key_jwt",
    "redirect_uri": "https://gateway.example/callback",
    "scopes": ["launch", "openid"],
    "standalone": True,
    "allowed_origins": [],
    "frame_origin": "https://chart.example",
    "backend_client_id": None,
    "backend_scopes": [],
    "write_back": "backend_services",
}


@pytest.fixture
def here(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Hospital]:
    """What is told here is the same on every database; the migration is tried on both."""
    with hospital(tmp_path, workers=deid_workers) as made:
        yield made


def store(here: Hospital, facts: dict[str, object]) -> None:
    with here.database.transaction() as session:
        session.add(
            SiteRow(
                site_id=str(facts["site_id"]),
                issuer=str(facts["issuer"]),
                facts=json_text.dumps(facts).decode(),
                updated_at=clock.now(),
            )
        )


def audited(here: Hospital) -> list[tuple[str, str]]:
    with here.database.read() as session:
        return [
            (row.event, row.detail)
            for row in session.scalars(sa.select(AuditRow).order_by(AuditRow.position))
            if row.event.startswith("site.")
        ]


def test_every_fact_of_a_site_comes_back_as_it_was_kept() -> None:
    full = make_site(
        vendor="epic",
        requests_per_second=2.5,
        burst=7,
        open_hours=("Mon-Fri 07:00-19:00",),
        time_zone="Europe/Berlin",
        write_as=("document_reference", "copy"),
        enabled=False,
        disabled_reason="incident",
        cds_client=CdsClient(issuer="https://cds.example", keys=({"kty": "EC", "kid": "1"},)),
    )
    assert site_facts.from_text(site_facts.to_text(full), site_id="north") == full


def test_a_row_of_the_first_release_gets_the_defaults_of_what_came_later(here: Hospital) -> None:
    store(here, dict(FIRST_RELEASE))
    found = here.services.sites.by_id(SiteId("old"))
    assert found is not None
    assert (found.vendor, found.fhir_version, found.enabled) == ("generic", "4.0.1", True)
    assert found.framing_origins == ("https://chart.example",)


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"new_limit": 1}, "all"),
        ({"enabled": "yes"}, "enabled"),
        ({"client_auth": "password"}, "client_auth"),
        ({"scopes": "launch openid"}, "scopes"),
        ({"burst": True}, "burst"),
        ({"open_hours": ["always"]}, "open_hours"),
        ({"cds_client": {"issuer": "x", "secret": "s"}}, "cds_client"),
        ({"site_id": "other"}, "site_id"),
    ],
)
def test_a_row_that_cannot_be_read_whole_is_refused_by_the_name_of_the_fact(
    change: dict[str, object], fact: str
) -> None:
    text = json_text.dumps({**FIRST_RELEASE, **change}).decode()
    with pytest.raises(SiteUnreadable) as refused:
        site_facts.from_text(text, site_id="old")
    assert refused.value.facts["fact"] == fact


def test_one_unreadable_row_stops_its_own_site_only(here: Hospital) -> None:
    store(here, {**FIRST_RELEASE, "new_limit": 1})
    with pytest.raises(SiteUnreadable):
        here.services.sites.by_id(SiteId("old"))
    assert [site.site_id for site in here.services.sites.every()] == ["north"]
    with here.database.read() as session:
        listed = {one.site_id: one.problem for one in sites.listed(session)}
    assert isinstance(listed["old"], SiteUnreadable)
    assert listed["north"] is None


def test_the_tables_of_the_first_release_are_brought_up_to_date(database: Database) -> None:
    upgrade(database, "smartapp.store.migrations")
    with database.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE gw_site_secret"))
        connection.execute(sa.text("DROP TABLE gw_site_probe"))
        connection.execute(sa.text("ALTER TABLE gw_site DROP COLUMN removed_at"))
        connection.execute(sa.text("UPDATE gw_schema_version SET version_num = '0001'"))
        connection.execute(
            sa.text("INSERT INTO gw_site VALUES ('old', 'https://old.example/fhir', :facts, :at)"),
            {"facts": json_text.dumps(FIRST_RELEASE).decode(), "at": clock.now()},
        )
    upgrade(database, "smartapp.store.migrations")
    with database.read() as session:
        found = sites.find(session, "old")
        assert found is not None
        assert found.issuer == FIRST_RELEASE["issuer"]
        assert sites.secret_of(session, None, "old") is None  # type: ignore[arg-type]
    present = set(sa.inspect(database.engine).get_table_names())
    assert {"gw_site_secret", "gw_site_probe"} <= present
    assert set(SmartAppBase.metadata.tables) <= present


def test_a_second_site_of_the_same_issuer_or_id_is_refused(here: Hospital) -> None:
    for taken in (make_site(site_id="south"), make_site(issuer="https://other.example/fhir")):
        with pytest.raises(SiteExists):
            register_site.add_site(here.database, taken, actor="operator")
    assert audited(here) == []


def test_a_change_is_audited_by_the_names_of_the_facts(here: Hospital) -> None:
    changed = register_site.change_site(
        here.database,
        "north",
        {"name": "Renamed", "redirect_uri": "", "open_hours": ["Daily 06:00-22:00"]},
        rules=RULES,
        actor="operator",
    )
    assert changed == ("name", "open_hours")
    assert audited(here) == [("site.changed", '{"facts":"name,open_hours"}')]
    again = register_site.change_site(
        here.database, "north", {"name": "Renamed"}, rules=RULES, actor="operator"
    )
    assert again == ()
    assert len(audited(here)) == 1


def test_another_issuer_is_another_site(here: Hospital) -> None:
    with pytest.raises(SiteInvalid) as refused:
        register_site.change_site(
            here.database,
            "north",
            {"issuer": "https://moved.example/fhir"},
            rules=RULES,
            actor="operator",
        )
    assert [name for name, _ in refused.value.problems] == ["issuer"]


def test_a_secret_is_kept_encrypted_and_leaves_no_trace(here: Hospital) -> None:
    secret = "s3cret:%+canary"
    here.services.sites.put(make_site(client_auth="client_secret_basic"))
    register_site.keep_site_secret(
        here.database, here.services.keyring, "north", secret, actor="operator"
    )
    with here.database.read() as session:
        assert sites.secret_of(session, here.services.keyring, "north") == secret
        assert sites.secret_since(session, "north") is not None
        row = session.execute(sa.text("SELECT secret_sealed FROM gw_site_secret")).scalar_one()
    assert b"canary" not in bytes(row)
    assert audited(here) == [("site.secret_kept", "{}")]
    # Who signs from now on leaves no secret behind.
    register_site.change_site(
        here.database,
        "north",
        {"client_auth": "private_key_jwt", "redirect_uri": ""},
        rules=RULES,
        actor="operator",
    )
    with here.database.read() as session:
        assert sites.secret_since(session, "north") is None
    assert audited(here)[-1] == ("site.secret_deleted", "{}")


def test_no_secret_is_taken_for_a_site_that_signs(here: Hospital) -> None:
    with pytest.raises(SiteInvalid):
        register_site.keep_site_secret(
            here.database, here.services.keyring, "north", "x", actor="operator"
        )


# ---------------------------------------------------------------- the kill switch


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
        session.execute(update(outbox.OutboxRow).values(stale_after=clock.now()))
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


# ---------------------------------------------------------------- removing


def test_a_site_is_removed_only_when_it_is_off_and_owes_nothing(walk: Walk) -> None:
    here = walk.here
    with pytest.raises(SiteInUse):
        register_site.remove_site(here.database, "north", actor="operator")
    case = walk.approve()
    switch_off(here)
    with pytest.raises(SiteInUse) as owing:
        register_site.remove_site(here.database, "north", actor="operator")
    assert owing.value.facts["open_cases"] == 1
    with here.database.transaction() as session:
        cases.move(session, case.case_id, now=clock.now(), stage="closed")
    register_site.remove_site(here.database, "north", actor="operator")
    assert here.services.sites.by_id(SiteId("north")) is None
    assert here.services.sites.by_issuer(make_site().issuer) is None
    assert here.services.sites.every() == []
    assert site_open.closed(here.services, "north") == "removed"
    with here.database.read() as session:
        assert cases.find(session, case.case_id).site_id == "north"
    # The EHR may be registered anew, under an id of its own: the old one names old cases.
    with pytest.raises(SiteExists):
        register_site.add_site(here.database, make_site(), actor="operator")
    register_site.add_site(here.database, make_site(site_id="north-2"), actor="operator")
    assert here.services.sites.by_issuer(make_site().issuer) is not None


def test_a_site_without_cases_leaves_nothing_behind(here: Hospital) -> None:
    extra = Site(**{**asdict(make_site()), "site_id": "extra", "issuer": "https://x.example/r4"})
    register_site.add_site(here.database, extra, actor="operator")
    register_site.disable_site(here.database, "extra", reason="leaving", note="", actor="operator")
    register_site.remove_site(here.database, "extra", actor="operator")
    with here.database.read() as session:
        assert session.get(SiteRow, "extra") is None
        assert not sites.is_taken(session, "extra")
