"""Compiles the tables of a policy into a trie; refuses what it does not fully understand."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from deid.errors import PolicyUnusable
from deid.structured import actions, quantities
from deid.structured.paths import Path
from deid.structured.rules import ABSENT, Action, Node, Rule
from deid.structured.run import Run
from deid.structured.walker import walk

Table = Mapping[str, Any]  # TOML

_REQUIRED: Final = "!"
_NEEDED: Final = ("!!", "+")
_SELF: Final = "self"
_LOOK: Final = "="


@dataclass(kw_only=True, slots=True)
class Compiler:
    """Turns tables into nodes. `policy` names the file in errors."""

    policy: str
    sets: Mapping[str, frozenset[str]]
    categories: frozenset[str]
    datatypes: dict[str, Node] = field(default_factory=dict)
    everywhere: dict[str, Rule] = field(default_factory=dict)
    extensions: dict[str, Node] = field(default_factory=dict)

    def compile_datatypes(self, tables: Table) -> None:
        """Compile all data types; they may refer to one another in any order."""
        for name in tables:
            self.datatypes[name] = Node()
        for name, table in tables.items():
            self._fill(self.datatypes[name], table, f"datatypes.{name}")

    def compile_extensions(self, tables: Table) -> None:
        """Compile the extensions that may leave, by URL."""
        for url, table in tables.items():
            self.extensions[url] = self._extension(table, f"extensions.{url}")

    def compile_everywhere(self, table: Table) -> None:
        """Compile the rules that hold in every resource."""
        for name, value in table.items():
            self.everywhere[name] = self._rule(name, value, Node(), "everywhere")

    def resource(self, name: str, table: Table) -> Node:
        """Compile one resource type."""
        node = Node(is_resource=True, place=name)
        node.children = {
            key: replace(rule, place=f"{name}.{key}") for key, rule in self.everywhere.items()
        }
        node.children["resourceType"] = Rule(actions.constant(name))
        node.children["contained"] = Rule(actions.handled)  # see deid.structured.resources
        self._fill(node, table, f"types.{name}")
        for key, value in table.items():
            if value == "patient!!":
                node.patient_element = key
        return node

    def _fill(self, node: Node, table: Table, where: str) -> None:
        node.children.setdefault("id", self._leaving("link", node, "id"))
        node.children["extension"] = Rule(_only_known(self.extensions))
        node.children["modifierExtension"] = Rule(actions.refuse)
        for name, value in table.items():
            if name == _REQUIRED:
                continue
            if name == _LOOK:
                node.look = self._look(value, f"{where}.{name}")
                continue
            if not name.isalnum():
                raise self._unusable(f"{where}.{name}", "no element name")
            node.children[name] = self._rule(name, value, node, where)
            if isinstance(value, str) and value.endswith(_NEEDED):
                node.needed = (*node.needed, name)

    def _rule(self, element: str, value: Any, node: Node, parent: str) -> Rule:
        where = f"{parent}.{element}"
        if isinstance(value, Mapping):
            inner = Node(place=node.place and f"{node.place}.{element}")
            self._fill(inner, value, where)
            return Rule(_walking(inner), required=value.get(_REQUIRED) is True)
        if not isinstance(value, str):
            raise self._unusable(where, "neither an action nor a table")
        name = value.rstrip("!+")
        if name.startswith("drop:") and name.removeprefix("drop:") in self.categories:
            if name != value:
                raise self._unusable(where, "what never leaves cannot be required")
            return self._leaving(name.removeprefix("drop:"), node, element)
        return Rule(self._action(name, node, where), required=value.endswith(_REQUIRED))

    def _look(self, name: Any, where: str) -> quantities.Look:
        look = quantities.LOOKS.get(name) if isinstance(name, str) else None
        if look is None:
            raise self._unusable(where, "no such look at the whole")
        return look

    def _leaving(self, category: str, node: Node, element: str) -> Rule:
        place = node.place and f"{node.place}.{element}"
        return Rule(actions.drop(category), leaves_why=category, place=place)

    def _action(self, name: str, node: Node, where: str) -> Action:
        kind, _, argument = name.partition(":")
        if kind == "token" and argument in self.sets:
            return actions.token(self.sets[argument])
        if argument:
            raise self._unusable(where, "unknown set or category")
        if name == _SELF:
            return _walking(node)
        if name in self.datatypes:
            return _walking(self.datatypes[name])
        if name in actions.NAMED:
            return actions.NAMED[name]
        raise self._unusable(where, "unknown action")

    def _extension(self, table: Table, where: str) -> Node:
        inner = {
            url: self._extension(each, f"{where}.{url}")
            for url, each in table.get("extension", {}).items()
        }
        node = Node(children={"extension": Rule(_only_known(inner))})
        node.children["modifierExtension"] = Rule(actions.refuse)
        for name, value in table.items():
            if name != "extension":
                node.children[name] = self._rule(name, value, node, where)
        return node

    def _unusable(self, rule: str, problem: str) -> PolicyUnusable:
        return PolicyUnusable(policy=self.policy, rule=rule, problem=problem)


def _walking(node: Node) -> Action:
    def go(value: Any, path: Path, run: Run) -> Any:
        return walk(node, value, path, run)

    return go


def _only_known(extensions: Mapping[str, Node]) -> Action:
    """Return the action that keeps the extensions of a list and counts the others."""

    def keep(value: Any, path: Path, run: Run) -> Any:
        url = value.get("url") if type(value) is dict else None
        node = extensions.get(url) if isinstance(url, str) else None
        if node is None:
            run.drop("extension", path)
            return ABSENT
        content = {key: each for key, each in value.items() if key != "url"}
        out = walk(node, content, path, run)
        return out if out is ABSENT else {"url": url, **out}

    return keep
