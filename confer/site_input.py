"""The facts of a site from the command line and from a TOML file, and a site as TOML again."""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from launch.ports import Site
from smartapp.errors import SiteInvalid
from smartapp.gateway.read_site import facts_of
from smartapp.gateway.site_fields import BY_NAME, FIELDS, SiteField

_Command = TypeVar("_Command", bound=Callable[..., Any])  # Any: whatever the command takes

Given = dict[str, Any]  # Any: texts, lists, flags as they were written


def fact_options(*, without: Sequence[str] = ()) -> Callable[[_Command], _Command]:
    """Give a command one option per fact; what is not given stays None."""

    def decorate(command: _Command) -> _Command:
        for one in reversed(FIELDS):
            if one.name not in without:
                command = _option(one)(command)
        return command

    return decorate


def _option(one: SiteField) -> Callable[[_Command], _Command]:
    # Words are checked with everything else, so that all that is wrong is told at once.
    help_text = f"{one.help} One of: {', '.join(one.words)}." if one.words else one.help
    if one.shape == "flag":
        both = f"{one.flag}/--no-{one.flag.removeprefix('--')}"
        return click.option(both, one.name, default=None, help=help_text)
    if one.shape == "keys":
        return click.option(
            one.flag,
            one.name,
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help=f"{help_text} A file with a JWKS.",
        )
    if one.shape == "list":
        return click.option(
            one.flag, one.name, multiple=True, metavar="TEXT", help=f"{help_text} Repeatable."
        )
    metavar = {"number": "NUMBER", "count": "NUMBER"}.get(one.shape, "TEXT")
    return click.option(one.flag, one.name, metavar=metavar, help=help_text)


def given_facts(file: Path | None, options: Mapping[str, Any]) -> Given:
    """The facts of a file, and over them those of the options. Any: what click made of them.

    Raises `SiteInvalid` for a file that cannot be read.
    """
    facts: Given = _from_file(file) if file else {}
    for name, value in options.items():
        if value is None or value == ():
            continue
        facts[name] = _from_jwks(value) if BY_NAME[name].shape == "keys" else value
    return facts


def _from_file(path: Path) -> Given:
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise SiteInvalid(problems=(("file", "cannot be read"),)) from None
    except tomllib.TOMLDecodeError:
        raise SiteInvalid(problems=(("file", "is not TOML"),)) from None
    return facts


def secret_of(path: Path) -> str:
    """The secret in a file, without the line end that editors put behind it."""
    try:
        return path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise SiteInvalid(problems=(("file", "cannot be read as text"),)) from None


def _from_jwks(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError):
        raise SiteInvalid(problems=(("cds_keys", "is not a JSON file"),)) from None


def as_toml(site: Site) -> str:
    """A site in the form that `confer site add --file` reads; it holds no secret."""
    lines = [f"{name} = {_toml(value)}" for name, value in facts_of(site).items()]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{json.dumps(str(key))} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    # JSON strings are TOML basic strings: the same escapes, and no control characters inside.
    return json.dumps(str(value))
