"""Loads and checks the rule files: what may leave, as a trie ready to walk."""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any, Final, cast, get_args

from deid.errors import PolicyUnusable
from deid.structured import date_methods
from deid.structured.code_tables import CodeSystem, CodeTables
from deid.structured.compiler import Compiler, Table
from deid.structured.limits import Limits
from deid.structured.resources import TypeRules
from deid.structured.rules import Section

POLICIES: Final = frozenset({"safe-harbor", "expert-determination", "uk-confidential"})
_BASE_FILE: Final = "base.toml"
_CODES_FILE: Final = "codes.toml"
READ_BESIDE_THE_RULES: Final = (
    "sensitive/policies/{policy}.toml",
    "sensitive/values/categories.toml",
    "sensitive/values/labels.toml",
    "risk/tables/population-gb.toml",
    "risk/tables/population-us.toml",
    "risk/tables/rarity.toml",
)
"""Files below deid/ that decide what leaves, or is asked before, beside the rules."""

CATEGORIES: Final = frozenset(
    {"account", "age", "biometric", "birth_date", "city", "date", "demographic", "device",
     "health_plan", "link", "metadata", "name", "narrative", "not_needed", "organization", "phone",
     "place", "postal_code", "record_number", "street", "url"}
)  # fmt: skip
"""Why a rule may say that an element is never sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A compiled policy. `rules_sha256` covers every file that decides what leaves under it.

    These are its rules and codes, what it does with sensitive content, the value sets of that, and
    the tables of residual risk.
    """

    id: str
    version: str
    title: str
    """What we say of content that left under this policy, and no more than that."""
    dates: date_methods.Name
    rules_sha256: str
    types: TypeRules
    codes: CodeTables
    roles: Mapping[str, str]
    sections: tuple[Section, ...]
    constants: frozenset[tuple[str, str]]
    """Words of ours, with the element they stand in; they name nobody wherever they appear."""
    element_names: frozenset[str]

    @property
    def uri(self) -> str:
        """The URI that names this policy on the wire."""
        return f"https://confer.example/fhir/deid-policy/{self.id}/{self.version}"


@lru_cache(maxsize=4)
def load(policy_id: str = "safe-harbor") -> Policy:
    """Load a policy that ships with this package.

    Raises:
        PolicyUnusable: there is no such policy, or a rule of it cannot be compiled.
    """
    if policy_id not in POLICIES:
        raise PolicyUnusable(policy="(unknown)", rule="policy", problem="no such policy")
    folder = resources.files("deid")
    own, base, codes = (
        (folder / "rules" / file).read_bytes()
        for file in (f"{policy_id}.toml", _BASE_FILE, _CODES_FILE)
    )
    beside = [
        (folder / file.format(policy=policy_id)).read_bytes() for file in READ_BESIDE_THE_RULES
    ]
    return compile_policy(own, base, codes, name=policy_id, beside=beside)


def compile_policy(
    own: bytes, base: bytes, codes: bytes, *, name: str, beside: Sequence[bytes] = ()
) -> Policy:
    """Compile a policy from its own file, laid over the shared one, and the code file.

    `beside` are files that others compile and that decide what leaves too: only hashed here.
    """
    table = laid_over(_toml(base, name), _toml(own, name))
    code_table = _toml(codes, name)
    # No TOML file holds the character between them, so two lists of files never read the same.
    digest = hashlib.sha256(b"\x00".join((own, base, codes, *beside))).hexdigest()
    try:
        return _compile(table, code_table, digest, name)
    except (KeyError, AttributeError, TypeError) as error:
        # A missing table or one of the wrong shape; the message names a key of our own file.
        raise PolicyUnusable(
            policy=name, rule="file", problem=f"{type(error).__name__} in a table"
        ) from None


def laid_over(base: Table, own: Table) -> dict[str, Any]:
    """Return the lines of `own` laid over those of `base`; `false` takes a line out."""
    out: dict[str, Any] = dict(base)
    for key, value in own.items():
        if value is False:
            out.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(base.get(key), Mapping):
            out[key] = laid_over(base[key], value)
        else:
            out[key] = value
    return out


def _compile(table: Table, codes: Table, digest: str, name: str) -> Policy:
    sets = {key: frozenset(words) for key, words in table["sets"].items()}
    compiler = Compiler(policy=name, sets=sets, categories=CATEGORIES)
    compiler.compile_extensions(table["extensions"])
    compiler.compile_everywhere(table["everywhere"])
    compiler.compile_datatypes(table["datatypes"])
    nodes = {kind: compiler.resource(kind, each) for kind, each in table["types"].items()}
    withheld = {kind: why for why, kinds in table["withheld"].items() for kind in kinds}
    both = nodes.keys() & withheld.keys()
    if both:
        raise PolicyUnusable(policy=name, rule=min(both), problem="both sent and withheld")
    tables = _code_tables(codes, name)
    return Policy(
        id=str(table["policy"]["id"]),
        version=str(table["policy"]["version"]),
        title=str(table["policy"]["title"]),
        dates=_date_method(table["policy"]["dates"], name),
        rules_sha256=digest,
        types=TypeRules(
            nodes=nodes,
            withheld=withheld,
            withheld_codes={
                (url, code): why
                for why, systems in table["withheld_codes"].items()
                for url, listed in systems.items()
                for code in listed
            },
        ),
        codes=tables,
        roles=dict(table["roles"]),
        sections=tuple(_section(each) for each in table["sections"]),
        constants=frozenset(_constants(table, tables)),
        element_names=frozenset(_names(table)),
    )


