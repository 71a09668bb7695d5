"""What the doctor hid or left out is never forgotten to make room for more."""

from collections.abc import Callable
from typing import Any

import pytest

from smartapp.errors import ChoicesFull
from smartapp.gateway.care_choices import leave_out, left_out_of
from smartapp.gateway.choices import MAX_HIDDEN, hidden_of, hide_more

Choices = dict[str, Any]


def _left_out(choices: Choices, number: int) -> Choices:
    return leave_out(choices, f"resource:{number:012x}", "A problem")


def _hidden(choices: Choices, number: int) -> Choices:
    return hide_more(choices, f"word{number}")


@pytest.mark.parametrize(("add", "most"), [(_left_out, 400), (_hidden, MAX_HIDDEN)])
def test_a_full_list_refuses_more_and_forgets_nothing(
    add: Callable[[Choices, int], Choices], most: int
) -> None:
    choices: Choices = {}
    for number in range(most):
        choices = add(choices, number)
    assert len(left_out_of(choices) | hidden_of(choices)) == most
    assert add(choices, most - 1) == choices
    with pytest.raises(ChoicesFull):
        add(choices, most)


def test_of_many_words_at_once_all_are_hidden_or_none() -> None:
    with pytest.raises(ChoicesFull):
        hide_more({}, ",".join(f"word{number}" for number in range(MAX_HIDDEN + 1)))
