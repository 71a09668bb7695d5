"""What the chart page prints, from small resources."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox import chart_notes, chart_results, chart_view, fhir_text, trend
from sandbox.chart_notes import Dated
from sandbox.chart_view import Bed

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SEEDED = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def lab(when: str, value: str, code: str = "2823-3", flag: str = "", **more: Any) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"code": code}], "text": code},
        "effectiveDateTime": when,
        "valueQuantity": {"value": Decimal(value), "unit": "mmol/L"},
    }
    if flag:
        resource["interpretation"] = [{"coding": [{"code": flag}]}]
    return {**resource, **more}


def test_the_table_shows_the_newest_four_columns_oldest_first() -> None:
    values = [lab(f"2026-11-{day:02d}T08:00:00Z", f"4.{day % 10}") for day in range(10, 17)]
    table = chart_results.results(values, date(2026, 11, 22))

    assert table.columns == ("11/13", "11/14", "11/15", "11/16")
    assert [cell.text for cell in table.rows[0].cells] == ["4.3", "4.4", "4.5", "4.6"]
    assert table.newest == "11/16/2026 08:00"


def test_a_test_that_was_not_done_leaves_a_gap_and_no_false_point() -> None:
    values = [
        lab("2026-11-20T08:00:00Z", "4.0"),
        lab("2026-11-21T08:00:00Z", "138", code="2951-2"),
        lab("2026-11-22T02:00:00Z", "5.0"),
    ]
    row = chart_results.results(values, date(2026, 11, 22)).rows[0]

    assert [cell.text for cell in row.cells] == ["4.0", "", "5.0"]
    assert row.trend is not None
    assert len(row.trend.points) == 2


def test_a_retracted_result_is_not_shown() -> None:
    table = chart_results.results(
        [lab("2026-11-20T08:00:00Z", "4.0", status="entered-in-error")], date(2026, 11, 22)
    )

    assert table.rows == ()


@pytest.mark.parametrize(("flag", "critical"), [("H", False), ("LL", True), ("N", False)])
def test_critical_is_more_than_high(flag: str, critical: bool) -> None:
    row = chart_results.results(
        [lab("2026-11-20T08:00:00Z", "4.0", flag=flag)], date(2026, 11, 22)
    ).rows[0]

    assert row.cells[0].critical is critical
    assert row.cells[0].flag == ("" if flag == "N" else flag)


def test_digits_are_printed_as_measured() -> None:
    assert fhir_text.shown(Decimal("1.50")) == "1.50"
    assert fhir_text.shown(Decimal("12.0")) == "12.0"
    assert fhir_text.shown(Decimal("7.1234567")) == "7.12"


def test_a_trend_places_the_band_between_its_limits() -> None:
    drawn = trend.draw("Potassium", [Decimal(3), Decimal(6)], Decimal("3.5"), Decimal("5.1"))

    assert drawn is not None
    top, height = drawn.band or (0, 0)
    low_point, high_point = drawn.points[0][1], drawn.points[1][1]
    assert high_point < top < top + height < low_point
    assert drawn.label == "Trend of potassium: 3, 6"
    assert trend.draw("x", [Decimal(1), None]) is None


@pytest.mark.parametrize(
    ("born", "words"),
    [
        ("1910-11-18", "116 y"),
        ("2024-11-22", "2 y"),
        ("2024-11-23", "23 mo"),
        ("2026-11-02", "20 d"),
        ("1954", "about 72 y"),
        (None, ""),
    ],
)
def test_ages_are_written_as_on_a_ward(born: str | None, words: str) -> None:
    assert fhir_text.age(born, NOW.date()) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-11-22T00:50:00+00:00", "11/22/2026 00:50"),
        ("2026-11-22", "11/22/2026"),
        ("2026-11", "11/2026"),
        ("1998", "1998"),
        (None, ""),
    ],
)
def test_a_date_says_what_it_says_and_no_more(text: str | None, words: str) -> None:
    assert fhir_text.day_and_clock(text) == words


def document(stored_at: datetime, **more: Any) -> Dated:
    resource = {
        "resourceType": "DocumentReference",
        "id": more.pop("id", "d1"),
        "status": "current",
        "type": {"coding": [{"code": "11488-4"}]},
        "content": [{"attachment": {"contentType": "text/plain", "data": "QQ=="}}],
    }
    return Dated(resource={**resource, **more}, stored_at=stored_at)


def test_a_consult_note_of_the_seed_is_no_opinion_from_outside() -> None:
    assert chart_notes.opinions([document(SEEDED)], SEEDED) == ()
    assert len(chart_notes.opinions([document(NOW)], SEEDED)) == 1


def test_a_retracted_opinion_says_so_and_hides_its_text() -> None:
    shown = chart_notes.opinions([document(NOW, status="entered-in-error")], SEEDED)[0]

    assert shown.state == "Retracted"
    assert not shown.is_current


def test_markup_in_an_attachment_is_never_taken_for_text() -> None:
    attachment = {"contentType": "application/xhtml+xml", "data": "PGI+"}

    assert fhir_text.attachment_text(attachment) is None
    assert fhir_text.attachment_text({"contentType": "text/plain", "data": "!!"}) == ""


def test_a_bare_patient_makes_a_page() -> None:
    patient = Dated(resource={"resourceType": "Patient", "id": "p"}, stored_at=SEEDED)
    bed = Bed(ward="4 West", bed="1", reason="", code_status="Full", seeded_at=SEEDED)
    view = chart_view.build({"Patient": [patient]}, bed, NOW)

    assert view.banner.name == "Unknown"
    assert view.banner.allergies == "None recorded"
    assert view.table.rows == ()
