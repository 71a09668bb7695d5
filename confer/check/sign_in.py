"""A launch from beginning to end by a person, and what only that shows.

The person opens the EHR's sign-in page in a browser and brings back the address at which the
browser ended. The code in it is exchanged here, in memory; a doctor's session is never borrowed.

Spec: SMART App Launch 2.2; rows A10, T1-T8, I1-I4, C1, R1-R6 of our checklist
"""

from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from confer.check.examination import Examination
from confer.check.findings import Finding, found
from launch import app_launch, scopes
from launch.app_launch import LaunchResult, Redirect
from launch.errors import (
    AuthorizationRefused,
    ClientKeyMissing,
    IdentityRefused,
    IdentityUnreachable,
    IssuerMixedUp,
    LaunchError,
    LaunchParameterRefused,
    PatientChanged,
    PatientMissing,
    SignInOver,
    StateRefused,
    TokenAnswerInvalid,
    TokenRefused,
    TokenUnreachable,
    UserNotClinician,
    UserUnknown,
)
from launch.ports import BrowserRequest
from launch.refresh import GrantTokens
from launch.revocation import revoke
from launch.token_set import TokenSet, from_record
from runtime import tokens

_SECRET: Final = frozenset({"code", "state", "session_state"})
_LONG_LIVED: Final = frozenset({"online_access", "offline_access"})
_PLAIN: Final[Mapping[type[LaunchError], str]] = {
    TokenAnswerInvalid: "sign_in.token_answer_invalid",
    IdentityUnreachable: "sign_in.identity_down",
    IssuerMixedUp: "sign_in.issuer_mixed_up",
    PatientMissing: "sign_in.no_patient",
    UserUnknown: "sign_in.user_unknown",
    UserNotClinician: "sign_in.not_clinician",
    ClientKeyMissing: "registration.no_keys",
}
_UNUSABLE: Final[Mapping[type[LaunchError], str]] = {
    StateRefused: "another sign-in, too old, or cut",
    LaunchParameterRefused: "no code in it",
}


def check(exam: Examination) -> Iterator[Finding]:
    """Let somebody sign in where that was asked for; then look at context and scopes."""
    if exam.open_server:
        return
    if exam.wishes.ask_person is None:
        yield found("sign_in.not_asked")
        return
    if exam.configuration is None or exam.configuration.authorization_endpoint is None:
        yield found("sign_in.not_possible")
        return
    try:
        result = _launch(exam)
    except LaunchError as error:
        yield _failed(error)
        return
    exam.signed_in = result
    exam.hide(result.patient, result.context.encounter, result.user.reference)
    exam.hide(result.tokens.access_token, result.tokens.refresh_token)
    yield found("sign_in.ok", kind=result.user.resource_type)
    if result.context.encounter is None:
        yield found("sign_in.no_encounter")
    yield from _scopes(exam, result)


def _launch(exam: Examination) -> LaunchResult:
    secret = tokens.new_secret()
    params = [("iss", exam.site.issuer)]
    if exam.wishes.launch is not None:
        params.append(("launch", exam.wishes.launch))
    asked = BrowserRequest(params=tuple(params), browser_secret=secret)
    target = app_launch.begin(exam.client, asked)
    ended = (exam.wishes.ask_person or _nobody)(_address(target))
    given = tuple(parse_qsl(urlsplit(ended.strip()).query))
    exam.hide(*(value for name, value in given if name in _SECRET))
    path = urlsplit(exam.site.redirect_uri).path
    returned = BrowserRequest(params=given, browser_secret=secret, path=path)
    return app_launch.finish(exam.client, returned)


def _nobody(_address: str) -> str:
    return ""


def _address(target: Redirect) -> str:
    """Return the request as an address a person can open, however long it is."""
    if target.method == "GET":
        return target.url
    return f"{target.url}{'&' if '?' in target.url else '?'}{urlencode(target.fields)}"


def _failed(error: LaunchError) -> Finding:
    kind = type(error)
    if kind in _PLAIN:
        return found(_PLAIN[kind])
    if kind in _UNUSABLE:
        return found("sign_in.address_unusable", problem=_UNUSABLE[kind])
    if isinstance(error, AuthorizationRefused):
        return found("sign_in.refused", code=error.ehr_code or "no code")
    if isinstance(error, IdentityRefused):
        return found("sign_in.identity_refused", reason=error.reason)
    return _token(error)


def _token(error: LaunchError) -> Finding:
    if isinstance(error, TokenRefused):
        status = error.http_status or 0
        return found("sign_in.token_refused", code=error.ehr_code or "no code", status=status)
    if isinstance(error, TokenUnreachable):
        return found("sign_in.token_down", problem=_problem(error))
    return found("sign_in.failed", step=str(error.step), code=error.code)


def _problem(error: LaunchError) -> str:
    return f"HTTP {error.http_status}" if error.http_status else "no connection"


def _scopes(exam: Examination, result: LaunchResult) -> Iterator[Finding]:
    granted = result.tokens.scopes
    asked = [scope for scope in exam.site.scopes if scopes.resource_scope(scope)]
    if not any(scopes.resource_scope(scope) for scope in granted):
        yield found("scopes.nothing_readable")
    elif result.scopes_missing:
        yield found("scopes.narrowed", scopes=", ".join(result.scopes_missing))
    else:
        yield found("scopes.all_granted", count=len(asked))


# ---------------------------------------------------------------- at the end: renew, sign out


def renew_and_leave(exam: Examination) -> Iterator[Finding]:
    """Renew the sign-in once, then end it at the EHR where that is offered."""
    result = exam.signed_in
    if result is None:
        return
    if not _LONG_LIVED & set(exam.site.scopes):
        yield found("refresh.not_asked")
    elif not result.tokens.can_refresh:
        yield found("refresh.not_offered")
    else:
        yield _renewed(exam, result)
    revoke(exam.client, result.grant_id)


def _renewed(exam: Examination, result: LaunchResult) -> Finding:
    before = _stored(exam, result)
    try:
        token = GrantTokens(client=exam.client, grant_id=result.grant_id).renew(before.access_token)
    except PatientChanged:
        return found("refresh.patient_changed")
    except TokenUnreachable as error:
        return found("refresh.down", problem=_problem(error))
    except (SignInOver, TokenRefused) as error:
        return found("refresh.refused", code=error.ehr_code or "no code")
    except LaunchError as error:
        return found("refresh.refused", code=error.code)
    after = _stored(exam, result)
    exam.hide(token, after.refresh_token)
    same = after.refresh_token == before.refresh_token
    return found("refresh.ok", change="stayed the same" if same else "was replaced")


def _stored(exam: Examination, result: LaunchResult) -> TokenSet:
    return from_record(exam.client.token_store.load(result.grant_id) or b"")
