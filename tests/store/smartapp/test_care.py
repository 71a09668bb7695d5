"""What needs a statement cannot leave without it; what is left out is gone; words are kept."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from runtime import audit, settings
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.web.app import create_app
from tests.support.doctor_visitor import Doctor, ask_and_approve, at_launch
from tests.support.gateway import QUESTION, Hospital, hospital

TELLING = {
    **QUESTION,
    "question": "Mother of quintuplets after the plant explosion: safe to wait?",
    "thinking": "She has HIV and is well.",
}


@pytest.fixture
def here(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Hospital]:
    """Pages are the same on every database: SQLite here."""
    with hospital(tmp_path, workers=deid_workers) as made:
        yield made


@pytest.fixture
def doctor(here: Hospital, tmp_path: Path) -> Doctor:
    app: Flask = create_app(here.services, settings.load(overrides={"data_dir": str(tmp_path)}))
    handle, _ = here.launch()
    return at_launch(app, handle)


def asked(doctor: Doctor) -> dict[str, str]:
    """Ask the telling question; return what the form under the preview sends by itself."""
    doctor.get("/ask")
    doctor.post("/ask", **TELLING, include=["problems"])
    page = doctor.get("/preview").text
    found = {
        name: re.search(rf'name="{name}" value="([^"]+)"', page) for name in ("revision", "sha256")
    }
    return {name: match[1] for name, match in found.items() if match}


def test_nothing_leaves_before_consent_and_risk_are_stated(doctor: Doctor, here: Hospital) -> None:
    shown = asked(doctor)
    for said in (
        {},
        {"consent": "hiv"},
        {"risk_seen": "yes"},
        {"consent": "sti", "risk_seen": "yes"},
    ):
        answer = doctor.post("/approve", **shown, looked="yes", **said)
        assert answer.location.endswith("/preview#send")
        assert here.jobs.queued == {}
    doctor.post("/approve", **shown, looked="yes", consent="hiv", risk_seen="yes")
    assert len(here.jobs.queued) == 1


def test_what_was_stated_is_in_the_audit_and_not_in_the_bytes(
    doctor: Doctor, here: Hospital
) -> None:
    shown = asked(doctor)
    doctor.post("/approve", **shown, looked="yes", consent="hiv", risk_seen="yes")
    with here.database.read() as session:
        rows = [row for row in audit.entries(session) if row.event == "case.approved"]
    assert [(row.detail["consent"], row.detail["risk"]) for row in rows] == [("hiv", "high")]


def test_one_click_takes_the_facts_out_and_the_page_stays_there(doctor: Doctor) -> None:
    asked(doctor)
    assert doctor.post("/preview", hide_word="quintuplets").location.endswith("#risk")
    doctor.post("/preview", hide_word="explosion")
    assert doctor.post("/preview", leave_out="sensitive:hiv").location.endswith("#left-out")
    page = doctor.get("/preview").text
    assert "She has <ins" in page
    assert "[not told]" in page
    assert 'name="consent"' not in page
    assert 'name="risk_seen"' not in page
    doctor.post("/preview", put_back="sensitive:hiv")
    assert 'name="consent" value="hiv"' in doctor.get("/preview").text


def test_a_key_that_is_none_of_ours_changes_nothing(doctor: Doctor) -> None:
    asked(doctor)
    doctor.post("/preview", leave_out="../Patient/1")
    assert "Left out by you" not in doctor.get("/preview").text


def test_more_words_than_can_be_hidden_are_told(doctor: Doctor) -> None:
    asked(doctor)
    answer = doctor.post("/preview", more=",".join(f"word{number}" for number in range(101)))
    assert answer.status_code == 422
    assert "Nothing was changed" in answer.text
    assert "word7" not in answer.text
    assert "word7" not in doctor.get("/preview").text


def test_asking_again_after_a_take_back_keeps_the_words(doctor: Doctor) -> None:
    case_id = ask_and_approve(doctor)
    doctor.post(f"/case/{case_id}/take-back")
    assert 'name="again" value="yes"' in doctor.get(f"/case/{case_id}").text
    doctor.post("/new", again="yes")
    assert QUESTION["question"] in doctor.get("/ask").text
