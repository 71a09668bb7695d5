"""Pages are stable while others write, and their links are nobody else's."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.fhir_engine import Client


def _task(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "identifier": [{"value": f"{number % 4}"}],
        "authoredOn": f"2026-03-{1 + number % 5:02d}",
    }


def _next(bundle: dict[str, Any]) -> str | None:
    links = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
    return links[0] if links else None


@pytest.mark.parametrize(
    "sort",
    [
        "",
        "&_sort=authored-on",
        "&_sort=-authored-on,identifier",
        "&_sort=identifier,-_id",
        "&_sort=-_lastUpdated",
        "&_sort=due,-identifier",
    ],
)
def test_pages_together_are_the_whole_in_order(client: Client, sort: str) -> None:
    for number in range(11):
        client.create(_task(number))
    whole = client.ids(f"Task?_count=100{sort}")
    seen: list[str] = []
    target: str | None = f"Task?_count=3{sort}"
    while target is not None:
        bundle = client.get(target)
        assert bundle["total"] == 11
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        target = _next(bundle)
    assert seen == whole
    assert len(set(seen)) == 11


def test_rows_that_come_and_go_in_between_neither_hide_nor_repeat_others(client: Client) -> None:
    ids = [client.create(_task(number))["id"] for number in range(6)]
    first = client.get("Task?_count=2&_sort=-_lastUpdated")
    client.create(_task(9))
    client.send("DELETE", f"Task/{ids[5]}")
    seen = [entry["resource"]["id"] for entry in first["entry"]]
    target = _next(first)
    while target is not None:
        bundle = client.get(target)
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        target = _next(bundle)
    assert seen == ids[::-1]


def test_a_link_works_for_its_caller_only(client: Client) -> None:
    for number in range(3):
        client.create(_task(number))
    target = _next(client.get("Task?_count=2"))
    assert target is not None
    assert client.send("GET", target).status == 200
    for other in (
        replace(client.caller, tenant="south"),
        replace(client.caller, name="another program"),
    ):
        answer = replace(client, caller=other).send("GET", target)
        assert answer.status == 400
        assert (answer.content() or {})["issue"][0]["code"] == "expired"
    denied = replace(client.caller, denied=frozenset({"search Task"}))
    assert replace(client, caller=denied).send("GET", target).status == 403
    assert client.send("GET", f"{target}&status=requested").status == 400
    assert client.send("GET", target.replace("/Task?", "/Patient?")).status == 400


def test_a_page_is_never_larger_than_the_limit(client: Client) -> None:
    with client.database.transaction() as session:
        client.engine.seed(
            session, [_task(n) | {"id": f"t{n}"} for n in range(1_050)], lambda _resource: "north"
        )
    assert len(client.get("Task")["entry"]) == 100
    assert len(client.get("Task?_count=5000")["entry"]) == 1_000
