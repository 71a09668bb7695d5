"""Searches as servers differ: by POST, with caps, pages that run out, errors in a 200."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from fhir_adapters import sections
from fhir_adapters.capability import Capability
from fhir_adapters.chart import Reason, SectionName
from fhir_adapters.paging import Limits, Manner, read_pages
from fhir_adapters.reading import ReadOptions, read_chart
from fhir_adapters.search import Query
from fhir_adapters.traits import AnswerTraits, SearchTraits, VendorTraits, by_type
from runtime.outbound import OutboundAnswer
from tests.support.charts import PATIENT_ID, down, entry, ids, read
from tests.support.memory_fhir import BASE, MemoryFhirSession, answer, statement

QUERY = Query(resource_type="Condition", params=(("patient", PATIENT_ID),))
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _traits(**more: Any) -> VendorTraits:
    return VendorTraits(key="test", title="Test", **more)


def _outcome(code: str, detail: str = "", severity: str = "fatal") -> dict[str, Any]:
    issue = {"severity": severity, "code": code, "details": {"coding": [{"code": detail}]}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _bundle(*entries: dict[str, Any], after: str = "") -> OutboundAnswer:
    link = [{"relation": "next", "url": f"{BASE}/Condition?{after}"}] if after else []
    body = {"resourceType": "Bundle", "type": "searchset", "entry": list(entries), "link": link}
    return answer(200, body)


def _entries(*names: str) -> list[dict[str, Any]]:
    return [{"resource": entry("Condition", name)} for name in names]


def _pages(session: MemoryFhirSession, traits: VendorTraits, **limits: int) -> Any:
    return read_pages(session, QUERY, Manner.of(Limits(**limits), traits))


class PostSession(MemoryFhirSession):
    """A server that searches by POST, or refuses to; keeps what was sent."""

    refuses: int = 0

    def post(self, address: str, body: bytes, *, headers: Any = None) -> OutboundAnswer:
        self.calls.append(("POST", f"{address} {body.decode()}"))
        fault = self._fault(f"POST {address}")
        if fault is not None:
            return fault()
        if self.refuses:
            return answer(self.refuses)
        assert headers == FORM
        return self._search(
            address.split("/", maxsplit=1)[0], dict(p.split("=") for p in body.decode().split("&"))
        )


def test_where_the_server_searches_by_post_no_identifier_is_in_an_address() -> None:
    session = PostSession(resources=[entry("Condition", "c-1")])
    traits = _traits(search=SearchTraits(post_search=True))
    assert len(_pages(session, traits).resources) == 1
    assert session.calls == [("POST", f"Condition/_search patient={PATIENT_ID}")]


@pytest.mark.parametrize("status", [404, 405, 415, 501])
def test_a_server_that_refuses_post_is_asked_once_and_then_by_get(status: int) -> None:
    session = PostSession(resources=[entry("Condition", "c-1")])
    session.refuses = status
    manner = Manner.of(Limits(), _traits(search=SearchTraits(post_search=True)))
    for _n in range(2):
        assert len(read_pages(session, QUERY, manner).resources) == 1
    assert [method for method, _ in session.calls] == ["POST", "GET", "GET"]


def test_a_busy_server_is_asked_again_by_post_and_a_lost_one_is_not() -> None:
    session = PostSession(resources=[entry("Condition", "c-1")])
    traits = _traits(search=SearchTraits(post_search=True))
    session.fail("POST Condition", lambda: answer(429, retry_after="0"))
    assert len(_pages(session, traits).resources) == 1
    session.fail("POST Condition", down("timeout"))
    assert _pages(session, traits).reasons == [Reason.UNREACHABLE]


@pytest.mark.parametrize(
    "gone",
    [
        lambda: answer(410),
        lambda: answer(404, _outcome("not-found")),
        lambda: answer(400, _outcome("processing", "4113")),
        lambda: answer(200, _outcome("expired")),
    ],
)
def test_pages_that_ran_out_are_read_anew_once(gone: Callable[[], OutboundAnswer]) -> None:
    session = MemoryFhirSession()
    traits = _traits(answers=AnswerTraits(expired_codes=frozenset({"4113"})))
    first = lambda: _bundle(*_entries("c-1"), after="page=2")  # noqa: E731
    session.fail("Condition", first, gone, first, lambda: _bundle(*_entries("c-2")))
    pages = _pages(session, traits)
    assert [r["id"] for r in pages.resources] == ["c-1", "c-2"]
    assert pages.reasons == []
    # Twice is too often: what was read stays, and the doctor is told.
    session.fail("Condition", first, gone, first, gone)
    pages = _pages(session, traits)
    assert [r["id"] for r in pages.resources] == ["c-1"]
    assert pages.reasons == [Reason.EXPIRED_PAGE]


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (_outcome("forbidden"), Reason.FORBIDDEN),
        (_outcome("processing", "4130"), Reason.FORBIDDEN),
        (_outcome("transient"), Reason.UNREACHABLE),
        (_outcome("required"), Reason.REJECTED),
        (_outcome("informational", severity="information"), Reason.NOT_FHIR),
    ],
)
def test_an_error_in_a_200_is_an_error(resource: dict[str, Any], reason: Reason) -> None:
    session = MemoryFhirSession()
    session.fail("Condition", lambda: answer(200, resource))
    traits = _traits(answers=AnswerTraits(refused_codes=frozenset({"4130"})))
    assert _pages(session, traits).reasons == [reason]


def test_a_list_as_long_as_the_cap_is_not_known_to_be_complete() -> None:
    session = MemoryFhirSession(resources=[entry("Condition", f"c-{n}") for n in range(4)])
    capped = _traits(search=SearchTraits(result_cap=4))
    assert _pages(session, capped).reasons == [Reason.CAPPED]
    assert _pages(session, _traits(search=SearchTraits(result_cap=5))).reasons == []
    warned = {"search": {"mode": "outcome"}, "resource": _outcome("value", "59133", "warning")}
    session.fail("Condition", lambda: _bundle(*_entries("c-1"), warned))
    told = _traits(answers=AnswerTraits(partial_codes=frozenset({"59133"})))
    assert _pages(session, told).reasons == [Reason.PARTIAL]


def test_all_searches_together_cost_no_more_bytes_than_one_chart_may() -> None:
    session = MemoryFhirSession(resources=[entry("Condition", f"c-{n}") for n in range(50)])
    session.page_size = 10
    manner = Manner.of(Limits(chart_bytes=1_500), _traits())
    assert read_pages(session, QUERY, manner).reasons == [Reason.TOO_LARGE]
    assert read_pages(session, QUERY, manner).resources == []


def test_what_a_vendor_requires_is_sent_or_the_section_is_not_offered() -> None:
    capability = Capability.from_statement(
        {
            "rest": [
                {
                    "mode": "server",
                    "resource": [
                        {
                            "type": name,
                            "interaction": [{"code": "search-type"}],
                            "searchParam": [{"name": "patient"}],
                        }
                        for name in ("Observation", "Condition")
                    ],
                }
            ]
        }
    )
    traits = SearchTraits(
        required=by_type({"Observation": (("category", "code"),), "Condition": (("encounter",),)}),
        page_sizes=by_type({"Observation": 0}),
    )
    labs = sections.queries(sections.WISHES[SectionName.LABS], capability, PATIENT_ID, traits)
    assert [urlencode(query.params) for query in labs] == ["patient=p-1&category=laboratory"]
    conditions = sections.WISHES[SectionName.CONDITIONS]
    assert sections.queries(conditions, capability, PATIENT_ID, traits) == ()


def test_the_patient_is_told_before_anything_else_is_there(session: MemoryFhirSession) -> None:
    seen: list[tuple[str, int]] = []
    read_chart(
        session,
        patient_id=PATIENT_ID,
        encounter_id="e-1",
        options=ReadOptions(
            on_patient=lambda patient, flags: seen.append((patient["id"], len(flags)))
        ),
    )
    assert seen == [(PATIENT_ID, 0)]


def test_the_vendor_is_chosen_by_what_its_statement_says(session: MemoryFhirSession) -> None:
    session.capability = statement()
    chosen: list[str] = []

    def choose(capability: Capability) -> VendorTraits:
        chosen.append(capability.software)
        return _traits(search=SearchTraits(page_size=7))

    read(session, options=ReadOptions(choose_traits=choose))
    assert chosen == ["MemoryFhir"]
    assert any("_count=7" in path for _, path in session.calls)
    assert ids(read(session), SectionName.CONDITIONS) == {"c-1"}
