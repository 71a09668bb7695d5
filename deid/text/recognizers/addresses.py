"""Postal codes and addresses of other countries, house names, and what an address label "
"announces."""

import re
from collections.abc import Iterator
from typing import cast

from deid import lexicon
from deid.text.document import Category, Finding
from deid.text.scanning import scan, signs
from deid.text.tokens import TextView

_CANADA = re.compile(r"(?<![\w-])[ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d(?![\w-])")
_IRELAND = re.compile(r"(?<![\w-])(?:[AC-FHKNPRTV-Y]\d\d|D6W) ?[0-9AC-FHKNPRTV-Y]{4}(?![\w-])")
#: before four digits
_AUSTRALIA = re.compile(
    r"\b(?:nsw|vic|qld|tas|act|nt|sa|wa|new south wales|victoria|queensland|tasmania|south "
    r"australia|"
    r"western australia)[, ]{1,3}\Z"
)
_CODE_CUE = scan(
    r"\b(?:post ?codes?|postal codes?|zip(?: ?codes?)?|eir ?codes?|pin ?codes?|plz|code postal)"
    r"\s?(?:is|:|-|=)?\s{0,2}(?P<n>(?=[a-z0-9 -]{0,7}\d)[a-z0-9]{2,8}(?:[ -][a-z0-9]{2,4})?)\b"
)
#: before six digits
_INDIA = re.compile(r"[a-z](?: ?- ?|, )\Z")
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
_HOUSE = scan(
    r"(?<![\w'])(?:[A-Z][a-z']{2,14} ){1,3}(?:Cottage|House|Farm|Farmhouse|Lodge|Villas?|Hall|"
    r"Barn|Court|"
    r"Mansions|Towers?|Apartments|Manor|Grange|Rectory|Vicarage|Bungalow|Flats?|Estate)"
    r"(?:, (?:\d{1,4}[A-Za-z]? )?(?:[A-Z][a-z']{1,14} ){0,3}[A-Z][a-z']{2,14}){1,3}",
    signs=signs(
        "cottage|house|farm|lodge|villa|hall|barn|court|mansion|tower|apartments|manor|grange|"
        "rectory|vicarage|bungalow|flat|estate"
    ),
)
_LOT = scan(
    rf"(?<![\w-])(?:lot|plot|site|unit|flat|h\.? ?no\.?|house no\.?|door no\.?|d\.? ?no\.?|"
    rf"block|blk) "
    rf"?[\d][\w/-]{{0,6}},? (?:[a-z0-9'-]{{2,16}},? ){{1,4}}?{_KIND}\b\.?"
)
_ROMANCE = scan(
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
_ROADSIDE = scan(
    r"\bthe (?:[A-Z][a-z]{2,14} ){0,2}(?:station|stop|store|garage|diner|bar|pub|mall|exit|"
    r"junction|roundabout|"
    r"overpass|bridge|rest area|car park|parking lot|gas station|petrol station) (?:on|off|at|"
    r"near|by) "
    r"(?:the )?(?:[A-Z]\w{1,14} ){0,3}(?:[A-Z][a-z]{2,14}|[AMB]\d{1,4})\b"
)
_ROAD_NUMBER = re.compile(
    r"\b(?:on|off|along|via) (?P<n>the [AMB]\d{1,4}(?:\(M\))?(?: (?:near|at|by|towards?|"
    r"between) [A-Z][a-z]{2,14})?)\b"
)
_LABEL = scan(
    r"\b(?:(?:home|current|mailing|postal|permanent|street|billing|new|temporary|discharge) )?"
    r"(?:address|addr|residence|resides at|residing at|lives at|stays at|domiciled at|r/o)"
    r"(?:\s(?:on file|confirmed|verified|updated|changed to|given as))?\s?(?:is now|is|:|=|"
    r"-)?\s{0,3}"
)
_ADDRESS_END = re.compile(
    r"\.\s|\.\Z|[;\n()]|\s(?:and|with|tel|phone|ph|mob|mobile|cell|since|where)\b"
)
_LONGEST_ADDRESS = 110
_MILE = scan(
    r"\b(?:mile ?(?:marker|post)|milepost|exit|junction|jct|km ?post)\s?#?\d{1,4}\w?(?: "
    r"(?:on|of) "
    r"(?:the )?(?:i|us|sr|hwy|highway|route|rte|m|a)[ -]?\d{1,4}\w?)?\b|"
    r"(?<![\w-])(?:i|us|sr)-\d{1,4}\b|\b(?:interstate|highway|hwy|route|rte) \d{1,4}\b"
)


def find(view: TextView) -> Iterator[Finding]:
    """Yield addresses and postal codes that are not written the American way."""
    yield from _houses(view)
    if not view.digit_runs:
        return
    yield from _codes(view)
    for match in view.scan(_ROMANCE):
        yield _finding(*match.span(), "street", "place.street")
    for pattern in (_LOT, _MILE):
        for match in view.scan(pattern):
            yield _finding(*match.span(), "street", "place.street")
    if view.style == "mixed":
        yield from _capitalized(view)
    yield from _announced(view)


def _capitalized(view: TextView) -> Iterator[Finding]:
    for start, _end in view.digit_runs:
        for pattern in (_NUMBER_AND_NAME, _WITH_SUITE):
            match = pattern.match(view.plain, start)
            if match:
                yield _finding(*match.span(), "street", "place.street")
    for match in view.scan_plain(_ROADSIDE):
        yield _finding(*match.span(), "street", "place.street")


def _codes(view: TextView) -> Iterator[Finding]:
    """Postal codes, looked for only where digits stand."""
    plain, lower = view.plain, view.lower
    upper = plain if view.style != "lower" else plain.upper()
    for start, end in view.digit_runs:
        if start and upper[start - 1].isupper():
            match = _CANADA.match(upper, start - 1) or _IRELAND.match(upper, start - 1)
            if match:
                yield _finding(*match.span(), "postal_code", "place.postcode")
            yield from _outward(view, start)
        before = {4: _AUSTRALIA, 6: _INDIA}.get(end - start)
        whole = lower[end : end + 1] not in ("/", "-") and not lower[end : end + 1].isalnum()
        if before and whole and before.search(lower, max(0, start - 22), start):
            yield _finding(start, end, "postal_code", "place.postcode")
    for match in view.scan(_CODE_CUE):
        yield _finding(*match.span("n"), "postal_code", "place.postcode")


def _outward(view: TextView, digit: int) -> Iterator[Finding]:
    """ "in Leeds LS6", "on the A683": what stands around a digit after a capital."""
    for pattern, category in ((_OUTWARD, "postal_code"), (_ROAD_NUMBER, "street")):
        match = pattern.search(view.plain, max(0, digit - 46), digit + 30)
        if match and match.start("n") < digit < match.end("n"):
            yield _finding(*match.span("n"), cast(Category, category), "place.postcode")


def _houses(view: TextView) -> Iterator[Finding]:
    if view.style == "mixed":
        for match in view.scan_plain(_HOUSE):
            yield _finding(*match.span(), "street", "place.house")


def _announced(view: TextView) -> Iterator[Finding]:
    """Take what an address label announces up to the end of the sentence."""
    for cue in view.scan(_LABEL):
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
