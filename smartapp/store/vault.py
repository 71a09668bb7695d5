"""The vault: which case belongs to which patient. PHI side only; nothing here is ever sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from runtime.keyring import Keyring
from smartapp.errors import CaseUnknown
from smartapp.store.case_rows import VaultRow
from smartapp.store.sealed import Cell, seal, seal_json, unseal, unseal_json

UNCLEAR = ""


@dataclass(frozen=True, kw_only=True)
class VaultLink:
    """The link, the words behind our tokens, and two demographics to check before writing.

    `patient` holds the logical ids of patient, encounter and doctor, and the banner's facts.
    `words` maps a token of the outgoing text to what stood there.
    """

    case_id: str
    site_id: str
    patient: Mapping[str, Any] = field(repr=False)
    case_key: bytes = field(repr=False)
    words: Mapping[str, str] = field(repr=False)
    birth_hash: str
    name_hash: str
    question_time: datetime


def _cell(link_site: str, case_id: str, column: str) -> Cell:
    return Cell(tenant=link_site, table="gw_vault", row=case_id, column=column)


def add(session: Session, keyring: Keyring, link: VaultLink, *, now: datetime) -> None:
    """Store a link; a case is linked once and never re-linked."""
    session.add(
        VaultRow(
            case_id=link.case_id,
            site_id=link.site_id,
            patient_sealed=seal_json(
                keyring, link.patient, _cell(link.site_id, link.case_id, "patient")
            ),
            key_sealed=seal(keyring, link.case_key, _cell(link.site_id, link.case_id, "key")),
            words_sealed=seal_json(keyring, link.words, _cell(link.site_id, link.case_id, "words")),
            birth_hash=link.birth_hash,
            name_hash=link.name_hash,
            question_time=link.question_time,
            created_at=now,
        )
    )
    session.flush()


def find(session: Session, keyring: Keyring, case_id: str) -> VaultLink:
    """The link of a case; `CaseUnknown` when the vault has none."""
    row = session.get(VaultRow, case_id)
    if row is None:
        raise CaseUnknown
    return VaultLink(
        case_id=case_id,
        site_id=row.site_id,
        patient=unseal_json(keyring, row.patient_sealed, _cell(row.site_id, case_id, "patient")),
        case_key=unseal(keyring, row.key_sealed, _cell(row.site_id, case_id, "key")),
        words=unseal_json(keyring, row.words_sealed, _cell(row.site_id, case_id, "words")),
        birth_hash=row.birth_hash,
        name_hash=row.name_hash,
        question_time=row.question_time,
    )


def _same(one: str, other: str) -> bool:
    """Whether two wordings can name the same person: `Marrowby` and `Mrs. Adela Marrowby`."""
    first, second = (set(re.findall(r"\w+", text.casefold())) for text in (one, other))
    return first <= second or second <= first


def add_words(session: Session, keyring: Keyring, case_id: str, words: Mapping[str, str]) -> None:
    """Add the tokens of a reply.

    A token that stands for two different things in the two texts becomes `UNCLEAR`: it then
    stays a token in the answer instead of becoming the wrong name.
    """
    row = session.get(VaultRow, case_id)
    if row is None:
        raise CaseUnknown
    cell = _cell(row.site_id, case_id, "words")
    merged = unseal_json(keyring, row.words_sealed, cell)
    for token, meant in words.items():
        known = merged.setdefault(token, meant)
        if known and not _same(known, meant):
            merged[token] = UNCLEAR
    row.words_sealed = seal_json(keyring, merged, cell)
    session.flush()
