"""What an integration engineer types into an EHR's registration form for Confer (pure)."""

from dataclasses import dataclass

from fhir_adapters.traits import VendorTraits
from launch import scopes
from launch.ports import ScopeDialect, Site

KEYS_PATH = "/.well-known/jwks.json"


@dataclass(frozen=True, kw_only=True)
class Paper:
    """Addresses, methods and scopes of the two clients, ready to be pasted."""

    launch_url: str
    redirect_uri: str
    jwks_url: str
    client_auth: str
    scopes: tuple[str, ...]
    backend_auth: str
    backend_scopes: tuple[str, ...]
    to_do: tuple[str, ...]
    missing: tuple[str, ...]

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Label and value, as most registration forms ask for them."""
        return (
            ("Launch URL", self.launch_url),
            ("Redirect URI", self.redirect_uri),
            ("Key set URL (JWKS)", self.jwks_url),
            ("Authentication of the launch client", self.client_auth),
            ("Scopes of the launch client", " ".join(self.scopes)),
            ("Authentication of the backend client", self.backend_auth),
            ("Scopes of the backend client", " ".join(self.backend_scopes)),
        )


_AUTH = {
    "public": "public client, no secret; PKCE S256",
    "private_key_jwt": "signed assertion (private_key_jwt, RS384 or ES384); PKCE S256",
    "client_secret_basic": "client secret by HTTP Basic; PKCE S256",
}


def paper_of(
    *, gateway_url: str, traits: VendorTraits, dialect: ScopeDialect, site: Site | None
) -> Paper:
    """Say what to register; of a site that is registered here already, its own facts."""
    sign_in = traits.sign_in
    wanted = site.scopes if site else sign_in.launch_scopes
    backend = (site.backend_scopes if site else ()) or sign_in.backend_scopes
    return Paper(
        launch_url=f"{gateway_url}/launch",
        redirect_uri=site.redirect_uri if site else f"{gateway_url}/callback",
        jwks_url=f"{gateway_url}{KEYS_PATH}",
        client_auth=_AUTH[site.client_auth if site else "private_key_jwt"],
        scopes=scopes.in_dialect(wanted, dialect),
        backend_auth="SMART Backend Services, signed assertion (RS384 or ES384)",
        backend_scopes=scopes.in_dialect(backend, dialect),
        to_do=traits.to_do,
        missing=traits.missing,
    )
