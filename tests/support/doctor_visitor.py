"""A doctor's browser over the gateway's pages: follows links, fills forms."""

import re
from collections.abc import Sequence

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from smartapp.web.session import launch_cookie
from tests.support.gateway import BROWSER, INCLUDE, QUESTION, Hospital

BASE = "http://127.0.0.1:8401"


class Doctor:
    """A browser with one launch: follows links, fills forms with their own token."""

    def __init__(self, client: FlaskClient, handle: str) -> None:
        self.client = client
        self.handle = handle
        self.token = ""

    def get(self, path: str) -> TestResponse:
        """Open a page below the launch."""
        page = self.client.get(f"/s/{self.handle}{path}", base_url=BASE)
        if page.mimetype == "text/html":
            found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
            if found:
                self.token = found[1]
        return page

    def post(self, path: str, *, origin: str = BASE, **fields: object) -> TestResponse:
        """Send a form of the last page."""
        return self.client.post(
            f"/s/{self.handle}{path}",
            base_url=BASE,
            data={"csrf_token": self.token, **fields},
            headers={"Origin": origin},
        )

    def path_of(self, answer: TestResponse) -> str:
        """Where a redirect leads, below the launch."""
        assert answer.status_code == 303, answer.text
        return answer.location.split(self.handle, 1)[1]


def visit(app: Flask, here: Hospital) -> Doctor:
    """Launch the app on the hospital's patient."""
    handle, _ = here.launch()
    return at_launch(app, handle)


def moved_to(doctor: Doctor, handle: str) -> Doctor:
    """The same browser at another launch of its own."""
    doctor.client.set_cookie(launch_cookie(handle), BROWSER, domain="127.0.0.1", secure=False)
    return Doctor(doctor.client, handle)


def at_launch(app: Flask, handle: str) -> Doctor:
    """The browser that opened a launch."""
    client = app.test_client()
    client.set_cookie(launch_cookie(handle), BROWSER, domain="127.0.0.1", secure=False)
    return Doctor(client, handle)


def ask_and_approve(doctor: Doctor, *, include: Sequence[str] = INCLUDE) -> str:
    """Ask, check, approve; returns the case id."""
    doctor.get("/ask")
    doctor.post("/ask", **QUESTION, include=list(include))
    page = doctor.get("/preview").text
    revision = re.search(r'name="revision" value="([^"]+)"', page)
    sha256 = re.search(r'name="sha256" value="([^"]+)"', page)
    assert revision
    assert sha256
    answer = doctor.post("/approve", revision=revision[1], sha256=sha256[1], looked="yes")
    return doctor.path_of(answer).rsplit("/", 1)[1]
