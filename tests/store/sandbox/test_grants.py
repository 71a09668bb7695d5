"""One-time values are spent once, on both databases and between threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from runtime import clock
from runtime.database import Database
from sandbox import clients, faults, grants
from sandbox.clients import Client
from sandbox.faults import Fault
from sandbox.grants import CodeTerms, Context
from sandbox.rows import AccountRow, SandboxBase
from tests.support.databases import Schema

TERMS = CodeTerms(redirect_uri="https://app.example/cb", code_challenge="c" * 43, nonce="n")


@pytest.fixture
def schema() -> Schema:
    return Schema((SandboxBase.metadata,))


@pytest.fixture(autouse=True)
def _ready(database: Database) -> None:
    with database.transaction() as session:
        clients.register(session, Client(client_id="app", name="App", auth="none", scopes="openid"))
        session.add(
            AccountRow(
                account_id="acc", practitioner_id="p", name="n", title="t", ward="w", position=0
            )
        )


def grant(session: Session) -> str:
    return grants.open_grant(
        session,
        client_id="app",
        context=Context(account_id="acc", patient_id="p"),
        scopes="openid",
        now=clock.now(),
    ).grant_id


def together(database: Database, spend: Callable[[Session], bool]) -> list[bool]:
    def one(_: int) -> bool:
        with database.transaction() as session:
            return spend(session)

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, range(4)))


def test_of_four_that_redeem_one_code_one_wins_and_the_grant_is_ended(database: Database) -> None:
    with database.transaction() as session:
        grant_id = grant(session)
        code = grants.issue_code(session, grant_id, TERMS, clock.now())
        access = grants.issue_access(
            session, grant_id, scopes="openid", seconds=60, now=clock.now()
        )
    won = together(
        database,
        lambda s: grants.take_code(s, code, client_id="app", now=clock.now()) is not None,
    )

    assert sorted(won) == [False, False, False, True]
    with database.read() as session:
        assert grants.find_access(session, access, clock.now()) is None


def test_of_four_that_spend_one_launch_one_wins(database: Database) -> None:
    with database.transaction() as session:
        value = grants.mint_launch(
            session,
            client_id="app",
            context=Context(account_id="acc", patient_id="p", encounter_id="e"),
            now=clock.now(),
        )
    won = together(
        database,
        lambda s: grants.take_launch(s, value, client_id="app", now=clock.now()) is not None,
    )

    assert sorted(won) == [False, False, False, True]


def test_a_code_dies_after_a_minute(database: Database) -> None:
    with database.transaction() as session:
        code = grants.issue_code(session, grant(session), TERMS, clock.now())
        late = clock.now() + timedelta(seconds=61)

        assert grants.take_code(session, code, client_id="app", now=late) is None


def test_a_fault_that_strikes_once_strikes_one_of_four(database: Database) -> None:
    with database.transaction() as session:
        faults.arm(session, [Fault(effect="error_500")])
    struck = together(
        database,
        lambda s: bool(faults.strike(s, place="fhir", method="GET", resource_type="Patient")),
    )

    assert sorted(struck) == [False, False, False, True]
