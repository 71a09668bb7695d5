"""The body of a hook call and of its feedback, checked once at the edge.

Unknown members are ignored: version 3.0 adds some, and EHRs add their own.

Spec: CDS Hooks 2.0, HTTP Request and Feedback; rows H2, H9 and H10 of our checklist
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from launch import origins
from launch.cds_hooks.errors import HookRequestInvalid
from launch.cds_hooks.hook_request import FhirAuthorization, HookContext, HookRequest
from runtime import json_text
from runtime.errors import JsonTextError

MAX_BODY_BYTES: Final = 2_000_000
MAX_FEEDBACK: Final = 100
_MAX_DEPTH = 40
_MAX_DRAFTS = 200
_ID = re.compile(r"(?=.*[^.])[A-Za-z0-9\-._~]{1,255}")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,60}")


class _Tolerant(Schema):
    class Meta:
        """Ignore what we do not know."""

        unknown = EXCLUDE


class _Authorization(_Tolerant):
    access_token = fields.String(required=True, validate=validate.Length(min=1, max=16_384))
    token_type = fields.String(load_default="Bearer", allow_none=True)
    scope = fields.String(load_default="", allow_none=True)
    # `expires_in` is a number, or a number in a string: nothing of ours depends on it.


class _Call(_Tolerant):
    hook = fields.String(required=True, validate=validate.Length(max=100))
    hook_instance = fields.UUID(required=True, data_key="hookInstance")
    context = fields.Dict(keys=fields.String(), required=True)
    fhir_server = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=2048),
        data_key="fhirServer",
    )
    granted = fields.Nested(
        _Authorization, load_default=None, allow_none=True, data_key="fhirAuthorization"
    )
    prefetch = fields.Dict(keys=fields.String(), load_default=None, allow_none=True)


class _Coding(_Tolerant):
    code = fields.String(load_default="", allow_none=True)
    system = fields.String(load_default="", allow_none=True)


class _Reason(_Tolerant):
    # `userComment` is not a field here: it is never even read.
    reason = fields.Nested(_Coding, load_default=None, allow_none=True)


class _Verdict(_Tolerant):
    card = fields.UUID(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(("accepted", "overridden")))
    override = fields.Nested(_Reason, load_default=None, allow_none=True, data_key="overrideReason")
    at = fields.AwareDateTime(required=True, default_timezone=UTC, data_key="outcomeTimestamp")


class _Feedback(_Tolerant):
    feedback = fields.List(
        fields.Nested(_Verdict), required=True, validate=validate.Length(min=1, max=MAX_FEEDBACK)
    )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a clinician did with one of our cards; `reason` is a code of ours or empty."""

    card: str
    outcome: str
    reason: str
    at: datetime


def read_call(body: bytes, *, hook: str) -> HookRequest:
    """Read a call of `hook`; raises `HookRequestInvalid` naming the first wrong field."""
    found = _load(_Call(), body)
    if found["hook"] != hook:
        raise HookRequestInvalid(reason="hook")
    server, granted = found["fhir_server"], found["granted"]
    if granted is not None and server is None:
        raise HookRequestInvalid(reason="fhirServer")
    return HookRequest(
        hook=hook,
        context=_context(found["context"], server),
        fhir_server=None if server is None else origins.without_end_slash(server),
        authorization=_authorization(granted),
        prefetch=found["prefetch"] or {},
    )


def read_feedback(body: bytes) -> tuple[Verdict, ...]:
    """Read feedback on cards; comments of users are left out. Raises `HookRequestInvalid`."""
    return tuple(
        Verdict(
            card=str(item["card"]),
            outcome=item["outcome"],
            reason=((item["override"] or {}).get("reason") or {}).get("code") or "",
            at=item["at"],
        )
        for item in _load(_Feedback(), body)["feedback"]
    )


def _load(schema: Schema, body: bytes) -> dict[str, Any]:
    try:
        value = json_text.loads(body, max_bytes=MAX_BODY_BYTES, max_depth=_MAX_DEPTH)
    except JsonTextError:
        raise HookRequestInvalid(reason="not_json") from None
    try:
        loaded: dict[str, Any] = schema.load(value)
    except ValidationError as wrong:
        raise HookRequestInvalid(reason=_first_field(schema, wrong)) from None
    return loaded


def _first_field(schema: Schema, wrong: ValidationError) -> str:
    # Only names of our own schema: a key of the body could be anything.
    faults = wrong.messages if isinstance(wrong.messages, dict) else {}
    ours = [spec.data_key or name for name, spec in schema.fields.items()]
    return next((name for name in ours if name in faults), "not_an_object")


def _authorization(granted: Mapping[str, Any] | None) -> FhirAuthorization | None:
    if granted is None or (granted["token_type"] or "Bearer").lower() != "bearer":
        return None
    return FhirAuthorization(access_token=granted["access_token"], scope=granted["scope"] or "")


def _context(context: Mapping[str, Any], server: str | None) -> HookContext:
    patient = local_reference(context.get("patientId"), server, default_type="Patient")
    if patient is None or not patient.startswith("Patient/"):
        raise HookRequestInvalid(reason="context.patientId")
    drafts = _drafts(context.get("draftOrders"))
    chosen = context.get("selections")
    return HookContext(
        patient_id=patient.removeprefix("Patient/"),
        user=local_reference(context.get("userId"), server),
        drafts=drafts,
        selections=frozenset(
            one for one in (chosen if isinstance(chosen, list) else ()) if isinstance(one, str)
        ),
    )


def local_reference(value: object, server: str | None, *, default_type: str = "") -> str | None:
    """Return `Type/id` of a reference of this server, or None.

    It may come with the server's base and with a version.
    """
    if not isinstance(value, str):
        return None
    if server is not None:
        value = value.removeprefix(f"{origins.without_end_slash(server)}/")
    value = value.partition("/_history/")[0]
    kind, slash, logical_id = value.rpartition("/")
    if not slash:
        kind = default_type
    if not _TYPE.fullmatch(kind) or not _ID.fullmatch(logical_id):
        return None
    return f"{kind}/{logical_id}"


def _drafts(bundle: object) -> tuple[Mapping[str, Any], ...]:
    entries = bundle.get("entry") if isinstance(bundle, dict) else None
    if not isinstance(entries, list):
        return ()
    found = [entry.get("resource") for entry in entries[:_MAX_DRAFTS] if isinstance(entry, dict)]
    return tuple(one for one in found if isinstance(one, dict))
