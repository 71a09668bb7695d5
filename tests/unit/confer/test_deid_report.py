"""confer deid: counts and places, never a value, unless somebody at a terminal asks."""

import gzip
import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runtime import audit
from runtime.database import open_database
from tests.unit.confer.conftest import Run

PERSONAS = Path(__file__).resolve().parents[3] / "fixtures" / "personas"
CANARY = PERSONAS / "canary" / "chart.json"
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"family": "Marrowby", "given": ["Adela"]}],
    "birthDate": "1961-04-05",
}


def _canary_words() -> list[str]:
    persona = json.loads((PERSONAS / "canary" / "persona.json").read_text(encoding="utf-8"))
    words: list[str] = persona["canary_words"]
    return words


def _chart(folder: Path, *resources: Any) -> Path:
    path = folder / "chart.json"
    entries = [{"resource": each} for each in (PATIENT, *resources)]
    path.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    return path


def _condition(note: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/p1"},
        "code": {"text": "Hyperkalemia"},
        "note": [{"text": note}],
    }


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_identifier_of_the_canary_is_printed(run: Run, options: tuple[str, ...]) -> None:
    said = run("deid", CANARY, *options)
    assert said.exit_code == 0
    printed = said.output.casefold()
    assert len(_canary_words()) > 10
    assert [word for word in _canary_words() if word.casefold() in printed] == []


def test_counts_name_what_was_removed_and_by_which_rule(run: Run, tmp_path: Path) -> None:
    note = "Adela Marrowby phoned from 617-555-0142 on 2024-03-01."
    found = json.loads(run("deid", _chart(tmp_path, _condition(note)), "--json").stdout)
    assert (found["held"], found["resources_read"], found["resources_sent"]) == (False, 2, 3)
    assert found["removed"]["phone"] == 1
    assert found["rules"]["known.name"] >= 1
    assert found["searched"] > 0
    assert found["hits"] == []


def test_a_held_case_names_the_place_and_ends_with_four(
    run: Run, tmp_path: Path, exit_code: Callable[..., int]
) -> None:
    chart = _chart(tmp_path, _condition("see portal%2FMarr%6Fwby"))
    said = run("deid", chart)
    assert said.exit_code == 4
    assert "HELD" in said.stdout
    assert "Condition/1.note[0].text: name" in said.stdout
    assert "arrowby" not in said.output
    assert exit_code("deid", chart, "--json") == 4


def test_refused_parts_are_listed_with_the_reason(run: Run, tmp_path: Path) -> None:
    wrong = {**_condition("calm"), "modifierExtension": [{"url": "http://x.example/not"}]}
    found = json.loads(run("deid", _chart(tmp_path, wrong), "--json").stdout)
    assert list(found["refused"].values()) == [1]
    assert found["resources_sent"] == 2


def test_a_packed_chart_is_read_like_a_plain_one(run: Run, tmp_path: Path) -> None:
    plain = _chart(tmp_path, _condition("calm"))
    packed = tmp_path / "chart.json.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    key = tmp_path / "key"
    key.write_bytes(bytes(32))
    at = ("--json", "--key-file", key, "--at", "2026-11-24T08:30:00+01:00")
    told = [json.loads(run("deid", each, *at).stdout) for each in (packed, plain)]
    assert [each.pop("file") for each in told] == [str(packed), str(plain)]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("[]", "confer.chart_file_unusable"),
        ('{"resourceType": "Observation"}', "confer.chart_file_unusable"),
        ('{"resourceType": "Bundle"}', "confer.chart_file_unusable"),
        ('{"resourceType": "Bundle", "entry": [{}]}', "confer.chart_file_unusable"),
        ('{"resourceType": "Bundle", "resourceType": "Bundle"}', "runtime.json_refused"),
        ("\x1f\x8b not gzip", "confer.chart_file_unusable"),
        ("not json", "runtime.json_refused"),
    ],
)
def test_a_file_that_is_no_chart_is_refused(
    run: Run, tmp_path: Path, exit_code: Callable[..., int], body: str, code: str
) -> None:
    path = tmp_path / "file"
    path.write_text(body, encoding="latin-1")
    said = run("deid", path)
    assert said.exit_code == 2
    assert said.stdout.startswith(f"failed  {path}: ")
    assert said.stdout.endswith(f"[{code}]\n")
    assert exit_code("deid", path) == 2


def test_values_are_not_shown_where_there_is_no_terminal(run: Run, tmp_path: Path) -> None:
    said = run("deid", _chart(tmp_path, _condition("Adela is calm")), "--show-phi")
    assert said.exit_code == 2
    assert "Adela" not in said.output


def _at_a_terminal(*arguments: object) -> tuple[int, str]:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "confer", *(str(each) for each in arguments)]
    done = subprocess.run(command, stdout=theirs, stderr=theirs, check=False, timeout=60)
    os.close(theirs)
    read = b""
    try:
        while chunk := os.read(ours, 65536):
            read += chunk
    except OSError:  # Linux answers so when the other end is closed
        pass
    os.close(ours)
    return done.returncode, read.decode()


def test_at_a_terminal_values_are_shown_only_when_the_look_can_be_audited(
    run: Run, tmp_path: Path, data_dir: Path
) -> None:
    chart = _chart(tmp_path, _condition("Adela is calm"))
    code, said = _at_a_terminal("deid", chart, "--show-phi")
    assert (code, "Adela" in said) == (3, False)
    run("db", "upgrade", "gateway")
    code, said = _at_a_terminal("deid", chart, "--show-phi")
    assert code == 0
    assert "'Adela' -> '[patient]'" in said
    database = open_database(f"sqlite:///{data_dir / 'gateway.db'}")
    with database.read() as session:
        noted = audit.entries(session, event="cli.phi_shown")
    database.dispose()
    assert len(noted) == 1
    assert noted[0].actor.startswith("os:")
