"""The word lists of deid/lists, loaded once when first needed."""

from functools import cache
from importlib.resources import files


@cache
def words(name: str) -> frozenset[str]:
    """Return the folded words of ``deid/lists/<name>.txt``; blank and # lines are skipped."""
    text = files("deid").joinpath("lists", f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.split("\n") if line and not line.startswith("#"))


@cache
def vocabulary() -> frozenset[str]:
    """Return all ordinary words: English, medicine, drugs, clinical abbreviations."""
    return words("english") | words("medical") | words("drugs") | words("abbreviations")


@cache
def ambiguous_names() -> frozenset[str]:
    """Return words that are a name only in the right place: vocabulary and eponyms."""
    return vocabulary() | words("eponyms") | words("months") | words("regions")


@cache
def given_names() -> frozenset[str]:
    """Return first names."""
    return words("first_names")


@cache
def surnames() -> frozenset[str]:
    """Return surnames."""
    return words("surnames")
