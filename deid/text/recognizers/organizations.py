"""Care organizations, employers, schools and firms: by their kind of name or by a cue."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from deid import lexicon
from deid.text import name_words
from deid.text.document import Category, Finding
from deid.text.tokens import TextView, Token

#: the last word or words of a name, folded, and what they make of it
_CARE_TAILS: dict[str, str] = {
    **dict.fromkeys(
        ("hospital", "infirmary", "medical center", "medical centre", "health center", "health centre",
         "health system", "medical group", "va", "hospitals", "sanatorium"), "hospital"),
    **dict.fromkeys(
        ("clinic", "clinics", "urgent care", "family medicine", "internal medicine", "pediatrics",
         "paediatrics", "family practice", "medical practice", "surgery", "health centre", "orthopedics",
         "orthopaedics", "cardiology", "cardiology associates", "dermatology", "associates", "physicians",
         "dental", "dentistry", "eye care", "primary care", "women's health", "obgyn", "ob/gyn", "oncology",
         "imaging", "radiology", "wellness", "dialysis", "dialysis center", "health", "healthcare",
         "health care", "cancer center", "cancer centre", "surgery center", "surgical center",
         "birth center", "medical", "wound clinic", "partners", "laboratories", "labs"), "clinic"),
    **dict.fromkeys(
        ("nursing home", "rehab", "rehabilitation", "rehabilitation center", "snf", "care home", "hospice",
         "assisted living", "manor", "house", "lodge", "nursing center", "senior living", "care center", "nursing facility",
         "retirement home", "memory care", "home health"), "care home"),
    **dict.fromkeys(("pharmacy", "chemist", "chemists", "drug", "drugs", "drugstore"), "pharmacy"),
}  # fmt: skip
_SCHOOL_TAILS = (
    "elementary", "elementary school", "high school", "middle school", "primary school", "grammar",
    "grammar school", "academy", "college", "community college", "university", "preschool", "school",
    "nursery", "kindergarten", "daycare", "day care", "institute", "seminary", "sixth form",
)  # fmt: skip
_FIRM_TAILS = (
    "inc", "llc", "llp", "ltd", "plc", "corp", "corporation", "company", "co", "gmbh", "fire department",
    "police department", "sheriff's office", "public schools", "school district", "bank", "gazette",
    "herald", "tribune", "times", "news", "semiconductors", "trucking", "poultry", "brewery", "rail",
    "railway", "airlines", "motors", "steel", "foods", "farms", "industries", "logistics", "construction",
    "plumbing", "electric", "bakery", "mill", "mills", "mining", "energy", "insurance", "holdings",
    "technologies", "systems", "solutions", "consulting", "enterprises", "brothers", "& sons", "and sons",
    "church", "parish", "temple", "mosque", "synagogue", "ministries", "cathedral", "chapel",
    "credit union", "realty", "hotel", "casino", "restaurant", "diner", "cafe", "library", "museum",
    "theater", "theatre", "funeral home", "mortuary", "county jail", "prison", "correctional facility",
    "shelter", "packing", "textiles", "shipyard", "dairy", "orchards", "vineyards", "council",
)  # fmt: skip
#: firms that make what is implanted or injected: clinical meaning, nobody's identity
_CLEAR_TAILS = frozenset(
    ("hospital", "infirmary", "medical center", "medical centre", "clinic", "family medicine",
     "internal medicine", "cardiology associates", "nursing home", "rehab", "snf", "pharmacy", "elementary",
     "elementary school", "high school", "primary school", "academy", "community college", "university",
     "fire department", "police department", "public schools", "llc", "llp", "orthopedics", "trucking",
     "semiconductors", "urgent care", "medical practice", "pediatrics", "wound clinic", "health center",
     "hospice", "care home", "school", "college")
)  # fmt: skip
_MAKERS = frozenset(
    [
        "smith nephew",
        "johnson johnson",
        "jackson pratt",
        "mayo",
        "boston scientific",
        "becton dickinson",
        "stryker",
        "medtronic",
        "abbott",
        "zimmer",
        "baxter",
        "pfizer",
        "moderna",
        "roche",
        "bayer",
        "novartis",
    ]
)
_LOWER_INSIDE = frozenset(
    ["of", "the", "and", "at", "on", "for", "in", "de", "la", "del", "&", "under", "by"]
)
_EMPLOYER_CUE = re.compile(
    r"\b(?:works? (?:for|at)|worked (?:for|at)|working (?:for|at)|employed (?:by|at|with)|employer:?|"
    r"laid off from|retired from|fired from|off from|job (?:at|with)|employee of|staff at|manager at|"
    r"driver for|owner of|owns|run by|hired by|insured through|workplace:?|volunteers? (?:at|for)|"
    r"(?:as )?an? [a-z]{3,14}(?: [a-z]{3,14})? (?:for|at))\s{1,2}"
)
_SCHOOL_CUE = re.compile(
    r"\b(?:attend(?:s|ed|ing)?|goes to|student at|pupil at|enrolled at|studies at|teaches at|"
    r"(?:grade|year|reception) \d{0,2} ?(?:at|in)|graduated from|daycare (?:at|near)|teacher at)\s{1,2}"
)
_CARE_CUE = re.compile(
    r"\b(?:seen|treated|admitted|evaluated|observed|hospitali[sz]ed|diagnosed|surgery|visit(?:ed)?|presented|"
    r"conducted|performed|done|carried out|care|followed|rehab session|session|appointment|operated|born|"
    r"transferred|discharged|works|tests?) (?:at|to|from) (?:our |the )?"
)
_CARE_PLACE = re.compile(
    r"(?:our|the|their|your) (?P<n>(?:[A-Z][A-Za-z']+ ){1,3})(?:clinic|office|branch|hospital|med center|"
    r"medical center|campus|site|practice|facility|location|center)\b"
)
_ACRONYM_CUE = re.compile(
    r"(?<![\w/])(?:(?:at|to|from|transport to|transfer(?:red)? (?:to|from)|drive to|@|->|"
    r"seen at|admitted to|discharged from)\s{1,2})(?P<n>[A-Z]{3,6})(?![\w/&-])"
)
#: an acronym before a ward or a bed is a hospital
_ACRONYM_WARD = re.compile(
    r"(?<![\w/])(?P<n>[A-Z]{3,6})(?=\s(?:\d{1,2}\s?(?:North|South|East|West|[NSEW])\b|(?i:ward|tower|ccu|micu|sicu|"
    r"nicu|picu|the [A-Z][a-z]+ unit|room|rm|bed)\b))"
)
_STORE = re.compile(r"(?<![\w])[A-Z][A-Za-z]{2,20}(?: [A-Z][A-Za-z]{2,20}){0,2} #\s?\d{2,6}\b")


class _Kind(NamedTuple):
    category: Category
    base: str


def _tails() -> dict[str, _Kind]:
    kinds = {tail: _Kind("organization", base) for tail, base in _CARE_TAILS.items()}
    kinds.update(dict.fromkeys(_SCHOOL_TAILS, _Kind("school", "school")))
    kinds.update(dict.fromkeys(_FIRM_TAILS, _Kind("employer", "organization")))
    return kinds


_TAILS = _tails()
_TAIL = re.compile(
    r"(?<![\w'-])(?:" + "|".join(re.escape(t) for t in sorted(_TAILS, key=len, reverse=True)).replace(
        r"\ ", r"[\s]{1,2}"
    ) + r")(?![\w'])"
)  # fmt: skip


def find(view: TextView, question: datetime) -> Iterator[Finding]:  # noqa: ARG001
    """Yield every named institution."""
    yield from _by_tail(view)
    for cue, kind in (
        (_EMPLOYER_CUE, _Kind("employer", "employer")),
        (_SCHOOL_CUE, _Kind("school", "school")),
    ):
        for match in cue.finditer(view.lower):
            yield from _after_cue(view, match.end(), kind)
    for match in _CARE_CUE.finditer(view.lower):
        yield from _after_cue(view, match.end(), _Kind("organization", "hospital"), acronyms=True)
    for match in _CARE_PLACE.finditer(view.plain):
        start, end = match.start("n"), match.end("n") - 1
        if not all(w in _GENERIC for w in match["n"].lower().split()):
            yield _finding(start, end, _Kind("organization", "clinic"), "org.cue")
    for match in _STORE.finditer(view.plain):
        if not lexicon.is_ordinary(match.group().split(" ")[0].lower()):
            yield _finding(*match.span(), _Kind("organization", "pharmacy"), "org.store")
    for match in (*_ACRONYM_CUE.finditer(view.plain), *_ACRONYM_WARD.finditer(view.plain)):
        if view.style == "mixed" and not _is_abbreviation(match["n"].lower()):
            yield _finding(
                match.start("n"), match.end("n"), _Kind("organization", "hospital"), "org.acronym"
            )


def _is_abbreviation(word: str) -> bool:
    return word in lexicon.words("abbreviations") or (
        len(word) > 3 and word in lexicon.ambiguous_names()
    )


def _by_tail(view: TextView) -> Iterator[Finding]:
    for match in _TAIL.finditer(view.lower):
        if (
            view.style == "mixed"
            and not view.plain[match.start()].isupper()
            and match.group()[0] != "&"
        ):
            continue
        tail = re.sub(r"\s+", " ", match.group())
        if view.style != "mixed" and tail not in _CLEAR_TAILS:
            continue
        kind = _TAILS[tail]
        start = _head(view, match.start())
        end = _tail_end(view, match.end())
        if start < match.start() or end > match.end():
            named = re.sub(r"[^a-z ]+", "", view.lower[start : match.start()]).strip()
            if named not in _MAKERS and _is_named(view, start, match, end):
                yield _finding(start, end, kind, "org.kind")


def _head(view: TextView, position: int) -> int:
    """Walk left over the words of the name that ends with a tail at ``position``."""
    start = position
    index = view.index_at(position) - 1
    for _ in range(6 if view.style == "mixed" else 4):
        if index < 0:
            break
        token = view.tokens[index]
        if not _joins(view, token.end, start):
            break
        if token.lower == "the" and index and view.tokens[index - 1].lower == "of":
            start, index = view.tokens[index - 1].start, index - 2
            continue
        if token.lower in _LOWER_INSIDE and token.lower != "the":
            before = view.tokens[index - 1] if index else None
            if before is None or not _belongs(view, before) or before.lower in _STOP:
                break
            if token.lower in ("at", "in", "for", "by", "on"):
                break
        elif not _belongs(view, token):
            break
        start = token.start
        index -= 1
    article = view.plain[max(0, start - 4) : start]
    return start - 4 if start < position and article.lower() == "the " else start


def _joins(view: TextView, end: int, start: int) -> bool:
    gap = view.plain[end:start]
    if gap in (" ", "  ", "-", " & ", "'s ", "' ", "'", ". "):
        if gap == ". ":
            return view.lower[max(0, end - 3) : end].strip() in ("st", "mt", "ft", "dr", "s")
        return True
    return False


def _belongs(view: TextView, token: Token) -> bool:
    if token.lower in _STOP or token.lower in lexicon.words("months"):
        return False
    if view.style == "mixed":
        return token.capitalized and not (
            token.shouting and token.lower in lexicon.words("abbreviations") and token.lower != "va"
        )
    return len(token.lower) > 1 and token.lower not in name_words.NEVER


_STOP = frozenset(
    ["dr", "mr", "mrs", "ms", "miss", "pt", "patient", "name", "md", "do", "rn", "np", "pa", "admit", "admitted", "admission", "discharge", "discharged", "transfer", "transferred", "seen", "slides", "records", "submitting", "accepting", "sending", "labs", "lab", "d/c", "to", "from", "via", "call", "called", "please", "attending", "consultant", "follow", "followup", "appointment", "pharmacy's", "home", "the", "a", "an", "his", "her", "their", "our", "my", "per", "by", "with", "and", "or", "at", "in", "on", "for", "of", "as", "is", "was", "were", "be", "has", "had", "he", "she", "they", "prior", "same", "we", "you", "i", "it", "resident", "yo", "next", "last", "this", "that", "any", "no", "not", "employer", "home", "department", "dept", "division", "service", "services", "unit", "floor", "emergency", "re", "cc", "fax", "phone", "tel", "date", "time", "loc", "bed", "rm", "room", "ward", "dispo", "dispo:", "plan", "hx", "pmh", "sh", "fh", "ros"]
)  # fmt: skip


def _tail_end(view: TextView, end: int) -> int:
    """Take ", Inc" and "of Eastbrook" along."""
    if view.style == "mixed":
        of_place = re.compile(r"\sof\s(?:the\s)?[A-Z][a-z]+(?:\s[A-Z][a-z]+)?").match(view.plain, end)
    else:
        of_place = re.compile(r"\sof\s[a-z]{4,}").match(view.lower, end)
    if of_place:
        return of_place.end()
    number = re.compile(r"\s#\d{2,6}").match(view.plain, end)
    if number:
        return number.end()
    on_street = re.compile(r"\son\s[A-Z][a-z]+(?:\s[A-Z][a-z]+)?").match(view.plain, end)
    return on_street.end() if on_street and view.lower[:end].endswith("drug") else end


def _is_named(view: TextView, start: int, tail: re.Match[str], end: int) -> bool:
    """ "Primary Care" or "Home Health" alone name nobody; "Cedar Bluff Hospital" does."""
    if end > tail.end():
        return True
    words = view.lower[start : tail.start()].replace("-", " ").split()
    if tail.group() in _WEAK_TAILS:
        return any(not lexicon.is_ordinary(w.strip(".,&'")) or w in lexicon.words("cities") for w in words)
    return any(w.strip(".,&'") not in _GENERIC for w in words)


#: tails that are plain words too: the name before them must be one
_WEAK_TAILS = frozenset(
    "medical health drug drugs partners labs imaging oncology cardiology radiology dialysis dental physicians"
    " healthcare wellness laboratories house lodge times news co systems solutions energy electric construction"
    " insurance company shelter library school nursery institute council mill mills dairy rehabilitation"
    " associates pediatrics surgery hotel church temple chapel foods".split()
)
_GENERIC = frozenset(
    ["primary", "care", "home", "mental", "public", "community", "general", "regional", "emergency", "physical", "occupational", "speech", "behavioral", "women's", "women", "men's", "men's'", "urgent", "family", "internal", "medical", "surgical", "dental", "eye", "clinic", "outpatient", "inpatient", "acute", "skilled", "nursing", "day", "local", "area", "county", "state", "city", "national", "the", "of", "and", "specialty", "pain", "wound", "sleep", "heart", "cancer", "kidney", "stroke", "trauma", "burn", "foot", "diabetes", "allergy", "anticoagulation", "coumadin", "warfarin", "cardiology", "neurology", "oncology", "urology", "gi", "derm", "ortho", "pulmonary", "renal", "vascular", "preop", "pre", "post", "op", "postop", "follow", "up", "new", "old", "high", "middle", "grade", "elementary", "medicine", "health", "hospital", "rehab", "rehabilitation", "cardiac", "pulmonary", "neuro", "sub", "subacute", "long", "term", "short", "stay", "teaching", "university", "total", "oral", "global", "maternal", "fetal", "child", "children's", "pediatric", "paediatric", "adult", "geriatric", "hospice", "human", "animal", "plant", "food", "drug", "illicit", "street", "iv", "prescription", "power", "solar", "heat", "cold", "hot", "wind", "water", "stainless", "cold", "good", "bad", "fake", "latest", "recent", "three", "two", "one", "four", "five", "several", "many", "multiple", "at"]
)  # fmt: skip


def _after_cue(
    view: TextView, position: int, kind: _Kind, *, acronyms: bool = False
) -> Iterator[Finding]:
    index = view.index_at(position)
    if index >= len(view.tokens):
        return
    start = view.tokens[index].start
    if view.plain[position:start].strip("\n \"'("):
        return
    end = position
    seen = False
    for token in view.tokens[index : index + 6]:
        if end > position and not _joins(view, end, token.start):
            break
        if token.lower in _LOWER_INSIDE and (token.lower in ("the", "of", "&", "and") or seen):
            following = token.lower in ("the", "of", "&") and not seen
            if not following and token.lower not in ("of", "&", "the"):
                break
            end = token.end
            continue
        if not (token.capitalized and (_belongs(view, token) or (acronyms and token.shouting))):
            break
        end, seen = token.end, True
    if seen and view.style == "mixed" and _telling(view, start, end):
        yield _finding(start, end, kind, "org.cue")


def _telling(view: TextView, start: int, end: int) -> bool:
    words = [w for w in view.lower[start:end].split() if w not in _LOWER_INSIDE]
    return any(
        w not in lexicon.words("abbreviations") and w not in lexicon.words("regions") for w in words
    )


def _finding(start: int, end: int, kind: _Kind, rule: str) -> Finding:
    return Finding(
        start=start, end=end, category=kind.category, confidence="sure", rule=rule, base=kind.base
    )
