"""FHIR releases, told by the version a server states in its `metadata`.

Spec: FHIR CapabilityStatement.fhirVersion (Conformance.fhirVersion in DSTU2)
"""

import re
from enum import StrEnum

from fhir_adapters.errors import ReleaseUnsupported


class Release(StrEnum):
    """A release whose charts can be read; only R4 is written."""

    DSTU2 = "DSTU2"
    STU3 = "STU3"
    R4 = "R4"
    R5 = "R5"


_NUMBER = re.compile(r"([0-9]{1,2}\.[0-9]{1,2})(?:\.[0-9]{1,3})?")
# The beginning of a version number; 4.3 (R4B) has the types of a chart unchanged.
_BY_NUMBER = {
    "1.0": Release.DSTU2,
    "3.0": Release.STU3,
    "4.0": Release.R4,
    "4.3": Release.R4,
    "5.0": Release.R5,
}


def release_of(version: str) -> Release:
    """Return the release of a version number such as `3.0.2`.

    Raises `ReleaseUnsupported` for any other: ballots and later releases are not guessed at.
    """
    number = _NUMBER.fullmatch(version)
    found = _BY_NUMBER.get(number[1]) if number else None
    if found is None:
        raise ReleaseUnsupported
    return found
