"""A doctor of a hospital as the network knows them: role, grade and region, no name."""

from dataclasses import dataclass
from datetime import datetime

from exchange import names

MAX_FACT = 60


@dataclass(frozen=True, kw_only=True)
class Member:
    """What a hospital attested about one of its doctors."""

    member_id: str
    tenant_id: str
    role: str
    grade: str
    specialty: str
    region: str
    supervisor_subject: str | None
    valid_until: datetime

    def is_valid(self, now: datetime) -> bool:
        """Tell whether the attestation holds now."""
        return now < self.valid_until

    @property
    def title(self) -> str:
        """How a specialist sees the asker, as "PGY-2, internal medicine"."""
        return ", ".join(part for part in (self.grade or self.role, self._specialty_words) if part)

    @property
    def _specialty_words(self) -> str:
        """The words of a coded specialty; a code that we do not know says nothing to a reader."""
        if not self.specialty.isdecimal():
            return self.specialty
        named = names.MEMBER_SPECIALTIES.get(self.specialty)
        return named.lower() if named else ""
