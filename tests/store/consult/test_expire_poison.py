"""One case that cannot be checked does not keep the others from expiring."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from consult.service import expire_cases
from exchange import task_states
from exchange.errors import MessageUnreadable
from tests.support.consult_world import World


def test_a_bad_case_does_not_stop_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = world.a.send_case(), world.a.send_case()
    real = task_states.expires_at

    def expires_at(task: dict[str, Any]) -> Any:
        if task["id"] == bad:
            raise MessageUnreadable(expression="Task.restriction")
        return real(task)

    later = real(world.a.task(good)) + timedelta(seconds=1)
    monkeypatch.setattr(task_states, "expires_at", expires_at)
    with time_machine.travel(later, tick=False):
        assert expire_cases.expire_cases(world.services) == 1
        world.a.sign_in()
        assert task_states.state_of(world.a.task(good)) == task_states.EXPIRED
