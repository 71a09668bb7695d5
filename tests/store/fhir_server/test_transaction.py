"""Transactions are all or nothing; batches are each on their own."""

import threading
from dataclasses import dataclass, replace
from typing import Any

import pytest

from fhir_server.errors import BusinessRuleBroken, EntryFailed, Issue
from fhir_server.ports import Interaction
from tests.support import fhir_engine
from tests.support.fhir_engine import BASE, Client

UUID = "urn:uuid:00000000-0000-4000-8000-00000000000"


def _entry(
    n: int, resource: dict[str, Any], method: str = "POST", **request: str
) -> dict[str, Any]:
    asked = {"method": method, "url": str(resource["resourceType"])} | request
    return {"fullUrl": f"{UUID}{n}", "resource": resource, "request": asked}


def _bundle(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def _task(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Task", "status": "requested", "intent": "order"} | more


def _case(key: str = "a", **task: Any) -> dict[str, Any]:
    """Patient, snapshot, order and task that point at one another by their fullUrls."""
    snapshot = {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"system": "s", "value": f"{key}.snapshot"},
        "entry": [
            {
                "fullUrl": "http://c.test/case/Patient/1",
                "resource": {"resourceType": "Patient", "link": [
                    {"other": {"reference": f"{UUID}1"}, "type": "seealso"}]},
            }
        ],
    }  # fmt: skip
    return _bundle(
        _entry(1, {"resourceType": "Patient", "identifier": [{"system": "s", "value": key}]},
               ifNoneExist=f"identifier=s|{key}"),
        _entry(2, snapshot, ifNoneExist=f"identifier=s|{key}.snapshot"),
        _entry(
            3,
            _task(
                identifier=[{"system": "s", "value": f"{key}.task"}],
                input=[{"type": {"text": "x"}, "valueReference": {"reference": f"{UUID}2"}}],
                **{"for": {"reference": f"{UUID}1"}},
            )
            | task,
            ifNoneExist=f"identifier=s|{key}.task",
        ),
        _entry(4, {"resourceType": "Communication", "status": "completed",
                   "partOf": [{"reference": f"{UUID}3"}],
                   "payload": [{"contentAttachment": {"url": f"{UUID}2"}}]}),
    )  # fmt: skip


def _issue(answer: Any) -> dict[str, Any]:
    issue: dict[str, Any] = answer.content()["issue"][0]
    return issue


def test_temporary_references_become_real_ones(client: Client) -> None:
    answer = client.send("POST", "", _case())
    content = answer.content() or {}
    assert (answer.status, content["type"]) == (200, "transaction-response")
    places = [entry["response"]["location"] for entry in content["entry"]]
    assert [entry["response"]["status"] for entry in content["entry"]] == ["201 Created"] * 4
    patient, snapshot, task, message = [
        place.removeprefix(BASE + "/").removesuffix("/_history/1") for place in places
    ]
    stored = client.get(task)
    assert stored["for"] == {"reference": patient}
    assert stored["input"][0]["valueReference"] == {"reference": snapshot}
    assert client.get(message)["partOf"] == [{"reference": task}]
    assert client.get(message)["payload"][0]["contentAttachment"] == {"url": snapshot}
    assert client.ids(f"Communication?part-of={task}") == [message.partition("/")[2]]
    nested = client.get(snapshot)["entry"][0]["resource"]["link"][0]["other"]
    assert nested == {"reference": f"{UUID}1"}


def test_the_same_transaction_again_creates_nothing_with_a_condition(client: Client) -> None:
    client.send("POST", "", _case())
    again = client.send("POST", "", _case()).content() or {}
    assert [entry["response"]["status"] for entry in again["entry"]] == [
        "200 OK", "200 OK", "200 OK", "201 Created",
    ]  # fmt: skip
    assert len(client.ids("Task")) == 1
    messages = [client.get(f"Communication/{found}") for found in client.ids("Communication")]
    assert messages[0]["partOf"] == messages[1]["partOf"]


@pytest.mark.parametrize(
    ("task", "status", "place"),
    [
        ({"status": 77}, 422, "Bundle.entry[2].resource.status"),
        ({"foo": 1}, 422, "Bundle.entry[2].resource.foo"),
        ({"focus": {"reference": f"{UUID}9"}}, 400, "Bundle.entry[2].resource.focus.reference"),
        ({"focus": {"reference": "Patient?identifier=s|none"}}, 412,
         "Bundle.entry[2].resource.focus.reference"),
        ({"resourceType": "Patient"}, 422, "Bundle.entry[2].resource"),
    ],
)  # fmt: skip
def test_a_failing_entry_is_named_and_nothing_is_stored(
    client: Client, task: dict[str, Any], status: int, place: str
) -> None:
    bundle = _case()
    bundle["entry"][2]["resource"] |= task
    answer = client.send("POST", "", bundle)
    assert (answer.status, _issue(answer)["expression"]) == (status, [place])
    for kind in ("Patient", "Bundle", "Task", "Communication"):
        assert client.ids(kind) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"request": {"method": "PATCH", "url": "Task/1"}}, "Bundle.entry[0].resource"),
        ({"request": {"method": "POST", "url": "Task?identifier=1"}}, "Bundle.entry[0].request"),
        ({"request": {"method": "POST", "url": "Nonsense"}}, "Bundle.entry[0]"),
        ({"request": {"method": "POST"}}, "Bundle.entry[0].request.url"),
        ({"request": None}, "Bundle.entry[0].request"),
        ({"resource": None}, "Bundle.entry[0].resource"),
        ({"resource": 5}, "Bundle.entry[0].resource"),
        ({"foo": 1}, "Bundle.entry[0].foo"),
    ],
)
def test_a_broken_entry_is_named(client: Client, change: dict[str, Any], place: str) -> None:
    entry = _entry(1, _task()) | change
    bundle = _bundle({name: item for name, item in entry.items() if item is not None})
    answer = client.send("POST", "", bundle)
    assert 400 <= answer.status < 500
    assert _issue(answer)["expression"] == [place]
    assert client.ids("Task") == []


