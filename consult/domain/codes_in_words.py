"""Codes, quantities and attachments in words (pure)."""

import base64
import binascii
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

_UNITS: Final = {
    "Cel": "°C", "[degF]": "°F", "mm[Hg]": "mmHg", "/min": "per min", "kg/m2": "kg/m²",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²", "10*3/uL": "\u00d710³/µL", "10*9/L": "\u00d710⁹/L",
    "10*6/uL": "\u00d710⁶/µL", "10*12/L": "\u00d710¹²/L", "ug": "mcg", "ug/L": "mcg/L",
    "ug/dL": "mcg/dL", "umol/L": "µmol/L", "{score}": "", "m[IU]/L": "mIU/L",
    "u[IU]/mL": "µIU/mL", "[IU]/L": "IU/L",
}  # fmt: skip
"""Units of UCUM that nobody writes on paper. Never a bare Greek mu for a drug: read as milli, it is
a thousandfold dose."""


def mappings(value: object) -> list[Mapping[str, Any]]:
    """Return the JSON objects in a list; anything else in its place counts for nothing."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def concept_words(concept: object) -> str:
    """Return the words of a CodeableConcept: its text, else a display, else a code."""
    if not isinstance(concept, Mapping):
        return ""
    if isinstance(concept.get("text"), str) and concept["text"].strip():
        return str(concept["text"]).strip()
    codings = mappings(concept.get("coding"))
    for name in ("display", "code"):
        for coding in codings:
            if isinstance(coding.get(name), str) and coding[name].strip():
                return str(coding[name]).strip()
    return ""


def codes_of(concepts: object) -> set[str]:
    """Return all codes of a CodeableConcept or of a list of them."""
    items = concepts if isinstance(concepts, list) else [concepts]
    return {
        str(coding.get("code"))
        for item in items
        if isinstance(item, Mapping)
        for coding in mappings(item.get("coding"))
    }


def number_of(value: object) -> Decimal | None:
    """Return a JSON number as a Decimal, precision kept; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    return Decimal(value)


def unit_words(quantity: Mapping[str, Any]) -> str:
    """Return the unit of a Quantity as it is printed on a ward."""
    unit = str(quantity.get("unit") or quantity.get("code") or "")
    return _UNITS.get(unit, unit)


def quantity_words(quantity: object) -> str:
    """Return a Quantity in words, as "< 5.0 mmol/L"."""
    if not isinstance(quantity, Mapping):
        return ""
    value = number_of(quantity.get("value"))
    if value is None:
        return ""
    parts = (str(quantity.get("comparator") or ""), f"{value}", unit_words(quantity))
    return " ".join(part for part in parts if part)


def value_words(holder: Mapping[str, Any]) -> str:
    """Return the value[x] of an Observation or component in words."""
    for name, words in _VALUES.items():
        if name in holder:
            return words(holder[name])
    return concept_words(holder.get("dataAbsentReason"))


def _ratio_words(ratio: object) -> str:
    if not isinstance(ratio, Mapping):
        return ""
    return ":".join(quantity_words(ratio.get(end)) for end in ("numerator", "denominator"))


def _range_words(given: object) -> str:
    if not isinstance(given, Mapping):
        return ""
    return " to ".join(filter(None, (quantity_words(given.get(end)) for end in ("low", "high"))))


_VALUES: dict[str, Callable[[Any], str]] = {
    "valueQuantity": quantity_words,
    "valueCodeableConcept": concept_words,
    "valueString": str,
    "valueTime": str,
    "valueInteger": str,
    "valueBoolean": lambda value: "yes" if value is True else "no",
    "valueRatio": _ratio_words,
    "valueRange": _range_words,
}


def attachment_text(attachment: object) -> str:
    """Return the text of an inline text attachment; other content is not shown."""
    if not isinstance(attachment, Mapping):
        return ""
    if not str(attachment.get("contentType", "")).startswith("text/plain"):
        return ""
    try:
        return base64.b64decode(str(attachment.get("data", "")), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""


def one_line(text: str, limit: int = 160) -> str:
    """Return a text as one line, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return line[:limit].rsplit(" ", 1)[0] + " \N{HORIZONTAL ELLIPSIS}"
