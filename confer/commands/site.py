"""confer site: the EHRs that doctors may launch from."""

import inspect
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from confer import demo_addresses, programs, site_input
from launch import origins, site_gate
from launch.ports import Site
from runtime import clock
from runtime.database import Database
from runtime.errors import EXIT_CODE, code_of, kind_of
from runtime.keyring import Keyring
from runtime.settings_schema import Settings
from smartapp.errors import SiteInvalid, SiteUnknown, SmartAppError
from smartapp.gateway import operator_access, register_site
from smartapp.gateway.operator_access import ACTOR
from smartapp.gateway.probe_site import ProbeResult, probe_site, way_out
from smartapp.gateway.read_site import SiteRules, facts_of, read_site
from smartapp.gateway.register_site import DISABLE_REASONS
from smartapp.gateway.site_fields import FIXED
from smartapp.store import sites

_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
_SITE = click.argument("site_id", metavar="SITE")
_FILE = click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A TOML file with the same names; options win over it.",
)
_MARKS = {"pass": "ok  ", "warn": "look", "fail": "FAIL"}


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The gateway's database and what its settings decide."""

    settings: Settings
    database: Database

    @property
    def rules(self) -> SiteRules:
        """What the gateway itself decides about a registration."""
        return SiteRules(
            gateway_url=self.settings.gateway_url, loopback_http=self.settings.is_sandbox
        )

    def site(self, site_id: str) -> Site:
        """A registered site."""
        with self.database.read() as session:
            found = sites.find(session, site_id)
        if found is None:
            raise SiteUnknown
        return found

    def keyring(self) -> Keyring:
        """The gateway's key file."""
        return Keyring.open(self.settings.gateway_keyring_file, create=False)


@contextmanager
def _desk(*, as_json: bool) -> Iterator[Desk]:
    """Open the gateway's database; tell what is refused, every wrong fact by name, and stop."""
    chosen = demo_addresses.load_settings()
    database = programs.open_existing(chosen, "gateway")
    try:
        programs.require_schema(database, "gateway")
        yield Desk(settings=chosen, database=database)
    except SmartAppError as wrong:
        _tell_refusal(wrong, as_json=as_json)
        raise SystemExit(EXIT_CODE[kind_of(wrong)]) from None
    finally:
        database.dispose()


@click.group()
def command() -> None:
    """Register the EHRs of this hospital, look at them, switch them off, remove them."""


@command.command("add")
@_FILE
@site_input.fact_options()
@_JSON
def add(*, file: Path | None, as_json: bool, **options: Any) -> None:  # Any: one per fact
    """Register an EHR, from options or a TOML file.

    Needed are --site-id, --name, --issuer and --client-id; the rest has the vendor's defaults.
    A client secret is not given here: `confer site secret`.
    """
    with _desk(as_json=as_json) as desk:
        site = read_site(site_input.given_facts(file, options), rules=desk.rules)
        register_site.add_site(desk.database, site, actor=ACTOR)
        _tell_site(desk, site, as_json=as_json)
        if not as_json:
            click.echo(f"{site.site_id}: registered; next: confer site probe {site.site_id}")


@command.command("change")
@_SITE
@_FILE
@site_input.fact_options(without=sorted(FIXED))
@_JSON
def change(
    *, site_id: str, file: Path | None, as_json: bool, **options: Any
) -> None:  # Any: one per fact
    """Change facts of a registered EHR; an empty text clears one. Takes effect at once."""
    with _desk(as_json=as_json) as desk:
        given = site_input.given_facts(file, options)
        changed = register_site.change_site(
            desk.database, site_id, given, rules=desk.rules, actor=ACTOR
        )
        if as_json:
            _print_json({"ok": True, "site_id": site_id, "changed": list(changed)})
        else:
            click.echo(f"{site_id}: {', '.join(changed) or 'nothing'} changed")


@command.command("list")
@_JSON
def list_(*, as_json: bool) -> None:
    """List the registered EHRs and how they stand."""
    with _desk(as_json=as_json) as desk, desk.database.read() as session:
        rows = [_row(one, sites.waiting(session, one.site_id)) for one in sites.listed(session)]
    if as_json:
        _print_json({"sites": rows})
        return
    if not rows:
        click.echo("none is registered; next: confer site add --help")
    for row in rows:
        click.echo(f"{row['site_id']:<20} {row['state']:<13} {row['vendor']:<14} {row['issuer']}")
        hanging = {name: count for name, count in row.get("waiting", {}).items() if count}
        if hanging:
            click.echo(f"{'':<20} {', '.join(f'{n} {name}' for name, n in hanging.items())}")


