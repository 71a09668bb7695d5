"""Occupations so rare in a place that they point to one person."""

from collections.abc import Iterator

from deid.text.document import Finding
from deid.text.scanning import scan
from deid.text.tokens import TextView

_BEFORE = (
    r"(?:(?:former|retired|only|town|city|county|state|local|deputy|lieutenant|ex-?|past|"
    r"current|chief|"
    r"head|first|lord|lady|deputy lord|village|parish|district|regional|national|federal|us|"
    r"u\.s\.|high|"
    r"assistant|acting|longtime|long-time|two-time|three-time)[\s-]){0,4}"
)
_RARE = scan(
    rf"\b(?:(?:the|a|an)\s)?(?P<n>{_BEFORE}(?:mayor(?:ess)?|senator|governor|"
    rf"congress(?:man|woman|"
    r"person)|representative to congress|ambassador|sheriff|fire chief|fire marshal|police "
    r"chief|"
    r"chief of police|chief constable|police commissioner|county commissioner|commissioner "
    r"of [a-z]{3,14}|"
    r"astronaut|cosmonaut|veterinarian|librarian|head "
    r"coach(?:\sof\sthe\s[a-z ]{4,40}?\bteam)?|"
    r"coach of the [a-z ]{4,40}?team|judge|magistrate|justice of the peace|bishop|"
    r"archbishop|cardinal|"
    r"abbot|abbess|mother superior|chief rabbi|imam of [a-z]{3,20}|cantor of [a-z]{3,20}|"
    r"ferry captain|"
    r"harbou?r ?master|lighthouse keeper|postmaster|postmistress|town clerk|town crier|"
    r"school "
    r"superintendent|superintendent of schools|(?:high|supreme|crown|circuit|appeals?|"
    r"federal|family) court judge|news anchor|news ?reader|weather ?(?:man|"
    r"woman|presenter)|"
    r"television presenter|tv presenter|radio (?:host|presenter|dj)|talk show host|olympian|"
    r"olympic [a-z]{3,14}|paralympian|professional (?:football|baseball|basketball|hockey|"
    r"soccer|rugby|"
    r"cricket|golf|tennis)(?:er| player)|(?:nfl|nba|nhl|mlb|mls) player|test cricketer|"
    r"supreme court "
    r"justice|attorney general|district attorney|prosecutor general|secretary of state|"
    r"member of "
    r"parliament|mp for [a-z]{3,20}|msp|prime minister|cabinet minister|city council(?:or|"
    r"lor|man|woman)|"
    r"county council(?:or|lor)|town council(?:or|lor)|selectman|alderman|coroner|medical "
    r"examiner|"
    r"novelist|poet laureate|film director|movie star|film star|rock star|pop star|opera "
    r"singer|"
    r"beauty queen|circus [a-z]{3,14}|blacksmith|cheesemaker|thatcher|falconer|clock ?maker|"
    r"cartographer|glassblower|taxidermist|puppeteer|bell ?founder|chess grandmaster|"
    r"jockey|matador|"
    r"prima ballerina|concertmaster|conductor of [a-z ]{4,30}|tribal chief|tribal elder|"
    r"band chief|"
    r"paramount chief|chief executive of [a-z]{3,20}|ceo of [a-z]{3,20}|university president|"
    r"nobel [a-z]{4,10}|pulitzer [a-z]{4,10}|medal of honor recipient|victoria cross holder)"
    r"(?:\sof\s(?!the\b|a\b|his\b|her\b)[a-z]{3,20})?)\b"
)
#: these count only with a word that narrows them ("the only veterinarian", "town librarian")
_NEEDS_MORE = frozenset(
    [
        "veterinarian",
        "librarian",
        "judge",
        "bishop",
        "coroner",
        "novelist",
        "blacksmith",
        "cardinal",
        "magistrate",
        "thatcher",
        "jockey",
        "msp",
        "clock maker",
        "clockmaker",
    ]
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
