"""The report of one check: JSON, lines for a terminal, and one HTML file without scripts."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import metadata, resources
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from confer.check.findings import GROUPS, LEVELS, Finding, Level
from runtime.errors import EXIT_CODE

EXIT_WARNED: Final = 1
MARKS: Final[dict[Level, str]] = {
    "pass": "ok  ",
    "warn": "warn",
    "fail": "FAIL",
    "not checked": "-   ",
}
WHO: Final = {
    "ehr": "the EHR's team",
    "confer": "whoever runs Confer",
    "network": "the network team",
    "nobody": "nobody",
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one check found, in the order of the groups. It holds no secret and no patient data."""

    issuer: str
    site: str
    at: datetime
    seconds: float
    findings: tuple[Finding, ...]

    def of_level(self, level: Level) -> Sequence[Finding]:
        """The findings of one level."""
        return [finding for finding in self.findings if finding.level == level]

    @property
    def groups(self) -> Iterator[tuple[str, Sequence[Finding]]]:
        """The findings by group, with the title of each."""
        for group, title in GROUPS.items():
            inside = [finding for finding in self.findings if finding.known.group == group]
            if inside:
                yield title, inside

    @property
    def worst(self) -> Level:
        """The worst of it; `pass` when nothing failed and nothing was warned of."""
        if self.of_level("fail"):
            return "fail"
        return "warn" if self.of_level("warn") else "pass"

    @property
    def exit_code(self) -> int:
        """0, or 1 after a warning; 3 when our own side must change, 8 when only others must."""
        failed = self.of_level("fail")
        if not failed:
            return EXIT_WARNED if self.worst == "warn" else 0
        ours = any(finding.known.who == "confer" for finding in failed)
        return EXIT_CODE["misconfigured" if ours else "upstream_refused"]

    @property
    def counts(self) -> dict[Level, int]:
        """How many findings there are of each level."""
        return {level: len(self.of_level(level)) for level in LEVELS}

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "issuer": self.issuer,
            "site": self.site,
            "at": self.at.isoformat(timespec="seconds"),
            "seconds": self.seconds,
            "version": metadata.version("confer-consult"),
            "result": self.worst,
            "counts": dict(self.counts),
            "findings": [finding.as_json() for finding in self.findings],
        }


def lines(report: Report) -> Iterator[str]:
    """The report for a terminal: each finding, and what to do where there is something."""
    for title, findings in report.groups:
        yield f"\n{title}"
        for finding in findings:
            yield f"{MARKS[finding.level]} {finding.says}  [{finding.code}]"
            if finding.level in ("warn", "fail") and finding.known.fix:
                yield f"       -> {WHO[finding.known.who]}: {finding.known.fix}"
    counted = ", ".join(f"{count} {level}" for level, count in report.counts.items() if count)
    yield f"\n{counted} ({report.seconds} s)"


def html(report: Report) -> bytes:
    """Return the report as one file that asks nothing of the outside."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    text = (
        _environment()
        .get_template("check_report.html")
        .render(
            report=report,
            who=WHO,
            style=Markup(style),  # noqa: S704 - the style sheet is our own
            style_digest=digest,
            version=metadata.version("confer-consult"),
        )
    )
    return text.encode("utf-8")


@cache
def _style() -> str:
    shipped = resources.files("runtime") / "web_assets" / "static" / "confer.css"
    own = resources.files("confer") / "templates" / "check_report.css"
    return shipped.read_text(encoding="utf-8") + own.read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("confer", "templates"),
                PackageLoader("runtime.web_assets", "templates"),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["marked"] = _marked
    return environment


def _marked(text: str) -> Markup:
    """Return a text of the catalogue with what stands in backticks as code."""
    parts = text.split("`")
    shown = (
        Markup('<span class="cf-mono">{}</span>').format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )
    return Markup("").join(shown)
