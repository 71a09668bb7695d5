"""Create, read, update, delete and history of one resource."""

from dataclasses import replace
from typing import Any

import pytest

from runtime import json_text
from tests.support.fhir_engine import BASE, Client

TASK: dict[str, Any] = {"resourceType": "Task", "status": "requested", "intent": "order"}


def _code(answer: Any) -> str:
    content = answer.content()
    return str(content["issue"][0]["details"]["coding"][0]["code"])


def test_a_create_answers_where_the_resource_is(client: Client) -> None:
    answer = client.send("POST", "Task", TASK | {"id": "mine", "meta": {"versionId": "9"}})
    stored = answer.content()
    assert stored is not None
    assert answer.status == 201
    assert stored["id"] != "mine"
    assert stored["meta"]["versionId"] == "1"
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["location"] == f"{BASE}/Task/{stored['id']}/_history/1"
    assert answer.headers["last-modified"].endswith("GMT")
    assert client.get(f"Task/{stored['id']}") == stored


def test_decimals_and_unicode_are_kept_as_written(client: Client) -> None:
    body = (
        '{"resourceType":"Observation","status":"final","code":{"text":"Größe ½ 漢"},'
        '"valueQuantity":{"value":1.50},"component":[{"code":{"text":"x"},'
        '"valueQuantity":{"value":100000000000000000000.10}}]}'
    ).encode()
    answer = client.send("POST", "Observation", body)
    assert answer.status == 201
    read = client.send("GET", f"Observation/{(answer.content() or {})['id']}")
    assert b'"value":1.50}' in read.body
    assert b'"value":100000000000000000000.10}' in read.body
    assert "Größe ½ 漢".encode() in read.body


def test_meta_of_the_sender_is_kept_but_version_and_time_are_ours(client: Client) -> None:
    meta = {"security": [{"system": "s", "code": "R"}], "profile": ["http://x.test/p"]}
    stored = client.create(TASK | {"meta": meta})
    assert stored["meta"]["security"] == meta["security"]
    assert stored["meta"]["profile"] == meta["profile"]
    assert client.ids("Task?_security=s|R") == [stored["id"]]


@pytest.mark.parametrize(("preference", "has_body"), [("minimal", False), ("representation", True)])
def test_the_caller_chooses_what_a_write_returns(
    client: Client, preference: str, has_body: bool
) -> None:
    answer = client.send("POST", "Task", TASK, headers={"prefer": f"return={preference}"})
    assert bool(answer.body) == has_body
    assert answer.headers["etag"] == 'W/"1"'


def test_an_outcome_can_be_asked_for(client: Client) -> None:
    answer = client.send("POST", "Task", TASK, headers={"prefer": "return=OperationOutcome"})
    assert (answer.content() or {})["resourceType"] == "OperationOutcome"


def test_an_update_makes_the_next_version_and_keeps_the_old_one(client: Client) -> None:
    stored = client.create(TASK)
    changed = stored | {"status": "accepted"}
    answer = client.send("PUT", f"Task/{stored['id']}", changed, headers={"if-match": 'W/"1"'})
    assert answer.status == 200
    assert answer.headers["etag"] == 'W/"2"'
    assert client.get(f"Task/{stored['id']}")["status"] == "accepted"
    assert client.get(f"Task/{stored['id']}/_history/1")["status"] == "requested"
    assert client.ids("Task?status=requested") == []
    assert client.ids("Task?status=accepted") == [stored["id"]]


def test_a_stale_update_is_refused_and_changes_nothing(client: Client) -> None:
    stored = client.create(TASK)
    path = f"Task/{stored['id']}"
    client.send("PUT", path, stored | {"status": "accepted"})
    late = client.send("PUT", path, stored | {"status": "rejected"}, headers={"if-match": "1"})
    assert (late.status, _code(late)) == (412, "fhir_server.version_conflict")
    assert client.get(path)["status"] == "accepted"


@pytest.mark.parametrize(
    ("path", "change", "status"),
    [
        ("Task/other", {}, 400),
        ("Task/{id}", {"resourceType": "Patient"}, 400),
        ("Task/{id}", {"status": 5}, 422),
        ("Task/{id}", {"foo": 1}, 422),
    ],
)
def test_a_wrong_update_is_refused(
    client: Client, path: str, change: dict[str, Any], status: int
) -> None:
    stored = client.create(TASK)
    answer = client.send("PUT", path.format(id=stored["id"]), stored | change)
    assert answer.status == status
    assert client.get(f"Task/{stored['id']}") == stored


def test_ids_are_ours_unless_the_type_allows_the_clients(client: Client) -> None:
    assert client.send("PUT", "Task/new", TASK | {"id": "new"}).status == 405
    patient = {"resourceType": "Patient", "id": "new"}
    assert client.send("PUT", "Patient/new", patient).status == 201
    assert client.send("PUT", "Patient/new", patient, headers={"if-match": "7"}).status == 412
    fresh = {"resourceType": "Patient", "id": "fresh"}
    assert client.send("PUT", "Patient/fresh", fresh, headers={"if-match": "1"}).status == 412


