"""Postal codes and addresses of other countries, house names, and what an address label "
"announces."""

import re
from collections.abc import Iterator

from deid import lexicon
from deid.text.document import Category, Finding
from deid.text.tokens import TextView

_CANADA = re.compile(r"(?<![\w-])[ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d(?![\w-])")
_IRELAND = re.compile(r"(?<![\w-])(?:[AC-FHKNPRTV-Y]\d\d|D6W) ?[0-9AC-FHKNPRTV-Y]{4}(?![\w-])")
_AUSTRALIA = re.compile(
    r"\b(?:nsw|vic|qld|tas|act|nt|sa|wa|new south wales|victoria|queensland|tasmania|south "
    r"australia|"
    r"western australia)[, ]{1,3}(?P<n>\d{4})(?![\d/.-])"
)
_CODE_CUE = re.compile(
    r"\b(?:post ?codes?|postal codes?|zip(?: ?codes?)?|eir ?codes?|pin ?codes?|plz|code postal)"
    r"\s?(?:is|:|-|=)?\s{0,2}(?P<n>(?=[a-z0-9 -]{0,7}\d)[a-z0-9]{2,8}(?:[ -][a-z0-9]{2,4})?)\b"
)
_INDIA = re.compile(
    r"(?<=[a-z] -|[a-z]- |[a-z], )\d{6}(?![\d/.-])|(?<=[a-z] - )\d{6}(?![\d/.-])|"
    r"(?<=[a-z]-)\d{6}(?!\d)"
)
_AREAS = (
    "AB|AL|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|"
    "EC|EH|"
    "EN|EX|FK|FY|GL|GU|HA|HD|HG|HP|HR|HS|HU|HX|IG|IP|IV|KA|KT|KW|KY|LA|LD|LE|LL|LN|LS|LU|ME|MK|"
    "ML|NE|"
    "NG|NN|NP|NR|NW|OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|"
    "TA|TD|"
    "TF|TN|TQ|TR|TS|TW|UB|WA|WC|WD|WF|WN|WR|WS|WV|YO|ZE|[BEGLMNSW]"
)
#: the outward half of a British code beside the town that it belongs to
_OUTWARD = re.compile(
    rf"\b(?:in|near|from|at|of|around) (?:[A-Z][a-z]{{2,15}} "
    rf"){{1,2}}(?P<n>(?:{_AREAS})\d{{1,2}}[A-Z]?)\b"
)


_KIND = (
    r"(?:cottage|house|farm|farmhouse|lodge|villa|villas|hall|barn|court|mansions?|towers?|"
    r"apartments?|"
    r"heights|gardens|manor|grange|croft|mill|rectory|vicarage|bungalow|flats?|estate|park|"
    r"nagar|colony|"
    r"vihar|enclave|society|marg|chowk|gali|sector|layout|lane|road|street|avenue|drive|close|"
    r"way|crescent|"
    r"rd|st|ave|ln|dr|cres|parade|pde|terrace|tce|place|pl|boulevard|blvd|quay|square|row|walk|"
    r"hill|gate)"
)
_HOUSE = re.compile(
    r"(?<![\w'])(?:[A-Z][a-z']{2,14} ){1,3}(?:Cottage|House|Farm|Farmhouse|Lodge|Villas?|Hall|"
    r"Barn|Court|"
    r"Mansions|Towers?|Apartments|Manor|Grange|Rectory|Vicarage|Bungalow|Flats?|Estate)"
    r"(?:, (?:\d{1,4}[A-Za-z]? )?(?:[A-Z][a-z']{1,14} ){0,3}[A-Z][a-z']{2,14}){1,3}"
)
_LOT = re.compile(
    rf"(?<![\w-])(?:lot|plot|site|unit|flat|h\.? ?no\.?|house no\.?|door no\.?|d\.? ?no\.?|"
    rf"block|blk) "
    rf"?[\d][\w/-]{{0,6}},? (?:[a-z0-9'-]{{2,16}},? ){{1,4}}?{_KIND}\b\.?"
)
_ROMANCE = re.compile(
    r"(?<![\w/])\d{1,5}[a-z]?,? (?:bis |ter )?(?:rue|chemin|impasse|calle|avda\.?|avenida|"
    r"paseo|carrera|rua|"
    r"via|viale|piazza|boul\.?|boulevard|avenue|place|allee|quai|cours)(?: (?:de|du|des|de la|"
    r"del|della|"
    r"st|ste|san|santa))? [\w'-]{2,24}(?: [\w'-]{2,20})?(?:,? (?:app?t?\.?|appartement|piso|"
    r"int\.?|suite) "
    r"?#?[\w-]{1,5})?"
)
_NUMBER_AND_NAME = re.compile(
    r"(?<![\w/.,-])(?<!\d )\d{1,4}[A-Za-z]? (?:[A-Z][a-z']{3,18} ){0,2}[A-Z][a-z']{3,18}"
    r"(?=,\s{1,2}[A-Z][a-z]{2,18}(?: [A-Z][a-z]{2,18})?,?\s{1,2}(?:[A-Z]{1,2}\d|\d{4,5}\b|"
    r"[A-Z]{2}\b))"
)
_WITH_SUITE = re.compile(
    r"(?<![\w/.-])\d{2,6} [A-Z][a-z']{2,16}(?: [A-Z][a-z']{2,16})?,? (?:Ste|Suite|Apt|Unit|"
    r"Flat|Fl|#)\.? ?#?\w{1,5}"
)
_ROADSIDE = re.compile(
    r"\bthe (?:[A-Z][a-z]{2,14} ){0,2}(?:station|stop|store|garage|diner|bar|pub|mall|exit|"
    r"junction|roundabout|"
    r"overpass|bridge|rest area|car park|parking lot|gas station|petrol station) (?:on|off|at|"
    r"near|by) "
    r"(?:the )?(?:[A-Z]\w{1,14} ){0,3}(?:[A-Z][a-z]{2,14}|[AMB]\d{1,4})\b|"
    r"\b(?:on|off|along|via) (?P<n>the [AMB]\d{1,4}(?:\(M\))?(?: (?:near|at|by|towards?|"
    r"between) [A-Z][a-z]{2,14})?)\b"
)
_LABEL = re.compile(
    r"\b(?:(?:home|current|mailing|postal|permanent|street|billing|new|temporary|discharge) )?"
    r"(?:address|addr|residence|resides at|residing at|lives at|stays at|domiciled at|r/o)"
    r"(?:\s(?:on file|confirmed|verified|updated|changed to|given as))?\s?(?:is now|is|:|=|"
    r"-)?\s{0,3}"
)
_ADDRESS_END = re.compile(
    r"\.\s|\.\Z|[;\n()]|\s(?:and|with|tel|phone|ph|mob|mobile|cell|since|where)\b"
)
_LONGEST_ADDRESS = 110
_MILE = re.compile(
    r"\b(?:mile ?(?:marker|post)|mm|milepost|exit|junction|jct|km ?post)\s?#?\d{1,4}\w?(?: "
    r"(?:on|of) "
    r"(?:the )?(?:i|us|sr|hwy|highway|route|rte|m|a)[ -]?\d{1,4}\w?)?\b|"
    r"(?<![\w-])(?:i|us|sr)-\d{1,4}\b|\b(?:interstate|highway|hwy|route|rte) \d{1,4}\b"
)
_SIGNS = ("addr", "resid", "lives at", "stays at", "domicil", "r/o")


