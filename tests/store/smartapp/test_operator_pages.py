"""The operator's pages over HTTP: a link once, half an hour, the switch, and no secret."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import responses
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from runtime import clock, settings
from runtime.tables import AuditRow
from smartapp.gateway import operator_access, register_site
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.store.launch_rows import SiteRow
from smartapp.web.app import create_app
from tests.support.doctor_visitor import BASE, ask_and_approve, at_launch
from tests.support.gateway import Hospital, hospital
from tests.support.launch_stores import ISSUER, make_site

SECRET = "s3cret-canary"


@pytest.fixture
def here(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Hospital]:
    """Pages are the same on every database: SQLite here."""
    with hospital(tmp_path, workers=deid_workers) as made:
        yield made


@pytest.fixture
def app(here: Hospital, tmp_path: Path) -> Flask:
    made = create_app(here.services, settings.load(overrides={"data_dir": str(tmp_path)}))
    made.testing = False
    return made


def post(client: FlaskClient, path: str, token: str = "", **fields: str) -> TestResponse:
    return client.post(
        path, base_url=BASE, data={"csrf_token": token, **fields}, headers={"Origin": BASE}
    )


def signed_in(app: Flask, here: Hospital) -> FlaskClient:
    client = app.test_client()
    code = operator_access.offer_link(here.database, here.services.keyring)
    opened = post(client, f"/operate/enter/{code}")
    assert opened.headers["Location"] == "/operate/sites"
    return client


def page(client: FlaskClient, path: str) -> tuple[str, str]:
    """A page's text and its form token."""
    answer = client.get(path, base_url=BASE)
    assert answer.status_code == 200
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    found = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert found is not None
    return answer.text, found[1]


def events(here: Hospital) -> list[str]:
    with here.database.read() as session:
        rows = session.scalars(sa.select(AuditRow).order_by(AuditRow.position))
        return [row.event for row in rows]


def test_a_link_opens_once_and_looking_at_it_uses_nothing_up(app: Flask, here: Hospital) -> None:
    code = operator_access.offer_link(here.database, here.services.keyring)
    client, second = app.test_client(), app.test_client()
    looked = client.get(f"/operate/enter/{code}", base_url=BASE)
    assert looked.status_code == 200
    assert "Set-Cookie" not in looked.headers
    opened = post(client, f"/operate/enter/{code}")
    assert opened.status_code == 303
    cookie = opened.headers["Set-Cookie"]
    assert all(part in cookie for part in ("__Host-", "Secure", "HttpOnly", "SameSite=Lax"))
    again = post(second, f"/operate/enter/{code}")
    assert again.status_code == 401
    assert "no longer works" in again.text
    assert events(here) == [
        "operator.link_made",
        "operator.signed_in",
        "operator.link_refused",
    ]


def test_a_link_is_dead_after_a_minute_and_a_session_after_half_an_hour(
    app: Flask, here: Hospital
) -> None:
    code = operator_access.offer_link(here.database, here.services.keyring)
    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        assert post(app.test_client(), f"/operate/enter/{code}").status_code == 401
    client = signed_in(app, here)
    page(client, "/operate/sites")
    with time_machine.travel(clock.now() + timedelta(minutes=29)):
        page(client, "/operate/sites")
    with time_machine.travel(clock.now() + timedelta(minutes=31)):
        late = client.get("/operate/sites", base_url=BASE)
    assert late.status_code == 401
    assert "North Hospital" not in late.text


def test_nobody_comes_in_without_a_session_or_with_a_link_as_one(
    app: Flask, here: Hospital
) -> None:
    code = operator_access.offer_link(here.database, here.services.keyring)
    client = app.test_client()
    client.set_cookie("__Host-confer-operator", code, domain="127.0.0.1", secure=True)
    for path in ("/operate/sites", "/operate/sites/north"):
        assert client.get(path, base_url=BASE).status_code == 401
    for path in ("disable", "enable", "probe"):
        assert post(client, f"/operate/sites/north/{path}").status_code == 401
    site = here.services.sites.every()[0]
    assert site.enabled


