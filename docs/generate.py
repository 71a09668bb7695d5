"""Writes the reference pages that come from the code: run `scripts/docs`.

Each page is a function that returns Markdown; an architecture test compares them with what
is stored, so that a page never tells of yesterday's commands, settings, errors or routes.
"""

import importlib
import inspect
import pkgutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import bench_switches
import check_findings
import click
import deid_rules
import markdown
import release_pages
import vendor_pages
import what_leaves
from flask import Flask

DOCS = Path(__file__).resolve().parent
ROOMS = (
    "confer", "smartapp", "consult", "sandbox", "fhir_server", "fhir_adapters", "launch",
    "exchange", "deid", "runtime",
)  # fmt: skip
_WIDTH = 96

# A guard's function -> its name on the page, and what it lets in.
_POLICIES = {
    "runtime.web_guard.public": ("public", "everybody"),
    "smartapp.web.session.launched": (
        "launched",
        "the browser whose cookie belongs to the launch in the path; a POST also needs our own "
        "origin and the form's token",
    ),
    "smartapp.web.session.watching": (
        "watching",
        "like `launched`, but asking does not keep the session alive",
    ),
    "smartapp.web.cds_services.HookRoutes.called_by_ehr": (
        "EHR's token",
        "a registered EHR's CDS client: one bearer JWT per call, made for this very address",
    ),
    "smartapp.web.session.own_form": (
        "own form",
        "everybody for looking; a POST only from our own page",
    ),
    "smartapp.web.operator_session.operator": (
        "operator",
        "a browser with an operator's session, half an hour from a one-use link of "
        "`confer site page`; a POST also needs our own origin and the form's token",
    ),
    "consult.web.access.HospitalAccess.policy.<locals>.check": (
        "hospital",
        "a bearer token issued to a registered hospital; the hospital follows from it alone",
    ),
    "consult.web.session_cookie.signed_in_policy.<locals>.check": (
        "signed in",
        "a specialist with a live session",
    ),
    "sandbox.pages.Pages.need_doctor": ("doctor", "a doctor signed in at the simulated EHR"),
    "sandbox.pages.Pages.own_form": ("doctor's form", "the same, from our own form"),
    "sandbox.pages.Pages.own_origin": ("own page", "a POST from our own origin"),
    "sandbox.secret_door.SecretDoor.let_in": (
        "fault secret",
        "sandbox mode and the fault secret as bearer token; closed while none is set",
    ),
}
# Endpoints that are `public` to the guard because the view itself asks for a proof.
_INSIDE = {
    "fhir.serve": "bearer token and the engine's access policy inside; `metadata` is open",
    "token.token": "the client's signed assertion inside",
    "oauth.token": "the client's proof inside",
    "oauth.introspect": "the client's proof inside",
    "oauth.revoke": "the client's proof inside",
    "oauth.authorize": "a launch value or a signed-in doctor inside",
    "launch.start": "a registered issuer inside",
    "launch.callback": "the one-time state inside",
    "front.window": "a one-use code inside",
    "operate_door.ask": "asks only; nothing is used up",
    "operate_door.enter": "a one-use code inside, good for 60 seconds",
    "cds.preflight": "a browser's question whether it may call; says nothing else",
    "cds.keys": "public keys only",
    "trap.fall": "sandbox mode inside; it answers nothing and notes who brought credentials",
    "desk.enter": "password and code inside",
}


def main(arguments: Sequence[str]) -> int:
    """Write all pages; with `--check` only compare, and return 1 when one is stale."""
    check = "--check" in arguments
    stale = []
    for name, text in pages().items():
        path = DOCS / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{'stale' if check else 'wrote'}: docs/{name}")  # noqa: T201 - a command
    return 1 if check and stale else 0


