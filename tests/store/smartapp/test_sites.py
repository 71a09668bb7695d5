"""Registered EHRs: rows old and new, the kill switch, the secret, removing, and their audit."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import sqlalchemy as sa

from launch.ports import CdsClient, Site, SiteId
from runtime import clock, json_text
from runtime.database import Database, upgrade
from runtime.tables import AuditRow
from smartapp.errors import SiteExists, SiteInUse, SiteInvalid, SiteUnreadable
from smartapp.gateway import register_site, site_open
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.read_site import SiteRules
from smartapp.store import cases, site_facts, sites
from smartapp.store.launch_rows import SiteRow
from smartapp.store.rows import SmartAppBase
from tests.store.smartapp.conftest import Walk
from tests.support.gateway import Hospital, hospital
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


def switch_off(here: Hospital) -> None:
    register_site.disable_site(
        here.database, "north", reason="incident", note="ask Ms. Canary", actor="operator"
    )


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
