"""The test bench: what can be odd or wrong in reading and writing charts, and who noticed."""

import base64
from typing import Any

import pytest
from werkzeug.test import TestResponse

from sandbox import faults
from sandbox.fhir_answers import STRANGER
from tests.support.sandbox_bench import KEY, speak, turn
from tests.support.sandbox_ehr import ADELA, EHR, FHIR, WRITE, SandboxEhr, call, ids, note
from tests.support.sandbox_tokens import granted

TRAP = "http://127.0.0.1:8400/sandbox/trap"
READ = "patient/*.rs"
LABS = f"Observation?patient={ADELA}&category=laboratory"


def link(answer: TestResponse, relation: str = "next") -> str | None:
    links = {one["relation"]: one["url"] for one in answer.get_json()["link"]}
    return links.get(relation)


def follow(ehr: SandboxEhr, token: str, url: str | None) -> TestResponse:
    assert url is not None
    return call(ehr, token, url.removeprefix(f"{FHIR}/"))


def codes(answer: TestResponse) -> list[tuple[str, str]]:
    return [
        (issue["code"], (issue["details"].get("coding") or [{"code": ""}])[0]["code"])
        for issue in answer.get_json()["issue"]
    ]


def entries(answer: TestResponse) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.get_json().get("entry", [])
    return found


def test_pages_are_small_expire_loop_or_lead_elsewhere(bench_ehr: SandboxEhr) -> None:
    token = bench_ehr.token(READ)
    turn(bench_ehr, page_most=2)
    first = call(bench_ehr, token, f"{LABS}&_count=50")
    second = follow(bench_ehr, token, link(first))
    assert len(ids(first)) == 2
    assert len(ids(second) - ids(first)) == 2

    turn(bench_ehr, pages="loop")
    again = follow(bench_ehr, token, link(follow(bench_ehr, token, link(first))))
    assert ids(again) == ids(second)
    turn(bench_ehr, pages="expire", expired_status=404, expired_code="4113")
    gone = follow(bench_ehr, token, link(first))
    assert (gone.status_code, codes(gone)) == (404, [("not-found", "4113")])
    turn(bench_ehr, pages="foreign")
    assert link(call(bench_ehr, token, LABS)) == f"{TRAP}/page"


def test_posted_searches_are_paged_alike_or_refused(bench_ehr: SandboxEhr) -> None:
    token = bench_ehr.token(READ)
    turn(bench_ehr, page_size=2)

    def posted() -> TestResponse:
        return bench_ehr.browser().post(
            "/fhir/Observation/_search",
            headers={"Authorization": f"Bearer {token}"},
            data={"patient": ADELA, "category": "laboratory"},
        )

    assert len(ids(posted())) == 2
    turn(bench_ehr, post_search="refused")
    assert posted().status_code == 405


def test_a_search_ends_at_the_cap_with_a_warning_and_no_next_link(bench_ehr: SandboxEhr) -> None:
    token = bench_ehr.token(READ)
    turn(bench_ehr, page_most=2, result_cap=5)
    pages = [call(bench_ehr, token, LABS)]
    while (following := link(pages[-1])) is not None:
        pages.append(follow(bench_ehr, token, following))
    matches = [one for page in pages for one in entries(page) if one["search"]["mode"] == "match"]
    warning = entries(pages[-1])[-1]

    assert [len(entries(page)) for page in pages] == [2, 2, 2]
    assert len(matches) == 5
    assert warning["search"]["mode"] == "outcome"
    assert warning["resource"]["issue"][0]["details"]["coding"][0]["code"] == "4127"


def test_a_short_search_is_not_capped(bench_ehr: SandboxEhr) -> None:
    token = bench_ehr.token(READ)
    everything = ids(call(bench_ehr, token, f"{LABS}&_count=1000"))
    turn(bench_ehr, result_cap=len(everything))
    answer = call(bench_ehr, token, LABS)

    assert ids(answer) == everything
    assert all(one["search"]["mode"] == "match" for one in entries(answer))


