"""Whom the header of a DICOM file names, so that the texts are searched for them too.

Nothing of a header is sent; but the letter beside the image may hold the same accession number
or the name of the radiographer, whom no other resource of the chart knows.

Spec: DICOM PS3.3 C.7.1.1 (patient), C.7.2.1 (study); PS3.5 6.2.1 (person names)
"""

import warnings
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from deid.attachments.dicom import DEFLATED, DICOM_FAULTS, transfer_syntax
from deid.attachments.pixels import DECODER_FAULTS

Resource = dict[str, Any]  # FHIR JSON

_CLINICIANS: Final = (
    "ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName",
    "NameOfPhysiciansReadingStudy", "RequestingPhysician", "PhysiciansOfRecord",
    "ConsultingPhysicianName",
)  # fmt: skip
_RELATIVES: Final = ("PatientMotherBirthName", "ResponsiblePerson")
_NUMBERS: Final = ("AccessionNumber", "StudyID", "AdmissionID", "RequestedProcedureID")
_PATIENT: Final = (
    "PatientName", "PatientID", "OtherPatientIDs", "OtherPatientNames", "PatientBirthName",
    "PatientBirthDate", "PatientAddress", "PatientTelephoneNumbers",
)  # fmt: skip
_PLACES: Final = ("InstitutionName", "InstitutionalDepartmentName", "StationName")
_READ: Final = [*_CLINICIANS, *_RELATIVES, *_NUMBERS, *_PATIENT, *_PLACES]
_DATE_DIGITS: Final = 8


def identity_of(body: bytes) -> list[Resource]:
    """Return the people, places and numbers of a header; empty when it cannot be read.

    Nothing is lost by that: a file that cannot be read is not sent either.
    """
    try:
        if transfer_syntax(body) in ("", DEFLATED):
            return []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(_named(dcmread(BytesIO(body), specific_tags=list(_READ))))
    except (RecursionError, *DICOM_FAULTS, *DECODER_FAULTS):
        return []


def _named(header: Dataset) -> Iterator[Resource]:
    patient: Resource = {"resourceType": "Patient"}
    names = [_name(one) for one in _values(header, "PatientName", "OtherPatientNames")]
    names += [{"family": _family(one)} for one in _values(header, "PatientBirthName")]
    patient["name"] = [name for name in names if name]
    patient["identifier"] = _identifiers(header, "PatientID", "OtherPatientIDs")
    patient["telecom"] = [
        {"system": "phone", "value": str(one)} for one in _values(header, "PatientTelephoneNumbers")
    ]
    patient["address"] = [{"text": str(one)} for one in _values(header, "PatientAddress")]
    born = str(header.get("PatientBirthDate") or "")
    if len(born) == _DATE_DIGITS and born.isdecimal():
        patient["birthDate"] = f"{born[:4]}-{born[4:6]}-{born[6:]}"
    yield {key: value for key, value in patient.items() if value}
    for kind, attributes in (("RelatedPerson", _RELATIVES), ("Practitioner", _CLINICIANS)):
        for one in _values(header, *attributes):
            yield {"resourceType": kind, "name": [_name(one)]}
    for one in _values(header, *_PLACES):
        yield {"resourceType": "Organization", "name": str(one)}
    numbers = _identifiers(header, *_NUMBERS)
    if numbers:
        yield {"resourceType": "Encounter", "identifier": numbers}


def _values(header: Dataset, *attributes: str) -> Iterator[Any]:
    """Yield every value that is not empty; an attribute may hold several."""
    for attribute in attributes:
        value = header.get(attribute)
        several = isinstance(value, list) or type(value).__name__ == "MultiValue"
        for one in value if several else (value,):
            if one is not None and str(one).strip():
                yield one


def _identifiers(header: Dataset, *attributes: str) -> list[Resource]:
    return [{"value": str(one).strip()} for one in _values(header, *attributes)]


def _name(value: Any) -> Resource:
    """Return a DICOM person name, `Family^Given^Middle`, as FHIR writes one."""
    name = value if isinstance(value, PersonName) else PersonName(str(value))
    given = [word for part in (name.given_name, name.middle_name) for word in part.split()]
    return {"family": name.family_name, **({"given": given} if given else {})}


def _family(value: Any) -> str:
    return str(_name(value)["family"])
