"""The page about the connection check, with every finding of its catalogue."""

import markdown

from confer.check.findings import GROUPS, LEVELS, catalogue
from confer.check.report import WHO

_START = """\
```
confer check north                                        # a registered site, by id or FHIR base
confer check north --patient 123 --html report.html       # also read a test patient's chart
confer check north --patient 123 --sign-in                # also a doctor's sign-in
confer check north --patient 123 --write                  # also write a test note and withdraw it
confer check https://ehr.example/fhir --origin https://ehr.example   # not registered yet
```"""

_SIGN_IN = """\
**Without anybody signing in** the check looks at network, TLS, clock, discovery, both
registrations (it asks the EHR's sign-in page what a launch would ask, and looks at the first
answer), PKCE, Backend Services, frame and cookie. With `--patient` it reads that chart as far as
the gateway's own account may.

**With `--sign-in`** it prints an address. Open it in a browser, sign in as a doctor, choose a
test patient. The browser ends at an address of the gateway, which may show an error, because the
gateway did not begin this sign-in: that is expected. Copy the whole address and paste it within a
minute. The check exchanges the code itself, in memory, looks at identity, context, scopes and the
chart as that doctor may read it, renews the sign-in once, and signs out. It never borrows the
session of a doctor who is at work. Where an EHR only launches from the chart, give the value of
`launch` from the address at which it opened Confer: `--launch VALUE`. A value works once, so take
it from a launch that the gateway refused because the EHR is not registered yet.

**An EHR that is not registered** is called only at the origins that `--origin` names: the FHIR
base's own, and each further host of its sign-in. Client id, way of authentication, scopes and
redirect URI have options of their own (`confer check --help`); signed requests use the gateway's
keys where the check runs beside it.

**An open sandbox** without sign-in is read without a token, and everything about sign-in is left
out and said so.

**With `--write`** a note that says of itself that it is a test is written for the patient that
`--patient` names, read back, and marked as entered in error. Where it could not be withdrawn
nothing is written, unless `--leave-note` says that it may stay."""

_END = """\
The report holds no secret and no patient data: ids, tokens, codes and pasted addresses are left
out. It may be mailed to the EHR's team. Exit codes: 0 all is well, 1 a warning, 3 something on
our side has to change, 8 only the EHR's side or the network has to. `--json` prints the same
findings with stable codes. Operators find the check on the
[page of each site](../operate/sites.md), too."""


def render() -> str:
    """Every finding with its meaning and what to do, group by group."""
    parts = [
        markdown.head(
            "Checking a connection",
            "For integration engineers; after this page you can tell in ten minutes what works "
            "with an EHR, what does not, and exactly what to change.",
        ),
        "Run it before you register an EHR, after every change on either side, and first of all "
        "when something does not work. On a machine that runs the gateway:",
        _START,
        "## What needs a sign-in, and what does not",
        _SIGN_IN,
        "## The report",
        _END,
        "## Every finding",
        f"{len(catalogue())} findings, in the order of the report. Levels: {', '.join(LEVELS)}.",
    ]
    for group, title in GROUPS.items():
        known = [one for one in catalogue().values() if one.group == group]
        rows = [
            (f"`{one.code}`", one.level, one.says, one.means, _todo(one.fix, WHO[one.who]))
            for one in known
        ]
        parts += [
            f"### {title}",
            markdown.table(("code", "level", "what was seen", "what it means", "what to do"), rows),
        ]
    return markdown.page(parts)


def _todo(fix: str, who: str) -> str:
    return f"For {who}: {fix}" if fix else ""
