"""Query text is read strictly: what is not supported is refused by its name."""

import pytest

from fhir_server.errors import SearchInvalid
from fhir_server.ports import TypeSupport
from fhir_server.search import parse
from fhir_server.search.clauses import (
    DateValue,
    QuantityValue,
    ReferenceValue,
    TextValue,
    TokenValue,
    Value,
)
from fhir_server.search.parse import SearchScope

BASE = "http://fhir.test/fhir"
SCOPE = SearchScope(
    base_url=BASE,
    types={
        "Task": TypeSupport(
            interactions=frozenset({"search"}),
            search=("status", "identifier", "requester", "focus", "due", "part-of"),
            includes=("Task:focus",),
            revincludes=("Provenance:target",),
        ),
        "Observation": TypeSupport(
            interactions=frozenset({"search"}), search=("value-quantity", "patient", "subject")
        ),
        "Patient": TypeSupport(interactions=frozenset({"search"}), search=("name",)),
    },
)


def _values(resource_type: str, name: str, text: str) -> tuple[Value, ...]:
    return parse.parse(SCOPE, resource_type, [(name, text)]).clauses[0].values


def _refused(resource_type: str, *pairs: tuple[str, str]) -> str | None:
    with pytest.raises(SearchInvalid) as caught:
        parse.parse(SCOPE, resource_type, list(pairs))
    return caught.value.issues[0].expression


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", TokenValue(code="a")),
        ("s|a", TokenValue(system="s", code="a")),
        ("|a", TokenValue(system="", code="a")),
        ("s|", TokenValue(system="s")),
        (r"a\|b\,c\\", TokenValue(code="a|b,c\\")),
    ],
)
def test_tokens_are_read_in_each_form(text: str, value: TokenValue) -> None:
    assert _values("Task", "identifier", text) == (value,)


def test_commas_are_alternatives_and_repeats_are_all_required() -> None:
    query = parse.parse(SCOPE, "Task", [("status", "requested,received"), ("identifier", "a")])
    assert [len(clause.values) for clause in query.clauses] == [2, 1]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        (
            "focus",
            "ServiceRequest/1",
            ReferenceValue(resource_type="ServiceRequest", resource_id="1"),
        ),
        ("focus", "1", ReferenceValue(resource_id="1")),
        ("part-of", "1", ReferenceValue(resource_type="Task", resource_id="1")),
        ("focus", f"{BASE}/Task/1", ReferenceValue(resource_type="Task", resource_id="1")),
        ("focus:Task", "1", ReferenceValue(resource_type="Task", resource_id="1")),
        ("focus:Task", "Task/1", ReferenceValue(resource_type="Task", resource_id="1")),
        ("focus", "https://o.test/Task/1", ReferenceValue(address="https://o.test/Task/1")),
        ("requester:identifier", "s|v", TokenValue(system="s", code="v")),
    ],
)
def test_references_are_read_in_each_form(name: str, text: str, value: Value) -> None:
    assert _values("Task", name, text) == (value,)


def test_date_prefix_and_precision_are_read() -> None:
    (value,) = _values("Task", "due", "ge2026-03")
    assert isinstance(value, DateValue)
    assert value.prefix == "ge"
    assert value.high - value.low == 31 * 24 * 3600 * 1000


def test_a_quantity_means_the_range_of_its_digits() -> None:
    (value,) = _values("Observation", "value-quantity", "lt5.40|http://unitsofmeasure.org|mg")
    assert value == QuantityValue(
        prefix="lt",
        number=5.4,
        low=5.395,
        high=5.405,
        system="http://unitsofmeasure.org",
        unit="mg",
    )
    assert _values("Observation", "value-quantity", "100") == (
        QuantityValue(prefix="eq", number=100.0, low=99.5, high=100.5),
    )


def test_strings_are_kept_as_given() -> None:
    assert _values("Patient", "name:exact", r"O\,Neil") == (TextValue(text="O,Neil"),)


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("colour", "red", "http.colour"),
        ("owner", "Practitioner/1", "http.owner"),  # known to FHIR, not offered here
        ("status:above", "a", "http.status:above"),
        ("status:Task", "a", "http.status:Task"),
        ("focus.status", "a", "http.focus.status"),
        ("part-of:Patient", "1", "http.part-of:Patient"),
        ("_has:Task:focus:status", "a", "http._has:Task:focus:status"),
        ("due", "soon", "http.due"),
        ("status", "", "http.status"),
        ("status", "a,", "http.status"),
        ("identifier", "|", "http.identifier"),
        ("identifier", "a|b|c", "http.identifier"),
        ("status:missing", "yes", "http.status:missing"),
        ("_id:not", "1", "http._id:not"),
        ("focus", "not a reference", "http.focus"),
        ("_count", "-1", "http._count"),
        ("_count", "many", "http._count"),
        ("_sort", "colour", "http._sort"),
        ("_include", "Task:owner", "http._include"),
        ("_include", "Task", "http._include"),
        ("_include", "*", "http._include"),
        ("_revinclude", "Task:focus", "http._revinclude"),
        ("_summary", "text", "http._summary"),
        ("_total", "some", "http._total"),
        ("_elements", "id", "http._elements"),
        ("Zoe Quillfeather", "1", "http.parameter"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(name: str, text: str, place: str) -> None:
    assert _refused("Task", (name, text)) == place


def test_a_page_size_given_twice_is_refused() -> None:
    assert _refused("Task", ("_count", "1"), ("_count", "2")) == "http._count"


def test_results_are_steered() -> None:
    query = parse.parse(
        SCOPE,
        "Task",
        [
            ("_sort", "-due,_id"),
            ("_include", "Task:focus:ServiceRequest"),
            ("_count", "5"),
            ("_revinclude", "Provenance:target"),
            ("_summary", "count"),
            ("_total", "none"),
        ],
    )
    assert [(key.parameter.name, key.descending) for key in query.sort] == [
        ("due", True),
        ("_id", False),
    ]
    assert query.includes[0].target_type == "ServiceRequest"
    assert query.revincludes[0].parameter.resource_type == "Provenance"
    assert (query.count, query.only_count, query.wants_total) == (5, True, False)
