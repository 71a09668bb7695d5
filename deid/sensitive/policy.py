"""What a policy does with each category of sensitive content; fails closed."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Final, Literal, get_args

from deid.errors import PolicyUnusable
from deid.sensitive import value_sets
from deid.sensitive.value_sets import ValueSets

Action = Literal["warn", "consent", "mask", "withhold"]

#: from the mildest to the strongest
STRENGTH: Final[Mapping[str, int]] = {name: n for n, name in enumerate(get_args(Action))}
KEEPS_BACK: Final = frozenset({"mask", "withhold"})
_NEVER: Final = ("psychotherapy_notes", "no_disclosure")


@dataclass(frozen=True, kw_only=True, slots=True)
class SensitivePolicy:
    """The actions of one policy, with the lists they speak of."""

    values: ValueSets
    actions: Mapping[str, Action]
    minor_age: int
    minor_categories: frozenset[str]

    def action(self, category: str) -> Action:
        """Return what is done with a category."""
        return self.actions[category]


def strongest(actions: Iterable[Action]) -> Action:
    """Return the strongest of several actions; there is at least one."""
    return max(actions, key=STRENGTH.__getitem__)


@lru_cache(maxsize=4)
def load(policy_id: str) -> SensitivePolicy:
    """Load the actions of a policy that ships with this package.

    Raises:
        PolicyUnusable: there is no such file, a category is missing in it or unknown, an action
            is none, or it would let leave what never may.
    """
    file = resources.files("deid.sensitive") / "policies" / f"{policy_id}.toml"
    try:
        body = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise PolicyUnusable(policy=policy_id, rule="sensitive", problem="no actions") from None
    return compile_actions(body, value_sets.load(), name=policy_id)


def compile_actions(body: bytes, values: ValueSets, *, name: str) -> SensitivePolicy:
    """Compile the actions of one policy; raises `PolicyUnusable`."""
    try:
        table = tomllib.loads(body.decode("utf-8"))
        actions: dict[str, Any] = dict(table["actions"])
        minor_age, minor = int(table["minor"]["age"]), frozenset(table["minor"]["categories"])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        raise PolicyUnusable(policy=name, rule="sensitive", problem="not as it must be") from None
    for category in sorted(values.categories.keys() | actions.keys() | minor):
        problem = ""
        if category not in values.categories or category not in actions:
            problem = "a category without an action, or an action without a category"
        elif actions[category] not in STRENGTH:
            problem = "unknown action"
        elif category in _NEVER and actions[category] != "withhold":
            problem = "this never leaves"
        elif actions[category] == "mask" and not values.categories[category].parent:
            problem = "nothing to say instead"
        if problem:
            raise PolicyUnusable(policy=name, rule=f"actions.{category}", problem=problem)
    return SensitivePolicy(
        values=values,
        actions=actions,
        minor_age=minor_age,
        minor_categories=minor,
    )
