"""Row "Access control": every FHIR call is held to its scopes and its patient."""

from typing import Any

import pytest

from runtime import clock
from sandbox import grants
from tests.support.sandbox_ehr import ADELA, FHIR, IVO, WRITE, SandboxEhr, call, ids, note

OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer junk"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer "},
    ],
)
def test_without_a_live_token_everything_but_metadata_is_401(
    ehr: SandboxEhr, headers: dict[str, str]
) -> None:
    for path in (f"Patient/{ADELA}", "Patient", "Nonsense", f"Observation?patient={ADELA}"):
        answer = ehr.browser().get(f"/fhir/{path}", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.get_json()["resourceType"] == "OperationOutcome"
    assert ehr.browser().get("/fhir/metadata", headers=headers).status_code == 200


def test_a_token_in_the_address_is_not_a_token(ehr: SandboxEhr) -> None:
    token = ehr.token("patient/*.rs")

    assert ehr.browser().get(f"/fhir/Patient/{ADELA}?access_token={token}").status_code == 401


def test_t07_a_token_of_another_ehr_is_401(ehr: SandboxEhr, shared_ehr: SandboxEhr) -> None:
    token = shared_ehr.token("patient/*.rs")

    assert call(shared_ehr, token, f"Patient/{ADELA}").status_code == 200
    assert call(ehr, token, f"Patient/{ADELA}").status_code == 401


def test_an_expired_token_is_401(ehr: SandboxEhr) -> None:
    token = ehr.token("patient/*.rs")
    with ehr.services.database.transaction() as session:
        access = grants.find_access(session, token, clock.now())
        assert access is not None
        grants.expire_access(session, access.token_hash, clock.now())

    assert call(ehr, token, f"Patient/{ADELA}").status_code == 401


@pytest.mark.parametrize("scope", ["patient/Observation.rs", "patient/Observation.read"])
def test_a_scope_opens_its_type_and_no_other(ehr: SandboxEhr, scope: str) -> None:
    token = ehr.token(scope)

    assert call(ehr, token, f"Observation?patient={ADELA}&_count=1").status_code == 200
    assert call(ehr, token, f"Condition?patient={ADELA}").status_code == 403
    assert call(ehr, token, f"Patient/{ADELA}").status_code == 403


def test_read_and_search_are_separate_rights(ehr: SandboxEhr) -> None:
    reader, searcher = ehr.token("patient/Patient.r"), ehr.token("patient/Patient.s")

    assert call(ehr, reader, f"Patient/{ADELA}").status_code == 200
    assert call(ehr, reader, "Patient").status_code == 403
    assert call(ehr, searcher, f"Patient/{ADELA}").status_code == 403
    assert call(ehr, searcher, "Patient").status_code == 200


def test_the_patient_of_the_launch_is_the_only_patient(ehr: SandboxEhr) -> None:
    token = ehr.token("patient/*.rs")

    assert call(ehr, token, f"Patient/{IVO}").status_code in (403, 404)
    assert ids(call(ehr, token, "Patient")) == {ADELA}
    assert ids(call(ehr, token, f"Observation?patient={IVO}")) == set()
    assert call(ehr, token, "Observation/ed9-obs-01").status_code in (403, 404)
    assert call(ehr, token, "Observation/ed9-obs-01/_history").status_code in (403, 404)
    assert call(ehr, token, "Observation/ed9-obs-01/_history/1").status_code in (403, 404)
    assert call(ehr, token, f"Patient/{IVO}/$everything").status_code in (403, 404)
    everyone = call(ehr, token, "Observation?_count=500").get_json()
    subjects = {e["resource"]["subject"]["reference"] for e in everyone["entry"]}
    assert subjects == {f"Patient/{ADELA}"}


def test_a_user_scope_reaches_every_patient(ehr: SandboxEhr) -> None:
    token = ehr.token("user/Patient.rs")

    assert ids(call(ehr, token, "Patient")) == {ADELA, IVO}


@pytest.mark.parametrize("category", ["laboratory", "vital-signs"])
def test_a_granular_scope_returns_only_its_category(ehr: SandboxEhr, category: str) -> None:
    token = ehr.token(f"patient/Observation.rs?category={OBSERVATION_CATEGORY}|{category}")
    found = call(ehr, token, f"Observation?patient={ADELA}&_count=500").get_json()
    codes = {
        coding["code"]
        for entry in found["entry"]
        for concept in entry["resource"]["category"]
        for coding in concept["coding"]
    }

    assert codes == {category}


def test_two_granular_scopes_add_up_and_a_third_category_stays_closed(ehr: SandboxEhr) -> None:
    both = " ".join(
        f"patient/Observation.rs?category={OBSERVATION_CATEGORY}|{name}"
        for name in ("laboratory", "vital-signs")
    )
    token = ehr.token(both)
    found = call(ehr, token, f"Observation?patient={ADELA}&_count=500").get_json()["entry"]
    codes = {e["resource"]["category"][0]["coding"][0]["code"] for e in found}
    whole = call(ehr, ehr.token("patient/*.rs"), f"Observation?patient={ADELA}&_count=500")
    social = [
        e["resource"]["id"]
        for e in whole.get_json()["entry"]
        if e["resource"]["category"][0]["coding"][0]["code"] == "social-history"
    ]

    assert codes == {"laboratory", "vital-signs"}
    assert social
    assert call(ehr, token, f"Observation/{social[0]}").status_code in (403, 404)
    assert call(ehr, token, f"Observation/{found[0]['resource']['id']}").status_code == 200


def test_an_include_shows_no_type_the_token_does_not_open(ehr: SandboxEhr) -> None:
    token = ehr.token("patient/DocumentReference.rs")
    found = call(
        ehr, token, f"DocumentReference?patient={ADELA}&_include=DocumentReference:author"
    ).get_json()

    assert {e["resource"]["resourceType"] for e in found["entry"]} == {"DocumentReference"}


def test_everything_needs_the_whole_chart(ehr: SandboxEhr) -> None:
    assert (
        call(ehr, ehr.token("patient/Patient.rs"), f"Patient/{ADELA}/$everything").status_code
        == 403
    )
    assert call(ehr, ehr.token("patient/*.rs"), f"Patient/{ADELA}/$everything").status_code == 200


def test_a_note_is_created_in_the_launch_patients_chart(ehr: SandboxEhr) -> None:
    answer = call(ehr, ehr.token(WRITE), "DocumentReference", "POST", note())

    assert answer.status_code == 201
    assert answer.headers["Location"].startswith(f"{FHIR}/DocumentReference/")


def test_reading_does_not_include_writing(ehr: SandboxEhr) -> None:
    for scope in ("patient/*.rs", "patient/*.read", "patient/Communication.c"):
        answer = call(ehr, ehr.token(scope), "DocumentReference", "POST", note())
        assert answer.status_code == 403


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": {"reference": f"Patient/{IVO}"}},
        {"subject": {"reference": f"{FHIR}/Patient/{IVO}"}},
        {"subject": {"display": "somebody"}},
        {"author": [{"reference": f"Patient/{IVO}"}]},
        {"context": {"related": [{"reference": f"Patient/{IVO}"}]}},
    ],
)
def test_a_note_that_touches_another_patient_is_refused(
    ehr: SandboxEhr, changed: dict[str, Any]
) -> None:
    before = ids(call(ehr, ehr.token("user/DocumentReference.rs"), "DocumentReference"))
    answer = call(ehr, ehr.token(WRITE), "DocumentReference", "POST", note(**changed))

    assert answer.status_code == 403
    assert ids(call(ehr, ehr.token("user/DocumentReference.rs"), "DocumentReference")) == before


