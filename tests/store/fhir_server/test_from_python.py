"""A host's own code works in its own transaction and gets errors, not answers."""

from typing import Any

import pytest

from fhir_server.errors import (
    EngineMisconfigured,
    ResourceInvalid,
    SearchInvalid,
    UnknownAddress,
    UnknownResource,
    VersionConflict,
)
from tests.support.fhir_engine import Client

TASK: dict[str, Any] = {"resourceType": "Task", "status": "requested", "intent": "order"}


def test_a_use_case_writes_in_one_transaction(client: Client) -> None:
    engine, caller = client.engine, client.caller
    with client.database.transaction() as session:
        first = engine.create(session, TASK, caller=caller, if_none_exist="_id=none")
        changed = dict(first.resource) | {"status": "accepted"}
        second = engine.update(session, changed, caller=caller, if_match=first.version)
        with pytest.raises(VersionConflict):
            engine.update(session, changed, caller=caller, if_match=first.version)
    assert (first.version, second.version) == (1, 2)
    assert second.updated >= first.updated
    with client.database.transaction() as session:
        assert (
            engine.read(session, "Task", first.id, caller=caller).resource["status"] == "accepted"
        )
        gone = engine.delete(session, "Task", first.id, caller=caller, if_match=2)
    assert (gone.version, gone.deleted, gone.resource) == (3, True, {})


def test_what_is_raised_rolls_back_everything(client: Client) -> None:
    def use_case() -> None:
        with client.database.transaction() as session:
            client.engine.create(session, TASK, caller=client.caller)
            client.engine.create(session, TASK | {"status": 5}, caller=client.caller)

    with pytest.raises(ResourceInvalid):
        use_case()
    assert client.ids("Task") == []


def test_unknown_types_ids_and_parameters_are_raised(client: Client) -> None:
    engine, caller = client.engine, client.caller
    with client.database.read() as session:
        with pytest.raises(UnknownAddress):
            engine.read(session, "Nonsense", "1", caller=caller)
        with pytest.raises(UnknownResource):
            engine.read(session, "Task", "1", caller=caller)
        with pytest.raises(UnknownResource):
            engine.purge(session, "Task", "1", caller=caller)
        with pytest.raises(SearchInvalid):
            engine.search(session, "Task", [("colour", "red")], caller=caller)
        with pytest.raises(ResourceInvalid):
            engine.create(session, {}, caller=caller)


def test_an_id_has_no_system(client: Client) -> None:
    stored = client.create(TASK)
    assert client.ids(f"Task?_id=s|{stored['id']}") == []


def test_codes_lead_the_search_only_where_nothing_narrower_does(client: Client) -> None:
    wanted = client.create(TASK | {"focus": {"reference": "ServiceRequest/1"}})["id"]
    other = client.create(TASK | {"focus": {"reference": "ServiceRequest/2"}})["id"]
    done = client.create(TASK | {"status": "completed"})["id"]
    assert client.ids("Task?status=requested&intent=order") == [wanted, other]
    assert client.ids("Task?status=requested&focus=ServiceRequest/1") == [wanted]
    assert client.ids("Task?status=requested&focus:missing=true") == []
    assert client.ids("Task?status:not=requested&focus:missing=true") == [done]
    assert client.ids(f"Task?_id={wanted},{done}&status=completed") == [done]


def test_the_error_for_a_wrong_set_up_names_it() -> None:
    assert "Task colour" in str(
        EngineMisconfigured(rule="unknown search parameter", name="Task colour")
    )
