"""The structured opinion: what a specialist answers, and the record that is signed.

The record travels as an `application/json` attachment; its schema is generated from these
classes into schemas/opinion.1.json. Text, XHTML and print are rendered from the record,
never the other way round (DETAILS 15).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from exchange import names
from exchange.errors import MessageUnreadable
from exchange.issues import Issue
from exchange.names import Resource
from exchange.task_states import instant
from runtime import json_text

SCHEMA = f"{names.BASE}/schema/opinion/1"
MAX_TEXT = 8_000
MAX_RECOMMENDATIONS = 12
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """One thing to do: the action, and dose, route, duration, monitoring."""

    what: str = field(repr=False)
    how: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """What the specialist answers. Codes are those of `names`."""

    bottom_line: str = field(repr=False)
    recommendations: tuple[Recommendation, ...] = field(repr=False)
    rationale: str = field(repr=False)
    change_my_mind: str = field(repr=False)
    in_person_review: str
    teaching_point: str = field(default="", repr=False)
    confidence: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class CredentialFact:
    """One credential as it stood when the opinion was signed (dates as YYYY-MM-DD)."""

    credential_id: str
    kind: str
    title: str
    source: str
    verified_on: str
    valid_until: str


@dataclass(frozen=True, kw_only=True)
class Author:
    """The signing specialist, as the hospital sees them."""

    member_id: str
    name: str
    specialty: str
    credentials: tuple[CredentialFact, ...]


@dataclass(frozen=True, kw_only=True)
class Basis:
    """On what data the opinion rests, counted from the snapshot."""

    results: int
    notes: int
    documents: int
    newest_result: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Responsibility:
    """The responsibility statement that was accepted: id, version, hash and its words."""

    statement_id: str
    version: str
    sha256: str
    text: str


@dataclass(frozen=True, kw_only=True)
class OpinionRecord:
    """The signed content of an opinion; `version` counts corrections from 1."""

    schema: str
    case_id: str
    version: int
    signed_at: str
    opinion: Opinion
    author: Author
    basis: Basis
    responsibility: Responsibility

    def with_texts(self, change: Callable[[str], str]) -> "OpinionRecord":
        """Return the record with every free text changed (the hospital re-links tokens)."""
        opinion = self.opinion
        return replace(
            self,
            opinion=replace(
                opinion,
                bottom_line=change(opinion.bottom_line),
                recommendations=tuple(
                    Recommendation(what=change(item.what), how=change(item.how))
                    for item in opinion.recommendations
                ),
                rationale=change(opinion.rationale),
                change_my_mind=change(opinion.change_my_mind),
                teaching_point=change(opinion.teaching_point),
            ),
        )


def new_record(
    *,
    case_id: str,
    signed_at: datetime,
    opinion: Opinion,
    author: Author,
    basis: Basis,
    responsibility: Responsibility,
) -> OpinionRecord:
    """Return the first version of an opinion's record."""
    return OpinionRecord(
        schema=SCHEMA,
        case_id=case_id,
        version=1,
        signed_at=instant(signed_at),
        opinion=opinion,
        author=author,
        basis=basis,
        responsibility=responsibility,
    )


def check_opinion(opinion: Opinion) -> tuple[Issue, ...]:
    """Say what an opinion lacks before it may be signed; expressions are field names."""
    required = {
        "bottom_line": opinion.bottom_line,
        "rationale": opinion.rationale,
        "change_my_mind": opinion.change_my_mind,
    }
    issues = [
        Issue(expression=name, code="required", rule="empty")
        for name, text in required.items()
        if not text.strip()
    ]
    if not any(item.what.strip() for item in opinion.recommendations):
        issues.append(Issue(expression="recommendations", code="required", rule="empty"))
    if len(opinion.recommendations) > MAX_RECOMMENDATIONS:
        issues.append(Issue(expression="recommendations", code="too-long", rule="too_many"))
    codes: Mapping[str, tuple[str, Mapping[str, Any]]] = {
        "in_person_review": (opinion.in_person_review, names.IN_PERSON_REVIEWS),
        "confidence": (opinion.confidence, names.CONFIDENCES),
        "outcome": (opinion.outcome, names.OUTCOMES),
    }
    issues += [
        Issue(expression=name, code="code-invalid", rule="unknown_code")
        for name, (code, known) in codes.items()
        if code not in known
    ]
    issues += [
        Issue(expression=name, code="too-long", rule="too_long")
        for name, text in _texts(opinion)
        if len(text) > MAX_TEXT
    ]
    # Control characters have no place in a note and none in XHTML.
    issues += [
        Issue(expression=name, code="value", rule="control_character")
        for name, text in _texts(opinion)
        if _CONTROL.search(text)
    ]
    return tuple(issues)


def _texts(opinion: Opinion) -> list[tuple[str, str]]:
    texts = [
        ("bottom_line", opinion.bottom_line),
        ("rationale", opinion.rationale),
        ("change_my_mind", opinion.change_my_mind),
        ("teaching_point", opinion.teaching_point),
    ]
    for n, item in enumerate(opinion.recommendations):
        texts.append((f"recommendations[{n}].what", item.what))
        texts.append((f"recommendations[{n}].how", item.how))
    return texts


def to_json(record: OpinionRecord) -> bytes:
    """Return the bytes of the attachment: sorted keys, UTF-8."""
    return json_text.dumps_sorted(msgspec.to_builtins(record))


def from_json(body: bytes) -> OpinionRecord:
    """Read a record; raises `MessageUnreadable` for anything that is not exactly one."""
    value = json_text.loads(body, max_bytes=1_000_000, max_depth=8)
    try:
        record = msgspec.convert(value, OpinionRecord)
    except msgspec.ValidationError:
        raise MessageUnreadable(expression="opinion") from None
    # A field this version does not know would be signed but never shown.
    if to_json(record) != json_text.dumps_sorted(value) or record.schema != SCHEMA:
        raise MessageUnreadable(expression="opinion")
    return record


def json_schema() -> Resource:
    """Return the JSON schema of the attachment."""
    schema: Resource = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        **msgspec.json.schema(OpinionRecord),
    }
    return schema
