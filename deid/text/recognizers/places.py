"""Addresses, towns, postal codes, landmarks, wards and rooms; states and countries may leave."""

import re
from collections.abc import Iterable, Iterator

from deid import lexicon
from deid.lexicon import word_set
from deid.text import name_words
from deid.text.document import Category, Finding
from deid.text.scanning import Scan, scan, signs
from deid.text.tokens import TextView

_STREET_KIND = (
    r"street|st|road|rd|avenue|ave|av|boulevard|blvd|lane|ln|drive|dr|court|ct|terrace|ter|"
    r"place|pl|way|"
    r"circle|cir|highway|hwy|parkway|pkwy|square|sq|trail|trl|turnpike|tpke|alley|loop|run|pike|"
    r"close|crescent|"
    r"cres|gardens|gdns|grove|mews|rise|walk|hill|row|yard|view|green|park|croft|vale|parade|"
    r"wharf|quay|"
    r"crossing|extension|plaza|causeway|esplanade|villas|cottages|heights|bypass|broadway|"
    r"route|rte"
)
_UNIT = (
    r"(?:,?\s{0,2}(?:(?:apt|apartment|unit|suite|ste|flat|floor|fl|room|rm|lot|trailer|space|"
    r"bldg|no)\.?\s?"
    r"#?\s?[\w-]{1,6}|#\s?[\w-]{1,6}))"
)
_STREET = scan(
    r"(?<![\w./:-])\d{1,6}[a-z]?(?:-\d{1,4})?[ ]{1,2}(?:[nsew]\.?e?w?\.?\s)?"
    r"(?:(?:the\s)?(?:(?:[a-z0-9'-]{2,18}|[nsew]\.?|st\.|mt\.|dr\.)\s){1,3}?(?:"
    + _STREET_KIND
    + r")\b\.?|the\s(?:green|street|square|"
    r"close|crescent|mews|avenue|terrace|grove|village|quay|common)|(?:county|state|rural|farm|"
    r"forest service)"
    r"\s(?:road|rd|route|highway)\s\d{1,5}|broadway)(?:\s(?:n|s|e|w|ne|nw|se|sw)\b\.?)?"
    + _UNIT
    + r"{0,2}"
)
#: a dose, a clock time or a letter's date before "Dr" is no house number
_STREET_STOP = word_set(
    """
    mg mcg ml g kg cm mm im iv po prn via from by per dear for with to units tabs days hours
    min am pm year old yo and or is was has had he she they on jan feb mar apr jun jul aug sep
    oct nov dec january february march april may june july august september october november
    december patient
    """
)
_FLAT_BEFORE = re.compile(r"\bflat \w{1,4},? \Z")
_BOX = scan(r"\bp\.?\s?o\.?\s?box\s\d{1,6}\b")
_ROAD_ONLY = Scan(
    re.compile(
        r"(?<![\w])(?:[A-Z][a-z'.]{1,15}\s){1,3}(?:Street|Road|Avenue|Lane|Drive|Boulevard|"
        r"Terrace|"
        r"Crescent|"
        r"Close|Court|Highway|Parkway|Turnpike|Rd|Ave|Blvd|Ln)\b|\b(?:Route|Rte|Interstate|Hwy|"
        r"I-)\s?\d{1,4}\b"
    ),
    (
        "street",
        "road",
        "avenue",
        "lane",
        "drive",
        "boulevard",
        "terrace",
        "crescent",
        "close",
        "court",
        "highway",
        "parkway",
        "turnpike",
        "rd",
        "ave",
        "blvd",
        "ln",
        "route",
        "rte",
        "interstate",
        "hwy",
        "i-",
    ),
)
_STATES = (
    "alabama|alaska|arizona|arkansas|california|colorado|connecticut|delaware|florida|georgia|"
    "hawaii|idaho|"
    "illinois|indiana|iowa|kansas|kentucky|louisiana|maine|maryland|massachusetts|michigan|"
    "minnesota|"
    "mississippi|missouri|montana|nebraska|nevada|new hampshire|new jersey|new mexico|new york|"
    "north carolina|north dakota|ohio|oklahoma|oregon|pennsylvania|rhode island|south carolina|"
    "south dakota|tennessee|texas|utah|vermont|virginia|washington|west virginia|wisconsin|"
    "wyoming|"
    "district of columbia|puerto rico"
)
_STATE_CODES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|"
    "NM|NY|NC|ND|"
    "OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC|PR"
)
_ZIP_AFTER_STATE = scan(rf"\b(?:{_STATES})[,.]?\s{{1,3}}(?P<n>\d{{5}}(?:-\d{{4}})?)(?!\d)")
_ZIP_AFTER_CODE = scan(rf"\b(?:{_STATE_CODES})[,.]?\s{{1,3}}(?P<n>\d{{5}}(?:-\d{{4}})?)(?!\d)")
_ZIP_CUE = scan(r"\b(?:zip|zip ?code|postal code|post ?code)\W{0,3}(?P<n>\d{5}(?:-\d{4})?)(?!\d)")
_ZIP4 = scan(r"(?<![\w-])\d{5}-\d{4}(?![\w-])")
_POSTCODE = scan(r"(?<!\w)[A-Za-z]{1,2}\d[A-Za-z\d]?\s?\d[A-Za-z]{2}(?!\w)")
_CITY_NAME_TEXT = (
    r"(?:St\.|[A-Z][a-z']{1,18})(?:(?:-(?:upon|under|on|le|de|in|the|by|super|"
    r"sub))*-[A-Z][a-z']{1,18}|"
    r" (?:upon |de |del |la |le )?[A-Z][a-z']{1,18}){0,3}"
)
_BEFORE_STATE = scan(
    rf"(?<![\w])(?P<n>{_CITY_NAME_TEXT}),\s{{0,2}}(?=(?i:{_STATES})\b|(?:{_STATE_CODES})\b)"
)
_BEFORE_STATE_UPPER = scan(
    rf"(?<![\w])(?P<n>[a-z'.-]{{3,18}}(?: [a-z'-]{{2,18}}){{0,2}}),\s{{0,2}}(?=(?:{_STATES})\b)"
)
_CITY_CUE = re.compile(
    r"(?:\b|(?=&))(?:lives? (?:alone |with \w+ )?in|living in|resid(?:es|ing|ent) (?:in|of)|"
    r"moved (?:to|from)|from|born in|"
    r"raised in|grew up in|flying in from|driving (?:up|down|in|over) from|ride (?:back|home) "
    r"to|home to|"
    r"travel(?:l?ed|s)? (?:to|from|in)|trip to|travel except|visit(?:ing|ed)? (?:family )?in|"
    r"picnic in|"
    r"based in|works? in|house in|hometown|(?:mayor|veterinarian|resident|native|sheriff|"
    r"librarian) of|"
    r"church in|plant in|& sons,|and sons,|seen (?:[a-z]+ ){0,3}in|known in|at the|drive to|"
    r"near|outside|in)\s{1,2}\Z"
)
#: the last words of the cues above
_CITY_CUE_ENDS = frozenset(
    {"in", "of", "from", "to", "over", "except", "hometown", "sons", "the", "near", "outside"}
)
_PLANT = scan(
    rf"\b(?:at|from|to) the (?P<n>{_CITY_NAME_TEXT}) (?:plant|office|campus|branch|site|"
    rf"store|"
    rf"warehouse|facility|depot)\b"
)
_CITY_NAME = re.compile(_CITY_NAME_TEXT)
_AFTER_STREET = re.compile(r",[ \n]{1,2}|[ ]|\n")
_GEO = scan(
    r"(?<![\w])(?:[A-Z][a-z']+(?:'s)?\s){1,3}(?:Ridge|Crossing|Hollow|Point|Creek|Valley|Lake|"
    r"River|Beach|Bay|"
    r"Island|Mountain|Canyon|Falls|Springs|Hills|Heights|Meadows|Junction|Landing|Gulch|Bluff|"
    r"Prairie|Forest|"
    r"Reservoir|Marina|Campground|Reservation|Moor|Downs|Estate|Common|Harbor|Harbour|Pier|"
    r"Bridge)\b"
    r"(?:\strailer park|\scampground|\smarina)?",
    signs=signs(
        """
        ridge|crossing|hollow|point|creek|valley|lake|river|beach|bay|island|mountain|canyon|falls
        springs|hills|heights|meadows|junction|landing|gulch|bluff|prairie|forest|reservoir|marina
        campground|reservation|moor|downs|estate|common|harbor|harbour|pier|bridge
        """
    ),
)
_GEO_SHORT = re.compile(_GEO.pattern.pattern.replace("{1,3}", "{1}", 1))
_LANDMARK = scan(
    r"\bthe\s(?:[a-z]+\s){0,3}?(?:farm|cannery|cottage|trailer|reservation|flats?|caravan site|"
    r"trailer park|"
    r"church|chip shop|mill|quarry|marina|campground|lighthouse|ranch|cabin|barn|chapel|tavern|"
    r"truck stop|"
    r"gas station|boatyard|old \w+|level crossing)(?:\s(?:on|off|at|by|behind|above|north of|"
    r"south of|east of|"
    r"west of|near|beside|below|opposite|next to|past)\s(?:the\s)?"
    r"[a-z]+(?: (?!in\b|and\b|with\b|on\b|at\b)(?:[a-z]+|\d+)){0,2}(?: on the [a-z]+ (?:street|"
    r"road|lane|corner))?)"
)
_PARK = Scan(
    re.compile(
        r"(?<![\w])(?:[A-Z][a-z']+\s){1,3}"
        r"(?:trailer park|mobile home park|caravan park|caravan site)"
    ),
    ("trailer park", "mobile home park", "caravan"),
)
_ROOM = scan(
    r"(?<![\w])(?:room|rm|bed|bay|cubicle|ward|tower|theatre|theater|(?P<theater>or(?=\s\d))|"
    r"trauma bay|station|wing|"
    r"(?:ground|first|second|third|\d(?:st|nd|rd|th)) floor|floor)\.?\s{0,2}#?\s?"
    r"(?P<n>(?=[\w-]*\d)[a-z0-9]{1,4}(?:-[a-z0-9]{1,3})?)(?!\w|[.:]\d|\s?(?:mg|days?|hours?|min))"
)
#: "moved to OR 4", but "1 or 2 tablets"
_TO_THEATER = re.compile(r"\b(?:in|to|from|the|via|into|at) \Z")
_COUNTED = re.compile(r"\d[a-z]{0,3}\.?\s\Z")
_WARD_CODE = scan(r"(?<![\w.-])(?:\d{1,2}[NSEWnsew]{1,2}-\d{1,3}[A-Za-z]?)(?![\w-])")
_WARD_NAME = scan(
    r"(?<![\w])(?:\d{1,2}\s(?:North|South|East|West|Tower|Main)|(?:North|South|East|"
    r"West)\s\d{1,2}|"
    r"(?:[A-Z][a-z']+\s){1,2}(?:Ward|Wing|Pavilion)|(?:the\s)?(?:[A-Z][a-z']+\s){1,2}(?:Unit|"
    r"Suite|Tower)"
    r"(?!\s?(?:No|#|\d)))\b",
    signs=signs("ward|wing|pavilion|unit|suite|tower|north|south|east|west|main"),
)
_WARD_ACRONYMS = word_set("micu sicu ccu cicu cvicu nicu picu ticu amu hdu itu mau eau sau asu")
_INTENSIVE = word_set(
    """
    micu sicu ccu cicu cvicu nicu picu ticu itu hdu
    """
)
_NOT_UNITS = word_set(
    """
    the intensive burn stroke care trauma cardiac telemetry step medical surgical birth
    dialysis sleep motor labor day emergency critical coronary observation unit
    """
)


