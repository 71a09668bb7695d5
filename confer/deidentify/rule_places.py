"""Says where a rule is written down: the line of the rule file, or of the recognizer."""

import ast
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from deid import policy

_HEADER: Final = re.compile(r"\s*\[([^\[\]]+(?:\"[^\"]*\"[^\[\]]*)*)\]")
_PAIR: Final = re.compile(r"\s*(\"[^\"]+\"|[\w-]+)\s*=\s*(\{)?")
_INNER: Final = re.compile(r"[{,]\s*(\"[^\"]+\"|[\w-]+)\s*=")
_RULE_NAME: Final = re.compile(r"[a-z_]{2,30}(?:\.[a-z0-9_-]{1,30}){0,3}")
_STEP: Final = re.compile(r"\"([^\"]*)\"|([\w-]+)")
# parts of a resource that are dealt with by the room itself and not by a line of the file
_BUILT_IN: Final = {
    "id": "ids are renamed",
    "extension": "extensions are listed by URL",
    "modifierExtension": "an unknown modifier refuses the resource",
    "contained": "by the rules of its own type",
    "resourceType": "the type itself",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A rule as it is written, and the file and line where; line 0 when there is none."""

    rule: str
    file: str
    line: int = 0

    def __str__(self) -> str:
        return (
            f"{self.rule} ({self.file}:{self.line})" if self.line else f"{self.rule} ({self.file})"
        )


class RulePlaces:
    """The lines of a policy's rule files, looked up by the element they are about."""

    def __init__(self, base: tuple[str, str], own: tuple[str, str]) -> None:
        """Take (file name, text) of the shared file and of the policy's own, laid over it."""
        self._rules = policy.laid_over(tomllib.loads(base[1]), tomllib.loads(own[1]))
        self._base = base[0]
        self._lines = {
            key: (name, line)
            for name, text in (base, own)
            for key, line in _key_lines(text).items()
        }
        self._found: dict[str, Place] = {}

    def of(self, element: str) -> Place:
        """Return the rule for an element without positions: `Condition.note.text`."""
        if element not in self._found:
            self._found[element] = self._look(element)
        return self._found[element]

    def _look(self, element: str) -> Place:
        kind, *steps = element.split(".")
        if kind not in self._rules["types"]:
            return self._of_type(kind)
        table: Any = self._rules["types"][kind]
        at: tuple[str, ...] = ("types", kind)
        rule, where = "", at
        for step in steps:
            if not isinstance(table, Mapping):  # a rule that covers everything below it
                break
            if step == "(other)":
                return self._place("not in the allow list", at)
            rule, where, table, at = self._step(step, table, at)
            if not rule:
                return self._place("not in the allow list", at)
        return self._place(rule or "by the rules of its type", where)

    def _step(
        self, step: str, table: Mapping[str, Any], at: tuple[str, ...]
    ) -> tuple[str, tuple[str, ...], Any, tuple[str, ...]]:
        """Return the rule of one step, where it is written, and where the next one is looked up."""
        name = step.removeprefix("_")
        if name in table:
            value, where = table[name], (*at, name)
        elif name in self._rules["everywhere"] and at[0] == "types":
            value, where = self._rules["everywhere"][name], ("everywhere", name)
        else:
            return _BUILT_IN.get(name, ""), at, None, at
        if isinstance(value, Mapping):
            return "element by element", where, value, where
        bare = str(value).rstrip("!+")
        if bare == "self":
            return str(value), where, table, at
        if bare in self._rules["datatypes"]:
            return str(value), where, self._rules["datatypes"][bare], ("datatypes", bare)
        return str(value), where, None, where

    def _of_type(self, kind: str) -> Place:
        for why, kinds in self._rules["withheld"].items():
            if kind in kinds:
                return self._place(f"never sent: {why}", ("withheld", why))
        return Place(rule="resource type not in the allow list", file=self._base)

    def _place(self, rule: str, where: tuple[str, ...]) -> Place:
        while where and where not in self._lines:
            where = where[:-1]
        file, line = self._lines.get(where, (self._base, 0))
        return Place(rule=rule, file=file, line=line)


@lru_cache(maxsize=4)
def of_policy(policy_id: str) -> RulePlaces:
    """Return the places of a policy that ships with us."""
    folder = resources.files("deid") / "rules"
    base, own = (
        (f"deid/rules/{name}.toml", (folder / f"{name}.toml").read_text(encoding="utf-8"))
        for name in ("base", policy_id)
    )
    return RulePlaces(base, own)


def _key_lines(source: str) -> dict[tuple[str, ...], int]:
    """Return the line of every key and table of a rule file."""
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(source.split("\n"), start=1):
        header = _HEADER.match(line)
        if header:
            table = tuple(quoted or bare for quoted, bare in _STEP.findall(header[1]))
            lines.setdefault(table, number)
            continue
        pair = _PAIR.match(line)
        if not pair:
            continue
        key = (*table, pair[1].strip('"'))
        lines.setdefault(key, number)
        if pair[2]:
            for inner in _INNER.findall(line):
                lines.setdefault((*key, inner.strip('"')), number)
    return lines


@lru_cache(maxsize=1)
def _recognizer_lines() -> Mapping[str, tuple[str, int]]:
    """Return (file, line) of every short word in the text engine that could name a rule."""
    found: dict[str, tuple[str, int]] = {}
    for file, text in _engine_sources():
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if _RULE_NAME.fullmatch(node.value):
                found.setdefault(node.value, (file, node.lineno))
    return found


def _engine_sources() -> list[tuple[str, str]]:
    root = resources.files("deid")
    recognizers = root / "text" / "recognizers"
    files = [(f"deid/text/recognizers/{each.name}", each) for each in recognizers.iterdir()]
    files += [(f"deid/text/{each.name}", each) for each in (root / "text").iterdir()]
    files += [(f"deid/{each.name}", each) for each in root.iterdir() if "known" in each.name]
    return [
        (name, each.read_text(encoding="utf-8"))
        for name, each in sorted(files, key=lambda pair: pair[0])
        if name.endswith(".py")
    ]


def of_recognizer(rule: str) -> Place:
    """Return where the recognizer's rule is written: by its whole name, or by its last part."""
    lines = _recognizer_lines()
    tail = rule.partition(".")[2]
    file, line = lines.get(rule) or lines.get(tail) or ("deid/text", 0)
    return Place(rule=rule, file=file, line=line)
