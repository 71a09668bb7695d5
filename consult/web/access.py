"""Who a request comes from: the bearer token of a hospital's client, and nothing else."""

from flask import g, request

from consult.domain.callers import HospitalCaller
from consult.errors import TokenMissing
from consult.service.services import ConsultServices
from consult.store import fhir_store, tenants
from runtime.token_endpoint import ClientKeys, TokenEndpoint
from runtime.web_guard import RoutePolicy

TOKEN_PATH = "/auth/token"  # noqa: S105 - a path
_PUBLIC_FHIR = frozenset({"/fhir/metadata"})


def make_token_endpoint(services: ConsultServices) -> TokenEndpoint:
    """Return the token endpoint for hospitals' clients."""

    def find_client(client_id: str) -> ClientKeys | None:
        with services.reading() as unit:
            client = tenants.find_client(unit, client_id)
            if client is None:
                return None
            keys = tuple(tenants.active_keys(unit, client_id))
        return ClientKeys(client_id=client_id, keys=keys, scopes=fhir_store.hospital_scopes())

    return TokenEndpoint(
        database=services.database,
        audiences=(f"{services.public_url}{TOKEN_PATH}",),
        find_client=find_client,
    )


class HospitalAccess:
    """Turns the present request's bearer token into a `HospitalCaller`."""

    def __init__(self, services: ConsultServices, endpoint: TokenEndpoint) -> None:
        """Keep what a token is checked against."""
        self._services = services
        self._endpoint = endpoint

    def caller(self) -> HospitalCaller:
        """Return the hospital that asks; raises a coded error without a valid token.

        The tenant comes from the client alone: nothing in a request can name another.
        """
        token = self._endpoint.authenticate()
        with self._services.reading() as unit:
            client = tenants.find_client(unit, token.client_id)
        if client is None:
            raise TokenMissing
        return HospitalCaller(
            tenant_id=client.tenant_id, client_id=client.client_id, scopes=token.scopes
        )

    def fhir_caller(self) -> HospitalCaller | None:
        """Return who asks the FHIR API; nobody may read its capabilities."""
        if request.method == "GET" and request.path in _PUBLIC_FHIR:
            return None
        return self.caller()

    def policy(self) -> RoutePolicy:
        """Return the policy of JSON routes for hospitals; the view finds the caller in `g`."""

        def check() -> None:
            g.hospital = self.caller()

        return check


def present_hospital() -> HospitalCaller:
    """Return the hospital that the policy of this route let in."""
    caller = g.get("hospital")
    if not isinstance(caller, HospitalCaller):
        raise TokenMissing
    return caller
