"""Search by every kind of parameter, on both databases alike."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.fhir_engine import BASE, Client

SNOMED = "http://snomed.info/sct"


def _task(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Task", "status": "requested", "intent": "order"} | more


def _patient(family: str, *given: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "name": [{"family": family, "given": list(given)}]} | more


def _observation(value: Any, unit: str = "mg", **more: Any) -> dict[str, Any]:
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "valueQuantity": quantity,
    } | more


def test_tokens(client: Client) -> None:
    a = client.create(_task(identifier=[{"system": "s", "value": "1"}]))["id"]
    b = client.create(_task(status="received", identifier=[{"system": "t", "value": "1"}]))["id"]
    c = client.create(_task(status="draft", identifier=[{"value": "1"}]))["id"]
    assert client.ids("Task?identifier=1") == [a, b, c]
    assert client.ids("Task?identifier=s|1") == [a]
    assert client.ids("Task?identifier=|1") == [c]
    assert client.ids("Task?identifier=t|") == [b]
    assert client.ids("Task?identifier=s|1,t|1") == [a, b]
    assert client.ids("Task?status=requested,draft") == [a, c]
    assert client.ids("Task?status=http://hl7.org/fhir/task-status|draft") == [c]
    assert client.ids("Task?status:not=requested,draft") == [b]
    assert client.ids("Task?identifier=1&status=draft") == [c]
    assert client.ids("Task?identifier=1&identifier=2") == []
    assert client.ids("Task?status=REQUESTED") == []


def test_a_token_with_comma_and_bar_is_found_by_its_escapes(client: Client) -> None:
    found = client.create(_task(identifier=[{"system": "s", "value": r"a,b|c\d"}]))["id"]
    assert client.ids(r"Task?identifier=s|a\,b\|c\\d") == [found]


def test_missing(client: Client) -> None:
    owned = client.create(_task(owner={"reference": "Practitioner/1"}))["id"]
    logical = client.create(_task(owner={"identifier": {"system": "m", "value": "1"}}))["id"]
    free = client.create(_task())["id"]
    assert client.ids("Task?owner:missing=true") == [free]
    assert client.ids("Task?owner:missing=false") == [owned, logical]


def test_strings(client: Client) -> None:
    a = client.create(_patient("Müller", "José"))["id"]
    b = client.create(_patient("Mullerova", "Ann"))["id"]
    c = client.create(_patient("Van Müller", "Bo"))["id"]
    assert client.ids("Patient?family=muller") == [a, b]
    assert client.ids("Patient?name=JOS%C3%89") == [a]
    assert client.ids("Patient?family:exact=M%C3%BCller") == [a]
    assert client.ids("Patient?family:contains=MULLER") == [a, b, c]
    assert client.ids("Patient?family:contains=%25") == []
    assert client.ids("Patient?family=_") == []
    assert client.ids("Patient?family=%20") == []
    assert client.ids("Patient?name=ann,bo") == [b, c]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("2026-03-02", "b"),
        ("eq2026-03", "ab"),
        ("ne2026-03", "cd"),
        ("2026", "abc"),
        ("gt2026-03-02", "c"),
        ("ge2026-03-02", "bc"),
        ("lt2026-03-02", "ad"),
        ("le2026-03-02", "abd"),
        ("sa2026-03-02", "c"),
        ("eb2026-03-01T10:00:00Z", "d"),
        ("lt2026-03-01T12:00:00%2B02:00", "d"),
        ("ge2026-03-01T10:00:00Z", "abc"),
        ("ap2026-03-02", "ab"),
        ("2026-03-01,2025", "ad"),
    ],
)
def test_dates(client: Client, query: str, expected: str) -> None:
    ends = {
        "a": "2026-03-01T10:00:00Z",
        "b": "2026-03-02",
        "c": "2026-07-01T00:00:00+01:00",
        "d": "2025-06",
    }
    names = {
        client.create(_task(restriction={"period": {"end": end}}))["id"]: name
        for name, end in ends.items()
    }
    assert "".join(names[found] for found in client.ids(f"Task?due={query}")) == expected


def test_a_period_is_found_while_it_lasts(client: Client) -> None:
    def encounter(**period: str) -> str:
        return str(
            client.create(
                {
                    "resourceType": "Encounter",
                    "status": "finished",
                    "class": {"code": "AMB"},
                    "period": period,
                }
            )["id"]
        )

    past = encounter(start="2026-01-01", end="2026-01-31")
    still = encounter(start="2026-02-01")
    assert client.ids("Encounter?date=2026-01") == [past]
    assert client.ids("Encounter?date=ge2026-02-15") == [still]
    assert client.ids("Encounter?date=lt2026-01-10") == [past]
    assert client.ids("Encounter?date=ge2026-01-15&date=le2026-02-15") == [past, still]


def test_references(client: Client) -> None:
    order = {"reference": "ServiceRequest/1"}
    a = client.create(_task(focus=order))["id"]
    b = client.create(_task(focus={"reference": f"{BASE}/ServiceRequest/1/_history/3"}))["id"]
    c = client.create(_task(focus={"reference": "Task/1"}))["id"]
    d = client.create(_task(focus={"reference": "https://o.test/ServiceRequest/1"}))["id"]
    assert client.ids("Task?focus=ServiceRequest/1") == [a, b]
    assert client.ids(f"Task?focus={BASE}/ServiceRequest/1") == [a, b]
    assert client.ids("Task?focus:ServiceRequest=1") == [a, b]
    assert client.ids("Task?focus=1") == [a, b, c]
    assert client.ids("Task?focus=https://o.test/ServiceRequest/1") == [d]
    assert client.ids("Task?focus=ServiceRequest/2") == []


def test_a_logical_reference_is_found_by_its_identifier(client: Client) -> None:
    a = client.create(_task(requester={"identifier": {"system": "m", "value": "7"}}))["id"]
    client.create(_task(requester={"identifier": {"system": "m", "value": "8"}}))
    client.create(_task(owner={"identifier": {"system": "m", "value": "7"}}))
    assert client.ids("Task?requester:identifier=m|7") == [a]
    assert client.ids("Task?requester:identifier=7") == [a]


def test_quantities(client: Client) -> None:
    a = client.create(_observation(5))["id"]
    b = client.create(_observation(5.04))["id"]
    c = client.create(_observation(6.2))["id"]
    d = client.create(_observation(5, "g"))["id"]
    unit = "http://unitsofmeasure.org|mg"
    assert client.ids(f"Observation?value-quantity=5|{unit}") == [a, b]
    assert client.ids(f"Observation?value-quantity=5.0|{unit}") == [a, b]
    assert client.ids(f"Observation?value-quantity=5.00|{unit}") == [a]
    assert client.ids(f"Observation?value-quantity=gt5|{unit}") == [b, c]
    assert client.ids(f"Observation?value-quantity=ge5.04|{unit}&value-quantity=lt6.2") == [b]
    assert client.ids("Observation?value-quantity=ne5.0") == [c]
    assert client.ids("Observation?value-quantity=5.00||g") == [d]
    assert client.ids("Observation?value-quantity=ap5.5") == [a, b, d]


def test_uris(client: Client) -> None:
    a = client.create(_task(meta={"profile": ["http://x.test/p"]}))["id"]
    client.create(_task(meta={"profile": ["http://x.test/p/2"]}))
    assert client.ids("Task?_profile=http://x.test/p") == [a]


def test_ids_and_time_of_change(client: Client) -> None:
    first = client.create(_task())
    second = client.create(_task())
    ids = f"{first['id']},{second['id']},none"
    assert client.ids(f"Task?_id={ids}") == [first["id"], second["id"]]
    assert client.ids(f"Task?_id={first['id']}") == [first["id"]]
    moment = first["meta"]["lastUpdated"]
    assert first["id"] in client.ids(f"Task?_lastUpdated=ge{moment}")
    assert client.ids(f"Task?_lastUpdated=lt{moment}") == []
    assert client.ids("Task?_lastUpdated=gt2000&_lastUpdated=lt2001") == []


def test_the_queries_of_the_inbox(client: Client) -> None:
    order = client.create(
        {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/1"},
        }
    )
    wanted = {"coding": [{"system": SNOMED, "code": "394579002"}]}

    def task(due: str, **more: Any) -> str:
        return str(
            client.create(
                _task(
                    focus={"reference": f"ServiceRequest/{order['id']}"},
                    performerType=[wanted],
                    restriction={"period": {"end": due}},
                )
                | more
            )["id"]
        )

    late = task("2026-03-09")
    soon = task("2026-03-02")
    mine = task("2026-03-01", owner={"reference": "PractitionerRole/x"}, status="accepted")
    pool = (
        f"Task?status=requested,received&performer={SNOMED}|394579002"
        "&owner:missing=true&_include=Task:focus&_sort=due"
    )
    bundle = client.get(pool)
    assert [(e["resource"]["id"], e["search"]["mode"]) for e in bundle["entry"]] == [
        (soon, "match"),
        (late, "match"),
        (order["id"], "include"),
    ]
    assert bundle["total"] == 2
    assert client.ids("Task?owner=PractitionerRole/x&status=accepted,in-progress,on-hold") == [mine]
    first = {"resourceType": "Communication", "status": "completed", "sent": "2026-03-01T10:00:00Z"}
    thread = [
        client.create(
            first | {"partOf": [{"reference": f"Task/{mine}"}], "sent": f"2026-03-0{day}T10:00:00Z"}
        )["id"]
        for day in (3, 1, 2)
    ]
    assert client.ids(f"Communication?part-of=Task/{mine}&_sort=sent") == [
        thread[1],
        thread[2],
        thread[0],
    ]
    answer = client.create(first | {"inResponseTo": [{"reference": f"Communication/{thread[0]}"}]})
    assert client.ids(f"Communication?in-response-to=Communication/{thread[0]}") == [answer["id"]]


def test_sorting_by_several_keys_puts_missing_values_last(client: Client) -> None:
    def patient(family: str | None, given: str, born: str | None) -> str:
        name: dict[str, Any] = {"given": [given]} | ({"family": family} if family else {})
        return str(
            client.create(
                {"resourceType": "Patient", "name": [name]} | ({"birthDate": born} if born else {})
            )["id"]
        )

    a = patient("Young", "Bo", "1980-01-01")
    b = patient("Young", "Al", None)
    c = patient(None, "Cy", "1970")
    d = patient("Adams", "Di", "1990")
    assert client.ids("Patient?_sort=family,given") == [d, b, a, c]
    assert client.ids("Patient?_sort=-family,given") == [b, a, d, c]
    assert client.ids("Patient?_sort=birthdate") == [c, a, d, b]
    assert client.ids("Patient?_sort=-birthdate") == [d, a, c, b]
    assert client.ids("Patient?_sort=-_id") == sorted([a, b, c, d], reverse=True)


def test_includes_go_both_ways_and_stay_within_what_the_caller_may_see(client: Client) -> None:
    subject = client.create({"resourceType": "Patient"})
    task = client.create(_task(**{"for": {"reference": f"Patient/{subject['id']}"}}))
    provenance = client.create(
        {
            "resourceType": "Provenance",
            "target": [{"reference": f"Task/{task['id']}"}],
            "recorded": "2026-03-01T10:00:00Z",
            "agent": [{"who": {"display": "x"}}],
        }
    )

    def kinds(caller: Client) -> list[str]:
        bundle = caller.get("Task?_include=Task:patient&_revinclude=Provenance:target")
        return [entry["resource"]["resourceType"] for entry in bundle["entry"]]

    assert kinds(client) == ["Task", "Patient", "Provenance"]
    denied = frozenset({"search Provenance"})
    assert kinds(replace(client, caller=replace(client.caller, denied=denied))) == [
        "Task",
        "Patient",
    ]
    assert client.ids("Task?_include=Task:patient:Patient") == [task["id"]]
    bundle = client.get("Task?_include=Task:subject:Group")
    assert len(bundle["entry"]) == 1
    assert provenance["id"]


def test_an_include_never_crosses_to_another_tenant(client: Client) -> None:
    south = replace(client, caller=replace(client.caller, tenant="south"))
    foreign = south.create({"resourceType": "Patient"})
    client.create(_task(**{"for": {"reference": f"Patient/{foreign['id']}"}}))
    assert len(client.get("Task?_include=Task:patient")["entry"]) == 1


def test_a_constraint_of_the_grant_holds_for_every_interaction(client: Client) -> None:
    def observation(category: str) -> dict[str, Any]:
        return client.create(
            _observation(1, category=[{"coding": [{"system": "c", "code": category}]}])
        )

    vital, lab = observation("vital-signs"), observation("laboratory")
    limits = {"Observation": (("category", "c|vital-signs"),)}
    narrow = replace(client, caller=replace(client.caller, constraints=limits))
    assert narrow.ids("Observation") == [vital["id"]]
    assert narrow.get(f"Observation/{vital['id']}") == vital
    assert narrow.send("GET", f"Observation/{lab['id']}").status == 404
    assert narrow.send("PUT", f"Observation/{lab['id']}", lab).status == 404
    moved = vital | {"category": lab["category"]}
    assert narrow.send("PUT", f"Observation/{vital['id']}", moved).status == 403
    assert narrow.send("POST", "Observation", lab).status == 403
    assert client.get(f"Observation/{vital['id']}") == vital
    assert len(client.ids("Observation")) == 2
    client.send("PUT", f"Observation/{lab['id']}", vital | {"id": lab["id"]})
    assert narrow.send("GET", f"Observation/{lab['id']}").status == 200
    assert narrow.send("GET", f"Observation/{lab['id']}/_history/1").status == 404
    assert len(narrow.get(f"Observation/{lab['id']}/_history")["entry"]) == 1


def test_counting_only(client: Client) -> None:
    for _ in range(3):
        client.create(_task())
    for query in ("_summary=count", "_count=0"):
        bundle = client.get(f"Task?{query}")
        assert bundle["total"] == 3
        assert "entry" not in bundle
    assert "total" not in client.get("Task?_total=none")


def test_an_unknown_parameter_is_an_error_and_not_ignored(client: Client) -> None:
    client.create(_task())
    answer = client.send("GET", "Task?colour=red")
    issue = (answer.content() or {})["issue"][0]
    assert (answer.status, issue["code"]) == (400, "not-supported")
    assert issue["expression"] == ["http.colour"]
    lenient = client.send("GET", "Task?colour=red", headers={"prefer": "handling=lenient"})
    assert lenient.status == 400


def test_a_posted_search_keeps_its_values_out_of_addresses(client: Client) -> None:
    for number in range(3):
        client.create(
            _task(identifier=[{"system": "s", "value": "Quillfeather"}], description=str(number))
        )
    answer = client.send(
        "POST",
        "Task/_search?_count=2",
        b"identifier=s%7CQuillfeather",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    bundle = answer.content() or {}
    assert bundle["total"] == 3
    assert "Quillfeather" not in repr(bundle["link"])
    following = next(link["url"] for link in bundle["link"] if link["relation"] == "next")
    assert len(client.get(following)["entry"]) == 1
    assert client.send("POST", "Task/_search", b'{"a":1}').status == 400


def test_the_program_itself_gets_all_matches_or_an_error(client: Client) -> None:
    for _ in range(120):
        client.create(_task())
    with client.database.read() as session:
        found = client.engine.search(
            session, "Task", [("status", "requested")], caller=client.caller
        )
        few = client.engine.search(session, "Task", [("_count", "5")], caller=client.caller)
    assert (found.total, len(found.matches)) == (120, 120)
    assert (few.total, len(few.matches)) == (120, 5)