@command.command("show")
@_SITE
@click.option("--toml", "as_toml", is_flag=True, help="Print it as `site add --file` reads it.")
@_JSON
def show(*, site_id: str, as_toml: bool, as_json: bool) -> None:
    """Show the registration of an EHR, what hangs on it and its last probe; never a secret."""
    with _desk(as_json=as_json) as desk:
        site = desk.site(site_id)
        if as_toml:
            click.echo(site_input.as_toml(site), nl=False)
        else:
            _tell_site(desk, site, as_json=as_json)


@command.command("probe")
@click.argument("site_or_issuer", metavar="SITE_OR_ISSUER")
@_JSON
def probe(*, site_or_issuer: str, as_json: bool) -> None:
    """Ask an EHR what it is, without signing in, and say what to register on both sides.

    Give the id of a registered EHR, or a FHIR base that is not registered yet. Nothing is
    sent but two questions. Exit 8 when something has to be mended first.
    """
    with _desk(as_json=as_json) as desk:
        site = None
        issuer = origins.without_end_slash(site_or_issuer)
        if "://" not in site_or_issuer:
            site = desk.site(site_or_issuer)
            issuer = site.issuer
        elif not origins.is_fhir_base(issuer, loopback_http=desk.rules.loopback_http):
            raise SiteInvalid(problems=(("issuer", "must be an https address, without ? and #"),))
        found = probe_site(way_out(issuer, desk.settings), issuer, rules=desk.rules, site=site)
        if site is not None:
            register_site.keep_probe(desk.database, site.site_id, found, actor=ACTOR)
    if as_json:
        _print_json(found.as_json())
    else:
        _tell_probe(found, site)
    if found.level == "fail":
        raise SystemExit(EXIT_CODE["upstream_refused"])


@command.command("secret")
@_SITE
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read it from a file instead of asking.",
)
@_JSON
def secret(*, site_id: str, file: Path | None, as_json: bool) -> None:
    """Keep the client secret of a client_secret_basic EHR, encrypted. It is never shown."""
    with _desk(as_json=as_json) as desk:
        desk.site(site_id)
        if file is not None:
            text = site_input.secret_of(file)
        else:
            text = click.prompt(
                "Client secret", hide_input=True, confirmation_prompt=True, err=True
            )
        register_site.keep_site_secret(desk.database, desk.keyring(), site_id, text, actor=ACTOR)
    _tell({"site_id": site_id, "kept": True}, f"{site_id}: kept, encrypted", as_json=as_json)


@command.command("disable")
@_SITE
@click.option("--reason", required=True, help=f"Why. One of: {', '.join(DISABLE_REASONS)}.")
@click.option("--note", default="", help="For other operators; no patient's name.")
@_JSON
def disable(*, site_id: str, reason: str, note: str, as_json: bool) -> None:
    """Pull the kill switch: no launch, no reading, nothing sent or written, at once.

    What doctors have approved is kept and goes on when the EHR is enabled again.
    """
    with _desk(as_json=as_json) as desk:
        waits = register_site.disable_site(
            desk.database, site_id, reason=reason, note=note, actor=ACTOR
        )
    says = f"{site_id}: switched off; {waits.unsent} to send and {waits.unwritten} to write wait"
    facts = {"site_id": site_id, "enabled": False, "reason": reason, "waiting": _waits(waits)}
    _tell(facts, says, as_json=as_json)


@command.command("enable")
@_SITE
@_JSON
def enable(*, site_id: str, as_json: bool) -> None:
    """Let an EHR be used again; what waited goes on within half a minute."""
    with _desk(as_json=as_json) as desk:
        waits = register_site.enable_site(desk.database, site_id, actor=ACTOR)
    says = f"{site_id}: switched on; {waits.unsent} to send and {waits.unwritten} to write go on"
    facts = {"site_id": site_id, "enabled": True, "waiting": _waits(waits)}
    _tell(facts, says, as_json=as_json)


@command.command("remove")
@_SITE
@click.option("--yes", is_flag=True, help="Do not ask.")
@_JSON
def remove(*, site_id: str, yes: bool, as_json: bool) -> None:
    """Remove an EHR that is disabled and of which no question is open.

    Its sessions, drafts, roster and client secret are deleted; closed cases stay.
    """
    with _desk(as_json=as_json) as desk:
        if not yes:
            asked = f"Remove {site_id}? Its drafts and its roster are deleted"
            click.confirm(asked, abort=True, err=True)
        register_site.remove_site(desk.database, site_id, actor=ACTOR)
    _tell({"site_id": site_id, "removed": True}, f"{site_id}: removed", as_json=as_json)


