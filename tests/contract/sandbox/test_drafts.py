"""The scratchpad: an app's draft is nobody's word until the doctor of that chart signs it."""

import json
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from runtime import clock
from sandbox.rows import GrantRow
from tests.support.sandbox_bench import turn
from tests.support.sandbox_ehr import ADELA, EHR, IVO, SandboxEhr, call, ids, note
from tests.support.sandbox_tokens import granted

ORIGIN = {"Origin": EHR}


def signed_in(ehr: SandboxEhr) -> tuple[FlaskClient, str]:
    browser = ehr.browser()
    browser.post("/sign-in", data={"account": "acc-rt"}, headers=ORIGIN)
    page = browser.get("/").text
    return browser, page.split('name="csrf" value="', 1)[1].split('"', 1)[0]


def put(
    browser: FlaskClient, csrf: str, handle: str, resource: dict[str, Any], patient: str = ADELA
) -> TestResponse:
    form = {"csrf": csrf, "handle": handle, "resource": json.dumps(resource)}
    return browser.post(f"/chart/{patient}/drafts", data=form, headers=ORIGIN)


def test_a_draft_waits_in_the_chart_until_it_is_signed_or_thrown_away(
    bench_ehr: SandboxEhr,
) -> None:
    turn(bench_ehr, web_messaging=True)
    handle = granted(bench_ehr)["smart_web_messaging_handle"]
    token = bench_ehr.token("patient/*.rs")
    browser, csrf = signed_in(bench_ehr)
    before = ids(call(bench_ehr, token, "DocumentReference"))
    made = [put(browser, csrf, handle, note(docStatus="preliminary")) for _ in range(2)]

    assert [one.status_code for one in made] == [201, 201]
    assert ids(call(bench_ehr, token, "DocumentReference")) == before
    assert browser.get(f"/chart/{ADELA}").text.count("not signed") == 2
    first, second = (one.get_json()["location"].partition("/")[2] for one in made)
    where = f"/chart/{ADELA}/drafts"
    assert browser.post(f"{where}/{second}/discard", data={"csrf": csrf}, headers=ORIGIN)
    signed = browser.post(f"{where}/{first}/sign", data={"csrf": csrf}, headers=ORIGIN)

    assert signed.status_code == 303
    (fresh,) = ids(call(bench_ehr, token, "DocumentReference")) - before
    document = call(bench_ehr, token, f"DocumentReference/{fresh}").get_json()
    assert document["docStatus"] == "final"
    assert document["authenticator"]["reference"] == "Practitioner/pvg-prac-teasdale"
    assert "not signed" not in browser.get(f"/chart/{ADELA}").text
    again = browser.post(f"{where}/{first}/sign", data={"csrf": csrf}, headers=ORIGIN)
    assert again.status_code == 404


def test_a_draft_of_another_chart_another_launch_or_a_page_of_another_origin_is_refused(
    bench_ehr: SandboxEhr,
) -> None:
    granted(bench_ehr)
    handle = _newest_grant(bench_ehr)
    browser, csrf = signed_in(bench_ehr)

    assert put(browser, csrf, handle, note(IVO)).status_code == 422
    assert put(browser, csrf, handle, note(IVO), IVO).status_code == 422
    assert put(browser, csrf, "no-such-handle", note()).status_code == 422
    assert put(browser, csrf, handle, {"resourceType": "Patient", "id": ADELA}).status_code == 422
    assert put(browser, "wrong", handle, note()).status_code == 403
    foreign = browser.post(
        f"/chart/{ADELA}/drafts",
        data={"csrf": csrf, "handle": handle, "resource": json.dumps(note())},
        headers={"Origin": "http://127.0.0.1:8401"},
    )
    assert foreign.status_code == 403
    with bench_ehr.services.database.transaction() as session:
        session.get_one(GrantRow, handle).revoked_at = clock.now()
    assert put(browser, csrf, handle, note()).status_code == 422


def _newest_grant(ehr: SandboxEhr) -> str:
    with ehr.services.database.read() as session:
        newest = select(GrantRow.grant_id).order_by(GrantRow.created_at.desc()).limit(1)
        return session.scalars(newest).one()