def test_the_switch_needs_a_reason_and_shows_what_waits(app: Flask, here: Hospital) -> None:
    client = signed_in(app, here)
    _, token = page(client, "/operate/sites/north")
    forged = post(client, "/operate/sites/north/disable", "forged", reason="incident")
    assert forged.status_code == 403
    without = post(client, "/operate/sites/north/disable", token)
    assert without.status_code == 422
    assert "Say why it is switched off" in without.text
    done = post(client, "/operate/sites/north/disable", token, reason="incident", note="call Ann")
    assert done.status_code == 303
    text, token = page(client, "/operate/sites/north")
    assert "Switched off: a safety incident" in text
    assert "call Ann" in text
    listed, _ = page(client, "/operate/sites")
    assert "Switched off" in listed
    refused = client.get(f"/launch?iss={ISSUER}&launch=x", base_url=BASE)
    assert refused.status_code == 503
    assert "switched off for this EHR" in refused.text
    post(client, "/operate/sites/north/enable", token)
    assert here.services.sites.every()[0].enabled
    assert [one for one in events(here) if one.startswith("site.")] == [
        "site.disabled",
        "site.enabled",
    ]
    with here.database.read() as session:
        actors = set(
            session.scalars(sa.select(AuditRow.actor).where(AuditRow.event == "site.disabled"))
        )
        signed = session.scalars(
            sa.select(AuditRow.subject).where(AuditRow.event == "operator.signed_in")
        ).one()
    assert actors == {f"operator:{signed}"}


def test_no_secret_is_on_any_page(app: Flask, here: Hospital) -> None:
    here.services.sites.put(make_site(client_auth="client_secret_basic"))
    client = signed_in(app, here)
    text, _ = page(client, "/operate/sites/north")
    assert "none is kept yet" in text
    register_site.keep_site_secret(
        here.database, here.services.keyring, "north", SECRET, actor="operator"
    )
    text, _ = page(client, "/operate/sites/north")
    assert "kept since" in text
    assert SECRET not in text


def test_the_probe_is_kept_and_shown(app: Flask, here: Hospital) -> None:
    client = signed_in(app, here)
    _, token = page(client, "/operate/sites/north")
    with responses.RequestsMock() as web:
        web.get(f"{ISSUER}/metadata", status=503)
        web.get(f"{ISSUER}/.well-known/smart-configuration", status=503)
        done = post(client, "/operate/sites/north/probe", token)
    assert done.status_code == 303
    text, token = page(client, "/operate/sites/north")
    assert "answered HTTP 503" in text
    assert "site.probed" in events(here)
    left = post(client, "/operate/leave", token)
    assert "You have left" in left.text
    assert client.get("/operate/sites", base_url=BASE).status_code == 401


def test_an_ehr_that_is_not_registered_has_no_page(app: Flask, here: Hospital) -> None:
    client = signed_in(app, here)
    assert client.get("/operate/sites/south", base_url=BASE).status_code == 404


def test_a_doctor_sees_why_a_case_waits_and_that_no_chart_is_read(
    app: Flask, here: Hospital
) -> None:
    handle, _ = here.launch()
    doctor = at_launch(app, handle)
    case_id = ask_and_approve(doctor)
    register_site.disable_site(
        here.database, "north", reason="maintenance", note="not for doctors", actor="operator"
    )
    waiting = doctor.get(f"/case/{case_id}").text
    assert "Kept here, not sent yet" in waiting
    assert "Confer is switched off for this EHR at the moment." in waiting
    assert "not for doctors" not in waiting
    assert "Take it back" in waiting
    home = doctor.get("/")
    assert home.status_code == 503
    assert "switched off for this EHR" in home.text


def test_a_registration_that_cannot_be_read_opens_no_launch(app: Flask, here: Hospital) -> None:
    with here.database.transaction() as session:
        row = session.get_one(SiteRow, "north")
        row.facts = row.facts.replace('"enabled":true', '"enabled":true,"new_limit":1')
    refused = app.test_client().get(f"/launch?iss={ISSUER}&launch=x", base_url=BASE)
    assert refused.status_code == 500
    assert "The registration of this EHR cannot be read." in refused.text
