"""The catalogue of findings, and one finding filled in with what was seen."""

import re
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final, Literal, get_args

Level = Literal["pass", "warn", "fail", "not checked"]
Who = Literal["ehr", "confer", "network", "nobody"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
WHO: Final[tuple[Who, ...]] = get_args(Who)
# In the order of the report.
GROUPS: Final[Mapping[str, str]] = {
    "transport": "Network, TLS and clock",
    "discovery": "Discovery",
    "registration": "Registration",
    "pkce": "PKCE",
    "backend": "The gateway's own account (Backend Services)",
    "sign_in": "Sign-in of a doctor",
    "scopes": "Scopes asked for and granted",
    "refresh": "Renewing the sign-in",
    "reading": "Reading the chart",
    "search": "Search parameters",
    "paging": "Paging",
    "writing": "Filing an answer",
    "frame": "Frame and cookies",
    "check": "The check itself",
}
_LONGEST: Final = 400
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]+")

Fact = str | int


@dataclass(frozen=True, kw_only=True)
class Known:
    """One entry of the catalogue."""

    code: str
    level: Level
    who: Who
    says: str
    means: str
    fix: str

    @property
    def group(self) -> str:
        """The part of the code before the dot."""
        return self.code.partition(".")[0]

    @property
    def wanted(self) -> frozenset[str]:
        """The names of the facts that the sentence needs."""
        return frozenset(name for _, name, _, _ in string.Formatter().parse(self.says) if name)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding: an entry of the catalogue and the facts of this server."""

    known: Known
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The stable code."""
        return self.known.code

    @property
    def level(self) -> Level:
        """What came of it."""
        return self.known.level

    @property
    def says(self) -> str:
        """What was seen, in one sentence."""
        return self.known.says.format(**self.facts)

    def as_json(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return {
            "code": self.code,
            "level": self.level,
            "says": self.says,
            "means": self.known.means,
            "fix": self.known.fix,
            "who": self.known.who,
            "facts": dict(self.facts),
        }


def found(code: str, /, **facts: Fact) -> Finding:
    """Return a finding of the catalogue; raises `KeyError` for an unknown code or a wrong fact.

    Facts are counts, codes, hosts, names of types, scopes and parameters. What a server said
    is cut and cleaned here, whatever it is.
    """
    known = catalogue()[code]
    if known.wanted != frozenset(facts):
        raise KeyError(f"{code} wants {sorted(known.wanted)}, given {sorted(facts)}")
    return Finding(known=known, facts={name: _clean(value) for name, value in facts.items()})


@cache
def catalogue() -> Mapping[str, Known]:
    """Every finding there is, in the order of the file."""
    text = (resources.files("confer.check") / "findings.toml").read_text(encoding="utf-8")
    return {
        f"{group}.{name}": Known(code=f"{group}.{name}", **entry)
        for group, entries in tomllib.loads(text).items()
        for name, entry in entries.items()
    }


def _clean(value: Fact) -> Fact:
    if isinstance(value, int):
        return value
    text = _UNPRINTABLE.sub(" ", value).strip()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