def test_epic_asks_for_a_category_and_has_ids_that_are_too_long(bench_ehr: SandboxEhr) -> None:
    token = bench_ehr.token("patient/*.rs patient/DocumentReference.c")
    speak(bench_ehr, "epic")
    refused = call(bench_ehr, token, f"Observation?patient={ADELA}")
    assert (refused.status_code, codes(refused)) == (400, [("required", "59108")])

    first = entries(call(bench_ehr, token, LABS))[0]
    identity = first["resource"]["id"]
    assert len(identity) > 64
    assert first["fullUrl"] == f"{FHIR}/Observation/{identity}"
    assert call(bench_ehr, token, f"Observation/{identity}").get_json()["id"] == identity
    assert ids(call(bench_ehr, token, f"Observation?_id={identity}")) == {identity}
    written = call(bench_ehr, token, "DocumentReference", "POST", note())
    where = written.headers["Location"].removeprefix(f"{FHIR}/").partition("/_history")[0]
    assert len(where.partition("/")[2]) > 64
    assert call(bench_ehr, token, where).get_json()["id"] == where.partition("/")[2]


def test_a_search_can_warn_that_it_is_not_all(bench_ehr: SandboxEhr) -> None:
    turn(bench_ehr, search_warning="4119")
    warning = entries(call(bench_ehr, bench_ehr.token(READ), LABS))[-1]["resource"]["issue"][0]

    assert warning["severity"] == "warning"
    assert warning["details"]["coding"][0]["code"] == "4119"


def test_a_client_that_calls_too_fast_is_told_to_wait(bench_ehr: SandboxEhr) -> None:
    token = bench_ehr.token(READ)
    turn(bench_ehr, calls_per_second=1)
    first = call(bench_ehr, token, f"Patient/{ADELA}")
    # The next call is too fast unless this machine took a second for it; then one after is.
    others = (call(bench_ehr, token, f"Patient/{ADELA}") for _ in range(30))
    refused = next(one for one in others if one.status_code != 200)

    assert first.status_code == 200
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")


def test_types_can_be_forbidden_in_a_vendors_words(bench_ehr: SandboxEhr) -> None:
    token = bench_ehr.token(READ)
    turn(bench_ehr, forbidden_types=["Condition"], forbidden_code="4118")
    refused = call(bench_ehr, token, f"Condition?patient={ADELA}")

    assert (refused.status_code, codes(refused)) == (403, [("forbidden", "4118")])
    assert call(bench_ehr, token, LABS).status_code == 200


def test_a_search_can_hold_somebody_elses_entry_or_one_twice(bench_ehr: SandboxEhr) -> None:
    token = bench_ehr.token(READ)
    turn(bench_ehr, entries="wrong_patient")
    subjects = [one["resource"]["subject"] for one in entries(call(bench_ehr, token, LABS))]
    assert subjects[-1]["reference"] == f"Patient/{STRANGER}"
    assert {one["reference"] for one in subjects[:-1]} == {f"Patient/{ADELA}"}

    turn(bench_ehr, entries="twice")
    found = [one["resource"]["id"] for one in entries(call(bench_ehr, token, LABS))]
    assert len(found) == len(set(found)) + 1


@pytest.mark.parametrize("path", [f"Patient/{ADELA}", f"Patient?_id={ADELA}"])
def test_the_patient_can_be_merged_dead_or_another(bench_ehr: SandboxEhr, path: str) -> None:
    token = bench_ehr.token(READ)

    def patient(state: str) -> dict[str, Any]:
        turn(bench_ehr, patient=state)
        body = call(bench_ehr, token, path).get_json()
        found: dict[str, Any] = body["entry"][0]["resource"] if "entry" in body else body
        return found

    merged = patient("merged")
    assert merged["active"] is False
    assert merged["link"][0]["type"] == "replaced-by"
    assert "deceasedDateTime" in patient("deceased")
    assert patient("other")["id"] == STRANGER
    assert patient("right")["id"] == ADELA


