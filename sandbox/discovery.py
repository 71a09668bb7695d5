"""Discovery documents: SMART configuration, OpenID configuration, CapabilityStatement security.

Spec: SMART App Launch 2.2, Conformance; OpenID Connect Discovery 1.0.
"""

from collections.abc import Sequence
from typing import Any

from sandbox.places import Places

CAPABILITIES = (
    "launch-ehr",
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-banner",
    "context-style",
    "context-ehr-patient",
    "context-ehr-encounter",
    "context-standalone-patient",
    "context-standalone-encounter",
    "permission-offline",
    "permission-online",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
)
SCOPES = (
    "openid",
    "fhirUser",
    "launch",
    "launch/patient",
    "launch/encounter",
    "online_access",
    "offline_access",
    "patient/*.rs",
    "patient/*.read",
    "patient/Observation.rs?category="
    "http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
    "patient/Observation.rs?category="
    "http://terminology.hl7.org/CodeSystem/observation-category|vital-signs",
    "patient/DocumentReference.c",
    "patient/Communication.c",
    "user/*.rs",
    "user/DocumentReference.c",
    "user/Communication.c",
    "system/*.rs",
    "system/DocumentReference.c",
    "system/Communication.c",
)
AUTH_METHODS = ("client_secret_basic", "private_key_jwt", "none")
ASSERTION_ALGORITHMS = ("RS384", "ES384")
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"

Document = dict[str, Any]  # Any: JSON


def smart_configuration(places: Places, capabilities: Sequence[str] = CAPABILITIES) -> Document:
    """Return the body of `{fhir base}/.well-known/smart-configuration`."""
    return {
        "issuer": places.issuer,
        "jwks_uri": places.jwks,
        "authorization_endpoint": places.authorize,
        "token_endpoint": places.token,
        "introspection_endpoint": places.introspect,
        "revocation_endpoint": places.revoke,
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "scopes_supported": list(SCOPES),
        "capabilities": list(capabilities),
    }


def openid_configuration(places: Places) -> Document:
    """Return the body of `{issuer}/.well-known/openid-configuration`."""
    return {
        "issuer": places.issuer,
        "authorization_endpoint": places.authorize,
        "token_endpoint": places.token,
        "jwks_uri": places.jwks,
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "fhirUser"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "fhirUser"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "code_challenge_methods_supported": ["S256"],
    }


def rest_security(places: Places) -> Document:
    """Return `CapabilityStatement.rest.security` with the oauth-uris of older clients."""
    uris = (
        ("authorize", places.authorize),
        ("token", places.token),
        ("introspect", places.introspect),
        ("revoke", places.revoke),
    )
    return {
        "cors": True,
        "service": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                        "code": "SMART-on-FHIR",
                    }
                ]
            }
        ],
        "extension": [
            {
                "url": OAUTH_URIS,
                "extension": [{"url": name, "valueUri": uri} for name, uri in uris],
            }
        ],
    }


def smart_style() -> Document:
    """Return the colors and measures that an app may borrow."""
    return {
        "color_background": "#eceae6",
        "color_error": "#9b1111",
        "color_highlight": "#2f4a5e",
        "color_modal_backdrop": "#3d4147",
        "color_success": "#14633a",
        "color_text": "#26282b",
        "dim_border_radius": "0px",
        "dim_font_size": "13px",
        "dim_spacing_size": "10px",
        "font_family_body": "Tahoma, 'Lucida Grande', sans-serif",
        "font_family_heading": "Tahoma, 'Lucida Grande', sans-serif",
    }
