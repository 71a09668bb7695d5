"""Ids with a tail: put on outside, taken off inside, the same in every place of an answer."""

from fhir_server.messages import FhirAnswer, FhirRequest
from sandbox import long_ids

BASE = "http://localhost:8400/fhir"


def test_references_links_and_ids_of_the_chosen_types_agree() -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "result": [{"reference": "Observation/o1"}, {"reference": f"{BASE}/Observation/o1"}],
        "contained": [{"resourceType": "Observation", "id": "o1"}],
        "subject": {"reference": "Patient/p1"},
    }
    answered = FhirAnswer(
        status=201,
        headers={"location": f"{BASE}/Observation/o1/_history/1"},
        resource=report,
    )
    made = long_ids.outward(answered, ("Observation",))
    content = made.content() or {}
    longer = long_ids.longer("o1")

    assert len(longer) == long_ids.LENGTH
    assert content["id"] == "r1"
    assert content["subject"]["reference"] == "Patient/p1"
    assert [one["reference"] for one in content["result"]] == [
        f"Observation/{longer}",
        f"{BASE}/Observation/{longer}",
    ]
    assert content["contained"][0]["id"] == longer
    assert made.headers["location"] == f"{BASE}/Observation/{longer}/_history/1"


def test_what_a_client_sends_is_understood_wherever_the_id_stands() -> None:
    longer = long_ids.longer("o-1.x")
    asked = FhirRequest(
        method="PUT",
        path=f"Observation/{longer}",
        query=(("_id", f"{longer},{long_ids.longer('o2')}"),),
        headers={"if-none-exist": f"based-on=Observation/{longer}"},
        body=f'{{"id":"{longer}","note":[{{"text":"HELLLLLLLLLLLLLLLLO"}}]}}'.encode(),
    )
    inside = long_ids.inward(asked)

    assert inside.path == "Observation/o-1.x"
    assert inside.query == (("_id", "o-1.x,o2"),)
    assert inside.headers["if-none-exist"] == "based-on=Observation/o-1.x"
    assert inside.body == b'{"id":"o-1.x","note":[{"text":"HELLLLLLLLLLLLLLLLO"}]}'
