"""What stands in the outgoing text in place of each kind of identifier."""

from deid.text.document import Finding
from deid.text.people import PeopleTokens

_PEOPLE = frozenset({"patient", "relative", "clinician", "person"})
_FIXED = {
    "birth_date": "date of birth",
    "phone": "phone",
    "email": "email",
    "url": "link",
    "ip": "network address",
    "username": "user name",
    "file": "file",
    "national_id": "national number",
    "record_number": "record number",
    "health_plan": "plan number",
    "account": "account number",
    "license": "license number",
    "vehicle": "vehicle",
    "device": "device number",
    "biometric": "biometric",
    "other_id": "number",
    "street": "address",
    "city": "place",
    "postal_code": "postal code",
    "place": "place",
    "unit": "ward",
    "occupation": "occupation",
    "hidden": "hidden",
    "sensitive": "not told",
    "age": "age 90 or over",
    "date": "date",
}
_NUMBERED = {"organization": "organization", "employer": "employer", "school": "school"}


def replacement(finding: Finding, text: str, people: PeopleTokens) -> str:
    """Return the bracketed token for ``finding``; ``text`` is what stands there now."""
    if finding.confidence == "likely" and finding.category == "name":
        return "[likely name]"
    if finding.wording:
        return f"[{finding.wording}]"
    if finding.category == "name":
        base = finding.base if finding.base in _PEOPLE else "person"
        return people.token_for(base, subject=finding.subject, name=text)
    if finding.category in _NUMBERED:
        base = finding.base or _NUMBERED[finding.category]
        return people.token_for(base, subject=finding.subject, name=text)
    return f"[{finding.base or _FIXED[finding.category]}]"
