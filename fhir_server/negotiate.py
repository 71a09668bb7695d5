"""Request headers and format parameters, read strictly (pure)."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from fhir_server.errors import (
    BodyTypeUnsupported,
    FormatUnsupported,
    Issue,
    RequestInvalid,
)

Preference = Literal["minimal", "representation", "OperationOutcome"]
_JSON_TYPES = frozenset({"application/fhir+json", "application/json", "text/json", "json"})
_ANY_TYPES = frozenset({"*/*", "application/*"})
_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"|(\d{1,9})')
FORM = "application/x-www-form-urlencoded"


def check_answer_format(headers: Mapping[str, str], query: Sequence[tuple[str, str]]) -> None:
    """Raise `FormatUnsupported` unless the caller takes FHIR JSON; `_format` wins over Accept."""
    asked = [value for name, value in query if name == "_format"]
    if asked:
        # "application/fhir+json" in a query may arrive with a space for its plus sign.
        if all(_media_type(value.replace(" ", "+")) in _JSON_TYPES for value in asked):
            return
        raise FormatUnsupported(issues=[_issue("http._format", "only FHIR JSON is offered")])
    accepted = [part for part in headers.get("accept", "").split(",") if part.strip()]
    if not accepted or any(_takes_json(part) for part in accepted):
        return
    raise FormatUnsupported(issues=[_issue("http.accept", "only FHIR JSON is offered")])


def check_body_format(headers: Mapping[str, str]) -> None:
    """Raise `BodyTypeUnsupported` unless the body claims to be (FHIR) JSON in UTF-8."""
    content_type = headers.get("content-type", "")
    charset = re.search(r"charset=\"?([\w-]+)", content_type, re.IGNORECASE)
    if _media_type(content_type) not in _JSON_TYPES - {"json"} or (
        charset is not None and charset.group(1).lower() not in ("utf-8", "utf8")
    ):
        raise BodyTypeUnsupported(issues=[_issue("http.content-type", "send FHIR JSON in UTF-8")])


def is_form(headers: Mapping[str, str]) -> bool:
    """Tell whether the body is an HTML form, as POST _search uses it."""
    return _media_type(headers.get("content-type", "")) == FORM


def if_match(headers: Mapping[str, str]) -> int | None:
    """Return the version of If-Match, or None without one."""
    return version_of(headers.get("if-match"), "http.if-match")


def version_of(etag: str | None, expression: str) -> int | None:
    """Read W/"3", "3" or 3; anything else is refused, since it would match nothing."""
    if etag is None:
        return None
    found = _ETAG.fullmatch(etag.strip())
    if found is None:
        raise RequestInvalid(
            issues=[Issue(code="value", expression=expression, rule="not a version")]
        )
    return int(found.group(1) or found.group(2))


def preference(headers: Mapping[str, str]) -> Preference | None:
    """Return what the caller prefers to get back from a write, if it said so."""
    for part in headers.get("prefer", "").replace(";", ",").split(","):
        name, _, value = part.strip().partition("=")
        if name == "return":
            return _PREFERENCES.get(value.strip('"'))
    return None


_PREFERENCES: Mapping[str, Preference] = {
    "minimal": "minimal",
    "representation": "representation",
    "OperationOutcome": "OperationOutcome",
}


def _takes_json(part: str) -> bool:
    kind, *settings = [piece.strip().lower() for piece in part.split(";")]
    if any(re.fullmatch(r"q=0(\.0*)?", setting) for setting in settings):
        return False
    return kind in _JSON_TYPES or kind in _ANY_TYPES


def _media_type(text: str) -> str:
    return text.split(";", maxsplit=1)[0].strip().lower()


def _issue(expression: str, rule: str) -> Issue:
    return Issue(code="not-supported", expression=expression, rule=rule)