def test_no_two_entries_may_write_one_resource(client: Client) -> None:
    same = {"ifNoneExist": "identifier=s|1"}
    twice = _bundle(_entry(1, _task(), **same), _entry(2, _task(), **same))
    assert _issue(client.send("POST", "", twice))["code"] == "duplicate"
    urls = _bundle(_entry(1, _task()), _entry(1, _task()))
    assert _issue(client.send("POST", "", urls))["code"] == "duplicate"
    assert client.ids("Task") == []


@pytest.mark.parametrize("body", [{"resourceType": "Bundle", "type": "collection"}, _task(), {}])
def test_only_batch_and_transaction_go_to_the_base(client: Client, body: dict[str, Any]) -> None:
    assert client.send("POST", "", body).status == 400


def test_each_update_keeps_its_own_if_match(client: Client) -> None:
    first, second = client.create(_task()), client.create(_task())
    changed = [stored | {"status": "accepted"} for stored in (first, second)]

    def both(version: str) -> dict[str, Any]:
        return _bundle(
            *(
                _entry(n, task, "PUT", url=f"Task/{task['id']}", ifMatch=match)
                for n, (task, match) in enumerate(zip(changed, ('W/"1"', version), strict=True))
            )
        )

    late = client.send("POST", "", both('W/"7"'))
    assert (late.status, _issue(late)["expression"]) == (412, ["Bundle.entry[1]"])
    assert client.get(f"Task/{first['id']}") == first
    done = client.send("POST", "", both('W/"1"')).content() or {}
    assert [entry["response"]["etag"] for entry in done["entry"]] == ['W/"2"', 'W/"2"']


def test_a_conditional_reference_finds_the_one_it_means(client: Client) -> None:
    patient = client.create({"resourceType": "Patient", "identifier": [{"value": "7"}]})
    bundle = _bundle(_entry(1, _task(**{"for": {"reference": "Patient?identifier=7"}})))
    assert client.send("POST", "", bundle).status == 200
    assert client.ids(f"Task?patient={patient['id']}") != []
    client.create({"resourceType": "Patient", "identifier": [{"value": "7"}]})
    answer = client.send("POST", "", bundle)
    assert (answer.status, _issue(answer)["code"]) == (412, "multiple-matches")


def test_deletes_come_first_and_reads_last(client: Client) -> None:
    old = client.create(_task())
    bundle = _bundle(
        {"request": {"method": "GET", "url": "Task?_summary=count"}},
        _entry(2, _task()),
        {"request": {"method": "DELETE", "url": f"Task/{old['id']}"}},
    )
    content = client.send("POST", "", bundle).content() or {}
    assert content["entry"][0]["resource"]["total"] == 1
    assert [entry["response"]["status"][:3] for entry in content["entry"]] == ["200", "201", "204"]


