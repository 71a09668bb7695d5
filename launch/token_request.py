"""One request to a token endpoint, and its answer read strictly.

Spec: RFC 6749 sections 5.1 and 5.2; SMART App Launch 2.2, Obtain access token
"""

from collections.abc import Mapping
from typing import Any

from launch import records
from launch.client_assertion import ClientProof
from launch.errors import EndpointRefused, Step, TokenAnswerInvalid, TokenRefused, TokenUnreachable
from launch.ports import SiteId
from runtime.errors import OutboundDown, OutboundForbidden
from runtime.outbound import OutboundAnswer, OutboundClient


def request_token(
    outbound: OutboundClient,
    token_endpoint: str,
    form: Mapping[str, str],
    proof: ClientProof,
    *,
    step: Step,
    site_id: SiteId,
) -> Mapping[str, Any]:
    """Post a form to the token endpoint and return the answer's JSON object.

    The answer is guaranteed to hold a non-blank `access_token` and a bearer `token_type`.
    Raises `TokenUnreachable`, `TokenRefused`, `TokenAnswerInvalid` or `EndpointRefused`.
    """
    try:
        answer = outbound.request(
            "POST",
            token_endpoint,
            label=f"smart_token_{step}",
            headers={"Accept": "application/json", **proof.headers},
            form={**form, **proof.form},
        )
    except OutboundDown:
        raise TokenUnreachable(step=step, site_id=site_id) from None
    except OutboundForbidden:
        raise EndpointRefused(step=step, site_id=site_id) from None
    if answer.status != 200:
        raise _refusal(answer, step=step, site_id=site_id)
    return _granted(answer, step=step, site_id=site_id)


def _refusal(
    answer: OutboundAnswer, *, step: Step, site_id: SiteId
) -> TokenUnreachable | TokenRefused:
    if answer.status >= 500 or answer.status == 429:
        return TokenUnreachable(step=step, site_id=site_id, http_status=answer.status)
    said = records.json_object(answer.body) or {}
    return TokenRefused(
        step=step,
        site_id=site_id,
        ehr_code=records.text(said.get("error")),
        http_status=answer.status,
    )


def _granted(answer: OutboundAnswer, *, step: Step, site_id: SiteId) -> Mapping[str, Any]:
    said = records.json_object(answer.body)
    if said is None or records.text(said.get("access_token")) is None:
        raise TokenAnswerInvalid(step=step, site_id=site_id, http_status=answer.status)
    token_type = said.get("token_type")
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        raise TokenAnswerInvalid(step=step, site_id=site_id, http_status=answer.status)
    return said
