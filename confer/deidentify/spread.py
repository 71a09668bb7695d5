"""Works on many items in as many processes as there are cores, and gives results in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0))


def spread(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    jobs: int,
    lost: Callable[[Item], Result],
) -> Iterator[Result]:
    """Yield `work(item)` for every item, in order, with `jobs` processes.

    When a process dies, the item at hand is tried once more in a process of its own; `lost`
    gives the result of one that dies again. The others are not harmed.
    """
    waiting = iter(items)
    if jobs == 1:
        yield from map(work, waiting)
        return
    rest: deque[Item] = deque()
    while True:
        rest.extend(islice(waiting, 1))
        if not rest:
            return
        yield from _until_broken(work, waiting, rest, jobs)
        if rest:  # the first of them was at hand when a process died
            yield _alone(work, rest.popleft(), lost)


def _until_broken(
    work: Callable[[Item], Result], waiting: Iterator[Item], rest: deque[Item], jobs: int
) -> Iterator[Result]:
    """Yield results until all is done or a process died; `rest` then holds what is not done."""
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        try:
            running: deque[Future[Result]] = deque(pool.submit(work, item) for item in rest)
            while rest:
                for item in islice(waiting, 2 * jobs - len(rest)):
                    rest.append(item)
                    running.append(pool.submit(work, item))
                result = running[0].result()
                running.popleft()
                rest.popleft()
                yield result
        except BrokenProcessPool:
            return


def _alone(work: Callable[[Item], Result], item: Item, lost: Callable[[Item], Result]) -> Result:
    with ProcessPoolExecutor(max_workers=1) as pool:
        try:
            return pool.submit(work, item).result()
        except BrokenProcessPool:
            return lost(item)
