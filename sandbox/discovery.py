"""Discovery documents: SMART configuration, OpenID configuration, CapabilityStatement security.

Spec: SMART App Launch 2.2, Conformance; OpenID Connect Discovery 1.0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from sandbox.manners import PLAIN, Manners
from sandbox.places import DEAD_ORIGIN, Places

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
# A vendor announces a second block under an address that nobody defined (August 2026).
BOGUS_OAUTH_URIS = "http://DSTU2/fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"

Document = dict[str, Any]  # Any: JSON


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The addresses of the authorization server as they are announced, absolute."""

    issuer: str
    authorize: str
    token: str
    introspect: str
    revoke: str
    jwks: str


def endpoints(places: Places, manners: Manners = PLAIN) -> Endpoints:
    """Return where this EHR says that its authorization server is."""
    host = places.on_other_host() if manners.endpoints == "other_host" else places
    if manners.endpoints == "unreachable":
        host = Places(ehr_url=DEAD_ORIGIN)
    identity = places.on_other_host() if manners.issuer == "other_host" else places
    return Endpoints(
        issuer=identity.issuer,
        authorize=host.authorize,
        token=host.token,
        introspect=host.introspect,
        revoke=host.revoke,
        jwks=identity.jwks,
    )


def smart_configuration(
    places: Places, capabilities: Sequence[str] = CAPABILITIES, manners: Manners = PLAIN
) -> Document:
    """Return the body of `{fhir base}/.well-known/smart-configuration`."""
    at = endpoints(places, manners)
    shown = _relative if manners.relative_endpoints else str
    document: Document = {
        "issuer": at.issuer,
        "jwks_uri": at.jwks,
        "authorization_endpoint": shown(at.authorize),
        "token_endpoint": shown(at.token),
        "introspection_endpoint": shown(at.introspect),
        "revocation_endpoint": shown(at.revoke),
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "scopes_supported": list(SCOPES),
        "capabilities": [one for one in capabilities if not _missing(one, manners)],
    }
    if manners.iss_parameter != "absent":
        document["authorization_response_iss_parameter_supported"] = True
    if not manners.pkce_advertised:
        del document["code_challenge_methods_supported"]
    if manners.auth_methods != "listed":
        listed = [one for one in AUTH_METHODS if one != "private_key_jwt"]
        document["token_endpoint_auth_methods_supported"] = listed
    if manners.auth_methods == "misnamed":
        listed = document.pop("token_endpoint_auth_methods_supported")
        document["token_endpoint_auth_methods"] = listed
    return document


def _relative(address: str) -> str:
    """Write an address as seen from the FHIR base, as some old servers do."""
    return f"..{urlsplit(address).path}"


def _missing(capability: str, manners: Manners) -> bool:
    return any(fnmatchcase(capability, pattern) for pattern in manners.capabilities_missing)


def openid_configuration(places: Places, manners: Manners = PLAIN) -> Document:
    """Return the body of `{issuer}/.well-known/openid-configuration`."""
    at = endpoints(places, manners)
    return {
        "issuer": at.issuer,
        "authorization_endpoint": at.authorize,
        "token_endpoint": at.token,
        "jwks_uri": at.jwks,
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "fhirUser"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "fhirUser"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "code_challenge_methods_supported": ["S256"],
    }


def rest_security(places: Places, manners: Manners = PLAIN) -> Document:
    """Return `CapabilityStatement.rest.security` with the oauth-uris of older clients."""
    at = endpoints(places, manners)
    shown = _relative if manners.oauth_uris == "relative" else str
    uris = (
        ("authorize", at.authorize),
        ("token", at.token),
        ("introspect", at.introspect),
        ("revoke", at.revoke),
    )
    right = _oauth_block(OAUTH_URIS, [(name, shown(uri)) for name, uri in uris])
    bogus = _oauth_block(
        BOGUS_OAUTH_URIS, [(name, f"{DEAD_ORIGIN}{urlsplit(uri).path}") for name, uri in uris]
    )
    blocks = {
        "none": [],
        "bogus_first": [bogus, right],
        "bogus_second": [right, bogus],
    }.get(manners.oauth_uris, [right])
    security: Document = {
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
    }
    if blocks:
        security["extension"] = blocks
    return security


def _oauth_block(url: str, uris: Sequence[tuple[str, str]]) -> Document:
    return {"url": url, "extension": [{"url": name, "valueUri": uri} for name, uri in uris]}


def smart_style(manners: Manners = PLAIN) -> Document:
    """Return the colors and measures that an app may borrow."""
    if manners.smart_style == "hostile":
        injected = "#fff}body{background:url(//elsewhere.example/x)}"
        return {**_STYLE, "color_background": injected, "made_up_key": "expression(alert(1))"}
    return dict(_STYLE)


_STYLE: Document = {
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
