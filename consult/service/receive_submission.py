"""Accept a hospital's transaction exactly once: by its key and the hash of its bytes."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from consult.domain.callers import HospitalCaller
from consult.errors import (
    ConsultError,
    ContentPurged,
    DigestWrong,
    SubmissionDiffers,
    SubmissionUnknown,
)
from consult.service import receive_case, receive_reply
from consult.service.services import ConsultServices
from consult.store import submissions
from consult.store.submissions import SubmissionExistsError
from consult.store.unit import Unit
from exchange import checks, names
from exchange.names import Resource
from runtime import audit, clock, json_text, logs
from runtime.errors import code_of
from runtime.log_events import Event

_DIGEST = "sha-256=:"

Accept = Callable[[ConsultServices, Unit, HospitalCaller, Resource, datetime], Resource]
_KINDS: dict[str, Accept] = {
    "submit": receive_case.accept,
    "reply": receive_reply.accept,
}


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What a hospital is answered; `is_replay` when it was accepted before."""

    response: bytes = field(repr=False)
    is_replay: bool


def receive_submission(
    services: ConsultServices,
    caller: HospitalCaller,
    body: bytes,
    *,
    content_digest: str | None,
) -> Accepted:
    """Accept a transaction, or give the stored answer of the same one again.

    Everything is stored in one transaction before this returns. Raises `DigestWrong`,
    `SubmissionUnknown`, `SubmissionDiffers` (same key, other bytes), `ContractBroken`,
    `ReceiptRefused` and what the engine raises; a refusal leaves an audit row.
    """
    check_digest(body, content_digest)
    bundle = json_text.loads(body, max_bytes=services.max_body_bytes)
    kind, key = _submission_of(bundle)
    sha256 = hashlib.sha256(body).hexdigest()
    try:
        accepted = _accept_once(services, caller, bundle, body, kind=kind, key=key, sha256=sha256)
    except SubmissionExistsError:
        # The same key was being accepted at the same time; by now it is.
        accepted = _replay(services, caller, key=key, sha256=sha256)
    except ConsultError as refused:
        _note_refusal(services, caller, key, refused)
        raise
    logs.emit(
        Event.SUBMISSION_ACCEPTED,
        client=caller.client_id,
        kind=kind,
        replay=accepted.is_replay,
    )
    return accepted


def check_digest(body: bytes, content_digest: str | None) -> None:
    """Raise `DigestWrong` unless Content-Digest (RFC 9530) names the SHA-256 of this body."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
    for item in (content_digest or "").split(","):
        if item.strip() == f"{_DIGEST}{digest}:":
            return
    raise DigestWrong


def _submission_of(bundle: object) -> tuple[str, str]:
    if isinstance(bundle, dict):
        for kind in _KINDS:
            if checks.case_of(bundle, kind) is not None:
                return kind, str(bundle["identifier"]["value"])
    raise SubmissionUnknown


def _accept_once(  # noqa: PLR0913 - the facts of one submission
    services: ConsultServices,
    caller: HospitalCaller,
    bundle: Resource,
    body: bytes,
    *,
    kind: str,
    key: str,
    sha256: str,
) -> Accepted:
    now = clock.now()
    with services.writing() as unit:
        known = submissions.find(unit, tenant_id=caller.tenant_id, key=key)
        if known is not None:
            return _answer_again(known, sha256)
        submissions.reserve(
            unit, tenant_id=caller.tenant_id, key=key, sha256=sha256, body=body, now=now
        )
        response = json_text.dumps(_KINDS[kind](services, unit, caller, bundle, now))
        submissions.keep_response(unit, tenant_id=caller.tenant_id, key=key, response=response)
    return Accepted(response=response, is_replay=False)


def _replay(
    services: ConsultServices, caller: HospitalCaller, *, key: str, sha256: str
) -> Accepted:
    with services.reading() as unit:
        known = submissions.find(unit, tenant_id=caller.tenant_id, key=key)
    if known is None:
        raise SubmissionDiffers
    return _answer_again(known, sha256)


def _answer_again(known: submissions.Submission, sha256: str) -> Accepted:
    if known.sha256 != sha256:
        raise SubmissionDiffers
    if known.response is None:
        raise ContentPurged
    return Accepted(response=known.response, is_replay=True)


def _note_refusal(
    services: ConsultServices, caller: HospitalCaller, key: str, refused: ConsultError
) -> None:
    issues = getattr(refused, "issues", ())
    rule = issues[0].rule if issues else ""
    logs.emit(Event.SUBMISSION_REFUSED, client=caller.client_id, code=code_of(refused), rule=rule)
    case_id = key.split(".", 1)[0]
    with services.writing() as unit:
        audit.append(
            unit.session,
            event="submission.refused",
            actor=f"client:{caller.client_id}",
            subject=f"case:{case_id if names.CASE_ID.fullmatch(case_id) else 'unknown'}",
            outcome="failure",
            detail={
                "tenant": caller.tenant_id,
                "code": code_of(refused),
                "rule": rule,
            },
        )
