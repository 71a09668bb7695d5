"""Two processes over one database renew one sign-in: the EHR hears of it once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import responses
import time_machine

from launch.client import SmartClient, make_client
from launch.errors import SignInOver
from launch.refresh import GrantTokens
from runtime import clock
from runtime.database import open_database
from runtime.outbound import OutboundClient
from smartapp.store.launch_stores import LaunchStates, Sites, Tokens
from tests.support.gateway import Hospital
from tests.support.launch_stores import Desk, MemorySecrets, MemorySites, make_site
from tests.support.smart_ehr import SmartEhr, json_answer, launch


def _process(here: Hospital) -> SmartClient:
    """What another process of the gateway would build: its own connections and memory."""
    database = open_database(here.database.url)
    keyring = here.services.keyring
    return make_client(
        outbound=OutboundClient(allowed_origins=lambda _o: True, allow_loopback_http=False),
        sites=Sites(database),
        states=LaunchStates(database, keyring),
        token_store=Tokens(database, keyring),
        secrets=MemorySecrets(),
    )


def test_v29_two_processes_at_expiry_refresh_once(here: Hospital) -> None:
    with responses.RequestsMock() as mock:
        site = make_site()
        ehr = SmartEhr(site=site)
        ehr.serve(mock)
        processes = [_process(here), _process(here)]
        desk = Desk(sites=MemorySites([site]))
        desk.client = processes[0]
        grant = launch(desk, ehr).grant_id
        sources = [GrantTokens(client=one, grant_id=grant) for one in processes]
        with time_machine.travel(clock.now() + timedelta(minutes=6)):
            with ThreadPoolExecutor(10) as pool:
                found = set(pool.map(lambda n: sources[n % 2].current(), range(10)))
            assert found == {"access-2"}
        assert [form["grant_type"] for form in ehr.forms].count("refresh_token") == 1
        # a refresh token that the EHR calls spent ends the sign-in; nobody tries it again
        spent = json_answer(400, {"error": "invalid_grant"})
        ehr.refresh_override = [spent, spent]
        for source in sources:
            with pytest.raises(SignInOver):
                source.renew("access-2")
        for one in processes:
            one.sites._database.dispose()  # type: ignore[attr-defined]
