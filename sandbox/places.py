"""The addresses of this EHR, each derived once from its configured public URL (pure)."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

DEAD_ORIGIN = "http://127.0.0.2:9"
"""An origin on which nothing answers (the discard port of this machine)."""


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

    @property
    def other_url(self) -> str:
        """This very server under another origin: what a chart must not follow with a token.

        On this machine `localhost` and `127.0.0.1` stand for one another; elsewhere the
        address is one that leads nowhere.
        """
        parts = urlsplit(self.ehr_url)
        twin = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}.get(parts.hostname or "")
        if twin is None:
            return "https://elsewhere.example"
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit(parts._replace(netloc=twin + port))

    @property
    def trap(self) -> str:
        """Where foreign links, references and redirects of this EHR lead."""
        return f"{self.other_url}/sandbox/trap"

    def on_other_host(self) -> "Places":
        """The same addresses under the other origin."""
        return Places(ehr_url=self.other_url)
