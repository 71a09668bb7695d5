"""What a receipt says was removed, made general, refused or is missing (pure)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from consult.domain.case_view import Removal

_TYPE_WORDS = {
    "DocumentReference": "document",
    "DiagnosticReport": "report",
    "ImagingStudy": "imaging study",
    "MedicationRequest": "medication",
    "Observation": "result",
}
# The refusal of a whole resource repeats the refusal of its part.
_CONSEQUENCE = "cannot be kept"


def read_removals(claims: Mapping[str, Any]) -> tuple[Removal, ...]:
    """Return the lines of the list "Removed or missing" from a receipt's claims."""
    lines = [
        Removal(text=f"{words}: {name.replace('_', ' ')}", count=count)
        for key, words in (("removed", "Removed"), ("general", "Made general"))
        for name, count in sorted(_counts(claims, key).items(), key=lambda i: (-i[1], i[0]))
    ]
    given_back = claims.get("given_back")
    if isinstance(given_back, int) and given_back:
        lines.append(Removal(text="Given back by the asker", count=given_back))
    return (*lines, *read_missing(claims))


def read_missing(claims: Mapping[str, Any]) -> tuple[Removal, ...]:
    """Return what was not sent or was incomplete in the chart: what an opinion cannot rest on."""
    refused = Counter(_refusal(item) for item in _texts(claims, "refused"))
    refused.pop("", None)
    return (
        *(
            Removal(text=f"Not sent: {text}", count=count if count > 1 else None)
            for text, count in sorted(refused.items())
        ),
        *(
            Removal(text=f"Incomplete in the chart: {item}")
            for item in _texts(claims, "incomplete")
        ),
    )


def _refusal(item: str) -> str:
    place, _, reason = item.partition(": ")
    kind = place.split(".", 1)[0].split("/", 1)[0]
    if reason == _CONSEQUENCE:
        return ""
    words = _TYPE_WORDS.get(kind, kind)
    return f"{words} ({reason})" if reason else words


def _texts(claims: Mapping[str, Any], key: str) -> Iterable[str]:
    found = claims.get(key)
    return [str(item) for item in found] if isinstance(found, list) else []


def _counts(claims: Mapping[str, Any], key: str) -> dict[str, int]:
    found = claims.get(key)
    items = found.items() if isinstance(found, Mapping) else ()
    return {str(name): count for name, count in items if isinstance(count, int) and count > 0}
