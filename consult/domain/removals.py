"""What receipts say was removed, made general, refused or is missing, in plain words (pure)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from consult.domain.case_view import Removal
from exchange import names

_NUMBERS = "numbers"
_PLACES = "places"
_CONTACTS = "e-mail and web addresses"
_WORKPLACES = "hospitals, wards and employers"
_DATES = "dates"
_UNSENT = "Fields not sent"
# Category of the de-identification policy -> what a doctor calls it. A category without a word
# is a field of the record that was left out: no identifier, and of no clinical use.
_WORDS: Mapping[str, str] = {
    "name": "names",
    **dict.fromkeys(
        (
            "phone",
            "national_id",
            "record_number",
            "health_plan",
            "account",
            "license",
            "vehicle",
            "device",
            "other_id",
        ),
        _NUMBERS,
    ),
    **dict.fromkeys(("street", "city", "postal_code", "place"), _PLACES),
    **dict.fromkeys(("email", "url", "ip", "username", "file"), _CONTACTS),
    **dict.fromkeys(("organization", "unit", "employer", "school"), _WORKPLACES),
    **dict.fromkeys(("date", "birth_date"), _DATES),
    "age": "ages",
    "occupation": "occupations",
    "biometric": "photos and body data",
    "hidden": "words hidden by the asker",
}
# These sections only tell the hospital whose names to look for; nothing of them is ever sent.
_NAMES_ONLY = frozenset({"relatives", "coverage", "care_team"})
_REASONS: Mapping[str, str] = {
    "forbidden": "EHR refused",
    "not_offered": "not offered by the EHR",
    "unreachable": "EHR did not answer, may be incomplete",
    "out_of_time": "EHR took too long, may be incomplete",
    "throttled": "EHR asked us to wait, may be incomplete",
    "capped": "EHR lists only so many, may be incomplete",
    "not_converted": "parts are in an older form that could not be read",
    "attachment": "some texts could not be read",
}
_OTHER_REASON = "may be incomplete"
_TYPE_WORDS: Mapping[str, tuple[str, str]] = {
    "AllergyIntolerance": ("allergy", "allergies"),
    "Condition": ("problem", "problems"),
    "DiagnosticReport": ("report", "reports"),
    "DocumentReference": ("document", "documents"),
    "Encounter": ("visit", "visits"),
    "FamilyMemberHistory": ("relative's history", "relatives' histories"),
    "ImagingStudy": ("imaging study", "imaging studies"),
    "Immunization": ("immunization", "immunizations"),
    "Medication": ("drug", "drugs"),
    "MedicationRequest": ("medication", "medications"),
    "MedicationStatement": ("medication", "medications"),
    "Observation": ("result", "results"),
    "Procedure": ("procedure", "procedures"),
}
_OTHER_TYPE = ("part of the chart", "parts of the chart")
# The refusal of a whole resource repeats the refusal of its part.
_CONSEQUENCE = "cannot be kept"


def read_removals(receipts: Iterable[Mapping[str, Any]]) -> tuple[Removal, ...]:
    """Return the lines of the list "Removed or missing" from the receipts of one case."""
    claims = list(receipts)
    removed, unsent = _grouped(claims, "removed")
    general, _ = _grouped(claims, "general")
    given_back = sum(_whole(one.get("given_back")) for one in claims)
    lines = [
        *(Removal(text=f"Removed: {word}", count=count) for word, count in removed),
        *(Removal(text=f"Made general: {word}", count=count) for word, count in general),
    ]
    boxes = sum(_whole(_table(one, "pictures").get("boxes")) for one in claims)
    if boxes:
        lines.append(Removal(text="Black boxes on pictures", count=boxes))
    if given_back:
        lines.append(Removal(text="Given back by the asker", count=given_back))
    if unsent:
        lines.append(Removal(text=_UNSENT, count=unsent))
    return (*lines, *read_missing(claims))


def read_missing(receipts: Iterable[Mapping[str, Any]]) -> tuple[Removal, ...]:
    """Return what was not sent or not complete in the chart: what an opinion cannot rest on."""
    claims = list(receipts)
    refused = Counter(_refusal(item) for one in claims for item in _texts(one, "refused"))
    refused.pop(None, None)
    sections = dict.fromkeys(_section(item) for one in claims for item in _texts(one, "incomplete"))
    sections.pop("", None)
    return (
        *(Removal(text=text) for text in sections),
        *(Removal(text=text) for text in sorted(_not_sent(refused))),
    )


def _grouped(claims: Iterable[Mapping[str, Any]], key: str) -> tuple[list[tuple[str, int]], int]:
    """Sum a table of counts by plain word, most first; and what has no word of its own."""
    groups: Counter[str] = Counter()
    for one in claims:
        found = one.get(key)
        for name, count in found.items() if isinstance(found, Mapping) else ():
            groups[_WORDS.get(str(name), "")] += _whole(count)
    rest = groups.pop("", 0)
    return sorted(((+groups).items()), key=lambda item: (-item[1], item[0])), rest


def _table(claims: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = claims.get(key)
    return found if isinstance(found, Mapping) else {}


def _whole(count: object) -> int:
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 0


def _section(item: str) -> str:
    name, _, reason = item.partition(":")
    if name in _NAMES_ONLY:
        return ""
    title = names.CHART_SECTIONS.get(name, "Part of the chart")
    return f"{title}: {_REASONS.get(reason, _OTHER_REASON)}"


def _refusal(item: str) -> tuple[str, str] | None:
    place, _, reason = item.partition(": ")
    if reason == _CONSEQUENCE:
        return None
    return place.split(".", 1)[0].split("/", 1)[0], reason


def _not_sent(refused: Mapping[Any, int]) -> Iterable[str]:
    for (kind, reason), count in refused.items():
        one, many = _TYPE_WORDS.get(kind, _OTHER_TYPE)
        words = f"1 {one}" if count == 1 else f"{count} {many}"
        yield f"Not sent: {words} ({reason})" if reason else f"Not sent: {words}"


def _texts(claims: Mapping[str, Any], key: str) -> Iterable[str]:
    found = claims.get(key)
    return [str(item) for item in found] if isinstance(found, list) else []
