"""Launches, hand-off codes, tokens and states: each bound, each used once."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import inspect

from launch.ports import GrantId
from runtime import clock
from runtime.database import Database, upgrade
from smartapp.errors import HandoffRefused, SessionExpired, SessionMissing
from smartapp.gateway.browser_session import enter, offer_window, use_window
from smartapp.gateway.open_launch import start_another
from smartapp.gateway.pull_chart import begin_reading
from smartapp.gateway.sweep import sweep
from smartapp.store import drafts, launches
from smartapp.store.launch_rows import DraftRow, LaunchRow
from smartapp.store.rows import SmartAppBase
from smartapp.store.sealed import hashed
from tests.store.smartapp.conftest import Walk
from tests.support import databases
from tests.support.gateway import BROWSER, Hospital


def test_a_handle_counts_only_in_the_browser_that_launched(walk: Walk) -> None:
    found = enter(walk.here.services, handle=walk.handle, browser_secret=BROWSER)
    assert found.draft_id == walk.launch.draft_id
    for secret in ("another browser", None):
        with pytest.raises(SessionMissing):
            enter(walk.here.services, handle=walk.handle, browser_secret=secret)


def test_a_silent_session_ends(walk: Walk) -> None:
    with walk.here.database.transaction() as session:
        row = session.get(LaunchRow, walk.launch.handle_hash)
        assert row is not None
        row.seen_at = clock.now() - timedelta(minutes=31)
    with pytest.raises(SessionExpired):
        enter(walk.here.services, handle=walk.handle, browser_secret=BROWSER)


def test_what_a_page_asks_by_itself_does_not_keep_a_session_alive(walk: Walk) -> None:
    long_ago = clock.now() - timedelta(minutes=20)
    with walk.here.database.transaction() as session:
        row = session.get(LaunchRow, walk.launch.handle_hash)
        assert row is not None
        row.seen_at = long_ago
    enter(walk.here.services, handle=walk.handle, browser_secret=BROWSER, quietly=True)
    with walk.here.database.read() as session:
        row = session.get(LaunchRow, walk.launch.handle_hash)
        assert row is not None
        assert row.seen_at == long_ago


def test_a_window_code_works_once_and_gives_a_handle_of_its_own(walk: Walk) -> None:
    services = walk.here.services
    code = offer_window(services, walk.launch)
    handle = use_window(services, code=code, browser_secret="window")
    assert enter(services, handle=handle, browser_secret="window").draft_id == (
        walk.launch.draft_id
    )
    with pytest.raises(HandoffRefused):
        use_window(services, code=code, browser_secret="window")


def test_another_window_ends_with_the_launch_it_came_from(walk: Walk) -> None:
    services, ends_at = walk.here.services, clock.now() + timedelta(minutes=5)
    code = offer_window(services, walk.launch)
    late = offer_window(services, walk.launch)
    with walk.here.database.transaction() as session:
        row = session.get(LaunchRow, walk.launch.handle_hash)
        assert row is not None
        row.expires_at = ends_at
    handle = use_window(services, code=code, browser_secret="window")
    with walk.here.database.transaction() as session:
        wide = session.get(LaunchRow, hashed(handle))
        assert wide is not None
        assert wide.expires_at == ends_at
        session.get_one(LaunchRow, walk.launch.handle_hash).expires_at = clock.now()
    with pytest.raises(HandoffRefused):
        use_window(services, code=late, browser_secret="window")


def test_a_window_code_is_void_after_a_minute(walk: Walk) -> None:
    services = walk.here.services
    with walk.here.database.transaction() as session:
        launches.offer_handoff(
            session,
            services.keyring,
            walk.launch,
            code="late",
            now=clock.now() - timedelta(seconds=61),
        )
    with pytest.raises(HandoffRefused):
        use_window(services, code="late", browser_secret="window")


def test_a_state_is_taken_by_one_of_many(here: Hospital) -> None:
    states = here.services.smart.states
    states.put("s", b"record", expires_at=clock.now() + timedelta(minutes=5))
    taken: list[bytes | None] = []
    threads = [threading.Thread(target=lambda: taken.append(states.take("s"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, taken)) == ["None", "None", "None", str(b"record")]


def test_an_old_state_is_nobodys(here: Hospital) -> None:
    states = here.services.smart.states
    states.put("s", b"record", expires_at=clock.now() - timedelta(seconds=1))
    assert states.take("s") is None


def test_one_worker_at_a_time_refreshes_a_grant(here: Hospital) -> None:
    tokens, grant = here.services.tokens, GrantId("g")
    soon = clock.now() + timedelta(seconds=30)
    assert tokens.lease(grant, holder="a", until=soon)
    assert not tokens.lease(grant, holder="b", until=soon)
    tokens.release(grant, holder="b")
    assert not tokens.lease(grant, holder="b", until=soon)
    tokens.release(grant, holder="a")
    assert tokens.lease(grant, holder="b", until=soon)


def test_a_lease_that_ran_out_goes_to_the_next(here: Hospital) -> None:
    tokens, grant = here.services.tokens, GrantId("g")
    assert tokens.lease(grant, holder="a", until=clock.now() - timedelta(seconds=1))
    assert tokens.lease(grant, holder="b", until=clock.now() + timedelta(seconds=30))


def test_tokens_come_back_as_they_were_and_are_gone_when_wiped(here: Hospital) -> None:
    tokens, grant = here.services.tokens, GrantId("g")
    tokens.save(grant, b"one")
    tokens.save(grant, b"two")
    assert tokens.load(grant) == b"two"
    tokens.delete(grant)
    assert tokens.load(grant) is None


def test_sites_come_back_as_they_were_registered(here: Hospital) -> None:
    (site,) = here.services.sites.every()
    assert here.services.sites.by_issuer(site.issuer) == site
    assert here.services.sites.by_id(site.site_id) == site
    assert here.services.sites.by_issuer("https://other.example/fhir") is None


def test_a_reading_that_died_is_started_again_and_a_living_one_is_left(here: Hospital) -> None:
    _, launch = here.launch(wait=False)
    with here.database.transaction() as session:
        assert drafts.lease(
            session,
            launch.draft_id,
            holder="dead",
            until=clock.now() + timedelta(seconds=60),
            now=clock.now(),
        )
    assert not begin_reading(here.services, launch)
    with here.database.transaction() as session:
        row = session.get(DraftRow, launch.draft_id)
        assert row is not None
        row.leased_until = clock.now() - timedelta(seconds=1)
    assert begin_reading(here.services, launch)
    with here.database.read() as session:
        draft = drafts.load(session, here.services.keyring, launch.draft_id, now=clock.now())
    assert draft.state == "ready"


def test_a_second_question_has_its_own_case_and_reads_the_chart_anew(walk: Walk) -> None:
    walk.approve()
    moved = start_another(walk.here.services, walk.launch)
    with walk.here.database.read() as session:
        draft = drafts.load(session, walk.here.services.keyring, moved.draft_id, now=clock.now())
        old = drafts.load(
            session, walk.here.services.keyring, walk.launch.draft_id, now=clock.now()
        )
    assert draft.state == "ready"
    assert draft.case_id != old.case_id
    assert draft.case_key != old.case_key


def test_what_is_past_its_time_is_forgotten(walk: Walk) -> None:
    services = walk.here.services
    services.tokens.save(GrantId(walk.launch.grant_id), b"token")
    with walk.here.database.transaction() as session:
        for row in (
            session.get(DraftRow, walk.launch.draft_id),
            session.get(LaunchRow, walk.launch.handle_hash),
        ):
            assert row is not None
            row.expires_at = clock.now() - timedelta(seconds=1)
    assert sweep(services) == 1
    assert services.tokens.load(GrantId(walk.launch.grant_id)) is None
    with pytest.raises(SessionMissing):
        enter(services, handle=walk.handle, browser_secret=BROWSER)


@pytest.mark.parametrize("schema", [databases.EMPTY], ids=["empty"])
def test_the_migrations_make_every_table(database: Database) -> None:
    upgrade(database, "smartapp.store.migrations")
    found = set(inspect(database.engine).get_table_names())
    assert set(SmartAppBase.metadata.tables) <= found
