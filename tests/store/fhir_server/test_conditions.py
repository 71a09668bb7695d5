"""If-None-Exist in all its spellings, within the caller's own rows."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.fhir_engine import BASE, Client

TASK: dict[str, Any] = {
    "resourceType": "Task",
    "status": "requested",
    "intent": "order",
    "identifier": [{"system": "s", "value": "1"}],
}


@pytest.mark.parametrize(
    "condition",
    [
        "identifier=s|1",
        "?identifier=s|1",
        "Task?identifier=s|1",
        f"{BASE}/Task?identifier=s|1",
        "identifier=s%7C1",
        "identifier=s|1&status=requested",
    ],
)
def test_each_spelling_finds_what_is_there(client: Client, condition: str) -> None:
    headers = {"if-none-exist": condition}
    first = client.send("POST", "Task", TASK, headers=headers)
    again = client.send("POST", "Task", TASK, headers=headers)
    assert (first.status, again.status) == (201, 200)
    assert again.content() == first.content()
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == 'W/"1"'
    assert again.headers["last-modified"] == first.headers["last-modified"]


def test_several_matches_are_refused(client: Client) -> None:
    client.create(TASK)
    client.create(TASK)
    answer = client.send("POST", "Task", TASK, headers={"if-none-exist": "identifier=s|1"})
    assert answer.status == 412
    assert len(client.ids("Task")) == 2


@pytest.mark.parametrize(
    "condition",
    ["", "?", "identifier", "identifier=", "colour=red", "Patient?identifier=s|1", "_count=1",
     "https://other.test/fhir/Task?identifier=s|1", "identifier=s|1&_sort=_id", "a=b" * 1000],
)  # fmt: skip
def test_a_condition_that_says_nothing_is_refused_and_nothing_is_stored(
    client: Client, condition: str
) -> None:
    answer = client.send("POST", "Task", TASK, headers={"if-none-exist": condition})
    assert answer.status == 400
    assert client.ids("Task") == []


def test_another_tenants_row_is_no_match(client: Client) -> None:
    south = replace(client, caller=replace(client.caller, tenant="south"))
    headers = {"if-none-exist": "identifier=s|1"}
    there = south.send("POST", "Task", TASK, headers=headers)
    here = client.send("POST", "Task", TASK, headers=headers)
    assert (there.status, here.status) == (201, 201)


def test_a_deleted_match_does_not_count(client: Client) -> None:
    stored = client.create(TASK)
    client.send("DELETE", f"Task/{stored['id']}")
    headers = {"if-none-exist": "identifier=s|1"}
    assert client.send("POST", "Task", TASK, headers=headers).status == 201


def test_who_may_create_but_not_read_does_not_see_the_match(client: Client) -> None:
    client.create(TASK | {"description": "Quillfeather"})
    caller = replace(client.caller, denied=frozenset({"read Task"}))
    answer = replace(client, caller=caller).send(
        "POST", "Task", TASK, headers={"if-none-exist": "identifier=s|1"}
    )
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["etag"] == 'W/"1"'
