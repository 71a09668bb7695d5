"""Numbers written in groups ("4987 2310 5566", "QQ 12 34 56 C") or with a prefix ("LN "
"259651")."""

import re
from collections.abc import Iterator

from deid import lexicon
from deid.text.document import Category, Finding
from deid.text.scanning import scan
from deid.text.tokens import TextView

#: quantities that follow a row of numbers and tell that it is not an identifier
_NO_UNIT = r"(?!\s?(?:mg|mcg|ml|kg|g\b|cm|mm|%|units?|hours?|hrs?|days?|weeks?|yrs?|years?|bpm|/))"
_LABEL = (
    r"(?:mrn|nhs|chi|h&c|medicare|medicaid|ramq|ohip|phn|hcn|aadhaar|aadhar|abha|pps|ppsn|nhi|"
    r"irn|crn|"
    r"dva|ihi|ssn|sin|nino|ni|ssn|va card|passport|member|subscriber|policy|insurance|"
    r"beneficiary|acct|"
    r"account|bank|routing|sort code|iban|card|license|licence|permit|id|uhid|ref|reference|"
    r"case|claim|"
    r"file|record|chart|employee|staff|badge|inmate|booking|patient|subject|participant|pt|"
    r"unit|visa|"
    r"serial|sn|s/n|model|lot|batch|implant|device|tag|plate|reg|registration|vin|dl|npi|dea|"
    r"gmc|nmc|"
    r"ahpra|mcnz|provider|prescriber|registration|order|accession|specimen|sample|grp|group|"
    r"plan|health "
    r"card|hospital|hosp|national insurance|social security|social insurance|mastercard|amex)"
)
_LABEL_WORDS = frozenset(re.findall(r"[a-z]{2,4}(?![a-z])", _LABEL)) | {
    "dob",
    "eval",
    "csn",
    "acc",
    "fax",
    "tel",
}
_LABELED = scan(
    rf"(?<![\w-]){_LABEL}(?:\s(?:no\.?|num|number|nbr|id|code|card|pin|plate|acct|account))?\b"
    r"\s?[:#=]?\s{0,2}[#(]?"
    r"(?P<n>(?:[a-z]{1,4}[ -]){0,2}[a-z]{0,3}\d[\da-z]{1,11}"
    r"(?:[ -][\da-z]{0,2}\d[\da-z]{0,6}){0,6})"
    rf"(?![\w])(?![.,]\d){_NO_UNIT}"
)
_LAST_FOUR = scan(r"\blast (?:4|four)\b[^.;\n\d]{0,28}?(?P<n>(?<!\d)\d{4})(?![\d/]|\.\d)")
_QUADS = scan(r"(?<!\d)\d{4}[ -]\d{4}[ -]\d{3,4}(?:[ -]\d{1,4})?(?![\w/])")
_MORE_GROUPS = scan(r"(?<!\d)\d{3,5} \d{3,6} \d{2,5}(?: \d{1,4})?(?![\w/.]\d|\w)")
_PREFIXED = scan(r"(?<![\w-])(?P<p>[A-Z]{2,4}) \d{5,12}[A-Z]{0,2}(?![\w/.]\d|\w)")
_BRITISH_PLATE = scan(r"(?<!\w)[A-Z]{2}\d\d ?[A-Z]{3}(?!\w)")
_APPLICATION = scan(r"\(\d{2,3}\)\d{6,20}(?:\(\d{2,3}\)[\w./-]{1,20}){0,5}")
_NINO_LIKE = scan(r"(?<!\w)[A-Z]{2}[ .-]{0,2}\d\d[ .-]{0,2}\d\d[ .-]{0,2}\d\d[ .-]{0,2}[A-D](?!\w)")
#: after its label in any spacing, also sign by sign and with a letter that is never issued
_NINO_LABELED = scan(
    r"\b(?:ni|nino|n\.i\.|national insurance)(?: (?:no\.?|num|number))?(?: is)?\W{0,3}"
    r"(?P<n>[a-z] ?[a-z](?:[ ./-]{0,2}\d){6}(?:[ ./-]{0,2}[a-z])?)(?!\w)"
)
_DIGIT_WORD = r"(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|double|triple)"
_SPOKEN = scan(rf"\b{_DIGIT_WORD}(?:[ ,-]{{1,2}}{_DIGIT_WORD}){{3,20}}\b")
#: "fifty-five, twelve, oh one": a phone number read aloud
_SPOKEN_AFTER = scan(
    r"\b(?:phone|number|telephone|cell|mobile|fax|pager|extension|mrn|record|ssn|social)\b"
    r"(?: number)?(?: is| at|,|:)? (?P<n>(?:(?:[a-z]{3,9}(?:teen|ty)|ten|eleven|twelve|hundred|"
    rf"{_DIGIT_WORD})[ ,-]{{1,2}}){{2,16}}(?:[a-z]{{3,9}}(?:teen|ty)|hundred|{_DIGIT_WORD}))\b"
)


def find(view: TextView) -> Iterator[Finding]:
    """Yield numbers in groups, with prefixes, and read aloud."""
    yield from _spoken(view)
    if not view.digit_runs:
        return
    for match in view.scan(_LABELED):
        if _long_enough(match["n"]):
            yield _finding(*match.span("n"), "other_id", "number.groups")
    for match in view.scan(_LAST_FOUR):
        yield _finding(*match.span("n"), "national_id", "number.last_four")
    for pattern in (_QUADS, _MORE_GROUPS):
        for match in view.scan(pattern):
            yield _finding(*match.span(), "other_id", "number.groups")
    yield from _shaped(view)


def _shaped(view: TextView) -> Iterator[Finding]:
    for match in view.scan_plain(_PREFIXED):
        if not _is_label(match["p"].lower()):
            yield _finding(*match.span(), "other_id", "number.prefix")
    for match in view.scan_plain(_NINO_LIKE):
        yield _finding(*match.span(), "national_id", "number.pattern")
    for match in view.scan(_NINO_LABELED):
        yield _finding(*match.span("n"), "national_id", "number.pattern")
    for match in view.scan_plain(_BRITISH_PLATE):
        yield _finding(*match.span(), "vehicle", "number.pattern")
    for match in view.scan(_APPLICATION):
        yield _finding(*match.span(), "device", "number.pattern")


def _spoken(view: TextView) -> Iterator[Finding]:
    for match in view.scan(_SPOKEN):
        yield _finding(*match.span(), "other_id", "number.spoken")
    for match in view.scan(_SPOKEN_AFTER):
        yield _finding(*match.span("n"), "other_id", "number.spoken")


def _is_label(word: str) -> bool:
    """ "MRN 4471129" has a label, "LN 259651" a prefix."""
    return word in lexicon.words("abbreviations") or word in _LABEL_WORDS


def _long_enough(value: str) -> bool:
    """Three digits and more in a row of groups; a decimal or a lone small number is a value."""
    digits = sum(c.isdigit() for c in value)
    return digits >= 4 or (digits == 3 and any(c.isalpha() for c in value))


def _finding(start: int, end: int, category: Category, rule: str) -> Finding:
    return Finding(start=start, end=end, category=category, confidence="sure", rule=rule)
