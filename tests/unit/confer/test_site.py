"""confer site: registered from flags or a file, shown without secrets, switched off, removed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from confer.cli import cli
from confer.wiring.ehr_keys import EhrKeys
from runtime.database import open_database
from runtime.keyring import Keyring
from smartapp.store import sites
from tests.unit.confer.conftest import Run

LEAST = (
    "--site-id", "north", "--name", "North Hospital", "--issuer", "https://ehr.example/fhir",
    "--client-id", "confer-app",
)  # fmt: skip
SECRET = "s3cret-canary"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gateway's folder with database and keys, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("gateway")
    environment = {"CONFER_DATA_DIR": str(folder)}
    for words in (("db", "upgrade", "gateway"), ("keys", "new", "gateway")):
        assert CliRunner(env=environment).invoke(cli, words).exit_code == 0
    return folder


@pytest.fixture(autouse=True)
def gateway(prepared: Path, data_dir: Path) -> None:
    """A gateway with a database and keys."""
    shutil.copytree(prepared, data_dir)


def as_json(run: Run, *words: object) -> dict[str, object]:
    done = run("site", *words, "--json")
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_an_ehr_is_registered_listed_changed_switched_and_removed(run: Run) -> None:
    assert run("site", "add", *LEAST).exit_code == 0
    assert [one["state"] for one in as_json(run, "list")["sites"]] == ["open"]  # type: ignore[attr-defined]
    changed = as_json(run, "change", "north", "--vendor", "epic", "--burst", "5")
    assert changed["changed"] == ["burst", "vendor"]
    off = as_json(run, "disable", "north", "--reason", "maintenance")
    assert off["enabled"] is False
    shown = as_json(run, "show", "north")
    assert (shown["state"], shown["disabled_reason"]) == ("disabled", "maintenance")
    assert as_json(run, "enable", "north")["enabled"] is True
    refused = run("site", "remove", "north", "--yes", "--json")
    assert refused.exit_code == 7
    assert json.loads(refused.stdout)["code"] == "smartapp.site_in_use"
    run("site", "disable", "north", "--reason", "leaving")
    assert as_json(run, "remove", "north", "--yes")["removed"] is True
    assert as_json(run, "list")["sites"] == []


def test_what_is_wrong_is_told_by_field_and_reason(run: Run, tmp_path: Path) -> None:
    done = run("site", "add", "--site-id", "N", "--issuer", "http://x.example", "--json")
    assert done.exit_code == 2
    told = {one["field"] for one in json.loads(done.stdout)["problems"]}
    assert told == {"site_id", "name", "client_id"}
    words = run("site", "add", *LEAST, "--issuer", "http://x.example")
    assert words.exit_code == 2
    assert "issuer: must be https" in words.stderr
    broken = tmp_path / "site.toml"
    broken.write_text("= nothing")
    assert run("site", "add", "--file", broken).exit_code == 2


def test_a_file_that_show_prints_registers_the_same_ehr_again(run: Run, tmp_path: Path) -> None:
    run("site", "add", *LEAST, "--open-hours", "Mon-Fri 07:00-19:00", "--frame-origin",
        "https://chart.example", "--requests-per-second", "2.5", "--own-redirect")  # fmt: skip
    printed = run("site", "show", "north", "--toml").stdout
    path = tmp_path / "north.toml"
    path.write_text(printed, encoding="utf-8")
    before = as_json(run, "show", "north")["site"]
    run("site", "disable", "north", "--reason", "leaving")
    run("site", "remove", "north", "--yes")
    assert run("site", "add", "--file", path).exit_code == 0
    assert as_json(run, "show", "north")["site"] == before


def test_options_win_over_the_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(
        'site_id = "north"\nname = "From the file"\nissuer = "https://ehr.example/fhir"\n'
        'client_id = "confer-app"\n'
    )
    run("site", "add", "--file", path, "--name", "From the option")
    assert as_json(run, "show", "north")["site"]["name"] == "From the option"  # type: ignore[index]


def test_a_client_secret_is_read_from_a_file_and_never_printed(
    run: Run, tmp_path: Path, data_dir: Path
) -> None:
    run("site", "add", *LEAST, "--client-auth", "client_secret_basic")
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    done = run("site", "secret", "north", "--file", path)
    shown = run("site", "show", "north")
    assert "kept" in shown.output
    assert SECRET not in done.output + shown.output + run("site", "show", "north", "--json").output
    database = open_database(f"sqlite:///{data_dir / 'gateway.db'}")
    keyring = Keyring.open(data_dir / "gateway.keys", create=False)
    with database.read() as session:
        site = sites.find(session, "north")
    assert site is not None
    # where a launch takes it from
    assert EhrKeys(database=database, keyring=keyring).client_secret(site) == SECRET
    database.dispose()
    assert SECRET.encode() not in (data_dir / "gateway.db").read_bytes()


def test_a_page_link_is_printed_and_every_step_is_audited(
    run: Run, exit_code: Callable[..., int]
) -> None:
    run("site", "add", *LEAST)
    link = as_json(run, "page")
    assert str(link["link"]).startswith("http://127.0.0.1:8401/operate/enter/")
    assert link["seconds"] == 60
    assert json.loads(run("audit", "verify", "gateway", "--json").stdout)["rows"] == 2
    assert exit_code("site", "show", "south") == 6
    assert exit_code("site", "probe", "ftp://ehr.example/fhir") == 2
