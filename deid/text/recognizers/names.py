"""People named by a cue: title, label, kin word, credential, or what was done with them."""

import re
from collections.abc import Iterator
from datetime import datetime

from deid import known_context, lexicon
from deid.lexicon import word_set
from deid.text import name_words
from deid.text.document import Finding
from deid.text.tokens import TextView

_KIN = (
    r"wife|husband|spouse|partner|son|daughter|mother|mom|mum|mommy|father|dad|daddy|brother|"
    r"sister|sib|"
    r"sibling|twin|aunt|auntie|uncle|cousin|niece|nephew|grand(?:mother|father|son|daughter|ma|"
    r"pa|child)|"
    r"step(?:mother|father|son|daughter|brother|sister)|(?:mother|father|son|daughter|brother|"
    r"sister)"
    r"-in-law|friend|girlfriend|boyfriend|neighbou?r|fianc[e]{1,2}|roommate|caregiver|carer|"
    r"guardian|fob|"
    r"next of kin|nok|emergency contact|family|ex-wife|ex-husband|widow|foster mother|foster father"
)
_CLINICIAN_TITLE = (
    r"dr|drs|doctor|prof|professor|surgeon|attending|attg|consultant|pcp|resident|fellow|registrar|"
    r"anesthesia|anesthesiologist|anaesthetist|anesthetist|endoscopist|assistant|asst|hospitalist|"
    r"intensivist|radiologist|pathologist|cardiologist|neurologist|nephrologist|oncologist|"
    r"pediatrician|paediatrician|psychiatrist|midwife|pharmacist|therapist|dietitian|nurse|"
    r"hygienist|"
    r"prosector|provider|physician|practitioner|prescriber|clinician|intern|cns|anp|fy1|fy2|"
    r"rn|lpn|np|pa|pa-c|md|do|dds|pharmd|cna|crna|sho|spr"
)
_OTHER_ROLE = (
    r"scribe|secretary|supervisor|coordinator|liaison|agent|worker|rep|representative|interpreter|"
    r"witness|aide|tech|technologist|technician|chaplain|pastor|priest|rabbi|imam|reverend|rev|"
    r"officer|"
    r"ofc|sergeant|sgt|detective|judge|attorney|lawyer|teacher|coach|principal|manager|landlord|"
    r"employer|"
    r"dispatcher|driver|volunteer|hcp|health care proxy|healthcare proxy|proxy|poa|contact|caller|"
    r"social worker|case manager|counselor|sitter|transporter|clerk|receptionist|operator|sender"
)
_PATIENT_LABEL = (
    r"patient name|pt name|patient|pt|client|decedent|subject|name|legal name|full name|child|"
    r"infant|"
    r"baby|newborn|resident name|consult|consultation|its|it's|i am|i'm|my name is|re|nickname|"
    r"aka|a\.k\.a\.|also known as|alias|maiden name|nee"
)
_STRONG = re.compile(
    r"(?<![\w'])(?:(?P<person>mr|mrs|ms|miss|mx|messrs|mme|sr|sra)|(?P<clinician>dr|drs|doctor|"
    r"prof|"
    r"professor)|(?P<other>rev|fr|ofc|sgt|sir|dame|judge))\b\.?\s{1,2}"
)
_LABEL = re.compile(
    r"(?<![\w'-])(?:(?P<clinician>" + _CLINICIAN_TITLE + r"|(?:electronically )?signed(?: by)?|"
    r"(?:dictated|reported|read|wet read|reviewed|ordered|requested|referred|ref|performed|"
    r"interpreted|"
    r"scored|taken|placed|epidural|verified|seen|prepared|authored|asked|approved|cosigned|"
    r"attested|"
    r"transcribed|examined|supervised|submitted|collected|drawn|rounded) by|submitting|"
    r"accepting|sending|"
    r"referring|ordering|dictating|attn|cc|verified with|report to|call|calling|text|care from|handoff (?:to|from)|"
    r"signed off to|notified|paged|per|told per|d/w|c/w|discussed w(?:ith|/)|spoke w(?:ith|/)|"
    r"s/w|sign ?out to|for|present|dear(?: dr)?)"
    r"|(?P<relative>" + _KIN + r")"
    r"|(?P<patient>" + _PATIENT_LABEL + r")"
    r"|(?P<other>" + _OTHER_ROLE + r"|to|from|named|called|this is|with|and|as|via|by|&|sees))"
    r"(?![\w'-])(?P<gap>\s?(?:is\b|was\b|-|named\b|\|"
    r")?\s{0,2}(?P<colon>:?)\s{0,3}[\"'(]?)(?=[^\W\d_])"
)
#: plain words that only sometimes announce a person: a following name must look like one
_WEAK = word_set(
    """
    to from per for named called with and as via by & present family contact driver subject child
    baby infant name re resident assistant fellow intern provider employer tech do pa submitting
    sending call calling text consult consultation accepting referring worker rep agent coach manager principal sees
    operator present client
    """
)
_CREDENTIAL = re.compile(
    r",?\s{0,2}\b(?P<c>md|m\.d\.|rn|r\.n\.|np|n\.p\.|pa-c|phd|ph\.d\.|pharmd|rph|dds|dmd|mbbs|"
    r"mbchb|"
    r"frcp|frcs|facs|msw|lcsw|crna|lpn|cna|dpm|dpt|bsn|msn|fnp|aprn|wocn|jr\.|pt(?=,\s?lic)|"
    r"ot(?=,\s?lic)|"
    r"consultant (?:cardiologist|physician|surgeon)|specialty registrar)(?![\w])"
)
_KIN_AFTER = re.compile(
    rf"\s?\(\s?(?:the |pt'?s |patient'?s )?(?:{_KIN}|scribe|interpreter|poa|hcp)\b"
)
_NICKNAME = re.compile(r"\(\"(?P<n>[A-Z][A-Za-z'-]+)\"\)")
#: a surname in capitals before a birth date or a record number heads a report
_BEFORE_RECORD = re.compile(
    r"(?<![\w'-])(?P<n>[A-Z][A-Z'-]{2,})(?=\s{1,4}(?:DOB|MRN|NHS|H/N|\(?(?:[A-Z]?\d{6,}|"
    r"\d\d-\d\d-\d\d)\b))"
)
_CLOSING = re.compile(
    r"\b(?i:thanks|thank you|thx|sincerely|regards|cheers|best|love)[!,. ]{1,4}\n{0,2}(?=[A-Z])"
)
_SECOND_OPINION = re.compile(
    r"\b(?:for|by|to) (?P<n>[A-Z][a-z]+) (?=second opinion|to review|to see|to follow|review\b|"
    r"input\b)"
)
_PREPOSITIONS = frozenset({"to", "from", "for", "with", "and", "as", "via", "by", "&"})
_ROLE_WORD = re.compile(r"(?:ist|ian|geon|trar|low|dent|ant|tor|ician|ologist|dical|gical|care)$")
_PARENTHESIS = re.compile(r"\b[A-Z][a-z]+ \((?P<n>[A-Z][a-z]+)\)")
_CALLED_BY = re.compile(
    r"(?P<n>[A-Z][a-z]+) \((?:legal name|nickname|aka|a\.k\.a\.|goes by|preferred name)\b"
)
_SIGNED_SLASH = re.compile(
    r"^/(?P<n>[A-Z][a-z'-]+(?: [A-Z][a-z'-]+)?) (?=\d|[A-Z][a-z]{2})", re.MULTILINE
)
_EPONYM_ROOM = 26


