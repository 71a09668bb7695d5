"""The public keys that opinions are signed with; they stay published after a specialist leaves."""

from typing import Any

from consult.errors import CaseUnknown
from consult.service.answer_case import key_purpose
from consult.service.services import ConsultServices
from consult.store import specialists
from consult.store.unit import Unit
from exchange import names
from exchange.task_states import instant
from runtime import signing_keys

Jwk = dict[str, Any]  # Any: RFC 7517 members


def member_keys(services: ConsultServices, member_id: str) -> list[Jwk]:
    """Return one specialist's keys, each with the time in which it signed.

    Raises `CaseUnknown` when there is no such specialist.
    """
    with services.reading() as unit:
        if not names.MEMBER_ID.fullmatch(member_id) or not specialists.find(unit, member_id):
            raise CaseUnknown
        return _keys(unit, member_id)


def all_keys(services: ConsultServices) -> list[Jwk]:
    """Return the keys of all specialists, past ones included."""
    with services.reading() as unit:
        return [key for member_id in specialists.everybody(unit) for key in _keys(unit, member_id)]


def _keys(unit: Unit, member_id: str) -> list[Jwk]:
    found = signing_keys.published_keys(unit.session, key_purpose(member_id))
    return [
        {
            **one.jwk,
            "member": member_id,
            "valid_from": instant(one.active_from),
            "valid_until": instant(one.retired_at) if one.retired_at else None,
        }
        for one in found
    ]