def find(view: TextView) -> Iterator[Finding]:
    """Yield every place below the level of a state."""
    yield from _addresses(view)
    yield from _postal_codes(view)
    yield from _towns(view)
    yield from _landmarks(view)
    yield from _wards(view)


def _addresses(view: TextView) -> Iterator[Finding]:
    for match in view.scan(_STREET):
        start, end = match.span()
        if view.style == "mixed" and not _has_capital(view.plain[start:end]):
            continue
        if not _STREET_STOP.isdisjoint(match.group().split()[1:-1]):
            continue
        flat = _FLAT_BEFORE.search(view.lower, max(0, start - 12), start)
        yield _finding(flat.start() if flat else start, end, "street", "place.street")
        if not match.group().endswith("."):
            yield from _town_after(view, end)
    for match in view.scan(_BOX):
        yield _finding(*match.span(), "street", "place.box")
    for match in view.scan_plain(_ROAD_ONLY):
        yield _finding(*match.span(), "street", "place.road")


def _town_after(view: TextView, end: int) -> Iterator[Finding]:
    gap = _AFTER_STREET.match(view.plain, end)
    name = _CITY_NAME.match(view.plain, gap.end()) if gap and view.style == "mixed" else None
    if name and name.group().split()[0].lower() not in lexicon.words("regions"):
        yield _finding(*_trim_region(view, *name.span()), "city", "place.after_street")


