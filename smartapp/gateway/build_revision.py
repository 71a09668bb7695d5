"""One submission from chart and words to exact bytes; runs inside the killable process.

After the sealed case is built into its message, the finished bytes are searched once more
for everything that this chart knows: envelope, receipt and all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deid import pipeline, policy
from deid.pipeline import CaseInput, Prepared, gate_skips
from deid.preview import Preview, PreviewPair
from deid.recheck import Gate
from exchange import clarification
from exchange.case_bundle import build_case
from exchange.case_order import CaseOrder
from exchange.clarification import ReplyOrder, ThreadPlace
from exchange.sealing import Claims, Signer
from runtime import json_text
from smartapp.errors import CaseHeld
from smartapp.gateway.care_record import care_record
from smartapp.gateway.envelope import with_claims, with_envelope


@dataclass(frozen=True, kw_only=True)
class Built:
    """What comes back: the bytes that would leave, their hash, and what to show beside them."""

    body: bytes = field(repr=False)
    sha256: str
    submission: str
    snapshot_sha256: str
    gate_searched: int
    preview: Mapping[str, Any] = field(repr=False)


class _Recorder:
    """A signer that keeps the claims, so that they can be searched in clear."""

    def __init__(self, inner: Signer) -> None:
        self._inner = inner
        self.kid = inner.kid
        self.alg = inner.alg
        self.claims: list[dict[str, Any]] = []
        self.tokens: list[str] = []

    def sign(self, claims: Claims, typ: str) -> str:
        """Sign and remember."""
        token = self._inner.sign(claims, typ)
        self.claims.append(dict(claims))
        self.tokens.append(token)
        return token


def build(
    policy_id: str,
    case: CaseInput,
    order: CaseOrder | ReplyOrder,
    place: ThreadPlace | None,
    signer: Signer,
) -> Built:
    """Return the finished submission; raises `CaseHeld` or an error of deid or exchange."""
    rules = policy.load(policy_id)
    prepared = pipeline.deidentify(case, rules)
    recorder = _Recorder(signer)
    snapshot_sha256 = ""
    if isinstance(order, CaseOrder):
        made = build_case(prepared.sealed, order, recorder)
        body, sha256, submission = made.body, made.sha256, made.submission
        snapshot_sha256 = made.snapshot_sha256
    else:
        if place is None:
            raise CaseHeld(reason="no_thread")
        reply = clarification.build_reply(prepared.sealed, place, order, recorder)
        body, sha256, submission = reply.body, reply.sha256, reply.submission
    searched = _last_look(body, prepared, rules, recorder)
    return Built(
        body=body,
        sha256=sha256,
        submission=submission,
        snapshot_sha256=snapshot_sha256,
        gate_searched=searched,
        preview=preview_record(prepared.preview, prepared, body),
    )


def _last_look(body: bytes, prepared: Prepared, rules: policy.Policy, recorder: _Recorder) -> int:
    """Search the very bytes, and the receipt's claims in clear; a hit holds the case."""
    message = json_text.loads(body, max_bytes=200_000_000)
    own = gate_skips(rules, prepared.sealed.case_id, pictures=prepared.pictures)
    skips = with_envelope(own, message, recorder.tokens)
    gate = Gate(prepared.identity, skips)
    gate.search_body(body, "Bundle")
    for claims in recorder.claims:
        inner = Gate(prepared.identity, with_claims(skips, claims))
        inner.search(claims, "receipt")
        if not inner.result().passed:
            raise _held(inner)
    if not gate.result().passed:
        raise _held(gate)
    return gate.result().searched


def _held(gate: Gate) -> CaseHeld:
    hits = tuple((hit.expression, hit.category, hit.rule) for hit in gate.result().hits)
    return CaseHeld(reason="gate", hits=hits)


def preview_record(preview: Preview, prepared: Prepared, body: bytes) -> dict[str, Any]:
    """The preview as JSON; raises `CaseHeld` when it would show something else than leaves."""
    leaving = set(_texts(json_text.loads(body, max_bytes=200_000_000)))
    for one in (*preview.pairs, *preview.labels):
        shown = "".join(piece.text for piece in one.outgoing)
        if shown.strip() and shown not in leaving and one.entry is None:
            raise CaseHeld(reason="preview_differs")
    receipt = prepared.sealed.receipt
    return {
        "pairs": [_pair(one) for one in preview.pairs],
        "labels": [_pair(one) for one in preview.labels],
        "dropped": [[one.element, one.category, one.count] for one in preview.dropped],
        "likely": [
            {
                "path": word.key.path,
                "token": word.key.token,
                "n": word.key.n,
                "number": word.number,
                "title": word.title,
                "before": word.before,
                "word": word.word,
                "after": word.after,
                "category": word.category,
                "rule": word.rule,
                "given_back": word.given_back,
            }
            for word in preview.likely
        ],
        "refused": list(preview.refused),
        "pictures": [
            {
                "digest": one.digest,
                "title": one.title,
                "element": one.element,
                "entry": one.entry,
                "state": one.state,
                "reason": one.reason,
                "boxes": one.boxes,
                "facts": one.facts,
            }
            for one in preview.pictures
        ],
        **care_record(preview),
        "counts": dict(preview.counts),
        "words": dict(preview.token_words),
        "receipt": {
            "policy_id": receipt.policy_id,
            "policy_version": str(receipt.policy_version),
            "removed": dict(receipt.removed),
            "general": dict(receipt.general),
            "risk": receipt.risk_level,
            "searched": receipt.gate_searched,
            "incomplete": list(receipt.incomplete),
            "pictures": dict(receipt.pictures),
        },
    }


def _pair(one: PreviewPair) -> dict[str, Any]:
    return {
        "title": one.title,
        "entry": one.entry,
        "original": [[p.text, p.mark, p.number] for p in one.original],
        "outgoing": [[p.text, p.mark, p.number] for p in one.outgoing],
        "reasons": [[r.number, r.mark, r.category, r.rule] for r in one.reasons],
    }


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return []
