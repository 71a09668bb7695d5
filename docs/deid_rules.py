"""The rule file of the policy as a page for privacy officers."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import markdown

from deid import policy

RULES = Path(__file__).resolve().parent.parent / "deid" / "rules"
_MEANING_AT = 20  # the column of the rule file's head where the meaning of a rule begins


def render() -> str:
    """The rule file of the policy, as tables for a privacy officer."""
    source = (RULES / "base.toml").read_text(encoding="utf-8")
    codes = tomllib.loads((RULES / "codes.toml").read_text(encoding="utf-8"))
    rules = tomllib.loads(source)
    parts = [
        markdown.head(
            "The rules that decide what leaves",
            "For privacy officers; after this page you know, element by element, what leaves.",
        ),
        "A hospital chooses one policy (setting `deid_policy`). Every receipt names the policy, "
        "the SHA-256 of all files that its rules come from, and how dates were told. What is not "
        "listed here does not leave, and is counted.",
        "## The policies",
        *(_policy(name) for name in sorted(policy.POLICIES)),
        "All policies share the rules below; a line above replaces the line of the same name.",
        "## What a rule does",
        markdown.table(("rule", "what is done"), _legend(source)),
        "`!`: when this cannot leave, the whole resource is refused, because what is left could be "
        "misread. `+`: the part leaves only with this. `!!` is both.",
        "## Everywhere",
        _rules_table({"(every resource)": rules["everywhere"]}),
        "## Resources",
        *_blocks(rules["types"]),
        "## Resources that never leave",
        markdown.table(
            ("why", "resources"),
            [(why.replace("_", " "), ", ".join(kinds)) for why, kinds in rules["withheld"].items()],
        ),
        "## Data types",
        *_blocks(rules["datatypes"]),
        "## Extensions that may leave",
        _rules_table(rules["extensions"]),
        "## What people and places are called",
        markdown.table(
            ("a link to", "becomes"), [(k, f"[{v} n]") for k, v in rules["roles"].items()]
        ),
        "## Words that may leave as they are",
        markdown.table(
            ("set", "words"),
            [(f"`{name}`", ", ".join(words)) for name, words in rules["sets"].items()],
        ),
        "## Code systems whose codes may leave",
        markdown.table(("system", "which codes", "names of ours"), _systems(codes["systems"])),
    ]
    return markdown.page(parts)


def _policy(name: str) -> str:
    """What one policy says of itself, and every line of its own."""
    loaded = policy.load(name)
    own = tomllib.loads((RULES / f"{name}.toml").read_text(encoding="utf-8"))
    rows = [
        (f"`{element}`", "not sent" if rule == "False" else f"`{rule}`")
        for part, rules in own.items()
        if part != "policy"
        for element, rule in _flat(part, rules)
    ]
    facts = (
        f"### {name}\n\n{loaded.title}. Version {loaded.version}, dates {loaded.dates}, SHA-256 "
        f"`{loaded.rules_sha256}`."
    )
    return f"{facts}\n\n{markdown.table(('element', 'rule here'), rows)}" if rows else facts


def _legend(source: str) -> list[list[str]]:
    """Read the rule file's own explanation: `#   rule   meaning` in its head."""
    rows: list[list[str]] = []
    for line in source.partition("[everywhere]")[0].split("\n"):
        rule, meaning = line[4:_MEANING_AT].strip(), line[_MEANING_AT:].strip()
        if not line.startswith("#   ") or not meaning:
            continue
        if rule:
            rows.append([f"`{rule}`", meaning])
        else:  # the sentence above goes on
            rows[-1][1] += f" {meaning}"
    return rows


def _blocks(tables: Mapping[str, Any]) -> Iterator[str]:
    for name, rules in tables.items():
        yield f"### {name}"
        yield _rules_table({name: rules})


def _rules_table(tables: Mapping[str, Any]) -> str:
    rows = [
        (f"`{element}`", f"`{rule}`")
        for name, rules in tables.items()
        for element, rule in _flat(name, rules)
    ]
    return markdown.table(("element", "rule"), rows)


def _flat(prefix: str, rules: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for element, rule in rules.items():
        if isinstance(rule, Mapping):
            yield from _flat(f"{prefix}.{element}", rule)
        elif rule is True:
            yield prefix, element
        else:
            yield f"{prefix}.{element}", str(rule)


def _systems(systems: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (
            f"`{url}`",
            "only those named" if each.get("closed") else f"`{each['pattern']}`",
            str(len(each.get("names", {}))),
        )
        for url, each in systems.items()
    ]