def find(view: TextView) -> Iterator[Finding]:
    """Yield addresses and postal codes that are not written the American way."""
    if not view.digit_runs:
        yield from _houses(view)
        return
    yield from _codes(view)
    yield from _houses(view)
    for pattern in (_LOT, _ROMANCE, _MILE):
        for match in pattern.finditer(view.lower):
            yield _finding(*match.span(), "street", "place.street")
    if view.style == "mixed":
        for pattern in (_NUMBER_AND_NAME, _WITH_SUITE, _ROADSIDE):
            for match in pattern.finditer(view.plain):
                group = "n" if pattern is _ROADSIDE and match["n"] else 0
                yield _finding(*match.span(group), "street", "place.street")
    yield from _announced(view)


def _codes(view: TextView) -> Iterator[Finding]:
    upper = view.plain if view.style != "lower" else view.plain.upper()
    for pattern in (_CANADA, _IRELAND):
        for match in pattern.finditer(upper):
            yield _finding(*match.span(), "postal_code", "place.postcode")
    for pattern in (_AUSTRALIA, _CODE_CUE):
        for match in pattern.finditer(view.lower):
            yield _finding(*match.span("n"), "postal_code", "place.postcode")
    for match in _INDIA.finditer(view.lower):
        yield _finding(*match.span(), "postal_code", "place.postcode")
    for match in _OUTWARD.finditer(view.plain):
        yield _finding(*match.span("n"), "postal_code", "place.postcode")


def _houses(view: TextView) -> Iterator[Finding]:
    if view.style == "mixed":
        for match in _HOUSE.finditer(view.plain):
            yield _finding(*match.span(), "street", "place.house")


def _announced(view: TextView) -> Iterator[Finding]:
    """Take what an address label announces up to the end of the sentence."""
    if not view.has(_SIGNS):
        return
    for cue in _LABEL.finditer(view.lower):
        start, limit = cue.end(), cue.end() + _LONGEST_ADDRESS
        stop = _ADDRESS_END.search(view.lower, start, limit)
        address = view.plain[start : stop.start() if stop else limit]
        if _reads_like_address(address):
            end = start + len(_without_state(address).rstrip(" ,"))
            yield _finding(start, end, "street", "place.address")


def _without_state(text: str) -> str:
    """Leave town, state and postal code to the recognizers that tell them apart."""
    first, _comma, rest = text.partition(",")
    state = any(word.strip(",.").lower() in lexicon.words("regions") for word in rest.split())
    return first if state else text


def _reads_like_address(text: str) -> bool:
    words = text.replace(",", " ").split()
    numbered = bool(words) and any(c.isdigit() for c in " ".join(words[:3]))
    return numbered and len(words) > 1 and any(w[0].isalpha() for w in words)


def _finding(start: int, end: int, category: Category, rule: str) -> Finding:
    return Finding(start=start, end=end, category=category, confidence="sure", rule=rule)
