"""How the dates of a case leave: told by their distance from the question, or all shifted.

The policy names one of the two; the actions of the walk ask it and remember every answer.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, Protocol

from deid import dates
from deid.date_shift import Shift, days_of
from deid.pseudonyms import CaseKey

Name = Literal["relative", "shifted"]

TIME_FROM_QUESTION: Final = "https://confer.example/fhir/StructureDefinition/time-from-question"
UCUM: Final = "http://unitsofmeasure.org"
UNIT_WORDS: Final = {"min": "minutes", "d": "days", "a": "years"}
_DAY: Final = len("2026-01-01")


@dataclass(frozen=True, slots=True)
class Dated:
    """A date on its way out: what FHIR may say of it, and the extension beside it, or none."""

    value: str | None
    beside: dict[str, Any] | None  # FHIR JSON


class DateMethod(Protocol):
    """Turns a date of the chart into what may be said of it."""

    @property
    def shift_days(self) -> int:
        """By how many days dates are moved; 0 when they are told by their distance."""

    def date(self, text: str) -> Dated | None:
        """Return what leaves of a date or dateTime; None when nothing may."""

    def instant(self, text: str) -> Dated | None:
        """Return what leaves of an instant; None when nothing may."""

    def words(self) -> dict[str, str]:
        """Return every day that left, in brackets, and the day behind it, for the vault."""


def method_of(name: Name, key: CaseKey, question_time: datetime) -> "RelativeDates | ShiftedDates":
    """Return how the dates of a case leave under a policy that names this method."""
    if name == "relative":
        return RelativeDates(question_time)
    return ShiftedDates(Shift(days=days_of(key), question_time=question_time))


@dataclass(slots=True)
class RelativeDates:
    """The year and the distance from the question (Safe Harbor). Spec: DETAILS 8."""

    question_time: datetime
    shift_days: int = 0
    _known: dict[str, Dated | None] = field(default_factory=dict)

    def date(self, text: str) -> Dated | None:
        """See `DateMethod`."""
        if text not in self._known:
            self._known[text] = self._told(text)
        return self._known[text]

    def instant(self, text: str) -> Dated | None:
        """See `DateMethod`: FHIR has no coarser instant, so only the distance leaves."""
        told = self.date(text)
        return None if told is None or told.beside is None else Dated(None, told.beside)

    def _told(self, text: str) -> Dated | None:
        moment = dates.parse(text, question_time=self.question_time)
        if moment is None:
            return None
        beside = self._distance(moment)
        year = None
        if dates.year_may_stay(moment, question_time=self.question_time):
            year = f"{moment.at.astimezone(self.question_time.tzinfo).year:04d}"
        return None if year is None and beside is None else Dated(year, beside)

    def _distance(self, moment: dates.Moment) -> dict[str, Any] | None:
        distance = dates.from_question(moment, question_time=self.question_time)
        if distance is None:
            return None
        duration = {
            "value": distance.value,
            "unit": UNIT_WORDS[distance.unit],
            "system": UCUM,
            "code": distance.unit,
        }
        return {"extension": [{"url": TIME_FROM_QUESTION, "valueDuration": duration}]}

    def words(self) -> dict[str, str]:
        """See `DateMethod`: a distance leads back to its date without a list."""
        return {}


@dataclass(slots=True)
class ShiftedDates:
    """Every date moved by the shift of the case (expert determination). Spec: deid.md 0.7."""

    shift: Shift
    _known: dict[str, Dated | None] = field(default_factory=dict)

    @property
    def shift_days(self) -> int:
        """See `DateMethod`."""
        return self.shift.days

    def date(self, text: str) -> Dated | None:
        """See `DateMethod`."""
        if text not in self._known:
            moved = self.shift.shifted(text)
            self._known[text] = None if moved is None else Dated(moved, None)
        return self._known[text]

    def instant(self, text: str) -> Dated | None:
        """See `DateMethod`: an instant has a time of day, so a bare date is none."""
        return self.date(text) if "T" in text else None

    def words(self) -> dict[str, str]:
        """See `DateMethod`."""
        days = {
            told.value[:10]
            for told in self._known.values()
            if told is not None and told.value is not None and len(told.value) >= _DAY
        }
        back = timedelta(days=self.shift.days)
        return {f"[{day}]": (date.fromisoformat(day) - back).isoformat() for day in days}
