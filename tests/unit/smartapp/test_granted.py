"""What the EHR granted decides what the doctor is told before asking."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from launch.errors import BackendRefused, LaunchError, Step, TokenUnreachable
from launch.ports import Site
from smartapp.gateway.granted import may_file, sections_not_granted
from smartapp.web.words import not_granted_words
from tests.support.launch_stores import make_site


@dataclass
class _Charts:
    """Only the gateway's own grant (smartapp.gateway.services.ChartAccess)."""

    granted: Sequence[str] | LaunchError

    def granted_to_gateway(self, site: Site) -> Sequence[str]:
        if isinstance(self.granted, LaunchError):
            raise self.granted
        return self.granted


@pytest.mark.parametrize("granted", [["patient/*.rs"], ["patient/*.read"], ["user/*.cruds"]])
def test_a_full_grant_of_either_dialect_leaves_no_section_out(granted: list[str]) -> None:
    assert sections_not_granted(granted) == ()


def test_a_narrow_grant_names_the_sections_that_cannot_be_read() -> None:
    missing = sections_not_granted(["patient/Observation.rs", "patient/MedicationRequest.read"])
    assert {"conditions", "notes", "documents", "imaging"} <= set(missing)
    assert not {"labs", "vitals", "medications"} & set(missing)


def test_an_empty_grant_can_read_nothing() -> None:
    assert {"labs", "conditions", "notes"} <= set(sections_not_granted([]))


@pytest.mark.parametrize(
    ("granted", "allowed"),
    [
        (["system/DocumentReference.crs"], True),
        (["system/*.write"], True),
        (["system/Communication.crs"], True),
        (["system/QuestionnaireResponse.c"], False),  # not without an agreement
        (["system/DocumentReference.rs"], False),
        (["user/DocumentReference.crs"], False),
        (BackendRefused(step=Step.BACKEND), False),
        (TokenUnreachable(step=Step.BACKEND), True),
    ],
)
def test_filing_is_promised_only_where_nothing_refused_it(
    granted: Sequence[str] | LaunchError, allowed: bool
) -> None:
    assert may_file(_Charts(granted), make_site()) is allowed  # type: ignore[arg-type]


def test_a_site_without_write_back_is_not_asked() -> None:
    charts = _Charts(["system/DocumentReference.crs"])
    site = replace(make_site(), write_back="none")
    assert may_file(charts, site) is False  # type: ignore[arg-type]


def test_the_forms_that_a_site_allows_decide_what_is_promised() -> None:
    charts = _Charts(["system/QuestionnaireResponse.c"])
    site = replace(make_site(), write_as=("questionnaire_response",))
    assert may_file(charts, site) is True  # type: ignore[arg-type]
    assert may_file(charts, replace(site, write_policy="never")) is False  # type: ignore[arg-type]


def test_one_missing_section_reads_as_a_sentence() -> None:
    assert not_granted_words(["imaging"], may_file=True) == (
        "This EHR does not let Confer read Imaging; the specialist is told."
    )
    assert not_granted_words(["relatives"], may_file=True) == ""
