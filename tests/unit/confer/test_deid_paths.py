"""confer deid PATH: files, folders and exports; what is written, what is said, how it ends."""

import base64
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import deid_files
from tests.support.deid_files import bundle, chart, condition, held, patient, write
from tests.unit.confer.conftest import Run

AT = ("--at", "2026-11-24T08:30:00+01:00")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_bytes(bytes(range(32)))
    return path


def test_only_a_verb_written_exactly_so_is_a_verb(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "notes", chart())
    assert "Missing argument" in run("deid", "notes").stderr
    assert run("deid", "./notes").exit_code == 0
    assert run("deid", "--json", "./notes").exit_code == 0
    assert run("deid", "path", "notes").exit_code == 0
    wrong = run("deid", "bundel", "in.json", "out.json")
    assert wrong.exit_code == 2
    assert "bundel" in wrong.stderr


def test_help_is_the_help_of_the_group(run: Run) -> None:
    for words in (("deid", "--help"), ("deid", "-h")):
        said = run(*words)
        assert said.exit_code == 0
        assert all(verb in said.stdout for verb in ("path", "notes", "bundle"))


def test_what_leaves_of_one_chart_is_a_file_for_its_owner_alone(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    said = run("deid", write(tmp_path / "in.json", chart()), "--out", out)
    assert said.exit_code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    body = out.read_text(encoding="utf-8")
    sent = [entry["resource"]["resourceType"] for entry in json.loads(body)["entry"]]
    assert sorted(sent) == ["Condition", "Observation", "Patient"]
    assert [word for word in deid_files.SECRETS if word in body] == []


def test_a_held_chart_leaves_no_file(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert run("deid", write(tmp_path / "in.json", held()), "--out", out).exit_code == 4
    assert not out.exists()
    assert [each.name for each in tmp_path.iterdir()] == ["in.json"]


def test_the_same_key_time_and_input_give_the_same_bytes(
    run: Run, tmp_path: Path, key: Path
) -> None:
    source = write(tmp_path / "in.json", chart())
    bodies = []
    for options in (("--key-file", key), ("--key-file", key), ()):
        out = tmp_path / "out.json"
        assert run("deid", source, "--out", out, *AT, *options).exit_code == 0
        bodies.append(out.read_bytes())
    assert bodies[0] == bodies[1]
    assert bodies[0] != bodies[2]


@pytest.mark.parametrize("body", [b"", b"short", b"x" * 31, b"x" * 5000])
def test_a_key_that_could_be_guessed_is_refused(
    run: Run, tmp_path: Path, exit_code: Callable[..., int], body: bytes
) -> None:
    weak = tmp_path / "weak"
    weak.write_bytes(body)
    source = write(tmp_path / "in.json", chart())
    assert exit_code("deid", source, "--key-file", weak) == 3


def test_a_folder_becomes_a_folder_without_the_names_of_its_files(run: Run, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    write(folder / "Adela_Marrowby.json", chart())
    write(folder / "b.json", held())
    write(folder / "c.json", {"resourceType": "Observation"})
    write(folder / "d.json", chart())
    said = run("deid", folder, "--out", out, "--jobs", "1")
    assert said.exit_code == 4
    assert sorted(each.name for each in out.iterdir()) == ["0001.json", "0004.json"]
    lines = said.stdout.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [
        "passed", "held", "failed", "passed",
    ]  # fmt: skip
    assert "arrowby" not in said.stdout.replace("Adela_Marrowby.json", "")


def test_a_folder_without_charts_is_an_error(exit_code: Callable[..., int], tmp_path: Path) -> None:
    assert exit_code("deid", tmp_path) == 2


def test_an_export_is_put_together_patient_by_patient(run: Run, tmp_path: Path) -> None:
    doctor = {"resourceType": "Practitioner", "id": "d1", "name": [{"family": "Quarrow"}]}
    mine = {**condition("Quarrow saw Adela"), "recorder": {"reference": "Practitioner/d1"}}
    folder = tmp_path / "export"
    folder.mkdir()
    write(folder / "Condition.ndjson", mine, condition("calm", "c2", "Patient/p2"))
    write(folder / "Patient.ndjson", patient(), patient("p2", "Ostrander", "Bo"))
    write(folder / "Practitioner.ndjson", doctor)
    found = json.loads(run("deid", folder, "--json", "--jobs", "1").stdout)
    assert (found["passed"], found["held"], found["failed"]) == (2, 0, 0)
    first, second = found["charts"]
    assert (first["resources_read"], second["resources_read"]) == (3, 2)
    assert sum(first["rules"].values()) == 2
    assert first["line"] == 1
    assert first["file"].endswith("Patient.ndjson")


def test_a_line_that_cannot_be_read_is_named_and_the_others_are_done(
    run: Run, tmp_path: Path
) -> None:
    source = write(tmp_path / "in.ndjson", chart(), held(), chart())
    lost = condition("Adela", "c9", "Patient/nobody")
    with source.open("a", encoding="utf-8") as file:
        file.write(f'\n{{"Adela": tru\n\n{json.dumps(lost)}\n[]\n{{"id": "Adela"}}\n')
    out = tmp_path / "out.ndjson"
    said = run("deid", source, "--out", out, "--jobs", "1")
    assert said.exit_code == 4
    assert len(out.read_bytes().splitlines()) == 2
    told = [line.split(": ")[0].split()[-1] for line in said.stdout.splitlines() if line[0] != " "]
    assert told == [f"{source}:{line}" for line in (1, 2, 3, 4, 7, 8, 6)]
    assert "Adela" not in said.output


def test_charts_are_shared_out_among_processes(run: Run, tmp_path: Path) -> None:
    source = write(tmp_path / "in.ndjson", *(chart() for _ in range(4)))
    found = json.loads(run("deid", source, "--json", "--jobs", "2").stdout)
    assert found["passed"] == 4
    assert [each["line"] for each in found["charts"]] == [1, 2, 3, 4]


def test_strict_ends_with_four_when_a_part_was_refused(run: Run, tmp_path: Path) -> None:
    odd = {**condition("calm"), "modifierExtension": [{"url": "http://x.example/not"}]}
    source = write(tmp_path / "in.json", bundle(patient(), odd))
    assert run("deid", source).exit_code == 0
    assert run("deid", source, "--strict").exit_code == 4


def test_a_file_of_two_patients_is_refused_with_the_way_out(run: Run, tmp_path: Path) -> None:
    two = bundle(patient(), patient("p2", "Ostrander"))
    said = run("deid", write(tmp_path / "in.json", two))
    assert said.exit_code == 2
    assert "2 Patient resources, not one; `confer deid bundle` takes the first" in said.stdout
    assert "Ostrander" not in said.output


def test_what_an_earlier_run_wrote_does_not_pass_for_this_one(
    exit_code: Callable[..., int], tmp_path: Path
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    write(folder / "a.json", chart())
    out.mkdir()
    assert exit_code("deid", folder, "--out", out, "--jobs", "1") == 0
    write(folder / "a.json", held())
    assert exit_code("deid", folder, "--out", out, "--jobs", "1") == 3
    assert [each.name for each in out.iterdir()] == ["0001.json"]


def test_what_is_read_is_never_replaced(exit_code: Callable[..., int], tmp_path: Path) -> None:
    source = write(tmp_path / "in.json", chart())
    before = source.read_bytes()
    assert exit_code("deid", source, "--out", source) == 3
    assert exit_code("deid", "bundle", source, source) == 3
    assert exit_code("deid", "notes", source, source) == 3
    assert source.read_bytes() == before


@pytest.mark.parametrize("policy", ["safe-harbor", "expert-determination", "uk-confidential"])
def test_every_policy_removes_what_names_the_patient(run: Run, tmp_path: Path, policy: str) -> None:
    out = tmp_path / "out.json"
    source = write(tmp_path / "in.json", chart())
    assert run("deid", source, "--policy", policy, "--out", out).exit_code == 0
    body = out.read_text(encoding="utf-8")
    assert [word for word in deid_files.SECRETS if word in body] == []


def test_an_unknown_policy_is_refused(run: Run, tmp_path: Path) -> None:
    assert run("deid", write(tmp_path / "in.json", chart()), "--policy", "none").exit_code == 2


DOCUMENT = """<?xml version="1.0"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <recordTarget><patientRole><id extension="40417731" root="2.16.840.1.113883.19.5"/>
    <patient><name><given>Adela</given><family>Marrowby</family></name>
    <birthTime value="19610405"/></patient></patientRole></recordTarget>
  <component><structuredBody><component><section><title>Plan</title>
    <text>Adela Marrowby was seen. Potassium 6.1.</text></section></component>
  </structuredBody></component>
</ClinicalDocument>"""


def test_a_clinical_document_is_a_chart_of_its_own(run: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "in.xml", tmp_path / "out.json"
    source.write_text(DOCUMENT, encoding="utf-8")
    assert run("deid", source, "--out", out).exit_code == 0
    sent = [entry["resource"] for entry in json.loads(out.read_bytes())["entry"]]
    (note,) = [each for each in sent if each["resourceType"] == "DocumentReference"]
    text = base64.b64decode(note["content"][0]["attachment"]["data"]).decode()
    assert "Potassium 6.1" in text
    assert not any(word in text for word in ("Adela", "Marrowby", "40417731"))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('<Bundle xmlns="http://hl7.org/fhir"><id value="Adela"/></Bundle>', "FHIR in XML"),
        ("<html>Adela</html>", "no clinical document"),
        ("<ClinicalDocument xmlns='urn:hl7-org:v3'>Adela", "no clinical document"),
    ],
)
def test_other_xml_is_refused(run: Run, tmp_path: Path, body: str, told: str) -> None:
    source = tmp_path / "in.xml"
    source.write_text(body, encoding="utf-8")
    said = run("deid", source)
    assert said.exit_code == 2
    assert told in said.stdout
    assert "Adela" not in said.output


def test_a_byte_order_mark_at_the_start_of_a_file_does_no_harm(run: Run, tmp_path: Path) -> None:
    source = write(tmp_path / "in.json", chart())
    source.write_bytes(b"\xef\xbb\xbf" + source.read_bytes())
    assert run("deid", source).exit_code == 0


def test_what_needs_consent_is_left_out_unless_somebody_says_that_it_exists(
    run: Run, tmp_path: Path
) -> None:
    coded = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "B20"}]}
    hiv = {**condition("calm"), "code": coded}
    source, out = write(tmp_path / "in.json", bundle(patient(), hiv)), tmp_path / "out.json"
    told = json.loads(run("deid", source, "--out", out, "--json").stdout)
    assert told["no_consent"] == ["hiv"]
    assert '"B20"' not in out.read_text(encoding="utf-8")
    told = json.loads(run("deid", source, "--out", out, "--json", "--consent", "hiv").stdout)
    assert told["no_consent"] == []
    assert '"B20"' in out.read_text(encoding="utf-8")
    assert run("deid", source, "--consent", "all").exit_code == 2