def _has_capital(text: str) -> bool:
    words = [w for w in re.split(r"[\s,#.]+", text)[1:] if w and w[0].isalpha()]
    small = ("the", "of", "de", "la", "apt", "unit", "ste", "suite", "flat")
    return bool(words) and all(w[0].isupper() or w in small for w in words)


def _trim_region(view: TextView, start: int, end: int) -> tuple[int, int]:
    """Leave a state out of a town's span ("Hope Missouri", "Addis\\nUtah")."""
    state = re.search(rf"[\s,]+(?:{_STATES})\Z", view.lower[start:end])
    return (start, start + state.start()) if state else (start, end)


def _postal_codes(view: TextView) -> Iterator[Finding]:
    if not view.digit_runs:
        return
    if view.has_run(5):
        for matches in (
            view.scan(_ZIP_AFTER_STATE),
            view.scan_plain(_ZIP_AFTER_CODE),
            view.scan(_ZIP_CUE),
        ):
            for match in matches:
                yield _finding(match.start("n"), match.end("n"), "postal_code", "place.zip")
    for match in view.scan(_ZIP4):
        yield _finding(match.start(), match.end(), "postal_code", "place.zip")
    for match in view.scan_plain(_POSTCODE):
        if match.group().isupper() or view.style == "lower" or " " in match.group():
            yield _finding(match.start(), match.end(), "postal_code", "place.postcode")


