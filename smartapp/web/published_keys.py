"""The keys by which EHRs know us, at the address that they may be registered with."""

from flask import Blueprint, Response

from launch import key_set as published
from smartapp.web import session

pages = Blueprint("keys", __name__)


@pages.get("/.well-known/jwks.json")
def key_set() -> Response:
    """Public keys only, the announced next ones included; never those towards the network."""
    body = published.document(session.services().ehr_keys())
    return Response(body, headers=dict(published.HEADERS))
