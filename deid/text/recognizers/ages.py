"""Ages over 89, in digits and words; younger ages may leave."""

from collections.abc import Iterator

from deid.text.document import Finding
from deid.text.scanning import scan
from deid.text.tokens import TextView

_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty"
_WORDS = (
    rf"(?:ninety(?:[\s-](?:{_UNITS}))?|(?:a|one)\s?-?hundred(?:\s(?:and\s)?(?:{_UNITS}|"
    rf"{_TEENS}))?)"
)
_NUMBER = r"(?:9\d|1[01]\d|12[0-4])"
_KIN = (
    r"(?:mother|father|mom|mum|dad|aunt|uncle|grand\w{2,8}|brother|sister|husband|wife|sibling|"
    r"cousin|gm|gf|mgm|mgf|pgm|pgf|fh|fhx)"
)
_PATTERNS = (
    scan(
        rf"(?<![\d./-])(?:{_NUMBER}|\b{_WORDS})(?:[\s-]{{0,2}}(?:y\.?/?\.?o\.?|yrs?\.?/?o?|"
        r"years?(?:[\s-]of[\s-]age)?)(?:[\s-]{1,2}old)?)(?![a-z])"
    ),
    scan(rf"(?<![\d./-]){_NUMBER}\s?[mf](?![a-z0-9])"),
    scan(
        rf"\b(?:aged?|age:|age is)\s{{0,2}}(?P<n>{_NUMBER}|{_WORDS})(?![\d/]|\.\d|\s?(?:mg|ml|%))"
    ),
    scan(
        rf"\b{_KIN}\b[^.;\n]{{0,40}}?\b(?:at|to|until|aged?|was|is|\()\s?(?P<n>{_NUMBER}|"
        rf"{_WORDS})"
        r"(?![\d/%]|\.\d|\s?(?:mg|ml|kg|%))"
    ),
    scan(rf"\b(?:lived to|died at|turned|turning)\s(?:be\s)?(?P<n>{_NUMBER}|{_WORDS})\b"),
    scan(rf"\b(?:at|age)\s(?P<n>{_WORDS})(?=[\s.,;)]|$)"),
    # "Mrs Hale, 94, fell", "is it safe at 97?", and the year of birth that says the same
    scan(
        rf",\s(?P<n>{_NUMBER}),\s(?:fell|lives?|lived|living|who|with|female|male|woman|man|"
        rf"f\b|m\b|"
        r"admitted|presents?|presented|from|is|was|has|had)"
    ),
    scan(
        rf"\b(?:safe|alone|independent|well|active|ok|wise)\sat\s(?P<n>{_NUMBER})(?=\s?[?.,;)]|$)"
    ),
    scan(r"\bborn\s(?:in\s)?(?P<n>19[0-2]\d|193[0-5])\b"),
    scan(r"(?:\bb\.?\s?|\*\s?|\((?=19\d\d\s?[-\u2013]))(?P<n>19[0-2]\d|193[0-5])\b"),
    scan(
        rf"\b(?:d\.|died|dec'?d|deceased|passed away|passed|lived until|survived "
        rf"to)\s(?:aged?\s|at\s)?(?:age\s)?(?P<n>{_NUMBER}|{_WORDS})(?![\d/%]|\.\d|\s?(?:mg|ml|"
        rf"kg))"
    ),
    scan(rf"\((?P<n>{_WORDS})\)|\((?P<n2>9\d)(?=[)mf,])"),
    scan(
        rf"\b(?P<n>{_WORDS})\s(?:this|next|last|in|on)\s(?:year|week|month|birthday|january|"
        rf"february|march|april|may|june|july|august|september|october|november|december)"
    ),
    scan(rf"\b(?P<n>{_NUMBER})(?:st|nd|rd|th)\s(?:birthday|year)"),
    scan(r"\b(?:ninetieth|ninety-\w{4,8}th|hundredth|100th)\sbirthday"),
    scan(
        r"\b(?P<n>over ninety|over 90|past ninety|nineties|well into (?:his|her|their) "
        r"nineties|in (?:his|her|their) tenth decade)\b"
    ),
    scan(r"(?<=[a-z]), (?P<n>9\d|10\d)(?=, [a-z])"),
    scan(r"\b(?:nonagenarian|centenarian|supercentenarian)\b"),
    scan(r"\bin (?:his|her|their) (?P<n>nineties|90'?s|early nineties|late nineties|hundreds)\b"),
)


#: words that tell of such an age; every pattern needs one of them or a number of ``_OLD``
_SIGNS = ("ninet", "hundred", "narian", "born", "b.", "b 19", "b19", "*19", "* 19", "(19")
_OLD = frozenset(map(str, range(90, 125)))


def _maybe_old(view: TextView) -> bool:
    """Return whether any pattern can match: all of them are tried only then."""
    lower = view.lower
    return view.has(_SIGNS) or any(lower[start:end] in _OLD for start, end in view.digit_runs)


def find(view: TextView) -> Iterator[Finding]:
    """Yield every age of 90 or more."""
    if not _maybe_old(view):
        return
    for pattern in _PATTERNS:
        for match in view.scan(pattern):
            group = next((g for g in ("n", "n2") if g in match.re.groupindex and match[g]), 0)
            yield Finding(
                start=match.start(group),
                end=match.end(group),
                category="age",
                confidence="sure",
                rule="age.over_89",
                wording="age 90 or over",
            )
