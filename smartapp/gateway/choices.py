"""What a doctor changed on the preview: words given back one by one, and words hidden. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from deid.text.document import GiveBack
from smartapp.errors import ChoicesFull

MAX_HIDDEN = 100
_SHORTEST = 2

WHY_GIVEN_BACK: Final = frozenset(
    {"ordinary_word", "clinical_term", "method_name", "names_nobody", "other"}
)
"""Why a word may be seen: the only reasons that count, and all that the audit says of a word."""


def place_key(item: Mapping[str, Any]) -> str:
    """Return what a form calls one place of one word: a digest, which says nothing of it."""
    named = f"{item['path']}\x00{item['token']}\x00{int(item['n'])}"
    return hashlib.sha256(named.encode("utf-8")).hexdigest()[:24]


def given_back_of(choices: Mapping[str, Any]) -> frozenset[GiveBack]:
    """The words given back, each one occurrence; one without a reason of ours is none."""
    return frozenset(
        GiveBack(path=item["path"], token=item["token"], n=int(item["n"]))
        for item in _given(choices)
    )


def reasons_of(choices: Mapping[str, Any]) -> dict[str, str]:
    """The reason of every place given back, by `place_key`."""
    return {place_key(item): str(item["reason"]) for item in _given(choices)}


def given_back_stated(preview: Mapping[str, Any], choices: Mapping[str, Any]) -> dict[str, int]:
    """How many words leave because they were given back, all and by reason, for the audit."""
    reasons = reasons_of(choices)
    back = [place_key(word) for word in preview["likely"] if word["given_back"]]
    counts = Counter(reasons[key] for key in back if key in reasons)
    by_reason = {f"given_back.{reason}": count for reason, count in sorted(counts.items())}
    return {"given_back": len(back), **by_reason} if back else {}


def _given(choices: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for item in choices.get("given_back", []):
        if item.get("reason") in WHY_GIVEN_BACK:
            yield item


def hidden_of(choices: Mapping[str, Any]) -> frozenset[str]:
    """Words that the doctor wants hidden everywhere."""
    return frozenset(choices.get("hidden", []))


def give_back(choices: Mapping[str, Any], item: GiveBack, reason: str) -> dict[str, Any]:
    """Add one occurrence; without a reason of ours nothing changes."""
    if reason not in WHY_GIVEN_BACK:
        return dict(choices)
    without = hide_again(choices, item)
    entry = {"path": item.path, "token": item.token, "n": item.n, "reason": reason}
    return {**without, "given_back": [*without["given_back"], entry]}


def hide_again(choices: Mapping[str, Any], item: GiveBack) -> dict[str, Any]:
    """Take one occurrence back out."""
    kept = [
        known
        for known in choices.get("given_back", [])
        if (known["path"], known["token"], known["n"]) != (item.path, item.token, item.n)
    ]
    return {**choices, "given_back": kept}


def after_edit(
    choices: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """Take out what was given back in a text that was edited, for good.

    The key of a place would fit again if the old wording came back; the doctor looks again.
    """
    edited = tuple(f"texts.{name}~" for name in after if after[name] != before.get(name))
    kept = [one for one in choices.get("given_back", []) if not one["path"].startswith(edited)]
    return {**choices, "given_back": kept} if "given_back" in choices else dict(choices)


def hide_more(choices: Mapping[str, Any], words: str) -> dict[str, Any]:
    """Hide a word or phrase everywhere; several are separated by commas.

    Raises `ChoicesFull` rather than forget one.
    """
    wanted = (" ".join(word.split()) for word in words.split(","))
    named = [word for word in wanted if len(word) >= _SHORTEST]
    hidden = dict.fromkeys([*choices.get("hidden", []), *named])
    if len(hidden) > MAX_HIDDEN:
        raise ChoicesFull
    return {**choices, "hidden": list(hidden)}


def show_again(choices: Mapping[str, Any], word: str) -> dict[str, Any]:
    """Stop hiding a word that only the doctor hid."""
    return {**choices, "hidden": [known for known in choices.get("hidden", []) if known != word]}
