"""Is this the patient who was asked about, and may a question be offered here? PHI; pure."""

from collections.abc import Mapping
from typing import Any

from smartapp.gateway.patient_facts import demographics, is_complete
from smartapp.store.vault import VaultLink

Resource = Mapping[str, Any]


def is_merged(patient: Resource) -> bool:
    """Whether the record was replaced by another one: nothing is said about it any more."""
    links = patient.get("link")
    return isinstance(links, list) and any(
        isinstance(link, dict) and link.get("type") == "replaced-by" for link in links
    )


def is_deceased(patient: Resource) -> bool:
    """Whether the chart says that the patient has died."""
    return patient.get("deceasedBoolean") is True or bool(patient.get("deceasedDateTime"))


def is_same_patient(patient: Resource, link: VaultLink) -> bool:
    """Whether birth date and family name are those of the question; both must be there."""
    if not is_complete(patient):
        return False
    now = demographics(patient, link.case_key)
    return now.birth_hash == link.birth_hash and now.name_hash == link.name_hash
