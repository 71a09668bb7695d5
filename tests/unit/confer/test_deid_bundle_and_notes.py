"""confer deid bundle and confer deid notes: what measuring programs and scripts rely on."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import deid_files
from tests.support.deid_files import SAY, bundle, chart, condition, held, patient, write
from tests.unit.confer.conftest import Run


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_receipt_is_for_the_bytes_that_were_written(run: Run, tmp_path: Path) -> None:
    out, receipt = tmp_path / "out.json", tmp_path / "receipt.json"
    source = write(tmp_path / "in.json", chart())
    assert run("deid", "bundle", source, out, "--receipt", receipt).exit_code == 0
    told = json.loads(receipt.read_text(encoding="utf-8"))
    assert told["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert told["bytes"] == len(out.read_bytes())
    assert told["gate_passed"] is True
    assert told["policy_id"] == "safe-harbor"
    assert len(told["rules_sha256"]) == 64
    assert told["removed"]["phone"] == 1
    both = out.read_text(encoding="utf-8") + receipt.read_text(encoding="utf-8")
    assert [word for word in deid_files.SECRETS if word in both] == []


def test_the_first_patient_is_the_subject_and_the_others_are_only_hidden(
    run: Run, tmp_path: Path
) -> None:
    both = bundle(patient(), patient("p2", "Ostrander", "Bo"), condition("with Bo Ostrander"))
    out = tmp_path / "out.json"
    said = run("deid", "bundle", write(tmp_path / "in.json", both), out, "--json")
    assert said.exit_code == 0
    assert json.loads(said.stdout)["left_out"] == 1
    body = out.read_text(encoding="utf-8")
    assert "Ostrander" not in body
    assert body.count('"resourceType":"Patient"') == 1


def test_references_by_full_url_resolve_in_what_leaves(run: Run, tmp_path: Path) -> None:
    own = {key: value for key, value in patient().items() if key != "id"}
    urls = [f"urn:uuid:5b0c1f6e-0000-4000-8000-00000000000{n}" for n in range(2)]
    entries = [
        {"fullUrl": urls[0], "resource": own, "request": {"method": "POST", "url": "Patient"}},
        {
            "fullUrl": urls[1],
            "resource": condition("calm", "differs", urls[0]),
            "request": {"method": "POST", "url": "Condition", "ifNoneExist": "identifier=40417731"},
        },
        {"request": {"method": "DELETE", "url": "Patient/40417731"}},
    ]
    source = write(
        tmp_path / "in.json",
        {"resourceType": "Bundle", "type": "transaction", "entry": entries},
    )
    out = tmp_path / "out.json"
    assert run("deid", "bundle", source, out).exit_code == 0
    sent = json.loads(out.read_bytes())["entry"]
    known = {entry["fullUrl"] for entry in sent}
    subjects = [
        entry["resource"]["subject"]["reference"]
        for entry in sent
        if "subject" in entry["resource"]
    ]
    assert len(subjects) == 2
    assert set(subjects) <= known
    body = out.read_text(encoding="utf-8")
    assert "40417731" not in body
    assert "5b0c1f6e" not in body


def test_nested_bundles_are_read_too(run: Run, tmp_path: Path) -> None:
    inner = bundle(patient(), condition("calm"))
    out = tmp_path / "out.json"
    assert run("deid", "bundle", write(tmp_path / "in.json", bundle(inner)), out).exit_code == 0
    assert '"Condition"' in out.read_text(encoding="utf-8")


def test_nothing_is_written_when_the_case_is_held(
    run: Run, tmp_path: Path, exit_code: Callable[..., int]
) -> None:
    out, receipt = tmp_path / "out.json", tmp_path / "receipt.json"
    out.write_text("from before")
    source = write(tmp_path / "in.json", held())
    assert exit_code("deid", "bundle", source, out, "--receipt", receipt) == 4
    assert out.read_text() == "from before"
    assert not receipt.exists()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"resourceType": "Bundle", "entry": {}}, "Bundle.entry: not a list"),
        ({"resourceType": "Bundle", "entry": [7]}, "Bundle.entry[0]: not an entry"),
        (bundle(patient()) | {"entry": [{"resource": patient()}, {}]}, "Bundle.entry[1]: no res"),
        ({"resourceType": "Bundle", "entry": []}, "0 Patient resources"),
        ({"resourceType": "Adela"}, "neither a FHIR Bundle nor a Patient"),
    ],
)
def test_a_broken_bundle_is_refused_at_its_place(
    run: Run, exit_code: Callable[..., int], tmp_path: Path, content: Any, place: str
) -> None:
    source, out = write(tmp_path / "in.json", content), tmp_path / "out.json"
    problem = run("deid", "bundle", source, out).exception
    assert place in str(problem)
    assert "Adela" not in str(problem)
    assert exit_code("deid", "bundle", source, out) == 2
    assert not out.exists()


def _note(text: str = SAY, **more: Any) -> dict[str, Any]:
    return {"id": "n1", "text": text, **more}


@pytest.mark.parametrize(
    "known",
    [
        {"Patient": patient()},
        {"Patient": [patient()], "RelatedPerson": []},
        [patient()],
        patient(),
        bundle(patient()),
    ],
)
def test_the_chart_of_a_note_comes_in_any_usual_shape(run: Run, tmp_path: Path, known: Any) -> None:
    source, out = write(tmp_path / "in.jsonl", _note(chart=known)), tmp_path / "out.jsonl"
    assert run("deid", "notes", source, out, "--explain", "--jobs", "1").exit_code == 0
    (found,) = _lines(out)
    assert {span["rule"] for span in found["spans"]} >= {"known.name"}


def test_a_line_of_the_output_has_id_spans_and_text(run: Run, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", _note(chart={"Patient": patient()}), {**_note(), "id": 2})
    out = tmp_path / "out.jsonl"
    said = run("deid", "notes", source, out, "--json", "--jobs", "1")
    assert json.loads(said.stdout)["notes"] == 2
    found = _lines(out)
    assert [each["id"] for each in found] == ["n1", 2]
    for each in found:
        assert set(each) == {"id", "spans", "text"}
        left = SAY
        for span in reversed(each["spans"]):
            assert set(span) == {"start", "end", "category", "confidence"}
            assert 0 <= span["start"] < span["end"] <= len(SAY)
            left = left[: span["start"]] + left[span["end"] :]
        assert not any(word in left for word in ("Adela", "Marrowby", "0142", "2024"))
        assert not any(word in each["text"] for word in ("Adela", "Marrowby", "0142"))


def test_offsets_count_code_points_of_the_note_as_it_came(run: Run, tmp_path: Path) -> None:
    text = "\U0001f600\u00e9 &amp; Ad\u200bela Marrowby"
    source = write(tmp_path / "in.jsonl", _note(text, chart={"Patient": patient()}))
    out = tmp_path / "out.jsonl"
    assert run("deid", "notes", source, out, "--jobs", "1").exit_code == 0
    (found,) = _lines(out)
    covered = {at for span in found["spans"] for at in range(span["start"], span["end"])}
    start = text.index("Ad")
    assert set(range(start, start + len("Ad\u200bela"))) <= covered
    assert not covered & set(range(text.index("&amp;")))


def test_a_note_in_which_a_known_name_is_left_is_held(run: Run, tmp_path: Path) -> None:
    hidden = _note("see portal%2FMarr%6Fwby", chart={"Patient": patient()})
    source, out = write(tmp_path / "in.jsonl", hidden), tmp_path / "out.jsonl"
    said = run("deid", "notes", source, out, "--jobs", "1")
    (found,) = _lines(out)
    if found["text"]:  # the engine may have learned to take it out itself
        assert "Marr%6Fwby" not in found["text"]
        assert said.exit_code == 0
    else:
        assert said.exit_code == 4
        assert found["held"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"id": "a"', "line 2: not strict JSON"),
        ("[]", "line 2: not an object"),
        ('{"text": "Adela"}', "line 2, id: no id"),
        ('{"id": "a", "text": 7}', "line 2, text: no text"),
        ('{"id": "a", "text": "x", "chart": 7}', "line 2, chart: not FHIR resources"),
        ('{"id": "a", "text": "x", "chart": {"Patient": ["Adela"]}}', "line 2, chart.Patient[0]"),
        ('{"id": "a", "text": "x", "chart": {"Adela M": 7}}', "line 2, chart.(key): not FHIR"),
        ('{"id": "a", "id": "b", "text": "x"}', "line 2: not strict JSON (duplicate_key"),
    ],
)
def test_a_line_that_is_no_note_is_named_and_nothing_is_written(
    run: Run, exit_code: Callable[..., int], tmp_path: Path, line: str, told: str
) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(f"{json.dumps(_note('calm'))}\n{line}\n", encoding="utf-8")
    problem = str(run("deid", "notes", source, out, "--jobs", "1").exception)
    assert told in problem
    assert "Adela" not in problem
    assert exit_code("deid", "notes", source, out, "--jobs", "1") == 2
    assert not out.exists()
