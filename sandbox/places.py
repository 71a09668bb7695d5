"""The addresses of this EHR, each derived once from its configured public URL (pure)."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Places:
    """Public URLs; `ehr_url` has no end slash. The OIDC issuer is not the FHIR base, on purpose:
    many vendors' is not either, and a client must read it from the discovery document."""

    ehr_url: str

    @property
    def fhir_base(self) -> str:
        """FHIR base: the `iss` of a launch and the `aud` of an authorization."""
        return f"{self.ehr_url}/fhir"

    @property
    def issuer(self) -> str:
        """Issuer of id_tokens."""
        return f"{self.ehr_url}/auth"

    @property
    def authorize(self) -> str:
        """Authorization endpoint."""
        return f"{self.issuer}/authorize"

    @property
    def token(self) -> str:
        """Token endpoint, and the audience of client assertions."""
        return f"{self.issuer}/token"

    @property
    def introspect(self) -> str:
        """Introspection endpoint."""
        return f"{self.issuer}/introspect"

    @property
    def revoke(self) -> str:
        """Revocation endpoint."""
        return f"{self.issuer}/revoke"

    @property
    def jwks(self) -> str:
        """Public keys of id_tokens."""
        return f"{self.issuer}/jwks"

    @property
    def style(self) -> str:
        """The SMART style document."""
        return f"{self.ehr_url}/smart-style.json"
