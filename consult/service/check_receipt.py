"""Check a de-identification receipt against the content it came with (spec/wire.md 2.10)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from consult.domain.callers import HospitalCaller
from consult.errors import ReceiptRefused
from consult.service.services import ConsultServices
from consult.store import receipts, tenants
from consult.store.receipts import ReceiptUsedError
from consult.store.unit import Unit
from exchange import names, sealing
from exchange.issues import Issue
from exchange.sealing import Covered, ReceiptExpectation
from runtime import jose
from runtime.errors import JoseRefused
from runtime.jose import KeySetVerifier

_CLOCKS = timedelta(seconds=60)
_AT = "Bundle.entry.resource.ofType(Provenance).signature"


def admit(  # noqa: PLR0913 - each is one fact that the receipt must name
    services: ConsultServices,
    unit: Unit,
    caller: HospitalCaller,
    token: str | None,
    *,
    case_id: str,
    submission: str,
    prepared_by: str,
    covers: Sequence[Covered],
    now: datetime,
) -> Mapping[str, Any]:
    """Verify and keep a receipt; return its claims.

    Raises `ReceiptRefused` with the failing point when it is missing, forged, of another
    hospital, for other content, too old, used before, with a gate that did not pass, or
    under a policy that this network does not admit.
    """
    if token is None:
        raise _refused("receipt-missing", "required")
    try:
        keys = tuple(tenants.all_keys(unit, caller.client_id))
        claims = KeySetVerifier(keys=keys, algorithms=names.SIGNATURE_ALGORITHMS).verify(
            token, names.RECEIPT_TYP
        )
    except JoseRefused:
        raise _refused("receipt-signature", "security") from None
    if not _signed_in_time(unit, caller, token, claims):
        raise _refused("receipt-key-retired", "security")
    expected = ReceiptExpectation(
        issuer=caller.client_id,
        case_id=case_id,
        submission=submission,
        prepared_by=prepared_by,
        covers=covers,
        policies=services.policies,
        now=now,
    )
    issues = sealing.check_receipt(claims, expected, at=_AT)
    if issues:
        raise ReceiptRefused(issues=issues)
    try:
        receipts.add(unit, tenant_id=caller.tenant_id, claims=claims, now=now)
    except ReceiptUsedError:
        raise _refused("receipt-used", "duplicate") from None
    return claims


def _signed_in_time(
    unit: Unit, caller: HospitalCaller, token: str, claims: Mapping[str, Any]
) -> bool:
    """A retired key stands behind what it signed in its time, and behind nothing later."""
    kid = jose.read_header(token).get("kid")
    ended = tenants.retired_at(unit, str(caller.client_id), str(kid))
    if ended is None:
        return True
    issued = claims.get("iat")
    return isinstance(issued, int) and issued <= (ended + _CLOCKS).timestamp()


def _refused(rule: str, code: str) -> ReceiptRefused:
    return ReceiptRefused(issues=[Issue(expression=_AT, code=code, rule=rule)])