def test_a_deleted_resource_is_gone_but_its_history_stays(client: Client) -> None:
    stored = client.create(TASK)
    path = f"Task/{stored['id']}"
    assert client.send("DELETE", path).status == 204
    gone = client.send("GET", path)
    assert (gone.status, _code(gone)) == (410, "fhir_server.resource_gone")
    assert client.send("DELETE", path).status == 204
    assert client.send("GET", f"{path}/_history/2").status == 410
    assert client.get(f"{path}/_history/1")["status"] == "requested"
    assert client.ids("Task") == []
    history = client.get(f"{path}/_history")
    assert [entry["request"]["method"] for entry in history["entry"]] == ["DELETE", "POST"]
    assert "resource" not in history["entry"][0]
    assert client.send("PUT", path, stored).status == 410


def test_a_deleted_patient_comes_back_by_update(client: Client) -> None:
    patient = {"resourceType": "Patient", "id": "p"}
    client.send("PUT", "Patient/p", patient)
    client.send("DELETE", "Patient/p")
    answer = client.send("PUT", "Patient/p", patient)
    assert (answer.status, answer.headers["etag"]) == (201, 'W/"3"')


def test_a_stale_delete_is_refused(client: Client) -> None:
    stored = client.create(TASK)
    path = f"Task/{stored['id']}"
    client.send("PUT", path, stored)
    assert client.send("DELETE", path, headers={"if-match": 'W/"1"'}).status == 412
    assert client.send("DELETE", path, headers={"if-match": 'W/"2"'}).status == 204


def test_history_is_newest_first_and_paged(client: Client) -> None:
    stored = client.create(TASK)
    path = f"Task/{stored['id']}"
    for _ in range(4):
        client.send("PUT", path, stored)
    seen: list[str] = []
    target = f"{path}/_history?_count=2"
    for _ in range(10):
        page = client.get(target)
        assert page["total"] == 5
        seen += [entry["resource"]["meta"]["versionId"] for entry in page["entry"]]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            break
        target = following[0]
    assert seen == ["5", "4", "3", "2", "1"]


def test_a_known_version_is_not_sent_again(client: Client) -> None:
    stored = client.create(TASK)
    path = f"Task/{stored['id']}"
    same = client.send("GET", path, headers={"if-none-match": 'W/"1"'})
    assert (same.status, same.body) == (304, b"")
    assert client.send("GET", path, headers={"if-none-match": 'W/"2"'}).status == 200


@pytest.mark.parametrize("path", ["Task/none", "Task/none/_history", "Task/none/_history/1"])
def test_an_unknown_id_is_not_found(client: Client, path: str) -> None:
    answer = client.send("GET", path)
    assert (answer.status, _code(answer)) == (404, "fhir_server.unknown_resource")
    assert client.send("DELETE", "Task/none").status == 404


def test_an_unknown_version_is_not_found(client: Client) -> None:
    stored = client.create(TASK)
    for version in ("0", "2", "x", "99999999999"):
        assert client.send("GET", f"Task/{stored['id']}/_history/{version}").status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"\xef\xbb\xbf{}", 400),
        (b'{"resourceType":"Task","status":"requested","status":"draft","intent":"order"}', 400),
        (b'{"a":' * 100 + b"1" + b"}" * 100, 400),
        (b'{"resourceType":"Task","intent":"order","status":NaN}', 400),
        (b"{}", 422),
        (b'{"resourceType":7}', 422),
    ],
)
def test_a_broken_body_is_refused(client: Client, body: bytes, status: int) -> None:
    answer = client.send("POST", "Task", body)
    assert answer.status == status
    assert (answer.content() or {})["resourceType"] == "OperationOutcome"


def test_parameters_on_a_read_are_refused(client: Client) -> None:
    stored = client.create(TASK)
    assert client.send("GET", f"Task/{stored['id']}?_format=json&_pretty=true").status == 200
    assert client.send("GET", f"Task/{stored['id']}?_elements=id").status == 400


def test_purging_erases_every_version(client: Client) -> None:
    stored = client.create(TASK | {"description": "quillfeather"})
    client.send("PUT", f"Task/{stored['id']}", stored | {"description": "quillfeather again"})
    with client.database.transaction() as session:
        client.engine.purge(session, "Task", stored["id"], caller=client.caller)
    assert client.send("GET", f"Task/{stored['id']}").status == 410
    assert client.send("GET", f"Task/{stored['id']}/_history/1").status == 404
    with client.database.read() as session:
        connection = session.connection()
        for table in ("fhir_resource", "fhir_history", "fhir_index"):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()  # noqa: S608
            assert "quillfeather" not in repr(rows)


def test_another_tenant_neither_sees_nor_changes_it(client: Client) -> None:
    stored = client.create(TASK)
    path = f"Task/{stored['id']}"
    other = replace(client, caller=replace(client.caller, tenant="south"))
    for method, target, body in [
        ("GET", path, None),
        ("GET", f"{path}/_history", None),
        ("GET", f"{path}/_history/1", None),
        ("PUT", path, stored),
        ("DELETE", path, None),
    ]:
        assert other.send(method, target, body).status == 404
    assert other.ids("Task") == []
    assert client.get(path) == stored
    assert b"north" not in client.send("GET", path).body


def test_stored_text_is_what_the_codec_wrote(client: Client) -> None:
    stored = client.create(TASK)
    with client.database.read() as session:
        found = client.engine.read(session, "Task", stored["id"], caller=client.caller)
    assert json_text.loads(found.body) == stored == found.resource
    assert (found.version, found.reference) == (1, f"Task/{stored['id']}")
