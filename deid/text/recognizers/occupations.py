"""Occupations so rare in a place that they point to one person."""

import re
from collections.abc import Iterator

from deid.text.document import Finding
from deid.text.scanning import Scan, signs
from deid.text.tokens import TextView

_RARE = Scan(
    re.compile(
        r"\b(?:(?:the|a|an)\s)?(?P<n>(?:(?:former|retired|only|town|city|county|state|local|deputy|"
        r"lieutenant|"
        r"ex-|past|current|chief|head|first)[\s-]){0,3}(?:mayor|senator|governor|congress(?:man|"
        r"woman|person)|"
        r"representative to congress|ambassador|sheriff|fire chief|police chief|chief of police|"
        r"astronaut|"
        r"veterinarian|librarian|head coach(?:\sof\sthe\s[a-z ]{4,40}?\bteam)?|coach of the [a-z "
        r"]{4,40}?team|"
        r"judge|bishop|archbishop|imam of [a-z]+|ferry captain|harbou?r master|lighthouse keeper|"
        r"postmaster|"
        r"school superintendent|superintendent of schools|news anchor|television presenter|tv "
        r"presenter|"
        r"olympian|olympic [a-z]+|"
        r"professional (?:football|baseball|basketball|hockey|soccer) player|"
        r"supreme court justice|member of parliament|prime minister|city councilor|coroner|"
        r"medical examiner|"
        r"novelist|film director|movie star|rock star|beauty queen|circus [a-z]+|blacksmith|"
        r"cheesemaker))\b"
    ),
    signs(
        """
        mayor|senator|governor|congress|ambassador|sheriff|chief|astronaut|veterinarian
        librarian|coach|judge|bishop|imam of|captain|master|keeper|superintendent|anchor
        presenter|olympi|player|justice|parliament|minister|councilor|coroner|examiner|novelist
        director|movie star|rock star|beauty queen|circus|blacksmith|cheesemaker
        """
    ),
)
#: these count only with a word that narrows them ("the only veterinarian", "town librarian")
_NEEDS_MORE = frozenset(
    ["veterinarian", "librarian", "judge", "bishop", "coroner", "novelist", "blacksmith"]
)


def find(view: TextView) -> Iterator[Finding]:
    """Yield rare public occupations."""
    for match in view.scan(_RARE):
        if match["n"] in _NEEDS_MORE:
            continue
        yield Finding(
            start=match.start("n"),
            end=match.end("n"),
            category="occupation",
            confidence="sure",
            rule="occupation.rare",
        )
