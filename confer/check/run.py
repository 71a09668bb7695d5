"""All groups of checks in their order; one that breaks off does not take the others along."""

from collections.abc import Callable, Iterable
from datetime import datetime

from confer.check import (
    backend,
    discovery,
    framing,
    paging,
    reading,
    registration,
    sign_in,
    transport,
    writing,
)
from confer.check.examination import Examination
from confer.check.findings import GROUPS, Finding, found
from confer.check.report import Report
from runtime import clock, logs
from runtime.errors import code_of
from runtime.log_events import Event

Step = tuple[str, Callable[[Examination], Iterable[Finding]]]
# What needs the EHR, in an order in which each step knows what the ones before it learned.
_AT_THE_EHR: tuple[Step, ...] = (
    ("discovery", discovery.check),
    ("registration", registration.check),
    ("backend", backend.check),
    ("sign_in", sign_in.check),
    ("reading", reading.check),
    ("paging", paging.check),
    ("writing", writing.check),
    ("refresh", sign_in.renew_and_leave),
)


def examine(exam: Examination, *, only: frozenset[str] | None = None) -> Report:
    """Run the checks and return the report; nothing but a bug in the report itself is raised.

    `only` names the groups to run besides network and discovery, all unless given.
    """
    began: datetime = clock.now()
    started = clock.monotonic()
    findings: list[Finding] = []
    findings += _step(exam, ("transport", transport.check))
    for name, check in _AT_THE_EHR:
        if exam.reachable and (only is None or name == "discovery" or name in only):
            findings += _step(exam, (name, check))
    if only is None or "frame" in only:
        findings += _step(exam, ("frame", framing.check))
    places = {group: place for place, group in enumerate(GROUPS)}
    masked = exam.masked(findings)
    return Report(
        issuer=exam.site.issuer,
        site=str(exam.site.site_id) if exam.registered else "",
        at=began,
        seconds=round(clock.monotonic() - started, 1),
        findings=tuple(sorted(masked, key=lambda one: places[one.known.group])),
    )


def _step(exam: Examination, step: Step) -> list[Finding]:
    name, check = step
    findings: list[Finding] = []
    try:
        for finding in check(exam):
            findings.append(finding)
    except Exception as problem:  # noqa: BLE001 - a group that breaks off is a finding
        logs.emit(
            Event.CHECK_BROKE,
            group=name,
            code=code_of(problem),
            exception=type(problem).__name__,
            place=logs.place_of(problem),
        )
        findings.append(found("check.broke", group=GROUPS[name], code=code_of(problem)))
    return findings
