"""The gateway's own account: whether it gets a token, and what the token may do.

Spec: SMART App Launch 2.2, Backend Services; rows B1-B8 of our checklist
"""

from collections.abc import Iterator, Mapping
from typing import Final

from confer.check.examination import Examination
from confer.check.findings import Finding, found
from launch import records, scopes
from launch.backend_services import BackendToken, BackendTokens
from launch.errors import (
    BackendRefused,
    ClientKeyMissing,
    LaunchError,
    TokenAnswerInvalid,
    TokenRefused,
    TokenUnreachable,
)
from runtime import clock

_CREDENTIALS: Final = "client_credentials"
_PLAIN: Final[Mapping[type[LaunchError], str]] = {
    TokenAnswerInvalid: "backend.answer_invalid",
    BackendRefused: "backend.scopes_wrong",
    ClientKeyMissing: "registration.no_keys",
}


def check(exam: Examination) -> Iterator[Finding]:
    """Ask for a token as the gateway does before it files an answer."""
    if exam.open_server:
        return
    if not exam.site.backend_client_id:
        yield found("backend.not_registered")
        return
    if exam.configuration is None or not exam.has_keys:
        yield found("backend.not_possible")
        return
    grants = records.texts(exam.announced.get("grant_types_supported"))
    if grants and _CREDENTIALS not in grants:
        yield found("backend.not_announced")
    try:
        token = BackendTokens(client=exam.client).token(exam.site)
    except LaunchError as error:
        yield refusal(error)
        return
    exam.backend_token = token.access_token
    exam.backend_scopes = token.scopes
    exam.hide(token.access_token)
    yield from _granted(exam, token)


def refusal(error: LaunchError) -> Finding:
    """Return the finding of a token request that failed."""
    plain = _PLAIN.get(type(error))
    if plain is not None:
        return found(plain)
    if isinstance(error, TokenUnreachable):
        problem = f"HTTP {error.http_status}" if error.http_status else "no connection"
        return found("backend.down", problem=problem)
    if error.ehr_code == "invalid_scope":
        return found("backend.scopes_refused")
    if isinstance(error, TokenRefused):
        status = error.http_status or 0
        return found("backend.client_refused", code=error.ehr_code or "no code", status=status)
    return found("sign_in.failed", step=str(error.step), code=error.code)


def _granted(exam: Examination, token: BackendToken) -> Iterator[Finding]:
    if token.expires_at is None:
        yield found("backend.no_end")
    seconds = round((token.expires_at - clock.now()).total_seconds()) if token.expires_at else 0
    yield found("backend.ok", seconds=seconds, count=len(token.scopes))
    missing = scopes.missing(exam.site.backend_scopes, token.scopes)
    if missing:
        yield found("backend.narrowed", scopes=", ".join(missing))
