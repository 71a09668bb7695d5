"""JSON routes for hospitals beside FHIR: attest a member, rotate keys; and published keys."""

from typing import Any

from flask import Blueprint, Response, request

from consult.errors import AttestationRefused, KeyRotationRefused
from consult.service import publish_keys
from consult.service.attest_member import attest_member
from consult.service.rotate_keys import rotate_keys
from consult.service.services import ConsultServices
from consult.web.access import present_hospital
from runtime import json_text

_MAX_BODY = 64_000


def make_member_routes(services: ConsultServices) -> Blueprint:
    """Return `attest` and `rotate` (hospitals only), `keys_of` and `jwks` (public)."""
    blueprint = Blueprint("members", __name__)

    @blueprint.post("/members/attestations")
    def attest() -> Response:
        token = _body().get("attestation")
        if not isinstance(token, str):
            raise AttestationRefused(point="shape")
        member_id = attest_member(services, present_hospital(), token)
        return _json({"member_id": member_id})

    @blueprint.put("/clients/me/keys")
    def rotate() -> Response:
        keys = _body().get("keys")
        if not isinstance(keys, list):
            raise KeyRotationRefused(point="shape")
        return _json({"keys": rotate_keys(services, present_hospital(), keys)})

    @blueprint.get("/keys/<member_id>")
    def keys_of(member_id: str) -> Response:
        return _published(publish_keys.member_keys(services, member_id))

    @blueprint.get("/.well-known/jwks.json")
    def jwks() -> Response:
        return _published(publish_keys.all_keys(services))

    return blueprint


def _body() -> dict[str, Any]:
    # Any: JSON of any shape, checked by the view.
    body = json_text.loads(request.get_data(), max_bytes=_MAX_BODY, max_depth=8)
    return body if isinstance(body, dict) else {}


def _json(body: dict[str, Any]) -> Response:
    return Response(json_text.dumps(body), content_type="application/json")


def _published(keys: list[dict[str, Any]]) -> Response:
    response = _json({"keys": keys})
    # Short: a key that a specialist gets just now must verify at once.
    response.headers["Cache-Control"] = "public, max-age=5"
    return response
