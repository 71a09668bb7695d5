"""One place of one word comes back, with a coded reason that the audit keeps, not the word."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import audit, json_text, settings
from smartapp.gateway.choices import WHY_GIVEN_BACK, given_back_of, place_key
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.web.app import create_app
from smartapp.web.reasons import WHY
from tests.support.doctor_visitor import Doctor, visit
from tests.support.gateway import QUESTION, Hospital, hospital

TWICE = {**QUESTION, "thinking": "She uses Tidesalt. More Tidesalt hurts, says Marrowby."}


@pytest.fixture
def here(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Hospital]:
    """Pages are the same on every database: SQLite here."""
    with hospital(tmp_path, workers=deid_workers) as made:
        yield made


@pytest.fixture
def doctor(here: Hospital, tmp_path: Path) -> Doctor:
    app = create_app(here.services, settings.load(overrides={"data_dir": str(tmp_path)}))
    return visit(app, here)


def asked(doctor: Doctor) -> list[str]:
    """Ask with a word that stands twice; return the keys of its places."""
    doctor.get("/ask")
    return edited(doctor, TWICE["thinking"])


def edited(doctor: Doctor, thinking: str) -> list[str]:
    doctor.post("/ask", **{**TWICE, "thinking": thinking}, include=["problems"])
    return re.findall(
        r'name="give" value="(\w+)">Give back<span class="cf-vh"> Tidesalt',
        doctor.get("/preview").text,
    )


def back(doctor: Doctor) -> int:
    return doctor.get("/preview").text.count('<ins class="cf-t cf-t--back">Tidesalt')


def words_audited(here: Hospital) -> list[audit.AuditEntry]:
    with here.database.read() as session:
        rows = [row for row in audit.entries(session) if row.event.startswith("word.")]
    return sorted(rows, key=lambda row: row.position)


def test_one_click_gives_back_one_place_and_the_page_stays_there(doctor: Doctor) -> None:
    places = asked(doctor)
    assert len(set(places)) == 2
    answer = doctor.post("/preview", give=places[1], reason="clinical_term")
    assert answer.location.endswith(f"/preview#word-{places[1]}")
    page = doctor.get("/preview").text
    assert f'id="word-{places[1]}"' in page
    assert back(doctor) == 1
    assert re.search(r"<dd[^>]*>0 hidden, 1 given back", page)


def test_the_audit_has_reason_count_and_revision_and_no_word(
    doctor: Doctor, here: Hospital
) -> None:
    places = asked(doctor)
    doctor.post("/preview", give=places[0], reason="clinical_term")
    doctor.get("/preview")
    doctor.post("/preview", give=places[1], reason="other")
    page = doctor.get("/preview").text
    sent = {
        name: re.findall(rf'name="{name}" value="([^"]+)"', page)[0]
        for name in ("revision", "sha256")
    }
    doctor.post("/approve", **sent, looked="yes")
    rows = words_audited(here)
    assert [(row.event, row.detail["reason"], row.detail["given_back"]) for row in rows] == [
        ("word.given_back", "clinical_term", 1),
        ("word.given_back", "other", 2),
    ]
    assert all(row.detail["revision"] and row.subject for row in rows)
    with here.database.read() as session:
        every = list(audit.entries(session))
        assert audit.verify(session).ok
    approved = next(row for row in every if row.event == "case.approved")
    assert approved.detail["given_back"] == 2
    assert approved.detail["given_back.other"] == 1
    assert b"tidesalt" not in json_text.dumps_sorted([dict(row.detail) for row in every]).lower()


@pytest.mark.parametrize("reason", ["", "because", "Tidesalt"])
def test_without_a_coded_reason_nothing_comes_back(
    doctor: Doctor, here: Hospital, reason: str
) -> None:
    place = asked(doctor)[0]
    answer = doctor.post("/preview", give=place, reason=reason)
    assert answer.location.endswith(f"/preview?why={place}#word-{place}")
    assert "Choose a reason" in doctor.get(f"/preview?why={place}").text
    assert back(doctor) == 0
    assert words_audited(here) == []


def test_after_approval_an_old_page_gives_nothing_back(doctor: Doctor, here: Hospital) -> None:
    place = asked(doctor)[0]
    page = doctor.get("/preview").text
    sent = {
        name: re.findall(rf'name="{name}" value="([^"]+)"', page)[0]
        for name in ("revision", "sha256")
    }
    doctor.post("/approve", **sent, looked="yes")
    assert doctor.post("/preview", give=place, reason="other").status_code == 303
    with here.database.read() as session:
        events = [row.event for row in audit.entries(session)]
    assert "case.approved" in events
    assert words_audited(here) == []


def test_a_made_up_key_gives_nothing_back(doctor: Doctor, here: Hospital) -> None:
    asked(doctor)
    known = {"path": "texts.thinking", "token": "Marrowby", "n": 1}
    for key in ("0", "1", "f" * 24, place_key(known), "#send"):
        doctor.post("/preview", give=key, reason="other")
        page = doctor.get("/preview").text
        assert 'cf-t--back">' not in page.partition("Side by side")[2].partition("</ul>")[2]
    assert words_audited(here) == []


def test_an_edit_of_the_text_ends_it_even_when_the_old_words_return(
    doctor: Doctor, here: Hospital
) -> None:
    doctor.post("/preview", give=asked(doctor)[0], reason="ordinary_word")
    assert back(doctor) == 1
    edited(doctor, TWICE["thinking"] + " Today.")
    assert back(doctor) == 0
    edited(doctor, TWICE["thinking"])
    assert back(doctor) == 0
    assert [row.event for row in words_audited(here)] == ["word.given_back", "word.hidden_again"]


def test_a_stored_give_back_without_a_reason_counts_for_nothing() -> None:
    item = {"path": "texts.thinking~0", "token": "Tidesalt", "n": 1}
    assert given_back_of({"given_back": [item]}) == frozenset()
    assert len(given_back_of({"given_back": [{**item, "reason": "other"}]})) == 1


def test_the_page_has_words_for_every_reason_that_counts() -> None:
    assert WHY.keys() == WHY_GIVEN_BACK
