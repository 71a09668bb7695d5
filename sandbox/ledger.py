"""The request ledger: every call of an app to this EHR, without a single value of a patient.

What is written down is fixed by lists of what may be: route patterns instead of addresses,
names of parameters, of headers and of members of an answer, and the values of a few that are
words of a protocol. Everything else is `***`. Lines wait in memory and go to the database
together, so that a read costs no write; whoever reads the ledger sees what its own process
did at once, what others did within moments.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from runtime import clock, json_text
from runtime.database import Database
from sandbox.rows import LedgerRow

KEPT = 5_000
_TOGETHER = 100
_WAIT_SECONDS = 2.0
Detail = Mapping[str, Any]  # Any: JSON, words of the protocol only


@dataclass(frozen=True, kw_only=True)
class Line:
    """One call. `request` and `answer` hold names, and values from the lists of what is safe."""

    at: datetime
    place: str
    method: str
    route: str
    status: int
    milliseconds: int
    resource_type: str = ""
    client_id: str = ""
    scopes: str = ""
    request: Detail = field(default_factory=dict)
    answer: Detail = field(default_factory=dict)
    number: int = 0

    def as_json(self) -> dict[str, Any]:  # Any: JSON
        """Return the line as the API shows it."""
        return {
            "number": self.number,
            "at": self.at.isoformat(timespec="milliseconds"),
            "place": self.place,
            "method": self.method,
            "route": self.route,
            "resource_type": self.resource_type,
            "status": self.status,
            "milliseconds": self.milliseconds,
            "client_id": self.client_id,
            "scopes": self.scopes,
            "request": dict(self.request),
            "answer": dict(self.answer),
        }


class Ledger:
    """Writes lines down and reads them back; one per process."""

    def __init__(self, database: Database) -> None:
        """Keep the database."""
        self._database = database
        self._waiting: list[Line] = []
        self._since = clock.monotonic()
        self._lock = threading.Lock()

    def note(self, line: Line) -> None:
        """Take a line; the database gets it with the next ones, or when somebody reads."""
        with self._lock:
            self._waiting.append(line)
            due = len(self._waiting) >= _TOGETHER
            due = due or clock.monotonic() - self._since > _WAIT_SECONDS
        if due:
            self.flush()

    def flush(self) -> None:
        """Bring all waiting lines to the database, and forget the oldest beyond what is kept."""
        with self._lock:
            lines, self._waiting = self._waiting, []
            self._since = clock.monotonic()
        if not lines:
            return
        with self._database.transaction() as session:
            session.add_all(_row(line) for line in lines)
            session.flush()
            newest = session.scalar(select(func.max(LedgerRow.number))) or 0
            session.execute(delete(LedgerRow).where(LedgerRow.number <= newest - KEPT))

    def lines(self, *, after: int = 0, most: int = 500) -> tuple[Line, ...]:
        """Return the newest lines with a number above `after`, oldest first."""
        self.flush()
        with self._database.read() as session:
            rows = session.scalars(
                select(LedgerRow)
                .where(LedgerRow.number > after)
                .order_by(LedgerRow.number.desc())
                .limit(most)
            ).all()
            return tuple(_line(row) for row in reversed(rows))

    def clear(self) -> int:
        """Forget everything; returns how many lines there were."""
        self.flush()
        with self._database.transaction() as session:
            count = session.scalar(select(func.count()).select_from(LedgerRow)) or 0
            session.execute(delete(LedgerRow))
        return count


def _row(line: Line) -> LedgerRow:
    return LedgerRow(
        at=line.at,
        place=line.place,
        method=line.method,
        route=line.route,
        resource_type=line.resource_type,
        status=line.status,
        milliseconds=line.milliseconds,
        client_id=line.client_id,
        scopes=line.scopes,
        request=json_text.dumps(dict(line.request)).decode("utf-8"),
        answer=json_text.dumps(dict(line.answer)).decode("utf-8"),
    )


def _line(row: LedgerRow) -> Line:
    return Line(
        number=row.number,
        at=row.at,
        place=row.place,
        method=row.method,
        route=row.route,
        resource_type=row.resource_type,
        status=row.status,
        milliseconds=row.milliseconds,
        client_id=row.client_id,
        scopes=row.scopes,
        request=json_text.loads(row.request.encode("utf-8")),
        answer=json_text.loads(row.answer.encode("utf-8")),
    )


def trace(lines: Sequence[Line], *, software: str) -> dict[str, Any]:  # Any: JSON
    """Return lines as an HTTP archive (HAR 1.2), which browsers and many tools can open."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": software, "version": "1"},
            "comment": "Values that could name a person or open a door are ***.",
            "entries": [_entry(line) for line in lines],
        }
    }


def _entry(line: Line) -> dict[str, Any]:
    asked, answered = line.request, line.answer
    return {
        "startedDateTime": line.at.isoformat(timespec="milliseconds"),
        "time": line.milliseconds,
        "request": {
            "method": line.method,
            "url": line.route,
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(asked.get("headers", {})),
            "queryString": _pairs(asked.get("query", {})),
            "postData": {
                "mimeType": asked.get("content_type", ""),
                "params": _pairs(asked.get("form", {})),
            },
            "headersSize": -1,
            "bodySize": asked.get("bytes", 0),
        },
        "response": {
            "status": line.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(answered.get("headers", {})),
            "content": {
                "size": answered.get("bytes", 0),
                "mimeType": answered.get("content_type", ""),
                "text": json_text.dumps(answered.get("members", {})).decode("utf-8"),
            },
            "redirectURL": str(answered.get("leads_to", "")),
            "headersSize": -1,
            "bodySize": answered.get("bytes", 0),
        },
        "cache": {},
        "timings": {"send": 0, "wait": line.milliseconds, "receive": 0},
        "comment": f"{line.client_id} {line.scopes}".strip(),
    }


def _pairs(values: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"name": name, "value": str(value)} for name, value in values.items()]
