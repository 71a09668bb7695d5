"""The golden files of the wire, made from code: `python -m tests.support.wire_examples`.

Golden folders are only added to. A changed file is a changed contract: review the diff.
Signatures here are readable stand-ins (`PlainSigner`), so that the files are the same on
every run.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from exchange import (
    cancel,
    canonical,
    case_bundle,
    clarification,
    decision,
    names,
    offer,
    opinion,
    opinion_bundle,
    parts,
    task_states,
)
from exchange.opinion_bundle import OpinionOrder
from exchange.task_states import Event
from runtime import json_text
from tests.support import wire

GOLDEN = Path(__file__).resolve().parents[2] / "fixtures" / "wire" / names.WIRE_VERSION
SCHEMA = Path(__file__).resolve().parents[2] / "exchange" / "schemas" / "opinion.1.json"

Json = dict[str, Any]


def _messages() -> dict[str, Json]:
    signer = wire.PlainSigner()
    at = wire.ASKED + timedelta(minutes=25)
    built = case_bundle.build_case(wire.sealed(), wire.order(), signer)
    task = wire.stored_task(built.bundle)
    for event in (Event.SCREEN, Event.ROUTE, Event.OFFER, Event.CLAIM, Event.START):
        task = task_states.apply(task, event, at)
    task["owner"] = parts.member(wire.SPECIALIST)
    task["executionPeriod"] = {"start": task_states.instant(at)}
    ask = clarification.build_request(
        wire.place(task, 2),
        sender=wire.SPECIALIST,
        text="What is the eGFR trend, and is there an ECG?",
        now=wire.ASKED + timedelta(minutes=45),
    )
    held = parts.the_only(ask, "Task")
    words = {"reply": "eGFR 41, stable over [6 months before]. No ECG changes."}
    reply = clarification.build_reply(
        wire.sealed(texts=words, with_data=False), wire.place(held, 3), wire.reply_order(), signer
    )
    addendum = clarification.build_reply(
        wire.sealed(texts=words), wire.place(held, 3), wire.reply_order(), signer
    )
    signed_at = wire.ASKED + timedelta(hours=2)
    answered = opinion_bundle.build_opinion(
        wire.record(signed_at),
        wire.place(parts.the_only(reply.bundle, "Task"), 4),
        OpinionOrder(
            signature_id="signature-1",
            issuer="https://consult.example",
            snapshot_sha256=built.snapshot_sha256,
            authentication="password+totp",
            signed_at=signed_at,
        ),
        signer,
    )
    # As a server would have stored them: references to what the transaction created.
    urls = {entry["fullUrl"]: f"{entry['request']['url']}/x" for entry in answered["entry"]}
    closed = decision.closed(_with(parts.the_only(answered, "Task"), urls), signed_at)
    return {
        "case": built.bundle,
        "ask": ask,
        "reply": reply.bundle,
        "reply-with-data": addendum.bundle,
        "opinion": answered,
        "closed": closed,
        "decided": decision.decided(closed, "adapted", signed_at),
        "cancel": cancel.build_abort(task, requester=wire.DOCTOR, reason="patient-moved", now=at),
        "offer": offer.build_offer(
            task,
            case_id=wire.CASE,
            owner=wire.SPECIALIST,
            offer_n=1,
            now=at,
            until=at + timedelta(minutes=20),
        ),
    }


def _with(value: Any, urls: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_with(item, urls) for item in value]
    if isinstance(value, dict):
        return {name: _with(item, urls) for name, item in value.items()}
    return urls.get(value, value) if isinstance(value, str) else value


def _vectors() -> Json:
    samples: list[tuple[str, Json, dict[str, tuple[str, str]]]] = [
        (
            "keys are sorted, white space goes, decimals stay",
            {"resourceType": "Observation", "value": Decimal("1.50"), "a": [1, Decimal("1E+3")]},
            {},
        ),
        (
            "what a server owns is left out",
            {
                "resourceType": "Patient",
                "id": "17",
                "meta": {"versionId": "2", "lastUpdated": "2026-03-02T10:15:00Z"},
                "text": {"status": "generated", "div": "<div/>"},
                "gender": "female",
            },
            {},
        ),
        (
            "references become business identifiers",
            {
                "resourceType": "Communication",
                "subject": {"reference": "Patient/17"},
                "sender": {
                    "reference": "PractitionerRole/cr-1",
                    "type": "PractitionerRole",
                    "identifier": {"system": names.SID_MEMBER, "value": "cr-1"},
                },
            },
            {"Patient/17": (names.SID_SUBJECT, "x.subject.1")},
        ),
        (
            "inside a nested Bundle nothing is touched",
            {
                "resourceType": "Bundle",
                "id": "9",
                "type": "document",
                "entry": [{"resource": {"resourceType": "Basic", "id": "1", "text": {"div": "x"}}}],
            },
            {},
        ),
        ("text is kept as it is", {"resourceType": "Basic", "é": 'ü"\\\u2028\n'}, {}),
    ]
    return {
        "vectors": [
            {
                "name": name,
                "resource": resource,
                "resolve": {reference: list(key) for reference, key in resolve.items()},
                "canonical": canonical.canonical_bytes(resource, resolve=resolve).decode(),
                "sha256": canonical.canonical_sha256(resource, resolve=resolve),
            }
            for name, resource, resolve in samples
        ]
    }


def files() -> dict[Path, bytes]:
    """Return every golden file with the bytes that today's code makes."""
    made = {GOLDEN / f"{name}.json": pretty(value) for name, value in _messages().items()}
    made[GOLDEN / "canonical-vectors.json"] = pretty(_vectors())
    made[SCHEMA] = pretty(opinion.json_schema())
    return made


def pretty(value: Json) -> bytes:
    """Write JSON for people: one element a line."""
    return msgspec.json.format(json_text.dumps(value), indent=1) + b"\n"


if __name__ == "__main__":
    for path, body in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