@pytest.mark.parametrize(
    ("value", "location", "has_body"),
    [
        ("full", f"{FHIR}/DocumentReference/", True),
        ("location_only", f"{FHIR}/DocumentReference/", False),
        ("foreign_location", f"{TRAP}/DocumentReference/", False),
        ("empty", None, False),
    ],
)
def test_a_create_is_kept_whatever_it_answers(
    bench_ehr: SandboxEhr, value: str, location: str | None, has_body: bool
) -> None:
    token = bench_ehr.token(WRITE)
    before = ids(call(bench_ehr, token, "DocumentReference"))
    turn(bench_ehr, create_answer=value)
    answer = call(bench_ehr, token, "DocumentReference", "POST", note())

    assert answer.status_code == 201
    assert bool(answer.data) == has_body
    assert answer.headers.get("Location", "").startswith(location or "")
    assert ("Location" in answer.headers) == (location is not None)
    assert len(ids(call(bench_ehr, token, "DocumentReference")) - before) == 1


def test_without_conditional_create_a_repeated_write_is_there_twice(bench_ehr: SandboxEhr) -> None:
    token = bench_ehr.token(WRITE)
    turn(bench_ehr, conditional_create=False)
    statement = bench_ehr.browser().get("/fhir/metadata").get_json()
    headers = {
        "Authorization": f"Bearer {token}",
        "If-None-Exist": "identifier=urn:x|twice",
    }
    document = note(identifier=[{"system": "urn:x", "value": "twice"}])
    for _ in range(2):
        bench_ehr.browser().post("/fhir/DocumentReference", headers=headers, json=document)

    found = call(bench_ehr, token, "DocumentReference?identifier=urn:x|twice")
    assert len(ids(found)) == 2
    assert not any(one["conditionalCreate"] for one in statement["rest"][0]["resource"])


def test_oracle_takes_only_documents_after_its_own_rules(bench_ehr: SandboxEhr) -> None:
    token = bench_ehr.token(WRITE)
    speak(bench_ehr, "oracle")
    refused = call(bench_ehr, token, "DocumentReference", "POST", note())
    places = {issue["expression"][0] for issue in refused.get_json()["issue"]}
    assert refused.status_code == 422
    assert places == {
        "DocumentReference.author",
        "DocumentReference.context.period.end",
        "DocumentReference.content",
    }

    text = {"contentType": "text/plain;charset=utf-8", "data": base64.b64encode(b"Wait.").decode()}
    right = note(
        author=[{"reference": "Practitioner/pvg-prac-teasdale"}],
        context={"period": {"end": "2026-11-24T02:00:00Z"}},
        content=[{"attachment": text}],
    )
    answer = call(bench_ehr, token, "DocumentReference", "POST", right)
    assert (answer.status_code, answer.data) == (201, b"")


@pytest.mark.parametrize(
    ("effect", "status", "kind"),
    [
        ("unavailable", 503, "application/fhir+json"),
        ("forbidden", 403, "application/fhir+json"),
        ("policy", 403, "application/fhir+json"),
        ("not_found", 404, "application/fhir+json"),
        ("bad_request", 400, "application/fhir+json"),
        ("outcome_in_200", 200, "application/fhir+json"),
        ("html_page", 200, "text/html"),
        ("empty_body", 200, "application/fhir+json"),
        ("redirect", 307, "text/html"),
    ],
)
def test_each_fault_strikes_once_and_says_what_it_is(
    bench_ehr: SandboxEhr, effect: faults.Effect, status: int, kind: str
) -> None:
    token = bench_ehr.token(READ)
    with bench_ehr.services.database.transaction() as session:
        faults.arm(session, [faults.Fault(effect=effect, resource_type="Observation")])
    answer = call(bench_ehr, token, LABS)

    assert (answer.status_code, answer.mimetype) == (status, kind)
    assert answer.headers.get("Location", f"{TRAP}/redirect") == f"{TRAP}/redirect"
    if effect == "policy":
        assert codes(answer) == [("security", "4130")]
    if effect == "outcome_in_200":
        assert answer.get_json()["resourceType"] == "OperationOutcome"
    assert ids(call(bench_ehr, token, LABS))


