"""The gateway's routes for machines: is it up, can it work, which keys are ours."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from runtime import settings
from runtime.database import open_database
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.services import GatewayServices
from smartapp.web.app import create_app
from tests.support.gateway import Hospital, hospital

BASE = "http://127.0.0.1:8401"


@pytest.fixture
def here(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Hospital]:
    with hospital(tmp_path, workers=deid_workers) as made:
        yield made


def _client(services: GatewayServices, folder: Path) -> FlaskClient:
    app = create_app(services, settings.load(overrides={"data_dir": str(folder)}))
    app.testing = False
    return app.test_client()


@pytest.mark.parametrize(("path", "status"), [("/health", "up"), ("/ready", "ready")])
def test_a_gateway_that_can_work_says_so_without_a_session(
    here: Hospital, tmp_path: Path, path: str, status: str
) -> None:
    answer = _client(here.services, tmp_path).get(path, base_url=BASE)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.get_json() == {"status": status}


@pytest.mark.parametrize(
    ("file", "failed"), [("empty.db", ["tables"]), ("", ["database", "tables"])]
)
def test_a_gateway_without_its_data_is_up_but_not_ready(
    here: Hospital, tmp_path: Path, file: str, failed: list[str]
) -> None:
    # a folder is no database; an empty file is one without tables
    (tmp_path / "other").mkdir()
    database = open_database(f"sqlite:///{tmp_path / 'other' / file}")
    client = _client(replace(here.services, database=database), tmp_path)
    assert client.get("/health", base_url=BASE).status_code == 200
    answer = client.get("/ready", base_url=BASE)
    assert answer.status_code == 503
    assert answer.get_json() == {"status": "not ready", "failed": failed}


def test_an_ehr_finds_our_public_keys_at_the_address_it_was_given(
    here: Hospital, tmp_path: Path
) -> None:
    answer = _client(here.services, tmp_path).get("/.well-known/jwks.json", base_url=BASE)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=600"
    (key,) = answer.get_json()["keys"]
    assert key["kid"] == here.services.ehr_keys()[0]["kid"]
    assert "d" not in key
    assert key["kid"] != here.services.consult.key.kid
