"""What a doctor changed on the preview: words given back one by one, and words hidden. Pure."""

from collections.abc import Mapping
from typing import Any

from deid.text.document import GiveBack

MAX_HIDDEN = 40
_SHORTEST = 2


def given_back_of(choices: Mapping[str, Any]) -> frozenset[GiveBack]:
    """The words given back, each one occurrence."""
    return frozenset(
        GiveBack(path=item["path"], token=item["token"], n=int(item["n"]))
        for item in choices.get("given_back", [])
    )


def hidden_of(choices: Mapping[str, Any]) -> frozenset[str]:
    """Words that the doctor wants hidden everywhere."""
    return frozenset(choices.get("hidden", []))


def give_back(choices: Mapping[str, Any], item: GiveBack) -> dict[str, Any]:
    """Add one occurrence."""
    entry = {"path": item.path, "token": item.token, "n": item.n}
    kept = [known for known in choices.get("given_back", []) if known != entry]
    return {**choices, "given_back": [*kept, entry]}


def hide_again(choices: Mapping[str, Any], item: GiveBack) -> dict[str, Any]:
    """Take one occurrence back out."""
    entry = {"path": item.path, "token": item.token, "n": item.n}
    return {
        **choices,
        "given_back": [known for known in choices.get("given_back", []) if known != entry],
    }


def hide_more(choices: Mapping[str, Any], words: str) -> dict[str, Any]:
    """Hide a word or phrase everywhere; several are separated by commas."""
    wanted = [" ".join(word.split()) for word in words.split(",")]
    hidden = [*choices.get("hidden", []), *(w for w in wanted if len(w) >= _SHORTEST)]
    return {**choices, "hidden": list(dict.fromkeys(hidden))[:MAX_HIDDEN]}


def show_again(choices: Mapping[str, Any], word: str) -> dict[str, Any]:
    """Stop hiding a word that only the doctor hid."""
    return {**choices, "hidden": [known for known in choices.get("hidden", []) if known != word]}
