"""Over HTTP a FHIR client always gets FHIR JSON, whatever goes wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from fhir_server.blueprint import make_blueprint
from fhir_server.engine import FhirEngine
from fhir_server.errors import Unauthenticated
from fhir_server.messages import FhirAnswer, FhirRequest
from fhir_server.structure.check import check
from runtime.database import Database, open_database
from tests.support import databases, fhir_engine
from tests.support.fhir_engine import Caller

TASK = {"resourceType": "Task", "status": "requested", "intent": "order"}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(databases.sqlite(tmp_path / "fhir.db", fhir_engine.TABLES))


@pytest.fixture
def engine() -> FhirEngine:
    return fhir_engine.build()


@pytest.fixture
def client(engine: FhirEngine, database: Database) -> FlaskClient:
    return fhir_engine.app_of(engine, database).test_client()


def _outcome(answer: Any) -> dict[str, Any]:
    assert answer.content_type == "application/fhir+json"
    outcome: dict[str, Any] = json.loads(answer.data)
    check(outcome, resource_type="OperationOutcome")
    return outcome


def test_base_address_works_with_and_without_a_slash(client: FlaskClient) -> None:
    batch = {"resourceType": "Bundle", "type": "batch"}
    assert client.post("/fhir", json=batch).status_code == 200
    assert client.post("/fhir/", json=batch).status_code == 200


@pytest.mark.parametrize("kind", ["application/json", "application/fhir+json; charset=UTF-8"])
def test_both_json_types_are_read(client: FlaskClient, kind: str) -> None:
    answer = client.post("/fhir/Task", data=json.dumps(TASK), content_type=kind)
    assert answer.status_code == 201
    assert answer.headers["ETag"] == 'W/"1"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_other_body_types_and_answer_types_are_refused(client: FlaskClient) -> None:
    form = client.post("/fhir/Task", data={"status": "requested"})
    assert form.status_code == 415
    _outcome(form)
    xml = client.get("/fhir/Task", headers={"Accept": "application/fhir+xml"})
    assert xml.status_code == 406
    _outcome(xml)
    assert client.get("/fhir/Task?_format=xml").status_code == 406
    assert client.get("/fhir/Task?_format=json", headers={"Accept": "text/x"}).status_code == 200


def test_a_write_without_content_has_no_body_and_no_type(client: FlaskClient) -> None:
    answer = client.post("/fhir/Task", json=TASK, headers={"Prefer": "return=minimal"})
    assert answer.data == b""
    assert "Content-Type" not in answer.headers
    place = answer.headers["Location"].removeprefix("http://fhir.test").partition("/_history")[0]
    assert client.delete(place).status_code == 204


def test_head_answers_like_get_without_a_body(client: FlaskClient) -> None:
    answer = client.head("/fhir/metadata")
    assert (answer.status_code, answer.data) == (200, b"")


@pytest.mark.parametrize("declared", [True, False])
def test_an_oversized_body_is_refused_by_size_alone(
    engine: FhirEngine, database: Database, declared: bool
) -> None:
    app = Flask("tests", static_folder=None)
    blueprint = make_blueprint(engine, database, caller_of=Caller, max_body_bytes=100)
    app.register_blueprint(blueprint, url_prefix="/fhir")
    body = json.dumps(TASK | {"description": "x" * 200}).encode()
    environ = EnvironBuilder(
        "/fhir/Task", method="POST", data=body, content_type="application/json"
    ).get_environ()
    if not declared:  # as a chunked request arrives
        del environ["CONTENT_LENGTH"]
        environ["wsgi.input_terminated"] = True
    answer = app.test_client().open(environ)
    assert answer.status_code == 413
    _outcome(answer)


def test_without_a_caller_every_address_is_closed(engine: FhirEngine, database: Database) -> None:
    def nobody() -> Any:
        raise Unauthenticated()

    app = Flask("tests", static_folder=None)
    app.register_blueprint(make_blueprint(engine, database, caller_of=nobody), url_prefix="/fhir")
    for path in ("Task", "Task/1", "metadata", "Nonsense"):
        answer = app.test_client().get(f"/fhir/{path}")
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        _outcome(answer)


def test_a_bug_says_nothing_and_stores_nothing(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def before_write(self, session: Any, caller: Any, interaction: Any) -> None:
            raise ZeroDivisionError("Quillfeather")

    app = fhir_engine.app_of(fhir_engine.build(hooks=[Broken()]), database)
    answer = app.test_client().post("/fhir/Task", json=TASK)
    assert answer.status_code == 500
    assert _outcome(answer)["issue"] == [{"severity": "error", "code": "exception"}]
    captured = capsys.readouterr()
    assert "Quillfeather" not in captured.out + captured.err
    assert app.test_client().get("/fhir/Task").get_json(force=True)["total"] == 0


def test_the_host_may_answer_in_the_engines_place(engine: FhirEngine, database: Database) -> None:
    seen: list[FhirRequest] = []

    def intercept(request: FhirRequest) -> FhirAnswer | None:
        seen.append(request)
        return FhirAnswer(status=202) if request.method == "POST" else None

    app = Flask("tests", static_folder=None)
    app.register_blueprint(
        make_blueprint(engine, database, caller_of=Caller, intercept=intercept), url_prefix="/fhir"
    )
    client = app.test_client()
    assert client.post("/fhir/", data=b'{"a": 1.50}').status_code == 202
    assert client.get("/fhir/Task?status=a&status=b").status_code == 200
    assert seen[0].body == b'{"a": 1.50}'
    assert seen[1].query == (("status", "a"), ("status", "b"))


def test_neither_request_nor_answer_show_themselves() -> None:
    request = FhirRequest(method="GET", path="Patient/Quillfeather", body=b"Quillfeather")
    answer = FhirAnswer(status=200, resource={"a": "Quillfeather"}, body=b"Quillfeather")
    assert "Quillfeather" not in repr(request) + repr(answer)