def test_the_trap_notes_who_brought_a_token(bench_ehr: SandboxEhr) -> None:
    browser = bench_ehr.browser()
    browser.get(f"{TRAP}/page", base_url="http://127.0.0.1:8400")
    browser.get(f"{TRAP}/page", headers={"Authorization": "Bearer s3cr3t-token"})
    lines = [one for one in bench_ehr.services.ledger.lines() if one.place == "trap"]

    assert [one.answer["members"]["credentials"] for one in lines] == ["none", "leaked"]
    assert "s3cr3t-token" not in repr(lines)


def test_the_ledger_tells_every_call_and_no_value_of_a_patient_or_a_key(
    bench_ehr: SandboxEhr,
) -> None:
    body = granted(bench_ehr)
    token = body["access_token"]
    call(bench_ehr, token, LABS)
    call(bench_ehr, token, f"Patient/{ADELA}")
    call(bench_ehr, token, "Observation/no-such-id")
    browser = bench_ehr.browser()
    lines = browser.get("/sandbox/ledger", headers=KEY).get_json()
    told = [(one["place"], one["method"], one["route"], one["status"]) for one in lines]
    trace = browser.get("/sandbox/trace", headers=KEY)

    assert told == [
        ("auth", "GET", "/auth/authorize", 303),
        ("token", "POST", "/auth/token", 200),
        ("fhir", "GET", "/fhir/Observation", 200),
        ("fhir", "GET", "/fhir/Patient/{id}", 200),
        ("fhir", "GET", "/fhir/Observation/{id}", 404),
    ]
    search = lines[2]
    assert search["resource_type"] == "Observation"
    assert search["client_id"] == "confer-app"
    assert "patient/*.rs" in search["scopes"]
    assert search["request"]["query"] == {"patient": "***", "category": "laboratory"}
    assert search["request"]["headers"]["Authorization"] == "Bearer ***"
    assert lines[1]["request"]["form"]["grant_type"] == "authorization_code"
    assert lines[1]["answer"]["members"]["access_token"] == "***"
    assert lines[4]["answer"]["members"]["issue"][0]["code"] == "not-found"
    assert len(trace.get_json()["log"]["entries"]) == len(lines)
    for secret in (token, body["refresh_token"], body["id_token"], ADELA, "nonce-7", "Marrowby"):
        assert secret not in trace.text
        assert secret not in str(lines)


def test_the_ledger_is_closed_without_the_secret_and_can_be_emptied(bench_ehr: SandboxEhr) -> None:
    browser = bench_ehr.browser()
    browser.get("/fhir/metadata")
    assert browser.get("/sandbox/ledger").status_code == 403
    assert browser.get("/sandbox/trace").status_code == 403
    assert browser.delete("/sandbox/ledger", headers=KEY).get_json()["cleared"] == 1
    assert browser.get("/sandbox/ledger", headers=KEY).get_json() == []


def test_a_signed_in_doctor_turns_switches_on_a_page_that_every_page_tells_of(
    bench_ehr: SandboxEhr,
) -> None:
    browser, origin = bench_ehr.browser(), {"Origin": EHR}
    assert browser.get("/bench").status_code == 303
    browser.post("/sign-in", data={"account": "acc-rt"}, headers=origin)
    page = browser.get("/bench")
    csrf = page.text.split('name="csrf" value="', 1)[1].split('"', 1)[0]
    form = {"csrf": csrf, "dialect": "epic"}
    assert "Test bench on." not in page.text
    assert browser.post("/bench/dialect", data=form).status_code == 403  # no Origin: not our form
    assert browser.post("/bench/dialect", data=form, headers=origin).status_code == 303

    armed = {"csrf": csrf, "effect": "error_500", "place": "fhir", "times": "-1"}
    assert browser.post("/bench/faults", data=armed, headers=origin).status_code == 303
    told = browser.get("/").text
    assert "Test bench on." in told
    assert "Epic · 0 switches · 1 fault armed" in told
    wrong = {**armed, "effect": "none"}
    assert browser.post("/bench/faults", data=wrong, headers=origin).status_code == 400

    assert browser.post("/bench/off", data={"csrf": csrf}, headers=origin).status_code == 303
    assert "Test bench on." not in browser.get("/").text
    assert browser.get("/bench/requests").status_code == 200
    assert browser.get("/bench/trace").get_json()["log"]["version"] == "1.2"
