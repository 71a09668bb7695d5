"""What is signed: the claims of a de-identification receipt and of an opinion.

The keys live elsewhere; signing and verifying go through two small protocols. A check
answers with issues, each naming the failing point, and never trusts a claim it has not
compared with the content in hand (spec/wire.md 2.10).
"""

import base64
import binascii
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from exchange import names
from exchange.issues import Issue
from exchange.names import Resource

RECEIPT_LIFETIME = timedelta(days=7)
CLOCK_TOLERANCE = timedelta(minutes=5)
# How dates were told, and what they are counted from (DETAILS 9).
DATE_METHODS: Mapping[str, str] = {
    "relative": "question time",
    "shifted": "shift of the case",
}

RISK_LEVELS = frozenset({"low", "medium", "high"})
_OWN_WORD = re.compile(r"[a-z_]{1,40}")

Claims = Mapping[str, Any]


class Signer(Protocol):
    """A private key that writes compact JWS."""

    @property
    def kid(self) -> str:
        """Return the key id."""
        ...

    @property
    def alg(self) -> str:
        """Return the JOSE algorithm: ES384 or RS384."""
        ...

    def sign(self, claims: Claims, typ: str) -> str:
        """Return the compact JWS over these claims with this `typ` header."""
        ...


class Verifier(Protocol):
    """The public keys of one party."""

    def verify(self, token: str, typ: str) -> Claims:
        """Return the claims, or raise a coded error of kind `unauthenticated`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Covered:
    """One resource that a receipt covers: `system|value` and its canonical SHA-256."""

    identifier: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ReceiptFacts:
    """What surrounds the de-identification result in a receipt."""

    issuer: str
    receipt_id: str
    case_id: str
    submission: str
    prepared_by: str
    prepared_at: datetime


class DeidFacts(Protocol):
    """The de-identification receipt as the sealed case carries it."""

    # Read-only members: the sealed case is frozen.
    @property
    def policy_id(self) -> str: ...
    @property
    def policy_version(self) -> int | str: ...
    @property
    def rules_sha256(self) -> str: ...
    @property
    def engine_version(self) -> str: ...
    @property
    def date_method(self) -> str: ...
    @property
    def removed(self) -> Mapping[str, int]: ...
    @property
    def general(self) -> Mapping[str, int]: ...
    @property
    def rules(self) -> Mapping[str, int]: ...
    @property
    def refused(self) -> Sequence[str]: ...
    @property
    def incomplete(self) -> Sequence[str]: ...
    @property
    def gate_passed(self) -> bool: ...
    @property
    def gate_searched(self) -> int: ...
    @property
    def gate_skipped(self) -> int: ...
    @property
    def risk_level(self) -> str: ...
    @property
    def given_back(self) -> int: ...
    @property
    def pictures(self) -> Mapping[str, int]: ...
    @property
    def risk_facts(self) -> Sequence[str]: ...
    @property
    def sensitive(self) -> Mapping[str, int]: ...


def receipt_claims(
    facts: ReceiptFacts, deid: DeidFacts, covers: Sequence[Covered]
) -> dict[str, Any]:
    """Return the claims of a receipt for content of this de-identification run."""
    return {
        "iss": facts.issuer,
        "jti": facts.receipt_id,
        "iat": int(facts.prepared_at.timestamp()),
        "case": facts.case_id,
        "submission": facts.submission,
        "policy": {
            "id": deid.policy_id,
            "version": deid.policy_version,
            "rules_sha256": deid.rules_sha256,
        },
        "engine": deid.engine_version,
        "date_method": deid.date_method,
        "date_anchor": DATE_METHODS[deid.date_method],
        "removed": dict(sorted(deid.removed.items())),
        "general": dict(sorted(deid.general.items())),
        "rules": dict(sorted(deid.rules.items())),
        "refused": list(deid.refused),
        "incomplete": list(deid.incomplete),
        "gate": {
            "result": "pass" if deid.gate_passed else "fail",
            "searched": deid.gate_searched,
            "skipped": deid.gate_skipped,
        },
        "risk": deid.risk_level,
        "risk_facts": dict.fromkeys(sorted(deid.risk_facts), 1),
        "sensitive": sensitive_counts(deid.sensitive),
        "given_back": deid.given_back,
        "pictures": dict(sorted(deid.pictures.items())),
        "covers": [{"identifier": c.identifier, "sha256": c.sha256} for c in covers],
        "prepared_by": facts.prepared_by,
        "prepared_at": facts.prepared_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def sensitive_counts(counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Return counts of sensitive content by category and action, as they may leave.

    The category is named only where its content leaves anyway. What was withheld or masked
    counts under `not_told`: its category alone would tell what was kept back.
    """
    found: dict[str, dict[str, int]] = {}
    for name, count in sorted(counts.items()):
        category, _, action = name.partition(":")
        group = found.setdefault("not_told" if action in ("withhold", "mask") else category, {})
        group[action] = group.get(action, 0) + count
    return found


@dataclass(frozen=True, kw_only=True)
class ReceiptExpectation:
    """What a receipt must say to admit the content in hand."""

    issuer: str
    case_id: str
    submission: str
    prepared_by: str
    covers: Sequence[Covered]
    policies: Collection[tuple[str, str]]  # (id, version as text) that the network admits
    now: datetime


