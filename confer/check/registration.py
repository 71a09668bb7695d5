"""Whether both sides know each other: site, client id, redirect URI, keys, and PKCE.

Asks the EHR's sign-in page exactly what a launch would ask, and looks at its first answer only;
nobody signs in. Spec: RFC 6749 4.1; SMART App Launch 2.2; rows A1-A10, T2-T5 of our checklist
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from confer.check import answers, transport
from confer.check.examination import Examination
from confer.check.findings import Finding, found
from launch import app_launch, client_assertion, origins, records, site_gate
from launch.app_launch import Redirect
from launch.errors import LaunchError, ehr_code_of
from launch.ports import BrowserRequest
from runtime import clock, tokens
from runtime.errors import OutboundDown, OutboundForbidden
from runtime.outbound import OutboundAnswer, is_loopback_origin, origin_of

_JWKS: Final = "/.well-known/jwks.json"
_PKCE: Final = ("code_challenge", "code_challenge_method")
_CLIENT_CODES: Final = frozenset(
    {"invalid_client", "unauthorized_client", "unknown-client", "tenant-not-authorized"}
)
# Said before anybody has signed in, these are no objection.
_ONLY_SIGN_IN: Final = frozenset({"login_required", "interaction_required", "consent_required"})

Verdict = Literal["accepted", "page", "client", "scopes", "code", "down"]


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """How a sign-in page reacts to a request before anybody signs in."""

    verdict: Verdict
    status: int = 0
    code: str = ""
    problem: str = ""


def check(exam: Examination) -> Iterator[Finding]:
    """Look at the registrations on both sides."""
    yield from _site(exam)
    if exam.open_server or not exam.announced:
        return
    yield from _keys(exam)
    yield from _methods(exam)
    yield from _scopes(exam)
    yield from pkce_announced(exam)
    if exam.configuration is None:
        return
    if exam.configuration.authorization_endpoint is None:
        yield found("registration.no_sign_in_page")
        return
    yield from _sign_in_page(exam)


def _site(exam: Examination) -> Iterator[Finding]:
    if not exam.registered:
        yield found("registration.not_yet")
        return
    yield found("registration.known", site=str(exam.site.site_id))
    closed = site_gate.closed_because(exam.site, clock.now())
    if closed is not None:
        yield found("registration.closed", reason=closed.replace("_", " "))


# ---------------------------------------------------------------- keys and ways to authenticate


def _keys(exam: Examination) -> Iterator[Finding]:
    site = exam.site
    if site.client_auth == "client_secret_basic" and not exam.secrets.client_secret(site):
        yield found("registration.secret_missing")
    if site.client_auth != "private_key_jwt" and not site.backend_client_id:
        return
    accepted = records.texts(exam.announced.get("token_endpoint_auth_signing_alg_values_supported"))
    if accepted and not set(accepted) & set(client_assertion.ALGORITHMS):
        yield found("registration.algorithms_differ", algorithms=", ".join(accepted))
    if not exam.has_keys:
        yield found("registration.no_keys")
        return
    yield from _published(exam)


def _published(exam: Examination) -> Iterator[Finding]:
    url = f"{exam.gateway_url}{_JWKS}"
    ours = {key.kid for key in exam.secrets.signing_keys(exam.site)}
    try:
        answer = exam.own.request("GET", url, label="check_own_keys")
    except (OutboundDown, OutboundForbidden) as problem:
        why = transport.words_of(problem) if isinstance(problem, OutboundDown) else "no https"
        yield found("registration.keys_unreachable", url=url, problem=why)
        return
    document = records.json_object(answer.body) if answer.status == 200 else None
    if document is None:
        problem_seen = f"HTTP {answer.status}" if answer.status != 200 else "no JSON"
        yield found("registration.keys_unreachable", url=url, problem=problem_seen)
        return
    published = {key.get("kid") for key in answers.objects(document.get("keys"))}
    if not ours <= published:
        yield found("registration.keys_other", url=url)
        return
    yield found("registration.keys_published", count=len(published), url=url)
    far = not is_loopback_origin(origin_of(exam.base))
    if far and is_loopback_origin(origin_of(exam.gateway_url)):
        yield found("registration.keys_not_public", url=url)


def _methods(exam: Examination) -> Iterator[Finding]:
    listed = records.texts(exam.announced.get("token_endpoint_auth_methods_supported"))
    method = exam.site.client_auth
    if listed and method != "public" and method not in listed:
        yield found("registration.method_not_announced", method=method)


def _scopes(exam: Examination) -> Iterator[Finding]:
    if exam.adapter is None:
        return
    traits, site = exam.adapter.traits, exam.site
    if traits.sign_in.dialect != site.scope_dialect:
        yield found(
            "registration.other_dialect",
            registered=site.scope_dialect,
            vendor=traits.title,
            wanted=traits.sign_in.dialect,
        )
    wide = [scope for scope in (*site.scopes, *site.backend_scopes) if "/*." in scope]
    if wide and traits.sign_in.types_by_name:
        yield found("registration.types_not_named", vendor=traits.title, scopes=", ".join(wide))


def pkce_announced(exam: Examination) -> Iterator[Finding]:
    """Say what the EHR announces about PKCE."""
    listed = exam.announced.get("code_challenge_methods_supported")
    methods = records.texts(listed)
    if listed is None:
        yield found("pkce.not_announced")
        return
    if "S256" in methods:
        yield found("pkce.announced")
    else:
        yield found("pkce.s256_missing", methods=", ".join(methods) or "none")
    if "plain" in methods:
        yield found("pkce.plain_allowed")


# ---------------------------------------------------------------- the sign-in page


def _sign_in_page(exam: Examination) -> Iterator[Finding]:
    try:
        asked = app_launch.begin(exam.client, browser_request(exam))
    except LaunchError as error:
        yield found("sign_in.failed", step=str(error.step), code=error.code)
        return
    reaction = _react(exam, asked)
    yield _finding(reaction)
    if reaction.verdict == "accepted":
        without = _react(exam, _without_pkce(asked))
        if without.verdict in ("page", "code"):
            yield found("pkce.enforced")


def browser_request(exam: Examination) -> BrowserRequest:
    """Return the request of a launch outside the chart: a launch value would be spent by it."""
    return BrowserRequest(params=(("iss", exam.site.issuer),), browser_secret=tokens.new_secret())


def _react(exam: Examination, asked: Redirect) -> Reaction:
    headers = {"Accept": "text/html"}
    try:
        answer = exam.outbound.request(
            asked.method,
            asked.url,
            label="check_sign_in_page",
            headers=headers,
            form=dict(asked.fields) if asked.method == "POST" else None,
        )
    except OutboundDown as down:
        return Reaction(verdict="down", problem=transport.words_of(down))
    if answer.status >= 500 or answer.status == 429:
        return Reaction(verdict="down", problem=f"HTTP {answer.status}")
    if answer.status >= 400:
        return Reaction(verdict="page", status=answer.status)
    return _redirected(exam, answer)


def _redirected(exam: Examination, answer: OutboundAnswer) -> Reaction:
    location = origins.resolve(exam.base, answer.headers.get("location", ""))
    if not location.startswith(exam.site.redirect_uri):
        return Reaction(verdict="accepted")
    errors = parse_qs(urlsplit(location).query).get("error", [])
    code = ehr_code_of(errors[0]) if errors else None
    if code is None or code in _ONLY_SIGN_IN:
        return Reaction(verdict="accepted")
    if code in _CLIENT_CODES:
        return Reaction(verdict="client", code=code)
    if code == "invalid_scope":
        return Reaction(verdict="scopes", code=code)
    return Reaction(verdict="code", code=code)


def _finding(reaction: Reaction) -> Finding:
    if reaction.verdict == "accepted":
        return found("registration.accepted")
    if reaction.verdict == "page":
        return found("registration.refused_before_sign_in", status=reaction.status)
    if reaction.verdict == "client":
        return found("registration.client_refused", code=reaction.code)
    if reaction.verdict == "scopes":
        return found("registration.scopes_refused")
    if reaction.verdict == "code":
        return found("registration.request_refused", code=reaction.code)
    return found("registration.sign_in_down", problem=reaction.problem)


def _without_pkce(asked: Redirect) -> Redirect:
    if asked.method == "POST":
        kept = tuple((name, value) for name, value in asked.fields if name not in _PKCE)
        return Redirect(method="POST", url=asked.url, fields=kept)
    parts = urlsplit(asked.url)
    query = {n: v[0] for n, v in parse_qs(parts.query).items() if n not in _PKCE}
    return Redirect(method="GET", url=urlunsplit(parts._replace(query=urlencode(query))))
