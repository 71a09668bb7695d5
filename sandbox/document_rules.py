"""The rules to which one vendor holds a DocumentReference (documentation of May 2024)."""

from collections.abc import Mapping
from typing import Any

from fhir_server.messages import FhirAnswer
from sandbox import fhir_outcomes

_KINDS = frozenset(
    {"application/pdf", "text/plain", "application/rtf", "text/html", "application/xhtml+xml"}
)


def refused(document: Mapping[str, Any], author: str) -> FhirAnswer | None:  # Any: FHIR JSON
    """Return what is wrong with a document; `author` is the doctor who signed in (or empty)."""
    wrong = [
        fhir_outcomes.issue("business-rule", says) | {"expression": [place]}
        for place, says, fine in _rules(document, author)
        if not fine
    ]
    return fhir_outcomes.refusal(422, *wrong) if wrong else None


def _rules(document: Mapping[str, Any], author: str) -> list[tuple[str, str, bool]]:
    authors = [str(one.get("reference", "")) for one in document.get("author") or []]
    period = (document.get("context") or {}).get("period") or {}
    dates = [str(text) for text in (document.get("date", ""), *period.values()) if text]
    systems = [one.get("system") for one in (document.get("type") or {}).get("coding") or []]
    attachments = [one.get("attachment") or {} for one in document.get("content") or []]
    alone = len(authors) == 1 and (not author or authors[0].endswith(f"Practitioner/{author}"))
    return [
        ("DocumentReference.docStatus", "docStatus is final", document.get("docStatus") == "final"),
        ("DocumentReference.author", "the authorizing doctor alone", alone),
        ("DocumentReference.context.period.end", "period.end is needed", "end" in period),
        ("DocumentReference.date", "dates have a time", all("T" in text for text in dates)),
        ("DocumentReference.type", "one LOINC code", systems == ["http://loinc.org"]),
        (
            "DocumentReference.content",
            "content of a known kind, with charset where it is text",
            bool(attachments) and all(_readable(one) for one in attachments),
        ),
    ]


def _readable(attachment: Mapping[str, Any]) -> bool:
    kind, _, rest = str(attachment.get("contentType", "")).partition(";")
    if kind.strip() not in _KINDS or not attachment.get("data"):
        return False
    return kind.strip() == "application/pdf" or "charset" in rest.lower()
