"""Passwords, code words and the codes of doors and key safes: whoever knows them gets in."""

import re
from collections.abc import Iterator

from deid.lexicon import word_set
from deid.text.document import Finding
from deid.text.scanning import scan
from deid.text.tokens import TextView

_CUE = (
    r"\b(?:pass ?words?|pass ?codes?|pass ?phrases?|code ?words?|safe ?words?|secret words?|pin|"
    r"(?:access|door|gate|entry|alarm|security|privacy|lock ?box|key ?safe|garage|house|"
    r"building) "
    r"?(?:codes?|pins?)|key ?safe|key ?box|lock ?box|key ?pad|wi-?fi key)"
)
_SAID = scan(
    rf"{_CUE}\b(?: (?:for|to|of|on) (?:the |his |her |their )?[a-z]{{2,12}}(?: [a-z]{{2,12}})?)?"
    r"\s?(?:(?:number|no\.?|code)\s?)?(?P<link>is now|is|was|set to|reads|=|:|are)?\s{0,2}"
    r"(?P<q>[\"'(]?)(?P<n>[\w#*!@$.-]{3,24}(?<![.-]))"
)
_NEVER = word_set(
    """
    verified given set reset changed required needed for on is was the and not in at by with
    known correct incorrect wrong confirmed provided checked used protected policy status to
    of from has have been will can cannot per patient pt family who that this but shared asked
    updated forgotten expired number outside next unknown none site prick sized point pinned
    pins removed traction tract care placed fixation fixed beside under front
    """
)


def find(view: TextView) -> Iterator[Finding]:
    """Yield what follows a word for a secret."""
    for match in view.scan(_SAID):
        if _is_secret(match):
            yield Finding(
                start=match.start("n"),
                end=match.end("n"),
                category="other_id",
                confidence="sure",
                rule="secret.cue",
                base="secret",
            )


def _is_secret(match: re.Match[str]) -> bool:
    word = match["n"]
    if word in _NEVER:
        return False
    if any(c.isdigit() for c in word):
        return True
    clear = bool(match["link"]) or bool(match["q"]) or "word" in match.group()[:12]
    return clear and not match.group().startswith("pin")
