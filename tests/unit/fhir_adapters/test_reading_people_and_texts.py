"""Texts and people that a chart only refers to."""

import base64
import threading
from typing import Any

import pytest

from fhir_adapters.attachments import remote_texts, with_texts
from fhir_adapters.chart import Reason, SectionName
from fhir_adapters.paging import Limits
from fhir_adapters.reading import ReadOptions
from runtime.outbound import OutboundAnswer
from tests.support.charts import (
    category,
    entry,
    ids,
    note,
    read,
)
from tests.support.memory_fhir import MemoryFhirSession, answer, statement


def test_texts_kept_elsewhere_are_put_beside_their_address(session: MemoryFhirSession) -> None:
    snapshot = read(session)
    note_2 = next(r for r in snapshot.by_section[SectionName.NOTES] if r["id"] == "n-2")
    attachment = note_2["content"][0]["attachment"]
    assert base64.b64decode(attachment["data"]) == b"second"
    assert attachment["url"] == "Binary/note-2"
    report = snapshot.by_section[SectionName.REPORTS][0]
    assert base64.b64decode(report["presentedForm"][0]["data"]) == b"<p>x</p>"
    original = next(r for r in session.resources if r["id"] == "n-2")
    assert "data" not in original["content"][0]["attachment"]


@pytest.mark.parametrize(
    "attachment",
    [
        {"url": "https://evil.example/Binary/1"},
        {"url": "Binary/missing"},
        {"url": "Binary/broken"},
        {"url": "Binary/huge"},
    ],
)
def test_a_text_that_cannot_be_had_makes_its_section_incomplete(
    session: MemoryFhirSession, attachment: dict[str, Any]
) -> None:
    session.resources += [
        note("n-9", **attachment),
        {"resourceType": "Binary", "id": "broken", "data": "%%%"},
        {"resourceType": "Binary", "id": "huge", "data": "QUFB" * 1000},
    ]
    section = read(session, limits=Limits(attachment_bytes=100)).section(SectionName.NOTES)
    assert (section.state, section.reason, section.count) == (
        "incomplete",
        Reason.ATTACHMENT,
        3,
    )
    assert not [path for _, path in session.calls if "evil" in path]


def test_a_text_may_come_raw(session: MemoryFhirSession) -> None:
    session.fail("Binary/note-2", lambda: answer(200, b"raw text", content_type="text/plain"))
    notes = read(session).by_section[SectionName.NOTES]
    data = next(n for n in notes if n["id"] == "n-2")["content"][0]["attachment"]["data"]
    assert base64.b64decode(data) == b"raw text"


def test_a_picture_is_fetched_and_may_be_larger_than_a_text(session: MemoryFhirSession) -> None:
    photo = b"\xff\xd8\xff" + bytes(500)
    session.resources.append(note("n-9", url="Binary/photo", contentType="image/jpeg"))
    session.fail("Binary/photo", lambda: answer(200, photo, content_type="image/jpeg"))
    limits = Limits(attachment_bytes=100, picture_bytes=1000)
    notes = read(session, limits=limits).by_section[SectionName.NOTES]
    data = next(n for n in notes if n["id"] == "n-9")["content"][0]["attachment"]["data"]
    assert base64.b64decode(data) == photo


def test_films_and_odd_attachments_are_left_where_they_are(
    session: MemoryFhirSession,
) -> None:
    session.resources += [
        note("n-9", url="Binary/x", contentType="video/mp4"),
        note("n-10", url=7),
        entry("DocumentReference", "n-11", category=category("clinical-note"), content=["x", {}]),
        entry("DocumentReference", "n-12", category={"coding": ["x"]}, content="x"),
    ]
    snapshot = read(session)
    assert snapshot.section(SectionName.NOTES).state == "complete"
    assert not [path for _, path in session.calls if path == "Binary/x"]


def test_the_number_of_texts_has_an_end(session: MemoryFhirSession) -> None:
    session.resources += [note(f"n-{i}", url="Binary/note-2") for i in range(10, 20)]
    section = read(session, limits=Limits(attachments=4)).section(SectionName.NOTES)
    assert section.reason is Reason.ATTACHMENT


def test_a_text_after_the_end_of_time_is_not_fetched(session: MemoryFhirSession) -> None:
    original = session.get
    over = threading.Event()

    def slow(address: str, *args: Any, **kwargs: Any) -> OutboundAnswer:
        if address.startswith("DocumentReference"):
            over.wait(0.25)
        return original(address, *args, **kwargs)

    session.get = slow  # type: ignore[method-assign]
    snapshot = read(session, limits=Limits(seconds=0.2))
    assert snapshot.section(SectionName.NOTES).reason is Reason.OUT_OF_TIME
    assert snapshot.section(SectionName.CARE_TEAM).reason is Reason.OUT_OF_TIME


