"""The closed set of leaf actions a policy may name."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from deid import dates
from deid.errors import ResourceRefused
from deid.structured import codes, files, references
from deid.structured.paths import Path, element
from deid.structured.quantities import (
    age_quantity,
    age_unit,
    coarse_age,
    is_over_89,
    plausible,
)
from deid.structured.rules import ABSENT, Action, Renamed
from deid.structured.run import Run

_CLOCK: Final = re.compile(r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?")
_LANGUAGE: Final = re.compile(r"([a-z]{2,3})(?:-[A-Za-z0-9-]{1,20})?")
_LINK_ID: Final = re.compile(r"[/A-Za-z0-9._-]{1,40}")
_UK_POSTCODE: Final = re.compile(r"([A-Za-z]{1,2})[0-9][0-9A-Za-z]?(?: ?[0-9][A-Za-z]{2})?")
_GTIN: Final = re.compile(r"[0-9]{14}")
_COUNTRY: Final = re.compile(r"[A-Z]{2,3}")
_SAMPLE: Final = re.compile(r"[EUL]|[-+]?\d{1,7}(?:\.\d{0,12})?(?:[eE][-+]?\d{1,2})?")
_MAX_SAMPLES: Final = 20_000
_COMPARATORS: Final = frozenset({"<", "<=", ">=", ">"})
_BIRTH_YEAR_FROM_AGE: Final = 2


def flag(value: Any, path: Path, run: Run) -> Any:
    """Keep true or false."""
    if value is True or value is False:
        return value
    run.drop("wrong_type", path)
    return ABSENT


def number(value: Any, path: Path, run: Run) -> Any:
    """Keep a number exactly as written, unless it is as long as a telephone number."""
    if type(value) not in (int, Decimal):
        run.drop("wrong_type", path)
        return ABSENT
    if not plausible(value):
        run.drop("other_id", path)
        return ABSENT
    return value


def quantity_value(value: Any, path: Path, run: Run) -> Any:
    """Keep the number of a quantity; with its unit it is looked at once more."""
    if type(value) in (int, Decimal):
        return value
    run.drop("wrong_type", path)
    return ABSENT


def text(value: Any, path: Path, run: Run) -> Any:
    """Keep a text as the text engine cleans it."""
    if isinstance(value, str) and value:
        return run.text(value, path)
    run.drop("wrong_type", path)
    return ABSENT


def display(value: Any, path: Path, run: Run) -> Any:
    """Keep a short label as the text engine cleans it."""
    if isinstance(value, str) and 0 < len(value) <= codes.MAX_LABEL:
        return run.label(value, path)
    run.drop("wrong_type", path)
    return ABSENT


def date(value: Any, path: Path, run: Run) -> Any:
    """Tell a date the way the policy tells dates."""
    if not isinstance(value, str):
        run.drop("wrong_type", path)
        return ABSENT
    told = run.dates.date(value)
    if told is None:
        run.drop("date", path)
        return ABSENT
    run.generalize("date")
    return told


def instant(value: Any, path: Path, run: Run) -> Any:
    """Tell an instant the way the policy tells dates."""
    told = run.dates.instant(value) if isinstance(value, str) else None
    if told is None:
        run.drop("date", path)
        return ABSENT
    run.generalize("date")
    return told


def year(value: Any, path: Path, run: Run) -> Any:
    """Keep the year of a date, as the policy tells it."""
    told = run.dates.date(value) if isinstance(value, str) else None
    if told is None or told.value is None:
        run.drop("date", path)
        return ABSENT
    run.generalize("date")
    return told.value[: len("2026")]


def device_model(value: Any, path: Path, run: Run) -> Any:
    """Keep the model number of a device when its check digit says that it is one."""
    if isinstance(value, str) and _GTIN.fullmatch(value):
        weighed = sum(int(digit) * (3, 1)[n % 2] for n, digit in enumerate(value))
        if weighed % 10 == 0:
            return value
    run.drop("device", path)
    return ABSENT


def clock(value: Any, path: Path, run: Run) -> Any:
    """Keep a time of day that has no date."""
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return value
    run.drop("wrong_type", path)
    return ABSENT


def birth_date(value: Any, path: Path, run: Run) -> Any:
    """Keep the year of birth, unless it tells an age under 2 or one that may exceed 89."""
    run.generalize("birth_date")
    born = dates.parse(value, question_time=run.question_time) if isinstance(value, str) else None
    if born is None:
        run.drop("birth_date", path)
        return ABSENT
    years = dates.age_years(born, at=run.question_time)
    oldest = run.question_time.year - born.at.year
    if years < _BIRTH_YEAR_FROM_AGE or oldest >= dates.AGE_LIMIT_YEARS:
        return ABSENT
    return f"{born.at.year:04d}"


def died(value: Any, path: Path, run: Run) -> Any:
    """Keep the fact of a death, not its date."""
    if not isinstance(value, str):
        run.drop("wrong_type", path)
        return ABSENT
    run.generalize("date")
    return Renamed("deceasedBoolean", True)


def age(value: Any, path: Path, run: Run) -> Any:
    """Keep an age in years, months or weeks as coarse as the law allows; from 90 on as a group."""
    if type(value) is not dict or type(value.get("value")) not in (int, Decimal):
        run.drop("age", path)
        return ABSENT
    code = age_unit(value)
    if code is None:
        run.drop("age", path)
        return ABSENT
    if is_over_89(value["value"], code):
        run.generalize("age")
        return age_quantity(dates.AGE_LIMIT_YEARS, "a", comparator=">=")
    comparator = value.get("comparator")
    if comparator is not None and comparator not in _COMPARATORS:
        raise ResourceRefused(expression=element((path, "comparator")), reason="cannot be kept")
    return coarse_age(value["value"], code, comparator=comparator)


def language(value: Any, path: Path, run: Run) -> Any:
    """Keep a language without its country, as one coding."""
    codings = value.get("coding") if type(value) is dict else None
    for each in codings if type(codings) is list else ():
        code = each.get("code") if type(each) is dict else None
        match = _LANGUAGE.fullmatch(code) if isinstance(code, str) else None
        if match is not None:
            return {"coding": [{"system": "urn:ietf:bcp:47", "code": match[1]}]}
    run.drop("demographic", path)
    return ABSENT


def state(value: Any, path: Path, run: Run) -> Any:
    """Keep a state of the United States, by its code or name."""
    if isinstance(value, str) and value.strip().lower() in run.codes.states:
        return value.strip()
    run.drop("place", path)
    return ABSENT


def country(value: Any, path: Path, run: Run) -> Any:
    """Keep a country written as its ISO code."""
    if isinstance(value, str) and _COUNTRY.fullmatch(value):
        return value
    run.drop("place", path)
    return ABSENT


def uk_region(value: Any, path: Path, run: Run) -> Any:
    """Turn a postcode of the United Kingdom into its region, under the element `state`."""
    match = _UK_POSTCODE.fullmatch(value) if isinstance(value, str) else None
    region = run.codes.uk_regions.get(match[1].upper()) if match else None
    if region is None:
        run.drop("postal_code", path)
        return ABSENT
    run.generalize("place")
    return Renamed("state", region)


def several_born(value: Any, path: Path, run: Run) -> Any:
    """Keep that more than one was born, not which of them this is."""
    if type(value) is not int:
        run.drop("wrong_type", path)
        return ABSENT
    run.generalize("demographic")
    return Renamed("multipleBirthBoolean", True)


def link_id(value: Any, path: Path, run: Run) -> Any:
    """Keep the name of a question in a form, unless the text engine would change it."""
    if isinstance(value, str) and _LINK_ID.fullmatch(value) and run.label(value, path) == value:
        return value
    run.drop("wrong_type", path)
    return ABSENT


def position(_value: Any, path: Path, _run: Run) -> Any:
    """Write the place of the part in its list instead of an identifier it must have."""
    parent = path[0] if isinstance(path, tuple) else path
    place = parent[1] if isinstance(parent, tuple) else 0
    return f"part{place + 1}" if isinstance(place, int) else "part1"


def samples(value: Any, path: Path, run: Run) -> Any:
    """Keep numbers in a row."""
    rows = value.split(" ") if isinstance(value, str) else []
    if 0 < len(rows) <= _MAX_SAMPLES and all(_SAMPLE.fullmatch(each) for each in rows):
        return value
    run.drop("wrong_type", path)
    return ABSENT


def refuse(_value: Any, path: Path, _run: Run) -> Any:
    """Refuse the resource that holds this element."""
    raise ResourceRefused(expression=element(path), reason="not understood by the policy")


def handled(_value: Any, _path: Path, _run: Run) -> Any:
    """Leave out an element that has been dealt with elsewhere."""
    return ABSENT


def constant(word: str) -> Action:
    """Return the action that writes a word of ours, whatever the chart says."""

    def write(_value: Any, _path: Path, _run: Run) -> Any:
        return word

    return write


def drop(category: str) -> Action:
    """Return the action that leaves an element behind and counts why."""

    def leave(_value: Any, path: Path, run: Run) -> Any:
        run.drop(category, path)
        return ABSENT

    return leave


def token(words: frozenset[str]) -> Action:
    """Return the action that keeps one word out of a closed set."""

    def keep(value: Any, path: Path, run: Run) -> Any:
        if isinstance(value, str) and value in words:
            return value
        run.drop("wrong_type", path)
        return ABSENT

    return keep


NAMED: Final[Mapping[str, Action]] = {
    "age": age,
    "attachment": files.attachment,
    "birth-date": birth_date,
    "clock": clock,
    "coding": codes.coding,
    "concept": codes.concept,
    "country": country,
    "date": date,
    "device-model": device_model,
    "died": died,
    "display": display,
    "flag": flag,
    "instant": instant,
    "language": language,
    "link-id": link_id,
    "number": number,
    "patient": references.patient,
    "position": position,
    "quantity-value": quantity_value,
    "reference": references.reference,
    "refuse": refuse,
    "role": references.role,
    "samples": samples,
    "several-born": several_born,
    "state": state,
    "text": text,
    "year": year,
    "ucum": codes.ucum,
    "ucum-system": codes.ucum_system,
    "uk-region": uk_region,
    "unit": codes.unit,
}
