"""In every dialect with a sign-in, our own client launches, knows the vendor, reads the chart."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from fhir_adapters import choose_vendor, reading
from launch.app_launch import LaunchResult
from sandbox import bench
from sandbox.dialects import DIALECTS
from tests.support import live_ehr
from tests.support.launch_stores import Desk, MemorySites
from tests.support.live_ehr import LiveEhr
from tests.support.sandbox_ehr import ADELA

SIGNED_IN = [name for name, one in DIALECTS.items() if one.manners.authorization == "smart"]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveEhr]:
    with live_ehr.running(tmp_path_factory.mktemp("ehr"), names=("adela",)) as running:
        yield running


def launched(live: LiveEhr, name: str) -> LaunchResult:
    """Register the EHR as its page for integrators says, and launch."""
    traits = choose_vendor.VENDORS[name]
    site = replace(
        live.site(),
        vendor=name,
        scopes=traits.sign_in.launch_scopes,
        scope_dialect=traits.sign_in.dialect,
        allowed_origins=(live.url.replace("127.0.0.1", "localhost"),),
    )
    live.desks["confer-app"] = Desk(sites=MemorySites([site]), loopback_http=True)
    return live.launch(ADELA)


@pytest.mark.parametrize("name", SIGNED_IN)
def test_a_vendors_dialect_is_launched_known_and_read(live: LiveEhr, name: str) -> None:
    with live.services.database.transaction() as session:
        bench.choose(session, name)
    result = launched(live, name)
    chart = live.session(result)
    capability = reading.read_capability(chart)
    adapter = choose_vendor.adapter_for(capability, registered=name)
    snapshot = adapter.read_chart(chart, patient_id=ADELA, encounter_id=result.context.encounter)
    short = {one.name.value for one in snapshot.sections if one.state != "complete"}

    assert adapter.traits.key == name
    assert result.context.patient == ADELA
    # what the vendor does not offer or is not asked for; all else comes whole
    assert short <= {"imaging", "care_team"}
    assert {one.place for one in live.services.ledger.lines()} >= {"config", "auth", "token"}