def test_people_are_fetched_together_where_ids_can_be_searched(
    session: MemoryFhirSession,
) -> None:
    read(session)
    people = [path for _, path in session.calls if path.startswith("Practitioner")]
    assert len(people) == 1
    assert people[0].startswith("Practitioner?_id=d-")


def test_people_are_fetched_one_by_one_elsewhere(session: MemoryFhirSession) -> None:
    session.capability = statement(by_id=False)
    snapshot = read(session)
    assert ids(snapshot, SectionName.CARE_TEAM) == {"d-1", "d-9", "org-1"}
    people = {path for _, path in session.calls if path.startswith("Practitioner")}
    assert people == {"Practitioner/d-1", "Practitioner/d-9"}


@pytest.mark.parametrize("by_id", [True, False])
def test_somebody_who_cannot_be_read_is_reported(session: MemoryFhirSession, by_id: bool) -> None:
    session.capability = statement(by_id=by_id)
    session.resources = [r for r in session.resources if r["id"] != "d-9"]
    section = read(session).section(SectionName.CARE_TEAM)
    assert (section.state, section.reason) == ("incomplete", Reason.REFERENCE)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (lambda: answer(403), Reason.FORBIDDEN),
        (lambda: answer(200, {"resourceType": "Organization", "id": "other"}), Reason.REFERENCE),
    ],
)
def test_a_person_who_is_forbidden_or_wrong_is_reported(
    session: MemoryFhirSession, fault: Any, reason: Reason
) -> None:
    session.fail("Organization/org-1", fault)
    assert read(session).section(SectionName.CARE_TEAM).reason is reason


def test_the_doctor_who_asks_is_read_though_the_chart_does_not_name_them(
    session: MemoryFhirSession,
) -> None:
    session.resources.append({"resourceType": "Practitioner", "id": "junior"})
    snapshot = read(session, options=ReadOptions(also_named=("Practitioner/junior",)))
    assert "junior" in ids(snapshot, SectionName.CARE_TEAM)


def test_a_missing_drug_is_reported_with_the_medications(session: MemoryFhirSession) -> None:
    session.fail("Medication/drug-1", lambda: answer(404))
    assert read(session).section(SectionName.MEDICATIONS).reason is Reason.REFERENCE


def test_people_that_came_along_are_not_fetched_again(session: MemoryFhirSession) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 1,
        "entry": [
            {
                "resource": entry(
                    "Procedure", "p", performer=[{"actor": {"reference": "Location/l"}}]
                ),
                "search": {"mode": "match"},
            },
            {"resource": {"resourceType": "Location", "id": "l"}, "search": {"mode": "include"}},
        ],
    }
    session.fail("Procedure", lambda: answer(200, bundle))
    snapshot = read(session)
    assert "l" in ids(snapshot, SectionName.CARE_TEAM)
    assert not [path for _, path in session.calls if path.startswith("Location")]
    assert snapshot.section(SectionName.PROCEDURES).state == "complete"


def test_somebody_who_came_along_twice_is_kept_once(session: MemoryFhirSession) -> None:
    for name, found in (("Procedure", "p"), ("Condition", "c")):
        bundle = {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [
                {"resource": entry(name, found)},
                {"resource": {"resourceType": "Location", "id": "l"}},
            ],
        }
        session.fail(name, lambda sent=bundle: answer(200, sent))
    team = read(session).by_section[SectionName.CARE_TEAM]
    assert [r["id"] for r in team].count("l") == 1


def test_the_number_of_people_has_an_end(session: MemoryFhirSession) -> None:
    section = read(session, limits=Limits(references=1)).section(SectionName.CARE_TEAM)
    assert section.reason is Reason.REFERENCE


def test_references_elsewhere_are_not_followed(session: MemoryFhirSession) -> None:
    session.resources.append(
        entry(
            "Condition",
            "c-9",
            asserter={"reference": "https://evil.example/fhir/Practitioner/1"},
            recorder={"reference": "#contained"},
            encounter={"reference": "Encounter/e-7"},
            note=[{"reference": 7}],
        )
    )
    assert read(session).is_complete
    assert not [path for _, path in session.calls if "evil" in path or "e-7" in path]


def test_a_media_resource_holds_one_picture_without_a_list() -> None:
    media = entry("Media", "m-1", content={"contentType": "image/png", "url": "Binary/m-1"})
    (wanted,), foreign = remote_texts(media, base_url="https://ehr.example/fhir")
    assert (wanted.index, wanted.is_picture, foreign) == (0, True, 0)
    filled = with_texts(media, {0: b"pixels"})
    assert base64.b64decode(filled["content"]["data"]) == b"pixels"
    assert "data" not in media["content"]
