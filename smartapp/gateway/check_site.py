"""The connection check as the operator's pages see it; the composition root fills it in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from launch.ports import Site

CheckedLevel = Literal["pass", "warn", "fail", "not checked"]


@dataclass(frozen=True, kw_only=True)
class CheckedLine:
    """One finding in words; it holds no secret and no patient data."""

    group: str
    level: CheckedLevel
    says: str
    means: str
    who: str
    fix: str
    code: str


# Examines a site without anybody signing in; the second argument is a test patient's id.
CheckSite: TypeAlias = Callable[[Site, str | None], Sequence[CheckedLine]]
