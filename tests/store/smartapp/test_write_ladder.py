"""Into the chart by the form that EHR, grant and site allow; else as a copy, marked not filed."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdf
import pytest

from fhir_adapters.capability import WriteClass
from runtime import json_text, settings
from smartapp.errors import TryLater
from smartapp.gateway.answer_pdf import NOT_FILED, pdf_of
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.file_answer import file_answer
from smartapp.store import answers, parked
from smartapp.store.answers import Answer
from smartapp.web.app import create_app
from tests.store.smartapp.conftest import Walk
from tests.support.doctor_visitor import at_launch
from tests.support.gateway import Hospital, MemoryCharts, hospital
from tests.support.memory_fhir import answer as http_answer
from tests.support.memory_fhir import statement
from tests.support.notes import CLASSES

EVERYTHING = ["system/*.cruds"]


@pytest.fixture
def here(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Hospital]:
    """The ladder is the same on every database: SQLite here."""
    with hospital(tmp_path, workers=deid_workers) as made:
        yield made


def _set(walk: Walk, *, granted: list[str] = EVERYTHING, **site: Any) -> None:
    services = walk.here.services
    walk.here.services = replace(services, charts=MemoryCharts(walk.here.chart, granted))
    known = services.sites.every()[0]
    services.sites.put(replace(known, **site))


def _file(walk: Walk, answer: Answer) -> str:
    return file_answer(walk.here.services, answer.case_id, answer.opinion)


def _new(walk: Walk) -> list[str]:
    return [r["resourceType"] for r in walk.here.chart.resources if str(r["id"]).startswith("new-")]


def _parked(walk: Walk, answer: Answer) -> list[str]:
    with walk.here.database.read() as session:
        return [item.reason for item in parked.waiting(session, answer.case_id)]


def test_the_ladder_is_climbed_down_as_ehr_grant_and_site_allow(walk: Walk) -> None:
    answer = walk.answered()
    case_id = answer.case_id

    def again(**changes: Any) -> list[str]:
        """File anew from the beginning into a chart without notes; returns what was written."""
        walk.here.chart.capability = changes.pop("statement", statement())
        _set(walk, **changes)
        walk.here.chart.resources[:] = [
            r for r in walk.here.chart.resources if not str(r["id"]).startswith("new-")
        ]
        with walk.here.database.transaction() as session:
            for item in parked.waiting(session, case_id):
                parked.resolve(session, item.parked_id, resolution="leave", now=answer.received_at)
            answers.move(
                session,
                case_id=case_id,
                opinion=answer.opinion,
                state="received",
                only_from=("written", "parked", "acknowledged"),
                now=answer.received_at,
            )
        _file(walk, answer)
        return _new(walk)

    # the note, and word of it to the asking doctor's inbox
    assert again() == ["DocumentReference", "Communication"]
    assert again(granted=["system/DocumentReference.crs"]) == ["DocumentReference"]
    # only messages are taken: the answer itself goes there
    assert again(statement=statement(create=("Communication",))) == ["Communication"]
    assert walk.here.chart.resources[-1]["payload"][0]["contentString"] == answer.view["note"]
    forms = statement(create=("QuestionnaireResponse",))
    assert again(statement=forms) == []
    assert _parked(walk, answer) == ["not_offered"]
    agreed = ("questionnaire_response", "copy")
    assert again(statement=forms, write_as=agreed) == ["QuestionnaireResponse"]
    assert again(write_as=(), granted=["system/Patient.rs"]) == []
    assert _parked(walk, answer) == ["ehr_access"]
    assert again(write_as=("scratchpad", "copy")) == []
    assert _parked(walk, answer) == ["draft_waits"]
    assert again(write_as=(), write_policy="never") == []
    assert _parked(walk, answer) == ["copy_only"]


def test_a_refused_note_goes_as_a_message_but_never_after_an_unknown_outcome(walk: Walk) -> None:
    answer = walk.answered()
    _set(walk)
    walk.here.chart.fail("POST DocumentReference", lambda: http_answer(422, {}))
    assert _file(walk, answer) == "written"
    assert _new(walk) == ["Communication"]
    with walk.here.database.read() as session:
        stored = answers.find(
            session,
            walk.here.services.keyring,
            case_id=answer.case_id,
            opinion=answer.opinion,
            site_id="north",
        )
    assert stored is not None
    assert stored.rung == "communication"


def test_an_unknown_outcome_holds_its_form_even_when_another_opens(walk: Walk) -> None:
    answer = walk.answered()
    _set(walk, granted=["system/DocumentReference.crs"])
    walk.here.chart.capability = CLASSES[WriteClass.BLIND]
    walk.here.chart.fail("POST DocumentReference", lambda: http_answer(500, {}))
    assert _file(walk, answer) == "parked"
    assert _parked(walk, answer) == ["outcome_unknown"]
    assert _new(walk) == []


def test_a_note_that_may_not_be_read_back_is_never_written_in_another_form(walk: Walk) -> None:
    answer = walk.answered()
    _set(walk)
    walk.here.chart.fail("DocumentReference?", lambda: http_answer(403, {}))
    assert _file(walk, answer) == "parked"
    assert _parked(walk, answer) == ["outcome_unknown"]
    assert _new(walk) == ["DocumentReference"]


def _lose_answer(walk: Walk, answer: Answer) -> None:
    """The first try leaves, nothing is stored, and nobody knows that."""
    walk.here.chart.fail("POST DocumentReference", lambda: http_answer(500, {}))
    with pytest.raises(TryLater):
        _file(walk, answer)


def _die_after_writing(walk: Walk, answer: Answer) -> None:
    class Crash(BaseException):
        """The process dies."""

    def die(name: str) -> None:
        if name == "after_write_before_acknowledge":
            raise Crash

    with pytest.raises(Crash):
        file_answer(replace(walk.here.services, failpoint=die), answer.case_id, answer.opinion)


def test_a_second_try_only_looks_where_the_site_forbids_writing_by_then(walk: Walk) -> None:
    answer = walk.answered()
    _set(walk)
    _lose_answer(walk, answer)
    _set(walk, write_policy="never")
    assert _file(walk, answer) == "parked"
    assert _parked(walk, answer) == ["outcome_unknown"]
    assert _new(walk) == []


def test_a_note_that_arrived_is_found_although_the_site_forbids_writing_by_then(walk: Walk) -> None:
    answer = walk.answered()
    _set(walk)
    _die_after_writing(walk, answer)
    _set(walk, write_policy="never")
    assert _file(walk, answer) == "written"
    assert _new(walk) == ["DocumentReference"]


def _corrected(walk: Walk, answer: Answer) -> Answer:
    newer = replace(answer, opinion=f"{answer.opinion}2", number=answer.number + 1)
    with walk.here.database.transaction() as session:
        assert answers.add(session, walk.here.services.keyring, newer)
    return newer


def test_a_correction_waits_until_it_is_known_whether_the_older_answer_arrived(walk: Walk) -> None:
    answer = walk.answered()
    _set(walk)
    _die_after_writing(walk, answer)
    newer = _corrected(walk, answer)
    with pytest.raises(TryLater):
        _file(walk, newer)
    assert _file(walk, answer) == "written"
    assert _file(walk, newer) == "written"
    written = [r for r in walk.here.chart.resources if str(r["id"]).startswith("new-")]
    old, new = (r for r in written if r["resourceType"] == "DocumentReference")
    assert new["relatesTo"][0]["code"] == "replaces"
    assert new["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{old['id']}"


def test_an_older_answer_that_never_arrived_is_not_written_after_its_correction(walk: Walk) -> None:
    answer = walk.answered()
    _set(walk, granted=["system/DocumentReference.crs"])
    _lose_answer(walk, answer)
    newer = _corrected(walk, answer)
    assert _file(walk, answer) == "superseded"
    assert _file(walk, newer) == "written"
    assert _new(walk) == ["DocumentReference"]


def test_filing_again_remembers_its_form(walk: Walk) -> None:
    answer = walk.answered()
    _set(walk, granted=["system/Patient.rs"])
    assert _file(walk, answer) == "parked"
    with walk.here.database.transaction() as session:
        answers.move(
            session,
            case_id=answer.case_id,
            opinion=answer.opinion,
            state="writing",
            only_from=("parked",),
            now=answer.received_at,
        )
    _set(walk)
    _lose_answer(walk, answer)
    assert walk.answer(answer.case_id).rung == "document_reference"


def test_the_copy_is_marked_as_not_filed_and_offers_a_draft_where_the_ehr_takes_one(
    walk: Walk, tmp_path: Path
) -> None:
    answer = walk.answered()
    _set(walk, write_policy="never", frame_origins=("https://chart.example",))
    assert _file(walk, answer) == "parked"
    services = walk.here.services
    app = create_app(services, settings.load(overrides={"data_dir": str(tmp_path)}))
    doctor = at_launch(app, walk.handle)
    page = f"/case/{answer.case_id}"
    assert "Not filed in the chart" in doctor.get(f"{page}/text").text
    file = doctor.get(f"{page}/answer.pdf")
    assert file.mimetype == "application/pdf"
    assert "Marrowby" not in str(file.headers)
    text = "".join(one.extract_text() for one in pypdf.PdfReader(io.BytesIO(file.data)).pages)
    assert NOT_FILED in text
    assert "Adela Ruth Marrowby" in text
    draft = json_text.loads(doctor.get(f"{page}/draft").data)
    assert (draft["docStatus"], draft["subject"]["reference"]) == (
        "preliminary",
        f"Patient/{walk.here.patient_id}",
    )
    assert 'id="draft"' not in doctor.get(f"{page}/answer").text


def test_a_pdf_draws_markup_as_characters_wraps_anything_and_is_the_same_every_time() -> None:
    made_at = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    hostile = (
        "BOTTOM LINE\n<img src='file:///etc/passwd'> <a href='https://evil.example/'>x</a>\n"
        + "W" * 900
        + "\nŁukasz Żółć, Σωκράτης, Пётр\n"
        + "A line.\n" * 200
    )
    first = pdf_of(hostile, made_at=made_at, mark=NOT_FILED)
    assert first == pdf_of(hostile, made_at=made_at, mark=NOT_FILED)
    read = pypdf.PdfReader(io.BytesIO(first))
    text = "".join(page.extract_text() for page in read.pages)
    assert "<img src='file:///etc/passwd'>" in text
    assert "Łukasz Żółć, Σωκράτης, Пётр" in text
    assert text.count(NOT_FILED) == len(read.pages) + 1
    for page in read.pages:
        assert "/Annots" not in page
    assert b"/URI" not in first
    assert b"/EmbeddedFile" not in first
