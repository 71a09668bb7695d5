"""The spellings under which an identifying value may appear again, as search patterns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from deid import lexicon, person_names
from deid.folding import fold_word
from deid.known_values import KnownValue
from deid.lexicon import word_set

_STREET_WORDS = {
    "street": "st", "road": "rd", "avenue": "ave", "lane": "ln", "drive": "dr", "court": "ct",
    "boulevard": "blvd", "terrace": "ter", "place": "pl", "highway": "hwy", "square": "sq",
    "parkway": "pkwy", "circle": "cir", "north": "n", "south": "s", "east": "e", "west": "w",
    "apartment": "apt", "suite": "ste",
}  # fmt: skip
_STREET_LONG = {short: long for long, short in _STREET_WORDS.items()}
_GENERIC_PLACE = word_set(
    """
    hospital clinic medical center centre health general community regional memorial university
    county city the of and for at family medicine practice surgery care services service
    department ward unit emergency room associates group inc llc ltd corp company school public
    north south east west new old saint st home house nursing rehab pharmacy laboratory lab royal
    national state central trust foundation system network outpatient inpatient
    """
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """One searchable spelling. ``key`` holds only folded letters and digits."""

    key: str = field(repr=False)
    kind: str  # word | phrase | code
    category: str
    rule: str
    base: str
    subject: str
    #: the word also has another meaning, or is very short: it counts only in context
    ambiguous: bool = False
    gender: str = ""
    #: the chart writes it with a sign or space inside (O'Keefe), so a text may part it there
    parted: bool = False


def squeeze(text: str) -> str:
    """Return the folded letters and digits of ``text`` and nothing else."""
    return "".join(c for c in fold_word(text) if c.isalnum())


def patterns_of(value: KnownValue) -> Iterator[Pattern]:
    """Yield every spelling of ``value`` worth searching for."""
    yield from _MAKERS[value.kind](value)


def _pattern(
    value: KnownValue, text: str, kind: str, category: str, rule: str, *, ambiguous: bool = False
) -> Iterator[Pattern]:
    key = squeeze(text)
    if len(key) > 1 or (key and kind == "code"):
        yield Pattern(
            key=key, kind=kind, category=category, rule=f"known.{rule}", base=value.base,
            subject=value.subject, ambiguous=ambiguous, gender=value.gender,
            parted=not text.isalnum(),
        )  # fmt: skip


def _person(value: KnownValue) -> Iterator[Pattern]:
    if value.name is None:
        return
    for phrase in person_names.phrases(value.name):
        words = [fold_word(w) for w in phrase.split()]
        # "Will Price" is also plain English: such a phrase must be written as a name.
        plain = all(len(w) == 1 or w in lexicon.ambiguous_names() for w in words)
        if len(squeeze(phrase)) >= 3:
            yield from _pattern(value, phrase, "phrase", "name", "name", ambiguous=plain)
    for word in person_names.single_words(value.name):
        folded = squeeze(word)
        if len(folded) < 2:
            continue
        unsure = len(folded) < 4 or fold_word(word) in lexicon.ambiguous_names()
        yield from _pattern(value, word, "word", "name", "name_part", ambiguous=unsure)


def _organization(value: KnownValue) -> Iterator[Pattern]:
    words = re.findall(r"[\w'&.-]+", value.value)
    telling = [w for w in words if fold_word(w) not in _GENERIC_PLACE]
    if not telling:
        return
    plain = all(fold_word(w) in lexicon.ambiguous_names() for w in words)
    if len(words) == 1:
        yield from _pattern(
            value, words[0], "word", "organization", "organization", ambiguous=plain
        )
        return
    yield from _pattern(
        value, value.value, "phrase", "organization", "organization", ambiguous=plain
    )
    trimmed = [
        w for w in words if w.lower().strip(".,") not in ("inc", "llc", "ltd", "corp", "the")
    ]
    if len(trimmed) not in (len(words), 1):
        name = " ".join(trimmed)
        yield from _pattern(value, name, "phrase", "organization", "organization", ambiguous=plain)
    head = fold_word(words[0])
    if len(head) > 4 and head not in lexicon.ambiguous_names() and head not in _GENERIC_PLACE:
        yield from _pattern(value, words[0], "word", "organization", "organization_part")


def _identifier(value: KnownValue) -> Iterator[Pattern]:
    key = squeeze(value.value)
    short = len(key) < 4 or (key.isdigit() and len(key) < 5) or not any(c.isdigit() for c in key)
    yield from _pattern(
        value, value.value, "code", "record_number", "record_number", ambiguous=short
    )


def _phone(value: KnownValue) -> Iterator[Pattern]:
    digits = re.sub(r"\D", "", value.value.split("x")[0])
    forms = {digits, squeeze(value.value)}
    if len(digits) == 11 and digits[0] == "1":
        forms.add(digits[1:])
    if len(digits) == 10:
        forms.add("1" + digits)
    if digits.startswith("44"):
        forms.update((f"0{digits[2:]}", f"440{digits[2:]}"))
    elif digits.startswith("0") and len(digits) >= 10:
        forms.add(f"44{digits[1:]}")
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
    forms = {
        " ".join(words),
        " ".join(_STREET_WORDS.get(w, w) for w in words),
        " ".join(_STREET_LONG.get(w, w) for w in words),
        re.split(r",|\b(?:apt|unit|suite|ste)\b|#", value.value, maxsplit=1, flags=re.IGNORECASE)[
            0
        ],
    }
    for form in sorted(forms):
        if len(squeeze(form)) >= 5 and " " in form.strip():
            yield from _pattern(value, form, "phrase", "street", "street")


def _city(value: KnownValue) -> Iterator[Pattern]:
    folded = fold_word(value.value)
    if folded in lexicon.words("regions"):
        return
    words = folded.split()
    kind = "word" if len(words) == 1 else "phrase"
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
    for form in date_spellings(born):
        yield from _pattern(value, form, "code", "birth_date", "birth_date")


def date_spellings(day: date) -> list[str]:
    """Return the usual ways to write ``day``; separators do not matter to the search."""
    year, short = f"{day.year:04d}", f"{day.year % 100:02d}"
    forms = {
        f"{year}-{day.month:02d}-{day.day:02d}",
        f"{year}-{day.month}-{day.day}",
    }
    for y in (year, short):
        for m, d in ((f"{day.month:02d}", f"{day.day:02d}"), (str(day.month), str(day.day))):
            forms.update((f"{m}/{d}/{y}", f"{d}/{m}/{y}"))
        name = _MONTHS[day.month - 1]
        for month in (name, name[:3], "sept" if day.month == 9 else name[:3]):
            for d in (str(day.day), f"{day.day:02d}", _ordinal(day.day)):
                forms.update((f"{month} {d}, {y}", f"{d} {month} {y}", f"{d} of {month} {y}"))
    return sorted(forms)


def _ordinal(day: int) -> str:
    if day in (11, 12, 13):
        return f"{day}th"
    return f"{day}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th') }"


_MAKERS = {
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