def find(view: TextView, question: datetime) -> Iterator[Finding]:  # noqa: ARG001
    """Yield every name that a cue announces."""
    yield from _titled(view)
    yield from _labeled(view)
    yield from _with_credential(view)
    yield from _named_kin(view)
    yield from _nicknames(view)


def _titled(view: TextView) -> Iterator[Finding]:
    for match in _STRONG.finditer(view.lower):
        name = name_words.read_name(view, match.end(), trusted=True)
        if name:
            yield _finding(name, "name.title", _base_of(match))


def _labeled(view: TextView) -> Iterator[Finding]:
    position = 0
    while match := _LABEL.search(view.lower, position):
        position = match.end()
        cue = match.group()[: match.start("gap") - match.start()]
        dashed = "-" in match["gap"] or "|" in match["gap"]
        trusted = bool(match["colon"]) or (
            cue not in _WEAK and not (dashed and cue not in ("attending",))
        )
        name = name_words.read_name(view, match.end(), trusted=trusted)
        if name and _believable(view, name, cue):
            yield _finding(name, "name.label", _base_of(match))
            position = max(position, name[0])
            yield from _further(view, name[1], _base_of(match))
        elif match.end("gap") > match.start("gap"):
            position = match.start("gap")


def _believable(view: TextView, name: tuple[int, int], cue: str) -> bool:
    start, end = name
    if known_context.eponym_follows(view.lower[end : end + _EPONYM_ROOM]):
        return False
    token = view.tokens[view.index_at(start)]
    if cue in _WEAK:
        if token.lower in name_words.NEVER:
            return False
        single = token.end >= end
        if not (single and lexicon.is_ordinary(token.lower)):
            # after a mere preposition an unknown word is left to default deny: likely, not sure
            return not single or cue not in _PREPOSITIONS or name_words.is_listed(token.lower)
        if cue in ("by", "via") and re.match(r" [a-z]", view.plain[end : end + 2]):
            return False
        return (
            view.style == "mixed"
            and not token.shouting
            and name_words.is_listed(token.lower)
            and cue not in ("and", "as", "for", "&")
        )
    if _ROLE_WORD.search(token.lower) and lexicon.is_ordinary(token.lower):
        return name_words.is_listed(token.lower)
    return True


