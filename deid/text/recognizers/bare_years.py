"""Years that stand alone. They leave as they are, unless all dates of the case are moved."""

import re
from collections.abc import Iterator
from datetime import datetime

from deid.text import shifted_dates
from deid.text.document import Finding
from deid.text.tokens import TextView

_YEAR = re.compile(
    r"(?<![\w/.,-])(?P<y>19[0-9]{2}|20[0-9]{2})(?![\d/.,-][\d]|[\w/]|\s?(?:mg|mcg|ml|g|iu|u|"
    r"units?|"
    r"kcal|cal|cells?|copies|steps|cc|hrs?|hours?)\b)"
)
_CUE = re.compile(
    r"\b(?:in|since|from|of|until|till|by|circa|around|about|before|after|during|early|late|mid|"
    r"year|and|to|jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec|spring|summer|autumn|fall|"
    r"winter|dx|hx|s/p|\()[\s('-]{0,2}\Z"
)


def find(view: TextView, question: datetime, shift_days: int) -> Iterator[Finding]:
    """Yield the years of a text moved by ``shift_days``; none when dates are told otherwise."""
    if not shift_days:
        return
    text = view.lower
    for match in _YEAR.finditer(text):
        if not _CUE.search(text, max(0, match.start() - 12), match.start()):
            continue
        yield Finding(
            start=match.start("y"),
            end=match.end("y"),
            category="date",
            confidence="sure",
            rule="date.year",
            wording=shifted_dates.year(int(match["y"]), question.date(), shift_days),
        )
