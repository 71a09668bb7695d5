"""The launch of the app by an EHR, and standalone: begin() and finish().

fhirclient contributes the shape of the two requests and PKCE; everything that decides
trust is ours. Its objects live inside one function call and never travel further.

Spec: SMART App Launch 2.2, Launch App: EHR Launch and Standalone Launch
"""

from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn
from urllib.parse import urlencode, urlsplit

from fhirclient.auth import FHIROAuth2Auth  # type: ignore[import-untyped]

from launch import (
    client_assertion,
    id_token,
    launch_context,
    launch_state,
    origins,
    records,
    scopes,
    site_gate,
    sites,
    token_request,
    token_set,
)
from launch.client import SmartClient
from launch.discovery import SmartConfiguration
from launch.errors import (
    AuthorizationRefused,
    DiscoveryInvalid,
    IssuerMixedUp,
    LaunchParameterRefused,
    PatientMissing,
    StateRefused,
    Step,
    TenantMixedUp,
    TokenAnswerInvalid,
    UserNotClinician,
)
from launch.fhir_user import FhirUser
from launch.launch_context import LaunchContext
from launch.launch_state import PendingLaunch
from launch.ports import BrowserRequest, GrantId, Site
from launch.token_set import TokenSet
from runtime import clock, tokens

MAX_PARAMETER = 4096
# Some EHRs and proxies cut longer addresses; above this the request goes as a form.
MAX_GET_URL = 2000
_STANDALONE = {"launch/patient", "launch/encounter"}


@dataclass(frozen=True, kw_only=True)
class Redirect:
    """Where the browser goes next: a plain redirect, or a form that it posts.

    `fields` is empty for GET, whose parameters are in the URL already.
    """

    method: Literal["GET", "POST"]
    url: str = field(repr=False)
    fields: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, kw_only=True)
class LaunchResult:
    """A finished launch. The tokens are already in the host's store under `grant_id`."""

    site: Site
    grant_id: GrantId
    tokens: TokenSet
    context: LaunchContext
    patient: str = field(repr=False)
    user: FhirUser
    scopes_missing: tuple[str, ...]


