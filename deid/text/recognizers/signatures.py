"""People by what stands after or around their name: credentials, kin, signatures, nicknames."""

import re
from collections.abc import Iterator

from deid import lexicon
from deid.lexicon import word_set
from deid.text import name_words
from deid.text.document import Finding
from deid.text.scanning import scan, signs
from deid.text.tokens import TextView, Token

_CREDENTIALS = word_set(
    """
    md rn np pa-c phd pharmd rph dds dmd mbbs mbchb frcp frcs facs msw lcsw crna lpn cna dpm
    dpt bsn msn fnp aprn wocn cwon cwocn jr pt ot consultant specialty lmsw lisw licsw cnm cgc
    crnp arnp cns rgn rmn rscn scphn mrcgp mrcp mrcpsych mrcs mrcog mrcpch frcp frcr frca
    frcog fracp fracgp fracs franzcp fanzca facep facc facog faap faan fache ccrn otr otd dpt
    slp ldn rdn cde cdces emt nremt bcba lpc lpcc lmft lmhc lcmhc psyd edd phn rcp rrt cst rvt
    rdms rdcs pgy pgy1 pgy2 pgy3 pgy4 ms3 ms4 sho st4 st5 st6 st7 spr ma bds mbbch bmbs
    mbbchir dch dnb mch dm jd esq cpnp dnp agnp acnp bch bao licentiate rd rcn hca cma rma
    """
)
#: words that end a name only in a signature: after a comma, some only before a license
_ONLY_AFTER_COMMA = frozenset({"consultant", "specialty"})
_ONLY_BEFORE_LICENSE = frozenset({"pt", "ot"})
_GAP_BEFORE = re.compile(r"[ ,]{1,3}\Z")
_DOTTED_CREDENTIAL = re.compile(r",?\s{0,2}\b(?:m\.d\.|r\.n\.|n\.p\.|ph\.d\.|d\.o\.)")
_KIN_AFTER = scan(
    r"\(\s?(?:the |pt'?s |patient'?s )?(?:wife|husband|spouse|partner|son|daughter|mother|mom|"
    r"mum|father|dad|brother|sister|sib(?:ling)?|twin|aunt|uncle|cousin|niece|nephew|"
    r"grand[a-z]{2,8}|step[a-z]{3,8}|friend|girlfriend|boyfriend|neighbou?r|fianc[e]{1,2}|"
    r"roommate|"
    r"caregiver|carer|guardian|next of kin|nok|emergency contact|widow|scribe|interpreter|poa|"
    r"hcp)\b"
)
_CLOSING = scan(
    r"\b(?i:thanks|thank you|thx|sincerely|regards|cheers|best|love)[!,. ]{1,4}\n{0,2}(?=[A-Z])"
)
_NICKNAME = scan(r"\(\"(?P<n>[A-Z][A-Za-z'-]+)\"\)")
_PARENTHESIS = scan(r"\b[A-Z][a-z]+ \((?P<n>[A-Z][a-z]+)\)")
_CALLED = scan(
    r"(?P<n>[A-Z][a-z]+) \((?:legal|nickname|aka|a\.k\.a\.|goes by|preferred name|they/|she/|"
    r"he/|prefers|known as|born|nee|n\u00e9e)",
    signs=signs("(leg|(nick|(aka|(a.k|(goes|(pref|(they|(she|(he/|(known|(born|(ne|(n\u00e9e"),
)
_NICKNAME_FLAT = scan(r"\(\"(?P<n>[a-z][a-z'-]{1,20})\"\)")
_CALLED_FLAT = scan(
    r"(?P<n>(?<![a-z'])[a-z]{2,20}) \((?:legal name|nickname|aka|a\.k\.a\.|goes by|preferred "
    r"name)\b",
    signs=signs("(leg|(nick|(aka|(a.k|(goes|(pref"),
)
_BEFORE_VERDICT = scan(
    r"\b(?:for|by|to) (?P<n>[A-Z][a-z]+) (?=second opinion|to (?:review|see|follow)|review\b|"
    r"input\b)"
)
_SLASHED = scan(
    r"^/(?P<n>[A-Z][a-z'-]+(?: [A-Z][a-z'-]+)?) (?=\d|[A-Z][a-z]{2})", flags=re.MULTILINE
)
#: a surname in capitals before a birth date or a record number heads a report
_BEFORE_RECORD = scan(
    r"(?<![\w'-])(?P<n>[A-Z][A-Z'-]{2,})"
    r"(?=\s{1,4}(?:DOB|MRN|NHS|H/N|\(?(?:[A-Z]?\d{6,}|\d\d-\d\d-\d\d)\b))"
)


