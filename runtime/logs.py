"""The only door to logging: events of the catalogue, JSON lines or columns.

Records of libraries are reduced to library, severity, exception class and place: their
texts print patient data.
"""

import contextvars
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from types import MappingProxyType
from typing import Literal, TextIO

from runtime import clock, json_text
from runtime.errors import LogFieldRefused
from runtime.log_events import CONTEXT_FIELDS, Event

FieldValue = str | int | float | bool | None
Format = Literal["json", "columns"]

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_MAX_TEXT = 200
_NAME = "confer"
_EMPTY: Mapping[str, str] = MappingProxyType({})
_context: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar(
    "confer_log_context", default=_EMPTY
)


class _State:
    """What `configure` chose; until then events are dropped and fields are checked."""

    strict = True
    program = ""
    format: Format = "columns"


def configure(
    *, program: str, mode: str, stream: TextIO | None = None, level: str = "info"
) -> None:
    """Send events to `stream` (stdout); JSON in production or when it is no terminal."""
    target = stream if stream is not None else sys.stdout
    _State.program = program
    _State.strict = False
    _State.format = "columns" if mode == "sandbox" and target.isatty() else "json"
    handler = logging.StreamHandler(target)
    handler.setFormatter(logging.Formatter("%(message)s"))
    ours = logging.getLogger(_NAME)
    ours.handlers = [handler]
    ours.propagate = False
    ours.setLevel(_LEVELS[level])
    root = logging.getLogger()
    root.handlers = [_LibraryHandler(logging.WARNING)]
    root.setLevel(logging.WARNING)
    for noisy in ("urllib3", "werkzeug", "gunicorn.access", "sqlalchemy", "dbos"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def reset() -> None:
    """Forget `configure`: nothing is written, and unlisted fields are errors again (tests)."""
    _State.strict = True
    ours = logging.getLogger(_NAME)
    ours.handlers = []
    ours.propagate = True
    ours.setLevel(logging.NOTSET)
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if not isinstance(one, _LibraryHandler)]
    logging.captureWarnings(False)


def emit(event: Event, **fields: FieldValue) -> None:
    """Write one event; fields the catalogue does not list are dropped and counted.

    In tests (before `configure`) such a field raises `LogFieldRefused` instead.
    """
    spec = event.value
    extra = sorted(set(fields) - spec.fields)
    if extra and _State.strict:
        raise LogFieldRefused(event=spec.name, fields=tuple(extra))
    kept = {name: value for name, value in fields.items() if name in spec.fields}
    _write(event, kept)
    if extra:
        _write(Event.LOG_FIELD_DROPPED, {"dropped_from": spec.name, "count": len(extra)})


@contextmanager
def bind(**fields: str) -> Iterator[None]:
    """Add context fields (request_id, case_id, tenant, step_id, job_kind) to all events inside."""
    unknown = sorted(set(fields) - CONTEXT_FIELDS)
    if unknown:
        raise LogFieldRefused(event="context", fields=tuple(unknown))
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def bound(name: str) -> str | None:
    """Return a bound context field, such as the request id for an outgoing header."""
    return _context.get().get(name)


def place_of(error: BaseException) -> str:
    """Return `file.py:line` where an exception was raised; never its text."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "unknown"
    last = frames[-1]
    return f"{PurePath(last.filename).name}:{last.lineno}"


def _write(event: Event, fields: Mapping[str, FieldValue]) -> None:
    spec = event.value
    logger = logging.getLogger(_NAME)
    level = _LEVELS[spec.level]
    if not logger.isEnabledFor(level):
        return
    line: dict[str, FieldValue] = {
        "at": clock.now().isoformat(timespec="milliseconds"),
        "level": spec.level,
        "event": spec.name,
        "program": _State.program,
        **_context.get(),
        **{name: _clean(value) for name, value in fields.items()},
    }
    logger.log(level, "%s", _as_json(line) if _State.format == "json" else _as_columns(line))


def _clean(value: FieldValue) -> FieldValue:
    if isinstance(value, str):
        # One event is one line; a long text is not an id.
        return "".join(c if c.isprintable() else "?" for c in value[:_MAX_TEXT])
    return value


def _as_json(line: Mapping[str, FieldValue]) -> str:
    return json_text.dumps(dict(line)).decode("utf-8")


def _as_columns(line: Mapping[str, FieldValue]) -> str:
    head = f"{str(line['at'])[11:23]} {line['level']!s:7} {line['event']!s:24}"
    skip = {"at", "level", "event", "program"}
    rest = " ".join(f"{name}={value}" for name, value in line.items() if name not in skip)
    return f"{head} {rest}"


class _LibraryHandler(logging.Handler):
    """Reports that a library complained, without repeating what it said."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        _write(
            Event.FOREIGN_LOG,
            {
                "library": record.name,
                "severity": record.levelname.lower(),
                "exception": type(error).__name__ if error else "",
                "place": f"{PurePath(record.pathname).name}:{record.lineno}",
            },
        )
