"""Whatever comes in, nothing is invented, nothing leaks, nothing changes under our hands."""

import copy
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deid import policy
from deid.errors import CaseHeld, ContentUnusable
from deid.pipeline import CaseInput, deidentify
from tests.support.deid_cases import case, observation, patient, strings

POLICY = policy.load()
SECRET = "Zorblaxquim"
ELEMENTS = sorted(POLICY.element_names | {"zorblax", "modifierExtension"})

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-999, max_value=999)
    | st.sampled_from(["final", "active", "2026-11-20", "1959-03-04", "kg", "a", "Observation/1",
                       "Patient/pt-9c27e1", "#a", "", "http://loinc.org", SECRET,
                       f"seen {SECRET}", "data", f"Mr. {SECRET}: K 6.1"])
)  # fmt: skip
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(ELEMENTS), inner, max_size=5)
    ),
    max_leaves=12,
)
kinds = st.sampled_from([*sorted(POLICY.types.nodes), "Claim", "Zorblax"])
changes = st.dictionaries(st.sampled_from(ELEMENTS), values, max_size=6)
about = {
    "subject": {"reference": "Patient/pt-9c27e1"},
    "patient": {"reference": "Patient/pt-9c27e1"},
}


@st.composite
def odd_resources(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(kinds.filter(lambda each: each != "Patient"))
    return {**draw(changes), **about, "resourceType": kind, "id": draw(st.sampled_from("abc"))}


def secret_patient() -> dict[str, Any]:
    return patient(name=[{"family": SECRET}])


def prepared(made: CaseInput) -> list[bytes] | str:
    try:
        sealed = deidentify(made, POLICY).sealed
    except (CaseHeld, ContentUnusable) as held:
        return type(held).__name__
    return [entry.body for entry in sealed.entries]


brief = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
relaxed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(st.lists(odd_resources(), max_size=4))
def test_any_content_is_prepared_refused_or_held_and_never_leaks(
    resources: list[dict[str, Any]],
) -> None:
    made = case(*resources, first=secret_patient())
    before = copy.deepcopy(made)

    result = prepared(made)

    assert made == before
    if not isinstance(result, str):
        assert all(SECRET.encode() not in body for body in result)
        assert all(b"zorblax" not in body.lower() for body in result)


@relaxed
@given(st.lists(odd_resources(), max_size=4), st.randoms(use_true_random=False))
def test_the_same_input_gives_the_same_bytes_in_any_order(
    resources: list[dict[str, Any]], random: Any
) -> None:
    unique = [{**each, "id": f"r{n}"} for n, each in enumerate(resources)]
    shuffled = unique[:]
    random.shuffle(shuffled)
    assert prepared(case(*unique)) == prepared(case(*unique))
    assert prepared(case(*unique)) == prepared(case(*shuffled))


OURS = (
    {word for pair in POLICY.constants for word in pair}
    | {name for system in POLICY.codes.systems.values() for name in system.names.values()}
    | {code for system in POLICY.codes.systems.values() for code in system.names}
    | POLICY.element_names
    | {"minutes", "days", "years", "months", "weeks", "hours", "min", "d", "a", "wk", "mo", "h"}
    | {"part1", "#part1", "part2", "#part2", "text/plain; charset=utf-8", "urn:ietf:bcp:47"}
)


def known_or_ours(text: str, given_words: set[str]) -> bool:
    return (
        text in given_words
        or text in OURS
        or text.startswith("https://confer.example/fhir/")
        or (text.isdigit() and len(text) == 4)
        or "[" in text
    )


@relaxed
@given(odd_resources())
def test_the_walk_invents_nothing(resource: dict[str, Any]) -> None:
    # Every outgoing string is in the input, a word of ours, a year or a bracketed token.
    subject = patient(birthDate=None)
    try:
        entries = deidentify(case(resource, first=subject), POLICY).sealed.entries
    except (CaseHeld, ContentUnusable):
        return
    given_words = set(strings([resource, subject]))
    out = [text for entry in entries for text in strings(entry.resource)]
    assert [text for text in out if not known_or_ours(text, given_words)] == []


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-999_999, max_value=999_999
    ).filter(lambda each: len(str(each)) <= 30)
)
@settings(max_examples=100, deadline=None)
def test_numbers_leave_with_their_digits(number: Decimal) -> None:
    made = observation(valueQuantity={"value": number})
    (left,) = [
        entry.resource["valueQuantity"]["value"]
        for entry in deidentify(case(made), POLICY).sealed.entries
        if b"2823-3" in entry.body
    ]
    assert Decimal(left) == number


