"""What the tests of structured build on."""

from typing import Any

from deid import policy
from deid.pipeline import Prepared, deidentify
from tests.support.deid_cases import CASE_ID, case

BASE = f"https://confer.example/fhir/case/{CASE_ID}"


FROM_QUESTION = "https://confer.example/fhir/StructureDefinition/time-from-question"


Resource = dict[str, Any]


def prepared(*resources: Resource, **changes: Any) -> Prepared:
    return deidentify(case(*resources, **changes), policy.load())


def sent(*resources: Resource, **changes: Any) -> list[Resource]:
    """What left, without the Patient and the age."""
    entries = prepared(*resources, **changes).sealed.entries
    return [
        each.resource
        for each in entries
        if each.resource_type != "Patient" and b"30525-0" not in each.body
    ]


def refused(*resources: Resource, **changes: Any) -> tuple[str, ...]:
    return prepared(*resources, **changes).sealed.receipt.refused


def beside(value: int, code: str, unit: str) -> Resource:
    duration = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": code}
    return {"extension": [{"url": FROM_QUESTION, "valueDuration": duration}]}


def number_of(*resources: Resource) -> int:
    entries = prepared(*resources).sealed.entries
    return next(each.n for each in entries if b"2823-3" in each.body)


PELL: Resource = {
    "resourceType": "Practitioner",
    "id": "pell",
    "name": [{"family": "Pellwright", "given": ["Orin"]}],
}


WARD: Resource = {"resourceType": "Organization", "id": "org", "name": "Gullhaven Infirmary"}
