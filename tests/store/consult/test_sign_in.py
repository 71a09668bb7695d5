"""Signing in to the desk: all three must fit, a code works once, guessing is slowed."""

from datetime import timedelta

import pytest
import time_machine

from consult.errors import SandboxOnly, SignInRefused
from consult.service import sign_in
from consult.service.demo_network import DEMO_PASSWORD, DEMO_SPECIALISTS, open_demo_network
from runtime import audit, clock
from runtime.errors import SessionEnded, Throttled
from tests.support.consult_world import World


def enter(world: World, **changes: str) -> str:
    facts = {
        "login": "okafor",
        "password": DEMO_PASSWORD,
        "code": changes.get("code") or world.code("okafor"),
        "address": "127.0.0.1",
        **changes,
    }
    return sign_in.sign_in(world.services, **facts)


def test_a_specialist_signs_in_and_out(world: World) -> None:
    secret = enter(world, login=" Okafor ")
    found = sign_in.signed_in(world.services, secret)
    assert found.specialist.name == "Dr. Chidi Okafor"
    assert clock.now() - found.proved_at < timedelta(seconds=30)
    sign_in.sign_out(world.services, secret)
    with pytest.raises(SessionEnded):
        sign_in.signed_in(world.services, secret)


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "wrong"},
        {"code": "000000"},
        {"code": "okafor"},
        {"login": "nobody"},
        {"login": "halvorsen"},
        {"password": ""},
    ],
)
def test_anything_that_does_not_fit_is_refused_alike(world: World, changes: dict[str, str]) -> None:
    with pytest.raises(SignInRefused) as caught:
        enter(world, **changes)
    assert str(caught.value) == ""
    with world.services.reading() as unit:
        assert audit.entries(unit.session, event="desk.sign-in")[0].outcome == "failure"


def test_a_specialist_who_works_stays_signed_in_and_a_silent_one_does_not(world: World) -> None:
    secret, began = enter(world), clock.now()
    for minutes in (20, 40, 60):
        with time_machine.travel(began + timedelta(minutes=minutes)):
            sign_in.signed_in(world.services, secret)
    with (
        time_machine.travel(began + timedelta(minutes=91)),
        pytest.raises(SessionEnded),
    ):
        sign_in.signed_in(world.services, secret)


def test_a_code_works_once(world: World) -> None:
    code = world.code("okafor")
    enter(world, code=code)
    with pytest.raises(SignInRefused):
        enter(world, code=code)
    enter(world, code=world.code("okafor"))


def test_guessing_is_slowed(world: World) -> None:
    # The clock stands still: on a slow machine the attempts would reach into the next window.
    with time_machine.travel(clock.now(), tick=False):
        for _ in range(10):
            with pytest.raises(SignInRefused):
                enter(world, password="wrong")
        with pytest.raises(Throttled):
            enter(world)


def test_a_session_ends_after_silence(world: World) -> None:
    secret = enter(world)
    later = clock.now() + timedelta(minutes=world.services.session_idle_minutes + 1)
    with time_machine.travel(later, tick=False), pytest.raises(SessionEnded):
        sign_in.signed_in(world.services, secret)


def test_a_session_that_is_used_stays(world: World) -> None:
    secret, start = enter(world), clock.now()
    with time_machine.travel(start + timedelta(minutes=20), tick=False):
        sign_in.keep_alive(world.services, secret)
    with time_machine.travel(start + timedelta(minutes=40), tick=False):
        assert sign_in.signed_in(world.services, secret).specialist.active


def test_demo_specialists_and_codes_exist_in_sandbox_mode_only(world: World) -> None:
    from dataclasses import replace  # noqa: PLC0415

    real = replace(world.services, sandbox=False)
    with pytest.raises(SandboxOnly):
        sign_in.sandbox_code(real, "okafor")
    with pytest.raises(SandboxOnly):
        open_demo_network(real, tenant_id="t", client_id="c", keys=[])


def test_the_demo_network_can_be_opened_again(world: World) -> None:
    again = open_demo_network(
        world.services,
        tenant_id="tenant-a",
        client_id=world.a.client_id,
        keys=[world.a.key.public_jwk()],
    )
    assert again == DEMO_SPECIALISTS
    assert len({one.specialty for one in again}) == 4
    world.a.sign_in()