class GuardedAuth(FHIROAuth2Auth):  # type: ignore[misc]
    """fhirclient's OAuth shape without its network, printing and token holding."""

    def __init__(self, pending: PendingLaunch, site: Site) -> None:
        """Fill in our own state, verifier and addresses; nothing is left to be guessed."""
        super().__init__()
        self.app_id = site.client_id
        self.aud = pending.issuer
        self.auth_state = pending.state
        self.code_verifier = pending.code_verifier
        self._redirect_uri = pending.redirect_uri

    def authorization_fields(self, request: "_Asked", nonce: str) -> dict[str, str]:
        """Return the parameters of the authorization request (S256 always)."""
        asked: dict[str, str] = {**self._authorize_params(request), "nonce": nonce}
        return asked

    def exchange_fields(self, code: str) -> dict[str, str]:
        """Return the parameters of the code exchange; the client's proof is added later."""
        offered: dict[str, str] = self._code_exchange_params(code)
        # `client_id` belongs to the client's proof; `state` is not a parameter of this request.
        return {k: v for k, v in offered.items() if k not in ("client_id", "state")}

    def _refuse(self, *_args: object, **_options: object) -> NoReturn:
        raise NotImplementedError

    # Stock methods that would call out, print secrets or hold tokens.
    authorize_uri = _refuse
    handle_callback = _refuse
    authorize = _refuse
    reauthorize = _refuse
    signed_headers = _refuse
    _request_access_token = _refuse


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The two things fhirclient asks its server object for."""

    desired_scope: str
    launch_token: str | None = field(repr=False)


def begin(client: SmartClient, request: BrowserRequest) -> Redirect:
    """Start a launch: check the issuer, discover, remember a one-time state, send the browser on.

    With a `launch` parameter this is an EHR launch, without one a standalone launch. The host
    has given the browser its secret before. Raises a `LaunchError` of the failing step.
    """
    given = _parameters(request, Step.START)
    issuer = given.get("iss")
    site = sites.trusted_site(client.sites, issuer, loopback_http=client.loopback_http)
    launch = given.get("launch")
    if request.browser_secret is None or (launch is None and not site.standalone):
        raise LaunchParameterRefused(step=Step.START, site_id=site.site_id)
    # `aud` is the base byte for byte as the EHR wrote it; our own registration otherwise.
    issuer = issuer if issuer and launch is not None else site.issuer
    configuration = client.discovery.configuration(site, issuer)
    if configuration.authorization_endpoint is None:
        raise DiscoveryInvalid(step=Step.AUTHORIZE, site_id=site.site_id)
    pending = launch_state.new_pending(
        site,
        configuration,
        issuer=issuer,
        browser_secret=request.browser_secret,
        scopes=_wanted(site, is_ehr_launch=launch is not None),
    )
    client.states.put(pending.state_hash, pending.to_record(), expires_at=pending.expires_at)
    spoken = scopes.in_dialect(pending.scopes, site.scope_dialect)
    asked = _Asked(desired_scope=scopes.to_text(spoken), launch_token=launch)
    fields = GuardedAuth(pending, site).authorization_fields(asked, pending.nonce)
    return _redirect(configuration, configuration.authorization_endpoint, fields)


def finish(client: SmartClient, request: BrowserRequest) -> LaunchResult:
    """Finish a launch at the callback: state, code exchange, identity, context.

    The tokens are in the host's store when this returns. Raises a `LaunchError` of the
    failing step; nothing is kept then.
    """
    given = _parameters(request, Step.CALLBACK)
    pending = _take_pending(client, given, request)
    site = client.sites.by_id(pending.site_id)
    if site is None:
        raise StateRefused(step=Step.CALLBACK)
    site_gate.require_open(site, step=Step.CALLBACK)
    _check_callback(given, pending, request.path)
    answer = _exchange(client, site, pending, given.get("code", ""))
    user = id_token.check(
        answer.get("id_token"),
        keys=client.issuer_keys,
        site=site,
        pending=pending,
    )
    if not user.is_clinician:
        raise UserNotClinician(step=Step.IDENTITY, site_id=site.site_id)
    context = launch_context.from_token_answer(answer)
    if site.tenant is not None and context.tenant not in (None, site.tenant):
        raise TenantMixedUp(step=Step.CONTEXT, site_id=site.site_id)
    if context.patient is None:
        raise PatientMissing(step=Step.CONTEXT, site_id=site.site_id)
    granted = _token_set(answer, pending, context)
    grant_id = GrantId(tokens.new_uuid())
    client.token_store.save(grant_id, granted.to_record())
    return LaunchResult(
        site=site,
        grant_id=grant_id,
        tokens=granted,
        context=context,
        patient=context.patient,
        user=user,
        scopes_missing=scopes.missing(
            [s for s in pending.scopes if scopes.resource_scope(s)], granted.scopes
        ),
    )


def _parameters(request: BrowserRequest, step: Step) -> dict[str, str]:
    given = dict(request.params)
    repeated = len(given) != len(request.params)
    if repeated or any(len(value) > MAX_PARAMETER for value in given.values()):
        raise LaunchParameterRefused(step=step)
    return {name: value for name, value in given.items() if value}


def _wanted(site: Site, *, is_ehr_launch: bool) -> tuple[str, ...]:
    if is_ehr_launch:
        plain = tuple(s for s in site.scopes if s not in _STANDALONE)
        return plain if "launch" in plain else ("launch", *plain)
    plain = tuple(s for s in site.scopes if s != "launch" and s not in _STANDALONE)
    return ("launch/patient", "launch/encounter", *plain)


def _redirect(configuration: SmartConfiguration, endpoint: str, fields: dict[str, str]) -> Redirect:
    # The address may have parameters of its own; ours are added behind them.
    url = f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(fields)}"
    if len(url) > MAX_GET_URL and configuration.has("authorize-post"):
        return Redirect(method="POST", url=endpoint, fields=tuple(fields.items()))
    return Redirect(method="GET", url=url)


def _take_pending(
    client: SmartClient, given: dict[str, str], request: BrowserRequest
) -> PendingLaunch:
    state = given.get("state")
    if state is None:
        # An error answer to a posted request may lack the state (row A10): say what the EHR
        # said, but touch no pending launch.
        if "error" in given:
            raise AuthorizationRefused(step=Step.AUTHORIZE, ehr_code=given["error"])
        raise StateRefused(step=Step.CALLBACK)
    record = client.states.take(launch_state.digest(state))
    if record is None:
        raise StateRefused(step=Step.CALLBACK)
    pending = launch_state.from_record(state, record)
    if clock.now() >= pending.expires_at or not pending.belongs_to(request.browser_secret):
        raise StateRefused(step=Step.CALLBACK, site_id=pending.site_id)
    return pending


def _check_callback(given: dict[str, str], pending: PendingLaunch, path: str) -> None:
    expected = pending.configuration.issuer or pending.issuer
    named = given.get("iss")
    if named is None:
        mixed_up = pending.configuration.names_issuer_in_callback
    else:
        mixed_up = named != expected
    # A proxy may cut the front of the path off, so ours is the end of the registered one.
    elsewhere = not urlsplit(pending.redirect_uri).path.endswith(path)
    if mixed_up or elsewhere:
        raise IssuerMixedUp(step=Step.CALLBACK, site_id=pending.site_id)
    if "error" in given:
        raise AuthorizationRefused(
            step=Step.AUTHORIZE, site_id=pending.site_id, ehr_code=given["error"]
        )
    if "code" not in given:
        raise LaunchParameterRefused(step=Step.CALLBACK, site_id=pending.site_id)


def _exchange(client: SmartClient, site: Site, pending: PendingLaunch, code: str) -> dict[str, Any]:
    # Never tried twice: a code is spent by the first try, whatever became of its answer.
    configuration = pending.configuration
    proof = client_assertion.proof_for(
        site,
        client.secrets,
        token_endpoint=configuration.token_endpoint,
        accepted=configuration.assertion_algorithms,
        step=Step.TOKEN,
    )
    return dict(
        token_request.request_token(
            client.outbound,
            configuration.token_endpoint,
            GuardedAuth(pending, site).exchange_fields(code),
            proof,
            step=Step.TOKEN,
            site_id=site.site_id,
        )
    )


def _token_set(answer: dict[str, Any], pending: PendingLaunch, context: LaunchContext) -> TokenSet:
    scope = answer.get("scope")
    if scope is not None and not isinstance(scope, str):
        raise TokenAnswerInvalid(step=Step.TOKEN, site_id=pending.site_id)
    return TokenSet(
        site_id=pending.site_id,
        issuer=origins.without_end_slash(pending.issuer),
        configuration=pending.configuration,
        access_token=answer["access_token"],
        refresh_token=records.text(answer.get("refresh_token")),
        expires_at=token_set.expiry(answer.get("expires_in")),
        # RFC 6749 5.1: no scope in the answer means that the wish was granted.
        scopes=pending.scopes if scope is None else scopes.parse(scope),
        patient=context.patient,
    )
