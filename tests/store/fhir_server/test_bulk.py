"""Seeding, $everything and indexing anew."""

from dataclasses import replace
from typing import Any

import pytest

from fhir_server.errors import WriteConflict
from fhir_server.messages import FhirRequest
from fhir_server.store import resources
from tests.support import fhir_engine
from tests.support.fhir_engine import Client


def _chart(patient: str) -> list[dict[str, Any]]:
    subject = {"reference": f"Patient/{patient}"}
    doctor = {"reference": "Practitioner/d"}
    return [
        {"resourceType": "Patient", "id": patient, "birthDate": "1970"},
        {
            "resourceType": "Encounter",
            "id": f"{patient}-e",
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": subject,
            "participant": [{"individual": doctor}],
        },
        {
            "resourceType": "Observation",
            "id": f"{patient}-o",
            "status": "final",
            "code": {"text": "x"},
            "subject": subject,
            "effectiveDateTime": "2026-03-01",
        },
    ]


@pytest.fixture
def charts(client: Client) -> Client:
    directory = [{"resourceType": "Practitioner", "id": "d", "name": [{"family": "Dee"}]}]
    with client.database.transaction() as session:
        stored = client.engine.seed(
            session, [*directory, *_chart("p"), *_chart("q")], lambda _resource: "north"
        )
    assert stored == 7
    return client


def _references(bundle: dict[str, Any]) -> list[str]:
    return [
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in bundle.get("entry", [])
    ]


def test_seeded_resources_keep_their_ids_and_are_found(charts: Client) -> None:
    assert charts.get("Patient/p")["meta"]["versionId"] == "1"
    assert charts.ids("Observation?patient=p&date=2026-03") == ["p-o"]
    assert charts.ids("Encounter?participant=Practitioner/d") == ["p-e", "q-e"]


def test_an_id_that_is_taken_stops_the_seeding(charts: Client) -> None:
    with pytest.raises(WriteConflict), charts.database.transaction() as session:
        charts.engine.seed(session, _chart("z") + _chart("p"), lambda _resource: "north")
    assert charts.send("GET", "Patient/z").status == 404


def test_everything_of_a_patient_and_nothing_of_another(charts: Client) -> None:
    bundle = charts.get("Patient/p/$everything")
    assert _references(bundle) == [
        "Patient/p",
        "Encounter/p-e",
        "Observation/p-o",
        "Practitioner/d",
    ]
    assert bundle["entry"][3]["search"]["mode"] == "include"
    assert charts.send("POST", "Patient/p/$everything").status == 200


def test_everything_can_be_narrowed_and_paged(charts: Client) -> None:
    assert _references(charts.get("Patient/p/$everything?_type=Observation")) == ["Observation/p-o"]
    assert _references(charts.get("Patient/p/$everything?_since=2999-01-01")) == []
    seen: list[str] = []
    target = "Patient/p/$everything?_count=2"
    for _ in range(5):
        bundle = charts.get(target)
        seen += [ref for ref in _references(bundle) if not ref.startswith("Practitioner")]
        following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
        if not following:
            break
        target = following[0]
    assert seen == ["Patient/p", "Encounter/p-e", "Observation/p-o"]


@pytest.mark.parametrize(
    "query", ["_type=Nonsense", "_since=soon", "_count=0", "_count=x", "start=2026", "_type="]
)
def test_other_parameters_of_everything_are_refused(charts: Client, query: str) -> None:
    status = charts.send("GET", f"Patient/p/$everything?{query}").status
    assert status == (200 if query == "_type=" else 400)


def test_everything_shows_only_what_the_caller_may_search(charts: Client) -> None:
    denied = frozenset({"search Observation", "search Practitioner"})
    narrow = replace(charts, caller=replace(charts.caller, denied=denied))
    assert _references(narrow.get("Patient/p/$everything")) == ["Patient/p", "Encounter/p-e"]
    south = replace(charts, caller=replace(charts.caller, tenant="south"))
    assert south.send("GET", "Patient/p/$everything").status == 404
    assert charts.send("GET", "Patient/none/$everything").status == 404


def test_indexing_anew_finds_the_same(charts: Client) -> None:
    with charts.database.transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM fhir_index")
    assert charts.ids("Observation?patient=p") == []
    with charts.database.transaction() as session:
        assert charts.engine.reindex(session) == 7
    assert charts.ids("Observation?patient=p") == ["p-o"]


def test_statistics_stay_after_the_commit(charts: Client) -> None:
    if charts.database.dialect == "sqlite":
        query = "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'fhir_index'"
    else:
        query = "SELECT count(*) FROM pg_stats WHERE tablename = 'fhir_index'"
    with charts.database.read() as session:
        assert session.connection().exec_driver_sql(query).scalar_one() > 0


def test_a_second_engine_reads_the_same_page_links(charts: Client) -> None:
    bundle = charts.get("Encounter?_count=1")
    target = next(link["url"] for link in bundle["link"] if link["relation"] == "next")
    other = replace(charts, engine=fhir_engine.build())
    assert _references(other.get(target)) == ["Encounter/q-e"]


def test_inside_the_hosts_session_links_work_too(client: Client) -> None:
    with client.database.transaction() as session:
        client.engine.seed(session, _chart("p") + _chart("q"), lambda _resource: "north")
        request = FhirRequest(
            method="GET", path="Patient", query=(("_count", "1"),), caller=client.caller
        )
        answer = client.engine.handle(session, request)
    links = (answer.content() or {})["link"]
    target = next(link["url"] for link in links if link["relation"] == "next")
    assert _references(client.get(target)) == ["Patient/q"]
    assert resources.to_millis(resources.from_millis(1_234_567)) == 1_234_567
