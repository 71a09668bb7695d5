"""Read an opinion from the network: verify first, then re-link for the doctor and the chart."""

import hashlib
import re
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from exchange import opinion_bundle, opinion_render, parts
from exchange.canonical import identifier_of
from exchange.opinion import OpinionRecord
from exchange.opinion_render import Block
from runtime import json_text
from runtime.errors import JoseRefused
from smartapp.errors import AnswerUnverified
from smartapp.gateway.relink import relink
from smartapp.gateway.services import GatewayServices
from smartapp.gateway.signing import OpinionVerifier
from smartapp.store.answers import Answer
from smartapp.store.cases import Case
from smartapp.store.vault import VaultLink

_NUMBERED = re.compile(r"\.[0-9]{1,6}\Z")

Resource = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ReadAnswer:
    """A verified opinion: as it was signed, and as the hospital reads it."""

    opinion: str
    number: int
    original: bytes = field(repr=False)
    original_sha256: str
    record: OpinionRecord = field(repr=False)
    note: str = field(repr=False)
    replaced: int
    unknown: int
    typed_dates: int

    def stored(self, case: Case, *, received_at: datetime) -> Answer:
        """The row to keep."""
        return Answer(
            case_id=case.case_id,
            site_id=case.site_id,
            opinion=self.opinion,
            number=self.number,
            original=self.original,
            view={
                "record": msgspec.to_builtins(self.record),
                "note": self.note,
                "replaced": self.replaced,
                "unknown": self.unknown,
                "typed_dates": self.typed_dates,
            },
            original_sha256=self.original_sha256,
            rendering_sha256=hashlib.sha256(self.note.encode()).hexdigest(),
            received_at=received_at,
        )


def read_answer(
    services: GatewayServices,
    task: Resource,
    link: VaultLink,
    *,
    known: Container[str] = (),
) -> ReadAnswer | None:
    """Fetch, verify and re-link the newest opinion of an answered Task; None when it is known.

    Raises `AnswerUnverified` when signature, author, case or snapshot do not hold.
    """
    reference = parts.task_entry(task, kind="valueReference", code="opinion-document")
    if reference is None:
        raise AnswerUnverified(reason="no_document")
    document = services.consult.read(reference)
    named = identifier_of(document)
    if named is not None and named[1] in known:
        return None  # verified when it was stored; nothing read later changes that
    provenance = _provenance(services, reference)
    view = opinion_bundle.read_opinion(document, resolve=_resolve(services, task))
    _verify(services, view, provenance, link)
    if view.record.case_id != link.case_id:
        raise AnswerUnverified(reason="other_case")
    if not _NUMBERED.search(view.identifier):
        raise AnswerUnverified(reason="number")
    return _relinked(document, view, link)


def _provenance(services: GatewayServices, reference: str) -> Resource:
    for found in services.consult.search("Provenance", [("target", reference)]):
        if found.get("signature"):
            return found
    raise AnswerUnverified(reason="no_signature")


def _resolve(services: GatewayServices, task: Resource) -> dict[str, tuple[str, str]]:
    """Business identifiers of the two resources an opinion refers to, read from the network."""
    known: dict[str, tuple[str, str]] = {}
    for name in ("focus", "for"):
        reference = parts.reference_of(task.get(name))
        key = identifier_of(services.consult.read(reference)) if reference else None
        if reference is None or key is None:
            raise AnswerUnverified(reason=f"task_{name}")
        known[reference] = key
    return known


def _verify(
    services: GatewayServices,
    view: opinion_bundle.OpinionView,
    provenance: Resource,
    link: VaultLink,
) -> None:
    keys = services.consult.member_keys(view.record.author.member_id)
    verifier = OpinionVerifier(keys, issuer=services.consult.base_url)
    try:
        issues = opinion_bundle.verify_opinion(
            view,
            provenance,
            verifier,
            snapshot_sha256=str(link.patient["snapshot_sha256"]),
        )
    except JoseRefused as refused:
        raise AnswerUnverified(reason=refused.reason) from None
    if issues:
        raise AnswerUnverified(reason=issues[0].rule)


def _relinked(document: Resource, view: opinion_bundle.OpinionView, link: VaultLink) -> ReadAnswer:
    local = link.question_time.astimezone()
    counts = {"replaced": 0, "unknown": 0, "typed_dates": 0}

    def change(text: str) -> str:
        done = relink(text, words=link.words, question_time=local)
        counts["replaced"] += done.replaced
        counts["unknown"] += done.unknown
        counts["typed_dates"] += done.typed_dates
        return done.text

    record = view.record.with_texts(change)
    return ReadAnswer(
        opinion=view.identifier,
        number=int(view.identifier.rsplit(".", 1)[-1]),
        original=json_text.dumps(document),
        original_sha256=view.sha256,
        record=record,
        note=_note(record, view.sha256, counts["typed_dates"], str(link.patient.get("user_name"))),
        **counts,
    )


def _note(record: OpinionRecord, sha256: str, typed_dates: int, asked_by: str) -> str:
    """The text for the chart: who said it, that nobody here reviewed it yet, and its proof."""
    reviewer = asked_by if asked_by not in ("", "None") else "the requesting doctor"
    opening = [
        f"External opinion by {record.author.name}, filed automatically, "
        f"not yet reviewed by {reviewer}.",
        "De-identified e-consult. The patient was not examined by the specialist.",
    ]
    if typed_dates:
        opening.append("Dates typed by the specialist were not changed; check them.")
    proof = (
        f"SHA-256 of the signed original: {sha256}",
        f"Network case {record.case_id}, opinion version {record.version}.",
    )
    blocks = (
        Block(heading="Second opinion", lines=tuple(opening)),
        *opinion_render.blocks(record),
        Block(heading="Fingerprint", lines=proof),
    )
    return opinion_render.text_of(blocks)