SHIFTED = policy.load("expert-determination")
days = st.dates(min_value=date(1950, 1, 1), max_value=date(2026, 11, 20))
clocks = st.times().map(lambda at: at.isoformat("seconds"))
zones = st.sampled_from(["Z", "-05:00", "-04:00", "+05:45", "+10:30", "-08:00"])


@st.composite
def moments(draw: st.DrawFn) -> str:
    return f"{draw(days)}T{draw(clocks)}{draw(zones)}"


def shifted_times(written: list[str], key: bytes) -> list[str]:
    made = [observation(id=f"o{n}", effectiveDateTime=each) for n, each in enumerate(written)]
    prepared_case = deidentify(case(*made, case_key=key), SHIFTED)
    return [
        entry.resource["effectiveDateTime"]
        for entry in prepared_case.sealed.entries
        if b"2823-3" in entry.body
    ]


@brief
@given(st.lists(moments(), min_size=2, max_size=4), st.binary(min_size=32, max_size=32))
def test_intervals_between_shifted_moments_are_those_of_the_chart(
    written: list[str], key: bytes
) -> None:
    true = sorted(datetime.fromisoformat(each) for each in written)
    moved = sorted(datetime.fromisoformat(each) for each in shifted_times(written, key))
    shift = moved[0] - true[0]
    assert [each - shift for each in moved] == true
    assert abs(shift) >= timedelta(days=31)
    assert shift % timedelta(days=1) == timedelta()


@brief
@given(days, st.binary(min_size=32, max_size=32))
def test_a_date_in_a_text_moves_as_the_same_date_in_a_field(day: date, key: bytes) -> None:
    (field,) = shifted_times([day.isoformat()], key)
    said = deidentify(
        case(texts={"question": f"Potassium 6.1 since {day.isoformat()} at home."}, case_key=key),
        SHIFTED,
    ).sealed.texts["question"]
    assert said == f"Potassium 6.1 since [{field}] at home."


@brief
@given(st.lists(odd_resources(), max_size=5))
def test_every_reference_that_leaves_points_to_something_that_left(
    resources: list[dict[str, Any]],
) -> None:
    unique = [{**each, "id": f"r{n}"} for n, each in enumerate(resources)]
    made = case(*unique, first=secret_patient())
    try:
        entries = deidentify(made, POLICY).sealed.entries
    except (CaseHeld, ContentUnusable):
        return
    base = f"https://confer.example/fhir/case/{made.case_id}"
    left = {f"{base}/{entry.resource_type}/{entry.n}" for entry in entries}
    for entry in entries:
        inside = {f"#{each['id']}" for each in entry.resource.get("contained", ())}
        assert set(references(entry.resource)) <= left | inside


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [each for item in value.values() for each in references(item)]
    if isinstance(value, list):
        return [each for item in value for each in references(item)]
    return []


@brief
@given(odd_resources())
def test_what_left_leaves_again_unchanged_in_its_codes_and_numbers(
    resource: dict[str, Any],
) -> None:
    # Idempotent where it can be: a code, a number or a clean text is not touched again.
    once = again(resource)
    if once is None:
        return
    twice = again({**once, "id": "again", **{k: v for k, v in about.items() if k in once}})
    kept = ("code", "status", "category", "valueQuantity", "valueString", "note", "bodySite")
    assert twice is not None
    assert {k: twice.get(k) for k in kept if "[" not in str(once.get(k))} == {
        k: once.get(k) for k in kept if "[" not in str(once.get(k))
    }


def again(resource: dict[str, Any]) -> dict[str, Any] | None:
    try:
        entries = deidentify(case(resource, first=patient(birthDate=None)), POLICY).sealed.entries
    except (CaseHeld, ContentUnusable):
        return None
    kind = resource.get("resourceType")
    return next((entry.resource for entry in entries if entry.resource_type == kind), None)
