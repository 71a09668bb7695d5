"""Rows 34, 35, 37, 40 of spec deid.md 5: the shift of a case, its pseudonyms, families."""

import re
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.deid_cases import CASE_KEY
from tests.support.escapes import (
    SUBJECT,
    Escape,
    Resource,
    check,
    listed,
    note,
    observation,
    patient,
    readable,
    sent,
)

_ANCHOR = "2026-03-08"  # clocks go forward on this day in the United States


def _condition(**changes: Any) -> Resource:
    return {
        "resourceType": "Condition",
        "id": "c-34",
        "subject": SUBJECT,
        "code": {"text": "Gout"},
        **changes,
    }


def _shifted(text: str, **more: Any) -> str:
    return readable(
        sent(
            Escape(
                row=34,
                words="shift",
                policy="expert-determination",
                resources=(
                    observation(effectiveDateTime=f"{_ANCHOR}T01:30:00-05:00"),
                    _condition(
                        onsetPeriod={"start": "2026-02-28", "end": "2026-03-31"},
                        recordedDate="2024-02-29",
                    ),
                    note(text),
                ),
                more=more,
            )
        )
    )


def _days(plain: str) -> int:
    found = re.search(r'"effectiveDateTime":"(\d{4}-\d\d-\d\d)T01:30:00', plain)
    assert found is not None
    return (date.fromisoformat(found[1]) - date.fromisoformat(_ANCHOR)).days


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("8 March 2026", "2026-03-08"),
        ("31/03/2026", "2026-03-31"),
        ("2026-02-28", "2026-02-28"),
        ("Feb 29, 2024", "2024-02-29"),
        ("1st of November 2026", "2026-11-01"),
    ],
)
def test_row_34_one_shift_for_dates_in_fields_and_in_words(
    number: int, written: str, meant: str
) -> None:
    plain = _shifted(f"Seen {written} with edema.", case_key=bytes([number]) * 32)

    days = timedelta(days=_days(plain))
    assert days.days != 0
    assert str(date.fromisoformat(meant) + days) in plain.partition("Seen ")[2]
    for fixed in ("2026-02-28", "2026-03-31", "2024-02-29"):
        assert str(date.fromisoformat(fixed) + days) in plain
        assert (days == timedelta()) == (f'"{fixed}"' in plain)
    assert "edema" in plain


def test_row_35_the_shift_is_never_zero_never_small_and_spread() -> None:
    days = [_days(_shifted("edema", case_key=bytes([n, 255 - n]) * 16)) for n in range(0, 240, 20)]

    assert min(abs(each) for each in days) >= 31
    assert max(abs(each) for each in days) <= 365
    assert len(set(days)) > 8
    assert {each > 0 for each in days} == {True, False}


def test_row_35_the_shift_hangs_on_the_secret_and_on_nothing_of_the_person() -> None:
    base = _days(_shifted("edema"))
    assert base == _days(_shifted("edema with pain", case_id="zyxwvutsrqponmlkjihgfedcba"))
    assert base != _days(_shifted("edema", case_key=bytes(32)))


def test_row_35_a_case_without_a_whole_key_stops() -> None:
    with pytest.raises(Exception, match="key"):
        _shifted("edema", case_key=b"")


def test_row_37_two_cases_of_one_patient_share_no_pseudonym_and_no_number() -> None:
    escape = Escape(row=37, words="one", resources=(note("Mrs Okonkwo-Hale has edema."),))
    other = Escape(
        row=37,
        words="two",
        resources=escape.resources,
        more={"case_id": "zyxwvutsrqponmlkjihgfedcba", "case_key": bytes(32)},
    )

    one, two = (readable(sent(each)) for each in (escape, other))

    assert "[patient]" in one
    long = re.compile(r"[0-9a-f]{8,}|[A-Za-z2-7]{20,}|[0-9]{7,}")
    shared = set(long.findall(one)) & set(long.findall(two))
    # what both hold are public codes and our own words
    assert {word for word in shared if word not in {"84114007"} and not word.isalpha()} == set()


def test_row_37_the_order_and_the_ids_of_the_chart_do_not_show() -> None:
    results = [observation(id=f"r-{n}", note=[{"text": f"value {n}"}]) for n in range(6)]
    renamed = [{**each, "id": f"zz-{9 - n}"} for n, each in enumerate(results)]
    one = sent(Escape(row=37, words="a", resources=tuple(results)))
    two = sent(Escape(row=37, words="b", resources=tuple(reversed(renamed))))

    assert [e.body for e in one.sealed.entries] == [e.body for e in two.sealed.entries]


def test_row_37_tokens_do_not_tell_the_number_of_people_of_the_chart() -> None:
    naming = tuple(
        {
            "resourceType": "Practitioner",
            "id": f"p-{n}",
            "name": [{"family": f"Wrexcombe{chr(97 + n)}", "given": ["Ada"]}],
        }
        for n in range(9)
    )
    escape = Escape(
        row=37,
        words="tokens",
        naming=naming,
        resources=(note("Dr Wrexcombeh and Dr Wrexcombec agree on edema."),),
    )

    used = Counter(re.findall(r"\[clinician (\d+)\]", readable(sent(escape))))

    assert set(used) == {"1", "2"}


ROW_40 = listed(
    Escape(
        row=40,
        words="a pedigree with names, births and deaths",
        planted=("Horatio", "Prunella", "1931", "1958-02-03", "Horatio Hale"),
        resources=(
            {
                "resourceType": "FamilyMemberHistory",
                "id": "f-1",
                "status": "completed",
                "patient": SUBJECT,
                "name": "Prunella Thackerby",
                "relationship": {"text": "twin sister Prunella"},
                "bornDate": "1958-02-03",
                "deceasedDate": "2019-04-05",
                "condition": [
                    {
                        "code": {"text": "Polycystic kidneys, like brother Horatio (b. 1931)"},
                        "onsetString": "when Horatio Hale died",
                    }
                ],
            },
        ),
        kept=("Polycystic kidneys", "sister"),
    ),
    Escape(
        row=40,
        words="a donor and a recipient in the same house",
        planted=("CV-0093188", "Aurelia", "14 March"),
        resources=(note("Kidney from sister Aurelia (MRN CV-0093188) on 14 March. No edema."),),
        kept=("Kidney", "edema"),
    ),
    Escape(
        row=40,
        words="twins, one record inside the other",
        planted=("Twin B", "BB Okonkwo", "CV-0093190"),
        first=patient(multipleBirthInteger=2),
        resources=(
            observation(
                focus=[{"reference": "Patient/hv-0093188", "display": "BB Okonkwo (Twin B)"}],
                subject={"reference": "Patient/hv-0093188"},
                note=[{"text": "Twin B CV-0093190"}],
            ),
        ),
        outcome="refused",
    ),
    Escape(
        row=40,
        words="a mother and her newborn by one address",
        planted=("Mom MRN CV-0093111", "0093111", "Harrow Mews"),
        resources=(note("Infant of 0093111, mom lives at 41 Harrow Mews too. edema"),),
        kept=("edema",),
    ),
)


@pytest.mark.parametrize("escape", ROW_40)
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)


def test_row_40_sibling_cases_do_not_share_the_shift() -> None:
    days = {
        _days(_shifted("edema", case_id=f"sibling{name}", case_key=key))
        for name, key in (("a", CASE_KEY), ("b", bytes(32)), ("c", b"\x07" * 32))
    }
    assert len(days) == 3