def test_the_policy_is_asked_for_every_entry(client: Client) -> None:
    for denied in ("create Task", "transaction", "create Communication"):
        caller = replace(client.caller, denied=frozenset({denied}))
        answer = replace(client, caller=caller).send("POST", "", _case())
        assert answer.status == 403
    assert client.ids("Patient") == []


@dataclass(frozen=True)
class _NoDrafts:
    """A host's rule: no drafts."""

    def before_write(self, session: Any, caller: Any, interaction: Interaction) -> None:
        if (interaction.proposed or {}).get("status") == "draft":
            raise BusinessRuleBroken(
                issues=[Issue(code="business-rule", expression="Task.status", rule="no drafts")]
            )


def test_a_hook_refuses_a_write_with_its_reason(client: Client) -> None:
    strict = replace(client, engine=fhir_engine.build(hooks=[_NoDrafts()]))
    single = strict.send("POST", "Task", _task(status="draft"))
    assert (single.status, _issue(single)["expression"]) == (422, ["Task.status"])
    whole = strict.send("POST", "", _case(status="draft"))
    assert (whole.status, _issue(whole)["expression"]) == (422, ["Bundle.entry[2].resource.status"])
    task = strict.create(_task())
    assert strict.send("PUT", f"Task/{task['id']}", task | {"status": "draft"}).status == 422
    assert strict.ids("Patient") == []


def test_a_batch_does_what_it_can(client: Client) -> None:
    stored = client.create(_task())
    bundle = _bundle(
        _entry(1, _task()),
        _entry(2, _task(status=5)),
        {"request": {"method": "GET", "url": f"Task/{stored['id']}"}},
        {"request": {"method": "GET", "url": f"{BASE}/Task?_count=1"}},
        {"request": {"method": "GET", "url": "Task/none"}},
        _entry(3, stored | {"status": "draft"}, "PUT", url=f"Task/{stored['id']}", ifMatch="9"),
        {"request": {"method": "GET", "url": "metadata"}},
        {"request": {"method": "DELETE", "url": f"Task/{stored['id']}"}},
        kind="batch",
    )
    content = client.send("POST", "", bundle).content() or {}
    assert content["type"] == "batch-response"
    assert [entry["response"]["status"][:3] for entry in content["entry"]] == [
        "201", "422", "200", "200", "404", "412", "400", "204",
    ]  # fmt: skip
    assert content["entry"][1]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert content["entry"][2]["resource"] == stored
    assert content["entry"][3]["resource"]["type"] == "searchset"
    assert len(client.ids("Task")) == 1


def test_from_python_a_transaction_raises_and_the_caller_rolls_back(client: Client) -> None:
    bundle = _case()
    bundle["entry"][3]["resource"]["status"] = "nonsense"
    with (
        pytest.raises(EntryFailed) as caught,
        client.database.transaction() as session,
    ):
        client.engine.transaction(session, bundle, caller=client.caller)
    assert caught.value.entry == 3
    assert client.ids("Patient") == []
    with client.database.transaction() as session:
        done = client.engine.transaction(session, _case(), caller=client.caller)
    assert len(done["entry"]) == 4


def test_of_two_writers_with_the_same_version_one_loses(client: Client) -> None:
    task = client.create(_task())
    start = threading.Barrier(4)
    statuses: list[int] = []

    def claim(name: str) -> None:
        start.wait()
        proposed = task | {"status": "accepted", "description": name}
        answer = client.send("PUT", f"Task/{task['id']}", proposed, headers={"if-match": "1"})
        statuses.append(answer.status)

    threads = [threading.Thread(target=claim, args=(f"specialist {n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses)[0] == 200
    assert set(sorted(statuses)[1:]) <= {409, 412}
    assert client.get(f"Task/{task['id']}")["meta"]["versionId"] == "2"


def test_of_many_conditional_creates_at_once_one_creates(client: Client) -> None:
    client.engine.prepare(client.database)
    start = threading.Barrier(4)
    answers: list[tuple[int, str]] = []

    def create() -> None:
        start.wait()
        answer = client.send(
            "POST",
            "Task",
            _task(identifier=[{"system": "s", "value": "1"}]),
            headers={"if-none-exist": "identifier=s|1"},
        )
        answers.append((answer.status, (answer.content() or {})["id"]))

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [200, 200, 200, 201]
    assert len({found for _, found in answers}) == 1


def test_a_large_transaction_is_refused(client: Client) -> None:
    bundle = _bundle(*(_entry(n, _task()) for n in range(501)))
    assert client.send("POST", "", bundle).status == 400
