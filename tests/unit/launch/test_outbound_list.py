"""What the outbound list does not admit is refused as its own step of the launch."""

import pytest
import responses

from launch.errors import EndpointRefused, Step
from launch.revocation import revoke
from tests.support.launch_stores import Desk, MemorySites, make_site
from tests.support.smart_ehr import AUTH, SmartEhr, launch

EHR_ORIGIN = "https://ehr.example"


@pytest.mark.parametrize(("closed", "step"), [(EHR_ORIGIN, Step.DISCOVERY), (AUTH, Step.TOKEN)])
def test_a_closed_origin_names_its_step(ehr: SmartEhr, closed: str, step: Step) -> None:
    desk = Desk(reaches=lambda origin: origin != closed)
    with pytest.raises(EndpointRefused) as caught:
        launch(desk, ehr)
    assert caught.value.step is step
    assert desk.token_store.records == {}


def test_keys_on_a_closed_origin_end_the_check_of_the_user(
    mock: responses.RequestsMock,
) -> None:
    site = make_site(allowed_origins=(AUTH, "https://keys.example"))
    ehr = SmartEhr(site=site)
    ehr.openid["jwks_uri"] = "https://keys.example/jwks"
    ehr.serve(mock)
    desk = Desk(sites=MemorySites([site]), reaches=lambda origin: "keys" not in origin)
    with pytest.raises(EndpointRefused) as caught:
        launch(desk, ehr)
    assert caught.value.step is Step.IDENTITY


def test_a_closed_origin_keeps_nothing_when_a_grant_ends(
    ehr: SmartEhr, mock: responses.RequestsMock
) -> None:
    open_to = {EHR_ORIGIN, AUTH}
    desk = Desk(reaches=lambda origin: origin in open_to)
    grant = launch(desk, ehr).grant_id
    open_to.clear()
    assert revoke(desk.client, grant) == "failed"
    assert desk.token_store.records == {}
    assert not [c for c in mock.calls if str(c.request.url).endswith("/revoke")]
