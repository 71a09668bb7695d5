"""Many processes: results in order, and a process that dies takes nothing with it but its item."""

import os
from functools import partial
from pathlib import Path

import pytest

from confer.deidentify.spread import cores, spread


def _work(item: int, *, deadly: frozenset[int] = frozenset()) -> int:
    if item in deadly:
        os._exit(9)
    return item * item


def _once(item: int, *, mark: Path) -> int:
    """Die at the first try of item 3, as for want of memory that others held."""
    if item == 3 and not mark.exists():
        mark.touch()
        os._exit(9)
    return item


def _lost(item: int) -> int:
    return -item


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_items(jobs: int) -> None:
    assert list(spread(_work, range(9), jobs=jobs, lost=_lost)) == [n * n for n in range(9)]


def test_nothing_to_do_is_done_at_once() -> None:
    assert list(spread(_work, [], jobs=2, lost=_lost)) == []


def test_an_item_that_kills_its_process_is_lost_and_the_others_are_done() -> None:
    deadly = partial(_work, deadly=frozenset({2, 5}))
    assert list(spread(deadly, range(7), jobs=2, lost=_lost)) == [0, 1, -2, 9, 16, -5, 36]


def test_an_item_is_tried_again_on_its_own(tmp_path: Path) -> None:
    work = partial(_once, mark=tmp_path / "mark")
    assert list(spread(work, range(5), jobs=2, lost=_lost)) == [0, 1, 2, 3, 4]


def test_there_is_a_core() -> None:
    assert cores() >= 1
