"""The word lists of deid/lists, loaded once when first needed."""

import re
from functools import cache, lru_cache
from importlib.resources import files


def word_set(text: str) -> frozenset[str]:
    """Return the words of a block of text, so that long word tables stay readable in code."""
    return frozenset(text.split())


@cache
def words(name: str) -> frozenset[str]:
    """Return the folded words of ``deid/lists/<name>.txt``; blank and # lines are skipped."""
    text = files("deid").joinpath("lists", f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.split("\n") if line and not line.startswith("#"))


@cache
def vocabulary() -> frozenset[str]:
    """Return all ordinary words: English, medicine, drugs, clinical abbreviations."""
    return (
        words("english")
        | words("rare_english")
        | words("medical")
        | words("drugs")
        | words("abbreviations")
        | words("brands")
    )


@cache
def ambiguous_names() -> frozenset[str]:
    """Return words that are a name only in the right place: vocabulary and eponyms."""
    return vocabulary() | words("eponyms") | words("months") | words("regions")


@cache
def everyday() -> frozenset[str]:
    """Return words that a sentence of medicine may begin with; rare words are not among them."""
    return (
        words("english")
        | words("medical")
        | words("drugs")
        | words("eponyms")
        | words("months")
        | words("regions")
    ) - words("rare_english")


@cache
def written_with_capital() -> frozenset[str]:
    """Return words whose capital inside a sentence needs no name to explain it."""
    return (
        words("headings")
        | words("medical")
        | words("drugs")
        | words("brands")
        | words("abbreviations")
        | words("eponyms")
        | words("months")
        | words("regions")
    )


@cache
def given_names() -> frozenset[str]:
    """Return first names."""
    return words("first_names") | words("nicknames")


@cache
def surnames() -> frozenset[str]:
    """Return surnames."""
    return words("surnames")


_MEDICAL_ENDING = re.compile(
    r"(?:ectomy|otomy|ostomy|plasty|pexy|desis|centesis|scopy|scopic|graphy|graphic|gram|itis|osis|oses|"
    r"plasia|plastic|plasias|iformis|emia|aemia|uria|pathy|pathic|ology|ologic|ological|ologist|iatry|iatric|plegia|paresis|algia|"
    r"oma|omas|omata|megaly|penia|philia|cytosis|rrhea|rrhoea|rrhage|ptysis|trophy|trophic|genic|lysis|"
    r"lytic|stenosis|sclerosis|ectasis|ectasia|mycin|cillin|azole|prazole|floxacin|sartan|olol|statin|"
    r"dipine|gliptin|gliflozin|tidine|setron|parin|xaban|mab|tinib|vir|triptan|barbital|azepam|zolam|"
    r"phosphatasia|dactyly|dactylia|dactylism|cephaly|cephalus|onychia|geusia|osmia|opsia|anopia|eropia|talopia|plopia|"
    r"gnosia|phasia|phonia|schisis|phthalmos|cele|iasis|rrhexis|phobia|kinesia|praxia|phagia|arthria|"
    r"trichia|dontia|glossia|mastia|spadias|uresis|mnesia|thermia|capnia|oxia|phoresis|pnea|pnoea|"
    r"caine|dronate|thiazide|semide|afil|terol|sone|solone|onide|lukast|tropium|pril)s?$"
)
_ENDINGS = ("s", "es", "ed", "d", "ing", "ly", "ness")


def is_medical_word(word: str) -> bool:
    """Return whether the word ends as the language of medicine and drugs does."""
    return len(word) > 6 and bool(_MEDICAL_ENDING.search(word))


@lru_cache(maxsize=16_384)
def is_ordinary(word: str) -> bool:
    """Return whether a folded word needs no explanation as a name.

    Vocabulary, eponyms, regions, months, their regular inflections, words put together of them, and
    the endings of medical language.
    """
    known = ambiguous_names()
    if word in known:
        return True
    if "-" in word or "'" in word:
        return all(len(part) < 3 or is_ordinary(part) for part in re.split(r"[-']", word))
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and word[: -len(ending)] in known:
            return not is_name(word)
    return len(word) > 6 and bool(_MEDICAL_ENDING.search(word)) and not is_name(word)


def is_name(word: str) -> bool:
    """Return whether the word is in the name lists."""
    return word in given_names() or word in surnames()
