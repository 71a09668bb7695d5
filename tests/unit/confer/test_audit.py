"""confer audit verify: an untouched chain is whole, a changed or cut one is named."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime import audit
from runtime.database import Database, open_database
from tests.unit.confer.conftest import Run


@pytest.fixture
def gateway(run: Run, data_dir: Path) -> Iterator[Database]:
    """A gateway's database with three audit rows."""
    run("db", "upgrade", "gateway")
    database = open_database(f"sqlite:///{data_dir / 'gateway.db'}")
    for event in ("one", "two", "three"):
        with database.transaction() as session:
            audit.append(session, event=event, actor="somebody", subject="case")
    yield database
    database.dispose()


def _sql(database: Database, statement: str) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_an_untouched_record_is_whole(run: Run, gateway: Database) -> None:
    said = run("audit", "verify", "gateway")
    assert said.exit_code == 0
    assert "3 audit rows, the chain is whole" in said.stdout
    found = json.loads(run("audit", "verify", "gateway", "--json").stdout)
    assert (found["ok"], found["rows"], found["first_bad"]) == (True, 3, None)
    assert f"head {found['head']}" in said.stdout


def test_a_changed_row_is_named(run: Run, gateway: Database, exit_code: Callable[..., int]) -> None:
    _sql(gateway, "UPDATE runtime_audit SET actor = 'nobody' WHERE position = 2")
    found = run("audit", "verify", "gateway", "--json")
    assert found.exit_code == 7
    assert json.loads(found.stdout)["first_bad"] == 2
    assert "breaks at position 2" in run("audit", "verify", "gateway").stdout
    assert exit_code("audit", "verify", "gateway") == 7


def test_rows_cut_off_with_the_head_show_only_against_a_head_kept_elsewhere(
    run: Run, gateway: Database
) -> None:
    kept = json.loads(run("audit", "verify", "gateway", "--json").stdout)["head"]
    _sql(gateway, "DELETE FROM runtime_audit WHERE position = 3")
    _sql(
        gateway,
        "UPDATE runtime_audit_head SET position = 2,"
        " hash = (SELECT hash FROM runtime_audit WHERE position = 2)",
    )
    assert run("audit", "verify", "gateway").exit_code == 0
    assert run("audit", "verify", "gateway", "--expected-head", kept).exit_code == 7


@pytest.mark.parametrize("head", ["3", "3:short", "x:" + "0" * 64])
def test_a_head_that_verify_never_printed_is_refused(
    run: Run, gateway: Database, head: str
) -> None:
    assert run("audit", "verify", "gateway", "--expected-head", head).exit_code == 2
