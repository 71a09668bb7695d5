"""Only catalogued fields are written, one line each, and libraries' texts never are."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from runtime import errors, logs
from runtime.errors import LogFieldRefused
from runtime.log_events import Event


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure(program="gateway", mode="production", stream=stream)
    yield stream
    logs.reset()


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_its_context(stream: io.StringIO) -> None:
    with logs.bind(request_id="abc"), logs.bind(case_id="c1"):
        logs.emit(Event.JOB_DONE, kind="send", attempt=1, duration_ms=5)
    logs.emit(Event.JOB_DONE, kind="send")
    first, second = _lines(stream)
    assert first.pop("at").endswith("+00:00")
    assert first == {
        "level": "info",
        "event": "work.done",
        "program": "gateway",
        "request_id": "abc",
        "case_id": "c1",
        "kind": "send",
        "attempt": 1,
        "duration_ms": 5,
    }
    assert "request_id" not in second


def test_a_field_outside_the_catalogue_is_dropped_and_counted(stream: io.StringIO) -> None:
    logs.emit(Event.JOB_DONE, kind="send", patient="canary")
    assert [line["event"] for line in _lines(stream)] == ["work.done", "program.log_field_dropped"]
    assert "canary" not in stream.getvalue()


def test_a_field_outside_the_catalogue_is_an_error_in_tests() -> None:
    with pytest.raises(LogFieldRefused, match="patient"):
        logs.emit(Event.JOB_DONE, patient="canary")
    with pytest.raises(LogFieldRefused), logs.bind(patient="canary"):
        pass


def test_a_value_cannot_start_a_second_line(stream: io.StringIO) -> None:
    logs.emit(Event.JOB_DONE, kind='x\n{"event":"forged"}\x1b[2J')
    (line,) = _lines(stream)
    assert line["kind"] == 'x?{"event":"forged"}?[2J'


def _raise() -> None:
    raise KeyError("canary")


def test_what_libraries_say_is_not_repeated(stream: io.StringIO) -> None:
    library = logging.getLogger("some.library")
    try:
        _raise()
    except KeyError:
        library.exception("canary %s", "canary")
    logging.getLogger("urllib3").debug("canary")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("canary", stacklevel=1)
    found = _lines(stream)
    assert [line["library"] for line in found] == ["some.library", "py.warnings"]
    assert found[0]["exception"] == "KeyError"
    assert "canary" not in stream.getvalue()


def test_the_place_of_an_error_is_a_file_and_a_line() -> None:
    with pytest.raises(KeyError) as caught:
        _raise()
    assert logs.place_of(caught.value).startswith("test_logs.py:")
    assert logs.place_of(KeyError()) == "unknown"


def test_event_names_are_unique_and_fields_do_not_repeat_the_context() -> None:
    names = [event.value.name for event in Event]
    assert len(set(names)) == len(names)
    for event in Event:
        assert event.value.sentence.endswith(".")
        assert not event.value.fields & {"at", "level", "event"}


def test_error_codes_are_unique_described_and_of_a_known_kind() -> None:
    found = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.RuntimeFault)
    ]
    codes = [value.code for value in found]
    assert len(set(codes)) == len(codes)
    for value in found:
        assert value.kind in errors.KINDS
        assert value.__doc__
        assert value.code.startswith("runtime.")


def test_every_kind_has_all_translations() -> None:
    for table in (errors.HTTP_STATUS, errors.ISSUE_TYPE, errors.EXIT_CODE, errors.RETRY):
        assert set(table) == set(errors.KINDS)


def test_an_uncoded_exception_is_a_bug_named_by_its_class() -> None:
    assert errors.kind_of(KeyError("canary")) == "bug"
    assert errors.code_of(KeyError("canary")) == "bug.KeyError"
    assert errors.code_of(errors.Replayed()) == "runtime.replayed"
