"""What becomes of the scopes that a client asks for at an EHR with its own ways (pure).

With dots, `patient.all.rs` is `patient/*.rs`, as at servers behind Entra ID. Inside this
server scopes are written with a slash; `understood` and `echoed` translate at
the border.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from sandbox import scopes
from sandbox.errors import OAuthRefused
from sandbox.manners import Manners

_DOTTED = re.compile(r"(patient|user|system)\.(all|\*|[A-Z][A-Za-z]+)\.(.+)")
_DOTTED_CONTEXT = re.compile(r"launch\.(patient|encounter)")
_SLASHED_CONTEXT = re.compile(r"launch/(patient|encounter)")
_V1 = frozenset({"read", "write", "*"})
_LONGEVITY = frozenset({"online_access", "offline_access"})


def understood(asked: str, manners: Manners) -> str:
    """Return the scopes that this EHR understands of those asked; the others vanish.

    Raises OAuthRefused where scopes of several levels may not be asked for together.
    """
    words = [_slashed(word) if manners.scope_style == "dots" else word for word in asked.split()]
    kept = [word for word in words if _speaks(word, manners) and not _dropped(word, manners)]
    levels = {scope.level for scope in scopes.clinical(words)}
    if manners.scope_levels == "one" and len(levels) > 1:
        raise OAuthRefused(
            error="invalid_scope", rule="patient, user and system scopes in one request"
        )
    return " ".join(kept)


def echoed(granted: str, asked: str, manners: Manners) -> str | None:
    """Return what the token answer says of the scopes; None where it says nothing."""
    words: Iterable[str] = granted.split()
    match manners.scope_echo:
        case "missing":
            return None
        case "empty":
            return ""
        case "asked":
            words = asked.split()
        case "without_longevity":
            words = [word for word in words if word not in _LONGEVITY]
    if manners.scope_style == "dots":
        words = [_dotted(word) for word in words]
    return " ".join(words)


def _slashed(word: str) -> str:
    if match := _DOTTED_CONTEXT.fullmatch(word):
        return f"launch/{match[1]}"
    if match := _DOTTED.fullmatch(word):
        return f"{match[1]}/{'*' if match[2] == 'all' else match[2]}.{match[3]}"
    return word


def _dotted(word: str) -> str:
    if match := _SLASHED_CONTEXT.fullmatch(word):
        return f"launch.{match[1]}"
    if scopes.parse(word) is None:
        return word
    return word.replace("/", ".", 1).replace(".*.", ".all.", 1)


def _speaks(word: str, manners: Manners) -> bool:
    scope = scopes.parse(word)
    if scope is None or manners.scope_style in ("any", "dots"):
        return True
    is_v1 = word.rpartition(".")[2] in _V1
    return is_v1 == (manners.scope_style == "v1")


def _dropped(word: str, manners: Manners) -> bool:
    return any(fnmatchcase(word, pattern) for pattern in manners.scopes_dropped)
