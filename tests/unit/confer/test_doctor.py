"""confer doctor: each check says what it found; exit 3 for this machine, 8 for others."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import responses
import sqlalchemy as sa

from confer import checkup, demo_addresses
from confer.errors import ClockOff
from confer.wiring import gateway as wiring
from runtime import clock, heartbeats
from runtime.database import Database, open_database
from runtime.errors import DatabaseUnsafe
from runtime.keyring import Keyring
from smartapp.store.launch_rows import SiteRow
from smartapp.store.launch_stores import Sites
from tests.support.launch_stores import make_site
from tests.support.smart_ehr import SmartEhr
from tests.unit.confer.conftest import Run

CONSULT = "https://consult.example"


@pytest.fixture
def gateway(run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A gateway that could work: key file, tables, keys, one site, a worker that beats."""
    monkeypatch.setenv("CONFER_CONSULT_URL", CONSULT)
    run("keys", "new", "gateway")
    run("db", "upgrade", "gateway")
    database = open_database(f"sqlite:///{data_dir / 'gateway.db'}")
    wiring.gateway_keys(database, Keyring.open(data_dir / "gateway.keys", create=False))
    Sites(database).put(make_site())
    with database.transaction() as session:
        heartbeats.begin(session, executor_id="w", program="gateway")
    yield database
    database.dispose()


@pytest.fixture
def world() -> Iterator[responses.RequestsMock]:
    """EHR and consult server, answering well."""
    now = {"Date": format_datetime(clock.now(), usegmt=True)}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        SmartEhr(site=make_site()).serve(mock)
        mock.get(f"{make_site().issuer}/metadata", json={}, headers=now)
        mock.get(f"{CONSULT}/ready", json={}, headers=now)
        yield mock


def _states(run: Run, *arguments: str) -> dict[str, str]:
    found = json.loads(run("doctor", *arguments, "--json").stdout)["findings"]
    return {finding["name"]: finding["code"] or finding["state"] for finding in found}


def test_a_machine_without_programs_is_in_order_and_says_what_it_did_not_check(run: Run) -> None:
    said = run("doctor")
    assert said.exit_code == 0
    assert "-    gateway: it has no database here" in said.stdout
    assert "10 package names lead to our own files" in said.stdout


def test_a_gateway_that_can_work_has_nothing_to_mend(
    run: Run, gateway: Database, world: responses.RequestsMock
) -> None:
    said = run("doctor", "gateway")
    assert said.exit_code == 0
    assert "FAIL" not in said.stdout
    assert "EHR north: announces" in said.stdout
    assert "clock against the consult server: agrees" in said.stdout


def test_an_ehr_that_is_switched_off_is_not_called_and_one_that_cannot_be_read_is_named(
    run: Run, gateway: Database
) -> None:
    off = make_site(enabled=False, disabled_reason="incident")
    Sites(gateway).put(off)
    with gateway.transaction() as session:
        session.add(
            SiteRow(
                site_id="odd",
                issuer="https://odd.example/fhir",
                facts='{"new":1}',
                updated_at=clock.now(),
            )
        )
    with responses.RequestsMock() as mock:
        mock.get(f"{CONSULT}/ready", json={})
        states = _states(run, "gateway")
        assert {call.request.url for call in mock.calls} == {f"{CONSULT}/ready"}
    assert states["EHR north"] == "not checked"
    assert states["EHR odd"] == "smartapp.site_unreadable"


def test_a_demo_whose_ports_were_moved_is_asked_where_it_runs(
    run: Run,
    gateway: Database,
    world: responses.RequestsMock,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CONFER_CONSULT_URL")
    moved = "http://127.0.0.1:9402"
    places = ("http://localhost:9400", "http://127.0.0.1:9401", moved)
    demo_addresses.note(data_dir, places, release="v0001+v0001")
    world.get(f"{moved}/ready", json={})
    assert _states(run, "gateway")["consult server"] == "ok"
    assert demo_addresses.load_settings().gateway_url == "http://127.0.0.1:9401"
    # an address that was set by hand wins
    monkeypatch.setenv("CONFER_GATEWAY_URL", "https://gateway.example")
    assert demo_addresses.load_settings().gateway_url == "https://gateway.example"


def test_wrong_settings_are_all_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFER_MODE", "production")
    said = run("doctor", "gateway")
    assert said.exit_code == 3
    assert "gateway_keyring_file: is required in production" in said.stdout
    assert "runtime.settings_invalid" in said.stdout


def test_what_is_missing_is_named_with_what_to_do(
    run: Run, gateway: Database, world: responses.RequestsMock, data_dir: Path
) -> None:
    with gateway.transaction() as session:
        heartbeats.end(session, ["w"])
    (data_dir / "gateway.keys").unlink()
    states = _states(run, "gateway")
    assert states["gateway worker"] == "runtime.not_ready"
    assert states["gateway key file"] == "runtime.keyring_unusable"
    said = run("doctor", "gateway")
    assert "confer work gateway" in said.stdout
    assert "confer keys new gateway" in said.stdout
    assert said.exit_code == 3


def test_a_key_file_of_another_database_is_noticed(
    run: Run, gateway: Database, world: responses.RequestsMock, data_dir: Path
) -> None:
    (data_dir / "gateway.keys").unlink()
    run("keys", "new", "gateway")
    assert _states(run, "gateway")["gateway signing keys"] == "runtime.ciphertext_refused"


def test_only_others_failing_ends_with_eight(
    run: Run, gateway: Database, world: responses.RequestsMock
) -> None:
    world.replace("GET", f"{CONSULT}/ready", status=503)
    said = run("doctor", "gateway")
    assert said.exit_code == 8
    assert "consult server: unexpected answer, HTTP status 503" in said.stdout


def test_tables_of_an_older_release_are_noticed(run: Run, gateway: Database) -> None:
    with gateway.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM gw_schema_version")
    assert _states(run, "gateway")["gateway schema"] == "runtime.schema_outdated"


def test_a_clock_that_is_off_is_refused_at_thirty_one_seconds() -> None:
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert "agrees" in checkup.clock_agrees(format_datetime(now - timedelta(seconds=30)), now=now)
    with pytest.raises(ClockOff, match="31 s"):
        checkup.clock_agrees(format_datetime(now + timedelta(seconds=31)), now=now)
    assert "does not say" in checkup.clock_agrees("", now=now)


def test_a_database_that_acknowledges_before_it_syncs_is_refused(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'fast.db'}")
    assert "waits for the disk" in checkup.commits_are_safe(database)

    def hurry(connection: object, _record: object, _proxy: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]

    sa.event.listen(database.engine, "checkout", hurry)
    with pytest.raises(DatabaseUnsafe, match="synchronous"):
        checkup.commits_are_safe(database)
    database.dispose()


def test_a_foreign_error_shows_class_and_place_but_not_its_text(
    exit_code: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "gateway.db").write_bytes(b"Marrowby is no database file at all" * 40)
    assert exit_code("db", "check", "gateway") == 70
    printed = capsys.readouterr()
    assert "a bug, at " in printed.err
    assert "Marrowby" not in printed.err + printed.out
