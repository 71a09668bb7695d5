"""The shift of one case: a number of whole days that only the hospital can know.

All dates of a case move by the same number of days, so intervals, clock times and the order
of events stay; another case of the same patient moves by another number. The number comes
from the random key of the case alone, never from the person. Spec: deid.md 0.7, 2b, 2c.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Final

from deid import dates
from deid.pseudonyms import CaseKey

LEAST_DAYS: Final = 31
"""A shift of a few days would hide next to nothing, so there is none."""
MOST_DAYS: Final = 365
_MIDDLE_DAY: Final = 15
_MIDDLE_MONTH: Final = 7
_SAME_ZONE: Final = timedelta(hours=1)


def days_of(key: CaseKey) -> int:
    """Return the shift of a case in days: -365 to -31 or 31 to 365, never 0."""
    digest = hmac.digest(key.secret, b"date shift", hashlib.sha256)
    sizes = MOST_DAYS - LEAST_DAYS + 1
    # 128 bits over 670 values: no value is favored by more than chance can tell.
    chosen = int.from_bytes(digest[:16], "big") % (2 * sizes)
    size = LEAST_DAYS + chosen % sizes
    return size if chosen < sizes else -size


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """Moves FHIR dates by whole days, as precise as they were written."""

    days: int
    question_time: datetime

    def shifted(self, text: str) -> str | None:
        """Return a FHIR date, dateTime or instant moved; None when it must not leave.

        The clock time and its zone stay as written, so that the distance between two moments
        stays to the second, over a change to summer time as well. A zone that is not the
        hospital's own (more than an hour away from it) would tell where somebody was: such a
        moment is told in the zone of the hospital. A month moves by its middle day, a year by
        the middle of the year. A date 90 or more years from the question does not leave.
        """
        moment = dates.parse(text, question_time=self.question_time)
        if moment is None or not dates.year_may_stay(moment, question_time=self.question_time):
            return None
        try:
            return self._moved(moment, text)
        except OverflowError:  # no calendar holds that day
            return None

    def _moved(self, moment: dates.Moment, text: str) -> str:
        if moment.precision == "year":
            return f"{self.day(date(moment.at.year, _MIDDLE_MONTH, 1)).year:04d}"
        if moment.precision == "month":
            return self.day(moment.at.date().replace(day=_MIDDLE_DAY)).isoformat()[:7]
        if moment.precision == "day":
            return self.day(moment.at.date()).isoformat()
        own = self.question_time.utcoffset() or timedelta()
        if text.endswith("Z") or abs((moment.at.utcoffset() or own) - own) <= _SAME_ZONE:
            # A moment written without a zone is one of the hospital's; FHIR wants to see it.
            zone = "" if _has_zone(text) else _written_zone(own)
            return f"{self.day(moment.at.date()).isoformat()}{text[10:]}{zone}"
        at_home = moment.at.astimezone(timezone(own))
        return f"{self.day(at_home.date()).isoformat()}{at_home.isoformat()[10:]}"

    def day(self, on: date) -> date:
        """Return a day moved.

        Raises:
            OverflowError: the calendar has no such day.
        """
        return on + timedelta(days=self.days)


def _has_zone(text: str) -> bool:
    return text.endswith("Z") or text[-6:-5] in ("+", "-")


def _written_zone(offset: timedelta) -> str:
    return datetime(2000, 1, 1, tzinfo=timezone(offset)).isoformat()[19:]
