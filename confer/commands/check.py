"""confer check: what works with one EHR, what does not, and exactly what to change."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from confer import demo_addresses
from confer.check import prepare, report
from confer.check.examination import Wishes
from confer.check.prepare import OnTheSpot
from confer.check.run import examine
from confer.errors import IssuerNotRegistered, OutputUnusable
from launch.ports import DEFAULT_SCOPES, ClientAuth, Site
from runtime.settings_schema import Settings

_AUTH = ("public", "private_key_jwt", "client_secret_basic")


@click.command()
@click.argument("issuer")
@click.option("--patient", help="Id of a test patient whose chart may be read.")
@click.option(
    "--sign-in",
    is_flag=True,
    help="Print an address to sign in at, and ask for the one at which the browser ends.",
)
@click.option("--launch", help="With --sign-in: the launch value with which the EHR opened Confer.")
@click.option(
    "--write", is_flag=True, help="Write a test note for the test patient and withdraw it again."
)
@click.option(
    "--leave-note",
    is_flag=True,
    help="With --write: leave the test note in the chart where it cannot be withdrawn.",
)
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the report as one HTML file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--origin",
    "allowed",
    multiple=True,
    help="EHR not registered: scheme and host that may be called; repeat for sign-in hosts.",
)
@click.option("--client-id", default="confer-app", show_default=True, help="EHR not registered.")
@click.option(
    "--client-auth",
    default="public",
    show_default=True,
    type=click.Choice(_AUTH),
    help="EHR not registered.",
)
@click.option("--scopes", default=" ".join(DEFAULT_SCOPES), help="EHR not registered.")
@click.option("--redirect-uri", help="EHR not registered; else the gateway's own.")
@click.option("--backend-client-id", help="EHR not registered.")
@click.option("--backend-scopes", default="", help="EHR not registered.")
@click.option("--vendor", default="generic", show_default=True, help="EHR not registered.")
def command(  # noqa: PLR0913 - one argument per option
    *,
    issuer: str,
    patient: str | None,
    sign_in: bool,
    launch: str | None,
    write: bool,
    leave_note: bool,
    html_file: Path | None,
    as_json: bool,
    allowed: tuple[str, ...],
    client_id: str,
    client_auth: ClientAuth,
    scopes: str,
    redirect_uri: str | None,
    backend_client_id: str | None,
    backend_scopes: str,
    vendor: str,
) -> None:  # fmt: skip
    """Check the connection to the EHR with the FHIR base (or site id) ISSUER.

    Without options only what needs no person: network, TLS, clock, discovery, registration,
    PKCE, Backend Services, frame and cookie. The report holds no secret and no patient data.
    Exit 0 when all is well, 1 after a warning, 3 when something on our side has to change, 8
    when only the EHR's side has to.
    """
    settings = demo_addresses.load_settings()
    named = OnTheSpot(
        allowed=allowed,
        client_id=client_id,
        client_auth=client_auth,
        scopes=tuple(scopes.split()),
        redirect_uri=redirect_uri,
        backend_client_id=backend_client_id,
        backend_scopes=tuple(backend_scopes.split()),
        vendor=vendor,
    )
    wishes = Wishes(
        patient_id=patient,
        launch=launch,
        write=write,
        leave_note=leave_note,
        ask_person=_ask_person if sign_in or launch else None,
    )
    done = _run(settings, issuer, named, wishes)
    if html_file is not None:
        _write(html_file, report.html(done))
    _print([json.dumps(done.as_json(), indent=2)] if as_json else list(report.lines(done)))
    raise SystemExit(done.exit_code)


def _run(settings: Settings, issuer: str, named: OnTheSpot, wishes: Wishes) -> report.Report:
    ours = prepare.our_side(settings)
    registered = ours.find(issuer)
    site: Site
    if registered is not None and not named.allowed:
        site = registered
    elif named.allowed:
        site = prepare.ad_hoc(settings, issuer, named)
    else:
        raise IssuerNotRegistered
    exam = prepare.examination(settings, site, wishes, ours=ours, registered=site is registered)
    return examine(exam)


def _ask_person(address: str) -> str:
    click.echo(
        "\nOpen this address in a browser, sign in as a doctor, and choose a test patient:\n\n"
        f"{address}\n\n"
        "The browser ends at an address of the gateway, perhaps on a page with an error: that is "
        "expected. Copy the whole address from the address bar within a minute.\n",
        err=True,
    )
    answer: str = click.prompt("Address", err=True)
    return answer


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError:
        raise OutputUnusable(problem="the report's file cannot be written") from None


def _print(told: Sequence[str]) -> None:
    for line in told:
        click.echo(line)
