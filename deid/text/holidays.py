"""Holidays: days that everybody can look up."""

from collections.abc import Iterator

from deid.text.document import Finding
from deid.text.scanning import scan
from deid.text.tokens import TextView

_HOLIDAY = scan(
    r"\b(?:christmas(?:\s(?:eve|day))?|xmas|boxing day|new year'?s?(?:'s)?(?:\s(?:eve|day|"
    r"weekend))|"
    r"thanksgiving(?:\sday)?|easter(?:\s(?:sunday|monday|weekend))?|good friday|halloween|"
    r"(?:the\s)?(?:fourth|4th) of july|independence day|memorial day|labou?r day|veterans "
    r"day|"
    r"mother'?s day|father'?s day|valentine'?s(?:\sday)?|st\.?\spatrick'?s day|bank holiday|"
    r"martin luther king(?:\sjr\.?)?\sday|mlk day|presidents'?\sday|columbus day|juneteenth|"
    r"guy fawkes night|bonfire night|remembrance (?:day|sunday)|ash wednesday|palm sunday|"
    r"eid(?:\sal-(?:fitr|adha))?|ramadan|diwali|yom kippur|rosh hashanah|passover|hanukkah|"
    r"anzac day|australia day|canada day|victoria day|waitangi(?: day)?|matariki|bastille "
    r"day|"
    r"st\.? stephen'?s day|st\.? andrew'?s day|st\.? george'?s day|st\.? david'?s day|"
    r"hogmanay|"
    r"burns night|pancake day|shrove tuesday|maundy thursday|mardi gras|fat tuesday|whit "
    r"sunday|"
    r"whitsun|pentecost|(?:chinese|lunar) new year|cinco de mayo|day of the dead|all "
    r"saints'? day|"
    r"super bowl sunday|election day|tax day|groundhog day|april fool'?s?(?: day)?|black "
    r"friday|"
    r"cyber monday|kwanzaa|purim|holi\b|navratri|onam|pongal|durga puja|republic day|"
    r"gandhi jayanti|"
    r"(?:king|queen)'?s birthday|indigenous peoples'? day|patriots'? day|flag day|earth day|"
    r"simchat torah|sukkot|shavuot|vaisakhi|songkran|tet\b|melbourne cup day|michaelmas|"
    r"candlemas|lammas|twelfth night|epiphany|advent\b|saint "
    r"patrick'?s day)\b"
)


def find(view: TextView) -> Iterator[Finding]:
    """Yield holidays by name."""
    for match in view.scan(_HOLIDAY):
        yield Finding(
            start=match.start(),
            end=match.end(),
            category="date",
            confidence="sure",
            rule="date.holiday",
            wording="holiday",
        )
