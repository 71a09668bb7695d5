"""What a walk proves, read from the other side: the bytes that the network really received.

The chart is read from the persona's own files, not from the gateway, so that the check does
not share a mistake with what it checks.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from confer.errors import WalkFailed
from consult.store.rows import CaseRow, SubmissionRow
from deid import known_identity, policy
from deid.pipeline import gate_skips
from deid.recheck import Gate
from exchange import decision, names, task_states
from fhir_server.store.resource_rows import RESOURCE
from runtime import clock, jose, json_text
from sandbox import personas
from smartapp.gateway.envelope import with_claims, with_envelope
from smartapp.web.outgoing import pictures_in


@dataclass(frozen=True, kw_only=True)
class Received:
    """One submission as the consult server stored it."""

    key: str
    sha256: str
    body: bytes = field(repr=False)


def received(database_url: str) -> list[Received]:
    """All submissions of the demo's consult server, oldest first."""
    engine = create_engine(database_url, hide_parameters=True)
    try:
        with Session(engine) as session:
            rows = session.scalars(select(SubmissionRow).order_by(SubmissionRow.received_at)).all()
            return [
                Received(key=row.key, sha256=hashlib.sha256(row.body).hexdigest(), body=row.body)
                for row in rows
                if row.body is not None
            ]
    finally:
        engine.dispose()


def is_settled(database_url: str, case_id: str) -> bool:
    """Whether the network knows the case closed, its request completed, and what was decided."""
    engine = create_engine(database_url, hide_parameters=True)
    try:
        with Session(engine) as session:
            place = session.scalars(select(CaseRow).where(CaseRow.case_id == case_id)).one()
            task = _current(session, "Task", place.task_id)
            request = _current(session, "ServiceRequest", place.request_id)
    finally:
        engine.dispose()
    return (
        task_states.state_of(task) == task_states.CLOSED
        and decision.decision_of(task) is not None
        and request["status"] == "completed"
    )


def _current(session: Session, resource_type: str, resource_id: str) -> Any:
    # Any: a resource as the codec reads it.
    body = session.scalar(
        select(RESOURCE.c.body).where(
            RESOURCE.c.resource_type == resource_type, RESOURCE.c.resource_id == resource_id
        )
    )
    return json_text.loads((body or "null").encode())


def known_identifiers_in(body: bytes, persona: str, case_id: str) -> int:
    """How many known identifiers of the persona's chart are in the bytes.

    The network's own words are passed over in their own elements; what a receipt claims is
    searched in clear, because chance could spell a short name in its signature. A picture has to
    hold pixels only; what they show is not known here.
    """
    resources, _ = personas.chart(personas.load(persona), now=clock.now())
    identity = known_identity.build(resources)
    message = json_text.loads(body)
    tokens = _receipts(message)
    pictures = [hashlib.sha256(one.body).hexdigest() for one in pictures_in(message)]
    own = gate_skips(policy.load("safe-harbor"), case_id, pictures=pictures)
    skips = with_envelope(own, message, tokens)
    outer = Gate(identity, skips)
    outer.search_body(body, "Bundle")
    hits = len(outer.result().hits)
    for token in tokens:
        claims = jose.read_unverified_claims(token)
        inner = Gate(identity, with_claims(skips, claims))
        inner.search_body(json_text.dumps(claims), "receipt")
        hits += len(inner.result().hits)
    return hits


def receipt_of(body: bytes) -> Mapping[str, Any]:
    """The claims of the receipt inside a submission (signature checked by the server)."""
    for token in _receipts(json_text.loads(body)):
        return jose.read_unverified_claims(token)
    raise WalkFailed(step="receipt", reason="the sent bytes hold none")


def _receipts(message: Any) -> list[str]:
    # Any: a message as the codec reads it.
    signed = (
        entry["resource"]
        for entry in message["entry"]
        if entry["resource"]["resourceType"] == "Provenance" and entry["resource"].get("signature")
    )
    return [base64.b64decode(one["signature"][0]["data"]).decode("ascii") for one in signed]


def identifiers_removed(body: bytes) -> int:
    """How many identifiers the receipt says were removed."""
    removed = receipt_of(body).get("removed", {})
    return sum(int(count) for count in removed.values())


def case_of(key: str) -> str:
    """The case id inside a submission key."""
    match = names.CASE_ID.search(key)
    if match is None:
        raise WalkFailed(step="send", reason="the submission key names no case")
    return match.group()
