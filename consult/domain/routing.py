"""Who is offered a case (pure): every specialist of the specialty whose credentials hold now."""

from collections.abc import Mapping, Sequence
from datetime import date

from consult.domain.credential import Credential, lapsed_kinds
from consult.domain.specialist import Specialist


def whom_to_offer(
    specialty: str,
    specialists: Sequence[Specialist],
    credentials: Mapping[str, Sequence[Credential]],
    *,
    today: date,
    not_again: frozenset[str] = frozenset(),
) -> tuple[Specialist, ...]:
    """Return the specialists to offer a case to, in a stable order.

    `not_again` are members who were offered this case before; nobody is asked twice.
    """
    return tuple(
        sorted(
            (
                one
                for one in specialists
                if one.active
                and specialty in one.specialties
                and one.member_id not in not_again
                and not lapsed_kinds(credentials.get(one.member_id, ()), today)
            ),
            key=lambda one: one.member_id,
        )
    )
