"""The spellings under which an identifying value may appear again, as search patterns."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Literal, NamedTuple

from deid import known_dates, lexicon, person_names
from deid.folding import fold_word, is_caseless, is_unspaced
from deid.known_values import KnownValue, ValueKind
from deid.lexicon import word_set

_STREET_WORDS = {
    "street": "st", "road": "rd", "avenue": "ave", "lane": "ln", "drive": "dr", "court": "ct",
    "boulevard": "blvd", "terrace": "ter", "place": "pl", "highway": "hwy", "square": "sq",
    "parkway": "pkwy", "circle": "cir", "north": "n", "south": "s", "east": "e", "west": "w",
    "apartment": "apt", "suite": "ste",
}  # fmt: skip
_STREET_LONG = {short: long for long, short in _STREET_WORDS.items()}
_UNIT = re.compile(r",|\b(?:apt|apartment|unit|suite|ste|flat)\b|#", re.IGNORECASE)
_GENERIC_PLACE = word_set(
    """
    hospital clinic medical center centre health general community regional memorial university
    county city the of and for at family medicine practice surgery care services service
    department ward unit emergency room associates group inc llc ltd corp company school public
    north south east west new old saint st home house nursing rehab pharmacy laboratory lab royal
    national state central trust foundation system network outpatient inpatient
    """
)
#: what an institution calls itself; a surgery and a practice are also what is done there
_INSTITUTIONS = word_set("hospital hospitals clinic clinics center centre centers infirmary")
_BODIES = _INSTITUTIONS | word_set(
    "practice surgery trust foundation system network associates group home house pharmacy school "
    "laboratory rehab department medicine services"
)
#: whose institution it is: with one of these everyday words name one of its kind
_WHOSE = word_set(
    "community general county city regional memorial university public north south east west royal "
    "national state central saint st family"
)
_UNTOLD = word_set("inc llc ltd corp company the of and for at")
#: letters that other languages' readers write with two
_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")

#: word: one name; phrase: several words; code: letters and digits of a number; birth, born: a date
#: of birth, alone or after a cue; tail: the last digits of a number, after a cue; acronym: capitals
#: of an institution; initials: of the patient, three or more
PatternKind = Literal["word", "phrase", "code", "birth", "born", "tail", "acronym", "initials"]


class Pattern(NamedTuple):
    """One searchable spelling. ``key`` holds only folded letters and digits."""

    key: str
    kind: PatternKind
    category: str
    rule: str
    base: str
    subject: str
    #: the word also has another meaning, or is very short: it counts only in context
    ambiguous: bool = False
    gender: str = ""
    #: the chart writes it with a sign or space inside (O'Keefe), so a text may part it there
    parted: bool = False

    #: of a script that parts no words: it names its value also inside a row of letters
    unspaced: bool = False

    def __repr__(self) -> str:
        return f"Pattern({self.kind}, {self.rule})"


def squeeze(text: str) -> str:
    """Return the folded letters and digits of ``text`` and nothing else."""
    if text.isascii():
        return _NOT_ALNUM.sub("", text.lower())
    return "".join(filter(str.isalnum, fold_word(text)))


def patterns_of(value: KnownValue) -> Iterator[Pattern]:
    """Yield every spelling of ``value`` worth searching for."""
    yield from _MAKERS[value.kind](value)


def _pattern(
    value: KnownValue,
    text: str,
    kind: PatternKind,
    category: str,
    rule: str,
    *,
    ambiguous: bool = False,
) -> Iterator[Pattern]:
    key = squeeze(text)
    if len(key) > 1 or (key and kind == "code"):
        yield Pattern(key, kind, category, f"known.{rule}", value.base, value.subject, ambiguous,
                      value.gender, not text.isalnum(),
                      category == "name" and is_unspaced(key))  # fmt: skip


def _is_plain(word: str) -> bool:
    return len(word) == 1 or word in lexicon.ambiguous_names()


@cache
def _nicknames() -> Mapping[str, frozenset[str]]:
    """Return the other forms of a first name: the short ones, and the long ones of a short one."""
    forms: dict[str, set[str]] = {}
    for line in lexicon.words("nickname_forms"):
        long, *short = line.split()
        forms.setdefault(long, set()).update(short)
        for each in short:
            forms.setdefault(each, set()).add(long)
    return {name: frozenset(others) for name, others in forms.items()}


def _person(value: KnownValue) -> Iterator[Pattern]:
    if value.name is None:
        return
    yield from _full_names(value, value.name)
    for word in dict.fromkeys(person_names.single_words(value.name)):
        yield from _name_word(value, word, "name_part")
    for nickname in _nicknames_of(value.name):
        yield from _name_word(value, nickname, "nickname")
    yield from _short_user_names(value)
    yield from _initials(value, value.name)


def _full_names(value: KnownValue, name: person_names.PersonName) -> Iterator[Pattern]:
    plain: dict[str, bool] = {}
    for phrase in dict.fromkeys(_phrases(name)):
        words = phrase.split()
        for word in words:
            if word not in plain:
                plain[word] = _is_plain(fold_word(word))
        # "Will Price" is also plain English: such a phrase must be written as a name.
        unsure = all(map(plain.__getitem__, words))
        if len(squeeze(phrase)) >= 3:
            yield from _pattern(value, phrase, "phrase", "name", "name", ambiguous=unsure)


def _initials(value: KnownValue, name: person_names.PersonName) -> Iterator[Pattern]:
    """Three initials or more of the patient, with all given names or the first alone."""
    if value.base != "patient":
        return
    parts = re.findall(r"\w+", " ".join((*name.given, name.family)))
    letters = "".join(squeeze(part)[:1] for part in parts)
    for initials in sorted({letters, letters[:1] + letters[len(name.given) :]}):
        if 2 < len(initials) < 6:
            yield from _pattern(value, initials, "initials", "name", "initials")


def _phrases(name: person_names.PersonName) -> Iterator[str]:
    yield from person_names.phrases(name)
    family = person_names.without_digits(name.family)
    if family:
        for nickname in _nicknames_of(name):
            yield f"{nickname} {family}"
            yield f"{family} {nickname}"


def _nicknames_of(name: person_names.PersonName) -> list[str]:
    given = [fold_word(person_names.without_digits(g)) for g in name.given[:1]]
    return sorted({nick for g in given for nick in _nicknames().get(g, ())})


def _name_word(value: KnownValue, word: str, rule: str) -> Iterator[Pattern]:
    folded = squeeze(word)
    if len(folded) < 2:
        return
    short = len(folded) < 4 and not is_caseless(folded)
    unsure = short or fold_word(word) in lexicon.ambiguous_names()
    yield from _pattern(value, word, "word", "name", rule, ambiguous=unsure)
    if not word.isascii():
        spelled = squeeze(word.lower().translate(_TWO_LETTERS))
        if spelled != folded:
            yield from _pattern(value, spelled, "word", "name", rule, ambiguous=unsure)
    if not unsure and not folded.endswith("s") and not lexicon.is_ordinary(folded + "s"):
        yield from _pattern(value, folded + "s", "word", "name", rule)


def _short_user_names(value: KnownValue) -> Iterator[Pattern]:
    """Initials with a year of birth ("pas59", "ps1959") name somebody too."""
    name = value.name
    if name is None or value.born is None or not (name.given and name.family):
        return
    letters = [squeeze(part)[:1] for part in (*name.given, name.family)]
    short = {letters[0] + letters[-1], "".join(letters)}
    for initials in sorted(short):
        for digits in (f"{value.born:04d}", f"{value.born % 100:02d}"):
            if len(initials) + len(digits) >= 5:
                yield from _pattern(value, initials + digits, "code", "username", "user_name")


def _organization(value: KnownValue) -> Iterator[Pattern]:
    words = re.findall(r"[\w'&.-]+", value.value)
    folded = [w for w in (fold_word(w).strip(".-&'") for w in words) if w]
    telling = [w for w in folded if w not in _GENERIC_PLACE]
    if not telling and not _is_institution(folded):
        return
    plain = all(w in lexicon.ambiguous_names() or w in _GENERIC_PLACE for w in folded)
    if len(words) == 1:
        yield from _pattern(
            value, words[0], "word", "organization", "organization", ambiguous=plain
        )
        return
    for name in dict.fromkeys([value.value, *_shorter_names(words)]):
        yield from _pattern(value, name, "phrase", "organization", "organization", ambiguous=plain)
    head = fold_word(words[0])
    if len(head) > 4 and not lexicon.is_ordinary(head) and head not in _GENERIC_PLACE:
        yield from _pattern(value, words[0], "word", "organization", "organization_part")
    letters = "".join(w[0] for w in words if w[0].isalpha() and w.lower() not in ("of", "the"))
    if 3 <= len(letters) <= 6 and not lexicon.is_ordinary(letters.lower()):
        yield from _pattern(value, letters, "acronym", "organization", "organization_letters")


def _is_institution(folded: list[str]) -> bool:
    """Return whether everyday words name one institution: "Community Health Hospital".

    "Outpatient Clinic" and "General Surgery" name a department that every hospital has.
    """
    folded = [w for w in folded if w not in _UNTOLD]
    bodies = [w for w in folded if w in _BODIES]
    if len(folded) < 2 or not bodies:
        return False
    if len(folded) == 2:
        return folded[0] in _WHOSE and folded[1] in _INSTITUTIONS
    return len(bodies) > 1 or not _WHOSE.isdisjoint(folded)


def _shorter_names(words: list[str]) -> Iterator[str]:
    """Leave out "Inc." and the closing words of its kind: "Cedar Bluff" of Cedar Bluff Hospital."""
    trimmed = [
        w for w in words if w.lower().strip(".,") not in ("inc", "llc", "ltd", "corp", "the")
    ]
    if len(trimmed) > 1:
        yield " ".join(trimmed)
    head = list(trimmed)
    while head and fold_word(head[-1]) in _GENERIC_PLACE:
        head.pop()
    medicine = lexicon.words("medical") | lexicon.words("abbreviations")
    if 1 < len(head) < len(trimmed) and not any(
        w in medicine or w in _GENERIC_PLACE for w in map(fold_word, head)
    ):
        yield " ".join(head)


def _identifier(value: KnownValue) -> Iterator[Pattern]:
    key = squeeze(value.value)
    short = len(key) < 4 or (key.isdigit() and len(key) < 5) or not any(c.isdigit() for c in key)
    yield from _pattern(
        value, value.value, "code", "record_number", "record_number", ambiguous=short
    )
    digits = re.sub(r"\D", "", value.value)
    letters = len(key) - len(digits)
    if len(digits) >= 7 and letters <= 4 and "-" not in value.value.strip("-")[16:]:
        yield from _pattern(value, digits[-4:], "tail", "record_number", "last_digits")
        if letters:
            yield from _pattern(value, digits, "code", "record_number", "record_number")


def _phone(value: KnownValue) -> Iterator[Pattern]:
    digits = re.sub(r"\D", "", value.value.split("x")[0])
    forms = {digits, squeeze(value.value)}
    if len(digits) == 11 and digits[0] == "1":
        forms.update((digits[1:], digits[4:]))
    if len(digits) == 10 and digits[0] != "0":
        forms.update(("1" + digits, digits[3:]))
    if digits.startswith("44"):
        forms.update((f"0{digits[2:]}", f"440{digits[2:]}", digits[2:]))
    elif digits.startswith("0") and len(digits) >= 10:
        forms.update((f"44{digits[1:]}", f"0044{digits[1:]}", digits[1:]))
    if value.value.strip().startswith("+") and len(digits) >= 9:
        forms.add(f"00{digits}")
        forms.update(f"0{digits[code:]}" for code in (2, 3) if len(digits) - code >= 8)
    for form in sorted(forms):
        if len(form) >= 7:
            yield from _pattern(value, form, "code", "phone", "phone")


def _email(value: KnownValue) -> Iterator[Pattern]:
    yield from _pattern(value, value.value, "phrase", "email", "email")
    user = value.value.partition("@")[0]
    if len(user) >= 5 and fold_word(user) not in lexicon.ambiguous_names():
        yield from _pattern(value, user, "word", "username", "email_user")


def _url(value: KnownValue) -> Iterator[Pattern]:
    if len(value.value) >= 8:
        yield from _pattern(value, value.value, "phrase", "url", "url")


def _street(value: KnownValue) -> Iterator[Pattern]:
    words = [w.strip(".,").lower() for w in value.value.split()]
    if len(words) < 2 and not any(c.isdigit() for c in value.value):
        unsure = all(fold_word(w) in lexicon.ambiguous_names() for w in words)
        yield from _pattern(value, value.value, "word", "street", "street", ambiguous=unsure)
        return
    house = [w.strip(".,").lower() for w in _UNIT.split(value.value, maxsplit=1)[0].split()]
    forms = {
        " ".join(table.get(w, w) for w in part)
        for part in (words, house)
        for table in ({}, _STREET_WORDS, _STREET_LONG)
    }
    for form in sorted(forms):
        if len(squeeze(form)) >= 5 and " " in form.strip():
            yield from _pattern(value, form, "phrase", "street", "street")
    yield from _street_alone(value, house)


def _street_alone(value: KnownValue, words: list[str]) -> Iterator[Pattern]:
    """Yield the street without the number of the house."""
    name = words[1:] if words and words[0][:1].isdigit() else []
    if len(name) < 2 or not (name[-1] in _STREET_WORDS or name[-1] in _STREET_LONG):
        return
    plain = all(fold_word(w) in lexicon.ambiguous_names() for w in name)
    for table in (_STREET_WORDS, _STREET_LONG):
        form = " ".join([*name[:-1], table.get(name[-1], name[-1])])
        if len(squeeze(form)) >= 7:
            yield from _pattern(value, form, "phrase", "street", "street_name", ambiguous=plain)


def _city(value: KnownValue) -> Iterator[Pattern]:
    folded = fold_word(value.value)
    if folded in lexicon.words("regions"):
        return
    words = folded.split()
    kind: PatternKind = "word" if len(words) == 1 else "phrase"
    plain = all(w in lexicon.ambiguous_names() for w in words)
    yield from _pattern(
        value, value.value, kind, "city", "city", ambiguous=plain or len(folded) < 4
    )


def _postal_code(value: KnownValue) -> Iterator[Pattern]:
    yield from _pattern(value, value.value, "code", "postal_code", "postal_code")
    base = value.value.split("-")[0]
    if base != value.value and len(base) == 5:
        yield from _pattern(value, base, "code", "postal_code", "postal_code")


def _birth_date(value: KnownValue) -> Iterator[Pattern]:
    try:
        born = date.fromisoformat(value.value[:10])
    except ValueError:  # a partial date: a year alone may leave
        return
    kinds: tuple[tuple[PatternKind, set[str]], ...] = (
        ("birth", known_dates.full_dates(born)),
        ("born", known_dates.dates_after_cue(born)),
    )
    for kind, keys in kinds:
        for key in keys:
            yield Pattern(key, kind, "birth_date", "known.birth_date", value.base, value.subject)


_MAKERS: Mapping[ValueKind, Callable[[KnownValue], Iterator[Pattern]]] = {
    "person": _person,
    "organization": _organization,
    "id": _identifier,
    "phone": _phone,
    "email": _email,
    "url": _url,
    "street": _street,
    "city": _city,
    "postal_code": _postal_code,
    "birth_date": _birth_date,
}
