"""The doctor's app: `create_app` puts pages, launch and guards together."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, request

from launch.blueprint import make_blueprint
from runtime import web_guard
from runtime.settings_schema import Settings
from runtime.web_assets import assets
from smartapp.gateway.services import GatewayServices
from smartapp.web import (
    answers,
    ask,
    case,
    cds_services,
    ehr_skin,
    health,
    operate,
    operate_check,
    parked,
    pictures,
    preview,
    problems,
    published_keys,
    reply,
    start,
    stop,
    watch,
)
from smartapp.web.operator_session import operator
from smartapp.web.session import launched, own_form, present_launch, watching
from smartapp.web.start import Pages

PUBLIC = web_guard.PUBLIC


def create_app(services: GatewayServices, settings: Settings) -> Flask:
    """Build the app; it refuses to start when a route has no access policy."""
    app = Flask(__name__, static_folder=None)
    app.config["CONFER_MODE"] = settings.mode
    app.extensions["confer"] = services
    app.extensions["confer_settings"] = settings
    web_guard.install(
        app,
        settings=settings,
        frame_ancestors=lambda: frame_origins(services),
        program="gateway",
    )
    problems.install(app)
    web_guard.register(app, assets, policies={"serve": PUBLIC})
    web_guard.register(
        app,
        make_blueprint(services.smart, Pages()),
        policies={"start": PUBLIC, "callback": PUBLIC, "callback_of": PUBLIC},
    )
    web_guard.register(app, start.public, policies=dict.fromkeys(start.PUBLIC_VIEWS, own_form))
    for blueprint, views in (
        (start.pages, start.VIEWS),
        (stop.pages, stop.VIEWS),
        (ask.pages, ask.VIEWS),
        (preview.pages, preview.VIEWS),
        (pictures.pages, pictures.VIEWS),
        (case.pages, case.VIEWS),
        (reply.pages, reply.VIEWS),
        (answers.pages, answers.VIEWS),
        (parked.pages, parked.VIEWS),
    ):
        web_guard.register(
            app,
            blueprint,
            policies=dict.fromkeys(views, launched),
            url_prefix="/s/<handle>",
        )
    for quiet, quiet_views in ((watch.pages, watch.VIEWS), (ehr_skin.pages, ehr_skin.VIEWS)):
        web_guard.register(
            app,
            quiet,
            policies=dict.fromkeys(quiet_views, watching),
            url_prefix="/s/<handle>",
        )
    web_guard.register(app, health.pages, policies=dict.fromkeys(health.VIEWS, PUBLIC))
    web_guard.register(app, published_keys.pages, policies={"key_set": PUBLIC})
    for door, door_views, policy in (
        (operate.public, operate.PUBLIC_VIEWS, own_form),
        (operate.pages, operate.VIEWS, operator),
    ):
        web_guard.register(
            app, door, policies=dict.fromkeys(door_views, policy), url_prefix="/operate"
        )
    if services.check_site is not None:
        web_guard.register(
            app,
            operate_check.pages,
            policies=dict.fromkeys(operate_check.VIEWS, operator),
            url_prefix="/operate",
        )
    cds_services.mount(app, services, settings)
    web_guard.seal(app)
    return app


def frame_origins(services: GatewayServices) -> Sequence[str]:
    """Who may frame the app: the chart pages of registered EHRs, nobody else.

    The pages of a launch are framed by its own EHR only; before that, nobody knows whose. The
    operator's pages are framed by nobody.
    """
    if (request.blueprint or "").startswith("operate"):
        return []
    mine = present_launch()
    sites = services.sites.every()
    if mine is not None:
        sites = [site for site in sites if site.site_id == mine.site_id]
    found: set[str] = set()
    for site in sites:
        for page in site.framing_origins or (site.issuer,):
            parts = urlsplit(page)
            found.add(f"{parts.scheme}://{parts.netloc}")
    return sorted(found)
