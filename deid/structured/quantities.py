"""What a number may be: a measurement, not a number of somebody.

Three things are looked at once a part is walked: an age in whatever unit, a value so extreme
that it is rare by itself, and a number as long as a telephone or record number.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from deid.dates import AGE_LIMIT_YEARS
from deid.structured.date_methods import UCUM
from deid.structured.paths import Path
from deid.structured.rules import ABSENT
from deid.structured.run import Run

MAX_DIGITS: Final = 7
"""Significant digits before the decimal point from which a number is no measurement."""
_MAX_NUMBER_LENGTH: Final = 30
_ROUND: Final = re.compile(r"(?:000)+\Z")
_YEARS: Final = {"a": 1, "mo": 12, "wk": 52, "d": 365, "h": 8766, "min": 525960}
_MONTHS_UNTIL: Final = 2
_AGE_UNITS: Final = {
    "a": "a", "year": "a", "years": "a", "yr": "a", "yrs": "a", "y": "a", "yo": "a",
    "mo": "mo", "month": "mo", "months": "mo", "wk": "wk", "week": "wk", "weeks": "wk",
    "d": "d", "day": "d", "days": "d", "h": "h", "hours": "h", "min": "min", "minutes": "min",
}  # fmt: skip
_AGE_WORDS: Final = {
    "a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours", "min": "minutes",
}  # fmt: skip

Look = Callable[[dict[str, Any], Path, Run], Any]
"""Looks at a walked part as a whole; returns what leaves of it, or ABSENT."""


def plausible(value: Any, *, rate: bool = False) -> bool:
    """Tell whether a number can be a measurement; `rate` when its unit is one per another.

    Ten million copies per milliliter are; 5550100142 is not, nor is a date in one number.
    """
    if type(value) not in (int, Decimal):
        return False
    written = str(value)
    if len(written) > _MAX_NUMBER_LENGTH:
        return False
    # Scientific notation is written out, so that 5.550100142E+9 is seen as what it is.
    whole = format(value, "f") if type(value) is Decimal else written
    digits = _ROUND.sub("", whole.lstrip("-").partition(".")[0].lstrip("0"))
    return len(digits) < MAX_DIGITS + (1 if rate else 0)


def age_unit(quantity: Mapping[str, Any]) -> str | None:
    """Return the UCUM code of a unit of age; None when it is none."""
    for name in ("code", "unit"):
        unit = quantity.get(name)
        if isinstance(unit, str):
            return _AGE_UNITS.get(unit)
    return None


def is_over_89(value: int | Decimal, unit: str) -> bool:
    """Tell whether so many of a unit are 90 years or more."""
    return value / _YEARS[unit] >= AGE_LIMIT_YEARS


def age_quantity(value: int | Decimal, code: str, *, comparator: str | None) -> dict[str, Any]:
    """Return an age as FHIR writes it."""
    out: dict[str, Any] = {"value": value, "unit": _AGE_WORDS[code], "system": UCUM, "code": code}
    if comparator is not None:
        out["comparator"] = comparator
    return out


def coarse_age(value: int | Decimal, code: str, *, comparator: str | None) -> dict[str, Any]:
    """Return an age as coarse as it may be told: weeks under 1 year, months under 2, then years.

    An age in days beside a date would be the date of birth. A unit that is coarser already
    stays; the number is cut to a whole one. Spec: DETAILS 10.
    """
    years = value / Decimal(_YEARS[code])
    least = "wk" if years < 1 else "mo" if years < _MONTHS_UNTIL else "a"
    if _YEARS[code] <= _YEARS[least]:
        return age_quantity(int(value), code, comparator=comparator)
    whole = int(value * _YEARS[least] / Decimal(_YEARS[code]))
    return age_quantity(whole, least, comparator=comparator)


def quantity(out: dict[str, Any], path: Path, run: Run) -> Any:
    """Cap what may be an age; drop a quantity whose number is too long for a measurement."""
    value = out.get("value")
    if value is None:
        return out
    rate = "/" in str(out.get("code") or out.get("unit") or "")
    if not plausible(value, rate=rate):
        run.drop("other_id", (path, "value"))
        return ABSENT
    unit = age_unit(out)
    if unit is not None and is_over_89(value, unit):
        run.generalize("age")
        return age_quantity(AGE_LIMIT_YEARS, "a", comparator=">=")
    return out


def measured(out: dict[str, Any], path: Path, run: Run) -> Any:
    """Cut an extreme measurement at the top of its table, and an age at 90 years."""
    codes = _loinc(out)
    if codes & run.codes.limits.ages:
        return _age_only(out, path, run)
    for code in codes & run.codes.limits.tops.keys():
        result: dict[str, Any] = out.get("valueQuantity") or {}
        top = _top(result, run.codes.limits.tops[code])
        if top is not None:
            run.generalize("extreme")
            out["valueQuantity"] = {**result, "value": top, "comparator": ">"}
    return out


def _age_only(out: dict[str, Any], path: Path, run: Run) -> Any:
    """An age leaves as a quantity with its unit, or not at all."""
    for name in [key for key in out if key.startswith("value")]:
        result = out[name]
        unit = age_unit(result) if name == "valueQuantity" and "value" in result else None
        if unit is not None:
            comparator = result.get("comparator")
            out[name] = coarse_age(result["value"], unit, comparator=comparator)
        else:
            del out[name]
            run.drop("age", (path, name))
    return out


def _top(result: Mapping[str, Any], tops: Mapping[str, Decimal]) -> Decimal | None:
    top = tops.get(str(result.get("code") or result.get("unit")))
    value = result.get("value")
    return top if top is not None and value is not None and value > top else None


def _loinc(out: Mapping[str, Any]) -> set[str]:
    code = out.get("code")
    codings = code.get("coding", ()) if type(code) is dict else ()
    return {each["code"] for each in codings if each.get("system") == "http://loinc.org"}


LOOKS: Final[Mapping[str, Look]] = {"measured": measured, "quantity": quantity}
