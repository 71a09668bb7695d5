"""confer db and confer keys: made, checked, never replaced by mistake."""

import json
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from confer.errors import DatabaseMissing, KeyFileExists, SigningKeyNeeded, SigningKeyUnknown
from confer.programs import ProgramName
from runtime import clock
from runtime.database import open_database
from runtime.errors import KeyringUnusable, SchemaOutdated
from runtime.keyring import Keyring
from tests.unit.confer.conftest import Run

BOTH: tuple[ProgramName, ...] = ("gateway", "consult")


@pytest.mark.parametrize("program", BOTH)
def test_upgrade_makes_the_tables_and_check_then_agrees(run: Run, program: ProgramName) -> None:
    made = json.loads(run("db", "upgrade", program, "--json").stdout)
    assert (made["program"], made["dialect"]) == (program, "sqlite")
    checked = run("db", "check", program, "--json")
    assert checked.exit_code == 0
    assert json.loads(checked.stdout) == made


def test_upgrade_can_be_repeated(run: Run) -> None:
    first, second = (run("db", "upgrade", "gateway") for _ in range(2))
    assert (second.exit_code, second.stdout) == (0, first.stdout)
    assert "up to date" in second.stdout


def test_check_makes_no_empty_database(
    run: Run, exit_code: Callable[..., int], data_dir: Path
) -> None:
    assert isinstance(run("db", "check", "gateway").exception, DatabaseMissing)
    assert exit_code("db", "check", "gateway") == 3
    assert not data_dir.exists()


def test_check_tells_of_missing_tables_and_of_a_missing_migration(
    run: Run, exit_code: Callable[..., int], data_dir: Path
) -> None:
    url = f"sqlite:///{data_dir / 'gateway.db'}"
    run("db", "upgrade", "gateway")
    database = open_database(url)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM gw_schema_version")
    assert isinstance(run("db", "check", "gateway").exception, SchemaOutdated)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE runtime_audit")
    assert exit_code("db", "check", "gateway") == 3
    database.dispose()


@pytest.mark.parametrize("program", BOTH)
def test_a_key_file_is_made_once_and_for_its_owner_only(
    run: Run, data_dir: Path, program: ProgramName
) -> None:
    assert run("keys", "new", program).exit_code == 0
    path = data_dir / f"{program}.keys"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert isinstance(run("keys", "new", program).exception, KeyFileExists)
    assert path.read_bytes() == before


def test_what_was_encrypted_stays_readable_after_a_rotation(run: Run, data_dir: Path) -> None:
    run("keys", "new", "gateway")
    path = data_dir / "gateway.keys"
    place = {"tenant": "t", "table": "t", "row": "r", "column": "c"}
    sealed = Keyring.open(path, create=False).encrypt(b"word", **place)
    key = json.loads(run("keys", "rotate", "gateway", "--json").stdout)["key"]
    rotated = Keyring.open(path, create=False)
    assert rotated.decrypt(sealed, **place) == b"word"
    assert not rotated.is_current(sealed)
    assert key.encode() in rotated.encrypt(b"word", **place)


def test_there_is_nothing_to_rotate_without_a_key_file(run: Run) -> None:
    assert isinstance(run("keys", "rotate", "gateway").exception, KeyringUnusable)


@pytest.mark.parametrize("command", [("db", "upgrade"), ("db", "check"), ("keys", "new")])
def test_a_program_that_does_not_exist_is_refused(
    exit_code: Callable[..., int], command: tuple[str, str]
) -> None:
    assert exit_code(*command, "ehr") == 2


def test_published_keys_are_public_and_differ_between_ehr_and_network(run: Run) -> None:
    run("keys", "new", "gateway")
    run("db", "upgrade", "gateway")
    ehr, network = (
        json.loads(run("keys", "publish", "--for", receiver).stdout)["keys"]
        for receiver in ("ehr", "network")
    )
    assert {key["alg"] for key in ehr} == {"RS384", "ES384"}
    assert [key["alg"] for key in network] == ["ES384"]
    assert not any("d" in key for key in (*ehr, *network))
    assert not {key["kid"] for key in ehr} & {key["kid"] for key in network}
    again = json.loads(run("keys", "publish", "--for", "ehr").stdout)["keys"]
    assert again == ehr


def test_the_next_key_for_ehrs_is_published_before_it_signs(run: Run) -> None:
    run("keys", "new", "gateway")
    run("db", "upgrade", "gateway")
    run("keys", "publish", "--for", "ehr")
    first = {line["alg"]: line["kid"] for line in _listed(run) if line["state"] == "signs"}
    assert set(first) == {"RS384", "ES384"}
    assert isinstance(run("keys", "retire", first["ES384"]).exception, SigningKeyNeeded)
    made = json.loads(run("keys", "announce", "--alg", "ES384", "--hours", "2", "--json").stdout)
    assert {line["kid"]: line["state"] for line in _listed(run)} == {
        made["kid"]: "announced",
        first["ES384"]: "signs",
        first["RS384"]: "signs",
    }
    published = json.loads(run("keys", "publish", "--for", "ehr").stdout)["keys"]
    assert {key["kid"] for key in published} == {made["kid"], *first.values()}
    assert isinstance(run("keys", "retire", first["ES384"]).exception, SigningKeyNeeded)
    with time_machine.travel(clock.now() + timedelta(hours=3)):
        assert {line["kid"]: line["state"] for line in _listed(run)} == {
            made["kid"]: "signs",
            first["ES384"]: "replaced",
            first["RS384"]: "signs",
        }
        assert run("keys", "retire", first["ES384"]).exit_code == 0
        published = json.loads(run("keys", "publish", "--for", "ehr").stdout)["keys"]
    assert {key["kid"] for key in published} == {made["kid"], first["RS384"]}
    assert isinstance(run("keys", "retire", "no-such-key").exception, SigningKeyUnknown)


def _listed(run: Run) -> list[dict[str, str]]:
    lines: list[dict[str, str]] = json.loads(run("keys", "list", "--json").stdout)["keys"]
    return lines
