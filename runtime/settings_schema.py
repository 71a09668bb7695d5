"""Every setting once: name, type, default, help. Environment names are `CONFER_` + upper case.

The reference page and `confer doctor` read this list; nobody else reads the environment.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

Mode = Literal["sandbox", "production"]
SECRETS: frozenset[str] = frozenset(
    {"gateway_database_url", "consult_database_url", "ehr_database_url", "ehr_fault_secret"}
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """All settings of all programs. Its repr shows names and mode, never a value."""

    mode: Mode
    data_dir: Path
    log_level: str
    # addresses: public bases without a trailing slash
    ehr_url: str
    gateway_url: str
    consult_url: str
    # databases and keys
    gateway_database_url: str = field(repr=False)
    consult_database_url: str = field(repr=False)
    ehr_database_url: str = field(repr=False)
    gateway_keyring_file: Path
    consult_keyring_file: Path
    ehr_keyring_file: Path
    # the sandbox EHR's fault switches: closed while empty
    ehr_fault_secret: str = field(repr=False)
    # where a chaos test kills the gateway's worker; nowhere while empty
    failpoint: str
    # a case on its way
    send_delay_seconds: float
    poll_seconds: float
    deid_policy: str
    deid_timeout_seconds: float
    deid_memory_mb: int
    # the network
    outbound_connect_seconds: float
    outbound_read_seconds: float
    max_body_bytes: int
    behind_proxy: bool
    # browser sessions
    session_idle_minutes: int
    session_hours: int
    # durable work
    worker_threads: int
    work_retention_days: int

    def __repr__(self) -> str:
        """Name the mode only: addresses and URLs may carry secrets."""
        return f"Settings(mode={self.mode!r}, ...)"

    @property
    def is_sandbox(self) -> bool:
        """True when synthetic data and plain http on loopback are allowed."""
        return self.mode == "sandbox"


def is_loopback(url: str) -> bool:
    """Say whether a URL names this machine (localhost, *.localhost, 127.0.0.1, ::1)."""
    host = urlsplit(url).hostname or ""
    return host in _LOOPBACK or host.endswith(".localhost")


def _base_url(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValidationError("must be an http(s) address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValidationError("must have no user, query or fragment")
    if value.endswith("/"):
        raise ValidationError("must not end in a slash")
    if parts.scheme == "http" and not is_loopback(value):
        raise ValidationError("must be https unless it names this machine")


def _help(text: str) -> dict[str, str]:
    return {"help": text}


_positive = validate.Range(min=0, min_inclusive=False)
_PRODUCTION_REQUIRES = (
    "gateway_url",
    "consult_url",
    "gateway_database_url",
    "consult_database_url",
    "gateway_keyring_file",
    "consult_keyring_file",
)


class SettingsSchema(Schema):
    """Names, defaults and rules; unknown names are refused."""

    class Meta:
        """Refuse names that are not in the list."""

        unknown = RAISE

    mode = fields.String(
        load_default="sandbox",
        validate=validate.OneOf(("sandbox", "production")),
        metadata=_help("sandbox: synthetic data, loopback http; production: neither"),
    )
    data_dir = fields.String(
        load_default=".demo", metadata=_help("folder of the databases and keys of the demo")
    )
    log_level = fields.String(
        load_default="info",
        validate=validate.OneOf(("debug", "info", "warning", "error")),
        metadata=_help("lowest level that is written"),
    )
    ehr_url = fields.String(
        load_default="http://localhost:8400",
        validate=_base_url,
        metadata=_help("public address of the sandbox EHR"),
    )
    gateway_url = fields.String(
        load_default="http://127.0.0.1:8401",
        validate=_base_url,
        metadata=_help("public address of the hospital gateway"),
    )
    consult_url = fields.String(
        load_default="http://127.0.0.1:8402",
        validate=_base_url,
        metadata=_help("public address of the consult server"),
    )
    gateway_database_url = fields.String(
        load_default="", metadata=_help("SQLAlchemy URL; default gateway.db in data_dir")
    )
    consult_database_url = fields.String(
        load_default="", metadata=_help("SQLAlchemy URL; default consult.db in data_dir")
    )
    ehr_database_url = fields.String(
        load_default="", metadata=_help("SQLAlchemy URL; default ehr.db in data_dir")
    )
    gateway_keyring_file = fields.String(
        load_default="", metadata=_help("key file of the gateway; default in data_dir")
    )
    consult_keyring_file = fields.String(
        load_default="", metadata=_help("key file of the consult server; default in data_dir")
    )
    ehr_keyring_file = fields.String(
        load_default="", metadata=_help("key file of the sandbox EHR; default in data_dir")
    )
    ehr_fault_secret = fields.String(
        load_default="",
        metadata=_help("opens the sandbox EHR's fault switches to tests; closed while empty"),
    )
    failpoint = fields.String(
        load_default="",
        metadata=_help("sandbox only: the point at which a chaos test kills the worker, once"),
    )
    send_delay_seconds = fields.Float(
        load_default=30.0,
        validate=validate.Range(min=0, max=600),
        metadata=_help("wait between approval and sending, so that a case can be taken back"),
    )
    poll_seconds = fields.Float(
        load_default=5.0, validate=_positive, metadata=_help("how often the gateway asks for news")
    )
    deid_policy = fields.String(
        load_default="safe-harbor",
        validate=validate.OneOf(("safe-harbor", "expert-determination", "uk-confidential")),
        metadata=_help("rules that decide what leaves this hospital"),
    )
    deid_timeout_seconds = fields.Float(
        load_default=20.0, validate=_positive, metadata=_help("de-identification is stopped after")
    )
    deid_memory_mb = fields.Integer(
        load_default=1024,
        validate=validate.Range(min=128),
        metadata=_help("memory limit of the de-identification process"),
    )
    outbound_connect_seconds = fields.Float(
        load_default=3.05, validate=_positive, metadata=_help("time-out for connecting")
    )
    outbound_read_seconds = fields.Float(
        load_default=10.0, validate=_positive, metadata=_help("time-out between received bytes")
    )
    max_body_bytes = fields.Integer(
        load_default=20_000_000,
        validate=validate.Range(min=10_000),
        metadata=_help("largest request or answer body"),
    )
    behind_proxy = fields.Boolean(
        load_default=False,
        metadata=_help("one proxy of ours stands in front and sets X-Forwarded-For"),
    )
    session_idle_minutes = fields.Integer(
        load_default=30,
        validate=validate.Range(min=1),
        metadata=_help("a browser session ends after this much silence"),
    )
    session_hours = fields.Integer(
        load_default=12,
        validate=validate.Range(min=1, max=24),
        metadata=_help("a browser session ends after this long in any case"),
    )
    worker_threads = fields.Integer(
        load_default=8,
        validate=validate.Range(min=1, max=64),
        metadata=_help("jobs that one worker runs at the same time"),
    )
    work_retention_days = fields.Integer(
        load_default=30,
        validate=validate.Range(min=1),
        metadata=_help("finished jobs are deleted after"),
    )

    @validates_schema(skip_on_field_errors=False)
    def _check_production(self, data: dict[str, Any], **_: object) -> None:
        # Any: marshmallow hands over whatever was loaded so far.
        if data.get("mode") != "production":
            return
        defaults = {name: self.fields[name].load_default for name in _PRODUCTION_REQUIRES}
        faults = {
            name: ["is required in production"]
            for name in _PRODUCTION_REQUIRES
            if data.get(name, defaults[name]) == defaults[name]
        }
        for name in ("gateway_url", "consult_url"):
            if name not in faults and is_loopback(str(data.get(name))):
                faults[name] = ["must not be a loopback address in production"]
        if faults:
            raise ValidationError(faults)