def _towns(view: TextView) -> Iterator[Finding]:
    if view.style == "mixed":
        for match in view.scan_plain(_BEFORE_STATE):
            yield _finding(match.start("n"), match.end("n"), "city", "place.before_state")
        yield from _cued_towns(view)
        yield from _plants(view)
    else:
        for match in view.scan(_BEFORE_STATE_UPPER):
            yield _finding(match.start("n"), match.end("n"), "city", "place.before_state")


def _cued_towns(view: TextView) -> Iterator[Finding]:
    for index in view.capitals:
        token = view.tokens[index]
        if not index or view.tokens[index - 1].lower not in _CITY_CUE_ENDS:
            continue
        cue = _CITY_CUE.search(view.lower, max(0, token.start - 40), token.start)
        name = _CITY_NAME.match(view.plain, token.start) if cue else None
        if not cue or not name:
            continue
        start, end = _trim_region(view, name.start(), name.end())
        strong = len(cue.group().split()) > 1 and not cue.group().startswith("at the")
        if _is_town(view.lower[start:end].split(), strong=strong):
            yield _finding(start, end, "city", "place.cue")


def _plants(view: TextView) -> Iterator[Finding]:
    for match in view.scan_plain(_PLANT):
        yield _finding(match.start("n"), match.end("n"), "city", "place.site")


def _is_town(words: list[str], *, strong: bool) -> bool:
    joined = " ".join(words)
    if joined in lexicon.words("regions") or words[0] in lexicon.words("months"):
        return False
    if words[0] in name_words.NEVER or words[0] in lexicon.words("abbreviations"):
        return False
    if joined in lexicon.words("cities") and not lexicon.is_ordinary(words[0]):
        return True
    if strong:
        return words[0] not in ("january", "icu", "bed")
    return any(not lexicon.is_ordinary(w) for w in words) or (
        len(words) > 1
        and words[0] in ("new", "east", "west", "north", "south", "port", "lake", "fort")
    )


def _landmarks(view: TextView) -> Iterator[Finding]:
    for matches in (_named_spots(view), view.scan(_LANDMARK)):
        for match in matches:
            yield _finding(match.start(), match.end(), "place", "place.landmark")
    for match in view.scan_plain(_PARK):
        yield _finding(match.start(), match.end(), "place", "place.landmark")


def _named_spots(view: TextView) -> Iterable[re.Match[str]]:
    if view.style == "mixed":
        return view.scan_plain(_GEO)
    if not view.has(_GEO.signs):
        return ()
    return _GEO_SHORT.finditer(re.sub(r"(?<![\w'])[a-z]", lambda m: m.group().upper(), view.lower))


def _in_theater(view: TextView, start: int) -> bool:
    """Return whether "or" before a number is an operating room and joins no two numbers."""
    head = max(0, start - 6)
    if _COUNTED.search(view.lower, head, start):
        return False
    written = view.style == "mixed" and view.plain[start : start + 2] == "OR"
    return written or bool(_TO_THEATER.search(view.lower, head, start))


def _wards(view: TextView) -> Iterator[Finding]:
    for match in view.scan(_ROOM):
        if not match["theater"] or _in_theater(view, match.start()):
            yield _finding(*match.span(), "unit", "place.room", base="room")
    for match in view.scan(_WARD_CODE):
        yield _finding(*match.span(), "unit", "place.room", base="room")
    yield from _named_wards(view)


def _named_wards(view: TextView) -> Iterator[Finding]:
    for match in view.scan_plain(_WARD_NAME):
        if not all(w in _NOT_UNITS for w in match.group().lower().split()):
            yield _finding(*match.span(), "unit", "place.ward")
    for token in () if _WARD_ACRONYMS.isdisjoint(view.words) else view.tokens:
        if token.lower in _WARD_ACRONYMS and (token.shouting or view.style == "lower"):
            base = "intensive care" if token.lower in _INTENSIVE else "ward"
            yield _finding(token.start, token.end, "unit", "place.ward", base=base)


def _finding(start: int, end: int, category: Category, rule: str, *, base: str = "") -> Finding:
    return Finding(start=start, end=end, category=category, confidence="sure", rule=rule, base=base)