def pages() -> dict[str, str]:
    """Every generated page by its path under docs/."""
    return {
        "reference/cli.md": cli_page(),
        "reference/settings.md": settings_page(),
        "reference/errors.md": errors_page(),
        "reference/log-events.md": log_events_page(),
        "reference/http.md": http_page(),
        "reference/parked.md": parked_page(),
        "reference/test-bench.md": bench_switches.render(),
        "integrate/check.md": check_findings.render(),
        **vendor_pages.render(),
        "integrate/other-releases.md": release_pages.render(),
        "safety/deid-rules.md": deid_rules.render(),
        "safety/what-leaves.md": what_leaves.render(),
    }


# ---------------------------------------------------------------- commands


def cli_page() -> str:
    """Every command with its help text."""
    from confer.cli import cli  # noqa: PLC0415

    parts = [
        markdown.head(
            "Commands", "For whoever runs Confer; after this page you know every command."
        ),
        "Results go to standard output, everything else to standard error. `--json` makes the "
        "result machine-readable. Exit codes: [errors.md](errors.md).",
    ]
    for context in _commands(click.Context(cli, info_name="confer", **cli.context_settings)):
        context.terminal_width = _WIDTH
        usage = context.get_help().rstrip()
        parts += [f"## `{context.command_path}`", f"```text\n{usage}\n```"]
    return markdown.page(parts)


def _commands(context: click.Context) -> Iterator[click.Context]:
    group = context.command
    if not isinstance(group, click.Group):
        yield context
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            yield from _commands(click.Context(command, parent=context, info_name=name))


# ---------------------------------------------------------------- settings, errors, events


def settings_page() -> str:
    """Every setting with its default and what it does."""
    from runtime.settings_schema import SECRETS, SettingsSchema  # noqa: PLC0415

    rows = []
    for name, field in SettingsSchema().fields.items():
        default = field.load_default
        shown = "" if default == "" else f"`{default}`"
        twin = f"; or `CONFER_{name.upper()}_FILE`" if name in SECRETS else ""
        rows.append((f"`CONFER_{name.upper()}`", shown, f"{field.metadata['help']}{twin}"))
    parts = [
        markdown.head("Settings", "For whoever runs Confer; after this page you can configure it."),
        "The environment wins over the TOML file that `CONFER_CONFIG` names, which wins over the "
        "default. In the file a setting has its name in lower case without `CONFER_`. All faults "
        "are reported together, by name and never by value; an unknown name is a fault. "
        "`CONFER_MODE=production` needs public addresses, databases and key files to be named.",
        markdown.table(("setting", "default", "what it does"), rows),
    ]
    return markdown.page(parts)


def errors_page() -> str:
    """Every error code with its kind and explanation."""
    from runtime.errors import EXIT_CODE, HTTP_STATUS, RETRY  # noqa: PLC0415

    kinds = [
        (f"`{kind}`", str(HTTP_STATUS[kind]), str(EXIT_CODE[kind]), RETRY[kind].replace("_", " "))
        for kind in HTTP_STATUS
    ]
    rows = sorted(
        (f"`{error.code}`", f"`{error.kind}`", (inspect.getdoc(error) or "").partition("\n\n")[0])  # type: ignore[attr-defined]
        for error in _error_classes()
    )
    parts = [
        markdown.head(
            "Errors", "For whoever meets a code; after this page you know what it means."
        ),
        "A code is stable and never used twice. Its kind decides how it is answered.",
        markdown.table(("kind", "HTTP", "exit code", "try again"), kinds),
        "The HTTP column is the usual status of a kind; a FHIR answer can be more exact (400 for "
        "what cannot be parsed, 412 for a failed condition). Anything without a code is a bug: "
        "500, exit code 70, and no text, only a reference.",
        markdown.table(("code", "kind", "what it means"), rows),
    ]
    return markdown.page(parts)


def _error_classes() -> Iterator[type[Exception]]:
    for room in ROOMS:
        package = importlib.import_module(room)
        for info in pkgutil.walk_packages(package.__path__, f"{room}."):
            if not info.name.endswith(".errors"):
                continue
            module = importlib.import_module(info.name)
            for _, member in inspect.getmembers(module, inspect.isclass):
                if issubclass(member, Exception) and member.__module__ == module.__name__:
                    yield member