@command.command("page")
@_JSON
def page(*, as_json: bool) -> None:
    """Print a link to the operator's page of sites: one use, 60 seconds, then half an hour."""
    with _desk(as_json=as_json) as desk:
        code = operator_access.offer_link(desk.database, desk.keyring())
        link = f"{desk.settings.gateway_url}/operate/enter/{code}"
    facts = {"link": link, "seconds": operator_access.LINK_MINUTES * 60}
    _tell(facts, link, as_json=as_json)


def _tell_refusal(wrong: SmartAppError, *, as_json: bool) -> None:
    """Say what was refused and why: field and reason where facts are wrong."""
    problems = wrong.problems if isinstance(wrong, SiteInvalid) else ()
    says = " ".join((inspect.getdoc(type(wrong)) or "").split())
    if as_json:
        told = [{"field": name, "reason": reason} for name, reason in problems]
        facts = {} if problems else wrong.facts
        _print_json({"ok": False, "code": code_of(wrong), **facts, "problems": told})
        return
    counts = ", ".join(f"{name} {value}" for name, value in wrong.facts.items() if not problems)
    click.echo(f"{says} [{code_of(wrong)}]{f' ({counts})' if counts else ''}", err=True)
    for name, reason in problems:
        click.echo(f"  {name}: {reason}", err=True)


def _row(one: sites.SiteListing, waits: sites.Waiting) -> dict[str, Any]:  # Any: JSON
    site = one.site
    if site is None:
        code = code_of(one.problem) if one.problem else ""
        return {"site_id": one.site_id, "state": "unreadable", "vendor": "", "issuer": code}
    return {
        "site_id": site.site_id,
        "name": site.name,
        "state": _state(site),
        "vendor": site.vendor,
        "issuer": site.issuer,
        "waiting": _waits(waits),
    }


def _state(site: Site) -> str:
    return site_gate.closed_because(site, clock.now()) or "open"


def _waits(waits: sites.Waiting) -> dict[str, int]:
    return {
        "open_cases": waits.open_cases,
        "unsent": waits.unsent,
        "unwritten": waits.unwritten,
        "parked": waits.parked,
    }


def _tell_site(desk: Desk, site: Site, *, as_json: bool) -> None:
    with desk.database.read() as session:
        waits = _waits(sites.waiting(session, site.site_id))
        since = sites.secret_since(session, site.site_id)
        last = sites.last_probe(session, site.site_id)
    facts = facts_of(site)
    about: dict[str, Any] = {  # Any: JSON
        "state": _state(site),
        "disabled_reason": site.disabled_reason,
        "disabled_note": site.disabled_note,
        "client_secret_since": since.isoformat(timespec="seconds") if since else None,
        "waiting": waits,
    }
    if as_json:
        probed = {"at": last.at.isoformat(timespec="seconds"), **last.found} if last else None
        _print_json({"site": facts, **about, "probe": probed})
        return
    for name, value in facts.items():
        click.echo(f"{name:<20} {_shown(value)}")
    click.echo(f"{'state':<20} {about['state']} {site.disabled_reason}".rstrip())
    if site.client_auth == "client_secret_basic":
        kept = "kept" if since else f"missing; confer site secret {site.site_id}"
        click.echo(f"{'client secret':<20} {kept}")
    click.echo(f"{'waiting':<20} {', '.join(f'{count} {name}' for name, count in waits.items())}")
    if last:
        click.echo(f"{'last probe':<20} {last.found['level']}, {last.at:%Y-%m-%d %H:%M} UTC")


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " | ".join(item if isinstance(item, str) else "(key)" for item in value)
    return str(value)


def _tell_probe(found: ProbeResult, site: Site | None) -> None:
    click.echo(f"{found.issuer}: {found.software or 'a server that does not name itself'}")
    for one in found.findings:
        click.echo(f"{_MARKS[one.level]} {one.name}: {one.says}")
        if one.fix:
            click.echo(f"       -> {one.fix}")
    click.echo("\nPaste into the EHR's registration form:")
    for label, value in found.paper.rows():
        click.echo(f"  {label}: {value}")
    for sentence in found.paper.to_do:
        click.echo(f"  - {sentence}")
    if found.facts and site is None:
        click.echo("\nRegister here with (besides id, name and client id):")
    elif found.facts:
        click.echo("\nChange here:")
    for name, value in found.facts.items():
        click.echo(f"  {name} = {_shown(tuple(value)) if isinstance(value, list) else value}")


def _tell(facts: Mapping[str, Any], says: str, *, as_json: bool) -> None:
    if as_json:
        _print_json(facts)
    else:
        click.echo(says)


def _print_json(facts: Mapping[str, Any]) -> None:
    click.echo(json.dumps(facts, indent=2, default=str))