def _date_method(word: str, name: str) -> date_methods.Name:
    for known in get_args(date_methods.Name):
        if word == known:
            return cast("date_methods.Name", known)
    raise PolicyUnusable(policy=name, rule="policy.dates", problem="no such way to tell dates")


def _section(table: Table) -> Section:
    return Section(
        title=table["title"],
        loinc=table["loinc"],
        display=table["display"],
        types=frozenset(table["types"]),
        categories=frozenset(table.get("categories", ())),
    )


def _code_tables(table: Table, name: str) -> CodeTables:
    systems = {}
    for url, each in table["systems"].items():
        pattern = each.get("pattern")
        if (pattern is None) != each.get("closed", False):
            raise PolicyUnusable(policy=name, rule=url, problem="either a pattern or closed")
        systems[url] = CodeSystem(
            pattern=None if pattern is None else _pattern(pattern, name, url),
            closed=each.get("closed", False),
            names=dict(each.get("names", {})),
            replace=each.get("replace", True),
        )
    ucum = table["ucum"]
    return CodeTables(
        systems=systems,
        ucum_system=ucum["system"],
        ucum_systems=frozenset({ucum["system"], *ucum["aliases"]}),
        ucum_pattern=_pattern(_ucum_grammar(ucum), name, "ucum"),
        unit_words=frozenset(ucum["words"]),
        states=frozenset({*table["states"]["codes"], *table["states"]["names"]}),
        limits=Limits(
            tops={
                code: {unit: Decimal(str(top)) for unit, top in units.items()}
                for code, units in table["tops"].items()
            },
            ages=frozenset(table["ages"]["codes"]),
        ),
        uk_regions={
            area: region for region, areas in table["uk_regions"].items() for area in areas.split()
        },
    )


def _ucum_grammar(ucum: Table) -> str:
    """Write the codes of UCUM as one pattern: units with prefix and power, joined by . and /."""

    def any_of(words: str) -> str:
        return "|".join(re.escape(each) for each in sorted(words.split(), key=len, reverse=True))

    braces = rf"\{{(?:{any_of(ucum['braces'])})\}}"
    unit = (
        rf"(?:(?:{any_of(ucum['prefixes'])})?(?:{any_of(ucum['metric'])})|{any_of(ucum['others'])})"
    )
    part = rf"(?:{unit}(?:[-+]?\d{{1,2}})?(?:{braces})?|{braces})"
    return rf"/?{part}(?:[./]{part}){{0,4}}"


def _pattern(pattern: str, name: str, rule: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error:
        raise PolicyUnusable(policy=name, rule=rule, problem="no regular expression") from None


def _toml(body: bytes, name: str) -> Table:
    try:
        return tomllib.loads(body.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise PolicyUnusable(policy=name, rule="file", problem="not TOML") from None


def _constants(table: Table, codes: CodeTables) -> set[tuple[str, str]]:
    """Return (element, word) for every word that comes from a closed set."""
    found: set[tuple[str, str]] = set()

    def gather(rules: Table) -> None:
        for element, rule in rules.items():
            if isinstance(rule, Mapping):
                gather(rule)
            elif isinstance(rule, str) and rule.startswith("token:"):
                words = table["sets"][rule.removeprefix("token:").rstrip("!+")]
                found.update((element, word) for word in words)

    for part in ("datatypes", "extensions", "types"):
        gather(table[part])
    found.update(("resourceType", kind) for kind in table["types"])
    found.update(("url", url) for url in table["extensions"])
    for url, system in codes.systems.items():
        found.add(("system", url))
        if system.closed:
            found.update(("code", code) for code in system.names)
    found.add(("system", codes.ucum_system))
    found |= {(element, word) for word in codes.unit_words for element in ("unit", "code")}
    return found


def _names(table: Table) -> set[str]:
    found: set[str] = set()

    def gather(rules: Table) -> None:
        for element, rule in rules.items():
            if element.isalnum():
                found.update((element, f"_{element}"))
            if isinstance(rule, Mapping):
                gather(rule)

    for part in ("datatypes", "everywhere", "types"):
        gather(table[part])
    found.update(("resourceType", "contained", "extension", "url", "coding", "system", "code"))
    found.update(("display", "userSelected", "reference", "contentType", "data", "valueDuration"))
    found.update(("unit", "value", "comparator", "valueCoding", "valueCode"))
    return found
