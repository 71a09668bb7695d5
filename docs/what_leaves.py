"""What leaves, in the words of a privacy officer: tables from the rule files, no code."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import markdown

from deid import policy
from smartapp.web.reasons import reason_words

RULES = Path(__file__).resolve().parent.parent / "deid" / "rules"
RESIDUAL = Path(__file__).resolve().parent / "safety" / "residual-risk.md"
TEXT = Path(__file__).resolve().parent / "what_leaves.txt"

Table = Mapping[str, Any]  # TOML

_AS_IT_IS, _GENERAL, _CLEANED, _LINK, _STAYS = (
    "leaves as it is", "leaves more general", "is read and cleaned", "becomes a link or a role",
    "stays",
)  # fmt: skip
_COLUMNS = (_AS_IT_IS, _GENERAL, _CLEANED, _LINK, _STAYS)
_KINDS = {
    _GENERAL: {"Address", "date", "instant", "year", "birth-date", "died", "age", "language",
               "uk-region", "several-born"},
    _CLEANED: {"text", "display", "attachment", "link-id"},
    _LINK: {"reference", "patient", "role"},
}  # fmt: skip
# Letter of 45 CFR 164.514(b)(2)(i), what it names, and the reasons under which a field stays.
_HIPAA = (
    ("A", "Names", ("name",)),
    ("B", "Places smaller than a state", ("street", "city", "postal_code", "place")),
    ("C", "Dates, and ages over 89", ("date", "birth_date", "age")),
    ("D, E, F", "Phone, fax, e-mail", ("phone", "email")),
    ("G to K", "National, record, plan, account and license numbers",
     ("record_number", "health_plan", "account", "license", "national_id")),
    ("L, M", "Vehicles and devices", ("vehicle", "device")),
    ("N, O", "Web and network addresses", ("url", "ip")),
    ("P, Q", "Body data and photos", ("biometric",)),
    ("R", "Anything else that is unique", ("link", "other_id")),
    ("beyond the law", "Care organizations, and what an answer does not need",
     ("organization", "demographic", "metadata", "not_needed", "narrative")),
)  # fmt: skip


def render() -> str:
    """The page, from its text and the rule files."""
    base = _toml("base")
    tables = {
        "POLICIES": _policies(),
        "IDENTIFIERS": _identifiers(base),
        "RECORDS": _records(base),
        "NEVER": _never(base),
        "REASONS": _reasons(base),
        "RESIDUAL": "\n[More about what remains](residual-risk.md)." if RESIDUAL.exists() else "",
    }
    text = TEXT.read_text(encoding="utf-8")
    for name, table in tables.items():
        text = text.replace(f"{{{name}}}", table)
    title, whom, rest = text.split("\n\n", 2)
    return f"{title}\n\n{whom}\n\n{markdown.MADE}\n\n{rest}"


def plain(name: str) -> str:
    """`deceasedDateTime` as `deceased date time`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    return words.replace(" codeable concept", "").replace(" date time", " date")


def _title(name: str) -> str:
    words = plain(name)
    return words[0].upper() + words[1:]


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((RULES / f"{name}.toml").read_text(encoding="utf-8"))


def _policies() -> str:
    base = _toml("base")
    rows = []
    for name in sorted(policy.POLICIES):
        rules = policy.laid_over(base, _toml(name))
        address = rules["datatypes"]["Address"]
        places = [
            plain(each) if address[each] != "uk-region" else "region of the United Kingdom"
            for each in address
            if not str(address[each]).startswith("drop:")
        ]
        born = rules["types"]["Patient"]["birthDate"]
        rows.append(
            (
                name.replace("-", " "),
                rules["policy"]["title"],
                {
                    "relative": "the year, and how long before or after the question",
                    "shifted": "moved by a secret number of days, the same for the whole case",
                }[rules["policy"]["dates"]],
                ", ".join(places),
                "age; year of birth between 2 and 89"
                if born == "birth-date"
                else "age only; over 89 as one group",
            )
        )
    heads = ("rules", "what is said of a case", "dates", "places", "age")
    return markdown.table(heads, rows)


def _class_of(rule: str, base: Table) -> str:
    bare = rule.rstrip("!+")
    if bare.startswith("drop:") or bare == "refuse":
        return _STAYS
    for kind, names in _KINDS.items():
        if bare in names:
            return kind
    if bare in base["datatypes"]:
        inner = {_class_of(each, base) for _, each in _flat("", base["datatypes"][bare], base)}
        return next((kind for kind in (_CLEANED, _GENERAL) if kind in inner), _AS_IT_IS)
    return _AS_IT_IS


def _flat(prefix: str, rules: Table, base: Table) -> Iterator[tuple[str, str]]:
    for name, rule in rules.items():
        if not name.isalnum():  # a note of the rule to the compiler, no field
            continue
        here = f"{prefix}, {plain(name)}" if prefix else plain(name)
        if isinstance(rule, Mapping):
            yield from _flat(here, rule, base)
        elif isinstance(rule, str) and rule != "self":
            yield here, rule


def _records(base: Table) -> str:
    rows = []
    for kind, rules in sorted(base["types"].items()):
        found: dict[str, list[str]] = {column: [] for column in _COLUMNS}
        for name, rule in _flat("", rules, base):
            found[_class_of(rule, base)].append(name)
        rows.append((_title(kind), *("; ".join(found[column]) or "-" for column in _COLUMNS)))
    return markdown.table(("record", *_COLUMNS), rows)


def _never(base: Table) -> str:
    words = {
        "not_needed": "an answer does not need it",
        "identifies": "it is about people, places, or is unique in itself; a link to it becomes a "
        "role, such as [clinician 1]",
    }
    rows = [
        (words.get(why, why.replace("_", " ")), ", ".join(plain(kind) for kind in kinds))
        for why, kinds in base["withheld"].items()
    ]
    return markdown.table(("why", "records"), rows)


def _dropped(base: Table) -> dict[str, set[str]]:
    """Every field that is known and stays, by its reason: of records, their parts, everywhere."""
    found: dict[str, set[str]] = {}
    parts = [("every record", base["everywhere"])]
    parts += [(plain(name), rules) for name, rules in base["datatypes"].items()]
    parts += [(plain(name), rules) for name, rules in base["types"].items()]
    for whole, rules in parts:
        for name, rule in _flat("", rules, base):
            if rule.startswith("drop:"):
                why = rule.removeprefix("drop:").rstrip("!+")
                found.setdefault(why, set()).add(f"{whole}: {name}")
    return found


def _identifiers(base: Table) -> str:
    dropped = _dropped(base)
    rows = []
    for letter, what, reasons in _HIPAA:
        fields = sorted(field for why in reasons for field in dropped.get(why, ()))
        in_text = sorted({reason_words(why, "", "removed")[0].lower() for why in reasons})
        rows.append((letter, what, "; ".join(fields) or "-", ", ".join(in_text)))
    return markdown.table(
        ("", "identifier", "fields that stay because of it", "looked for in texts as"), rows
    )


def _reasons(base: Table) -> str:
    counts = {why: len(fields) for why, fields in _dropped(base).items()}
    rows = []
    for why, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        head, rest = reason_words(why, "", "removed")
        rows.append((f"{head} {rest}".strip(), str(count)))
    return markdown.table(("reason in a receipt", "fields of the rules that stay for it"), rows)
