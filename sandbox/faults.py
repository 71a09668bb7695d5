"""Faults on demand: what a real EHR does on a bad day, switched on for a test.

A rule names an effect, where it strikes and how often. Rules live in the database, so they
hold for every process; a rule counts down and disappears. Only sandbox mode has a door to
them (`sandbox/fault_routes.py`), locked by a secret from the settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sandbox.errors import FaultUnknown
from sandbox.rows import FaultRow

Effect = Literal[
    "latency",  # answer, but `milliseconds` later
    "error_500",  # refuse with 500 before anything is done
    "timeout",  # keep the caller waiting `milliseconds`, then 504
    "throttle",  # 429 with Retry-After
    "expire_token",  # the presented access token has just expired: 401
    "commit_then_500",  # do the work, keep it, answer 500
    "drop_before",  # break the connection before anything is done
    "drop_after",  # do the work, keep it, break the connection
    "broken_json",  # do the work, answer with half a body
    "no_patient",  # at the token endpoint: grant, but do not say whose chart is open
    "unavailable",  # 503 before anything is done
    "forbidden",  # 403
    "not_found",  # 404
    "bad_request",  # 400
    "policy",  # 403 with a code that says: a rule of the hospital, do not ask again
    "outcome_in_200",  # status 200, and an OperationOutcome that says error
    "html_page",  # status 200, and a page of HTML, as a proxy's sign-in would be
    "empty_body",  # status 200, and nothing
    "redirect",  # 307 to another origin
    "invalid_client",  # at the token endpoint
    "invalid_grant",  # at the token endpoint
]
Place = Literal[
    "fhir",  # the FHIR base, metadata included
    "token",  # the token endpoint
    "auth",  # the authorization endpoint
    "config",  # discovery documents, keys, style
    "any",  # every one of these
]
EFFECTS: tuple[Effect, ...] = get_args(Effect)
PLACES: tuple[Place, ...] = get_args(Place)
FOREVER = -1
_LONGEST_WAIT = 120_000


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One rule. Empty `resource_type` or `method` means any; `every` = n strikes each n-th.

    `times` is how often it strikes before it is gone (-1: until cleared).
    """

    effect: Effect
    place: Place = "fhir"
    resource_type: str = ""
    method: str = ""
    times: int = 1
    every: int = 1
    milliseconds: int = 0

    def __post_init__(self) -> None:
        """Refuse what does not exist; names the field, not the value."""
        checks = {
            "effect": self.effect in EFFECTS,
            "place": self.place in PLACES,
            "times": self.times == FOREVER or 1 <= self.times <= 10_000,
            "every": 1 <= self.every <= 10_000,
            "milliseconds": 0 <= self.milliseconds <= _LONGEST_WAIT,
        }
        for name, fine in checks.items():
            if not fine:
                raise FaultUnknown(field=name)


def arm(session: Session, faults: Sequence[Fault]) -> None:
    """Switch rules on, after those already there."""
    for fault in faults:
        session.add(
            FaultRow(
                effect=fault.effect,
                place=fault.place,
                resource_type=fault.resource_type,
                method=fault.method,
                remaining=fault.times,
                every=fault.every,
                seen=0,
                milliseconds=fault.milliseconds,
            )
        )


def clear(session: Session) -> int:
    """Switch everything off; returns how many rules were left."""
    left = len(listed(session))
    session.execute(delete(FaultRow))
    return left


def listed(session: Session) -> tuple[Fault, ...]:
    """The rules that are still on, oldest first."""
    return tuple(
        _fault(row) for row in session.scalars(select(FaultRow).order_by(FaultRow.fault_id))
    )


def any_armed(session: Session) -> bool:
    """Tell quickly whether anything is switched on."""
    return session.scalars(select(FaultRow.fault_id).limit(1)).first() is not None


def strike(session: Session, *, place: Place, method: str, resource_type: str) -> tuple[Fault, ...]:
    """Count this request against every matching rule; returns those that strike now."""
    struck = []
    for row in session.scalars(select(FaultRow).order_by(FaultRow.fault_id).with_for_update()):
        if row.place not in ("any", place) or row.resource_type not in ("", resource_type):
            continue
        if row.method not in ("", method):
            continue
        row.seen += 1
        if row.seen % row.every:
            continue
        struck.append(_fault(row))
        if row.remaining != FOREVER:
            row.remaining -= 1
        if row.remaining == 0:
            session.delete(row)
    return tuple(struck)


def _fault(row: FaultRow) -> Fault:
    return Fault(
        effect=row.effect,  # type: ignore[arg-type]  # written by arm only
        place=row.place,  # type: ignore[arg-type]
        resource_type=row.resource_type,
        method=row.method,
        times=row.remaining,
        every=row.every,
        milliseconds=row.milliseconds,
    )