def find(view: TextView) -> Iterator[Finding]:
    """Yield names that their surroundings give away."""
    yield from _with_credential(view)
    yield from _closing(view)
    yield from _before_record(view)
    if "(" in view.plain:
        yield from _in_parentheses(view)
    for match in view.scan_plain(_BEFORE_VERDICT):
        if name_words.is_listed(match["n"].lower()):
            yield _finding(match.span("n"), "name.label", "clinician")


def _with_credential(view: TextView) -> Iterator[Finding]:
    for token in () if _CREDENTIALS.isdisjoint(view.words) else view.tokens:
        if token.lower not in _CREDENTIALS or not _is_credential(view, token):
            continue
        gap = _GAP_BEFORE.search(view.lower, max(0, token.start - 3), token.start)
        if gap is None or (token.lower in _ONLY_AFTER_COMMA and "," not in gap.group()):
            continue
        name = name_words.names_before(view, gap.start()) or _plain_pair(view, gap.start())
        if name and ("," in gap.group() or _telling(view, name)):
            yield _finding(name, "name.credential", "clinician")
    yield from _with_dotted_credential(view)


def _plain_pair(view: TextView, end: int) -> tuple[int, int] | None:
    """Where capitals tell nothing: "heather plum rn" is a given name and anything."""
    index = view.index_at(end)
    if view.style == "mixed" or index < 2:
        return None
    first, last = view.tokens[index - 2 : index]
    close = view.plain[first.end : last.start] == " " and last.end == end
    plain = {first.lower, last.lower} & (name_words.NEVER | lexicon.words("abbreviations"))
    if not close or plain or first.lower not in lexicon.given_names() or len(last.lower) < 3:
        return None
    return first.start, last.end


def _with_dotted_credential(view: TextView) -> Iterator[Finding]:
    if view.has(("m.d.", "r.n.", "n.p.", "ph.d.", "d.o.")):
        for match in _DOTTED_CREDENTIAL.finditer(view.lower):
            name = name_words.names_before(view, match.start())
            if name:
                yield _finding(name, "name.credential", "clinician")


def _is_credential(view: TextView, token: Token) -> bool:
    if token.lower in _ONLY_BEFORE_LICENSE:
        return view.lower.startswith(", lic", token.end)
    written = token.text[0].isupper() or len(token.lower) > 3
    return written or view.style != "mixed"


def _telling(view: TextView, name: tuple[int, int]) -> bool:
    words = view.tokens[view.index_at(name[0]) : view.index_at(name[1])]
    return any(name_words.is_listed(w.lower) or not lexicon.is_ordinary(w.lower) for w in words)


def _closing(view: TextView) -> Iterator[Finding]:
    for match in view.scan_plain(_CLOSING):
        name = name_words.read_name(view, match.end(), trusted=True)
        if name:
            yield _finding(name, "name.closing", "person")
    for match in view.scan_plain(_SLASHED):
        yield _finding(match.span("n"), "name.closing", "person")


def _in_parentheses(view: TextView) -> Iterator[Finding]:
    for match in view.scan(_KIN_AFTER):
        spaced = view.lower[match.start() - 1 : match.start()].isspace()
        name = name_words.names_before(view, match.start() - spaced)
        if name:
            yield _finding(name, "name.kin", "relative")
    flat = view.style == "lower"
    for pattern in (_NICKNAME_FLAT, _CALLED_FLAT) if flat else (_NICKNAME, _CALLED):
        for match in view.scan_plain(pattern):
            yield _finding(match.span("n"), "name.nickname", "person")
    for match in view.scan_plain(_PARENTHESIS):
        word = match["n"].lower()
        if lexicon.is_name(word) and word not in name_words.NEVER:
            yield _finding(match.span("n"), "name.parenthesis", "person")


def _before_record(view: TextView) -> Iterator[Finding]:
    for match in view.scan_plain(_BEFORE_RECORD):
        word = match["n"].lower()
        if word in name_words.NEVER or word in lexicon.words("abbreviations"):
            continue
        if name_words.is_listed(word) or word in lexicon.words("eponyms"):
            yield _finding(match.span("n"), "name.before_record", "person")


def _finding(name: tuple[int, int], rule: str, base: str) -> Finding:
    start, end = name
    return Finding(start=start, end=end, category="name", confidence="sure", rule=rule, base=base)