@pytest.mark.parametrize("encounter", ["ed9-enc-now", "no-such-visit"])
def test_a_note_with_a_foreign_or_unknown_encounter_is_refused(
    ehr: SandboxEhr, encounter: str
) -> None:
    context = {"encounter": [{"reference": f"Encounter/{encounter}"}]}
    answer = call(ehr, ehr.token(WRITE), "DocumentReference", "POST", note(context=context))

    assert answer.status_code == 400


def test_a_system_token_is_held_to_one_chart_per_note_too(ehr: SandboxEhr) -> None:
    token = ehr.token("system/DocumentReference.crs", patient_id="")
    mixed = note(context={"encounter": [{"reference": "Encounter/ed9-enc-now"}]})

    assert call(ehr, token, "DocumentReference", "POST", note("no-such-patient")).status_code == 400
    assert call(ehr, token, "DocumentReference", "POST", mixed).status_code == 400
    assert call(ehr, token, "DocumentReference", "POST", note()).status_code == 201


def test_types_that_are_read_only_cannot_be_written_by_any_scope(ehr: SandboxEhr) -> None:
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": f"Patient/{ADELA}"},
    }

    assert (
        call(ehr, ehr.token("user/*.cruds"), "Observation", "POST", observation).status_code == 405
    )


def test_each_entry_of_a_batch_is_checked_by_itself(ehr: SandboxEhr) -> None:
    batch = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [
            {"request": {"method": "GET", "url": f"Patient/{ADELA}"}},
            {"request": {"method": "GET", "url": f"Patient/{IVO}"}},
            {"request": {"method": "GET", "url": f"Observation?patient={IVO}"}},
            {"request": {"method": "POST", "url": "DocumentReference"}, "resource": note(IVO)},
        ],
    }
    answer = call(ehr, ehr.token("patient/*.rs patient/DocumentReference.c"), "", "POST", batch)
    statuses = [e["response"]["status"][:3] for e in answer.get_json()["entry"]]

    assert statuses[0] == "200"
    assert statuses[1] in ("403", "404")
    assert answer.get_json()["entry"][2]["resource"].get("entry", []) == []
    assert statuses[3] == "403"


def test_a_page_link_does_not_open_under_another_token(ehr: SandboxEhr) -> None:
    first, second = ehr.token("patient/*.rs"), ehr.token("patient/*.rs", patient_id=IVO)
    page = call(ehr, first, f"Observation?patient={ADELA}&_count=5").get_json()
    following = next(link["url"] for link in page["link"] if link["relation"] == "next")
    path = following.removeprefix(f"{FHIR}/")

    assert call(ehr, first, path).status_code == 200
    assert call(ehr, second, path).status_code in (400, 403, 404, 410)


def test_if_none_exist_finds_nothing_in_another_chart(ehr: SandboxEhr) -> None:
    mark = [{"system": "https://other.example/sid", "value": "o-1"}]
    foreign = call(
        ehr,
        ehr.token(WRITE, patient_id=IVO),
        "DocumentReference",
        "POST",
        note(IVO, identifier=mark),
    )
    answer = ehr.browser().post(
        "/fhir/DocumentReference",
        headers={
            "Authorization": f"Bearer {ehr.token(WRITE)}",
            "Content-Type": "application/fhir+json",
            "If-None-Exist": "identifier=https://other.example/sid|o-1",
        },
        json=note(identifier=mark),
    )

    assert foreign.status_code == 201
    assert answer.status_code == 201
