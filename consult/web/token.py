"""The token endpoint for hospitals' clients, and where to find it."""

from flask import Blueprint, Response, request

from consult.service.services import ConsultServices
from consult.store import fhir_store
from consult.web.access import TOKEN_PATH
from runtime import json_text, limits
from runtime.jose import ASSERTION_ALGORITHMS
from runtime.token_endpoint import TokenEndpoint

_REQUESTS_PER_MINUTE = 120


def make_token_routes(services: ConsultServices, endpoint: TokenEndpoint) -> Blueprint:
    """Return the routes `token` and `smart_configuration`; both are public."""
    blueprint = Blueprint("token", __name__)

    @blueprint.post(TOKEN_PATH)
    def token() -> Response:
        with services.writing() as unit:
            limits.hit(
                unit.session,
                bucket="token",
                key=request.remote_addr or "unknown",
                limit=_REQUESTS_PER_MINUTE,
                per_seconds=60,
            )
        return endpoint.respond()

    @blueprint.get("/fhir/.well-known/smart-configuration")
    def smart_configuration() -> Response:
        body = {
            "token_endpoint": f"{services.public_url}{TOKEN_PATH}",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
            "scopes_supported": [
                f"system/{kind}.{letters}" for kind, letters in fhir_store.HOSPITAL_SCOPES.items()
            ],
            "capabilities": ["client-confidential-asymmetric", "permission-v2"],
        }
        return Response(json_text.dumps(body), content_type="application/json")

    return blueprint
