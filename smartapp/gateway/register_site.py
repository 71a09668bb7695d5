"""Register an EHR, change it, switch it off and on, remove it; each with its audit row.

The audit row names which facts changed and codes, never values: a note or a name may say
more than an audit should.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace

from sqlalchemy.orm import Session

from launch.ports import Site
from runtime import audit, clock
from runtime.database import Database
from runtime.keyring import Keyring
from smartapp.errors import SiteExists, SiteInUse, SiteInvalid, SiteUnknown
from smartapp.gateway.probe_site import ProbeResult
from smartapp.gateway.read_site import Given, SiteRules, read_site
from smartapp.store import sites
from smartapp.store.sites import Waiting

# code -> words; the code is audited, the words are shown to operators
DISABLE_REASONS: Mapping[str, str] = {
    "incident": "a safety incident is being looked into",
    "privacy": "a privacy question is open",
    "maintenance": "the EHR or Confer is being worked on",
    "ehr_request": "the EHR team asked for it",
    "not_ready": "it is not in use yet",
    "leaving": "it is being taken out of use",
}
MAX_NOTE = 200
MAX_SECRET = 1024
_WITH_SECRET = "client_secret_basic"  # noqa: S105 - the name of a method


def add_site(database: Database, site: Site, *, actor: str) -> None:
    """Register a new site; raises `SiteExists` when its id or issuer is taken."""
    with database.transaction() as session:
        if sites.is_taken(session, site.site_id) or sites.find_issuer(session, site.issuer):
            raise SiteExists
        sites.save(session, site, now=clock.now())
        audit.append(
            session,
            event="site.added",
            actor=actor,
            subject=site.site_id,
            detail={"vendor": site.vendor, "client": site.client_auth},
        )


def change_site(
    database: Database, site_id: str, given: Given, *, rules: SiteRules, actor: str
) -> tuple[str, ...]:
    """Change facts of a site and return their names; raises `SiteUnknown` or `SiteInvalid`."""
    with database.transaction() as session:
        before = _known(session, site_id)
        after = read_site(given, rules=rules, base=before)
        old, new = asdict(before), asdict(after)
        changed = tuple(sorted(name for name in new if old[name] != new[name]))
        if changed:
            sites.save(session, after, now=clock.now())
            audit.append(
                session,
                event="site.changed",
                actor=actor,
                subject=site_id,
                detail={"facts": ",".join(changed)},
            )
        # A secret that is no longer used is not kept.
        if after.client_auth != _WITH_SECRET and sites.forget_secret(session, site_id):
            audit.append(session, event="site.secret_deleted", actor=actor, subject=site_id)
    return changed


def disable_site(
    database: Database, site_id: str, *, reason: str, note: str, actor: str
) -> Waiting:
    """Pull the kill switch and return what waits from now on.

    Raises `SiteInvalid` for a reason that is not in the list or a note that is too long.
    """
    problems = []
    if reason not in DISABLE_REASONS:
        problems.append(("reason", f"must be one of: {', '.join(DISABLE_REASONS)}"))
    if len(note) > MAX_NOTE or not (note.isprintable() or not note):
        problems.append(("note", f"must be at most {MAX_NOTE} printable characters"))
    if problems:
        raise SiteInvalid(problems=tuple(problems))
    with database.transaction() as session:
        site = _known(session, site_id)
        closed = replace(site, enabled=False, disabled_reason=reason, disabled_note=note)
        sites.save(session, closed, now=clock.now())
        found = sites.waiting(session, site_id)
        audit.append(
            session,
            event="site.disabled",
            actor=actor,
            subject=site_id,
            detail={"reason": reason, "unsent": found.unsent, "unwritten": found.unwritten},
        )
    return found


def enable_site(database: Database, site_id: str, *, actor: str) -> Waiting:
    """Let a site be used again and return what goes on by itself within half a minute."""
    with database.transaction() as session:
        site = _known(session, site_id)
        opened = replace(site, enabled=True, disabled_reason="", disabled_note="")
        sites.save(session, opened, now=clock.now())
        found = sites.waiting(session, site_id)
        audit.append(
            session,
            event="site.enabled",
            actor=actor,
            subject=site_id,
            detail={"unsent": found.unsent, "unwritten": found.unwritten},
        )
    return found


def keep_site_secret(
    database: Database, keyring: Keyring, site_id: str, secret: str, *, actor: str
) -> None:
    """Keep the shared secret of a `client_secret_basic` site, encrypted.

    Raises `SiteInvalid` when the site uses none, or for an unusable secret.
    """
    with database.transaction() as session:
        site = _known(session, site_id)
        if site.client_auth != _WITH_SECRET:
            raise SiteInvalid(
                problems=(("client_auth", "is not client_secret_basic: no secret is used"),)
            )
        if not secret or len(secret) > MAX_SECRET or not secret.isprintable():
            raise SiteInvalid(
                problems=(("secret", f"must be 1 to {MAX_SECRET} printable characters"),)
            )
        sites.keep_secret(session, keyring, site_id, secret, now=clock.now())
        audit.append(session, event="site.secret_kept", actor=actor, subject=site_id)


def keep_probe(database: Database, site_id: str, result: ProbeResult, *, actor: str) -> None:
    """Keep what a registered site said about itself, for the operators' page."""
    with database.transaction() as session:
        _known(session, site_id)
        sites.keep_probe(session, site_id, result.as_json(), now=clock.now())
        audit.append(
            session,
            event="site.probed",
            actor=actor,
            subject=site_id,
            detail={"result": result.level, "findings": len(result.findings)},
        )


def remove_site(database: Database, site_id: str, *, actor: str) -> None:
    """Remove a site that is switched off and owes nothing to anybody.

    Its secret, sessions, drafts and roster go; closed cases stay readable to the audit.
    Raises `SiteInUse` otherwise.
    """
    with database.transaction() as session:
        site = sites.find(session, site_id)
        if site is None:
            raise SiteUnknown
        found = sites.waiting(session, site_id)
        if site.enabled:
            raise SiteInUse(reason="enabled")
        if found.open_cases or found.parked:
            raise SiteInUse(open_cases=found.open_cases, parked=found.parked)
        sites.remove(session, site_id, now=clock.now())
        audit.append(session, event="site.removed", actor=actor, subject=site_id)


def _known(session: Session, site_id: str) -> Site:
    site = sites.find(session, site_id)
    if site is None:
        raise SiteUnknown
    return site
