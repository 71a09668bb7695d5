"""Moves a hand-written story so that its present moment is now (pure).

The rule: a teaching persona is written around an `anchor`, the moment a reader stands in.
At seed time the anchor falls on the present, rounded down to five minutes. Full date-times
of the last 72 hours before the anchor move by that many minutes, so intervals hold to the
minute; everything older (visits, plain dates, months, years, the birth date) moves by whole
days, so a clinic visit keeps its time of day and ages hold. In notes,
`{{2026-11-21T22:40|%H:%M}}` prints a moment after the move and `{{birth|%m/%d/%Y}}` the
birth date, with `%-d` and `%-m` for numbers without a leading zero.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

_ROUND = timedelta(minutes=5)
_FRESH = timedelta(hours=72)
_YEAR = re.compile(r"\d{4}")
_MONTH = re.compile(r"\d{4}-\d{2}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
_FORMS = ((_DAY, "%Y-%m-%d"), (_MONTH, "%Y-%m"), (_YEAR, "%Y"))
_PLACE = re.compile(r"\{\{([^|{}]+)\|([^{}]+)\}\}")
# FHIR elements whose text is a date; every other string is left as it is written.
_DATE_KEY = re.compile(
    r"(date|start|end|issued|sent|received|recorded|created|creation|time|birthDate|"
    r"authoredOn|recordedDate|event|instant|[a-z]+DateTime|[a-z]+Date|[a-z]+Instant)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoryMove:
    """How far the story moves: `delta` is whole minutes, used from `fresh_from` on."""

    delta: timedelta
    fresh_from: datetime

    @property
    def days(self) -> int:
        """Whole days of the move, rounded down."""
        return self.delta.days

    def moment(self, text: str) -> str:
        """Move one FHIR date, dateTime or instant; its precision stays."""
        for pattern, form in _FORMS:
            if pattern.fullmatch(text):
                return self.moved(text).strftime(form)
        if _MOMENT.fullmatch(text):
            return self.moved(text).isoformat()
        return text

    def moved(self, text: str) -> datetime:
        """Move what a date says; days stand for noon, months and years for their middle."""
        moment = self._read(text)
        if moment >= self.fresh_from and "T" in text:
            return moment + self.delta
        return moment + timedelta(days=self.days)

    @staticmethod
    def _read(text: str) -> datetime:
        if _YEAR.fullmatch(text):
            text += "-07-01"
        elif _MONTH.fullmatch(text):
            text += "-15"
        if _DAY.fullmatch(text):
            text += "T12:00"
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def resource(self, value: Any, *, key: str = "") -> Any:  # Any: FHIR JSON
        """Return a copy of FHIR JSON with every date moved; the input stays as it is."""
        if isinstance(value, dict):
            return {name: self.resource(inner, key=name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.resource(inner, key=key) for inner in value]
        if isinstance(value, str):
            if _DATE_KEY.fullmatch(key):
                return self.moment(value)
            if "{{" in value:
                return self.text(value, birth="")
        return value

    def text(self, note: str, *, birth: str) -> str:
        """Fill the places for dates in a note; `birth` is the birth date as written."""

        def fill(match: re.Match[str]) -> str:
            return _strftime(self.moved(birth if match[1] == "birth" else match[1]), match[2])

        return _PLACE.sub(fill, note)


def _strftime(moment: datetime, pattern: str) -> str:
    pattern = pattern.replace("%-d", str(moment.day)).replace("%-m", str(moment.month))
    return moment.strftime(pattern)


def move(anchor: str, now: datetime) -> StoryMove:
    """Say how far a story moves so that its anchor falls on `now`."""
    origin = datetime.min.replace(tzinfo=UTC)
    present = origin + ((now - origin) // _ROUND) * _ROUND
    told_at = datetime.fromisoformat(anchor)
    return StoryMove(delta=present - told_at, fresh_from=told_at - _FRESH)


STAY = StoryMove(delta=timedelta(0), fresh_from=datetime.max.replace(tzinfo=UTC))