def check_receipt(claims: Claims, expected: ReceiptExpectation, *, at: str) -> list[Issue]:
    """Compare verified claims with the content; `at` is the FHIRPath of the signature."""
    points = [
        ("issuer", claims.get("iss") == expected.issuer),
        ("case", claims.get("case") == expected.case_id),
        ("submission", claims.get("submission") == expected.submission),
        ("member", claims.get("prepared_by") == expected.prepared_by),
        ("gate", _object(claims, "gate").get("result") == "pass"),
        ("policy", _policy_of(claims) in expected.policies),
        ("dates", _tells_dates(claims)),
        ("risk", _tells_risk(claims)),
        ("content", _covers_of(claims) == {c.identifier: c.sha256 for c in expected.covers}),
        ("age", _is_fresh(claims.get("iat"), expected.now)),
        ("id", isinstance(claims.get("jti"), str) and bool(claims.get("jti"))),
    ]
    return [
        Issue(expression=at, code="business-rule", rule=f"receipt-{name}")
        for name, holds in points
        if not holds
    ]


def _object(claims: Claims, name: str) -> Mapping[str, Any]:
    value = claims.get(name)
    return value if isinstance(value, Mapping) else {}


def _policy_of(claims: Claims) -> tuple[str, str]:
    policy = _object(claims, "policy")
    return str(policy.get("id")), str(policy.get("version"))


def _tells_dates(claims: Claims) -> bool:
    method = claims.get("date_method")
    return isinstance(method, str) and DATE_METHODS.get(method) == claims.get("date_anchor")


def _tells_risk(claims: Claims) -> bool:
    """A level of ours; kinds and categories in our words, with numbers: no room for a value."""
    sensitive = _object(claims, "sensitive")
    counts = [_object(claims, "risk_facts"), *(_object(sensitive, name) for name in sensitive)]
    return claims.get("risk") in RISK_LEVELS and all(
        _OWN_WORD.fullmatch(name) is not None and isinstance(count, int)
        for each in (dict.fromkeys(sensitive, 0), *counts)
        for name, count in each.items()
    )


def _covers_of(claims: Claims) -> dict[str, str]:
    covers = claims.get("covers")
    found: dict[str, str] = {}
    for item in covers if isinstance(covers, list) else []:
        if isinstance(item, Mapping):
            found[str(item.get("identifier"))] = str(item.get("sha256"))
    return found


def _is_fresh(issued_at: object, now: datetime) -> bool:
    if not isinstance(issued_at, int) or isinstance(issued_at, bool):
        return False
    age = now.timestamp() - issued_at
    return -CLOCK_TOLERANCE.total_seconds() <= age <= RECEIPT_LIFETIME.total_seconds()


@dataclass(frozen=True, kw_only=True)
class OpinionSeal:
    """What a specialist's signature says beside the content itself."""

    issuer: str
    member_id: str
    case_id: str
    signature_id: str
    snapshot_sha256: str
    credentials: Sequence[Mapping[str, str]]
    statement: Mapping[str, str]  # id, version, sha256
    authentication: str  # for example "password+totp"
    signed_at: datetime
    previous_sha256: str | None = None


def opinion_claims(seal: OpinionSeal, *, document_sha256: str) -> dict[str, Any]:
    """Return the claims of an opinion's signature."""
    return {
        "iss": seal.issuer,
        "sub": seal.member_id,
        "jti": seal.signature_id,
        "iat": int(seal.signed_at.timestamp()),
        "case": seal.case_id,
        "document_sha256": document_sha256,
        "snapshot_sha256": seal.snapshot_sha256,
        "previous_sha256": seal.previous_sha256,
        "credentials": [dict(item) for item in seal.credentials],
        "statement": dict(seal.statement),
        "authentication": seal.authentication,
        "signed_at": seal.signed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def check_opinion_claims(
    claims: Claims, *, case_id: str, member_id: str, document_sha256: str, snapshot_sha256: str
) -> list[Issue]:
    """Compare verified claims of an opinion with the document that they arrived with."""
    points = [
        ("member", claims.get("sub") == member_id),
        ("case", claims.get("case") == case_id),
        ("content", claims.get("document_sha256") == document_sha256),
        ("snapshot", claims.get("snapshot_sha256") == snapshot_sha256),
        ("credentials", bool(claims.get("credentials"))),
        ("statement", {"id", "version", "sha256"} <= set(_object(claims, "statement"))),
    ]
    return [
        Issue(
            expression="Provenance.signature[0].data",
            code="business-rule",
            rule=f"opinion-{name}",
        )
        for name, holds in points
        if not holds
    ]


def signature(token: str, *, kind: str, when: str, who: Mapping[str, Any]) -> Resource:
    """Return a FHIR Signature that carries a compact JWS."""
    return {
        "type": [{"system": names.CS_SIGNATURE, "code": kind}],
        "when": when,
        "who": dict(who),
        "sigFormat": names.SIGNATURE_FORMAT,
        "data": base64.b64encode(token.encode("ascii")).decode("ascii"),
    }


def token_of(provenance: Resource) -> str | None:
    """Return the compact JWS of a Provenance, or None when it has none that can be read."""
    for item in provenance.get("signature") or []:
        if not isinstance(item, dict) or item.get("sigFormat") != names.SIGNATURE_FORMAT:
            continue
        try:
            return base64.b64decode(str(item.get("data")), validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            return None
    return None
