"""Method and path to interaction."""

import pytest

from fhir_server import router
from fhir_server.errors import InteractionUnsupported, UnknownAddress
from fhir_server.ports import TypeSupport

TYPES = {
    "Task": TypeSupport(interactions=frozenset({"read", "vread", "history", "search", "create"})),
    "Patient": TypeSupport(interactions=frozenset({"read", "everything"})),
}


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "metadata", "capabilities"),
        ("POST", "", "transaction"),
        ("GET", "Task", "search"),
        ("POST", "Task/_search", "search"),
        ("POST", "Task", "create"),
        ("GET", "Task/1", "read"),
        ("HEAD", "Task/1", "read"),
        ("GET", "Task/1/_history", "history"),
        ("GET", "Task/1/_history/2", "vread"),
        ("GET", "Patient/1/$everything", "everything"),
        ("GET", "/Task/1/", "read"),
    ],
)
def test_each_address_has_its_interaction(method: str, path: str, action: str) -> None:
    assert router.route(method, path, TYPES, system=True).action == action


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "Task/1"),
        ("DELETE", "Task/1"),
        ("PATCH", "Task/1"),
        ("PUT", "Task"),
        ("GET", "Patient"),
        ("GET", "Task/_search"),
        ("POST", "metadata"),
        ("GET", ""),
        ("POST", "Task/1/_history"),
        ("GET", "Task/1/$everything"),
    ],
)
def test_what_is_not_registered_is_not_supported(method: str, path: str) -> None:
    with pytest.raises(InteractionUnsupported):
        router.route(method, path, TYPES, system=True)


@pytest.mark.parametrize(
    "path",
    [
        "Observation",
        "Nonsense/1",
        "Task/a b",
        "Task/1/2",
        "Task/1/_history/2/3",
        "_history",
        "Task/" + "x" * 65,
        "Task/_history",
        "task",
        "Patient/1/$explode",
    ],
)
def test_an_unknown_address_is_not_found(path: str) -> None:
    with pytest.raises(UnknownAddress):
        router.route("GET", path, TYPES, system=True)
