"""Whether a word that has other meanings stands as a known name here."""

import re

from deid import lexicon
from deid.folding import FoldedText

_TITLE_BEFORE = re.compile(
    r"(?:\b(?:mr|mrs|ms|miss|mx|dr|drs|prof|professor|doctor|sir|dame|madam|nurse|sister|pastor|"
    r"rev|officer|ofc|pt|patient|name|surname|attending|surgeon|consultant|physician|provider|"
    r"resident|author|scribe|attn|dear|cc|re|signed|by|husband|wife|spouse|partner|"
    r"son|daughter|mother|father|mom|dad|mum|brother|sister|sibling|aunt|uncle|cousin|niece|"
    r"nephew|"
    r"neighbou?r|friend|caregiver|carer|guardian|grand(?:mother|father|son|daughter)|"
    r"fianc[e]{1,2}|"
    r"rn|np|md|pa|called|named|family)\b[.:,]?\s{0,3}(?:is\s|-\s|\()?)$"
)
_STRONG_TITLE = re.compile(
    r"(?:\b(?:mr|mrs|ms|miss|mx|dr|drs|prof|professor|doctor|dame|madam|nurse|pastor|rev|ofc|"
    r"surname|dear)\b[.:]?\s{0,3})$"
)
_CREDENTIAL_AFTER = re.compile(
    r"\A\s?,?\s{0,2}(?:md|do|rn|np|pa-c|phd|pharmd|rph|dds|dmd|mbbs|frcp|frcs|facs|msw|lcsw|crna|"
    r"jr|sr)\b"
)
_VERB_AFTER = re.compile(
    r"\A\s{1,2}(?:reports?|reported|denie[sd]|states?|stated|complain(?:s|ed)|presents?|"
    r"presented|"
    r"tolerated|feels|felt|says|said|endorse[sd]|describes?|was (?:admitted|seen|discharged|"
    r"taken)|"
    r"rounded|visited|phoned|called|lives?|agree[sd]|aware|noted|notified|drove|toured|updated|"
    r"family(?!\s(?:history|hx|hist|physician|medicine|doctor|meeting))|wife|husband|asked|came|"
    r"gave|who|"
    r"is an? (?:\d{1,3}|[a-z]+ty)[ -]?(?:yo|y/o|yr|year|-)|has (?:had|been|no)|seen for|is in "
    r"year|"
    r"is (?:in|on|her|his|well|doing|aware|here)|was (?:diuresed|given|started|seen|brought|"
    r"found)|over at|at bedside|handoff)\b|"
    r"\A,\s(?:an?\s)?\d{1,3}[ -]?(?:yo|y/o|yr|year|month|wk)|\A,\s\d{1,3},|"
    r"\A\s(?:at (?:home|(?:the )?bedside|work)|on call|off today|fell|will (?:call|see|come))\b|"
    r"\A\s?\((?:legal name|aka|dob|mrn|age|nickname|\"|'|\d{6})"
)
_ACTS_AFTER = re.compile(
    r"\A (?:reports|reported|denie[sd]|states|stated|complain(?:s|ed)|says|said|asked|toured|"
    r"visited|"
    r"phoned|drove|came|arrived|consented|agreed|is aware|was notified|has been|has had|seen for|"
    r"tolerated|ambulated|lives with|lives in|\(legal name)\b"
)
#: "in Blood", "the Price": a thing, not a person
_THING_BEFORE = re.compile(r"\b(?:in|the|an?|of) \Z")
#: "Li 0.8", "May 5"
_VALUE_AFTER = re.compile(r"\A[\s,]{0,2}[:=]?\s?[<>]?\d")
_RACE_BEFORE = re.compile(r"\b(?:race|ethnicity|ethnic group)\b\W{0,3}(?:is |was )?\Z")
#: a report is headed by a surname in capitals and a birth date or record number
_HEADING_AFTER = re.compile(r"\A\s{1,4}\(?(?:dob|mrn|nhs|h/n|[a-z]?\d{6,}|\d\d-\d\d-\d\d)")
_INITIAL_BEFORE = re.compile(r"(?:^|[\s(,/])[a-z]\.?\s{0,2}\Z")
_DOSE_AFTER = re.compile(
    r"\A(?:\s(?:acid|sodium|hcl|hydrochloride|sulfate|succinate|tartrate|acetate|er|xr|sr|la|"
    r"cr))?\s"
    r"(?:\d{1,4}(?:[.,]\d{1,4})?(?:[/-]\d{1,4}(?:\.\d{1,4})?)?\s?(?:mg|mcg|ug|ml|g\b|unt|iu|"
    r"units?|meq|%|"
    r"day pack|hr\b|actuat|puffs?)|oral\b|tablets?\b|capsules?\b|tabs?\b|injection\b|cream\b|"
    r"ointment\b|"
    r"inhaler\b|patch\b|pen\b|acid\b|vaccine\b|virus\b|coli\b|infection\b)"
)
#: nouns that turn a surname into a disease, sign, test or thing
_EPONYM_AFTER = re.compile(
    r"\A(?:'?s)?[\s-]{1,2}(?:an?\s)?(?:disease|syndrome|sign|palsy|phenomenon|phenomena|score|"
    r"scale|"
    r"test|criteria|class|classification|stage|grade|method|maneuver|manoeuvre|procedure|"
    r"operation|"
    r"repair|fracture|hernia|lymphoma|sarcoma|tumou?r|cancer|carcinoma|esophagus|oesophagus|"
    r"thyroiditis|nodes?|node|lesions?|body|bodies|cells?|blood|gas|count|cultures?|matter|line|"
    r"drain|"
    r"catheter|tube|needle|forceps|splint|bandage|boot|collar|position|reflex|tremor|chorea|"
    r"dementia|"
    r"diverticulum|diverticula|segment|ulcer|gland|duct|canal|lactate|solution|stain|effect|law|"
    r"rule|"
    r"rules|point|triangle|triad|tetrad|index|formula|equation|murmur|negative|positive|neg|pos|"
    r"ring|web|spots?|rash|purpura|granuloma\w*|arthritis|anemia|anaemia|contracture|"
    r"crisis|spasm|canal|artery|vein|nerve|ligament|muscle|fascia|pouch|view|views|sputum|"
    r"spaces?|removed|angle|encephalopathy|nephropathy|neuropathy|dystrophy|deformity|tear|"
    r"injury|cyst|valve|"
    r"change|scan|x-?ray|membrane|respirations?|breathing|like|type|trial|study|protocol|"
    r"questionnaire|"
    r"inventory|chart|monitor|stocking|clamp|retractor|screw|plate|nail|wire|pin|frame|gait|"
    r"facies|exercises?|myoclonus|regimen|antigen|antibod(?:y|ies)|stent|graft|filter|technique|"
    r"incision|flap|prosthesis|scoring|staging|parasite|encephalitis|virus|fever|bacillus)\b"
)


