"""Every persona loads whole: resolved, dated, filled, and no larger than agreed."""

import base64
import functools
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox import compartment, fhir_types, personas, story_time

NOW = datetime(2028, 2, 29, 14, 33, 12, tzinfo=UTC)
NAMES = personas.names()


@functools.cache
def chart_of(name: str) -> list[dict[str, Any]]:
    """The chart of a persona at NOW; read only."""
    return personas.chart(personas.load(name), now=NOW)[0]


def test_there_are_thirteen_published_charts_two_stories_and_a_canary() -> None:
    loaded = [personas.load(name) for name in NAMES]

    assert sum(p.anchor is None for p in loaded) == 13
    assert [p.name for p in loaded if p.teaching] == ["adela", "ivo"]
    assert [p.name for p in loaded if not p.listed] == ["canary"]
    assert all(p.source and p.license and p.shows for p in loaded)
    assert len({p.patient_id for p in loaded}) == len(loaded)


@pytest.mark.parametrize("name", NAMES)
def test_a_chart_has_no_open_end(name: str) -> None:
    persona = personas.load(name)
    chart = chart_of(name)
    known = {f"{r['resourceType']}/{r['id']}" for r in [*chart, *personas.hospital()]}
    text = json.dumps(chart, default=str)
    pointed = set(re.findall(r'"reference": "([^"]*)"', text))

    assert {ref for ref in pointed if not ref.startswith("#")} <= known
    assert {r["resourceType"] for r in chart} <= set(fhir_types.TYPES)
    assert "{{" not in text
    assert "notes/" not in text
    homes = {compartment.compartment_of(r, "http://e.example/fhir") for r in chart}
    assert homes <= {persona.patient_id, compartment.SHARED}


@pytest.mark.parametrize("name", NAMES)
def test_a_visit_is_going_on(name: str) -> None:
    persona = personas.load(name)
    chart = chart_of(name)
    visit = next(r for r in chart if r["id"] == persona.encounter_id)
    started = datetime.fromisoformat(visit["period"]["start"])

    assert visit["status"] == "in-progress"
    assert NOW - timedelta(days=3) < started < NOW


def test_files_stay_small() -> None:
    files = [path for path in personas.FOLDER.rglob("*") if path.is_file()]

    assert all(path.stat().st_size < 250_000 for path in files)
    assert sum(path.stat().st_size for path in files) < 3_000_000


@pytest.mark.parametrize("name", ["adela", "ivo", "canary"])
def test_nothing_in_a_fresh_story_lies_in_the_future(name: str) -> None:
    chart = chart_of(name)
    moments = re.findall(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", json.dumps(chart, default=str))
    newest = max(datetime.fromisoformat(moment) for moment in moments)

    assert newest <= NOW
    assert newest > NOW - timedelta(hours=1)


def test_the_notes_of_a_story_tell_the_same_times_as_its_results() -> None:
    chart = chart_of("adela")
    potassium = next(
        r
        for r in chart
        if r["resourceType"] == "Observation"
        and str(r.get("valueQuantity", {}).get("value")) == "6.4"
    )
    note = next(
        base64.b64decode(r["content"][0]["attachment"]["data"]).decode()
        for r in chart
        if r["resourceType"] == "DocumentReference" and r["type"]["text"] == "ED note"
    )

    assert f"K 6.4 at {potassium['effectiveDateTime'][11:16]}" in note


def test_the_age_in_a_story_stays_what_the_notes_say() -> None:
    for when in (NOW, NOW.replace(year=2030, month=11), datetime(2026, 11, 22, 3, tzinfo=UTC)):
        chart, _ = personas.chart(personas.load("adela"), now=when)
        born = datetime.fromisoformat(
            next(r["birthDate"] for r in chart if r["resourceType"] == "Patient")
        )
        years = when.year - born.year - ((when.month, when.day) < (born.month, born.day))
        assert years == 67


def test_each_canary_word_is_in_the_chart_and_in_no_other() -> None:
    canary = personas.load("canary")

    def text_of(name: str) -> str:
        chart = chart_of(name)
        notes = [
            base64.b64decode(c["attachment"].get("data", "")).decode("utf-8", "replace")
            for r in chart
            if r["resourceType"] == "DocumentReference"
            for c in r["content"]
        ]
        return (json.dumps(chart, default=str, ensure_ascii=False) + " ".join(notes)).casefold()

    own = text_of("canary")
    others = " ".join(text_of(name) for name in ("adela", "ivo", "elisa"))
    for word in canary.canary_words:
        assert word.casefold() in own
        assert word.casefold() not in others


def test_invented_numbers_come_from_the_safe_ranges() -> None:
    for name in ("adela", "ivo", "canary"):
        text = (personas.FOLDER / name / "chart.json").read_text(encoding="utf-8")
        phones = re.findall(r"\(\d{3}\) \d{3}-\d{4}", text)
        social = re.findall(r'us-ssn","value":"(\d{3})-(\d\d)', text)

        assert phones
        assert all(re.fullmatch(r"\(\d{3}\) 555-01\d\d", phone) for phone in phones)
        assert all(area[0] == "9" and 10 <= int(group) <= 49 for area, group in social)
        assert all(npi[0] == "2" for npi in re.findall(r'us-npi","value":"(\d{10})', text))


def test_old_visits_keep_their_time_of_day_and_fresh_ones_their_distance() -> None:
    moved = story_time.move("2026-11-22T02:12:00+00:00", NOW)

    assert moved.moment("2026-11-22T02:12:00+00:00") == "2028-02-29T14:30:00+00:00"
    assert moved.moment("2026-11-22T00:12:00+00:00") == "2028-02-29T12:30:00+00:00"
    assert moved.moment("2026-10-03T09:30:00+00:00")[11:] == "09:30:00+00:00"
    assert moved.moment("2022") == "2023"
    assert moved.moment("text") == "text"
    assert moved.resource({"birthDate": "1959-03-04", "code": "2026-11-22"})["code"] == "2026-11-22"
