"""A vetted specialist: one member with a name, specialties and a way to sign in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from exchange import names
from exchange.names import Resource


@dataclass(frozen=True, kw_only=True)
class Specialist:
    """A specialist of the network; specialties are codes of `names.SPECIALTIES`."""

    member_id: str
    name: str
    specialties: tuple[str, ...]
    active: bool

    @property
    def specialty_names(self) -> tuple[str, ...]:
        """The specialties in words."""
        return tuple(names.SPECIALTIES.get(code, code) for code in self.specialties)


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A specialist in a desk session. `proved_at`: when the authenticator was last used."""

    specialist: Specialist
    proved_at: datetime
    method: str = "password+totp"


def practitioner(specialist: Specialist) -> Resource:
    """Return the Practitioner resource of a specialist."""
    return {
        "resourceType": "Practitioner",
        "id": specialist.member_id,
        "identifier": [{"system": names.SID_MEMBER, "value": specialist.member_id}],
        "active": specialist.active,
        "name": [{"text": specialist.name}],
    }


def practitioner_role(specialist: Specialist) -> Resource:
    """Return the PractitionerRole of a specialist; its id is the member id."""
    return {
        "resourceType": "PractitionerRole",
        "id": specialist.member_id,
        "identifier": [{"system": names.SID_MEMBER, "value": specialist.member_id}],
        "active": specialist.active,
        "practitioner": {"reference": f"Practitioner/{specialist.member_id}"},
        "specialty": [
            {
                "coding": [
                    {
                        "system": names.SNOMED,
                        "code": code,
                        "display": names.SPECIALTIES[code],
                    }
                ]
            }
            for code in specialist.specialties
        ],
    }


def member_practitioner(member_id: str, *, active: bool = True) -> Resource:
    """Return the Practitioner of an asking doctor: no name, the network does not know it."""
    return {
        "resourceType": "Practitioner",
        "id": member_id,
        "identifier": [{"system": names.SID_MEMBER, "value": member_id}],
        "active": active,
    }


def member_role(member_id: str, facts: Mapping[str, str], *, active: bool = True) -> Resource:
    """Return the PractitionerRole of an asking doctor; role and grade as text."""
    role: Resource = {
        "resourceType": "PractitionerRole",
        "id": member_id,
        "identifier": [{"system": names.SID_MEMBER, "value": member_id}],
        "active": active,
        "practitioner": {"reference": f"Practitioner/{member_id}"},
    }
    words = [facts[name] for name in ("role", "grade") if facts.get(name)]
    if words:
        role["code"] = [{"text": ", ".join(words)}]
    return role
