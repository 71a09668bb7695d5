"""The operator's page of the connection check: what to change first, and nobody else's business."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from launch.ports import Site
from runtime import settings
from runtime.tables import AuditRow
from smartapp.gateway import operator_access
from smartapp.gateway.check_site import CheckedLine
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.web.app import create_app
from tests.support.doctor_visitor import BASE
from tests.support.gateway import Hospital, hospital

CHECK = "/operate/sites/north/check"


@dataclass
class Examiner:
    """Stands in for the check."""

    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def __call__(self, site: Site, patient_id: str | None) -> Sequence[CheckedLine]:
        self.asked.append((str(site.site_id), patient_id))
        facts = {"means": "Doctors wait.", "who": "the EHR's team", "fix": "Switch <it> on."}
        return (
            CheckedLine(group="Discovery", level="pass", says="Fine.", code="a.b", **facts),
            CheckedLine(group="Reading", level="fail", says="Broken.", code="c.d", **facts),
        )


@pytest.fixture
def here(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Hospital]:
    with hospital(tmp_path, workers=deid_workers) as made:
        yield made


@pytest.fixture
def examiner() -> Examiner:
    return Examiner()


@pytest.fixture
def client(here: Hospital, tmp_path: Path, examiner: Examiner) -> FlaskClient:
    services = replace(here.services, check_site=examiner)
    app = create_app(services, settings.load(overrides={"data_dir": str(tmp_path)}))
    browser = app.test_client()
    code = operator_access.offer_link(here.database, here.services.keyring)
    browser.post(f"/operate/enter/{code}", base_url=BASE, headers={"Origin": BASE})
    return browser


def _token(client: FlaskClient) -> str:
    shown = client.get("/operate/sites/north", base_url=BASE).text
    assert f'action="{CHECK}"' in shown
    return re.findall(r'name="csrf_token" value="([^"]+)"', shown)[0]


def test_an_operator_sees_what_to_change_first_and_the_check_is_audited(
    client: FlaskClient, here: Hospital, examiner: Examiner
) -> None:
    form = {"csrf_token": _token(client), "patient": "pt-1"}
    shown = client.post(CHECK, base_url=BASE, data=form, headers={"Origin": BASE})
    assert shown.status_code == 200
    assert shown.text.index("Change this first") < shown.text.index("Discovery")
    assert "Switch &lt;it&gt; on." in shown.text
    assert "pt-1" not in shown.text
    assert examiner.asked == [("north", "pt-1")]
    with here.database.read() as session:
        row = session.scalars(sa.select(AuditRow).where(AuditRow.event == "site.checked")).one()
        assert (row.subject, row.outcome) == ("north", "fail")
        assert "pt-1" not in str(row.detail)


@pytest.mark.parametrize(
    ("fields", "headers", "status"),
    [
        ({"patient": "a/../b"}, {"Origin": BASE}, 422),
        ({}, {"Origin": "https://evil.example"}, 403),
        ({"csrf_token": "no"}, {"Origin": BASE}, 403),
    ],
)
def test_nothing_is_asked_of_the_ehr_for_a_wrong_request(
    client: FlaskClient,
    examiner: Examiner,
    fields: dict[str, str],
    headers: dict[str, str],
    status: int,
) -> None:
    data = {"csrf_token": _token(client), **fields}
    refused = client.post(CHECK, base_url=BASE, data=data, headers=headers)
    assert refused.status_code == status
    assert examiner.asked == []
