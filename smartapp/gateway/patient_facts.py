"""Who the patient is, for the doctor's banner and for the check before writing. PHI; pure."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from smartapp.store.sealed import keyed_hash

Resource = Mapping[str, Any]
_SEX = {"male": "M", "female": "F", "other": "other", "unknown": ""}


@dataclass(frozen=True, kw_only=True)
class Demographics:
    """Two keyed digests, made at approval and compared before anything is written."""

    birth_hash: str
    name_hash: str


def demographics(patient: Resource, key: bytes) -> Demographics:
    """Digest the birth date and the family name of a Patient resource.

    Case, accents and spacing do not count: an EHR may write a name in capitals tomorrow.
    """
    return Demographics(
        birth_hash=keyed_hash(key, "birth", str(patient.get("birthDate", ""))),
        name_hash=keyed_hash(key, "family", _folded(_name(patient).get("family", ""))),
    )


def is_complete(patient: Resource) -> bool:
    """Whether both demographics exist; without them a later check would prove nothing."""
    return bool(patient.get("birthDate")) and bool(_folded(_name(patient).get("family", "")))


def _folded(text: object) -> str:
    plain = unicodedata.normalize("NFKD", str(text)).casefold()
    return "".join(c for c in plain if c.isalnum())


def _name(patient: Resource) -> Mapping[str, Any]:
    names = [name for name in patient.get("name") or [] if isinstance(name, Mapping)]
    for wanted in ("official", "usual"):
        for name in names:
            if name.get("use") == wanted:
                return name
    return names[0] if names else {}


def banner(patient: Resource, *, today: date) -> dict[str, str]:
    """The slim banner: name, age and sex, birth date, record number."""
    name = _name(patient)
    given = " ".join(str(part) for part in name.get("given") or [])
    shown = str(name.get("text") or f"{given} {name.get('family', '')}".strip())
    born = str(patient.get("birthDate", ""))
    age = _age(born, today)
    sex = _SEX.get(str(patient.get("gender", "")), "")
    return {
        "name": shown or "Name not in the chart",
        "age_sex": " ".join(part for part in (age, sex) if part),
        "born": _day(born),
        "record": _record_number(patient),
    }


def _age(born: str, today: date) -> str:
    try:
        birth = date.fromisoformat(born)
    except ValueError:
        return ""
    had_birthday = (today.month, today.day) >= (birth.month, birth.day)
    years = today.year - birth.year - (0 if had_birthday else 1)
    if years >= 2:
        return str(years)
    months = (today.year - birth.year) * 12 + today.month - birth.month
    return f"{max(months - (0 if today.day >= birth.day else 1), 0)} mo"


def _day(born: str) -> str:
    try:
        birth = date.fromisoformat(born)
    except ValueError:
        return born
    return f"{birth:%b} {birth.day}, {birth.year}"


def _record_number(patient: Resource) -> str:
    for identifier in patient.get("identifier") or []:
        codings = (identifier.get("type") or {}).get("coding") or []
        if any(coding.get("code") == "MR" for coding in codings):
            return f"MRN {identifier.get('value', '')}"
    return ""


def person_name(resource: Resource) -> str:
    """How a Practitioner is named in the chart, or an empty text."""
    name = _name(resource)
    given = " ".join(str(part) for part in name.get("given") or [])
    prefix = " ".join(str(part) for part in name.get("prefix") or [])
    full = f"{prefix} {given} {name.get('family', '')}".strip()
    return str(name.get("text") or " ".join(full.split()))
