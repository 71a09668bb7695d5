"""What may be said about the patient: an age in the coarseness the law allows."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from deid import dates
from deid.structured.quantities import age_quantity
from deid.structured.run import Link, Run

CATEGORIES: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
LOINC: Final = "http://loinc.org"
AGE_CODE: Final = "30525-0"


def age_observation(patient: Mapping[str, Any], run: Run, position: int) -> dict[str, Any] | None:
    """Return the age at the question: weeks under 1 year, months under 2, then years.

    From 90 on it is `>= 90`. A patient who died is as old as at death. None when the chart
    does not know the date of birth. Spec: DETAILS 10.
    """
    quantity = _age(patient, run)
    if quantity is None:
        return None
    subject: dict[str, Any] = {"reference": ""}
    run.links.append(Link(subject, position, 0))
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [
            {
                "coding": [
                    {"system": CATEGORIES, "code": "social-history", "display": "Social History"}
                ]
            }
        ],
        "code": {"coding": [{"system": LOINC, "code": AGE_CODE, "display": "Age"}]},
        "subject": subject,
        "valueQuantity": quantity,
    }


def _age(patient: Mapping[str, Any], run: Run) -> dict[str, Any] | None:
    text = patient.get("birthDate")
    born = dates.parse(text, question_time=run.question_time) if isinstance(text, str) else None
    if born is None or born.at > run.question_time:
        return None
    at = run.question_time
    died = patient.get("deceasedDateTime")
    death = dates.parse(died, question_time=at) if isinstance(died, str) else None
    if death is not None and born.at <= death.at < at:
        at = death.at
    years = dates.age_years(born, at=at)
    if years >= dates.AGE_LIMIT_YEARS:
        return age_quantity(dates.AGE_LIMIT_YEARS, "a", comparator=">=")
    if years >= 2 or born.precision in ("year", "month"):
        return age_quantity(years, "a", comparator=None)
    if years < 1:
        return age_quantity((at - born.at) // timedelta(weeks=1), "wk", comparator=None)
    return age_quantity(_months(born, at=at), "mo", comparator=None)


def _months(born: dates.Moment, *, at: datetime) -> int:
    on, birthday = at.astimezone(born.at.tzinfo).date(), born.at.date()
    months = (on.year - birthday.year) * 12 + on.month - birthday.month
    return months - (1 if on.day < birthday.day else 0)
