"""Numbers and words that point at one spot or one birthday: coordinates, grids, ages to the "
"day."""

from collections.abc import Iterator

from deid.text.document import Category, Finding
from deid.text.scanning import Scan, scan
from deid.text.tokens import TextView

_COORDINATES = scan(
    r"(?<![\d.])-?\d{1,2}\.\d{3,8}\xb0?\s?[ns]?\s?[,;/ ]\s?-?\d{1,3}\.\d{3,8}\xb0?\s?[ew]?"
    r"(?![\d.])|"
    r"(?<!\d)\d{1,2}\xb0\s?\d{1,2}['\u2032](?:\s?\d{1,2}(?:\.\d{1,3})?[\"\u2033])?\s?[ns],?\s{1,2}\d{1,3}\xb0"
    r"\s?\d{1,2}['\u2032](?:\s?\d{1,2}(?:\.\d{1,3})?[\"\u2033])?\s?[ew]"
)
_THREE_WORDS = scan(
    r"///[a-z]{3,20}\.[a-z]{3,20}\.[a-z]{3,20}|\bwhat3words\W{1,3}[a-z]{3,20}(?:\.[a-z]{3,20}){2}"
)
_GRID = scan(
    r"\b(?:grid(?: ref(?:erence)?)?|os ref|ngr|os grid|map "
    r"ref)\W{0,3}(?P<n>[a-z]{1,2}\s?\d{2,5}\s?\d{2,5})\b"
)
_GRID_SHAPE = scan(r"(?<![\w-])[HNOST][A-HJ-Z] \d{3,5} \d{3,5}(?![\w-])")
_DISTRICT = scan(
    r"\b(?:area code|dialling code|census tract|tract|block group|lsoa|msoa|uprn|meshblock|"
    r"precinct)"
    r"\W{0,3}(?P<n>[a-z]?\d[\d.]{2,14}\d)"
)
_AGE_IN_DAYS = scan(
    r"(?<![\d.,])(?:[1-9]\d{3,4}|[1-9]\d?,\d{3})\sdays\s(?:old|of age)\b|"
    r"(?<![\d.,])\d{1,3}\s?(?:years?|yrs?|y),?\s\d{1,2}\s?(?:months?|mths?|"
    r"m),?\s(?:and\s)?\d{1,2}\s?(?:days?|d)\b"
)
_BIRTHDAY = scan(
    r"\b(?:turns?|turning)\s(?P<n>\d{1,3})\s(?:today|tomorrow|yesterday|on\s(?:mon|tues|wednes|"
    r"thurs|fri|satur|"
    r"sun)day|next week|this week|in \w{3,6} days)|"
    r"\b(?P<b>\d{1,3}(?:st|nd|rd|th))\sbirthday\s(?:is|was|falls)?\s?(?:today|tomorrow|"
    r"yesterday|next week|this week|"
    r"last week|on\s\w{6,9})"
)

#: pattern, group and rule of what points at a spot
_SPOTS: tuple[tuple[Scan, int | str, str], ...] = (
    (_THREE_WORDS, 0, "place.coordinates"),
    (_COORDINATES, 0, "place.coordinates"),
    (_GRID, "n", "place.coordinates"),
    (_DISTRICT, "n", "place.district"),
)


def find(view: TextView) -> Iterator[Finding]:
    """Yield exact places and ages told to the day."""
    for pattern, group, rule in _SPOTS:
        for match in view.scan(pattern):
            yield _finding(*match.span(group), "place", rule)
    if view.digit_runs:
        for match in view.scan_plain(_GRID_SHAPE):
            yield _finding(*match.span(), "place", "place.coordinates")
        yield from _exact_ages(view)


def _exact_ages(view: TextView) -> Iterator[Finding]:
    for match in view.scan(_AGE_IN_DAYS):
        yield _finding(*match.span(), "age", "age.exact", wording="exact age")
    for match in view.scan(_BIRTHDAY):
        group = "n" if match["n"] else "b"
        yield _finding(*match.span(group), "age", "age.birthday", wording="exact age")


def _finding(start: int, end: int, category: Category, rule: str, *, wording: str = "") -> Finding:
    return Finding(
        start=start, end=end, category=category, confidence="sure", rule=rule, wording=wording
    )
