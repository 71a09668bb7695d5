"""The two scripts that talk while a page is open: renewed parts of the form, drafts for the EHR."""

from collections.abc import Iterator

import pytest
from flask import Flask, Response, request
from playwright.sync_api import Page, expect

from runtime.web_assets import asset_url, assets
from tests.support import chromium
from tests.support.live_server import served

pytestmark = pytest.mark.browser

_CHART = """<iframe src="%s/app?chart=%s"></iframe><script>
window.seen = [];
addEventListener("message", (event) => {
  seen.push([event.origin, event.data.messageType, event.data.messagingHandle]);
  const status = event.data.messageType === "scratchpad.create" ? "%s" : undefined;
  event.source.postMessage(
    {messageId: "x", responseToMessageId: event.data.messageId, payload: {status}}, event.origin);
});</script>"""
_APP = """<section id="draft" hidden data-handle="h1" data-origin="%s" data-resource="/draft"
 data-done="Done." data-failed="Not taken."><button type="button">Put</button>
 <span role="status"></span></section><script src="%s"></script>"""
_FORM = """<form><input name="q"><div id="parts" data-parts="/parts" data-watch="/watch"
 data-seen="0"><label><input type="checkbox" value="labs" checked>Labs</label><label>
 <input type="checkbox" value="notes" checked>Notes</label></div></form>
 <script src="%s"></script>"""
_PARTS = """<label><input type="checkbox" value="labs" checked>Labs 3</label><label>
 <input type="checkbox" value="notes" checked>Notes 4</label>"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Pages around the scripts, on a real socket; `localhost` is another origin."""
    app = Flask("pages", static_folder=None)
    app.register_blueprint(assets)
    asked: list[str] = []

    def build(url: str) -> Flask:
        chart = url.replace("127.0.0.1", "localhost")
        views = {
            "/chart": lambda: _CHART % (url, chart, request.args.get("says", "201 Created")),
            "/app": lambda: _APP % (request.args["chart"], asset_url("messaging.js")),
            "/form": lambda: _FORM % asset_url("doctor.js"),
        }
        for path, view in views.items():
            app.add_url_rule(path, path, view)
        app.add_url_rule("/draft", "draft", lambda: {"resourceType": "DocumentReference"})
        app.add_url_rule("/watch", "watch", _watched)
        app.add_url_rule("/parts", "parts", _renewed)
        return app

    def _watched() -> Response:
        asked.append("watch")
        return Response(status=204 if len(asked) % 2 else 205)

    def _renewed() -> Response:
        more = "yes" if len(asked) < 4 else "no"
        done = "" if more == "yes" else "<p>All read.</p>"
        return Response(_PARTS + done, headers={"X-More": more, "X-Seen": str(len(asked))})

    with served(build) as url:
        yield url


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium.browser(tmp_path_factory.mktemp("profile")) as context:
        yield context.new_page()


@pytest.mark.parametrize(
    ("says", "words"), [("201 Created", "Done."), ("403 Forbidden", "Not taken.")]
)
def test_a_draft_goes_to_the_named_chart_and_its_answer_is_told(
    base: str, page: Page, says: str, words: str
) -> None:
    page.goto(f"{base.replace('127.0.0.1', 'localhost')}/chart?says={says}")
    app = page.frame_locator("iframe")
    app.get_by_role("button").click()
    expect(app.get_by_role("status")).to_have_text(words)
    assert page.evaluate("seen") == [
        [base, "status.handshake", "h1"],
        [base, "scratchpad.create", "h1"],
    ]


def test_a_page_of_another_origin_hears_nothing(base: str, page: Page) -> None:
    page.goto(f"{base}/chart")
    page.wait_for_timeout(400)
    assert page.evaluate("seen") == []
    assert not page.frame_locator("iframe").get_by_role("button").is_visible()


def test_words_ticks_and_focus_stay_while_the_list_is_renewed(base: str, page: Page) -> None:
    page.goto(f"{base}/form")
    page.fill("input[name=q]", "half a sentence")
    page.uncheck("input[value=notes]")
    page.focus("input[value=labs]")
    expect(page.get_by_text("All read.")).to_be_visible(timeout=10_000)
    assert page.input_value("input[name=q]") == "half a sentence"
    assert page.is_checked("input[value=labs]")
    assert not page.is_checked("input[value=notes]")
    assert page.evaluate("document.activeElement.value") == "labs"
    assert "Labs 3" in page.content()
