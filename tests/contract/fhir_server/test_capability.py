"""The CapabilityStatement is a promise: everything in it is tried, and nothing else works."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from fhir_server.errors import EngineMisconfigured
from fhir_server.ports import TypeSupport
from fhir_server.search import parameters
from fhir_server.structure.check import check
from runtime.database import Database, open_database
from tests.support import databases, fhir_engine

# A sound value for each parameter type; dates and quantities also show a prefix.
SAMPLES = {
    "token": ("a", "s|a", "|a", "a,b"),
    "string": ("a",),
    "date": ("2026", "ge2026-03-01T10:00:00Z"),
    "reference": ("1", "Patient/1"),
    "quantity": ("5.4", "gt5.4|http://unitsofmeasure.org|mg"),
    "uri": ("http://x.test/p",),
}
MINIMAL: dict[str, dict[str, Any]] = {
    "Patient": {},
    "Task": {"status": "requested", "intent": "order"},
    "Communication": {"status": "completed"},
}
TYPES = parameters.known_types()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("capability")
    opened = open_database(databases.sqlite(folder / "fhir.db", fhir_engine.TABLES))
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def client(database: Database) -> FlaskClient:
    return fhir_engine.app_of(fhir_engine.build(), database).test_client()


def _statement(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/fhir/metadata")
    assert answer.status_code == 200
    statement: dict[str, Any] = answer.get_json(force=True)
    return statement


def _described(client: FlaskClient, resource_type: str) -> dict[str, Any]:
    (found,) = [
        item for item in _statement(client)["rest"][0]["resource"] if item["type"] == resource_type
    ]
    described: dict[str, Any] = found
    return described


def test_the_statement_is_a_valid_resource(client: FlaskClient) -> None:
    statement = _statement(client)
    check(statement, resource_type="CapabilityStatement")
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["implementation"]["url"] == fhir_engine.BASE
    assert {item["code"] for item in statement["rest"][0]["interaction"]} == {
        "transaction",
        "batch",
    }


@pytest.mark.parametrize("resource_type", TYPES)
def test_every_declared_search_parameter_works(client: FlaskClient, resource_type: str) -> None:
    described = _described(client, resource_type)
    assert described["searchParam"]
    for parameter in described["searchParam"]:
        name, kind = parameter["name"], parameter["type"]
        samples = ["2026"] if name == "_lastUpdated" else SAMPLES[kind]
        tries = [(name, text) for text in samples]
        tries += [] if name in ("_id", "_lastUpdated") else [(f"{name}:missing", "true")]
        tries += [("_sort", name), ("_sort", f"-{name}")]
        for key, text in tries:
            answer = client.get(f"/fhir/{resource_type}", query_string={key: text})
            # A reference may never point at a patient: then that one sample does not fit.
            if not (answer.status_code == 400 and text == "Patient/1"):
                assert answer.status_code == 200, (key, text, answer.get_json(force=True))


@pytest.mark.parametrize("resource_type", TYPES)
def test_every_declared_include_works(client: FlaskClient, resource_type: str) -> None:
    described = _described(client, resource_type)
    for kind, name in (("_include", "searchInclude"), ("_revinclude", "searchRevInclude")):
        for text in described.get(name, []):
            answer = client.get(f"/fhir/{resource_type}", query_string={kind: text})
            assert answer.status_code == 200, (kind, text)


@pytest.mark.parametrize("resource_type", sorted(MINIMAL))
def test_every_declared_interaction_works(client: FlaskClient, resource_type: str) -> None:
    declared = {item["code"] for item in _described(client, resource_type)["interaction"]}
    body = {"resourceType": resource_type} | MINIMAL[resource_type]
    created = client.post(f"/fhir/{resource_type}", json=body)
    stored = created.get_json(force=True)
    place = f"/fhir/{resource_type}/{stored['id']}"
    tried = {
        "create": (created.status_code, 201),
        "read": (client.get(place).status_code, 200),
        "vread": (client.get(f"{place}/_history/1").status_code, 200),
        "update": (client.put(place, json=stored).status_code, 200),
        "history-instance": (client.get(f"{place}/_history").status_code, 200),
        "search-type": (client.get(f"/fhir/{resource_type}?_id={stored['id']}").status_code, 200),
    }
    if resource_type == "Patient":
        assert client.get(f"{place}/$everything").status_code == 200
    tried["delete"] = (client.delete(place).status_code, 204)
    assert set(tried) == declared
    assert {name: got for name, (got, _) in tried.items()} == {
        name: wanted for name, (_, wanted) in tried.items()
    }


@pytest.fixture
def narrow(database: Database) -> FlaskClient:
    """A server that offers reading and searching tasks by status, and nothing else."""
    types = {"Task": TypeSupport(interactions=frozenset({"read", "search"}), search=("status",))}
    return fhir_engine.app_of(fhir_engine.build(types=types), database).test_client()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "Task?status=requested", 200),
        ("GET", "Task?intent=order", 400),
        ("GET", "Task?_include=Task:focus", 400),
        ("GET", "Task?_revinclude=Provenance:target", 400),
        ("GET", "Task?_sort=authored-on", 400),
        ("GET", "Task?_has:Task:focus:status=a", 400),
        ("POST", "Task", 405),
        ("PUT", "Task/1", 405),
        ("DELETE", "Task/1", 405),
        ("PATCH", "Task/1", 405),
        ("OPTIONS", "Task", 405),
        ("GET", "Task/1/_history", 405),
        ("GET", "Task/1/_history/1", 405),
        ("GET", "Patient", 404),
        ("GET", "Patient/1/$everything", 404),
        ("GET", "", 405),
        ("GET", "Nonsense/deeply/nested/path", 404),
    ],
)
def test_what_is_not_declared_does_not_work(
    narrow: FlaskClient, method: str, path: str, status: int
) -> None:
    answer = narrow.open(
        f"/fhir/{path}", method=method, json={} if method in ("POST", "PUT") else None
    )
    assert answer.status_code == status
    assert answer.content_type == "application/fhir+json"
    if status >= 400:
        check(answer.get_json(force=True), resource_type="OperationOutcome")


def test_the_narrow_statement_declares_only_that(narrow: FlaskClient) -> None:
    (described,) = _statement(narrow)["rest"][0]["resource"]
    assert [item["code"] for item in described["interaction"]] == ["read", "search-type"]
    assert [item["name"] for item in described["searchParam"]] == ["_id", "_lastUpdated", "status"]
    assert described["conditionalCreate"] is False
    assert "searchInclude" not in described
    assert "operation" not in described


@pytest.mark.parametrize(
    ("name", "support"),
    [
        ("Nonsense", TypeSupport(interactions=frozenset({"read"}))),
        ("Task", TypeSupport(interactions=frozenset({"patch"}))),
        ("Task", TypeSupport(interactions=frozenset({"search"}), search=("colour",))),
        ("Task", TypeSupport(interactions=frozenset({"search"}), includes=("Task:status",))),
        ("Task", TypeSupport(interactions=frozenset({"search"}), includes=("Patient:link",))),
        ("Task", TypeSupport(interactions=frozenset({"search"}), revincludes=("Nonsense:x",))),
        ("Task", TypeSupport(interactions=frozenset({"everything"}))),
    ],
)
def test_registering_what_the_engine_does_not_have_stops_the_start(
    name: str, support: TypeSupport
) -> None:
    with pytest.raises(EngineMisconfigured):
        fhir_engine.build(types={name: support})


def test_a_host_may_offer_less_over_http_than_its_own_code_may_do(database: Database) -> None:
    engine = fhir_engine.build(
        types={"Task": TypeSupport(interactions=frozenset({"read"}))},
        system_interactions=frozenset({"transaction"}),
    )
    client = fhir_engine.app_of(engine, database).test_client()
    task = {"resourceType": "Task", "status": "requested", "intent": "order"}
    entry = {"resource": task, "request": {"method": "POST", "url": "Task"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert _statement(client)["rest"][0]["interaction"] == [{"code": "transaction"}]
    assert client.post("/fhir/", json=bundle | {"type": "batch"}).status_code == 405
    assert client.post("/fhir/", json=bundle).status_code == 405
    with database.transaction() as session:
        done = engine.transaction(session, bundle, caller=fhir_engine.Caller())
    assert done["entry"][0]["response"]["status"] == "201 Created"