def log_events_page() -> str:
    """Every log event with its level and fields."""
    from runtime.log_events import CONTEXT_FIELDS, Event  # noqa: PLC0415

    rows = [
        (
            f"`{event.value.name}`",
            event.value.level,
            event.value.sentence,
            ", ".join(f"`{name}`" for name in sorted(event.value.fields)),
        )
        for event in Event
    ]
    parts = [
        markdown.head("Log events", "For whoever reads logs; after this page you know every line."),
        "What is not in this list is not written. Fields are ids, codes, counts and durations; "
        "never text that somebody typed. These arrive by themselves where they are known: "
        + ", ".join(f"`{name}`" for name in sorted(CONTEXT_FIELDS)) + ".",
        markdown.table(("event", "level", "what happened", "fields"), rows),
    ]  # fmt: skip
    return markdown.page(parts)


def parked_page() -> str:
    """Every reason why something waits for a person."""
    from smartapp.web.words import PARKED  # noqa: PLC0415

    parts = [
        markdown.head(
            "Parked", "For whoever helps a doctor; after this page you know each reason."
        ),
        "What cannot be proven safe is not done but parked: the doctor sees it in Confer, with one "
        "thing to do. The reason is in the audit record and, for an unsent case, in the log.",
        markdown.table(
            ("reason", "what happened", "what the doctor is told to do"),
            [(f"`{reason}`", what, then) for reason, (what, then) in PARKED.items()],
        ),
    ]
    return markdown.page(parts)


# ---------------------------------------------------------------- routes


def http_page() -> str:
    """Every route of the three web programs with its access policy."""
    from runtime import web_guard  # noqa: PLC0415

    used: dict[str, str] = {}
    sections: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for title, app in _apps(folder):
            policies = web_guard.policies_of(app)
            rows = []
            for rule in sorted(
                app.url_map.iter_rules(), key=lambda each: (each.rule, each.endpoint)
            ):
                policy = policies[rule.endpoint]
                name, lets_in = _POLICIES[f"{policy.__module__}.{policy.__qualname__}"]
                used[name] = lets_in
                methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
                shown = (
                    name
                    if name != "public" or rule.endpoint not in _INSIDE
                    else (f"public; {_INSIDE[rule.endpoint]}")
                )
                rows.append((", ".join(methods), f"`{rule.rule}`", f"`{rule.endpoint}`", shown))
            sections += [
                f"## {title}",
                markdown.table(("method", "path", "endpoint", "who may"), rows),
            ]
    parts = [
        markdown.head(
            "Routes", "For whoever reviews access; after this page you know who may call what."
        ),
        "A program does not start when a route has no policy. FHIR interactions below `/fhir` are "
        "in the CapabilityStatement at `/fhir/metadata`, made from what is registered.",
        markdown.table(("policy", "lets in"), sorted(used.items())),
        *sections,
    ]
    return markdown.page(parts)


def _apps(folder: str) -> Iterator[tuple[str, Flask]]:
    from confer import programs  # noqa: PLC0415
    from confer.wiring import consult, ehr, gateway  # noqa: PLC0415
    from consult.web import app as consult_app  # noqa: PLC0415
    from runtime import settings  # noqa: PLC0415
    from runtime.database import create_tables, open_database  # noqa: PLC0415
    from sandbox import app as ehr_app  # noqa: PLC0415
    from smartapp.web import app as gateway_app  # noqa: PLC0415

    chosen = settings.load(overrides={"data_dir": folder})
    hospital = open_database(programs.database_url(chosen, "gateway"))
    create_tables(hospital, *programs.metadatas("gateway"))
    yield "Gateway", gateway_app.create_app(gateway.build(chosen, hospital), chosen)
    hospital.dispose()
    network = open_database(programs.database_url(chosen, "consult"))
    create_tables(network, *programs.metadatas("consult"))
    yield "Consult server", consult_app.create_app(consult.build(chosen, network), chosen)
    network.dispose()
    record = ehr.open_ehr_database(chosen)
    yield "Simulated EHR", ehr_app.create_app(ehr.build(chosen, record), chosen)
    record.dispose()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