def _further(view: TextView, end: int, base: str) -> Iterator[Finding]:
    """Names in a row after one cue: "Guy and Kent", "Cordova/Love", "Ada, Bo and Cy"."""
    for _ in range(4):
        link = re.compile(r"(?:,\s|\s(?:and|&|or)\s|/|\s/\s|,\sand\s)").match(view.lower, end)
        if not link:
            return
        name = name_words.read_name(view, link.end(), trusted=False)
        if not name:
            name = name_words.read_name(view, link.end(), trusted=link.group() == "/")
        if not name:
            return
        yield _finding(name, "name.label", base)
        end = name[1]


def _with_credential(view: TextView) -> Iterator[Finding]:
    for match in _CREDENTIAL.finditer(view.lower):
        if (
            view.style == "mixed"
            and not view.plain[match.start("c")].isupper()
            and len(match["c"]) < 4
        ):
            continue
        name = name_words.names_before(view, match.start())
        if name and (match.group()[0] == "," or _not_plain(view, name)):
            yield _finding(name, "name.credential", "clinician")


def _not_plain(view: TextView, name: tuple[int, int]) -> bool:
    words = view.tokens[view.index_at(name[0]) : view.index_at(name[1])]
    return any(name_words.is_listed(w.lower) or not lexicon.is_ordinary(w.lower) for w in words)


def _named_kin(view: TextView) -> Iterator[Finding]:
    for match in _KIN_AFTER.finditer(view.lower):
        name = name_words.names_before(view, match.start())
        if name:
            yield _finding(name, "name.kin", "relative")


def _nicknames(view: TextView) -> Iterator[Finding]:
    for match in _CLOSING.finditer(view.plain):
        name = name_words.read_name(view, match.end(), trusted=True)
        if name:
            yield _finding(name, "name.closing", "person")
    for pattern in (_CALLED_BY, _SIGNED_SLASH):
        for match in pattern.finditer(view.plain):
            yield _finding((match.start("n"), match.end("n")), "name.nickname", "person")
    for match in _PARENTHESIS.finditer(view.plain):
        word = match["n"].lower()
        if lexicon.is_name(word) and word not in name_words.NEVER:
            yield _finding((match.start("n"), match.end("n")), "name.parenthesis", "person")
    for match in _SECOND_OPINION.finditer(view.plain):
        if name_words.is_listed(match["n"].lower()):
            yield _finding((match.start("n"), match.end("n")), "name.label", "clinician")
    for match in _NICKNAME.finditer(view.plain):
        yield _finding((match.start("n"), match.end("n")), "name.nickname", "person")
    for match in _BEFORE_RECORD.finditer(view.plain):
        token = view.tokens[view.index_at(match.start("n"))]
        if token.lower in name_words.NEVER or token.lower in lexicon.words("abbreviations"):
            continue
        if name_words.is_listed(token.lower) or token.lower in lexicon.words("eponyms"):
            yield _finding((match.start("n"), match.end("n")), "name.before_record", "person")


def _base_of(match: re.Match[str]) -> str:
    for base in ("clinician", "relative", "patient"):
        if match.groupdict().get(base):
            return "person" if base == "patient" else base
    return "person"


def _finding(name: tuple[int, int], rule: str, base: str) -> Finding:
    start, end = name
    return Finding(start=start, end=end, category="name", confidence="sure", rule=rule, base=base)