def person_acts(after: str) -> bool:
    """Return whether the folded text after a word says what a person does or says."""
    return bool(_ACTS_AFTER.match(after))


def names_a_drug(after: str) -> bool:
    """Return whether a dose or dosage form follows: "Camila 28 Day Pack", "Clenil 100 mcg"."""
    return bool(_DOSE_AFTER.match(after))


def eponym_follows(after: str) -> bool:
    """Return whether the folded text after a surname makes it a disease, sign, test or thing."""
    return bool(_EPONYM_AFTER.match(after))


def in_name_context(folded: FoldedText, start: int, end: int) -> bool:
    """Return whether title, kin, credential or initial make this word a person's name."""
    before = folded.lower[max(0, start - 26) : start]
    after = folded.lower[end : end + 26]
    if not _written_as_name(folded, start):
        return bool(_STRONG_TITLE.search(before))
    if eponym_follows(after) and not _STRONG_TITLE.search(before):
        return False
    if _TITLE_BEFORE.search(before) or _CREDENTIAL_AFTER.match(after):
        return True
    return (
        bool(_INITIAL_BEFORE.search(before))
        and folded.plain[start - 2 : start].strip(" .").isupper()
    )


def stands_as_name(folded: FoldedText, start: int, end: int) -> bool:
    """Return whether the word is written as a name where a plain word would not be."""
    if in_name_context(folded, start, end):
        return True
    if folded.plain == folded.lower:
        return _alone_without_capitals(folded.lower, start, end)
    word, after = folded.plain[start:end], folded.lower[end : end + 26]
    if not word[0].isupper() or eponym_follows(after):
        return False
    if _VERB_AFTER.match(after):
        return True
    if word.isupper():
        return bool(_HEADING_AFTER.match(after))
    return not _explained(folded, start, end)


def _explained(folded: FoldedText, start: int, end: int) -> bool:
    """Return whether a sentence, heading, thing or value explains the capital."""
    before, after = folded.lower[max(0, start - 20) : start], folded.lower[end : end + 26]
    return bool(
        _THING_BEFORE.search(before)
        or _RACE_BEFORE.search(before)
        or _VALUE_AFTER.match(after)
        or _at_sentence_start(folded.plain, start)
        or _in_title_case(folded.plain, start, end)
    )


def _alone_without_capitals(lower: str, start: int, end: int) -> bool:
    """In a text without capitals: "ortho (young) to see", "drew, 7 y/o"."""
    if lower[start - 1 : start] == "(" and lower[end : end + 1] == ")":
        return True
    return bool(re.match(r"\A, (?:an? )?\d{1,3}[ -]?(?:yo|y/o|yr|year)", lower[end : end + 16]))


def _written_as_name(folded: FoldedText, start: int) -> bool:
    return folded.plain[start].isupper()


def _at_sentence_start(text: str, start: int) -> bool:
    head = text[max(0, start - 4) : start].rstrip(" \t\"'(*#-")
    return not head or head[-1] in ".:;!?\n|>]["


def _in_title_case(text: str, start: int, end: int) -> bool:
    """A heading ("Little Change Today", "White Blood Cells") capitalizes plain words."""
    before = re.search(r"([A-Za-z]+)[ -]\Z", text[max(0, start - 20) : start])
    after = re.match(r"[ -]([A-Za-z]+)", text[end : end + 20])
    neighbors = [m.group(1) for m in (before, after) if m]
    return bool(neighbors) and all(
        n[0].isupper() and n.lower() in lexicon.vocabulary() for n in neighbors
    )
