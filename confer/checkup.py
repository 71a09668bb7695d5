"""The checks behind `confer doctor`: what this machine and its programs need to work."""

import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from confer import demo_addresses, programs
from confer.errors import AnswerUnexpected, ClockOff, NamesNotOurs
from confer.programs import ProgramName
from launch.discovery import Discovery
from launch.ports import Site
from runtime import clock, readiness, signing_keys
from runtime.database import Database
from runtime.errors import DatabaseUnsafe, Kind, SettingsInvalid, code_of, kind_of
from runtime.keyring import Keyring
from runtime.outbound import OutboundAnswer, OutboundClient
from runtime.settings_schema import Settings
from smartapp.store import sites

DISTRIBUTION: Final = "confer-consult"
ROOMS: Final = (
    "confer", "consult", "deid", "exchange", "fhir_adapters", "fhir_server", "launch", "runtime",
    "sandbox", "smartapp",
)  # fmt: skip
MAX_SKEW_SECONDS: Final = 30
_OK: Final = 200
_SAFE_SQLITE: Final = {"journal_mode": ("wal",), "synchronous": ("2", "3")}
_SAFE_POSTGRES: Final = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_write", "remote_apply"),
}

State = Literal["ok", "failed", "not checked"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check and what came of it; `says` is fit for a log."""

    name: str
    state: State
    says: str
    code: str = ""
    kind: Kind | Literal[""] = ""

    def as_json(self) -> dict[str, str]:
        """The finding as JSON values."""
        return asdict(self)


def run(wanted: tuple[ProgramName, ...]) -> Iterator[Finding]:
    """Check the machine, then each wanted program; without any, those that have a database."""
    yield _check("packages", own_packages)
    try:
        settings = demo_addresses.load_settings()
    except SettingsInvalid as wrong:
        yield Finding(
            name="settings", state="failed", says=str(wrong), code=wrong.code, kind=wrong.kind
        )
        return
    count = len(settings.__dataclass_fields__)
    yield Finding(name="settings", state="ok", says=f"{settings.mode} mode, {count} settings read")
    for program in wanted or programs.PROGRAMS:
        if not wanted and not programs.has_database(settings, program):
            yield Finding(name=program, state="not checked", says="it has no database here")
            continue
        yield from _program(settings, program)


def own_packages() -> str:
    """Raise `NamesNotOurs` unless every room's name leads to our own files.

    Another distribution on the public index installs a top-level `deid`: in one environment
    with ours, its files and ours would share a folder.
    """
    home = _folder("confer")
    owners = metadata.packages_distributions()
    wrong = [
        room
        for room in ROOMS
        if _folder(room) is None
        or _folder(room) != home
        or set(owners.get(room, [DISTRIBUTION])) != {DISTRIBUTION}
    ]
    if wrong:
        raise NamesNotOurs(names=tuple(wrong))
    return f"{len(ROOMS)} package names lead to our own files"


def _folder(room: str) -> Path | None:
    spec = importlib.util.find_spec(room)
    return Path(spec.origin).resolve().parents[1] if spec and spec.origin else None


def _program(settings: Settings, program: ProgramName) -> Iterator[Finding]:
    keyring = programs.keyring_file(settings, program)
    yield _check(
        f"{program} key file",
        lambda: _keyring_opens(keyring),
        hint=f"a new one: confer keys new {program}",
    )
    try:
        database = programs.open_existing(settings, program)
        readiness.database_answers(database)
    except Exception as problem:  # noqa: BLE001 - a failing check is a finding, not a crash
        yield _failed(f"{program} database", problem)
        return
    try:
        yield from _of_database(settings, program, database)
    finally:
        database.dispose()


def _of_database(settings: Settings, program: ProgramName, database: Database) -> Iterator[Finding]:
    yield _check(f"{program} database", lambda: commits_are_safe(database))
    schema = _check(f"{program} schema", lambda: _schema(database, program))
    yield schema
    if schema.state != "ok":
        return
    keyring = programs.keyring_file(settings, program)
    yield _check(f"{program} signing keys", lambda: _signing_keys(database, keyring, program))
    yield _check(
        f"{program} worker", lambda: _worker(database), hint=f"start: confer work {program}"
    )
    yield _check(
        f"{program} work",
        lambda: _work(database),
    )
    if program == "gateway":
        with database.read() as session:
            listed = sites.listed(session)
        for one in listed:
            if one.problem is not None:
                yield _failed(f"EHR {one.site_id}", one.problem)
        yield from _reach(settings, [one.site for one in listed if one.site is not None])


def commits_are_safe(database: Database) -> str:
    """Raise `DatabaseUnsafe` when an accepted question could be lost with the power."""
    sqlite = database.dialect == "sqlite"
    wanted: Mapping[str, tuple[str, ...]] = _SAFE_SQLITE if sqlite else _SAFE_POSTGRES
    with database.engine.connect() as connection:
        for name, good in wanted.items():
            asked = f"PRAGMA {name}" if sqlite else f"SHOW {name}"
            if str(connection.exec_driver_sql(asked).scalar()) not in good:
                raise DatabaseUnsafe(setting=name)
    return f"{database.dialect}; a commit waits for the disk"


def _schema(database: Database, program: ProgramName) -> str:
    state = programs.require_schema(database, program)
    return f"{state.tables} tables, revision {state.revision}"


def _worker(database: Database) -> str:
    readiness.worker_beats(database)
    return "has shown itself within a minute"


def _work(database: Database) -> str:
    readiness.nothing_waits_silently(database)
    return "no job is overdue"


def _keyring_opens(path: Path) -> str:
    readiness.keyring_opens(path)
    return "readable by its owner only"


def _signing_keys(database: Database, path: Path, program: ProgramName) -> str:
    """Open the program's own keys, which shows that key file and database belong together."""
    if program == "consult":
        return "each specialist has a key of their own; opened when they sign"
    from confer.wiring import gateway  # noqa: PLC0415 - a process imports its own side only

    keyring = Keyring.open(path, create=False)
    with database.read() as session:
        known = signing_keys.public_keys(session, gateway.NETWORK_KEY, include_retired=False)
        if not known:
            return "none yet; made when the program first starts"
        key = signing_keys.load_or_create(
            session, keyring, purpose=gateway.NETWORK_KEY, alg="ES384"
        )
    return f"opens with the key file; signs as {key.kid}"


def _reach(settings: Settings, registered: Sequence[Site]) -> Iterator[Finding]:
    """Ask every EHR that is switched on, and the consult server, what needs no sign-in."""
    on = [site for site in registered if site.enabled]
    outbound = OutboundClient(
        allowed_origins={
            *(_origin(url) for site in on for url in (site.issuer, *site.allowed_origins)),
            _origin(settings.consult_url),
        },
        allow_loopback_http=settings.is_sandbox,
        connect_seconds=settings.outbound_connect_seconds,
        read_seconds=settings.outbound_read_seconds,
        max_bytes=settings.max_body_bytes,
    )
    if not registered:
        yield Finding(name="EHR", state="not checked", says="none is registered")
    for site in registered:
        if not site.enabled:
            says = f"switched off: {site.disabled_reason}"
            yield Finding(name=f"EHR {site.site_id}", state="not checked", says=says)
    for site in on:
        yield _check(f"EHR {site.site_id}", partial(_ehr, outbound, settings, site))
        url = f"{site.issuer.rstrip('/')}/metadata"
        yield _check(f"clock against {site.site_id}", partial(_clock, outbound, url))
    ready = f"{settings.consult_url}/ready"
    yield _check("consult server", partial(_consult, outbound, ready))
    yield _check("clock against the consult server", partial(_clock, outbound, ready))


def _ehr(outbound: OutboundClient, settings: Settings, site: Site) -> str:
    found = Discovery(outbound=outbound, loopback_http=settings.is_sandbox).configuration(
        site, site.issuer
    )
    return f"announces {len(found.capabilities)} SMART capabilities"


def _consult(outbound: OutboundClient, url: str) -> str:
    _ask(outbound, url)
    return "answers, and its database does"


def _clock(outbound: OutboundClient, url: str) -> str:
    date = _ask(outbound, url).headers.get("date", "")
    return clock_agrees(date, now=clock.now())


def clock_agrees(date_header: str, *, now: datetime) -> str:
    """Raise `ClockOff` when an HTTP date differs by more than 30 s from `now`."""
    try:
        theirs = parsedate_to_datetime(date_header)
    except ValueError:
        return "the other side does not say its time"
    seconds = round(abs((now - theirs.astimezone(UTC)).total_seconds()))
    if seconds > MAX_SKEW_SECONDS:
        raise ClockOff(seconds=seconds)
    return f"agrees within {max(seconds, 1)} s"


def _ask(outbound: OutboundClient, url: str) -> OutboundAnswer:
    answer = outbound.request(
        "GET", url, label="doctor", headers={"Accept": "application/json, application/fhir+json"}
    )
    if answer.status != _OK:
        raise AnswerUnexpected(status=answer.status)
    return answer


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _check(name: str, work: Callable[[], str], *, hint: str = "") -> Finding:
    try:
        return Finding(name=name, state="ok", says=work())
    except Exception as problem:  # noqa: BLE001 - a failing check is a finding, not a crash
        return _failed(name, problem, hint)


def _failed(name: str, problem: Exception, hint: str = "") -> Finding:
    kind, code = kind_of(problem), code_of(problem)
    # the text of a foreign exception may hold anything; ours is fit for a log
    says = str(problem) if kind != "bug" else "did not work"
    if hint:
        says = f"{says}; {hint}"
    return Finding(name=name, state="failed", says=says, code=code, kind=kind)
