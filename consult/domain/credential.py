"""Which evidence lets a specialist answer, and whether it holds at a given moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from exchange.opinion import CredentialFact

# Each kind must be present and valid to claim a case and to sign an opinion.
REQUIRED_KINDS: tuple[str, ...] = ("license", "board", "indemnity")


@dataclass(frozen=True, kw_only=True)
class Credential:
    """One checked piece of evidence. `next_check` is when the source must be asked again."""

    credential_id: str
    kind: str
    title: str
    source: str
    verified_on: date
    valid_until: date
    next_check: date
    revoked: bool = False

    def holds(self, today: date) -> bool:
        """Tell whether this evidence counts today."""
        return (
            not self.revoked
            and self.verified_on <= today <= self.valid_until
            and today <= self.next_check
        )

    def fact(self) -> CredentialFact:
        """Return it as it is frozen into an opinion."""
        return CredentialFact(
            credential_id=self.credential_id,
            kind=self.kind,
            title=self.title,
            source=self.source,
            verified_on=self.verified_on.isoformat(),
            valid_until=self.valid_until.isoformat(),
        )


def lapsed_kinds(credentials: Sequence[Credential], today: date) -> tuple[str, ...]:
    """Return the required kinds that no credential covers today; empty when all hold."""
    held = {item.kind for item in credentials if item.holds(today)}
    return tuple(kind for kind in REQUIRED_KINDS if kind not in held)


def facts(credentials: Sequence[Credential], today: date) -> tuple[CredentialFact, ...]:
    """Return what holds today, in a stable order, for an opinion."""
    held = [item for item in credentials if item.holds(today)]
    return tuple(item.fact() for item in sorted(held, key=lambda c: (c.kind, c.credential_id)))
